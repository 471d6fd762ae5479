//! What a token says, once it is known whose it is (RFC 7519 §4).

use serde_json::{Map, Value};

/// The claims of a token that was verified.
#[derive(Clone, Debug)]
pub(crate) struct Claims {
    issuer: String,
    members: Map<String, Value>,
}

impl Claims {
    pub(crate) fn new(issuer: String, members: Map<String, Value>) -> Self {
        Self { issuer, members }
    }

    pub(crate) fn issuer(&self) -> &str {
        &self.issuer
    }

    pub(crate) fn subject(&self) -> Option<&str> {
        self.members.get("sub").and_then(Value::as_str)
    }

    /// Returns a claim that is a text, a number or a boolean, as a text; an empty one counts as one that is there.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        match self.members.get(name)? {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            Value::Bool(value) => Some(value.to_string()),
            Value::Null | Value::Array(_) | Value::Object(_) => None,
        }
    }

    /// Says whether a claim is true; some providers write it as a text.
    pub(crate) fn is_true(&self, name: &str) -> bool {
        self.text(name).is_some_and(|text| text == "true")
    }
}
