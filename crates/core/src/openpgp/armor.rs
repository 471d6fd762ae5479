//! ASCII armor (RFC 9580 §6).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::ArmorError;

/// Reads what follows the line `-----BEGIN LABEL-----`, up to and with its last line.
pub(super) fn block<'a>(lines: &mut impl Iterator<Item = &'a str>, label: &str) -> Result<Vec<u8>, ArmorError> {
    loop {
        match lines.next() {
            None => return Err(ArmorError::NoEnd),
            Some("") => break,
            Some(header) if header.contains(": ") => {}
            Some(_) => return Err(ArmorError::Header),
        }
    }
    let end = format!("-----END {label}-----");
    let (mut encoded, mut checksum) = (String::new(), None);
    loop {
        let line = lines.next().ok_or(ArmorError::NoEnd)?;
        if line == end {
            break;
        }
        match line.strip_prefix('=') {
            _ if checksum.is_some() => return Err(ArmorError::NoEnd),
            Some(given) => checksum = Some(given),
            None => encoded.push_str(line),
        }
    }
    let bytes = STANDARD.decode(encoded).map_err(ArmorError::NotBase64)?;
    match checksum {
        Some(given) if given != STANDARD.encode(crc24(&bytes)) => Err(ArmorError::Checksum),
        _ => Ok(bytes),
    }
}

/// The lines of a text, without line ends and blanks before them.
pub(super) fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.split('\n').map(|line| line.trim_end_matches(['\r', ' ', '\t']))
}

/// The checksum of §6.1.1.
fn crc24(bytes: &[u8]) -> [u8; 3] {
    let sum = bytes.iter().fold(0x00b7_04ce_u32, |sum, byte| {
        (0..8).fold(sum ^ (u32::from(*byte) << 16), |sum, _| {
            let shifted = sum << 1;
            if shifted & 0x0100_0000 == 0 {
                shifted
            } else {
                shifted ^ 0x0186_4cfb
            }
        })
    });
    let [_, first, second, third] = sum.to_be_bytes();
    [first, second, third]
}
