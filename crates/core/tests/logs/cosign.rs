//! Entries of what cosign 2.6.1 and 3.1.2 wrote; `data/golden/ORIGIN.md` says where they are from.

use super::*;
use countersign_core::log::check_distinct;
use countersign_core::log::promise::PromiseError;
use serde_json::Value;
use std::collections::BTreeMap;

fn golden(name: &str) -> Vec<u8> {
    data(&format!("golden/{name}"))
}

fn key(name: &str) -> PublicKey {
    PublicKey::from_pem(&golden(&format!("keys/{name}.pub"))).unwrap()
}

fn blob(name: &str) -> Bundle {
    Bundle::from_json(&golden(&format!("blobs/{name}.json"))).unwrap()
}

fn proven(bundle: &Bundle, signer: &str) -> Result<ProvenEntry, LogRejection> {
    judge(bundle, &message(&golden("blobs/hello.txt")), Some(&key(signer)))
}

/// The first layer under the `.sig` or `.att` tag of an artefact's image, and its annotations.
fn layer(artefact: &str, suffix: &str) -> (Vec<u8>, BTreeMap<String, String>) {
    let json = |path: &str| serde_json::from_slice::<Value>(&golden(&format!("layouts/{artefact}/{path}"))).unwrap();
    let blob = |descriptor: &Value| {
        let hex = descriptor["digest"].as_str().unwrap().trim_start_matches("sha256:");
        format!("blobs/sha256/{hex}")
    };
    let index = json("index.json");
    let tagged = index["manifests"].as_array().unwrap().iter().find(|entry| {
        let name = entry["annotations"]["org.opencontainers.image.ref.name"].as_str();
        name.is_some_and(|name| name.ends_with(suffix))
    });
    let layer = &json(&blob(tagged.unwrap()))["layers"][0];
    let annotations = serde_json::from_value(layer["annotations"].clone()).unwrap();
    (golden(&format!("layouts/{artefact}/{}", blob(layer))), annotations)
}

#[test]
fn bundles_of_blobs_are_proven() {
    for (name, signer, is_promised) in [
        ("blob-v2-new-bundle", "cosign", true),
        ("blob-v3-key-rekor1", "cosign", true),
        ("blob-v3-keyless-rekor1", "cosign", true),
        ("blob-v3-attest", "cosign", false),
        ("blob-v3-key", "cosign", false),
        ("blob-v3-key-p384", "p384", false),
        ("blob-v3-key-p521", "p521", false),
        ("blob-v3-key-rsa2048", "rsa2048", false),
        ("blob-v3-key-rsa4096", "rsa4096", false),
    ] {
        let proven = proven(&blob(name), signer).unwrap_or_else(|rejection| panic!("{name}: {rejection}"));
        assert_eq!(proven.integrated_time().is_some(), is_promised, "{name}");
    }
}

#[test]
fn layers_of_signatures_are_proven_by_their_promise() {
    for (artefact, signer) in [
        ("v2-key", "cosign"),
        ("v2-key-rsa2048", "rsa2048"),
        ("v2-key-rsa4096", "rsa4096"),
        ("v2-annotations", "cosign"),
    ] {
        let signed = {
            let (payload, annotations) = layer(artefact, ".sig");
            Bundle::from_legacy_layer(payload, &annotations).unwrap()
        };
        let proven = proven(&signed, signer).unwrap_or_else(|rejection| panic!("{artefact}: {rejection}"));
        assert!(proven.integrated_time().is_some());
    }
}

#[test]
fn layers_of_attestations_are_proven_by_their_promise() {
    for artefact in ["v2-attest-vuln", "v2-attest-spdxjson", "v2-attest-keyless"] {
        let attested = {
            let (envelope, annotations) = layer(artefact, ".att");
            Bundle::from_legacy_attestation(&envelope, &annotations).unwrap()
        };
        let proven = proven(&attested, "cosign").unwrap_or_else(|rejection| panic!("{artefact}: {rejection}"));
        assert!(proven.integrated_time().is_some());
    }
}

#[test]
fn the_bundle_file_of_an_attestation_is_proven_by_its_promise() {
    let bundle = Bundle::attestation_from_file(&golden("blobs/blob-v2-attest.json")).unwrap();
    assert!(proven(&bundle, "cosign").unwrap().integrated_time().is_some());
}

#[test]
fn an_entry_of_another_layer_is_refused() {
    let layer = Bundle::from_legacy_layer(layer("v2-annotations", ".sig").0, &layer("v2-key", ".sig").1).unwrap();
    assert_matches!(
        proven(&layer, "cosign"),
        Err(LogRejection::Body(countersign_core::log::body::BodyError::Hash { .. }))
    );
}

#[test]
fn the_same_entry_twice_is_refused() {
    let bundle = blob("damaged-two-tlog-entries-same");
    assert_matches!(check_distinct(bundle.log_entries()), Err(LogRejection::Repeated { .. }));
    assert_matches!(check_distinct(blob("blob-v3-key").log_entries()), Ok(()));
}

#[test]
fn a_root_that_the_log_did_not_sign_is_refused() {
    assert_matches!(
        proven(&blob("damaged-root-hash-flipped"), "cosign"),
        Err(LogRejection::OtherTree { .. })
    );
}

#[test]
fn a_promise_that_was_changed_is_refused() {
    for name in ["damaged-rekor1-set-flipped", "damaged-rekor1-time-changed"] {
        assert_matches!(
            proven(&blob(name), "cosign"),
            Err(LogRejection::Promise(PromiseError::Mismatch))
        );
    }
}
