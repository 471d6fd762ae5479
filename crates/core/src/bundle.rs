//! Bundles: all evidence for one signature, whatever form it came in.

mod error;
mod evidence;
mod json;
pub mod legacy;
mod upgrade;

use crate::certificate::sct::SignedCertificateTimestamp;
use crate::digest::Digest;
use crate::envelope::Envelope;
use crate::key::{PublicKey, Signature, SignatureDigest};
use crate::log::LogEntry;
use crate::message::Message;
use crate::timestamp::TimestampToken;

pub use error::BundleError;
pub use evidence::Beside;
pub(crate) use json::log_entry as log_entry_from_json;
pub use upgrade::UpgradeError;

/// The longest bundle that is read, in bytes: the longest statement in base64, with room.
pub const LIMIT: usize = 48 * 1024 * 1024;

/// The most log entries that are read from a bundle.
pub const LOG_ENTRIES: usize = 32;

/// The most timestamps that are read from a bundle.
pub const TIMESTAMPS: usize = 32;

/// The most certificates that are read from a bundle.
pub const CERTIFICATES: usize = 32;

/// The media type of the bundles that are written.
pub const MEDIA_TYPE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";

/// A signature with all that came with it; *untrusted*.
///
/// Old formats parse into it, so that there is one verification path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bundle {
    format: Format,
    content: Content,
    key_material: KeyMaterial,
    log_entries: Vec<LogEntry>,
    timestamps: Vec<TimestampToken>,
    certificate_timestamp: Option<SignedCertificateTimestamp>,
}

/// The form in which a bundle came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// A Sigstore bundle of this version.
    Bundle(Version),
    /// A bundle file of cosign 2, beside the file that it is about.
    LegacyFile,
    /// A layer of a `.sig` or `.att` manifest.
    LegacyLayer,
    /// A signature by itself.
    Signature,
}

/// A version of the Sigstore bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Version {
    /// Version 0.1: log entries have a promise.
    V01,
    /// Version 0.2: log entries have a proof.
    V02,
    /// Version 0.3: as 0.2, and certificates come without their chain.
    V03,
}

/// What is signed, and the signature.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Content {
    /// A payload in an envelope.
    Envelope(SignedEnvelope),
    /// A signature over bytes that are not here.
    Message(MessageSignature),
    /// A simple-signing payload and the signature over its bytes.
    SimpleSigning {
        /// The payload, byte for byte as signed.
        payload: Vec<u8>,
        /// The signature over it.
        signature: Signature,
    },
}

impl Content {
    /// Returns the signature.
    pub fn signature(&self) -> &Signature {
        match self {
            Self::Envelope(envelope) => envelope.signature(),
            Self::Message(message) => message.signature(),
            Self::SimpleSigning { signature, .. } => signature,
        }
    }
}

/// An envelope with exactly one signature.
///
/// With more, one could be by a trusted key and another be what a log has witnessed (protobuf-specs, `sigstore_bundle.proto`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedEnvelope {
    envelope: Envelope,
    signature: Signature,
    json_digest: Option<Digest>,
}

impl SignedEnvelope {
    /// Parses the JSON of an envelope as it was stored, whose digest a log may have.
    fn parse(json: &[u8]) -> Result<Self, BundleError> {
        Ok(Self {
            json_digest: Some(Digest::sha256(json)),
            ..Self::new(Envelope::parse(json)?)?
        })
    }

    fn new(envelope: Envelope) -> Result<Self, BundleError> {
        let [one] = envelope.signatures() else {
            return Err(BundleError::SignatureCount {
                found: envelope.signatures().len(),
            });
        };
        let signature = one.signature().clone();
        Ok(Self {
            envelope,
            signature,
            json_digest: None,
        })
    }

    /// Returns the envelope.
    pub fn envelope(&self) -> &Envelope {
        &self.envelope
    }

    /// Returns its one signature.
    pub fn signature(&self) -> &Signature {
        &self.signature
    }

    /// Returns the SHA-256 of the envelope's JSON, where that is stored by itself.
    pub fn json_digest(&self) -> Option<&Digest> {
        self.json_digest.as_ref()
    }
}

/// A signature over bytes that the verifier has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageSignature {
    digest: Option<MessageDigest>,
    signature: Signature,
}

impl MessageSignature {
    fn bare(signature: Signature) -> Self {
        Self {
            digest: None,
            signature,
        }
    }

    /// Returns the digest of the message, as the bundle claims it.
    pub fn digest(&self) -> Option<&MessageDigest> {
        self.digest.as_ref()
    }

    /// Returns the signature.
    pub fn signature(&self) -> &Signature {
        &self.signature
    }
}

/// The digest of a message, named as `sigstore_common.proto` names algorithms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageDigest {
    algorithm: String,
    bytes: Vec<u8>,
}

impl MessageDigest {
    fn new(algorithm: SignatureDigest, hash: &[u8]) -> Self {
        Self {
            algorithm: wire_name(algorithm).to_owned(),
            bytes: hash.to_vec(),
        }
    }

    /// Returns which digest the algorithm's name means, if it is one that signatures are made with.
    pub fn signature_digest(&self) -> Option<SignatureDigest> {
        digest_named(&self.algorithm)
    }

    /// Returns the algorithm's name, such as `SHA2_256`.
    pub fn algorithm(&self) -> &str {
        &self.algorithm
    }

    /// Returns the hash.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// The algorithm that a name in `sigstore_common.proto` means, if signatures are made with it.
pub(crate) fn digest_named(name: &str) -> Option<SignatureDigest> {
    [
        SignatureDigest::Sha256,
        SignatureDigest::Sha384,
        SignatureDigest::Sha512,
    ]
    .into_iter()
    .find(|digest| wire_name(*digest) == name)
}

/// The name of an algorithm in `sigstore_common.proto`.
pub(crate) fn wire_name(digest: SignatureDigest) -> &'static str {
    match digest {
        SignatureDigest::Sha256 => "SHA2_256",
        SignatureDigest::Sha384 => "SHA2_384",
        SignatureDigest::Sha512 => "SHA2_512",
    }
}

