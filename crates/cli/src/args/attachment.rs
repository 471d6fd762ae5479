//! Where attachments are, and which of them a command means instead of the image.

use clap::{Args, ValueEnum};
use countersign::attachment::discover::Limits;
use countersign::attachment::legacy::MediaTypes;
use countersign::attachment::{Kind, Location};
use countersign_oci::{Pinned, Repository};
use jiff::Timestamp;

use super::usage::UsageError;
use crate::env;
use crate::failure::Failure;
use crate::session::Session;

/// The media types in which the manifests under attachment tags are written.
pub(crate) fn media_types(session: &Session<'_>) -> MediaTypes {
    match session.environment().is_true(env::DOCKER_MEDIA_TYPES) {
        true => MediaTypes::Docker,
        false => MediaTypes::Oci,
    }
}

/// The time that `--record-creation-timestamp` records: that of `SOURCE_DATE_EPOCH`, else now.
pub(crate) fn created(is_recorded: bool, session: &Session<'_>) -> Result<Option<Timestamp>, Failure> {
    if !is_recorded {
        return Ok(None);
    }
    let given = env::source_date(session.environment())?;
    Ok(Some(given.unwrap_or_else(|| session.now())))
}

/// Where attachments are.
#[derive(Args, Clone, Debug)]
pub(crate) struct LocationArgs {
    /// What the tags of attachments begin with
    #[arg(long, value_name = "PREFIX", default_value = "", hide_default_value = true)]
    attachment_tag_prefix: String,
}

impl LocationArgs {
    /// Where the attachments of `image` are: beside it, or in the repository that `COSIGN_REPOSITORY` names.
    pub(crate) fn of(&self, image: &Pinned, session: &Session<'_>) -> Result<Location, Failure> {
        let location = match session
            .environment()
            .text(env::REPOSITORY)
            .filter(|name| !name.is_empty())
        {
            Some(name) => Location::within(name.parse::<Repository>()?),
            None => return Ok(self.beside(image)),
        };
        Ok(location.with_tag_prefix(&self.attachment_tag_prefix))
    }

    /// Attachments beside `image`, whatever the environment says.
    pub(crate) fn beside(&self, image: &Pinned) -> Location {
        Location::beside(image).with_tag_prefix(&self.attachment_tag_prefix)
    }
}

/// An attachment that is meant instead of the image it is attached to.
#[derive(Args, Clone, Debug)]
pub(crate) struct AttachmentArgs {
    /// Means the image's attachment instead of the image
    #[arg(long, value_name = "KIND", value_enum)]
    attachment: Option<AttachmentKind>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum AttachmentKind {
    Sbom,
    Signature,
    Attestation,
}

impl AttachmentArgs {
    /// The kind of attachment that is meant.
    pub(crate) fn kind(&self) -> Option<Kind> {
        self.attachment.map(|kind| match kind {
            AttachmentKind::Sbom => Kind::Sbom,
            AttachmentKind::Signature => Kind::Signature,
            AttachmentKind::Attestation => Kind::Attestation,
        })
    }
}

/// The limits of what is read: `COSIGN_MAX_ATTACHMENT_SIZE`, and `parallel` requests at once.
pub(crate) fn limits(parallel: usize, session: &Session<'_>) -> Result<Limits, Failure> {
    let mut limits = Limits {
        parallel,
        ..Limits::default()
    };
    if let Some(text) = session
        .environment()
        .text(env::MAX_ATTACHMENT_SIZE)
        .filter(|text| !text.is_empty())
    {
        limits.attachment = bytes(text).ok_or_else(|| {
            UsageError::because(format!(
                "{}: expected a size such as 128MiB, found {text:?}",
                env::MAX_ATTACHMENT_SIZE
            ))
        })?;
    }
    Ok(limits)
}

/// Reads a size with a unit: powers of 1000 (`MB`) or of 1024 (`MiB`).
pub(crate) fn bytes(text: &str) -> Option<u64> {
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let factor: u64 = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kb" => 1000,
        "m" | "mb" => 1_000_000,
        "g" | "gb" => 1_000_000_000,
        "ki" | "kib" => 1 << 10,
        "mi" | "mib" => 1 << 20,
        "gi" | "gib" => 1 << 30,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(factor)
}

#[cfg(test)]
mod tests {
    use super::bytes;

    #[test]
    fn sizes_have_units_of_both_kinds() {
        assert_eq!(bytes("128MiB"), Some(134_217_728));
        assert_eq!(bytes("1 kB"), Some(1000));
        assert_eq!(bytes("7"), Some(7));
        assert_eq!(bytes("1.5G"), None);
        assert_eq!(bytes("99999999999999GiB"), None);
    }
}
