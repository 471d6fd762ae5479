//! The statement that is signed of a base: its layers, and until when it may be built upon.

use jiff::Timestamp;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::layers::{LAYERS, Layers, LayersError};
use crate::bundle::{Bundle, Content};
use crate::digest::Digest;
use crate::go_json;
use crate::payload::statement::Statement;
use crate::quoted::Quoted;

/// The predicate type of the statement that is signed of a base.
pub const PREDICATE_TYPE: &str = "https://countersign.dev/base-image/v1";

/// What is said of a base.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseStatement {
    /// What it is called.
    pub name: String,
    /// What it runs on, `linux/amd64`.
    pub platform: Option<String>,
    /// The layers, lowest first.
    pub layers: Vec<SignedLayer>,
    /// When it was said.
    pub issued: Timestamp,
    /// Until when it holds.
    pub expires: Option<Timestamp>,
}

/// A layer of a base.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedLayer {
    /// The digest of its uncompressed bytes.
    pub diff_id: Digest,
    /// The digest of its blob.
    pub digest: Digest,
    /// The size of the blob.
    pub size: u64,
    /// The media type of the blob.
    pub media_type: String,
}

impl BaseStatement {
    /// Writes the statement about the manifest with this `digest`, whose layers are `layers`.
    ///
    /// The manifest is its first subject, for verifiers who look for that. The second is the chain id, by which it is bound to the
    /// layers of every image that stands on them.
    pub fn to_statement(&self, digest: &Digest, layers: &Layers) -> Vec<u8> {
        let chain_id = layers.chain_id(layers.len()).unwrap_or(digest);
        let listed = self.layers.iter().map(|layer| {
            json!({
                "diffID": layer.diff_id.as_str(),
                "digest": layer.digest.as_str(),
                "mediaType": layer.media_type,
                "size": layer.size,
            })
        });
        let mut predicate = json!({
            "chainID": chain_id.as_str(),
            "issued": self.issued.to_string(),
            "layers": listed.collect::<Vec<_>>(),
            "name": self.name,
        });
        let optional = [
            ("expires", self.expires.map(|at| at.to_string())),
            ("platform", self.platform.clone()),
        ];
        for (member, value) in optional {
            if let (Some(value), Some(members)) = (value, predicate.as_object_mut()) {
                members.insert(member.to_owned(), value.into());
            }
        }
        let subject =
            |name: &str, digest: &Digest| json!({"digest": {digest.algorithm().name(): digest.hex()}, "name": name});
        go_json::to_vec(&json!({
            "_type": "https://in-toto.io/Statement/v0.1",
            "predicate": predicate,
            "predicateType": PREDICATE_TYPE,
            "subject": [subject(&self.name, digest), subject(CHAIN_SUBJECT, chain_id)],
        }))
    }

    /// Reads what is said.
    ///
    /// # Errors
    ///
    /// [`StatementFault`].
    pub fn of_predicate(predicate: Option<&RawValue>) -> Result<Self, StatementFault> {
        let text = predicate.map_or("null", RawValue::get);
        if text.len() > LIMIT {
            return Err(StatementFault::TooLong { found: text.len() });
        }
        let json: Value = serde_json::from_str(text)?;
        let listed = json.get("layers").and_then(Value::as_array);
        let listed = listed.ok_or_else(|| wrong("layers", "a list", json.get("layers")))?;
        if listed.len() > LAYERS {
            return Err(LayersError::TooMany { found: listed.len() }.into());
        }
        Ok(Self {
            name: text_of(&json, "name")?.to_owned(),
            platform: optional(&json, "platform")?.map(str::to_owned),
            layers: listed.iter().map(layer).collect::<Result<_, _>>()?,
            issued: time(text_of(&json, "issued")?, "issued")?,
            expires: optional(&json, "expires")?
                .map(|text| time(text, "expires"))
                .transpose()?,
        })
    }

    /// Returns the layers by what is in them.
    ///
    /// # Errors
    ///
    /// [`LayersError`].
    pub fn diff_ids(&self) -> Result<Layers, LayersError> {
        Layers::new(self.layers.iter().map(|layer| layer.diff_id.clone()).collect())
    }
}

/// Reads what a bundle says of a base, *unverified*; none where it says something else.
///
/// # Errors
///
/// [`StatementFault`] where it calls itself such a statement and is none.
pub fn peek(bundle: &Bundle) -> Result<Option<BaseStatement>, StatementFault> {
    let Content::Envelope(signed) = bundle.content() else {
        return Ok(None);
    };
    match Statement::parse(signed.envelope().payload()) {
        Ok(statement) if statement.predicate_type() == PREDICATE_TYPE => {
            BaseStatement::of_predicate(statement.predicate()).map(Some)
        }
        _ => Ok(None),
    }
}

fn layer(json: &Value) -> Result<SignedLayer, StatementFault> {
    let digest = |member| -> Result<Digest, StatementFault> {
        let text = text_of(json, member)?;
        text.parse().map_err(|_| wrong(member, "a digest", json.get(member)))
    };
    let size = json.get("size").and_then(Value::as_u64);
    Ok(SignedLayer {
        diff_id: digest("diffID")?,
        digest: digest("digest")?,
        size: size.ok_or_else(|| wrong("size", "a size", json.get("size")))?,
        media_type: text_of(json, "mediaType")?.to_owned(),
    })
}

fn text_of<'a>(json: &'a Value, member: &'static str) -> Result<&'a str, StatementFault> {
    optional(json, member)?.ok_or_else(|| wrong(member, "a text", None))
}

fn optional<'a>(json: &'a Value, member: &'static str) -> Result<Option<&'a str>, StatementFault> {
    match json.get(member) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        other => Err(wrong(member, "a text", other)),
    }
}

fn time(text: &str, member: &'static str) -> Result<Timestamp, StatementFault> {
    text.parse()
        .map_err(|_| wrong(member, "a time", Some(&Value::from(text))))
}

fn wrong(member: &'static str, expected: &'static str, found: Option<&Value>) -> StatementFault {
    StatementFault::Member {
        member,
        expected,
        found: Quoted::new(&found.map_or_else(|| "nothing".to_owned(), Value::to_string)),
    }
}

/// Why a statement does not tell of a base.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StatementFault {
    /// It is not JSON.
    #[error("statement of a base is malformed")]
    Json(#[from] serde_json::Error),
    /// Its layers are none, or too many.
    #[error("statement of a base has no usable layers")]
    Layers(#[from] LayersError),
    /// A member is not what it must be.
    #[error("{member} in the statement of a base is {found}, expected {expected}")]
    Member {
        /// The member.
        member: &'static str,
        /// What it must be.
        expected: &'static str,
        /// What it is.
        found: Quoted,
    },
    /// It is longer than is read.
    #[error("statement of a base has {found} bytes, the limit is {LIMIT}")]
    TooLong {
        /// The length found.
        found: usize,
    },
}

/// The longest predicate that is read, in bytes: a thousand layers take a third of it.
const LIMIT: usize = 1024 * 1024;

/// The name of the subject that stands for the layers.
const CHAIN_SUBJECT: &str = "base-image-layers/v1";
