//! `bundle inspect`: what is in a bundle, unverified.

use std::fmt::Write as _;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use clap::Args;
use countersign_core::bundle::{Content, Format, KeyMaterial, Version};
use countersign_core::envelope::Envelope;
use countersign_core::log::LogEntry;
use countersign_core::payload::statement::{PAYLOAD_TYPE, Statement};
use countersign_core::{Bundle, Digest};
use jiff::Timestamp;
use serde::Deserialize;

use super::read;
use crate::args::image::exactly_one;
use crate::commands::{Fallback, Subcommand};
use crate::failure::Failure;
use crate::session::Session;

/// Shows a bundle
#[derive(Args)]
pub(crate) struct Inspect {
    /// The file with the bundle
    #[arg(value_name = "BUNDLE")]
    bundles: Vec<String>,
}

impl Subcommand for Inspect {
    const NAME: &'static str = "bundle inspect";
    const ABOUT: &'static str = "Shows what is in a bundle, without verifying it";
    const ARGUMENTS: &'static str = "BUNDLE";
    const FALLBACK: Fallback = Fallback::None;

    fn run(self, session: &Session<'_>) -> Result<(), Failure> {
        let (bytes, bundle) = read(exactly_one(&self.bundles)?, session)?;
        session
            .ui()
            .warn("This command only inspects the contents of the bundle.");
        session
            .ui()
            .info("It does not perform cryptographic verification or verify log inclusion.\n");
        let mut list = List::default();
        list.item(0, "Bundle Media Type", &media_type(&bytes));
        list.item(0, "Verification Material", "");
        material(&mut list, &bundle);
        list.item(0, "Content", "");
        content(&mut list, &bundle);
        session.ui().print(list.text.as_bytes())
    }
}

/// Indented items, with nothing in them that could steer a terminal.
#[derive(Default)]
struct List {
    text: String,
}

impl List {
    fn item(&mut self, depth: usize, label: &str, value: &str) {
        let indent = "  ".repeat(depth);
        let value: String = value
            .chars()
            .flat_map(|character| {
                let is_shown = !character.is_control();
                let shown = is_shown.then_some(character);
                let escaped = (!is_shown).then(|| character.escape_default());
                shown.into_iter().chain(escaped.into_iter().flatten())
            })
            .collect();
        let space = if value.is_empty() { "" } else { " " };
        let _infallible = writeln!(self.text, "{indent}- {label}:{space}{value}");
    }

    fn present(&mut self, depth: usize, label: &str, bytes: &[u8]) {
        self.item(depth, label, &format!("Present ({} bytes)", bytes.len()));
    }
}

/// The media type as it is written, which has several spellings for one version.
fn media_type(bytes: &[u8]) -> String {
    #[derive(Deserialize)]
    struct Named {
        #[serde(rename = "mediaType")]
        media_type: String,
    }
    serde_json::from_slice::<Named>(bytes).map_or_else(|_| String::new(), |named| named.media_type)
}

fn material(list: &mut List, bundle: &Bundle) {
    match bundle.key_material() {
        KeyMaterial::PublicKey { hint } => {
            list.item(1, "Content", "Public Key Identifier");
            match hint.as_deref().filter(|hint| !hint.is_empty()) {
                Some(hint) => list.item(2, "Hint", &shown_hint(hint)),
                None => list.item(2, WARNING, "Public key hint is empty"),
            }
        }
        KeyMaterial::Certificates(chain) => certificates(list, chain, bundle.format()),
        _ => list.item(1, "Content", "not declared"),
    }
    if !bundle.log_entries().is_empty() {
        list.item(1, "Transparency Log Entries", &bundle.log_entries().len().to_string());
        for (index, entry) in bundle.log_entries().iter().enumerate() {
            list.item(2, &format!("Entry [{index}]"), "");
            log_entry(list, entry);
        }
    }
    if !bundle.timestamps().is_empty() {
        list.item(1, "Timestamp Verification Data", "");
        list.item(2, "RFC3161 Timestamps", &bundle.timestamps().len().to_string());
        for (index, timestamp) in bundle.timestamps().iter().enumerate() {
            list.present(3, &format!("Timestamp [{index}]"), timestamp.as_der());
        }
    }
}

