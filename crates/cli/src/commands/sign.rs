//! `sign`: signs images and attaches the signatures.

mod files;
mod images;

use std::sync::Arc;

use clap::{Args, ValueEnum};
use countersign::attachment::legacy::MediaTypes;
use countersign::sign::{Existing, Formats, SignError, SignOptions};
use countersign_core::key::SignatureDigest;
use countersign_core::payload::simple_signing;
use countersign_core::signer::Signer;
use countersign_core::trust::TrustedRoot;
use countersign_core::trust::signing_config::{self, SigningConfig};

use super::Subcommand;
use crate::args::annotations::{AnnotationArgs, split_list};
use crate::args::attachment::{self, AttachmentArgs, LocationArgs};
use crate::args::boolean;
use crate::args::image::ImagesArg;
use crate::args::key::KeyArgs;
use crate::args::registry::RegistryArgs;
use crate::args::unserved::{Signing, Unserved};
use crate::args::usage::UsageError;
use crate::env;
use crate::failure::Failure;
use crate::file;
use crate::password::{self, Purpose};
use crate::session::Session;

/// Signs images and attaches the signatures to them
#[derive(Args)]
pub(crate) struct Sign {
    #[command(flatten)]
    key: KeyArgs,
    #[command(flatten)]
    annotations: AnnotationArgs,
    #[command(flatten)]
    attachment: AttachmentArgs,
    #[command(flatten)]
    location: LocationArgs,
    #[command(flatten)]
    registry: RegistryArgs,
    #[command(flatten)]
    images: ImagesArg,
    #[command(flatten)]
    unserved: Unserved<Signing>,
    #[command(flatten)]
    files: files::FileArgs,

    /// The format: a bundle as a referrer (cosign 3), a signature tag (legacy, cosign 2), or both
    #[arg(long, value_name = "FORMAT", value_enum)]
    format: Option<Format>,

    /// Writes a bundle (the default); =false writes a signature tag
    #[arg(
        long,
        value_name = "BOOL",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true",
        value_parser = boolean::parse
    )]
    new_bundle_format: Option<bool>,

    /// Signs everything beneath an index too
    #[arg(short, long)]
    recursive: bool,

    /// Does not ask
    #[arg(short, long)]
    yes: bool,

    /// Attaches the signature; =false only writes it to files
    #[arg(long, default_value = "true")]
    upload: bool,

    /// Signs only what this key has not signed with these annotations
    #[arg(long)]
    skip_existing: bool,

    /// Signs the bytes of this file as the payload (signature tag only)
    #[arg(long, value_name = "FILE")]
    payload: Option<String>,

    /// The image's identity in the payload, instead of its repository; several make several signatures (signature tag only)
    #[arg(long, value_name = "IDENTITY")]
    sign_container_identity: Vec<String>,

    /// Records the time in the signature manifest, or that of SOURCE_DATE_EPOCH
    #[arg(long)]
    record_creation_timestamp: bool,

    /// Has the signature logged; no log is reached yet, so only =false
    #[arg(long, default_value = "true")]
    tlog_upload: bool,

    /// The signing configuration, a file; one that names no service
    #[arg(long, value_name = "FILE")]
    signing_config: Option<String>,

    /// Uses the signing configuration of the trust root; no service is reached yet, so only =false
    #[arg(long)]
    use_signing_config: bool,

    /// The trusted root, a file
    #[arg(long, value_name = "FILE")]
    trusted_root: Option<String>,

    /// The digest that is signed: sha256, sha384 or sha512
    #[arg(long, value_name = "DIGEST")]
    signature_digest_algorithm: Option<SignatureDigest>,

    /// How signatures are attached with --new-bundle-format=false; only legacy
    #[arg(long, value_name = "MODE", hide = true)]
    registry_referrers_mode: Option<String>,

    /// How many requests are under way at once
    #[arg(long, value_name = "N", default_value_t = 64)]
    max_workers: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Bundle,
    Legacy,
    Both,
}

impl Subcommand for Sign {
    const NAME: &'static str = "sign";
    const ABOUT: &'static str = "Signs images and attaches the signatures";
    const ARGUMENTS: &'static str = "IMAGE...";

    fn run(self, session: &Session<'_>) -> Result<(), Failure> {
        self.check(session)?;
        let options = self.options(session)?;
        session.wait(images::sign(&self, session, &options))
    }
}

