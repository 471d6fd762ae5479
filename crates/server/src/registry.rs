//! The registry's endpoints (distribution-spec, §endpoints).

mod blob;
mod condition;
pub(crate) mod content;
pub(crate) mod failure;
#[cfg(fuzzing)]
pub mod fuzzing;
mod listing;
mod manifest;
pub(crate) mod name;
mod range;
mod referrers;
pub(crate) mod route;
pub(crate) mod ui;
mod upload;
mod writer;

use std::sync::Arc;

use http::header::{CONTENT_TYPE, HeaderName};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Response};

use self::failure::Failure;
use self::name::UploadId;
use self::route::{Parameters, Route};
use self::upload::Uploads;
use crate::auth::BasicAuth;
use crate::body::{AnswerBody, RequestBody};
use crate::observe::Observer;
use crate::options::{Access, Limits, MissingContent};
use crate::reply::Reply;
use crate::store::Store;

/// A registry: what it holds, and the rules for changing it.
pub(crate) struct Registry {
    pub(crate) store: Arc<Store>,
    pub(crate) auth: Option<BasicAuth>,
    pub(crate) access: Access,
    pub(crate) missing: MissingContent,
    pub(crate) limits: Limits,
    pub(crate) observer: Arc<Observer>,
    uploads: Uploads,
}

impl Registry {
    pub(crate) fn new(
        store: Arc<Store>,
        auth: Option<BasicAuth>,
        access: Access,
        missing: MissingContent,
        limits: Limits,
        observer: Arc<Observer>,
        uploads: Vec<UploadId>,
    ) -> Self {
        Self {
            store,
            auth,
            access,
            missing,
            limits,
            observer,
            uploads: Uploads::new(uploads),
        }
    }

    /// Answers a request.
    pub(crate) async fn answer(&self, head: &Parts, body: &mut RequestBody) -> Reply {
        let mut reply = match self.dispatch(head, body).await {
            Ok(response) => Reply::from(response),
            Err(failure) => Reply::from(failure.answer()).because(failure.detail()),
        };
        let headers = reply.response.headers_mut();
        headers.insert(API_VERSION, HeaderValue::from_static("registry/2.0"));
        reply
    }

    async fn dispatch(&self, head: &Parts, body: &mut RequestBody) -> Result<Response<AnswerBody>, Failure> {
        let path = head.uri.path();
        let is_admitted = self.auth.as_ref().is_none_or(|auth| auth.admits(&head.headers));
        if !is_admitted && path != "/healthz" {
            return Err(Failure::Unauthorized);
        }
        let is_read = matches!(head.method, Method::GET | Method::HEAD);
        if !is_read && self.access == Access::ReadOnly {
            return Err(Failure::ReadOnly);
        }
        let parameters = Parameters::parse(head.uri.query())?;
        match Route::parse(path)? {
            Route::Base => only_reads(head, || Ok(json("{}"))),
            Route::Health => only_reads(head, || Ok(text("ok\n"))),
            Route::Metrics => only_reads(head, || Ok(text(self.observer.exposition()))),
            Route::Catalog => only_reads(head, || self.catalog(&parameters)),
            Route::Tags(name) => only_reads(head, || self.tags(&name, &parameters)),
            Route::Referrers(name, subject) => only_reads(head, || self.referrers(&name, &subject, &parameters)),
            Route::Page(_) if !is_read => Err(Failure::Method { allowed: "GET, HEAD" }),
            Route::Page(page) => Box::pin(self.page(page)).await,
            Route::Manifest(name, reference) => self.manifest(head, &parameters, &name, reference, body).await,
            Route::Blob(name, digest) => self.blob(head, &name, &digest).await,
            Route::Uploads(name) => self.uploads(head, &parameters, name, body).await,
            Route::Upload(name, id) => self.upload(head, &parameters, name, id, body).await,
        }
    }

    /// Forgets an upload whose file is gone.
    pub(crate) fn forget_upload(&self, id: &UploadId) {
        self.uploads.end(id);
    }

    /// Runs what waits for the disk on a thread that may.
    async fn blocking<T, E>(&self, work: impl FnOnce(&Store) -> Result<T, E> + Send + 'static) -> Result<T, Failure>
    where
        T: Send + 'static,
        E: Send + 'static,
        Failure: From<E>,
    {
        let store = Arc::clone(&self.store);
        Ok(tokio::task::spawn_blocking(move || work(&store)).await??)
    }
}

/// Refuses other methods than GET and HEAD; hyper leaves out the body of an answer to HEAD.
fn only_reads(
    head: &Parts,
    read: impl FnOnce() -> Result<Response<AnswerBody>, Failure>,
) -> Result<Response<AnswerBody>, Failure> {
    if matches!(head.method, Method::GET | Method::HEAD) {
        read()
    } else {
        Err(Failure::Method { allowed: "GET, HEAD" })
    }
}

fn json(body: impl Into<bytes::Bytes>) -> Response<AnswerBody> {
    typed("application/json", body)
}

fn text(body: impl Into<bytes::Bytes>) -> Response<AnswerBody> {
    typed("text/plain; version=0.0.4; charset=utf-8", body)
}

fn typed(media_type: &'static str, body: impl Into<bytes::Bytes>) -> Response<AnswerBody> {
    let mut response = Response::new(AnswerBody::bytes(body));
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    response
}

fn empty(status: http::StatusCode) -> Response<AnswerBody> {
    let mut response = Response::new(AnswerBody::empty());
    *response.status_mut() = status;
    response
}

/// Sets a header to text made of parsed names and numbers.
fn set(headers: &mut HeaderMap, name: impl http::header::IntoHeaderName, value: &str) {
    headers.insert(
        name,
        HeaderValue::from_str(value).expect("parsed names and numbers are visible ASCII"),
    );
}

/// The entity tag of content: its digest, quoted (RFC 9110 §8.8.3).
fn entity_tag(digest: &countersign_core::Digest) -> String {
    format!("\"{digest}\"")
}

const API_VERSION: HeaderName = HeaderName::from_static("docker-distribution-api-version");
const CONTENT_DIGEST: HeaderName = HeaderName::from_static("docker-content-digest");
