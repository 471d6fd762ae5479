//! The trusted root in JSON (protobuf-specs, `sigstore_trustroot.proto`, protobuf's JSON mapping).
//!
//! A member that is not known is refused, as by every reader of protobuf's JSON: passed over, it would leave someone's
//! authority out without a word.

use serde::{Deserialize, Serialize};

use super::log::id_of;
use super::subject::WireSubject;
use super::validity::WireSpan;
use super::{
    Authority, LIMIT, MEDIA_TYPE, ServiceKey, ServiceKeyError, TransparencyLog, TrustError, TrustedRoot,
    UnusableReason, UnusableService, Validity, within,
};
use crate::bounded::Bounded;
use crate::certificate::Certificate;
use crate::go_json::{decode_bytes, encode_bytes};
use crate::key::PublicKeyAlgorithm;
use crate::log::LogId;
use crate::quoted::Quoted;

/// The most logs or authorities of a kind that are read; the public instance has had seven of one kind in five years.
pub const SERVICES: usize = 256;

/// The most certificates of an authority that are read.
pub const CERTIFICATES: usize = 16;

pub(super) fn read(bytes: &[u8]) -> Result<TrustedRoot, TrustError> {
    let wire: WireRoot = serde_json::from_slice(within(LIMIT, bytes)?)?;
    if !MEDIA_TYPES.contains(&wire.media_type.as_str()) {
        return Err(TrustError::MediaType {
            expected: MEDIA_TYPE,
            found: Quoted::new(&wire.media_type),
        });
    }
    let mut unusable = Vec::new();
    Ok(TrustedRoot {
        logs: logs(wire.tlogs, LogKind::OfSignatures, &mut unusable)?,
        certificate_authorities: authorities("certificateAuthorities", wire.certificate_authorities)?,
        certificate_logs: logs(wire.ctlogs, LogKind::OfCertificates, &mut unusable)?,
        timestamp_authorities: authorities("timestampAuthorities", wire.timestamp_authorities)?,
        unusable,
    })
}

/// What a log keeps.
#[derive(Clone, Copy, PartialEq, Eq)]
enum LogKind {
    OfCertificates,
    OfSignatures,
}

fn logs(
    list: Option<Bounded<WireLog, SERVICES>>,
    kind: LogKind,
    unusable: &mut Vec<UnusableService>,
) -> Result<Vec<TransparencyLog>, TrustError> {
    let member = match kind {
        LogKind::OfCertificates => "ctlogs",
        LogKind::OfSignatures => "tlogs",
    };
    let mut logs = Vec::new();
    for wire in listed(member, list)? {
        let url = Quoted::new(&wire.base_url);
        match log(wire, &url, kind)? {
            Ok(log) => logs.push(log),
            Err(reason) => unusable.push(UnusableService { member, url, reason }),
        }
    }
    Ok(logs)
}

fn authorities(
    member: &'static str,
    list: Option<Bounded<WireAuthority, SERVICES>>,
) -> Result<Vec<Authority>, TrustError> {
    listed(member, list)?.into_iter().map(authority).collect()
}

fn listed<T, const N: usize>(member: &'static str, list: Option<Bounded<T, N>>) -> Result<Vec<T>, TrustError> {
    list.map_or(Ok(Vec::new()), Bounded::within_limit)
        .map_err(|found| TrustError::TooMany {
            member,
            limit: N,
            found,
        })
}

