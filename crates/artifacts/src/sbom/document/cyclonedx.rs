//! CycloneDX 1.6 (ECMA-424), JSON.

use serde_json::{Value, json};

use super::super::package::Package;
use super::{Draft, reference};

/// The document.
pub(super) fn json(draft: &Draft<'_>) -> Value {
    let kind = if draft.catalogue.digest.is_some() {
        "container"
    } else {
        "file"
    };
    let mut component = json!({"bom-ref": IMAGE, "type": kind, "name": draft.name});
    if let Some(digest) = &draft.catalogue.digest {
        component["version"] = digest.as_str().into();
    }
    if let Some(purl) = &draft.purl {
        component["purl"] = purl.as_str().into();
    }
    if !draft.catalogue.distribution.is_empty() {
        component["properties"] = json!([{"name": "countersign:distribution", "value": draft.catalogue.distribution}]);
    }
    let packages = &draft.catalogue.packages;
    let references: Vec<String> = packages.iter().map(reference).collect();
    json!({
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": format!("urn:uuid:{}", draft.id),
        "version": 1,
        "metadata": {
            "timestamp": draft.created,
            "tools": {"components": [{"type": "application", "name": draft.tool.0, "version": draft.tool.1}]},
            "component": component,
        },
        "components": packages.iter().map(package).collect::<Vec<_>>(),
        "dependencies": [{"ref": IMAGE, "dependsOn": references}],
    })
}

fn package(package: &Package) -> Value {
    let mut properties = vec![json!({"name": "countersign:type", "value": package.kind.name()})];
    for (number, evidence) in package.evidence().enumerate() {
        let mut add = |what: &str, value: &str| {
            properties.push(json!({"name": format!("countersign:location:{number}:{what}"), "value": value}));
        };
        add("path", &evidence.path);
        if let Some(layer) = &evidence.layer {
            add("layerID", layer);
        }
    }
    let occurrences: Vec<Value> = package
        .evidence()
        .map(|evidence| json!({"location": evidence.path}))
        .collect();
    let mut value = json!({
        "bom-ref": reference(package),
        "type": "library",
        "name": package.name,
        "evidence": {"occurrences": occurrences},
        "properties": properties,
    });
    if !package.version.is_empty() {
        value["version"] = package.version.as_str().into();
    }
    if let Some(purl) = package.purl() {
        value["purl"] = purl.into();
    }
    if let Some(licence) = &package.licence {
        value["licenses"] = json!([{"license": {"name": licence}}]);
    }
    value
}

const IMAGE: &str = "image";
