use snapbox::str;

use crate::assert_outcome;
use crate::attaching::{bundle, envelope, image};
use crate::harness::User;
use crate::signing::{A, SIGN, VULNERABILITIES, signer};

mod attestation;
mod sbom;
mod signature;

#[test]
fn a_registry_that_does_not_answer_is_never_nothing() {
    for what in ["signature", "attestation", "sbom"] {
        let user = signer();
        let (registry, _, name) = image(&user);
        drop(registry);
        let outcome = user.run(&format!("download {what} {name}"));
        assert_eq!(outcome.exit, 20, "{what}: {outcome}");
        assert_eq!(outcome.text(), "");
    }
}

#[test]
fn what_is_damaged_is_told_after_what_is_whole() {
    let user = signer();
    let (registry, digest, name) = image(&user);
    let whole = envelope(&digest, A, VULNERABILITIES).to_json();
    let damaged = envelope(&digest, A, "https://example.com/damaged").to_json();
    user.write("whole.json", &whole);
    user.write("damaged.json", &damaged);
    for line in [
        format!("attach attestation --attestation damaged.json --attestation whole.json {name}"),
        format!("{SIGN} --format both {name}"),
    ] {
        let outcome = user.run(&line);
        assert_eq!(outcome.exit, 0, "{outcome}");
    }
    registry.damage(&damaged);
    let outcome = user.run(&format!("download attestation {name}"));
    assert_eq!(outcome.exit, 21, "{outcome}");
    assert_eq!(outcome.text().lines().count(), 1, "{outcome}");
    assert!(
        outcome.stderr.contains("1 of the attachments cannot be read") && outcome.stderr.contains(".att layer 0: "),
        "{outcome}"
    );
    let signatures = user.run(&format!("download signature {name}"));
    assert_eq!(
        (signatures.exit, signatures.text().lines().count()),
        (0, 2),
        "{signatures}"
    );
}

#[test]
fn a_referrer_of_another_image_is_told() {
    let user = signer();
    let (registry, digest, name) = image(&user);
    let other = crate::signing::push(&user, &registry, "app:v2", "other");
    user.write("a.json", bundle(&other, A, VULNERABILITIES));
    let attached = user.run(&format!(
        "attach attestation --attestation a.json {}",
        registry.name("app:v2")
    ));
    assert_eq!(attached.exit, 0, "{attached}");
    let referrer = &crate::signing::referrers(&registry, "app", &other)[0];
    let list = serde_json::json!({
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": [referrer],
    });
    let tag = registry.name(&format!("app:{}", digest.replace(':', "-")));
    let tag = tag.parse().expect("this is a name");
    crate::signing::push_manifest(&registry, &tag, &list, "application/vnd.oci.image.index.v1+json");
    let outcome = user.run(&format!("download attestation {name}"));
    assert_eq!(outcome.exit, 21, "{outcome}");
    assert!(
        outcome
            .stderr
            .contains(&format!("refers to {other}, expected {digest}")),
        "{outcome}"
    );
}

#[test]
fn a_group_alone_shows_its_commands() {
    let alone = User::new().run("download");
    assert_eq!((alone.exit, alone.stderr.as_str()), (0, ""));
    assert_eq!(alone.stdout, User::new().run("download --help").stdout);
    assert_eq!(alone.stdout, User::new().run("download -t 5m").stdout);
    assert_eq!(alone.stdout, User::new().run("help download").stdout);
    for line in [
        "Usage: countersign download [command]",
        "attestation  ",
        "signature    ",
    ] {
        assert!(alone.text().contains(line), "{alone}");
    }
}

#[test]
fn a_word_that_is_not_in_the_group_is_named() {
    assert_outcome!(
        User::new().run("download singature"),
        str![[r#"
--- stderr
Error: unknown command "singature" for "countersign download"
help: did you mean signature?
help: `countersign download --help` shows how it is used
--- exit 1

"#]]
    );
}
