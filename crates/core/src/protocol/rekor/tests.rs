use serde_json::{Value, json};

use super::*;
use crate::bundle::{Bundle, BundleError};
use crate::envelope::Envelope;
use crate::key::{KeyAlgorithm, PrivateKey};
use crate::log::LogId;
use crate::message::Message;
use crate::signer::Signer;

fn key(algorithm: KeyAlgorithm) -> PrivateKey {
    PrivateKey::generate(algorithm).unwrap()
}

fn message(key: &PrivateKey, digest: SignatureDigest) -> Bundle {
    let message = Message::of(b"content", &key.needs().and(digest));
    let signature = key.sign_message(&message).unwrap();
    Bundle::of_message(&message, digest, signature, key.public_key()).unwrap()
}

fn envelope(key: &PrivateKey) -> Bundle {
    let envelope = Envelope::seal("text/plain", b"content".to_vec(), key).unwrap();
    Bundle::assemble(envelope, key.public_key()).unwrap()
}

fn proposal<'a>(bundle: &'a Bundle, key: &'a PrivateKey, digest: SignatureDigest) -> Proposal<'a> {
    Proposal {
        content: bundle.content(),
        digest,
        verifier: Verifier::Key(key.public_key()),
        kept: Kept::Hashes,
    }
}

fn value(bytes: Vec<u8>) -> Value {
    serde_json::from_slice(&bytes).unwrap()
}

#[test]
fn rekor_1_is_sent_the_hash_of_a_message() {
    let key = key(KeyAlgorithm::EcdsaP256);
    let bundle = message(&key, SignatureDigest::Sha256);
    let request = proposal(&bundle, &key, SignatureDigest::Sha256).to_rekor_1().unwrap();
    assert_eq!(
        value(request),
        json!({"apiVersion": "0.0.1", "kind": "hashedrekord", "spec": {
            "data": {"hash": {"algorithm": "sha256", "value": "ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73"}},
            "signature": {
                "content": bundle.content().signature().to_base64(),
                "publicKey": {"content": encode_bytes(key.public_key().to_pem().as_bytes())},
            },
        }})
    );
}

#[test]
fn rekor_1_is_sent_an_envelope_as_it_is() {
    let key = key(KeyAlgorithm::Ed25519);
    let bundle = envelope(&key);
    let Content::Envelope(signed) = bundle.content() else {
        panic!("{bundle:?}")
    };
    let request = proposal(&bundle, &key, SignatureDigest::Sha256).to_rekor_1().unwrap();
    assert_eq!(
        value(request),
        json!({"apiVersion": "0.0.1", "kind": "dsse", "spec": {"proposedContent": {
            "envelope": String::from_utf8(signed.envelope().to_json()).unwrap(),
            "verifiers": [encode_bytes(key.public_key().to_pem().as_bytes())],
        }}})
    );
}

#[test]
fn rekor_2_is_sent_the_hash_of_what_is_signed() {
    let key = key(KeyAlgorithm::EcdsaP256);
    let certificate = include_bytes!("../../../tests/data/certificates/stack/leaf.pem");
    let certificate = Certificate::from_pem(certificate).unwrap();
    let (one, other) = (message(&key, SignatureDigest::Sha256), envelope(&key));
    let hash = |bytes: &[u8]| encode_bytes(digest(SignatureDigest::Sha256.engine(), bytes).as_ref());
    let pae = crate::envelope::pae("text/plain", b"content");
    for (bundle, expected) in [(&one, hash(b"content")), (&other, hash(&pae))] {
        let verifier = |member: &str, der: &[u8]| json!({member: {"rawBytes": encode_bytes(der)}, "keyDetails": "PKIX_ECDSA_P256_SHA_256"});
        for (given, verifier) in [
            (
                Verifier::Key(key.public_key()),
                verifier("publicKey", key.public_key().as_der()),
            ),
            (
                Verifier::Certificate(&certificate),
                verifier("x509Certificate", certificate.as_der()),
            ),
        ] {
            let proposal = Proposal {
                verifier: given,
                ..proposal(bundle, &key, SignatureDigest::Sha256)
            };
            assert_eq!(
                value(proposal.to_rekor_2().unwrap()),
                json!({"hashedRekordRequestV002": {
                    "digest": expected,
                    "signature": {"content": bundle.content().signature().to_base64(), "verifier": verifier},
                }})
            );
        }
    }
}

#[test]
fn rekor_2_is_told_the_kind_of_the_key() {
    use SignatureDigest::{Sha256, Sha384, Sha512};
    for (algorithm, digest, expected) in [
        (KeyAlgorithm::EcdsaP384, Sha384, "PKIX_ECDSA_P384_SHA_384"),
        (KeyAlgorithm::EcdsaP521, Sha512, "PKIX_ECDSA_P521_SHA_512"),
        (KeyAlgorithm::Rsa2048, Sha256, "PKIX_RSA_PKCS1V15_2048_SHA256"),
    ] {
        let key = key(algorithm).with_digest(digest).unwrap();
        let bundle = message(&key, digest);
        let request = value(proposal(&bundle, &key, digest).to_rekor_2().unwrap());
        let found = request.pointer("/hashedRekordRequestV002/signature/verifier/keyDetails");
        assert_eq!(found, Some(&json!(expected)));
    }
}

