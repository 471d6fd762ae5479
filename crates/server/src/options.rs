//! How a server is to run.

use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use tokio::runtime::Handle;

use crate::auth::BasicAuth;
use crate::services::ServiceOptions;

/// How a server is to run: where its contents are, and what differs from the defaults.
#[derive(Debug)]
pub struct ServerOptions {
    pub(crate) root: PathBuf,
    pub(crate) address: SocketAddr,
    pub(crate) auth: Option<BasicAuth>,
    pub(crate) tls: Option<TlsFiles>,
    pub(crate) access: Access,
    pub(crate) durability: Durability,
    pub(crate) missing: MissingContent,
    pub(crate) log: LogSink,
    pub(crate) runtimes: Vec<Handle>,
    pub(crate) limits: Limits,
    pub(crate) services: Option<ServiceOptions>,
}

impl ServerOptions {
    /// Serves the folder `root`, which is made where it does not exist, in plain HTTP on a free port of this machine,
    /// to anyone, without a log and without other services.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self {
            root: root.into(),
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            auth: None,
            tls: None,
            access: Access::ReadWrite,
            durability: Durability::PowerCut,
            missing: MissingContent::Refused,
            log: LogSink::Off,
            runtimes: Vec::new(),
            limits: Limits::default(),
            services: None,
        }
    }

    /// Listens on this address; port 0 takes a free one.
    #[must_use]
    pub fn listen(mut self, address: SocketAddr) -> Self {
        self.address = address;
        self
    }

    /// Asks for a user and a password.
    #[must_use]
    pub fn auth(mut self, auth: BasicAuth) -> Self {
        self.auth = Some(auth);
        self
    }

    /// Speaks TLS.
    #[must_use]
    pub fn tls(mut self, files: TlsFiles) -> Self {
        self.tls = Some(files);
        self
    }

    /// Says whether clients may change anything.
    #[must_use]
    pub fn access(mut self, access: Access) -> Self {
        self.access = access;
        self
    }

    /// Says what an acknowledged push survives.
    #[must_use]
    pub fn durability(mut self, durability: Durability) -> Self {
        self.durability = durability;
        self
    }

    /// Says what happens to manifests whose parts are not in their repository.
    #[must_use]
    pub fn missing(mut self, missing: MissingContent) -> Self {
        self.missing = missing;
        self
    }

    /// Writes a line for each request.
    #[must_use]
    pub fn log(mut self, log: LogSink) -> Self {
        self.log = log;
        self
    }

    /// Serves the connections on these runtimes too, in turn with the one that the server is started on.
    #[must_use]
    pub fn runtimes(mut self, runtimes: Vec<Handle>) -> Self {
        self.runtimes = runtimes;
        self
    }

    /// Is a whole Sigstore beside the registry: Fulcio, Rekor 1 and 2, a certificate log, a timestamp authority and a TUF
    /// repository, whose keys are made and kept in the folder.
    #[must_use]
    pub fn services(mut self, services: ServiceOptions) -> Self {
        self.services = Some(services);
        self
    }

    /// Sets limits.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }
}

/// The files of a server's certificate, in PEM.
#[derive(Clone, Debug)]
pub struct TlsFiles {
    /// The certificate, followed by those that lead to a root.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

/// Whether clients may change anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Pushes and deletions are allowed.
    ReadWrite,
    /// They are refused with 405 and `UNSUPPORTED`.
    ReadOnly,
}

/// What an acknowledged push survives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// A power cut: everything is flushed to the disk before the answer, at about a millisecond for each of the six to
    /// ten flushes that a signature takes on an SSD.
    PowerCut,
    /// The end of the process, also by SIGKILL: nothing is flushed. For tests and demonstrations.
    ProcessCrash,
}

/// What happens to a manifest whose blobs, or an index whose manifests, are not in its repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MissingContent {
    /// It is refused with `MANIFEST_BLOB_UNKNOWN`, so that what can be pulled is whole. Layers that say they may not
    /// be distributed, or where else they are, need not be there.
    Refused,
    /// It is stored, for mirrors that hold some platforms only.
    Accepted,
}

/// Where the line of JSON for each request goes.
pub enum LogSink {
    /// Nowhere.
    Off,
    /// To this writer, which should be fast, one call of `write` for each line.
    Writer(Box<dyn Write + Send>),
}

impl std::fmt::Debug for LogSink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Off => "Off",
            Self::Writer(_) => "Writer",
        })
    }
}

/// What the server bears from its clients.
#[derive(Clone, Debug)]
pub struct Limits {
    /// The most connections at a time; more wait.
    pub connections: usize,
    /// The most uploads that have begun and not ended.
    pub uploads: usize,
    /// The most bytes of a blob.
    pub blob_bytes: u64,
    /// The most bytes of a manifest; the distribution specification asks for 4 MiB at least.
    pub manifest_bytes: usize,
    /// The most names or descriptors in one answer; more are on the next page.
    pub page: usize,
    /// How long a client may send or take nothing in the middle of a request.
    pub stall: Duration,
    /// How long a connection may be idle, or take to send a request's head.
    pub idle: Duration,
    /// How long a stopping server waits for requests to end.
    pub drain: Duration,
    /// How long an upload is kept after the last bytes of it came; older ones are removed at the next start.
    pub upload_age: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 1024,
            uploads: 10_000,
            blob_bytes: 64 << 30,
            manifest_bytes: 4 << 20,
            page: 1000,
            stall: Duration::from_secs(60),
            idle: Duration::from_secs(120),
            drain: Duration::from_secs(10),
            upload_age: Duration::from_secs(7 * 24 * 60 * 60),
        }
    }
}
