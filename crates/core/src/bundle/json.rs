//! The Sigstore bundle in JSON, versions 0.1 to 0.3 (protobuf-specs, `sigstore_bundle.proto`, protobuf's JSON mapping).

mod entry;

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::{
    Bundle, BundleError, CERTIFICATES, Content, Format, KeyMaterial, LIMIT, LOG_ENTRIES, MEDIA_TYPE, MessageDigest,
    MessageSignature, SignedEnvelope, TIMESTAMPS, Version,
};
use crate::bounded::Bounded;
use crate::envelope;
use crate::go_json::{decode_bytes, encode_bytes};
use crate::key::Signature;
use crate::log::LogEntry;
use crate::quoted::Quoted;
use crate::timestamp::TimestampToken;
use entry::WireEntry;

pub(super) fn read(bytes: &[u8]) -> Result<Bundle, BundleError> {
    if bytes.len() > LIMIT {
        return Err(BundleError::TooLong {
            member: "bundle",
            limit: LIMIT,
            found: bytes.len(),
        });
    }
    let wire: WireBundle<'_> = serde_json::from_slice(bytes).map_err(|source| BundleError::Json {
        member: "bundle",
        source,
    })?;
    let version = version_of(&required("mediaType", wire.media_type)?)?;
    let material = required("verificationMaterial", wire.verification_material)?;
    let content = content_of(wire.dsse_envelope, wire.message_signature)?;
    let timestamps = material.timestamp_verification_data.and_then(|data| data.timestamps);
    let entries = material.tlog_entries;
    let key_material = key_material_of(material.public_key, material.certificate, material.certificate_chain)?;
    check_hints(&key_material, &content)?;
    Ok(Bundle {
        format: Format::Bundle(version),
        content,
        key_material,
        log_entries: list("tlogEntries", entries)?
            .into_iter()
            .map(|entry| entry::read(entry, version))
            .collect::<Result<_, _>>()?,
        timestamps: list("rfc3161Timestamps", timestamps)?
            .into_iter()
            .map(|stamp| {
                Ok(TimestampToken::new(bytes_of(
                    "signedTimestamp",
                    &stamp.signed_timestamp,
                )?))
            })
            .collect::<Result<_, BundleError>>()?,
        certificate_timestamp: None,
    })
}

/// Reads a log entry by itself, as Rekor 2 answers with it.
pub(crate) fn log_entry(bytes: &[u8]) -> Result<LogEntry, BundleError> {
    let wire: WireEntry<'_> = serde_json::from_slice(bytes).map_err(|source| BundleError::Json {
        member: "log entry",
        source,
    })?;
    entry::read(wire, Version::V03)
}

fn version_of(media_type: &str) -> Result<Version, BundleError> {
    match media_type {
        "application/vnd.dev.sigstore.bundle+json;version=0.1" | "application/vnd.dev.sigstore.bundle.v0.1+json" => {
            Ok(Version::V01)
        }
        "application/vnd.dev.sigstore.bundle+json;version=0.2" | "application/vnd.dev.sigstore.bundle.v0.2+json" => {
            Ok(Version::V02)
        }
        "application/vnd.dev.sigstore.bundle+json;version=0.3" | MEDIA_TYPE => Ok(Version::V03),
        _ => Err(BundleError::MediaType {
            found: Quoted::new(media_type),
        }),
    }
}

fn content_of(envelope: Option<envelope::Wire<'_>>, message: Option<WireMessage<'_>>) -> Result<Content, BundleError> {
    match (envelope, message) {
        (Some(envelope), None) => Ok(Content::Envelope(SignedEnvelope::new(envelope.try_into()?)?)),
        (None, Some(message)) => Ok(Content::Message(message_of(message)?)),
        (Some(_), Some(_)) => Err(BundleError::OneOf {
            first: "dsseEnvelope",
            second: "messageSignature",
        }),
        (None, None) => Err(BundleError::Missing {
            member: "dsseEnvelope or messageSignature",
        }),
    }
}

fn message_of(wire: WireMessage<'_>) -> Result<MessageSignature, BundleError> {
    let digest = match wire.message_digest.map(|wire| (wire.algorithm, wire.digest)) {
        // cosign writes an empty object for pure Ed25519
        None | Some((None, None)) => None,
        Some((algorithm, digest)) => Some(MessageDigest {
            algorithm: required("messageDigest.algorithm", algorithm)?.into_owned(),
            bytes: bytes_of("messageDigest.digest", &required("messageDigest.digest", digest)?)?,
        }),
    };
    Ok(MessageSignature {
        digest,
        signature: Signature::new(filled_bytes_of("messageSignature.signature", &wire.signature)?),
    })
}

