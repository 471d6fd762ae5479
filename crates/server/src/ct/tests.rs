use countersign_core::certificate::path::{Purpose, VerifiedPath, verify_path};
use countersign_core::certificate::sct::{SignedCertificateTimestamp, verify_detached};
use countersign_core::key::KeyAlgorithm;
use countersign_core::log::merkle::TreeHash;
use http_body_util::BodyExt;
use serde_json::Value;
use tempfile::TempDir;

use super::*;
use crate::log::Tile;

fn certificate(name: &str) -> Certificate {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../core/tests/data/certificates/stack");
    Certificate::from_pem(&std::fs::read(format!("{folder}/{name}.pem")).unwrap()).unwrap()
}

fn issuers() -> Vec<Certificate> {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../core/tests/data/certificates/stack/authority-1.pem"
    );
    Certificate::chain_from_pem(&std::fs::read(path).unwrap(), 4).unwrap()
}

fn log() -> (TempDir, CertificateLog) {
    let folder = tempfile::tempdir().unwrap();
    let key = Arc::new(PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap());
    let log = CertificateLog::open(
        folder.path(),
        Durability::ProcessCrash,
        "log.test",
        key,
        Timestamp::UNIX_EPOCH,
    );
    let log = log.unwrap();
    log.trust(issuers().iter().map(|issuer| issuer.as_der().to_vec()).collect())
        .unwrap();
    (folder, log)
}

fn path(leaf: &Certificate) -> VerifiedPath {
    let at = "2026-11-22T18:30:00Z".parse().unwrap();
    verify_path(leaf, &[], &issuers(), Purpose::CodeSigning, at).unwrap()
}

async fn submit(log: &CertificateLog, chain: &[&Certificate]) -> Value {
    let chain: Vec<_> = chain
        .iter()
        .map(|certificate| encode_bytes(certificate.as_der()))
        .collect();
    let now = "2026-11-22T18:30:01.234Z".parse().unwrap();
    let reply = log
        .submit(json!({ "chain": chain }).to_string().as_bytes(), false, now)
        .await
        .unwrap();
    let body = reply.response.into_body().collect().await.unwrap().to_bytes();
    serde_json::from_slice(&body).unwrap()
}

#[tokio::test]
async fn promise_for_a_certificate_verifies_and_the_entry_is_there() {
    let (_folder, log) = log();
    let leaf = certificate("leaf");
    let answer = submit(&log, &[&leaf]).await;
    assert_eq!(answer["sct_version"], 0);
    // The place of the entry: the first (C2SP static-ct-api, §SCT Extension).
    assert_eq!(answer["extensions"], "AAAFAAAAAAA=");
    let promise = SignedCertificateTimestamp::parse(answer.to_string().as_bytes()).unwrap();
    let trusted = [log.trusted("https://log.test/ct")];
    let seen = verify_detached(&path(&leaf), &promise, &trusted).unwrap();
    assert_eq!(seen.logs()[0].at().to_string(), "2026-11-22T18:30:01.234Z");

    let entry = log
        .log
        .tile(Tile::parse("data/000.p/1", "data").unwrap(), false)
        .unwrap()
        .unwrap();
    let logged = Logged::read(&entry).unwrap();
    assert!(
        logged
            .entry
            .windows(leaf.as_der().len())
            .any(|window| window == leaf.as_der())
    );
    let tile = log
        .log
        .tile(Tile::parse("0/000.p/1", "data").unwrap(), false)
        .unwrap()
        .unwrap();
    assert_eq!(tile, TreeHash::of_leaf(&logged.signed()).as_bytes());
    // Who looks finds the issuers that the entry names, by their hashes.
    let issuers = issuers();
    let names: Vec<_> = issuers.iter().flat_map(|issuer| fingerprint(issuer.as_der())).collect();
    assert!(entry.ends_with(&names));
    for issuer in &issuers {
        let reply = log.issuer(&hex::encode(fingerprint(issuer.as_der()))).unwrap();
        let body = reply.response.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(body, issuer.as_der());
    }
}