/// Reads a log, or tells why it is of no use here although nothing is wrong with it.
fn log(wire: WireLog, url: &Quoted, kind: LogKind) -> Result<Result<TransparencyLog, UnusableReason>, TrustError> {
    let missing = |member| TrustError::Missing {
        service: url.clone(),
        member,
    };
    let wire_key = wire.public_key.ok_or_else(|| missing("publicKey"))?;
    let id = wire.log_id.ok_or_else(|| missing("logId"))?;
    let bytes = bytes_of("rawBytes", &wire_key.raw_bytes)?;
    let validity = wire_key.valid_for.map_or(Ok(Validity::ALWAYS), Validity::try_from)?;
    let checkpoint_key_id = wire.checkpoint_key_id.map(checkpoint_key_id).transpose()?;
    let id = log_id(&id)?;
    if wire.hash_algorithm != SHA256 {
        return Ok(Err(UnusableReason::HashAlgorithm {
            found: Quoted::new(&wire.hash_algorithm),
        }));
    }
    let key = match ServiceKey::named(&wire_key.key_details, &bytes) {
        Ok(key) => key,
        Err(ServiceKeyError::UnknownDetails { found }) => return Ok(Err(UnusableReason::KeyDetails { found })),
        Err(source) => {
            return Err(TrustError::Key {
                log: url.clone(),
                source,
            });
        }
    };
    check_id(id, &key, url, kind)?;
    Ok(Ok(TransparencyLog::new(wire.base_url, key, id, validity)
        .with_checkpoint_key_id(checkpoint_key_id)
        .run_by(wire.operator)))
}

/// Checks that a log has the id of its key; one of Rekor 2 has its origin hashed in too, unless its key is ECDSA.
fn check_id(found: LogId, key: &ServiceKey, url: &Quoted, kind: LogKind) -> Result<(), TrustError> {
    let is_by_key_alone =
        kind == LogKind::OfCertificates || matches!(key.key().algorithm(), PublicKeyAlgorithm::Ecdsa(_));
    let expected = id_of(key.key());
    if is_by_key_alone && found != expected {
        return Err(TrustError::LogId {
            log: url.clone(),
            expected: encode_bytes(expected.as_bytes()),
            found: encode_bytes(found.as_bytes()),
        });
    }
    Ok(())
}

fn log_id(wire: &WireId) -> Result<LogId, TrustError> {
    const MEMBER: &str = "logId.keyId";
    let bytes = bytes_of(MEMBER, &wire.key_id)?;
    bytes
        .as_slice()
        .try_into()
        .map(LogId::new)
        .map_err(|_| TrustError::Length {
            member: MEMBER,
            expected: 32,
            found: bytes.len(),
        })
}

/// Takes the start of the hash, of which some write the whole.
fn checkpoint_key_id(wire: WireId) -> Result<[u8; 4], TrustError> {
    const MEMBER: &str = "checkpointKeyId.keyId";
    let bytes = bytes_of(MEMBER, &wire.key_id)?;
    match (bytes.first_chunk(), bytes.len()) {
        (Some(start), 4 | 32) => Ok(*start),
        (_, found) => Err(TrustError::Length {
            member: MEMBER,
            expected: 4,
            found,
        }),
    }
}

fn authority(wire: WireAuthority) -> Result<Authority, TrustError> {
    let name = Quoted::new(&wire.uri);
    let mut chain = Vec::new();
    for certificate in listed("certificates", wire.cert_chain.and_then(|chain| chain.certificates))? {
        let der = bytes_of("rawBytes", &certificate.raw_bytes)?;
        chain.push(Certificate::from_der(&der).map_err(|source| TrustError::Certificate {
            authority: name.clone(),
            source,
        })?);
    }
    if chain.is_empty() {
        return Err(TrustError::Missing {
            service: name,
            member: "certChain",
        });
    }
    let validity = wire.valid_for.map_or(Ok(Validity::ALWAYS), Validity::try_from)?;
    Ok(Authority::new(wire.uri, chain, validity).run_by(wire.operator))
}

fn bytes_of(member: &'static str, text: &str) -> Result<Vec<u8>, TrustError> {
    decode_bytes(text).map_err(|source| TrustError::Base64 {
        member,
        found: Quoted::new(text),
        source,
    })
}

