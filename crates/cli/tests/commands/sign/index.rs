//! `sign -r`: what is in an index, and what of it is left alone.

use countersign_oci::{Store, Upload, media_type};
use serde_json::{Value, json};

use crate::harness::User;
use crate::registry::Registry;
use crate::signing::{SIGN, VERIFY, push, push_manifest, referrers, signer};

/// Pushes an index as BuildKit does: an image, and a manifest with statements about it; of another type if asked.
/// Returns the digests of the two.
pub(crate) fn push_buildkit(registry: &Registry, user: &User, layer: &str) -> [String; 2] {
    let image = push(user, registry, "app:amd64", "amd64");
    let repository = registry.name("app").parse().expect("a repository");
    let client = registry.client();
    for content in ["{}", "{\"_type\":\"x\"}"] {
        registry
            .wait(client.push_blob(&repository, &Upload::bytes(content)))
            .expect("it is taken");
    }
    let blob = |media_type: &str, content: &str| {
        json!({"mediaType": media_type, "size": content.len(),
               "digest": countersign_core::Digest::sha256(content.as_bytes())})
    };
    let statements = json!({
        "schemaVersion": 2, "mediaType": media_type::OCI_MANIFEST,
        "config": blob("application/vnd.oci.image.config.v1+json", "{}"),
        "layers": [blob(layer, "{\"_type\":\"x\"}")],
    });
    let name = registry.name("app:statements").parse().expect("a name");
    let attestation = push_manifest(registry, &name, &statements, media_type::OCI_MANIFEST);
    let entry = |digest: &str| {
        let name = registry.name(&format!("app@{digest}")).parse().expect("a name");
        let manifest = registry.manifest(&name).expect("it is there");
        json!({"mediaType": manifest.media_type(), "size": manifest.bytes().len(), "digest": digest})
    };
    let mut entries = [entry(&image), entry(&attestation)];
    entries[0]["platform"] = json!({"os": "linux", "architecture": "amd64"});
    entries[1]["platform"] = json!({"os": "unknown", "architecture": "unknown"});
    entries[1]["annotations"] = json!({
        "vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": image,
    });
    let index = json!({"schemaVersion": 2, "mediaType": media_type::OCI_INDEX, "manifests": entries});
    let name = registry.name("app:v1").parse().expect("a name");
    push_manifest(registry, &name, &index, media_type::OCI_INDEX);
    [image, attestation]
}

const STATEMENT: &str = "application/vnd.in-toto+json";

#[test]
fn attestations_of_buildkit_are_left_alone_and_told_of() {
    let (registry, user) = (Registry::open(), signer());
    let [image, attestation] = push_buildkit(&registry, &user, STATEMENT);
    let name = registry.name("app:v1");
    let outcome = user.run(&format!("{SIGN} -r {name}"));
    assert_eq!(outcome.exit, 0, "{outcome}");
    let told = format!(
        "Leaving alone {}@{attestation}, which holds attestations of BuildKit; --include-attestation-manifests takes it too",
        registry.name("app")
    );
    assert!(outcome.stderr.lines().any(|line| line == told), "{outcome}");
    assert_eq!(referrers(&registry, "app", &image).len(), 1);
    assert_eq!(referrers(&registry, "app", &attestation).len(), 0);
    let verified = user.run(&format!("{VERIFY} -r {name}"));
    assert_eq!(verified.exit, 0, "{verified}");
    assert_eq!(verified.stderr.matches("Verification for").count(), 2, "{verified}");
    let all = user.run(&format!("{VERIFY} -r --include-attestation-manifests {name}"));
    assert_eq!(all.exit, 10, "{all}");
    let included = user.run(&format!("{SIGN} -r --include-attestation-manifests {name}"));
    assert_eq!(included.exit, 0, "{included}");
    let all = user.run(&format!("{VERIFY} -r --include-attestation-manifests {name}"));
    assert_eq!(all.exit, 0, "{all}");
    assert_eq!(all.stderr.matches("Verification for").count(), 3, "{all}");
}

#[test]
fn an_image_is_not_passed_over_for_what_the_index_says() {
    let (registry, user) = (Registry::open(), signer());
    let [image, pretended] = push_buildkit(&registry, &user, "application/vnd.oci.image.layer.v1.tar");
    let name = registry.name("app:v1");
    for digest in [
        &image,
        &registry
            .manifest(&name.parse().expect("a name"))
            .expect("there")
            .digest()
            .to_string(),
    ] {
        assert_eq!(
            user.run(&format!("{SIGN} {}", registry.name(&format!("app@{digest}"))))
                .exit,
            0
        );
    }
    let verified = user.run(&format!("{VERIFY} -r {name}"));
    assert_eq!(verified.exit, 10, "{verified}");
    assert!(verified.stderr.contains(&pretended), "{verified}");
}

#[test]
fn a_child_of_a_foreign_type_is_signed_by_its_digest() {
    let (registry, user) = (Registry::open(), signer());
    let foreign = "application/vnd.example.thing+json";
    let name = registry.name("app:thing").parse().expect("a name");
    let digest = push_manifest(&registry, &name, &json!({"what": "ever"}), foreign);
    let size = json!({"what": "ever"}).to_string().len();
    let entries = json!([{"mediaType": foreign, "size": size, "digest": digest}]);
    let index = json!({"schemaVersion": 2, "mediaType": media_type::OCI_INDEX, "manifests": entries});
    let name = registry.name("app:v1").parse().expect("a name");
    push_manifest(&registry, &name, &index, media_type::OCI_INDEX);
    let signed = user.run(&format!("{SIGN} -r {}", registry.name("app:v1")));
    assert_eq!(signed.exit, 0, "{signed}");
    let attached = referrers(&registry, "app", &digest);
    assert_eq!(attached.len(), 1);
    let manifest = registry
        .name(&format!("app@{}", attached[0].digest))
        .parse()
        .expect("a name");
    let manifest = registry.manifest(&manifest).expect("it is there");
    let manifest: Value = serde_json::from_slice(manifest.bytes()).expect("it is JSON");
    assert_eq!(
        manifest["subject"],
        json!({"mediaType": foreign, "size": size, "digest": digest})
    );
    let verified = user.run(&format!("{VERIFY} -r {}", registry.name("app:v1")));
    assert_eq!(verified.exit, 0, "{verified}");
}
