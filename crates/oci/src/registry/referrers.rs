//! What refers to a manifest: the list that registries keep, and the tag that stands in for it where they do not
//! (distribution-spec, §listing referrers and §referrers tag schema).

use std::collections::HashSet;

use countersign_core::Digest;
use http::{Method, StatusCode, header};
use serde::Deserialize;

use super::answer::{self, Words};
use super::call::{Call, CallTarget};
use super::paging::next_page;
use super::{Host, Registry};
use crate::append::{Look, Merge, Stored, append, append_to};
use crate::error::StoreError;
use crate::http::Answer;
use crate::manifest::{Descriptor, Manifest};
use crate::media_type;
use crate::reference::{Reference, ReferenceError, Repository};
use crate::referrer_list::{self, listed, with_entries, without_entries};

#[derive(Deserialize)]
pub(super) struct Page {
    /// It must be there: any other object, such as the error of a proxy, would pass for an empty list.
    #[serde(deserialize_with = "Option::deserialize")]
    pub(super) manifests: Option<Vec<Descriptor>>,
}

impl Registry {
    /// Asks for both lists at the same time, and joins them: signatures written before a registry learned to keep the
    /// list are only in the tag.
    pub(super) async fn list_referrers(
        &self,
        repository: &Repository,
        digest: &Digest,
    ) -> Result<Vec<Descriptor>, StoreError> {
        let host = self.host(repository);
        let kept = async {
            match host.referrers.answer() {
                Some(false) => Ok(Vec::new()),
                _ => self.kept_list(repository, digest).await,
            }
        };
        let (kept, tagged) = futures_util::future::try_join(kept, self.fallback_list(repository, digest)).await?;
        if tagged.is_empty() {
            return Ok(kept);
        }
        let mut known: HashSet<Digest> = HashSet::with_capacity(kept.len() + tagged.len());
        Ok(kept
            .into_iter()
            .chain(tagged)
            .filter(|entry| known.insert(entry.digest.clone()))
            .collect())
    }

    /// The list that the registry keeps; empty where it keeps none.
    pub(super) async fn kept_list(
        &self,
        repository: &Repository,
        digest: &Digest,
    ) -> Result<Vec<Descriptor>, StoreError> {
        let host = self.host(repository);
        let what = format!("referrers of {repository}@{digest}");
        let mut target = list_target(repository, digest);
        let mut entries = Vec::new();
        for _ in 0..PAGES {
            let mut call = self.list_call(repository, target, &what);
            let answer = self.exchange(&mut call, PAGE_LIMIT).await?;
            if entries.is_empty() && is_unknown(answer.status) {
                note_unknown(&host, &answer);
                return Ok(Vec::new());
            }
            if answer.status != StatusCode::OK {
                return Err(call.refusal(&answer));
            }
            let page: Page = serde_json::from_slice(&answer.body).map_err(|error| StoreError::Malformed {
                what: what.clone(),
                reason: error.to_string(),
            })?;
            host.referrers.remember(true);
            entries.extend(page.manifests.unwrap_or_default());
            if entries.len() > ENTRIES {
                break;
            }
            match next_page(&answer)? {
                Some(next) => target = CallTarget::Given(next),
                None => return Ok(entries),
            }
        }
        Err(StoreError::TooLarge {
            what,
            limit: format!("{ENTRIES} entries on {PAGES} pages"),
        })
    }

    /// Says whether the registry answers with a list when it is asked for the referrers of `digest`.
    pub(super) async fn has_list(&self, repository: &Repository, digest: &Digest) -> Result<bool, StoreError> {
        let host = self.host(repository);
        let what = format!("referrers of {repository}@{digest}");
        let mut call = self.list_call(repository, list_target(repository, digest), &what);
        let answer = self.exchange(&mut call, PAGE_LIMIT).await?;
        if is_unknown(answer.status) {
            note_unknown(&host, &answer);
        }
        let media_type = answer::text(&answer.headers, "content-type").unwrap_or_default();
        Ok(answer.status == StatusCode::OK && media_type.starts_with(media_type::OCI_INDEX))
    }

