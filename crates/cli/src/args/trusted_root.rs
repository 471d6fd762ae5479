//! What is trusted beyond a key: authorities, logs and timestampers.

use clap::Args;
use countersign_core::key::KEY_FILE_LIMIT;
use countersign_core::trust::{self, Authority, TransparencyLog, TrustedRoot, Validity};
use jiff::Timestamp;

use super::given;
use super::usage::UsageError;
use crate::failure::Failure;
use crate::file;
use crate::session::Session;

/// The authorities, logs and timestampers that are trusted.
#[derive(Args, Clone, Debug)]
pub(crate) struct TrustedRootArgs {
    /// The trusted root, a file
    #[arg(long, value_name = "FILE")]
    trusted_root: Option<String>,

    /// Trusts these root certificates to issue to signers, a PEM file, in place of the trusted root's authorities
    #[arg(long, value_name = "FILE")]
    ca_roots: Option<String>,

    /// Certificates between those of --ca-roots and the signers', a PEM file
    #[arg(long, value_name = "FILE", requires = "ca_roots")]
    ca_intermediates: Option<String>,

    /// Trusts this chain to issue to signers, a PEM file, the issuer first and the root last
    #[arg(long, value_name = "FILE", conflicts_with = "ca_roots")]
    certificate_chain: Option<String>,

    /// Trusts this chain to timestamp, a PEM file, the root last, in place of the trusted root's authorities
    #[arg(long, value_name = "FILE")]
    timestamp_certificate_chain: Option<String>,
}

impl TrustedRootArgs {
    /// Reads what is trusted: the trusted root, or what the variables of cosign name; and what flags put in its place.
    ///
    /// Nothing is what a key without a log needs.
    pub(crate) fn load(&self, session: &Session<'_>) -> Result<Option<TrustedRoot>, Failure> {
        let root = match given(&self.trusted_root) {
            Some(path) => Some(parse(path, session)?),
            None => named_by_variables(session)?,
        };
        let authorities = self.certificate_authorities(session)?;
        let timestampers = self.timestamp_authorities(session)?;
        if root.is_none() && authorities.is_none() && timestampers.is_none() {
            return Ok(None);
        }
        let root = root.unwrap_or_default();
        let authorities = authorities.unwrap_or_else(|| root.certificate_authorities().to_vec());
        let timestampers = timestampers.unwrap_or_else(|| root.timestamp_authorities().to_vec());
        Ok(Some(
            TrustedRoot::default()
                .with_logs(root.logs().iter().cloned())
                .with_certificate_logs(root.certificate_logs().iter().cloned())
                .with_certificate_authorities(authorities)
                .with_timestamp_authorities(timestampers),
        ))
    }

    fn certificate_authorities(&self, session: &Session<'_>) -> Result<Option<Vec<Authority>>, Failure> {
        if let Some(path) = given(&self.certificate_chain) {
            return Ok(Some(vec![whole(path, session)?]));
        }
        let Some(path) = given(&self.ca_roots) else {
            return Ok(None);
        };
        let between = given(&self.ca_intermediates)
            .map(|path| certificates(path, session))
            .transpose()?;
        let roots = certificates(path, session)?;
        let authorities = Authority::of_roots(path, &roots, between.as_deref());
        Ok(Some(authorities.map_err(|source| Failure::trust(path, source))?))
    }

    fn timestamp_authorities(&self, session: &Session<'_>) -> Result<Option<Vec<Authority>>, Failure> {
        given(&self.timestamp_certificate_chain)
            .map(|path| Ok(vec![whole(path, session)?]))
            .transpose()
    }
}

fn parse(path: &str, session: &Session<'_>) -> Result<TrustedRoot, Failure> {
    let bytes = file::read(session.directory(), path, trust::LIMIT as u64)?;
    TrustedRoot::parse(&bytes).map_err(|source| Failure::trust(path, source))
}

/// What the variables of cosign name, if any is set.
fn named_by_variables(session: &Session<'_>) -> Result<Option<TrustedRoot>, Failure> {
    let variable = |name: &str| session.environment().text(name).filter(|path| !path.is_empty());
    let log = |path: &str| {
        let key = file::read(session.directory(), path, KEY_FILE_LIMIT as u64)?;
        TransparencyLog::from_pem(path.to_owned(), &key, since_1970())
            .map_err(|source| Failure::from(UsageError::because(format!("{path}: {source}"))))
    };
    let mut found = None;
    if let Some(path) = variable("SIGSTORE_ROOT_FILE") {
        let pool = certificates(path, session)?;
        let authorities = Authority::of_pool(path, &pool).map_err(|source| Failure::trust(path, source))?;
        found = Some(TrustedRoot::default().with_certificate_authorities(authorities));
    }
    if let Some(path) = variable("SIGSTORE_REKOR_PUBLIC_KEY") {
        found = Some(found.unwrap_or_default().with_logs([log(path)?]));
    }
    if let Some(path) = variable("SIGSTORE_CT_LOG_PUBLIC_KEY_FILE") {
        found = Some(found.unwrap_or_default().with_certificate_logs([log(path)?]));
    }
    if let Some(path) = variable("SIGSTORE_TSA_CERTIFICATE_FILE") {
        let authority = whole(path, session)?;
        found = Some(found.unwrap_or_default().with_timestamp_authorities([authority]));
    }
    Ok(found)
}

/// An authority whose certificates are all of a file.
fn whole(path: &str, session: &Session<'_>) -> Result<Authority, Failure> {
    let chain = certificates(path, session)?;
    Authority::from_pem(path, &chain, Validity::ALWAYS).map_err(|source| Failure::trust(path, source))
}

fn certificates(path: &str, session: &Session<'_>) -> Result<Vec<u8>, Failure> {
    file::read(session.directory(), path, trust::LIMIT as u64)
}

/// What is named by hand is believed at any time; but a log must say since when (`sigstore_trustroot.proto`).
fn since_1970() -> Validity {
    Validity::new(Some(Timestamp::UNIX_EPOCH), None)
}
