//! Commands run as a user would type them, with what they answer.

use std::cell::RefCell;
use std::ffi::OsString;
use std::io::{self, Cursor, Write};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use crate::env;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;
use crate::world::{Terminal, World};
use crate::{Environment, run};

/// Runs commands of this program in a folder and shows them.
pub(super) struct Shell<'s, 'w> {
    session: &'s Session<'w>,
    folder: PathBuf,
    exported: Vec<(OsString, OsString)>,
}

impl<'s, 'w> Shell<'s, 'w> {
    pub(super) fn new(session: &'s Session<'w>, folder: &Path) -> Self {
        Self {
            session,
            folder: folder.to_owned(),
            exported: Vec::new(),
        }
    }

    /// Tells what comes next.
    pub(super) fn say(&self, text: &str) -> Result<(), Failure> {
        self.session.ui().print_line(text)
    }

    /// Runs a command line whose stdout a later one finds in a variable, and shows that.
    pub(super) fn export(&mut self, variable: &'static str, line: &str) -> Result<(), Failure> {
        let program = self.session.program();
        self.say(&format!("$ export {variable}=$({program} {line})"))?;
        let (results, shown) = (Tape::default(), Tape::default());
        let found = self.start(line, &results, &shown)?;
        if found != Exit::Success.code() {
            self.session.ui().print(&shown.bytes())?;
        }
        let value = String::from_utf8_lossy(&results.bytes()).trim().to_owned();
        self.exported.push((OsString::from(variable), OsString::from(value)));
        self.check(line, Exit::Success, found)
    }

    /// Runs a command line without quotes, shows it with all that it prints, and gives back its stdout.
    ///
    /// Ending otherwise than expected is a failure of the whole walk.
    pub(super) fn run(&self, line: &str, expected: Exit) -> Result<String, Failure> {
        let program = self.session.program();
        self.say(&format!("$ {program} {line}"))?;
        let (results, shown) = (Tape::default(), Tape::default());
        let found = self.start(line, &results, &shown)?;
        self.session.ui().print(&shown.bytes())?;
        if expected != Exit::Success {
            self.say(&format!("(exit code {found})"))?;
        }
        self.check(line, expected, found)?;
        Ok(String::from_utf8_lossy(&results.bytes()).into_owned())
    }

    fn start(&self, line: &str, results: &Tape, shown: &Tape) -> Result<u8, Failure> {
        let mut world = self.world(results, shown)?;
        let words = std::iter::once(self.session.program()).chain(line.split_whitespace());
        Ok(run(words.map(OsString::from).collect(), &mut world))
    }

    fn check(&self, line: &str, expected: Exit, found: u8) -> Result<(), Failure> {
        if found == expected.code() {
            return Ok(());
        }
        Err(Failure::Walk {
            command: line.to_owned(),
            expected: expected.code(),
            found,
        })
    }

    fn world(&self, results: &Tape, shown: &Tape) -> Result<World, Failure> {
        let password = (OsString::from(env::PASSWORD), OsString::from("quickstart"));
        let own = ["PATH", "TMPDIR"].into_iter().filter_map(|name| {
            let value = self.session.environment().get(name)?;
            Some((OsString::from(name), value.to_owned()))
        });
        let now = self.session.now();
        Ok(World {
            environment: Environment::new(own.chain([password]).chain(self.exported.iter().cloned())),
            directory: self.folder.clone(),
            program_folder: Box::new(|| None),
            terminal: Terminal::default(),
            stdin: Box::new(io::empty()),
            stdout: Box::new(Both(results.clone(), shown.clone())),
            stderr: Box::new(shown.clone()),
            hidden_line: Box::new(|| Err(io::ErrorKind::Unsupported.into())),
            now: Box::new(move || now),
            // A key takes 56 bytes: a salt and a nonce. More than there are is an error, not a repetition.
            random: Box::new(Cursor::new(self.session.random::<256>()?)),
        })
    }
}

/// What was written.
#[derive(Clone, Default)]
struct Tape(Rc<RefCell<Vec<u8>>>);

impl Tape {
    fn bytes(&self) -> Vec<u8> {
        self.0.borrow().clone()
    }
}

impl Write for Tape {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes to two tapes.
struct Both(Tape, Tape);

impl Write for Both {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write_all(bytes)?;
        self.1.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
