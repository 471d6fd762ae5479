//! What cosign adds to the payload of a `.sig` layer when it prints one: what is attached, and whom the certificate names.

use countersign_core::bundle::Format;
use countersign_core::certificate::{Certificate, FulcioExtension};
use countersign_core::go_json::encode_bytes;
use countersign_core::log::LogEntry;
use countersign_core::timestamp::TimestampToken;
use countersign_core::verify::VerifiedSignature;
use serde_json::{Map, Value, json};

/// Adds to the annotations of a payload what belongs to its signature.
pub(super) fn add(optional: Option<Map<String, Value>>, signature: &VerifiedSignature) -> Option<Map<String, Value>> {
    if signature.format() != Format::LegacyLayer {
        return optional;
    }
    let mut added = Map::new();
    if let [entry, ..] = signature.attached_log_entries() {
        added.insert("Bundle".to_owned(), promised(entry));
    }
    if let [token, ..] = signature.attached_timestamps() {
        added.insert("RFC3161Timestamp".to_owned(), stamped(token));
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

/// A log entry with its promise, as the layer has it.
fn promised(entry: &LogEntry) -> Value {
    json!({
        "SignedEntryTimestamp": encode_bytes(entry.promise().unwrap_or_default()),
        "Payload": {
            "body": encode_bytes(entry.body()),
            "integratedTime": entry.integrated_time().unwrap_or_default(),
            "logIndex": entry.log_index(),
            "logID": hex(entry.log_id().as_bytes()),
        },
    })
}

fn stamped(token: &TimestampToken) -> Value {
    json!({ "SignedRFC3161Timestamp": encode_bytes(token.as_der()) })
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
    for (extension, name) in [
        (FulcioExtension::GithubWorkflowTrigger, "githubWorkflowTrigger"),
        (FulcioExtension::GithubWorkflowSha, "githubWorkflowSha"),
        (FulcioExtension::GithubWorkflowName, "githubWorkflowName"),
        (FulcioExtension::GithubWorkflowRepository, "githubWorkflowRepository"),
        (FulcioExtension::GithubWorkflowRef, "githubWorkflowRef"),
    ] {
        if let Some(value) = extensions.value(extension) {
            to.insert(name.to_owned(), value.into());
            to.insert(identifier(extension), value.into());
        }
    }
}

fn identifier(extension: FulcioExtension) -> String {
    format!("1.3.6.1.4.1.57264.1.{}", extension.number())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
