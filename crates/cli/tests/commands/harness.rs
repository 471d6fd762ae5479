//! A world of a test's own, and what a command did to it.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::ffi::OsString;
use std::fmt::Write as _;
use std::io::{self, Cursor, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Mutex;

use countersign_cli::{Environment, Terminal, World};
use tempfile::TempDir;

/// A user with a folder, an environment and a keyboard.
#[derive(Clone)]
pub(crate) struct User {
    folder: Rc<TempDir>,
    variables: Vec<(String, String)>,
    stdin: Vec<u8>,
    terminal: Terminal,
    hidden_lines: VecDeque<String>,
    now: &'static str,
}

/// What a command printed and how it ended.
pub(crate) struct Outcome {
    pub(crate) exit: u8,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
}

impl User {
    pub(crate) fn new() -> Self {
        Self {
            folder: Rc::new(tempfile::tempdir().expect("a temporary folder can be made")),
            variables: Vec::new(),
            stdin: Vec::new(),
            terminal: Terminal::default(),
            hidden_lines: VecDeque::new(),
            now: "2026-11-22T12:00:00Z",
        }
    }

    /// Lives in the time of the machine, as the services of `serve` do.
    pub(crate) fn today(self) -> Self {
        self.at(Box::leak(jiff::Timestamp::now().to_string().into_boxed_str()))
    }

    /// Sets the clock.
    pub(crate) fn at(mut self, now: &'static str) -> Self {
        self.now = now;
        self
    }

    /// Sets a variable of the environment.
    pub(crate) fn with_variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Pipes bytes to standard input.
    pub(crate) fn typing(mut self, text: &str) -> Self {
        self.stdin = text.as_bytes().to_vec();
        self
    }

    /// The same user in the same folder, who pipes other text to standard input.
    pub(crate) fn answering(&self, text: &str) -> Self {
        self.clone().typing(text)
    }

    /// Sits at a terminal and types these lines where they are not shown.
    pub(crate) fn at_terminal(mut self, hidden_lines: &[&str]) -> Self {
        self.terminal = Terminal {
            stdin: true,
            stdout: false,
            stderr: false,
        };
        self.hidden_lines = hidden_lines.iter().map(|line| (*line).to_owned()).collect();
        self
    }

    /// Owns a key pair with an empty password, `NAME.key` and `NAME.pub`, made once for all tests.
    pub(crate) fn with_key(self, name: &str) -> Self {
        static PAIRS: Mutex<BTreeMap<String, [Vec<u8>; 2]>> = Mutex::new(BTreeMap::new());
        let mut pairs = PAIRS.lock().expect("no test fails while it makes a key");
        let [private, public] = pairs.entry(name.to_owned()).or_insert_with(|| {
            let maker = Self::new().with_variable("COSIGN_PASSWORD", "");
            assert_eq!(maker.run("generate-key-pair").exit, 0);
            [maker.read("cosign.key"), maker.read("cosign.pub")]
        });
        self.write(&format!("{name}.key"), private);
        self.write(&format!("{name}.pub"), public);
        self.with_variable("COSIGN_PASSWORD", "")
    }

    /// A path in the user's folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Puts a file into the user's folder.
    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), content).expect("the folder is writable");
    }

    /// The permissions of a file in the user's folder.
    pub(crate) fn mode(&self, name: &str) -> u32 {
        let metadata = std::fs::metadata(self.path(name)).expect("the file was written");
        metadata.permissions().mode() & 0o777
    }

    /// Reads a file of the user's folder.
    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).expect("the file was written")
    }

    /// Runs `countersign` with arguments separated by blanks.
    pub(crate) fn run(&self, line: &str) -> Outcome {
        self.run_as("countersign", &line.split_whitespace().collect::<Vec<_>>())
    }

    /// Runs the program under the name `program`.
    pub(crate) fn run_as(&self, program: &str, arguments: &[&str]) -> Outcome {
        let stdout = Shared::default();
        let stderr = Shared::default();
        let mut hidden_lines = self.hidden_lines.clone();
        let now = self.now;
        let mut world = World {
            environment: Environment::new(
                self.variables
                    .iter()
                    .map(|(name, value)| (OsString::from(name), OsString::from(value))),
            ),
            directory: self.folder.path().to_owned(),
            program_folder: Box::new(|| None),
            terminal: self.terminal,
            stdin: Box::new(Cursor::new(self.stdin.clone())),
            stdout: Box::new(stdout.clone()),
            stderr: Box::new(stderr.clone()),
            hidden_line: Box::new(move || {
                hidden_lines
                    .pop_front()
                    .ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
            }),
            now: Box::new(|| now.parse().expect("this is a time")),
            random: Box::new(io::repeat(7)),
        };
        let line = std::iter::once(program).chain(arguments.iter().copied());
        let exit = countersign_cli::run(line.map(OsString::from).collect(), &mut world);
        Outcome {
            exit,
            stdout: stdout.bytes(),
            stderr: String::from_utf8(stderr.bytes())
                .expect("messages are text")
                .replace(&self.folder.path().display().to_string(), "FOLDER"),
        }
    }
}

impl Outcome {
    /// The outcome with another name for a registry's host, whose port differs from run to run.
    pub(crate) fn redacted(mut self, host: &str) -> Self {
        let stdout = String::from_utf8_lossy(&self.stdout).replace(host, "REGISTRY");
        self.stdout = stdout.into_bytes();
        self.stderr = self.stderr.replace(host, "REGISTRY");
        self
    }

    /// The outcome without digests, where they differ from run to run.
    pub(crate) fn hiding_digests(mut self) -> Self {
        self.stdout = hide_digests(self.text()).into_bytes();
        self.stderr = hide_digests(&self.stderr);
        self
    }

    /// Standard output as text.
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.stdout).expect("results are text")
    }
}

fn hide_digests(text: &str) -> String {
    let mut parts = text.split("sha256:");
    let mut hidden = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        hidden.push_str("DIGEST");
        hidden.push_str(part.trim_start_matches(|c: char| c.is_ascii_hexdigit()));
    }
    hidden
}

/// The whole outcome as text, for snapshots.
impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.stdout))?;
        if !self.stderr.is_empty() {
            write!(f, "--- stderr\n{}", self.stderr)?;
            if !self.stderr.ends_with('\n') {
                f.write_char('\n')?;
            }
        }
        writeln!(f, "--- exit {}", self.exit)
    }
}

/// Checks the whole outcome against a snapshot.
#[macro_export]
macro_rules! assert_outcome {
    ($outcome:expr, $expected:expr $(,)?) => {
        snapbox::assert_data_eq!($outcome.to_string(), snapbox::IntoData::raw($expected))
    };
}

#[derive(Clone, Default)]
struct Shared(Rc<RefCell<Vec<u8>>>);

impl Shared {
    fn bytes(&self) -> Vec<u8> {
        self.0.borrow().clone()
    }
}

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
