//! The files that signatures are written to besides, or instead of, being attached.

use clap::Args;
use countersign::credential::Credential;
use countersign::sign::Signatures;
use countersign_oci::Pinned;

use super::Sign;
use crate::args::usage::UsageError;
use crate::failure::Failure;
use crate::file::{self, Existing, Mode};
use crate::session::Session;

/// The files that signatures are written to.
#[derive(Args, Clone, Debug)]
pub(crate) struct FileArgs {
    /// Writes the bundle to this file
    #[arg(long, value_name = "FILE")]
    bundle: Option<String>,

    /// Writes the signature, base64, to this file
    #[arg(long, value_name = "FILE")]
    output_signature: Option<String>,

    /// Writes the signed payload to this file
    #[arg(long, value_name = "FILE")]
    output_payload: Option<String>,

    /// Writes the certificate, or without one the public key, to this file
    #[arg(long, value_name = "FILE")]
    output_certificate: Option<String>,
}

impl FileArgs {
    /// Checks that what is asked for will exist, and that the signature ends up somewhere.
    pub(super) fn check(&self, sign: &Sign) -> Result<(), Failure> {
        let formats = sign.format.formats()?;
        if self.bundle.is_some() && !formats.has_bundle() {
            return Err(UsageError::because("--bundle: no bundle is made with --new-bundle-format=false").into());
        }
        if !sign.upload && formats.has_bundle() && self.bundle.is_none() {
            return Err(UsageError::because(
                "must enable upload to the OCI registry or specify a local --bundle path with --new-bundle-format",
            )
            .into());
        }
        Ok(())
    }

    /// Writes what was made for `image`; where there are several images, each gets files of its own.
    pub(super) fn write(
        &self,
        session: &Session<'_>,
        image: &Pinned,
        several: Several,
        signatures: &Signatures,
        credential: &Credential,
    ) -> Result<(), Failure> {
        let bundle = signatures.bundle.as_ref();
        let suffix = match several {
            Several::No => String::new(),
            Several::Yes => format!("-{}-{}", image.digest().algorithm().name(), image.digest().hex()),
        };
        let put = |path: &Option<String>, content: Option<Vec<u8>>| -> Result<Option<String>, Failure> {
            let (Some(path), Some(content)) = (path, content) else {
                return Ok(None);
            };
            let path = format!("{path}{suffix}");
            file::write(session.directory(), &path, &content, Mode::Private, Existing::Replace)?;
            Ok(Some(path))
        };
        if let Some(path) = put(&self.bundle, bundle.map(|bundle| bundle.json.to_vec()))? {
            session.ui().info(&format!("Wrote bundle to file {path}"));
        }
        put(&self.output_signature, lines(signatures))?;
        put(&self.output_payload, payloads(signatures))?;
        let pem = match credential.certificate() {
            Some(certificate) => certificate.to_pem(),
            None => credential.signer().public_key().to_pem(),
        };
        if let Some(path) = put(&self.output_certificate, Some(pem.into_bytes()))? {
            session.ui().info(&format!("Certificate wrote in the file {path}"));
        }
        Ok(())
    }

    /// Says whether anything is written to a file.
    pub(super) fn is_given(&self) -> bool {
        let files = [
            &self.bundle,
            &self.output_signature,
            &self.output_payload,
            &self.output_certificate,
        ];
        files.into_iter().any(Option::is_some)
    }

    /// Says whether the signature is written to a file.
    pub(super) fn has_signature(&self) -> bool {
        self.output_signature.is_some()
    }
}

/// Whether files are told apart by the image's digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Several {
    Yes,
    No,
}

/// The signatures, base64, a line each; those of the signature tag come first.
pub(super) fn lines(signatures: &Signatures) -> Option<Vec<u8>> {
    let all: Vec<&str> = signatures
        .legacy
        .iter()
        .map(|signed| signed.signature.as_str())
        .chain(signatures.bundle.iter().map(|bundle| bundle.signature.as_str()))
        .collect();
    (!all.is_empty()).then(|| all.join("\n").into_bytes())
}

fn payloads(signatures: &Signatures) -> Option<Vec<u8>> {
    let all: Vec<&[u8]> = signatures
        .legacy
        .iter()
        .map(|signed| &signed.payload[..])
        .chain(signatures.bundle.iter().map(|bundle| &bundle.statement[..]))
        .collect();
    (!all.is_empty()).then(|| all.join(&b'\n'))
}
