use std::collections::BTreeMap;

use super::*;
use crate::artifact::Artifact;
use crate::bundle::Bundle;
use crate::digest::Digest;
use crate::envelope::Envelope;
use crate::key::{KeyAlgorithm, PrivateKey};
use crate::payload::statement::{PAYLOAD_TYPE, sign_statement};
use crate::policy::{CertificateLogRule, Claim, Denial, Denied, IdentityPattern, LogRule, Pattern, Policy};
use crate::trust::TrustedRoot;
use crate::verify::{Rejection, verify};

fn keys<const N: usize>() -> [PrivateKey; N] {
    std::array::from_fn(|_| PrivateKey::generate(KeyAlgorithm::Ed25519).unwrap())
}

fn named(name: &str, key: &PrivateKey) -> (String, TrustedSigner) {
    (name.to_owned(), TrustedSigner::key(key.public_key().clone()))
}

fn quorum(threshold: usize, signers: Vec<(String, TrustedSigner)>) -> Result<Quorum, QuorumError> {
    Quorum::new(NonZero::new(threshold).unwrap(), signers)
}

fn policy(signer: TrustedSigner) -> Policy {
    Policy::new(signer, Claim::signature(BTreeMap::new()), LogRule::InsecurelyIgnored)
}

fn judged(policy: &Policy, key: &PrivateKey) -> Result<VerifiedSignature, Rejection> {
    let digest = Digest::sha256(b"image");
    let envelope = Envelope::seal(PAYLOAD_TYPE, sign_statement(&digest, &BTreeMap::new()), key).unwrap();
    let bundle = Bundle::assemble(envelope, key.public_key()).unwrap();
    let now = "2026-11-26T00:00:00Z".parse().unwrap();
    verify(&bundle, &Artifact::new(digest), policy, &TrustedRoot::default(), now)
}

#[test]
fn so_many_of_the_signers_must_have_signed() {
    let [a, b, c] = keys();
    let two = quorum(2, vec![named("a", &a), named("b", &b), named("c", &c)]).unwrap();
    let policy = policy(two.anyone());
    let by = |key| judged(&policy, key).unwrap();
    assert_eq!(two.judge(&[by(&a), by(&c)]), Ok(vec!["a", "c"]));
    let refused = two.judge(&[by(&b)]).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "1 of the signers have signed (b), expected 2; there is no signature by a, c"
    );
    assert_eq!(two.judge(&[]).unwrap_err().found.to_string(), "none");
}

#[test]
fn who_signs_twice_counts_once() {
    let [a, b] = keys();
    let two = quorum(2, vec![named("a", &a), named("b", &b)]).unwrap();
    let policy = policy(two.anyone());
    let by = |key| judged(&policy, key).unwrap();
    assert_eq!(
        two.judge(&[by(&a), by(&a)]).unwrap_err().missing,
        Names(vec!["b".to_owned()])
    );
}

#[test]
fn a_signature_leaves_a_signer_to_another_that_could_be_no_other() {
    let [a, b] = keys();
    let either = TrustedSigner::AnyOf(vec![named("", &a).1, named("", &b).1]);
    // the first signature could take the first signer, and then none would be left for the second
    let signers = vec![("either".to_owned(), either), named("a", &a)];
    let two = quorum(2, signers).unwrap();
    let policy = policy(two.anyone());
    let by = |key| judged(&policy, key).unwrap();
    assert_eq!(two.judge(&[by(&a), by(&b)]), Ok(vec!["either", "a"]));
    assert_eq!(two.judge(&[by(&b), by(&a)]), Ok(vec!["either", "a"]));
    assert_eq!(two.judge(&[by(&a)]).unwrap_err().expected, 2);
}

#[test]
fn a_signer_who_is_there_twice_is_refused() {
    let [a, b] = keys();
    let twice = |first: &str, second: &str| QuorumError::Twice {
        first: first.to_owned(),
        second: second.to_owned(),
    };
    assert_eq!(
        quorum(1, vec![named("a", &a), named("again", &a)]).unwrap_err(),
        twice("a", "again")
    );
    assert_eq!(
        quorum(1, vec![named("a", &a), named("a", &b)]).unwrap_err(),
        twice("a", "a")
    );
    let identity = |name: &str| {
        let pattern = IdentityPattern::new(Pattern::Exact("x".to_owned()), Pattern::Exact("y".to_owned()));
        let signer = TrustedSigner::Identities {
            identities: vec![pattern],
            certificate_log: CertificateLogRule::InsecurelyIgnored,
        };
        (name.to_owned(), signer)
    };
    assert_eq!(
        quorum(1, vec![identity("a"), identity("b")]).unwrap_err(),
        twice("a", "b")
    );
    assert_eq!(
        quorum(2, vec![named("a", &a)]).unwrap_err(),
        QuorumError::Unreachable {
            threshold: 2,
            signers: 1
        }
    );
}

#[test]
fn a_stranger_counts_for_nobody_and_each_signer_says_why() {
    let [a, b, stranger] = keys();
    let one = quorum(1, vec![named("a", &a), named("b", &b)]).unwrap();
    let rejection = judged(&policy(one.anyone()), &stranger).unwrap_err();
    assert!(
        matches!(&rejection, Rejection::NoneOfSigners(each) if each.len() == 2
            && each.iter().all(|one| matches!(one, Rejection::SignatureMismatch { .. }))),
        "{rejection:?}"
    );
}

#[test]
fn what_is_denied_is_refused_whoever_signs() {
    let [a] = keys();
    let trusted = || policy(named("a", &a).1);
    assert!(judged(&trusted(), &a).is_ok());
    let keys = Denied {
        keys: vec![a.public_key().clone()],
        ..Denied::default()
    };
    let denied = |denied| judged(&trusted().denying(denied), &a).unwrap_err();
    assert!(matches!(denied(keys), Rejection::Denied(Denial::Key(hint)) if hint == a.public_key().hint()));
    let digest = Digest::sha256(b"image");
    let digests = Denied {
        digests: vec![Digest::sha256(b"other"), digest.clone()],
        ..Denied::default()
    };
    assert!(matches!(denied(digests), Rejection::Denied(Denial::Digest(found)) if found == digest));
    let identities = Denied {
        identities: vec![IdentityPattern::new(Pattern::Anything, Pattern::Anything)],
        ..Denied::default()
    };
    assert!(judged(&trusted().denying(identities), &a).is_ok(), "a key names nobody");
}

#[test]
fn who_signs_twice_is_not_two_of_whom_they_may_be() {
    let [a, b] = keys();
    let either = TrustedSigner::AnyOf(vec![named("", &a).1, named("", &b).1]);
    let two = quorum(2, vec![("either".to_owned(), either), named("a", &a)]).unwrap();
    let policy = policy(two.anyone());
    let by = |key| judged(&policy, key).unwrap();
    assert_eq!(two.judge(&[by(&a), by(&a)]).unwrap_err().expected, 2);
}

#[test]
fn of_one_signer_among_any_the_reason_is_told_plainly() {
    let [a, stranger] = keys();
    let one = TrustedSigner::AnyOf(vec![named("a", &a).1]);
    let rejection = judged(&policy(one), &stranger).unwrap_err();
    assert!(
        matches!(rejection, Rejection::SignatureMismatch { .. }),
        "{rejection:?}"
    );
}