#[tokio::test]
async fn certificate_that_is_there_is_promised_at_its_place_and_of_its_time() {
    let (_folder, log) = log();
    let leaf = certificate("leaf");
    let first = submit(&log, &[&leaf]).await;
    let issuer = &issuers()[0];
    let again = submit(&log, &[&leaf, issuer]).await;
    assert_eq!(again["timestamp"], first["timestamp"]);
    assert_eq!(again["extensions"], first["extensions"]);
    assert_eq!(log.log.published().head.size, 1);
}

#[tokio::test]
async fn precertificate_and_certificate_are_not_taken_for_each_other() {
    let (_folder, log) = log();
    let chain = json!({ "chain": [encode_bytes(certificate("leaf").as_der())] }).to_string();
    let error = log.submitted(chain.as_bytes(), true).unwrap_err();
    assert!(matches!(error, SubmissionError::NoPrecertificate), "{error}");
}

#[tokio::test]
async fn promise_for_a_precertificate_is_over_what_will_be_issued() {
    let (_folder, log) = log();
    let precertificate = Precertificate {
        issuer_key_hash: [7; 32],
        tbs: b"to be signed".to_vec(),
        der: b"precertificate".to_vec(),
        chain: issuers().iter().map(|issuer| issuer.as_der().to_vec()).collect(),
    };
    let promise = log.add_precertificate(precertificate).await.unwrap();
    let (head, rest) = promise.split_at(1 + 32);
    assert_eq!(head, [&[0], log.id.as_bytes().as_slice()].concat());
    let (time, rest) = rest.split_at(8);
    let (extensions, signature) = rest.split_at(2 + 8);
    assert_eq!(extensions, [0, 8, 0, 0, 5, 0, 0, 0, 0, 0]);
    let signed = [
        &[0, 0][..],
        time,
        &[0, 1],
        &[7; 32],
        &[0, 0, 12],
        b"to be signed",
        extensions,
    ]
    .concat();
    assert_eq!(signature[..2], [4, 3]);
    let signature = Signature::new(signature[4..].to_vec());
    assert!(log.trusted("").key().verifies(&signed, &signature));
    let entry = log.log.entry(0).unwrap().unwrap();
    assert_eq!(Logged::read(&entry.bytes).unwrap().signed(), signed);
    assert!(entry.bytes.windows(14).any(|window| window == b"precertificate"));
}

#[tokio::test]
async fn checkpoint_is_a_tree_head_of_rfc_6962() {
    let (folder, log) = log();
    submit(&log, &[&certificate("leaf")]).await;
    let note = log.log.published().note.clone();
    let checkpoint = countersign_core::log::checkpoint::Checkpoint::parse(&note).unwrap();
    assert_eq!(checkpoint.origin(), "log.test/ct");
    let [signature] = checkpoint.note().signatures() else {
        panic!("{note}")
    };
    let (time, digitally_signed) = signature.signature().as_bytes().split_at(8);
    let time_in_note = u64::from_be_bytes(time.try_into().unwrap());
    assert_eq!(time_in_note, 1_795_372_201_234);
    let head = [
        &[0, 1][..],
        time,
        &1_u64.to_be_bytes(),
        checkpoint.head().root.as_bytes(),
    ]
    .concat();
    let signed = Signature::new(digitally_signed[4..].to_vec());
    assert!(log.trusted("").key().verifies(&head, &signed));
    // It is checked when the log is opened again, and the log goes on.
    let key = Arc::clone(log.log.key());
    drop(log);
    let log = CertificateLog::open(
        folder.path(),
        Durability::ProcessCrash,
        "log.test",
        key,
        Timestamp::UNIX_EPOCH,
    );
    assert_eq!(log.unwrap().log.published().note, note);
}

#[test]
fn entries_that_are_cut_or_have_more_are_none() {
    let content = Content::Precertificate {
        issuer_key_hash: [1; 32],
        tbs: vec![2; 300],
        der: vec![3; 400],
    };
    let leaf = content.tile_leaf(5, 6, &[[4; 32]]);
    assert_eq!(Logged::read(&leaf).map(|logged| logged.time), Some(5));
    for length in 0..leaf.len() {
        assert_eq!(Logged::read(&leaf[..length]), None, "{length}");
    }
    assert_eq!(Logged::read(&[&leaf[..], &[0]].concat()), None);
    let mut other = leaf;
    other[9] = 2;
    assert_eq!(Logged::read(&other), None);
}
