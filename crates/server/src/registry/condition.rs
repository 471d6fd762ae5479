//! Conditions on requests (RFC 9110 §13.1).

use countersign_core::Digest;
use http::header::{IF_MATCH, IF_NONE_MATCH};
use http::{HeaderMap, HeaderName};

use super::failure::Failure;
use crate::store::Condition;

/// Reads the condition of a write.
pub(super) fn of_write(headers: &HeaderMap) -> Result<Condition, Failure> {
    match (tags(headers, IF_MATCH)?, tags(headers, IF_NONE_MATCH)?) {
        (None, None) => Ok(Condition::Always),
        (Some(wanted), None) => Ok(Condition::Matches(wanted)),
        (None, Some(unwanted)) => Ok(Condition::Differs(unwanted)),
        (Some(_), Some(_)) => Err(Failure::Header {
            name: "If-None-Match",
            found: "beside If-Match".to_owned(),
            expected: "one condition",
        }),
    }
}

/// Says whether a reader has what it asks for already (RFC 9110 §13.1.2).
pub(super) fn is_unchanged(headers: &HeaderMap, digest: &Digest) -> Result<bool, Failure> {
    Ok(tags(headers, IF_NONE_MATCH)?.is_some_and(|have| have.is_empty() || have.contains(digest)))
}

/// Reads a list of entity tags: none where there is no header, empty for `*`.
///
/// Ours are digests: a tag that is not one was not given by this server, and matches nothing.
fn tags(headers: &HeaderMap, name: HeaderName) -> Result<Option<Vec<Digest>>, Failure> {
    let mut tags = Vec::new();
    let mut was_given = false;
    let mut foreign = false;
    for value in headers.get_all(&name) {
        was_given = true;
        let text = value.to_str().unwrap_or("?");
        if text.trim() == "*" {
            return Ok(Some(Vec::new()));
        }
        for tag in text.split(',').map(str::trim) {
            let tag = tag.strip_prefix("W/").unwrap_or(tag);
            let quoted = tag.strip_prefix('"').and_then(|tag| tag.strip_suffix('"'));
            let Some(quoted) = quoted else {
                return Err(Failure::Header {
                    name: if name == IF_MATCH { "If-Match" } else { "If-None-Match" },
                    found: text.chars().take(140).collect(),
                    expected: "* or quoted entity tags",
                });
            };
            match quoted.parse() {
                Ok(digest) => tags.push(digest),
                Err(_) => foreign = true,
            }
        }
    }
    if tags.is_empty() && foreign {
        // The digest of nothing stands for tags that are not ours: an empty list would mean any.
        tags.push(Digest::sha256(b""));
    }
    Ok(was_given.then_some(tags))
}
