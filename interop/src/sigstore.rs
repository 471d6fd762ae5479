//! Our own `serve` as a whole Sigstore: registry, Fulcio, logs, timestamps, OpenID provider and TUF on one port.

use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::registry::free_address;
use crate::run::Server;
use crate::{Peers, Run, http};

/// A running server; it ends with this value.
pub struct Sigstore {
    address: String,
    folder: String,
    _server: Server,
}

impl Sigstore {
    /// Starts it in a folder of its own and waits until it answers.
    ///
    /// # Panics
    /// When it does not come up.
    pub fn start(peers: &Peers) -> Self {
        let folder = peers.path(&format!("sigstore-{}", STARTED.fetch_add(1, Ordering::Relaxed)));
        Self::start_in(peers, &folder, &free_address(), &[])
    }

    /// Starts it with more flags in a folder that may be there, at an address that was free.
    ///
    /// # Panics
    /// When it does not come up.
    pub fn start_in(peers: &Peers, folder: &str, address: &str, more: &[&str]) -> Self {
        let run = Run::new(peers, "ours", &["serve", "--listen", address, "--root", folder]);
        Self::run(run.with(more), folder, address)
    }

    /// Starts it at a free address, with more flags and a file of the authorities that it believes when it asks others.
    ///
    /// # Panics
    /// When it does not come up.
    pub fn start_with(peers: &Peers, more: &[&str], authorities: &str) -> Self {
        let folder = peers.path(&format!("sigstore-{}", STARTED.fetch_add(1, Ordering::Relaxed)));
        let address = free_address();
        let run = Run::new(peers, "ours", &["serve", "--listen", &address, "--root", &folder]);
        Self::run(run.with(more).env("SSL_CERT_FILE", authorities), &folder, &address)
    }

    fn run(run: Run<'_>, folder: &str, address: &str) -> Self {
        let log = format!("{folder}.log");
        let server = run.serve(log.as_ref());
        let until = Instant::now() + Duration::from_secs(20);
        loop {
            let said = std::fs::read_to_string(&log).unwrap_or_default();
            if said.contains("Ctrl-C stops it") {
                break;
            }
            assert!(Instant::now() < until, "serve does not come up: {said}");
            thread::sleep(Duration::from_millis(20));
        }
        Self {
            address: address.to_owned(),
            folder: folder.to_owned(),
            _server: server,
        }
    }

    /// Starts it where it believes these providers too.
    ///
    /// # Panics
    /// When it does not come up.
    pub fn believing(peers: &Peers, issuers: &[&str]) -> Self {
        let folder = peers.path(&format!("sigstore-{}", STARTED.fetch_add(1, Ordering::Relaxed)));
        let flags: Vec<&str> = issuers.iter().flat_map(|issuer| ["--oidc-issuer", issuer]).collect();
        Self::start_in(peers, &folder, &free_address(), &flags)
    }

    /// Returns host and port, also of the registry.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Returns the address of a path of the server.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Returns the path of a file for clients.
    pub fn file(&self, name: &str) -> String {
        format!("{}/sigstore/{name}", self.folder)
    }

    /// Returns the folder of the server.
    pub fn folder(&self) -> &str {
        &self.folder
    }

    /// Returns a token for an e-mail address, as a script asks for one.
    ///
    /// # Panics
    /// When the provider refuses.
    pub fn token(&self, email: &str) -> String {
        let form = [("Content-Type", "application/x-www-form-urlencoded")];
        let body = format!("email={email}");
        let answer = http::request(&self.address, "POST", "/oidc/mint", &form, body.as_bytes());
        assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
        String::from_utf8_lossy(&answer.body).into_owned()
    }

    /// Returns the flags that trust `who`, as the server's own provider names them.
    pub fn identity(&self, who: &str) -> Vec<String> {
        let flags = ["--certificate-identity", who, "--certificate-oidc-issuer"];
        flags
            .into_iter()
            .map(str::to_owned)
            .chain([self.url("/oidc")])
            .collect()
    }

    /// Returns the flags that sign by the files that the server writes, for the holder of `token`.
    pub fn by_files(&self, token: &str) -> Vec<String> {
        vec![
            "--signing-config".to_owned(),
            self.file("signing_config.v0.2.json"),
            "--trusted-root".to_owned(),
            self.file("trusted_root.json"),
            "--identity-token".to_owned(),
            token.to_owned(),
        ]
    }

    /// Returns the flags that sign by the addresses of the services, as cosign 2 does, for the holder of `token`.
    pub fn by_addresses(&self, token: &str) -> Vec<String> {
        vec![
            "--fulcio-url".to_owned(),
            self.url(""),
            "--rekor-url".to_owned(),
            self.url(""),
            "--identity-token".to_owned(),
            token.to_owned(),
        ]
    }

    /// Has a program believe the server, by the variables of cosign 2.
    #[must_use]
    pub fn trusting<'a>(&self, run: Run<'a>) -> Run<'a> {
        run.env("SIGSTORE_ROOT_FILE", self.file("fulcio-chain.pem"))
            .env("SIGSTORE_REKOR_PUBLIC_KEY", self.file("rekor.pub"))
            .env("SIGSTORE_CT_LOG_PUBLIC_KEY_FILE", self.file("ctfe.pub"))
    }
}

static STARTED: AtomicU32 = AtomicU32::new(0);
