//! A request to a registry: addressed, authorized, repeated where that helps.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use http::{HeaderName, HeaderValue, Method, StatusCode, Uri, header};

use super::answer::{self, Words};
use super::scope::Access;
use super::{Host, PlainHttp, Registry};
use crate::error::StoreError;
use crate::http::body::Payload;
use crate::http::failure::{Cause, Failure};
use crate::http::retry::Attempts;
use crate::http::{Answer, Repeat, Request, Response, address};
use crate::reference::Repository;

/// A request to a registry.
pub(super) struct Call<'a> {
    pub(super) host: Arc<Host>,
    pub(super) repository: &'a Repository,
    pub(super) access: Access<'a>,
    pub(super) target: CallTarget,
    /// Names what is asked for in errors.
    pub(super) what: String,
    request: Request,
}

/// Where a call goes.
pub(super) enum CallTarget {
    /// A path below `/v2/`.
    Path(String),
    /// An address that the registry gave.
    Given(Uri),
}

impl<'a> Call<'a> {
    pub(super) fn new(
        registry: &Registry,
        repository: &'a Repository,
        method: Method,
        target: CallTarget,
        what: String,
    ) -> Self {
        let access = match method {
            Method::GET | Method::HEAD => Access::Pull,
            Method::DELETE => Access::Delete,
            _ => Access::Push,
        };
        Self {
            host: registry.host(repository),
            repository,
            access,
            target,
            what,
            request: Request::new(method, Uri::default()),
        }
    }

    pub(super) fn access(mut self, access: Access<'a>) -> Self {
        self.access = access;
        self
    }

    pub(super) fn header(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.request.headers.insert(name, value);
        }
        self
    }

    pub(super) fn payload(mut self, payload: Payload) -> Self {
        if matches!(payload, Payload::Stream(..)) {
            self.request.repeat = Repeat::Never;
        }
        self.request.payload = payload;
        self
    }

    pub(super) fn never_repeated(mut self) -> Self {
        self.request.repeat = Repeat::Never;
        self
    }

    /// Says whether the call may be sent again.
    pub(super) fn is_repeated(&self) -> bool {
        matches!(self.request.repeat, Repeat::Safe)
    }

    /// The error for an answer that is not a success.
    pub(super) fn refusal(&self, answer: &Answer) -> StoreError {
        answer::refusal(self.request.method.as_str(), &self.what, answer)
    }

    /// Says whether `url` is on the registry itself, which alone gets its credentials.
    fn is_home(&self, url: &Uri) -> bool {
        match &self.target {
            // It was made from the registry's address.
            CallTarget::Path(_) => true,
            CallTarget::Given(_) => self.host.url("").is_ok_and(|home| address::is_same_origin(&home, url)),
        }
    }

    /// The error for a 401 or 403, with the credentials that were used or looked for.
    pub(super) async fn denial(&self, registry: &Registry, answer: &Answer) -> StoreError {
        let mut reason = match Words::read(&answer.body).shown() {
            text if text.is_empty() => format!("answered {}", answer.status.as_u16()),
            text => text,
        };
        if let Ok(found) = registry.credential(&self.host, self.repository).await {
            reason = format!("{reason} ({})", found.place);
        }
        StoreError::Denied {
            registry: self.host.name.to_string(),
            what: self.what.clone(),
            reason,
        }
    }
}

