//! Titles: the names of files in an artifact, which come from strangers when they are pulled.

/// Shortens a path as Go's `filepath.Clean` does: `./a//b/../c` is `a/c`, and nothing is `.`.
pub(crate) fn clean(path: &str) -> String {
    let is_absolute = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            ".." if is_absolute => {}
            part => parts.push(part),
        }
    }
    let joined = parts.join("/");
    match (is_absolute, joined.is_empty()) {
        (true, _) => format!("/{joined}"),
        (false, true) => ".".to_owned(),
        (false, false) => joined,
    }
}

/// Says whether a cleaned path stays below the folder it is taken from.
pub(crate) fn is_inside(cleaned: &str) -> bool {
    !cleaned.starts_with('/') && cleaned != ".." && !cleaned.starts_with("../")
}

/// The annotation with a file's name (image-spec, annotations.md).
pub(crate) const TITLE: &str = "org.opencontainers.image.title";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_shortened_as_go_does() {
        for (path, expected) in [
            ("", "."),
            ("a", "a"),
            ("./a//b/../c/", "a/c"),
            ("../a", "../a"),
            ("a/../../b", "../b"),
            ("/../a", "/a"),
            ("/", "/"),
            ("a/..", "."),
        ] {
            assert_eq!(clean(path), expected, "{path}");
        }
    }

    #[test]
    fn only_paths_below_the_folder_are_inside() {
        for path in ["a", ".", "..a", "a/b"] {
            assert!(is_inside(path), "{path}");
        }
        for path in ["..", "../a", "/a", "/"] {
            assert!(!is_inside(path), "{path}");
        }
    }
}
