//! Bases of images among real tools: crane builds upon them, rebases and copies, skopeo compresses anew and converts, and cosign
//! verifies what is signed of them.

#[path = "bases/above.rs"]
mod above;
#[path = "bases/carried.rs"]
mod carried;
#[path = "bases/concurrent.rs"]
mod concurrent;
#[path = "bases/keyless.rs"]
mod keyless;
#[path = "bases/place.rs"]
mod place;

use countersign_core::Digest;
use countersign_interop::keys::{generate, import};
use countersign_interop::{Kind, Peers, Registry, Run};
use place::Place;
use serde_json::{Value, json};

/// The kinds of keys whose signatures over files every cosign verifies.
const KINDS: [&str; 3] = ["ecdsa-p256", "ecdsa-p384", "rsa-3072"];

const PREDICATE_TYPE: &str = "https://countersign.dev/base-image/v1";

#[test]
fn cosign_verifies_the_signature_over_the_layers_of_a_derived_image() {
    let Some(peers) = Peers::find() else { return };
    let registry = Registry::start(&peers, Kind::Serve);
    for kind in KINDS {
        let key = import(&peers, "cosign3", kind);
        let place = Place::new(&peers, &registry, kind);
        place.base(&key, "base:v1", &["one", "two"], &["--embed"]);
        place.append("base:v1", "three", "app:v1");
        // from the image alone: its configuration, and the annotation
        let (manifest, config) = place.read("app:v1");
        let signature = manifest["layers"][1]["annotations"]["dev.cosign.signature.baseimage"]
            .as_str()
            .unwrap_or_else(|| panic!("no annotation: {manifest}"));
        let ids: Vec<&str> = strings(&config["rootfs"]["diff_ids"]);
        let chain_id = Digest::sha256(format!("{} {}", ids[0], ids[1]).as_bytes());
        let payload = format!(
            r#"{{"chainID":"{chain_id}","diffIDs":["{}","{}"],"type":"base-image-layers/v1"}}"#,
            ids[0], ids[1]
        );
        let (payload_file, signature_file) = (place.file("payload", &payload), place.file("signature", signature));
        for cosign in ["cosign2", "cosign3"] {
            let verify = |payload: &str| {
                let arguments = ["verify-blob", "--key", &key.public, "--insecure-ignore-tlog"];
                Run::new(&peers, cosign, &arguments)
                    .with(&["--signature", &signature_file, payload])
                    .end()
            };
            let verified = verify(&payload_file);
            assert!(verified.succeeded(), "{kind}: {verified:#?}");
            let other = place.file("other", &payload.replace("v1", "v2"));
            assert!(!verify(&other).succeeded(), "{kind}: {cosign} verifies anything");
        }
    }
}

#[test]
fn what_cosign_signs_of_the_layers_counts_as_a_base() {
    let Some(peers) = Peers::find() else { return };
    let registry = Registry::start(&peers, Kind::Serve);
    let key = generate(&peers, "cosign3", "key");
    let place = Place::new(&peers, &registry, "signed-by-cosign");
    place.push("base:v1", &["one", "two"]);
    let (manifest, config) = place.read("base:v1");
    let ids = strings(&config["rootfs"]["diff_ids"]);
    let chain_id = Digest::sha256(format!("{} {}", ids[0], ids[1]).as_bytes());
    let payload = json!({"chainID": chain_id.as_str(), "diffIDs": ids, "type": "base-image-layers/v1"}).to_string();
    let payload = place.file("payload", &payload);
    let signature = place.file("signature", "");
    let arguments = [
        "sign-blob",
        "--key",
        &key.private,
        "-y",
        "--tlog-upload=false",
        "--output-signature",
        &signature,
    ];
    drop(
        Run::new(&peers, "cosign2", &arguments)
            .with(&[&payload])
            .end()
            .expect_success(),
    );
    let signature = std::fs::read_to_string(&signature).unwrap_or_default();
    let mut marked = manifest.clone();
    marked["layers"][1]["annotations"] = json!({"dev.cosign.signature.baseimage": signature.trim()});
    place.put("base:marked", &marked);
    place.append("base:marked", "three", "app:v1");
    let verified = place.verify(&key, "app:v1", &[]).expect_success();
    assert!(verified.stdout.contains("  layers 1-2: a signed base"), "{verified:#?}");
}

