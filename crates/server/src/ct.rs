//! The log of certificates: promises to keep them, and the entries for whoever looks (RFC 6962 §4, C2SP static-ct-api).

mod leaf;

use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};

use aws_lc_rs::digest::{SHA256, digest};
use countersign_core::certificate::sct::{SctError, precertificate_tbs};
use countersign_core::certificate::{Certificate, CertificateError};
use countersign_core::go_json::{decode_bytes, encode_bytes};
use countersign_core::key::{PrivateKey, Signature};
use countersign_core::log::LogId;
use countersign_core::signer::Signer;
use countersign_core::trust::{ServiceKey, TransparencyLog, Validity};
use http::request::Parts;
use http::{Method, StatusCode};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;

use self::leaf::{Content, Logged};
use crate::body::RequestBody;
use crate::log::{CheckpointSigner, Form, Log, LogError, Proposal, digitally_signed, log_id};
use crate::logs::{Failure, collect, read};
use crate::options::Durability;
use crate::reply::{Reply, TEXT, is_read};

/// A log of certificates.
#[derive(Debug)]
pub(crate) struct CertificateLog {
    log: Log,
    id: LogId,
    /// Whose certificates are logged.
    issuers: RwLock<Vec<Certificate>>,
}

/// A certificate that is about to be issued.
#[derive(Clone, Debug)]
pub(crate) struct Precertificate {
    /// The SHA-256 of the issuer's `SubjectPublicKeyInfo`.
    pub(crate) issuer_key_hash: [u8; 32],
    /// The `TBSCertificate` without what keeps anyone from believing it, and without promises.
    pub(crate) tbs: Vec<u8>,
    /// The precertificate.
    pub(crate) der: Vec<u8>,
    /// Its issuers in DER, the nearest first.
    pub(crate) chain: Vec<Vec<u8>>,
}

/// The promise that a log has a certificate, with what it is over.
struct Promise {
    time: u64,
    extensions: Vec<u8>,
    signature: Signature,
}

impl CertificateLog {
    /// Opens the log in a folder, or makes it there at `now`.
    pub(crate) fn open(
        folder: &Path,
        durability: Durability,
        origin: &str,
        key: Arc<PrivateKey>,
        now: Timestamp,
    ) -> Result<Self, LogError> {
        let id = log_id(key.public_key());
        let signer = CheckpointSigner::new(key, format!("{origin}/ct"), Form::Certificates)?;
        let log = Log::open(folder, durability, signer, leaf::leaf_of, now)?;
        Ok(Self {
            log,
            id,
            issuers: RwLock::default(),
        })
    }

    /// The log as a client trusts it; the origin is what it looks for in the address.
    pub(crate) fn trusted(&self, url: &str) -> TransparencyLog {
        let validity = Validity::new(Some(self.log.since()), None);
        let key = ServiceKey::usual(self.log.public_key().clone());
        TransparencyLog::new(url.to_owned(), key, self.id, validity)
    }

    /// The name that the log goes by.
    pub(crate) fn origin(&self) -> &str {
        self.log.origin()
    }

    /// Logs what these issue, which are given in DER, and keeps them for whoever looks into the log.
    pub(crate) fn trust(&self, issuers: Vec<Vec<u8>>) -> Result<(), LogError> {
        for der in issuers {
            self.log
                .keep(&format!("issuer/{}", hex::encode(fingerprint(&der))), &der)?;
            let issuer = Certificate::from_der(&der).map_err(LogError::Issuer)?;
            let mut trusted = self.issuers.write().unwrap_or_else(PoisonError::into_inner);
            trusted.push(issuer);
        }
        Ok(())
    }

    /// Logs a precertificate, and returns the promise as TLS has it (RFC 6962 §3.2, `SignedCertificateTimestamp`): one
    /// element of the list that goes into the certificate.
    pub(crate) async fn add_precertificate(&self, precertificate: Precertificate) -> Result<Vec<u8>, LogError> {
        let Precertificate {
            issuer_key_hash,
            tbs,
            der,
            chain,
        } = precertificate;
        let content = Content::Precertificate {
            issuer_key_hash,
            tbs,
            der,
        };
        let chain = chain.iter().map(|issuer| fingerprint(issuer)).collect();
        let promise = self.append(content, chain, Timestamp::now()).await?;
        let extensions = u16::try_from(promise.extensions.len()).expect("extensions that were read have this length");
        let mut bytes = vec![VERSION_1];
        bytes.extend(self.id.as_bytes());
        bytes.extend(promise.time.to_be_bytes());
        bytes.extend(extensions.to_be_bytes());
        bytes.extend(promise.extensions);
        bytes.extend(digitally_signed(&promise.signature));
        Ok(bytes)
    }

