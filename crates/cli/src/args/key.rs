//! The key that signs or that a signature is checked with.

use clap::Args;
use countersign::key_reference::KeyReference;

use super::usage::UsageError;
use crate::failure::Failure;
use crate::session::Session;

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

impl KeyArgs {
    /// Says whether a key was asked for.
    pub(crate) fn is_given(&self) -> bool {
        self.sk || self.key.as_deref().is_some_and(|text| !text.is_empty())
    }

    /// The key named by `--key`, where it is given; files are looked for in the working folder.
    pub(crate) fn reference(&self, session: &Session<'_>) -> Result<Option<KeyReference>, Failure> {
        if self.sk {
            return Err(UsageError::because("--sk: hardware security keys are not supported").into());
        }
        let Some(text) = self.key.as_deref().filter(|text| !text.is_empty()) else {
            return Ok(None);
        };
        Ok(Some(match text.parse()? {
            KeyReference::File(path) => KeyReference::File(session.path(path)),
            other => other,
        }))
    }
}
