//! `verify-blob-attestation`: checks what is claimed of a file.

use clap::Args;
use countersign_core::bundle::{self, Bundle, Content};
use countersign_core::envelope::Envelope;
use countersign_core::policy::{Claim, ClaimBinding};
use countersign_core::{Artifact, Digest};

use super::Subcommand;
use crate::args::blob::{BlobSource, attestation_beside};
use crate::args::predicate_type::PredicateTypeArgs;
use crate::args::trusted_signer::{Terms, TrustedSignerArgs};
use crate::args::usage::{UsageError, UsageKind};
use crate::failure::Failure;
use crate::file;
use crate::session::Session;

/// Verifies what is claimed of a file
#[derive(Args)]
pub(crate) struct VerifyBlobAttestation {
    #[command(flatten)]
    trusted: TrustedSignerArgs,
    #[command(flatten)]
    predicate_type: PredicateTypeArgs,

    /// The file; - is standard input
    #[arg(value_name = "FILE", id = "file")]
    files: Vec<String>,

    /// The bundle, a file: a Sigstore bundle or the bundle file of cosign 2; by default that of the file with
    /// .attestation.sigstore.json. Repeat it where several must have signed
    #[arg(long, value_name = "FILE")]
    bundle: Vec<String>,

    /// The signed envelope, a file, without a bundle
    #[arg(long, value_name = "FILE")]
    signature: Option<String>,

    /// Checks that the attestation is about this file
    #[arg(long, default_value = "true")]
    check_claims: bool,

    /// The digest of the file in hexadecimal, instead of the file; needs --digestAlg
    #[arg(long, value_name = "HEX")]
    digest: Option<String>,

    /// The algorithm of --digest: sha256 or sha512
    #[arg(long = "digestAlg", value_name = "ALGORITHM")]
    digest_algorithm: Option<String>,
}

impl Subcommand for VerifyBlobAttestation {
    const NAME: &'static str = "verify-blob-attestation";
    const ABOUT: &'static str = "Verifies what is claimed of a file";
    const ARGUMENTS: &'static str = "[FILE]";

    fn run(self, session: &Session<'_>) -> Result<(), Failure> {
        let predicate_type = self.predicate_type.parse()?;
        let claim = Claim::Attestation {
            predicate_type: Some(predicate_type),
            binding: match self.check_claims {
                true => ClaimBinding::Required,
                false => ClaimBinding::InsecurelyIgnored,
            },
        };
        let terms = self.trusted.terms_alone(claim, "blob attestation", session)?;
        let bundles = self.evidence(session)?;
        let bundles: Vec<Bundle> = bundles.into_iter().map(|bundle| terms.complete(bundle)).collect();
        let (shown, artifact) = self.artifact(&terms, &bundles, session)?;
        terms.judge_file(&shown, bundles, &artifact, session)?;
        session.ui().info("Verified OK");
        Ok(())
    }
}

impl VerifyBlobAttestation {
    /// What the attestation must be about, and how messages call it.
    fn artifact(
        &self,
        terms: &Terms,
        bundles: &[Bundle],
        session: &Session<'_>,
    ) -> Result<(String, Artifact), Failure> {
        let file = self.file()?;
        match (file, &self.digest, &self.digest_algorithm) {
            (None, Some(hex), Some(algorithm)) => {
                let text = format!("{algorithm}:{}", hex.to_ascii_lowercase());
                match text.parse::<Digest>() {
                    Ok(digest) => Ok((text, Artifact::new(digest))),
                    Err(error) => Err(UsageError::because(format!("--digest: {error}")).into()),
                }
            }
            (Some(file), None, None) => {
                let message = terms.read(&BlobSource::new(file, session), bundles, session)?;
                Ok((file.to_owned(), Artifact::message(message)))
            }
            // Nothing is compared with it.
            (None, None, None) if !self.check_claims => {
                let nothing = Digest::sha256(b"");
                Ok(("the attestation".to_owned(), Artifact::new(nothing)))
            }
            (None, None, None) => Err(UsageError::because(
                "must provide path to blob or digest and digestAlg; --check-claims=false checks neither",
            )
            .into()),
            (Some(_), ..) => Err(UsageError::because("--digest stands for the file: pass one of them").into()),
            (None, ..) => Err(UsageError::because("--digest and --digestAlg go together").into()),
        }
    }

    fn file(&self) -> Result<Option<&str>, Failure> {
        match &self.files[..] {
            [] => Ok(None),
            [only] => Ok(Some(only)),
            several => Err(UsageError::new(UsageKind::Count {
                expected: 1,
                found: several.len(),
            })
            .into()),
        }
    }

    /// Reads the attestation.
    fn evidence(&self, session: &Session<'_>) -> Result<Vec<Bundle>, Failure> {
        let bundles: Vec<&String> = self.bundle.iter().filter(|path| !path.is_empty()).collect();
        let signature = self.signature.clone().filter(|path| !path.is_empty());
        match (bundles.as_slice(), signature) {
            ([_, _, ..], Some(_)) => {
                Err(UsageError::because("--signature is one attestation: pass one --bundle with it").into())
            }
            ([_, _, ..], None) => bundles.iter().map(|path| read(path, session)).collect(),
            (one, signature) => {
                let bundle = one.first().map(|path| String::clone(path));
                Ok(vec![self.one(bundle, signature, session)?])
            }
        }
    }

    fn one(&self, bundle: Option<String>, signature: Option<String>, session: &Session<'_>) -> Result<Bundle, Failure> {
        let path = match (bundle, signature, self.file()?) {
            (Some(bundle), Some(envelope), _) => return self.both(&bundle, &envelope, session),
            (Some(path), None, _) | (None, Some(path), _) => path,
            (None, None, Some(file)) if file::exists(session.directory(), &attestation_beside(file)) => {
                attestation_beside(file)
            }
            (None, None, _) => {
                return Err(UsageError::because("the attestation is needed: pass --bundle or --signature").into());
            }
        };
        read(&path, session)
    }

    /// With cosign 2 both may be given: the bundle file, and the envelope or the statement that is in it.
    fn both(&self, bundle: &str, other: &str, session: &Session<'_>) -> Result<Bundle, Failure> {
        let bundle = read(bundle, session)?;
        let bytes = file::read(session.directory(), other, bundle::LIMIT as u64)?;
        let is_its_statement =
            matches!(bundle.content(), Content::Envelope(signed) if signed.envelope().payload() == bytes);
        if is_its_statement || envelope(&parse(other, &bytes)?) == envelope(&bundle) {
            return Ok(bundle);
        }
        Err(UsageError::because("--signature and --bundle hold different attestations: pass one").into())
    }
}

/// The envelope that an attestation's bundle holds.
fn envelope(bundle: &Bundle) -> Option<&Envelope> {
    match bundle.content() {
        Content::Envelope(signed) => Some(signed.envelope()),
        _ => None,
    }
}

fn read(path: &str, session: &Session<'_>) -> Result<Bundle, Failure> {
    parse(path, &file::read(session.directory(), path, bundle::LIMIT as u64)?)
}

fn parse(path: &str, bytes: &[u8]) -> Result<Bundle, Failure> {
    Bundle::attestation_from_file(bytes).map_err(|source| Failure::Bundle {
        path: path.to_owned(),
        source,
    })
}
