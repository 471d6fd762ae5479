//! Predicates: what an attestation claims, and the names that cosign gives to their types.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::Serialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use crate::go_json;
use crate::quoted::Quoted;

/// The type of a predicate: a URI, or one of cosign's names for one (in-toto attestation, `spec/v1/field_types.md`, TypeURI).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PredicateType {
    given: String,
    uri: String,
    form: Form,
}

/// What a predicate of a type is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// A text, wrapped together with the time.
    Wrapped,
    /// A text, as a JSON string.
    Text,
    /// A JSON object that has at least these members.
    Object(&'static [&'static str]),
}

impl PredicateType {
    /// Returns the URI, which is what a statement says.
    pub fn uri(&self) -> &str {
        &self.uri
    }
}

/// As it was given: a name where it was a name.
impl fmt::Display for PredicateType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.given)
    }
}

impl FromStr for PredicateType {
    type Err = PredicateTypeError;

    /// Takes a name of cosign's, or any URI; of a URI that has a name too, the predicate is taken as it is.
    fn from_str(text: &str) -> Result<Self, PredicateTypeError> {
        let named = NAMES.iter().find(|(name, ..)| *name == text);
        let (uri, form) = match named {
            Some((_, uri, form)) => (*uri, *form),
            None if text == CUSTOM => (CUSTOM, Form::Wrapped),
            None if is_uri(text) => (text, Form::Object(&[])),
            None => {
                return Err(PredicateTypeError { found: text.to_owned() });
            }
        };
        Ok(Self {
            given: text.to_owned(),
            uri: uri.to_owned(),
            form,
        })
    }
}

/// A text is neither a URI nor a name for one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("invalid predicate type: {found}")]
pub struct PredicateTypeError {
    found: String,
}

/// A predicate in JSON, as it will stand in a statement.
#[derive(Clone, Debug)]
pub struct Predicate(Box<RawValue>);

impl Predicate {
    /// Makes a predicate of `kind` from the content of a file.
    ///
    /// JSON is kept as it is written, each number, blank and unknown member; only what stands before and after it goes.
    /// Text becomes a JSON string, `custom` with the time `now` beside it.
    pub fn new(kind: &PredicateType, content: Vec<u8>, now: Timestamp) -> Result<Self, PredicateError> {
        let text = String::from_utf8(content).map_err(|source| PredicateError::NotText {
            kind: kind.given.clone(),
            source: source.utf8_error(),
        })?;
        let json = match kind.form {
            Form::Wrapped => written(&Wrapped {
                data: &text,
                timestamp: now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            }),
            Form::Text => written(&text),
            Form::Object(members) => return object(kind, text, members),
        };
        Ok(Self(
            RawValue::from_string(json).expect("what was just written is JSON"),
        ))
    }

    /// Returns the JSON.
    pub fn json(&self) -> &RawValue {
        &self.0
    }
}

fn written(value: &impl Serialize) -> String {
    String::from_utf8(go_json::to_vec(value)).expect("JSON of texts is text")
}

fn object(kind: &PredicateType, text: String, members: &[&'static str]) -> Result<Predicate, PredicateError> {
    let malformed = |source| PredicateError::Json {
        kind: kind.given.clone(),
        source,
    };
    let json = RawValue::from_string(text).map_err(malformed)?;
    if !json.get().starts_with('{') {
        return Err(PredicateError::NotAnObject {
            kind: kind.given.clone(),
            found: Quoted::new(json.get()),
        });
    }
    let found: BTreeMap<String, IgnoredAny> = serde_json::from_str(json.get()).map_err(malformed)?;
    match members.iter().find(|member| !found.contains_key(**member)) {
        Some(member) => Err(PredicateError::MemberMissing {
            kind: kind.given.clone(),
            member,
        }),
        None => Ok(Predicate(json)),
    }
}

/// Why content is no predicate of its type.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PredicateError {
    /// It is not UTF-8.
    #[error("predicate of type {kind} is not UTF-8")]
    NotText {
        /// The type as given.
        kind: String,
        /// Where it stops being UTF-8.
        source: std::str::Utf8Error,
    },
    /// It is not JSON.
    #[error("invalid JSON payload for predicate type {kind}")]
    Json {
        /// The type as given.
        kind: String,
        /// What the JSON parser found.
        source: serde_json::Error,
    },
    /// It is JSON, but no object.
    #[error("invalid JSON payload for predicate type {kind}: expected an object, found {found}")]
    NotAnObject {
        /// The type as given.
        kind: String,
        /// The start of what there is.
        found: Quoted,
    },
    /// A member that its type asks for is not there.
    #[error("predicate of type {kind}: required field {member} missing")]
    MemberMissing {
        /// The type as given.
        kind: String,
        /// The member's name.
        member: &'static str,
    },
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Wrapped<'a> {
    data: &'a str,
    timestamp: String,
}

/// Says whether a text has a scheme and something after it (RFC 3986 §3), and nothing that a URI cannot hold.
fn is_uri(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else {
        return false;
    };
    let is_scheme = scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'));
    is_scheme && !rest.is_empty() && rest.chars().all(|c| !c.is_whitespace() && !c.is_control())
}

/// The type that `custom` means.
const CUSTOM: &str = "https://cosign.sigstore.dev/attestation/v1";
const SLSA_02: &str = "https://slsa.dev/provenance/v0.2";
const SPDX: &str = "https://spdx.dev/Document";
const SLSA_02_MEMBERS: &[&str] = &["builder", "buildType"];

/// cosign's names, what they stand for, and what cosign asks of such a predicate.
const NAMES: &[(&str, &str, Form)] = &[
    ("custom", CUSTOM, Form::Wrapped),
    ("slsaprovenance", SLSA_02, Form::Object(SLSA_02_MEMBERS)),
    ("slsaprovenance02", SLSA_02, Form::Object(SLSA_02_MEMBERS)),
    (
        "slsaprovenance1",
        "https://slsa.dev/provenance/v1",
        Form::Object(&["buildDefinition", "runDetails"]),
    ),
    (
        "link",
        "https://in-toto.io/Link/v1",
        Form::Object(&[
            "_type",
            "name",
            "materials",
            "products",
            "byproducts",
            "command",
            "environment",
        ]),
    ),
    ("spdx", SPDX, Form::Text),
    ("spdxjson", SPDX, Form::Object(&[])),
    ("cyclonedx", "https://cyclonedx.org/bom", Form::Object(&[])),
    (
        "vuln",
        "https://cosign.sigstore.dev/attestation/vuln/v1",
        Form::Object(&[]),
    ),
    ("openvex", "https://openvex.dev/ns", Form::Object(&[])),
];

#[cfg(test)]
mod tests;
