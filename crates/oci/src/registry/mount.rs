//! Blobs that are there already, in the repository or in another one of the same registry (distribution-spec, §mounting).

use countersign_core::Digest;
use http::{Method, StatusCode};

use super::Registry;
use super::call::{Call, CallTarget};
use super::push::ANSWER_LIMIT;
use super::scope::Access;
use super::session::Session;
use super::upload::ASKED_FIRST;
use crate::blob::{Upload, UploadOutcome, Uploaded};
use crate::error::StoreError;
use crate::reference::Repository;

/// What was found of a blob.
pub(super) enum Found {
    There(Uploaded),
    /// With the upload that was begun in the place of a mount.
    Absent(Option<Session>),
}

enum Mount {
    Mounted,
    Started(Session),
}

impl Registry {
    /// Looks for a blob that is worth a question, and mounts it where it is in another repository of the same registry.
    pub(super) async fn find_or_mount(&self, repository: &Repository, upload: &Upload) -> Result<Found, StoreError> {
        let Some(digest) = &upload.digest else {
            return Ok(Found::Absent(None));
        };
        let is_asked = upload.size.is_none_or(|size| size > ASKED_FIRST);
        let (session, size) = match mount_source(repository, upload) {
            Some(from) => match self.mount_or_find(repository, digest, from, is_asked).await? {
                (Mount::Mounted, _) => return Ok(there(upload, digest, None, UploadOutcome::Mounted)),
                (Mount::Started(session), size) => (Some(session), size),
            },
            None if is_asked => (None, self.blob_size(repository, digest).await?),
            None => (None, None),
        };
        let Some(size) = size else {
            return Ok(Found::Absent(session));
        };
        if let Some(session) = session {
            self.abandon_beside(repository, session);
        }
        Ok(there(upload, digest, size, UploadOutcome::Existed))
    }

    /// Mounts a blob and looks for it, both at once unless the host is known to mount: many do not, and have it all the
    /// same.
    async fn mount_or_find(
        &self,
        repository: &Repository,
        digest: &Digest,
        from: &Repository,
        is_asked: bool,
    ) -> Result<(Mount, Option<Option<u64>>), StoreError> {
        let mount = self.mount_or_start(repository, digest, from);
        if self.host(repository).mounts.answer() != Some(true) {
            let (mounted, size) = tokio::join!(mount, self.blob_size(repository, digest));
            return match mounted? {
                Mount::Mounted => Ok((Mount::Mounted, None)),
                started => Ok((started, size?)),
            };
        }
        match mount.await? {
            Mount::Started(session) if is_asked => {
                Ok((Mount::Started(session), self.blob_size(repository, digest).await?))
            }
            mounted => Ok((mounted, None)),
        }
    }

    /// Makes a blob of another repository of the same registry visible in this one. Says whether the registry did so.
    ///
    /// # Errors
    /// What the registry says; not being able to mount is no error.
    pub async fn mount(&self, repository: &Repository, digest: &Digest, from: &Repository) -> Result<bool, StoreError> {
        if from.registry() != repository.registry() {
            return Ok(false);
        }
        match self.mount_or_start(repository, digest, from).await? {
            Mount::Mounted => Ok(true),
            Mount::Started(session) => {
                self.abandon(repository, &session).await;
                Ok(false)
            }
        }
    }

    async fn mount_or_start(
        &self,
        repository: &Repository,
        digest: &Digest,
        from: &Repository,
    ) -> Result<Mount, StoreError> {
        let path = format!(
            "{}/blobs/uploads/?mount={digest}&from={}",
            repository.path(),
            from.path()
        );
        let what = format!("blob {repository}@{digest}");
        let mut call = Call::new(self, repository, Method::POST, CallTarget::Path(path), what.clone())
            .access(Access::Mount(from.path()));
        let answer = self.exchange(&mut call, ANSWER_LIMIT).await?;
        match answer.status {
            StatusCode::CREATED => {
                call.host.mounts.remember(true);
                Ok(Mount::Mounted)
            }
            StatusCode::ACCEPTED => Ok(Mount::Started(Session::from_answer(&answer, &what)?)),
            _ => Err(call.refusal(&answer)),
        }
    }
}

fn mount_source<'a>(repository: &Repository, upload: &'a Upload) -> Option<&'a Repository> {
    upload
        .mount_from
        .as_ref()
        .filter(|from| from.registry() == repository.registry() && from.path() != repository.path())
}

fn there(upload: &Upload, digest: &Digest, size: Option<u64>, how: UploadOutcome) -> Found {
    Found::There(Uploaded {
        digest: digest.clone(),
        size: upload.size.or(size).unwrap_or_default(),
        how,
    })
}
