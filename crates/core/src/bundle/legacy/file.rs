//! The bundle file of cosign 2, which `sign-blob` writes beside a file.

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use super::written::WrittenEntry;
use super::{WireEntry, bytes_of, certificates_of, entry};
use crate::bundle::{Bundle, BundleError, Content, Format, KeyMaterial, LIMIT, MessageSignature, SignedEnvelope};
use crate::envelope::Envelope;
use crate::go_json::encode_bytes;
use crate::key::{PublicKey, Signature, pem};

impl Bundle {
    /// Parses what lies beside a file that is signed: a Sigstore bundle, or the bundle file of cosign 2.
    pub fn from_file(bytes: &[u8]) -> Result<Self, BundleError> {
        check_size(bytes)?;
        let members: Members = parse(bytes)?;
        match (members.media_type, members.signature) {
            (Some(_), Some(_)) => Err(BundleError::OneOf {
                first: "mediaType",
                second: SIGNATURE,
            }),
            (None, Some(_)) => Self::from_legacy_file(bytes),
            (_, None) => Self::from_json(bytes),
        }
    }

    /// Parses the bundle file of cosign 2: a signature over a message, and what verifies it if that is there.
    pub fn from_legacy_file(bytes: &[u8]) -> Result<Self, BundleError> {
        check_size(bytes)?;
        let wire: WireFile = parse(bytes)?;
        let signature = bytes_of(SIGNATURE, &wire.signature)?;
        if signature.is_empty() {
            return Err(BundleError::Missing { member: SIGNATURE });
        }
        let entry = wire.entry.map(|wire| entry(LOG_ENTRY, wire)).transpose()?;
        Ok(Self {
            format: Format::LegacyFile,
            content: Content::Message(MessageSignature::bare(Signature::new(signature))),
            key_material: key_material_of(wire.certificate.as_deref().unwrap_or_default())?,
            log_entries: entry.into_iter().collect(),
            timestamps: Vec::new(),
            certificate_timestamp: None,
        })
    }
}

impl Bundle {
    /// Parses an attestation that lies beside a file: a Sigstore bundle, the bundle file of cosign 2, or an envelope by
    /// itself.
    pub fn attestation_from_file(bytes: &[u8]) -> Result<Self, BundleError> {
        check_size(bytes)?;
        let members: Members = parse(bytes)?;
        match (members.media_type, members.signature, members.payload) {
            (Some(_), None, _) => Self::from_json(bytes),
            (Some(_), Some(_), _) => Err(BundleError::OneOf {
                first: "mediaType",
                second: SIGNATURE,
            }),
            (None, Some(_), _) => Self::from_legacy_attestation_file(bytes),
            (None, None, Some(_)) => Ok(Self {
                // as it was uploaded to a log, but for a line's end after it
                content: Content::Envelope(SignedEnvelope::parse(bytes.trim_ascii())?),
                ..Self::legacy_attestation(Envelope::parse(bytes)?)?
            }),
            (None, None, None) => Self::from_json(bytes),
        }
    }

    /// The signature in the file is the whole envelope, JSON in base64.
    fn from_legacy_attestation_file(bytes: &[u8]) -> Result<Self, BundleError> {
        let file = Self::from_legacy_file(bytes)?;
        let Content::Message(message) = file.content else {
            return Err(BundleError::Missing { member: SIGNATURE });
        };
        Ok(Self {
            format: file.format,
            content: Content::Envelope(SignedEnvelope::parse(message.signature().as_bytes())?),
            key_material: file.key_material,
            log_entries: file.log_entries,
            timestamps: file.timestamps,
            certificate_timestamp: None,
        })
    }
}

/// Writes the bundle file of cosign 2 for an attestation by a key that the verifier has.
pub fn attestation_to_file(envelope: &Envelope) -> Vec<u8> {
    to_file(&Signature::new(envelope.to_json()))
}

/// Writes the bundle file of cosign 2 for a signature by a key that the verifier has.
pub fn to_file(signature: &Signature) -> Vec<u8> {
    written(&WrittenFile {
        signature: signature.to_base64(),
        certificate: None,
        entry: None,
    })
}

/// Writes the bundle file of cosign 2 with the certificate of the key that signed, if there is one, and the log entry of
/// `bundle`; its timestamps have no place in there.
///
/// # Errors
///
/// [`BundleError::Missing`] when a log entry has no promise, which is what the file holds of it.
pub fn bundle_to_file(bundle: &Bundle) -> Result<Vec<u8>, BundleError> {
    let certificate = bundle.certificates().first();
    let signature = match bundle.content() {
        Content::Envelope(signed) => encode_bytes(&signed.envelope().to_json()),
        content => content.signature().to_base64(),
    };
    let certificate = certificate.map(|der| encode_bytes(pem::encode("CERTIFICATE", der).as_bytes()));
    Ok(written(&WrittenFile {
        signature,
        certificate,
        entry: bundle.log_entries().first().map(WrittenEntry::of).transpose()?,
    }))
}

