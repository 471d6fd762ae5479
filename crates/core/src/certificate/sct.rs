//! Signed certificate timestamps: a log's promise that it has seen a certificate (RFC 6962 §3).

mod entry;
mod error;
#[cfg(fuzzing)]
pub mod fuzzing;
mod wire;

use jiff::Timestamp;

use self::entry::Entry;
use super::algorithm;
use super::path::VerifiedPath;
use crate::key::{Signature, SignatureDigest};
use crate::log::LogId;
use crate::trust::{Scheme, TransparencyLog};

pub use entry::precertificate_tbs;
pub use error::SctError;

/// The longest file with a timestamp that is read, in bytes.
pub const LIMIT: usize = 64 * 1024;

/// A signed certificate timestamp that comes beside a certificate; *untrusted* until it is proven.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedCertificateTimestamp {
    log: LogId,
    /// Milliseconds since 1970.
    time: u64,
    extensions: Vec<u8>,
    algorithm: AlgorithmName,
    signature: Signature,
}

/// A hash and a signature algorithm by their numbers in TLS (RFC 5246 §7.4.1.4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct AlgorithmName {
    hash: u8,
    signature: u8,
}

impl SignedCertificateTimestamp {
    /// Reads a timestamp that is not in a certificate: as TLS has it, or the answer of a log to `add-chain` (RFC 6962 §4.1).
    ///
    /// # Errors
    ///
    /// [`SctError::TooLong`], [`SctError::Malformed`], [`SctError::Json`] or [`SctError::Version`].
    pub fn parse(bytes: &[u8]) -> Result<Self, SctError> {
        if bytes.len() > LIMIT {
            return Err(SctError::TooLong {
                limit: LIMIT,
                found: bytes.len(),
            });
        }
        if bytes.trim_ascii_start().starts_with(b"{") {
            wire::of_answer(bytes)
        } else {
            wire::of_tls(bytes)
        }
    }

    /// Returns which log is said to have signed.
    pub fn log(&self) -> LogId {
        self.log
    }
}

/// The logs that have seen a certificate, each once.
#[derive(Clone, Debug)]
pub struct SeenByLogs {
    logs: Vec<SeenByLog>,
    refusals: Vec<SctError>,
}

impl SeenByLogs {
    /// Returns the logs; there is at least one.
    pub fn logs(&self) -> &[SeenByLog] {
        &self.logs
    }

    /// Returns why further timestamps prove nothing.
    pub fn refusals(&self) -> &[SctError] {
        &self.refusals
    }
}

/// A trusted log that has seen a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenByLog {
    url: String,
    id: LogId,
    at: Timestamp,
}

impl SeenByLog {
    /// Returns the log's address.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Returns the log's id.
    pub fn id(&self) -> LogId {
        self.id
    }

    /// Returns when the log says it saw the certificate.
    pub fn at(&self) -> Timestamp {
        self.at
    }
}

/// Verifies the timestamps within the leaf of `path`, against the logs that are trusted to witness certificates.
///
/// # Errors
///
/// [`SctError::Absent`] when there is none, the reason when the only one proves nothing, and
/// [`SctError::NoneProven`] when none of several proves anything.
pub fn verify_embedded(path: &VerifiedPath, logs: &[TransparencyLog]) -> Result<SeenByLogs, SctError> {
    let list = path.leaf().extensions.timestamps.as_deref().ok_or(SctError::Absent)?;
    verify_list(list, path, logs)
}

/// Verifies a timestamp that comes beside the leaf of `path`.
///
/// # Errors
///
/// [`SctError`]: why it proves nothing.
pub fn verify_detached(
    path: &VerifiedPath,
    timestamp: &SignedCertificateTimestamp,
    logs: &[TransparencyLog],
) -> Result<SeenByLogs, SctError> {
    prove(vec![Ok(timestamp.clone())], &Entry::certificate(path.leaf())?, logs)
}

fn verify_list(list: &[u8], path: &VerifiedPath, logs: &[TransparencyLog]) -> Result<SeenByLogs, SctError> {
    let timestamps = wire::of_list(list)?;
    let issuer = path.issuer().ok_or(SctError::IssuerUnknown)?;
    prove(timestamps, &Entry::precertificate(path.leaf(), issuer)?, logs)
}

fn prove(
    timestamps: Vec<Result<SignedCertificateTimestamp, SctError>>,
    entry: &Entry,
    logs: &[TransparencyLog],
) -> Result<SeenByLogs, SctError> {
    let mut seen = SeenByLogs {
        logs: Vec::new(),
        refusals: Vec::new(),
    };
    for timestamp in timestamps {
        match timestamp.and_then(|timestamp| timestamp.prove(entry, logs)) {
            // a log that signs twice has not become two witnesses
            Ok(log) if seen.logs.iter().any(|other| other.id == log.id) => {}
            Ok(log) => seen.logs.push(log),
            Err(reason) => seen.refusals.push(reason),
        }
    }
    if !seen.logs.is_empty() {
        return Ok(seen);
    }
    Err(match (seen.refusals.pop(), seen.refusals) {
        (None, _) => SctError::Absent,
        (Some(only), others) if others.is_empty() => only,
        (Some(last), mut refusals) => {
            refusals.push(last);
            SctError::NoneProven { refusals }
        }
    })
}

impl SignedCertificateTimestamp {
    /// Finds the trusted log that signed this over `entry`; a log may be listed several times, for several spans.
    fn prove(&self, entry: &Entry, logs: &[TransparencyLog]) -> Result<SeenByLog, SctError> {
        let at = i64::try_from(self.time).ok();
        let at = at.and_then(|time| Timestamp::from_millisecond(time).ok());
        let at = at.ok_or(SctError::Time { found: self.time })?;
        let mut refusal = SctError::UnknownLog {
            found: hex::encode(self.log.as_bytes()),
        };
        for log in logs.iter().filter(|log| log.id() == self.log) {
            match self.prove_by(log, at, entry) {
                Ok(()) => {
                    return Ok(SeenByLog {
                        url: log.url().to_owned(),
                        id: log.id(),
                        at,
                    });
                }
                Err(reason) => refusal = reason,
            }
        }
        Err(refusal)
    }

    fn prove_by(&self, log: &TransparencyLog, at: Timestamp, entry: &Entry) -> Result<(), SctError> {
        if !log.validity().contains(at) {
            return Err(SctError::LogOutsideValidity {
                log: log.url().into(),
                validity: log.validity(),
                at,
            });
        }
        if AlgorithmName::of(log.key().scheme()) != Some(self.algorithm) {
            return Err(SctError::Algorithm {
                log: log.url().into(),
                hash: self.algorithm.hash,
                signature: self.algorithm.signature,
            });
        }
        let signed = entry.signed(self.time, &self.extensions);
        if algorithm::verifies(log.key().scheme(), log.key().key(), &signed, &self.signature) {
            Ok(())
        } else {
            Err(SctError::SignatureMismatch { log: log.url().into() })
        }
    }
}

impl AlgorithmName {
    fn of(scheme: Scheme) -> Option<Self> {
        let (digest, signature) = match scheme {
            Scheme::RsaPkcs1(digest) => (digest, 1),
            Scheme::Ecdsa(digest) => (digest, 3),
            _ => return None,
        };
        let hash = match digest {
            SignatureDigest::Sha256 => 4,
            SignatureDigest::Sha384 => 5,
            SignatureDigest::Sha512 => 6,
        };
        Some(Self { hash, signature })
    }
}
