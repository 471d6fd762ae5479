//! Entries of Sigstore's logs; `data/logs/ORIGIN.md` says where they are from.

use super::*;
use countersign_core::log::body::BodyError;
use countersign_core::log::merkle::MerkleError;
use countersign_core::log::promise::PromiseError;
use countersign_core::{Digest, Signature};
use serde_json::{Value, json};

/// Bundle, and when the log promised that it took the entry.
const LOGGED: &[(&str, Option<&str>)] = &[
    ("hashedrekord-1", Some("2023-07-12T15:56:36Z")),
    ("sha512", Some("2026-05-26T14:22:04Z")),
    ("dsse", Some("2024-12-16T18:42:56Z")),
    ("intoto", Some("2023-04-20T17:17:18Z")),
    ("intoto-key", Some("2024-05-16T17:12:06Z")),
    ("rekor-2", None),
    ("rekor-2-envelope", None),
];

fn json_of(name: &str) -> Value {
    serde_json::from_slice(&data(&format!("logs/bundles/{name}.json"))).unwrap()
}

fn edited(name: &str, edit: impl FnOnce(&mut Value)) -> Bundle {
    let mut json = json_of(name);
    edit(&mut json["verificationMaterial"]["tlogEntries"][0]);
    Bundle::from_json(&serde_json::to_vec(&json).unwrap()).unwrap()
}

fn bundle(name: &str) -> Bundle {
    edited(name, |_| {})
}

fn artifact() -> Message {
    message(&data("logs/a.txt"))
}

fn npm() -> PublicKey {
    PublicKey::from_pem(&data("logs/npm.pub")).unwrap()
}

fn proven(bundle: &Bundle) -> Result<ProvenEntry, LogRejection> {
    judge(bundle, &artifact(), Some(&npm()))
}

#[test]
fn entries_of_every_kind_are_proven() {
    for (name, time) in LOGGED {
        let proven = proven(&bundle(name)).unwrap_or_else(|rejection| panic!("{name}: {rejection}"));
        let found = proven.integrated_time().map(|time| time.to_string());
        assert_eq!(found.as_deref(), *time, "{name}");
        assert_eq!(proven.log().id(), proven.entry().log_id());
    }
}

#[test]
fn a_kind_that_rekor_2_refuses_is_refused() {
    assert_matches!(
        proven(&bundle("dsse-2")),
        Err(LogRejection::Body(BodyError::UnknownKind { found })) if found.as_str() == "dsse 0.0.2"
    );
}

#[test]
fn an_entry_that_claims_another_kind_is_refused() {
    for (name, _) in LOGGED {
        let bundle = edited(name, |entry| entry["kindVersion"]["version"] = json!("0.0.9"));
        assert_matches!(proven(&bundle), Err(LogRejection::Body(BodyError::OtherKind { .. })));
    }
}

#[test]
fn an_entry_is_not_about_another_file() {
    let other = message(b"other");
    for name in ["hashedrekord-1", "sha512", "rekor-2"] {
        assert_matches!(
            judge(&bundle(name), &other, None),
            Err(LogRejection::Body(BodyError::Hash { .. }))
        );
    }
}

#[test]
fn an_entry_needs_the_hash_it_has_of_a_file() {
    let named = Message::named(Digest::sha256(&data("logs/a.txt")));
    assert_matches!(judge(&bundle("hashedrekord-1"), &named, None), Ok(_));
    assert_matches!(
        judge(&bundle("sha512"), &named, None),
        Err(LogRejection::Body(BodyError::HashUnknown {
            expected: SignatureDigest::Sha512
        }))
    );
}

#[test]
fn an_entry_is_not_about_another_signature() {
    for name in ["hashedrekord-1", "rekor-2"] {
        let mut json = json_of(name);
        json["messageSignature"]["signature"] = json!("AAEC");
        let bundle = Bundle::from_json(&serde_json::to_vec(&json).unwrap()).unwrap();
        assert_matches!(
            proven(&bundle),
            Err(LogRejection::Body(BodyError::Signature { expected, .. }))
                if expected == Signature::new(vec![0, 1, 2])
        );
    }
    for name in ["dsse", "intoto"] {
        let mut json = json_of(name);
        json["dsseEnvelope"]["signatures"][0]["sig"] = json!("AAEC");
        let bundle = Bundle::from_json(&serde_json::to_vec(&json).unwrap()).unwrap();
        assert_matches!(proven(&bundle), Err(LogRejection::Body(BodyError::Signature { .. })));
    }
}