#[test]
fn cosign_verifies_the_statement_at_the_base() {
    let Some(peers) = Peers::find() else { return };
    let registry = Registry::start(&peers, Kind::Serve);
    let key = generate(&peers, "cosign3", "key");
    let place = Place::new(&peers, &registry, "statement");
    place.base(&key, "base:v1", &["one", "two"], &[]);
    let (_, root) = peers.no_services();
    for (cosign, more) in [
        ("cosign3", &[][..]),
        ("cosign2", &["--new-bundle-format", "--trusted-root", &root]),
    ] {
        let arguments = [
            "verify-attestation",
            "--key",
            &key.public,
            "--insecure-ignore-tlog",
            "--type",
            PREDICATE_TYPE,
        ];
        let verified = Run::new(&peers, cosign, &arguments)
            .with(more)
            .with(&[&place.name("base:v1")])
            .end();
        assert!(verified.succeeded(), "{verified:#?}");
    }
}

#[test]
fn signatures_of_bases_survive_append_mutate_rebase_copy_save_and_load() {
    let Some(peers) = Peers::find() else { return };
    let registry = Registry::start(&peers, Kind::Serve);
    let key = generate(&peers, "cosign3", "key");
    let place = Place::new(&peers, &registry, "survive");
    place.base(&key, "base:v1", &["one", "two"], &["--embed"]);
    place.base(&key, "base:v2", &["one", "two anew", "more"], &["--embed"]);
    place.append("base:v1", "three", "app:v1");
    place.stands(&key, "app:v1", 2);
    place.crane(&[
        "mutate",
        &place.name("app:v1"),
        "--label",
        "a=b",
        "-t",
        &place.name("app:mutated"),
    ]);
    place.stands(&key, "app:mutated", 2);
    place.crane(&[
        "rebase",
        &place.name("app:v1"),
        "--old_base",
        &place.name("base:v1"),
        "--new_base",
        &place.name("base:v2"),
        "-t",
        &place.name("app:rebased"),
    ]);
    place.stands(&key, "app:rebased", 3);
    place.crane(&["copy", &place.name("app:v1"), &place.name("far:v1")]);
    place.stands(&key, "far:v1", 2);
    place.ours(&["copy", &place.name("app:v1"), &place.name("near:v1")]);
    place.stands(&key, "near:v1", 2);
    // without annotations, by what is attached
    place.base(&key, "plain:v1", &["four"], &[]);
    place.append("plain:v1", "five", "beside:v1");
    let attached = place.ours(&[
        "base",
        "attach",
        "--base",
        &place.name("plain:v1"),
        &place.name("beside:v1"),
    ]);
    assert!(attached.stderr.contains("layer 1: by key"), "{attached:#?}");
    place.ours(&["copy", &place.name("beside:v1"), &place.name("beside-far:v1")]);
    place.stands(&key, "beside-far:v1", 1);
    for image in ["app:v1", "beside:v1"] {
        let folder = place.path(&image.replace(':', "-"));
        place.ours(&["save", &place.name(image), "--dir", &folder]);
        let local = place.verify_name(&key, &format!("oci:{folder}"), &[]).expect_success();
        assert!(local.stdout.contains("a signed base, signed by"), "{local:#?}");
        place.ours(&["load", "--dir", &folder, &place.name("loaded:v1")]);
        drop(place.verify(&key, "loaded:v1", &[]).expect_success());
    }
}

