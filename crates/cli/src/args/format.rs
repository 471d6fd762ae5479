//! The formats in which signatures and attestations are written.

use clap::{Args, ValueEnum};
use countersign::sign::Formats;

use super::boolean;
use super::usage::UsageError;
use crate::failure::Failure;

/// The formats in which signatures and attestations are written.
#[derive(Args, Clone, Debug)]
pub(crate) struct FormatArgs {
    /// The format: a bundle as a referrer (cosign 3), a tag (legacy, cosign 2), or both
    #[arg(long, value_name = "FORMAT", value_enum)]
    format: Option<Format>,

    /// Writes a bundle (the default); =false writes a tag
    #[arg(
        long,
        value_name = "BOOL",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true",
        value_parser = boolean::parse
    )]
    new_bundle_format: Option<bool>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Bundle,
    Legacy,
    Both,
}

impl FormatArgs {
    /// The formats to write: a bundle, unless said otherwise.
    pub(crate) fn formats(&self) -> Result<Formats, Failure> {
        match (self.format, self.new_bundle_format) {
            (Some(_), Some(_)) => {
                Err(UsageError::because("--format and --new-bundle-format exclude each other").into())
            }
            (Some(Format::Bundle), None) | (None, None | Some(true)) => Ok(Formats::Bundle),
            (Some(Format::Legacy), None) | (None, Some(false)) => Ok(Formats::Legacy),
            (Some(Format::Both), None) => Ok(Formats::Both),
        }
    }
}
