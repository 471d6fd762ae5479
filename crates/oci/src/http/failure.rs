//! Why an exchange came to no answer, and whether trying again can help.

use std::error::Error;
use std::time::Duration;

use http::{Method, Uri};

use super::address;
use crate::error::StoreError;

/// An exchange without an answer.
pub(crate) struct Failure {
    pub(crate) error: StoreError,
    pub(crate) cause: Cause,
}

/// What kind of failure it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// The connection broke or was refused: another attempt may succeed.
    Transient,
    /// Another attempt would end the same way.
    Final,
    /// We spoke plain HTTP, and what came back is not HTTP.
    SpeaksTls,
    /// We spoke TLS, and what came back is not TLS.
    SpeaksPlain,
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        failure.error
    }
}

impl Failure {
    pub(crate) fn last(error: StoreError) -> Self {
        Self {
            error,
            cause: Cause::Final,
        }
    }

    pub(super) fn stalled(method: &Method, url: &Uri, after: Duration) -> Self {
        Self::last(StoreError::Stalled {
            method: method.to_string(),
            url: address::shown(url),
            after,
        })
    }

    pub(super) fn timed_out(method: &Method, url: &Uri, after: Duration) -> Self {
        Self::last(StoreError::TimedOut {
            method: method.to_string(),
            url: address::shown(url),
            after,
        })
    }

    /// A body that broke off.
    pub(super) fn of_body(method: &Method, url: &Uri, error: &hyper::Error) -> Self {
        let is_short = chain(error)
            .filter_map(|error| error.downcast_ref::<std::io::Error>())
            .any(|error| error.kind() == std::io::ErrorKind::UnexpectedEof);
        let reason = if is_short || error.is_incomplete_message() {
            "the connection closed before the whole body had arrived".to_owned()
        } else {
            format!("the body broke off: {}", root(error))
        };
        Self::connection(method, url, reason, Cause::Transient)
    }

    /// A request that got no answer.
    pub(super) fn of_request(method: &Method, url: &Uri, error: &hyper_util::client::legacy::Error) -> Self {
        let mut cause = Cause::Transient;
        for error in chain(error) {
            if let Some(StoreError::Tls { place, reason }) = error.downcast_ref() {
                return Self::last(StoreError::Tls {
                    place: place.clone(),
                    reason: reason.clone(),
                });
            }
            cause = match (error.downcast_ref(), error.downcast_ref(), error.downcast_ref()) {
                (Some(tls), _, _) => of_tls(tls),
                (_, Some(http), _) => of_http(http, cause),
                (_, _, Some(io)) if is_final(io) => of_io(io),
                _ => cause,
            };
        }
        let reason = if error.is_connect() {
            format!("could not connect: {}", root(error))
        } else {
            root(error)
        };
        Self::connection(method, url, reason, cause)
    }

    fn connection(method: &Method, url: &Uri, reason: String, cause: Cause) -> Self {
        Self {
            error: StoreError::Connection {
                method: method.to_string(),
                url: address::shown(url),
                reason,
            },
            cause,
        }
    }
}

fn of_tls(error: &rustls::Error) -> Cause {
    match error {
        rustls::Error::InvalidMessage(_) => Cause::SpeaksPlain,
        _ => Cause::Final,
    }
}

fn of_http(error: &hyper::Error, so_far: Cause) -> Cause {
    if error.is_parse() { Cause::SpeaksTls } else { so_far }
}

fn is_final(error: &std::io::Error) -> bool {
    error.kind() == std::io::ErrorKind::TimedOut || error.get_ref().is_some()
}

/// An I/O error may wrap the error of TLS, which its `source` skips.
fn of_io(error: &std::io::Error) -> Cause {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        Some(tls) => of_tls(tls),
        None if error.kind() == std::io::ErrorKind::TimedOut => Cause::Final,
        None => Cause::Transient,
    }
}

/// The next error down, also where an I/O error hides it.
fn source<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    if let Some(io) = error.downcast_ref::<std::io::Error>()
        && let Some(inner) = io.get_ref()
    {
        return Some(inner);
    }
    error.source()
}

/// What the innermost error says.
fn root(error: &(dyn Error + 'static)) -> String {
    chain(error).last().map(ToString::to_string).unwrap_or_default()
}

fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error| source(*error))
}
