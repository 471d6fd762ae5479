//! Where an image goes: to a registry, into a layout in a folder, or into a layout in a tar file.

use std::path::Path;

use countersign::copy::{Copied, Existing};
use countersign_oci::registry::Registry;
use countersign_oci::{AnyStore, Layout, Reference, Saving};

use super::source::{self, Kind};
use crate::failure::Failure;
use crate::session::Session;

/// A name that an image gets.
pub(crate) struct Target {
    /// The store it goes to.
    pub(crate) store: AnyStore,
    /// Its name there.
    pub(crate) name: Reference,
    /// What local names begin with, for messages; nothing for a registry.
    place: Option<String>,
}

/// A place on this machine for one image.
#[derive(Clone, Copy)]
pub(crate) enum Place<'a> {
    /// A folder, for an image layout.
    Folder(&'a str),
    /// A tar file.
    Archive(&'a str),
}

impl<'a> Place<'a> {
    /// Its path.
    pub(crate) fn path(self) -> &'a str {
        match self {
            Self::Folder(path) | Self::Archive(path) => path,
        }
    }
}

impl Target {
    /// Opens the store of `name`: a reference of a registry, `oci:FOLDER[:TAG]` or `oci-archive:FILE[:TAG]`. A layout
    /// gets one image more; an archive holds one only, so it must not be there unless it may be replaced.
    pub(crate) async fn open(
        name: &str,
        existing: Existing,
        registry: &Registry,
        session: &Session<'_>,
    ) -> Result<Self, Failure> {
        let Some((kind, path, end)) = source::split(name) else {
            return Ok(Self {
                store: AnyStore::Registry(registry.clone()),
                name: name.parse()?,
                place: None,
            });
        };
        let local = source::local_name(end)?.unwrap_or(Layout::repository().tag(LATEST)?);
        match kind {
            Kind::Layout => Ok(Self {
                store: AnyStore::Layout(Layout::create(session.path(path)).await?),
                name: local,
                place: Some(format!("oci:{path}")),
            }),
            Kind::Archive if existing == Existing::Kept && Path::new(&session.path(path)).exists() => {
                Err(Failure::Exists { name: name.to_owned() })
            }
            Kind::Archive => {
                let target = Self::save(Place::Archive(path), LATEST, session).await?;
                Ok(Self { name: local, ..target })
            }
        }
    }

    /// Opens a place for one image, which takes the place of what was saved there before.
    pub(crate) async fn save(place: Place<'_>, tag: &str, session: &Session<'_>) -> Result<Self, Failure> {
        let (saving, place) = match place {
            Place::Folder(path) => (Saving::into_folder(session.path(path)).await?, format!("oci:{path}")),
            Place::Archive(path) => (
                Saving::into_archive(session.path(path)).await?,
                format!("oci-archive:{path}"),
            ),
        };
        Ok(Self {
            store: AnyStore::Saving(saving),
            name: Layout::repository().tag(tag)?,
            place: Some(place),
        })
    }

    /// Completes what is there only once it is complete.
    pub(crate) async fn finish(&self, copied: &Copied) -> Result<(), Failure> {
        if let (AnyStore::Saving(saving), Some(image)) = (&self.store, copied.found.parts().first()) {
            saving.finish(&image.digest).await?;
        }
        Ok(())
    }

    /// How messages call something in the target.
    pub(crate) fn show(&self, name: &Reference) -> String {
        source::shown(self.place.as_deref(), name)
    }
}

/// The tag of an image without one.
pub(crate) const LATEST: &str = "latest";
