//! Each check has a test that fails when the check is gone.

use jiff::Timestamp;

use super::*;
use crate::envelope::Envelope;
use crate::key::{KeyAlgorithm, MessageUnknown, PrivateKey, SignatureDigest};
use crate::message::Bytes;
use crate::payload::statement::PAYLOAD_TYPE;
use crate::policy::{Claim, LogRule, TrustedSigner};
use crate::signer::Signer;
use crate::trust::TrustedRoot;
use crate::verify::{VerifiedSignature, verify};
use crate::{Digest, PublicKey};

const MESSAGE: &[u8] = b"what was signed";

fn new_key() -> PrivateKey {
    PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap()
}

fn trusting(key: &PublicKey) -> Policy {
    Policy::new(
        TrustedSigner::key(key.clone()),
        Claim::Message,
        LogRule::InsecurelyIgnored,
    )
}

fn signed(key: &PrivateKey, bytes: &[u8]) -> Bundle {
    let message = Message::of(bytes, &key.needs());
    let signature = key.sign_message(&message).unwrap();
    let digest = *key.needs().digests().first().unwrap();
    Bundle::of_message(&message, digest, signature, key.public_key()).unwrap()
}

fn judge(bundle: &Bundle, bytes: &[u8], key: &PublicKey) -> Result<VerifiedSignature, Rejection> {
    let policy = trusting(key);
    let message = Message::of(bytes, &needs(bundle, &policy));
    verify(
        bundle,
        &Artifact::message(message),
        &policy,
        &TrustedRoot::default(),
        Timestamp::UNIX_EPOCH,
    )
}

#[test]
fn a_message_signed_by_the_key_is_accepted_in_every_form() {
    for algorithm in [KeyAlgorithm::EcdsaP256, KeyAlgorithm::EcdsaP384, KeyAlgorithm::Ed25519] {
        let key = PrivateKey::generate(algorithm).unwrap();
        let signature = key.sign(MESSAGE).unwrap();
        let file = crate::bundle::legacy::to_file(&signature);
        for bundle in [
            signed(&key, MESSAGE),
            Bundle::from_json(&signed(&key, MESSAGE).to_json().unwrap()).unwrap(),
            Bundle::of_signature(signature),
            Bundle::from_file(&file).unwrap(),
        ] {
            let accepted = judge(&bundle, MESSAGE, key.public_key()).unwrap();
            assert_eq!(accepted.digest(), Some(&Digest::sha256(MESSAGE)));
            assert_eq!(accepted.key().hint(), key.public_key().hint());
            assert_eq!((accepted.kind(), accepted.predicate_type()), ("message", None));
            assert!(accepted.payload_bytes().is_empty() && accepted.annotations().is_none());
        }
    }
}

#[test]
fn a_signature_over_another_message_is_rejected() {
    let key = new_key();
    let bundle = Bundle::of_signature(key.sign(MESSAGE).unwrap());
    let rejection = judge(&bundle, b"another", key.public_key()).unwrap_err();
    assert!(
        matches!(rejection, Rejection::SignatureMismatch { .. }),
        "{rejection:?}"
    );
}

#[test]
fn a_bundle_that_names_another_message_is_rejected_with_both_digests() {
    let key = new_key();
    let rejection = judge(&signed(&key, MESSAGE), b"another", key.public_key()).unwrap_err();
    let (claimed, actual) = (Digest::sha256(MESSAGE), Digest::sha256(b"another"));
    assert_eq!(
        rejection.to_string(),
        format!("bundle names the message {claimed}, expected {actual}")
    );
    assert!(matches!(rejection, Rejection::MessageDigest { .. }), "{rejection:?}");
}

