//! Which files go into an artifact, and as what.

use std::str::FromStr;

/// A file or folder to be packed, with its media type where one is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileSpec {
    path: String,
    media_type: Option<String>,
}

impl FileSpec {
    /// Names the file or folder at `path`.
    ///
    /// # Errors
    /// [`FileSpecError::Empty`] where there is no path.
    pub fn new(path: &str, media_type: Option<&str>) -> Result<Self, FileSpecError> {
        if path.is_empty() {
            return Err(FileSpecError::Empty {
                found: media_type.unwrap_or_default().to_owned(),
            });
        }
        Ok(Self {
            path: path.to_owned(),
            media_type: media_type.filter(|given| !given.is_empty()).map(ToOwned::to_owned),
        })
    }

    /// The path as it was given.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The media type, where one is given.
    pub fn media_type(&self) -> Option<&str> {
        self.media_type.as_deref()
    }
}

impl FromStr for FileSpec {
    type Err = FileSpecError;

    /// Parses `path[:type]`; the type begins after the last colon, so that `hi:txt:` is the file `hi:txt`.
    fn from_str(text: &str) -> Result<Self, FileSpecError> {
        let parsed = match text.rsplit_once(':') {
            Some((path, media_type)) => Self::new(path, Some(media_type)),
            None => Self::new(text, None),
        };
        parsed.map_err(|_| FileSpecError::Empty { found: text.to_owned() })
    }
}

/// Why a text does not name a file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FileSpecError {
    /// There is no path.
    #[error("found empty file path in {found:?}")]
    Empty {
        /// The text.
        found: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn type_begins_after_the_last_colon() {
        for (text, path, media_type) in [
            ("hi.txt", "hi.txt", None),
            ("hi.txt:text/plain", "hi.txt", Some("text/plain")),
            ("hi:txt:", "hi:txt", None),
            ("hi:txt:a/b", "hi:txt", Some("a/b")),
        ] {
            let spec: FileSpec = text.parse().unwrap();
            assert_eq!((spec.path(), spec.media_type()), (path, media_type), "{text}");
        }
    }

    #[test]
    fn empty_path_is_refused() {
        for text in ["", ":", ":text/plain"] {
            assert_eq!(
                text.parse::<FileSpec>(),
                Err(FileSpecError::Empty { found: text.to_owned() })
            );
        }
    }
}
