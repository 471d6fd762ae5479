//! Manifests: named, fetched, checked (distribution-spec, §pull).

use countersign_core::Digest;
use http::{Method, StatusCode, header};

use super::Registry;
use super::answer;
use super::call::{Call, CallTarget};
use super::scope::Access;
use crate::error::StoreError;
use crate::http::Answer;
use crate::manifest::{Descriptor, Manifest};
use crate::reference::{Pinned, Reference};

impl Registry {
    /// Describes what a name points at, without fetching it where the registry allows that; `None` where it does not exist.
    ///
    /// # Errors
    /// [`StoreError`] where the registry did not say.
    pub async fn head(&self, reference: &Reference) -> Result<Option<Descriptor>, StoreError> {
        self.head_for(reference, Access::Pull).await
    }

    /// The same, by someone who is about to do what `access` says: where a repository does not exist yet, some
    /// registries tell that only to those who may make it.
    pub(super) async fn head_for(
        &self,
        reference: &Reference,
        access: Access<'_>,
    ) -> Result<Option<Descriptor>, StoreError> {
        let mut call = self.manifest_call(Method::HEAD, reference).access(access);
        let answer = self.exchange(&mut call, 0).await?;
        match answer.status {
            StatusCode::NOT_FOUND => Ok(None),
            status if status.is_success() => match described(&answer, reference) {
                Some(descriptor) => Ok(Some(descriptor)),
                None => self.described_by_get(reference).await,
            },
            // Some proxies answer HEAD with 405 or 400; what is there is seen with GET.
            StatusCode::METHOD_NOT_ALLOWED | StatusCode::BAD_REQUEST => self.described_by_get(reference).await,
            _ => Err(call.refusal(&answer)),
        }
    }

    async fn described_by_get(&self, reference: &Reference) -> Result<Option<Descriptor>, StoreError> {
        match self.fetch_manifest(reference).await {
            Ok(manifest) => Ok(Some(manifest.descriptor())),
            Err(StoreError::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// A digest needs no question; a tag is asked for.
    pub(super) async fn resolve_name(&self, reference: &Reference) -> Result<Pinned, StoreError> {
        if let Some(digest) = reference.digest() {
            return Ok(reference.clone().pin(digest.clone()));
        }
        match self.head(reference).await? {
            Some(descriptor) => Ok(reference.clone().pin(descriptor.digest)),
            None => Err(StoreError::NotFound {
                what: format!("manifest {reference}"),
            }),
        }
    }

    pub(super) async fn fetch_manifest(&self, reference: &Reference) -> Result<Manifest, StoreError> {
        let mut call = self.manifest_call(Method::GET, reference);
        let limit = Manifest::LIMIT as u64;
        let answer = match self.exchange(&mut call, limit).await {
            Err(StoreError::TooLarge { .. }) => return Err(StoreError::ManifestTooLarge { limit }),
            other => other?,
        };
        if answer.status != StatusCode::OK {
            return Err(call.refusal(&answer));
        }
        let digest = checked(&answer, reference)?;
        let media_type = answer::text(&answer.headers, "content-type").unwrap_or_default();
        let media_type = media_type.split(';').next().unwrap_or_default().trim();
        match digest {
            Some(digest) => Manifest::parse_checked(answer.body, media_type, digest),
            None => Manifest::parse(answer.body, media_type),
        }
    }

    fn manifest_call<'a>(&self, method: Method, reference: &'a Reference) -> Call<'a> {
        let repository = reference.repository();
        let path = format!("{}/manifests/{}", repository.path(), reference.target());
        Call::new(
            self,
            repository,
            method,
            CallTarget::Path(path),
            format!("manifest {reference}"),
        )
        .header(header::ACCEPT, ACCEPT)
    }
}

/// What the head of an answer says of a manifest, where it says enough.
pub(super) fn described(answer: &Answer, reference: &Reference) -> Option<Descriptor> {
    let digest = match reference.digest() {
        Some(digest) => digest.clone(),
        None => announced(answer)?,
    };
    let size = answer::text(&answer.headers, "content-length")?.parse().ok()?;
    let media_type = answer::text(&answer.headers, "content-type")?;
    Some(Descriptor {
        media_type: media_type.split(';').next().unwrap_or(media_type).trim().to_owned(),
        size,
        digest,
        data: None,
        annotations: std::collections::BTreeMap::new(),
        platform: None,
        artifact_type: None,
    })
}

/// The digest that the registry announces.
pub(super) fn announced(answer: &Answer) -> Option<Digest> {
    answer::text(&answer.headers, "docker-content-digest")?.parse().ok()
}

/// Checks a manifest's bytes against the digest asked for, else against the one announced with a tag:
/// a registry that contradicts itself is not believed either way. Returns the one that was checked.
fn checked(answer: &Answer, reference: &Reference) -> Result<Option<Digest>, StoreError> {
    let Some(expected) = reference.digest().cloned().or_else(|| announced(answer)) else {
        return Ok(None);
    };
    let found = Digest::of(expected.algorithm(), &answer.body);
    if found != expected {
        return Err(StoreError::DigestMismatch {
            what: format!("manifest {reference}"),
            expected,
            found,
        });
    }
    Ok(Some(found))
}

/// Every type of manifest; the last is for artifacts that are only signed or copied.
const ACCEPT: &str = "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, \
application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.docker.distribution.manifest.v2+json, */*";