#[test]
fn a_digest_that_lies_is_rejected_though_the_signature_is_good() {
    let key = new_key();
    let text = String::from_utf8(signed(&key, MESSAGE).to_json().unwrap()).unwrap();
    let digest = crate::go_json::encode_bytes(&Digest::sha256(MESSAGE).bytes());
    for (from, to) in [(digest.as_str(), "AAEC"), ("SHA2_256", "SHA2_384")] {
        let bundle = Bundle::from_json(text.replace(from, to).as_bytes()).unwrap();
        let rejection = judge(&bundle, MESSAGE, key.public_key()).unwrap_err();
        assert!(matches!(rejection, Rejection::MessageDigest { .. }), "{rejection:?}");
    }
    let bundle = Bundle::from_json(text.replace("SHA2_256", "MD5").as_bytes()).unwrap();
    let rejection = judge(&bundle, MESSAGE, key.public_key()).unwrap_err();
    assert!(
        matches!(&rejection, Rejection::MessageDigestAlgorithm { found } if found.as_str() == "MD5"),
        "{rejection:?}"
    );
}

#[test]
fn a_digest_that_is_absent_decides_nothing() {
    let key = new_key();
    let text = String::from_utf8(signed(&key, MESSAGE).to_json().unwrap()).unwrap();
    let (before, rest) = text.split_once(r#""messageDigest":{"#).unwrap();
    let (_, after) = rest.split_once('}').unwrap();
    let bundle = Bundle::from_json(format!(r#"{before}"messageDigest":{{}}{after}"#).as_bytes()).unwrap();
    judge(&bundle, MESSAGE, key.public_key()).unwrap();
}

#[test]
fn a_signature_by_another_key_is_rejected() {
    let (key, another) = (new_key(), new_key());
    let rejection = judge(&signed(&another, MESSAGE), MESSAGE, key.public_key()).unwrap_err();
    assert!(
        matches!(&rejection, Rejection::SignatureMismatch { key: ours, named: Some(named), .. }
            if *ours == key.public_key().hint() && named.as_str() == another.public_key().hint()),
        "{rejection:?}"
    );
}

#[test]
fn a_key_that_comes_with_the_signature_is_never_trusted() {
    let (key, another) = (new_key(), new_key());
    let file = |signer: &PrivateKey, held: &PrivateKey| {
        let signature = signer.sign(MESSAGE).unwrap().to_base64();
        let held = crate::go_json::encode_bytes(held.public_key().to_pem().as_bytes());
        Bundle::from_file(format!(r#"{{"base64Signature":"{signature}","cert":"{held}"}}"#).as_bytes()).unwrap()
    };
    judge(&file(&key, &key), MESSAGE, key.public_key()).unwrap();
    for signer in [&key, &another] {
        let rejection = judge(&file(signer, &another), MESSAGE, key.public_key()).unwrap_err();
        assert!(
            matches!(&rejection, Rejection::AnotherKey { expected, found }
                if *expected == key.public_key().hint() && *found == another.public_key().hint()),
            "{rejection:?}"
        );
    }
    let rejection = judge(&file(&another, &key), MESSAGE, key.public_key()).unwrap_err();
    assert!(
        matches!(rejection, Rejection::SignatureMismatch { .. }),
        "{rejection:?}"
    );
}

#[test]
fn what_is_no_signature_over_a_message_is_rejected() {
    let key = new_key();
    let envelope = Envelope::seal(PAYLOAD_TYPE, MESSAGE.to_vec(), &key).unwrap();
    let layer = Bundle::legacy(MESSAGE.to_vec(), key.sign(MESSAGE).unwrap());
    for bundle in [Bundle::assemble(envelope, key.public_key()).unwrap(), layer] {
        let rejection = judge(&bundle, MESSAGE, key.public_key()).unwrap_err();
        assert!(matches!(rejection, Rejection::NoMessageSignature), "{rejection:?}");
    }
}

#[test]
fn a_message_that_is_only_named_is_judged_where_that_is_enough() {
    let key = new_key();
    let policy = trusting(key.public_key());
    let judge = |digest| {
        let artifact = Artifact::new(digest);
        verify(
            &signed(&key, MESSAGE),
            &artifact,
            &policy,
            &TrustedRoot::default(),
            Timestamp::UNIX_EPOCH,
        )
    };
    judge(Digest::sha256(MESSAGE)).unwrap();
    let rejection = judge(Digest::of(crate::Algorithm::Sha512, MESSAGE)).unwrap_err();
    assert!(
        matches!(&rejection, Rejection::MessageUnknown(MessageUnknown::Hash { expected, .. })
            if *expected == SignatureDigest::Sha256),
        "{rejection:?}"
    );
}

#[test]
fn what_is_needed_is_what_the_key_signs_and_what_the_bundle_names() {
    let (plain, pure) = (new_key(), PrivateKey::generate(KeyAlgorithm::Ed25519).unwrap());
    assert_eq!(
        needs(&signed(&pure, MESSAGE), &trusting(pure.public_key())),
        Needs::new(&[SignatureDigest::Sha512, SignatureDigest::Sha256], Bytes::Kept)
    );
    assert_eq!(
        needs(&signed(&plain, MESSAGE), &trusting(plain.public_key())),
        Needs::new(&[SignatureDigest::Sha256], Bytes::Dropped)
    );
}

#[test]
fn a_bundle_names_no_hash_that_was_not_made() {
    let key = new_key();
    let message = Message::of(MESSAGE, &key.needs());
    let signature = key.sign_message(&message).unwrap();
    let error = Bundle::of_message(&message, SignatureDigest::Sha384, signature, key.public_key()).unwrap_err();
    assert!(
        matches!(
            error,
            crate::bundle::BundleError::HashUnknown {
                digest: SignatureDigest::Sha384
            }
        ),
        "{error:?}"
    );
}

#[test]
fn a_statement_may_name_its_subject_by_sha512_alone() {
    let key = new_key();
    let policy = Policy::new(
        TrustedSigner::key(key.public_key().clone()),
        Claim::attestation("https://example.com/t".parse().unwrap()),
        LogRule::InsecurelyIgnored,
    );
    let none = Needs::new(&[], Bytes::Dropped);
    let sha512 = none.clone().and(SignatureDigest::Sha512);
    let [short, long] = [SignatureDigest::Sha256, SignatureDigest::Sha512].map(|digest| {
        Message::of(MESSAGE, &none.clone().and(digest))
            .digests()
            .map(|digest| digest.hex().to_owned())
            .last()
            .unwrap()
    });
    for (digests, expected, is_it) in [
        (format!(r#""sha512":"{long}""#), &sha512, true),
        (format!(r#""sha384":"00","sha512":"{long}""#), &sha512, true),
        (format!(r#""sha512":"{}""#, long.replace('0', "1")), &sha512, false),
        (format!(r#""sha256":"{short}","sha512":"{long}""#), &none, true),
        (format!(r#""gitCommit":"00","sha256":"{short}""#), &none, true),
        (r#""gitCommit":"00""#.to_owned(), &none, false),
    ] {
        let statement = format!(
            r#"{{"_type":"https://in-toto.io/Statement/v1","subject":[{{"name":"n","digest":{{{digests}}}}}],"predicateType":"https://example.com/t","predicate":{{}}}}"#
        );
        let envelope = Envelope::seal(PAYLOAD_TYPE, statement.into_bytes(), &key).unwrap();
        let bundle = Bundle::assemble(envelope, key.public_key()).unwrap();
        let needs = needs(&bundle, &policy);
        assert_eq!(needs, *expected, "{digests}");
        let artifact = Artifact::message(Message::of(MESSAGE, &needs));
        let judged = verify(
            &bundle,
            &artifact,
            &policy,
            &TrustedRoot::default(),
            Timestamp::UNIX_EPOCH,
        );
        match judged {
            Ok(_) => assert!(is_it, "{digests}"),
            Err(Rejection::DigestMismatch { .. }) => assert!(!is_it, "{digests}"),
            Err(other) => panic!("{digests}: {other:?}"),
        }
    }
}
