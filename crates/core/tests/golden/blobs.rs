//! Signatures over files.

use countersign_core::bundle::{Bundle, Content};
use countersign_core::key::SignatureDigest;
use countersign_core::message::Message;
use countersign_core::policy::{Claim, LogRule, Policy, TrustedSigner};
use countersign_core::trust::TrustedRoot;
use countersign_core::verify::{Rejection, VerifiedSignature, needs};
use countersign_core::{Artifact, verify};
use jiff::Timestamp;

use crate::data::{file, public_key};

/// Bundle, key, digest that was signed.
const SIGNED: &[(&str, &str, SignatureDigest)] = &[
    ("blob-v2-new-bundle", "cosign", SignatureDigest::Sha256),
    ("blob-v3-key", "cosign", SignatureDigest::Sha256),
    ("blob-v3-key-rekor1", "cosign", SignatureDigest::Sha256),
    ("blob-v3-key-p384", "p384", SignatureDigest::Sha384),
    ("blob-v3-key-p521", "p521", SignatureDigest::Sha512),
    ("blob-v3-key-rsa2048", "rsa2048", SignatureDigest::Sha256),
    ("blob-v3-key-rsa4096", "rsa4096", SignatureDigest::Sha256),
];

const DIGESTS: [SignatureDigest; 3] = [
    SignatureDigest::Sha256,
    SignatureDigest::Sha384,
    SignatureDigest::Sha512,
];

#[test]
fn what_cosign_signed_is_accepted_with_its_key_and_needs_no_digest_named() {
    for (id, key, digest) in SIGNED {
        judge(id, "hello", key, None).unwrap_or_else(|rejection| panic!("{id}: {rejection}"));
        judge(id, "hello", key, Some(*digest)).unwrap_or_else(|rejection| panic!("{id}: {rejection}"));
    }
}

#[test]
fn what_cosign_signed_is_rejected_with_another_digest() {
    for (id, key, signed) in SIGNED {
        for digest in DIGESTS.into_iter().filter(|digest| digest != signed) {
            let rejection = judge(id, "hello", key, Some(digest)).unwrap_err();
            assert!(
                matches!(rejection, Rejection::SignatureMismatch { .. }),
                "{id}: {rejection:?}"
            );
        }
    }
}

#[test]
fn what_cosign_signed_is_rejected_for_another_file() {
    for (id, key, signed) in SIGNED {
        let rejection = judge(id, "other", key, None).unwrap_err();
        assert!(
            matches!(&rejection, Rejection::MessageDigest { algorithm, .. } if algorithm == signed),
            "{id}: {rejection:?}"
        );
    }
}

#[test]
fn what_cosign_signed_is_rejected_with_another_key() {
    for (id, ..) in SIGNED {
        let rejection = judge(id, "hello", "other", None).unwrap_err();
        assert!(
            matches!(&rejection, Rejection::SignatureMismatch { key, .. } if *key == public_key("other").hint()),
            "{id}: {rejection:?}"
        );
    }
}

#[test]
fn the_signature_alone_is_judged_as_in_its_bundle() {
    for (id, key, _) in SIGNED {
        let bundle = bundle(id);
        let Content::Message(message) = bundle.content() else {
            panic!("{bundle:?}")
        };
        let alone = Bundle::of_signature(message.signature().clone());
        judge_bundle(&alone, "hello", key, None).unwrap_or_else(|rejection| panic!("{id}: {rejection}"));
        let rejection = judge_bundle(&alone, "other", key, None).unwrap_err();
        assert!(
            matches!(rejection, Rejection::SignatureMismatch { .. }),
            "{id}: {rejection:?}"
        );
    }
}

#[test]
fn a_keyless_bundle_is_no_signature_by_a_key() {
    for id in ["blob-v3-keyless-rekor1", "damaged-digest-flipped"] {
        let rejection = judge(id, "hello", "cosign", None).unwrap_err();
        assert!(matches!(rejection, Rejection::CertificateNotKey), "{id}: {rejection:?}");
    }
}

fn judge(id: &str, blob: &str, key: &str, digest: Option<SignatureDigest>) -> Result<VerifiedSignature, Rejection> {
    judge_bundle(&bundle(id), blob, key, digest)
}

fn judge_bundle(
    bundle: &Bundle,
    blob: &str,
    key: &str,
    digest: Option<SignatureDigest>,
) -> Result<VerifiedSignature, Rejection> {
    let signer = match digest {
        Some(digest) => TrustedSigner::key_with_digest(public_key(key), digest),
        None => TrustedSigner::key(public_key(key)),
    };
    let policy = Policy::new(signer, Claim::Message, LogRule::InsecurelyIgnored);
    let message = Message::of(&file(&format!("blobs/{blob}.txt")), &needs(bundle, &policy));
    verify(
        bundle,
        &Artifact::message(message),
        &policy,
        &TrustedRoot::default(),
        Timestamp::UNIX_EPOCH,
    )
}

fn bundle(id: &str) -> Bundle {
    Bundle::from_file(&file(&format!("blobs/{id}.json"))).unwrap()
}