#[test]
fn layers_below_the_base_that_crane_changes_are_refused() {
    let Some(peers) = Peers::find() else { return };
    let registry = Registry::start(&peers, Kind::Serve);
    let key = generate(&peers, "cosign3", "key");
    let place = Place::new(&peers, &registry, "refused");
    place.base(&key, "base:v1", &["one", "two"], &["--embed"]);
    place.append("base:v1", "three", "app:v1");
    place.crane(&["flatten", &place.name("app:v1"), "-t", &place.name("app:flat")]);
    let flat = place.verify(&key, "app:flat", &["--base-repository", &place.name("base")]);
    assert_eq!(flat.code, Some(10), "{flat:#?}");
    // another lowest layer, in manifest and configuration
    let (mut manifest, mut config) = place.read("app:v1");
    place.push("evil:v1", &["evil", "two"]);
    let (evil, evil_config) = place.read("evil:v1");
    manifest["layers"][0] = evil["layers"][0].clone();
    place.crane(&["copy", &place.name("evil:v1"), &place.name("app:evil")]);
    config["rootfs"]["diff_ids"][0] = evil_config["rootfs"]["diff_ids"][0].clone();
    manifest["config"] = place.blob(
        "app",
        "application/vnd.oci.image.config.v1+json",
        config.to_string().as_bytes(),
    );
    place.put("app:swapped", &manifest);
    let swapped = place.verify(&key, "app:swapped", &[]);
    assert_eq!(swapped.code, Some(12), "{swapped:#?}");
    assert!(
        swapped
            .stderr
            .contains("annotation of layer 2: signature does not verify with key"),
        "{swapped:#?}"
    );
    assert!(
        swapped.stderr.contains("annotation of layer 2: layer 1 is sha256:"),
        "{swapped:#?}"
    );
    // the blob only: the configuration still says what was signed
    let (mut manifest, _) = place.read("app:v1");
    manifest["layers"][0] = evil["layers"][0].clone();
    place.put("app:lying", &manifest);
    let lying = place.verify(&key, "app:lying", &[]);
    assert_eq!(lying.code, Some(12), "{lying:#?}");
    assert!(lying.stderr.contains("layer 1 unpacks to sha256:"), "{lying:#?}");
}

#[test]
fn what_skopeo_compresses_anew_or_converts_is_known_by_its_diff_ids() {
    let Some(peers) = Peers::find().filter(|peers| peers.has_or_says("skopeo")) else {
        return;
    };
    let registry = Registry::start(&peers, Kind::Serve);
    let key = generate(&peers, "cosign3", "key");
    let place = Place::new(&peers, &registry, "skopeo");
    place.base(&key, "base:v1", &["one", "two"], &[]);
    place.append("base:v1", "three", "app:v1");
    let base = ["--base-repository", &place.name("base")];
    drop(place.verify(&key, "app:v1", &base).expect_success());
    let app = format!("docker://{}", place.name("app:v1"));
    // schema 2
    place.skopeo(
        &["--format", "v2s2"],
        &app,
        &format!("docker://{}", place.name("app:v2s2")),
    );
    let (manifest, _) = place.read("app:v2s2");
    assert_eq!(
        manifest["mediaType"],
        "application/vnd.docker.distribution.manifest.v2+json"
    );
    drop(place.verify(&key, "app:v2s2", &base).expect_success());
    // compressed anew, for a registry that does not have the blobs
    let folder = format!("dir:{}", place.path("unpacked"));
    place.skopeo(&["--dest-decompress"], &app, &folder);
    let (gzip, zstd) = (
        Registry::start(&peers, Kind::Serve),
        Registry::start(&peers, Kind::Serve),
    );
    let (gzip, zstd) = (Place::new(&peers, &gzip, "gzip"), Place::new(&peers, &zstd, "zstd"));
    gzip.skopeo(&[], &folder, &format!("docker://{}", gzip.name("app:v1")));
    let (anew, _) = gzip.read("app:v1");
    let (before, _) = place.read("app:v1");
    assert_ne!(anew["layers"][0]["digest"], before["layers"][0]["digest"]);
    let json = gzip
        .verify(&key, "app:v1", &[&base[..], &["-o", "json"]].concat())
        .expect_success();
    assert!(json.stdout.contains(r#""known":"by its content""#), "{json:#?}");
    zstd.skopeo(
        &["--dest-compress-format", "zstd"],
        &folder,
        &format!("docker://{}", zstd.name("app:v1")),
    );
    let (anew, _) = zstd.read("app:v1");
    assert_eq!(
        anew["layers"][0]["mediaType"],
        "application/vnd.oci.image.layer.v1.tar+zstd"
    );
    drop(zstd.verify(&key, "app:v1", &base).expect_success());
}

fn strings(list: &Value) -> Vec<&str> {
    list.as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect()
}