pub(super) fn write(root: &TrustedRoot) -> Vec<u8> {
    let wire = WireRoot {
        media_type: MEDIA_TYPE.to_owned(),
        tlogs: by_age(&root.logs, TransparencyLog::validity),
        certificate_authorities: by_age(&root.certificate_authorities, Authority::validity),
        ctlogs: by_age(&root.certificate_logs, TransparencyLog::validity),
        timestamp_authorities: by_age(&root.timestamp_authorities, Authority::validity),
    };
    serde_json::to_vec(&wire).expect("texts and lists in structures have a JSON form")
}

/// Lists the oldest first, as the specification wants it; no list stands for an empty one.
fn by_age<'a, T, W: From<&'a T>>(services: &'a [T], validity: impl Fn(&T) -> Validity) -> Option<Bounded<W, SERVICES>> {
    let mut sorted: Vec<&T> = services.iter().collect();
    sorted.sort_by_key(|service| validity(service).start());
    (!sorted.is_empty()).then(|| sorted.into_iter().map(W::from).collect::<Vec<W>>().into())
}

impl From<&TransparencyLog> for WireLog {
    fn from(log: &TransparencyLog) -> Self {
        let id = |bytes: &[u8]| WireId {
            key_id: encode_bytes(bytes),
        };
        Self {
            base_url: log.url().to_owned(),
            hash_algorithm: SHA256.to_owned(),
            public_key: Some(WireKey {
                raw_bytes: encode_bytes(log.key().key().as_der()),
                key_details: log.key().details().to_owned(),
                valid_for: Some(log.validity().into()),
            }),
            log_id: Some(id(log.id().as_bytes())),
            checkpoint_key_id: log.checkpoint_key_id().map(|bytes| id(&bytes)),
            operator: log.operator().map(str::to_owned),
        }
    }
}

impl From<&Authority> for WireAuthority {
    fn from(authority: &Authority) -> Self {
        let certificates = authority.chain().iter().map(|certificate| WireCertificate {
            raw_bytes: encode_bytes(certificate.as_der()),
        });
        Self {
            subject: authority.chain().last().map(|root| WireSubject::from(root.subject())),
            uri: authority.uri().to_owned(),
            cert_chain: Some(WireChain {
                certificates: Some(certificates.collect::<Vec<_>>().into()),
            }),
            valid_for: Some(authority.validity().into()),
            operator: authority.operator().map(str::to_owned),
        }
    }
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct WireRoot {
    media_type: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    tlogs: Option<Bounded<WireLog, SERVICES>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    certificate_authorities: Option<Bounded<WireAuthority, SERVICES>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ctlogs: Option<Bounded<WireLog, SERVICES>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    timestamp_authorities: Option<Bounded<WireAuthority, SERVICES>>,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct WireLog {
    #[serde(default, skip_serializing_if = "String::is_empty")]
    base_url: String,
    #[serde(default)]
    hash_algorithm: String,
    public_key: Option<WireKey>,
    log_id: Option<WireId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    checkpoint_key_id: Option<WireId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    operator: Option<String>,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct WireKey {
    #[serde(default)]
    raw_bytes: String,
    #[serde(default)]
    key_details: String,
    valid_for: Option<WireSpan>,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct WireId {
    #[serde(default)]
    key_id: String,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct WireAuthority {
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<WireSubject>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    uri: String,
    cert_chain: Option<WireChain>,
    valid_for: Option<WireSpan>,
    #[serde(skip_serializing_if = "Option::is_none")]
    operator: Option<String>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct WireChain {
    certificates: Option<Bounded<WireCertificate, CERTIFICATES>>,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct WireCertificate {
    raw_bytes: String,
}

/// The hash of every Merkle tree there is (RFC 6962 §2.1), as `HashAlgorithm` names it.
const SHA256: &str = "SHA2_256";

/// All spellings in use, the one that is written first.
const MEDIA_TYPES: [&str; 3] = [
    MEDIA_TYPE,
    "application/vnd.dev.sigstore.trustedroot.v0.1+json",
    "application/vnd.dev.sigstore.trustedroot.v0.2+json",
];
