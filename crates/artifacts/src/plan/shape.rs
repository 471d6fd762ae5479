//! Which members a manifest has, decided as ORAS decides it.

use std::collections::BTreeMap;

use countersign_oci::Descriptor;
use jiff::Timestamp;

use super::{Config, ImageSpec, PackError, PackOptions, Part};

/// The members of a manifest that do not depend on what is sent.
#[derive(Clone, Debug)]
pub(super) struct Shape {
    image_spec: ImageSpec,
    artifact_type: Option<String>,
    subject: Option<Descriptor>,
    annotations: BTreeMap<String, String>,
}

impl Shape {
    /// Decides on the manifest, and on the configuration where that says what the artifact is.
    pub(super) fn decide(options: &PackOptions) -> Result<(Self, Option<Part>), PackError> {
        let given = options.artifact_type.clone();
        let image_spec = match (&options.config, &given, options.image_spec) {
            (_, _, Some(ImageSpec::V1_0)) => ImageSpec::V1_0,
            (Config::File(_), None, None) => ImageSpec::V1_0,
            (Config::File(_), None, Some(ImageSpec::V1_1)) => return Err(PackError::NoArtifactType),
            _ => ImageSpec::V1_1,
        };
        if let Some(given) = &given {
            check_media_type("artifact type", given)?;
        }
        let mut shape = Self {
            image_spec,
            artifact_type: None,
            subject: options.subject.clone(),
            annotations: annotations(options)?,
        };
        let config = match image_spec {
            ImageSpec::V1_0 => shape.of_version_1_0(given, &options.config)?,
            ImageSpec::V1_1 => {
                shape.artifact_type = Some(given.unwrap_or_else(|| UNKNOWN_ARTIFACT.to_owned()));
                None
            }
        };
        Ok((shape, config))
    }

    fn of_version_1_0(&self, given: Option<String>, config: &Config) -> Result<Option<Part>, PackError> {
        if self.subject.is_some() {
            return Err(PackError::SubjectUnsupported);
        }
        match (given, config) {
            (None, Config::Empty) => Ok(Some(Part::custom_empty(UNKNOWN_CONFIG))),
            (Some(given), Config::Empty) => Ok(Some(Part::custom_empty(&given))),
            (Some(_), _) => Err(PackError::TwoTypes),
            (None, _) => Ok(None),
        }
    }

    /// The version that the manifest follows.
    pub(super) fn image_spec(&self) -> ImageSpec {
        self.image_spec
    }

    /// The artifact type that the manifest names.
    pub(super) fn artifact_type(&self) -> Option<&str> {
        self.artifact_type.as_deref()
    }

    /// The manifest that the artifact refers to.
    pub(super) fn subject(&self) -> Option<&Descriptor> {
        self.subject.as_ref()
    }

    /// The manifest's annotations.
    pub(super) fn annotations(&self) -> &BTreeMap<String, String> {
        &self.annotations
    }
}

fn annotations(options: &PackOptions) -> Result<BTreeMap<String, String>, PackError> {
    let mut annotations = options.annotations.manifest.clone();
    match annotations.get(CREATED) {
        Some(given) if !is_time(given) => {
            return Err(PackError::Created { found: given.clone() });
        }
        Some(_) => {}
        None => {
            let seconds = options.created.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
            annotations.insert(CREATED.to_owned(), seconds);
        }
    }
    Ok(annotations)
}

/// Says whether a text is a time as RFC 3339 §5.6 has it; our parser of times takes more than that.
pub(crate) fn is_time(text: &str) -> bool {
    let bytes = text.as_bytes();
    let has_zone = text.ends_with('Z')
        || text.len() > 6 && matches!(bytes[text.len() - 6], b'+' | b'-') && bytes[text.len() - 3] == b':';
    bytes.get(10) == Some(&b'T') && has_zone && text.parse::<Timestamp>().is_ok()
}

/// Checks a media type as RFC 6838 §4.2 has them: `type/subtype`, each of at most 127 of some characters.
pub(super) fn check_media_type(what: &'static str, text: &str) -> Result<(), PackError> {
    let is_name = |name: &str| {
        name.len() <= 127
            && name.starts_with(|c: char| c.is_ascii_alphanumeric())
            && name
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"!#$&^_.+-".contains(&b))
    };
    match text.split_once('/') {
        Some((kind, subtype)) if is_name(kind) && is_name(subtype) => Ok(()),
        _ => Err(PackError::MediaType {
            what,
            found: text.to_owned(),
        }),
    }
}

/// The annotation with a manifest's time of creation (image-spec, annotations.md).
const CREATED: &str = "org.opencontainers.image.created";

/// The artifact type that ORAS gives when none is given.
const UNKNOWN_ARTIFACT: &str = "application/vnd.unknown.artifact.v1";

/// The configuration's media type that ORAS gives when none is given.
pub(super) const UNKNOWN_CONFIG: &str = "application/vnd.unknown.config.v1+json";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_of_rfc_3339() {
        for text in ["2020-01-01T00:00:00Z", "2020-01-01T00:00:00.5+02:00"] {
            assert!(is_time(text), "{text}");
        }
        for text in [
            "",
            "2020-01-01",
            "2020-01-01 00:00:00Z",
            "2020-13-01T00:00:00Z",
            "2020-01-01T00:00:00+02",
        ] {
            assert!(!is_time(text), "{text}");
        }
    }
}
