//! `attach signature`: a signature that another tool made.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use clap::Args;
use countersign::attachment::Kind;
use countersign::attachment::add::{StatementBundle, add_bundle, add_layers};
use countersign::attachment::legacy::{Layer, SIMPLE_SIGNING};
use countersign::sign::Subject;
use countersign_core::bundle::legacy::{ANNOTATION_LIMIT, CERTIFICATE, CHAIN, LOG_ENTRY, SIGNATURE, TIMESTAMP};
use countersign_core::payload::simple_signing;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{input, subject};
use crate::args::attachment::{self, LocationArgs};
use crate::args::image::ImageArg;
use crate::args::registry::RegistryArgs;
use crate::args::usage::{UsageError, UsageKind};
use crate::commands::Subcommand;
use crate::failure::Failure;
use crate::session::Session;

/// Attaches a signature
#[derive(Args)]
pub(crate) struct Signature {
    #[command(flatten)]
    image: ImageArg,

    /// The file with the signature, base64; - for standard input
    #[arg(long, value_name = "FILE")]
    signature: Option<String>,

    /// The file with the payload that is signed, or with a bundle
    #[arg(long, value_name = "FILE")]
    payload: Option<String>,

    /// The file with a bundle, which is attached as a referrer; the same as --payload
    #[arg(long, value_name = "FILE", conflicts_with = "payload")]
    bundle: Option<String>,

    #[command(flatten)]
    material: MaterialArgs,

    #[command(flatten)]
    location: LocationArgs,

    #[command(flatten)]
    registry: RegistryArgs,
}

/// What is stored beside a signature. Nothing of it is checked.
#[derive(Args)]
struct MaterialArgs {
    /// The file with the signer's certificate, PEM
    #[arg(long, value_name = "FILE", alias = "cert")]
    certificate: Option<String>,

    /// The file with the certificates of the authorities, PEM: the signer's issuer first
    #[arg(long, value_name = "FILE", alias = "cert-chain", requires = "certificate")]
    certificate_chain: Option<String>,

    /// The file with the response of a timestamp authority (RFC 3161), DER
    #[arg(long, value_name = "FILE")]
    tsr: Option<String>,

    /// The file that sign-blob wrote with --bundle, whose log entry is stored
    #[arg(long, value_name = "FILE")]
    rekor_response: Option<String>,
}

/// What is attached.
enum Given {
    Bundle(StatementBundle),
    Layer {
        /// The payload, where one is given.
        payload: Option<Vec<u8>>,
        annotations: BTreeMap<String, String>,
    },
}

impl Subcommand for Signature {
    const NAME: &'static str = "attach signature";
    const ABOUT: &'static str = "Attaches a signature that another tool made to an image";
    const ARGUMENTS: &'static str = "IMAGE";

    fn run(self, session: &Session<'_>) -> Result<(), Failure> {
        let reference = self.image.reference()?;
        let given = self.given(session)?;
        let registry = self.registry.open(session)?;
        session.wait(async {
            let subject = subject(&reference, &registry).await?;
            let location = self.location.of(&subject.image, session)?;
            match given {
                Given::Bundle(bundle) => {
                    add_bundle(&bundle, &subject.descriptor, &registry, &location, session.now()).await?;
                }
                Given::Layer { payload, annotations } => {
                    let payload = payload.unwrap_or_else(|| implied_payload(&subject, session));
                    let layer = Layer::of(SIMPLE_SIGNING, payload.into(), annotations);
                    let digest = subject.image.digest();
                    let types = attachment::media_types(session);
                    add_layers(&[layer], digest, Kind::Signature, &registry, &location, types).await?;
                }
            }
            Ok(())
        })
    }
}

