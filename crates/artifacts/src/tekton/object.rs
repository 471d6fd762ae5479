//! Objects of Tekton: what of them a bundle has to know, and the bytes that it keeps.

use countersign_core::go_json;
use serde_json::value::RawValue;
use serde_json::{Deserializer, Value};

use super::error::{BundleError, ObjectError};
use super::pack::Input;
use crate::yaml;

/// An object that a bundle may hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    version: String,
    kind: String,
    name: String,
    json: Vec<u8>,
}

impl Object {
    /// The version of its kind, without the group: `v1`.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Its kind: `Task`.
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What the bundle keeps: JSON as it was given, or what YAML means.
    pub fn json(&self) -> &[u8] {
        &self.json
    }

    /// The kind as bundles and `tekton list` have it.
    pub fn lower_kind(&self) -> String {
        self.kind.to_ascii_lowercase()
    }

    fn of(value: &Value, json: Vec<u8>) -> Result<Self, ObjectError> {
        let Value::Object(members) = value else {
            return Err(wrong("the document", "an object", value));
        };
        let text = |member: &str| match members.get(member) {
            Some(Value::String(text)) => Ok(text.as_str()),
            other => Err(wrong(member, "a text", other.unwrap_or(&Value::Null))),
        };
        let (api_version, kind) = (text("apiVersion")?, text("kind")?);
        let unknown = || ObjectError::Kind {
            kind: kind.to_owned(),
            api_version: api_version.to_owned(),
        };
        let version = api_version.strip_prefix("tekton.dev/").ok_or_else(unknown)?;
        let known = KINDS.iter().find(|(known, _)| *known == version).ok_or_else(unknown)?;
        if !known.1.split(", ").any(|known| known == kind) {
            return Err(unknown());
        }
        if let Some(spec) = members.get("spec").filter(|spec| !spec.is_object() && !spec.is_null()) {
            return Err(wrong("spec", "an object", spec));
        }
        Ok(Self {
            version: version.to_owned(),
            kind: kind.to_owned(),
            name: name(members.get("metadata").unwrap_or(&Value::Null))?,
            json,
        })
    }
}

/// The name, from metadata whose maps are maps of texts.
fn name(metadata: &Value) -> Result<String, ObjectError> {
    let Value::Object(members) = metadata else {
        return Err(wrong("metadata", "an object", metadata));
    };
    for map in ["labels", "annotations"] {
        match members.get(map) {
            None | Some(Value::Null) => {}
            Some(Value::Object(texts)) => {
                if let Some((key, value)) = texts.iter().find(|(_, value)| !value.is_string()) {
                    return Err(wrong(&format!("metadata.{map}[{key:?}]"), "a text", value));
                }
            }
            Some(other) => return Err(wrong(&format!("metadata.{map}"), "an object", other)),
        }
    }
    match members.get("name") {
        None | Some(Value::Null) => Err(ObjectError::NoName),
        Some(Value::String(name)) if name.is_empty() => Err(ObjectError::NoName),
        Some(Value::String(name)) if name.len() > NAME_LIMIT => Err(ObjectError::LongName {
            found: name.len(),
            limit: NAME_LIMIT,
        }),
        Some(Value::String(name)) => Ok(name.clone()),
        Some(other) => Err(wrong("metadata.name", "a text", other)),
    }
}

fn wrong(member: &str, expected: &'static str, found: &Value) -> ObjectError {
    ObjectError::Type {
        member: member.to_owned(),
        expected,
        found: match found {
            Value::Null => "nothing",
            Value::Bool(_) => "a truth value",
            Value::Number(_) => "a number",
            Value::String(_) => "a text",
            Value::Array(_) => "a list",
            Value::Object(_) => "an object",
        },
    }
}

/// The objects of a text, YAML or JSON, in their order; documents that are empty are left out.
pub(super) fn objects(input: &Input) -> Result<Vec<Object>, BundleError> {
    let documents = documents(input)?;
    let numbered = (1..).zip(documents).filter(|(_, (value, _))| !value.is_null());
    let parsed = numbered.map(|(number, (value, json))| {
        Object::of(&value, json).map_err(|source| BundleError::Object {
            input: input.name.clone(),
            number,
            source,
        })
    });
    parsed.collect()
}

/// JSON is kept as it is given; what goes on otherwise after a first value is YAML, as in Kubernetes' own reader.
fn documents(input: &Input) -> Result<Vec<(Value, Vec<u8>)>, BundleError> {
    let on_json = |source| BundleError::Json {
        input: input.name.clone(),
        source,
    };
    let mut documents = Vec::new();
    let mut rest = input.text.as_str();
    if rest.trim_start().starts_with('{') {
        let mut stream = Deserializer::from_str(rest).into_iter::<Box<RawValue>>();
        let mut end = 0;
        loop {
            match stream.next() {
                None => return Ok(documents),
                Some(Ok(raw)) => {
                    let value = serde_json::from_str(raw.get()).map_err(on_json)?;
                    documents.push((value, raw.get().as_bytes().to_vec()));
                    end = stream.byte_offset();
                }
                Some(Err(source)) if documents.len() > 1 => return Err(on_json(source)),
                Some(Err(_)) => break,
            }
        }
        rest = rest.get(end..).unwrap_or_default();
    }
    let values = yaml::documents(rest).map_err(|source| BundleError::Yaml {
        input: input.name.clone(),
        source,
    })?;
    documents.extend(values.into_iter().map(|value| {
        let json = go_json::to_vec(&value);
        (value, json)
    }));
    Ok(documents)
}

/// The kinds that Tekton has in each version.
pub const KINDS: &[(&str, &str)] = &[
    ("v1", "Task, Pipeline, TaskRun, PipelineRun"),
    ("v1beta1", "Task, Pipeline, TaskRun, PipelineRun, CustomRun, StepAction"),
    ("v1alpha1", "StepAction, Run, VerificationPolicy"),
];

/// The longest name that Kubernetes takes (RFC 1123, a subdomain).
const NAME_LIMIT: usize = 253;
