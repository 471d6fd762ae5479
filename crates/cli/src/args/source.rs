//! Where an image is: a registry, a layout in a folder, or a layout in a tar file.

use std::path::PathBuf;

use countersign_oci::any_store::AnyStore;
use countersign_oci::registry::Registry;
use countersign_oci::{Archive, Layout, Pinned, Reference, Store};

use crate::failure::Failure;
use crate::session::Session;

/// An image that was found by its name.
pub(crate) struct Source {
    /// The store it is in.
    pub(crate) store: AnyStore,
    /// Its name there.
    pub(crate) reference: Reference,
    /// How messages call it.
    pub(crate) shown: String,
    /// What local names begin with, for messages; nothing for a registry.
    place: Option<String>,
}

impl Source {
    /// Says whether it is on this machine.
    pub(crate) fn is_local(&self) -> bool {
        self.place.is_some()
    }

    /// How messages call something in the source.
    pub(crate) fn show(&self, name: &Reference) -> String {
        shown(self.place.as_deref(), name)
    }
}

impl Source {
    /// A name in the same store, by the digest that it has now.
    pub(crate) async fn resolve(&self, reference: &Reference) -> Result<Pinned, Failure> {
        match reference.digest() {
            Some(digest) => Ok(reference.clone().pin(digest.clone())),
            None => {
                let resolved = self.store.resolve(reference).await;
                resolved.map_err(|error| Failure::absent(error, reference))
            }
        }
    }
}

/// What names of images are taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Names {
    /// References of a registry, `oci:FOLDER`, or `oci-archive:FILE`.
    Any,
    /// Paths of layouts and archives (`--local-image`).
    Local,
}

/// Opens the store that `name` is in.
///
/// `oci:FOLDER` and `oci-archive:FILE` may end with `:TAG` or `@DIGEST`.
pub(crate) async fn open(
    name: &str,
    names: Names,
    registry: &Registry,
    session: &Session<'_>,
) -> Result<Source, Failure> {
    let local = match names {
        Names::Local if session.path(name).is_file() => Some((Kind::Archive, name, None)),
        Names::Local => Some((Kind::Layout, name, None)),
        Names::Any => split(name),
    };
    let Some((kind, path, tag)) = local else {
        let reference: Reference = name.parse()?;
        return Ok(Source {
            store: AnyStore::Registry(registry.clone()),
            shown: reference.to_string(),
            reference,
            place: None,
        });
    };
    open_local(name, kind, path, tag, session).await
}

async fn open_local(
    name: &str,
    kind: Kind,
    path: &str,
    end: Option<Target<'_>>,
    session: &Session<'_>,
) -> Result<Source, Failure> {
    let folder: PathBuf = session.path(path);
    let given = local_name(end)?;
    let (store, reference, place) = match kind {
        Kind::Layout => {
            let layout = Layout::open(&folder).await?;
            let reference = match given {
                Some(reference) => reference,
                None => layout.only().await?.reference(),
            };
            (AnyStore::Layout(layout), reference, format!("oci:{path}"))
        }
        Kind::Archive => {
            let archive = Archive::open(&folder).await?;
            let reference = match given {
                Some(reference) => reference,
                None => archive.only().await?.reference(),
            };
            (AnyStore::Archive(archive), reference, format!("oci-archive:{path}"))
        }
    };
    Ok(Source {
        store,
        reference,
        shown: name.to_owned(),
        place: Some(place),
    })
}

/// The name that the end of a local name stands for.
pub(super) fn local_name(end: Option<Target<'_>>) -> Result<Option<Reference>, Failure> {
    Ok(match end {
        Some(Target::Tag(tag)) => Some(Layout::repository().tag(tag)?),
        Some(Target::Digest(digest)) => Some(Layout::repository().digest(digest.parse().map_err(not_a_digest)?)),
        None => None,
    })
}

/// A name for messages: what is local begins with its place instead of a repository.
pub(super) fn shown(place: Option<&str>, name: &Reference) -> String {
    match (place, name.digest()) {
        (None, _) => name.to_string(),
        (Some(place), Some(digest)) => format!("{place}@{digest}"),
        (Some(place), None) => format!("{place}:{}", name.target()),
    }
}

fn not_a_digest(source: countersign_core::digest::DigestError) -> Failure {
    Failure::Reference(countersign_oci::reference::ReferenceError::Digest(source))
}

/// What a name of something local is of.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    Layout,
    Archive,
}

/// What a name of something local ends with.
#[derive(Clone, Copy)]
pub(crate) enum Target<'a> {
    Tag(&'a str),
    Digest(&'a str),
}

/// Splits `oci:FOLDER[:TAG|@DIGEST]` and `oci-archive:FILE[:TAG|@DIGEST]`.
pub(crate) fn split(name: &str) -> Option<(Kind, &str, Option<Target<'_>>)> {
    let (kind, rest) = match (name.strip_prefix("oci:"), name.strip_prefix("oci-archive:")) {
        (Some(rest), _) => (Kind::Layout, rest),
        (None, Some(rest)) => (Kind::Archive, rest),
        (None, None) => return None,
    };
    if let Some((path, digest)) = rest.split_once('@') {
        return Some((kind, path, Some(Target::Digest(digest))));
    }
    match rest.rsplit_once(':') {
        Some((path, tag)) if !tag.contains('/') => Some((kind, path, Some(Target::Tag(tag)))),
        _ => Some((kind, rest, None)),
    }
}
