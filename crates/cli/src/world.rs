//! Everything that comes from outside: environment, terminal, clock and randomness.

use std::io::{self, BufRead, Read, Write};
use std::path::PathBuf;

use jiff::Timestamp;

use crate::env::Environment;

/// What a command can see and touch besides files and the network.
///
/// `main` builds it from the process; a test builds its own.
pub struct World {
    /// The environment variables as they were at the start.
    pub environment: Environment,
    /// The folder that relative paths start from.
    pub directory: PathBuf,
    /// Finds the folder that this program is in, where its plug-ins are looked for first.
    pub program_folder: Box<dyn Fn() -> Option<PathBuf>>,
    /// Which of the three streams are terminals.
    pub terminal: Terminal,
    /// Standard input.
    pub stdin: Box<dyn BufRead>,
    /// Standard output, where results go.
    pub stdout: Box<dyn Write>,
    /// Standard error, where everything else goes.
    pub stderr: Box<dyn Write>,
    /// Reads one line from the terminal without showing it.
    pub hidden_line: Box<dyn FnMut() -> io::Result<String>>,
    /// Tells the time.
    pub now: Box<dyn Fn() -> Timestamp>,
    /// An endless stream of bytes that nobody can predict.
    pub random: Box<dyn Read>,
}

/// Which of the three streams are terminals.
#[derive(Clone, Copy, Debug, Default)]
pub struct Terminal {
    /// Standard input is.
    pub stdin: bool,
    /// Standard output is.
    pub stdout: bool,
    /// Standard error is.
    pub stderr: bool,
}
