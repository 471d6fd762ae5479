//! An image with its digest: of an index, the image for a platform.

use std::str::FromStr;

use clap::Args;
use countersign_oci::manifest::{Descriptor, Manifest, Platform};
use countersign_oci::{Pinned, Reference, Store};

use crate::failure::Failure;

/// The platform of an image.
#[derive(Args, Clone, Debug)]
pub(crate) struct PlatformArgs {
    /// The platform's image instead of the index: OS/ARCHITECTURE[/VARIANT][:VERSION], the version of Windows or its beginning
    #[arg(long, value_name = "PLATFORM")]
    platform: Option<PlatformPattern>,
}

/// A platform that is asked for: `linux/arm64`, `linux/arm/v7`, `windows/amd64:10.0.17763`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PlatformPattern {
    os: String,
    architecture: String,
    variant: Option<String>,
    os_version: Option<String>,
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
    ///
    /// Without a variant the most usual one of the architecture is meant; one that is not there stands for the next that runs
    /// on it (as containerd chooses). Two entries that answer alike are refused: which of them is meant cannot be told.
    pub(crate) fn choose<'m>(&self, index: &'m Manifest, reference: &Reference) -> Result<&'m Descriptor, Failure> {
        if !index.is_index() {
            return Err(Failure::NotAnIndex {
                reference: reference.to_string(),
            });
        }
        let entries: Vec<(&Descriptor, &Platform)> = index
            .manifests()
            .iter()
            .filter_map(|entry| Some((entry, entry.platform.as_ref()?)))
            .filter(|(_, platform)| self.is_of(platform))
            .collect();
        for variant in self.variants() {
            let mut alike = entries
                .iter()
                .filter(|(_, platform)| normal(&self.architecture, platform.variant.as_deref()) == variant);
            let Some((entry, _)) = alike.next() else { continue };
            if alike.any(|(other, _)| other.digest != entry.digest) {
                return Err(Failure::AmbiguousPlatform {
                    reference: reference.to_string(),
                    wanted: self.to_string(),
                    found: platforms(index),
                });
            }
            return Ok(entry);
        }
        // a variant that is not known stands for itself
        match (&self.variant, &entries[..]) {
            (None, [(entry, _)]) => Ok(entry),
            _ => Err(Failure::NoPlatform {
                reference: reference.to_string(),
                wanted: self.to_string(),
                found: platforms(index),
            }),
        }
    }

    /// Says whether a platform is this one, whatever its variant.
    fn is_of(&self, platform: &Platform) -> bool {
        let asked = self.os_version.as_deref();
        self.os == platform.os
            && self.architecture == platform.architecture
            && asked.is_none_or(|asked| platform.is_of_version(asked))
    }

    /// The variants that run where this one is asked for, the best first.
    fn variants(&self) -> Vec<&str> {
        let wanted = normal(&self.architecture, self.variant.as_deref());
        let known: &[&str] = match self.architecture.as_str() {
            "arm" => &["v8", "v7", "v6", "v5"],
            "amd64" => &["v4", "v3", "v2", "v1"],
            _ => &[],
        };
        match known.iter().position(|variant| *variant == wanted) {
            Some(place) => known[place..].to_vec(),
            None => vec![wanted],
        }
    }
}

/// The variant that is meant where none is said.
fn normal<'a>(architecture: &str, variant: Option<&'a str>) -> &'a str {
    match (architecture, variant.unwrap_or("")) {
        ("arm", "") => "v7",
        ("arm64", "") => "v8",
        ("amd64", "") => "v1",
        (_, variant) => variant,
    }
}

/// A platform as flags name it.
pub(crate) fn shown(platform: &Platform) -> String {
    let pattern = PlatformPattern {
        os: platform.os.clone(),
        architecture: platform.architecture.clone(),
        variant: platform.variant.clone(),
        os_version: platform.os_version.clone(),
    };
    pattern.to_string()
}

/// The platforms of an index, with commas.
pub(crate) fn platforms(index: &Manifest) -> String {
    let entries = index.manifests().iter();
    let platforms = entries.filter_map(|entry| entry.platform.as_ref());
    let platforms: Vec<String> = platforms.take(PLATFORMS_SHOWN).map(shown).collect();
    if platforms.is_empty() {
        return "none".to_owned();
    }
    platforms.join(", ")
}

impl FromStr for PlatformPattern {
    type Err = PlatformError;

    fn from_str(text: &str) -> Result<Self, PlatformError> {
        // as crane and ORAS write it
        let (text, os_version) = match text.rsplit_once(':') {
            Some((_, "")) => return Err(PlatformError),
            Some((rest, version)) => (rest, Some(version.to_owned())),
            None => (text, None),
        };
        let mut parts = text.split('/').map(str::to_owned);
        match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some(os), Some(architecture), variant, None)
                if !os.is_empty() && !architecture.is_empty() && variant.as_deref() != Some("") =>
            {
                Ok(Self {
                    os,
                    architecture,
                    variant,
                    os_version,
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
            os_version: pattern.os_version.clone(),
            variant: pattern.variant.clone(),
        }
    }
}

impl std::fmt::Display for PlatformPattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)?;
        for variant in self.variant.iter() {
            write!(f, "/{variant}")?;
        }
        match &self.os_version {
            Some(version) => write!(f, ":{version}"),
            None => Ok(()),
        }
    }
}

/// A text is not a platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected OS/ARCHITECTURE[/VARIANT][:VERSION], for example linux/arm64")]
pub(crate) struct PlatformError;

/// The most platforms that an error lists.
const PLATFORMS_SHOWN: usize = 32;
