//! Which tags are meant, and under which name they are signed.

use clap::Args;
use countersign::sign::{Subject, find};
use countersign_core::tag::{TagName, Unreadable};
use countersign_core::{Digest, digest};
use countersign_oci::reference::ReferenceError;
use countersign_oci::{AnyStore, Pinned, Reference, Registry, Repository, Store};

use crate::args::given;
use crate::args::source::{self, Names, Source};
use crate::args::usage::UsageError;
use crate::failure::Failure;
use crate::session::Session;

/// The repository that statements name.
#[derive(Args, Clone, Debug)]
pub(super) struct RepositoryArgs {
    /// The repository that the statements name, where it is read from or written to another: a mirror, a layout
    #[arg(long, value_name = "REPOSITORY")]
    tag_repo: Option<String>,
}

/// A tag in a store.
pub(super) struct Named {
    /// Where it is.
    pub(super) source: Source,
    /// The name that is signed.
    pub(super) name: TagName,
    /// The digest that was given with it.
    digest: Option<Digest>,
}

impl RepositoryArgs {
    /// Says whether another repository is named.
    pub(super) fn is_given(&self) -> bool {
        given(&self.tag_repo).is_some()
    }

    /// Finds where `REPOSITORY:TAG[@DIGEST]` is, and the name under which it is signed.
    pub(super) async fn open(&self, text: &str, registry: &Registry, session: &Session<'_>) -> Result<Named, Failure> {
        let (head, digest) = match text.split_once('@') {
            Some((head, digest)) => (head, Some(digest.parse().map_err(not_a_digest)?)),
            None => (text, None),
        };
        let source = source::open(head, Names::Any, registry, session).await?;
        if source.reference.digest().is_some() {
            return Err(UsageError::because(format!("{text}: a tag is needed, REPOSITORY:TAG")).into());
        }
        let repository = match given(&self.tag_repo) {
            Some(other) => other.parse::<Repository>()?.to_string(),
            None if source.is_local() => {
                let reason = format!(
                    "{text}: what is on this machine has no repository; --tag-repo names the one that is signed"
                );
                return Err(UsageError::because(reason).into());
            }
            None => source.reference.repository().to_string(),
        };
        let name = TagName::new(&repository, &source.reference.target().to_string()).map_err(unusable)?;
        Ok(Named { source, name, digest })
    }
}

impl Named {
    /// The store that it is in.
    pub(super) fn store(&self) -> &AnyStore {
        &self.source.store
    }

    /// Its name in the store.
    pub(super) fn reference(&self) -> &Reference {
        &self.source.reference
    }

    /// Says whether a digest was given with it.
    pub(super) fn has_digest(&self) -> bool {
        self.digest.is_some()
    }

    /// The digest that is meant: the one given, else that which the tag has now.
    pub(super) async fn pin(&self) -> Result<Pinned, Failure> {
        match &self.digest {
            Some(digest) => Ok(self.reference().clone().pin(digest.clone())),
            None => self.source.resolve(self.reference()).await,
        }
    }

    /// The manifest of the digest that is meant.
    pub(super) async fn subject(&self) -> Result<Subject, Failure> {
        let reference = match &self.digest {
            Some(digest) => self.reference().repository().digest(digest.clone()),
            None => self.reference().clone(),
        };
        let found = find(self.store(), &reference).await;
        found.map_err(|error| Failure::absent(error, &reference))
    }

    /// What the tag has now, where another digest was given and there is such a tag.
    pub(super) async fn present(&self) -> Result<Option<Pinned>, Failure> {
        if self.digest.is_none() {
            return Ok(None);
        }
        match self.store().resolve(self.reference()).await {
            Ok(now) => Ok(Some(now)),
            Err(countersign_oci::StoreError::NotFound { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

/// The tags that are named; a repository without a tag stands for all that it has, but for those of signatures.
pub(super) async fn all(texts: &[String], registry: &Registry) -> Result<Vec<String>, Failure> {
    let mut names = Vec::new();
    for text in texts {
        if has_tag(text) {
            names.push(text.clone());
            continue;
        }
        let repository: Repository = text.parse()?;
        let tags = registry.tags(&repository).await?;
        let own = tags.iter().filter(|tag| !is_of_digest(tag));
        names.extend(own.map(|tag| format!("{repository}:{tag}")));
    }
    Ok(names)
}

/// Says whether a name has a tag or a digest.
pub(super) fn has_tag(text: &str) -> bool {
    source::split(text).is_some()
        || text.contains('@')
        || text.rsplit('/').next().is_some_and(|last| last.contains(':'))
}

/// Says whether a tag is one that attachments are kept under.
fn is_of_digest(tag: &str) -> bool {
    let rest = tag.strip_prefix("sha256-").and_then(|rest| rest.get(..64));
    rest.is_some_and(|hex| hex.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// A name that cannot be signed.
pub(super) fn unusable(reason: Unreadable) -> Failure {
    UsageError::because(format!("not a tag that can be signed: {reason}")).into()
}

fn not_a_digest(source: digest::DigestError) -> Failure {
    Failure::Reference(ReferenceError::Digest(source))
}