impl Signature {
    fn given(&self, session: &Session<'_>) -> Result<Given, Failure> {
        let payload = match self.bundle.as_ref().or(self.payload.as_ref()) {
            Some(path) => {
                let bytes = input(path, countersign_core::bundle::LIMIT as u64, session)?;
                if self.bundle.is_some() || StatementBundle::is_named_in(&bytes) {
                    return self.bundle(path, bytes);
                }
                Some(bytes)
            }
            None => None,
        };
        let Some(path) = &self.signature else {
            let flags = "signature".to_owned();
            return Err(UsageError::new(UsageKind::Required { flags }).into());
        };
        let mut annotations = self.material.annotations(session)?;
        annotations.insert(SIGNATURE.to_owned(), signature(path, session)?);
        Ok(Given::Layer { payload, annotations })
    }

    fn bundle(&self, path: &str, bytes: Vec<u8>) -> Result<Given, Failure> {
        let ignored = [
            (self.signature.is_some(), "--signature"),
            (self.material.certificate.is_some(), "--certificate"),
            (self.material.tsr.is_some(), "--tsr"),
            (self.material.rekor_response.is_some(), "--rekor-response"),
        ];
        if let Some((_, flag)) = ignored.iter().find(|(is_given, _)| *is_given) {
            let reason = format!("{path} is a bundle, which has everything in it: {flag} has no meaning with it");
            return Err(UsageError::because(reason).into());
        }
        let bundle = StatementBundle::parse(bytes).map_err(|source| Failure::NotAttachable {
            path: path.to_owned(),
            source,
        })?;
        Ok(Given::Bundle(bundle))
    }
}

impl MaterialArgs {
    fn annotations(&self, session: &Session<'_>) -> Result<BTreeMap<String, String>, Failure> {
        let mut annotations = BTreeMap::new();
        if let Some(path) = &self.certificate {
            annotations.insert(CERTIFICATE.to_owned(), text(path, session)?);
            let chain = match &self.certificate_chain {
                Some(path) => text(path, session)?,
                None => String::new(),
            };
            annotations.insert(CHAIN.to_owned(), chain);
        }
        if let Some(path) = &self.tsr {
            let der = STANDARD.encode(input(path, LIMIT, session)?);
            annotations.insert(TIMESTAMP.to_owned(), format!(r#"{{"SignedRFC3161Timestamp":"{der}"}}"#));
        }
        if let Some(path) = &self.rekor_response {
            annotations.insert(LOG_ENTRY.to_owned(), log_entry(path, session)?);
        }
        Ok(annotations)
    }
}

/// The signature of a file in base64, without the line end that would make it unreadable to cosign.
fn signature(path: &str, session: &Session<'_>) -> Result<String, Failure> {
    let text = text(path, session)?;
    let text = text.trim();
    if text.is_empty() {
        return Err(UsageError::because("empty signature").into());
    }
    countersign_core::Signature::from_base64(text).map_err(|source| Failure::Signature {
        path: path.to_owned(),
        source,
    })?;
    Ok(text.to_owned())
}

fn text(path: &str, session: &Session<'_>) -> Result<String, Failure> {
    String::from_utf8(input(path, LIMIT, session)?)
        .map_err(|_| UsageError::because(format!("{path}: expected text, found other bytes")).into())
}

/// The log entry in what cosign's `sign-blob --bundle` writes, as it stands there.
fn log_entry(path: &str, session: &Session<'_>) -> Result<String, Failure> {
    #[derive(Deserialize)]
    struct Signed<'a> {
        #[serde(rename = "rekorBundle", borrow)]
        entry: &'a RawValue,
    }
    let bytes = input(path, LIMIT, session)?;
    let signed: Signed<'_> = serde_json::from_slice(&bytes)
        .map_err(|error| UsageError::because(format!("{path}: expected JSON with a rekorBundle: {error}")))?;
    Ok(signed.entry.get().to_owned())
}

/// The payload that cosign takes where none is given.
fn implied_payload(subject: &Subject, session: &Session<'_>) -> Vec<u8> {
    let image = &subject.image;
    session.ui().warn(&format!(
        "using obsolete implied signature payload data (with digested reference {image}); \
         specify it explicitly with --payload instead"
    ));
    simple_signing::payload(&image.repository().to_string(), image.digest(), &BTreeMap::new())
}

/// The most bytes of a file that becomes an annotation.
const LIMIT: u64 = ANNOTATION_LIMIT as u64;
