//! What to ask a log for, where a signature comes without its entry.

use super::Rejection;
use super::material::Material;
use crate::artifact::Artifact;
use crate::bundle::{Bundle, Content};
use crate::key::SignatureDigest;
use crate::log::Verifier as LogVerifier;
use crate::policy::{Policy, TrustedSigner};
use crate::protocol::rekor::{Kept, Proposal, ProposalError, Verifier};

/// Returns what Rekor 1 is asked for the entries of a signature over `artifact`, once for each signer whose it may be.
///
/// # Errors
///
/// [`ProposalError`], for a signature that no log would have taken.
pub fn search(bundle: &Bundle, artifact: &Artifact, policy: &Policy) -> Result<Vec<Vec<u8>>, ProposalError> {
    if let TrustedSigner::AnyOf(signers) = policy.signer() {
        let mut searches = Vec::new();
        for signer in signers {
            searches.extend(search(bundle, artifact, &policy.of_signer(signer))?);
        }
        // one certificate may be that of several signers
        searches.dedup();
        return Ok(searches);
    }
    let Ok(material) = Material::of(bundle, policy) else {
        return Ok(Vec::new());
    };
    let digest = material.digest().unwrap_or(SignatureDigest::Sha256);
    let is_by_it = match bundle.content() {
        Content::Message(signed) => material.verify_message(&artifact.as_message(), signed.signature()),
        Content::Envelope(signed) => material.verify(&signed.envelope().pae(), signed.signature()),
        Content::SimpleSigning { payload, signature } => material.verify(payload, signature),
    };
    if is_by_it.is_err() {
        return Ok(Vec::new());
    }
    let named = bundle.clone().naming(&artifact.as_message(), digest);
    let proposal = Proposal {
        content: named.content(),
        digest,
        verifier: match material.verifier() {
            LogVerifier::Key(key) => Verifier::Key(key),
            LogVerifier::Certificate { certificate, .. } => Verifier::Certificate(certificate),
        },
        kept: Kept::Hashes,
    };
    Ok(vec![proposal.to_rekor_1_search()?])
}

impl Rejection {
    /// Says whether all that a signature lacks, as far as it was judged, is an entry in a log.
    pub fn is_unlogged(&self) -> bool {
        matches!(self, Self::TooFewLogs { found: 0, expected: 1 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_no_log_has_where_one_is_asked_for_is_unlogged() {
        let too_few = |found, expected| Rejection::TooFewLogs { expected, found };
        assert!(too_few(0, 1).is_unlogged());
        for other in [too_few(1, 2), too_few(0, 2), Rejection::NoMessageSignature] {
            assert!(!other.is_unlogged(), "{other:?}");
        }
    }
}
