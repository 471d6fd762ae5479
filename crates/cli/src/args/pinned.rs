//! An image with its digest: of an index, the image for a platform.

use std::str::FromStr;

use clap::Args;
use countersign_oci::manifest::{Descriptor, Manifest, Platform};
use countersign_oci::{Pinned, Reference, Store};

use crate::failure::Failure;

/// The platform of an image.
#[derive(Args, Clone, Debug)]
pub(crate) struct PlatformArgs {
    /// The platform's image instead of the index: OS/ARCHITECTURE[/VARIANT]
    #[arg(long, value_name = "PLATFORM")]
    platform: Option<PlatformPattern>,
}

/// A platform that is asked for: `linux/arm64`, `linux/arm/v7`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PlatformPattern {
    os: String,
    architecture: String,
    variant: Option<String>,
}

impl PlatformArgs {
    /// The platform asked for.
    pub(crate) fn pattern(&self) -> Option<&PlatformPattern> {
        self.platform.as_ref()
    }

    /// Resolves a name; of an index, to the image of the platform that is asked for.
    pub(crate) async fn resolve(&self, reference: &Reference, store: &impl Store) -> Result<Pinned, Failure> {
        let Some(pattern) = &self.platform else {
            return Ok(match reference.digest() {
                Some(digest) => reference.clone().pin(digest.clone()),
                None => store.resolve(reference).await?,
            });
        };
        let manifest = store.manifest(reference).await?;
        let entry = pattern.choose(&manifest, reference)?;
        Ok(reference.clone().pin(entry.digest.clone()))
    }
}

impl PlatformPattern {
    /// Finds the entry of an index for this platform.
    pub(crate) fn choose<'m>(&self, index: &'m Manifest, reference: &Reference) -> Result<&'m Descriptor, Failure> {
        if !index.is_index() {
            return Err(Failure::NotAnIndex {
                reference: reference.to_string(),
            });
        }
        index
            .manifests()
            .iter()
            .find(|entry| entry.platform.as_ref().is_some_and(|platform| self.matches(platform)))
            .ok_or_else(|| Failure::NoPlatform {
                reference: reference.to_string(),
                wanted: self.to_string(),
                found: platforms(index),
            })
    }

    fn matches(&self, platform: &Platform) -> bool {
        self.os == platform.os
            && self.architecture == platform.architecture
            && self
                .variant
                .as_ref()
                .is_none_or(|variant| platform.variant.as_ref() == Some(variant))
    }
}

/// The platforms of an index, with commas.
pub(crate) fn platforms(index: &Manifest) -> String {
    let platforms: Vec<String> = index
        .manifests()
        .iter()
        .filter_map(|entry| entry.platform.as_ref())
        .take(PLATFORMS_SHOWN)
        .map(|platform| {
            let pattern = PlatformPattern {
                os: platform.os.clone(),
                architecture: platform.architecture.clone(),
                variant: platform.variant.clone(),
            };
            pattern.to_string()
        })
        .collect();
    if platforms.is_empty() {
        return "none".to_owned();
    }
    platforms.join(", ")
}

impl FromStr for PlatformPattern {
    type Err = PlatformError;

    fn from_str(text: &str) -> Result<Self, PlatformError> {
        let mut parts = text.split('/').map(str::to_owned);
        match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some(os), Some(architecture), variant, None)
                if !os.is_empty() && !architecture.is_empty() && variant.as_deref() != Some("") =>
            {
                Ok(Self {
                    os,
                    architecture,
                    variant,
                })
            }
            _ => Err(PlatformError),
        }
    }
}

impl From<&PlatformPattern> for Platform {
    fn from(pattern: &PlatformPattern) -> Self {
        Self {
            architecture: pattern.architecture.clone(),
            os: pattern.os.clone(),
            os_version: None,
            variant: pattern.variant.clone(),
        }
    }
}

impl std::fmt::Display for PlatformPattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)?;
        match &self.variant {
            Some(variant) => write!(f, "/{variant}"),
            None => Ok(()),
        }
    }
}

/// A text is not a platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected OS/ARCHITECTURE or OS/ARCHITECTURE/VARIANT, for example linux/arm64")]
pub(crate) struct PlatformError;

/// The most platforms that an error lists.
const PLATFORMS_SHOWN: usize = 32;
