//! Patterns of paths that must stay as a base has them.

use std::fmt;
use std::str::FromStr;

use crate::tuf::matches_part;

/// A pattern of paths: `/usr/bin/**`. `*` is any part of a name and `?` any letter, neither a slash; `**` as a name is any names, also
/// none, so that a folder that something else takes the place of is meant with what is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathPattern {
    text: String,
}

impl PathPattern {
    /// Says whether it means an absolute path, in the time of the product of the lengths.
    pub fn is_of(&self, path: &str) -> bool {
        let (mut pattern, mut path) = (self.text.split('/'), path.split('/'));
        let mut last = None;
        loop {
            let (mut ahead, mut after) = (pattern.clone(), path.clone());
            match (ahead.next(), after.next()) {
                (Some(ANY), _) => {
                    last = Some((ahead.clone(), path.clone()));
                    pattern = ahead;
                }
                (None, None) => return true,
                (Some(wanted), Some(found)) if matches_part(wanted, found) => (pattern, path) = (ahead, after),
                _ => {
                    let Some((behind, taken)) = &mut last else { return false };
                    if taken.next().is_none() {
                        return false;
                    }
                    (pattern, path) = (behind.clone(), taken.clone());
                }
            }
        }
    }
}

impl FromStr for PathPattern {
    type Err = PathPatternError;

    fn from_str(text: &str) -> Result<Self, PathPatternError> {
        let mut names = text.split('/').skip(1).peekable();
        let is_name = |name: &str| !matches!(name, "" | "." | "..") && (name == ANY || !name.contains(ANY));
        let is_pattern = text.starts_with('/') && text.len() <= LONGEST && names.all(is_name);
        match is_pattern {
            true => Ok(Self { text: text.to_owned() }),
            false => Err(PathPatternError),
        }
    }
}

impl fmt::Display for PathPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// A text is no pattern of paths.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a path from the root, with *, ? and ** in it: /usr/bin/**")]
pub struct PathPatternError;

/// The name that stands for any names.
const ANY: &str = "**";

/// The longest pattern, in bytes: as long as the paths of Linux.
const LONGEST: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_one_by_one() {
        for (pattern, meant, not_meant) in [
            (
                "/etc/passwd",
                &["/etc/passwd"][..],
                &["/etc", "/etc/passwd/x", "/etc/passwd2", "/x/etc/passwd"][..],
            ),
            (
                "/usr/bin/**",
                &["/usr/bin", "/usr/bin/sh", "/usr/bin/a/b"],
                &["/usr/bin2", "/usr", "/usr/sbin/x"],
            ),
            ("/lib*/**", &["/lib", "/lib64/a/b", "/libexec"], &["/usr/lib/x"]),
            ("/**", &["/a", "/a/b"], &[]),
            ("/**/*.so", &["/x.so", "/usr/lib/x.so"], &["/x.so.1", "/x.so/y"]),
            (
                "/a/**/b/**/c",
                &["/a/b/c", "/a/x/b/y/z/c", "/a/b/b/c/c"],
                &["/a/c", "/a/b", "/a/x/c/b"],
            ),
            ("/etc/*", &["/etc/a"], &["/etc", "/etc/a/b"]),
            ("/etc/?", &["/etc/a", "/etc/ä"], &["/etc/ab"]),
        ] {
            let parsed: PathPattern = pattern.parse().unwrap();
            for path in meant {
                assert!(parsed.is_of(path), "{pattern} {path}");
            }
            for path in not_meant {
                assert!(!parsed.is_of(path), "{pattern} {path}");
            }
        }
    }

    #[test]
    fn many_stars_take_no_longer_than_the_lengths_allow() {
        let pattern: PathPattern = format!("{}/b", "/**/a".repeat(500)).parse().unwrap();
        assert!(!pattern.is_of(&"/a".repeat(5000)));
    }

    #[test]
    fn what_can_mean_no_path_is_no_pattern() {
        for text in [
            "",
            "/",
            "usr/bin",
            "/usr//bin",
            "/usr/",
            "/./x",
            "/usr/../x",
            "/usr/**x",
            "/x**/y",
        ] {
            assert_eq!(text.parse::<PathPattern>(), Err(PathPatternError), "{text}");
        }
        let longest = format!("/{}", "x".repeat(LONGEST - 1));
        assert!(longest.parse::<PathPattern>().unwrap().is_of(&longest));
        assert_eq!(format!("{longest}x").parse::<PathPattern>(), Err(PathPatternError));
    }
}
