//! Manifests and tags.

use countersign_core::Digest;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, ETAG, HeaderName, LOCATION};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode};

use super::content::ManifestContent;
use super::failure::Failure;
use super::name::{Reference, RepositoryName, Tag};
use super::route::Parameters;
use super::{CONTENT_DIGEST, Registry, condition, empty, entity_tag, set};
use crate::body::{AnswerBody, RequestBody};
use crate::options::MissingContent;
use crate::store::{Change, ChangeError, Condition, ManifestWrite, Store};

impl Registry {
    pub(super) async fn manifest(
        &self,
        head: &Parts,
        parameters: &Parameters,
        name: &RepositoryName,
        reference: Reference,
        body: &mut RequestBody,
    ) -> Result<Response<AnswerBody>, Failure> {
        match head.method {
            Method::GET | Method::HEAD => self.read_manifest(head, name, reference),
            Method::PUT => self.put_manifest(head, parameters, name, reference, body).await,
            Method::DELETE => self.delete_manifest(head, name, reference).await,
            _ => Err(Failure::Method {
                allowed: "GET, HEAD, PUT, DELETE",
            }),
        }
    }

    /// Manifests are small: reading one takes less time than handing it to another thread.
    fn read_manifest(
        &self,
        head: &Parts,
        name: &RepositoryName,
        reference: Reference,
    ) -> Result<Response<AnswerBody>, Failure> {
        let Some(found) = self.store.manifest(name, &reference)? else {
            return Err(Failure::ManifestUnknown { reference });
        };
        let length = found.bytes.len() as u64;
        let mut response = if condition::is_unchanged(&head.headers, &found.digest)? {
            empty(StatusCode::NOT_MODIFIED)
        } else if head.method == Method::HEAD {
            let mut response = empty(StatusCode::OK);
            response.headers_mut().insert(CONTENT_LENGTH, length.into());
            response
        } else {
            Response::new(AnswerBody::bytes(found.bytes))
        };
        let headers = response.headers_mut();
        let media_type = HeaderValue::from_str(&found.media_type).map_err(|_| Failure::Header {
            name: "Content-Type",
            found: found.media_type.clone(),
            expected: "visible ASCII",
        })?;
        headers.insert(CONTENT_TYPE, media_type);
        name_content(headers, &found.digest);
        Ok(response)
    }

    async fn put_manifest(
        &self,
        head: &Parts,
        parameters: &Parameters,
        name: &RepositoryName,
        reference: Reference,
        body: &mut RequestBody,
    ) -> Result<Response<AnswerBody>, Failure> {
        let condition = condition::of_write(&head.headers)?;
        let tags = wanted_tags(parameters, &reference)?;
        let content_type = head.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let bytes = body.collect(self.limits.manifest_bytes).await?;
        let digest = check_digest(&reference, &bytes)?;
        let content = ManifestContent::parse(&bytes, content_type)?;
        let response = accepted(name, &reference, &digest, &content, &tags);
        let referrer = content.referrer(&digest, bytes.len() as u64);
        let write = ManifestWrite {
            media_type: content.media_type().to_owned(),
            refers: content.subject().cloned().map(|subject| (subject, referrer)),
            needs: match self.missing {
                MissingContent::Refused => content.needs().to_vec(),
                MissingContent::Accepted => Vec::new(),
            },
            digest,
            bytes,
            tags,
            condition,
            target: reference,
        };
        let name = name.clone();
        self.blocking(move |store| store.write_manifest(&name, &write)).await?;
        self.observer.manifest_stored();
        Ok(response)
    }

    async fn delete_manifest(
        &self,
        head: &Parts,
        name: &RepositoryName,
        reference: Reference,
    ) -> Result<Response<AnswerBody>, Failure> {
        let condition = condition::of_write(&head.headers)?;
        let (name, target) = (name.clone(), reference.clone());
        let change = self
            .blocking(move |store| remove(store, &name, &target, &condition))
            .await?;
        match change {
            Change::Made => Ok(empty(StatusCode::ACCEPTED)),
            Change::NotFound => Err(Failure::ManifestUnknown { reference }),
        }
    }
}

fn remove(
    store: &Store,
    name: &RepositoryName,
    reference: &Reference,
    condition: &Condition,
) -> Result<Change, ChangeError> {
    match reference {
        Reference::Tag(tag) => store.remove_tag(name, tag, condition),
        Reference::Digest(digest) => {
            let Some(found) = store.manifest(name, reference)? else {
                return Ok(Change::NotFound);
            };
            // It was read when it was pushed; had it no subject then, it has none now.
            let content = ManifestContent::parse(&found.bytes, Some(&found.media_type));
            let subject = content.ok().and_then(|content| content.subject().cloned());
            store.remove_manifest(name, digest, subject.as_ref(), condition)
        }
    }
}

/// The digest of a manifest, which is the one in the path where there is one.
pub(super) fn check_digest(reference: &Reference, bytes: &[u8]) -> Result<Digest, Failure> {
    match reference {
        Reference::Tag(_) => Ok(Digest::sha256(bytes)),
        Reference::Digest(expected) => {
            let found = Digest::of(expected.algorithm(), bytes);
            if found == *expected {
                return Ok(found);
            }
            Err(Failure::DigestMismatch {
                expected: expected.clone(),
                found,
            })
        }
    }
}

fn accepted(
    name: &RepositoryName,
    reference: &Reference,
    digest: &Digest,
    content: &ManifestContent,
    tags: &[Tag],
) -> Response<AnswerBody> {
    let mut response = empty(StatusCode::CREATED);
    let headers = response.headers_mut();
    set(headers, LOCATION, &format!("/v2/{name}/manifests/{digest}"));
    name_content(headers, digest);
    if let Some(subject) = content.subject() {
        set(headers, SUBJECT, subject.as_str());
    }
    if matches!(reference, Reference::Digest(_)) {
        for tag in tags {
            let tag = HeaderValue::from_str(tag.as_str()).expect("a tag is visible ASCII");
            headers.append(TAG, tag);
        }
    }
    response
}

/// The tag in the path, and those in the parameters of a push by digest.
pub(super) fn wanted_tags(parameters: &Parameters, reference: &Reference) -> Result<Vec<Tag>, Failure> {
    match reference {
        Reference::Tag(tag) => Ok(vec![tag.clone()]),
        Reference::Digest(_) => {
            let tags: Vec<Tag> = parameters.all("tag").map(str::parse).collect::<Result<_, _>>()?;
            if tags.len() > TAGS_LIMIT {
                return Err(Failure::TooManyTags {
                    found: tags.len(),
                    limit: TAGS_LIMIT,
                });
            }
            Ok(tags)
        }
    }
}

fn name_content(headers: &mut HeaderMap, digest: &Digest) {
    set(headers, CONTENT_DIGEST, digest.as_str());
    set(headers, ETAG, &entity_tag(digest));
}

const SUBJECT: HeaderName = HeaderName::from_static("oci-subject");
const TAG: HeaderName = HeaderName::from_static("oci-tag");
/// The most tags that one push may set.
const TAGS_LIMIT: usize = 64;
