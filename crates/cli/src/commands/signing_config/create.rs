//! `signing-config create`: which services to sign with.

use clap::Args;
use countersign_core::trust::Validity;
use countersign_core::trust::signing_config::{self, Selection, Service, SigningConfig};
use countersign_core::tuf::Reach;

use crate::args::given;
use crate::args::out::OutArgs;
use crate::args::service_spec::ServiceSpec;
use crate::args::usage::UsageError;
use crate::commands::{Fallback, Subcommand};
use crate::failure::Failure;
use crate::file;
use crate::published::{self, Published, SIGNING_CONFIG, SIGNING_CONFIG_REKOR_2, What};
use crate::session::Session;

/// Makes a signing configuration; without flags, one of no services, for keys alone
#[derive(Args)]
pub(crate) struct Create {
    /// A certificate authority: url=URL,api-version=N,start-time=TIME,operator=NAME[,end-time=TIME]
    #[arg(long, value_name = "SERVICE")]
    fulcio: Vec<String>,

    /// An identity provider, described in the same way
    #[arg(long, value_name = "SERVICE")]
    oidc_provider: Vec<String>,

    /// A transparency log, described in the same way
    #[arg(long, value_name = "SERVICE")]
    rekor: Vec<String>,

    /// How many of the transparency logs to use: ANY, ALL or EXACT:N
    #[arg(long, value_name = "SELECTION")]
    rekor_config: Option<String>,

    /// A timestamp authority, described in the same way
    #[arg(long, value_name = "SERVICE")]
    tsa: Vec<String>,

    /// How many of the timestamp authorities to use: ANY, ALL or EXACT:N
    #[arg(long, value_name = "SELECTION")]
    tsa_config: Option<String>,

    /// Begins with the configuration in FILE; services that are given take the place of its own of the kind
    #[arg(long, value_name = "FILE")]
    base_config: Option<String>,

    /// Begins with what the TUF repository publishes; services that are given take the place of its own of the kind
    #[arg(long, conflicts_with = "base_config")]
    with_default_services: bool,

    /// The same, with a Rekor 2 as the transparency log
    #[arg(long, conflicts_with = "base_config")]
    with_default_rekor_v2: bool,

    /// Leaves out the certificate authorities of what it begins with
    #[arg(long)]
    no_default_fulcio: bool,

    /// Leaves out the identity providers of what it begins with
    #[arg(long)]
    no_default_oidc: bool,

    /// Leaves out the transparency logs of what it begins with
    #[arg(long)]
    no_default_rekor: bool,

    /// Leaves out the timestamp authorities of what it begins with
    #[arg(long)]
    no_default_tsa: bool,

    #[command(flatten)]
    out: OutArgs,
}

impl Subcommand for Create {
    const NAME: &'static str = "signing-config create";
    const ABOUT: &'static str = "Makes a file that says which services signatures are made with";
    const FALLBACK: Fallback = Fallback::None;

    fn run(self, session: &Session<'_>) -> Result<(), Failure> {
        let json = self.config(session)?.to_json();
        self.out.write(&json, session).map(drop)
    }
}

impl Create {
    fn config(&self, session: &Session<'_>) -> Result<SigningConfig, Failure> {
        let mut config = self.base(session)?;
        if self.no_default_fulcio {
            config = config.with_certificate_authorities(Vec::new());
        }
        if self.no_default_oidc {
            config = config.with_identity_providers(Vec::new());
        }
        if self.no_default_rekor {
            config = config.with_logs(Vec::new(), Selection::default());
        }
        if self.no_default_tsa {
            config = config.with_timestampers(Vec::new(), Selection::default());
        }
        if !self.fulcio.is_empty() {
            config = config.with_certificate_authorities(services("fulcio", &self.fulcio)?);
        }
        if !self.oidc_provider.is_empty() {
            config = config.with_identity_providers(services("oidc-provider", &self.oidc_provider)?);
        }
        if let Some(selection) = selection("rekor", !self.rekor.is_empty(), &self.rekor_config)? {
            config = config.with_logs(services("rekor", &self.rekor)?, selection);
        }
        if let Some(selection) = selection("tsa", !self.tsa.is_empty(), &self.tsa_config)? {
            config = config.with_timestampers(services("tsa", &self.tsa)?, selection);
        }
        Ok(config)
    }

    fn base(&self, session: &Session<'_>) -> Result<SigningConfig, Failure> {
        let target = match (self.with_default_rekor_v2, self.with_default_services) {
            (true, _) => Some(SIGNING_CONFIG_REKOR_2),
            (false, true) => Some(SIGNING_CONFIG),
            (false, false) => None,
        };
        if let Some(target) = target {
            return session.wait(async {
                let mut published = Published::look(What::Defaults, Reach::Published, session).await?;
                published.signing_config(target).await
            });
        }
        let Some(path) = given(&self.base_config) else {
            let left_out = [
                (self.no_default_fulcio, "--no-default-fulcio"),
                (self.no_default_oidc, "--no-default-oidc"),
                (self.no_default_rekor, "--no-default-rekor"),
                (self.no_default_tsa, "--no-default-tsa"),
            ];
            published::check_left_out(&left_out)?;
            return Ok(SigningConfig::default());
        };
        let bytes = file::read(session.directory(), path, signing_config::LIMIT as u64)?;
        SigningConfig::parse(&bytes).map_err(|source| Failure::trust(path, source))
    }
}

fn services(flag: &'static str, texts: &[String]) -> Result<Vec<Service>, Failure> {
    ServiceSpec::each(flag, KEYS, texts, |spec| {
        let version = spec.require("api-version")?;
        let version = version
            .parse()
            .map_err(|error| spec.wrong(&format!("api-version is {version:?}, expected a whole number: {error}")))?;
        spec.require("start-time")?;
        Ok(Service::new(
            spec.require("url")?.to_owned(),
            version,
            Validity::new(spec.time("start-time")?, spec.time("end-time")?),
            Some(spec.require("operator")?.to_owned()),
        ))
    })
}

/// How many of the services that `flag` names to use, if it names any; that must be said with them and only with them.
fn selection(flag: &str, is_named: bool, text: &Option<String>) -> Result<Option<Selection>, Failure> {
    let selection = match (is_named, given(text)) {
        (false, None) => return Ok(None),
        (true, None) => Err(format!("--{flag}-config must be provided when --{flag} is specified")),
        (false, Some(_)) => Err(format!(
            "--{flag}-config says how many of the services of --{flag} to use: name them"
        )),
        (true, Some("ANY")) => Ok(Selection::Any),
        (true, Some("ALL")) => Ok(Selection::All),
        (true, Some(text)) => text
            .strip_prefix("EXACT:")
            .and_then(|count| count.parse().ok())
            .filter(|count| *count > 0)
            .map(Selection::Exact)
            .ok_or_else(|| format!("--{flag}-config is {text:?}, expected ANY, ALL or EXACT: and a number")),
    };
    selection.map(Some).map_err(|reason| UsageError::because(reason).into())
}

/// What may be said of a service.
const KEYS: &[&str] = &["url", "api-version", "start-time", "end-time", "operator"];
