//! Starting and stopping.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use countersign_core::Secret;
use jiff::Timestamp;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, watch};
use tokio::task::{JoinHandle, JoinSet};
use tokio_rustls::TlsAcceptor;

use crate::connection::{self, Phase};
use crate::error::ServerError;
use crate::observe::Observer;
use crate::options::ServerOptions;
use crate::registry::Registry;
use crate::services::{Place, Services, Summary};
use crate::site::Site;
use crate::store::{Store, StoreError, Swept};
use crate::tls;

/// A server: a registry, and a Sigstore beside it where that is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Server;

impl Server {
    /// Opens the folder, listens, and serves on tasks of the current tokio runtime.
    ///
    /// # Errors
    /// [`ServerError`] where the folder, the address or the certificate cannot be used.
    pub async fn start(options: ServerOptions) -> Result<Running, ServerError> {
        let tls = options.tls.as_ref().map(tls::acceptor).transpose()?;
        let (durability, age) = (options.durability, options.limits.upload_age);
        let root = options.root.clone();
        let opening = tokio::task::spawn_blocking(move || {
            let store = open(|| Store::open(&root, durability))?;
            let swept = store.sweep_uploads(age, SystemTime::now())?;
            Ok::<_, StoreError>((Arc::new(store), swept))
        });
        let (store, swept) = opening.await??;
        let address = options.address;
        let listen = |source| ServerError::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        let scheme = if tls.is_some() { "https" } else { "http" };
        let services = match options.services {
            None => None,
            Some(services) => {
                let (root, place) = (options.root, Place { address, scheme });
                let opening = move || Services::open(&root, durability, services, place, Timestamp::now());
                Some(tokio::task::spawn_blocking(opening).await??)
            }
        };
        let registry = Registry::new(
            store,
            options.auth,
            options.access,
            options.missing,
            options.limits,
            Arc::new(Observer::new(options.log)),
            swept.left,
        );
        let site = Arc::new(Site { registry, services });
        let (phase, watching) = watch::channel(Phase::Serving);
        let turns = Turns::new(options.runtimes);
        let accepting = tokio::spawn(accept(listener, Arc::clone(&site), tls, watching, turns));
        Ok(Running {
            address,
            scheme,
            site,
            phase,
            accepting: Some(accepting),
        })
    }
}

/// A server that runs; dropping it breaks off what it does.
pub struct Running {
    address: SocketAddr,
    scheme: &'static str,
    site: Arc<Site>,
    phase: watch::Sender<Phase>,
    accepting: Option<JoinHandle<()>>,
}

impl Running {
    /// The address it listens on, with the port that was free.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The URL it is found at: `http://127.0.0.1:5000`.
    pub fn url(&self) -> String {
        format!("{}://{}", self.scheme, self.address)
    }

    /// Returns what there is to know of the services, where there are any beside the registry.
    pub fn services(&self) -> Option<&Summary> {
        self.site.services.as_ref().map(Services::summary)
    }

    /// Returns an identity token of the server's own OpenID provider; nothing where there is none.
    ///
    /// # Errors
    /// [`ServerError::Services`] where the provider's key cannot be used.
    pub async fn token(&self, email: &str) -> Result<Option<Secret<String>>, ServerError> {
        match &self.site.services {
            Some(services) => Ok(services.token(email).await.transpose()?),
            None => Ok(None),
        }
    }

    /// Takes no more requests, waits for those under way, and gives the folder back.
    ///
    /// # Errors
    /// [`ServerError::Task`] where a task of the server failed.
    pub async fn stop(mut self) -> Result<(), ServerError> {
        self.phase.send_replace(Phase::Stopping);
        match self.accepting.take() {
            Some(accepting) => Ok(accepting.await?),
            None => Ok(()),
        }
    }
}

impl std::fmt::Debug for Running {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Running({})", self.url())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(accepting) = &self.accepting {
            accepting.abort();
        }
    }
}

