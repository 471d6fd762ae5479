//! The services that a signature is made with.

use clap::Args;
use countersign_core::trust::TrustedRoot;
use countersign_core::trust::signing_config::{self, SigningConfig};

use super::usage::UsageError;
use crate::failure::Failure;
use crate::file;
use crate::session::Session;

/// The services that a signature is made with; none is reached yet.
#[derive(Args, Clone, Debug)]
pub(crate) struct ServiceArgs {
    /// Has the signature logged; no log is reached yet, so only =false
    #[arg(long, default_value = "true")]
    tlog_upload: bool,

    /// The signing configuration, a file; one that names no service
    #[arg(long, value_name = "FILE")]
    signing_config: Option<String>,

    /// Uses the signing configuration of the trust root; no service is reached yet, so only =false
    #[arg(long)]
    use_signing_config: bool,

    /// The trusted root, a file
    #[arg(long, value_name = "FILE")]
    trusted_root: Option<String>,
}

impl ServiceArgs {
    /// Checks that no service is asked for: nothing is contacted but the registry, so whoever signs must have said so.
    pub(crate) fn check(&self, session: &Session<'_>) -> Result<(), Failure> {
        self.check_config(session)?;
        check_trusted_root(self.trusted_root.as_deref(), session)
    }

    fn check_config(&self, session: &Session<'_>) -> Result<(), Failure> {
        if self.use_signing_config {
            return Err(UsageError::because(
                "--use-signing-config needs a trust root's services: pass --signing-config with a file that names none",
            )
            .into());
        }
        let Some(path) = &self.signing_config else {
            if self.tlog_upload {
                return Err(UsageError::because(
                    "signing with a transparency log is not possible yet: pass --tlog-upload=false, \
                     or --signing-config with a file that names no service",
                )
                .into());
            }
            return Ok(());
        };
        let bytes = file::read(session.directory(), path, signing_config::LIMIT as u64)?;
        let config = SigningConfig::parse(&bytes).map_err(|source| Failure::trust(path, source))?;
        if !config.is_empty_of_services() {
            return Err(UsageError::because(format!(
                "--signing-config {path}: it names services, and no service is reached yet: pass one that names none"
            ))
            .into());
        }
        Ok(())
    }
}

/// A trusted root has nothing to say on a key without a log, but one that is no trusted root is told of.
pub(crate) fn check_trusted_root(path: Option<&str>, session: &Session<'_>) -> Result<(), Failure> {
    if let Some(path) = path {
        let bytes = file::read(session.directory(), path, countersign_core::trust::LIMIT as u64)?;
        TrustedRoot::parse(&bytes).map_err(|source| Failure::trust(path, source))?;
    }
    Ok(())
}
