//! Packages: what was found of one, and how it is named.

use std::collections::BTreeSet;

use super::purl::Purl;

/// A package that is in an image or a folder.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Package {
    pub(super) name: String,
    pub(super) version: String,
    pub(super) kind: Kind,
    pub(super) purl: Option<String>,
    pub(super) licence: Option<String>,
    pub(super) evidence: BTreeSet<Evidence>,
}

impl Package {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its version; empty where it has none.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// What it is a package of.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Its package URL; none where that needs a distribution and nothing says which one it is.
    pub fn purl(&self) -> Option<&str> {
        self.purl.as_deref()
    }

    /// The licence that it declares, as it is written there.
    pub fn licence(&self) -> Option<&str> {
        self.licence.as_deref()
    }

    /// The files that say so, sorted.
    pub fn evidence(&self) -> impl Iterator<Item = &Evidence> {
        self.evidence.iter()
    }
}

/// A file that says that a package is there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Evidence {
    /// The path of the file, beginning with a slash; what is in an archive follows after `!/`.
    pub path: String,
    /// The digest of the layer that the file is from; none in a folder.
    pub layer: Option<String>,
}

/// What a package is a package of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Kind {
    /// Alpine's package keeper.
    Apk,
    /// Rust's registry, as `cargo auditable` writes it into programs.
    Cargo,
    /// Debian's package keeper.
    Deb,
    /// Go modules, as every program of Go names them.
    Go,
    /// Java archives.
    Maven,
    /// Node's registry.
    Npm,
    /// Python's registry.
    Python,
    /// The package keeper of Red Hat and SUSE.
    Rpm,
}

impl Kind {
    /// Its type in a package URL.
    pub fn name(self) -> &'static str {
        match self {
            Self::Apk => "apk",
            Self::Cargo => "cargo",
            Self::Deb => "deb",
            Self::Go => "golang",
            Self::Maven => "maven",
            Self::Npm => "npm",
            Self::Python => "pypi",
            Self::Rpm => "rpm",
        }
    }
}

/// What a file says of a package, before it is known what distribution it is in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) name: String,
    pub(super) version: String,
    pub(super) licence: Option<String>,
    /// What the package URL has where that is not the same.
    pub(super) namespace: String,
    pub(super) purl_name: Option<String>,
    pub(super) purl_version: Option<String>,
    pub(super) subpath: String,
    /// Qualifiers of the package URL.
    pub(super) qualifiers: Vec<(&'static str, String)>,
    /// Where in an archive it was found.
    pub(super) within: String,
}

impl Found {
    /// A package with a name and a version.
    pub(super) fn new(name: &str, version: &str) -> Self {
        Self {
            name: clean(name),
            version: clean(version),
            ..Self::default()
        }
    }

    /// The package URL, in the distribution `release` where the kind has one.
    pub(super) fn purl(&self, kind: Kind, release: Option<&Release>) -> Option<String> {
        let mut purl = Purl {
            kind: kind.name(),
            namespace: self.namespace.clone(),
            name: self.purl_name.as_deref().unwrap_or(&self.name),
            version: self.purl_version.as_deref().unwrap_or(&self.version),
            qualifiers: self.qualifiers.clone(),
            subpath: &self.subpath,
        };
        match (kind, release) {
            (Kind::Deb, Some(release)) if !release.is_like("debian") => return None,
            (Kind::Apk | Kind::Deb, None) => return None,
            (Kind::Apk | Kind::Deb | Kind::Rpm, Some(release)) => {
                purl.namespace = match (kind, release.id.as_str()) {
                    (Kind::Rpm, "rhel") => "redhat".to_owned(),
                    (Kind::Apk, id) => id.to_ascii_lowercase(),
                    (_, id) => id.to_owned(),
                };
                purl.qualifiers.push(("distro", release.distro()));
            }
            _ => {}
        }
        Some(purl.to_string())
    }
}

/// A distribution (os-release(5)).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Release {
    pub(super) id: String,
    pub(super) like: Vec<String>,
    pub(super) version: String,
    pub(super) pretty: String,
}

impl Release {
    fn is_like(&self, id: &str) -> bool {
        self.id == id || self.like.iter().any(|like| like == id)
    }

    /// What package URLs call it.
    fn distro(&self) -> String {
        let parts = [self.id.as_str(), self.version.as_str()];
        parts
            .into_iter()
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>()
            .join("-")
    }
}

/// A text as a document may hold it: without control characters, which would forge lines of a tag-value document, and
/// not longer than any real name.
pub(super) fn clean(text: &str) -> String {
    let is_fine = |c: &char| !c.is_control();
    text.trim().chars().filter(is_fine).take(TEXT_LIMIT).collect()
}

/// The most characters that a name or a version may have.
const TEXT_LIMIT: usize = 512;
