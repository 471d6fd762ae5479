//! Which bases an image may stand on.

use std::fmt;
use std::str::FromStr;

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

/// A text does not say on which bases an image must stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected any, all, innermost or outermost")]
pub struct RequireError;
