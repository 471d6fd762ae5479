//! Which marks count, and for which bases.

use std::time::Duration;

use jiff::Timestamp;

use super::layers::Layers;
use super::policy::{AuthorisedBase, Authority, BasePolicy};
use super::rejection::{BaseRefusal, BaseRejection, Refused};
use super::statement::{BaseStatement, PREDICATE_TYPE, peek};
use super::{CANDIDATES, settle};
use crate::artifact::Artifact;
use crate::bundle::Bundle;
use crate::digest::Digest;
use crate::message::Message;
use crate::payload::predicate::PredicateType;
use crate::payload::statement::Statement;
use crate::policy::{Claim, Policy};
use crate::trust::TrustedRoot;
use crate::verify::{VerifiedSignature, needs, verify};

/// What may be a mark of a base, *untrusted*, and where it was found.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// Where it was found, for messages.
    pub place: String,
    /// What was found.
    pub mark: Mark,
}

/// What may say whose the lowest layers of an image are; *untrusted*.
#[derive(Clone, Debug)]
pub enum Mark {
    /// A signature over the [payload](Layers::payload) of the lowest `count` layers.
    Signature {
        /// The signature.
        signature: Box<Bundle>,
        /// How many layers it is said to be over, by its place.
        count: usize,
    },
    /// A bundle with a statement.
    Statement {
        /// The bundle.
        bundle: Box<Bundle>,
        /// How many layers it must be about, where its place says that.
        count: Option<usize>,
    },
    /// Something that cannot be read.
    Unreadable {
        /// Why not.
        reason: String,
    },
}

impl Candidate {
    /// Returns how many of the layers it is about and what it says of them, *unverified*; nothing where it cannot be about these.
    pub fn claim(&self, layers: &Layers) -> Option<(usize, Option<BaseStatement>)> {
        match &self.mark {
            Mark::Signature { count, .. } => layers.chain_id(*count).map(|_| (*count, None)),
            Mark::Statement { bundle, count } => {
                let statement = peek(bundle).ok()??;
                let count = fit(layers, &statement, *count).ok()?;
                Some((count, Some(statement)))
            }
            Mark::Unreadable { .. } => None,
        }
    }
}

/// A place between two layers, or above the last, below which everything is a base.
#[derive(Clone, Debug)]
pub struct Seam {
    /// The base, by its number in the policy.
    pub base: usize,
    /// Its name in the policy.
    pub name: String,
    /// How many layers are the base.
    pub count: usize,
    /// Their chain id.
    pub chain_id: Digest,
    /// Where the mark is.
    pub place: String,
    /// Why the layers are the base's.
    pub by: Authorised,
    /// What is said of the base, where a statement is signed.
    pub statement: Option<BaseStatement>,
}

/// Why layers are a base's.
#[derive(Clone, Debug)]
pub enum Authorised {
    /// They are signed.
    Signature(Box<VerifiedSignature>),
    /// The policy has their chain id.
    Digest,
}

/// The marks that count, and those that do not. Whether the image has the layers that its configuration names is still to be seen.
#[derive(Debug, Default)]
pub struct Found {
    pub(super) seams: Vec<Seam>,
    pub(super) refused: Vec<Refused>,
}

/// Judges the marks of an image whose configuration names `layers`.
///
/// # Errors
///
/// [`BaseRefusal::Denied`], [`BaseRefusal::TooManyMarks`].
pub fn judge(
    layers: &Layers,
    candidates: &[Candidate],
    policy: &BasePolicy,
    trust: &TrustedRoot,
    now: Timestamp,
) -> Result<Found, BaseRefusal> {
    if candidates.len() > CANDIDATES {
        return Err(BaseRefusal::TooManyMarks {
            found: candidates.len(),
        });
    }
    settle::denied(layers, policy)?;
    let mut found = Found::default();
    for (number, base) in policy.bases.iter().enumerate() {
        found.seams.extend(known(layers, base, number));
    }
    for candidate in candidates {
        let before = found.seams.len();
        let mut reasons = Vec::new();
        for (number, base) in policy.bases.iter().enumerate() {
            let Some(judging) = Judging::of(layers, base, policy, trust, now) else {
                continue;
            };
            match judging.seam(candidate, number) {
                Ok(seam) => found.seams.push(seam),
                Err(reason) => reasons.push((base.name.clone(), reason)),
            }
        }
        if found.seams.len() == before && !reasons.is_empty() {
            found.refused.push(Refused {
                place: candidate.place.clone(),
                reasons,
            });
        }
    }
    Ok(found)
}

/// The seams of a base that is known by its chain id.
fn known<'a>(layers: &'a Layers, base: &'a AuthorisedBase, number: usize) -> impl Iterator<Item = Seam> + 'a {
    let chain_ids: &[Digest] = match &base.authority {
        Authority::Known(chain_ids) => chain_ids,
        Authority::Signed(_) => &[],
    };
    layers
        .chain_ids()
        .filter(|(_, chain_id)| chain_ids.contains(chain_id) && !base.denied.contains(chain_id))
        .filter(|(_, chain_id)| base.is_current(chain_id).is_ok())
        .map(move |(count, chain_id)| Seam {
            base: number,
            name: base.name.clone(),
            count,
            chain_id: chain_id.clone(),
            place: "policy".to_owned(),
            by: Authorised::Digest,
            statement: None,
        })
}

/// The judgement of marks for one base.
struct Judging<'a> {
    layers: &'a Layers,
    base: &'a AuthorisedBase,
    signers: &'a Policy,
    denied: &'a [Digest],
    trust: &'a TrustedRoot,
    now: Timestamp,
}

