//! What a chart says of itself: `Chart.yaml`, and the JSON that Helm makes of it.

mod fields;
mod json;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::Value;

use super::ChartError;
use super::archive::Files;
use super::version::Version;
use crate::yaml;
use fields::{CHART, METADATA, REQUIREMENTS};
use json::{Json, Object};

/// What a chart says of itself; it has a name and a version that Helm takes.
#[derive(Clone, Debug)]
pub struct Metadata {
    name: String,
    version: String,
    object: Object,
}

impl Metadata {
    pub(super) fn read(files: &Files) -> Result<Self, ChartError> {
        let chart = document(&files.chart, CHART)?;
        let mut object = fields::object(METADATA, &chart, CHART)?;
        // charts of Helm 2 do not say it
        if object.text("apiVersion").is_none() {
            object.set("apiVersion", Json::Text("v1".to_owned()), METADATA);
        }
        if let Some(text) = &files.requirements {
            let requirements = fields::object(METADATA, &document(text, REQUIREMENTS)?, REQUIREMENTS)?;
            object.take_from(requirements, METADATA);
        }
        check(&object)?;
        let text = |field| {
            object
                .text(field)
                .map(str::to_owned)
                .ok_or(ChartError::Required { field })
        };
        Ok(Self {
            name: text("name")?,
            version: text("version")?,
            object,
        })
    }

    /// The chart's name; it is one path segment.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The chart's version.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The configuration of the artifact.
    pub fn to_json(&self) -> Vec<u8> {
        self.object.to_json()
    }

    /// The annotations of the manifest. Those of the chart win, but for its name and version.
    pub fn annotations(&self, created: Timestamp) -> BTreeMap<String, String> {
        let mut annotations = BTreeMap::new();
        let mut add = |key: &str, value: &str| {
            if !value.trim().is_empty() {
                annotations.insert(format!("{PREFIX}{key}"), value.to_owned());
            }
        };
        for (key, field) in [
            ("description", "description"),
            ("title", "name"),
            ("version", "version"),
            ("url", "home"),
        ] {
            add(key, self.object.text(field).unwrap_or_default());
        }
        add("created", &created.strftime("%Y-%m-%dT%H:%M:%SZ").to_string());
        if let Some(Json::Text(source)) = self.object.list("sources").first() {
            add("source", source);
        }
        add("authors", &self.authors());
        if let Some(Json::Map(own)) = self.object.find("annotations") {
            let is_fixed = |key: &str| matches!(key.strip_prefix(PREFIX), Some("title" | "version"));
            let own = own.iter().filter(|(key, _)| !is_fixed(key));
            annotations.extend(own.map(|(key, value)| (key.clone(), value.clone())));
        }
        annotations
    }

    fn authors(&self) -> String {
        let people = self
            .object
            .list("maintainers")
            .iter()
            .filter_map(|person| match person {
                Json::Object(person) => Some(match (person.text("name"), person.text("email")) {
                    (name, None) => name.unwrap_or_default().to_owned(),
                    (name, Some(email)) => format!("{} ({email})", name.unwrap_or_default()),
                }),
                _ => None,
            });
        people.collect::<Vec<_>>().join(", ")
    }
}

/// The one document of a file; Helm takes the first of several.
fn document(text: &str, file: &'static str) -> Result<Value, ChartError> {
    let documents = yaml::documents(text).map_err(|source| ChartError::Yaml { file, source })?;
    match <[Value; 1]>::try_from(documents) {
        Ok([document]) => Ok(document),
        Err(_) => Err(ChartError::Kind {
            file,
            field: "the file",
            expected: "one document",
        }),
    }
}

/// What Helm checks of a chart when it loads one.
fn check(object: &Object) -> Result<(), ChartError> {
    let invalid = |field, found: &str| ChartError::Invalid {
        field,
        found: found.to_owned(),
    };
    let name = object.text("name").ok_or(ChartError::Required { field: "name" })?;
    if matches!(name, "." | "..") || name.contains(['/', '\\']) {
        return Err(invalid("name", name));
    }
    let version = object
        .text("version")
        .ok_or(ChartError::Required { field: "version" })?;
    if Version::parse(version).is_none() {
        return Err(invalid("version", version));
    }
    match object.text("type") {
        None | Some("application" | "library") => {}
        Some(other) => return Err(invalid("type", other)),
    }
    let mut names = BTreeSet::new();
    for dependency in object.list("dependencies") {
        let Json::Object(dependency) = dependency else { continue };
        let alias = dependency.text("alias");
        let is_alias = |alias: &str| {
            alias
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte))
        };
        if let Some(alias) = alias.filter(|alias| !is_alias(alias)) {
            return Err(invalid("dependencies.alias", alias));
        }
        let name = alias.or_else(|| dependency.text("name")).unwrap_or_default();
        if !names.insert(name) {
            return Err(ChartError::SameDependency { name: name.to_owned() });
        }
    }
    Ok(())
}

/// What the keys of image annotations begin with (image-spec, annotations.md).
const PREFIX: &str = "org.opencontainers.image.";

#[cfg(test)]
mod tests;
