//! What the user says of an artifact, its configuration and its files.

use std::collections::BTreeMap;

/// Annotations of an artifact's manifest, configuration and files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Annotations {
    /// Those of the manifest.
    pub manifest: BTreeMap<String, String>,
    /// Those of the configuration.
    pub config: BTreeMap<String, String>,
    /// Those of each file, by the path as it is given to be packed.
    pub files: BTreeMap<String, BTreeMap<String, String>>,
}

impl Annotations {
    /// Reads `key=value` texts as annotations of the manifest.
    ///
    /// # Errors
    /// [`AnnotationsError::NoValue`] and [`AnnotationsError::Duplicate`].
    pub fn of_manifest<T: AsRef<str>>(pairs: &[T]) -> Result<Self, AnnotationsError> {
        let mut manifest = BTreeMap::new();
        for pair in pairs.iter().map(AsRef::as_ref) {
            let Some((key, value)) = pair.split_once('=') else {
                return Err(AnnotationsError::NoValue { found: pair.to_owned() });
            };
            if manifest.insert(key.to_owned(), value.to_owned()).is_some() {
                return Err(AnnotationsError::Duplicate { key: key.to_owned() });
            }
        }
        Ok(Self {
            manifest,
            ..Self::default()
        })
    }

    /// Reads ORAS's annotation file: `$manifest`, `$config` and file paths, each with its annotations.
    ///
    /// # Errors
    /// [`AnnotationsError::Malformed`] and [`AnnotationsError::TooLarge`].
    pub fn from_json(json: &[u8]) -> Result<Self, AnnotationsError> {
        if json.len() > LIMIT {
            return Err(AnnotationsError::TooLarge { limit: LIMIT });
        }
        let parsed: BTreeMap<String, Option<BTreeMap<String, String>>> =
            serde_json::from_slice(json).map_err(AnnotationsError::Malformed)?;
        let mut read = Self::default();
        for (key, values) in parsed {
            let values = values.unwrap_or_else(BTreeMap::new);
            match &*key {
                "$manifest" => read.manifest = values,
                "$config" => read.config = values,
                _ => {
                    read.files.insert(key, values);
                }
            }
        }
        Ok(read)
    }
}

/// Why annotations cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AnnotationsError {
    /// A text has no `=`.
    #[error("annotation {found:?} is not key=value")]
    NoValue {
        /// The text.
        found: String,
    },
    /// A key is there twice.
    #[error("duplicate annotation key: {key}")]
    Duplicate {
        /// The key.
        key: String,
    },
    /// The file is larger than the limit.
    #[error("annotation file is larger than {limit} bytes")]
    TooLarge {
        /// The limit, in bytes.
        limit: usize,
    },
    /// The file is not JSON of the right shape.
    #[error("annotation file is malformed")]
    Malformed(#[source] serde_json::Error),
}

/// The most bytes an annotation file may have; manifests stop at as many.
const LIMIT: usize = 4 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn value_may_hold_an_equals_sign_but_a_key_only_comes_once() {
        let read = Annotations::of_manifest(&["a=b=c", "d="]).unwrap();
        assert_eq!(read.manifest["a"], "b=c");
        assert_eq!(read.manifest["d"], "");
        assert!(matches!(
            Annotations::of_manifest(&["a"]),
            Err(AnnotationsError::NoValue { .. })
        ));
        assert!(matches!(
            Annotations::of_manifest(&["a=1", "a=1"]),
            Err(AnnotationsError::Duplicate { .. })
        ));
    }

    #[test]
    fn file_has_those_of_manifest_config_and_files() {
        let read =
            Annotations::from_json(br#"{"$manifest":{"m":"1"},"$config":{"c":"2"},"hi.txt":{"f":"3"}}"#).unwrap();
        assert_eq!(read.manifest["m"], "1");
        assert_eq!(read.config["c"], "2");
        assert_eq!(read.files["hi.txt"]["f"], "3");
        assert!(matches!(
            Annotations::from_json(b"[]"),
            Err(AnnotationsError::Malformed(_))
        ));
    }
}
