//! The one HTTP client: pooled connections, HTTP/1.1 and HTTP/2, with limits on everything.
//!
//! An answer's bytes are handed on as they came: nothing is unpacked on the way. Redirects are followed for `GET` and
//! `HEAD` only, never from `https` to `http`, never from a public host to an address that is spelled as a private one,
//! and `Authorization` stays with the scheme, host and port it was made for.

pub(crate) mod address;
pub(crate) mod body;
mod call;
mod connect;
pub(crate) mod failure;
pub mod grpc;
pub(crate) mod retry;
mod tls;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use tokio::time::Instant;

pub use self::call::{Answered, Call};
pub use self::connect::ProxyOptions;
pub use self::retry::Retry;
pub use self::tls::{ClientCertificate, ServerProof, TlsOptions};

use self::body::{Payload, Progress, Received, RequestBody};
use self::connect::Connector;
use self::failure::{Cause, Failure};
use self::retry::Attempts;
use crate::error::StoreError;

/// How requests are made.
#[derive(Clone)]
pub struct HttpOptions {
    /// How long everything together may take, counted from [`Http::new`].
    pub timeout: Option<Duration>,
    /// How long a connection may take to be made.
    pub connect_timeout: Duration,
    /// How long nothing may move, in either direction.
    pub stall_timeout: Duration,
    /// When a request is repeated.
    pub retry: Retry,
    /// Proxies.
    pub proxies: ProxyOptions,
    /// TLS.
    pub tls: TlsOptions,
    /// Is told of every exchange.
    pub observer: Option<Observer>,
}

/// Is told of every exchange.
pub type Observer = Arc<dyn Fn(&Exchange<'_>) + Send + Sync>;

/// One request and what came of it.
#[derive(Debug)]
pub struct Exchange<'a> {
    /// The method.
    pub method: &'a str,
    /// The address, without secrets.
    pub url: &'a str,
    /// The status of the answer; `None` where none came.
    pub status: Option<u16>,
    /// How long the answer's head took.
    pub elapsed: Duration,
}

impl Default for HttpOptions {
    fn default() -> Self {
        Self {
            timeout: None,
            connect_timeout: Duration::from_secs(10),
            stall_timeout: Duration::from_secs(30),
            retry: Retry::default(),
            proxies: ProxyOptions::default(),
            tls: TlsOptions::default(),
            observer: None,
        }
    }
}

/// The HTTP client. Clones share its connections.
#[derive(Clone)]
pub struct Http(Arc<Inner>);

struct Inner {
    client: Client<Connector, RequestBody>,
    connector: Connector,
    options: HttpOptions,
    deadline: Option<(Instant, Duration)>,
}

/// One request.
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) url: Uri,
    pub(crate) headers: HeaderMap,
    pub(crate) payload: Payload,
    pub(crate) repeat: Repeat,
    pub(crate) redirects: Redirects,
}

/// Whether redirects are followed, where the method allows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Redirects {
    /// They are.
    Followed,
    /// They are the answer.
    Returned,
}

/// Whether a request may be sent again when it broke.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Repeat {
    /// It has the same effect twice as once.
    Safe,
    /// It may have had its effect already, or its body is gone.
    Never,
}

impl Request {
    pub(crate) fn new(method: Method, url: Uri) -> Self {
        Self {
            method,
            url,
            headers: HeaderMap::new(),
            payload: Payload::Empty,
            repeat: Repeat::Safe,
            redirects: Redirects::Followed,
        }
    }
}

/// An answer whose body is still to be read.
pub(crate) struct Response {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Received,
    /// Where the answer came from, after redirects.
    pub(crate) url: Uri,
}

/// An answer with its body.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) url: Uri,
}

impl Http {
    /// Makes a client; its time limit starts now.
    pub fn new(options: HttpOptions) -> Self {
        let connector = Connector::new(&options.proxies, options.tls.clone(), options.connect_timeout);
        let client = Client::builder(TokioExecutor::new())
            .pool_idle_timeout(IDLE)
            .http1_max_buf_size(BUFFER)
            .build(connector.clone());
        Self(Arc::new(Inner {
            client,
            connector,
            deadline: options.timeout.map(|timeout| (Instant::now() + timeout, timeout)),
            options,
        }))
    }

    /// Sends a request and reads the whole answer, up to `limit` bytes where it is a success.
    pub(crate) async fn exchange(&self, request: &Request, limit: u64) -> Result<Answer, Failure> {
        self.exchange_within(request, limit, Attempts::new(&self.0.options.retry))
            .await
    }

