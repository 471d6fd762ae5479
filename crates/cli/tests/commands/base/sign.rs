use snapbox::str;

use super::{SIGN, VERIFY, expect, layers, manifest, push, refused, signed_base};
use crate::assert_outcome;
use crate::base::Layer;
use crate::registry::Registry;
use crate::signing::{push_index, referrers, signer};

#[test]
fn the_layers_of_an_image_are_signed_and_its_chain_id_is_printed() {
    let (user, registry) = (signer(), Registry::open());
    let digest = push(&registry, "base:v1", &layers(&["a", "b"]));
    let outcome = user.run(&format!("{SIGN} {}", registry.name(&format!("base@{digest}"))));
    assert_outcome!(
        outcome.redacted(registry.host()).hiding_digests(),
        str![[r#"
REGISTRY/base@DIGEST layers 1-2 DIGEST
--- exit 0

"#]]
    );
}

#[test]
fn the_statement_is_a_referrer_and_under_the_tag_of_the_chain_id() {
    let user = signer();
    let registry = signed_base(&user, "");
    let printed = expect(&user, &format!("{SIGN} {}", registry.name("base:v1")), 0);
    let chain_id = printed.text().trim().rsplit(' ').next().expect("it has words");
    let tag = format!("base:{}.base", chain_id.replace(':', "-"));
    let tagged = manifest(&registry, &tag);
    let kinds: Vec<&str> = tagged["layers"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|layer| layer["mediaType"].as_str())
        .collect();
    // the signature of an Ed25519 key is the same both times, and the statement too, as the time is
    assert_eq!(
        kinds,
        [
            "application/vnd.dev.sigstore.bundle.v0.3+json",
            "application/vnd.dev.cosign.baseimage.layers.v1+json"
        ]
    );
    let (_, digest) = printed.text().split_once('@').expect("a digest");
    let (digest, _) = digest.split_once(' ').expect("more words");
    assert_eq!(referrers(&registry, "base", digest).len(), 1);
}

#[test]
fn a_statement_that_expires_comes_without_a_signature_that_does_not() {
    let user = signer();
    let registry = signed_base(&user, "--expires 90d --name debian");
    let shown = expect(&user, &format!("base show {}", registry.name("base:v1")), 0);
    assert_eq!(shown.text().matches("\"debian\" by key").count(), 1, "{shown}");
    assert!(
        shown
            .text()
            .contains("issued 2026-11-22T12:00:00Z, expires 2027-02-20T12:00:00Z"),
        "{shown}"
    );
    assert!(!shown.text().contains("by a key"), "{shown}");
}

#[test]
fn what_is_embedded_comes_along_with_images_built_upon_the_base() {
    let (user, registry) = (signer(), Registry::open());
    let before = push(&registry, "base:v1", &layers(&["a", "b"]));
    let printed = expect(&user, &format!("{SIGN} --embed {}", registry.name("base:v1")), 0);
    let base = manifest(&registry, "base:v1");
    let annotations = base["layers"][1]["annotations"].as_object().expect("there are some");
    assert_eq!(
        annotations.keys().collect::<Vec<_>>(),
        [
            "dev.cosign.signature.baseimage",
            "dev.cosign.signature.baseimage.bundle"
        ]
    );
    assert_eq!(base["layers"][0].get("annotations"), None);
    assert!(!printed.text().contains(&before), "{printed}");
    // somebody else builds, elsewhere
    let mut upon = layers(&["a", "b", "c"]);
    for (name, value) in annotations {
        upon[1] = upon[1].clone().annotated(name, value.as_str().expect("a text"));
    }
    push(&registry, "other/app:v1", &upon);
    let verified = expect(&user, &format!("{VERIFY} {}", registry.name("other/app:v1")), 0);
    assert_eq!(
        verified.text().matches("(annotation of layer 2)").count(),
        2,
        "{verified}"
    );
    // the base under its new digest is signed too
    expect(&user, &format!("{VERIFY} {}", registry.name("base:v1")), 0);
}

#[test]
fn each_image_of_an_index_is_signed() {
    let (user, registry) = (signer(), Registry::open());
    let one = push(&registry, "base:amd64", &layers(&["a", "b"]));
    let other = push(&registry, "base:arm64", &layers(&["x", "y"]));
    push_index(&registry, "base:v1", &[(&one, "amd64"), (&other, "arm64")]);
    let printed = expect(&user, &format!("{SIGN} --embed {}", registry.name("base:v1")), 0);
    assert_eq!(printed.text().lines().count(), 2, "{printed}");
    let index = manifest(&registry, "base:v1");
    for (entry, old) in index["manifests"]
        .as_array()
        .expect("a list")
        .iter()
        .zip([&one, &other])
    {
        assert_ne!(entry["digest"], **old);
        assert_eq!(entry["platform"]["os"], "linux");
    }
    let verified = expect(&user, &format!("{VERIFY} {}", registry.name("base:v1")), 0);
    assert_eq!(
        verified.text().matches("of 2 layers stands on").count(),
        2,
        "{verified}"
    );
}

#[test]
fn several_who_sign_a_base_do_not_lose_each_other() {
    let user = signer();
    let registry = signed_base(&user, "");
    let line = format!("{SIGN} {}", registry.name("base:v1")).replace("a.key", "b.key");
    expect(&user, &line, 0);
    push(&registry, "app:v1", &layers(&["a", "b", "c"]));
    for key in ["a", "b"] {
        let line = format!(
            "base verify --key {key}.pub --insecure-ignore-tlog --base-repository {} {}",
            registry.name("base"),
            registry.name("app:v1")
        );
        expect(&user, &line, 0);
    }
}

#[test]
fn a_base_whose_configuration_lies_is_not_signed() {
    let (user, registry) = (signer(), Registry::open());
    let lying = [Layer::of("a"), Layer::of("b").stored_as(super::gzip(b"evil", 6))];
    push(&registry, "base:v1", &lying);
    let line = format!("{SIGN} {}", registry.name("base:v1"));
    refused(&user, &line, 12, "layer 2 unpacks to sha256:");
    expect(&user, &format!("{line} --trust-config-diffids"), 0);
}

#[test]
fn what_is_no_image_is_not_signed_as_a_base() {
    let (user, registry) = (signer(), Registry::open());
    let digest = crate::signing::push(&user, &registry, "note:v1", "hello");
    let line = format!("{SIGN} {}", registry.name(&format!("note@{digest}")));
    refused(&user, &line, 21, "configuration names no layers");
    refused(
        &user,
        "base sign --key a.key --tlog-upload=false --expires 3w reg.local/a",
        1,
        r#""3w" is no span of time"#,
    );
}
