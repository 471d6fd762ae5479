use snapbox::str;

use crate::assert_outcome;
use crate::attaching::image;
use crate::registry::Registry;
use crate::signing::{push, push_index, signer};

#[test]
fn the_sbom_comes_byte_for_byte() {
    let user = signer();
    let (registry, _, name) = image(&user);
    for mode in ["", "--registry-referrers-mode oci-1-1"] {
        user.write("a.json", format!("{{\"mode\": \"{mode}\"}}\n\n"));
        let attached = user.run(&format!("attach sbom --sbom a.json {mode} {name}"));
        assert_eq!(attached.exit, 0, "{attached}");
        let outcome = user.run(&format!("download sbom {name}"));
        assert_eq!(
            (outcome.exit, outcome.stdout.clone()),
            (0, user.read("a.json")),
            "{outcome}"
        );
    }
    assert_outcome!(
        user.run(&format!("download sbom {name}"))
            .redacted(registry.host())
            .hiding_digests(),
        str![[r#"
{"mode": "--registry-referrers-mode oci-1-1"}

--- stderr
WARNING: 2 SBOMs are attached, the first one is printed: referrer DIGEST
WARNING: SBOM attachments are not signed: `verify-attestation` verifies a signed statement of an SBOM
Found SBOM of media type: text/spdx+json
--- exit 0

"#]]
    );
}

#[test]
fn an_image_without_an_sbom_says_so() {
    let user = signer();
    let (registry, _, name) = image(&user);
    assert_outcome!(
        user.run(&format!("download sbom {name}"))
            .redacted(registry.host())
            .hiding_digests(),
        str![[r#"
--- stderr
Error: REGISTRY/app@DIGEST: no sbom attached to reference
--- exit 1

"#]]
    );
}

#[test]
fn of_an_index_it_is_told_where_there_may_be_one() {
    let user = signer();
    let registry = Registry::open();
    let child = push(&user, &registry, "app:amd64", "hello");
    push_index(&registry, "app:v1", &[(&child, "amd64"), (&child, "arm64")]);
    let name = registry.name("app:v1");
    assert_outcome!(
        user.run(&format!("download sbom {name}"))
            .redacted(registry.host())
            .hiding_digests(),
        str![[r#"
--- stderr

This multiarch image does not have an SBOM attached at the index level.
Try using --platform with one of the following architectures:
linux/amd64, linux/arm64

Error: REGISTRY/app@DIGEST: no sbom attached to reference
--- exit 1

"#]]
    );
    user.write("a.json", "{}");
    let attached = user.run(&format!("attach sbom --sbom a.json {}", registry.name("app:amd64")));
    assert_eq!(attached.exit, 0, "{attached}");
    let outcome = user.run(&format!("download sbom --platform linux/arm64 {name}"));
    assert_eq!((outcome.exit, outcome.text()), (0, "{}"), "{outcome}");
}
