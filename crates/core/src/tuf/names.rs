//! What files of a repository are called, in addresses and on disk.

use crate::{Digest, percent};

/// Writes a name so that it can be part of an address or be a file's name: no separator is left in it.
pub fn encode(name: &str) -> String {
    percent::encode(name, b"")
}

/// The path of a target below its repository's targets: with its hash before its file name where snapshots are
/// consistent (TUF specification §5.7.3).
pub fn target_address(path: &str, prefix: Option<&Digest>) -> String {
    let Some(digest) = prefix else {
        return percent::encode(path, b"/");
    };
    let (folder, name) = match path.rsplit_once('/') {
        Some((folder, name)) => (format!("{}/", percent::encode(folder, b"/")), name),
        None => (String::new(), path),
    };
    format!("{folder}{}.{}", digest.hex(), encode(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_stands_before_the_file_name_of_a_target() {
        let digest = Digest::sha256(b"");
        let hex = digest.hex();
        assert_eq!(target_address("a/b c/d?", Some(&digest)), format!("a/b%20c/{hex}.d%3F"));
        assert_eq!(target_address("d", Some(&digest)), format!("{hex}.d"));
        assert_eq!(target_address("a/b c/d?", None), "a/b%20c/d%3F");
    }
}
