//! `attach attestation`: attestations that another tool made.

use std::collections::BTreeMap;

use bytes::Bytes;
use clap::Args;
use countersign::attachment::Kind;
use countersign::attachment::add::{StatementBundle, add_bundle, add_layers};
use countersign::attachment::legacy::Layer;
use countersign_core::bundle::legacy::{ENVELOPE_MEDIA_TYPE, SIGNATURE};
use countersign_core::envelope::Envelope;
use countersign_core::payload::statement::{PAYLOAD_TYPE, Statement};
use serde_json::value::RawValue;

use super::{input, subject};
use crate::args::attachment::{self, LocationArgs};
use crate::args::image::ImageArg;
use crate::args::registry::RegistryArgs;
use crate::args::usage::{UsageError, UsageKind};
use crate::commands::Subcommand;
use crate::failure::Failure;
use crate::session::Session;

/// Attaches attestations
#[derive(Args)]
pub(crate) struct Attestation {
    #[command(flatten)]
    image: ImageArg,

    /// A file with signed envelopes (DSSE), one after the other, or with a bundle; - for standard input; repeat it for several
    #[arg(long, value_name = "FILE")]
    attestation: Vec<String>,

    #[command(flatten)]
    location: LocationArgs,

    #[command(flatten)]
    registry: RegistryArgs,
}

/// What the files hold, in their order.
#[derive(Default)]
struct Given {
    layers: Vec<Layer>,
    bundles: Vec<StatementBundle>,
}

impl Subcommand for Attestation {
    const NAME: &'static str = "attach attestation";
    const ABOUT: &'static str = "Attaches attestations that another tool made to an image";
    const ARGUMENTS: &'static str = "IMAGE";

    fn run(self, session: &Session<'_>) -> Result<(), Failure> {
        let reference = self.image.reference()?;
        if self.attestation.is_empty() {
            let flags = "attestation".to_owned();
            return Err(UsageError::new(UsageKind::Required { flags }).into());
        }
        let mut given = Given::default();
        for path in &self.attestation {
            session.ui().info(&format!("Using payload from: {path}"));
            given.read(path, input(path, LIMIT, session)?.into())?;
        }
        let registry = self.registry.open(session)?;
        session.wait(async {
            let subject = subject(&reference, &registry).await?;
            let location = self.location.of(&subject.image, session)?;
            for bundle in &given.bundles {
                add_bundle(bundle, &subject.descriptor, &registry, &location, session.now()).await?;
            }
            if !given.layers.is_empty() {
                let digest = subject.image.digest();
                let types = attachment::media_types(session);
                add_layers(&given.layers, digest, Kind::Attestation, &registry, &location, types).await?;
            }
            Ok(())
        })
    }
}

impl Given {
    fn read(&mut self, path: &str, bytes: Bytes) -> Result<(), Failure> {
        let before = self.layers.len() + self.bundles.len();
        for one in serde_json::Deserializer::from_slice(&bytes).into_iter::<&RawValue>() {
            let json = one
                .map_err(|error| UsageError::because(format!("{path}: expected signed envelopes, JSON: {error}")))?
                .get()
                .as_bytes();
            let json = bytes.slice_ref(json);
            if StatementBundle::is_named_in(&json) {
                let bundle = StatementBundle::parse(json).map_err(|source| Failure::NotAttachable {
                    path: path.to_owned(),
                    source,
                })?;
                self.bundles.push(bundle);
            } else {
                self.layers.push(layer(path, json)?);
            }
        }
        if self.layers.len() + self.bundles.len() == before {
            return Err(UsageError::because(format!("{path}: there is no envelope in it")).into());
        }
        Ok(())
    }
}

/// An envelope as a layer, byte for byte, with the predicate type that its statement has.
fn layer(path: &str, json: Bytes) -> Result<Layer, Failure> {
    let envelope = Envelope::parse(&json).map_err(|source| Failure::Envelope {
        path: path.to_owned(),
        source,
    })?;
    if envelope.payload_type() != PAYLOAD_TYPE {
        return Err(UsageError::because(format!(
            "{path}: invalid payloadType {} on envelope. Expected {PAYLOAD_TYPE}",
            envelope.payload_type()
        ))
        .into());
    }
    let mut annotations = BTreeMap::from([(SIGNATURE.to_owned(), String::new())]);
    if let Ok(statement) = Statement::parse(envelope.payload()) {
        annotations.insert(PREDICATE_TYPE.to_owned(), statement.predicate_type().to_owned());
    }
    Ok(Layer::of(ENVELOPE_MEDIA_TYPE, json, annotations))
}

/// The most bytes of a file of attestations.
const LIMIT: u64 = 128 * 1024 * 1024;
/// The annotation of such a layer that repeats its predicate type.
const PREDICATE_TYPE: &str = "predicateType";
