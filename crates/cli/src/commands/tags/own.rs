//! What signs statements, and what it has signed before.

use std::collections::BTreeMap;
use std::time::Duration;

use clap::Args;
use countersign::attachment::Location;
use countersign::attachment::discover::Limits;
use countersign::credential::Credential;
use countersign::sign::{self, Existing, SignOptions, Subject};
use countersign::tags::{Statements, signer_name, statements};
use countersign::verify::Rules;
use countersign_core::Digest;
use countersign_core::policy::{Claim, Policy};
use countersign_core::tag::{Known, Period, Sequence, State, TagName, TagRefusal, TagStatement};
use countersign_core::trust::TrustedRoot;
use countersign_oci::http::Http;
use countersign_oci::{AnyStore, Pinned};

use super::believed::limits;
use super::names::RepositoryArgs;
use crate::args::annotations::AnnotationArgs;
use crate::args::attachment::{self, LocationArgs};
use crate::args::credential::CredentialArgs;
use crate::args::format::FormatArgs;
use crate::args::registry::RegistryArgs;
use crate::args::services::{Chosen, ServiceArgs};
use crate::args::usage::UsageError;
use crate::args::vouched::{Legacy, Places};
use crate::failure::Failure;
use crate::session::Session;

/// What signs statements, and how they are written.
#[derive(Args)]
pub(super) struct OwnArgs {
    #[command(flatten)]
    credential: CredentialArgs,
    #[command(flatten)]
    annotations: AnnotationArgs,
    #[command(flatten)]
    location: LocationArgs,
    #[command(flatten)]
    pub(super) registry: RegistryArgs,
    #[command(flatten)]
    pub(super) repository: RepositoryArgs,
    #[command(flatten)]
    services: ServiceArgs,
    #[command(flatten)]
    format: FormatArgs,
}

impl OwnArgs {
    /// Checks the flags against each other, and chooses the services.
    pub(super) fn check(&self, session: &Session<'_>) -> Result<Chosen, Failure> {
        let chosen = self.services.choose(session)?;
        self.credential.check(&self.services, &chosen)?;
        let places = Places {
            certificate: None,
            timestamp: None,
            timestamp_flag: "--rfc3161-timestamp",
            legacy: match self.format.formats()?.has_legacy() {
                true => Legacy::Layer,
                false => Legacy::Nothing,
            },
        };
        places.check(&chosen, self.credential.is_certified())?;
        if let Some(key) = self.annotations.parse()?.keys().find(|key| is_ours(key)) {
            let reason = format!("-a {key}=…: the statement itself says what the annotation {key} is");
            return Err(UsageError::because(reason).into());
        }
        Ok(chosen)
    }

    /// Opens the key, or has one certified.
    pub(super) async fn open<'a, 'w>(
        &'a self,
        chosen: &'a Chosen,
        session: &'a Session<'w>,
        http: &Http,
    ) -> Result<Own<'a, 'w>, Failure> {
        let credential = self.credential.obtain(chosen, session, http).await?;
        let claim = Claim::signature(BTreeMap::new());
        Ok(Own {
            args: self,
            session,
            chosen,
            terms: chosen.services.earlier(&credential, claim),
            credential,
            limits: limits(session)?,
        })
    }
}

/// What signs statements.
pub(super) struct Own<'a, 'w> {
    args: &'a OwnArgs,
    pub(super) session: &'a Session<'w>,
    chosen: &'a Chosen,
    credential: Credential,
    /// What signatures of its own must show.
    terms: Option<(Policy, TrustedRoot)>,
    limits: Limits,
}

/// What was said of a tag so far.
#[derive(Clone, Default)]
pub(super) struct Said {
    newest: Option<Sequence>,
    ids: BTreeMap<Sequence, Digest>,
}

/// What is to be said of a tag.
pub(super) struct Wanted {
    pub(super) name: TagName,
    pub(super) period: Period,
    /// The number, where it is given.
    pub(super) sequence: Option<Sequence>,
}

impl Said {
    /// What was seen before.
    pub(super) fn of_state(state: &State, name: &TagName) -> Self {
        let mut said = Self::default();
        if let Some(known) = state.known(name) {
            said.add(known.sequence, Some(known.statement.clone()));
        }
        said
    }

    /// Adds statements.
    pub(super) fn extend(&mut self, statements: &Statements) {
        for candidate in &statements.candidates {
            let statement = &candidate.statement;
            self.add(statement.sequence, Some(statement.id()));
        }
    }

    /// Adds a number.
    pub(super) fn add(&mut self, sequence: Sequence, id: Option<Digest>) {
        self.newest = self.newest.max(Some(sequence));
        if let Some(id) = id {
            self.ids.insert(sequence, id);
        }
    }

    /// Says whether nothing was said.
    pub(super) fn is_empty(&self) -> bool {
        self.newest.is_none()
    }

