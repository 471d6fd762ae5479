use super::*;
use crate::key::{KeyAlgorithm, PrivateKey};

/// The example of DSSE's `protocol.md`.
const PAE: &[u8] = b"DSSEv1 29 http://example.com/HelloWorld 11 hello world";

#[test]
fn pae_is_that_of_the_specification() {
    assert_eq!(pae("http://example.com/HelloWorld", b"hello world"), PAE);
}

#[test]
fn pae_counts_bytes_and_not_characters() {
    assert_eq!(pae("é", "😀".as_bytes()), "DSSEv1 2 é 4 😀".as_bytes());
}

#[test]
fn both_member_orders_and_both_alphabets_read_the_same() {
    let version_2 = br#"{"payloadType":"t","payload":"+/8=","signatures":[{"keyid":"","sig":"+/8="}]}"#;
    let version_3 = br#"{"payload":"-_8","payloadType":"t","signatures":[{"sig":"-_8"}]}"#;
    let envelope = Envelope::parse(version_2).unwrap();
    assert_eq!(envelope, Envelope::parse(version_3).unwrap());
    assert_eq!(envelope.payload(), [0xfb, 0xff]);
    assert_eq!(envelope.signatures().first().unwrap().key_id(), None);
    let with_another = br#"{"payload":"-_8","payloadType":"t","signatures":[{"sig":"-_8","keyid":"k"}]}"#;
    assert_ne!(envelope, Envelope::parse(with_another).unwrap());
}

#[test]
fn an_envelope_is_written_in_the_order_of_cosign_3() {
    let text = r#"{"payload":"aGk=","payloadType":"a/<b>","signatures":[{"sig":"AAE="},{"sig":"AAI=","keyid":"k"},{"sig":"AAM=","keyid":""}]}"#;
    let envelope = Envelope::parse(text.as_bytes()).unwrap();
    assert_eq!(String::from_utf8(envelope.to_json()).unwrap(), text);
}

#[test]
fn a_sealed_envelope_is_signed_over_its_pae() {
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let envelope = Envelope::seal("t", b"body".to_vec(), &key).unwrap();
    let [signature] = envelope.signatures() else {
        panic!("{envelope:?}")
    };
    assert_eq!(
        key.public_key()
            .verify(b"DSSEv1 1 t 4 body", signature.signature(), None),
        Ok(())
    );
    assert_eq!(envelope.pae(), b"DSSEv1 1 t 4 body");
}

#[test]
fn an_envelope_without_signatures_is_refused() {
    assert!(matches!(
        Envelope::parse(br#"{"payload":"","payloadType":"t","signatures":[]}"#),
        Err(EnvelopeError::Unsigned)
    ));
}

#[test]
fn an_empty_signature_is_refused() {
    assert!(matches!(
        Envelope::parse(br#"{"payload":"","payloadType":"t","signatures":[{"sig":""}]}"#),
        Err(EnvelopeError::EmptySignature)
    ));
}

#[test]
fn signatures_over_the_limit_are_refused() {
    let signatures = vec![r#"{"sig":"AAE="}"#; SIGNATURES + 1].join(",");
    let text = format!(r#"{{"payload":"","payloadType":"t","signatures":[{signatures}]}}"#);
    assert!(matches!(
        Envelope::parse(text.as_bytes()),
        Err(EnvelopeError::TooManySignatures { limit: SIGNATURES, found }) if found == SIGNATURES + 1
    ));
}

#[test]
fn what_is_not_base64_is_named() {
    assert!(matches!(
        Envelope::parse(br#"{"payload":"*","payloadType":"t","signatures":[{"sig":"AAE="}]}"#),
        Err(EnvelopeError::Base64 { member: "payload", .. })
    ));
    assert!(matches!(
        Envelope::parse(br#"{"payload":"","payloadType":"t","signatures":[{"sig":"A"}]}"#),
        Err(EnvelopeError::Base64 { member: "sig", .. })
    ));
}

#[test]
fn an_envelope_over_the_limit_is_refused() {
    assert!(matches!(
        Envelope::parse(&vec![b' '; LIMIT + 1]),
        Err(EnvelopeError::TooLong { limit: LIMIT, found }) if found == LIMIT + 1
    ));
}
