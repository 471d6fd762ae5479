//! SPDX 2.3 (ISO/IEC 5962:2021 with the additions of 2.3), as JSON and as tags with values.

use serde_json::{Value, json};

use super::super::package::Package;
use super::{Draft, reference, shown};

/// The document as JSON.
pub(super) fn json(draft: &Draft<'_>) -> Value {
    let mut packages = vec![image(draft)];
    packages.extend(draft.catalogue.packages.iter().map(package));
    let contained = draft
        .catalogue
        .packages
        .iter()
        .map(|package| relationship(IMAGE, "CONTAINS", &id(package)));
    let described = relationship(DOCUMENT, "DESCRIBES", IMAGE);
    json!({
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": DOCUMENT,
        "name": draft.name,
        "documentNamespace": namespace(draft),
        "creationInfo": {"created": draft.created, "creators": [creator(draft)]},
        "packages": packages,
        "relationships": std::iter::once(described).chain(contained).collect::<Vec<_>>(),
    })
}

/// The document as tags with values.
pub(super) fn tag_value(draft: &Draft<'_>) -> String {
    let mut text = format!(
        "SPDXVersion: SPDX-2.3\nDataLicense: CC0-1.0\nSPDXID: {DOCUMENT}\nDocumentName: {}\n\
         DocumentNamespace: {}\nCreator: {}\nCreated: {}\n",
        draft.name,
        namespace(draft),
        creator(draft),
        draft.created
    );
    add_tags(&image(draft), &mut text);
    for found in &draft.catalogue.packages {
        add_tags(&package(found), &mut text);
    }
    text.push_str(&format!("\nRelationship: {DOCUMENT} DESCRIBES {IMAGE}\n"));
    for package in &draft.catalogue.packages {
        text.push_str(&format!("Relationship: {IMAGE} CONTAINS {}\n", id(package)));
    }
    text
}

/// The tags of a package that is there as JSON; members that are not there have none.
fn add_tags(package: &Value, text: &mut String) {
    text.push('\n');
    let mut add = |tag: &str, value: &Value| match value.as_str() {
        Some(value) => text.push_str(&format!("{tag}: {value}\n")),
        None if value.is_boolean() => text.push_str(&format!("{tag}: {value}\n")),
        None => {}
    };
    for (tag, member) in TAGS {
        match &package[*member] {
            // These may have several lines.
            Value::String(value) if tag.ends_with("Info") || tag.ends_with("Comments") => {
                add(tag, &format!("<text>{}</text>", value.replace("</", "(/")).into());
            }
            Value::Array(list) => {
                for entry in list {
                    let part = |name: &str| entry[name].as_str().unwrap_or_default().to_owned();
                    let value = match *tag {
                        "PackageChecksum" => format!("{}: {}", part("algorithm"), part("checksumValue")),
                        _ => [
                            part("referenceCategory"),
                            part("referenceType"),
                            part("referenceLocator"),
                        ]
                        .join(" "),
                    };
                    add(tag, &value.into());
                }
            }
            value => add(tag, value),
        }
    }
}

/// The image or folder as a package.
fn image(draft: &Draft<'_>) -> Value {
    let digest = draft.catalogue.digest.as_ref();
    let purpose = if digest.is_some() { "CONTAINER" } else { "FILE" };
    let mut image = json!({
        "name": draft.name,
        "SPDXID": IMAGE,
        "supplier": UNKNOWN,
        "downloadLocation": UNKNOWN,
        "filesAnalyzed": false,
        "licenseConcluded": UNKNOWN,
        "licenseDeclared": UNKNOWN,
        "copyrightText": UNKNOWN,
        "primaryPackagePurpose": purpose,
    });
    if let Some(digest) = digest {
        let algorithm = digest.algorithm().name().to_ascii_uppercase();
        image["versionInfo"] = digest.as_str().into();
        image["checksums"] = json!([{"algorithm": algorithm, "checksumValue": digest.hex()}]);
    }
    if !draft.catalogue.distribution.is_empty() {
        image["sourceInfo"] = format!("distribution: {}", draft.catalogue.distribution).into();
    }
    refer(&mut image, draft.purl.as_deref());
    image
}

fn package(package: &Package) -> Value {
    let evidence: Vec<String> = package.evidence().map(shown).collect();
    let mut value = json!({
        "name": package.name,
        "SPDXID": id(package),
        "supplier": UNKNOWN,
        "downloadLocation": UNKNOWN,
        "filesAnalyzed": false,
        "sourceInfo": format!("found in {}", evidence.join(", ")),
        "licenseConcluded": UNKNOWN,
        "licenseDeclared": UNKNOWN,
        "copyrightText": UNKNOWN,
    });
    if !package.version.is_empty() {
        value["versionInfo"] = package.version.as_str().into();
    }
    if let Some(licence) = &package.licence {
        // Not every text that is written there is an expression of SPDX.
        value["licenseComments"] = format!("declared as: {}", licence.replace('<', "(")).into();
    }
    refer(&mut value, package.purl());
    value
}

fn refer(package: &mut Value, purl: Option<&str>) {
    if let Some(purl) = purl {
        let category = "PACKAGE-MANAGER";
        package["externalRefs"] =
            json!([{"referenceCategory": category, "referenceType": "purl", "referenceLocator": purl}]);
    }
}

fn relationship(from: &str, kind: &str, to: &str) -> Value {
    json!({"spdxElementId": from, "relationshipType": kind, "relatedSpdxElement": to})
}

fn id(package: &Package) -> String {
    format!("SPDXRef-Package-{}", reference(package))
}

fn namespace(draft: &Draft<'_>) -> String {
    format!("https://spdx.org/spdxdocs/{}-{}", draft.tool.0, draft.id)
}

fn creator(draft: &Draft<'_>) -> String {
    format!("Tool: {}-{}", draft.tool.0, draft.tool.1)
}

const DOCUMENT: &str = "SPDXRef-DOCUMENT";
const IMAGE: &str = "SPDXRef-Image";
const UNKNOWN: &str = "NOASSERTION";

/// Tags of packages, in the order of the specification, and what the same is called in JSON.
const TAGS: &[(&str, &str)] = &[
    ("PackageName", "name"),
    ("SPDXID", "SPDXID"),
    ("PackageVersion", "versionInfo"),
    ("PackageSupplier", "supplier"),
    ("PackageDownloadLocation", "downloadLocation"),
    ("FilesAnalyzed", "filesAnalyzed"),
    ("PackageChecksum", "checksums"),
    ("PackageSourceInfo", "sourceInfo"),
    ("PackageLicenseConcluded", "licenseConcluded"),
    ("PackageLicenseDeclared", "licenseDeclared"),
    ("PackageLicenseComments", "licenseComments"),
    ("PackageCopyrightText", "copyrightText"),
    ("PrimaryPackagePurpose", "primaryPackagePurpose"),
    ("ExternalRef", "externalRefs"),
];
