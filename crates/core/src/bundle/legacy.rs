//! Layers of `.sig` and `.att` manifests, read into a bundle (cosign's `SIGNATURE_SPEC.md`).

mod file;
mod written;

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use super::{Bundle, BundleError, CERTIFICATES, Content, Format, KeyMaterial, SignedEnvelope};
use crate::go_json::decode_bytes;
use crate::key::Signature;
use crate::log::{EntryKind, LogEntry, LogId};
use crate::payload::simple_signing;
use crate::quoted::Quoted;
use crate::timestamp::TimestampToken;

pub use file::{attestation_to_file, bundle_to_file, to_file};
pub use written::{annotations, log_entry_to_json, timestamp_to_json};

/// The media type of a simple-signing layer.
pub const LAYER_MEDIA_TYPE: &str = "application/vnd.dev.cosign.simplesigning.v1+json";
/// The media type of a layer that holds a signed envelope.
pub const ENVELOPE_MEDIA_TYPE: &str = "application/vnd.dsse.envelope.v1+json";
/// The annotation that holds the signature, in base64.
pub const SIGNATURE: &str = "dev.cosignproject.cosign/signature";
/// The annotation that holds the signer's certificate, in PEM.
pub const CERTIFICATE: &str = "dev.sigstore.cosign/certificate";
/// The annotation that holds the certificate's issuers, in PEM.
pub const CHAIN: &str = "dev.sigstore.cosign/chain";
/// The annotation that holds the log entry with the log's promise.
pub const LOG_ENTRY: &str = "dev.sigstore.cosign/bundle";
/// The annotation that holds a signed timestamp.
pub const TIMESTAMP: &str = "dev.sigstore.cosign/rfc3161timestamp";

/// The longest annotation that is read, in bytes.
pub const ANNOTATION_LIMIT: usize = 1024 * 1024;

impl Bundle {
    /// Joins a layer's bytes and its descriptor's annotations; annotations it does not know are passed over.
    ///
    /// A blank annotation counts as absent, for cosign writes blank ones.
    pub fn from_legacy_layer(payload: Vec<u8>, annotations: &BTreeMap<String, String>) -> Result<Self, BundleError> {
        if payload.len() > simple_signing::LIMIT {
            return Err(BundleError::TooLong {
                member: "layer",
                limit: simple_signing::LIMIT,
                found: payload.len(),
            });
        }
        let signature = signature_of(annotation(annotations, SIGNATURE)?)?;
        Self::from_layer(Content::SimpleSigning { payload, signature }, annotations)
    }

    /// Joins the bytes of an attestation's layer, which are an envelope, and its descriptor's annotations.
    ///
    /// The signature is in the envelope; the annotation for it is blank.
    pub fn from_legacy_attestation(
        envelope: &[u8],
        annotations: &BTreeMap<String, String>,
    ) -> Result<Self, BundleError> {
        let envelope = SignedEnvelope::parse(envelope)?;
        Self::from_layer(Content::Envelope(envelope), annotations)
    }

    fn from_layer(content: Content, annotations: &BTreeMap<String, String>) -> Result<Self, BundleError> {
        let mut certificates = Vec::new();
        for member in [CERTIFICATE, CHAIN] {
            if let Some(pem) = annotation(annotations, member)? {
                certificates.extend(certificates_of(member, pem)?);
            }
        }
        let entry = annotation(annotations, LOG_ENTRY)?.map(entry_of).transpose()?;
        let timestamp = annotation(annotations, TIMESTAMP)?.map(timestamp_of).transpose()?;
        Ok(Self {
            format: Format::LegacyLayer,
            content,
            key_material: KeyMaterial::Undeclared(certificates),
            log_entries: entry.into_iter().collect(),
            timestamps: timestamp.into_iter().collect(),
            certificate_timestamp: None,
        })
    }
}

fn annotation<'a>(
    annotations: &'a BTreeMap<String, String>,
    member: &'static str,
) -> Result<Option<&'a str>, BundleError> {
    let Some(text) = annotations
        .get(member)
        .map(|text| text.trim())
        .filter(|text| !text.is_empty())
    else {
        return Ok(None);
    };
    if text.len() > ANNOTATION_LIMIT {
        return Err(BundleError::TooLong {
            member,
            limit: ANNOTATION_LIMIT,
            found: text.len(),
        });
    }
    Ok(Some(text))
}

