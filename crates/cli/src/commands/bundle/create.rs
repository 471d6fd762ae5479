//! `bundle create`: a bundle from a signature that was made without one.

use clap::Args;
use countersign::rekor;
use countersign_core::bundle::{self, Content, KeyMaterial, legacy};
use countersign_core::certificate::Certificate;
use countersign_core::envelope::Envelope;
use countersign_core::key::{MessageError, PublicKey, SignatureDigest};
use countersign_core::message::{Bytes, Needs};
use countersign_core::policy::{CertificateLogRule, Claim, LogRule, Policy, TrustedSigner};
use countersign_core::verify::{Rejection, search};
use countersign_core::{Artifact, Bundle, Digest, Signature};

use crate::args::blob::BlobSource;
use crate::args::given;
use crate::args::key::KeyArgs;
use crate::args::out::OutArgs;
use crate::args::registry::plain_client;
use crate::args::usage::UsageError;
use crate::commands::{Fallback, Subcommand};
use crate::diagnostic::chain;
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

    /// The signer's certificate, a file: PEM, that in base64 as sign-blob writes it, or DER
    #[arg(long, value_name = "FILE")]
    certificate: Option<String>,

    /// The timestamp of the signature (RFC 3161), a file
    #[arg(long, value_name = "FILE")]
    rfc3161_timestamp: Option<String>,

    /// Makes a bundle without a log entry
    #[arg(long)]
    ignore_tlog: bool,

    /// The transparency log, a Rekor 1, that is asked for the entry
    #[arg(long, value_name = "URL", default_value = "https://rekor.sigstore.dev")]
    rekor_url: String,

    #[command(flatten)]
    out: OutArgs,
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
        let Some(artifact) = &self.artifact else {
            return Err(UsageError::because("must supply --artifact").into());
        };
        let read = self.signed(session)?;
        let by = self.by(read.held, session)?;
        let mut bundle = assemble(read.signed, artifact, &by, session)?;
        if let Some(path) = given(&self.rfc3161_timestamp) {
            let bytes = file::read(session.directory(), path, LIMIT)?;
            let stamp = legacy::timestamp_from_file(&bytes).map_err(|source| Failure::Bundle {
                path: path.to_owned(),
                source,
            })?;
            bundle = bundle.with_timestamps([stamp]);
        }
        let bundle = match self.ignore_tlog {
            true => bundle,
            false => self.logged(bundle, &by, session)?,
        };
        let json = bundle.to_json().map_err(|source| Failure::Bundle {
            path: "the signature".to_owned(),
            source,
        })?;
        self.out.write(&json, session).map(drop)
    }
}

/// Whose signature it is.
struct By {
    key: PublicKey,
    certificate: Option<Certificate>,
}

impl By {
    fn certificate(certificate: Certificate) -> Result<Self, Failure> {
        match certificate.public_key() {
            Ok(key) => Ok(Self {
                key: key.clone(),
                certificate: Some(certificate),
            }),
            Err(error) => Err(UsageError::because(format!("the certificate's key cannot verify: {error}")).into()),
        }
    }

    /// The signer, for a question to a log: whom the certificate names does not matter.
    fn policy(&self, claim: Claim) -> Policy {
        let signer = match self.certificate {
            None => TrustedSigner::key(self.key.clone()),
            Some(_) => TrustedSigner::Identities {
                identities: Vec::new(),
                certificate_log: CertificateLogRule::InsecurelyIgnored,
            },
        };
        Policy::new(signer, claim, LogRule::InsecurelyIgnored)
    }
}

/// What a file says, and whose signature it says it is.
struct Read {
    signed: Signed,
    held: Option<Held>,
}

/// What a bundle file of cosign 2 holds to verify with.
enum Held {
    Key(PublicKey),
    Certificate(Box<Certificate>),
}

impl Create {
    fn signed(&self, session: &Session<'_>) -> Result<Read, Failure> {
        let alone = |signed| Read { signed, held: None };
        match (&self.signature, &self.bundle, &self.attestation) {
            (Some(path), ..) => {
                let bytes = file::read(session.directory(), path, LIMIT)?;
                let signature =
                    Signature::from_base64(&String::from_utf8_lossy(&bytes)).map_err(|source| Failure::Signature {
                        path: path.clone(),
                        source,
                    })?;
                Ok(alone(Signed::Message(signature)))
            }
            (None, Some(path), _) => self.of_cosign_2(path, session),
            (None, None, Some(path)) => {
                let bytes = file::read(session.directory(), path, LIMIT)?;
                envelope(path, &bytes).map(alone)
            }
            (None, None, None) => {
                let reason = "must at least supply signature via --bundle, --signature or --attestation";
                Err(UsageError::because(reason).into())
            }
        }
    }

