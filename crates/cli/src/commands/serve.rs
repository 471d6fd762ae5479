//! `serve`: a registry on this machine.

mod workers;

use std::io::Write;
use std::net::SocketAddr;

use clap::{Args, ValueEnum};
use countersign_core::Secret;
use countersign_server::{
    Access, BasicAuth, Durability, LogSink, MissingContent, Running, Server, ServerOptions, TlsFiles,
};
use tokio::signal::unix::{SignalKind, signal};

use self::workers::Workers;
use super::{Fallback, Subcommand};
use crate::args::usage::UsageError;
use crate::failure::Failure;
use crate::file;
use crate::session::Session;

/// Serves a registry from a folder
#[derive(Args)]
pub(crate) struct Serve {
    /// The folder that holds everything; it is made where it does not exist
    #[arg(long, value_name = "FOLDER", default_value = "countersign-data")]
    root: String,

    /// Where to listen; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:5000")]
    listen: SocketAddr,

    /// Asks for one of the users in this file, a line USER:PASSWORD each
    #[arg(long, value_name = "FILE")]
    users: Option<String>,

    /// Speaks TLS with this certificate and what leads to its root, PEM
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<String>,

    /// The certificate's private key, PEM
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<String>,

    /// Refuses pushes and deletions
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
    const ABOUT: &'static str = "Serves a registry from a folder";
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
            session.ui().info(&welcome(&running, &self, session.program()));
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
        Ok(options)
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

fn welcome(running: &Running, serve: &Serve, program: &str) -> String {
    let address = running.address();
    format!(
        "Serving a registry at {url}, from {root}\n\
         Try, in another terminal:\n  \
         {program} push {address}/demo/hello:v1 FILE\n  \
         {program} sign --key cosign.key --tlog-upload=false {address}/demo/hello:v1\n  \
         {program} verify --key cosign.pub --insecure-ignore-tlog {address}/demo/hello:v1\n\
         Ctrl-C stops it; what was pushed stays.",
        url = running.url(),
        root = serve.root,
    )
}

/// The most bytes of a file of users.
const USERS_LIMIT: u64 = 1024 * 1024;
