//! `trusted-root create`: a trusted root of the services of a private instance.

use clap::Args;
use countersign_core::key::KEY_FILE_LIMIT;
use countersign_core::trust::{self, Authority, TransparencyLog, TrustedRoot, Validity};
use countersign_core::tuf::Reach;

use crate::args::out::OutArgs;
use crate::args::service_spec::ServiceSpec;
use crate::commands::{Fallback, Subcommand};
use crate::failure::Failure;
use crate::file;
use crate::published::{self, Published, What};
use crate::session::Session;

/// Makes a trusted root
#[derive(Args)]
pub(crate) struct Create {
    /// A certificate authority: url=URL,certificate-chain=FILE[,start-time=TIME][,end-time=TIME], its root last
    #[arg(long, value_name = "SERVICE")]
    fulcio: Vec<String>,

    /// A certificate log: url=URL,public-key=FILE,start-time=TIME[,end-time=TIME]
    #[arg(long, value_name = "SERVICE")]
    ctfe: Vec<String>,

    /// A transparency log: url=URL,public-key=FILE,start-time=TIME[,end-time=TIME][,origin=NAME], with origin for Rekor 2
    #[arg(long, value_name = "SERVICE")]
    rekor: Vec<String>,

    /// A timestamp authority: url=URL,certificate-chain=FILE[,start-time=TIME][,end-time=TIME], the one that signs first
    #[arg(long, value_name = "SERVICE")]
    tsa: Vec<String>,

    /// Begins with what the TUF repository publishes; services that are given come beside its own
    #[arg(long)]
    with_default_services: bool,

    /// Leaves out the certificate authorities of --with-default-services
    #[arg(long)]
    no_default_fulcio: bool,

    /// Leaves out the certificate logs of --with-default-services
    #[arg(long)]
    no_default_ctfe: bool,

    /// Leaves out the transparency logs of --with-default-services
    #[arg(long)]
    no_default_rekor: bool,

    /// Leaves out the timestamp authorities of --with-default-services
    #[arg(long)]
    no_default_tsa: bool,

    #[command(flatten)]
    out: OutArgs,
}

impl Subcommand for Create {
    const NAME: &'static str = "trusted-root create";
    const ABOUT: &'static str = "Makes a trusted root of the services of a private instance";
    const FALLBACK: Fallback = Fallback::None;

    fn run(self, session: &Session<'_>) -> Result<(), Failure> {
        let base = self.base(session)?;
        let signers = ServiceSpec::each("fulcio", AUTHORITY, &self.fulcio, |spec| {
            authority(spec, Start::OfRoot, session)
        })?;
        let stampers = ServiceSpec::each("tsa", AUTHORITY, &self.tsa, |spec| {
            authority(spec, Start::OfSigner, session)
        })?;
        let certificate_logs = ServiceSpec::each("ctfe", LOG, &self.ctfe, |spec| log(spec, session))?;
        let logs = ServiceSpec::each("rekor", LOG, &self.rekor, |spec| log(spec, session))?;
        let root = TrustedRoot::default()
            .with_certificate_authorities(beside(base.certificate_authorities(), self.no_default_fulcio, signers))
            .with_certificate_logs(beside(base.certificate_logs(), self.no_default_ctfe, certificate_logs))
            .with_logs(beside(base.logs(), self.no_default_rekor, logs))
            .with_timestamp_authorities(beside(base.timestamp_authorities(), self.no_default_tsa, stampers));
        let json = root.to_json();
        self.out.write(&json, session).map(drop)
    }
}

impl Create {
    /// What is published, where that is asked for; nobody otherwise.
    fn base(&self, session: &Session<'_>) -> Result<TrustedRoot, Failure> {
        let left_out = [
            (self.no_default_fulcio, "--no-default-fulcio"),
            (self.no_default_ctfe, "--no-default-ctfe"),
            (self.no_default_rekor, "--no-default-rekor"),
            (self.no_default_tsa, "--no-default-tsa"),
        ];
        if self.with_default_services {
            return session.wait(async {
                let mut published = Published::look(What::Defaults, Reach::Published, session).await?;
                published.trusted_root().await
            });
        }
        published::check_left_out(&left_out)?;
        Ok(TrustedRoot::default())
    }
}

/// What is published of a kind, unless it is left out, and what is given beside it.
fn beside<T: Clone>(published: &[T], is_left_out: bool, given: Vec<T>) -> Vec<T> {
    let mut all = match is_left_out {
        true => Vec::new(),
        false => published.to_vec(),
    };
    all.extend(given);
    all
}

/// From when an authority is believed if nothing is said.
#[derive(Clone, Copy)]
enum Start {
    /// From when its root is valid.
    OfRoot,
    /// From when the certificate that signs is valid.
    OfSigner,
}

fn authority(spec: &ServiceSpec<'_>, otherwise: Start, session: &Session<'_>) -> Result<Authority, Failure> {
    let (url, path) = (spec.require("url")?, spec.require("certificate-chain")?);
    let pem = file::read(session.directory(), path, trust::LIMIT as u64)?;
    let whole = Authority::from_pem(url, &pem, Validity::ALWAYS).map_err(|source| Failure::trust(path, source))?;
    let dating = match otherwise {
        Start::OfRoot => whole.chain().last(),
        Start::OfSigner => whole.chain().first(),
    };
    let start = match spec.time("start-time")? {
        Some(start) => Some(start),
        None => dating.and_then(|certificate| certificate.validity().start()),
    };
    let validity = Validity::new(start, spec.time("end-time")?);
    Ok(Authority::new(url.to_owned(), whole.chain().to_vec(), validity))
}

fn log(spec: &ServiceSpec<'_>, session: &Session<'_>) -> Result<TransparencyLog, Failure> {
    let (url, path) = (spec.require("url")?, spec.require("public-key")?);
    spec.require("start-time")?;
    let validity = Validity::new(spec.time("start-time")?, spec.time("end-time")?);
    let pem = file::read(session.directory(), path, KEY_FILE_LIMIT as u64)?;
    let log = TransparencyLog::from_pem(url.to_owned(), &pem, validity)
        .map_err(|error| spec.wrong(&format!("{path}: {error}")))?;
    Ok(match spec.find("origin") {
        Some(origin) => log.with_origin(origin),
        None => log,
    })
}

/// What may be said of an authority.
const AUTHORITY: &[&str] = &["url", "certificate-chain", "start-time", "end-time"];

/// What may be said of a log.
const LOG: &[&str] = &["url", "public-key", "start-time", "end-time", "origin"];
