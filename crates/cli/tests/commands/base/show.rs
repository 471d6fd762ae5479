use serde_json::Value;

use super::{SIGN, expect, layers, push, push_with, refused, signed_base};
use crate::harness::User;
use crate::registry::Registry;
use crate::signing::signer;

#[test]
fn what_is_signed_of_the_bases_is_shown_with_the_chain_ids() {
    let user = signer();
    let registry = signed_base(&user, "--name debian");
    push(&registry, "app:v1", &layers(&["a", "b", "c"]));
    let line = format!(
        "base show --base {} {}",
        registry.name("base:v1"),
        registry.name("app:v1")
    );
    let shown = expect(&user, &line, 0);
    assert!(shown.stderr.contains("Nothing shown here is verified"), "{shown}");
    for text in [
        "of 3 layers\n".trim_start_matches("of "),
        "  layers 1-2: \"debian\" by key ",
        ", issued 2026-11-22T12:00:00Z (referrer ",
        "  layers 1-2: by a key (",
        "  chain id of layer 1: sha256:",
        "  chain id of layers 1-3: sha256:",
    ] {
        assert!(shown.text().contains(text), "{text}: {shown}");
    }
    let json = expect(&user, &format!("{line} --output json"), 0);
    let object: Value = serde_json::from_slice(&json.stdout).expect("it is JSON");
    let image = &object["images"][0];
    assert_eq!(object["schemaVersion"], 1);
    assert_eq!(image["chainIds"].as_array().map(Vec::len), Some(3));
    assert_eq!(image["marks"][0]["name"], "debian");
    assert_eq!(image["marks"][0]["layers"], 2);
    assert_eq!(image["marks"][0]["chainId"], image["chainIds"][1]);
}

#[test]
fn marks_of_other_layers_are_said_to_be_that() {
    let user = signer();
    let registry = signed_base(&user, "");
    push(&registry, "app:v1", &layers(&["a", "x", "c"]));
    let line = format!(
        "base show --base {} {}",
        registry.name("base:v1"),
        registry.name("app:v1")
    );
    let shown = expect(&user, &line, 0);
    assert!(shown.text().contains("  not about these layers (referrer "), "{shown}");
}

/// What the image and its build name is looked at here, and never where images are verified.
#[test]
fn bases_that_the_image_names_are_looked_at() {
    let user = signer();
    let registry = signed_base(&user, "");
    let config = serde_json::json!({
        "os": "linux", "config": {"Labels": {"org.opencontainers.image.base.name": registry.name("base:v1")}},
        "rootfs": {"diff_ids": ids(&["a", "b", "c"])},
    });
    push_with(
        &registry,
        "app:v1",
        &layers(&["a", "b", "c"]),
        &config,
        serde_json::json!({}),
    );
    let shown = expect(&user, &format!("base show {}", registry.name("app:v1")), 0);
    assert!(shown.text().contains("  layers 1-2: "), "{shown}");
    let annotations = serde_json::json!({"org.opencontainers.image.base.name": registry.name("base:v1")});
    let config = serde_json::json!({"os": "linux", "rootfs": {"diff_ids": ids(&["a", "b", "c"])}});
    push_with(&registry, "app:v2", &layers(&["a", "b", "c"]), &config, annotations);
    let shown = expect(&user, &format!("base show {}", registry.name("app:v2")), 0);
    assert!(shown.text().contains("  layers 1-2: "), "{shown}");
}

fn ids(contents: &[&str]) -> Vec<countersign_core::Digest> {
    contents
        .iter()
        .map(|content| countersign_core::Digest::sha256(content.as_bytes()))
        .collect()
}

#[test]
fn an_image_that_is_not_there_is_told() {
    let registry = Registry::open();
    let user = User::new();
    refused(
        &user,
        &format!("base show {}", registry.name("app:v1")),
        11,
        "image tag not found",
    );
    refused(
        &user,
        &format!("{SIGN} {}", registry.name("app:v1")),
        11,
        "image tag not found",
    );
}