/// Certificates by size and digest: nothing reads what is in them yet.
fn certificates(list: &mut List, chain: &[Vec<u8>], format: Format) {
    let is_new = format == Format::Bundle(Version::V03);
    match chain {
        [leaf] if is_new => {
            list.item(1, "Content", "X.509 Certificate");
            list.present(2, "Certificate", leaf);
            list.item(2, "SHA-256", Digest::sha256(leaf).hex());
        }
        chain => {
            list.item(1, "Content", "X.509 Certificate Chain");
            list.item(2, "Certificates", &chain.len().to_string());
            for (index, certificate) in chain.iter().enumerate() {
                list.present(2, &format!("Certificate [{index}]"), certificate);
                list.item(3, "SHA-256", Digest::sha256(certificate).hex());
            }
            if is_new {
                list.item(2, WARNING, "v0.3 bundle should use single certificate, not chain");
            }
        }
    }
}

fn log_entry(list: &mut List, entry: &LogEntry) {
    list.item(3, "Kind", entry.kind().name());
    list.item(3, "Version", entry.kind().version());
    list.item(3, "Log Index", &entry.log_index().to_string());
    list.item(3, "Log ID", &hexadecimal(entry.log_id().as_bytes()));
    let time = entry.integrated_time().and_then(|at| Timestamp::from_second(at).ok());
    let time = time.map_or_else(|| "0 (Not set)".to_owned(), |at| at.to_string());
    list.item(3, "Integrated Time", &time);
    if let Some(promise) = entry.promise() {
        list.item(3, "Inclusion Promise", "");
        list.present(4, "Signed Entry Timestamp", promise);
    }
    if let Some(proof) = entry.proof() {
        list.item(3, "Inclusion Proof", "");
        list.item(4, "Log Index", &proof.log_index().to_string());
        list.item(4, "Tree Size", &proof.tree_size().to_string());
        list.item(4, "Root Hash", &hexadecimal(proof.root_hash()));
        list.item(4, "Hashes", &proof.hashes().len().to_string());
        if let Some(checkpoint) = proof.checkpoint() {
            list.item(4, "Checkpoint", checkpoint.lines().next().unwrap_or_default());
        }
    }
    list.present(3, "Canonicalized Body", entry.body());
}

fn content(list: &mut List, bundle: &Bundle) {
    match bundle.content() {
        Content::Envelope(signed) => envelope(list, signed.envelope()),
        Content::Message(message) => {
            list.item(1, "Type", "Message Signature");
            if let Some(digest) = message.digest() {
                list.item(1, "Message Digest", "");
                list.item(2, "Algorithm", digest.algorithm());
                list.item(2, "Digest", &hexadecimal(digest.as_bytes()));
            }
            list.present(1, "Signature", message.signature().as_bytes());
        }
        _ => list.item(1, "Type", "not a bundle's"),
    }
}

fn envelope(list: &mut List, envelope: &Envelope) {
    list.item(1, "Type", "DSSE Envelope");
    list.item(1, "Payload Type", envelope.payload_type());
    list.present(1, "Payload", envelope.payload());
    if envelope.payload_type() == PAYLOAD_TYPE {
        match Statement::parse(envelope.payload()) {
            Ok(statement) => stated(list, &statement),
            Err(error) => list.item(1, WARNING, &error.to_string()),
        }
    }
    list.item(1, "Signatures", &envelope.signatures().len().to_string());
    for (index, signature) in envelope.signatures().iter().enumerate() {
        list.item(2, &format!("Signature [{index}]"), "");
        list.present(3, "Signature", signature.signature().as_bytes());
        if let Some(id) = signature.key_id() {
            list.item(3, "Key Hint", &shown_hint(id));
        }
    }
}

fn stated(list: &mut List, statement: &Statement) {
    list.item(1, "Payload Content (in-toto)", "");
    list.item(2, "Predicate Type", statement.predicate_type());
    list.item(2, "Subjects", &statement.subjects().len().to_string());
    for subject in statement.subjects().iter().take(SUBJECTS) {
        if let Some(name) = subject.name() {
            list.item(3, "Name", name);
        }
        for (algorithm, hex) in subject.digests() {
            list.item(3, algorithm, hex);
        }
    }
    if statement.subjects().len() > SUBJECTS {
        list.item(3, "and more", &(statement.subjects().len() - SUBJECTS).to_string());
    }
}

/// A hint is base64 of a hash for the most part, and cosign shows it in hexadecimal.
fn shown_hint(hint: &str) -> String {
    match STANDARD.decode(hint) {
        Ok(bytes) => hexadecimal(&bytes),
        Err(_) => hint.to_owned(),
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _infallible = write!(text, "{byte:02x}");
        text
    })
}

const WARNING: &str = "[!] WARNING";
/// How many subjects are shown.
const SUBJECTS: usize = 20;