fn written(wire: &WrittenFile) -> Vec<u8> {
    serde_json::to_vec(wire).expect("texts in structures have a JSON form")
}

fn check_size(bytes: &[u8]) -> Result<(), BundleError> {
    if bytes.len() > LIMIT {
        return Err(BundleError::TooLong {
            member: "bundle",
            limit: LIMIT,
            found: bytes.len(),
        });
    }
    Ok(())
}

fn parse<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, BundleError> {
    serde_json::from_slice(bytes).map_err(|source| BundleError::Json {
        member: "bundle",
        source,
    })
}

/// Reads `cert`: a PEM certificate or, where a key signed and was logged, the PEM of that key; mostly in base64.
fn key_material_of(text: &str) -> Result<KeyMaterial, BundleError> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(KeyMaterial::Undeclared(Vec::new()));
    }
    let decoded;
    let pem = if text.starts_with("-----BEGIN") {
        text
    } else {
        decoded = String::from_utf8_lossy(&bytes_of(CERTIFICATE, text)?).into_owned();
        &decoded
    };
    if pem.contains("-----BEGIN CERTIFICATE-----") {
        return certificates_of(CERTIFICATE, pem).map(KeyMaterial::Undeclared);
    }
    PublicKey::from_pem(pem.as_bytes())
        .map(KeyMaterial::Key)
        .map_err(|source| BundleError::Key {
            member: CERTIFICATE,
            source,
        })
}

/// Which members a file has.
#[derive(Deserialize)]
struct Members {
    #[serde(rename = "mediaType")]
    media_type: Option<IgnoredAny>,
    #[serde(rename = "base64Signature")]
    signature: Option<IgnoredAny>,
    payload: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct WireFile {
    #[serde(rename = "base64Signature")]
    signature: String,
    #[serde(rename = "cert")]
    certificate: Option<String>,
    #[serde(rename = "rekorBundle")]
    entry: Option<WireEntry>,
}

#[derive(Serialize)]
struct WrittenFile {
    #[serde(rename = "base64Signature")]
    signature: String,
    #[serde(rename = "cert", skip_serializing_if = "Option::is_none")]
    certificate: Option<String>,
    #[serde(rename = "rekorBundle", skip_serializing_if = "Option::is_none")]
    entry: Option<WrittenEntry>,
}

const SIGNATURE: &str = "base64Signature";
const CERTIFICATE: &str = "cert";
const LOG_ENTRY: &str = "rekorBundle";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::go_json::encode_bytes;
    use crate::key::{KeyAlgorithm, PrivateKey};

    const ENTRY: &str = r#"{"SignedEntryTimestamp":"AAEC","Payload":{"body":"eyJhcGlWZXJzaW9uIjoiMC4wLjEiLCJraW5kIjoiaGFzaGVkcmVrb3JkIn0=","integratedTime":5,"logIndex":7,"logID":"0000000000000000000000000000000000000000000000000000000000000000"}}"#;

    fn refused(text: &str) -> BundleError {
        Bundle::from_file(text.as_bytes()).unwrap_err()
    }

