//! `download signature`: every signature of an image, a line each.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use clap::Args;
use countersign::attachment::Kind;
use countersign::attachment::download::Stored;
use countersign::attachment::legacy::SIMPLE_SIGNING;
use countersign::attachment::referrer::BUNDLE_PREFIX;
use countersign_core::Bundle;
use countersign_core::bundle::legacy::{LOG_ENTRY, SIGNATURE, TIMESTAMP};
use countersign_core::bundle::{Content, KeyMaterial};
use countersign_core::go_json;
use countersign_core::payload::statement::SIGN_PREDICATE_TYPE;
use serde::Serialize;
use serde_json::value::RawValue;

use super::{DownloadArgs, print_lines, statement_of};
use crate::commands::Subcommand;
use crate::diagnostic::chain;
use crate::failure::Failure;
use crate::session::Session;

/// Prints signatures
#[derive(Args)]
pub(crate) struct Signature {
    #[command(flatten)]
    download: DownloadArgs,
}

impl Subcommand for Signature {
    const NAME: &'static str = "download signature";
    const ABOUT: &'static str = "Prints an image's signatures of both formats, JSON, a line each, unverified";
    const ARGUMENTS: &'static str = "IMAGE";

    fn run(self, session: &Session<'_>) -> Result<(), Failure> {
        let reference = self.download.image.reference()?;
        let registry = self.download.registry.open(session)?;
        let is_wanted = |_: &_, layer: &countersign_oci::Descriptor| {
            layer.media_type.starts_with(BUNDLE_PREFIX) || layer.media_type == SIMPLE_SIGNING
        };
        let work = self.download.fetch(Kind::Signature, &is_wanted, &registry, session);
        let (_, found) = session.wait(work)?;
        match print_lines(&found, session, line)? {
            0 => Err(Failure::NoSignatures {
                reference: reference.to_string(),
            }),
            _ => Ok(()),
        }
    }
}

/// A bundle as it is stored, where it is a signature; a layer of a signature tag as cosign prints it.
fn line(stored: &Stored, content: &[u8]) -> Result<Option<Vec<u8>>, String> {
    if !stored.layer.media_type.starts_with(BUNDLE_PREFIX) {
        return layer(content, &stored.layer.annotations).map(Some);
    }
    let bundle = Bundle::from_json(content).map_err(|error| chain(&error))?;
    let is_signature = match bundle.content() {
        Content::Message(_) => true,
        _ => statement_of(&bundle).is_some_and(|statement| statement.predicate_type() == SIGN_PREDICATE_TYPE),
    };
    Ok(is_signature.then(|| content.to_vec()))
}

fn layer(payload: &[u8], annotations: &BTreeMap<String, String>) -> Result<Vec<u8>, String> {
    let bundle = Bundle::from_legacy_layer(payload.to_vec(), annotations).map_err(|error| chain(&error))?;
    let certificates = match bundle.key_material() {
        KeyMaterial::Certificates(chain) | KeyMaterial::Undeclared(chain) => chain.as_slice(),
        _ => &[],
    };
    let mut certificates = certificates.iter().map(|der| Certificate {
        raw: STANDARD.encode(der),
    });
    let certificate = certificates.next();
    let issuers: Vec<Certificate> = certificates.collect();
    Ok(go_json::to_vec(&Layer {
        signature: annotations.get(SIGNATURE).map_or("", |text| text.trim()),
        payload: STANDARD.encode(payload),
        certificate,
        chain: (!issuers.is_empty()).then_some(issuers),
        log_entry: json(annotations, LOG_ENTRY)?,
        timestamp: json(annotations, TIMESTAMP)?,
    }))
}

fn json<'a>(annotations: &'a BTreeMap<String, String>, name: &str) -> Result<Option<&'a RawValue>, String> {
    match annotations
        .get(name)
        .map(|text| text.trim())
        .filter(|text| !text.is_empty())
    {
        Some(text) => serde_json::from_str(text).map_err(|error| format!("{name}: {error}")),
        None => Ok(None),
    }
}

/// Members in cosign's order and spelling.
#[derive(Serialize)]
struct Layer<'a> {
    #[serde(rename = "Base64Signature")]
    signature: &'a str,
    #[serde(rename = "Payload")]
    payload: String,
    #[serde(rename = "Cert")]
    certificate: Option<Certificate>,
    #[serde(rename = "Chain")]
    chain: Option<Vec<Certificate>>,
    #[serde(rename = "Bundle")]
    log_entry: Option<&'a RawValue>,
    #[serde(rename = "RFC3161Timestamp")]
    timestamp: Option<&'a RawValue>,
}

/// Of the many members that Go gives a certificate, the one that all others are made from.
#[derive(Serialize)]
struct Certificate {
    #[serde(rename = "Raw")]
    raw: String,
}
