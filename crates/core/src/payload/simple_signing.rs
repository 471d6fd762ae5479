//! Simple signing: the payload of a `.sig` layer (containers/image, `container-signature.5`).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::Digest;
use crate::go_json;

/// The longest payload that is read, in bytes.
pub const LIMIT: usize = 1024 * 1024;

/// The `critical.type` that cosign writes.
pub const KIND: &str = "cosign container image signature";

/// Writes the payload that says `digest` is signed under the name `docker_reference`, in cosign's exact bytes.
///
/// Without annotations `optional` is `null`.
pub fn payload(docker_reference: &str, digest: &Digest, annotations: &BTreeMap<String, String>) -> Vec<u8> {
    go_json::to_vec(&Written {
        critical: WrittenCritical {
            identity: WrittenIdentity { docker_reference },
            image: WrittenImage {
                docker_manifest_digest: digest.as_str(),
            },
            kind: KIND,
        },
        optional: (!annotations.is_empty()).then_some(annotations),
    })
}

/// A parsed payload: which image it names and what else it says.
///
/// Nothing in it is believed before the signature over its bytes is.
#[derive(Clone, Debug, PartialEq)]
pub struct SimpleSigning {
    docker_reference: String,
    digest: String,
    kind: String,
    optional: Option<Map<String, Value>>,
}

impl SimpleSigning {
    /// Parses a payload; members it does not know are passed over, as cosign does.
    ///
    /// The capitalised names that cosign wrote before 1.0 are read too.
    pub fn parse(bytes: &[u8]) -> Result<Self, SimpleSigningError> {
        if bytes.len() > LIMIT {
            return Err(SimpleSigningError::TooLong {
                limit: LIMIT,
                found: bytes.len(),
            });
        }
        let read: Read = serde_json::from_slice(bytes)?;
        Ok(Self {
            docker_reference: read.critical.identity.docker_reference,
            digest: read.critical.image.docker_manifest_digest,
            kind: read.critical.kind,
            optional: read.optional,
        })
    }

    /// Returns the image's name as the signer wrote it; it is shown and never checked, as in cosign.
    pub fn docker_reference(&self) -> &str {
        &self.docker_reference
    }

    /// Returns the digest of the signed manifest, as written.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// Returns `critical.type`.
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// Returns the members of `optional`, where cosign puts annotations; `None` when it is `null` or absent.
    pub fn optional(&self) -> Option<&Map<String, Value>> {
        self.optional.as_ref()
    }
}

/// Why bytes are not a simple-signing payload.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SimpleSigningError {
    /// The payload is longer than is read.
    #[error("simple-signing payload has {found} bytes, the limit is {limit}")]
    TooLong {
        /// The limit in bytes.
        limit: usize,
        /// The length found.
        found: usize,
    },
    /// The payload is not JSON of the right shape.
    #[error("simple-signing payload is malformed")]
    Json(#[from] serde_json::Error),
}

#[derive(Serialize)]
struct Written<'a> {
    critical: WrittenCritical<'a>,
    optional: Option<&'a BTreeMap<String, String>>,
}

#[derive(Serialize)]
struct WrittenCritical<'a> {
    identity: WrittenIdentity<'a>,
    image: WrittenImage<'a>,
    #[serde(rename = "type")]
    kind: &'a str,
}

#[derive(Serialize)]
struct WrittenIdentity<'a> {
    #[serde(rename = "docker-reference")]
    docker_reference: &'a str,
}

#[derive(Serialize)]
struct WrittenImage<'a> {
    #[serde(rename = "docker-manifest-digest")]
    docker_manifest_digest: &'a str,
}

#[derive(Deserialize)]
struct Read {
    #[serde(alias = "Critical")]
    critical: ReadCritical,
    #[serde(alias = "Optional")]
    optional: Option<Map<String, Value>>,
}

#[derive(Deserialize)]
struct ReadCritical {
    #[serde(alias = "Identity")]
    identity: ReadIdentity,
    #[serde(alias = "Image")]
    image: ReadImage,
    #[serde(rename = "type", alias = "Type")]
    kind: String,
}

