//! A registry of a test's own: the real server, in this process.

use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;

use countersign_core::{Digest, Secret};
use countersign_oci::http::{Http, HttpOptions};
use countersign_oci::manifest::Manifest;
use countersign_oci::registry::RegistryOptions;
use countersign_oci::{Reference, Repository, Store, StoreError};
use countersign_server::{Access, BasicAuth, Durability, Server, ServerOptions};
use tempfile::TempDir;
use tokio::sync::oneshot;

/// A registry that runs until it is dropped.
pub(crate) struct Registry {
    host: String,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
    folder: Arc<TempDir>,
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

    /// The same content behind another door, where nothing can be changed; this registry ends.
    pub(crate) fn read_only(mut self) -> Self {
        self.stop();
        Self::serve(self.folder.clone(), |options| options.access(Access::ReadOnly))
    }

    fn start(configure: impl FnOnce(ServerOptions) -> ServerOptions) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        Self::serve(Arc::new(folder), configure)
    }

    fn serve(folder: Arc<TempDir>, configure: impl FnOnce(ServerOptions) -> ServerOptions) -> Self {
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
            folder,
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

    /// A client that shares nothing with the commands.
    pub(crate) fn client(&self) -> countersign_oci::Registry {
        countersign_oci::Registry::new(RegistryOptions::new(Http::new(HttpOptions::default())))
    }

    /// Waits for what a client does.
    pub(crate) fn wait<T>(&self, work: impl Future<Output = T>) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime can be made");
        runtime.block_on(work)
    }

    /// The manifest that a name has, where there is one.
    pub(crate) fn manifest(&self, name: &Reference) -> Option<Manifest> {
        match self.wait(self.client().manifest(name)) {
            Ok(manifest) => Some(manifest),
            Err(StoreError::NotFound { .. }) => None,
            Err(error) => panic!("the registry does not answer: {error}"),
        }
    }

    /// The bytes of a blob.
    pub(crate) fn blob(&self, repository: &Repository, digest: &Digest) -> Vec<u8> {
        let client = self.client();
        self.wait(async {
            let stream = client.blob(repository, digest, None).await.expect("the blob exists");
            stream.read(1 << 20).await.expect("the blob is whole").to_vec()
        })
    }

    /// Changes the last byte of everything in the registry's folder that has these bytes.
    pub(crate) fn damage(&self, content: &[u8]) {
        let mut folders = vec![self.folder.path().to_owned()];
        let mut damaged = 0;
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).expect("the folder can be listed") {
                let path = entry.expect("the folder can be listed").path();
                if path.is_dir() {
                    folders.push(path);
                } else if std::fs::read(&path).expect("the file can be read") == content {
                    let mut wrong = content.to_vec();
                    *wrong.last_mut().expect("it is not empty") ^= 1;
                    std::fs::write(&path, wrong).expect("the file can be written");
                    damaged += 1;
                }
            }
        }
        assert_ne!(damaged, 0, "the folder has no such file");
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Registry {
    fn stop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _gone = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _panicked = thread.join();
        }
    }
}
