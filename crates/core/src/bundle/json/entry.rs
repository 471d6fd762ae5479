//! Log entries in a bundle (protobuf-specs, `sigstore_rekor.proto`).

use std::borrow::Cow;
use std::fmt;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::super::{BundleError, Version};
use super::{bytes_of, filled_bytes_of, list, required};
use crate::bounded::Bounded;
use crate::go_json::encode_bytes;
use crate::log::body::{HASHEDREKORD, REKOR_2};
use crate::log::{EntryKind, InclusionProof, LogEntry, LogId};

/// The longest path that is read from a proof: the tree sizes of 64 bits need no longer one.
const HASHES: usize = 64;

/// Reads an entry; version 0.1 wants a promise of its log and later versions a proof (`sigstore_bundle.proto`).
pub(super) fn read(wire: WireEntry<'_>, version: Version) -> Result<LogEntry, BundleError> {
    let kind = required("kindVersion", wire.kind_version)?;
    let promise = wire
        .inclusion_promise
        .map(|promise| filled_bytes_of("signedEntryTimestamp", &promise.signed_entry_timestamp))
        .transpose()?;
    let proof = wire.inclusion_proof.map(proof_of).transpose()?;
    match version {
        Version::V01 if promise.is_none() => {
            return Err(BundleError::Missing {
                member: "inclusionPromise",
            });
        }
        Version::V02 | Version::V03 if proof.is_none() => {
            return Err(BundleError::Missing {
                member: "inclusionProof",
            });
        }
        _ => {}
    }
    Ok(LogEntry {
        log_id: LogId::new(hash_of("logId.keyId", &required("logId", wire.log_id)?.key_id)?),
        log_index: unsigned(wire.log_index),
        integrated_time: wire
            .integrated_time
            .map(|Int64(seconds)| seconds)
            .filter(|seconds| *seconds != 0),
        promise,
        proof,
        body: match wire.canonicalized_body {
            // only the body of Rekor 2 can be rebuilt (client-spec §4.6)
            None if kind.kind == HASHEDREKORD && kind.version == REKOR_2 => Vec::new(),
            body => filled_bytes_of("canonicalizedBody", &required("canonicalizedBody", body)?)?,
        },
        kind: EntryKind::new(kind.kind, kind.version),
    })
}

fn proof_of(wire: WireProof<'_>) -> Result<InclusionProof, BundleError> {
    Ok(InclusionProof {
        log_index: unsigned(wire.log_index),
        root_hash: hash_of("inclusionProof.rootHash", &wire.root_hash)?,
        tree_size: unsigned(wire.tree_size),
        hashes: list("inclusionProof.hashes", wire.hashes)?
            .iter()
            .map(|hash| hash_of("inclusionProof.hashes", hash))
            .collect::<Result<_, _>>()?,
        checkpoint: wire.checkpoint.map(|checkpoint| checkpoint.envelope.into_owned()),
    })
}

fn hash_of(member: &'static str, text: &str) -> Result<[u8; 32], BundleError> {
    bytes_of(member, text)?
        .try_into()
        .map_err(|bytes: Vec<u8>| BundleError::Length {
            member,
            expected: 32,
            found: bytes.len(),
        })
}

/// Reads a number that protobuf's JSON leaves out when it is zero.
fn unsigned(number: Option<UInt64>) -> u64 {
    number.map_or(0, |UInt64(number)| number)
}

fn number(number: u64) -> Option<UInt64> {
    (number != 0).then_some(UInt64(number))
}

impl<'a> From<&'a LogEntry> for WireEntry<'a> {
    fn from(entry: &'a LogEntry) -> Self {
        Self {
            log_index: number(entry.log_index),
            log_id: Some(WireLogId {
                key_id: encode_bytes(entry.log_id.as_bytes()).into(),
            }),
            kind_version: Some(WireKind {
                kind: entry.kind.name.as_str().into(),
                version: entry.kind.version.as_str().into(),
            }),
            integrated_time: entry.integrated_time.map(Int64),
            inclusion_promise: entry.promise.as_ref().map(|promise| WirePromise {
                signed_entry_timestamp: encode_bytes(promise).into(),
            }),
            inclusion_proof: entry.proof.as_ref().map(WireProof::from),
            canonicalized_body: (!entry.body.is_empty()).then(|| encode_bytes(&entry.body).into()),
        }
    }
}

impl<'a> From<&'a InclusionProof> for WireProof<'a> {
    fn from(proof: &'a InclusionProof) -> Self {
        let hashes: Vec<Cow<'a, str>> = proof.hashes.iter().map(|hash| encode_bytes(hash).into()).collect();
        Self {
            log_index: number(proof.log_index),
            root_hash: encode_bytes(&proof.root_hash).into(),
            tree_size: number(proof.tree_size),
            hashes: (!hashes.is_empty()).then(|| hashes.into()),
            checkpoint: proof.checkpoint.as_ref().map(|envelope| WireCheckpoint {
                envelope: envelope.as_str().into(),
            }),
        }
    }
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct WireEntry<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    log_index: Option<UInt64>,
    #[serde(borrow)]
    log_id: Option<WireLogId<'a>>,
    #[serde(borrow)]
    kind_version: Option<WireKind<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    integrated_time: Option<Int64>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    inclusion_promise: Option<WirePromise<'a>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    inclusion_proof: Option<WireProof<'a>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    canonicalized_body: Option<Cow<'a, str>>,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct WireLogId<'a> {
    #[serde(borrow)]
    key_id: Cow<'a, str>,
}

#[derive(Deserialize, Serialize)]
struct WireKind<'a> {
    #[serde(borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    version: Cow<'a, str>,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct WirePromise<'a> {
    #[serde(borrow)]
    signed_entry_timestamp: Cow<'a, str>,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct WireProof<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    log_index: Option<UInt64>,
    #[serde(borrow)]
    root_hash: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tree_size: Option<UInt64>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    hashes: Option<Bounded<Cow<'a, str>, HASHES>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    checkpoint: Option<WireCheckpoint<'a>>,
}

#[derive(Deserialize, Serialize)]
struct WireCheckpoint<'a> {
    #[serde(borrow)]
    envelope: Cow<'a, str>,
}

/// A number that protobuf's JSON writes as a text and reads as a text or a number.
struct Int64(i64);

/// The same for numbers that cannot be negative.
struct UInt64(u64);

impl Serialize for Int64 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl Serialize for UInt64 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Int64 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Number).map(Self)
    }
}

impl<'de> Deserialize<'de> for UInt64 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = deserializer.deserialize_any(Number)?;
        u64::try_from(number)
            .map(Self)
            .map_err(|_| D::Error::custom(format_args!("{number} is negative")))
    }
}

struct Number;

impl Visitor<'_> for Number {
    type Value = i64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an integer of 64 bits, as a text or a number")
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<i64, E> {
        Ok(number)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<i64, E> {
        i64::try_from(number).map_err(E::custom)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<i64, E> {
        text.parse().map_err(E::custom)
    }
}
