//! Signatures over messages that were hashed while they were read.

use countersign_core::Digest;
use countersign_core::digest::Algorithm;
use countersign_core::key::{
    KeyAlgorithm, MessageError, MessageUnknown, PrivateKey, PublicKeyAlgorithm, SignatureDigest,
};
use countersign_core::message::{Bytes, Message, MessageHasher, Needs};
use countersign_core::signer::{Signer, SignerError};

use super::sign::{DIGESTS, MESSAGE, key};

fn read(needs: &Needs) -> Message {
    Message::of(MESSAGE, needs)
}

#[test]
fn a_signature_over_a_message_is_the_one_over_its_bytes() {
    for algorithm in KeyAlgorithm::ALL {
        let key = key(algorithm);
        let signature = key.sign_message(&read(&key.needs())).unwrap();
        assert_eq!(
            key.public_key().verify(MESSAGE, &signature, None),
            Ok(()),
            "{algorithm}"
        );
        let needs = key.public_key().needs(None);
        let over_bytes = key.sign(MESSAGE).unwrap();
        for signature in [signature, over_bytes] {
            let verified = key.public_key().verify_message(&read(&needs), &signature, None);
            assert_eq!(verified, Ok(()), "{algorithm}");
            let another = key
                .public_key()
                .verify_message(&Message::of(b"another", &needs), &signature, None);
            assert_matches!(another, Err(MessageError::Mismatch(_)));
        }
    }
}

#[test]
fn every_digest_can_be_signed_and_only_it_verifies() {
    for algorithm in KeyAlgorithm::ALL
        .into_iter()
        .filter(|algorithm| *algorithm != KeyAlgorithm::Ed25519)
    {
        for digest in DIGESTS {
            let key = key(algorithm).with_digest(digest).unwrap();
            assert_eq!(key.needs(), Needs::new(&[digest], Bytes::Dropped));
            let signature = key.sign_message(&read(&key.needs())).unwrap();
            for wanted in DIGESTS {
                let needs = key.public_key().needs(Some(wanted));
                let verified = key.public_key().verify_message(&read(&needs), &signature, Some(wanted));
                assert_eq!(verified.is_ok(), wanted == digest, "{algorithm} {digest} {wanted}");
            }
        }
    }
}

#[test]
fn a_hash_that_is_not_known_is_told_and_never_a_mismatch() {
    let key = key(KeyAlgorithm::EcdsaP384)
        .with_digest(SignatureDigest::Sha384)
        .unwrap();
    let named = Message::named(Digest::sha256(MESSAGE));
    let unknown = MessageUnknown::Hash {
        algorithm: key.public_key().algorithm(),
        expected: SignatureDigest::Sha384,
        found: vec![SignatureDigest::Sha256],
    };
    assert_eq!(
        unknown.to_string(),
        "ecdsa-p384 key signs the sha384 of a message, of which only the sha256 is known"
    );
    assert_matches!(key.sign_message(&named), Err(SignerError::Message(reason)) if reason == unknown);
    let signature = key.sign(MESSAGE).unwrap();
    let verified = key.public_key().verify_message(&named, &signature, None);
    assert_eq!(verified, Err(MessageError::Unknown(unknown)));
}

#[test]
fn a_message_that_is_named_verifies_where_its_digest_is_what_was_signed() {
    let key = key(KeyAlgorithm::EcdsaP384);
    let signature = key.sign(MESSAGE).unwrap();
    let named = Message::named(Digest::sha256(MESSAGE));
    assert_eq!(key.public_key().verify_message(&named, &signature, None), Ok(()));
    let another = Message::named(Digest::sha256(b"another"));
    assert_matches!(
        key.public_key().verify_message(&another, &signature, None),
        Err(MessageError::Unknown(MessageUnknown::Hash {
            expected: SignatureDigest::Sha384,
            ..
        }))
    );
}

#[test]
fn an_ed25519_key_signs_whole_messages_only() {
    let key = key(KeyAlgorithm::Ed25519);
    let algorithm = PublicKeyAlgorithm::Ed25519;
    let named = Message::named(Digest::sha256(MESSAGE));
    assert_matches!(
        key.sign_message(&named),
        Err(SignerError::Message(reason)) if reason == (MessageUnknown::Bytes { algorithm })
    );
    let mut long = MessageHasher::new(&key.public_key().needs(None), MESSAGE.len() - 1);
    long.update(MESSAGE);
    let long = long.finish();
    let too_long = MessageUnknown::TooLong {
        algorithm,
        limit: MESSAGE.len() - 1,
    };
    assert_matches!(key.sign_message(&long), Err(SignerError::Message(reason)) if reason == too_long);
    let signature = key.sign(MESSAGE).unwrap();
    let verified = key.public_key().verify_message(&long, &signature, None);
    assert_eq!(verified, Err(MessageError::Unknown(too_long)));
}

/// The signature is cosign 3.1.2's, over the PAE of an envelope; only its SHA-512 is known here.
#[test]
fn a_prehashed_ed25519_signature_verifies_however_long_the_message() {
    let blobs = "golden/layouts/v3-key-ed25519/blobs/sha256";
    let bundle = "9e8bf11d4d0a789bc5298877a434a64210f34f4e37edeef5118f8c95b031f63f";
    let bundle = super::data(&format!("{blobs}/{bundle}"));
    let bundle = countersign_core::Bundle::from_json(&bundle).unwrap();
    let countersign_core::bundle::Content::Envelope(signed) = bundle.content() else {
        panic!("{bundle:?}")
    };
    let pem = super::data("golden/keys/ed25519.pub");
    let key = countersign_core::PublicKey::from_pem(&pem).unwrap();
    let named = Message::named(Digest::of(Algorithm::Sha512, &signed.envelope().pae()));
    assert_eq!(key.verify_message(&named, signed.signature(), None), Ok(()));
    let another = Message::named(Digest::of(Algorithm::Sha512, MESSAGE));
    assert_matches!(
        key.verify_message(&another, signed.signature(), None),
        Err(MessageError::Unknown(MessageUnknown::Bytes { .. }))
    );
}

#[test]
fn a_private_key_of_another_kind_needs_more() {
    let hashes = Needs::new(&[SignatureDigest::Sha384], Bytes::Dropped);
    let whole = PrivateKey::generate(KeyAlgorithm::Ed25519).unwrap().needs();
    assert!(!hashes.cover(&whole) && !whole.cover(&hashes));
    assert!(hashes.cover(&Needs::new(&[SignatureDigest::Sha256], Bytes::Dropped)));
    assert!(whole.cover(&whole) && hashes.cover(&hashes));
}
