//! So many of several signers.

use std::fmt;
use std::num::NonZero;

use super::TrustedSigner;
use crate::verify::VerifiedSignature;

/// Several signers, of whom so many must have signed, each by a key or an identity of their own.
#[derive(Clone, Debug)]
pub struct Quorum {
    threshold: NonZero<usize>,
    signers: Vec<(String, TrustedSigner)>,
}

impl Quorum {
    /// Asks for `threshold` of these named signers.
    ///
    /// # Errors
    ///
    /// [`QuorumError`] where there are fewer signers, or one twice.
    pub fn new(threshold: NonZero<usize>, signers: Vec<(String, TrustedSigner)>) -> Result<Self, QuorumError> {
        if signers.len() < threshold.get() {
            return Err(QuorumError::Unreachable {
                threshold: threshold.get(),
                signers: signers.len(),
            });
        }
        for (place, (name, signer)) in signers.iter().enumerate() {
            let mut others = signers.iter().take(place);
            if let Some((other, _)) = others.find(|(other, known)| other == name || is_same(known, signer)) {
                return Err(QuorumError::Twice {
                    first: other.clone(),
                    second: name.clone(),
                });
            }
        }
        Ok(Self { threshold, signers })
    }

    /// Returns how many must have signed.
    pub fn threshold(&self) -> usize {
        self.threshold.get()
    }

    /// Returns whoever counts: each is trusted by one signature, and all together only in the number asked for.
    pub fn anyone(&self) -> TrustedSigner {
        TrustedSigner::AnyOf(self.signers.iter().map(|(_, signer)| signer.clone()).collect())
    }

    /// Says whether a signature is by one of the signers.
    pub(crate) fn counts(&self, signature: &VerifiedSignature) -> bool {
        let holder = Holder::of(signature);
        self.signers.iter().any(|(_, signer)| holder.is(signer))
    }

    /// Says which signers have signed: each signature counts for one of them, and whoever signs, with one key or as one
    /// identity, counts once however often.
    ///
    /// # Errors
    ///
    /// [`TooFewSigners`].
    pub fn judge<'a>(
        &self,
        signatures: impl IntoIterator<Item = &'a VerifiedSignature>,
    ) -> Result<Vec<&str>, TooFewSigners> {
        let holders = Holder::each_once(signatures);
        let mut matching = Matching {
            // for each signer, the holders who may be them
            choices: self
                .signers
                .iter()
                .map(|(_, signer)| choices(signer, &holders))
                .collect(),
            signer_of: vec![None; holders.len()],
        };
        for signer in 0..self.signers.len() {
            matching.place(signer, &mut vec![false; holders.len()]);
        }
        let signed: Vec<usize> = matching.signer_of.iter().flatten().copied().collect();
        let names = |has_signed: bool| {
            let named = self.signers.iter().enumerate();
            named
                .filter(|(place, _)| signed.contains(place) == has_signed)
                .map(|(_, (name, _))| name.as_str())
                .collect::<Vec<_>>()
        };
        let found = names(true);
        if found.len() >= self.threshold.get() {
            return Ok(found);
        }
        let owned = |names: Vec<&str>| Names(names.into_iter().map(str::to_owned).collect());
        Err(TooFewSigners {
            expected: self.threshold.get(),
            missing: owned(names(false)),
            found: owned(found),
        })
    }
}

/// Who made a signature: a key, or whom a certificate names.
struct Holder<'a> {
    signature: &'a VerifiedSignature,
    identity: Option<(Vec<String>, Option<&'a str>)>,
}

impl<'a> Holder<'a> {
    fn each_once(signatures: impl IntoIterator<Item = &'a VerifiedSignature>) -> Vec<Self> {
        let mut holders: Vec<Self> = Vec::new();
        for holder in signatures.into_iter().map(Self::of) {
            if !holders.iter().any(|known| known.is_same(&holder)) {
                holders.push(holder);
            }
        }
        holders
    }

