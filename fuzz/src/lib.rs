//! What several targets need to get past the first check of a format.

use http::{HeaderMap, HeaderName, HeaderValue};

/// Reads lines of `name: value`; what is none is left out, as a server of ours or hyper would.
pub fn headers(text: &str) -> HeaderMap {
    text.lines()
        .filter_map(|line| line.split_once(": "))
        .filter_map(|(name, value)| {
            let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
            Some((name, HeaderValue::from_str(value).ok()?))
        })
        .collect()
}

/// The bytes as a tar archive whose headers have right checksums, which no fuzzer finds by chance.
pub fn checksummed(bytes: &[u8]) -> Vec<u8> {
    let mut archive = bytes.to_vec();
    let mut position = 0;
    while let Some(header) = archive.get_mut(position..position + BLOCK) {
        if header.iter().all(|byte| *byte == 0) {
            break;
        }
        header[CHECKSUM].fill(b' ');
        let sum: u32 = header.iter().copied().map(u32::from).sum();
        header[CHECKSUM].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        let size = std::str::from_utf8(&header[SIZE]).ok();
        let size = size.and_then(|digits| usize::from_str_radix(digits.trim_matches(['\0', ' ']), 8).ok());
        position += BLOCK + size.unwrap_or(0).next_multiple_of(BLOCK).min(bytes.len());
    }
    archive
}

const BLOCK: usize = 512;
const CHECKSUM: std::ops::Range<usize> = 148..156;
const SIZE: std::ops::Range<usize> = 124..136;
