//! `bundle create`: a bundle from a signature that was made without one.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use clap::Args;
use countersign_core::envelope::Envelope;
use countersign_core::key::{MessageError, PublicKey, SignatureDigest};
use countersign_core::message::{Bytes, Needs};
use countersign_core::verify::Rejection;
use countersign_core::{Bundle, Signature};
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::args::blob::BlobSource;
use crate::args::key::KeyArgs;
use crate::args::out::OutArgs;
use crate::args::registry::plain_client;
use crate::args::unserved::{Certified, Unserved};
use crate::args::usage::UsageError;
use crate::commands::{Fallback, Subcommand};
use crate::failure::Failure;
use crate::file;
use crate::session::Session;

/// Makes a bundle
#[derive(Args)]
pub(crate) struct Create {
    /// The file that is signed; - is standard input
    #[arg(long, value_name = "FILE")]
    artifact: Option<String>,

    /// The file with the signature, base64
    #[arg(long, value_name = "FILE", conflicts_with = "bundle")]
    signature: Option<String>,

    /// The bundle file of cosign 2
    #[arg(long, value_name = "FILE")]
    bundle: Option<String>,

    /// The file with a signed envelope (DSSE)
    #[arg(long, value_name = "FILE", conflicts_with_all = ["signature", "bundle"])]
    attestation: Option<String>,

    #[command(flatten)]
    key: KeyArgs,

    /// Makes a bundle without a log entry; no log is reached yet, so it must be given
    #[arg(long)]
    ignore_tlog: bool,

    #[command(flatten)]
    out: OutArgs,

    #[command(flatten)]
    unserved: Unserved<Certified>,
}

/// What was signed elsewhere.
enum Signed {
    Message(Signature),
    Envelope(Envelope),
}

impl Subcommand for Create {
    const NAME: &'static str = "bundle create";
    const ABOUT: &'static str = "Makes a bundle from a signature that was made without one";
    const FALLBACK: Fallback = Fallback::None;

    fn run(self, session: &Session<'_>) -> Result<(), Failure> {
        self.unserved.refuse()?;
        let Some(artifact) = &self.artifact else {
            return Err(UsageError::because("must supply --artifact").into());
        };
        if !self.ignore_tlog {
            return Err(UsageError::because(
                "looking for the log entry of a signature is not possible yet: pass --ignore-tlog for a bundle without one",
            )
            .into());
        }
        let Some(reference) = self.key.reference(session)? else {
            return Err(UsageError::because("a key is needed: pass --key with a file, env://NAME or https://…").into());
        };
        let http = plain_client(session);
        let key = session.wait(async { Ok(reference.public_key(&session.variables(), &http).await?) })?;
        let signed = self.signed(&key, session)?;
        let json = assemble(signed, artifact, &key, session)?;
        self.out.write(&json, session).map(drop)
    }
}

impl Create {
    fn signed(&self, key: &PublicKey, session: &Session<'_>) -> Result<Signed, Failure> {
        match (&self.signature, &self.bundle, &self.attestation) {
            (Some(path), ..) => {
                let bytes = file::read(session.directory(), path, LIMIT)?;
                let signature =
                    Signature::from_base64(&String::from_utf8_lossy(&bytes)).map_err(|source| Failure::Signature {
                        path: path.clone(),
                        source,
                    })?;
                Ok(Signed::Message(signature))
            }
            (None, Some(path), _) => legacy(path, key, session),
            (None, None, Some(path)) => {
                let bytes = file::read(session.directory(), path, LIMIT)?;
                envelope(path, &bytes)
            }
            (None, None, None) => {
                let reason = "must at least supply signature via --bundle, --signature or --attestation";
                Err(UsageError::because(reason).into())
            }
        }
    }
}

fn envelope(path: &str, bytes: &[u8]) -> Result<Signed, Failure> {
    let envelope = Envelope::parse(bytes).map_err(|source| Failure::Envelope {
        path: path.to_owned(),
        source,
    })?;
    Ok(Signed::Envelope(envelope))
}

