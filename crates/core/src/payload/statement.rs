//! in-toto statements: which artifacts a claim is about, and what it claims (in-toto attestation, `spec/v1/statement.md`).

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::Digest;
use crate::bounded::Bounded;
use crate::go_json;
use crate::quoted::Quoted;

/// The DSSE payload type of a statement.
pub const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";

/// The predicate type of an image signature: it claims nothing but that the subject was signed.
pub const SIGN_PREDICATE_TYPE: &str = "https://sigstore.dev/cosign/sign/v1";

/// The longest statement that is read, in bytes: attestations hold lists of everything in an image.
pub const LIMIT: usize = 32 * 1024 * 1024;

/// The most subjects that are read from a statement.
pub const SUBJECTS: usize = 16_384;

/// The most digests that are read from a subject.
pub const DIGESTS: usize = 32;

/// The longest annotations that are read from a subject, in bytes of JSON.
pub const ANNOTATIONS: usize = 256 * 1024;

/// Writes the statement that cosign 3 signs for an image: one subject without a name, an empty predicate.
pub fn sign_statement(digest: &Digest, annotations: &BTreeMap<String, String>) -> Vec<u8> {
    sign_statement_of_all([digest], annotations)
}

/// Writes one such statement for several artifacts, in their order; each has all of the annotations.
pub fn sign_statement_of_all<'a>(
    digests: impl IntoIterator<Item = &'a Digest>,
    annotations: &BTreeMap<String, String>,
) -> Vec<u8> {
    let digests = digests.into_iter();
    let statement = Written {
        kind: Version::V1.text(),
        subject: digests
            .map(|digest| WrittenSubject {
                digest: BTreeMap::from([(digest.algorithm().name(), digest.hex())]),
                annotations,
            })
            .collect(),
        predicate_type: SIGN_PREDICATE_TYPE,
        predicate: BTreeMap::new(),
    };
    serde_json::to_vec(&statement).expect("texts in structures and maps of texts have a JSON form")
}

/// Writes the statement that cosign 3 signs for an attestation: one subject with its name, and the predicate as it is.
///
/// The name of an image is its repository, that of a file the last part of its path.
pub fn attestation_statement(name: &str, digest: &Digest, predicate_type: &str, predicate: &RawValue) -> Vec<u8> {
    go_json::to_vec(&WrittenAttestation {
        kind: Version::V01.text(),
        subject: [NamedSubject {
            name,
            digest: BTreeMap::from([(digest.algorithm().name(), digest.hex())]),
        }],
        predicate_type,
        predicate,
    })
}

/// A version of the statement's layout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Version {
    /// `https://in-toto.io/Statement/v0.1`, what cosign's attestations say.
    V01,
    /// `https://in-toto.io/Statement/v1`, what cosign's signatures say.
    V1,
}

impl Version {
    fn text(self) -> &'static str {
        match self {
            Self::V01 => "https://in-toto.io/Statement/v0.1",
            Self::V1 => "https://in-toto.io/Statement/v1",
        }
    }

    fn of(text: &str) -> Option<Self> {
        [Self::V01, Self::V1].into_iter().find(|version| version.text() == text)
    }
}

/// A parsed statement.
///
/// Nothing in it is believed before the signature over its bytes is.
#[derive(Clone, Debug)]
pub struct Statement {
    version: Version,
    subjects: Vec<Subject>,
    predicate_type: String,
    predicate: Option<Box<RawValue>>,
}

impl Statement {
    /// Parses a statement of version 0.1 or 1; members it does not know are passed over.
    pub fn parse(bytes: &[u8]) -> Result<Self, StatementError> {
        if bytes.len() > LIMIT {
            return Err(StatementError::TooLong {
                limit: LIMIT,
                found: bytes.len(),
            });
        }
        let read: Read = serde_json::from_slice(bytes)?;
        let version = Version::of(&read.kind).ok_or_else(|| StatementError::UnknownVersion {
            found: Quoted::new(&read.kind),
        })?;
        let subjects = read
            .subject
            .within_limit()
            .map_err(|found| StatementError::TooManySubjects { limit: SUBJECTS, found })?;
        Ok(Self {
            version,
            subjects,
            predicate_type: read.predicate_type,
            predicate: read.predicate,
        })
    }

    /// Returns the version of the layout.
    pub fn version(&self) -> Version {
        self.version
    }

    /// Returns the artifacts that the statement is about.
    pub fn subjects(&self) -> &[Subject] {
        &self.subjects
    }

    /// Returns what kind of claim the statement makes.
    pub fn predicate_type(&self) -> &str {
        &self.predicate_type
    }

    /// Returns the claim itself, as JSON in the signed bytes; `None` when absent.
    pub fn predicate(&self) -> Option<&RawValue> {
        self.predicate.as_deref()
    }
}

