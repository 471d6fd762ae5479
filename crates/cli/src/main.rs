//! The countersign command.

use std::io::{self, BufReader, IsTerminal, Read};
use std::process::ExitCode;

use countersign_cli::{Environment, Terminal, World};

fn main() -> ExitCode {
    let mut world = World {
        environment: Environment::new(std::env::vars_os()),
        directory: ".".into(),
        program_folder: Box::new(|| Some(std::env::current_exe().ok()?.parent()?.to_owned())),
        terminal: Terminal {
            stdin: io::stdin().is_terminal(),
            stdout: io::stdout().is_terminal(),
            stderr: io::stderr().is_terminal(),
        },
        stdin: Box::new(BufReader::new(io::stdin())),
        stdout: Box::new(io::stdout()),
        stderr: Box::new(io::stderr()),
        hidden_line: Box::new(rpassword::read_password),
        now: Box::new(jiff::Timestamp::now),
        random: Box::new(SystemRandom),
    };
    ExitCode::from(countersign_cli::run(std::env::args_os().collect(), &mut world))
}

/// The operating system's randomness, as AWS-LC draws it.
struct SystemRandom;

impl Read for SystemRandom {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        aws_lc_rs::rand::fill(bytes).map_err(io::Error::other)?;
        Ok(bytes.len())
    }
}
