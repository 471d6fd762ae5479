//! Registries: the OCI distribution specification 1.1 from the client's side.
//!
//! There is no ping: a request is sent, and a 401 is answered. What a host said about how it wants to be asked is
//! remembered, so that later requests are right at once.

mod answer;
mod auth;
mod call;
mod challenge;
pub mod credentials;
mod download;
mod feed;
mod foresight;
#[cfg(fuzzing)]
pub mod fuzzing;
mod manage;
mod mount;
mod paging;
mod pull;
mod push;
mod referrers;
mod scope;
mod session;
mod token;
mod upload;

use std::collections::HashMap;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex};

use countersign_core::Digest;
use http::Uri;
use tokio::sync::Semaphore;

use self::auth::HostAuth;
use self::credentials::CredentialSources;
use self::foresight::Foresight;
use crate::blob::{BlobStream, Upload, Uploaded};
use crate::error::StoreError;
use crate::http::Http;
use crate::manifest::{Descriptor, Manifest};
use crate::reference::{Pinned, Reference, Repository, is_local_host};
use crate::store::{Condition, Expected, Glance, Replacement, Store};

/// How registries are reached.
#[derive(Clone)]
pub struct RegistryOptions {
    /// The HTTP client.
    pub http: Http,
    /// Where credentials are looked for, when a registry asks for them.
    pub credentials: CredentialSources,
    /// Which hosts may be spoken to in plain HTTP.
    pub plain_http: PlainHttp,
    /// How many requests one host may be busy with.
    pub concurrency: usize,
}

impl RegistryOptions {
    /// Takes `http`, no credentials, plain HTTP for local hosts only, and 96 requests at a time for each host.
    pub fn new(http: Http) -> Self {
        Self {
            http,
            credentials: CredentialSources::default(),
            plain_http: PlainHttp::Local,
            concurrency: CONCURRENCY,
        }
    }
}

/// Which hosts may be spoken to in plain HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PlainHttp {
    /// Loopback and private ones ([`Repository::is_local`]); TLS where they turn out to speak it.
    Local,
    /// Any that does not speak TLS.
    Allowed,
}

/// A client for any number of registries. Clones share connections, tokens and what was learned about each host.
#[derive(Clone)]
pub struct Registry(Arc<Inner>);

struct Inner {
    options: RegistryOptions,
    hosts: Mutex<HashMap<Box<str>, Arc<Host>>>,
}

impl Registry {
    /// Makes a client. Nothing is read and nothing is sent yet.
    pub fn new(options: RegistryOptions) -> Self {
        Self(Arc::new(Inner {
            options,
            hosts: Mutex::new(HashMap::new()),
        }))
    }

    fn http(&self) -> &Http {
        &self.0.options.http
    }

    /// What we know of the host of `repository`.
    fn host(&self, repository: &Repository) -> Arc<Host> {
        let mut hosts = self.0.hosts.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if let Some(host) = hosts.get(repository.registry()) {
            return Arc::clone(host);
        }
        let host = Arc::new(Host::new(repository.registry(), &self.0.options));
        hosts.insert(repository.registry().into(), Arc::clone(&host));
        host
    }
}

impl Store for Registry {
    async fn resolve(&self, reference: &Reference) -> Result<Pinned, StoreError> {
        self.resolve_name(reference).await
    }

    async fn manifest(&self, reference: &Reference) -> Result<Manifest, StoreError> {
        self.fetch_manifest(reference).await
    }

    async fn blob(
        &self,
        repository: &Repository,
        digest: &Digest,
        size: Option<u64>,
    ) -> Result<BlobStream, StoreError> {
        self.open_blob(repository, digest, size).await
    }

    async fn describe(&self, reference: &Reference) -> Result<Option<Descriptor>, StoreError> {
        self.head_for(reference, scope::Access::Push).await
    }

    async fn has_blob(&self, repository: &Repository, digest: &Digest) -> Result<bool, StoreError> {
        Ok(self.blob_size(repository, digest).await?.is_some())
    }

    async fn referrers(&self, repository: &Repository, digest: &Digest) -> Result<Vec<Descriptor>, StoreError> {
        self.list_referrers(repository, digest).await
    }

    async fn push_blob(&self, repository: &Repository, upload: &Upload) -> Result<Uploaded, StoreError> {
        self.store_blob(repository, upload).await
    }

    async fn push_manifest(
        &self,
        reference: &Reference,
        manifest: &Manifest,
        condition: Condition,
    ) -> Result<(), StoreError> {
        self.store_manifest(reference, manifest, &condition).await
    }

    async fn push_manifests(
        &self,
        repository: &Repository,
        manifests: &[(&Digest, &Manifest)],
    ) -> Result<(), StoreError> {
        self.store_manifests(repository, manifests).await
    }

    async fn replace(
        &self,
        tag: &Reference,
        manifest: &Manifest,
        condition: Condition,
    ) -> Result<Replacement, StoreError> {
        self.replace_tag(tag, manifest, &condition).await
    }

    async fn expect(&self, expected: Expected<'_>) {
        self.foresee(expected).await;
    }

    fn glance(&self, tag: &Reference) -> Option<Glance> {
        self.host(tag.repository()).foresight.glance(tag)
    }

    async fn remove_referrer(
        &self,
        repository: &Repository,
        subject: &Digest,
        referrer: &Digest,
    ) -> Result<(), StoreError> {
        self.delete_referrer(repository, subject, referrer).await
    }
}

/// What we know of a host.
struct Host {
    name: Box<str>,
    scheme: Remembered,
    permits: Semaphore,
    referrers: Remembered,
    conditions: Remembered,
    /// Whether it takes a small blob in a single request.
    single_post: Remembered,
    /// Whether it mounts blobs of other repositories; a no is not remembered, as it may be about one blob.
    mounts: Remembered,
    foresight: Foresight,
    auth: HostAuth,
    is_local: bool,
}

impl Host {
    fn new(name: &str, options: &RegistryOptions) -> Self {
        Self {
            name: name.into(),
            scheme: Remembered::default(),
            permits: Semaphore::new(options.concurrency.clamp(1, Semaphore::MAX_PERMITS)),
            referrers: Remembered::default(),
            conditions: Remembered::default(),
            single_post: Remembered::default(),
            mounts: Remembered::default(),
            foresight: Foresight::default(),
            auth: HostAuth::default(),
            is_local: is_local_host(name),
        }
    }

    /// The address of `path` below `/v2/`.
    fn url(&self, path: &str) -> Result<Uri, StoreError> {
        let is_tls = match self.scheme.answer() {
            Some(is_tls) => is_tls,
            None => !self.is_local,
        };
        let scheme = if is_tls { "https" } else { "http" };
        format!("{scheme}://{}/v2/{path}", self.name)
            .parse()
            .map_err(|error: http::uri::InvalidUri| StoreError::Malformed {
                what: format!("address of {path:?} on {}", self.name),
                reason: error.to_string(),
            })
    }
}

/// A yes or no that a host has given, or has not yet.
#[derive(Default)]
struct Remembered(AtomicU8);

impl Remembered {
    fn answer(&self) -> Option<bool> {
        match self.0.load(Ordering::Relaxed) {
            YES => Some(true),
            NO => Some(false),
            _ => None,
        }
    }

    fn remember(&self, answer: bool) {
        self.0.store(if answer { YES } else { NO }, Ordering::Relaxed);
    }
}

const YES: u8 = 1;
const NO: u8 = 2;

/// How many requests one host may be busy with, unless said otherwise: half as many again as the 64 images that are
/// verified at once, each of which begins with three requests and goes on with one.
const CONCURRENCY: usize = 96;
