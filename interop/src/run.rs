//! One process: started in a clean environment, watched, ended in time.

use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::Peers;

/// A command that is about to run.
pub struct Run<'a> {
    peers: &'a Peers,
    command: Command,
    limit: Duration,
    shown: String,
}

/// How a process ended.
#[derive(Debug)]
pub struct Ended {
    /// What was run.
    pub command: String,
    /// The exit code; nothing when it was killed, by us after its time or by a signal.
    pub code: Option<i32>,
    /// What it wrote to standard output.
    pub stdout: String,
    /// What it wrote to standard error.
    pub stderr: String,
    /// How long it took.
    pub took: Duration,
    /// The most memory it held, in MiB, as the kernel counts.
    pub peak_mib: u64,
}

impl<'a> Run<'a> {
    /// Prepares `program` (a peer's name, or "ours") with `arguments`, without anything of this user's environment.
    pub fn new(peers: &'a Peers, program: &str, arguments: &[&str]) -> Self {
        let mut command = Command::new(peers.program(program));
        command
            .args(arguments)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", peers.scratch())
            .env("TUF_ROOT", peers.scratch().join("tuf"))
            .env("COSIGN_PASSWORD", "")
            .env("COSIGN_YES", "true")
            // nothing but the registry is to be reached: what else a peer asks for fails at once
            .env("HTTPS_PROXY", "http://127.0.0.1:9")
            .current_dir(peers.scratch())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let shown = format!("{program} {}", arguments.join(" "));
        Self {
            peers,
            command,
            limit: Duration::from_secs(120),
            shown,
        }
    }

    /// Sets a variable of the environment.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl AsRef<Path>) -> Self {
        self.command.env(name, value.as_ref());
        self
    }

    /// Adds arguments.
    #[must_use]
    pub fn with(mut self, more: &[&str]) -> Self {
        self.command.args(more);
        self
    }

    /// Sets the time after which the process is killed.
    #[must_use]
    pub fn within(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Runs to the end.
    pub fn end(mut self) -> Ended {
        let begin = Instant::now();
        let mut child = self
            .command
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {}: {error}", self.shown));
        let stdout = drain(child.stdout.take());
        let stderr = drain(child.stderr.take());
        let (status, peak_kib) = watch(&mut child, begin + self.limit);
        let took = begin.elapsed();
        let text = |thread: thread::JoinHandle<Vec<u8>>| {
            String::from_utf8_lossy(&thread.join().unwrap_or_default()).into_owned()
        };
        Ended {
            command: self.shown.replace(&self.peers.scratch().display().to_string(), "."),
            code: status.and_then(|status| status.code()),
            stdout: text(stdout),
            stderr: text(stderr),
            took,
            peak_mib: peak_kib / 1024,
        }
    }

    /// Gives the process a standard input that stays open as long as the test's own process lives.
    #[must_use]
    pub fn with_open_input(mut self) -> Self {
        self.command.stdin(Stdio::piped());
        self
    }

    /// Starts a server and leaves it running; it is killed with the returned value.
    pub fn serve(mut self, log: &Path) -> Server {
        let log = fs::File::create(log).unwrap_or_else(|error| panic!("cannot write {}: {error}", log.display()));
        let copy = log
            .try_clone()
            .unwrap_or_else(|error| panic!("cannot share the log: {error}"));
        self.command.stdout(log).stderr(copy);
        Server(
            self.command
                .spawn()
                .unwrap_or_else(|error| panic!("cannot start {}: {error}", self.shown)),
        )
    }
}

impl Ended {
    /// Tells whether it ended with code 0.
    pub fn succeeded(&self) -> bool {
        self.code == Some(0)
    }

    /// Returns itself if it ended with code 0.
    ///
    /// # Panics
    /// With what it said, otherwise.
    #[must_use]
    pub fn expect_success(self) -> Self {
        assert!(self.succeeded(), "{self:#?}");
        self
    }

    /// Says in a line what was run and how it ended.
    pub fn verdict(&self) -> String {
        let code = self
            .code
            .map_or_else(|| "killed".to_owned(), |code| format!("exit {code}"));
        format!(
            "`{}` {code} after {:.1} s: {}",
            self.command,
            self.took.as_secs_f64(),
            self.last_words()
        )
    }

    /// Returns the last line of standard error, for tables.
    pub fn last_words(&self) -> &str {
        self.stderr
            .lines()
            .rev()
            .find(|line| !line.trim().is_empty())
            .unwrap_or_default()
    }
}

/// A server's process, killed when dropped.
pub struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself; either way nothing is left running.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

fn drain(pipe: Option<impl Read + Send + 'static>) -> thread::JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut pipe) = pipe {
            // A broken pipe ends the output, as its end does.
            drop(pipe.read_to_end(&mut bytes));
        }
        bytes
    })
}

/// Waits for the end, looking at the process's memory on the way; kills it after `until`.
fn watch(child: &mut Child, until: Instant) -> (Option<ExitStatus>, u64) {
    let status_file = format!("/proc/{}/status", child.id());
    let begin = Instant::now();
    let mut peak = 0;
    loop {
        peak = peak.max(high_water_mark(&status_file));
        match child.try_wait() {
            Ok(Some(status)) => return (Some(status), peak),
            Ok(None) if Instant::now() < until => thread::sleep(pause(begin.elapsed())),
            _ => {
                drop(child.kill());
                drop(child.wait());
                return (None, peak);
            }
        }
    }
}

/// A short run is looked at often, so that its peak is seen; fifty long ones at once must not keep the machine busy.
fn pause(elapsed: Duration) -> Duration {
    match elapsed.as_millis() {
        0..500 => Duration::from_millis(2),
        _ => Duration::from_millis(25),
    }
}

fn high_water_mark(status_file: &str) -> u64 {
    let text = fs::read_to_string(status_file).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok())
        .unwrap_or(0)
}
