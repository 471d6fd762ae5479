//! Manifests on the way out (distribution-spec, §pushing manifests).

use std::collections::{BTreeMap, HashSet};

use countersign_core::Digest;
use futures_util::future::join;
use futures_util::{StreamExt, TryStreamExt};
use http::{HeaderName, Method, StatusCode, header};

use super::answer::{self, Words};
use super::call::{Call, CallTarget};
use super::pull::announced;
use super::referrers::fallback_tag;
use super::{Host, Registry};
use crate::append::Look;
use crate::error::StoreError;
use crate::http::Answer;
use crate::http::body::Payload;
use crate::http::retry::Attempts;
use crate::manifest::Manifest;
use crate::reference::{Reference, Repository};
use crate::store::{Condition, PARALLEL, Replacement};

impl Registry {
    pub(super) async fn store_manifest(
        &self,
        reference: &Reference,
        manifest: &Manifest,
        condition: &Condition,
    ) -> Result<(), StoreError> {
        let mut call = self.put_call(reference, manifest);
        if let Some((name, value)) = condition_header(condition) {
            call = call.header(name, &value);
        }
        let subject = manifest.content().subject.as_ref().map(|subject| &subject.digest);
        let put = self.put_and_check(call, reference, manifest);
        let (is_announced, looked) = join(put, self.look_at_fallback(reference.repository(), subject)).await;
        let is_announced = is_announced?;
        match subject {
            Some(subject) if !is_announced => {
                self.ensure_listed(reference.repository(), subject, vec![manifest], looked)
                    .await
            }
            _ => Ok(()),
        }
    }

    /// Stores manifests by digest, side by side; where the registry keeps no list of referrers, each subject's list in
    /// the tag is changed once for all of its manifests.
    pub(super) async fn store_manifests(
        &self,
        repository: &Repository,
        manifests: &[(&Digest, &Manifest)],
    ) -> Result<(), StoreError> {
        let puts = manifests.iter().map(|(digest, manifest)| async {
            let name = repository.digest((*digest).clone());
            let is_announced = self
                .put_and_check(self.put_call(&name, manifest), &name, manifest)
                .await?;
            Ok::<_, StoreError>((*manifest, is_announced))
        });
        let puts: Vec<_> = puts.collect();
        let stored: Vec<(&Manifest, bool)> = futures_util::stream::iter(puts)
            .buffer_unordered(PARALLEL)
            .try_collect()
            .await?;
        let mut unlisted: BTreeMap<&Digest, Vec<&Manifest>> = BTreeMap::new();
        for (manifest, is_announced) in stored {
            if let Some(subject) = manifest.content().subject.as_ref().filter(|_| !is_announced) {
                unlisted.entry(&subject.digest).or_default().push(manifest);
            }
        }
        let lists = unlisted
            .into_iter()
            .map(|(subject, manifests)| self.ensure_listed(repository, subject, manifests, None));
        let lists: Vec<_> = lists.collect();
        futures_util::stream::iter(lists)
            .buffer_unordered(PARALLEL)
            .try_collect()
            .await
    }

    /// Stores a manifest; says whether the registry has listed it as a referrer of its subject.
    ///
    /// Where the list itself is known to be missing, the header `OCI-Subject` is an echo (ECR had that).
    async fn put_and_check(
        &self,
        call: Call<'_>,
        reference: &Reference,
        manifest: &Manifest,
    ) -> Result<bool, StoreError> {
        let answer = self.put(call, reference, manifest).await?;
        if announced(&answer).is_none() {
            self.check_stored(reference, manifest).await?;
        }
        let has_list = self.host(reference.repository()).referrers.answer();
        Ok(answer::text(&answer.headers, "oci-subject").is_some() && has_list != Some(false))
    }

    /// Looks at the list in the tag, where it is known that the registry keeps none.
    async fn look_at_fallback(
        &self,
        repository: &Repository,
        subject: Option<&Digest>,
    ) -> Option<Result<Look, StoreError>> {
        let subject = subject.filter(|_| self.host(repository).referrers.answer() == Some(false))?;
        let tag = fallback_tag(repository, subject).ok()?;
        Some(Look::now(self, &tag).await)
    }

