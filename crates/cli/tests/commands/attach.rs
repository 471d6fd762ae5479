use countersign_core::Digest;
use countersign_core::bundle::Bundle;
use countersign_core::envelope::Envelope;
use countersign_core::payload::statement::PAYLOAD_TYPE;
use countersign_oci::{Manifest, Reference};
use serde_json::json;
use snapbox::str;

use crate::assert_outcome;
use crate::harness::User;
use crate::registry::Registry;
use crate::signing::{self, VULNERABILITIES};

mod attestation;
mod sbom;
mod signature;

/// A registry with one image, `app:v1`, whose digest never changes.
fn image(user: &User) -> (Registry, String, String) {
    let registry = Registry::open();
    let digest = signing::push(user, &registry, "app:v1", "hello");
    let name = registry.name(&format!("app@{digest}"));
    (registry, digest, name)
}

/// A signed statement about an image.
fn envelope(digest: &str, seed: u8, predicate_type: &str) -> Envelope {
    let statement = json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"digest": {"sha256": digest.trim_start_matches("sha256:")}}],
        "predicateType": predicate_type,
        "predicate": {"scanner": {"result": []}},
    });
    Envelope::seal(PAYLOAD_TYPE, statement.to_string().into_bytes(), &signing::key(seed)).expect("the key signs")
}

/// The same as a bundle, with blanks that a program which writes it anew would not keep.
fn bundle(digest: &str, seed: u8, predicate_type: &str) -> String {
    let envelope = envelope(digest, seed, predicate_type);
    let bundle = Bundle::assemble(envelope, signing::key(seed).public_key()).expect("one signature");
    let json = String::from_utf8(bundle.to_json().expect("a bundle is JSON")).expect("JSON is text");
    json.replacen(",\"", ", \"", 2)
}

/// The manifest of an attachment tag.
fn tagged(registry: &Registry, digest: &str, suffix: &str) -> Option<(Reference, Manifest)> {
    let name = registry.name(&format!("app:{}.{suffix}", digest.replace(':', "-")));
    let name: Reference = name.parse().expect("this is a name");
    Some((name.clone(), registry.manifest(&name)?))
}

/// The bundles among the referrers of a digest, as they are stored.
fn bundles(registry: &Registry, digest: &str) -> Vec<(Manifest, Vec<u8>)> {
    let referrers = signing::referrers(registry, "app", digest);
    let found = referrers.into_iter().map(|referrer| {
        let name: Reference = registry
            .name(&format!("app@{}", referrer.digest))
            .parse()
            .expect("this is a name");
        let manifest = registry.manifest(&name).expect("it is listed");
        let layer: &Digest = &manifest.layers()[0].digest;
        let bytes = registry.blob(name.repository(), layer);
        (manifest, bytes)
    });
    found.collect()
}

#[test]
fn a_group_alone_shows_its_commands() {
    let alone = User::new().run("attach");
    assert_eq!((alone.exit, alone.stderr.as_str()), (0, ""));
    assert_eq!(alone.stdout, User::new().run("attach --help").stdout);
    assert_eq!(alone.stdout, User::new().run("attach -t 5m").stdout);
    assert_eq!(alone.stdout, User::new().run("help attach").stdout);
    for line in [
        "Usage: countersign attach [command]",
        "attestation  Attaches",
        "signature    Attaches",
    ] {
        assert!(alone.text().contains(line), "{alone}");
    }
}

#[test]
fn help_of_a_nested_command_has_all_its_words() {
    let help = User::new().run("attach signature --help");
    assert!(
        help.text()
            .contains("Usage: countersign attach signature [flags] IMAGE"),
        "{help}"
    );
    assert!(help.text().contains("--timeout <DURATION>"), "{help}");
}

#[test]
fn a_word_that_is_not_in_the_group_is_named() {
    assert_outcome!(
        User::new().run("attach singature"),
        str![[r#"
--- stderr
Error: unknown command "singature" for "countersign attach"
help: did you mean signature?
help: `countersign attach --help` shows how it is used
--- exit 1

"#]]
    );
}

#[test]
fn complaints_of_a_nested_command_have_all_its_words() {
    assert_outcome!(
        User::new().run("attach sbom --tpye=spdx reg.local/a"),
        str![[r#"
--- stderr
Error: unknown flag: --tpye
help: did you mean --type?
help: `countersign attach sbom --help` shows how it is used
--- exit 1

"#]]
    );
    assert_outcome!(
        User::new().run("attach sbom reg.local/a reg.local/b"),
        str![[r#"
--- stderr
Error: accepts 1 arg(s), received 2
help: `countersign attach sbom --help` shows how it is used
--- exit 1

"#]]
    );
}

#[test]
fn old_spellings_and_the_environment_work_in_a_nested_command() {
    let user = User::new().with_variable("COSIGN_TYPE", "wrong");
    let outcome = user.run("-t 5m attach --timeout 6m sbom -sbom x.json reg.local/a");
    assert_outcome!(
        outcome,
        str![[r#"
--- stderr
WARNING: the -sbom flag is deprecated and will be removed in a future release. Please use the --sbom flag instead.
Error: unknown SBOM type: "wrong", expected (spdx|cyclonedx|syft)
help: `countersign attach sbom --help` shows how it is used
--- exit 1

"#]]
    );
    let wins = user.run("attach sbom --type syft --input-format text --sbom x reg.local/a");
    assert!(wins.stderr.contains("invalid SBOM input format"), "{wins}");
}

#[test]
fn what_is_attached_to_an_image_that_is_not_there_is_told() {
    let user = signing::signer();
    let (registry, digest, _) = image(&user);
    user.write("a.json", envelope(&digest, signing::A, VULNERABILITIES).to_json());
    user.write("a.sig", "AAAA");
    for line in ["attestation --attestation a.json", "signature --signature a.sig"] {
        let outcome = user.run(&format!("attach {line} {}", registry.name("app:v2")));
        assert_eq!(outcome.exit, 11, "{outcome}");
        assert!(outcome.stderr.contains("image tag not found"), "{outcome}");
    }
}
