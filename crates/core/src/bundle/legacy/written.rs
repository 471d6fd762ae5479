//! What services vouch for, as cosign 2 writes it.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{CERTIFICATE, CHAIN, LOG_ENTRY, TIMESTAMP};
use crate::bundle::{Bundle, BundleError};
use crate::certificate::Certificate;
use crate::go_json::encode_bytes;
use crate::key::pem;
use crate::log::LogEntry;
use crate::timestamp::TimestampToken;

/// A log entry with the log's promise.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct WrittenEntry {
    signed_entry_timestamp: String,
    payload: WrittenPayload,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WrittenPayload {
    body: String,
    integrated_time: i64,
    log_index: u64,
    #[serde(rename = "logID")]
    log_id: String,
}

impl WrittenEntry {
    pub(super) fn of(entry: &LogEntry) -> Result<Self, BundleError> {
        let missing = |member| move || BundleError::Missing { member };
        let promise = entry.promise().ok_or_else(missing("promise of the log"))?;
        Ok(Self {
            signed_entry_timestamp: encode_bytes(promise),
            payload: WrittenPayload {
                body: encode_bytes(entry.body()),
                integrated_time: entry.integrated_time().ok_or_else(missing("integrated time"))?,
                log_index: entry.log_index(),
                log_id: hex::encode(entry.log_id().as_bytes()),
            },
        })
    }
}

/// Writes what vouches for the signature of `bundle` as annotations of a layer; `issuers` are those of its certificate.
///
/// # Errors
///
/// [`BundleError::Missing`] when a log entry has no promise, and [`BundleError::TooMany`] when there are several entries or
/// timestamps: a layer has room for one.
pub fn annotations(bundle: &Bundle, issuers: &[Certificate]) -> Result<BTreeMap<String, String>, BundleError> {
    let mut annotations = BTreeMap::new();
    let mut put = |name: &str, value: String| annotations.insert(name.to_owned(), value);
    if let Some(leaf) = bundle.certificates().first() {
        put(CERTIFICATE, pem::encode("CERTIFICATE", leaf));
        put(CHAIN, issuers.iter().map(Certificate::to_pem).collect());
    }
    if let Some(entry) = one("log entries", bundle.log_entries())? {
        put(LOG_ENTRY, text(&WrittenEntry::of(entry)?));
    }
    if let Some(stamp) = one("timestamps", bundle.timestamps())? {
        put(TIMESTAMP, text(&WrittenTimestamp::of(stamp)));
    }
    Ok(annotations)
}

fn one<'a, T>(member: &'static str, list: &'a [T]) -> Result<Option<&'a T>, BundleError> {
    match list {
        [] => Ok(None),
        [one] => Ok(Some(one)),
        _ => Err(BundleError::TooMany {
            member,
            limit: 1,
            found: list.len(),
        }),
    }
}

fn text(wire: &impl Serialize) -> String {
    serde_json::to_string(wire).expect("texts and numbers in structures have a JSON form")
}

/// Writes a log entry with the log's promise as a layer has it.
///
/// # Errors
///
/// [`BundleError::Missing`] when there is no promise.
pub fn log_entry_to_json(entry: &LogEntry) -> Result<Vec<u8>, BundleError> {
    Ok(text(&WrittenEntry::of(entry)?).into_bytes())
}

/// Writes a timestamp as cosign's `--rfc3161-timestamp` does.
pub fn timestamp_to_json(token: &TimestampToken) -> Vec<u8> {
    text(&WrittenTimestamp::of(token)).into_bytes()
}

impl WrittenTimestamp {
    fn of(token: &TimestampToken) -> Self {
        Self {
            signed_timestamp: encode_bytes(token.as_der()),
        }
    }
}

#[derive(Serialize)]
struct WrittenTimestamp {
    #[serde(rename = "SignedRFC3161Timestamp")]
    signed_timestamp: String,
}

#[cfg(test)]
mod tests;