    async fn exchange_within(
        &self,
        request: &Request,
        limit: u64,
        mut attempts: Attempts<'_>,
    ) -> Result<Answer, Failure> {
        loop {
            let response = self.persist(request, &mut attempts).await?;
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
                Err(failure) => self.pause_after(request, failure, &mut attempts).await?,
            }
        }
    }

    /// How requests are repeated.
    pub(crate) fn retry(&self) -> &Retry {
        &self.0.options.retry
    }

    /// Waits, but not past the deadline.
    pub(crate) async fn pause(&self, pause: Duration) {
        tokio::time::sleep(pause).await;
    }

    /// Says whether a pause of this length would end before the deadline.
    pub(crate) fn has_time_for(&self, pause: Duration) -> bool {
        self.0
            .deadline
            .is_none_or(|(deadline, _)| Instant::now() + pause < deadline)
    }

    /// Repeats a request until it has an answer that stays.
    pub(crate) async fn persist(&self, request: &Request, attempts: &mut Attempts<'_>) -> Result<Response, Failure> {
        loop {
            match self.follow(request).await {
                Ok(response) => {
                    let pause = match request.repeat {
                        Repeat::Safe => attempts.after_answer(response.status, &response.headers),
                        Repeat::Never => None,
                    };
                    match pause {
                        Some(pause) if self.has_time_for(pause) => {
                            response.body.read_start().await;
                            self.pause(pause).await;
                        }
                        _ => return Ok(response),
                    }
                }
                Err(failure) => self.pause_after(request, failure, attempts).await?,
            }
        }
    }

    pub(crate) async fn pause_after(
        &self,
        request: &Request,
        failure: Failure,
        attempts: &mut Attempts<'_>,
    ) -> Result<(), Failure> {
        if request.repeat == Repeat::Never || failure.cause != Cause::Transient {
            return Err(failure);
        }
        match attempts.after_break() {
            Some(pause) if self.has_time_for(pause) => {
                self.pause(pause).await;
                Ok(())
            }
            _ => Err(failure),
        }
    }

    /// Sends a request once, following redirects where the method allows it.
    async fn follow(&self, request: &Request) -> Result<Response, Failure> {
        let is_followed =
            request.redirects == Redirects::Followed && matches!(request.method, Method::GET | Method::HEAD);
        let mut url = request.url.clone();
        for _ in 0..=REDIRECTS {
            let response = self.send(request, &url).await?;
            let is_redirect = matches!(response.status.as_u16(), 301 | 302 | 303 | 307 | 308);
            let location = response.headers.get(header::LOCATION);
            let (true, true, Some(location)) = (is_followed, is_redirect, location) else {
                return Ok(response);
            };
            let location = String::from_utf8_lossy(location.as_bytes());
            let target = address::resolve(&url, &location).map_err(Failure::last)?;
            address::check_step(&request.url, &target).map_err(Failure::last)?;
            address::check_step(&url, &target).map_err(Failure::last)?;
            response.body.read_start().await;
            url = target;
        }
        Err(Failure::last(StoreError::Redirect {
            url: address::shown(&request.url),
            target: address::shown(&url),
            reason: format!("more than {REDIRECTS} redirects"),
        }))
    }

    /// Sends a request to `url` and waits for the head of the answer.
    async fn send(&self, request: &Request, url: &Uri) -> Result<Response, Failure> {
        let progress = Arc::new(Progress::new());
        let started = Instant::now();
        let outbound = self.outbound(request, url, &progress);
        let answered = self
            .watch(self.0.client.request(outbound), request, url, &progress)
            .await;
        if let Some(observer) = &self.0.options.observer {
            observer(&Exchange {
                method: request.method.as_str(),
                url: &address::shown_with_query(url),
                status: answered.as_ref().ok().map(|answer| answer.status().as_u16()),
                elapsed: started.elapsed(),
            });
        }
        let (head, incoming) = answered?.into_parts();
        let stall = self.0.options.stall_timeout;
        Ok(Response {
            status: head.status,
            headers: head.headers,
            body: Received::new(incoming, request.method.clone(), url.clone(), stall, self.0.deadline),
            url: url.clone(),
        })
    }

    fn outbound(&self, request: &Request, url: &Uri, progress: &Arc<Progress>) -> http::Request<RequestBody> {
        let mut outbound = http::Request::new(request.payload.open(progress));
        *outbound.method_mut() = request.method.clone();
        *outbound.uri_mut() = url.clone();
        let headers = outbound.headers_mut();
        headers.reserve(request.headers.len() + 3);
        headers.extend(
            request
                .headers
                .iter()
                .map(|(name, value)| (name.clone(), value.clone())),
        );
        if !address::is_same_origin(&request.url, url) {
            headers.remove(header::AUTHORIZATION);
        }
        headers.insert(header::USER_AGENT, HeaderValue::from_static(USER_AGENT));
        headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        if let Some(value) = self.0.connector.proxy_authorization(url) {
            headers.insert(header::PROXY_AUTHORIZATION, value);
        }
        outbound
    }

    /// Waits for `answer` as long as something moves and there is time.
    async fn watch<T>(
        &self,
        answer: impl Future<Output = Result<T, hyper_util::client::legacy::Error>>,
        request: &Request,
        url: &Uri,
        progress: &Progress,
    ) -> Result<T, Failure> {
        let mut answer = std::pin::pin!(answer);
        let stall = self.0.options.stall_timeout;
        loop {
            let stalled = progress.last() + stall;
            let until = self.0.deadline.map_or(stalled, |(deadline, _)| deadline.min(stalled));
            match tokio::time::timeout_at(until, answer.as_mut()).await {
                Ok(Ok(answer)) => return Ok(answer),
                Ok(Err(error)) => {
                    return Err(match progress.take_broken() {
                        Some(source) => Failure::last(source),
                        None => Failure::of_request(&request.method, url, &error),
                    });
                }
                Err(_elapsed) => {
                    let now = Instant::now();
                    if let Some((deadline, after)) = self.0.deadline
                        && now >= deadline
                    {
                        return Err(Failure::timed_out(&request.method, url, after));
                    }
                    if now >= progress.last() + stall {
                        return Err(Failure::stalled(&request.method, url, stall));
                    }
                }
            }
        }
    }
}

/// How the client names itself.
const USER_AGENT: &str = concat!("countersign/", env!("CARGO_PKG_VERSION"), " (linux; amd64)");

/// How many redirects are followed.
const REDIRECTS: u32 = 5;

/// How long an idle connection is kept.
const IDLE: Duration = Duration::from_secs(30);

/// How much of a connection is read at a time, at most, in bytes; several blobs move at once, each on its own.
const BUFFER: usize = 96 * 1024;
