//! Whose signature is believed (client-spec §4.3).

use super::Rejection;
use super::time::SignedTimes;
use crate::bundle::{Bundle, KeyMaterial};
use crate::key::{MessageError, PublicKey, Signature, SignatureDigest, SignatureMismatch};
use crate::message::Message;
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

    /// Checks that this signer signed a message that was hashed while it was read.
    pub(super) fn verify_message(&self, message: &Message, signature: &Signature) -> Result<(), Rejection> {
        self.key
            .verify_message(message, signature, self.digest)
            .map_err(|error| match error {
                MessageError::Mismatch(source) => self.mismatch(source),
                MessageError::Unknown(source) => Rejection::MessageUnknown(source),
            })
    }

    fn mismatch(&self, source: SignatureMismatch) -> Rejection {
        Rejection::SignatureMismatch {
            key: self.key.hint(),
            named: self.named.clone(),
            source,
        }
    }

    /// Checks that this signer signed `message`.
    pub(super) fn verify(&self, message: &[u8], signature: &Signature) -> Result<(), Rejection> {
        self.key
            .verify(message, signature, self.digest)
            .map_err(|source| self.mismatch(source))
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
        // A key that comes with the signature proves nothing: anyone can sign and add theirs (GHSA-fx35-mq7g-6g98).
        KeyMaterial::Key(found) if found != key => {
            return Err(Rejection::AnotherKey {
                expected: key.hint(),
                found: found.hint(),
            });
        }
        KeyMaterial::Key(_) => None,
        KeyMaterial::PublicKey { hint } => hint.as_deref().map(Quoted::new),
        KeyMaterial::Undeclared(_) => None,
    };
    Ok(AcceptedSigner {
        key: key.clone(),
        digest: *digest,
        named,
    })
}