    fn list_call<'a>(&self, repository: &'a Repository, target: CallTarget, what: &str) -> Call<'a> {
        Call::new(self, repository, Method::GET, target, what.to_owned()).header(header::ACCEPT, media_type::OCI_INDEX)
    }

    /// The list in the tag; empty where there is no such tag, or it holds something else.
    async fn fallback_list(&self, repository: &Repository, digest: &Digest) -> Result<Vec<Descriptor>, StoreError> {
        match self.fetch_manifest(&fallback_tag(repository, digest)?).await {
            Ok(index) if index.manifests().len() > ENTRIES => Err(StoreError::TooLarge {
                what: format!("referrers of {repository}@{digest}"),
                limit: format!("{ENTRIES} entries"),
            }),
            Ok(index) if is_nothing(&index) => Err(StoreError::Malformed {
                what: format!("referrers of {repository}@{digest}"),
                reason: "under the fallback tag is neither a list nor an image".to_owned(),
            }),
            Ok(index) => Ok(index.manifests().to_vec()),
            Err(StoreError::NotFound { .. }) => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    /// Adds manifests to the list in the tag of their subject, which may have been looked at just now; keeps what others
    /// add.
    pub(super) async fn list_in_fallback(
        &self,
        repository: &Repository,
        subject: &Digest,
        manifests: &[&Manifest],
        looked: Option<Look>,
    ) -> Result<(), StoreError> {
        let tag = fallback_tag(repository, subject)?;
        let entries: Vec<Descriptor> = manifests.iter().map(|manifest| listed(manifest)).collect();
        let merge = |index: Option<&Manifest>| {
            let known = index.map(Manifest::manifests).unwrap_or_default();
            let known: HashSet<&Digest> = known.iter().map(|known| &known.digest).collect();
            if entries.iter().all(|entry| known.contains(&entry.digest)) {
                return Ok(Merge::Present);
            }
            Ok(Merge::Write {
                manifest: Box::new(with_entries(index, &entries, subject, &tag)?),
                blobs: Vec::new(),
            })
        };
        match looked {
            Some(looked) => append_to(looked, self, &tag, &merge, Stored::default()).await,
            None => append(self, &tag, &merge).await,
        }
    }

    /// Takes a manifest off the list in the tag, then deletes it: the other way round, the list would for a moment have
    /// an entry without its manifest. A registry that does not delete is done once nothing lists the manifest.
    pub(super) async fn delete_referrer(
        &self,
        repository: &Repository,
        subject: &Digest,
        referrer: &Digest,
    ) -> Result<(), StoreError> {
        self.unlist_in_fallback(repository, subject, std::slice::from_ref(referrer))
            .await?;
        match self.delete(&repository.digest(referrer.clone())).await {
            Ok(()) | Err(StoreError::NotFound { .. }) => Ok(()),
            Err(error @ StoreError::NotAllowed { .. }) => {
                let kept = self.kept_list(repository, subject).await?;
                if kept.iter().any(|entry| entry.digest == *referrer) {
                    return Err(error);
                }
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    /// Takes manifests off the list in the tag of their subject, all in one write, keeping what others add; the manifests
    /// themselves stay.
    ///
    /// One write, because registries refuse a list in which any entry is without its manifest.
    ///
    /// # Errors
    /// What the registry says.
    pub async fn unlist_in_fallback(
        &self,
        repository: &Repository,
        subject: &Digest,
        referrers: &[Digest],
    ) -> Result<(), StoreError> {
        let tag = fallback_tag(repository, subject)?;
        let is_listed = |index: &Manifest| index.manifests().iter().any(|entry| referrers.contains(&entry.digest));
        let merge = |index: Option<&Manifest>| match index {
            Some(index) if is_listed(index) => Ok(Merge::Write {
                manifest: Box::new(without_entries(index, referrers, &tag)?),
                blobs: Vec::new(),
            }),
            _ => Ok(Merge::Present),
        };
        append(self, &tag, &merge).await
    }
}

/// Says whether a manifest has neither entries nor layers.
fn is_nothing(manifest: &Manifest) -> bool {
    manifest.content().manifests.is_none() && manifest.content().layers.is_none()
}

/// The tag that stands in for the list of a digest's referrers.
pub(super) fn fallback_tag(repository: &Repository, digest: &Digest) -> Result<Reference, ReferenceError> {
    repository.tag(&referrer_list::tag(digest))
}

fn list_target(repository: &Repository, digest: &Digest) -> CallTarget {
    CallTarget::Path(format!("{}/referrers/{digest}", repository.path()))
}

/// Notes that there are no such lists; a repository that does not exist yet says nothing about the registry.
fn note_unknown(host: &Host, answer: &Answer) {
    if Words::read(&answer.body).code != "NAME_UNKNOWN" {
        host.referrers.remember(false);
    }
}

/// Says whether a registry answers that it has no such list at all.
fn is_unknown(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED | StatusCode::NOT_IMPLEMENTED
    )
}

/// How many referrers are listed at most.
const ENTRIES: usize = 10_000;

/// How many pages of a list are read at most.
const PAGES: usize = 64;

/// The largest page read, in bytes: as large as a manifest may be.
const PAGE_LIMIT: u64 = Manifest::LIMIT as u64;