fn key_material_of(
    public_key: Option<WirePublicKey<'_>>,
    certificate: Option<WireCertificate<'_>>,
    chain: Option<WireChain<'_>>,
) -> Result<KeyMaterial, BundleError> {
    let der_of = |wire: &WireCertificate<'_>| filled_bytes_of("certificate.rawBytes", &wire.raw_bytes);
    match (public_key, certificate, chain) {
        (Some(key), None, None) => Ok(KeyMaterial::PublicKey {
            hint: key.hint.map(Cow::into_owned),
        }),
        (None, Some(leaf), None) => Ok(KeyMaterial::Certificates(vec![der_of(&leaf)?])),
        (None, None, Some(chain)) => {
            let certificates = list("x509CertificateChain.certificates", chain.certificates)?;
            if certificates.is_empty() {
                return Err(BundleError::Missing {
                    member: "x509CertificateChain.certificates",
                });
            }
            Ok(KeyMaterial::Certificates(
                certificates.iter().map(der_of).collect::<Result<_, _>>()?,
            ))
        }
        (None, None, None) => Err(BundleError::Missing {
            member: "publicKey, certificate or x509CertificateChain",
        }),
        (Some(_), Some(_), _) => Err(one_of("publicKey", "certificate")),
        (Some(_), None, Some(_)) => Err(one_of("publicKey", "x509CertificateChain")),
        (None, Some(_), Some(_)) => Err(one_of("certificate", "x509CertificateChain")),
    }
}

/// Checks that bundle and envelope name one key, where both name one (`sigstore_bundle.proto`); cosign's envelopes do not.
fn check_hints(material: &KeyMaterial, content: &Content) -> Result<(), BundleError> {
    let (KeyMaterial::PublicKey { hint: Some(expected) }, Content::Envelope(signed)) = (material, content) else {
        return Ok(());
    };
    let found = signed.envelope().signatures().first();
    match found.and_then(|signature| signature.key_id()) {
        Some(found) if !expected.is_empty() && found != expected => Err(BundleError::OtherHint {
            expected: Quoted::new(expected),
            found: Quoted::new(found),
        }),
        _ => Ok(()),
    }
}

fn one_of(first: &'static str, second: &'static str) -> BundleError {
    BundleError::OneOf { first, second }
}

fn required<T>(member: &'static str, found: Option<T>) -> Result<T, BundleError> {
    found.ok_or(BundleError::Missing { member })
}

/// Takes a list within its limit; protobuf's JSON leaves an empty one out.
fn list<T, const LIMIT: usize>(member: &'static str, found: Option<Bounded<T, LIMIT>>) -> Result<Vec<T>, BundleError> {
    match found {
        None => Ok(Vec::new()),
        Some(members) => members.within_limit().map_err(|found| BundleError::TooMany {
            member,
            limit: LIMIT,
            found,
        }),
    }
}

fn bytes_of(member: &'static str, text: &str) -> Result<Vec<u8>, BundleError> {
    decode_bytes(text).map_err(|source| BundleError::Base64 {
        member,
        found: Quoted::new(text),
        source,
    })
}

fn filled_bytes_of(member: &'static str, text: &str) -> Result<Vec<u8>, BundleError> {
    let bytes = bytes_of(member, text)?;
    if bytes.is_empty() {
        return Err(BundleError::Missing { member });
    }
    Ok(bytes)
}

pub(super) fn write(bundle: &Bundle) -> Result<Vec<u8>, BundleError> {
    let Format::Bundle(version) = bundle.format else {
        return Err(BundleError::LegacyHasNoJson);
    };
    let mut wire = WireBundle {
        media_type: Some(media_type_of(version).into()),
        verification_material: Some(material_to_wire(bundle, version)?),
        dsse_envelope: None,
        message_signature: None,
    };
    match &bundle.content {
        Content::Envelope(envelope) => wire.dsse_envelope = Some(envelope.envelope().into()),
        Content::Message(message) => wire.message_signature = Some(message.into()),
        Content::SimpleSigning { .. } => return Err(BundleError::LegacyHasNoJson),
    }
    Ok(serde_json::to_vec(&wire).expect("texts and lists in structures have a JSON form"))
}