    #[test]
    fn a_signature_comes_with_its_key_or_certificates_and_its_log_entry() {
        let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
        let pem = key.public_key().to_pem();
        let certificate = "-----BEGIN CERTIFICATE-----\nAAEC\n-----END CERTIFICATE-----\n";
        let quoted = |text: &str| text.replace('\n', "\\n");
        for (text, expected) in [
            (quoted(&pem), KeyMaterial::Key(key.public_key().clone())),
            (encode_bytes(pem.as_bytes()), KeyMaterial::Key(key.public_key().clone())),
            (quoted(certificate), KeyMaterial::Undeclared(vec![vec![0, 1, 2]])),
            (
                encode_bytes(certificate.as_bytes()),
                KeyMaterial::Undeclared(vec![vec![0, 1, 2]]),
            ),
            (quoted(" \n"), KeyMaterial::Undeclared(Vec::new())),
        ] {
            let json = format!(r#"{{"base64Signature":"AAEC","cert":"{text}","rekorBundle":{ENTRY}}}"#);
            let bundle = Bundle::from_file(json.as_bytes()).unwrap();
            assert_eq!(bundle.format(), Format::LegacyFile);
            let Content::Message(message) = bundle.content() else {
                panic!("{bundle:?}")
            };
            assert_eq!(
                (message.signature().as_bytes(), message.digest()),
                (&[0, 1, 2][..], None)
            );
            assert_eq!(*bundle.key_material(), expected, "{text}");
            assert_eq!(bundle.log_entries().first().unwrap().log_index(), 7);
            assert!(matches!(bundle.to_json(), Err(BundleError::LegacyHasNoJson)));
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let signature = Signature::new(vec![0, 1, 2]);
        let written = to_file(&signature);
        assert_eq!(written, br#"{"base64Signature":"AAEC"}"#);
        let bundle = Bundle::from_legacy_file(&written).unwrap();
        assert_eq!(*bundle.key_material(), KeyMaterial::Undeclared(Vec::new()));
        assert!(bundle.log_entries().is_empty());
    }

    #[test]
    fn files_that_are_none_are_refused_with_their_reason() {
        let json = |error| matches!(error, BundleError::Json { member: "bundle", .. });
        assert!(json(refused("")) && json(refused("[]x")) && json(refused(r#"{"base64Signature":5}"#)));
        assert!(matches!(refused("{}"), BundleError::Missing { member: "mediaType" }));
        assert!(matches!(
            refused(r#"{"mediaType":"x","base64Signature":"AAEC"}"#),
            BundleError::OneOf {
                first: "mediaType",
                second: "base64Signature"
            }
        ));
        assert!(matches!(
            refused(r#"{"base64Signature":""}"#),
            BundleError::Missing {
                member: "base64Signature"
            }
        ));
        assert!(matches!(
            refused(r#"{"base64Signature":"%"}"#),
            BundleError::Base64 {
                member: "base64Signature",
                ..
            }
        ));
        let long = format!(r#"{{"base64Signature":"{}"}}"#, "A".repeat(LIMIT));
        let by_name = Bundle::from_legacy_file(long.as_bytes()).unwrap_err();
        for error in [refused(&long), by_name] {
            assert!(matches!(error, BundleError::TooLong { member: "bundle", .. }));
        }
    }

    #[test]
    fn keys_and_log_entries_that_are_none_are_refused_with_their_reason() {
        assert!(matches!(
            refused(r#"{"base64Signature":"AAEC","cert":"%"}"#),
            BundleError::Base64 { member: "cert", .. }
        ));
        assert!(matches!(
            refused(r#"{"base64Signature":"AAEC","cert":"AAEC"}"#),
            BundleError::Key { member: "cert", .. }
        ));
        assert!(matches!(
            refused(
                r#"{"base64Signature":"AAEC","rekorBundle":{"SignedEntryTimestamp":"","Payload":{"body":"e30=","integratedTime":1,"logIndex":1,"logID":""}}}"#
            ),
            BundleError::Json {
                member: "body of the log entry",
                ..
            }
        ));
    }

    #[test]
    fn an_attestation_is_read_in_every_form() {
        let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
        let envelope = Envelope::seal("text/plain", b"claim".to_vec(), &key).unwrap();
        let bundle = Bundle::assemble(envelope.clone(), key.public_key()).unwrap();
        let forms = [
            (bundle.to_json().unwrap(), bundle.format()),
            (attestation_to_file(&envelope), Format::LegacyFile),
            (envelope.to_json(), Format::LegacyLayer),
        ];
        for (bytes, format) in forms {
            let read = Bundle::attestation_from_file(&bytes).unwrap();
            assert_eq!(read.format(), format);
            assert!(matches!(read.content(), Content::Envelope(signed) if *signed.envelope() == envelope));
        }
    }

    #[test]
    fn what_is_no_attestation_is_refused_with_its_reason() {
        let refused = |text: &str| Bundle::attestation_from_file(text.as_bytes()).unwrap_err();
        assert!(matches!(refused("{}"), BundleError::Missing { member: "mediaType" }));
        assert!(matches!(
            refused(r#"{"mediaType":"x","base64Signature":"AAEC"}"#),
            BundleError::OneOf {
                first: "mediaType",
                second: "base64Signature"
            }
        ));
        assert!(matches!(
            refused(r#"{"base64Signature":"AAEC"}"#),
            BundleError::Envelope(_)
        ));
        assert!(matches!(refused(r#"{"payload":""}"#), BundleError::Envelope(_)));
        let long = "x".repeat(LIMIT + 1);
        assert!(matches!(refused(&long), BundleError::TooLong { member: "bundle", .. }));
    }
}
