//! The body of Rekor 2, `hashedrekord` 0.0.2 (rekor-tiles, `entry.proto`).

use std::borrow::Cow;

use serde::Deserialize;

use super::{BodyError, EntryBody, Logged, Subject, Verifier, base64, json};
use crate::bundle::{digest_named, wire_name};
use crate::go_json::encode_bytes;
use crate::key::{Curve, PublicKey, PublicKeyAlgorithm, Signature, SignatureDigest};
use crate::quoted::Quoted;
use crate::trust::{Scheme, ServiceKey};

/// Reads a hash of something, a signature and its verifier.
pub(super) fn hashedrekord(spec: &[u8]) -> Result<EntryBody, BodyError> {
    let Spec { entry } = json("hashedrekord 0.0.2", spec)?;
    let verifier = entry.signature.verifier;
    let der = match (&verifier.certificate, &verifier.public_key) {
        (Some(one), None) | (None, Some(one)) => &one.raw_bytes,
        _ => return Err(BodyError::NoVerifier),
    };
    let algorithm = digest_named(&entry.data.algorithm).ok_or_else(|| BodyError::UnknownHash {
        found: Quoted::new(&entry.data.algorithm),
    })?;
    Ok(EntryBody {
        subject: Subject::Signed,
        algorithm,
        hash: base64("data.digest", &entry.data.digest)?,
        signature: Some(base64("signature.content", &entry.signature.content)?),
        verifier: base64("verifier", der)?,
        details: Some(verifier.key_details.into_owned()),
        payload_type: None,
    })
}

/// Checks that the key is of the kind that the entry says, and signs the hash that the entry has.
pub(super) fn check_details(details: &str, found: SignatureDigest, key: &PublicKey) -> Result<(), BodyError> {
    let signed = match ServiceKey::named(details, key.as_der())?.scheme() {
        Scheme::Ecdsa(digest) | Scheme::RsaPkcs1(digest) | Scheme::RsaPss(digest) => Some(digest),
        Scheme::Ed25519Prehashed => Some(SignatureDigest::Sha512),
        Scheme::Ed25519 => None,
    };
    if signed != Some(found) {
        return Err(BodyError::OtherHash {
            details: Quoted::new(details),
            found,
        });
    }
    Ok(())
}

/// Writes the body that Rekor 2 makes of something that is signed.
pub(super) fn body(logged: &Logged<'_>) -> Result<Vec<u8>, BodyError> {
    let key = logged.verifier.key().algorithm();
    let (_, algorithm) = scheme_of_rekor_2(key).ok_or(BodyError::NotLogged { found: key })?;
    body_of_rekor_2(&logged.hash(algorithm)?, logged.content.signature(), logged.verifier)
}

/// Writes the body that Rekor 2 makes of a signature over a hash (rekor-tiles, `hashedrekord` 0.0.2): canonical (RFC 8785),
/// for its members are in order and need no escapes.
///
/// # Errors
///
/// [`BodyError::NotLogged`] for a key of which it takes no signatures.
pub fn body_of_rekor_2(hash: &[u8], signature: &Signature, verifier: Verifier<'_>) -> Result<Vec<u8>, BodyError> {
    let key = verifier.key().algorithm();
    let (details, algorithm) = scheme_of_rekor_2(key).ok_or(BodyError::NotLogged { found: key })?;
    let member = match verifier {
        Verifier::Key(_) => "publicKey",
        Verifier::Certificate { .. } => "x509Certificate",
    };
    Ok(format!(
        concat!(
            r#"{{"apiVersion":"0.0.2","kind":"hashedrekord","spec":{{"hashedRekordV002":{{"#,
            r#""data":{{"algorithm":"{}","digest":"{}"}},"signature":{{"content":"{}","#,
            r#""verifier":{{"keyDetails":"{}","{}":{{"rawBytes":"{}"}}}}}}}}}}}}"#,
        ),
        wire_name(algorithm),
        encode_bytes(hash),
        signature.to_base64(),
        details,
        member,
        encode_bytes(verifier.as_der()),
    )
    .into_bytes())
}

/// Returns how Rekor 2 names a key (protobuf-specs, `PublicKeyDetails`), and which hash it signs; nothing for a key of which
/// it takes no signatures.
pub fn scheme_of_rekor_2(key: PublicKeyAlgorithm) -> Option<(&'static str, SignatureDigest)> {
    use SignatureDigest::{Sha256, Sha384, Sha512};
    Some(match key {
        PublicKeyAlgorithm::Ecdsa(Curve::P256) => ("PKIX_ECDSA_P256_SHA_256", Sha256),
        PublicKeyAlgorithm::Ecdsa(Curve::P384) => ("PKIX_ECDSA_P384_SHA_384", Sha384),
        PublicKeyAlgorithm::Ecdsa(Curve::P521) => ("PKIX_ECDSA_P521_SHA_512", Sha512),
        PublicKeyAlgorithm::Ed25519 => ("PKIX_ED25519_PH", Sha512),
        PublicKeyAlgorithm::Rsa { bits: 2048 } => ("PKIX_RSA_PKCS1V15_2048_SHA256", Sha256),
        PublicKeyAlgorithm::Rsa { bits: 3072 } => ("PKIX_RSA_PKCS1V15_3072_SHA256", Sha256),
        PublicKeyAlgorithm::Rsa { bits: 4096 } => ("PKIX_RSA_PKCS1V15_4096_SHA256", Sha256),
        PublicKeyAlgorithm::Rsa { .. } => return None,
    })
}

#[derive(Deserialize)]
struct Spec<'a> {
    #[serde(rename = "hashedRekordV002", borrow)]
    entry: Entry<'a>,
}

#[derive(Deserialize)]
struct Entry<'a> {
    #[serde(borrow)]
    data: Data<'a>,
    #[serde(borrow)]
    signature: WireSignature<'a>,
}

#[derive(Deserialize)]
struct Data<'a> {
    #[serde(borrow)]
    algorithm: Cow<'a, str>,
    #[serde(borrow)]
    digest: Cow<'a, str>,
}

#[derive(Deserialize)]
struct WireSignature<'a> {
    #[serde(borrow)]
    content: Cow<'a, str>,
    #[serde(borrow)]
    verifier: WireVerifier<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireVerifier<'a> {
    #[serde(borrow)]
    key_details: Cow<'a, str>,
    #[serde(rename = "x509Certificate", borrow)]
    certificate: Option<Raw<'a>>,
    #[serde(borrow)]
    public_key: Option<Raw<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Raw<'a> {
    #[serde(borrow)]
    raw_bytes: Cow<'a, str>,
}
