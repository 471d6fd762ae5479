//! How gzip is told (RFC 1952, §2.3.1): by what it begins with, as what a media type says may be wrong.

/// Says whether what begins so is compressed with it.
pub fn is_begin(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0x1f, 0x8b])
}
