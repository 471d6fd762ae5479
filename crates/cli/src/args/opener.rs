//! What opens a page in the user's browser.

use std::io;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::session::Session;

/// Has the command of `BROWSER`, or else `xdg-open`, open the page at `address`.
///
/// # Errors
/// When there is no such command, or it fails at once.
pub(crate) fn open(address: &str, session: &Session<'_>) -> io::Result<()> {
    let environment = session.environment();
    let words = environment.text("BROWSER").unwrap_or("xdg-open");
    // as sensible-browser has it: several are separated by colons
    let words: Vec<&str> = words.split(':').next().unwrap_or(words).split_whitespace().collect();
    let Some((program, arguments)) = words.split_first() else {
        return Err(io::ErrorKind::NotFound.into());
    };
    let mut command = Command::new(find(program, session).ok_or(io::ErrorKind::NotFound)?);
    let has_place = arguments.contains(&"%s");
    command.args(arguments.iter().map(|word| if *word == "%s" { address } else { word }));
    if !has_place {
        command.arg(address);
    }
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    // One that runs on is a browser; one that ends has handed the page on, or failed.
    let until = Instant::now() + PATIENCE;
    while Instant::now() < until {
        match child.try_wait()? {
            Some(status) if status.success() => return Ok(()),
            Some(status) => return Err(io::Error::other(format!("{program}: {status}"))),
            None => thread::sleep(PAUSE),
        }
    }
    Ok(())
}

/// The program's path: as it is given, or in the folders of `PATH`.
fn find(program: &str, session: &Session<'_>) -> Option<std::path::PathBuf> {
    if program.contains('/') {
        return Some(session.path(program));
    }
    let folders = session.environment().get("PATH")?;
    std::env::split_paths(folders)
        .map(|folder| folder.join(program))
        .find(|path| path.is_file())
}

const PATIENCE: Duration = Duration::from_millis(1500);
const PAUSE: Duration = Duration::from_millis(20);
