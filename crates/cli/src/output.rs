//! The conversation with the user: results on stdout, everything else on stderr, questions with answers from stdin.

use std::cell::{Cell, RefCell};
use std::fs::File;
use std::io::{self, BufRead, Read, Write};

use serde::Serialize;

use crate::args::output::OutputFormat;
use crate::diagnostic::Diagnostic;
use crate::env::{self, Environment};
use crate::failure::Failure;
use crate::world::Terminal;

/// The user's end of the three standard streams.
///
/// All methods take `&self`, so that a command may print while it waits for something else.
pub(crate) struct Ui<'w> {
    stdin: RefCell<&'w mut dyn BufRead>,
    stdout: RefCell<Stdout<'w>>,
    stderr: RefCell<&'w mut dyn Write>,
    hidden_line: RefCell<&'w mut dyn FnMut() -> io::Result<String>>,
    terminal: Terminal,
    colour: Colour,
    failures: Cell<OutputFormat>,
}

/// The streams of a [`World`](crate::World), borrowed.
pub(crate) struct Streams<'w> {
    pub(crate) stdin: &'w mut dyn BufRead,
    pub(crate) stdout: &'w mut dyn Write,
    pub(crate) stderr: &'w mut dyn Write,
    pub(crate) hidden_line: &'w mut dyn FnMut() -> io::Result<String>,
    pub(crate) terminal: Terminal,
}

enum Stdout<'w> {
    Stream(&'w mut dyn Write),
    File(File),
}

/// Whether colours are used (<https://no-color.org>).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Colour {
    Plain,
    Ansi,
}

impl<'w> Ui<'w> {
    pub(crate) fn new(streams: Streams<'w>, environment: &Environment) -> Self {
        let is_plain = environment.text(env::NO_COLOR).is_some() || environment.text("TERM") == Some("dumb");
        Self {
            stdin: RefCell::new(streams.stdin),
            stdout: RefCell::new(Stdout::Stream(streams.stdout)),
            stderr: RefCell::new(streams.stderr),
            hidden_line: RefCell::new(streams.hidden_line),
            terminal: streams.terminal,
            colour: if is_plain { Colour::Plain } else { Colour::Ansi },
            failures: Cell::new(OutputFormat::Text),
        }
    }

    /// Sends the results to `file` from now on (`--output-file`).
    pub(crate) fn redirect(&mut self, file: File) {
        self.terminal.stdout = false;
        *self.stdout.get_mut() = Stdout::File(file);
    }

    /// Shows a failure in `format`.
    pub(crate) fn failures_as(&self, format: OutputFormat) {
        self.failures.set(format);
    }

    /// Writes a result to stdout as it is.
    pub(crate) fn print(&self, bytes: &[u8]) -> Result<(), Failure> {
        let written = match &mut *self.stdout.borrow_mut() {
            Stdout::Stream(stream) => stream.write_all(bytes),
            Stdout::File(file) => file.write_all(bytes),
        };
        written.map_err(Failure::Output)
    }

    /// Writes a result and a line end to stdout.
    pub(crate) fn print_line(&self, line: &str) -> Result<(), Failure> {
        let mut text = String::with_capacity(line.len() + 1);
        text.push_str(line);
        text.push('\n');
        self.print(text.as_bytes())
    }

    /// Writes a result as one line of JSON to stdout.
    pub(crate) fn print_json(&self, value: &impl Serialize) -> Result<(), Failure> {
        let text = serde_json::to_string(value).map_err(|error| Failure::Output(error.into()))?;
        self.print_line(&text)
    }

    /// Writes what is still held back.
    pub(crate) fn flush(&self) -> Result<(), Failure> {
        let flushed = match &mut *self.stdout.borrow_mut() {
            Stdout::Stream(stream) => stream.flush(),
            Stdout::File(file) => file.flush(),
        };
        flushed.map_err(Failure::Output)
    }

    /// Tells something on stderr, bare.
    pub(crate) fn info(&self, text: &str) {
        self.tell(&format!("{text}\n"));
    }

    /// Warns on stderr.
    pub(crate) fn warn(&self, text: &str) {
        self.tell(&format!("WARNING: {text}\n"));
    }