    /// A registry that does not say what it stored is asked: some acknowledge what they then do not have.
    async fn check_stored(&self, reference: &Reference, manifest: &Manifest) -> Result<(), StoreError> {
        let stored = match reference.digest() {
            Some(_) => reference.clone(),
            None => reference.repository().digest(manifest.digest().clone()),
        };
        match self.head(&stored).await? {
            Some(_) => Ok(()),
            None => Err(StoreError::NotStored {
                what: format!("manifest {reference}"),
            }),
        }
    }

    /// Sees to it that the manifests are in the list of their subject's referrers: the registry's, else the one in the tag.
    ///
    /// Where the registry does not say `OCI-Subject` it may keep a list all the same (go-containerregistry): one that
    /// answered with a list when it was asked before is taken at its word, as ORAS and go-containerregistry do, else
    /// the list is read.
    async fn ensure_listed(
        &self,
        repository: &Repository,
        subject: &Digest,
        mut manifests: Vec<&Manifest>,
        looked: Option<Result<Look, StoreError>>,
    ) -> Result<(), StoreError> {
        let host = self.host(repository);
        if host.referrers.answer() != Some(false) {
            if host.foresight.keeps_lists(repository) {
                return Ok(());
            }
            let listed = self.kept_list(repository, subject).await?;
            let listed: HashSet<&Digest> = listed.iter().map(|entry| &entry.digest).collect();
            let stored = manifests.len();
            manifests.retain(|manifest| !listed.contains(manifest.digest()));
            if manifests.len() < stored {
                host.foresight.note_lists(repository);
            }
        }
        if manifests.is_empty() {
            return Ok(());
        }
        self.list_in_fallback(repository, subject, &manifests, looked.transpose()?)
            .await
    }

    /// Replaces a tag once, with whatever guard the registry offers against other writers.
    ///
    /// Whether it checks conditions is found out with the first replacement: that one carries a condition that cannot
    /// hold. A registry that checks refuses it with 412 and is asked again with the real one; a registry that does not
    /// has simply written.
    pub(super) async fn replace_tag(
        &self,
        reference: &Reference,
        manifest: &Manifest,
        condition: &Condition,
    ) -> Result<Replacement, StoreError> {
        let host = self.host(reference.repository());
        let Some((name, value)) = condition_header(condition) else {
            let call = self.put_call(reference, manifest).never_repeated();
            return self
                .put(call, reference, manifest)
                .await
                .map(|_| Replacement::Unchecked);
        };
        if host.conditions.answer().is_none() && self.replaced_despite_condition(&host, reference, manifest).await? {
            return Ok(Replacement::Unchecked);
        }
        if host.conditions.answer() == Some(true) {
            let call = self.put_call(reference, manifest).header(name, &value);
            match self.put(call.never_repeated(), reference, manifest).await {
                Err(StoreError::Changed { what }) => {
                    if !self.still_holds(reference, condition).await? {
                        return Err(StoreError::Changed { what });
                    }
                    // It refuses also what holds: its conditions are about something else.
                    host.conditions.remember(false);
                }
                other => return other.map(|_| Replacement::Checked),
            }
        }
        let call = self.put_call(reference, manifest).never_repeated();
        self.put(call, reference, manifest)
            .await
            .map(|_| Replacement::Unchecked)
    }

    /// Replaces under a condition that cannot hold; says whether that was done, and remembers what it tells.
    async fn replaced_despite_condition(
        &self,
        host: &Host,
        reference: &Reference,
        manifest: &Manifest,
    ) -> Result<bool, StoreError> {
        let call = self.put_call(reference, manifest).header(header::IF_MATCH, IMPOSSIBLE);
        let put = self.put(call.never_repeated(), reference, manifest).await;
        match put {
            Ok(_) | Err(StoreError::Status { status: 400 | 501, .. }) => host.conditions.remember(false),
            Err(StoreError::Changed { .. }) => host.conditions.remember(true),
            Err(error) => return Err(error),
        }
        Ok(put.is_ok())
    }

