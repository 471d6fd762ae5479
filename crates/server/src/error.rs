//! Why a server does not start.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use crate::keys::KeysError;
use crate::log::LogError;
use crate::store::StoreError;
use crate::tuf::TufError;

/// Why a server does not start, or does not end well.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServerError {
    /// The address cannot be listened on.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// What the operating system says.
        #[source]
        source: io::Error,
    },
    /// The folder cannot be used.
    #[error("cannot use the registry's folder")]
    Store(#[from] StoreError),
    /// A file of the certificate cannot be read.
    #[error("cannot read {}", path.display())]
    TlsFile {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: rustls::pki_types::pem::Error,
    },
    /// The certificate file has no certificate.
    #[error("{} holds no certificate", path.display())]
    NoCertificate {
        /// The file.
        path: PathBuf,
    },
    /// The certificate and its key do not make a server.
    #[error("certificate and key cannot be used")]
    Tls(#[source] rustls::Error),
    /// The services cannot be used.
    #[error("cannot be a Sigstore")]
    Services(#[from] ServicesError),
    /// A task of the server failed.
    #[error("a task of the server failed")]
    Task(#[from] tokio::task::JoinError),
}

/// Why services cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServicesError {
    /// An e-mail address is none.
    #[error("e-mail address is {found:?}, expected NAME@HOST")]
    Email {
        /// What was given.
        found: String,
    },
    /// A folder cannot be used.
    #[error("cannot use {}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the operating system says.
        #[source]
        source: io::Error,
    },
    /// A key or a certificate cannot be used.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// A log cannot be used.
    #[error("cannot use a log")]
    Log(#[from] LogError),
    /// No identity token could be made.
    #[error("no identity token could be made")]
    Token {
        /// Why not.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The TUF repository cannot be used.
    #[error("cannot use the TUF repository")]
    Tuf(#[from] TufError),
}

/// An error with its causes, on a line.
pub(crate) fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let said = error.to_string();
        if !text.ends_with(&said) {
            text.push_str(": ");
            text.push_str(&said);
        }
        cause = error.source();
    }
    text
}