    /// Who signed: whose key or certificate is given, or else in the file. A key in the file is only a hint, for nobody vouches
    /// for it: it must be the one that is given.
    fn by(&self, held: Option<Held>, session: &Session<'_>) -> Result<By, Failure> {
        let reference = self.key.reference(session)?;
        let wrong = |reason: &str| -> Failure { UsageError::because(reason).into() };
        match (reference, given(&self.certificate), held) {
            (Some(_), Some(_), _) => Err(wrong("--key and --certificate exclude each other")),
            (Some(reference), None, held) => {
                let http = plain_client(session);
                let key = session.wait(async { Ok(reference.public_key(&session.variables(), &http).await?) })?;
                match held {
                    Some(Held::Key(found)) if found != key => Err(wrong(&format!(
                        "the bundle file names the key {}, --key is {}",
                        found.hint(),
                        key.hint()
                    ))),
                    Some(Held::Certificate(_)) => {
                        Err(wrong("the bundle file holds a certificate: pass it without --key"))
                    }
                    _ => Ok(By { key, certificate: None }),
                }
            }
            (None, Some(path), held) => {
                let bytes = file::read(session.directory(), path, LIMIT)?;
                let read = Certificate::chain_from_file(&bytes, bundle::CERTIFICATES);
                let certificates = read.map_err(|error| wrong(&format!("--certificate {path}: {}", chain(&error))))?;
                let leaf = certificates
                    .into_iter()
                    .next()
                    .expect("a file without a certificate is an error");
                match held {
                    Some(Held::Certificate(found)) if found.as_der() != leaf.as_der() => {
                        Err(wrong("the bundle file holds another certificate than --certificate"))
                    }
                    Some(Held::Key(_)) => Err(wrong("the bundle file names a key: pass --key with it")),
                    _ => By::certificate(leaf),
                }
            }
            (None, None, Some(Held::Certificate(found))) => By::certificate(*found),
            (None, None, _) => Err(wrong(
                "a key is needed: pass --key with a file, env://NAME or https://…, or --certificate with a file",
            )),
        }
    }

    /// Fetches the log entry of the signature.
    fn logged(&self, bundle: Bundle, by: &By, session: &Session<'_>) -> Result<Bundle, Failure> {
        let artifact = self.artifact.as_deref().unwrap_or_default();
        let (claim, artifact) = match bundle.content() {
            Content::Message(_) => {
                let message = BlobSource::new(artifact, session).read(&by.key.needs(None), session)?;
                (Claim::Message, Artifact::message(message))
            }
            _ => (Claim::Message, Artifact::new(Digest::sha256(b""))),
        };
        let searches = search(&bundle, &artifact, &by.policy(claim))
            .map_err(|error| UsageError::because(format!("--ignore-tlog is needed: {error}")))?;
        let http = plain_client(session);
        session.wait(async {
            for search in searches {
                if let Some(entry) = rekor::find(&self.rekor_url, search, &http)
                    .await
                    .map_err(Failure::LookUp)?
                {
                    return Ok(bundle.with_log_entries([entry]));
                }
            }
            Err(UsageError::because(format!(
                "{} has no entry of this signature; --ignore-tlog makes a bundle without one",
                self.rekor_url
            ))
            .into())
        })
    }

    /// What cosign 2 writes beside a file: a signature or an envelope, and maybe what verifies it.
    fn of_cosign_2(&self, path: &str, session: &Session<'_>) -> Result<Read, Failure> {
        let bytes = file::read(session.directory(), path, LIMIT)?;
        let unusable = |source| Failure::Bundle {
            path: path.to_owned(),
            source,
        };
        let legacy = Bundle::from_legacy_file(&bytes).map_err(unusable)?;
        if self.ignore_tlog && !legacy.log_entries().is_empty() {
            return Err(UsageError::because(format!(
                "{path}: cannot ignore transparency log when the provided bundle contains a Signed Entry Timestamp"
            ))
            .into());
        }
        let held = match (legacy.key_material(), legacy.certificates().first()) {
            (KeyMaterial::Key(key), _) => Some(Held::Key(key.clone())),
            (_, Some(der)) => {
                let certificate = Certificate::from_der(der);
                let certificate = certificate
                    .map_err(|error| UsageError::because(format!("{path}: its certificate: {}", chain(&error))))?;
                Some(Held::Certificate(Box::new(certificate)))
            }
            _ => None,
        };
        let signature = legacy.content().signature();
        let signed = match signature.as_bytes().first() {
            // No signature begins like JSON: ASN.1 has a sequence there, RSA and Ed25519 have random bytes.
            Some(b'{') if Envelope::parse(signature.as_bytes()).is_ok() => envelope(path, signature.as_bytes())?,
            _ => Signed::Message(signature.clone()),
        };
        Ok(Read { signed, held })
    }
}

fn envelope(path: &str, bytes: &[u8]) -> Result<Signed, Failure> {
    let envelope = Envelope::parse(bytes).map_err(|source| Failure::Envelope {
        path: path.to_owned(),
        source,
    })?;
    Ok(Signed::Envelope(envelope))
}

/// Joins all, once the signature is verified: a bundle that we would refuse is not written.
fn assemble(signed: Signed, artifact: &str, by: &By, session: &Session<'_>) -> Result<Bundle, Failure> {
    let key = &by.key;
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
    let bundle = bundle.map_err(|source| Failure::Bundle {
        path: path.to_owned(),
        source,
    })?;
    Ok(match &by.certificate {
        Some(certificate) => bundle.with_certificate(certificate, &[]),
        None => bundle,
    })
}

/// The most bytes of a signature or envelope.
const LIMIT: u64 = bundle::LIMIT as u64;
