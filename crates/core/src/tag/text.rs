//! How statements and files write numbers and times: each in one way only, so that what is equal reads equal.

use jiff::Timestamp;

/// Writes a moment as RFC 3339 in UTC with whole seconds.
pub(super) fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Reads what [`time`] writes, and nothing else.
pub(super) fn parse_time(text: &str) -> Option<Timestamp> {
    let at: Timestamp = text.parse().ok()?;
    (time(at) == text).then_some(at)
}

/// A moment without the fraction of its second, which no statement has.
pub(super) fn whole(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}
