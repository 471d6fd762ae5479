//! Has services vouch for signatures before they are published.

use countersign_core::artifact::Artifact;
use countersign_core::bundle::legacy;
use countersign_core::policy::ClaimBinding;
use countersign_oci::Pinned;
use jiff::Timestamp;

use super::{SignError, SignOptions, Signatures, SignedBundle, SignedPayload, legacy_binding, own_claim};
use crate::credential::Credential;
use crate::services::Services;

/// Has `services` vouch for the signatures of `image`, which are verified with what they answer.
///
/// # Errors
/// [`SignError::Vouch`], or [`SignError::Bundle`] where the signature tag has no place for what they answer.
pub async fn vouch(
    signatures: Signatures,
    image: &Pinned,
    credential: &Credential,
    services: &Services,
    options: &SignOptions,
    now: impl Fn() -> Timestamp,
) -> Result<Signatures, SignError> {
    let artifact = Artifact::new(image.digest().clone());
    let bundle = match signatures.bundle {
        None => None,
        Some(signed) => {
            let claim = own_claim(options, ClaimBinding::Required);
            let made = services.vouch(signed.made, &artifact, claim, credential, &now).await?;
            Some(SignedBundle {
                json: made.to_json()?.into(),
                made,
                statement: signed.statement,
                signature: signed.signature,
            })
        }
    };
    let mut layers = Vec::new();
    for signed in signatures.legacy {
        let claim = own_claim(options, legacy_binding(options));
        let made = services.vouch(signed.made, &artifact, claim, credential, &now).await?;
        layers.push(SignedPayload {
            vouched: legacy::annotations(&made, credential.issuers())?,
            made,
            payload: signed.payload,
            signature: signed.signature,
        });
    }
    Ok(Signatures {
        bundle,
        legacy: layers,
        skipped: signatures.skipped,
    })
}
