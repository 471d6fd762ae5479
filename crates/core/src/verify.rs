//! Verification: the one path from untrusted evidence to a signature that may be believed (sigstore client-spec §4).

mod claim;
mod log;
mod material;
mod rejection;
mod search;
mod signer;
mod time;

use jiff::Timestamp;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::Digest;
use crate::artifact::Artifact;
use crate::bundle::{Bundle, Format};
use crate::certificate::Certificate;
use crate::digest::Algorithm;
use crate::envelope::Envelope;
use crate::key::{PublicKey, SignatureDigest};
use crate::log::{LogEntry, ProvenEntry};
use crate::message::{Bytes, Needs};
use crate::policy::{Policy, TrustedSigner};
use crate::timestamp::TimestampToken;
use crate::trust::TrustedRoot;

use claim::BoundClaim;
use log::ProvenEntries;
use material::Material;
use signer::AcceptedSigner;
use time::SignedTimes;

pub use rejection::{ClaimedDigests, Rejection};
pub use search::search;
pub use signer::{FoundIdentity, Unrelated};

/// Judges one bundle: whether it satisfies the whole of `policy` for `artifact` at the moment `now`, if what `trust` names is
/// to be believed.
///
/// A key whose signature need be in no log asks nothing of `trust`.
///
/// # Errors
///
/// A [`Rejection`] with the first reason not to believe the bundle.
pub fn verify(
    bundle: &Bundle,
    artifact: &Artifact,
    policy: &Policy,
    trust: &TrustedRoot,
    now: Timestamp,
) -> Result<VerifiedSignature, Rejection> {
    if let TrustedSigner::AnyOf(signers) = policy.signer() {
        return verify_any(bundle, artifact, signers, policy, trust, now);
    }
    let material = Material::of(bundle, policy)?;
    let claim = claim::bind(bundle, artifact, &material, policy)?;
    let stamped = time::stamped(bundle, policy, trust)?;
    let entries = log::prove(bundle, artifact, &material, &stamped, policy, trust)?;
    let times = time::establish(stamped, &entries, policy, now);
    let signer = signer::accept(&material, &times, trust)?;
    let denied = policy.denied();
    if let Some(denial) = denied.denies(artifact.digests(), signer.key(), signer.certificate()) {
        return Err(Rejection::Denied(denial));
    }
    Ok(VerifiedSignature {
        format: bundle.format(),
        times,
        signer,
        entries,
        claim,
        came_with: (bundle.log_entries().to_vec(), bundle.timestamps().to_vec()),
    })
}

/// Judges a bundle by each of several signers; it counts for the first whose it is.
fn verify_any(
    bundle: &Bundle,
    artifact: &Artifact,
    signers: &[TrustedSigner],
    policy: &Policy,
    trust: &TrustedRoot,
    now: Timestamp,
) -> Result<VerifiedSignature, Rejection> {
    let mut rejections = Vec::new();
    for signer in signers {
        match verify(bundle, artifact, &policy.of_signer(signer), trust, now) {
            Err(rejection) => rejections.push(rejection),
            verified => return verified,
        }
    }
    Err(Rejection::of_several(rejections))
}

/// Returns what must be known of a message before [`verify`] can judge whether `bundle` is a signature over it.
pub fn needs(bundle: &Bundle, policy: &Policy) -> Needs {
    let TrustedSigner::AnyOf(signers) = policy.signer() else {
        let needs = claim::needs(bundle, policy);
        // SHA-256 is always known
        return match policy.denied().names_by(Algorithm::Sha512) {
            true => needs.and(SignatureDigest::Sha512),
            false => needs,
        };
    };
    let each = signers.iter().map(|signer| needs(bundle, &policy.of_signer(signer)));
    each.fold(Needs::new(&[], Bytes::Dropped), |all, one| all.joined(&one))
}

/// A signature that passed every check of a policy; only [`verify`] makes one.
#[derive(Clone, Debug)]
pub struct VerifiedSignature {
    format: Format,
    times: SignedTimes,
    signer: AcceptedSigner,
    entries: ProvenEntries,
    claim: BoundClaim,
    came_with: (Vec<LogEntry>, Vec<TimestampToken>),
}

impl VerifiedSignature {
    /// Returns the form in which the evidence came.
    pub fn format(&self) -> Format {
        self.format
    }

    /// Returns the moment for which the judgement was made.
    pub fn judged_at(&self) -> Timestamp {
        self.times.judged_at()
    }

    /// Returns the proven moments at which the signature existed.
    pub fn signed_at(&self) -> &[Timestamp] {
        self.times.proven()
    }

    /// Returns those of the [proven moments](Self::signed_at) that timestamp authorities prove; logs prove the others.
    pub fn stamped_at(&self) -> &[Timestamp] {
        self.times.stamped()
    }

    /// Returns the key whose signature it is.
    pub fn key(&self) -> &PublicKey {
        self.signer.key()
    }

    /// Returns the certificate that says whose key it is, if the policy trusts identities.
    pub fn certificate(&self) -> Option<&Certificate> {
        self.signer.certificate()
    }

    /// Returns the log entries that are proven to witness the signature.
    pub fn log_entries(&self) -> &[ProvenEntry] {
        self.entries.as_slice()
    }

    /// Returns the log entries that came with the signature, *unverified* but for those that are
    /// [proven](Self::log_entries).
    pub fn attached_log_entries(&self) -> &[LogEntry] {
        &self.came_with.0
    }

    /// Returns the timestamps that came with the signature, *unverified* but where the policy asked for them.
    pub fn attached_timestamps(&self) -> &[TimestampToken] {
        &self.came_with.1
    }

    /// Returns the artifact's digest if the policy had the signature bound to it.
    pub fn digest(&self) -> Option<&Digest> {
        self.claim.digest()
    }

    /// Returns the digest that is signed, as written: the artifact's where it is bound, else the first one named.
    pub fn claimed_digest(&self) -> Option<&str> {
        self.claim.claimed_digest()
    }

    /// Returns the signed bytes: a simple-signing payload or a statement; of a message, none.
    pub fn payload_bytes(&self) -> &[u8] {
        self.claim.payload()
    }

    /// Returns the name that the signer gave the image; a statement of a signature has none.
    pub fn docker_reference(&self) -> Option<&str> {
        self.claim.docker_reference()
    }

    /// Returns what kind of claim is signed: `critical.type` of a simple-signing payload, the predicate type of a statement,
    /// `message` of a message.
    pub fn kind(&self) -> &str {
        self.claim.kind()
    }

    /// Returns the predicate type, if a statement is signed.
    pub fn predicate_type(&self) -> Option<&str> {
        self.claim.predicate_type()
    }

    /// Returns the predicate as it stands in the signed bytes, if a statement is signed that has one.
    pub fn predicate(&self) -> Option<&RawValue> {
        self.claim.predicate()
    }

    /// Returns the envelope that holds the signed statement; a `.sig` layer has none.
    pub fn envelope(&self) -> Option<&Envelope> {
        self.claim.envelope()
    }

    /// Returns the signed annotations: `optional` of a simple-signing payload, those of the matching subject of a statement.
    pub fn annotations(&self) -> Option<&Map<String, Value>> {
        self.claim.annotations()
    }
}

#[cfg(test)]
mod tests;