    async fn append(&self, content: Content, chain: Vec<[u8; 32]>, now: Timestamp) -> Result<Promise, LogError> {
        let identity = digest(&SHA256, &content.signed());
        let time = u64::try_from(now.as_millisecond()).unwrap_or_default();
        let proposal = Proposal {
            identity: identity.as_ref().try_into().expect("a SHA-256 has 32 bytes"),
            time: now,
            make: Box::new(move |index| content.tile_leaf(time, index, &chain)),
        };
        let appended = self.log.append(proposal).await?;
        // What was there before is promised again, at its place and of its time.
        let entry = self
            .log
            .entry(appended.index)?
            .expect("a checkpoint covers what was appended");
        let logged = Logged::read(&entry.bytes).expect("an entry that was read was hashed, which is reading it");
        Ok(Promise {
            time: logged.time,
            extensions: logged.extensions.to_vec(),
            signature: self.log.key().sign(&logged.signed())?,
        })
    }

    /// Answers a request for what follows `/ct/`.
    pub(crate) async fn answer(&self, path: &str, head: &Parts, body: &mut RequestBody) -> Reply {
        match self.dispatch(path, head, body).await {
            Ok(reply) => reply,
            Err(failure) => failure.reply(TEXT, format!("{}\n", failure.message())),
        }
    }

    async fn dispatch(&self, path: &str, head: &Parts, body: &mut RequestBody) -> Result<Reply, Failure> {
        // Where this log's address is taken to end with `/ct`, as its origin does, the paths of RFC 6962 begin with it again.
        let path = path
            .strip_prefix("ct/")
            .filter(|path| path.starts_with("v1/"))
            .unwrap_or(path);
        match path {
            "v1/add-chain" | "v1/add-pre-chain" => {
                if head.method != Method::POST {
                    return Err(Failure::Method { allowed: "POST" });
                }
                let bytes = collect(body, LIMIT).await?;
                self.submit(&bytes, path == "v1/add-pre-chain", Timestamp::now()).await
            }
            "v1/get-roots" if is_read(&head.method) => Ok(self.roots()),
            "v1/get-roots" => Err(Failure::Method { allowed: "GET, HEAD" }),
            _ => match path.strip_prefix("issuer/") {
                Some(_) if !is_read(&head.method) => Err(Failure::Method { allowed: "GET, HEAD" }),
                Some(name) => self.issuer(name),
                None => read(&self.log, path, head, "data", false)?.ok_or(Failure::Path),
            },
        }
    }

    async fn submit(&self, bytes: &[u8], is_before: bool, now: Timestamp) -> Result<Reply, Failure> {
        let submitted = self.submitted(bytes, is_before).map_err(|error| Failure::Request {
            what: "the chain is not logged",
            source: error.into(),
        })?;
        let (content, chain) = submitted;
        let promise = self.append(content, chain, now).await?;
        let answer = json!({
            "sct_version": VERSION_1,
            "id": encode_bytes(self.id.as_bytes()),
            "timestamp": promise.time,
            "extensions": encode_bytes(&promise.extensions),
            "signature": encode_bytes(&digitally_signed(&promise.signature)),
        });
        Ok(Reply::json(StatusCode::OK, &answer))
    }

    /// What is to be logged of a chain, and the issuers: those that are trusted, whatever else the chain has.
    fn submitted(&self, bytes: &[u8], is_before: bool) -> Result<(Content, Vec<[u8; 32]>), SubmissionError> {
        let leaf = leaf_of_chain(bytes)?;
        let trusted = self.issuers.read().unwrap_or_else(PoisonError::into_inner);
        let mut path: Vec<&Certificate> = Vec::new();
        let issuer_of = |certificate: &Certificate| trusted.iter().find(|issuer| certificate.is_signed_by(issuer));
        let mut issuer = issuer_of(&leaf);
        while let Some(found) = issuer.filter(|found| !path.contains(found)) {
            path.push(found);
            issuer = issuer_of(found);
        }
        let issuer = *path.first().ok_or(SubmissionError::UnknownIssuer)?;
        let content = match (precertificate_tbs(&leaf)?, is_before) {
            (None, false) => Content::Certificate(leaf.as_der().to_vec()),
            (Some(tbs), true) => Content::Precertificate {
                issuer_key_hash: digest(&SHA256, issuer.key_info())
                    .as_ref()
                    .try_into()
                    .expect("a SHA-256 has 32 bytes"),
                tbs,
                der: leaf.as_der().to_vec(),
            },
            (None, true) => return Err(SubmissionError::NoPrecertificate),
            (Some(_), false) => return Err(SubmissionError::Precertificate),
        };
        let chain = path.into_iter().map(|issuer| fingerprint(issuer.as_der())).collect();
        Ok((content, chain))
    }

