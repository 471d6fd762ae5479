//! What is never believed, whoever signs.

use std::fmt;

use super::IdentityPattern;
use crate::certificate::Certificate;
use crate::digest::{Algorithm, Digest};
use crate::key::PublicKey;

/// What is never believed; whatever else a policy says, this wins.
#[derive(Clone, Debug, Default)]
pub struct Denied {
    /// Artifacts.
    pub digests: Vec<Digest>,
    /// Keys, also where a certificate is for one.
    pub keys: Vec<PublicKey>,
    /// Whom a certificate may not name.
    pub identities: Vec<IdentityPattern>,
}

/// What it is that is denied.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Denial {
    /// The artifact.
    Digest(Digest),
    /// The key, by its hint.
    Key(String),
    /// Whom the certificate names, as the policy has it.
    Identity(String),
}

impl Denied {
    /// Says whether an artifact can be denied by this digest of it.
    pub(crate) fn names_by(&self, algorithm: Algorithm) -> bool {
        self.digests.iter().any(|digest| digest.algorithm() == algorithm)
    }

    /// Returns why a signature of the artifact with these `digests`, by this `key`, is not believed.
    pub(crate) fn denies(
        &self,
        mut digests: impl Iterator<Item = Digest>,
        key: &PublicKey,
        certificate: Option<&Certificate>,
    ) -> Option<Denial> {
        if let Some(digest) = digests.find(|digest| self.digests.contains(digest)) {
            return Some(Denial::Digest(digest));
        }
        if self.keys.contains(key) {
            return Some(Denial::Key(key.hint()));
        }
        let certificate = certificate?;
        let mut identities = self.identities.iter();
        let identity = identities.find(|identity| identity.is_of(certificate))?;
        Some(Denial::Identity(identity.to_string()))
    }
}

impl fmt::Display for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Digest(digest) => write!(f, "the artifact {digest}"),
            Self::Key(hint) => write!(f, "the key {hint}"),
            Self::Identity(identity) => write!(f, "the identity {identity}"),
        }
    }
}
