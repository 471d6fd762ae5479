//! Proposed entries, and the bodies that Rekor 1 makes of them (rekor, `pkg/types`).

mod error;
mod wire;

use aws_lc_rs::digest::{SHA256, digest};
use countersign_core::certificate::Certificate;
use countersign_core::envelope::Envelope;
use countersign_core::go_json::{decode_bytes, encode_bytes};
use countersign_core::key::{PublicKey, Signature, SignatureDigest};
use countersign_core::log::body::scheme_of_rekor_2;
use countersign_core::quoted::Quoted;

use self::wire::{Dsse, HashedRekord, Intoto1, Intoto2, Intoto2Content, Wire, WireHash, WireProposed};
use super::search;

pub(crate) use self::error::ProposalError;

/// The longest request that is read, in bytes: the limit of an attestation's statement, in base64.
pub(crate) const LIMIT: usize = 32 * 1024 * 1024;

/// An entry as it is logged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Proposed {
    /// The canonical body.
    pub(crate) body: Vec<u8>,
    /// By what the entry can be found beside what its body says: the digests that a statement is about.
    pub(crate) found_by: Vec<String>,
}

impl Proposed {
    /// Reads a proposal, and checks the signatures that it brings.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, ProposalError> {
        let wire: Wire<'_> = serde_json::from_slice(bytes)?;
        let spec = wire.spec.get();
        match (&*wire.kind, &*wire.api_version) {
            ("hashedrekord", "0.0.1") => hashedrekord(spec),
            ("dsse", "0.0.1") => dsse(spec),
            ("intoto", "0.0.1") => intoto_1(spec),
            ("intoto", "0.0.2") => intoto_2(spec),
            (kind, version) => Err(ProposalError::Kind {
                found: Quoted::new(&format!("{kind} {version}")),
            }),
        }
    }

    fn new(kind: &str, version: &str, spec: &str, found_by: Vec<String>) -> Self {
        Self {
            body: format!(r#"{{"apiVersion":"{version}","kind":"{kind}","spec":{spec}}}"#).into_bytes(),
            found_by,
        }
    }
}

/// What verifies a signature, and how the log spells it.
struct Verifier {
    key: PublicKey,
    pem: String,
}

impl Verifier {
    /// Reads a key or a certificate in PEM.
    fn parse(pem: &[u8]) -> Result<Self, ProposalError> {
        if pem.windows(CERTIFICATE.len()).any(|window| window == CERTIFICATE) {
            let certificate = Certificate::from_pem(pem)?;
            return Ok(Self {
                key: certificate.public_key().map_err(Clone::clone)?.clone(),
                pem: certificate.to_pem(),
            });
        }
        let key = PublicKey::from_pem(pem)?;
        Ok(Self { pem: key.to_pem(), key })
    }

    fn base64(&self) -> String {
        encode_bytes(self.pem.as_bytes())
    }
}

/// A hash, a signature over what was hashed, and its verifier.
fn hashedrekord(spec: &str) -> Result<Proposed, ProposalError> {
    let spec: HashedRekord<'_> = serde_json::from_str(spec)?;
    let WireHash { algorithm, value } = spec.data.hash;
    let digest: SignatureDigest = algorithm.parse().map_err(|_| ProposalError::UnknownDigest {
        found: Quoted::new(&algorithm),
    })?;
    let hash = hex::decode(&*value).map_err(|_| ProposalError::Hexadecimal {
        found: Quoted::new(&value),
    })?;
    if hash.len() != digest.length() {
        return Err(ProposalError::Length {
            digest,
            expected: digest.length(),
            found: hash.len(),
        });
    }
    let signature = Signature::new(base64("signature.content", &spec.signature.content)?);
    let verifier = Verifier::parse(&base64("publicKey.content", &spec.signature.public_key.content)?)?;
    let found = verifier.key.algorithm();
    // The log takes the same pairs of key and digest as Rekor 2.
    if scheme_of_rekor_2(found).is_none_or(|(_, signs)| signs != digest) {
        return Err(ProposalError::Algorithm { found, digest });
    }
    if !verifier.key.verifies_hash(digest, &hash, &signature) {
        return Err(ProposalError::Signature { algorithm: found });
    }
    let spec = format!(
        concat!(
            r#"{{"data":{{"hash":{{"algorithm":"{}","value":"{}"}}}},"#,
            r#""signature":{{"content":"{}","publicKey":{{"content":"{}"}}}}}}"#
        ),
        digest.name(),
        value,
        signature.to_base64(),
        verifier.base64(),
    );
    Ok(Proposed::new("hashedrekord", "0.0.1", &spec, Vec::new()))
}

