//! Where an image goes: to a registry, into a layout in a folder, or into a layout in a tar file.

use countersign_oci::registry::Registry;
use countersign_oci::{AnyStore, Layout, Reference};

use super::source::{self, Kind};
use super::usage::UsageError;
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

impl Target {
    /// Opens the store of `name`, a reference of a registry or `oci:FOLDER[:TAG]`, which is made where it is not there.
    pub(crate) async fn open(name: &str, registry: &Registry, session: &Session<'_>) -> Result<Self, Failure> {
        let Some((kind, path, end)) = source::split(name) else {
            return Ok(Self {
                store: AnyStore::Registry(registry.clone()),
                name: name.parse()?,
                place: None,
            });
        };
        let name = source::local_name(end)?.unwrap_or(Layout::repository().tag("latest")?);
        let (store, place) = match kind {
            Kind::Layout => {
                let layout = Layout::create(session.path(path)).await?;
                (AnyStore::Layout(layout), format!("oci:{path}"))
            }
            Kind::Archive => return Err(UsageError::because("an archive").into()),
        };
        Ok(Self {
            store,
            name,
            place: Some(place),
        })
    }

    /// How messages call something in the target.
    pub(crate) fn show(&self, name: &Reference) -> String {
        source::shown(self.place.as_deref(), name)
    }
}
