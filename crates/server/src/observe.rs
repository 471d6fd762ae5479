//! What the server tells of itself: counts for Prometheus, and a line of JSON for each request.

use std::io::Write;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use http::{Method, StatusCode};
use serde::Serialize;

use crate::options::LogSink;

/// The counts and the log of a server.
pub(crate) struct Observer {
    /// Requests by method and status.
    requests: [[AtomicU64; STATUSES]; METHODS.len()],
    bytes_in: AtomicU64,
    bytes_out: AtomicU64,
    microseconds: AtomicU64,
    in_flight: AtomicU64,
    blobs_stored: AtomicU64,
    manifests_stored: AtomicU64,
    lines_lost: AtomicU64,
    renewals_failed: AtomicU64,
    log: Option<Mutex<Box<dyn Write + Send>>>,
}

impl Observer {
    pub(crate) fn new(log: LogSink) -> Self {
        Self {
            requests: [const { [const { AtomicU64::new(0) }; STATUSES] }; METHODS.len()],
            bytes_in: AtomicU64::new(0),
            bytes_out: AtomicU64::new(0),
            microseconds: AtomicU64::new(0),
            in_flight: AtomicU64::new(0),
            blobs_stored: AtomicU64::new(0),
            manifests_stored: AtomicU64::new(0),
            lines_lost: AtomicU64::new(0),
            renewals_failed: AtomicU64::new(0),
            log: match log {
                LogSink::Off => None,
                LogSink::Writer(writer) => Some(Mutex::new(writer)),
            },
        }
    }

    /// Notes that a request came.
    pub(crate) fn begin(self: &Arc<Self>, method: Method, path: &str, remote: SocketAddr) -> Exchange {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        Exchange {
            observer: Arc::clone(self),
            started: Instant::now(),
            method,
            path: self.log.is_some().then(|| path.chars().take(PATH_SHOWN).collect()),
            remote,
            status: CLIENT_LEFT,
            received: 0,
            sent: 0,
            error: None,
        }
    }

    pub(crate) fn blob_stored(&self) {
        self.blobs_stored.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn manifest_stored(&self) {
        self.manifests_stored.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn renewal_failed(&self) {
        self.renewals_failed.fetch_add(1, Ordering::Relaxed);
    }

    /// Writes the counts as Prometheus reads them.
    pub(crate) fn exposition(&self) -> String {
        let count = |value: &AtomicU64| value.load(Ordering::Relaxed).to_string();
        let microseconds = self.microseconds.load(Ordering::Relaxed);
        let seconds = format!("{}.{:06}", microseconds / 1_000_000, microseconds % 1_000_000);
        let mut text = String::new();
        let mut total = |name, help, value| {
            describe(&mut text, name, "counter", help);
            text.push_str(&format!("countersign_{name} {value}\n"));
        };
        total(
            "http_request_bytes_total",
            "Bytes of request bodies.",
            count(&self.bytes_in),
        );
        total(
            "http_response_bytes_total",
            "Bytes of answer bodies.",
            count(&self.bytes_out),
        );
        total("http_request_seconds_total", "Seconds spent on requests.", seconds);
        total(
            "blobs_stored_total",
            "Blobs pushed since the start.",
            count(&self.blobs_stored),
        );
        total(
            "manifests_stored_total",
            "Manifests pushed since the start.",
            count(&self.manifests_stored),
        );
        total(
            "log_lines_lost_total",
            "Lines the log did not take.",
            count(&self.lines_lost),
        );
        total(
            "tuf_renewals_failed_total",
            "Times that metadata of the TUF repository could not be signed anew.",
            count(&self.renewals_failed),
        );
        self.write_requests(&mut text);
        text
    }

    fn write_requests(&self, text: &mut String) {
        describe(text, "http_requests_in_flight", "gauge", "Requests being answered.");
        let in_flight = self.in_flight.load(Ordering::Relaxed);
        text.push_str(&format!("countersign_http_requests_in_flight {in_flight}\n"));
        describe(text, "http_requests_total", "counter", "Requests answered.");
        for (method, statuses) in METHODS.iter().zip(&self.requests) {
            for (requests, status) in statuses.iter().zip(FIRST_STATUS..) {
                let requests = requests.load(Ordering::Relaxed);
                if requests > 0 {
                    let labels = format!("method=\"{method}\",status=\"{status}\"");
                    text.push_str(&format!("countersign_http_requests_total{{{labels}}} {requests}\n"));
                }
            }
        }
    }

    fn count_request(&self, method: &Method, status: u16) {
        let row = METHODS.iter().position(|known| *known == method.as_str());
        let row = row.unwrap_or(METHODS.len() - 1);
        let column = usize::from(status.saturating_sub(FIRST_STATUS));
        if let Some(count) = self.requests.get(row).and_then(|statuses| statuses.get(column)) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn write_line(&self, line: &Line<'_>) {
        let Some(log) = &self.log else { return };
        let mut text = serde_json::to_vec(line).expect("a line of strings and numbers has a JSON form");
        text.push(b'\n');
        let mut writer = log.lock().unwrap_or_else(PoisonError::into_inner);
        if writer.write_all(&text).and_then(|()| writer.flush()).is_err() {
            self.lines_lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// A request and its answer; dropped when the answer is sent or given up, which counts and logs it.
pub(crate) struct Exchange {
    observer: Arc<Observer>,
    started: Instant,
    method: Method,
    path: Option<String>,
    remote: SocketAddr,
    status: u16,
    received: u64,
    sent: u64,
    error: Option<String>,
}

impl Exchange {
    /// Notes what the answer will be.
    pub(crate) fn answered(&mut self, status: StatusCode, received: u64, error: Option<String>) {
        self.status = status.as_u16();
        self.received = received;
        self.error = error;
    }

    /// Notes that bytes of the answer's body were handed to the connection.
    pub(crate) fn sent(&mut self, bytes: usize) {
        self.sent += bytes as u64;
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        let elapsed = u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.observer.in_flight.fetch_sub(1, Ordering::Relaxed);
        self.observer.bytes_in.fetch_add(self.received, Ordering::Relaxed);
        self.observer.bytes_out.fetch_add(self.sent, Ordering::Relaxed);
        self.observer.microseconds.fetch_add(elapsed, Ordering::Relaxed);
        self.observer.count_request(&self.method, self.status);
        if let Some(path) = &self.path {
            self.observer.write_line(&Line {
                time: jiff::Timestamp::now().to_string(),
                remote: self.remote,
                method: self.method.as_str(),
                path,
                status: self.status,
                bytes_in: self.received,
                bytes_out: self.sent,
                microseconds: elapsed,
                error: self.error.as_deref(),
            });
        }
    }
}

fn describe(text: &mut String, name: &str, kind: &str, help: &str) {
    text.push_str(&format!(
        "# HELP countersign_{name} {help}\n# TYPE countersign_{name} {kind}\n"
    ));
}

/// A request in the log.
#[derive(Serialize)]
struct Line<'a> {
    time: String,
    remote: SocketAddr,
    method: &'a str,
    path: &'a str,
    status: u16,
    bytes_in: u64,
    bytes_out: u64,
    microseconds: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
}

/// The methods that are counted by name.
const METHODS: [&str; 7] = ["GET", "HEAD", "PUT", "POST", "PATCH", "DELETE", "other"];
/// Counted and logged where the client left before there was an answer.
const CLIENT_LEFT: u16 = 499;
const FIRST_STATUS: u16 = 100;
const STATUSES: usize = 500;
/// How much of a path the log repeats, in characters.
const PATH_SHOWN: usize = 1024;
