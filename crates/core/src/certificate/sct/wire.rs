//! Timestamps as TLS and as a log's answer have them (RFC 6962 §3.2, §3.3, §4.1).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use super::{AlgorithmName, SctError, SignedCertificateTimestamp};
use crate::key::Signature;
use crate::log::LogId;

/// Reads a `SignedCertificateTimestampList`; one of another version than is known is an error of its own.
pub(super) fn of_list(bytes: &[u8]) -> Result<Vec<Result<SignedCertificateTimestamp, SctError>>, SctError> {
    let mut outer = Fields { rest: bytes };
    let mut list = Fields {
        rest: outer.opaque("list")?,
    };
    outer.finish("list")?;
    let mut timestamps = Vec::new();
    while !list.rest.is_empty() {
        if timestamps.len() == MOST {
            return Err(SctError::TooMany { limit: MOST });
        }
        timestamps.push(match of_tls(list.opaque("member of the list")?) {
            Err(error @ SctError::Malformed { .. }) => return Err(error),
            timestamp => timestamp,
        });
    }
    Ok(timestamps)
}

/// Reads one `SignedCertificateTimestamp`.
pub(super) fn of_tls(bytes: &[u8]) -> Result<SignedCertificateTimestamp, SctError> {
    let mut fields = Fields { rest: bytes };
    let [version] = fields.array("version")?;
    known_version(version.into())?;
    let log = LogId::new(fields.array("log id")?);
    let time = u64::from_be_bytes(fields.array("time")?);
    let extensions = fields.opaque("extensions")?.to_vec();
    let (algorithm, signature) = fields.signature()?;
    fields.finish("end")?;
    Ok(SignedCertificateTimestamp {
        log,
        time,
        extensions,
        algorithm,
        signature,
    })
}

/// Reads the JSON of a log's answer.
pub(super) fn of_answer(bytes: &[u8]) -> Result<SignedCertificateTimestamp, SctError> {
    let answer: WireAnswer<'_> =
        serde_json::from_slice(bytes).map_err(|error| SctError::Json { source: error.into() })?;
    known_version(answer.sct_version)?;
    let decoded = |part, text: &str| STANDARD.decode(text).map_err(|_| SctError::Malformed { part });
    let id = decoded("log id", &answer.id)?;
    let id = id.try_into().map_err(|_| SctError::Malformed { part: "log id" })?;
    let signed = decoded("signature", &answer.signature)?;
    let mut fields = Fields { rest: &signed };
    let (algorithm, signature) = fields.signature()?;
    fields.finish("signature")?;
    Ok(SignedCertificateTimestamp {
        log: LogId::new(id),
        time: answer.timestamp,
        extensions: decoded("extensions", &answer.extensions)?,
        algorithm,
        signature,
    })
}

fn known_version(found: u64) -> Result<(), SctError> {
    if found == VERSION_1 {
        Ok(())
    } else {
        Err(SctError::Version { found })
    }
}

#[derive(Deserialize)]
struct WireAnswer<'a> {
    sct_version: u64,
    #[serde(borrow)]
    id: std::borrow::Cow<'a, str>,
    timestamp: u64,
    #[serde(borrow, default)]
    extensions: std::borrow::Cow<'a, str>,
    #[serde(borrow)]
    signature: std::borrow::Cow<'a, str>,
}

/// Fields of TLS's presentation language, one after the other (RFC 5246 §4).
struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    fn array<const LENGTH: usize>(&mut self, part: &'static str) -> Result<[u8; LENGTH], SctError> {
        let (array, rest) = self.rest.split_first_chunk().ok_or(SctError::Malformed { part })?;
        self.rest = rest;
        Ok(*array)
    }

    /// Reads bytes that are led by their number in two.
    fn opaque(&mut self, part: &'static str) -> Result<&'a [u8], SctError> {
        let length = usize::from(u16::from_be_bytes(self.array(part)?));
        let (bytes, rest) = self.rest.split_at_checked(length).ok_or(SctError::Malformed { part })?;
        self.rest = rest;
        Ok(bytes)
    }

    /// Reads a `DigitallySigned` (RFC 5246 §4.7).
    fn signature(&mut self) -> Result<(AlgorithmName, Signature), SctError> {
        let [hash, signature] = self.array("signature algorithm")?;
        let bytes = self.opaque("signature")?.to_vec();
        Ok((AlgorithmName { hash, signature }, Signature::new(bytes)))
    }

    fn finish(&self, part: &'static str) -> Result<(), SctError> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(SctError::Malformed { part })
        }
    }
}

const VERSION_1: u64 = 0;

/// The most timestamps that are verified of a certificate; the rules of browsers ask for two or three.
const MOST: usize = 16;
