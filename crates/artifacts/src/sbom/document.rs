//! Documents that list packages: the same bytes for the same list, whenever and wherever they are made.

mod cyclonedx;
mod spdx;

use countersign_core::Digest;
use jiff::Timestamp;

use super::package::{Package, clean};
use super::{Catalogue, Evidence};

/// The form of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Form {
    /// CycloneDX 1.6, JSON.
    CycloneDxJson,
    /// SPDX 2.3, JSON.
    SpdxJson,
    /// SPDX 2.3, lines of tags and values.
    SpdxTagValue,
}

impl Form {
    /// The media type of such a document.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::CycloneDxJson => "application/vnd.cyclonedx+json",
            Self::SpdxJson => "text/spdx+json",
            Self::SpdxTagValue => "text/spdx",
        }
    }
}

/// What a document says besides the packages.
#[derive(Clone, Debug)]
pub struct About {
    /// The name of the image or folder.
    pub name: String,
    /// The repository of an image, without tag or digest; none where it is not in a registry.
    pub repository: Option<String>,
    /// When it was made.
    pub created: Timestamp,
    /// The name and version of the program that makes it.
    pub tool: (&'static str, String),
}

/// Writes a document; a line end is its last byte.
pub fn document(catalogue: &Catalogue, about: &About, form: Form) -> Vec<u8> {
    let draft = Draft::of(catalogue, about);
    let mut document = match form {
        Form::CycloneDxJson => cyclonedx::json(&draft).to_string(),
        Form::SpdxJson => spdx::json(&draft).to_string(),
        Form::SpdxTagValue => spdx::tag_value(&draft),
    };
    if !document.ends_with('\n') {
        document.push('\n');
    }
    document.into_bytes()
}

/// What every form says.
struct Draft<'a> {
    catalogue: &'a Catalogue,
    name: String,
    created: String,
    tool: (&'static str, &'a str),
    /// Differs where the documents do.
    id: String,
    purl: Option<String>,
}

impl<'a> Draft<'a> {
    fn of(catalogue: &'a Catalogue, about: &'a About) -> Self {
        let created = about.created.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let name = clean(&about.name);
        let mut all = format!("{name}\n{created}\n{} {}\n", about.tool.0, about.tool.1);
        for package in &catalogue.packages {
            all.push_str(&format!("{} {package:?}\n", package.kind.name()));
        }
        Self {
            purl: purl(catalogue, about),
            id: uuid(&Digest::sha256(all.as_bytes())),
            tool: (about.tool.0, &about.tool.1),
            catalogue,
            name,
            created,
        }
    }
}

/// The package URL of the image itself.
fn purl(catalogue: &Catalogue, about: &About) -> Option<String> {
    let (digest, repository) = (catalogue.digest.as_ref()?, about.repository.as_deref()?);
    let name = repository.rsplit('/').next().unwrap_or(repository);
    let (algorithm, hex) = (digest.algorithm().name(), digest.hex());
    let mut purl = format!("pkg:oci/{name}@{algorithm}%3A{hex}?repository_url=");
    for byte in repository.bytes() {
        match byte {
            b'/' | b'.' | b'-' | b'_' => purl.push(char::from(byte)),
            byte if byte.is_ascii_alphanumeric() => purl.push(char::from(byte)),
            byte => purl.push_str(&format!("%{byte:02X}")),
        }
    }
    Some(purl)
}

/// A UUID that is made of a digest (RFC 9562, §5.8).
fn uuid(digest: &Digest) -> String {
    let hex = digest.hex();
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    format!(
        "{}-{}-8{}-a{}-{}",
        part(0, 8),
        part(8, 12),
        part(13, 16),
        part(17, 20),
        part(20, 32)
    )
}

/// A name for a package in the document, of letters and digits.
fn reference(package: &Package) -> String {
    let all = format!("{}\n{}\n{:?}", package.name, package.version, package.purl);
    let digest = Digest::sha256(all.as_bytes());
    format!("{}-{}", package.kind.name(), digest.hex().get(..16).unwrap_or_default())
}

/// Where it was found, for people.
fn shown(evidence: &Evidence) -> String {
    match &evidence.layer {
        Some(layer) => format!("{} ({layer})", evidence.path),
        None => evidence.path.clone(),
    }
}
