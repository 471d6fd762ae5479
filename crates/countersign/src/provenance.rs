//! Provenance files of Helm charts: a chart's metadata and the hash of its archive, signed in clear with OpenPGP.

use countersign_core::Digest;
use countersign_core::openpgp::{self, Keyring, Refusal, SignedText};
use jiff::Timestamp;
use serde_json::Value;

use crate::mentions::MentionsError;
use crate::policy_file::to_json;

/// The chart that a provenance file must be about.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// The name of the archive's file.
    pub file_name: &'a str,
    /// The bytes of the archive.
    pub archive: &'a [u8],
    /// The chart's name, as the archive says it.
    pub name: &'a str,
    /// The chart's version, as the archive says it.
    pub version: &'a str,
}

/// A provenance file that is about the chart, and signed by a key of the keyring.
#[derive(Clone, Debug)]
pub struct Verified {
    signed: SignedText,
    digest: Digest,
}

impl Verified {
    /// Who signed it, and what.
    pub fn signed(&self) -> &SignedText {
        &self.signed
    }

    /// The digest of the archive.
    pub fn digest(&self) -> &Digest {
        &self.digest
    }
}

/// Verifies that the provenance file is signed by a key of `keyring`, and names the archive's hash, its file, and the
/// chart's name and version.
///
/// # Errors
/// [`ProvenanceError`].
pub fn verify(
    provenance: &[u8],
    subject: &Subject<'_>,
    keyring: &Keyring,
    now: Timestamp,
) -> Result<Verified, ProvenanceError> {
    let signed = openpgp::read(provenance, keyring, now)?;
    let parts: Vec<&str> = signed.text().split(SEPARATOR).collect();
    let [metadata, sums] = *parts else {
        return Err(ProvenanceError::Parts { found: parts.len() });
    };
    let metadata = document(metadata)?;
    for (field, expected) in [("name", subject.name), ("version", subject.version)] {
        let found = metadata.get(field).and_then(Value::as_str).unwrap_or_default();
        if found != expected {
            return Err(ProvenanceError::Metadata {
                field,
                expected: expected.to_owned(),
                found: found.to_owned(),
            });
        }
    }
    let digest = Digest::sha256(subject.archive);
    let sums = document(sums)?;
    let sum = sums.get("files").and_then(|files| files.get(subject.file_name));
    let Some(sum) = sum.and_then(Value::as_str) else {
        return Err(ProvenanceError::NoHash {
            file_name: subject.file_name.to_owned(),
        });
    };
    if sum != digest.as_str() {
        return Err(ProvenanceError::Hash {
            file_name: subject.file_name.to_owned(),
            expected: sum.to_owned(),
            found: digest,
        });
    }
    Ok(Verified { signed, digest })
}

fn document(text: &str) -> Result<Value, ProvenanceError> {
    Ok(to_json(text.as_bytes())?)
}

/// Why a provenance file does not vouch for a chart.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProvenanceError {
    /// It is not signed by a key of the keyring.
    #[error("the provenance file is not signed by a key of the keyring")]
    Signature(#[from] Refusal),
    /// It has not the two parts that it must have.
    #[error("message block must have two parts, found {found}")]
    Parts {
        /// How many it has.
        found: usize,
    },
    /// A part is no YAML.
    #[error("the provenance file is signed, and cannot be read")]
    Yaml(#[from] MentionsError),
    /// It is about another chart.
    #[error("the provenance file is of a chart with the {field} {found:?}, expected {expected:?}")]
    Metadata {
        /// What it says of the chart.
        field: &'static str,
        /// What it should say.
        expected: String,
        /// What it says.
        found: String,
    },
    /// It does not name the archive; Helm's words.
    #[error("provenance does not contain a SHA for a file named {file_name:?}")]
    NoHash {
        /// The name of the archive's file.
        file_name: String,
    },
    /// It names another archive; Helm's words.
    #[error("sha256 sum does not match for {file_name}: {expected:?} != \"{found}\"")]
    Hash {
        /// The name of the archive's file.
        file_name: String,
        /// What the provenance file says.
        expected: String,
        /// The archive's digest.
        found: Digest,
    },
}

/// What stands between the metadata and the hashes; YAML's own `---` would have to be escaped.
const SEPARATOR: &str = "\n...\n";
