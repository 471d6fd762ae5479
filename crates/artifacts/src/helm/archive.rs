//! The files of a chart that say what it is.

use std::io::Read;

use flate2::bufread::MultiGzDecoder;

use super::{ARCHIVE_LIMIT, ChartError};
use crate::pull::unpack::UnpackError;
use crate::pull::unpack::entry::{Entries, Kind};
use crate::title;

/// The texts of `Chart.yaml` and, of old charts, `requirements.yaml`.
pub(super) struct Files {
    pub(super) chart: String,
    pub(super) requirements: Option<String>,
}

/// Walks through an archive.
pub(super) fn read(archive: &[u8]) -> Result<Files, ChartError> {
    if archive.len() as u64 > ARCHIVE_LIMIT {
        return Err(ChartError::TooLarge { limit: ARCHIVE_LIMIT });
    }
    if !archive.starts_with(GZIP) {
        return Err(ChartError::NotGzip);
    }
    let mut content = MultiGzDecoder::new(archive).take(ARCHIVE_LIMIT + 1);
    let files = walk(&mut content);
    match files {
        Err(_) if content.limit() == 0 => Err(ChartError::TooLarge { limit: ARCHIVE_LIMIT }),
        other => other,
    }
}

fn walk(content: &mut impl Read) -> Result<Files, ChartError> {
    let (mut chart, mut requirements) = (None, None);
    let mut entries = Entries::new(content);
    while let Some(entry) = entries.next().map_err(ChartError::Archive)? {
        if entry.kind == Kind::Folder {
            continue;
        }
        let place = match &*inside(&entry.name)? {
            CHART => &mut chart,
            REQUIREMENTS => &mut requirements,
            _ => continue,
        };
        if entry.size > FILE_LIMIT {
            return Err(ChartError::FileTooLarge {
                name: entry.name,
                limit: FILE_LIMIT,
            });
        }
        let text = text(&mut entries, &entry.name, entry.size)?;
        // readers differ on which of two counts
        if place.replace(text).is_some() {
            return Err(ChartError::Twice { name: entry.name });
        }
    }
    Ok(Files {
        chart: chart.ok_or(ChartError::NoChart)?,
        requirements,
    })
}

/// The name of an entry below the chart's folder.
pub(super) fn inside(name: &str) -> Result<String, ChartError> {
    let outside = || ChartError::Outside { name: name.to_owned() };
    let slashed = name.replace('\\', "/");
    let (folder, rest) = slashed.split_once('/').ok_or_else(outside)?;
    let is_drive = matches!(rest.as_bytes(), [drive, b':', b'/', ..] if drive.is_ascii_alphabetic());
    let cleaned = title::clean(rest);
    if folder == ".." || is_drive || cleaned == "." || !title::is_inside(&cleaned) {
        return Err(outside());
    }
    Ok(cleaned)
}

fn text(content: &mut impl Read, name: &str, size: u64) -> Result<String, ChartError> {
    let mut bytes = Vec::new();
    let read = content.read_to_end(&mut bytes);
    read.map_err(|source| ChartError::Archive(UnpackError::Compressed(source)))?;
    let text = String::from_utf8(bytes).ok().filter(|text| text.len() as u64 == size);
    let mut text = text.ok_or_else(|| ChartError::NotText { name: name.to_owned() })?;
    if text.starts_with(BYTE_ORDER_MARK) {
        text.remove(0);
    }
    Ok(text)
}

const CHART: &str = "Chart.yaml";
const REQUIREMENTS: &str = "requirements.yaml";
/// What some editors begin a text with.
const BYTE_ORDER_MARK: char = '\u{feff}';
const GZIP: &[u8] = b"\x1f\x8b\x08";

/// The largest file that is read, in bytes, as Helm has it.
pub(super) const FILE_LIMIT: u64 = 5 << 20;