#[derive(Deserialize)]
struct ReadIdentity {
    #[serde(rename = "docker-reference", alias = "Docker-reference")]
    docker_reference: String,
}

#[derive(Deserialize)]
struct ReadImage {
    #[serde(rename = "docker-manifest-digest", alias = "Docker-manifest-digest")]
    docker_manifest_digest: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    fn written(reference: &str, annotations: &[(&str, &str)]) -> String {
        let annotations = annotations
            .iter()
            .map(|(key, value)| ((*key).into(), (*value).into()))
            .collect();
        String::from_utf8(payload(reference, &DIGEST.parse().unwrap(), &annotations)).unwrap()
    }

    #[test]
    fn payload_without_annotations_has_null_optional() {
        assert_eq!(
            written("127.0.0.1:5077/app", &[]),
            format!(
                r#"{{"critical":{{"identity":{{"docker-reference":"127.0.0.1:5077/app"}},"image":{{"docker-manifest-digest":"{DIGEST}"}},"type":"cosign container image signature"}},"optional":null}}"#
            )
        );
    }

    #[test]
    fn annotations_are_sorted_and_escaped_as_go_does() {
        let written = written("r/a", &[("b", "1"), ("a", "<&>")]);
        assert!(
            written.ends_with(r#","optional":{"a":"\u003c\u0026\u003e","b":"1"}}"#),
            "{written}"
        );
    }

    #[test]
    fn what_is_written_is_read_back() {
        let written = written("r/a", &[("a", "<&>")]);
        let parsed = SimpleSigning::parse(written.as_bytes()).unwrap();
        assert_eq!(
            (parsed.docker_reference(), parsed.digest(), parsed.kind()),
            ("r/a", DIGEST, KIND)
        );
        assert_eq!(parsed.optional().unwrap()["a"], "<&>");
    }

    #[test]
    fn unknown_members_are_passed_over_and_optional_keeps_its_types() {
        let parsed = SimpleSigning::parse(
            br#"{"critical":{"identity":{"docker-reference":"","x":1},"image":{"docker-manifest-digest":"d"},"type":"atomic container signature"},"optional":{"creator":"a","timestamp":1458239713},"more":[]}"#,
        )
        .unwrap();
        assert_eq!(parsed.optional().unwrap()["timestamp"], 1_458_239_713);
        assert_eq!(parsed.kind(), "atomic container signature");
    }

    #[test]
    fn names_as_first_versions_of_cosign_wrote_them_are_read() {
        let parsed = SimpleSigning::parse(
            br#"{"Critical":{"Identity":{"docker-reference":""},"Image":{"Docker-manifest-digest":"d"},"Type":"t"},"Optional":null}"#,
        )
        .unwrap();
        assert_eq!((parsed.digest(), parsed.optional()), ("d", None));
    }

    #[test]
    fn a_digest_given_twice_is_refused() {
        let error = SimpleSigning::parse(
            br#"{"critical":{"identity":{"docker-reference":""},"image":{"docker-manifest-digest":"d","Docker-manifest-digest":"e"},"type":"t"}}"#,
        )
        .unwrap_err();
        assert!(
            matches!(&error, SimpleSigningError::Json(cause) if cause.to_string().starts_with("duplicate field")),
            "{error:?}"
        );
    }

    #[test]
    fn a_payload_over_the_limit_is_refused() {
        assert!(matches!(
            SimpleSigning::parse(&vec![b' '; LIMIT + 1]),
            Err(SimpleSigningError::TooLong { limit: LIMIT, found }) if found == LIMIT + 1
        ));
    }

    #[test]
    fn deep_nesting_is_refused() {
        let deep = format!("{}1{}", "[".repeat(10_000), "]".repeat(10_000));
        let payload = format!(
            r#"{{"critical":{{"identity":{{"docker-reference":""}},"image":{{"docker-manifest-digest":"d"}},"type":"t"}},"optional":{{"a":{deep}}}}}"#
        );
        let error = SimpleSigning::parse(payload.as_bytes()).unwrap_err();
        assert!(
            matches!(&error, SimpleSigningError::Json(cause) if cause.to_string().starts_with("recursion limit")),
            "{error:?}"
        );
    }
}
