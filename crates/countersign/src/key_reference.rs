//! Keys by reference: a file, an environment variable, a URL.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use countersign_core::Secret;
use countersign_core::key::{OpenError, PrivateKey, PublicKey, PublicKeyError};
use countersign_oci::StoreError;
use countersign_oci::http::Http;

/// Where a key is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyReference {
    /// A file.
    File(PathBuf),
    /// An environment variable that holds the PEM text, `env://NAME`.
    Environment(String),
    /// A URL that answers with the PEM text.
    Url(String),
}

impl FromStr for KeyReference {
    type Err = KeyReferenceError;

    fn from_str(text: &str) -> Result<Self, KeyReferenceError> {
        if let Some(name) = text.strip_prefix("env://") {
            return Ok(Self::Environment(name.to_owned()));
        }
        if text.starts_with("https://") || text.starts_with("http://") {
            return Ok(Self::Url(text.to_owned()));
        }
        let kind = ["pkcs11:", "gitlab://", "github://", "k8s://"]
            .into_iter()
            .find(|prefix| text.starts_with(prefix))
            .or_else(|| text.split_once("://").map(|(scheme, _)| scheme));
        match kind {
            Some(kind) => Err(KeyReferenceError::Kind {
                kind: kind.trim_end_matches([':', '/']).to_owned(),
            }),
            None if text.is_empty() => Err(KeyReferenceError::Empty),
            None => Ok(Self::File(PathBuf::from(text))),
        }
    }
}

impl std::fmt::Display for KeyReference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Environment(name) => write!(f, "env://{name}"),
            Self::Url(url) => f.write_str(url),
        }
    }
}

impl KeyReference {
    /// Says whether the key has to be fetched over the network.
    pub fn is_remote(&self) -> bool {
        matches!(self, Self::Url(_))
    }

    /// Reads a public key; `variable` looks up an environment variable.
    ///
    /// # Errors
    /// [`KeyReferenceError`], which names the reference.
    pub async fn public_key(
        &self,
        variable: &dyn Fn(&str) -> Option<String>,
        http: &Http,
    ) -> Result<PublicKey, KeyReferenceError> {
        let pem = self.read(variable, http).await?;
        self.parse_public(&pem)
    }

    /// Reads the PEM text of a private key, still encrypted; `variable` looks up an environment variable.
    ///
    /// # Errors
    /// [`KeyReferenceError`], which names the reference.
    pub async fn read(
        &self,
        variable: &dyn Fn(&str) -> Option<String>,
        http: &Http,
    ) -> Result<Secret<Vec<u8>>, KeyReferenceError> {
        match self {
            Self::Url(url) => match http.get(url, LIMIT).await {
                Ok(body) => Ok(Secret::new(body.to_vec())),
                Err(source) => Err(KeyReferenceError::Url {
                    url: url.clone(),
                    source,
                }),
            },
            Self::File(path) => self.read_file(path),
            Self::Environment(name) => from_variable(name, variable),
        }
    }

    /// Reads the PEM text where that takes no network, and so neither a client nor waiting.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn read_here(
        &self,
        variable: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Option<Secret<Vec<u8>>>, KeyReferenceError> {
        match self {
            Self::Url(_) => Ok(None),
            Self::File(path) => self.read_file(path).map(Some),
            Self::Environment(name) => from_variable(name, variable).map(Some),
        }
    }

    /// Takes the PEM text that was read from here for a public key.
    ///
    /// # Errors
    /// [`KeyReferenceError::Public`], with the reason.
    pub fn parse_public(&self, pem: &Secret<Vec<u8>>) -> Result<PublicKey, KeyReferenceError> {
        PublicKey::from_pem(pem.expose()).map_err(|source| KeyReferenceError::Public {
            reference: self.to_string(),
            source,
        })
    }

    /// Opens an encrypted private key that was read from here.
    ///
    /// # Errors
    /// [`KeyReferenceError::Private`], with the reason.
    pub fn open(&self, pem: &Secret<Vec<u8>>, password: &Secret<Vec<u8>>) -> Result<PrivateKey, KeyReferenceError> {
        PrivateKey::open(pem.expose(), password).map_err(|source| KeyReferenceError::Private {
            reference: self.to_string(),
            source,
        })
    }

    /// Reads at once: a key is small, and handing the read to another thread would cost more than it.
    fn read_file(&self, path: &Path) -> Result<Secret<Vec<u8>>, KeyReferenceError> {
        let unreadable = |source| KeyReferenceError::File {
            path: path.to_owned(),
            source,
        };
        let file = File::open(path).map_err(unreadable)?;
        let mut content = Vec::new();
        file.take(LIMIT + 1).read_to_end(&mut content).map_err(unreadable)?;
        if content.len() as u64 > LIMIT {
            return Err(KeyReferenceError::TooLarge {
                path: path.to_owned(),
                limit: LIMIT,
            });
        }
        Ok(Secret::new(content))
    }
}

fn from_variable(name: &str, variable: &dyn Fn(&str) -> Option<String>) -> Result<Secret<Vec<u8>>, KeyReferenceError> {
    variable(name)
        .map(|pem| Secret::new(pem.into_bytes()))
        .ok_or_else(|| KeyReferenceError::NoVariable { name: name.to_owned() })
}

/// Why a reference does not give a key.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyReferenceError {
    /// The reference is an empty text.
    #[error("key reference is empty")]
    Empty,
    /// Keys of this kind cannot be used.
    #[error("key references of kind {kind:?} are not supported: expected a file, env://NAME or https://…")]
    Kind {
        /// The kind, from the start of the reference.
        kind: String,
    },
    /// The environment variable is not set.
    #[error("environment variable {name} is not set")]
    NoVariable {
        /// The variable's name.
        name: String,
    },
    /// The file cannot be read.
    #[error("reading key {}", path.display())]
    File {
        /// The path.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is too large to be a key.
    #[error("key {} is larger than {limit} bytes", path.display())]
    TooLarge {
        /// The path.
        path: PathBuf,
        /// The limit, in bytes.
        limit: u64,
    },
    /// The URL does not give a key.
    #[error("reading key {url}")]
    Url {
        /// The URL.
        url: String,
        /// What happened.
        source: StoreError,
    },
    /// What was read is no public key.
    #[error("public key {reference}")]
    Public {
        /// The reference.
        reference: String,
        /// What is wrong with it.
        source: PublicKeyError,
    },
    /// What was read is no private key, or the password does not open it.
    #[error("private key {reference}")]
    Private {
        /// The reference.
        reference: String,
        /// What is wrong with it.
        source: OpenError,
    },
}

/// The most bytes a key may have.
const LIMIT: u64 = 64 * 1024;
