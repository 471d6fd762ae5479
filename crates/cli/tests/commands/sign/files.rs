//! Signatures in files.

use countersign_core::bundle::Bundle;
use snapbox::str;

use crate::assert_outcome;
use crate::registry::Registry;
use crate::signing::{LEGACY, SIGN, VERIFY, layers, push, referrers, signer};

#[test]
fn a_bundle_is_written_to_its_file_and_not_pushed() {
    let (registry, user) = (Registry::open(), signer());
    let digest = push(&user, &registry, "app:v1", "hello");
    let image = registry.name(&format!("app@{digest}"));
    let outcome = user.run(&format!("{SIGN} --upload=false --bundle b.json {image}"));
    assert_outcome!(
        outcome.redacted(registry.host()),
        str![[r#"
--- stderr
Wrote bundle to file b.json
--- exit 0

"#]]
    );
    assert!(Bundle::from_json(&user.read("b.json")).is_ok());
    assert_eq!(user.mode("b.json"), 0o600);
    assert!(referrers(&registry, "app", &digest).is_empty());
}

#[test]
fn a_bundle_that_would_end_up_nowhere_is_not_made() {
    let outcome = signer().run(&format!("{SIGN} --upload=false localhost:1/app"));
    assert_outcome!(
        outcome,
        str![[r#"
--- stderr
Error: must enable upload to the OCI registry or specify a local --bundle path with --new-bundle-format
help: `countersign sign --help` shows how it is used
--- exit 1

"#]]
    );
}

#[test]
fn a_signature_that_is_not_pushed_is_printed() {
    let (registry, user) = (Registry::open(), signer());
    let digest = push(&user, &registry, "app:v1", "hello");
    let image = registry.name(&format!("app@{digest}"));
    let outcome = user.run(&format!(
        "{SIGN} {LEGACY} --upload=false --output-payload p.json {image}"
    ));
    assert_eq!((outcome.exit, outcome.stderr.as_str()), (0, ""));
    assert_eq!(layers(&registry, "app", &digest), 0);
    let verify = format!("{VERIFY} --payload p.json --signature");
    let verified = user.run(&format!("{verify} {} {image}", outcome.text().trim()));
    assert_eq!(verified.exit, 0, "{verified}");
}

#[test]
fn signature_payload_and_key_are_written_to_their_files() {
    let (registry, user) = (Registry::open(), signer());
    let digest = push(&user, &registry, "app:v1", "hello");
    let image = registry.name(&format!("app@{digest}"));
    let outcome = user.run(&format!(
        "{SIGN} {LEGACY} --upload=false --output-signature s --output-payload p --output-certificate c {image}"
    ));
    assert_outcome!(
        outcome,
        str![[r#"
--- stderr
Certificate wrote in the file c
--- exit 0

"#]]
    );
    assert_eq!(user.read("c"), user.read("a.pub"));
    let generated = user.run(&format!("generate {image}"));
    assert_eq!(generated.stdout, user.read("p"));
    let verified = user.run(&format!("{VERIFY} --payload p --signature s {image}"));
    assert_eq!(verified.exit, 0, "{verified}");
}

#[test]
fn files_of_several_images_are_told_apart_by_digest() {
    let (registry, user) = (Registry::open(), signer());
    let one = push(&user, &registry, "app:one", "one");
    let two = push(&user, &registry, "app:two", "two");
    let (first, second) = (registry.name("app:one"), registry.name("app:two"));
    let outcome = user.run(&format!("{SIGN} --upload=false --bundle b.json {first} {second}"));
    assert_eq!(outcome.exit, 0, "{outcome}");
    for digest in [one, two] {
        let name = format!("b.json-{}", digest.replace(':', "-"));
        assert!(Bundle::from_json(&user.read(&name)).is_ok(), "{name}");
    }
}

#[test]
fn a_given_payload_is_signed_as_it_is() {
    let (registry, user) = (Registry::open(), signer());
    let digest = push(&user, &registry, "app:v1", "hello");
    let image = registry.name(&format!("app@{digest}"));
    let payload = user.run(&format!("generate -a by=hand {image}")).stdout;
    user.write("p.json", [&payload[..], b"\n"].concat());
    let outcome = user.run(&format!("{SIGN} {LEGACY} --payload p.json {image}"));
    assert_eq!(outcome.exit, 0, "{outcome}");
    let verified = user.run(&format!("{VERIFY} -a by=hand {image}"));
    assert_eq!(verified.exit, 0, "{verified}");
}

#[test]
fn a_bundle_is_written_beside_being_attached() {
    let (registry, user) = (Registry::open(), signer());
    let digest = push(&user, &registry, "app:v1", "hello");
    let outcome = user.run(&format!("{SIGN} --bundle b.json {}", registry.name("app:v1")));
    assert_eq!(outcome.exit, 0, "{outcome}");
    let referrer = &referrers(&registry, "app", &digest)[0];
    let name = registry
        .name(&format!("app@{}", referrer.digest))
        .parse()
        .expect("this is a name");
    let manifest = registry.manifest(&name).expect("it was attached");
    let attached = registry.blob(name.repository(), &manifest.layers()[0].digest);
    assert_eq!(user.read("b.json"), attached);
}
