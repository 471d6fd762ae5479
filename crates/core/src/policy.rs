//! Policies: what evidence must show to be believed.

use std::collections::BTreeMap;

use crate::key::{PublicKey, SignatureDigest};
use crate::payload::predicate::PredicateType;

/// What is asked of a bundle; it is judged whole against *one* bundle.
///
/// There is no default: who is trusted and what must be claimed is always said.
#[derive(Clone, Debug)]
pub struct Policy {
    signer: TrustedSigner,
    claim: Claim,
    log: LogRule,
}

impl Policy {
    /// Joins who may sign, what must be claimed, and whether a log must witness it.
    pub fn new(signer: TrustedSigner, claim: Claim, log: LogRule) -> Self {
        Self { signer, claim, log }
    }

    /// Returns who may sign.
    pub fn signer(&self) -> &TrustedSigner {
        &self.signer
    }

    /// Returns what must be claimed.
    pub fn claim(&self) -> &Claim {
        &self.claim
    }

    /// Returns whether a log must witness the signature.
    pub fn log(&self) -> LogRule {
        self.log
    }
}

/// Who may sign.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum TrustedSigner {
    /// The holder of this key.
    Key {
        /// The public half.
        key: PublicKey,
        /// The digest that signatures by the key must use; without it, those that are usual for the key.
        digest: Option<SignatureDigest>,
    },
}

impl TrustedSigner {
    /// Trusts the holder of `key`, signing as is usual for the key.
    pub fn key(key: PublicKey) -> Self {
        Self::Key { key, digest: None }
    }

    /// Trusts the holder of `key`, signing with `digest` and no other.
    pub fn key_with_digest(key: PublicKey, digest: SignatureDigest) -> Self {
        Self::Key {
            key,
            digest: Some(digest),
        }
    }
}

/// What must be claimed of the artifact.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Claim {
    /// That the message itself is signed: whoever signed it said nothing of what it is.
    Message,
    /// That it is signed.
    Signature {
        /// Annotations that the signature must carry, with these values.
        annotations: BTreeMap<String, String>,
        /// Whether the signature must be about the artifact.
        binding: ClaimBinding,
        /// Which statements count as a signature.
        predicate: PredicateRule,
    },
    /// That something is said about it.
    Attestation {
        /// What kind of claim; without it any, but that of a signature.
        predicate_type: Option<PredicateType>,
        /// Whether the attestation must be about the artifact.
        binding: ClaimBinding,
    },
}

impl Claim {
    /// Asks for a signature of the artifact that carries `annotations`.
    pub fn signature(annotations: BTreeMap<String, String>) -> Self {
        Self::Signature {
            annotations,
            binding: ClaimBinding::Required,
            predicate: PredicateRule::Signature,
        }
    }

    /// Asks for an attestation of the artifact that makes a claim of `predicate_type`.
    pub fn attestation(predicate_type: PredicateType) -> Self {
        Self::Attestation {
            predicate_type: Some(predicate_type),
            binding: ClaimBinding::Required,
        }
    }
}

/// Whether what is signed must be about the artifact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClaimBinding {
    /// The signed digest must be the artifact's, and the annotations those asked for.
    Required,
    /// Neither digest nor annotations are looked at: the signature may be about something else.
    InsecurelyIgnored,
}

/// Which statements count as a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PredicateRule {
    /// Those with the predicate type of a signature: an attestation says something *about* an artifact, and is no signature of it.
    Signature,
    /// Any: an attestation, even of a failed scan, passes for a signature, as in cosign up to 3.1.2.
    InsecurelyAny,
}

/// Whether a transparency log must witness the signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LogRule {
    /// No log is asked: a signature made in secret passes.
    InsecurelyIgnored,
}
