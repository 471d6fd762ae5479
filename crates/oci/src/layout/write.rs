//! Writing to an image layout: blobs and the index are written aside and renamed, so that a reader never sees half of
//! one, and the index is changed under a lock, so that writers lose nothing of each other's.
//!
//! What is only here (signatures, manifests, the index with what others entered) survives a power cut once success is
//! said. A blob that is copied from elsewhere is left to the system to write, as `cp` leaves it: its digest tells when a
//! power cut took it, and it can be copied again.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use countersign_core::Digest;
use tempfile::NamedTempFile;

use crate::blob::{Source, Upload, UploadOutcome, Uploaded};
use crate::error::StoreError;
use crate::layout::SavedRole;
use crate::layout::contents::{
    Contents, INDEX_FILE, KIND, KIND_ATTESTATIONS, KIND_IMAGE, KIND_INDEX, KIND_SIGNATURES, LAYOUT_FILE, LAYOUT_VERSION,
};
use crate::layout::files::{Directory, Files, blob_name, blocking, file_error};
use crate::manifest::{Descriptor, Manifest};
use crate::reference::{Reference, Target};
use crate::referrer_list;
use crate::store::Condition;

use self::incoming::Incoming;

#[cfg(fuzzing)]
pub mod fuzzing;
pub(crate) mod incoming;
pub(crate) mod index;

/// Makes an empty layout at `path` where there is none.
pub(super) fn create(path: &Path) -> Result<(), StoreError> {
    std::fs::create_dir_all(path.join("blobs/sha256")).map_err(|source| file_error(path, source))?;
    for (name, content) in [(INDEX_FILE, EMPTY_INDEX), (LAYOUT_FILE, &*layout_file())] {
        let target = path.join(name);
        if target.exists() {
            continue;
        }
        let mut file = beside(path)?;
        file.write_all(content.as_bytes())
            .map_err(|source| file_error(&target, source))?;
        match file.persist_noclobber(&target) {
            Ok(_) => {}
            // Another process made it first.
            Err(error) if error.error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(file_error(&target, error.error)),
        }
    }
    Ok(())
}

/// What the file `oci-layout` has in it.
pub(crate) fn layout_file() -> String {
    format!("{{\"imageLayoutVersion\":\"{LAYOUT_VERSION}\"}}")
}

/// Stores a blob, hashing it on the way.
pub(super) async fn push_blob(contents: &Arc<Contents>, upload: &Upload) -> Result<Uploaded, StoreError> {
    if let Some(digest) = &upload.digest
        && let Some(size) = size_of(contents, digest).await?
        && upload.size.is_none_or(|wanted| wanted == size)
    {
        return Ok(Uploaded {
            digest: digest.clone(),
            size,
            how: UploadOutcome::Existed,
        });
    }
    let (digest, size) = receive(contents, upload).await?;
    Ok(Uploaded {
        digest,
        size,
        how: UploadOutcome::Sent,
    })
}

/// Writes the bytes of an upload and names them by their digest, once they are what was announced.
async fn receive(contents: &Arc<Contents>, upload: &Upload) -> Result<(Digest, u64), StoreError> {
    let shared = contents.clone();
    let file = blocking(move || beside(directory(&shared)?.root())).await?;
    let written = Incoming::open(upload).await?.write_to(file, append).await?;
    check(upload, &written.digest, written.size)?;
    let (shared, name) = (contents.clone(), written.digest.clone());
    let put = match upload.source {
        Source::Bytes(_) => persist,
        Source::File(_) | Source::Stream(_) => rename,
    };
    blocking(move || keep(directory(&shared)?, written.target, &name, put)).await?;
    Ok((written.digest, written.size))
}

fn append(file: &mut NamedTempFile, bytes: &[u8], _: u64) -> Result<(), StoreError> {
    file.write_all(bytes).map_err(|source| file_error(file.path(), source))
}

