//! What a registry's refusals say.

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde::Deserialize;

use crate::error::StoreError;
use crate::http::{Answer, address};

/// The first error of a registry's answer (distribution-spec, §error codes).
#[derive(Debug, Default)]
pub(super) struct Words {
    pub(super) code: String,
    pub(super) message: String,
}

#[derive(Deserialize)]
struct Body {
    #[serde(default)]
    errors: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    #[serde(default)]
    code: Option<String>,
    #[serde(default)]
    message: Option<String>,
}

impl Words {
    /// Reads an error's body; what is not as specified has no words.
    pub(super) fn read(body: &Bytes) -> Self {
        let first = serde_json::from_slice::<Body>(body)
            .ok()
            .and_then(|body| body.errors.into_iter().next());
        match first {
            Some(entry) => Self {
                code: printable(&entry.code.unwrap_or_default(), CODE),
                message: printable(&entry.message.unwrap_or_default(), MESSAGE),
            },
            None => Self::default(),
        }
    }

    /// `CODE: message`, or as much of it as there is.
    pub(super) fn shown(&self) -> String {
        match (self.code.as_str(), self.message.as_str()) {
            ("", message) => message.to_owned(),
            (code, "") => code.to_owned(),
            (code, message) => format!("{code}: {message}"),
        }
    }

    /// Says whether the registry keeps the tag from being replaced. There is no code for it:
    /// ECR, Quay, Harbor and Artifact Registry each have their own words.
    pub(super) fn speak_of_immutability(&self) -> bool {
        let message = self.message.to_ascii_lowercase();
        self.code.starts_with("TAG_ALREADY_EXISTS")
            || self.code == "IMMUTABLE"
            || message.contains("immutable")
            || message.contains("cannot be overwritten")
    }
}

/// The text without control characters, cut at `limit` characters.
fn printable(text: &str, limit: usize) -> String {
    text.chars()
        .map(|character| if character.is_control() { ' ' } else { character })
        .take(limit)
        .collect()
}

/// The error for an answer that is not a success.
pub(super) fn refusal(method: &str, what: &str, answer: &Answer) -> StoreError {
    let words = Words::read(&answer.body);
    match answer.status {
        StatusCode::NOT_FOUND => StoreError::NotFound { what: what.to_owned() },
        StatusCode::METHOD_NOT_ALLOWED => StoreError::NotAllowed {
            what: what.to_owned(),
            reason: match words.shown() {
                text if text.is_empty() => format!("the registry does not support {method} here"),
                text => text,
            },
        },
        status => StoreError::Status {
            method: method.to_owned(),
            url: address::shown(&answer.url),
            status: status.as_u16(),
            detail: match words.shown() {
                text if text.is_empty() => text,
                text => format!(": {text}"),
            },
        },
    }
}

/// A header's text.
pub(super) fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// The longest code shown, in characters.
const CODE: usize = 64;

/// The longest message shown, in characters.
const MESSAGE: usize = 300;
