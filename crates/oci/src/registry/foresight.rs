//! What is found out while there is time, so that less is left to ask when a signature is ready to be pushed.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use countersign_core::Digest;
use futures_util::future::join_all;

use super::Registry;
use super::session::Session;
use crate::error::StoreError;
use crate::reference::{Reference, Repository};
use crate::store::{Expected, Glance};

/// What was found out about a host ahead of time, for whoever needs it first.
#[derive(Default)]
pub(super) struct Foresight {
    /// Uploads that were begun, with the path of their repository.
    sessions: Mutex<Vec<(Box<str>, Session)>>,
    /// What tags held.
    glances: Mutex<HashMap<Reference, Glance>>,
    /// The repositories that are known to keep lists of referrers.
    listing: Mutex<HashSet<Box<str>>>,
}

impl Foresight {
    /// Hands on an upload that was begun in `repository`, where there is one.
    pub(super) fn session(&self, repository: &Repository) -> Option<Session> {
        let mut sessions = lock(&self.sessions);
        let place = sessions.iter().position(|(path, _)| **path == *repository.path())?;
        Some(sessions.swap_remove(place).1)
    }

    /// Hands on what `tag` held.
    pub(super) fn glance(&self, tag: &Reference) -> Option<Glance> {
        lock(&self.glances).remove(tag)
    }

    /// Says whether `repository` is known to keep lists of referrers.
    pub(super) fn keeps_lists(&self, repository: &Repository) -> bool {
        lock(&self.listing).contains(repository.path())
    }

    /// Notes that `repository` keeps lists of referrers.
    pub(super) fn note_lists(&self, repository: &Repository) {
        lock(&self.listing).insert(repository.path().into());
    }
}

impl Registry {
    /// Finds out what `expected` takes. What fails, or takes too long, is left to whoever needs it.
    pub(super) async fn foresee(&self, expected: Expected<'_>) {
        let work = async {
            match expected {
                Expected::Blobs(repository, count) => self.begin_uploads(repository, count).await,
                Expected::Referrer(repository, subject) => self.learn_of_lists(repository, subject).await,
                Expected::Replacement(tag) => self.look_ahead(tag).await,
            }
        };
        let _in_time = tokio::time::timeout(PATIENCE, work).await;
    }

    /// Begins uploads, but where the registry is known to take a small blob in one request.
    async fn begin_uploads(&self, repository: &Repository, count: usize) {
        let host = self.host(repository);
        if host.single_post.answer() == Some(true) {
            return;
        }
        let begun = join_all((0..count).map(|_| self.start_upload(repository))).await;
        let begun = begun.into_iter().flatten();
        lock(&host.foresight.sessions).extend(begun.map(|session| (repository.path().into(), session)));
    }

    /// Asks for the list of referrers of `subject`, to know whether there are such lists.
    async fn learn_of_lists(&self, repository: &Repository, subject: &Digest) {
        let host = self.host(repository);
        if host.referrers.answer() == Some(false) || host.foresight.keeps_lists(repository) {
            return;
        }
        if let Ok(true) = self.has_list(repository, subject).await {
            host.foresight.note_lists(repository);
        }
    }

    async fn look_ahead(&self, tag: &Reference) {
        let manifest = match self.fetch_manifest(tag).await {
            Ok(manifest) => Some(manifest),
            Err(StoreError::NotFound { .. }) => None,
            Err(_) => return,
        };
        let host = self.host(tag.repository());
        lock(&host.foresight.glances).insert(tag.clone(), Glance { manifest });
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// How long foresight may take: less than what it saves when all goes well, and no harm when nothing answers.
const PATIENCE: Duration = Duration::from_secs(2);
