//! Packages of two lists, and how far they are the same.

use std::collections::BTreeSet;
use std::fmt;

use serde_json::Value;

/// A package in a document.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Package {
    /// Its name.
    pub(crate) name: String,
    /// Its version; empty where it has none.
    pub(crate) version: String,
    /// Its package URL.
    pub(crate) purl: String,
}

/// The packages of a CycloneDX document that are of a kind which we list.
pub(crate) fn packages(json: &str) -> BTreeSet<Package> {
    let document: Value = serde_json::from_str(json).expect("the document is JSON");
    let components = document["components"].as_array().cloned().unwrap_or_default();
    let text = |component: &Value, member: &str| component[member].as_str().unwrap_or_default().to_owned();
    let packages = components.iter().map(|component| Package {
        name: text(component, "name"),
        // what syft writes where there is none
        version: text(component, "version").replace("UNKNOWN", ""),
        purl: text(component, "purl"),
    });
    let is_listed = |package: &Package| {
        KINDS
            .iter()
            .any(|kind| package.purl.starts_with(&format!("pkg:{kind}/")))
    };
    packages.filter(is_listed).collect()
}

/// How far a list has what another has.
pub(crate) struct Score {
    theirs: BTreeSet<String>,
    ours: BTreeSet<String>,
}

/// The scores of names with versions, of package URLs without their qualifiers, and of whole package URLs.
pub(crate) fn scores(theirs: &BTreeSet<Package>, ours: &BTreeSet<Package>) -> [Score; 3] {
    let named = |package: &Package| format!("{} {}", package.name, package.version);
    let bare = |package: &Package| bare(&package.purl);
    let whole = |package: &Package| package.purl.clone();
    let score = |by: &dyn Fn(&Package) -> String| Score {
        theirs: theirs.iter().map(by).collect(),
        ours: ours.iter().map(by).collect(),
    };
    [score(&named), score(&bare), score(&whole)]
}

/// Without qualifiers; a part of a package is a package of its own.
fn bare(purl: &str) -> String {
    let (purl, part) = purl.split_once('#').unwrap_or((purl, ""));
    let purl = purl.split('?').next().unwrap_or(purl);
    format!("{purl}#{part}")
}

impl Score {
    /// What we lack.
    pub(crate) fn missing(&self) -> Vec<&String> {
        self.theirs.difference(&self.ours).take(10).collect()
    }

    /// What we have and they have not.
    pub(crate) fn extra(&self) -> Vec<&String> {
        self.ours.difference(&self.theirs).take(10).collect()
    }

    /// Whether both have the same.
    pub(crate) fn is_whole(&self) -> bool {
        self.theirs == self.ours
    }

    /// Whether recall and precision are at least 0.98.
    pub(crate) fn is_enough(&self) -> bool {
        self.of(&self.theirs) >= ENOUGH && self.of(&self.ours) >= ENOUGH
    }

    /// Which part of `all` both have.
    fn of(&self, all: &BTreeSet<String>) -> f64 {
        let both = self.theirs.intersection(&self.ours).count();
        both as f64 / all.len().max(1) as f64
    }
}

/// Recall and precision.
impl fmt::Display for Score {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3} / {:.3}", self.of(&self.theirs), self.of(&self.ours))
    }
}

const KINDS: [&str; 8] = ["apk", "cargo", "deb", "golang", "maven", "npm", "pypi", "rpm"];
const ENOUGH: f64 = 0.98;
