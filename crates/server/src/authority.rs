//! The certificate authority: who shows who they are gets a certificate that says so (Fulcio).

pub(crate) mod certificate;
mod csr;
mod extensions;
#[cfg(fuzzing)]
pub(crate) mod fuzzing;
pub(crate) mod principal;
mod request;
mod wire;

use std::future::Future;
use std::time::Duration;

use countersign_core::certificate::Certificate;
use countersign_core::key::KeyAlgorithm;
use countersign_core::{PrivateKey, PublicKey, SignerError};
use jiff::Timestamp;

use self::certificate::{
    Purpose, Template, chain_of_two, empty_name, key_identifiers, poison, promises, seal, serial, subject_name,
    usage_of_authority, usage_of_leaf, with_own_digest,
};
use self::principal::Principal;
use crate::keys::{Keys, KeysError};

pub(crate) use wire::Fulcio;

/// What certifies: a key, and the certificates from its own to the root.
pub(crate) struct Authority {
    key: PrivateKey,
    chain: Vec<Certificate>,
}

impl Authority {
    /// Opens the authority, which is made where there is none.
    pub(crate) fn open(keys: &Keys, now: Timestamp) -> Result<Self, KeysError> {
        let key = with_own_digest(keys.key("fulcio", ALGORITHM)?)?;
        let chain = keys.chain("fulcio", &key, || {
            let root = with_own_digest(PrivateKey::generate(ALGORITHM)?)?;
            let usage = usage_of_authority(Some(Purpose::CodeSigning), Some(0));
            chain_of_two(["certificate root", "certificate authority"], &key, usage, &root, now)
        })?;
        Ok(Self { key, chain })
    }

    /// Returns the certificates from the one that issues to the root.
    pub(crate) fn chain(&self) -> &[Certificate] {
        &self.chain
    }

    /// Certifies that `principal` holds `key`, from now on for ten minutes, once a log has promised to keep a precertificate
    /// of it: `promise` is asked with the precertificate and its issuer.
    pub(crate) async fn certify<E, F>(
        &self,
        principal: &Principal,
        key: &PublicKey,
        now: Timestamp,
        promise: impl FnOnce(Precertificate) -> F,
    ) -> Result<Vec<u8>, IssueError<E>>
    where
        F: Future<Output = Result<Vec<u8>, E>>,
    {
        let issuer = self.chain.first().expect("a chain begins with what issues");
        let empty = empty_name();
        let template = Template {
            serial: serial().map_err(|_| IssueError::Random)?,
            issuer: issuer.subject().as_der(),
            from: now,
            until: now + LIFETIME,
            subject: &empty,
            key,
            extensions: [
                usage_of_leaf(Purpose::CodeSigning),
                key_identifiers(key, Some(self.key_of_issuer())),
                vec![subject_name(principal.name())],
                extensions::written(principal),
            ]
            .concat(),
        };
        let poisoned = template.to_be_signed(&self.key, Some(&poison()));
        let precertificate = Precertificate {
            certificate: seal(&poisoned, &self.key)?,
            to_be_signed: template.to_be_signed(&self.key, None),
        };
        let promised = promise(precertificate).await.map_err(IssueError::Log)?;
        let to_be_signed = template.to_be_signed(&self.key, Some(&promises(&promised)));
        Ok(seal(&to_be_signed, &self.key)?)
    }

    fn key_of_issuer(&self) -> &PublicKey {
        countersign_core::Signer::public_key(&self.key)
    }
}

/// What a certificate log is shown before a certificate is issued.
#[derive(Clone, Debug)]
pub(crate) struct Precertificate {
    /// The certificate with the extension that keeps anyone from believing it.
    pub(crate) certificate: Vec<u8>,
    /// What will be signed, without that extension and without promises, which is what the log signs.
    pub(crate) to_be_signed: Vec<u8>,
}

/// Why no certificate was issued.
#[derive(Debug, thiserror::Error)]
pub(crate) enum IssueError<E> {
    #[error("the certificate log made no promise")]
    Log(#[source] E),
    #[error("there is no randomness")]
    Random,
    #[error(transparent)]
    Signer(#[from] SignerError),
}

const ALGORITHM: KeyAlgorithm = KeyAlgorithm::EcdsaP384;

/// How long a certificate is to be believed: long enough to sign and to have it logged.
const LIFETIME: Duration = Duration::from_secs(10 * 60);