pub(crate) fn check(upload: &Upload, found: &Digest, size: u64) -> Result<(), StoreError> {
    if let Some(expected) = upload.size
        && expected != size
    {
        return Err(StoreError::SizeMismatch {
            what: found.to_string(),
            expected,
            found: size,
        });
    }
    match &upload.digest {
        Some(expected) if expected != found => Err(StoreError::DigestMismatch {
            what: expected.to_string(),
            expected: expected.clone(),
            found: found.clone(),
        }),
        _ => Ok(()),
    }
}

pub(super) async fn size_of(contents: &Arc<Contents>, digest: &Digest) -> Result<Option<u64>, StoreError> {
    let (contents, digest) = (contents.clone(), digest.clone());
    blocking(move || {
        let section = contents.files().open(&blob_name(&digest))?;
        Ok(section.map(|section| section.size()))
    })
    .await
}

/// Stores a manifest's bytes and enters it in the index.
pub(super) fn push_manifest(
    contents: &Contents,
    reference: &Reference,
    manifest: &Manifest,
    condition: &Condition,
) -> Result<(), StoreError> {
    let digest = match reference.target() {
        Target::Digest(digest) if !digest.matches(manifest.bytes()) => {
            return Err(StoreError::DigestMismatch {
                what: reference.to_string(),
                expected: digest.clone(),
                found: Digest::of(digest.algorithm(), manifest.bytes()),
            });
        }
        Target::Digest(digest) => digest,
        Target::Tag(_) => manifest.digest(),
    };
    let entry = keep_manifest(contents, manifest, digest)?;
    change_index(contents, |index| match reference.target() {
        Target::Tag(tag) => index.tag(reference, tag, &entry, condition),
        Target::Digest(_) => index.add(entry),
    })
}

/// Stores manifests' bytes, and enters those with a subject in the index.
pub(super) fn push_manifests(contents: &Contents, manifests: &[(Digest, Manifest)]) -> Result<(), StoreError> {
    let mut entries = Vec::new();
    for (digest, manifest) in manifests {
        let entry = keep_manifest(contents, manifest, digest)?;
        if manifest.content().subject.is_some() {
            entries.push(entry);
        }
    }
    if entries.is_empty() {
        return Ok(());
    }
    change_index(contents, |index| {
        entries.into_iter().try_for_each(|entry| index.add(entry))
    })
}

/// Stores a manifest's bytes and enters it in the index as `cosign save` does.
pub(super) fn save(contents: &Contents, manifest: &Manifest, role: SavedRole) -> Result<(), StoreError> {
    let mut entry = keep_manifest(contents, manifest, manifest.digest())?;
    let kind = match role {
        SavedRole::Image if manifest.is_index() => KIND_INDEX,
        SavedRole::Image => KIND_IMAGE,
        SavedRole::Signatures => KIND_SIGNATURES,
        SavedRole::Attestations => KIND_ATTESTATIONS,
    };
    entry.annotations.insert(KIND.to_owned(), kind.to_owned());
    change_index(contents, |index| index.save(entry, role))
}

/// Enters what was saved in the index, all at once, in the place of what was saved before.
pub(crate) fn save_all(contents: &Contents, entries: Vec<Descriptor>) -> Result<(), StoreError> {
    change_index(contents, |index| index.save_all(entries))
}

/// Stores a manifest's bytes, where they are not there or damaged, and describes it.
pub(crate) fn keep_manifest(
    contents: &Contents,
    manifest: &Manifest,
    digest: &Digest,
) -> Result<Descriptor, StoreError> {
    let directory = directory(contents)?;
    if contents.manifest_by_digest(digest, "").is_err() {
        let mut file = beside(directory.root())?;
        file.write_all(manifest.bytes())
            .map_err(|source| file_error(file.path(), source))?;
        keep(directory, file, digest, persist)?;
    }
    Ok(Descriptor {
        digest: digest.clone(),
        artifact_type: manifest.content().artifact_type.clone(),
        annotations: BTreeMap::new(),
        ..manifest.descriptor()
    })
}

