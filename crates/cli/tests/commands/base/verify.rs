use countersign_core::Digest;
use serde_json::{Value, json};

use super::{Layer, SIGN, VERIFY, expect, gzip, layers, manifest, push, push_with, refused, signed_base};
use crate::harness::User;
use crate::registry::Registry;
use crate::signing::{push_manifest, signer};

/// A signed base, an image upon it, and the line that verifies that.
fn image(user: &User, contents: &[&str]) -> (Registry, String) {
    let registry = signed_base(user, "");
    push(&registry, "app:v1", &layers(contents));
    let line = verifying(&registry, "app:v1");
    (registry, line)
}

fn verifying(registry: &Registry, name: &str) -> String {
    format!(
        "{VERIFY} --base-repository {} {}",
        registry.name("base"),
        registry.name(name)
    )
}

#[test]
fn a_base_is_found_by_its_layers_and_told_with_what_is_above() {
    let user = signer();
    let (registry, line) = image(&user, &["a", "b", "c", "d"]);
    let verified = expect(&user, &line, 0);
    for text in [
        "of 4 layers stands on\n",
        "  layers 1-2: a signed base, signed by \"key ",
        &format!(" as \"{}\", issued 2026-11-22T12:00:00Z (", registry.name("base")),
        "  layers 3-4: no base\n",
    ] {
        assert!(verified.text().contains(text), "{text}: {verified}");
    }
    let json = expect(&user, &format!("{line} --output json"), 0);
    let object: Value = serde_json::from_slice(&json.stdout).expect("it is JSON");
    let image = &object["images"][0];
    assert_eq!(image["verified"], true);
    assert_eq!(image["bases"][0]["layers"], 2);
    assert_eq!(image["layers"][1]["bases"], json!(["a signed base"]));
    assert_eq!(image["layers"][1]["known"], "by its digest in a statement");
    assert_eq!(image["layers"][2]["bases"], json!([]));
    assert_eq!(image["layers"][2]["known"], Value::Null);
}

#[test]
fn where_nothing_is_found_that_is_told_with_its_own_code() {
    let user = signer();
    let (registry, _) = image(&user, &["a", "b", "c"]);
    let line = format!("{VERIFY} {}", registry.name("app:v1"));
    refused(&user, &line, 10, "caused by: image does not stand on a signed base");
    let json = expect(&user, &format!("{line} --output json"), 10);
    let object: Value = serde_json::from_slice(&json.stdout).expect("it is JSON");
    assert_eq!(object["images"][0]["verified"], false);
    assert_eq!(object["images"][0]["error"]["code"], "no-signature");
}

/// A statement beside an image is refused for the layer in which it departs.
#[test]
fn layers_below_the_seam_that_are_swapped_reordered_dropped_or_inserted_are_refused() {
    let user = signer();
    let registry = signed_base(&user, "");
    for (tag, contents, layer) in [
        ("swapped", &["a", "x", "c"][..], 2),
        ("reordered", &["b", "a", "c"], 1),
        ("dropped", &["a", "c"], 2),
        ("inserted", &["a", "x", "b", "c"], 2),
    ] {
        attach_anyway(&user, &registry, tag, contents);
        let line = format!("{VERIFY} {}", registry.name(&format!("app:{tag}")));
        refused(&user, &line, 12, &format!(": layer {layer} is sha256:"));
    }
}

/// Attaches the statement of the base to an image that is not upon it.
fn attach_anyway(user: &User, registry: &Registry, tag: &str, contents: &[&str]) {
    let base = registry.name("base:v1");
    push(registry, &format!("app:{tag}"), &layers(contents));
    let shown = expect(user, &format!("base show --output json {base}"), 0);
    let shown: Value = serde_json::from_slice(&shown.stdout).expect("it is JSON");
    let place = shown["images"][0]["marks"][0]["place"]
        .as_str()
        .expect("a text")
        .to_owned();
    let digest = place.rsplit('@').next().expect("a digest");
    let referrer = manifest(registry, &format!("base@{digest}"));
    let bundle = referrer["layers"][0]["digest"].as_str().expect("a digest");
    let repository = registry.name("base").parse().expect("a repository");
    user.write(
        "bundle.json",
        registry.blob(&repository, &bundle.parse().expect("a digest")),
    );
    let line = format!(
        "attach attestation --attestation bundle.json {}",
        registry.name(&format!("app:{tag}"))
    );
    expect(user, &line, 0);
}

