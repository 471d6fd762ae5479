//! Packages of Node: `package.json` of what is installed, `package-lock.json` of what will be.

use serde_json::{Map, Value};

use super::super::package::{Found, Kind, clean};
use super::{ReadError, Reading, malformed};

/// Reads `package.json`.
pub(super) fn read(bytes: &[u8], into: &mut Reading) -> Result<(), ReadError> {
    let json = object(bytes)?;
    let (Some(name), Some(version)) = (text(&json, "name"), text(&json, "version")) else {
        return Err(malformed("name or version is no text"));
    };
    into.add(Kind::Npm, package(name, version, json.get("license")));
    Ok(())
}

/// Reads `package-lock.json` of lock file versions 1 to 3; what is only for development is left out.
pub(super) fn read_lock(bytes: &[u8], into: &mut Reading) -> Result<(), ReadError> {
    let json = object(bytes)?;
    let is_first = json.get("lockfileVersion").and_then(Value::as_u64) == Some(1);
    let member = if is_first { "dependencies" } else { "packages" };
    let empty = Map::new();
    let entries = json.get(member).and_then(Value::as_object).unwrap_or(&empty);
    for (key, value) in entries {
        let Some(entry) = value.as_object() else {
            return Err(malformed("a package is no object"));
        };
        if entry.get("dev") == Some(&Value::Bool(true)) {
            continue;
        }
        let version = text(entry, "version").unwrap_or_default();
        let (name, version) = match version.strip_prefix("npm:").and_then(|alias| alias.rsplit_once('@')) {
            Some(alias) if is_first => alias,
            _ if is_first => (key.as_str(), version),
            _ => {
                let last = key.rsplit("node_modules/").next().unwrap_or(key);
                let own = text(entry, "name").filter(|name| !name.is_empty());
                (own.unwrap_or(last), version)
            }
        };
        into.add(Kind::Npm, package(name, version, entry.get("license")));
    }
    Ok(())
}

fn object(bytes: &[u8]) -> Result<Map<String, Value>, ReadError> {
    match serde_json::from_slice(bytes)? {
        Value::Object(object) => Ok(object),
        _ => Err(malformed("it is no object")),
    }
}

/// A text; empty where it is not there, none where it is something else.
fn text<'a>(object: &'a Map<String, Value>, member: &str) -> Option<&'a str> {
    match object.get(member) {
        None | Some(Value::Null) => Some(""),
        Some(value) => value.as_str(),
    }
}

fn package(name: &str, version: &str, licence: Option<&Value>) -> Found {
    let mut found = Found::new(name, version);
    if let Some((scope, rest)) = found.name.split_once('/') {
        (found.namespace, found.purl_name) = (scope.to_owned(), Some(rest.to_owned()));
    }
    // An object with the type is the old form.
    let licence = licence.and_then(|value| value.as_str().or_else(|| value.get("type")?.as_str()));
    found.licence = licence.map(clean).filter(|licence| !licence.is_empty());
    found
}
