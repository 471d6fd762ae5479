//! What a command works with: the user, the clock, randomness, and a runtime when it needs one.

use std::cell::RefCell;
use std::io::Read;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::args::global::GlobalArgs;
use crate::env::Environment;
use crate::failure::Failure;
use crate::output::Ui;

/// One run of one command.
pub(crate) struct Session<'w> {
    program: &'static str,
    ui: Ui<'w>,
    surroundings: Surroundings<'w>,
    global: GlobalArgs,
}

/// The parts of a [`World`](crate::World) that are not the user's streams, borrowed.
pub(crate) struct Surroundings<'w> {
    pub(crate) environment: &'w Environment,
    pub(crate) directory: &'w Path,
    pub(crate) now: &'w dyn Fn() -> Timestamp,
    pub(crate) random: RefCell<&'w mut dyn Read>,
}

impl<'w> Session<'w> {
    pub(crate) fn new(program: &'static str, ui: Ui<'w>, surroundings: Surroundings<'w>, global: GlobalArgs) -> Self {
        Self {
            program,
            ui,
            surroundings,
            global,
        }
    }

    /// The name the program was called by: `countersign`, or `cosign` through a link of that name.
    pub(crate) fn program(&self) -> &'static str {
        self.program
    }

    /// The user.
    pub(crate) fn ui(&self) -> &Ui<'w> {
        &self.ui
    }

    /// The environment variables.
    pub(crate) fn environment(&self) -> &'w Environment {
        self.surroundings.environment
    }

    /// The folder that relative paths start from.
    pub(crate) fn directory(&self) -> &'w Path {
        self.surroundings.directory
    }

    /// A path that the user gave, from the working folder.
    pub(crate) fn path(&self, given: impl AsRef<Path>) -> PathBuf {
        self.surroundings.directory.join(given)
    }

    /// The time now; ask again for each judgement.
    pub(crate) fn now(&self) -> Timestamp {
        (self.surroundings.now)()
    }

    /// The flags that every command has.
    pub(crate) fn global(&self) -> &GlobalArgs {
        &self.global
    }

    /// Draws random bytes.
    pub(crate) fn random<const N: usize>(&self) -> Result<[u8; N], Failure> {
        let mut bytes = [0; N];
        self.surroundings
            .random
            .borrow_mut()
            .read_exact(&mut bytes)
            .map_err(Failure::Random)?;
        Ok(bytes)
    }

    /// Runs `work` to its end, or until `--timeout` is over. Only commands that wait for something start a runtime.
    pub(crate) fn wait<T>(&self, work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(Failure::Runtime)?;
        let result = runtime.block_on(async {
            match self.global.timeout().limit() {
                None => work.await,
                Some(limit) => tokio::time::timeout(limit, work)
                    .await
                    .unwrap_or(Err(Failure::TimedOut { after: limit })),
            }
        });
        // A blocking task that is still at work must not hold up the end.
        runtime.shutdown_background();
        result
    }
}
