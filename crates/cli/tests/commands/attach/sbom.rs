use snapbox::str;

use crate::assert_outcome;
use crate::attaching::{image, tagged};
use crate::harness::User;
use crate::signing;

#[test]
fn the_tag_is_the_one_that_cosign_writes() {
    let user = User::new();
    let (registry, digest, name) = image(&user);
    user.write("spdx.json", r#"{"spdxVersion":"SPDX-2.3","name":"x","packages":[]}"#);
    let attached = user.run(&format!("attach sbom --sbom spdx.json {name}"));
    let tag = digest.replace(':', "-");
    assert_outcome!(
        attached.redacted(registry.host()).redacted(&tag).hiding_digests(),
        str![[r#"
--- stderr
WARNING: SBOM attachments are not signed: `attest` makes a signed statement of an SBOM
Uploading SBOM file for [REGISTRY/app@DIGEST] to [REGISTRY/app:REGISTRY.sbom] with mediaType [text/spdx+json].

--- exit 0

"#]]
    );
    let (_, manifest) = tagged(&registry, &digest, "sbom").expect("the tag is there");
    // What cosign 2.6.1 makes of this file.
    assert_eq!(
        manifest.digest().as_str(),
        "sha256:570a1c6cd69ecf522caddc3032d2535536069646e265995ae76c8ae273c799bc"
    );
}

#[test]
fn the_media_type_follows_type_format_and_name() {
    let user = User::new();
    let (registry, digest, name) = image(&user);
    user.write("a.json", "{}");
    user.write("a.bom", "{}");
    for (flags, expected) in [
        ("--sbom a.bom", "text/spdx"),
        ("--sbom a.bom --input-format json", "text/spdx+json"),
        ("--sbom a.json --input-format text", "text/spdx+json"),
        ("--sbom a.bom --type cyclonedx", "application/vnd.cyclonedx+xml"),
        (
            "--sbom a.json --type cyclonedx --input-format xml",
            "application/vnd.cyclonedx+json",
        ),
        ("--sbom a.bom --type syft", "application/vnd.syft+json"),
        ("--sbom - --type spdx", "text/spdx"),
    ] {
        let attached = user.answering("{}").run(&format!("attach sbom {flags} {name}"));
        assert_eq!(attached.exit, 0, "{attached}");
        let (_, manifest) = tagged(&registry, &digest, "sbom").expect("the tag is there");
        let types: Vec<&str> = manifest
            .layers()
            .iter()
            .map(|layer| layer.media_type.as_str())
            .collect();
        assert_eq!(types, [expected], "{flags}");
    }
}

#[test]
fn a_type_or_format_that_is_none_is_refused() {
    for (flags, reason) in [
        (
            "--type csv",
            r#"unknown SBOM type: "csv", expected (spdx|cyclonedx|syft)"#,
        ),
        (
            "--input-format xml",
            r#"invalid SBOM input format: "xml", expected (json|text)"#,
        ),
        (
            "--type cyclonedx --input-format text",
            r#"invalid SBOM input format: "text", expected (json|xml)"#,
        ),
        (
            "--type syft --input-format xml",
            r#"invalid SBOM input format: "xml", expected (json)"#,
        ),
    ] {
        let attached = User::new().run(&format!("attach sbom --sbom a.json {flags} reg.local/app"));
        assert_eq!(attached.exit, 1, "{attached}");
        assert!(attached.stderr.contains(reason), "{attached}");
    }
    let missing = User::new().run("attach sbom reg.local/app");
    assert!(
        missing.stderr.contains(r#"required flag(s) "sbom" not set"#),
        "{missing}"
    );
}

#[test]
fn asked_for_it_becomes_a_referrer_as_cosign_makes_it() {
    let user = User::new();
    let (registry, digest, name) = image(&user);
    user.write("a.json", "{}");
    let attached = user.run(&format!(
        "attach sbom --registry-referrers-mode oci-1-1 --sbom a.json {name}"
    ));
    assert_outcome!(
        attached.redacted(registry.host()).hiding_digests(),
        str![[r#"
--- stderr
WARNING: SBOM attachments are not signed: `attest` makes a signed statement of an SBOM
Uploading SBOM file for [REGISTRY/app@DIGEST] to [REGISTRY/app@DIGEST] with config.mediaType [application/vnd.dev.cosign.artifact.sbom.v1+json] layers[0].mediaType [text/spdx+json].
--- exit 0

"#]]
    );
    assert!(tagged(&registry, &digest, "sbom").is_none());
    let referrers = signing::referrers(&registry, "app", &digest);
    assert_eq!(
        referrers[0].artifact_type.as_deref(),
        Some("application/vnd.dev.cosign.artifact.sbom.v1+json")
    );
    let name = registry.name(&format!("app@{}", referrers[0].digest));
    let manifest = registry
        .manifest(&name.parse().expect("this is a name"))
        .expect("it is listed");
    assert_eq!(manifest.layers()[0].media_type, "text/spdx+json");
    assert_eq!(
        manifest
            .content()
            .config
            .as_ref()
            .map(|config| config.media_type.as_str()),
        Some("application/vnd.dev.cosign.artifact.sbom.v1+json")
    );
}
