//! Which bases an image may stand on.

use std::fmt;
use std::str::FromStr;

use super::paths::PathPattern;
use super::rejection::BaseRejection;
use crate::age::Age;
use crate::digest::Digest;
use crate::policy::Policy;

/// Which bases an image may stand on, and on how many of them it must.
#[derive(Clone, Debug)]
pub struct BasePolicy {
    /// The bases, innermost first.
    pub bases: Vec<AuthorisedBase>,
    /// On which of them an image must stand.
    pub require: Require,
    /// The most layers above the outermost base.
    pub layers_above: Option<usize>,
    /// Chain ids, and digests of manifests, of bases that nothing may stand on, whoever signed them.
    pub denied: Vec<Digest>,
    /// Paths of the outermost base that the layers above may neither replace nor delete.
    pub forbid_overrides: Vec<PathPattern>,
}

/// A base that an image may stand on.
#[derive(Clone, Debug)]
pub struct AuthorisedBase {
    /// What it is called in messages.
    pub name: String,
    /// What makes layers its own.
    pub authority: Authority,
    /// How long ago it may have been signed.
    pub max_age: Option<Age>,
    /// Chain ids, and digests of manifests, that are not it, although signed.
    pub denied: Vec<Digest>,
    /// Repositories in which signatures of it are looked for.
    pub repositories: Vec<String>,
    /// Tags of which one must be at these layers now, by the word of who signs the base; none where it need not be the present one.
    pub current: Vec<CurrentTag>,
}

/// A tag that says which base is the present one.
#[derive(Clone, Debug)]
pub struct CurrentTag {
    /// Its name, with its repository.
    pub name: String,
    /// Where it is.
    pub state: TagState,
}

/// Where a tag is, as far as it is known.
#[derive(Clone, Debug)]
pub enum TagState {
    /// Nobody has looked; nothing is current.
    Unknown,
    /// A statement that is fresh says so.
    At {
        /// The manifest or index.
        digest: Digest,
        /// The chain ids of the images: all layers of each.
        chain_ids: Vec<Digest>,
    },
    /// What is said of it is not believed.
    NotBelieved {
        /// Why not.
        reason: String,
    },
}

impl AuthorisedBase {
    /// Checks that one of the tags is at the layers with this chain id now.
    pub(super) fn is_current(&self, chain_id: &Digest) -> Result<(), BaseRejection> {
        let is_at = |tag: &CurrentTag| match &tag.state {
            TagState::At { chain_ids, .. } => chain_ids.contains(chain_id),
            TagState::Unknown | TagState::NotBelieved { .. } => false,
        };
        match self.current.first() {
            Some(tag) if !self.current.iter().any(is_at) => Err(BaseRejection::NotCurrent {
                tag: tag.clone(),
                found: chain_id.clone(),
            }),
            _ => Ok(()),
        }
    }
}

impl fmt::Display for CurrentTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = &self.name;
        match &self.state {
            TagState::Unknown => write!(f, "{name}, and nobody has looked where that is"),
            TagState::NotBelieved { reason } => write!(f, "{name}, and that is not believed: {reason}"),
            TagState::At { digest, chain_ids } => {
                let shown: Vec<&str> = chain_ids.iter().take(SHOWN).map(Digest::as_str).collect();
                let more = if chain_ids.len() > SHOWN { ", …" } else { "" };
                write!(f, "{name}, which is {digest} now: {}{more}", shown.join(", "))
            }
        }
    }
}

/// What makes layers those of a base.
#[derive(Clone, Debug)]
pub enum Authority {
    /// That they are signed as this policy asks, whose claim is not looked at.
    Signed(Box<Policy>),
    /// That all of them together have one of these chain ids.
    Known(Vec<Digest>),
}

/// On which bases of a policy an image must stand.
///
/// It is said of the policy's list, which nobody else writes, and not of what is found at an image: a mark can be taken off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Require {
    /// On one at least.
    Any,
    /// On each.
    All,
    /// On the first, with none of the others below it.
    Innermost,
    /// On the last, with none of the others above it.
    Outermost,
}

impl FromStr for Require {
    type Err = RequireError;

    fn from_str(text: &str) -> Result<Self, RequireError> {
        [Self::Any, Self::All, Self::Innermost, Self::Outermost]
            .into_iter()
            .find(|require| require.to_string() == text)
            .ok_or(RequireError)
    }
}

impl fmt::Display for Require {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Any => "any",
            Self::All => "all",
            Self::Innermost => "innermost",
            Self::Outermost => "outermost",
        })
    }
}

/// How many chain ids of a tag are shown, one for each platform.
const SHOWN: usize = 4;

/// A text does not say on which bases an image must stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected any, all, innermost or outermost")]
pub struct RequireError;
