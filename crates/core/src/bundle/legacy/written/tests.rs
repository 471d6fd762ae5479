use super::*;
use crate::bundle::legacy::bundle_to_file;
use crate::bundle::{Content, KeyMaterial};
use crate::envelope::Envelope;
use crate::key::{KeyAlgorithm, PrivateKey, SignatureDigest};
use crate::log::{EntryKind, LogId};
use crate::message::Message;
use crate::signer::Signer;

const CHAIN: &[u8] = include_bytes!("../../../../tests/data/certificates/stack/authority-1.pem");
const LEAF: &[u8] = include_bytes!("../../../../tests/data/certificates/stack/leaf.pem");

fn key() -> PrivateKey {
    PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap()
}

fn leaf() -> Certificate {
    Certificate::from_pem(LEAF).unwrap()
}

fn issuers() -> Vec<Certificate> {
    Certificate::chain_from_pem(CHAIN, 4).unwrap()
}

fn entry() -> LogEntry {
    LogEntry {
        log_id: LogId::new([1; 32]),
        log_index: 7,
        kind: EntryKind {
            name: "hashedrekord".to_owned(),
            version: "0.0.1".to_owned(),
        },
        integrated_time: Some(5),
        promise: Some(vec![0, 1, 2]),
        proof: None,
        body: br#"{"apiVersion":"0.0.1","kind":"hashedrekord"}"#.to_vec(),
    }
}

/// A payload with everything that vouches for it.
fn layer() -> Bundle {
    let signature = key().sign(b"{}").unwrap();
    Bundle::legacy(b"{}".to_vec(), signature)
        .with_certificate(&leaf(), &issuers())
        .with_log_entries([entry()])
        .with_timestamps([TimestampToken::new(vec![4, 5])])
}

#[test]
fn what_is_written_beside_a_layer_is_read_again() {
    let bundle = layer();
    let mut annotations = annotations(&bundle, &issuers()).unwrap();
    let signature = bundle.content().signature().to_base64();
    annotations.insert(super::super::SIGNATURE.to_owned(), signature);
    assert_eq!(Bundle::from_legacy_layer(b"{}".to_vec(), &annotations).unwrap(), bundle);
}

#[test]
fn nothing_is_written_where_nothing_vouches() {
    let bundle = Bundle::legacy(b"{}".to_vec(), key().sign(b"{}").unwrap());
    assert_eq!(annotations(&bundle, &[]).unwrap(), BTreeMap::new());
}

#[test]
fn a_layer_has_room_for_one_entry_and_one_timestamp() {
    let found = |bundle: Bundle| match annotations(&bundle, &[]) {
        Err(BundleError::TooMany { member, limit, found }) => (member, limit, found),
        other => panic!("{other:?}"),
    };
    assert_eq!(found(layer().with_log_entries([entry()])), ("log entries", 1, 2));
    let stamp = TimestampToken::new(vec![4, 5]);
    assert_eq!(found(layer().with_timestamps([stamp])), ("timestamps", 1, 2));
}

#[test]
fn an_entry_without_a_promise_or_a_time_has_no_place() {
    let missing = |change: fn(&mut LogEntry)| {
        let mut entry = entry();
        change(&mut entry);
        let bundle = Bundle::legacy(b"{}".to_vec(), key().sign(b"{}").unwrap()).with_log_entries([entry]);
        match annotations(&bundle, &[]) {
            Err(BundleError::Missing { member }) => member,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(missing(|entry| entry.promise = None), "promise of the log");
    assert_eq!(missing(|entry| entry.integrated_time = None), "integrated time");
}

#[test]
fn the_file_of_cosign_2_holds_certificate_and_entry() {
    let key = key();
    let message = Message::of(b"content", &key.needs());
    let signature = key.sign_message(&message).unwrap();
    let bundle = Bundle::of_message(&message, SignatureDigest::Sha256, signature, key.public_key()).unwrap();
    let bundle = bundle.with_certificate(&leaf(), &issuers()).with_log_entries([entry()]);
    let read = Bundle::from_legacy_file(&bundle_to_file(&bundle).unwrap()).unwrap();
    assert_eq!(read.content().signature(), bundle.content().signature());
    let expected = KeyMaterial::Undeclared(vec![leaf().as_der().to_vec()]);
    assert_eq!((read.key_material(), read.log_entries()), (&expected, &[entry()][..]));
}

#[test]
fn the_file_of_an_attestation_holds_the_whole_envelope() {
    let key = key();
    let envelope = Envelope::seal("text/plain", b"content".to_vec(), &key).unwrap();
    let bundle = Bundle::assemble(envelope.clone(), key.public_key()).unwrap();
    let read = Bundle::attestation_from_file(&bundle_to_file(&bundle).unwrap()).unwrap();
    match read.content() {
        Content::Envelope(signed) => assert_eq!(signed.envelope(), &envelope),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_bundle_keeps_the_certificate_alone() {
    let key = key();
    let envelope = Envelope::seal("text/plain", b"content".to_vec(), &key).unwrap();
    let bundle = Bundle::assemble(envelope, key.public_key()).unwrap();
    let bundle = bundle.with_certificate(&leaf(), &issuers());
    assert_eq!(bundle.certificates(), [leaf().as_der().to_vec()]);
    assert_eq!(Bundle::from_json(&bundle.to_json().unwrap()).unwrap(), bundle);
}

#[test]
fn a_timestamp_is_written_as_cosign_does() {
    let json = timestamp_to_json(&TimestampToken::new(vec![0, 1, 2]));
    assert_eq!(json, br#"{"SignedRFC3161Timestamp":"AAEC"}"#);
}