/// An envelope, of which the log has the hashes and the signatures.
fn dsse(spec: &str) -> Result<Proposed, ProposalError> {
    let spec: Dsse<'_> = serde_json::from_str(spec)?;
    let WireProposed {
        envelope: json,
        verifiers,
    } = spec.proposed;
    if verifiers.len() > VERIFIERS {
        return Err(ProposalError::TooManyVerifiers {
            limit: VERIFIERS,
            found: verifiers.len(),
        });
    }
    let envelope = Envelope::parse(json.as_bytes())?;
    let verifiers = verifiers
        .iter()
        .map(|verifier| Verifier::parse(&base64("verifiers", verifier)?))
        .collect::<Result<Vec<_>, _>>()?;
    let mut signatures: Vec<_> = signed_by(&envelope, &verifiers)?
        .into_iter()
        .map(|(signature, verifier)| (signature.to_base64(), verifier.base64()))
        .collect();
    signatures.sort();
    signatures.dedup_by(|one, other| one.0 == other.0);
    let signatures: Vec<_> = signatures
        .iter()
        .map(|(signature, verifier)| format!(r#"{{"signature":"{signature}","verifier":"{verifier}"}}"#))
        .collect();
    let spec = format!(
        r#"{{"envelopeHash":{},"payloadHash":{},"signatures":[{}]}}"#,
        hash_of(json.as_bytes()),
        hash_of(envelope.payload()),
        signatures.join(","),
    );
    Ok(Proposed::new("dsse", "0.0.1", &spec, search::subjects(&envelope)))
}

/// An envelope, of which the log has the hash, and what verifies it.
fn intoto_1(spec: &str) -> Result<Proposed, ProposalError> {
    let spec: Intoto1<'_> = serde_json::from_str(spec)?;
    let verifier = Verifier::parse(&base64("publicKey", &spec.public_key)?)?;
    let json = spec.content.envelope;
    let envelope = Envelope::parse(json.as_bytes())?;
    let verifiers = [verifier];
    signed_by(&envelope, &verifiers)?;
    let spec = format!(
        r#"{{"content":{{"hash":{},"payloadHash":{}}},"publicKey":"{}"}}"#,
        hash_of(json.as_bytes()),
        hash_of(envelope.payload()),
        verifiers[0].base64(),
    );
    Ok(Proposed::new("intoto", "0.0.1", &spec, search::subjects(&envelope)))
}

/// An envelope in parts, whose signatures and payload are in base64 twice.
fn intoto_2(spec: &str) -> Result<Proposed, ProposalError> {
    let spec: Intoto2<'_> = serde_json::from_str(spec)?;
    let Intoto2Content { envelope: wire, hash } = spec.content;
    if &*hash.algorithm != "sha256" || hex::decode(&*hash.value).map_or(0, |hash| hash.len()) != 32 {
        return Err(ProposalError::Hexadecimal {
            found: Quoted::new(&format!("{}:{}", hash.algorithm, hash.value)),
        });
    }
    let twice = |member, text: &str| {
        let inner = base64(member, text)?;
        String::from_utf8(inner).map_err(|_| ProposalError::Missing { member })
    };
    let mut signatures = Vec::new();
    let mut verifiers = Vec::new();
    let mut logged = Vec::new();
    for signature in &wire.signatures {
        let sig = twice("signatures.sig", &signature.sig)?;
        let verifier = base64("signatures.publicKey", &signature.public_key)?;
        let key_id = match signature.keyid.as_deref() {
            None | Some("") => String::new(),
            Some(id) => format!(r#""keyid":{},"#, quoted(id)),
        };
        let (verifier, public_key) = (Verifier::parse(&verifier)?, encode_bytes(&verifier));
        logged.push(format!(
            r#"{{{key_id}"publicKey":"{public_key}","sig":"{}"}}"#,
            encode_bytes(sig.as_bytes())
        ));
        verifiers.push(verifier);
        signatures.push(serde_json::json!({ "sig": sig }));
        if verifiers.len() > VERIFIERS {
            let (limit, found) = (VERIFIERS, wire.signatures.len());
            return Err(ProposalError::TooManyVerifiers { limit, found });
        }
    }
    let payload = twice("payload", &wire.payload)?;
    let json = serde_json::json!({ "payload": payload, "payloadType": wire.payload_type, "signatures": signatures });
    let envelope = Envelope::parse(json.to_string().as_bytes())?;
    signed_by(&envelope, &verifiers)?;
    let spec = format!(
        r#"{{"content":{{"envelope":{{"payloadType":{},"signatures":[{}]}},"hash":{{"algorithm":"sha256","value":"{}"}},"payloadHash":{}}}}}"#,
        quoted(&wire.payload_type),
        logged.join(","),
        hash.value,
        hash_of(envelope.payload()),
    );
    Ok(Proposed::new("intoto", "0.0.2", &spec, search::subjects(&envelope)))
}

/// Finds who made each of an envelope's signatures; each of the verifiers must have made one.
fn signed_by<'a>(
    envelope: &'a Envelope,
    verifiers: &'a [Verifier],
) -> Result<Vec<(&'a Signature, &'a Verifier)>, ProposalError> {
    let signed = envelope.pae();
    let mut is_used = vec![false; verifiers.len()];
    let mut found = Vec::new();
    for signature in envelope.signatures() {
        let signature = signature.signature();
        let is_by = |verifier: &&Verifier| {
            let verified = verifier.key.verify(&signed, signature, Some(SignatureDigest::Sha256));
            verified.is_ok()
        };
        let by = verifiers
            .iter()
            .zip(&mut is_used)
            .filter(|(verifier, _)| is_by(verifier));
        let by: Vec<_> = by
            .map(|(verifier, is_used)| {
                *is_used = true;
                verifier
            })
            .collect();
        let verifier = by.first().ok_or(ProposalError::Unverified)?;
        found.push((signature, *verifier));
    }
    if is_used.contains(&false) {
        return Err(ProposalError::Unused);
    }
    Ok(found)
}

fn hash_of(bytes: &[u8]) -> String {
    let hash = hex::encode(digest(&SHA256, bytes));
    format!(r#"{{"algorithm":"sha256","value":"{hash}"}}"#)
}

/// A text as canonical JSON has it (RFC 8785 §3.2.2.2), which is how serde_json writes it.
fn quoted(text: &str) -> String {
    serde_json::to_string(text).expect("a text has a JSON form")
}

fn base64(member: &'static str, text: &str) -> Result<Vec<u8>, ProposalError> {
    let bytes = decode_bytes(text).map_err(|source| ProposalError::Base64 { member, source })?;
    if bytes.is_empty() {
        return Err(ProposalError::Missing { member });
    }
    Ok(bytes)
}

const CERTIFICATE: &[u8] = b"-----BEGIN CERTIFICATE-----";
/// The most verifiers that are tried, each on each signature.
const VERIFIERS: usize = 10;