impl Sign {
    /// Checks the flags against each other, and that no service is asked for.
    fn check(&self, session: &Session<'_>) -> Result<(), Failure> {
        self.unserved.refuse()?;
        self.images.texts()?;
        self.check_services(session)?;
        if let Some(path) = &self.trusted_root {
            let bytes = file::read(session.directory(), path, countersign_core::trust::LIMIT as u64)?;
            TrustedRoot::parse(&bytes).map_err(|source| Failure::trust(path, source))?;
        }
        if self
            .registry_referrers_mode
            .as_deref()
            .is_some_and(|mode| mode != "legacy")
        {
            return Err(UsageError::because(
                "--registry-referrers-mode: only legacy; a bundle (the default format) is attached as a referrer",
            )
            .into());
        }
        if self.max_workers == 0 {
            return Err(UsageError::because("--max-workers must be greater than 0").into());
        }
        self.check_format()?;
        self.files.check(self)
    }

    /// Nothing is contacted but the registry, so whoever signs must have said so.
    fn check_services(&self, session: &Session<'_>) -> Result<(), Failure> {
        if self.use_signing_config {
            return Err(UsageError::because(
                "--use-signing-config needs a trust root's services: pass --signing-config with a file that names none",
            )
            .into());
        }
        let Some(path) = &self.signing_config else {
            if self.tlog_upload {
                return Err(UsageError::because(
                    "signing with a transparency log is not possible yet: pass --tlog-upload=false, \
                     or --signing-config with a file that names no service",
                )
                .into());
            }
            return Ok(());
        };
        let bytes = file::read(session.directory(), path, signing_config::LIMIT as u64)?;
        let config = SigningConfig::parse(&bytes).map_err(|source| Failure::trust(path, source))?;
        if !config.is_empty_of_services() {
            return Err(UsageError::because(format!(
                "--signing-config {path}: it names services, and no service is reached yet: pass one that names none"
            ))
            .into());
        }
        Ok(())
    }

    fn check_format(&self) -> Result<(), Failure> {
        let formats = self.formats()?;
        let legacy_only = [
            (self.payload.is_some(), "--payload"),
            (!self.sign_container_identity.is_empty(), "--sign-container-identity"),
        ];
        for (is_given, flag) in legacy_only {
            if is_given && formats.has_bundle() {
                return Err(UsageError::because(format!(
                    "{flag} has no meaning in a bundle: pass --new-bundle-format=false with it"
                ))
                .into());
            }
        }
        if self.skip_existing && (self.payload.is_some() || !self.sign_container_identity.is_empty()) {
            return Err(UsageError::because(
                "--skip-existing knows signatures by key and annotations: not with --payload or --sign-container-identity",
            )
            .into());
        }
        if self.payload.is_some() && (self.recursive || self.images.texts()?.len() > 1) {
            return Err(UsageError::because("--payload is about one image").into());
        }
        Ok(())
    }

    fn formats(&self) -> Result<Formats, Failure> {
        match (self.format, self.new_bundle_format) {
            (Some(_), Some(_)) => {
                Err(UsageError::because("--format and --new-bundle-format exclude each other").into())
            }
            (Some(Format::Bundle), None) | (None, None | Some(true)) => Ok(Formats::Bundle),
            (Some(Format::Legacy), None) | (None, Some(false)) => Ok(Formats::Legacy),
            (Some(Format::Both), None) => Ok(Formats::Both),
        }
    }

    fn options(&self, session: &Session<'_>) -> Result<SignOptions, Failure> {
        let payload = match &self.payload {
            Some(path) => Some(file::read(session.directory(), path, simple_signing::LIMIT as u64)?.into()),
            None => None,
        };
        Ok(SignOptions {
            formats: self.formats()?,
            annotations: self.annotations.parse()?,
            identities: self
                .sign_container_identity
                .iter()
                .flat_map(|text| split_list(text))
                .collect(),
            payload,
            created: match self.record_creation_timestamp {
                true => Some(env::source_date(session.environment())?.unwrap_or_else(|| session.now())),
                false => None,
            },
            media_types: match session.environment().is_true(env::DOCKER_MEDIA_TYPES) {
                true => MediaTypes::Docker,
                false => MediaTypes::Oci,
            },
            existing: match self.skip_existing {
                true => Existing::Skip,
                false => Existing::SignAgain,
            },
            limits: attachment::limits(self.max_workers, session)?,
        })
    }

    /// Opens the key; deriving its encryption key takes longer than a request, so it runs beside them.
    async fn signer(&self, session: &Session<'_>) -> Result<Arc<dyn Signer>, Failure> {
        let reference = self
            .key
            .reference(session)?
            .ok_or_else(|| UsageError::because("a key is needed: pass --key with a file, env://NAME or https://…"))?;
        let http = self.registry.http(session)?;
        let pem = reference.read(&session.variables(), &http).await?;
        let password = password::obtain(session, Purpose::Open)?;
        let opened = tokio::task::spawn_blocking(move || reference.open(&pem, &password)).await;
        let key = opened.map_err(Failure::Task)??;
        Ok(match self.signature_digest_algorithm {
            Some(digest) => Arc::new(key.with_digest(digest).map_err(SignError::from)?),
            None => Arc::new(key),
        })
    }
}
