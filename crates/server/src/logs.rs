//! The logs of a server: of signatures, for clients of Rekor 1 and of Rekor 2, and of certificates.

mod failure;
#[cfg(fuzzing)]
pub mod fuzzing;
mod reading;

use std::path::Path;
use std::sync::Arc;

use countersign_core::key::PrivateKey;
use http::request::Parts;
use jiff::Timestamp;

use crate::body::RequestBody;
use crate::ct::CertificateLog;
use crate::log::LogError;
use crate::options::Durability;
use crate::rekor_1::Rekor1;
use crate::rekor_2::Rekor2;
use crate::reply::Reply;

pub(crate) use self::failure::{Failure, collect};
pub(crate) use self::reading::read;

/// The keys that the logs sign with: ECDSA P-256, for Rekor 2 also Ed25519.
#[derive(Clone, Debug)]
pub(crate) struct LogKeys {
    /// Of the log for clients of Rekor 1.
    pub(crate) rekor_1: Arc<PrivateKey>,
    /// Of the log for clients of Rekor 2.
    pub(crate) rekor_2: Arc<PrivateKey>,
    /// Of the log of certificates.
    pub(crate) certificates: Arc<PrivateKey>,
}

/// What the logs are opened with.
#[derive(Clone, Debug)]
pub(crate) struct LogOptions {
    origin: String,
    keys: LogKeys,
}

impl LogOptions {
    /// Names the logs by a host, which is fixed when they are made, as their keys are.
    pub(crate) fn new(origin: impl Into<String>, keys: LogKeys) -> Self {
        Self {
            origin: origin.into(),
            keys,
        }
    }
}

/// The three logs.
#[derive(Debug)]
pub(crate) struct Logs {
    rekor_1: Rekor1,
    rekor_2: Rekor2,
    certificates: CertificateLog,
}

impl Logs {
    /// Opens the logs below a folder, or makes them there.
    pub(crate) fn open(root: &Path, durability: Durability, options: LogOptions) -> Result<Self, LogError> {
        let LogOptions { origin, keys } = options;
        // what is logged or stamped at once is told to the second, and must not seem to be from before
        let now = Timestamp::now();
        let now = Timestamp::from_second(now.as_second()).unwrap_or(now);
        let origin = origin.as_str();
        let folder_of = |name| root.join("log").join(name);
        Ok(Self {
            rekor_1: Rekor1::open(&folder_of("rekor1"), durability, origin, keys.rekor_1, now)?,
            rekor_2: Rekor2::open(&folder_of("rekor2"), durability, origin, keys.rekor_2, now)?,
            certificates: CertificateLog::open(&folder_of("ct"), durability, origin, keys.certificates, now)?,
        })
    }

    /// Says whether a path is one of the logs'.
    pub(crate) fn takes(path: &str) -> bool {
        [
            "/api/v1/log",
            "/api/v1/index",
            "/api/v2/log",
            "/api/v2/checkpoint",
            "/api/v2/tile",
            "/ct",
        ]
        .iter()
        .any(|own| {
            path.strip_prefix(own)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
    }

    /// Answers a request for one of the logs.
    pub(crate) async fn answer(&self, head: &Parts, body: &mut RequestBody) -> Reply {
        let path = head.uri.path();
        if let Some(path) = path.strip_prefix("/api/v2/") {
            return self.rekor_2.answer(path, head, body).await;
        }
        if let Some(path) = path.strip_prefix("/ct/") {
            return self.certificates.answer(path, head, body).await;
        }
        match path.strip_prefix("/api/v1/") {
            Some(path) => self.rekor_1.answer(path, head, body).await,
            None => Reply::nothing(),
        }
    }

    /// Has the log of certificates log what these issue, which are given in DER, the issuing one first.
    pub(crate) fn trust_certificates(&self, issuers: Vec<Vec<u8>>) -> Result<(), LogError> {
        self.certificates.trust(issuers)
    }

    /// The log for clients of Rekor 1.
    pub(crate) fn rekor_1(&self) -> &Rekor1 {
        &self.rekor_1
    }

    /// The log for clients of Rekor 2.
    pub(crate) fn rekor_2(&self) -> &Rekor2 {
        &self.rekor_2
    }

    /// The log of certificates.
    pub(crate) fn certificates(&self) -> &CertificateLog {
        &self.certificates
    }
}

#[cfg(test)]
mod tests;
