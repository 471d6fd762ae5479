//! Verification: the one path from untrusted evidence to a signature that may be believed (sigstore client-spec §4).

mod claim;
mod log;
mod rejection;
mod signer;
mod time;

use jiff::Timestamp;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::Digest;
use crate::artifact::Artifact;
use crate::bundle::{Bundle, Format};
use crate::envelope::Envelope;
use crate::key::PublicKey;
use crate::log::LogEntry;
use crate::message::Needs;
use crate::policy::Policy;

use claim::BoundClaim;
use log::ProvenEntries;
use signer::AcceptedSigner;
use time::SignedTimes;

pub use rejection::{ClaimedDigests, Rejection};

/// Judges one bundle: whether it satisfies the whole of `policy` for `artifact` at the moment `now`.
///
/// # Errors
///
/// A [`Rejection`] with the first reason not to believe the bundle.
pub fn verify(
    bundle: &Bundle,
    artifact: &Artifact,
    policy: &Policy,
    now: Timestamp,
) -> Result<VerifiedSignature, Rejection> {
    let times = time::establish(bundle, policy, now)?;
    let signer = signer::accept(bundle, &times, policy)?;
    let entries = log::prove(bundle, &signer, policy)?;
    let claim = claim::bind(bundle, artifact, &signer, policy)?;
    Ok(VerifiedSignature {
        format: bundle.format(),
        times,
        signer,
        entries,
        claim,
    })
}

/// Returns what must be known of a message before [`verify`] can judge whether `bundle` is a signature over it.
pub fn needs(bundle: &Bundle, policy: &Policy) -> Needs {
    claim::needs(bundle, policy)
}

/// A signature that passed every check of a policy; only [`verify`] makes one.
#[derive(Clone, Debug)]
pub struct VerifiedSignature {
    format: Format,
    times: SignedTimes,
    signer: AcceptedSigner,
    entries: ProvenEntries,
    claim: BoundClaim,
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

    /// Returns the key whose signature it is.
    pub fn key(&self) -> &PublicKey {
        self.signer.key()
    }

    /// Returns the log entries that are proven to witness the signature.
    pub fn log_entries(&self) -> &[LogEntry] {
        self.entries.as_slice()
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