fn signature_of(text: Option<&str>) -> Result<Signature, BundleError> {
    let text = text.ok_or(BundleError::Missing { member: SIGNATURE })?;
    bytes_of(SIGNATURE, text).map(Signature::new)
}

/// Reads PEM certificates as Go does: what stands between the blocks is passed over.
fn certificates_of(member: &'static str, pem: &str) -> Result<Vec<Vec<u8>>, BundleError> {
    let malformed = || BundleError::CertificatePem {
        member,
        found: Quoted::new(pem),
    };
    let mut certificates = Vec::new();
    let mut rest = pem;
    while let Some((_, block)) = rest.split_once("-----BEGIN CERTIFICATE-----") {
        let (body, after) = block.split_once("-----END CERTIFICATE-----").ok_or_else(malformed)?;
        let body: String = body
            .chars()
            .filter(|character| !character.is_ascii_whitespace())
            .collect();
        certificates.push(STANDARD.decode(body).map_err(|_| malformed())?);
        rest = after;
        if certificates.len() > CERTIFICATES {
            return Err(BundleError::TooMany {
                member,
                limit: CERTIFICATES,
                found: certificates.len() + rest.matches("-----BEGIN CERTIFICATE-----").count(),
            });
        }
    }
    if certificates.is_empty() {
        return Err(malformed());
    }
    Ok(certificates)
}

fn entry_of(text: &str) -> Result<LogEntry, BundleError> {
    entry(LOG_ENTRY, json_of(LOG_ENTRY, text)?)
}

fn entry(member: &'static str, wire: WireEntry) -> Result<LogEntry, BundleError> {
    let body = bytes_of(member, &wire.payload.body)?;
    let kind: WireKind = serde_json::from_slice(&body).map_err(|source| BundleError::Json {
        member: "body of the log entry",
        source,
    })?;
    let id = hex::decode(&wire.payload.log_id)
        .ok()
        .and_then(|id| <[u8; 32]>::try_from(id).ok());
    Ok(LogEntry {
        log_id: LogId::new(id.ok_or_else(|| BundleError::LogId {
            found: Quoted::new(&wire.payload.log_id),
        })?),
        log_index: wire.payload.log_index,
        kind: EntryKind::new(kind.kind, kind.api_version),
        integrated_time: Some(wire.payload.integrated_time),
        promise: Some(bytes_of(member, &wire.signed_entry_timestamp)?),
        proof: None,
        body,
    })
}

/// Reads a timestamp from the file that cosign 2 writes beside a signature, or as an authority answers it, in DER.
///
/// # Errors
///
/// [`BundleError`] for a file that says to be JSON and holds no timestamp.
pub fn timestamp_from_file(bytes: &[u8]) -> Result<TimestampToken, BundleError> {
    match std::str::from_utf8(bytes) {
        Ok(text) if text.trim_start().starts_with('{') => timestamp_of(text),
        _ => Ok(TimestampToken::new(bytes.to_vec())),
    }
}

fn timestamp_of(text: &str) -> Result<TimestampToken, BundleError> {
    let wire: WireTimestamp = json_of(TIMESTAMP, text)?;
    bytes_of(TIMESTAMP, &wire.signed_timestamp).map(TimestampToken::new)
}

fn json_of<'a, T: Deserialize<'a>>(member: &'static str, text: &'a str) -> Result<T, BundleError> {
    serde_json::from_str(text).map_err(|source| BundleError::Json { member, source })
}

fn bytes_of(member: &'static str, text: &str) -> Result<Vec<u8>, BundleError> {
    decode_bytes(text).map_err(|source| BundleError::Base64 {
        member,
        found: Quoted::new(text),
        source,
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct WireEntry {
    signed_entry_timestamp: String,
    payload: WirePayload,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WirePayload {
    body: String,
    integrated_time: i64,
    log_index: u64,
    #[serde(rename = "logID")]
    log_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireKind {
    api_version: String,
    kind: String,
}

#[derive(Deserialize)]
struct WireTimestamp {
    #[serde(rename = "SignedRFC3161Timestamp")]
    signed_timestamp: String,
}

#[cfg(test)]
mod tests;
