//! Signs and attests blobs: files, without a registry.

mod attest;
mod read;

use countersign_core::Digest;
use countersign_core::artifact::Artifact;
use countersign_core::bundle::{Bundle, BundleError};
use countersign_core::key::{Signature, SignatureDigest};
use countersign_core::message::{Bytes, Message};
use countersign_core::policy::{Claim, LogRule, Policy, TrustedSigner};
use countersign_core::signer::{Signer, SignerError};
use countersign_core::trust::TrustedRoot;
use countersign_core::verify::{Rejection, verify};
use jiff::Timestamp;

use crate::credential::Credential;
use crate::services::{Services, VouchError};

pub use attest::{BlobAttestation, attest, vouch_attestation};
pub use read::{ReadError, SHORT, read, read_file};

/// The signature over a blob.
#[derive(Debug)]
pub struct SignedBlob {
    /// The Sigstore bundle.
    pub bundle: Bundle,
    /// The signature in it.
    pub signature: Signature,
}

/// Why a blob is not signed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BlobError {
    /// There is no signature.
    #[error(transparent)]
    Signer(#[from] SignerError),
    /// There is no bundle.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// A statement that was made elsewhere is about something else.
    #[error("the statement is not about {digest}: none of its subjects has this digest")]
    OtherSubject {
        /// The digest of the blob.
        digest: Digest,
    },
    /// What was signed does not verify, so it is not published.
    #[error("the signature that was made does not verify")]
    Unverifiable(#[source] Rejection),
    /// No service vouches for it.
    #[error(transparent)]
    Vouch(#[from] VouchError),
}

/// Signs a message that was read with what `signer` needs of it.
///
/// # Errors
/// [`BlobError`]; what would be refused is never handed out.
pub fn sign(message: Message, signer: &dyn Signer, now: Timestamp) -> Result<SignedBlob, BlobError> {
    let needs = signer.needs();
    let digest = needs.digests().first().copied().unwrap_or(SignatureDigest::Sha256);
    let signature = signer.sign_message(&message)?;
    let key = signer.public_key();
    let bundle = Bundle::of_message(&message, digest, signature.clone(), key)?;
    let trusted = match needs.bytes() {
        Bytes::Kept => TrustedSigner::key(key.clone()),
        Bytes::Dropped => TrustedSigner::key_with_digest(key.clone(), digest),
    };
    let policy = Policy::new(trusted, Claim::Message, LogRule::InsecurelyIgnored);
    verify(
        &bundle,
        &Artifact::message(message),
        &policy,
        &TrustedRoot::default(),
        now,
    )
    .map_err(BlobError::Unverifiable)?;
    Ok(SignedBlob { bundle, signature })
}

/// Has `services` vouch for the signature over `message`, which is verified with what they answer.
///
/// # Errors
/// [`BlobError::Vouch`].
pub async fn vouch(
    signed: SignedBlob,
    message: Message,
    credential: &Credential,
    services: &Services,
    now: impl Fn() -> Timestamp,
) -> Result<SignedBlob, BlobError> {
    let artifact = Artifact::message(message);
    let vouched = services.vouch(signed.bundle, &artifact, Claim::Message, credential, now);
    Ok(SignedBlob {
        bundle: vouched.await?,
        signature: signed.signature,
    })
}
