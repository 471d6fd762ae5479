//! What files of a repository are called, in addresses and on disk.

use crate::Digest;

/// Writes a name so that it can be part of an address or be a file's name: all but letters, digits, `-`, `_`, `.` and
/// `~` is percent-encoded (RFC 3986 §2.3), so no separator is left in it.
pub fn encode(name: &str) -> String {
    encode_but(name, &[])
}

/// The path of a target below its repository's targets: with its hash before its file name where snapshots are
/// consistent (TUF specification §5.7.3).
pub fn target_address(path: &str, prefix: Option<&Digest>) -> String {
    let Some(digest) = prefix else {
        return encode_but(path, b"/");
    };
    let (folder, name) = match path.rsplit_once('/') {
        Some((folder, name)) => (format!("{}/", encode_but(folder, b"/")), name),
        None => (String::new(), path),
    };
    format!("{folder}{}.{}", digest.hex(), encode(name))
}

fn encode_but(text: &str, kept: &[u8]) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') || kept.contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_left_that_separates() {
        assert_eq!(encode("../a b?#%é~_-.1"), "..%2Fa%20b%3F%23%25%C3%A9~_-.1");
    }

    #[test]
    fn a_hash_stands_before_the_file_name_of_a_target() {
        let digest = Digest::sha256(b"");
        let hex = digest.hex();
        assert_eq!(target_address("a/b c/d?", Some(&digest)), format!("a/b%20c/{hex}.d%3F"));
        assert_eq!(target_address("d", Some(&digest)), format!("{hex}.d"));
        assert_eq!(target_address("a/b c/d?", None), "a/b%20c/d%3F");
    }
}
