//! The services beside the registry, which together are a Sigstore: what certifies, logs, stamps, and tells whom to believe.

#[cfg(fuzzing)]
pub mod fuzzing;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use countersign_core::key::KeyAlgorithm;
use countersign_core::signer::Signer;
use countersign_core::{Digest, Secret};
use http::StatusCode;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::request::Parts;
use http::{HeaderValue, Response};
use jiff::Timestamp;

use crate::authority::{Authority, Fulcio};
use crate::body::{AnswerBody, RequestBody};
use crate::error::ServicesError;
use crate::keys::Keys;
use crate::logs::{LogKeys, LogOptions, Logs};
use crate::oidc::AUDIENCE;
use crate::oidc::development::{self, Development};
use crate::oidc::fetch::is_loopback;
use crate::oidc::provider::{OidcIssuer, Providers};
use crate::options::Durability;
use crate::published::{Published, SIGNING_CONFIG, TRUSTED_ROOT};
use crate::reply::{Reply, is_read};
use crate::timestamp::Timestamper;
use crate::tuf::{Repository, Target, Usage};

/// Which services a server is to be beside a registry: a whole Sigstore, and whose identity tokens it takes.
#[derive(Clone, Debug, Default)]
pub struct ServiceOptions {
    issuers: Vec<OidcIssuer>,
    url: Option<String>,
    development: DevelopmentIssuer,
    origin: Option<String>,
}

impl ServiceOptions {
    /// Takes the tokens of this provider too.
    #[must_use]
    pub fn issuer(mut self, issuer: OidcIssuer) -> Self {
        self.issuers.push(issuer);
        self
    }

    /// Says under which address clients reach the server, where it is another than the one it listens on.
    #[must_use]
    pub fn url(mut self, url: impl Into<String>) -> Self {
        self.url = Some(url.into().trim_end_matches('/').to_owned());
        self
    }

    /// Names the logs by this host, instead of one that is made of their key; it stays what it was when they were made.
    #[must_use]
    pub fn origin(mut self, origin: impl Into<String>) -> Self {
        self.origin = Some(origin.into());
        self
    }

    /// Says whether the server is an OpenID provider itself, which believes whatever it is told.
    #[must_use]
    pub fn development_issuer(mut self, development: DevelopmentIssuer) -> Self {
        self.development = development;
        self
    }
}

/// Whether the server is an OpenID provider itself.
///
/// Whoever reaches it gets a token for any e-mail address, so that its certificates mean nothing to anyone else.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DevelopmentIssuer {
    /// Where only this machine reaches it: it listens on a loopback address, and clients reach it under one.
    #[default]
    OnLoopback,
    /// In any case.
    InsecureAnywhere,
    /// In no case.
    Off,
}

/// The services of a server that runs.
pub(crate) struct Services {
    fulcio: Fulcio,
    timestamper: Timestamper,
    logs: Arc<Logs>,
    repository: Repository,
    development: Option<Arc<Development>>,
    summary: Summary,
}

/// What a server that is a Sigstore has to tell to who uses it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    url: String,
    issuers: Vec<String>,
    development: Option<String>,
    folder: PathBuf,
}

impl Summary {
    /// Returns the address of all services.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Returns the OpenID providers whose tokens are taken.
    pub fn issuers(&self) -> &[String] {
        &self.issuers
    }

    /// Returns the address of the server's own OpenID provider, where there is one.
    pub fn development_issuer(&self) -> Option<&str> {
        self.development.as_deref()
    }

    /// Returns the folder with what clients need: `trusted_root.json`, `signing_config.v0.2.json`, `env` and others.
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}

impl Services {
    /// Opens the services below `root`, makes what is not there yet, and publishes what clients need. Waits for the disk.
    pub(crate) fn open(
        root: &Path,
        durability: Durability,
        options: ServiceOptions,
        place: Place,
        now: Timestamp,
    ) -> Result<Self, ServicesError> {
        let keys = Arc::new(Keys::open(root)?);
        let authority = Authority::open(&keys, now)?;
        let timestamper = Timestamper::open(&keys, now)?;
        let logs = open_logs(root, durability, &keys, &authority, options.origin)?;
        let url = options.url.clone().unwrap_or_else(|| place.url());
        let development = options.development.is_on(&place, &url).then(|| {
            let issuer = format!("{url}/oidc");
            Arc::new(Development::new(issuer, Arc::clone(&keys)))
        });
        let providers = Providers::new(options.issuers, development.clone());
        let mut published = Published {
            issuers: providers.iter().map(|(issuer, _)| issuer.to_owned()).collect(),
            certificate_authority: authority.chain().to_vec(),
            timestamp_authority: timestamper.chain().to_vec(),
            logs: {
                let at = format!("https://{}", logs.rekor_2().origin());
                [logs.rekor_1().trusted(&at), logs.rekor_2().trusted(&at)]
            },
            certificate_log: logs
                .certificates()
                .trusted(&format!("https://{}", logs.certificates().origin())),
            tuf_root: Vec::new(),
            url,
        };
        let repository = Repository::open(&root.join("tuf"), durability, targets(&published), now)?;
        published.tuf_root = repository.first_root().to_vec();
        let folder = folder(root)?;
        published.write(&folder)?;
        development::note(&folder, development.as_deref())?;
        Ok(Self {
            fulcio: Fulcio::new(authority, providers, Arc::clone(&logs)),
            timestamper,
            logs,
            repository,
            summary: Summary {
                url: published.url,
                issuers: published.issuers,
                development: development.as_ref().map(|own| own.issuer().to_owned()),
                folder,
            },
            development,
        })
    }

