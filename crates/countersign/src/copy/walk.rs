//! Finds what belongs to an image, and has blobs moved as soon as they are known.

use std::collections::{HashSet, VecDeque};

use countersign_core::Digest;
use countersign_oci::manifest::{Descriptor, Manifest};
use countersign_oci::{Pinned, Reference, Repository, Store, StoreError, media_type};
use futures_util::future::LocalBoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt};

use super::bases;
use super::blobs::Mover;
use super::found::{DEPTH_LIMIT, Found, Part, TagState, blobs, children};
use super::scope::Scope;
use super::{CopyError, Origin};
use crate::attachment::{Kind, Location};

/// A walk over everything that belongs to an image; many questions are under way at once.
pub(super) struct Walk<'a, S, T> {
    store: &'a S,
    image: &'a Pinned,
    location: &'a Location,
    scope: &'a Scope,
    mover: &'a Mover<'a, S, T>,
    found: Found,
    wanted: HashSet<Digest>,
    looked_around: HashSet<Digest>,
    moved: HashSet<Digest>,
    bases: HashSet<Digest>,
    waiting: VecDeque<Question>,
    blobs: VecDeque<(Descriptor, Repository)>,
}

/// A manifest that is named by something else.
#[derive(Clone)]
struct Wanted {
    digest: Digest,
    repository: Repository,
    generation: usize,
    /// How many indexes it is in.
    depth: usize,
    why: Why,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Why {
    /// It is the image, or in an index.
    Named,
    /// A list of referrers has it.
    Listed,
}

enum Question {
    Manifest(Wanted),
    Referrers(Repository, Digest, usize),
    Tag(Reference, usize),
    /// The tag of the layers of this base.
    Base(Digest, usize),
    /// Which of these the target lists as referrers.
    Listed(Digest, Vec<Digest>),
    /// Whether the target has this.
    Present(Digest),
}

enum Answer {
    Manifest(Wanted, Manifest),
    /// What a list names and the source does not have.
    Absent(Reference),
    Referrers(Repository, Digest, Vec<Descriptor>, usize),
    Listed(Vec<Digest>),
    Present(Digest),
    Tag(String, Manifest, usize, TagState),
    Nothing,
}

impl<'a, S, T> Walk<'a, S, T>
where
    S: Store + Clone + Send + 'static,
    T: Store,
{
    pub(super) fn new(origin: &Origin<'a, S>, mover: &'a Mover<'a, S, T>, scope: &'a Scope) -> Self {
        Self {
            store: origin.store,
            image: origin.image,
            location: origin.location,
            scope,
            mover,
            found: Found::new(),
            wanted: HashSet::new(),
            looked_around: HashSet::new(),
            moved: HashSet::new(),
            bases: HashSet::new(),
            waiting: VecDeque::new(),
            blobs: VecDeque::new(),
        }
    }

    /// Walks to the end; all blobs are at the target then.
    pub(super) async fn run(mut self, manifest: Option<Manifest>) -> Result<Found, CopyError> {
        let image = Wanted {
            digest: self.image.digest().clone(),
            repository: self.image.repository().clone(),
            generation: 0,
            depth: 0,
            why: Why::Named,
        };
        match manifest {
            Some(manifest) => {
                self.wanted.insert(image.digest.clone());
                self.take_manifest(image, manifest)?;
            }
            None => self.want(image)?,
        }
        let mut asking: FuturesUnordered<LocalBoxFuture<'a, Result<Answer, CopyError>>> = FuturesUnordered::new();
        let mut moving: FuturesUnordered<LocalBoxFuture<'a, Result<(), CopyError>>> = FuturesUnordered::new();
        loop {
            while asking.len() < PARALLEL
                && let Some(question) = self.waiting.pop_front()
            {
                asking.push(self.ask(question));
            }
            while moving.len() < PARALLEL
                && let Some((blob, from)) = self.blobs.pop_front()
            {
                let mover = self.mover;
                moving.push(Box::pin(async move { mover.send(&blob, &from).await }));
            }
            tokio::select! {
                Some(answer) = asking.next() => self.take(answer?)?,
                Some(sent) = moving.next() => sent?,
                else => return Ok(self.found.rooted(self.image.digest())),
            }
        }
    }

    fn ask(&self, question: Question) -> LocalBoxFuture<'a, Result<Answer, CopyError>> {
        let (store, mover, image, location) = (self.store, self.mover, self.image, self.location);
        Box::pin(async move {
            match question {
                Question::Manifest(wanted) => {
                    let name = wanted.repository.digest(wanted.digest.clone());
                    match store.manifest(&name).await {
                        Ok(manifest) => Ok(Answer::Manifest(wanted, manifest)),
                        Err(StoreError::NotFound { .. }) if wanted.why == Why::Listed => Ok(Answer::Absent(name)),
                        Err(error) => Err(error.into()),
                    }
                }
                Question::Referrers(repository, digest, generation) => {
                    let listed = store.referrers(&repository, &digest).await?;
                    Ok(Answer::Referrers(repository, digest, listed, generation))
                }
                Question::Listed(subject, digests) => mover.listed(&subject, digests).await.map(Answer::Listed),
                Question::Present(digest) => Ok(match mover.has_manifest(&digest).await? {
                    true => Answer::Present(digest),
                    false => Answer::Nothing,
                }),
                Question::Tag(tag, generation) => tagged(store, mover, &tag, generation).await,
                Question::Base(digest, generation) => {
                    let base = image.repository().digest(digest);
                    match bases::tag(&base, store, location).await? {
                        Some(tag) => tagged(store, mover, &tag, generation).await,
                        None => Ok(Answer::Nothing),
                    }
                }
            }
        })
    }

