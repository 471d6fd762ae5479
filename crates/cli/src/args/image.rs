//! The images that a command is about.

use clap::Args;
use countersign_oci::Reference;

use super::usage::{UsageError, UsageKind};
use crate::failure::Failure;

/// Exactly one image.
#[derive(Args, Clone, Debug)]
pub(crate) struct ImageArg {
    /// The image, by tag or digest
    #[arg(value_name = "IMAGE", id = "image")]
    images: Vec<String>,
}

impl ImageArg {
    /// The image's name.
    pub(crate) fn reference(&self) -> Result<Reference, Failure> {
        Ok(self.text()?.parse()?)
    }

    /// The image's name as the user gave it.
    pub(crate) fn text(&self) -> Result<&str, Failure> {
        exactly_one(&self.images)
    }
}

/// One image or more.
#[derive(Args, Clone, Debug)]
pub(crate) struct ImagesArg {
    /// The images, by tag or digest
    #[arg(value_name = "IMAGE", id = "images")]
    images: Vec<String>,
}

impl ImagesArg {
    /// The images' names as the user gave them, in the order given.
    pub(crate) fn texts(&self) -> Result<&[String], Failure> {
        at_least(1, &self.images)?;
        Ok(&self.images)
    }
}

/// The only argument, or cosign's words where there is none or are more.
pub(crate) fn exactly_one(arguments: &[String]) -> Result<&str, Failure> {
    match arguments {
        [only] => Ok(only),
        _ => Err(UsageError::new(UsageKind::Count {
            expected: 1,
            found: arguments.len(),
        })
        .into()),
    }
}

/// Checks that there are enough arguments.
pub(crate) fn at_least(expected: usize, arguments: &[String]) -> Result<(), Failure> {
    if arguments.len() < expected {
        return Err(UsageError::new(UsageKind::TooFew {
            expected,
            found: arguments.len(),
        })
        .into());
    }
    Ok(())
}