fn media_type_of(version: Version) -> &'static str {
    match version {
        Version::V01 => "application/vnd.dev.sigstore.bundle+json;version=0.1",
        Version::V02 => "application/vnd.dev.sigstore.bundle+json;version=0.2",
        Version::V03 => MEDIA_TYPE,
    }
}

fn material_to_wire(bundle: &Bundle, version: Version) -> Result<WireMaterial<'_>, BundleError> {
    let (public_key, certificate, certificate_chain) = match &bundle.key_material {
        KeyMaterial::PublicKey { hint } => {
            let hint = hint.as_deref().map(Cow::Borrowed);
            (Some(WirePublicKey { hint }), None, None)
        }
        KeyMaterial::Certificates(chain) => match chain.as_slice() {
            [leaf] if version >= Version::V03 => (None, Some(leaf.into()), None),
            chain => {
                let certificates = Some(chain.iter().map(WireCertificate::from).collect::<Vec<_>>().into());
                (None, None, Some(WireChain { certificates }))
            }
        },
        KeyMaterial::Key(_) | KeyMaterial::Undeclared(_) | KeyMaterial::Contradicted => {
            return Err(BundleError::LegacyHasNoJson);
        }
    };
    let stamps: Vec<WireTimestamp<'_>> = bundle.timestamps.iter().map(WireTimestamp::from).collect();
    let entries: Vec<WireEntry<'_>> = bundle.log_entries.iter().map(WireEntry::from).collect();
    Ok(WireMaterial {
        public_key,
        certificate_chain,
        certificate,
        tlog_entries: (!entries.is_empty()).then(|| entries.into()),
        timestamp_verification_data: (!stamps.is_empty()).then(|| WireTimestamps {
            timestamps: Some(stamps.into()),
        }),
    })
}

impl<'a> From<&'a MessageSignature> for WireMessage<'a> {
    fn from(message: &'a MessageSignature) -> Self {
        let digest = message.digest.as_ref();
        Self {
            message_digest: Some(WireDigest {
                algorithm: digest.map(|digest| digest.algorithm.as_str().into()),
                digest: digest.map(|digest| encode_bytes(&digest.bytes).into()),
            }),
            signature: encode_bytes(message.signature.as_bytes()).into(),
        }
    }
}

impl From<&Vec<u8>> for WireCertificate<'_> {
    fn from(der: &Vec<u8>) -> Self {
        Self {
            raw_bytes: encode_bytes(der).into(),
        }
    }
}

impl From<&TimestampToken> for WireTimestamp<'_> {
    fn from(token: &TimestampToken) -> Self {
        Self {
            signed_timestamp: encode_bytes(token.as_der()).into(),
        }
    }
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct WireBundle<'a> {
    #[serde(borrow)]
    media_type: Option<Cow<'a, str>>,
    #[serde(borrow)]
    verification_material: Option<WireMaterial<'a>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    dsse_envelope: Option<envelope::Wire<'a>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    message_signature: Option<WireMessage<'a>>,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct WireMaterial<'a> {
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    public_key: Option<WirePublicKey<'a>>,
    #[serde(rename = "x509CertificateChain", borrow, skip_serializing_if = "Option::is_none")]
    certificate_chain: Option<WireChain<'a>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    certificate: Option<WireCertificate<'a>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    tlog_entries: Option<Bounded<WireEntry<'a>, LOG_ENTRIES>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    timestamp_verification_data: Option<WireTimestamps<'a>>,
}

#[derive(Deserialize, Serialize)]
struct WirePublicKey<'a> {
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    hint: Option<Cow<'a, str>>,
}

#[derive(Deserialize, Serialize)]
struct WireChain<'a> {
    #[serde(borrow)]
    certificates: Option<Bounded<WireCertificate<'a>, CERTIFICATES>>,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct WireCertificate<'a> {
    #[serde(borrow)]
    raw_bytes: Cow<'a, str>,
}

#[derive(Deserialize, Serialize)]
struct WireTimestamps<'a> {
    #[serde(rename = "rfc3161Timestamps", borrow)]
    timestamps: Option<Bounded<WireTimestamp<'a>, TIMESTAMPS>>,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct WireTimestamp<'a> {
    #[serde(borrow)]
    signed_timestamp: Cow<'a, str>,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct WireMessage<'a> {
    #[serde(borrow)]
    message_digest: Option<WireDigest<'a>>,
    #[serde(borrow)]
    signature: Cow<'a, str>,
}

#[derive(Deserialize, Serialize)]
struct WireDigest<'a> {
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    algorithm: Option<Cow<'a, str>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    digest: Option<Cow<'a, str>>,
}