    fn take(&mut self, answer: Answer) -> Result<(), CopyError> {
        match answer {
            Answer::Nothing => Ok(()),
            Answer::Absent(name) => {
                self.found.absent.push(name);
                Ok(())
            }
            Answer::Manifest(wanted, manifest) => self.take_manifest(wanted, manifest),
            Answer::Present(digest) => {
                self.found.present.insert(digest);
                Ok(())
            }
            // A list may name what is not there.
            Answer::Listed(digests) => {
                self.waiting.extend(digests.into_iter().map(Question::Present));
                Ok(())
            }
            Answer::Referrers(repository, subject, listed, generation) => {
                self.take_list(&repository, subject, listed, generation)
            }
            Answer::Tag(name, manifest, generation, state) => self.take_tagged(name, manifest, generation, state),
        }
    }

    /// Wants what a list has, and asks what of it the target lists.
    fn take_list(
        &mut self,
        repository: &Repository,
        subject: Digest,
        listed: Vec<Descriptor>,
        generation: usize,
    ) -> Result<(), CopyError> {
        if !listed.is_empty() {
            let digests = listed.iter().map(|entry| entry.digest.clone()).collect();
            self.waiting.push_back(Question::Listed(subject, digests));
        }
        listed.into_iter().try_for_each(|entry| {
            self.want(Wanted {
                digest: entry.digest,
                repository: repository.clone(),
                generation,
                depth: 0,
                why: Why::Listed,
            })
        })
    }

    /// Keeps the manifest of an attachment's tag.
    fn take_tagged(
        &mut self,
        name: String,
        manifest: Manifest,
        generation: usize,
        state: TagState,
    ) -> Result<(), CopyError> {
        let digest = manifest.digest().clone();
        if self.found.part(&digest).is_none() {
            let tagged = Wanted {
                digest: digest.clone(),
                repository: self.location.repository().clone(),
                generation,
                depth: 0,
                why: Why::Named,
            };
            self.wanted.insert(digest.clone());
            self.take_manifest(tagged, manifest)?;
        }
        self.found.tag(&digest, name, state);
        Ok(())
    }

