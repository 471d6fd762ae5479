//! Rekor 1's promise to include an entry, the signed entry timestamp (client-spec §4.2.2).

use jiff::Timestamp;

use super::LogEntry;
use crate::go_json::encode_bytes;
use crate::key::Signature;
use crate::trust::TransparencyLog;

/// Checks that `log` promised to include the entry, and returns when it took it.
///
/// # Errors
///
/// [`PromiseError`] when there is no promise, or it is for another entry, place or time, or by another key.
pub fn check(entry: &LogEntry, log: &TransparencyLog) -> Result<Timestamp, PromiseError> {
    let promise = entry.promise().ok_or(PromiseError::Missing)?;
    let seconds = entry.integrated_time().ok_or(PromiseError::NoTime)?;
    let time = Timestamp::from_second(seconds)
        .ok()
        .filter(|_| seconds > 0)
        .ok_or(PromiseError::Time { found: seconds })?;
    if entry.log_index() > LARGEST {
        return Err(PromiseError::Index {
            limit: LARGEST,
            found: entry.log_index(),
        });
    }
    if !log
        .key()
        .verifies(promised(entry, seconds).as_bytes(), &Signature::new(promise.to_vec()))
    {
        return Err(PromiseError::Mismatch);
    }
    Ok(time)
}

/// The JSON that is signed: canonical (RFC 8785), for its members are in order and need no escapes.
fn promised(entry: &LogEntry, seconds: i64) -> String {
    format!(
        r#"{{"body":"{}","integratedTime":{seconds},"logID":"{}","logIndex":{}}}"#,
        encode_bytes(entry.body()),
        hex::encode(entry.log_id().as_bytes()),
        entry.log_index(),
    )
}

/// Why an entry is not promised.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PromiseError {
    /// There is none.
    #[error("log entry has no inclusion promise")]
    Missing,
    /// The entry has no time, which is half of what is promised.
    #[error("log entry has an inclusion promise but no integrated time")]
    NoTime,
    /// The time is none that can be.
    #[error("integrated time is {found}, expected seconds since 1970")]
    Time {
        /// The seconds found.
        found: i64,
    },
    /// The place has no canonical form as a number of JSON.
    #[error("log index is {found}, the limit is {limit}")]
    Index {
        /// The largest that has one.
        limit: u64,
        /// The place found.
        found: u64,
    },
    /// The promise is not the log's for this entry.
    #[error("inclusion promise is not the log's for this entry, place and time")]
    Mismatch,
}

/// The largest number that JSON's canonical form has exactly (RFC 8785 §3.2.2.3).
const LARGEST: u64 = (1 << 53) - 1;

#[cfg(test)]
mod tests;