impl<'a> Judging<'a> {
    /// Nothing where the base is not known by signatures.
    fn of(
        layers: &'a Layers,
        base: &'a AuthorisedBase,
        policy: &'a BasePolicy,
        trust: &'a TrustedRoot,
        now: Timestamp,
    ) -> Option<Self> {
        let Authority::Signed(signers) = &base.authority else {
            return None;
        };
        Some(Self {
            layers,
            base,
            signers,
            denied: &policy.denied,
            trust,
            now,
        })
    }

    fn seam(&self, candidate: &Candidate, number: usize) -> Result<Seam, BaseRejection> {
        let (count, verified, statement) = match &candidate.mark {
            Mark::Signature { signature, count } => (*count, self.signature(signature, *count)?, None),
            Mark::Statement { bundle, count } => {
                let (count, verified, statement) = self.statement(bundle, *count)?;
                (count, verified, Some(statement))
            }
            Mark::Unreadable { reason } => return Err(BaseRejection::Unreadable { reason: reason.clone() }),
        };
        let chain_id = self.chain_id(count)?;
        self.not_denied(chain_id)?;
        self.base.is_current(chain_id)?;
        Ok(Seam {
            base: number,
            name: self.base.name.clone(),
            count,
            chain_id: chain_id.clone(),
            place: candidate.place.clone(),
            by: Authorised::Signature(Box::new(verified)),
            statement,
        })
    }

    /// Judges a signature over the layers alone. It is a message like any other: what it is for is in the message.
    fn signature(&self, signature: &Bundle, count: usize) -> Result<VerifiedSignature, BaseRejection> {
        let lowest = self.layers.lowest(count).ok_or_else(|| self.too_few(count))?;
        let policy = self.signers.claiming(Claim::Message);
        let message = Message::of(&lowest.payload(), &needs(signature, &policy));
        let verified = verify(signature, &Artifact::message(message), &policy, self.trust, self.now)?;
        match self.base.max_age {
            Some(limit) => Err(BaseRejection::Undated { limit }),
            None => Ok(verified),
        }
    }

    fn statement(
        &self,
        bundle: &Bundle,
        place: Option<usize>,
    ) -> Result<(usize, VerifiedSignature, BaseStatement), BaseRejection> {
        // What does not fit is said to be so before the signature is looked at: that can only refuse.
        let claimed = peek(bundle)?.ok_or(BaseRejection::NoStatement)?;
        let count = fit(self.layers, &claimed, place)?;
        let policy = self.signers.claiming(Claim::attestation(predicate_type()));
        // A chain id does not say of how many layers it is, so that the diff ids are compared too.
        let artifact = Artifact::new(self.chain_id(count)?.clone());
        let verified = verify(bundle, &artifact, &policy, self.trust, self.now)?;
        let statement = BaseStatement::of_predicate(verified.predicate())?;
        let count = fit(self.layers, &statement, place)?;
        self.in_time(&statement)?;
        self.subjects_not_denied(&verified)?;
        Ok((count, verified, statement))
    }

    fn in_time(&self, statement: &BaseStatement) -> Result<(), BaseRejection> {
        let (issued, now) = (statement.issued, self.now);
        if issued.saturating_sub(SKEW).is_ok_and(|earliest| earliest > now) {
            return Err(BaseRejection::NotYet { issued, now });
        }
        if let Some(at) = statement.expires
            && at < now
        {
            return Err(BaseRejection::Expired { at, now });
        }
        match self.base.max_age {
            Some(limit) if limit.is_over(issued, now) => Err(BaseRejection::TooOld { issued, limit, now }),
            _ => Ok(()),
        }
    }

    /// Checks that none of the manifests that are signed as this base is denied.
    fn subjects_not_denied(&self, verified: &VerifiedSignature) -> Result<(), BaseRejection> {
        let statement = Statement::parse(verified.payload_bytes()).map_err(crate::verify::Rejection::from)?;
        let mut denied = self.denied.iter().chain(&self.base.denied);
        let subjects = statement.subjects();
        match denied.find(|digest| subjects.iter().any(|subject| subject.is(digest))) {
            Some(digest) => Err(BaseRejection::Denied(digest.clone())),
            None => Ok(()),
        }
    }

    fn not_denied(&self, chain_id: &Digest) -> Result<(), BaseRejection> {
        match self.base.denied.contains(chain_id) {
            true => Err(BaseRejection::Denied(chain_id.clone())),
            false => Ok(()),
        }
    }

    fn chain_id(&self, count: usize) -> Result<&Digest, BaseRejection> {
        self.layers.chain_id(count).ok_or_else(|| self.too_few(count))
    }

    fn too_few(&self, expected: usize) -> BaseRejection {
        too_few(self.layers, expected)
    }
}

/// Checks that the lowest of an image's layers are those of the statement, all of them and in their order; says how many.
fn fit(layers: &Layers, statement: &BaseStatement, place: Option<usize>) -> Result<usize, BaseRejection> {
    let base = statement.diff_ids()?;
    let count = base.len();
    if let Some(found) = place
        && found != count
    {
        return Err(BaseRejection::Misplaced { expected: count, found });
    }
    if count > layers.len() {
        return Err(too_few(layers, count));
    }
    match layers.departure(&base) {
        None => Ok(count),
        Some((layer, expected, found)) => Err(BaseRejection::Departs {
            layer,
            expected: expected.clone(),
            found: found.clone(),
        }),
    }
}

fn too_few(layers: &Layers, expected: usize) -> BaseRejection {
    BaseRejection::TooFewLayers {
        expected,
        found: layers.len(),
    }
}

fn predicate_type() -> PredicateType {
    PREDICATE_TYPE.parse().expect("it is a URI")
}

/// How far two clocks may be apart.
const SKEW: Duration = Duration::from_secs(300);
