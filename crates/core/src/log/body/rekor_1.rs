//! The bodies of Rekor 1 (rekor, `pkg/types`).

use std::borrow::Cow;

use serde::Deserialize;

use super::{BodyError, EntryBody, Subject, base64, json};
use crate::bounded::Bounded;
use crate::key::{PemError, SignatureDigest, pem};
use crate::quoted::Quoted;

/// Reads a hash of something, a signature and its verifier.
pub(super) fn hashedrekord(spec: &[u8]) -> Result<EntryBody, BodyError> {
    let spec: HashedRekord<'_> = json("hashedrekord 0.0.1", spec)?;
    body(
        Subject::Bytes,
        &spec.data.hash,
        Some(base64("signature.content", &spec.signature.content)?),
        &spec.signature.public_key.content,
    )
}

/// Reads the hash of an envelope's payload, the envelope's signature and its verifier.
pub(super) fn dsse(spec: &[u8]) -> Result<EntryBody, BodyError> {
    let spec: Dsse<'_> = json("dsse 0.0.1", spec)?;
    let signature = one(spec.signatures)?;
    body(
        Subject::Payload,
        &spec.payload_hash,
        Some(base64("signatures.signature", &signature.signature)?),
        &signature.verifier,
    )
}

/// Reads the hash of an envelope's JSON, and the verifier of the signature in there.
pub(super) fn intoto_1(spec: &[u8]) -> Result<EntryBody, BodyError> {
    let spec: Intoto1<'_> = json("intoto 0.0.1", spec)?;
    body(Subject::Envelope, &spec.content.hash, None, &spec.public_key)
}

/// Reads the hash of an envelope's payload, the envelope's signature, in base64 twice, and its verifier.
pub(super) fn intoto_2(spec: &[u8]) -> Result<EntryBody, BodyError> {
    let spec: Intoto2<'_> = json("intoto 0.0.2", spec)?;
    let envelope = spec.content.envelope;
    let signature = one(envelope.signatures)?;
    let inner = base64("signatures.sig", &signature.sig)?;
    let body = body(
        Subject::Payload,
        &spec.content.payload_hash,
        Some(base64("signatures.sig", &String::from_utf8_lossy(&inner))?),
        &signature.public_key,
    )?;
    Ok(EntryBody {
        payload_type: Some(envelope.payload_type.into_owned()),
        ..body
    })
}

fn body(
    subject: Subject,
    hash: &WireHash<'_>,
    signature: Option<Vec<u8>>,
    verifier: &str,
) -> Result<EntryBody, BodyError> {
    let algorithm: SignatureDigest = hash.algorithm.parse().map_err(|_| BodyError::UnknownHash {
        found: Quoted::new(&hash.algorithm),
    })?;
    Ok(EntryBody {
        subject,
        algorithm,
        hash: hex::decode(&*hash.value).map_err(|_| BodyError::Hexadecimal {
            found: Quoted::new(&hash.value),
        })?,
        signature,
        verifier: der_of(base64("verifier", verifier)?)?,
        details: None,
        payload_type: None,
    })
}

/// Returns the first block of PEM, which is the leaf where issuers follow; what is no PEM is DER.
fn der_of(verifier: Vec<u8>) -> Result<Vec<u8>, BodyError> {
    match pem::parse(&verifier) {
        Ok(document) => {
            let first = document.blocks.into_iter().next();
            first.map(|block| block.contents.to_vec()).ok_or(BodyError::Pem {
                source: PemError::NotPem,
            })
        }
        Err(PemError::NotPem) => Ok(verifier),
        Err(source) => Err(BodyError::Pem { source }),
    }
}

/// Takes the one signature of an entry: of several, any could be the one that is judged.
fn one<T>(signatures: Bounded<T, 1>) -> Result<T, BodyError> {
    let count = |found| BodyError::SignatureCount { found };
    let signatures = signatures.within_limit().map_err(count)?;
    signatures.into_iter().next().ok_or(count(0))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct HashedRekord<'a> {
    #[serde(borrow)]
    data: WireData<'a>,
    #[serde(borrow)]
    signature: WireSignature<'a>,
}

#[derive(Deserialize)]
struct WireData<'a> {
    #[serde(borrow)]
    hash: WireHash<'a>,
}

#[derive(Deserialize)]
struct WireHash<'a> {
    #[serde(borrow)]
    algorithm: Cow<'a, str>,
    #[serde(borrow)]
    value: Cow<'a, str>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireSignature<'a> {
    #[serde(borrow)]
    content: Cow<'a, str>,
    #[serde(borrow)]
    public_key: WirePublicKey<'a>,
}

#[derive(Deserialize)]
struct WirePublicKey<'a> {
    #[serde(borrow)]
    content: Cow<'a, str>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Dsse<'a> {
    #[serde(borrow)]
    payload_hash: WireHash<'a>,
    #[serde(borrow)]
    signatures: Bounded<DsseSignature<'a>, 1>,
}

#[derive(Deserialize)]
struct DsseSignature<'a> {
    #[serde(borrow)]
    signature: Cow<'a, str>,
    #[serde(borrow)]
    verifier: Cow<'a, str>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Intoto1<'a> {
    #[serde(borrow)]
    content: WireData<'a>,
    #[serde(borrow)]
    public_key: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Intoto2<'a> {
    #[serde(borrow)]
    content: Intoto2Content<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Intoto2Content<'a> {
    #[serde(borrow)]
    envelope: Intoto2Envelope<'a>,
    #[serde(borrow)]
    payload_hash: WireHash<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Intoto2Envelope<'a> {
    #[serde(borrow)]
    payload_type: Cow<'a, str>,
    #[serde(borrow)]
    signatures: Bounded<Intoto2Signature<'a>, 1>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Intoto2Signature<'a> {
    #[serde(borrow)]
    sig: Cow<'a, str>,
    #[serde(borrow)]
    public_key: Cow<'a, str>,
}