/// An artifact that a statement is about (in-toto attestation, `spec/v1/resource_descriptor.md`).
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Subject {
    name: Option<String>,
    #[serde(default, deserialize_with = "digests")]
    digest: BTreeMap<String, String>,
    #[serde(default, deserialize_with = "annotations")]
    annotations: Option<Map<String, Value>>,
}

impl Subject {
    /// Returns the name, if the statement gives one.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Returns the digests as pairs of algorithm and hexadecimal, as written.
    pub fn digests(&self) -> impl Iterator<Item = (&str, &str)> {
        self.digest
            .iter()
            .map(|(algorithm, hex)| (algorithm.as_str(), hex.as_str()))
    }

    /// Returns the annotations, where cosign puts those of a signature.
    pub fn annotations(&self) -> Option<&Map<String, Value>> {
        self.annotations.as_ref()
    }

    /// Says whether this subject is what `digest` names.
    pub fn is(&self, digest: &Digest) -> bool {
        self.digests()
            .any(|(algorithm, hex)| algorithm == digest.algorithm().name() && hex == digest.hex())
    }
}

/// Why bytes are not a statement.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StatementError {
    /// The statement is longer than is read.
    #[error("statement has {found} bytes, the limit is {limit}")]
    TooLong {
        /// The limit in bytes.
        limit: usize,
        /// The length found.
        found: usize,
    },
    /// The statement is not JSON of the right shape.
    #[error("statement is malformed")]
    Json(#[from] serde_json::Error),
    /// The `_type` is not a version of in-toto's statement that is known.
    #[error("statement is of type {found}, expected https://in-toto.io/Statement/v0.1 or v1")]
    UnknownVersion {
        /// The type as written.
        found: Quoted,
    },
    /// There are more subjects than are read.
    #[error("statement has {found} subjects, the limit is {limit}")]
    TooManySubjects {
        /// The limit.
        limit: usize,
        /// The number found.
        found: usize,
    },
}

#[derive(Serialize)]
struct Written<'a> {
    #[serde(rename = "_type")]
    kind: &'a str,
    subject: Vec<WrittenSubject<'a>>,
    #[serde(rename = "predicateType")]
    predicate_type: &'a str,
    predicate: BTreeMap<String, String>,
}

#[derive(Serialize)]
struct WrittenSubject<'a> {
    digest: BTreeMap<&'a str, &'a str>,
    annotations: &'a BTreeMap<String, String>,
}

#[derive(Serialize)]
struct WrittenAttestation<'a> {
    #[serde(rename = "_type")]
    kind: &'a str,
    subject: [NamedSubject<'a>; 1],
    #[serde(rename = "predicateType")]
    predicate_type: &'a str,
    predicate: &'a RawValue,
}

#[derive(Serialize)]
struct NamedSubject<'a> {
    name: &'a str,
    digest: BTreeMap<&'a str, &'a str>,
}

#[derive(Deserialize)]
struct Read {
    #[serde(rename = "_type")]
    kind: String,
    subject: Bounded<Subject, SUBJECTS>,
    #[serde(rename = "predicateType")]
    predicate_type: String,
    predicate: Option<Box<RawValue>>,
}

/// Reads the digests of a subject; an algorithm given twice is refused, for readers differ on which one counts.
fn digests<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, String>, D::Error> {
    struct Pairs;

    impl<'de> Visitor<'de> for Pairs {
        type Value = BTreeMap<String, String>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a map of digests")
        }

        fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
            Ok(BTreeMap::new())
        }

        fn visit_map<A: MapAccess<'de>>(self, mut pairs: A) -> Result<Self::Value, A::Error> {
            let mut digests = BTreeMap::new();
            while let Some((algorithm, hex)) = pairs.next_entry::<String, String>()? {
                if digests.len() == DIGESTS {
                    return Err(A::Error::custom(format_args!(
                        "subject has more than {DIGESTS} digests"
                    )));
                }
                if let Some(_other) = digests.insert(algorithm, hex) {
                    return Err(A::Error::custom("subject has two digests of one algorithm"));
                }
            }
            Ok(digests)
        }
    }

    deserializer.deserialize_any(Pairs)
}

/// Reads the annotations of a subject, as JSON whose length is known before it is taken apart.
fn annotations<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Map<String, Value>>, D::Error> {
    let raw = <&RawValue>::deserialize(deserializer)?;
    if raw.get().len() > ANNOTATIONS {
        return Err(D::Error::custom(format_args!(
            "annotations of a subject have {} bytes, the limit is {ANNOTATIONS}",
            raw.get().len()
        )));
    }
    serde_json::from_str(raw.get()).map_err(D::Error::custom)
}

#[cfg(test)]
mod tests;