/// What cosign 2 writes beside a file: a signature or an envelope, and maybe what verifies it.
fn legacy(path: &str, key: &PublicKey, session: &Session<'_>) -> Result<Signed, Failure> {
    #[derive(Deserialize)]
    struct Legacy {
        #[serde(rename = "base64Signature")]
        signature: String,
        #[serde(rename = "cert")]
        certificate: Option<String>,
        #[serde(rename = "rekorBundle")]
        entry: Option<IgnoredAny>,
    }
    let wrong = |reason: String| -> Failure { UsageError::because(format!("{path}: {reason}")).into() };
    let bytes = file::read(session.directory(), path, LIMIT)?;
    let legacy: Legacy = serde_json::from_slice(&bytes)
        .map_err(|error| wrong(format!("expected the bundle file of cosign 2: {error}")))?;
    if legacy.entry.is_some() {
        return Err(wrong(
            "cannot ignore transparency log when the provided bundle contains a Signed Entry Timestamp; \
             the log's proof, which a bundle must have, cannot be fetched yet"
                .to_owned(),
        ));
    }
    if let Some(text) = legacy.certificate.filter(|text| !text.trim().is_empty()) {
        check_key(&text, key).map_err(wrong)?;
    }
    let signature = Signature::from_base64(&legacy.signature).map_err(|source| Failure::Signature {
        path: path.to_owned(),
        source,
    })?;
    match signature.as_bytes().first() {
        // No signature begins like JSON: ASN.1 has a sequence there, RSA and Ed25519 have random bytes.
        Some(b'{') if Envelope::parse(signature.as_bytes()).is_ok() => envelope(path, signature.as_bytes()),
        _ => Ok(Signed::Message(signature)),
    }
}

/// A key in the file is only a hint, and nobody vouches for it: it must be the one that was given.
fn check_key(text: &str, key: &PublicKey) -> Result<(), String> {
    let pem = STANDARD
        .decode(text.trim())
        .unwrap_or_else(|_| text.as_bytes().to_vec());
    if pem.starts_with(b"-----BEGIN CERTIFICATE") {
        return Err("it holds a certificate: this version makes bundles of keys only".to_owned());
    }
    match PublicKey::from_pem(&pem) {
        Ok(found) if found.hint() == key.hint() => Ok(()),
        Ok(found) => Err(format!("it names the key {}, --key is {}", found.hint(), key.hint())),
        Err(error) => Err(format!("cert is neither a certificate nor a key: {error}")),
    }
}

/// Joins all, once the signature is verified: a bundle that we would refuse is not written.
fn assemble(signed: Signed, artifact: &str, key: &PublicKey, session: &Session<'_>) -> Result<Vec<u8>, Failure> {
    let needs = match signed {
        Signed::Envelope(_) => Needs::new(&[], Bytes::Dropped),
        Signed::Message(_) => key.needs(None),
    };
    let message = BlobSource::new(artifact, session).read(&needs, session)?;
    let (path, bundle) = match signed {
        Signed::Envelope(envelope) => {
            let pae = envelope.pae();
            let mut signatures = envelope.signatures().iter();
            if !signatures.any(|signature| key.verify(&pae, signature.signature(), None).is_ok()) {
                return Err(Failure::NotByKey { key: key.hint() });
            }
            ("the envelope", Bundle::assemble(envelope, key))
        }
        Signed::Message(signature) => {
            key.verify_message(&message, &signature, None)
                .map_err(|error| match error {
                    MessageError::Unknown(unknown) => Failure::Rejected {
                        blob: artifact.to_owned(),
                        source: Rejection::MessageUnknown(unknown),
                    },
                    _ => Failure::NotByKey { key: key.hint() },
                })?;
            let bundle = Bundle::of_message(&message, SignatureDigest::Sha256, signature, key);
            ("the signature", bundle)
        }
    };
    let json = bundle.and_then(|bundle| bundle.to_json());
    json.map_err(|source| Failure::Bundle {
        path: path.to_owned(),
        source,
    })
}

/// The most bytes of a signature or envelope.
const LIMIT: u64 = countersign_core::bundle::LIMIT as u64;