#[test]
fn marks_that_are_moved_to_another_layer_are_refused() {
    let (user, registry) = (signer(), Registry::open());
    push(&registry, "base:v1", &layers(&["a", "b"]));
    expect(&user, &format!("{SIGN} --embed {}", registry.name("base:v1")), 0);
    let marks = manifest(&registry, "base:v1")["layers"][1]["annotations"].clone();
    let text = |name: &str| marks[name].as_str().expect("a text").to_owned();
    for (name, reason) in [
        (
            "dev.cosign.signature.baseimage.bundle",
            "is on layer 3, expected layer 2, the last that is signed",
        ),
        ("dev.cosign.signature.baseimage", "signature does not verify with key "),
    ] {
        let mut moved = layers(&["a", "b", "c"]);
        moved[2] = moved[2].clone().annotated(name, &text(name));
        push(&registry, "app:v1", &moved);
        let line = format!("{VERIFY} {}", registry.name("app:v1"));
        refused(&user, &line, 12, &format!("annotation of layer 3: {reason}"));
    }
}

#[test]
fn what_a_stranger_has_signed_is_refused() {
    let user = signer();
    let (registry, line) = image(&user, &["a", "b", "c"]);
    refused(&user, &line.replace("a.pub", "b.pub"), 12, "does not verify with key ");
    let bundles = format!("{VERIFY} {}", registry.name("base:v1")).replace("a.pub", "b.pub");
    refused(&user, &bundles, 12, "does not verify with key ");
}

#[test]
fn a_layer_that_is_compressed_anew_is_known_by_its_content() {
    let user = signer();
    let (registry, line) = image(&user, &["a", "b", "c"]);
    let anew = [
        Layer::of("a").stored_as(gzip(b"a", 0)),
        Layer::of("b").stored_as(b"b".to_vec()),
        Layer::of("c"),
    ];
    push(&registry, "app:v1", &anew);
    let json = expect(&user, &format!("{line} --output json"), 0);
    let object: Value = serde_json::from_slice(&json.stdout).expect("it is JSON");
    for layer in [0, 1] {
        assert_eq!(object["images"][0]["layers"][layer]["known"], "by its content");
    }
}

#[test]
fn a_layer_that_is_not_what_the_configuration_says_is_refused() {
    let user = signer();
    let (registry, line) = image(&user, &["a", "b", "c"]);
    let lying = [
        Layer::of("a"),
        Layer::of("b").stored_as(gzip(b"evil", 6)),
        Layer::of("c"),
    ];
    push(&registry, "app:v1", &lying);
    let expected = format!(
        "layer 2 unpacks to {}, its configuration says {}",
        Digest::sha256(b"evil"),
        Digest::sha256(b"b")
    );
    refused(&user, &line, 12, &expected);
    let trusted = expect(&user, &format!("{line} --trust-config-diffids"), 0);
    assert!(
        trusted.text().contains("  1 layers on the word of the configuration\n"),
        "{trusted}"
    );
}

#[test]
fn a_layer_that_cannot_be_looked_into_is_an_error() {
    let user = signer();
    let (registry, line) = image(&user, &["a", "b", "c"]);
    let zstd = &ZSTD[..ZSTD.len() - 1];
    let mut cut = gzip(b"b", 6);
    cut.truncate(cut.len() - 6);
    let mut wrong = gzip(b"b", 6);
    let last = wrong.len() - 6;
    wrong[last] ^= 1;
    for (blob, reason) in [
        (
            zstd.to_vec(),
            "what is in layer 2 cannot be compared with the configuration: ",
        ),
        (cut, "what is in layer 2 cannot be compared with the configuration: "),
        (wrong, "what is in layer 2 cannot be compared with the configuration: "),
    ] {
        push(
            &registry,
            "app:v1",
            &[Layer::of("a"), Layer::of("b").stored_as(blob), Layer::of("c")],
        );
        refused(&user, &line, 1, reason);
    }
}

/// A frame of Zstandard with one block, which holds "b".
const ZSTD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd, 0x20, 0x01, 0x09, 0x00, 0x00, b'b'];

#[test]
fn a_layer_that_is_compressed_with_zstd_is_looked_into() {
    let user = signer();
    let (registry, line) = image(&user, &["a", "b", "c"]);
    let recompressed = Layer::of("b").stored_as(ZSTD.to_vec());
    push(&registry, "app:v1", &[Layer::of("a"), recompressed, Layer::of("c")]);
    expect(&user, &line, 0);
    let mut other = ZSTD.to_vec();
    *other.last_mut().unwrap() = b'x';
    let recompressed = Layer::of("b").stored_as(other);
    push(&registry, "app:v1", &[Layer::of("a"), recompressed, Layer::of("c")]);
    let expected = format!(
        "layer 2 unpacks to {}, its configuration says {}",
        Digest::sha256(b"x"),
        Digest::sha256(b"b")
    );
    refused(&user, &line, 12, &expected);
}

