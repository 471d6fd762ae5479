//! A private Sigstore on loopback ports: Fulcio with a certificate log, Rekor 1 and 2, a timestamp authority, an OpenID provider.

use std::fs;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::run::Server;
use crate::{Peers, Run, http};

/// The running servers; they end with this value.
pub struct Stack {
    settings: Value,
    _server: Server,
}

impl Stack {
    /// Starts all of them and waits until they answer.
    ///
    /// # Panics
    /// When one does not come up.
    pub fn start(peers: &Peers) -> Self {
        let folder = peers.path(&format!("stack-{}", STARTED.fetch_add(1, Ordering::Relaxed)));
        let log = format!("{folder}.log");
        let arguments = ["-peers", &peers.folder(), "-folder", &folder];
        let run = Run::new(peers, "sigstore-stack", &arguments).with_open_input();
        let server = run.serve(log.as_ref());
        let until = Instant::now() + Duration::from_secs(60);
        loop {
            let said = fs::read_to_string(&log).unwrap_or_default();
            if said.lines().any(|line| line == "ready") {
                break;
            }
            assert!(Instant::now() < until, "the stack does not come up: {said}");
            thread::sleep(Duration::from_millis(20));
        }
        let settings = fs::read(format!("{folder}/stack.json")).unwrap_or_default();
        Self {
            settings: serde_json::from_slice(&settings).unwrap_or_else(|error| panic!("stack.json: {error}")),
            _server: server,
        }
    }

    /// Returns an address or a path of `stack.json`; `cmd/sigstore-stack` describes them.
    ///
    /// # Panics
    /// When there is none of this name.
    pub fn setting(&self, name: &str) -> &str {
        match self.settings.get(name) {
            Some(Value::String(value)) => value,
            _ => panic!("the stack has no {name}"),
        }
    }

    /// Returns the path of a key (`NAME.key`, `NAME.pub`) or a certificate (`NAME.pem`) of the servers.
    pub fn file(&self, name: &str) -> String {
        format!("{}/{name}", self.setting("folder"))
    }

    /// Returns the flags that trust `who`, as the provider called `issuer` names them.
    pub fn identity<'a>(&'a self, who: &'a str) -> [&'a str; 4] {
        let issuer = self.setting("issuer");
        ["--certificate-identity", who, "--certificate-oidc-issuer", issuer]
    }

    /// Returns the flags that sign with the services of the configuration called `config`, for the holder of `token`.
    pub fn keyless<'a>(&'a self, config: &str, token: &'a str) -> [&'a str; 6] {
        [
            "--signing-config",
            self.setting(config),
            "--trusted-root",
            self.setting("trusted_root"),
            "--identity-token",
            token,
        ]
    }

    /// Returns the flags that sign with Fulcio and Rekor 1 in the format of cosign 2, for the holder of `token`.
    pub fn legacy<'a>(&'a self, token: &'a str) -> [&'a str; 9] {
        [
            "--new-bundle-format=false",
            "--fulcio-url",
            self.setting("fulcio"),
            "--rekor-url",
            self.setting("rekor1"),
            "--trusted-root",
            self.setting("trusted_root"),
            "--identity-token",
            token,
        ]
    }

    /// Has a program believe the servers, by the variables of cosign 2.
    #[must_use]
    pub fn trusting<'a>(&self, run: Run<'a>) -> Run<'a> {
        run.env("SIGSTORE_ROOT_FILE", self.file("fulcio-chain.pem"))
            .env("SIGSTORE_REKOR_PUBLIC_KEY", self.file("rekor1.pub"))
            .env("SIGSTORE_CT_LOG_PUBLIC_KEY_FILE", self.file("ctlog.pub"))
    }

    /// Returns a fresh token of the provider called `issuer`; `query` overrides its claims.
    ///
    /// # Panics
    /// When the provider does not answer.
    pub fn token(&self, issuer: &str, query: &str) -> String {
        let url = self.setting(issuer).trim_start_matches("http://");
        let (address, path) = url.split_once('/').unwrap_or((url, ""));
        let answer = http::request(address, "GET", &format!("/{path}/mint?{query}"), &[], b"");
        String::from_utf8_lossy(&answer.body).into_owned()
    }
}

static STARTED: AtomicU32 = AtomicU32::new(0);
