//! When a request is repeated, and after what pause.

use std::hash::{BuildHasher, Hasher};
use std::time::Duration;

use http::{HeaderMap, StatusCode, header};
use jiff::fmt::rfc2822::DateTimeParser;

/// How often and with what pauses a repeatable request is tried.
#[derive(Clone, Debug)]
pub struct Retry {
    /// How often a request is sent at most.
    pub attempts: u32,
    /// The first pause; each further one is twice as long, and a random part of it is left out.
    pub pause: Duration,
    /// The longest `Retry-After` that is waited for; a server that wants more is asked once more after this.
    pub patience: Duration,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            attempts: 5,
            pause: Duration::from_millis(150),
            patience: Duration::from_secs(20),
        }
    }
}

/// The attempts of one request.
pub(crate) struct Attempts<'a> {
    policy: &'a Retry,
    used: u32,
    is_patience_spent: bool,
}

impl<'a> Attempts<'a> {
    pub(crate) fn new(policy: &'a Retry) -> Self {
        Self {
            policy,
            used: 0,
            is_patience_spent: false,
        }
    }

    /// The pause before the next attempt after a broken connection; none when the attempts are used up.
    pub(crate) fn after_break(&mut self) -> Option<Duration> {
        self.used += 1;
        (self.used < self.policy.attempts).then(|| {
            let ceiling = self
                .policy
                .pause
                .saturating_mul(1 << self.used.saturating_sub(1).min(6));
            ceiling / 2 + random_part(ceiling / 2)
        })
    }

    /// The pause before the next attempt after an answer; none where the answer is to be taken as it is.
    pub(crate) fn after_answer(&mut self, status: StatusCode, headers: &HeaderMap) -> Option<Duration> {
        if !is_passing(status) || self.is_patience_spent {
            return None;
        }
        let pause = self.after_break()?;
        match retry_after(headers) {
            Some(asked) if asked > self.policy.patience => {
                self.is_patience_spent = true;
                Some(self.policy.patience)
            }
            Some(asked) => Some(asked.max(pause)),
            None => Some(pause),
        }
    }
}

/// Says whether a status is one that goes away by itself (RFC 9110 §15.6, RFC 6585 §4).
pub(crate) fn is_passing(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::TOO_MANY_REQUESTS
            | StatusCode::INTERNAL_SERVER_ERROR
            | StatusCode::BAD_GATEWAY
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::GATEWAY_TIMEOUT
    )
}

/// How long the server asks to wait (RFC 9110 §10.2.3). A date counts from the answer's own date, so that no clock is read.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let parser = DateTimeParser::new();
    let until = parser.parse_timestamp(text).ok()?;
    let now = parser.parse_timestamp(headers.get(header::DATE)?.to_str().ok()?).ok()?;
    Some(Duration::from_secs(
        u64::try_from((until - now).get_seconds()).unwrap_or(0),
    ))
}

/// A random duration below `ceiling`, so that many clients do not come back at the same moment.
pub(crate) fn random_part(ceiling: Duration) -> Duration {
    let random = std::hash::RandomState::new().build_hasher().finish();
    let fraction = (random >> 11) as f64 / (1_u64 << 53) as f64;
    ceiling.mul_f64(fraction)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| {
                (
                    header::HeaderName::from_bytes(name.as_bytes()).expect("a header name"),
                    value.parse().expect("a header value"),
                )
            })
            .collect()
    }

    #[test]
    fn retry_after_is_read_as_seconds_and_as_date() {
        assert_eq!(
            retry_after(&headers(&[("retry-after", "7")])),
            Some(Duration::from_secs(7))
        );
        let dated = headers(&[
            ("date", "Sun, 06 Nov 1994 08:49:37 GMT"),
            ("retry-after", "Sun, 06 Nov 1994 08:49:47 GMT"),
        ]);
        assert_eq!(retry_after(&dated), Some(Duration::from_secs(10)));
        assert_eq!(retry_after(&headers(&[("retry-after", "soon")])), None);
    }

    #[test]
    fn a_server_that_asks_for_an_hour_is_asked_once_more() {
        let policy = Retry::default();
        let mut attempts = Attempts::new(&policy);
        let hour = headers(&[("retry-after", "3600")]);
        assert_eq!(
            attempts.after_answer(StatusCode::TOO_MANY_REQUESTS, &hour),
            Some(policy.patience)
        );
        assert_eq!(attempts.after_answer(StatusCode::TOO_MANY_REQUESTS, &hour), None);
    }

    #[test]
    fn attempts_are_bounded() {
        let policy = Retry::default();
        let mut attempts = Attempts::new(&policy);
        let pauses: Vec<_> = std::iter::from_fn(|| attempts.after_break()).collect();
        assert_eq!(pauses.len(), 4);
        assert!(pauses.iter().sum::<Duration>() < Duration::from_secs(4));
    }

    #[test]
    fn client_errors_are_final() {
        let policy = Retry::default();
        assert_eq!(
            Attempts::new(&policy).after_answer(StatusCode::NOT_FOUND, &HeaderMap::new()),
            None
        );
    }
}