#[test]
fn more_or_fewer_diff_ids_than_layers_are_refused() {
    let user = signer();
    let (registry, line) = image(&user, &["a", "b", "c"]);
    for count in [2, 4] {
        let ids: Vec<Digest> = ["a", "b", "c", "d"]
            .iter()
            .take(count)
            .map(|id| Digest::sha256(id.as_bytes()))
            .collect();
        let config = json!({"os": "linux", "rootfs": {"type": "layers", "diff_ids": ids}});
        push_with(&registry, "app:v1", &layers(&["a", "b", "c"]), &config, json!({}));
        let expected = format!("configuration has {count} diff ids, expected 3, one for each layer of the manifest");
        refused(&user, &line, 21, &expected);
    }
}

#[test]
fn a_manifest_that_programs_read_differently_is_refused() {
    let user = signer();
    let (registry, line) = image(&user, &["a", "b", "c"]);
    let mut content = manifest(&registry, "app:v1");
    content["Layers"] = json!([]);
    let name = registry.name("app:v1").parse().expect("a name");
    push_manifest(&registry, &name, &content, "application/vnd.oci.image.manifest.v1+json");
    refused(
        &user,
        &line,
        12,
        r#"manifest has "layers" twice, or in another case too"#,
    );
    let mut content = manifest(&registry, "app:v1");
    content.as_object_mut().expect("an object").remove("Layers");
    content["layers"][0]["Digest"] = content["layers"][2]["digest"].clone();
    push_manifest(&registry, &name, &content, "application/vnd.oci.image.manifest.v1+json");
    refused(
        &user,
        &line,
        12,
        r#"manifest has "digest" twice, or in another case too"#,
    );
}

#[test]
fn an_old_base_is_refused_by_expiry_by_age_and_by_deny_list() {
    let user = signer();
    let registry = signed_base(&user, "--expires 30d");
    push(&registry, "app:v1", &layers(&["a", "b", "c"]));
    let line = verifying(&registry, "app:v1");
    expect(&user, &line, 0);
    let later = user.clone().at("2026-12-22T12:00:01Z");
    let expired = "expired at 2026-12-22T12:00:00Z, now it is 2026-12-22T12:00:01Z";
    refused(&later, &line, 12, expired);
    let aged = user.clone().at("2026-12-02T12:00:01Z");
    expect(&aged, &format!("{line} --base-max-age 11d"), 0);
    refused(
        &aged,
        &format!("{line} --base-max-age 10d"),
        12,
        "was issued at 2026-11-22T12:00:00Z, expected within 10d before 2026-12-02T12:00:01Z",
    );
    let chain_id = format!("{} {}", Digest::sha256(b"a"), Digest::sha256(b"b"));
    let chain_id = Digest::sha256(chain_id.as_bytes());
    let denied = format!("policy denies the base {chain_id}, which is the lowest 2 layers");
    refused(&user, &format!("{line} --base-deny {chain_id}"), 12, &denied);
}

#[test]
fn a_base_without_a_date_is_refused_where_its_age_counts() {
    let (user, registry) = (signer(), Registry::open());
    push(&registry, "base:v1", &layers(&["a", "b"]));
    expect(&user, &format!("{SIGN} --embed {}", registry.name("base:v1")), 0);
    let marks = manifest(&registry, "base:v1")["layers"][1]["annotations"].clone();
    let name = "dev.cosign.signature.baseimage";
    let mut upon = layers(&["a", "b", "c"]);
    upon[1] = upon[1].clone().annotated(name, marks[name].as_str().expect("a text"));
    push(&registry, "app:v1", &upon);
    let line = format!("{VERIFY} {}", registry.name("app:v1"));
    expect(&user, &line, 0);
    refused(
        &user,
        &format!("{line} --base-max-age 90d"),
        12,
        "has no date, expected one within 90d",
    );
}

