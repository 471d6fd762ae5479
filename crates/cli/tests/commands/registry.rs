//! A registry of a test's own: the real server, in this process.

use std::sync::mpsc;
use std::thread::JoinHandle;

use countersign_core::Secret;
use countersign_server::{BasicAuth, Durability, Server, ServerOptions};
use tempfile::TempDir;
use tokio::sync::oneshot;

/// A registry that runs until it is dropped.
pub(crate) struct Registry {
    host: String,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
    _folder: TempDir,
}

impl Registry {
    /// A registry for everybody.
    pub(crate) fn open() -> Self {
        Self::start(|options| options)
    }

    /// A registry for one user.
    pub(crate) fn private(user: &str, password: &str) -> Self {
        let auth = BasicAuth::user(user, &Secret::new(password.to_owned())).expect("this is a user name");
        Self::start(|options| options.auth(auth))
    }

    fn start(configure: impl FnOnce(ServerOptions) -> ServerOptions) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let options = configure(ServerOptions::new(folder.path()).durability(Durability::ProcessCrash));
        let (address_sender, address) = mpsc::channel();
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime can be made");
            runtime.block_on(async {
                let running = Server::start(options).await.expect("the server starts");
                address_sender.send(running.address()).expect("the test waits for it");
                let _asked = stopped.await;
                running.stop().await.expect("the server stops");
            });
        });
        Self {
            host: address.recv().expect("the server starts").to_string(),
            stop: Some(stop),
            thread: Some(thread),
            _folder: folder,
        }
    }

    /// The host with its port.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// The name of something in the registry.
    pub(crate) fn name(&self, rest: &str) -> String {
        format!("{}/{rest}", self.host)
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _gone = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _panicked = thread.join();
        }
    }
}