    async fn still_holds(&self, reference: &Reference, condition: &Condition) -> Result<bool, StoreError> {
        let now = self.head(reference).await?.map(|descriptor| descriptor.digest);
        Ok(match condition {
            Condition::Unchanged(digest) => now.as_ref() == Some(digest),
            Condition::Absent => now.is_none(),
            Condition::Always => true,
        })
    }

    fn put_call<'a>(&self, reference: &'a Reference, manifest: &Manifest) -> Call<'a> {
        let repository = reference.repository();
        let path = format!("{}/manifests/{}", repository.path(), reference.target());
        Call::new(
            self,
            repository,
            Method::PUT,
            CallTarget::Path(path),
            format!("manifest {reference}"),
        )
        .header(header::CONTENT_TYPE, manifest.media_type())
        .payload(Payload::Bytes(manifest.bytes().clone()))
    }

    async fn put(&self, mut call: Call<'_>, reference: &Reference, manifest: &Manifest) -> Result<Answer, StoreError> {
        let mut attempts = Attempts::new(self.http().retry());
        loop {
            let answer = self.exchange(&mut call, ANSWER_LIMIT).await?;
            if answer.status.is_success() {
                check_announced(&answer, reference, manifest)?;
                return Ok(answer);
            }
            let error = put_refusal(&call, &answer, reference, manifest);
            let is_repeated = call.is_repeated() && matches!(error, StoreError::Unsettled { .. });
            match attempts.after_break().filter(|_| is_repeated) {
                Some(pause) if self.http().has_time_for(pause) => self.http().pause(pause).await,
                _ => return Err(error),
            }
        }
    }
}

fn put_refusal(call: &Call<'_>, answer: &Answer, reference: &Reference, manifest: &Manifest) -> StoreError {
    let words = Words::read(&answer.body);
    let may_be_immutable = matches!(answer.status.as_u16(), 400 | 403 | 405 | 409 | 412);
    if may_be_immutable && words.speak_of_immutability() {
        return StoreError::NotAllowed {
            what: reference.to_string(),
            reason: words.shown(),
        };
    }
    // We know that our digest is right: docker-registry up to 2.8 says this where it reads the link of a blob while
    // another upload of the same blob writes it anew.
    let is_digest_right = reference.digest().is_none_or(|digest| digest == manifest.digest());
    if answer.status == StatusCode::BAD_REQUEST && words.code == "DIGEST_INVALID" && is_digest_right {
        return StoreError::Unsettled {
            what: format!("manifest {reference}"),
            reason: words.shown(),
        };
    }
    match answer.status {
        StatusCode::PRECONDITION_FAILED => StoreError::Changed {
            what: reference.to_string(),
        },
        _ => call.refusal(answer),
    }
}

/// A registry that stored other bytes than it was given is not believed.
fn check_announced(answer: &Answer, reference: &Reference, manifest: &Manifest) -> Result<(), StoreError> {
    match announced(answer) {
        Some(found) if !found.matches(manifest.bytes()) => Err(StoreError::DigestMismatch {
            what: format!("manifest {reference} as the registry stored it"),
            expected: manifest.digest().clone(),
            found,
        }),
        _ => Ok(()),
    }
}

/// The condition as a header (RFC 9110 §13.1); a manifest's entity tag is its digest in quotes.
fn condition_header(condition: &Condition) -> Option<(HeaderName, String)> {
    match condition {
        Condition::Always => None,
        Condition::Unchanged(digest) => Some((header::IF_MATCH, entity_tag(digest))),
        Condition::Absent => Some((header::IF_NONE_MATCH, "*".to_owned())),
    }
}

/// A manifest's entity tag.
pub(super) fn entity_tag(digest: &Digest) -> String {
    format!("\"{digest}\"")
}

/// The entity tag of bytes that nobody knows.
const IMPOSSIBLE: &str = "\"sha256:0000000000000000000000000000000000000000000000000000000000000000\"";

/// The largest answer to a push that is read, in bytes.
pub(super) const ANSWER_LIMIT: u64 = 64 * 1024;
