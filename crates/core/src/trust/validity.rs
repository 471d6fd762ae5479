//! When something is to be believed or used (protobuf-specs, `TimeRange`).

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::TrustError;
use crate::quoted::Quoted;

/// When a key, a certificate or a service is to be used; both ends are included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validity {
    start: Option<Timestamp>,
    end: Option<Timestamp>,
}

impl Validity {
    /// Has neither a first nor a last moment.
    pub const ALWAYS: Self = Self { start: None, end: None };

    /// Spans the time from `start` to `end`; an end that is not given is open.
    pub fn new(start: Option<Timestamp>, end: Option<Timestamp>) -> Self {
        Self { start, end }
    }

    /// Says whether `at` is within.
    pub fn contains(&self, at: Timestamp) -> bool {
        self.start.is_none_or(|start| start <= at) && self.end.is_none_or(|end| at <= end)
    }

    /// Returns the first moment, if there is one.
    pub fn start(&self) -> Option<Timestamp> {
        self.start
    }

    /// Returns the last moment, if there is one.
    pub fn end(&self) -> Option<Timestamp> {
        self.end
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

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WireSpan {
    #[serde(skip_serializing_if = "Option::is_none")]
    start: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end: Option<String>,
}

impl TryFrom<WireSpan> for Validity {
    type Error = TrustError;

    fn try_from(wire: WireSpan) -> Result<Self, TrustError> {
        Ok(Self {
            start: wire.start.as_deref().map(time).transpose()?,
            end: wire.end.as_deref().map(time).transpose()?,
        })
    }
}

impl From<Validity> for WireSpan {
    fn from(validity: Validity) -> Self {
        Self {
            start: validity.start.map(text),
            end: validity.end.map(text),
        }
    }
}

fn time(text: &str) -> Result<Timestamp, TrustError> {
    text.parse().map_err(|source| TrustError::Time {
        found: Quoted::new(text),
        source,
    })
}

/// Writes a time with no, 3, 6 or 9 digits after its seconds, as protobuf's JSON mapping has it.
fn text(time: Timestamp) -> String {
    match time.subsec_nanosecond() {
        0 => format!("{time:.0}"),
        nanoseconds if nanoseconds % 1_000_000 == 0 => format!("{time:.3}"),
        nanoseconds if nanoseconds % 1_000 == 0 => format!("{time:.6}"),
        _ => format!("{time:.9}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ends_are_included() {
        let [before, start, end, after] = [1, 2, 3, 4].map(|second| Timestamp::from_second(second).unwrap());
        let validity = Validity::new(Some(start), Some(end));
        assert_eq!(
            [before, start, end, after].map(|at| validity.contains(at)),
            [false, true, true, false]
        );
        assert!(Validity::ALWAYS.contains(before));
    }

    #[test]
    fn times_have_no_three_six_or_nine_digits_after_their_seconds() {
        for written in [
            "2026-01-01T00:00:00Z",
            "2026-01-01T00:00:00.500Z",
            "2026-01-01T00:00:00.000050Z",
            "2026-01-01T00:00:00.000000005Z",
        ] {
            assert_eq!(text(time(written).unwrap()), written);
        }
        assert_eq!(
            text(time("2026-01-01T01:00:00.50+01:00").unwrap()),
            "2026-01-01T00:00:00.500Z"
        );
    }
}