    fn of(signature: &'a VerifiedSignature) -> Self {
        let identity = signature.certificate().map(|certificate| {
            let mut names: Vec<String> = certificate.names().iter().map(ToString::to_string).collect();
            names.sort_unstable();
            (names, certificate.extensions().issuer())
        });
        Self { signature, identity }
    }

    /// The same key is the same holder, under whatever name.
    fn is_same(&self, other: &Self) -> bool {
        let by_name = self.identity.is_some() && self.identity == other.identity;
        by_name || self.signature.key() == other.signature.key()
    }

    fn is(&self, signer: &TrustedSigner) -> bool {
        match (signer, self.signature.certificate()) {
            (TrustedSigner::Key { key, .. }, None) => self.signature.key() == key,
            (TrustedSigner::Identities { identities, .. }, Some(certificate)) => {
                identities.iter().any(|identity| identity.is_of(certificate))
            }
            (TrustedSigner::AnyOf(signers), _) => signers.iter().any(|signer| self.is(signer)),
            _ => false,
        }
    }
}

fn choices(signer: &TrustedSigner, holders: &[Holder<'_>]) -> Vec<usize> {
    let holders = holders.iter().enumerate();
    holders
        .filter(|(_, holder)| holder.is(signer))
        .map(|(place, _)| place)
        .collect()
}

/// Whom each signature counts for, so that as many signers as possible have signed (augmenting paths).
struct Matching {
    choices: Vec<Vec<usize>>,
    signer_of: Vec<Option<usize>>,
}

impl Matching {
    /// Finds a holder for `signer`, who may have to leave one to another signer.
    fn place(&mut self, signer: usize, tried: &mut Vec<bool>) -> bool {
        let choices = self.choices.get(signer).cloned().unwrap_or_default();
        for holder in choices {
            match tried.get_mut(holder) {
                Some(tried) if !*tried => *tried = true,
                _ => continue,
            }
            let other = self.signer_of.get(holder).copied().flatten();
            if other.is_none_or(|other| self.place(other, tried)) {
                if let Some(place) = self.signer_of.get_mut(holder) {
                    *place = Some(signer);
                }
                return true;
            }
        }
        false
    }
}

/// The same key, or the same words for an identity.
fn is_same(one: &TrustedSigner, other: &TrustedSigner) -> bool {
    match (one, other) {
        (TrustedSigner::Key { key: one, .. }, TrustedSigner::Key { key: other, .. }) => one == other,
        (TrustedSigner::Identities { identities: one, .. }, TrustedSigner::Identities { identities: other, .. }) => {
            let shown = |identities: &[super::IdentityPattern]| -> Vec<String> {
                identities.iter().map(ToString::to_string).collect()
            };
            shown(one) == shown(other)
        }
        _ => false,
    }
}

/// Fewer signers have signed than must.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} of the signers have signed ({found}), expected {expected}; there is no signature by {missing}", found.0.len())]
pub struct TooFewSigners {
    /// How many are asked for.
    pub expected: usize,
    /// Who has signed.
    pub found: Names,
    /// Who has not.
    pub missing: Names,
}

/// Names of signers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names(Vec<String>);

impl fmt::Display for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_slice() {
            [] => f.write_str("none"),
            names => f.write_str(&names.join(", ")),
        }
    }
}

/// Why signers are no quorum.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum QuorumError {
    /// A signer is there twice, by the name, the key or the identity.
    #[error("signers {first} and {second} are the same")]
    Twice {
        /// The name of the first.
        first: String,
        /// The name of the second.
        second: String,
    },
    /// More signatures are asked for than there are signers.
    #[error("threshold is {threshold}, and there are {signers} signers")]
    Unreachable {
        /// How many are asked for.
        threshold: usize,
        /// How many signers there are.
        signers: usize,
    },
}

#[cfg(test)]
mod tests;