    /// Shows a failure, once.
    pub(crate) fn report(&self, diagnostic: Diagnostic) {
        if self.failures.get() == OutputFormat::Json {
            // Where stdout is gone too, the exit code is all that is left to tell.
            let _gone = self.print_line(&diagnostic.into_json());
        } else {
            self.report_as_text(&diagnostic);
        }
    }

    /// Shows a failure on stderr.
    pub(crate) fn report_as_text(&self, diagnostic: &Diagnostic) {
        let (bold, plain) = match self.stderr_colour() {
            Colour::Ansi => ("\u{1b}[1;31m", "\u{1b}[0m"),
            Colour::Plain => ("", ""),
        };
        let mut text = format!("{bold}Error:{plain} {}\n", diagnostic.message);
        for detail in &diagnostic.details {
            text.push_str(detail);
            text.push('\n');
        }
        for cause in &diagnostic.causes {
            text.push_str(&format!("  caused by: {cause}\n"));
        }
        for help in &diagnostic.help {
            text.push_str(&format!("help: {help}\n"));
        }
        self.tell(&text);
    }

    /// Asks for consent, as cosign does: also where stdin is no terminal, and the end of input means no.
    pub(crate) fn confirm(&self) -> Result<(), Failure> {
        self.tell("Are you sure you would like to continue? [y/N] ");
        let mut answer = Vec::new();
        (&mut **self.stdin.borrow_mut())
            .take(ANSWER_LIMIT)
            .read_until(b'\n', &mut answer)
            .map_err(Failure::Input)?;
        let answer = String::from_utf8_lossy(&answer);
        match answer.trim_matches(['\r', '\n']) {
            "y" | "Y" => Ok(()),
            "" | "n" | "N" => Err(Failure::Declined),
            other => Err(Failure::Answer {
                found: other.to_owned(),
            }),
        }
    }

    /// Asks for a line.
    pub(crate) fn ask_line(&self, question: &str) -> io::Result<String> {
        self.tell(question);
        let mut answer = Vec::new();
        let mut stdin = self.stdin.borrow_mut();
        (&mut **stdin).take(ANSWER_LIMIT).read_until(b'\n', &mut answer)?;
        Ok(String::from_utf8_lossy(&answer).trim().to_owned())
    }

    /// Reads all of stdin, at most `limit` bytes.
    pub(crate) fn read_stdin(&self, limit: u64) -> Result<Vec<u8>, Failure> {
        let mut bytes = Vec::new();
        (&mut **self.stdin.borrow_mut())
            .take(limit.saturating_add(1))
            .read_to_end(&mut bytes)
            .map_err(Failure::Input)?;
        if u64::try_from(bytes.len()).is_ok_and(|length| length > limit) {
            return Err(Failure::TooLarge {
                what: "standard input".to_owned(),
                limit,
            });
        }
        Ok(bytes)
    }

    /// Reads stdin as it comes, for what may be larger than memory.
    pub(crate) fn with_stdin<T>(&self, read: impl FnOnce(&mut dyn BufRead) -> T) -> T {
        read(&mut **self.stdin.borrow_mut())
    }

    /// Asks for a line that is not shown while it is typed.
    pub(crate) fn ask_hidden(&self, question: &str) -> Result<String, Failure> {
        self.tell(question);
        let line = (self.hidden_line.borrow_mut())().map_err(Failure::Input)?;
        self.tell("\n");
        Ok(line)
    }

    /// Which streams are terminals.
    pub(crate) fn terminal(&self) -> Terminal {
        self.terminal
    }

    /// Whether help and results are coloured.
    pub(crate) fn stdout_colour(&self) -> Colour {
        if self.terminal.stdout {
            self.colour
        } else {
            Colour::Plain
        }
    }

    fn stderr_colour(&self) -> Colour {
        if self.terminal.stderr {
            self.colour
        } else {
            Colour::Plain
        }
    }

    /// Writes to stderr. Where stderr is gone there is nobody left to tell.
    pub(crate) fn tell(&self, text: &str) {
        let mut stderr = self.stderr.borrow_mut();
        let _gone = stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush());
    }
}

/// The most bytes of an answer that are read.
const ANSWER_LIMIT: u64 = 4096;
