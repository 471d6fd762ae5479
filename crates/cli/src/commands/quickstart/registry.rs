//! The server of the walk, on a thread of its own.

use std::io;
use std::path::Path;
use std::sync::mpsc;
use std::thread::{self, JoinHandle};

use countersign_server::{Durability, Server, ServerOptions, ServiceOptions};
use tokio::sync::oneshot;

use crate::failure::Failure;

/// A registry with a Sigstore beside it, which run until they are told to stop.
pub(super) struct LocalRegistry {
    address: String,
    stop: oneshot::Sender<()>,
    thread: JoinHandle<Result<(), Failure>>,
}

impl LocalRegistry {
    /// Serves `folder` on a free port of this machine.
    pub(super) fn start(folder: &Path) -> Result<Self, Failure> {
        let options = ServerOptions::new(folder)
            .durability(Durability::ProcessCrash)
            .services(ServiceOptions::default());
        let (ready, started) = mpsc::channel();
        let (stop, stopped) = oneshot::channel();
        let thread = thread::spawn(move || serve(options, &ready, stopped));
        match started.recv() {
            Ok(address) => Ok(Self { address, stop, thread }),
            // It ended before it was ready, so it knows why.
            Err(_) => Err(ended(thread)
                .err()
                .unwrap_or(Failure::Runtime(io::ErrorKind::Other.into()))),
        }
    }

    /// `HOST:PORT`.
    pub(super) fn address(&self) -> &str {
        &self.address
    }

    /// Stops it, once requests under way are answered.
    pub(super) fn stop(self) -> Result<(), Failure> {
        // Where it is gone already, its thread says why.
        let _gone = self.stop.send(());
        ended(self.thread)
    }
}

fn ended(thread: JoinHandle<Result<(), Failure>>) -> Result<(), Failure> {
    thread
        .join()
        .unwrap_or_else(|_| Err(Failure::Runtime(io::Error::other("the registry's thread panicked"))))
}

fn serve(options: ServerOptions, ready: &mpsc::Sender<String>, stopped: oneshot::Receiver<()>) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(Failure::Runtime)?;
    runtime.block_on(async {
        let running = Server::start(options).await?;
        // Nobody to tell means nobody to serve.
        if ready.send(running.address().to_string()).is_ok() {
            let _stop_or_gone = stopped.await;
        }
        running.stop().await.map_err(Failure::from)
    })
}

/// Changes the first byte of the stored file whose content is `content`.
pub(super) fn damage(folder: &Path, content: &[u8]) -> io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            damage(&path, content)?;
        } else if path.metadata()?.len() == content.len() as u64 && std::fs::read(&path)? == content {
            let mut damaged = content.to_vec();
            if let Some(first) = damaged.first_mut() {
                *first ^= 1;
            }
            std::fs::write(&path, damaged)?;
        }
    }
    Ok(())
}
