//! Parts of blobs (RFC 9110 §14).

use countersign_core::Digest;
use http::HeaderMap;
use http::header::{IF_RANGE, RANGE};

use super::failure::Failure;

/// The first byte of a part, and its length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) start: u64,
    pub(super) length: u64,
}

/// Reads which part of a blob a request wants; nothing where it wants all of it.
///
/// What is no single range of bytes is ignored, as RFC 9110 §14.2 allows.
pub(super) fn wanted(headers: &HeaderMap, digest: &Digest, size: u64) -> Result<Option<Part>, Failure> {
    let Some(range) = headers.get(RANGE).and_then(|value| value.to_str().ok()) else {
        return Ok(None);
    };
    let is_current = headers
        .get(IF_RANGE)
        .is_none_or(|tag| tag.as_bytes() == super::entity_tag(digest).as_bytes());
    if !is_current {
        return Ok(None);
    }
    match parse(range, size) {
        Parsed::Ignored => Ok(None),
        Parsed::Part(part) => Ok(Some(part)),
        Parsed::Outside => Err(Failure::RangeOutside { size }),
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Parsed {
    Ignored,
    Part(Part),
    Outside,
}

fn parse(range: &str, size: u64) -> Parsed {
    let Some((first, last)) = range.strip_prefix("bytes=").and_then(|range| range.split_once('-')) else {
        return Parsed::Ignored;
    };
    let is_number = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if !is_number(first) || !is_number(last) || (first.is_empty() && last.is_empty()) {
        return Parsed::Ignored;
    }
    // A number too long to read is past every end.
    let number = |text: &str| text.parse().unwrap_or(u64::MAX);
    let (start, end) = match (first, last) {
        ("", suffix) => (size.saturating_sub(number(suffix)), size),
        (first, "") => (number(first), size),
        (first, last) => (number(first), number(last).saturating_add(1).min(size)),
    };
    match end.checked_sub(start) {
        Some(length) if length > 0 => Parsed::Part(Part { start, length }),
        _ => Parsed::Outside,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_http_has_them() {
        let part = |start, length| Parsed::Part(Part { start, length });
        for (range, parsed) in [
            ("bytes=0-0", part(0, 1)),
            ("bytes=5-", part(5, 5)),
            ("bytes=-3", part(7, 3)),
            ("bytes=-30", part(0, 10)),
            ("bytes=8-99", part(8, 2)),
            ("bytes=8-99999999999999999999999", part(8, 2)),
            ("bytes=10-", Parsed::Outside),
            ("bytes=5-4", Parsed::Outside),
            ("bytes=-0", Parsed::Outside),
            ("bytes=99999999999999999999999-", Parsed::Outside),
            ("bytes=0-1,3-4", Parsed::Ignored),
            ("bytes=-", Parsed::Ignored),
            ("bytes=+1-2", Parsed::Ignored),
            ("lines=1-2", Parsed::Ignored),
        ] {
            assert_eq!(parse(range, 10), parsed, "{range}");
        }
    }

    #[test]
    fn empty_blob_has_no_part() {
        assert_eq!(parse("bytes=0-", 0), Parsed::Outside);
        assert_eq!(parse("bytes=-1", 0), Parsed::Outside);
    }
}