/// Takes a tag from the index.
pub(super) fn untag(contents: &Contents, tag: &str) -> Result<(), StoreError> {
    change_index(contents, |index| index.untag(tag))
}

/// Takes a manifest from the index, from the list of what refers to `subject`, where there is one under a tag, and from
/// the blobs, where referrers are looked for too.
pub(super) fn remove(contents: &Contents, subject: &Digest, digest: &Digest) -> Result<(), StoreError> {
    change_index(contents, |index| {
        for entry in index.tagged(&referrer_list::tag(subject)) {
            let list = contents.manifest_by_digest(&entry.digest, &entry.media_type)?;
            if list.manifests().iter().any(|listed| listed.digest == *digest) {
                let place = contents.name_of(&entry.digest);
                let shorter = referrer_list::without_entries(&list, std::slice::from_ref(digest), &place)?;
                index.replace(&entry, &keep_manifest(contents, &shorter, shorter.digest())?)?;
            }
        }
        index.remove(digest);
        Ok(())
    })?;
    let path = directory(contents)?.root().join(blob_name(digest));
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(file_error(&path, error)),
        _ => Ok(()),
    }
}

/// Reads, changes and replaces `index.json` while no other writer of ours does.
fn change_index(
    contents: &Contents,
    change: impl FnOnce(&mut index::Editor) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let directory = directory(contents)?;
    // The lock is on `oci-layout`: that file is in every layout and is never replaced.
    let lock_path = directory.root().join(LAYOUT_FILE);
    let lock = File::open(&lock_path).map_err(|source| file_error(&lock_path, source))?;
    lock.lock().map_err(|source| file_error(&lock_path, source))?;
    let mut editor = index::Editor::parse(&contents.index_bytes()?, &contents.files().place())?;
    change(&mut editor)?;
    let target = directory.root().join(INDEX_FILE);
    let mut file = beside(directory.root())?;
    file.write_all(editor.to_json()?.as_bytes())
        .map_err(|source| file_error(&target, source))?;
    persist(file, &target)
}

fn directory(contents: &Contents) -> Result<&Directory, StoreError> {
    match contents.files() {
        Files::Directory(directory) => Ok(directory),
        Files::Archive(entries) => Err(StoreError::NotAllowed {
            what: entries.place().to_owned(),
            reason: "an archive can only be read".to_owned(),
        }),
    }
}

/// Opens a file to be written in the layout and renamed when it is complete.
pub(crate) fn beside(root: &Path) -> Result<NamedTempFile, StoreError> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".countersign-");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder.tempfile_in(root).map_err(|source| file_error(root, source))
}

/// Gives a complete file the name of its digest by `put`.
fn keep(
    directory: &Directory,
    file: NamedTempFile,
    digest: &Digest,
    put: fn(NamedTempFile, &Path) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let target = directory.root().join(blob_name(digest));
    if let Some(folder) = target.parent() {
        std::fs::create_dir_all(folder).map_err(|source| file_error(folder, source))?;
    }
    put(file, &target)
}

fn rename(file: NamedTempFile, target: &Path) -> Result<(), StoreError> {
    file.persist(target).map_err(|error| file_error(target, error.error))?;
    Ok(())
}

/// Makes a complete file lasting, then gives it its name.
pub(crate) fn persist(file: NamedTempFile, target: &Path) -> Result<(), StoreError> {
    file.as_file().sync_all().map_err(|source| file_error(target, source))?;
    rename(file, target)?;
    #[cfg(unix)]
    if let Some(folder) = target.parent() {
        let folder = File::open(folder).map_err(|source| file_error(target, source))?;
        folder.sync_all().map_err(|source| file_error(target, source))?;
    }
    Ok(())
}

/// An `index.json` that lists nothing.
pub(crate) const EMPTY_INDEX: &str =
    r#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}"#;
