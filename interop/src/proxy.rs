//! A proxy before a registry that counts, delays and damages.

use std::fs;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::run::Server;
use crate::{Peers, Run, http};

/// A running proxy; it ends with this value.
pub struct FaultProxy {
    address: String,
    control: String,
    _server: Server,
}

impl FaultProxy {
    /// Starts a proxy before the registry at `upstream`.
    ///
    /// # Panics
    /// When it does not come up.
    pub fn start(peers: &Peers, upstream: &str) -> Self {
        let log = peers.path(&format!("proxy-{}", STARTED.fetch_add(1, Ordering::Relaxed)));
        let server = Run::new(peers, "fault-proxy", &["-upstream", &format!("http://{upstream}")]).serve(log.as_ref());
        let until = Instant::now() + Duration::from_secs(10);
        loop {
            let said = fs::read_to_string(&log).unwrap_or_default();
            let field = |name: &str| {
                said.split_whitespace()
                    .find_map(|word| word.strip_prefix(name))
                    .map(str::to_owned)
            };
            if let (Some(address), Some(control), true) = (field("proxy="), field("ctl="), said.ends_with('\n')) {
                return Self {
                    address,
                    control,
                    _server: server,
                };
            }
            assert!(Instant::now() < until, "the fault proxy does not come up: {said}");
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Returns host and port.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Lets each request wait for `milliseconds`, as a registry far away would.
    pub fn delay(&self, milliseconds: u32) {
        self.tell("/latency", format!("{milliseconds}ms"));
    }

    /// Replaces the faults; `cmd/fault-proxy` describes them.
    pub fn faults(&self, rules: &Value) {
        self.tell("/faults", rules.to_string());
    }

    /// Forgets the requests so far.
    pub fn forget(&self) {
        self.tell("/reset", String::new());
    }

    /// Returns the requests since they were last forgotten.
    pub fn requests(&self) -> Vec<Value> {
        let answer = http::request(&self.control, "GET", "/log", &[], b"");
        match serde_json::from_slice(&answer.body) {
            Ok(Value::Array(requests)) => requests,
            other => panic!("the proxy's log is no list: {other:?}"),
        }
    }

    fn tell(&self, path: &str, text: String) {
        let answer = http::request(&self.control, "POST", path, &[], text.as_bytes());
        assert_eq!(answer.status, 200, "{path}: {}", String::from_utf8_lossy(&answer.body));
    }
}

static STARTED: AtomicU32 = AtomicU32::new(0);