#[test]
fn what_a_log_would_not_take_is_not_sent() {
    let ed25519 = key(KeyAlgorithm::Ed25519);
    let bundle = message(&ed25519, SignatureDigest::Sha256);
    let proposed = proposal(&bundle, &ed25519, SignatureDigest::Sha256);
    let refused = ProposalError::NotLogged {
        algorithm: PublicKeyAlgorithm::Ed25519,
        digest: SignatureDigest::Sha256,
    };
    assert_eq!(proposed.to_rekor_1(), Err(refused.clone()));
    assert_eq!(proposed.to_rekor_2(), Err(refused));
    let p384 = key(KeyAlgorithm::EcdsaP384);
    let bundle = message(&p384, SignatureDigest::Sha256);
    assert_eq!(
        proposal(&bundle, &p384, SignatureDigest::Sha256).to_rekor_2(),
        Err(ProposalError::NotLogged {
            algorithm: PublicKeyAlgorithm::Ecdsa(Curve::P384),
            digest: SignatureDigest::Sha256,
        })
    );
    assert_eq!(
        proposal(&bundle, &p384, SignatureDigest::Sha384).to_rekor_1(),
        Err(ProposalError::HashUnknown {
            digest: SignatureDigest::Sha384
        })
    );
}

/// An entry of Rekor 1, as it answers.
fn rekor_1() -> Value {
    json!({"108e9186e8c5677a": {
        "body": encode_bytes(br#"{"apiVersion":"0.0.1","kind":"hashedrekord","spec":{}}"#),
        "integratedTime": 1_764_000_000,
        "logID": "01".repeat(32),
        "logIndex": 7,
        "verification": {
            "inclusionProof": {
                "checkpoint": "rekor1.stack.test\n8\nAAAA\n\n— rekor1.stack.test AAAA\n",
                "hashes": ["02".repeat(32)],
                "logIndex": 6,
                "rootHash": "03".repeat(32),
                "treeSize": 8,
            },
            "signedEntryTimestamp": "AAEC",
        },
    }})
}

const ENTRY: &str = "/108e9186e8c5677a";

/// Changes a member of the entry.
fn set(answer: &mut Value, member: &str, value: Value) {
    *answer.pointer_mut(&format!("{ENTRY}/{member}")).unwrap() = value;
}

fn refused(change: impl Fn(&mut Value)) -> LoggedError {
    let mut answer = rekor_1();
    change(&mut answer);
    entry_of_rekor_1(answer.to_string().as_bytes()).unwrap_err()
}

#[test]
fn an_entry_of_rekor_1_is_read() {
    let entry = entry_of_rekor_1(rekor_1().to_string().as_bytes()).unwrap();
    assert_eq!(entry.log_id(), LogId::new([1; 32]));
    assert_eq!((entry.log_index(), entry.integrated_time()), (7, Some(1_764_000_000)));
    assert_eq!((entry.kind().name(), entry.kind().version()), ("hashedrekord", "0.0.1"));
    assert_eq!(entry.promise(), Some(&[0, 1, 2][..]));
    let proof = entry.proof().unwrap();
    assert_eq!((proof.log_index(), proof.tree_size()), (6, 8));
    assert_eq!((proof.hashes(), proof.root_hash()), (&[[2; 32]][..], &[3; 32]));
    assert!(proof.checkpoint().unwrap().starts_with("rekor1.stack.test\n"));
}

#[test]
fn an_answer_of_rekor_1_holds_one_whole_entry() {
    assert!(matches!(
        refused(|answer| *answer = json!({})),
        LoggedError::Count { found: 0 }
    ));
    assert!(matches!(
        refused(|answer| {
            let entry = answer.pointer(ENTRY).unwrap().clone();
            answer.as_object_mut().unwrap().insert("other".to_owned(), entry);
        }),
        LoggedError::Count { found: 2 }
    ));
    for member in ["body", "integratedTime", "logID", "logIndex", "verification"] {
        let error = refused(|answer| {
            answer
                .pointer_mut(ENTRY)
                .unwrap()
                .as_object_mut()
                .unwrap()
                .remove(member);
        });
        assert!(matches!(error, LoggedError::Json(_)), "{member}: {error:?}");
    }
    assert!(matches!(
        refused(|answer| set(answer, "logID", json!("01"))),
        LoggedError::Hash { member: "logID", .. }
    ));
    assert!(matches!(
        refused(|answer| set(answer, "body", json!("?"))),
        LoggedError::Base64 { member: "body", .. }
    ));
    assert!(matches!(
        refused(|answer| {
            let hashes = json!(vec!["02".repeat(32); 65]);
            set(answer, "verification/inclusionProof/hashes", hashes);
        }),
        LoggedError::TooMany { limit: 64, found: 65 }
    ));
}

#[test]
fn an_entry_of_rekor_2_is_one_of_a_bundle_with_a_proof() {
    let entry = json!({
        "logIndex": "7",
        "logId": {"keyId": encode_bytes(&[1; 32])},
        "kindVersion": {"kind": "hashedrekord", "version": "0.0.2"},
        "inclusionProof": {
            "logIndex": "7", "rootHash": encode_bytes(&[3; 32]), "treeSize": "8", "hashes": [],
            "checkpoint": {"envelope": "rekor2.stack.test\n"},
        },
        "canonicalizedBody": "AAEC",
    });
    let read = entry_of_rekor_2(entry.to_string().as_bytes()).unwrap();
    assert_eq!(
        (read.log_index(), read.integrated_time(), read.promise()),
        (7, None, None)
    );
    assert_eq!(read.body(), [0, 1, 2]);
    let mut without = entry;
    without.as_object_mut().unwrap().remove("inclusionProof");
    assert!(matches!(
        entry_of_rekor_2(without.to_string().as_bytes()),
        Err(LoggedError::Entry(BundleError::Missing {
            member: "inclusionProof"
        }))
    ));
}

#[test]
fn an_answer_that_is_too_long_is_not_read() {
    let long = vec![b' '; LIMIT + 1];
    for read in [entry_of_rekor_1, entry_of_rekor_2] {
        assert!(matches!(read(&long), Err(LoggedError::TooLong { limit: LIMIT, .. })));
    }
}
