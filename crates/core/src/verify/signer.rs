//! Whose signature is believed (client-spec §4.3).

use super::Rejection;
use super::time::SignedTimes;
use crate::bundle::{Bundle, KeyMaterial};
use crate::key::{PublicKey, Signature, SignatureDigest};
use crate::policy::{Policy, TrustedSigner};
use crate::quoted::Quoted;

/// A signer whom the policy trusts for this bundle.
#[derive(Clone, Debug)]
pub(super) struct AcceptedSigner {
    key: PublicKey,
    digest: Option<SignatureDigest>,
    named: Option<Quoted>,
}

impl AcceptedSigner {
    pub(super) fn key(&self) -> &PublicKey {
        &self.key
    }

    /// Checks that this signer signed `message`.
    pub(super) fn verify(&self, message: &[u8], signature: &Signature) -> Result<(), Rejection> {
        self.key
            .verify(message, signature, self.digest)
            .map_err(|source| Rejection::SignatureMismatch {
                key: self.key.hint(),
                named: self.named.clone(),
                source,
            })
    }
}

/// Returns the signer whom the policy trusts and whose signature the bundle can be.
///
/// The hint in a bundle decides nothing, for whoever stores a bundle can write any: the signature decides. A key has no
/// validity, so the times do not matter to it.
pub(super) fn accept(bundle: &Bundle, _times: &SignedTimes, policy: &Policy) -> Result<AcceptedSigner, Rejection> {
    let TrustedSigner::Key { key, digest } = policy.signer();
    let named = match bundle.key_material() {
        KeyMaterial::Certificates(_) => return Err(Rejection::CertificateNotKey),
        KeyMaterial::PublicKey { hint } => hint.as_deref().map(Quoted::new),
        KeyMaterial::Undeclared(_) => None,
    };
    Ok(AcceptedSigner {
        key: key.clone(),
        digest: *digest,
        named,
    })
}