impl Registry {
    /// Sends a call and reads the answer, whatever its status but 401 and 403.
    ///
    /// On the heap, as below, so that the program has this once and not in each crate that calls it.
    pub(super) fn exchange<'a>(
        &'a self,
        call: &'a mut Call<'_>,
        limit: u64,
    ) -> BoxFuture<'a, Result<Answer, StoreError>> {
        Box::pin(self.read_answer(call, limit))
    }

    async fn read_answer(&self, call: &mut Call<'_>, limit: u64) -> Result<Answer, StoreError> {
        let mut attempts = Attempts::new(self.http().retry());
        let host = Arc::clone(&call.host);
        loop {
            let _permit = host.permits.acquire().await;
            let response = self.authorized(call, &mut attempts).await?;
            let (status, headers, url) = (response.status, response.headers, response.url);
            let read = if status.is_success() {
                response.body.read(limit).await
            } else {
                Ok(response.body.read_start().await)
            };
            match read {
                Ok(body) => {
                    return Ok(Answer {
                        status,
                        headers,
                        body,
                        url,
                    });
                }
                Err(failure) => self.http().pause_after(&call.request, failure, &mut attempts).await?,
            }
        }
    }

    /// Sends a call and hands on a success with its body still to come.
    pub(super) async fn open(&self, call: &mut Call<'_>) -> Result<Response, StoreError> {
        let mut attempts = Attempts::new(self.http().retry());
        let response = self.authorized(call, &mut attempts).await?;
        if response.status.is_success() {
            return Ok(response);
        }
        let answer = settled(response).await;
        Err(call.refusal(&answer))
    }

    /// Sends a call, answering what the host wants to know first: how it is spoken to, and who asks.
    fn authorized<'a>(
        &'a self,
        call: &'a mut Call<'_>,
        attempts: &'a mut Attempts<'_>,
    ) -> BoxFuture<'a, Result<Response, StoreError>> {
        Box::pin(self.answer_questions(call, attempts))
    }

    async fn answer_questions(&self, call: &mut Call<'_>, attempts: &mut Attempts<'_>) -> Result<Response, StoreError> {
        let mut denials = 0;
        loop {
            call.request.url = match &call.target {
                CallTarget::Path(path) => call.host.url(path)?,
                CallTarget::Given(url) => url.clone(),
            };
            let used = self.authorize(call).await?;
            let mut response = match self.http().persist(&call.request, attempts).await {
                Ok(response) => response,
                Err(failure) if self.switches_scheme(call, &failure) => continue,
                Err(failure) => return Err(failure.error),
            };
            let is_refused = response.status == StatusCode::BAD_REQUEST && self.may_speak_tls(call);
            if is_refused && speaks_tls(&response.body.look().await) {
                call.host.scheme.remember(true);
                continue;
            }
            if matches!(call.target, CallTarget::Path(_)) && call.host.scheme.answer().is_none() {
                let is_tls = call.request.url.scheme_str() == Some("https");
                call.host.scheme.remember(is_tls);
            }
            let is_answerable = match response.status {
                StatusCode::UNAUTHORIZED => self.learn(call, &used, &response.headers),
                StatusCode::FORBIDDEN => false,
                _ => return Ok(response),
            };
            let answer = settled(response).await;
            denials += 1;
            if !is_answerable || denials > DENIALS || !call.is_home(&call.request.url) {
                return Err(call.denial(self, &answer).await);
            }
            if let Payload::Stream(..) = call.request.payload {
                // The body is gone: the upload starts again with the new token.
                return Err(StoreError::Connection {
                    method: call.request.method.to_string(),
                    url: address::shown(&call.request.url),
                    reason: "the token expired during the upload".to_owned(),
                });
            }
        }
    }

    /// Sets the header that the host is known to want; nothing for an address on another host.
    async fn authorize(&self, call: &mut Call<'_>) -> Result<super::auth::Used, StoreError> {
        call.request.headers.remove(header::AUTHORIZATION);
        if !call.is_home(&call.request.url) {
            return Ok(super::auth::Used::Nothing);
        }
        let (authorization, used) = self.authorization(&call.host, call.repository, call.access).await?;
        if let Some(value) = authorization {
            call.request.headers.insert(header::AUTHORIZATION, value);
        }
        Ok(used)
    }

    /// Changes between plain HTTP and TLS where the host turned out to speak the other and that is allowed.
    fn switches_scheme(&self, call: &Call<'_>, failure: &Failure) -> bool {
        if call.host.scheme.answer().is_some() || !matches!(call.target, CallTarget::Path(_)) {
            return false;
        }
        let is_plain_allowed = self.0.options.plain_http == PlainHttp::Allowed;
        match failure.cause {
            Cause::SpeaksTls => call.host.scheme.remember(true),
            Cause::SpeaksPlain | Cause::Transient if is_plain_allowed && !call.host.is_local => {
                call.host.scheme.remember(false);
            }
            _ => return false,
        }
        true
    }

    fn may_speak_tls(&self, call: &Call<'_>) -> bool {
        call.host.scheme.answer().is_none() && call.request.url.scheme_str() == Some("http")
    }
}

/// Says whether a 400 is what servers answer to plain HTTP on a port for TLS (Go's and nginx's words).
fn speaks_tls(body: &[u8]) -> bool {
    let text = String::from_utf8_lossy(body);
    text.contains("HTTP request to an HTTPS server") || text.contains("plain HTTP request was sent to HTTPS port")
}

/// Reads what goes with an answer that is not a success.
async fn settled(response: Response) -> Answer {
    Answer {
        status: response.status,
        headers: response.headers,
        body: response.body.read_start().await,
        url: response.url,
    }
}

/// How often a 401 is answered: with a token, with a fresh one, with a wider one.
const DENIALS: u32 = 3;
