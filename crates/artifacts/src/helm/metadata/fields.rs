//! The fields of `Chart.yaml` in the order in which Helm writes them, and how Helm reads each.

use std::collections::BTreeMap;

use serde_json::{Number, Value};

use super::json::{Json, Object};
use crate::helm::ChartError;

pub(super) const CHART: &str = "Chart.yaml";
pub(super) const REQUIREMENTS: &str = "requirements.yaml";

/// A field: its name, and what it holds.
pub(super) struct Field {
    pub(super) name: &'static str,
    kind: Kind,
}

enum Kind {
    /// A text as it is.
    Exact,
    /// A text without what cannot be shown.
    Text,
    /// A text that is written also where it is empty.
    Always,
    Texts,
    Truth,
    Map,
    Objects(&'static [Field]),
    Any,
}

const fn field(name: &'static str, kind: Kind) -> Field {
    Field { name, kind }
}

pub(super) const METADATA: &[Field] = &[
    field("name", Kind::Text),
    field("home", Kind::Text),
    field("sources", Kind::Texts),
    field("version", Kind::Exact),
    field("description", Kind::Text),
    field("keywords", Kind::Texts),
    field("maintainers", Kind::Objects(MAINTAINER)),
    field("icon", Kind::Text),
    field("apiVersion", Kind::Exact),
    field("condition", Kind::Text),
    field("tags", Kind::Text),
    field("appVersion", Kind::Text),
    field("deprecated", Kind::Truth),
    field("annotations", Kind::Map),
    field("kubeVersion", Kind::Text),
    field("dependencies", Kind::Objects(DEPENDENCY)),
    field("type", Kind::Exact),
];

const MAINTAINER: &[Field] = &[
    field("name", Kind::Text),
    field("email", Kind::Text),
    field("url", Kind::Text),
];

const DEPENDENCY: &[Field] = &[
    field("name", Kind::Always),
    field("version", Kind::Text),
    field("repository", Kind::Always),
    field("condition", Kind::Text),
    field("tags", Kind::Texts),
    field("enabled", Kind::Truth),
    field("import-values", Kind::Any),
    field("alias", Kind::Exact),
];

/// Reads a mapping; what it has besides the fields does not count, as with Helm.
pub(super) fn object(fields: &[Field], value: &Value, file: &'static str) -> Result<Object, ChartError> {
    let Value::Object(given) = value else {
        return Err(wrong(file, "the file or an item", "a mapping"));
    };
    let other_case = |key: &str| {
        let mut names = fields.iter().map(|field| field.name);
        names.find(|name| *name != key && name.eq_ignore_ascii_case(key))
    };
    for key in given.keys() {
        // Go takes it for the field, few others do
        if let Some(expected) = other_case(key) {
            let found = key.clone();
            return Err(ChartError::Key { file, expected, found });
        }
    }
    let mut members = Vec::new();
    for field in fields {
        let value = given.get(field.name).unwrap_or(&Value::Null);
        if let Some(read) = field.read(value, file)? {
            members.push((field.name, read));
        }
    }
    Ok(Object { members })
}

impl Field {
    /// The value; `None` where it is empty and so not written.
    fn read(&self, value: &Value, file: &'static str) -> Result<Option<Json>, ChartError> {
        let name = self.name;
        let text = |value: &Value| text(value).ok_or_else(|| wrong(file, name, "a text"));
        Ok(match (&self.kind, value) {
            (Kind::Exact, _) => Some(text(value)?).filter(|text| !text.is_empty()).map(Json::Text),
            (Kind::Text, _) => Some(printable(&text(value)?))
                .filter(|text| !text.is_empty())
                .map(Json::Text),
            (Kind::Always, _) => Some(Json::Text(printable(&text(value)?))),
            (_, Value::Null) | (Kind::Truth, Value::Bool(false)) => None,
            (Kind::Truth, Value::Bool(true)) => Some(Json::True),
            (Kind::Texts, Value::Array(items)) => list(items, |item| Ok(Json::Text(printable(&text(item)?))))?,
            (Kind::Any, Value::Array(items)) => list(items, |item| Ok(Json::Other(item.clone())))?,
            (Kind::Objects(fields), Value::Array(items)) => {
                list(items, |item| object(fields, item, file).map(Json::Object))?
            }
            (Kind::Map, Value::Object(members)) => {
                let members = members.iter().map(|(key, value)| Ok((key.clone(), text(value)?)));
                let map: BTreeMap<String, String> = members.collect::<Result<_, ChartError>>()?;
                (!map.is_empty()).then_some(Json::Map(map))
            }
            (Kind::Truth, _) => return Err(wrong(file, name, "true or false")),
            (Kind::Map, _) => return Err(wrong(file, name, "a mapping")),
            (Kind::Texts | Kind::Objects(_) | Kind::Any, _) => return Err(wrong(file, name, "a list")),
        })
    }
}

fn list(items: &[Value], read: impl Fn(&Value) -> Result<Json, ChartError>) -> Result<Option<Json>, ChartError> {
    let items: Vec<Json> = items.iter().map(read).collect::<Result<_, _>>()?;
    Ok((!items.is_empty()).then_some(Json::List(items)))
}

fn wrong(file: &'static str, field: &'static str, expected: &'static str) -> ChartError {
    ChartError::Kind { file, field, expected }
}

/// A value where a text belongs, as Go's readers for Kubernetes make it one.
fn text(value: &Value) -> Option<String> {
    Some(match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Bool(value) => value.to_string(),
        Value::Number(number) => number_text(number),
        Value::Array(_) | Value::Object(_) => return None,
    })
}

/// A number as Go's `FormatFloat` writes it in its shortest form.
fn number_text(number: &Number) -> String {
    let Some(value) = number.as_f64().filter(|_| number.is_f64()) else {
        return number.to_string();
    };
    let written = format!("{value:e}");
    let Some((digits, exponent)) = written.split_once('e') else {
        return written;
    };
    match exponent.parse::<i32>() {
        Ok(-4..=5) | Err(_) => value.to_string(),
        Ok(exponent) => format!("{digits}e{}{:02}", if exponent < 0 { '-' } else { '+' }, exponent.abs()),
    }
}

/// The text as Helm cleans it: blanks of any kind are spaces, and what cannot be printed is left out.
fn printable(text: &str) -> String {
    text.chars()
        .filter_map(|character| match character {
            _ if character.is_whitespace() => Some(' '),
            '"' | '\'' | '\\' => Some(character),
            // the one thing that the standard library tells of it: what is printed is not escaped
            _ if format!("a{character}").escape_debug().nth(1) == Some(character) => Some(character),
            _ => None,
        })
        .collect()
}
