//! Policies: what evidence must show to be believed.

mod denied;
pub mod file;
mod identity;
mod quorum;

use std::collections::BTreeMap;
use std::num::NonZero;

use crate::key::{PublicKey, SignatureDigest};
use crate::payload::predicate::PredicateType;

pub use denied::{Denial, Denied};
pub use identity::{IdentityPattern, PATTERN_LIMIT, Pattern, Regexp, RegexpError};
pub use quorum::{Names, Quorum, QuorumError, TooFewSigners};

/// What is asked of a bundle; it is judged whole against *one* bundle.
///
/// There is no default: who is trusted and what must be claimed is always said.
#[derive(Clone, Debug)]
pub struct Policy {
    signer: TrustedSigner,
    claim: Claim,
    log: LogRule,
    timestamps: TimestampRule,
    denied: Denied,
}

impl Policy {
    /// Joins who may sign, what must be claimed, and whether a log must witness it; no timestamp is asked for.
    pub fn new(signer: TrustedSigner, claim: Claim, log: LogRule) -> Self {
        Self {
            signer,
            claim,
            log,
            timestamps: TimestampRule::NotAsked,
            denied: Denied::default(),
        }
    }

    /// Asks for signed timestamps.
    #[must_use]
    pub fn stamped(mut self, timestamps: TimestampRule) -> Self {
        self.timestamps = timestamps;
        self
    }

    /// Never believes what is denied.
    #[must_use]
    pub fn denying(mut self, denied: Denied) -> Self {
        self.denied = denied;
        self
    }

    /// Asks for another claim, and else the same.
    #[must_use]
    pub fn claiming(&self, claim: Claim) -> Self {
        Self { claim, ..self.clone() }
    }

    /// Asks the same of one signer.
    #[must_use]
    pub fn of_signer(&self, signer: &TrustedSigner) -> Self {
        Self {
            signer: signer.clone(),
            ..self.clone()
        }
    }

    /// Returns what is never believed.
    pub fn denied(&self) -> &Denied {
        &self.denied
    }

    /// Says whether nothing is asked of anyone but keys, so that no trusted root is needed.
    pub fn needs_no_trust(&self) -> bool {
        self.signer.is_key() && self.log == LogRule::InsecurelyIgnored && self.timestamps == TimestampRule::NotAsked
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

    /// Returns whether timestamp authorities must vouch for the time of the signature.
    pub fn timestamps(&self) -> TimestampRule {
        self.timestamps
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
    /// Whoever a trusted certificate authority says is one of these.
    Identities {
        /// Who; without any, nobody is.
        identities: Vec<IdentityPattern>,
        /// Whether logs must witness the certificate.
        certificate_log: CertificateLogRule,
    },
    /// Any of these; without any, nobody is.
    AnyOf(Vec<Self>),
}

impl TrustedSigner {
    /// Trusts the holder of `key`, signing as is usual for the key.
    pub fn key(key: PublicKey) -> Self {
        Self::Key { key, digest: None }
    }

    /// Says whether nobody is trusted but holders of keys.
    fn is_key(&self) -> bool {
        match self {
            Self::Key { .. } => true,
            Self::Identities { .. } => false,
            Self::AnyOf(signers) => signers.iter().all(Self::is_key),
        }
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

    /// Asks for an attestation of the artifact, whatever it claims.
    pub fn any_attestation() -> Self {
        Self::Attestation {
            predicate_type: None,
            binding: ClaimBinding::Required,
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
    /// So many logs must, each counted once.
    Required {
        /// How many.
        logs: NonZero<usize>,
    },
    /// No log is asked: a signature made in secret passes.
    InsecurelyIgnored,
}

/// Whether timestamp authorities must vouch for the time of the signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TimestampRule {
    /// None need be; where a certificate signs and timestamps are there, they count.
    NotAsked,
    /// So many authorities must, each counted once.
    Required {
        /// How many.
        authorities: NonZero<usize>,
    },
}

/// Whether certificate transparency logs must witness the certificate (RFC 6962).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CertificateLogRule {
    /// So many logs must, each counted once.
    Required {
        /// How many.
        logs: NonZero<usize>,
    },
    /// No log is asked: a certificate issued in secret passes.
    InsecurelyIgnored,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::{KeyAlgorithm, PrivateKey};

    #[test]
    fn only_keys_without_logs_and_timestamps_need_no_trust() {
        let key = || {
            TrustedSigner::key(
                PrivateKey::generate(KeyAlgorithm::Ed25519)
                    .unwrap()
                    .public_key()
                    .clone(),
            )
        };
        let identity = || TrustedSigner::Identities {
            identities: Vec::new(),
            certificate_log: CertificateLogRule::InsecurelyIgnored,
        };
        let policy = |signer, log| Policy::new(signer, Claim::Message, log);
        let ignored = LogRule::InsecurelyIgnored;
        for signer in [key(), TrustedSigner::AnyOf(vec![key(), key()])] {
            let policy = policy(signer, ignored);
            assert!(policy.needs_no_trust());
            let one = TimestampRule::Required {
                authorities: NonZero::<usize>::MIN,
            };
            assert!(!policy.stamped(one).needs_no_trust());
        }
        for signer in [identity(), TrustedSigner::AnyOf(vec![key(), identity()])] {
            assert!(!policy(signer, ignored).needs_no_trust());
        }
        let logged = LogRule::Required {
            logs: NonZero::<usize>::MIN,
        };
        assert!(!policy(key(), logged).needs_no_trust());
    }
}
