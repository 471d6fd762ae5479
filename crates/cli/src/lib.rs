//! The terminal: parses the command line, calls the libraries, prints what they say.
//!
//! [`run`] is the whole program; `main` only builds its [`World`].

pub mod env;
pub mod world;

mod args;
mod cli;
mod commands;
mod diagnostic;
mod docker_config;
mod exit;
mod failure;
mod file;
#[cfg(fuzzing)]
pub mod fuzzing;
mod output;
mod password;
mod progress;
mod published;
mod session;
mod standing;
mod verdicts;

use std::cell::RefCell;
use std::ffi::OsString;

pub use env::Environment;
pub use world::{Terminal, World};

use cli::Parsed;
use exit::Exit;
use failure::Failure;
use output::{Streams, Ui};
use session::{Session, Surroundings};

/// Runs one command line, `arguments` with the program's name first, and returns the exit code.
pub fn run(arguments: Vec<OsString>, world: &mut World) -> u8 {
    let program = cli::program(&arguments);
    let streams = Streams {
        stdin: &mut *world.stdin,
        stdout: &mut *world.stdout,
        stderr: &mut *world.stderr,
        hidden_line: &mut *world.hidden_line,
        terminal: world.terminal,
    };
    let surroundings = Surroundings {
        environment: &world.environment,
        directory: &world.directory,
        program_folder: &*world.program_folder,
        now: &*world.now,
        random: RefCell::new(&mut *world.random),
    };
    let mut ui = Ui::new(streams, &world.environment);
    let invocation = match cli::parse(program, arguments, &world.environment, &ui) {
        Ok(Parsed::Invocation(invocation)) => invocation,
        Ok(Parsed::Text(text)) => return end(&ui, ui.print(text.as_bytes()), program),
        Err(failure) => return report(&ui, &failure, program),
    };
    ui.failures_as(invocation.failures);
    if let Some(path) = invocation.global.output_file() {
        match file::create(&world.directory, path) {
            Ok(file) => ui.redirect(file),
            Err(failure) => return report(&ui, &failure, program),
        }
    }
    let mut session = Session::new(program, ui, surroundings, invocation.global);
    let mut matches = invocation.matches;
    let result = invocation.command.execute(&mut matches, &session);
    session.close();
    end(session.ui(), result, program)
}

fn end(ui: &Ui<'_>, result: Result<(), Failure>, program: &str) -> u8 {
    match result.and_then(|()| ui.flush()) {
        Ok(()) => Exit::Success.code(),
        Err(failure) => report(ui, &failure, program),
    }
}

fn report(ui: &Ui<'_>, failure: &Failure, program: &str) -> u8 {
    let diagnostic = diagnostic::explain(failure, program);
    let exit = diagnostic.exit;
    if exit != Exit::BrokenPipe && !matches!(failure, Failure::Told { .. }) {
        ui.report(diagnostic);
    }
    exit.code()
}
