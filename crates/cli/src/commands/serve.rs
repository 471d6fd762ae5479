//! `serve`: a registry and a Sigstore of its own on this machine.

mod token;
mod welcome;
mod workers;

use std::io::Write;
use std::net::SocketAddr;

use clap::{Args, ValueEnum};
use countersign_core::Secret;
use countersign_server::{
    Access, BasicAuth, DevelopmentIssuer, Durability, LogSink, MissingContent, OidcIssuer, Server, ServerOptions,
    ServiceOptions, TlsFiles,
};
use tokio::signal::unix::{SignalKind, signal};

use self::workers::Workers;
use super::{Entry, Fallback, Subcommand};
use crate::args::usage::UsageError;
use crate::failure::Failure;
use crate::file;
use crate::session::Session;

pub(super) const ENTRY: Entry = Entry::with::<Serve>(&[Entry::of::<token::Token>()]);

/// Serves a registry from a folder, and a Sigstore of its own
#[derive(Args)]
pub(crate) struct Serve {
    /// The folder that holds everything; it is made where it does not exist
    #[arg(long, value_name = "FOLDER", default_value = ROOT)]
    root: String,

    /// Where to listen; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:5000")]
    listen: SocketAddr,

    /// Serves the registry and nothing else
    #[arg(long)]
    registry_only: bool,

    /// The address under which clients reach it, where it is not the one it listens on
    #[arg(long, value_name = "URL", conflicts_with = "registry_only")]
    url: Option<String>,

    /// Certifies whom this OpenID provider vouches for; KIND, where the provider is not known, is email, uri:URL,
    /// spiffe:DOMAIN, username:DOMAIN, github-workflow, gitlab-pipeline or buildkite-job
    #[arg(long, value_name = "URL[=KIND]", conflicts_with = "registry_only")]
    oidc_issuer: Vec<String>,

    /// Is an OpenID provider that believes any address, also where others than this machine reach it
    #[arg(long, conflicts_with_all = ["registry_only", "no_development_issuer"])]
    insecure_development_issuer: bool,

    /// Is no OpenID provider, also where only this machine reaches it
    #[arg(long, conflicts_with = "registry_only")]
    no_development_issuer: bool,

    /// Asks for one of the users in this file, a line USER:PASSWORD each, before it gives or takes anything of the registry
    #[arg(long, value_name = "FILE")]
    users: Option<String>,

    /// Speaks TLS with this certificate and what leads to its root, PEM
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<String>,

    /// The certificate's private key, PEM
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<String>,

    /// Refuses pushes to the registry, and deletions
    #[arg(long)]
    read_only: bool,

    /// Takes manifests whose parts are missing, for mirrors of some platforms
    #[arg(long)]
    accept_missing: bool,

    /// What an acknowledged push survives
    #[arg(long, value_name = "WHAT", value_enum, default_value = "power-cut")]
    durability: DurabilityArg,

    /// Where the line of JSON for each request goes: `-` for stderr, `off`, or a file that is appended to
    #[arg(long, value_name = "FILE", default_value = "-")]
    log: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum DurabilityArg {
    /// A power cut
    PowerCut,
    /// The end of the process
    ProcessCrash,
}

impl Subcommand for Serve {
    const NAME: &'static str = "serve";
    const ABOUT: &'static str = "Serves a registry from a folder, and a Sigstore of its own";
    const FALLBACK: Fallback = Fallback::None;

    fn run(self, session: &Session<'_>) -> Result<(), Failure> {
        let workers = Workers::start().map_err(Failure::Runtime)?;
        let options = self.options(session)?.runtimes(workers.runtimes());
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(Failure::Runtime)?;
        runtime.block_on(async {
            let running = Server::start(options).await?;
            session
                .ui()
                .info(&welcome::text(&running, &self.root, session.program()));
            ended().await.map_err(Failure::Runtime)?;
            session.ui().info("Stopping");
            running.stop().await.map_err(Failure::from)
        })
    }
}

impl Serve {
    fn options(&self, session: &Session<'_>) -> Result<ServerOptions, Failure> {
        let mut options = ServerOptions::new(session.path(&self.root))
            .listen(self.listen)
            .log(self.log_sink(session)?)
            .access(if self.read_only {
                Access::ReadOnly
            } else {
                Access::ReadWrite
            })
            .missing(if self.accept_missing {
                MissingContent::Accepted
            } else {
                MissingContent::Refused
            })
            .durability(match self.durability {
                DurabilityArg::PowerCut => Durability::PowerCut,
                DurabilityArg::ProcessCrash => Durability::ProcessCrash,
            });
        if let Some(path) = &self.users {
            options = options.auth(users(session, path)?);
        }
        if let (Some(certificate), Some(key)) = (&self.tls_cert, &self.tls_key) {
            options = options.tls(TlsFiles {
                certificate: session.path(certificate),
                key: session.path(key),
            });
        }
        if !self.registry_only {
            options = options.services(self.services()?);
        }
        Ok(options)
    }

    fn services(&self) -> Result<ServiceOptions, Failure> {
        let development = match (self.insecure_development_issuer, self.no_development_issuer) {
            (true, _) => DevelopmentIssuer::InsecureAnywhere,
            (false, true) => DevelopmentIssuer::Off,
            (false, false) => DevelopmentIssuer::OnLoopback,
        };
        let mut services = ServiceOptions::default().development_issuer(development);
        if let Some(url) = &self.url {
            let is_address = url.starts_with("http://") || url.starts_with("https://");
            if !is_address || url.contains(['?', '#', ' ']) {
                return Err(UsageError::because(format!("--url {url}: expected an address of http or https")).into());
            }
            services = services.url(url);
        }
        for issuer in &self.oidc_issuer {
            let parsed = OidcIssuer::parse(issuer);
            let issuer = parsed.map_err(|error| UsageError::because(format!("--oidc-issuer {issuer}: {error}")))?;
            services = services.issuer(issuer);
        }
        Ok(services)
    }

    fn log_sink(&self, session: &Session<'_>) -> Result<LogSink, Failure> {
        match self.log.as_str() {
            "off" => Ok(LogSink::Off),
            "-" => Ok(LogSink::Writer(Box::new(std::io::stderr()))),
            path => {
                let opened = std::fs::OpenOptions::new()
                    .create(true)
                    .append(true)
                    .open(session.path(path));
                match opened {
                    Ok(file) => Ok(LogSink::Writer(Box::new(file) as Box<dyn Write + Send>)),
                    Err(source) => Err(Failure::File {
                        action: "writing",
                        path: path.to_owned(),
                        source,
                    }),
                }
            }
        }
    }
}

fn users(session: &Session<'_>, path: &str) -> Result<BasicAuth, Failure> {
    let bytes = file::read(session.directory(), path, USERS_LIMIT)?;
    let text = String::from_utf8(bytes)
        .map(Secret::new)
        .map_err(|_| UsageError::because(format!("--users {path}: not UTF-8")))?;
    BasicAuth::parse(&text).map_err(|error| UsageError::because(format!("--users {path}: {error}")).into())
}

/// Waits for SIGINT or SIGTERM.
async fn ended() -> std::io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted,
        _ = terminate.recv() => Ok(()),
    }
}

/// The most bytes of a file of users.
const USERS_LIMIT: u64 = 1024 * 1024;

/// The folder where none is named.
const ROOT: &str = "countersign-data";
