//! Images in folders and archives.

use std::process::Command;

use countersign_oci::{Layout, Store, Upload};
use snapbox::str;

use crate::assert_outcome;
use crate::golden;
use crate::harness::User;
use crate::registry::Registry;
use crate::signing::{LEGACY, SIGN, VERIFY, push, signer};

/// Copies an image from the registry into a layout in the folder `layout`, under the tag `v1`.
pub(crate) fn save(user: &User, registry: &Registry, name: &str) {
    let client = registry.client();
    let source = registry.name(name).parse().expect("this is a name");
    registry.wait(async {
        let manifest = client.manifest(&source).await.expect("the image exists");
        let layout = Layout::create(user.path("layout"))
            .await
            .expect("the folder is writable");
        let repository = Layout::repository();
        for blob in manifest.layers().iter().chain(&manifest.content().config) {
            let stream = client
                .blob(source.repository(), &blob.digest, None)
                .await
                .expect("the blob exists");
            let bytes = stream.read(1 << 20).await.expect("the blob is whole");
            layout
                .push_blob(&repository, &Upload::bytes(bytes))
                .await
                .expect("the folder is writable");
        }
        let tag = repository.tag("v1").expect("this is a tag");
        let always = countersign_oci::store::Condition::Always;
        layout
            .push_manifest(&tag, &manifest, always)
            .await
            .expect("the folder is writable");
    });
}

#[test]
fn an_image_in_a_folder_is_signed_and_verified_in_both_formats() {
    for format in ["bundle", "legacy"] {
        let (registry, user) = (Registry::open(), signer());
        push(&user, &registry, "app:v1", "hello");
        save(&user, &registry, "app:v1");
        drop(registry);
        let unsigned = user.run(&format!("{VERIFY} --local-image layout"));
        assert_eq!(unsigned.exit, 10, "{unsigned}");
        let signed = user.run(&format!("{SIGN} --format {format} oci:layout:v1"));
        assert_eq!(signed.exit, 0, "{signed}");
        for name in ["--local-image layout", "oci:layout", "oci:layout:v1"] {
            let verified = user.run(&format!("{VERIFY} {name}"));
            assert_eq!(verified.exit, 0, "{format} {name}: {verified}");
        }
        let wrong = user.run("verify --key b.pub --insecure-ignore-tlog --local-image layout");
        assert_eq!(wrong.exit, 12, "{wrong}");
    }
}

#[test]
fn an_image_in_an_archive_is_verified_and_not_signed() {
    let (registry, user) = (Registry::open(), signer());
    push(&user, &registry, "app:v1", "hello");
    save(&user, &registry, "app:v1");
    assert_eq!(user.run(&format!("{SIGN} {LEGACY} oci:layout")).exit, 0);
    let packed = Command::new("tar")
        .args(["-cf", "image.tar", "-C", "layout", "."])
        .current_dir(user.path(""))
        .status()
        .expect("tar runs");
    assert!(packed.success());
    for name in [
        "--local-image image.tar",
        "oci-archive:image.tar",
        "oci-archive:image.tar:v1",
    ] {
        let verified = user.run(&format!("{VERIFY} {name}"));
        assert_eq!(verified.exit, 0, "{name}: {verified}");
    }
    let signed = user.run("sign --key b.key --tlog-upload=false oci-archive:image.tar");
    assert_outcome!(
        signed.hiding_digests(),
        str![[r#"
--- stderr
Error: FOLDER/image.tar: not allowed: an archive can only be read; unpack it and write to the image layout
--- exit 1

"#]]
    );
}

#[test]
fn what_a_local_image_prints_is_about_it() {
    let (registry, user) = (Registry::open(), signer());
    push(&user, &registry, "app:v1", "hello");
    save(&user, &registry, "app:v1");
    assert_eq!(user.run(&format!("{SIGN} oci:layout")).exit, 0);
    assert_outcome!(
        user.run(&format!("{VERIFY} --local-image layout")),
        str![[r#"

[{"critical":{"identity":{"docker-reference":"layout"},"image":{"docker-manifest-digest":"sha256:12855f31fb82d131741ee664ab601a6b88ef93e4857e74d6b89bc4ba58319849"},"type":"https://sigstore.dev/cosign/sign/v1"},"optional":{}}]
--- stderr
WARNING: Skipping tlog verification is an insecure practice that lacks transparency and auditability verification for the signature.

Verification for layout --
The following checks were performed on each of these signatures:
  - The cosign claims were validated
  - The signatures were verified against the specified public key
--- exit 0

"#]]
    );
}

#[test]
fn a_folder_that_is_no_layout_is_told() {
    let user = signer();
    std::fs::create_dir(user.path("empty")).expect("the folder is writable");
    assert_outcome!(
        user.run(&format!("{VERIFY} --local-image empty")),
        str![[r#"
--- stderr
WARNING: Skipping tlog verification is an insecure practice that lacks transparency and auditability verification for the signature.
Error: FOLDER/empty is malformed: it is not an OCI image layout: there is no oci-layout file
--- exit 21

"#]]
    );
    let absent = user.run(&format!("{VERIFY} oci:layout:v1"));
    assert_eq!(absent.exit, 11, "{absent}");
}

#[test]
fn a_tag_that_a_layout_does_not_have_ends_with_11() {
    let (registry, user) = (Registry::open(), signer());
    push(&user, &registry, "app:v1", "hello");
    save(&user, &registry, "app:v1");
    let outcome = user.run(&format!("{VERIFY} oci:layout:v2"));
    assert_eq!(outcome.exit, 11, "{outcome}");
}

/// The layout holds what cosign 3.1.2 wrote with an Ed25519 key, which it signs pre-hashed with and cannot verify itself.
#[test]
fn a_prehashed_ed25519_signature_of_cosigns_is_accepted() {
    let key = golden::path("keys/ed25519.pub");
    let layout = golden::path("layouts/v3-key-ed25519");
    let local = format!("--local-image {}", layout.display());
    let outcome = signer().run(&format!(
        "verify --key {} --insecure-ignore-tlog {local}",
        key.display()
    ));
    assert_eq!(outcome.exit, 0, "{outcome}");
    let other = signer().run(&format!("{VERIFY} {local}"));
    assert_eq!(other.exit, 12, "{other}");
}
