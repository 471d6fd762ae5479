use serde_json::json;

use super::{SIGN, VERIFY, expect, layers, manifest, push, refused, signed_base};
use crate::base::Layer;
use crate::registry::Registry;
use crate::signing::{self, push_manifest, referrers, signer};

/// A signed base, and an image upon it that knows nothing of that.
fn image(user: &crate::harness::User) -> (Registry, String, String) {
    let registry = signed_base(user, "");
    let digest = push(&registry, "app:v1", &layers(&["a", "b", "c"]));
    let line = format!(
        "base attach --base {} {}",
        registry.name("base:v1"),
        registry.name("app:v1")
    );
    refused(
        user,
        &format!("{VERIFY} {}", registry.name("app:v1")),
        10,
        "image does not stand on a signed base",
    );
    (registry, digest, line)
}

#[test]
fn the_statement_is_put_beside_the_image() {
    let user = signer();
    let (registry, digest, line) = image(&user);
    for _again in 0..2 {
        let attached = expect(&user, &line, 0);
        assert_eq!(
            attached.text(),
            format!("{}\n", registry.name(&format!("app@{digest}")))
        );
        assert!(attached.stderr.contains("layers 1-2: by key "), "{attached}");
        assert_eq!(referrers(&registry, "app", &digest).len(), 1);
    }
    let verified = expect(&user, &format!("{VERIFY} {}", registry.name("app:v1")), 0);
    assert!(
        verified
            .text()
            .contains("  layers 1-2: a signed base, signed by \"key "),
        "{verified}"
    );
    assert!(verified.text().contains("  layer 3: no base\n"), "{verified}");
}

#[test]
fn marks_are_put_on_the_last_layer_of_the_base_and_nothing_else_is_changed() {
    let user = signer();
    let (registry, digest, line) = image(&user);
    let before = manifest(&registry, "app:v1");
    let attached = expect(&user, &format!("{line} --mode annotation"), 0);
    let mut after = manifest(&registry, "app:v1");
    assert!(!attached.text().contains(&digest), "{attached}");
    let marks = after["layers"][1]
        .as_object_mut()
        .and_then(|layer| layer.remove("annotations"));
    let marks = marks.expect("they are there");
    assert!(marks["dev.cosign.signature.baseimage"].is_string());
    assert!(marks["dev.cosign.signature.baseimage.bundle"].is_string());
    assert_eq!(after, before);
    let verified = expect(&user, &format!("{VERIFY} {}", registry.name("app:v1")), 0);
    assert_eq!(
        verified.text().matches("annotation of layer 2").count(),
        2,
        "{verified}"
    );
    // they are there already
    let again = expect(&user, &format!("{line} --mode annotation"), 0);
    assert_eq!(again.text(), attached.text());
}

#[test]
fn attachments_are_not_left_behind_unless_that_is_asked_for() {
    let user = signer();
    let (registry, digest, line) = image(&user);
    expect(&user, &format!("{} {}", signing::SIGN, registry.name("app:v1")), 0);
    let line = format!("{line} --mode annotation");
    refused(
        &user,
        &line,
        1,
        "would get another digest, and 1 attachments would stay with this one",
    );
    assert_eq!(referrers(&registry, "app", &digest).len(), 1);
    expect(&user, &format!("{line} --force"), 0);
    assert_ne!(manifest(&registry, "app:v1")["layers"][1].get("annotations"), None);
}

#[test]
fn each_image_of_an_index_gets_its_own_marks() {
    let user = signer();
    let registry = signed_base(&user, "");
    push(&registry, "base:other", &layers(&["x"]));
    expect(&user, &format!("{SIGN} {}", registry.name("base:other")), 0);
    let one = push(&registry, "app:amd64", &layers(&["a", "b", "c"]));
    let other = push(&registry, "app:arm64", &layers(&["x", "y"]));
    let name = registry.name("app:v1").parse().expect("this is a name");
    let kept = push(&registry, "app:kept", &layers(&["of a build"]));
    let size = |tag: &str| {
        registry
            .manifest(&registry.name(tag).parse().expect("a name"))
            .expect("it is there")
            .bytes()
            .len()
    };
    let entry = |digest: &str, tag: &str, os: &str, annotations: serde_json::Value| {
        json!({"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": digest, "size": size(tag),
            "annotations": annotations, "platform": {"architecture": if os == "linux" { "amd64" } else { os }, "os": os}})
    };
    let index = json!({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": [
        entry(&one, "app:amd64", "linux", json!({"org.example.a": "b"})),
        entry(&other, "app:arm64", "linux", json!({})),
        entry(&kept, "app:kept", "unknown",
            json!({"vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": one})),
    ]});
    push_manifest(&registry, &name, &index, "application/vnd.oci.image.index.v1+json");
    let bases = ["base:v1", "base:other"]
        .map(|base| format!("--base {}", registry.name(base)))
        .join(" ");
    let line = format!("base attach {bases} --mode annotation {}", registry.name("app:v1"));
    let attached = expect(&user, &line, 0);
    assert!(
        attached.stderr.contains("what BuildKit says of its builds still names"),
        "{attached}"
    );
    let after = manifest(&registry, "app:v1");
    let entries = after["manifests"].as_array().expect("a list");
    assert_ne!(entries[0]["digest"], one);
    assert_ne!(entries[1]["digest"], other);
    assert_eq!(entries[2]["digest"], kept);
    assert_eq!(
        entries[2]["annotations"]["vnd.docker.reference.digest"],
        entries[0]["digest"]
    );
    assert_eq!(entries[0]["annotations"], json!({"org.example.a": "b"}));
    let verified = expect(&user, &format!("{VERIFY} {}", registry.name("app:v1")), 0);
    assert_eq!(verified.text().matches("layers stands on").count(), 2, "{verified}");
}

#[test]
fn where_nothing_is_signed_nothing_is_attached() {
    let (user, registry) = (signer(), Registry::open());
    push(&registry, "base:v1", &layers(&["a"]));
    push(&registry, "app:v1", &layers(&["a", "c"]));
    let line = format!(
        "base attach --base {} {}",
        registry.name("base:v1"),
        registry.name("app:v1")
    );
    refused(&user, &line, 10, "no signatures of bases found for");
}

#[test]
fn what_is_signed_of_other_layers_is_not_attached() {
    let user = signer();
    let registry = signed_base(&user, "");
    push(&registry, "app:v1", &layers(&["b", "a", "c"]));
    let line = format!(
        "base attach --base {} {}",
        registry.name("base:v1"),
        registry.name("app:v1")
    );
    refused(&user, &line, 10, "no signatures of bases found for");
}

#[test]
fn members_that_nobody_knows_stay_in_a_manifest_that_is_marked() {
    let user = signer();
    let registry = signed_base(&user, "");
    push(&registry, "app:v0", &[Layer::of("a"), Layer::of("b"), Layer::of("c")]);
    let mut content = manifest(&registry, "app:v0");
    content["layers"][1]["urls"] = json!(["https://example.com/b"]);
    content["x-unknown"] = json!({"n": 1.50});
    let name = registry.name("app:v1").parse().expect("this is a name");
    push_manifest(&registry, &name, &content, "application/vnd.oci.image.manifest.v1+json");
    let line = format!(
        "base attach --mode annotation --base {} {}",
        registry.name("base:v1"),
        registry.name("app:v1")
    );
    expect(&user, &line, 0);
    let after = manifest(&registry, "app:v1");
    assert_eq!(after["layers"][1]["urls"], json!(["https://example.com/b"]));
    assert_eq!(after["x-unknown"], content["x-unknown"]);
}
