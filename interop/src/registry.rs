//! Real registries on loopback ports.

use std::fmt;
use std::net::TcpListener;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::run::Server;
use crate::{Peers, Run, http};

/// Which registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// go-containerregistry's, in memory, with the referrers API.
    Memory,
    /// The same without the referrers API.
    MemoryWithoutReferrers,
    /// Debian's docker-registry 2.8, which has no referrers API.
    DockerRegistry,
    /// zot, where it was built.
    Zot,
    /// Our own.
    Serve,
}

impl Kind {
    /// All of them, in the order of the documents.
    pub const ALL: [Self; 5] = [
        Self::Memory,
        Self::MemoryWithoutReferrers,
        Self::DockerRegistry,
        Self::Zot,
        Self::Serve,
    ];

    /// Tells whether it can be started here.
    pub fn is_there(self, peers: &Peers) -> bool {
        match self {
            Self::Memory | Self::MemoryWithoutReferrers => peers.has("memory-registry"),
            Self::DockerRegistry => peers.has("docker-registry"),
            Self::Zot => peers.has("zot"),
            Self::Serve => serves(peers),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Memory => "go-containerregistry, referrers API",
            Self::MemoryWithoutReferrers => "go-containerregistry, no referrers API",
            Self::DockerRegistry => "docker-registry 2.8, no referrers API",
            Self::Zot => "zot",
            Self::Serve => "countersign serve",
        })
    }
}

/// A running registry; it ends with this value.
pub struct Registry {
    address: String,
    _server: Server,
}

impl Registry {
    /// Starts a registry with nothing in it and waits until it answers.
    ///
    /// # Panics
    /// When it does not come up.
    pub fn start(peers: &Peers, kind: Kind) -> Self {
        Self::start_with(peers, kind, &[])
    }

    /// The same, with more arguments.
    ///
    /// # Panics
    /// When it does not come up.
    pub fn start_with(peers: &Peers, kind: Kind, more: &[&str]) -> Self {
        let number = STARTED.fetch_add(1, Ordering::Relaxed);
        let folder = peers.path(&format!("registry-{number}"));
        std::fs::create_dir_all(&folder).unwrap_or_else(|error| panic!("cannot make {folder}: {error}"));
        let address = free_address();
        let log = format!("{folder}/log");
        let server = command(peers, kind, &folder, &address).with(more).serve(log.as_ref());
        let until = Instant::now() + Duration::from_secs(20);
        while http::try_request(&address, "GET", "/v2/", &[], b"")
            .map(|answer| answer.status)
            .unwrap_or(0)
            == 0
        {
            assert!(
                Instant::now() < until,
                "{kind}: {}",
                std::fs::read_to_string(&log).unwrap_or_default()
            );
            thread::sleep(Duration::from_millis(20));
        }
        Self {
            address,
            _server: server,
        }
    }

    /// Returns host and port.
    pub fn address(&self) -> &str {
        &self.address
    }
}

fn command<'a>(peers: &'a Peers, kind: Kind, folder: &str, address: &str) -> Run<'a> {
    let (host, port) = address.split_once(':').unwrap_or((address, "0"));
    let config = format!("{folder}/config");
    let write =
        |text: String| std::fs::write(&config, text).unwrap_or_else(|error| panic!("cannot write {config}: {error}"));
    match kind {
        Kind::Memory => Run::new(peers, "memory-registry", &["-listen", address]),
        Kind::MemoryWithoutReferrers => Run::new(peers, "memory-registry", &["-listen", address, "-referrers=false"]),
        Kind::DockerRegistry => {
            write(format!(
                "version: 0.1\nlog: {{level: error, accesslog: {{disabled: true}}}}\n\
                 storage: {{filesystem: {{rootdirectory: {folder}/data}}, delete: {{enabled: true}}}}\n\
                 http: {{addr: '{address}'}}\n"
            ));
            Run::new(peers, "docker-registry", &["serve", &config])
        }
        Kind::Zot => {
            let config = format!("{config}.json");
            let text = format!(
                r#"{{"distSpecVersion":"1.1.1","storage":{{"rootDirectory":"{folder}/data","gc":false}},
                "http":{{"address":"{host}","port":"{port}","compat":["docker2s2"]}},"log":{{"level":"error"}}}}"#
            );
            std::fs::write(&config, text).unwrap_or_else(|error| panic!("cannot write {config}: {error}"));
            Run::new(peers, "zot", &["serve", &config])
        }
        Kind::Serve => Run::new(
            peers,
            "ours",
            &[
                "serve",
                "--registry-only",
                "--listen",
                address,
                "--root",
                &format!("{folder}/data"),
            ],
        ),
    }
}

/// While a peer stands in for our program (to try out the tests themselves) there is no `serve`.
fn serves(peers: &Peers) -> bool {
    Run::new(peers, "ours", &["serve", "--help"]).end().succeeded()
}

pub(crate) fn free_address() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap_or_else(|error| panic!("no free port: {error}"));
    listener
        .local_addr()
        .map(|address| address.to_string())
        .unwrap_or_else(|error| panic!("no free port: {error}"))
}

static STARTED: AtomicU32 = AtomicU32::new(0);
