use snapbox::str;

use super::{BY_A, DEBIAN, image};
use crate::assert_outcome;
use crate::attaching::tagged;
use crate::harness::User;
use crate::signing;

#[test]
fn the_form_is_recognised_and_named_as_cosign_does() {
    let user = User::new();
    let (registry, digest, name) = image(&user, &DEBIAN);
    for (content, media_type) in [
        (r#"{"spdxVersion":"SPDX-2.3"}"#, "text/spdx+json"),
        ("SPDXVersion: SPDX-2.3\n", "text/spdx"),
        (r#"{"bomFormat":"CycloneDX"}"#, "application/vnd.cyclonedx+json"),
        (
            r#"<bom xmlns="http://cyclonedx.org/schema/bom/1.6"/>"#,
            "application/vnd.cyclonedx+xml",
        ),
        (r#"{"artifacts":[],"schema":{}}"#, "application/vnd.syft+json"),
    ] {
        user.write("bill", content);
        let attached = user.run(&format!("sbom attach --sbom bill {name}"));
        assert_eq!(attached.exit, 0, "{attached}");
        let (_, manifest) = tagged(&registry, &digest, "sbom").expect("it is attached");
        assert_eq!(manifest.layers()[0].media_type, media_type);
    }
}

#[test]
fn it_is_the_attachment_that_cosign_makes() {
    let user = User::new();
    let (registry, digest, name) = image(&user, &DEBIAN);
    user.write("spdx.json", r#"{"spdxVersion":"SPDX-2.3","name":"x","packages":[]}"#);
    let attached = user.run(&format!("sbom attach --sbom spdx.json {name}"));
    let tag = digest.replace(':', "-");
    assert_outcome!(
        attached.redacted(registry.host()).redacted(&tag).hiding_digests(),
        str![[r#"
--- stderr
WARNING: the SBOM is attached unsigned: --sign signs it, --attest makes a signed statement of it
Uploading SBOM file for [REGISTRY/app@DIGEST] to [REGISTRY/app:REGISTRY.sbom] with mediaType [text/spdx+json].
--- exit 0

"#]]
    );
    let (_, manifest) = tagged(&registry, &digest, "sbom").expect("it is attached");
    // What cosign 2.6.1 makes of this file.
    assert_eq!(
        manifest.digest().as_str(),
        "sha256:570a1c6cd69ecf522caddc3032d2535536069646e265995ae76c8ae273c799bc"
    );
}

#[test]
fn it_is_signed_and_attested_in_the_same_step() {
    let user = User::new().with_key("a");
    let (_registry, _, name) = image(&user, &DEBIAN);
    user.write("bill", r#"{"bomFormat":"CycloneDX"}"#);
    let attached = user.run(&format!("sbom attach --sbom bill --sign --attest {BY_A} {name}"));
    assert_eq!(attached.exit, 0, "{attached}");
    let verify = "--key a.pub --insecure-ignore-tlog";
    for line in [
        format!("verify --attachment sbom {verify} {name}"),
        format!("verify-attestation --type cyclonedx {verify} {name}"),
    ] {
        let verified = user.run(&line);
        assert_eq!(verified.exit, 0, "{verified}");
    }
}

#[test]
fn as_a_referrer_it_is_signed_by_its_own_digest() {
    let user = User::new().with_key("a");
    let (registry, digest, name) = image(&user, &DEBIAN);
    user.write("bill", r#"{"bomFormat":"CycloneDX"}"#);
    let line = format!("sbom attach --registry-referrers-mode oci-1-1 --sbom bill --sign {BY_A} {name}");
    let attached = user.run(&line);
    assert_eq!(attached.exit, 0, "{attached}");
    assert!(tagged(&registry, &digest, "sbom").is_none());
    let referrers = signing::referrers(&registry, "app", &digest);
    let sbom = registry.name(&format!("app@{}", referrers[0].digest));
    let verified = user.run(&format!("verify --key a.pub --insecure-ignore-tlog {sbom}"));
    assert_eq!(verified.exit, 0, "{verified}");
}

#[test]
fn what_is_no_sbom_or_cannot_be_a_statement_is_refused() {
    let user = User::new().with_key("a");
    let (registry, digest, name) = image(&user, &DEBIAN);
    user.write("text", "hello");
    let refused = user.run(&format!("sbom attach --sbom text {name}"));
    assert!(
        refused
            .stderr
            .contains("text is no SBOM: expected SPDX, CycloneDX, or syft's JSON"),
        "{refused}"
    );
    user.write("xml", r#"<bom xmlns="http://cyclonedx.org/schema/bom/1.6"/>"#);
    let refused = user.run(&format!("sbom attach --sbom xml --attest {BY_A} {name}"));
    assert!(
        refused
            .stderr
            .contains("--attest: a statement is JSON, which holds no XML"),
        "{refused}"
    );
    assert!(tagged(&registry, &digest, "sbom").is_none());
    let missing = user.run(&format!("sbom attach {name}"));
    assert!(
        missing.stderr.contains(r#"required flag(s) "sbom" not set"#),
        "{missing}"
    );
}
