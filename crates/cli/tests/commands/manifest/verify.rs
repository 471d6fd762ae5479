use crate::registry::Registry;
use crate::signing::{SIGN, push, signer};

const VERIFY: &str = "manifest verify --key a.pub --insecure-ignore-tlog";

#[test]
fn every_image_of_a_list_is_verified_and_pinned_in_place() {
    let (registry, user) = (Registry::open(), signer());
    push(&user, &registry, "app:v1", "app");
    push(&user, &registry, "init:v1", "init");
    let (app, init) = (registry.name("app:v1"), registry.name("init:v1"));
    assert_eq!(user.run(&format!("{SIGN} {app} {init}")).exit, 0);
    let text = |app: &str, init: &str| {
        format!(
            "kind: List\nitems:\n- kind: Pod\n  spec:\n    containers:\n    - image: \"{app}\" # the app\n\
             - kind: CronJob\n  spec: {{jobTemplate: {{spec: {{template: {{spec: {{initContainers: [{{image: '{init}'}}]}}}}}}}}}}\n"
        )
    };
    user.write("list.yaml", text(&app, &init));
    let outcome = user.run(&format!("{VERIFY} --resolve pinned.yaml list.yaml"));
    assert_eq!(outcome.exit, 0, "{outcome}");
    let by_digest = |name: &str| {
        let digest = String::from_utf8(user.run(&format!("digest {name}")).stdout).expect("a digest");
        format!("{name}@{}", digest.trim())
    };
    assert_eq!(
        String::from_utf8(user.read("pinned.yaml")).expect("text"),
        text(&by_digest(&app), &by_digest(&init))
    );
    let outcome = user.run(&format!("{VERIFY} pinned.yaml"));
    assert_eq!(outcome.exit, 0, "{outcome}");
}

#[test]
fn one_unsigned_image_fails_the_whole() {
    let (registry, user) = (Registry::open(), signer());
    push(&user, &registry, "app:v1", "app");
    user.write(
        "pod.json",
        format!("{{\"containers\":[{{\"image\":\"{}\"}}]}}", registry.name("app:v1")),
    );
    let outcome = user.run(&format!("{VERIFY} pod.json"));
    assert_eq!(outcome.exit, 10, "{outcome}");
}

#[test]
fn no_images_and_no_yaml_are_errors() {
    let user = signer();
    user.write("empty.yaml", "kind: ConfigMap\n");
    let outcome = user.run(&format!("{VERIFY} empty.yaml"));
    assert_eq!(
        (outcome.exit, outcome.stderr.as_str()),
        (1, "Error: no images found in manifest\n")
    );
    user.write("bad.yaml", "a: [b\n");
    let outcome = user.run(&format!("{VERIFY} bad.yaml"));
    assert_eq!(outcome.exit, 1, "{outcome}");
    assert!(
        outcome.stderr.starts_with("Error: bad.yaml\n  caused by: line "),
        "{outcome}"
    );
}
