//! Threads that share the connections: one for each processor, each with a runtime of its own.
//!
//! Tokio's runtime with several threads would do the same, but needs a library of C more at every start of every command.

use std::io;
use std::num::NonZero;
use std::thread::{self, JoinHandle};

use tokio::runtime::{Builder, Handle};
use tokio::sync::watch;

/// The threads beside the main one; dropping them waits for what they do.
pub(super) struct Workers {
    runtimes: Vec<Handle>,
    threads: Vec<JoinHandle<()>>,
    running: Option<watch::Sender<()>>,
}

impl Workers {
    /// Starts as many as there are processors beside the one of the main thread.
    pub(super) fn start() -> io::Result<Self> {
        let processors = thread::available_parallelism().map_or(1, NonZero::get);
        let (running, _) = watch::channel(());
        let mut workers = Self {
            runtimes: Vec::new(),
            threads: Vec::new(),
            running: Some(running),
        };
        for _ in 1..processors {
            workers.add()?;
        }
        Ok(workers)
    }

    /// The runtimes of the threads.
    pub(super) fn runtimes(&self) -> Vec<Handle> {
        self.runtimes.clone()
    }

    fn add(&mut self) -> io::Result<()> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let Some(running) = &self.running else {
            return Ok(());
        };
        let mut running = running.subscribe();
        self.runtimes.push(runtime.handle().clone());
        let thread = thread::Builder::new().name("worker".to_owned()).spawn(move || {
            runtime.block_on(async { while running.changed().await.is_ok() {} });
        })?;
        self.threads.push(thread);
        Ok(())
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        self.running = None;
        for thread in self.threads.drain(..) {
            // A thread that panicked has told so itself.
            let _panicked = thread.join();
        }
    }
}
