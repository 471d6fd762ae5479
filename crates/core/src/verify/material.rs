//! What a signature is checked with: the key that is trusted, or a certificate that is still to be judged.

use std::borrow::Cow;

use super::Rejection;
use crate::bundle::{Bundle, KeyMaterial};
use crate::certificate::Certificate;
use crate::certificate::sct::SignedCertificateTimestamp;
use crate::key::{MessageError, PublicKey, Signature, SignatureDigest, SignatureMismatch};
use crate::log::Verifier;
use crate::message::Message;
use crate::policy::{CertificateLogRule, IdentityPattern, Policy, TrustedSigner};
use crate::quoted::Quoted;

/// What a signature is checked with; whether the signer is trusted is another question.
#[derive(Clone, Debug)]
pub(super) struct Material<'a> {
    key: Cow<'a, PublicKey>,
    digest: Option<SignatureDigest>,
    /// Which key the bundle says it is.
    named: Option<Quoted>,
    pub(super) holder: Holder<'a>,
}

/// Who has the key.
#[derive(Clone, Debug)]
pub(super) enum Holder<'a> {
    /// Whom the policy trusts by the key itself.
    Trusted,
    /// Whom a certificate names.
    Certified {
        leaf: Box<Certificate>,
        others: Vec<Certificate>,
        /// That a log has seen it, where that came beside it.
        timestamp: Option<SignedCertificateTimestamp>,
        identities: &'a [IdentityPattern],
        certificate_log: CertificateLogRule,
    },
}

impl<'a> Material<'a> {
    /// Takes the policy's key, or the bundle's certificate where the policy trusts identities.
    ///
    /// The hint in a bundle decides nothing, for whoever stores a bundle can write any: the signature decides.
    pub(super) fn of(bundle: &Bundle, policy: &'a Policy) -> Result<Self, Rejection> {
        match policy.signer() {
            TrustedSigner::Key { key, digest } => Ok(Self {
                key: Cow::Borrowed(key),
                digest: *digest,
                named: named(bundle.key_material(), key)?,
                holder: Holder::Trusted,
            }),
            TrustedSigner::Identities {
                identities,
                certificate_log,
            } => certified(bundle, identities, *certificate_log),
            // each of them is judged by itself
            TrustedSigner::AnyOf(_) => Err(Rejection::NoneOfSigners(Vec::new())),
        }
    }

    pub(super) fn key(&self) -> &PublicKey {
        &self.key
    }

    /// The digest that a signature must use, if the policy says one.
    pub(super) fn digest(&self) -> Option<SignatureDigest> {
        self.digest
    }

    /// The form in which a log names it.
    pub(super) fn verifier(&self) -> Verifier<'_> {
        match &self.holder {
            Holder::Trusted => Verifier::Key(&self.key),
            Holder::Certified { leaf, .. } => Verifier::Certificate {
                certificate: leaf,
                key: &self.key,
            },
        }
    }

    /// Checks that its key signed `message`.
    pub(super) fn verify(&self, message: &[u8], signature: &Signature) -> Result<(), Rejection> {
        self.key
            .verify(message, signature, self.digest)
            .map_err(|source| self.mismatch(source))
    }

    /// Checks that its key signed a message that was hashed while it was read.
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
}

/// Checks that the bundle can be by the trusted key, and returns which one it says it is by.
fn named(material: &KeyMaterial, key: &PublicKey) -> Result<Option<Quoted>, Rejection> {
    match material {
        KeyMaterial::Certificates(_) => Err(Rejection::CertificateNotKey),
        KeyMaterial::Contradicted => Err(Rejection::Contradicted),
        // A key that comes with the signature proves nothing: anyone can sign and add theirs (GHSA-fx35-mq7g-6g98).
        KeyMaterial::Key(found) if found != key => Err(Rejection::AnotherKey {
            expected: key.hint(),
            found: found.hint(),
        }),
        KeyMaterial::Key(_) | KeyMaterial::Undeclared(_) => Ok(None),
        KeyMaterial::PublicKey { hint } => Ok(hint.as_deref().map(Quoted::new)),
    }
}

fn certified<'a>(
    bundle: &Bundle,
    identities: &'a [IdentityPattern],
    certificate_log: CertificateLogRule,
) -> Result<Material<'a>, Rejection> {
    let certificates = match bundle.key_material() {
        KeyMaterial::Certificates(certificates) | KeyMaterial::Undeclared(certificates) => certificates,
        KeyMaterial::Key(_) | KeyMaterial::PublicKey { .. } => return Err(Rejection::KeyNotCertificate),
        KeyMaterial::Contradicted => return Err(Rejection::Contradicted),
    };
    let Some((leaf, others)) = certificates.split_first() else {
        return Err(Rejection::NoCertificate);
    };
    let leaf = Certificate::from_der(leaf)?;
    let key = leaf
        .public_key()
        .map_err(|source| Rejection::CertifiedKey(source.clone()))?;
    let key = Cow::Owned(key.clone());
    let others = others
        .iter()
        .map(|der| Certificate::from_der(der))
        .collect::<Result<_, _>>()?;
    Ok(Material {
        key,
        digest: None,
        named: None,
        holder: Holder::Certified {
            leaf: Box::new(leaf),
            others,
            timestamp: bundle.certificate_timestamp().cloned(),
            identities,
            certificate_log,
        },
    })
}