    pub(crate) fn summary(&self) -> &Summary {
        &self.summary
    }

    /// Returns a token of the server's own provider, where there is one.
    pub(crate) async fn token(&self, email: &str) -> Option<Result<Secret<String>, ServicesError>> {
        let own = self.development.as_ref()?;
        let token = own.token(email, AUDIENCE, None, Timestamp::now()).await;
        Some(token.map_err(|source| ServicesError::Token {
            source: Box::new(source),
        }))
    }

    /// Signs anew what of the TUF repository ends soon. Waits for the disk.
    pub(crate) fn renew(&self, now: Timestamp) -> Result<(), ServicesError> {
        self.repository.renew(now)?;
        Ok(())
    }

    /// Answers what is at a path; nothing where it is not one of the services'.
    pub(crate) async fn answer(&self, head: &Parts, body: &mut RequestBody) -> Option<Reply> {
        let path = head.uri.path();
        if Logs::takes(path) {
            return Some(self.logs.answer(head, body).await);
        }
        if let Some(path) = path.strip_prefix("/tuf/") {
            return Some(self.file(head, path));
        }
        if let Some(path) = path.strip_prefix("/oidc")
            && (path.is_empty() || path.starts_with('/'))
        {
            return Some(match &self.development {
                Some(own) => own.answer(head, path, body).await,
                None => Reply::nothing(),
            });
        }
        if let Some(reply) = self.timestamper.serve(head, body).await {
            return Some(reply);
        }
        self.fulcio.answer(head, body).await
    }

    fn file(&self, head: &Parts, path: &str) -> Reply {
        if !is_read(&head.method) {
            return Reply::method("GET, HEAD");
        }
        let Some(file) = self.repository.read(path) else {
            return Reply::nothing();
        };
        let mut response = Response::new(AnswerBody::bytes(file.bytes));
        *response.status_mut() = StatusCode::OK;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(file.content_type));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        response.into()
    }
}

/// Where a server listens.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) address: SocketAddr,
    pub(crate) scheme: &'static str,
}

impl Place {
    /// The address under which this machine reaches it.
    fn url(&self) -> String {
        let mut address = self.address;
        if address.ip().is_unspecified() {
            address.set_ip(std::net::Ipv4Addr::LOCALHOST.into());
        }
        format!("{}://{address}", self.scheme)
    }
}

impl DevelopmentIssuer {
    fn is_on(self, place: &Place, url: &str) -> bool {
        let host = url.parse::<http::Uri>().ok();
        let host = host.as_ref().and_then(|uri| uri.host()).unwrap_or_default();
        match self {
            Self::OnLoopback => place.address.ip().is_loopback() && is_loopback(host.trim_matches(['[', ']'])),
            Self::InsecureAnywhere => true,
            Self::Off => false,
        }
    }
}

/// Opens the logs, which are named after the key of Rekor 2: a name that does not change with the port.
fn open_logs(
    root: &Path,
    durability: Durability,
    keys: &Keys,
    authority: &Authority,
    origin: Option<String>,
) -> Result<Arc<Logs>, ServicesError> {
    let rekor_2 = keys.key("rekor2", KeyAlgorithm::Ed25519)?;
    let origin = origin.unwrap_or_else(|| {
        let mark = hex::encode(Digest::sha256(Signer::public_key(&rekor_2).as_der()).bytes());
        format!("{}.countersign.localhost", mark.get(..8).unwrap_or_default())
    });
    let keys = LogKeys {
        rekor_1: Arc::new(keys.key("rekor1", KeyAlgorithm::EcdsaP256)?),
        rekor_2: Arc::new(rekor_2),
        certificates: Arc::new(keys.key("ctlog", KeyAlgorithm::EcdsaP256)?),
    };
    let logs = Logs::open(root, durability, LogOptions::new(origin, keys))?;
    let issuers = authority
        .chain()
        .iter()
        .map(|certificate| certificate.as_der().to_vec());
    logs.trust_certificates(issuers.collect())?;
    Ok(Arc::new(logs))
}

/// What the TUF repository offers: the two files, and the ones that older clients look for.
fn targets(published: &Published) -> Vec<Target> {
    let url = &published.url;
    vec![
        Target::new(TRUSTED_ROOT, published.trusted_root()),
        Target::new(SIGNING_CONFIG, published.signing_config()),
        Target::of_service("fulcio.crt.pem", published.certificate_chain(), Usage::Fulcio, url),
        Target::of_service("rekor.pub", published.rekor_1_key(), Usage::Rekor, url),
        Target::of_service(
            "ctfe.pub",
            published.certificate_log_key(),
            Usage::Ctfe,
            &format!("{url}/ct"),
        ),
        Target::of_service(
            "tsa.certchain.pem",
            published.timestamp_chain(),
            Usage::Tsa,
            &published.timestamps(),
        ),
    ]
}

fn folder(root: &Path) -> Result<PathBuf, ServicesError> {
    let folder = root.join("sigstore");
    let at = |path: &Path, source| ServicesError::Folder {
        path: path.to_owned(),
        source,
    };
    std::fs::create_dir_all(&folder).map_err(|source| at(&folder, source))?;
    // commands are run from other folders too
    folder.canonicalize().map_err(|source| at(&folder, source))
}
