//! What a command works with: the user, the clock, randomness, and a runtime when it needs one.

use std::cell::{OnceCell, RefCell};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::runtime::Runtime;

use crate::args::global::GlobalArgs;
use crate::env::Environment;
use crate::failure::Failure;
use crate::output::Ui;
use crate::progress::{Bar, Traffic};

/// One run of one command.
pub(crate) struct Session<'w> {
    program: &'static str,
    ui: Ui<'w>,
    surroundings: Surroundings<'w>,
    global: GlobalArgs,
    traffic: Option<Arc<Traffic>>,
    runtime: OnceCell<Runtime>,
}

/// The parts of a [`World`](crate::World) that are not the user's streams, borrowed.
pub(crate) struct Surroundings<'w> {
    pub(crate) environment: &'w Environment,
    pub(crate) directory: &'w Path,
    pub(crate) program_folder: &'w dyn Fn() -> Option<PathBuf>,
    pub(crate) now: &'w dyn Fn() -> Timestamp,
    pub(crate) random: RefCell<&'w mut dyn Read>,
}

impl<'w> Session<'w> {
    pub(crate) fn new(program: &'static str, ui: Ui<'w>, surroundings: Surroundings<'w>, global: GlobalArgs) -> Self {
        Self {
            program,
            ui,
            surroundings,
            traffic: global.is_verbose().then(Arc::default),
            global,
            runtime: OnceCell::new(),
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

    /// Looks up environment variables.
    pub(crate) fn variables(&self) -> impl Fn(&str) -> Option<String> + use<'w> {
        let environment = self.surroundings.environment;
        move |name| environment.text(name).map(str::to_owned)
    }

    /// The folder that relative paths start from.
    pub(crate) fn directory(&self) -> &'w Path {
        self.surroundings.directory
    }

    /// The folder that this program is in.
    pub(crate) fn program_folder(&self) -> Option<PathBuf> {
        (self.surroundings.program_folder)()
    }

    /// A path that the user gave, from the working folder.
    pub(crate) fn path(&self, given: impl AsRef<Path>) -> PathBuf {
        // Messages show paths as they were given.
        if self.surroundings.directory == Path::new(".") {
            return given.as_ref().to_owned();
        }
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

    /// The requests made, where `--verbose` shows them.
    pub(crate) fn traffic(&self) -> Option<Arc<Traffic>> {
        self.traffic.clone()
    }

    /// Runs `work` to its end, or until `--timeout` is over. Only commands that wait for something start a runtime.
    pub(crate) fn wait<T>(&self, work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
        self.wait_with(None, work)
    }

    /// Runs `work` as [`wait`](Self::wait) does, with a bar that moves.
    pub(crate) fn wait_with<T>(
        &self,
        bar: Option<Bar<'_>>,
        work: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        let result = self.runtime()?.block_on(async {
            let watched = self.watched(bar.as_ref(), work);
            match self.global.timeout().limit() {
                None => watched.await,
                Some(limit) => tokio::time::timeout(limit, watched)
                    .await
                    .unwrap_or(Err(Failure::TimedOut { after: limit })),
            }
        });
        if let Some(bar) = bar {
            bar.clear(&self.ui);
        }
        if let Some(traffic) = &self.traffic {
            traffic.show(&self.ui);
        }
        result
    }

    /// Ends the runtime, where there is one; a blocking task that is still at work must not hold up the end.
    pub(crate) fn close(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }

    /// One runtime for the whole command, because open connections live in it.
    fn runtime(&self) -> Result<&Runtime, Failure> {
        if self.runtime.get().is_none() {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .map_err(Failure::Runtime)?;
            let _first = self.runtime.set(runtime);
        }
        Ok(self.runtime.get().expect("it was set just now"))
    }

    async fn watched<T>(
        &self,
        bar: Option<&Bar<'_>>,
        work: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        if bar.is_none() && self.traffic.is_none() {
            return work.await;
        }
        let mut work = std::pin::pin!(work);
        let mut tick = tokio::time::interval(FRAME);
        loop {
            tokio::select! {
                result = &mut work => return result,
                _ = tick.tick() => {
                    if let Some(traffic) = &self.traffic {
                        traffic.show(&self.ui);
                    }
                    if let Some(bar) = bar {
                        bar.draw(&self.ui);
                    }
                }
            }
        }
    }
}

/// How often what moves is drawn.
const FRAME: Duration = Duration::from_millis(200);
