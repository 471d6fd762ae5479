//! Tags that expire: what is said of them beside an artifact, and the set of a repository's tags.

mod set;

use countersign_core::Digest;
use countersign_core::certificate::Certificate;
use countersign_core::key::PublicKey;
use countersign_core::policy::Quorum;
use countersign_core::tag::{Candidate, NotAStatement, TagName, TagStatement, TimeSource, TrustedTime};
use countersign_core::verify::VerifiedSignature;
use countersign_oci::{AnyStore, Pinned};
use jiff::Timestamp;

use crate::attachment::discover::Limits;
use crate::attachment::{Location, Place};
use crate::verify::{Refusal, Rules, VerifyError, verify_image};

pub use set::{SET_TYPE, SetError, StoredSet, fetch_set, place_set, push_set};

/// What is said of a tag beside an artifact, by signatures that are accepted.
#[derive(Debug, Default)]
pub struct Statements {
    /// The statements, each once.
    pub candidates: Vec<Candidate>,
    /// Where each signature of one is.
    pub places: Vec<(Place, TagStatement)>,
    /// The signatures that are accepted, and say nothing of the tag.
    pub others: Vec<(Place, NotAStatement)>,
    /// What is not accepted, and why.
    pub refused: Vec<(Place, Refusal)>,
}

/// Finds what is said of the tag `name` beside `image`: the statements of the signatures that `rules` accept. Where several
/// signers must have signed, it is the same statement that they must have signed.
///
/// # Errors
/// As [`verify_image`].
pub async fn statements(
    name: &TagName,
    image: &Pinned,
    store: &AnyStore,
    location: &Location,
    rules: Rules<'_>,
    limits: &Limits,
    now: Timestamp,
) -> Result<Statements, VerifyError> {
    let verified = verify_image(image, store, location, rules, limits, now).await?;
    let mut found = Statements {
        refused: verified.refused,
        ..Statements::default()
    };
    let mut signed: Vec<(TagStatement, Vec<VerifiedSignature>)> = Vec::new();
    for (place, signature) in verified.accepted {
        match read(name, image.digest(), &signature) {
            Err(reason) => found.others.push((place, reason)),
            Ok(statement) => {
                found.places.push((place, statement.clone()));
                match signed.iter_mut().find(|(known, _)| known.says_the_same_as(&statement)) {
                    Some((_, signatures)) => signatures.push(signature),
                    None => signed.push((statement, vec![signature])),
                }
            }
        }
    }
    for (statement, signatures) in signed {
        match is_enough(&signatures, rules.quorum) {
            true => found.candidates.push(candidate(statement, &signatures)),
            false => {
                let sequence = statement.sequence;
                found.drop_places(&statement, &NotAStatement::TooFewSigners { sequence });
            }
        }
    }
    Ok(found)
}

impl Statements {
    /// Nothing, where nothing that is attached is accepted; for whoever is about to say something.
    ///
    /// # Errors
    /// Whatever else kept us from knowing.
    pub fn or_none(outcome: Result<Self, VerifyError>) -> Result<Self, VerifyError> {
        match outcome {
            Err(VerifyError::NoSignature { refused, .. } | VerifyError::NoneAccepted { refused, .. }) => Ok(Self {
                refused,
                ..Self::default()
            }),
            other => other,
        }
    }

    fn drop_places(&mut self, statement: &TagStatement, reason: &NotAStatement) {
        let (dropped, kept) = std::mem::take(&mut self.places)
            .into_iter()
            .partition::<Vec<_>, _>(|(_, placed)| placed.says_the_same_as(statement));
        self.places = kept;
        self.others
            .extend(dropped.into_iter().map(|(place, _)| (place, reason.clone())));
    }
}

fn read(name: &TagName, digest: &Digest, signature: &VerifiedSignature) -> Result<TagStatement, NotAStatement> {
    let statement = TagStatement::read(signature.annotations(), digest)?;
    match statement.name == *name {
        true => Ok(statement),
        false => Err(NotAStatement::OtherTag {
            expected: name.clone(),
            found: statement.name,
        }),
    }
}

fn is_enough(signatures: &[VerifiedSignature], quorum: Option<&Quorum>) -> bool {
    quorum.is_none_or(|quorum| quorum.judge(signatures).is_ok())
}

fn candidate(statement: TagStatement, signatures: &[VerifiedSignature]) -> Candidate {
    let mut signers: Vec<String> = signatures.iter().map(signer).collect();
    signers.sort();
    signers.dedup();
    Candidate {
        statement,
        time: signatures.iter().flat_map(times).min_by_key(|time| time.at),
        signer: signers.join(", "),
    }
}

/// The moments at which others prove that the signature was there.
fn times(signature: &VerifiedSignature) -> Vec<TrustedTime> {
    let stamped = signature.stamped_at().iter().map(|at| TrustedTime {
        at: *at,
        source: TimeSource::TimestampAuthority,
    });
    let logged = signature.log_entries().iter().filter_map(|entry| {
        Some(TrustedTime {
            at: entry.integrated_time()?,
            source: TimeSource::Log(entry.log().url().to_owned()),
        })
    });
    stamped.chain(logged).collect()
}

fn signer(signature: &VerifiedSignature) -> String {
    signer_name(signature.key(), signature.certificate())
}

/// Names whoever signs: a key, or a name with whoever vouches for it.
pub fn signer_name(key: &PublicKey, certificate: Option<&Certificate>) -> String {
    let Some(certificate) = certificate else {
        return format!("key {}", key.hint());
    };
    let name = certificate.names().first().map(ToString::to_string).unwrap_or_default();
    let issuer = certificate.extensions().issuer().unwrap_or_default();
    let text = format!("{name} by {issuer}");
    text.chars().filter(|character| !character.is_control()).collect()
}
