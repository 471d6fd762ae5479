//! What crane puts above a base and changes of the configuration is told, and old bases are refused by the tag of the present one, on
//! every registry.

use countersign_interop::keys::generate;
use countersign_interop::{Kind, Peers, Registry, Run};

use super::place::Place;

#[test]
fn what_crane_replaces_of_a_base_and_sets_in_the_configuration_is_told() {
    let Some(peers) = Peers::find() else { return };
    let registry = Registry::start(&peers, Kind::Memory);
    let key = generate(&peers, "cosign3", "key");
    let place = Place::new(&peers, &registry, "above");
    place.base(&key, "base:v1", &["one"], &["--embed"]);
    // each of these layers has one file, of the same name
    place.append("base:v1", "two", "app:v1");
    let (from, to) = (place.name("app:v1"), place.name("app:v2"));
    place.crane(&[
        "mutate",
        &from,
        "--entrypoint",
        "/app",
        "--env",
        "LD_PRELOAD=/x.so",
        "--user",
        "1000",
        "-t",
        &to,
    ]);
    let flags = [
        "--forbid-overrides",
        "/etc/**",
        "--config-diff",
        "--base-repository",
        &place.name("base"),
    ];
    let told = place.verify(&key, "app:v2", &flags).expect_success();
    for line in [
        "  layer 2 replaces \"/file\"\n",
        "    Entrypoint: nothing -> [\"/app\"]\n",
        "    Env \"LD_PRELOAD\": nothing -> \"/x.so\"\n",
        "    User: nothing -> \"1000\"\n",
    ] {
        assert!(told.stdout.contains(line), "{line}: {told:#?}");
    }
    let refused = place.verify(&key, "app:v2", &["--forbid-overrides", "/*"]);
    assert_eq!(refused.code, Some(12), "{refused:#?}");
    let expected = "layer 2 replaces \"/file\", which /* keeps as the base has it";
    assert!(refused.stderr.contains(expected), "{refused:#?}");
}

#[test]
fn an_old_base_is_refused_by_the_tag_of_the_present_one_on_every_registry() {
    let Some(peers) = Peers::find() else { return };
    let key = generate(&peers, "cosign3", "key");
    for kind in Kind::ALL.into_iter().filter(|kind| kind.is_there(&peers)) {
        let registry = Registry::start(&peers, kind);
        let place = Place::new(&peers, &registry, "present");
        let publish = |content: &str| {
            place.base(&key, "base:12", &[content], &[]);
            let arguments = [
                "tags",
                "sign",
                "--key",
                &key.private,
                "--tlog-upload=false",
                "-y",
                "--stateless",
            ];
            drop(
                Run::new(&peers, "ours", &arguments)
                    .with(&[&place.name("base:12")])
                    .end()
                    .expect_success(),
            );
        };
        let (repository, tag) = (place.name("base"), place.name("base:12"));
        let flags = ["--base-repository", &repository, "--base-current", &tag, "--stateless"];
        publish("one");
        place.append("base:12", "two", "app:v1");
        drop(place.verify(&key, "app:v1", &flags).expect_success());
        publish("one anew");
        let refused = place.verify(&key, "app:v1", &flags);
        assert_eq!(refused.code, Some(12), "{kind}: {refused:#?}");
        assert!(
            refused
                .stderr
                .contains(&format!("expected that of the tag {tag}, which is sha256:")),
            "{refused:#?}"
        );
        place.append("base:12", "two", "app:v2");
        drop(place.verify(&key, "app:v2", &flags).expect_success());
    }
}
