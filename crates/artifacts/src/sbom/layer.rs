//! A layer: an archive that is read once, from its start to its end.

use std::collections::BTreeMap;
use std::io::{self, BufReader, Read};

use countersign_oci::{gzip, zstd};
use flate2::bufread::MultiGzDecoder;

use super::SbomError;
use super::read::{self, Scope};
use super::view::View;
use crate::pull::unpack::UnpackError;
use crate::pull::unpack::entry::{Entries, Entry, Kind};

/// Adds a layer to the view.
pub(super) fn add(layer: &mut dyn Read, view: &mut View) -> Result<(), SbomError> {
    each_entry(layer, &mut |entry, content| add_entry(entry, content, view))
}

/// Reads the files that hard links of this layer lead to, under the names of the links.
pub(super) fn add_targets(
    layer: &mut dyn Read,
    targets: &BTreeMap<String, Vec<String>>,
    view: &mut View,
) -> Result<(), SbomError> {
    each_entry(layer, &mut |entry, content| {
        let place = view.place(&entry.name);
        let names = place.as_ref().filter(|_| entry.kind == Kind::File);
        let Some([first, rest @ ..]) = names.and_then(|place| targets.get(place)).map(Vec::as_slice) else {
            return Ok(());
        };
        let Some(reading) = read::file(first, entry.size, content, Scope::Image).map_err(SbomError::Layer)? else {
            return Ok(());
        };
        for name in rest {
            view.hold(name.clone(), reading.clone())?;
        }
        view.hold(first.clone(), reading)
    })
}

/// Hands on each entry with its content.
pub(crate) fn each_entry(
    layer: &mut dyn Read,
    take: &mut dyn FnMut(&Entry, &mut dyn Read) -> Result<(), SbomError>,
) -> Result<(), SbomError> {
    let mut buffered = BufReader::with_capacity(BUFFER, layer);
    let mut members;
    let mut frames;
    let start = io::BufRead::fill_buf(&mut buffered).map_err(|error| malformed(UnpackError::Compressed(error)))?;
    let plain: &mut dyn Read = if gzip::is_begin(start) {
        members = MultiGzDecoder::new(buffered);
        &mut members
    } else if zstd::is_begin(start) {
        frames = zstd::Frames::new(buffered);
        &mut frames
    } else {
        &mut buffered
    };
    let mut limited = BufReader::with_capacity(
        BUFFER,
        Limited {
            inner: plain,
            left: UNPACKED_LIMIT,
        },
    );
    let mut entries = Entries::of_layer(&mut limited as &mut dyn Read);
    while let Some(entry) = entries.next().map_err(malformed)? {
        take(&entry, &mut entries)?;
    }
    Ok(())
}

fn add_entry(entry: &Entry, content: &mut dyn Read, view: &mut View) -> Result<(), SbomError> {
    let name = entry.name.trim_end_matches('/');
    if take_away(name, view) {
        return Ok(());
    }
    let Some(place) = view.place(name) else {
        return Ok(());
    };
    match entry.kind {
        Kind::Folder => view.add_folder(&place),
        Kind::File => {
            view.replace(&place);
            if let Some(reading) = read::file(&place, entry.size, content, Scope::Image).map_err(SbomError::Layer)? {
                view.hold(place, reading)?;
            }
        }
        Kind::SymbolicLink => {
            view.replace(&place);
            view.link(place, entry.target.clone())?;
        }
        Kind::HardLink => {
            let is_named = read::is_named(&place, Scope::Image);
            match view.place(&entry.target) {
                Some(target) if target != place => {
                    view.replace(&place);
                    view.link_hard(place, &target, is_named)?;
                }
                _ => {}
            }
        }
        Kind::Special => view.replace(&place),
    }
    Ok(())
}

/// Removes what a whiteout names; says whether the entry of this name is one, or a union file system's own note.
fn take_away(name: &str, view: &mut View) -> bool {
    let (folder, base) = name.rsplit_once('/').unwrap_or(("", name));
    if base == OPAQUE {
        // The place of what is in a folder is the folder's, through links.
        let inside = view.place(name);
        let folder = inside.as_deref().and_then(|place| place.rsplit_once('/'));
        view.make_opaque(folder.map_or("", |(folder, _)| folder));
        return true;
    }
    let Some(gone) = base.strip_prefix(WHITEOUT) else {
        return false;
    };
    if !gone.starts_with(WHITEOUT)
        && let Some(place) = view.place(&format!("{folder}/{gone}"))
    {
        view.white_out(&place);
    }
    true
}

/// Ends in an error when there is too much.
struct Limited<'a> {
    inner: &'a mut dyn Read,
    left: u64,
}

impl Read for Limited<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.left = self
            .left
            .checked_sub(count as u64)
            .ok_or_else(|| io::Error::other(format!("it has more than {UNPACKED_LIMIT} bytes when it is unpacked")))?;
        Ok(count)
    }
}

fn malformed(error: UnpackError) -> SbomError {
    SbomError::Unpack(Box::new(error))
}

/// What a removed file is called, and a folder that hides what was in it before.
pub(crate) const WHITEOUT: &str = ".wh.";
pub(crate) const OPAQUE: &str = ".wh..wh..opq";

/// How much is unpacked at a time.
const BUFFER: usize = 64 << 10;

/// The most bytes that a layer may have when it is unpacked.
const UNPACKED_LIMIT: u64 = 64 << 30;

#[cfg(test)]
mod tests;
