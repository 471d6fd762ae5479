//! What cosign adds to the payload of a `.sig` layer when it prints one: what is attached, and whom the certificate names.

use countersign_core::bundle::Format;
use countersign_core::bundle::legacy::{log_entry_to_json, timestamp_to_json};
use countersign_core::certificate::{Certificate, FulcioExtension};
use countersign_core::verify::VerifiedSignature;
use serde_json::{Map, Value};

/// Adds to the annotations of a payload what belongs to its signature.
pub(super) fn add(optional: Option<Map<String, Value>>, signature: &VerifiedSignature) -> Option<Map<String, Value>> {
    if signature.format() != Format::LegacyLayer {
        return optional;
    }
    let mut added = Map::new();
    let entries = signature.attached_log_entries().iter();
    let entry = entries.filter_map(|entry| log_entry_to_json(entry).ok()).next();
    let token = signature.attached_timestamps().first().map(timestamp_to_json);
    for (name, written) in [("Bundle", entry), ("RFC3161Timestamp", token)] {
        if let Some(value) = written.and_then(|json| serde_json::from_slice(&json).ok()) {
            added.insert(name.to_owned(), value);
        }
    }
    if let Some(certificate) = signature.certificate() {
        name(certificate, &mut added);
    }
    if added.is_empty() {
        return optional;
    }
    let mut all = optional.unwrap_or_default();
    all.extend(added);
    Some(all)
}

/// Whom the certificate names, in the lines that cosign prints beside a payload; none for a key.
pub(super) fn lines(signature: &VerifiedSignature) -> String {
    let Some(certificate) = signature.certificate() else {
        return String::new();
    };
    let extensions = certificate.extensions();
    let subject = certificate.names().first().map(ToString::to_string);
    let named = [
        ("Certificate subject", Some(subject.as_deref().unwrap_or_default())),
        ("Certificate issuer URL", extensions.issuer()),
    ];
    let claimed = GITHUB.map(|(extension, _)| (extension.name(), extensions.value(extension)));
    let lines = named.into_iter().chain(claimed);
    lines
        .filter_map(|(name, value)| Some(format!("{name}: {}\n", plain(value?))))
        .collect()
}

/// A text that steers no terminal.
fn plain(text: &str) -> String {
    text.chars().filter(|character| !character.is_control()).collect()
}

/// Whom the certificate names, by cosign's names and by the numbers of Fulcio's extensions.
fn name(certificate: &Certificate, to: &mut Map<String, Value>) {
    if let Some(subject) = certificate.names().first() {
        to.insert("Subject".to_owned(), subject.to_string().into());
    }
    let extensions = certificate.extensions();
    if let Some(issuer) = extensions.issuer() {
        to.insert("Issuer".to_owned(), issuer.into());
        to.insert(identifier(FulcioExtension::DeprecatedIssuer), issuer.into());
    }
    for (extension, name) in GITHUB {
        if let Some(value) = extensions.value(extension) {
            to.insert(name.to_owned(), value.into());
            to.insert(identifier(extension), value.into());
        }
    }
}

fn identifier(extension: FulcioExtension) -> String {
    format!("1.3.6.1.4.1.57264.1.{}", extension.number())
}

const GITHUB: [(FulcioExtension, &str); 5] = [
    (FulcioExtension::GithubWorkflowTrigger, "githubWorkflowTrigger"),
    (FulcioExtension::GithubWorkflowSha, "githubWorkflowSha"),
    (FulcioExtension::GithubWorkflowName, "githubWorkflowName"),
    (FulcioExtension::GithubWorkflowRepository, "githubWorkflowRepository"),
    (FulcioExtension::GithubWorkflowRef, "githubWorkflowRef"),
];