    /// The statement that `digest` is what is wanted: with the next number, or the one given, which may repeat the newest
    /// only word for word.
    fn next(&self, wanted: &Wanted, digest: &Digest) -> Result<TagStatement, Failure> {
        let following = match self.newest {
            None => Some(Sequence::FIRST),
            Some(newest) => newest.next(),
        };
        let Some(sequence) = wanted.sequence.or(following) else {
            let reason = format!("{}: no sequence number is left after {:?}", wanted.name, self.newest);
            return Err(UsageError::because(reason).into());
        };
        let statement = TagStatement {
            name: wanted.name.clone(),
            digest: digest.clone(),
            sequence,
            period: wanted.period,
            previous: self.ids.range(..sequence).next_back().map(|(_, id)| id.clone()),
        };
        let is_taken =
            |newest| sequence < newest || (sequence == newest && self.ids.get(&newest) != Some(&statement.id()));
        match self.newest {
            Some(newest) if is_taken(newest) => {
                let reason = format!(
                    "{}: --seq {sequence} is not after {newest}, which has been said",
                    wanted.name
                );
                Err(UsageError::because(reason).into())
            }
            _ => Ok(statement),
        }
    }
}

impl Own<'_, '_> {
    /// What this signer has said of a tag beside `image`.
    pub(super) async fn earlier(
        &self,
        name: &TagName,
        image: &Pinned,
        store: &AnyStore,
    ) -> Result<Statements, Failure> {
        let Some((policy, trust)) = &self.terms else {
            let reason = "without a trusted root it is not known which statements are one's own: pass --trusted-root";
            return Err(UsageError::because(reason).into());
        };
        let location = self.location(image)?;
        let (rules, now) = (Rules::new(policy, trust), self.session.now());
        let found = statements(name, image, store, &location, rules, &self.limits, now).await;
        Ok(Statements::or_none(found)?)
    }

    /// Where attachments are.
    pub(super) fn location(&self, image: &Pinned) -> Result<Location, Failure> {
        self.args.location.of(image, self.session)
    }

    /// Signs what is wanted of `subject`, attaches it, and reads it back. Where others have said something else under the same
    /// number meanwhile, it is said once more: whoever attaches last sees all, so that the newest number is given once.
    pub(super) async fn say(
        &self,
        wanted: &Wanted,
        subject: &Subject,
        store: &AnyStore,
        mut said: Said,
    ) -> Result<TagStatement, Failure> {
        let mut statement = said.next(wanted, subject.image.digest())?;
        for _ in 0..ROUNDS {
            self.attach(&statement, subject, store).await?;
            if wanted.sequence.is_some() {
                return Ok(statement);
            }
            let mut found = self.earlier(&wanted.name, &subject.image, store).await?;
            match twin(&statement, &found) {
                None => return Ok(statement),
                Some(twin) if twin < statement.id() => {}
                // The other one begins, so that both do not end up at the next number again.
                Some(_) => {
                    tokio::time::sleep(PAUSE).await;
                    found = self.earlier(&wanted.name, &subject.image, store).await?;
                    if twin(&statement, &found).is_none() {
                        return Ok(statement);
                    }
                }
            }
            said.extend(&found);
            statement = said.next(wanted, subject.image.digest())?;
        }
        let id = statement.id();
        Err(Failure::tag(TagRefusal::Equivocation {
            name: wanted.name.clone(),
            sequence: statement.sequence,
            one: id.clone(),
            other: id,
        }))
    }

    async fn attach(&self, statement: &TagStatement, subject: &Subject, store: &AnyStore) -> Result<(), Failure> {
        let mut annotations = self.args.annotations.parse()?;
        annotations.extend(statement.annotations());
        let options = SignOptions {
            formats: self.args.format.formats()?,
            annotations,
            identities: Vec::new(),
            payload: None,
            created: None,
            media_types: attachment::media_types(self.session),
            existing: Existing::SignAgain,
            limits: self.limits.clone(),
        };
        let (session, signer) = (self.session, self.credential.signer());
        let (image, location) = (&subject.image, self.location(&subject.image)?);
        let ready = sign::prepare(store, &location, options.formats).await?;
        let signatures = sign::sign(image, store, &location, signer, &options, session.now()).await?;
        let (services, now) = (&self.chosen.services, || session.now());
        let signatures = sign::vouch(signatures, image, &self.credential, services, &options, now).await?;
        let attachment = sign::Attachment {
            ready,
            image,
            subject: &subject.descriptor,
            location: &location,
        };
        let key = signer.public_key();
        Ok(sign::attach(&attachment, store, key, &signatures, &options, session.now()).await?)
    }

    /// What is kept of a statement of one's own.
    pub(super) fn known(&self, statement: &TagStatement) -> Known {
        Known {
            sequence: statement.sequence,
            digest: statement.digest.clone(),
            statement: statement.id(),
            signer: signer_name(self.credential.signer().public_key(), self.credential.certificate()),
        }
    }
}

/// The id of another statement with the number of this one, unless a newer one has settled it.
fn twin(statement: &TagStatement, found: &Statements) -> Option<Digest> {
    let all = || found.candidates.iter().map(|candidate| &candidate.statement);
    if all().any(|other| other.sequence > statement.sequence) {
        return None;
    }
    let twins = all().filter(|other| other.sequence == statement.sequence && !other.says_the_same_as(statement));
    twins.map(TagStatement::id).min()
}

fn is_ours(key: &str) -> bool {
    key == "tag" || key.starts_with("tag.")
}

/// How often one signs again where others sign at the same time.
const ROUNDS: usize = 8;

/// How long one waits for the other to sign again.
const PAUSE: Duration = Duration::from_millis(300);
