//! Tags listed, manifests deleted (distribution-spec, §listing tags and §content management).

use countersign_core::Digest;
use http::{Method, StatusCode, header};
use serde::Deserialize;

use super::Registry;
use super::call::{Call, CallTarget};
use super::paging::next_page;
use super::push::{ANSWER_LIMIT, entity_tag};
use crate::error::StoreError;
use crate::manifest::Manifest;
use crate::reference::{Reference, Repository};

#[derive(Deserialize)]
pub(super) struct TagPage {
    #[serde(default)]
    pub(super) tags: Option<Vec<String>>,
}

impl Registry {
    /// Lists the tags of a repository, in the registry's order.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where there is no such repository, [`StoreError::TooLarge`] past 100,000 tags.
    pub async fn tags(&self, repository: &Repository) -> Result<Vec<String>, StoreError> {
        let what = format!("tags of {repository}");
        let first = |last: Option<&String>| {
            let last = last.map(|last| format!("&last={last}")).unwrap_or_default();
            CallTarget::Path(format!("{}/tags/list?n={PAGE}{last}", repository.path()))
        };
        let mut target = first(None);
        let mut tags: Vec<String> = Vec::new();
        for _ in 0..PAGES {
            let mut call = Call::new(self, repository, Method::GET, target, what.clone());
            let answer = self.exchange(&mut call, Manifest::LIMIT as u64).await?;
            if answer.status != StatusCode::OK {
                return Err(call.refusal(&answer));
            }
            let page: TagPage = serde_json::from_slice(&answer.body).map_err(|error| StoreError::Malformed {
                what: what.clone(),
                reason: error.to_string(),
            })?;
            let page = page.tags.unwrap_or_default();
            let is_full = page.len() == PAGE;
            let is_repeated = !page.is_empty() && page.last() == tags.last();
            if !is_repeated {
                tags.extend(page);
            }
            if tags.len() > TAGS {
                break;
            }
            target = match next_page(&answer)? {
                Some(next) => CallTarget::Given(next),
                // Some registries cut the list at `n` without saying so.
                None if is_full && !is_repeated => first(tags.last()),
                None => return Ok(tags),
            };
        }
        Err(StoreError::TooLarge {
            what,
            limit: format!("{TAGS} tags"),
        })
    }

    /// Deletes a tag, or a manifest with all its tags.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where it does not exist, [`StoreError::NotAllowed`] where the registry does not delete.
    pub async fn delete(&self, reference: &Reference) -> Result<(), StoreError> {
        self.delete_where(reference, None).await
    }

    /// Deletes a tag where it still points at `digest`.
    ///
    /// Registries that know no conditions delete whatever the tag points at: look right before.
    ///
    /// # Errors
    /// As [`delete`](Self::delete); [`StoreError::Changed`] where it points at something else.
    pub async fn delete_unchanged(&self, tag: &Reference, digest: &Digest) -> Result<(), StoreError> {
        match self.delete_where(tag, Some(digest)).await {
            Err(error @ StoreError::Changed { .. }) => {
                let current = self.head(tag).await?;
                if current.is_none_or(|current| current.digest != *digest) {
                    return Err(error);
                }
                // Its conditions are about something else.
                self.delete_where(tag, None).await
            }
            other => other,
        }
    }

    async fn delete_where(&self, reference: &Reference, unchanged: Option<&Digest>) -> Result<(), StoreError> {
        let repository = reference.repository();
        let path = format!("{}/manifests/{}", repository.path(), reference.target());
        let what = format!("manifest {reference}");
        let mut call = Call::new(self, repository, Method::DELETE, CallTarget::Path(path), what);
        if let Some(digest) = unchanged {
            call = call.header(header::IF_MATCH, &entity_tag(digest));
        }
        let answer = self.exchange(&mut call, ANSWER_LIMIT).await?;
        if answer.status.is_success() {
            return Ok(());
        }
        Err(match call.refusal(&answer) {
            StoreError::Status { status: 412, .. } if unchanged.is_some() => StoreError::Changed {
                what: reference.to_string(),
            },
            StoreError::Status {
                status: 400, detail, ..
            } if detail.contains("UNSUPPORTED") => StoreError::NotAllowed {
                what: reference.to_string(),
                reason: detail.trim_start_matches(": ").to_owned(),
            },
            other => other,
        })
    }
}

/// How many tags are asked for at a time.
const PAGE: usize = 1000;

/// How many pages are read at most.
const PAGES: usize = 1000;

/// How many tags are listed at most.
const TAGS: usize = 100_000;
