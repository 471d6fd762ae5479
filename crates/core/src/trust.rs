//! What is trusted: the roots of trust, and the services to sign with.

pub mod signing_config;

use std::fmt;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::quoted::Quoted;

/// The media type of a trusted root.
pub const MEDIA_TYPE: &str = "application/vnd.dev.sigstore.trustedroot+json;version=0.1";

/// The longest trusted root that is read, in bytes.
pub const LIMIT: usize = 4 * 1024 * 1024;

/// The authorities, logs and timestampers that are trusted (protobuf-specs, `sigstore_trustroot.proto`).
#[derive(Clone, Debug)]
pub struct TrustedRoot {
    raw: Box<RawValue>,
}

impl TrustedRoot {
    /// Reads a trusted root of version 0.1 and keeps it as it is.
    pub fn parse(bytes: &[u8]) -> Result<Self, TrustError> {
        let raw: Box<RawValue> = serde_json::from_slice(within(LIMIT, bytes)?)?;
        let wire: WireRoot = serde_json::from_str(raw.get())?;
        media_type(MEDIA_TYPE, &wire.media_type)?;
        Ok(Self { raw })
    }

    /// Returns the JSON as it was read.
    pub fn as_json(&self) -> &str {
        self.raw.get()
    }
}

/// When a key, a certificate or a service is to be used; both ends are included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validity {
    start: Option<Timestamp>,
    end: Option<Timestamp>,
}

impl Validity {
    /// Spans the time from `start` to `end`; an end that is not given is open.
    pub fn new(start: Option<Timestamp>, end: Option<Timestamp>) -> Self {
        Self { start, end }
    }

    /// Says whether `at` is within.
    pub fn contains(&self, at: Timestamp) -> bool {
        self.start.is_none_or(|start| start <= at) && self.end.is_none_or(|end| at <= end)
    }
}

impl fmt::Display for Validity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.start, self.end) {
            (Some(start), Some(end)) => write!(f, "from {start} to {end}"),
            (Some(start), None) => write!(f, "from {start}"),
            (None, Some(end)) => write!(f, "until {end}"),
            (None, None) => f.write_str("always"),
        }
    }
}

/// Why bytes are not trust material.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrustError {
    /// It is not JSON of the right shape.
    #[error("malformed JSON")]
    Json(#[from] serde_json::Error),
    /// It is of another media type.
    #[error("media type is {found}, expected {expected}")]
    MediaType {
        /// The media type asked for.
        expected: &'static str,
        /// The media type as written.
        found: Quoted,
    },
    /// A number of services is to be used that is none.
    #[error("{member} says to use {found} services, expected at least 1")]
    SelectionCount {
        /// The member's name.
        member: &'static str,
        /// The number found.
        found: u32,
    },
    /// A way to select services is not known.
    #[error("{member} selects by {found}, expected ALL, ANY or EXACT")]
    Selector {
        /// The member's name.
        member: &'static str,
        /// The selector as written.
        found: Quoted,
    },
    /// A time is not one of RFC 3339.
    #[error("time is {found}, expected one of RFC 3339")]
    Time {
        /// The time as written.
        found: Quoted,
        /// What is wrong with it.
        source: jiff::Error,
    },
    /// It is longer than is read.
    #[error("it has {found} bytes, the limit is {limit}")]
    TooLong {
        /// The limit in bytes.
        limit: usize,
        /// The length found.
        found: usize,
    },
    /// A list has more members than are read.
    #[error("{member} has {found} members, the limit is {limit}")]
    TooMany {
        /// The list's name.
        member: &'static str,
        /// The limit.
        limit: usize,
        /// The number found.
        found: usize,
    },
}

fn within(limit: usize, bytes: &[u8]) -> Result<&[u8], TrustError> {
    if bytes.len() > limit {
        return Err(TrustError::TooLong {
            limit,
            found: bytes.len(),
        });
    }
    Ok(bytes)
}

fn media_type(expected: &'static str, found: &str) -> Result<(), TrustError> {
    if found != expected {
        return Err(TrustError::MediaType {
            expected,
            found: Quoted::new(found),
        });
    }
    Ok(())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireRoot {
    media_type: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_root_with_only_its_media_type_is_read() {
        let text = format!(r#"{{ "mediaType": "{MEDIA_TYPE}" }}"#);
        assert_eq!(TrustedRoot::parse(text.as_bytes()).unwrap().as_json(), text);
    }

    #[test]
    fn another_media_type_is_refused() {
        assert!(matches!(
            TrustedRoot::parse(br#"{"mediaType":"text/plain"}"#),
            Err(TrustError::MediaType { expected: MEDIA_TYPE, found }) if found.as_str() == "text/plain"
        ));
    }

    #[test]
    fn what_is_no_object_or_has_no_media_type_is_refused() {
        for text in ["{}", "[]", "{", r#"{"mediaType":1}"#] {
            assert!(
                matches!(TrustedRoot::parse(text.as_bytes()), Err(TrustError::Json(_))),
                "{text}"
            );
        }
    }

    #[test]
    fn a_root_over_the_limit_is_refused() {
        assert!(matches!(
            TrustedRoot::parse(&vec![b' '; LIMIT + 1]),
            Err(TrustError::TooLong { limit: LIMIT, .. })
        ));
    }

    #[test]
    fn validity_includes_its_ends() {
        let [before, start, end, after] = [1, 2, 3, 4].map(|second| Timestamp::from_second(second).unwrap());
        let validity = Validity::new(Some(start), Some(end));
        assert_eq!(
            [before, start, end, after].map(|at| validity.contains(at)),
            [false, true, true, false]
        );
        assert!(Validity::new(None, None).contains(before));
    }
}