#[test]
fn bases_may_be_authorised_by_what_they_are() {
    let (user, registry) = (User::new(), Registry::open());
    let digest = push(&registry, "base:v1", &layers(&["a", "b"]));
    push(&registry, "app:v1", &layers(&["a", "b", "c"]));
    push(&registry, "other:v1", &layers(&["b", "a", "c"]));
    let base = registry.name(&format!("base@{digest}"));
    let verified = expect(
        &user,
        &format!("base verify --base {base} {}", registry.name("app:v1")),
        0,
    );
    assert!(
        verified
            .text()
            .contains(&format!("  layers 1-2: {base}, by its chain id (policy)\n")),
        "{verified}"
    );
    let other = format!("base verify --base {base} {}", registry.name("other:v1"));
    refused(&user, &other, 10, &format!("image does not stand on {base}"));
    let chain_id = Digest::sha256(b"a");
    expect(
        &user,
        &format!("base verify --base {chain_id} {}", registry.name("app:v1")),
        0,
    );
    let tag = format!(
        "base verify --base {} {}",
        registry.name("base:v1"),
        registry.name("app:v1")
    );
    refused(&user, &tag, 1, "a tag says of no base which one it is; give a digest");
}

#[test]
fn so_many_layers_may_be_above() {
    let user = signer();
    let (_registry, line) = image(&user, &["a", "b", "c", "d"]);
    expect(&user, &format!("{line} --max-layers-above 2"), 0);
    refused(
        &user,
        &format!("{line} --max-layers-above 1"),
        12,
        "there are 2 layers above the outermost base, the limit is 1",
    );
}

/// Nested bases, each of another signer, by a policy file.
#[test]
fn a_nest_is_told_by_a_policy_file() {
    let user = signer();
    let registry = signed_base(&user, "");
    push(&registry, "company:v1", &layers(&["a", "b", "c"]));
    let line = format!("{SIGN} {}", registry.name("company:v1")).replace("a.key", "b.key");
    expect(&user, &line, 0);
    push(&registry, "app:v1", &layers(&["a", "b", "c", "d"]));
    let policy = |require: &str| {
        let policy = json!({
            "version": 1, "signers": [{"name": "alice", "key": "a.pub"}], "logs": 0,
            "bases": {"require": require, "authorised": [
                {"name": "distribution", "key": "a.pub", "repositories": [registry.name("base")]},
                {"name": "company", "key": "b.pub", "repositories": [registry.name("company")]},
            ]},
        });
        user.write("p.yaml", policy.to_string());
        format!("base verify --trust-policy p.yaml {}", registry.name("app:v1"))
    };
    for require in ["any", "all", "innermost", "outermost"] {
        let verified = expect(&user, &policy(require), 0);
        for text in [
            "  layers 1-2: distribution, signed by",
            "  layers 1-3: company, signed by",
            "  layer 4: no base\n",
        ] {
            assert!(verified.text().contains(text), "{text}: {verified}");
        }
    }
    push(&registry, "app:v1", &layers(&["a", "b", "d"]));
    expect(&user, &policy("any"), 0);
    expect(&user, &policy("innermost"), 0);
    refused(&user, &policy("all"), 10, "image does not stand on company");
    refused(&user, &policy("outermost"), 10, "image does not stand on company");
}

#[test]
fn flags_that_contradict_a_policy_or_mean_nothing_are_refused() {
    let user = signer();
    user.write("p.yaml", "version: 1\nsigners: [{key: a.pub}]\nlogs: 0\n");
    let without = "base verify --trust-policy p.yaml reg.local/a";
    refused(&user, without, 1, "the policy has no section `bases`");
    let digest = Digest::sha256(b"a");
    let section = format!("bases: {{authorised: [{{digests: ['{digest}']}}]}}\n");
    user.write(
        "p.yaml",
        format!("version: 1\nsigners: [{{key: a.pub}}]\nlogs: 0\n{section}"),
    );
    for (flag, reason) in [
        (format!("--base {digest}"), "--base: the policy says it"),
        ("--base-max-age 9d".to_owned(), "--base-max-age: the policy says it"),
        (
            "--base-current reg.local/a:b".to_owned(),
            "--base-current: the policy says it",
        ),
        (
            "--max-layers-above 3".to_owned(),
            "--max-layers-above: the policy says it",
        ),
        ("--max-workers 0".to_owned(), "--max-workers must be greater than 0"),
    ] {
        refused(&user, &format!("{without} {flag}"), 1, reason);
    }
    let aged = format!("base verify --base {digest} --base-max-age 9d reg.local/a");
    refused(&user, &aged, 1, "--base-max-age is of what is signed");
    refused(
        &user,
        "base verify --base-max-age 9 reg.local/a",
        1,
        r#""9" is no span of time"#,
    );
}