    /// Keeps a manifest and goes on to what it names.
    fn take_manifest(&mut self, wanted: Wanted, manifest: Manifest) -> Result<(), CopyError> {
        if self.found.part(&wanted.digest).is_some() {
            return Ok(());
        }
        if wanted.why == Why::Listed && !self.scope.has_referrer(&manifest) {
            return Ok(());
        }
        if wanted.why == Why::Listed {
            self.want_tag_of_base(&manifest, wanted.generation);
        }
        if !media_type::is_index(manifest.media_type()) && !media_type::is_image(manifest.media_type()) {
            return Err(CopyError::Unknown {
                name: wanted.repository.digest(wanted.digest),
                media_type: manifest.media_type().to_owned(),
            });
        }
        for blob in blobs(&manifest) {
            if self.moved.insert(blob.digest.clone()) {
                self.blobs.push_back((blob.clone(), wanted.repository.clone()));
            }
        }
        for child in children(&manifest) {
            self.want(Wanted {
                digest: child.digest.clone(),
                repository: wanted.repository.clone(),
                generation: wanted.generation,
                depth: wanted.depth + 1,
                why: Why::Named,
            })?;
        }
        self.look_around(&wanted)?;
        self.found.add(Part {
            digest: wanted.digest,
            repository: wanted.repository,
            manifest,
            generation: wanted.generation,
            tags: Vec::new(),
        })?;
        Ok(())
    }

    /// Asks for the tag of a base's layers, once, where `referrer` has what is signed of them.
    fn want_tag_of_base(&mut self, referrer: &Manifest, generation: usize) {
        if let Some(base) = bases::signed(referrer)
            && self.bases.insert(base.clone())
        {
            let question = Question::Base(base.clone(), generation);
            self.waiting.push_back(question);
        }
    }

    /// Asks for a manifest, once, and for what is attached to it at the same time.
    fn want(&mut self, wanted: Wanted) -> Result<(), CopyError> {
        if wanted.depth > DEPTH_LIMIT || wanted.generation > DEPTH_LIMIT {
            return Err(CopyError::Store(StoreError::TooLarge {
                what: format!("what belongs to {}", self.image),
                limit: format!("{DEPTH_LIMIT} levels"),
            }));
        }
        if !self.wanted.insert(wanted.digest.clone()) {
            return Ok(());
        }
        // What a list has may be outside of the scope, which its manifest tells.
        if wanted.why == Why::Named || *self.scope == Scope::Everything {
            self.look_around(&wanted)?;
        }
        if wanted.depth > 0 {
            self.waiting.push_back(Question::Present(wanted.digest.clone()));
        }
        self.waiting.push_back(Question::Manifest(wanted));
        Ok(())
    }

    /// Asks for what is attached to a manifest, once.
    fn look_around(&mut self, wanted: &Wanted) -> Result<(), CopyError> {
        if !self.looked_around.insert(wanted.digest.clone()) {
            return Ok(());
        }
        let generation = wanted.generation + 1;
        for kind in self.scope.tags() {
            let tag = self.tag(&wanted.digest, *kind)?;
            self.waiting.push_back(Question::Tag(tag, generation));
        }
        let beside = (self.location.repository() != &wanted.repository).then_some(&wanted.repository);
        for repository in std::iter::once(self.location.repository()).chain(beside) {
            let question = Question::Referrers(repository.clone(), wanted.digest.clone(), generation);
            self.waiting.push_back(question);
        }
        Ok(())
    }

    fn tag(&self, digest: &Digest, kind: Kind) -> Result<Reference, CopyError> {
        Ok(self.location.tag(digest, kind).map_err(StoreError::from)?)
    }
}

/// What a tag has, and what the target has under it.
async fn tagged<S: Store + Clone + Send + 'static, T: Store>(
    store: &S,
    mover: &Mover<'_, S, T>,
    tag: &Reference,
    generation: usize,
) -> Result<Answer, CopyError> {
    match store.manifest(tag).await {
        Ok(manifest) => {
            let name = tag.target().to_string();
            let state = mover.tag_state(&name, manifest.digest()).await?;
            Ok(Answer::Tag(name, manifest, generation, state))
        }
        Err(StoreError::NotFound { .. }) => Ok(Answer::Nothing),
        Err(error) => Err(error.into()),
    }
}

/// How many questions, and how many blobs, are under way at once.
pub(super) const PARALLEL: usize = 64;