#[test]
fn an_entry_is_not_about_another_payload() {
    for name in ["dsse", "intoto", "intoto-key", "rekor-2-envelope"] {
        let mut json = json_of(name);
        json["dsseEnvelope"]["payload"] = json!("e30=");
        let bundle = Bundle::from_json(&serde_json::to_vec(&json).unwrap()).unwrap();
        assert_matches!(proven(&bundle), Err(LogRejection::Body(BodyError::Hash { .. })));
    }
    for name in ["intoto", "intoto-key"] {
        let mut json = json_of(name);
        json["dsseEnvelope"]["payloadType"] = json!("text/plain");
        let bundle = Bundle::from_json(&serde_json::to_vec(&json).unwrap()).unwrap();
        assert_matches!(proven(&bundle), Err(LogRejection::Body(BodyError::PayloadType { .. })));
    }
}

#[test]
fn an_entry_is_not_about_another_verifier() {
    let raw = json_of("rekor-2")["verificationMaterial"]["certificate"]["rawBytes"].clone();
    let certificate = Certificate::from_der(&STANDARD.decode(raw.as_str().unwrap()).unwrap()).unwrap();
    let other = certificate.public_key().unwrap();
    assert_matches!(
        judge(&bundle("intoto-key"), &artifact(), Some(other)),
        Err(LogRejection::Body(BodyError::Verifier { .. }))
    );
    let mut json = json_of("hashedrekord-1");
    json["verificationMaterial"]["x509CertificateChain"]["certificates"][0] =
        json_of("rekor-2")["verificationMaterial"]["certificate"].clone();
    let bundle = Bundle::from_json(&serde_json::to_vec(&json).unwrap()).unwrap();
    assert_matches!(proven(&bundle), Err(LogRejection::Body(BodyError::Verifier { .. })));
}

#[test]
fn a_promise_is_for_its_time_and_place() {
    for (member, value) in [("integratedTime", "1689177397"), ("logIndex", "27246493")] {
        let bundle = edited("hashedrekord-1", |entry| entry[member] = json!(value));
        assert_matches!(proven(&bundle), Err(LogRejection::Promise(PromiseError::Mismatch)));
    }
}

#[test]
fn a_proof_is_for_its_place_and_its_path() {
    for (name, _) in LOGGED.iter().filter(|row| row.0 != "intoto") {
        let bundle = edited(name, |entry| {
            let hashes = entry["inclusionProof"]["hashes"].as_array_mut().unwrap();
            hashes.swap(0, 1);
        });
        assert_matches!(
            proven(&bundle),
            Err(LogRejection::NotIncluded(MerkleError::Root { .. }))
        );
    }
    let bundle = edited("hashedrekord-1", |entry| {
        entry["inclusionProof"]["logIndex"] = json!("23083060");
    });
    assert_matches!(proven(&bundle), Err(LogRejection::NotIncluded(_)));
    let bundle = edited("rekor-2", |entry| entry["inclusionProof"]["logIndex"] = json!("734"));
    assert_matches!(
        proven(&bundle),
        Err(LogRejection::OtherPlace {
            expected: 735,
            found: 734
        })
    );
}

#[test]
fn what_rekor_2_logged_is_rebuilt_to_the_byte() {
    for name in ["rekor-2", "rekor-2-envelope"] {
        let bundle = edited(name, |entry| {
            entry.as_object_mut().unwrap().remove("canonicalizedBody");
        });
        assert_eq!(bundle.log_entries()[0].body(), b"");
        proven(&bundle).unwrap_or_else(|rejection| panic!("{name}: {rejection}"));
    }
}

/// The log of `hashedrekord-1`, trusted from one time to another.
fn trusted(start: Option<&str>, end: Option<&str>) -> Result<ProvenEntry, LogRejection> {
    let time = |text: Option<&str>| text.map(|text| text.parse().unwrap());
    let log = logs().into_iter().next().unwrap();
    let validity = Validity::new(time(start), time(end));
    let log = TransparencyLog::new(log.url().to_owned(), log.key().clone(), log.id(), validity);
    judge_with(&bundle("hashedrekord-1"), &artifact(), None, &[log], &[])
}

#[test]
fn the_end_of_a_logs_validity_is_in_it_and_its_start_is_said() {
    let start = Some("2021-01-12T11:53:27Z");
    assert_matches!(trusted(start, Some("2023-07-12T15:56:36Z")), Ok(_));
    assert_matches!(
        trusted(start, Some("2023-07-12T15:56:35Z")),
        Err(LogRejection::NotTrusted { .. })
    );
    assert_matches!(trusted(None, None), Err(LogRejection::NoStart));
}
