//! `sign`: signs images and attaches the signatures.

mod files;
mod images;
mod signatures;
pub(super) mod target;

use clap::Args;
use countersign::sign::{Existing, SignOptions};
use countersign_core::payload::simple_signing;

use super::Subcommand;
use crate::args::annotations::{AnnotationArgs, split_list};
use crate::args::attachment::{self, AttachmentArgs, LocationArgs};
use crate::args::countersign::CountersignArgs;
use crate::args::credential::CredentialArgs;
use crate::args::format::FormatArgs;
use crate::args::image::ImagesArg;
use crate::args::registry::RegistryArgs;
use crate::args::services::{Chosen, ServiceArgs};
use crate::args::usage::UsageError;
use crate::args::vouched::{Legacy, Places};
use crate::failure::Failure;
use crate::file;
use crate::session::Session;

/// Signs images and attaches the signatures to them
#[derive(Args)]
pub(crate) struct Sign {
    #[command(flatten)]
    credential: CredentialArgs,
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
    services: ServiceArgs,
    #[command(flatten)]
    format: FormatArgs,
    #[command(flatten)]
    files: files::FileArgs,
    #[command(flatten)]
    countersign: CountersignArgs,

    /// Signs everything beneath an index too
    #[arg(short, long)]
    recursive: bool,

    /// With --recursive: signs the manifests in which BuildKit keeps attestations too, as cosign does
    #[arg(long, requires = "recursive")]
    include_attestation_manifests: bool,

    /// With --recursive: makes one signature of all of it, with one log entry, which is attached to each (bundles only)
    #[arg(long, requires = "recursive")]
    one_bundle: bool,

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

    /// How signatures are attached with --new-bundle-format=false; only legacy
    #[arg(long, value_name = "MODE", hide = true)]
    registry_referrers_mode: Option<String>,

    /// How many requests are under way at once
    #[arg(long, value_name = "N", default_value_t = 64)]
    max_workers: usize,
}

impl Subcommand for Sign {
    const NAME: &'static str = "sign";
    const ABOUT: &'static str = "Signs images and attaches the signatures";
    const ARGUMENTS: &'static str = "IMAGE...";

    fn run(self, session: &Session<'_>) -> Result<(), Failure> {
        let chosen = self.check(session)?;
        let options = self.options(session)?;
        match self.countersign.is_given() {
            true => session.wait(signatures::sign(&self, session, &options, &chosen)),
            false => session.wait(images::sign(&self, session, &options, &chosen)),
        }
    }
}

impl Sign {
    /// Checks the flags against each other, and chooses the services.
    fn check(&self, session: &Session<'_>) -> Result<Chosen, Failure> {
        self.images.texts()?;
        let chosen = self.services.choose(session)?;
        self.credential.check(&self.services, &chosen)?;
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
        signatures::check(self)?;
        self.files.check(self)?;
        self.places()?.check(&chosen, self.credential.is_certified())?;
        Ok(chosen)
    }

    /// Where what the services give is written; the certificate has a place in any case.
    fn places(&self) -> Result<Places<'_>, Failure> {
        Ok(Places {
            certificate: None,
            timestamp: None,
            timestamp_flag: "--rfc3161-timestamp",
            legacy: match self.format.formats()?.has_legacy() {
                true => Legacy::Layer,
                false => Legacy::Nothing,
            },
        })
    }

    fn check_format(&self) -> Result<(), Failure> {
        let formats = self.format.formats()?;
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
        if self.one_bundle && formats.has_legacy() {
            return Err(UsageError::because(
                "--one-bundle: in the signature tag's format each signature is about one manifest; pass it for bundles only",
            )
            .into());
        }
        if self.one_bundle && self.skip_existing {
            return Err(UsageError::because("--one-bundle signs all or nothing: not with --skip-existing").into());
        }
        if self.skip_existing && self.credential.is_certified() {
            return Err(UsageError::because("--skip-existing knows signatures by key, not by certificate").into());
        }
        if self.payload.is_some() && (self.recursive || self.images.texts()?.len() > 1) {
            return Err(UsageError::because("--payload is about one image").into());
        }
        Ok(())
    }

    fn options(&self, session: &Session<'_>) -> Result<SignOptions, Failure> {
        let payload = match &self.payload {
            Some(path) => Some(file::read(session.directory(), path, simple_signing::LIMIT as u64)?.into()),
            None => None,
        };
        Ok(SignOptions {
            formats: self.format.formats()?,
            annotations: self.annotations.parse()?,
            identities: self
                .sign_container_identity
                .iter()
                .flat_map(|text| split_list(text))
                .collect(),
            payload,
            created: attachment::created(self.record_creation_timestamp, session)?,
            media_types: attachment::media_types(session),
            existing: match self.skip_existing {
                true => Existing::Skip,
                false => Existing::SignAgain,
            },
            limits: attachment::limits(self.max_workers, session)?,
        })
    }
}