    fn roots(&self) -> Reply {
        let issuers = self.issuers.read().unwrap_or_else(PoisonError::into_inner);
        let roots = issuers.iter().filter(|issuer| issuer.is_signed_by(issuer));
        let roots: Vec<_> = roots.map(|root| encode_bytes(root.as_der())).collect();
        Reply::json(StatusCode::OK, &json!({ "certificates": roots }))
    }

    fn issuer(&self, name: &str) -> Result<Reply, Failure> {
        let is_fingerprint = name.len() == 64 && name.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        let der = match is_fingerprint {
            true => self.log.kept(&format!("issuer/{name}"))?,
            false => None,
        };
        Ok(Reply::new(
            StatusCode::OK,
            "application/pkix-cert",
            der.ok_or(Failure::Path)?,
        ))
    }
}

/// Reads the first certificate of a chain that is submitted.
fn leaf_of_chain(bytes: &[u8]) -> Result<Certificate, SubmissionError> {
    let WireChain { chain } = serde_json::from_slice(bytes)?;
    if chain.len() > CHAIN {
        return Err(SubmissionError::TooLong {
            limit: CHAIN,
            found: chain.len(),
        });
    }
    let leaf = chain.first().ok_or(SubmissionError::Empty)?;
    let leaf = decode_bytes(leaf).map_err(SubmissionError::Base64)?;
    Ok(Certificate::from_der(&leaf)?)
}

/// How an issuer is named: by the hash of its certificate.
fn fingerprint(certificate: &[u8]) -> [u8; 32] {
    let hash = digest(&SHA256, certificate);
    hash.as_ref().try_into().expect("a SHA-256 has 32 bytes")
}

/// Why a chain is not logged.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SubmissionError {
    /// A certificate is not base64.
    #[error("certificate is not base64")]
    Base64(#[source] base64::DecodeError),
    /// A certificate is none.
    #[error("certificate is not usable")]
    Certificate(#[from] CertificateError),
    /// There is no certificate.
    #[error("there is no certificate")]
    Empty,
    /// The request is not JSON of the right shape.
    #[error("request is malformed")]
    Json(#[from] serde_json::Error),
    /// The certificate is one that may be believed.
    #[error("certificate is no precertificate, which add-pre-chain takes")]
    NoPrecertificate,
    /// The certificate is one that nobody must believe.
    #[error("certificate is a precertificate, which add-chain does not take")]
    Precertificate,
    /// The extensions of the certificate are malformed.
    #[error(transparent)]
    Sct(#[from] SctError),
    /// The chain is longer than is read.
    #[error("chain has {found} certificates, the limit is {limit}")]
    TooLong {
        /// The limit.
        limit: usize,
        /// The number found.
        found: usize,
    },
    /// The certificate is of an authority that the log does not know.
    #[error("certificate is signed by no authority whose certificates are logged")]
    UnknownIssuer,
}

/// Doors for the fuzz target, and the test that is like it.
#[cfg(any(fuzzing, test))]
pub(crate) mod fuzzing {
    pub(crate) fn is_chain(request: &[u8]) -> bool {
        super::leaf_of_chain(request).is_ok_and(|leaf| super::precertificate_tbs(&leaf).is_ok())
    }

    pub(crate) fn is_entry(stored: &[u8]) -> bool {
        super::leaf::leaf_of(stored).is_some()
    }
}

/// The longest request that is read, in bytes: what makes an entry of the longest, in base64, with its chain.
const LIMIT: usize = 256 * 1024;
/// The longest chain.
const CHAIN: usize = 16;
const VERSION_1: u8 = 0;

#[derive(Deserialize)]
struct WireChain {
    chain: Vec<String>,
}

#[cfg(test)]
mod tests;