async fn accept(
    listener: TcpListener,
    site: Arc<Site>,
    tls: Option<TlsAcceptor>,
    phase: watch::Receiver<Phase>,
    mut turns: Turns,
) {
    let places = Arc::new(Semaphore::new(site.registry.limits.connections));
    let mut connections = JoinSet::new();
    let mut stopping = phase.clone();
    let mut sweeps = tokio::time::interval(SWEEP);
    sweeps.tick().await;
    loop {
        let accepted = tokio::select! {
            biased;
            _ = stopping.wait_for(|phase| *phase == Phase::Stopping) => break,
            _ = sweeps.tick() => {
                connections.spawn(sweep(Arc::clone(&site)));
                continue;
            }
            Some(_) = connections.join_next(), if !connections.is_empty() => continue,
            accepted = take(&listener, &places) => accepted,
        };
        let Some((stream, remote, place)) = accepted else {
            continue;
        };
        // A connection belongs to the runtime that it was made on, until it is taken from it.
        let Ok(stream) = stream.into_std() else {
            continue;
        };
        let (site, tls, phase) = (Arc::clone(&site), tls.clone(), phase.clone());
        let serving = async move {
            if let Ok(stream) = TcpStream::from_std(stream) {
                connection::serve(site, stream, remote, tls, phase).await;
            }
            drop(place);
        };
        connections.spawn_on(serving, turns.next());
    }
    drop(listener);
    let ended = async { while connections.join_next().await.is_some() {} };
    // What has not ended by then is broken off when the set is dropped.
    let _ = tokio::time::timeout(site.registry.limits.drain, ended).await;
    connections.shutdown().await;
}

/// The runtimes that connections are served on, one after the other.
struct Turns {
    runtimes: Vec<Handle>,
    turn: usize,
}

impl Turns {
    fn new(others: Vec<Handle>) -> Self {
        let mut runtimes = vec![Handle::current()];
        runtimes.extend(others);
        Self { runtimes, turn: 0 }
    }

    fn next(&mut self) -> &Handle {
        self.turn = (self.turn + 1) % self.runtimes.len();
        &self.runtimes[self.turn]
    }
}

/// Waits for a place and a connection to take it.
async fn take(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> Option<(TcpStream, SocketAddr, tokio::sync::OwnedSemaphorePermit)> {
    let place = Arc::clone(places).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, remote)) => Some((stream, remote, place)),
        Err(_) => {
            // Too many open files, or a client that left at once: others may end meanwhile.
            tokio::time::sleep(ACCEPT_PAUSE).await;
            None
        }
    }
}

/// Looks after what time does: uploads that were given up, and signatures that end.
async fn sweep(site: Arc<Site>) {
    let sweeping = Arc::clone(&site);
    let swept = tokio::task::spawn_blocking(move || {
        let registry = &sweeping.registry;
        let renewed = sweeping
            .services
            .as_ref()
            .map(|services| services.renew(Timestamp::now()));
        if renewed.is_some_and(|renewed| renewed.is_err()) {
            registry.observer.renewal_failed();
        }
        registry
            .store
            .sweep_uploads(registry.limits.upload_age, SystemTime::now())
    });
    // A folder that cannot be read shows in the requests that need it.
    if let Ok(Ok(Swept { removed, .. })) = swept.await {
        for id in &removed {
            site.registry.forget_upload(id);
        }
    }
}

/// Opens the folder, waiting a moment for a server that is about to let go of it.
fn open(store: impl Fn() -> Result<Store, StoreError>) -> Result<Store, StoreError> {
    let started = Instant::now();
    loop {
        match store() {
            Err(StoreError::Locked { .. }) if started.elapsed() < LOCK_WAIT => std::thread::sleep(ACCEPT_PAUSE),
            outcome => return outcome,
        }
    }
}

const LOCK_WAIT: Duration = Duration::from_secs(2);
const ACCEPT_PAUSE: Duration = Duration::from_millis(20);
/// How often uploads that were given up, and signatures that end, are looked for.
const SWEEP: Duration = Duration::from_secs(60 * 60);
