//! Why a mark of a base does not count, and why an image does not stand on the bases that it must.

use std::fmt;

use jiff::Timestamp;

use super::layers::LayersError;
use super::paths::PathPattern;
use super::policy::CurrentTag;
use super::{CANDIDATES, StatementFault};
use crate::age::Age;
use crate::digest::Digest;
use crate::quoted::Quoted;
use crate::verify::Rejection;

/// Why a mark does not count for a base.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BaseRejection {
    /// What is signed has other layers than the image.
    #[error("layer {layer} is {found}, signed is {expected}")]
    Departs {
        /// The number of the layer, from 1.
        layer: usize,
        /// The diff id that is signed.
        expected: Digest,
        /// The diff id of the image.
        found: Digest,
    },
    /// The policy denies the base.
    #[error("policy denies the base {0}")]
    Denied(Digest),
    /// It holds no longer.
    #[error("expired at {at}, now it is {now}")]
    Expired {
        /// Until when it holds.
        at: Timestamp,
        /// The moment of the judgement.
        now: Timestamp,
    },
    /// It is on another layer than the last one that is signed.
    #[error("is on layer {found}, expected layer {expected}, the last that is signed")]
    Misplaced {
        /// How many layers are signed.
        expected: usize,
        /// The number of the layer that it is on.
        found: usize,
    },
    /// It is not the present one.
    #[error("is the base {found}, expected that of the tag {tag}")]
    NotCurrent {
        /// The tag that must be at it.
        tag: CurrentTag,
        /// Its chain id.
        found: Digest,
    },
    /// It is of a time to come.
    #[error("was issued at {issued}, now it is {now}")]
    NotYet {
        /// When it says that it was issued.
        issued: Timestamp,
        /// The moment of the judgement.
        now: Timestamp,
    },
    /// It is a bundle of something else.
    #[error("is no statement of a base")]
    NoStatement,
    /// The signature is not believed.
    #[error(transparent)]
    Signature(#[from] Rejection),
    /// The statement is none.
    #[error(transparent)]
    Statement(#[from] StatementFault),
    /// The base has more layers than the image.
    #[error("base has {expected} layers, the image has {found}")]
    TooFewLayers {
        /// The layers that are signed.
        expected: usize,
        /// Those of the image.
        found: usize,
    },
    /// It is older than bases may be.
    #[error("was issued at {issued}, expected within {limit} before {now}")]
    TooOld {
        /// When it was issued.
        issued: Timestamp,
        /// How old it may be.
        limit: Age,
        /// The moment of the judgement.
        now: Timestamp,
    },
    /// It does not say how old it is, and may only be so old.
    #[error("has no date, expected one within {limit}: a signature over layers alone never ends")]
    Undated {
        /// How old it may be.
        limit: Age,
    },
    /// It cannot be read.
    #[error("{reason}")]
    Unreadable {
        /// Why not.
        reason: String,
    },
}

impl From<LayersError> for BaseRejection {
    fn from(error: LayersError) -> Self {
        Self::Statement(error.into())
    }
}

/// A mark that counts for none of the bases.
#[derive(Debug)]
pub struct Refused {
    /// Where it is.
    pub place: String,
    /// For each base that may be signed: its name, and why it does not count for it.
    pub reasons: Vec<(String, BaseRejection)>,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |rejection: &BaseRejection| {
            let mut text = rejection.to_string();
            let mut next = std::error::Error::source(rejection);
            while let Some(cause) = next {
                text.push_str(": ");
                text.push_str(&cause.to_string());
                next = cause.source();
            }
            text
        };
        write!(f, "{}: ", self.place)?;
        let texts: Vec<String> = self.reasons.iter().map(|(_, reason)| shown(reason)).collect();
        match texts.as_slice() {
            [first, others @ ..] if others.iter().all(|other| other == first) => f.write_str(first),
            _ => {
                let named = self.reasons.iter().zip(&texts);
                let named: Vec<String> = named.map(|((name, _), text)| format!("not {name}: {text}")).collect();
                f.write_str(&named.join("; "))
            }
        }
    }
}

/// Why an image does not stand on the bases that it must.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BaseRefusal {
    /// Another base is above the one that must be the outermost.
    #[error("{other} ends at layer {found}, above {name}, the outermost base, which ends at layer {expected}")]
    Above {
        /// The base that must be the outermost.
        name: String,
        /// Where it ends.
        expected: usize,
        /// The other.
        other: String,
        /// Where that ends.
        found: usize,
    },
    /// Another base is below the one that must be the innermost.
    #[error("{other} ends at layer {found}, below {name}, the innermost base, which ends at layer {expected}")]
    Below {
        /// The base that must be the innermost.
        name: String,
        /// Where it ends.
        expected: usize,
        /// The other.
        other: String,
        /// Where that ends.
        found: usize,
    },
    /// A layer is not what the configuration says.
    #[error("layer {layer} unpacks to {found}, its configuration says {expected}")]
    Content {
        /// The number of the layer, from 1.
        layer: usize,
        /// The diff id in the configuration.
        expected: Digest,
        /// The digest of what is in the blob.
        found: Digest,
    },
    /// The image stands on what nothing may stand on.
    #[error("policy denies the base {chain_id}, which is the lowest {count} layers")]
    Denied {
        /// The layers that are denied.
        count: usize,
        /// Their chain id.
        chain_id: Digest,
    },
    /// There are more layers above the base than there may be.
    #[error("there are {found} layers above the outermost base, the limit is {limit}")]
    LayersAbove {
        /// The limit.
        limit: usize,
        /// The number found.
        found: usize,
    },
    /// The image stands on none of the bases, or not on all that it must.
    #[error("image does not stand on {}", Each(missing))]
    Missing {
        /// The bases that it does not stand on, as the policy calls them.
        missing: Vec<String>,
        /// What was found, and why it does not count.
        refused: Vec<Refused>,
    },
    /// A layer above the base replaces or deletes what must stay as it is.
    #[error("layer {layer} {verb} {path}, which {pattern} keeps as the base has it")]
    Overridden {
        /// The number of the layer, from 1.
        layer: usize,
        /// What it does.
        verb: &'static str,
        /// The path.
        path: Quoted,
        /// What forbids that.
        pattern: PathPattern,
        /// What is done to the others that must stay as they are, a line each.
        others: Vec<String>,
    },
    /// There are more marks than are judged.
    #[error("image has {found} marks of bases, the limit is {CANDIDATES}")]
    TooManyMarks {
        /// The number found.
        found: usize,
    },
    /// Nobody has looked whether a layer is what the configuration says.
    #[error("layer {layer} was not compared with the configuration")]
    Unchecked {
        /// The number of the layer, from 1.
        layer: usize,
    },
    /// The image's manifest has members that programs read differently.
    #[error("manifest has {member} twice, or in another case too: programs differ on which one counts")]
    Twin {
        /// The member.
        member: Quoted,
    },
}

impl BaseRefusal {
    /// Returns what was found and does not count.
    pub fn refused(&self) -> &[Refused] {
        match self {
            Self::Missing { refused, .. } => refused,
            _ => &[],
        }
    }
}

/// Names, so many that a line has room for them.
struct Each<'a>(&'a [String]);

impl fmt::Display for Each<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            [] => f.write_str("any authorised base"),
            names => f.write_str(&names.join(", ")),
        }
    }
}
