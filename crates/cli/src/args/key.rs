//! The key that signs or that a signature is checked with.

use clap::Args;

use super::usage::UsageError;
use crate::failure::Failure;

/// The key that signs or that a signature is checked with.
#[derive(Args, Clone, Debug)]
pub(crate) struct KeyArgs {
    /// The key: a file, env://VARIABLE or https://…
    #[arg(long, value_name = "KEY")]
    key: Option<String>,

    /// Uses a hardware security key
    #[arg(long)]
    sk: bool,

    /// The slot of the hardware security key
    #[arg(long, value_name = "SLOT", requires = "sk")]
    slot: Option<String>,
}

/// Where a key is, as far as this program can reach it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum KeyReference {
    /// A file.
    File(String),
    /// A variable of the environment that holds the PEM text.
    Variable(String),
    /// A document on the web.
    Url(String),
}

impl KeyArgs {
    /// The key named by `--key`, where it is given.
    pub(crate) fn reference(&self) -> Result<Option<KeyReference>, Failure> {
        if self.sk {
            return Err(UsageError::because("--sk: hardware security keys are not supported").into());
        }
        self.key
            .as_deref()
            .filter(|key| !key.is_empty())
            .map(KeyReference::parse)
            .transpose()
    }
}

impl KeyReference {
    /// Parses the value of `--key`.
    pub(crate) fn parse(text: &str) -> Result<Self, Failure> {
        if let Some(variable) = text.strip_prefix("env://") {
            return Ok(Self::Variable(variable.to_owned()));
        }
        if text.starts_with("https://") || text.starts_with("http://") {
            return Ok(Self::Url(text.to_owned()));
        }
        if text.starts_with("pkcs11:") {
            return Err(unsupported(text, "PKCS #11 tokens"));
        }
        match text.split_once("://") {
            None => Ok(Self::File(text.to_owned())),
            Some(("k8s", _)) => Err(unsupported(text, "Kubernetes secrets")),
            Some(("gitlab", _)) => Err(unsupported(text, "GitLab variables")),
            Some(("github", _)) => Err(unsupported(text, "GitHub secrets")),
            Some(("awskms", _)) => Err(unsupported(text, "keys in AWS KMS")),
            Some(("gcpkms", _)) => Err(unsupported(text, "keys in Google Cloud KMS")),
            Some(("azurekms", _)) => Err(unsupported(text, "keys in Azure Key Vault")),
            Some(("hashivault" | "openbao", _)) => Err(unsupported(text, "keys in Vault or OpenBao")),
            Some((scheme, _)) => Err(unsupported(text, &format!("key references of kind {scheme}://"))),
        }
    }
}

fn unsupported(text: &str, kind: &str) -> Failure {
    UsageError::because(format!(
        "key reference {text}: {kind} are not supported; use a file, env:// or https://"
    ))
    .into()
}
