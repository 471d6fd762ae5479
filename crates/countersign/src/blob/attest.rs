//! Attests blobs: signs what is claimed of a file.

use countersign_core::Digest;
use countersign_core::artifact::Artifact;
use countersign_core::bundle::Bundle;
use countersign_core::envelope::Envelope;
use countersign_core::payload::statement::PAYLOAD_TYPE;
use countersign_core::policy::{LogRule, Policy, TrustedSigner};
use countersign_core::signer::Signer;
use countersign_core::trust::TrustedRoot;
use countersign_core::verify::verify;
use jiff::Timestamp;

use super::BlobError;
use crate::attest::{Claimed, about_it};
use crate::credential::Credential;
use crate::services::Services;

/// An attestation of a blob.
#[derive(Debug)]
pub struct BlobAttestation {
    /// The Sigstore bundle.
    pub bundle: Bundle,
    /// The signed envelope in it.
    pub envelope: Envelope,
}

/// Signs what is claimed of the blob called `name`.
///
/// # Errors
/// [`BlobError`]; what would be refused is never handed out.
pub fn attest(
    name: &str,
    digest: &Digest,
    claimed: &Claimed,
    signer: &dyn Signer,
    now: Timestamp,
) -> Result<BlobAttestation, BlobError> {
    let statement = claimed
        .statement(name, digest)
        .ok_or_else(|| BlobError::OtherSubject { digest: digest.clone() })?;
    let envelope = Envelope::seal(PAYLOAD_TYPE, statement, signer)?;
    let key = signer.public_key().clone();
    let bundle = Bundle::assemble(envelope.clone(), &key)?;
    let trusted = match signer.needs().digests() {
        [digest] => TrustedSigner::key_with_digest(key, *digest),
        _ => TrustedSigner::key(key),
    };
    let policy = Policy::new(trusted, about_it(), LogRule::InsecurelyIgnored);
    verify(
        &bundle,
        &Artifact::new(digest.clone()),
        &policy,
        &TrustedRoot::default(),
        now,
    )
    .map_err(BlobError::Unverifiable)?;
    Ok(BlobAttestation { bundle, envelope })
}

/// Has `services` vouch for the attestation of the blob, which is verified with what they answer.
///
/// # Errors
/// [`BlobError::Vouch`].
pub async fn vouch_attestation(
    made: BlobAttestation,
    digest: &Digest,
    credential: &Credential,
    services: &Services,
    now: impl Fn() -> Timestamp,
) -> Result<BlobAttestation, BlobError> {
    let artifact = Artifact::new(digest.clone());
    let vouched = services.vouch(made.bundle, &artifact, about_it(), credential, now);
    Ok(BlobAttestation {
        bundle: vouched.await?,
        envelope: made.envelope,
    })
}