/// What a bundle says verifies its signature.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyMaterial {
    /// The key of a certificate; the DER of the leaf comes first, then its issuers if they are there.
    Certificates(Vec<Vec<u8>>),
    /// This key, for which nobody vouches.
    Key(PublicKey),
    /// A key that the verifier has.
    PublicKey {
        /// A hint of which key it is; nobody vouches for it.
        hint: Option<String>,
    },
    /// The format does not say: a key that the verifier has, or these certificates if there are any.
    Undeclared(Vec<Vec<u8>>),
    /// The certificate beside the bundle is of another key or signer than what the bundle brings.
    Contradicted,
}

impl Bundle {
    /// Parses a Sigstore bundle of version 0.1, 0.2 or 0.3.
    pub fn from_json(bytes: &[u8]) -> Result<Self, BundleError> {
        json::read(bytes)
    }

    /// Writes the bundle as cosign 3 does.
    ///
    /// # Errors
    ///
    /// [`BundleError::LegacyHasNoJson`] for evidence that did not come as a bundle, such as a layer of a `.sig` or `.att`
    /// manifest.
    pub fn to_json(&self) -> Result<Vec<u8>, BundleError> {
        json::write(self)
    }

    /// Joins a signed envelope and a hint of the key that signed it.
    ///
    /// # Errors
    ///
    /// [`BundleError::SignatureCount`] if the envelope has not exactly one signature.
    pub fn assemble(envelope: Envelope, key: &PublicKey) -> Result<Self, BundleError> {
        Ok(Self {
            format: Format::Bundle(Version::V03),
            content: Content::Envelope(SignedEnvelope::new(envelope)?),
            key_material: KeyMaterial::PublicKey { hint: Some(key.hint()) },
            log_entries: Vec::new(),
            timestamps: Vec::new(),
            certificate_timestamp: None,
        })
    }

    /// Takes a signed envelope as it stands in a layer of an `.att` manifest.
    ///
    /// # Errors
    ///
    /// [`BundleError::SignatureCount`] if the envelope has not exactly one signature.
    pub fn legacy_attestation(envelope: Envelope) -> Result<Self, BundleError> {
        Ok(Self {
            format: Format::LegacyLayer,
            content: Content::Envelope(SignedEnvelope::new(envelope)?),
            key_material: KeyMaterial::Undeclared(Vec::new()),
            log_entries: Vec::new(),
            timestamps: Vec::new(),
            certificate_timestamp: None,
        })
    }

    /// Joins the signature over a message, the message's digest and a hint of the key that signed it.
    ///
    /// # Errors
    ///
    /// [`BundleError::HashUnknown`] if the message was not hashed with `digest`.
    pub fn of_message(
        message: &Message,
        digest: SignatureDigest,
        signature: Signature,
        key: &PublicKey,
    ) -> Result<Self, BundleError> {
        let hash = message.hash(digest).ok_or(BundleError::HashUnknown { digest })?;
        Ok(Self {
            format: Format::Bundle(Version::V03),
            content: Content::Message(MessageSignature {
                digest: Some(MessageDigest::new(digest, hash)),
                signature,
            }),
            key_material: KeyMaterial::PublicKey { hint: Some(key.hint()) },
            log_entries: Vec::new(),
            timestamps: Vec::new(),
            certificate_timestamp: None,
        })
    }

    /// Takes a signature over a message, which came by itself.
    pub fn of_signature(signature: Signature) -> Self {
        Self {
            format: Format::Signature,
            content: Content::Message(MessageSignature::bare(signature)),
            key_material: KeyMaterial::Undeclared(Vec::new()),
            log_entries: Vec::new(),
            timestamps: Vec::new(),
            certificate_timestamp: None,
        }
    }

    /// Names the message that is signed, where the bundle does not.
    #[must_use]
    pub(crate) fn naming(mut self, message: &Message, digest: SignatureDigest) -> Self {
        if let Content::Message(signed) = &mut self.content
            && signed.digest.is_none()
        {
            signed.digest = message.hash(digest).map(|hash| MessageDigest::new(digest, hash));
        }
        self
    }

    /// Joins a simple-signing payload and the signature over it.
    pub fn legacy(payload: Vec<u8>, signature: Signature) -> Self {
        Self {
            format: Format::LegacyLayer,
            content: Content::SimpleSigning { payload, signature },
            key_material: KeyMaterial::Undeclared(Vec::new()),
            log_entries: Vec::new(),
            timestamps: Vec::new(),
            certificate_timestamp: None,
        }
    }

    /// Returns the form in which the bundle came.
    pub fn format(&self) -> Format {
        self.format
    }

    /// Returns what is signed, and the signature.
    pub fn content(&self) -> &Content {
        &self.content
    }

    /// Returns what the bundle says verifies its signature.
    pub fn key_material(&self) -> &KeyMaterial {
        &self.key_material
    }

    /// Returns the log entries.
    pub fn log_entries(&self) -> &[LogEntry] {
        &self.log_entries
    }

    /// Returns the signed timestamps.
    pub fn timestamps(&self) -> &[TimestampToken] {
        &self.timestamps
    }

    /// Returns the timestamp of the certificate that came beside it.
    pub fn certificate_timestamp(&self) -> Option<&SignedCertificateTimestamp> {
        self.certificate_timestamp.as_ref()
    }
}

#[cfg(test)]
mod tests;
