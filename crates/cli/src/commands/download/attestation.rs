//! `download attestation`: every attestation of an image, a line each.

use clap::{Args, ValueEnum};
use countersign::attachment::Kind;
use countersign::attachment::download::Stored;
use countersign::attachment::referrer::BUNDLE_PREFIX;
use countersign_core::Bundle;
use countersign_core::bundle::Content;
use countersign_core::bundle::legacy::ENVELOPE_MEDIA_TYPE;
use countersign_core::envelope::Envelope;
use countersign_core::go_json;
use countersign_core::payload::predicate::PredicateType;
use countersign_core::payload::statement::{SIGN_PREDICATE_TYPE, Statement};
use serde::{Deserialize, Serialize};

use super::{DownloadArgs, print_lines, statement_of};
use crate::args::usage::UsageError;
use crate::commands::Subcommand;
use crate::diagnostic::chain;
use crate::failure::Failure;
use crate::session::Session;

/// Prints attestations
#[derive(Args)]
pub(crate) struct Attestation {
    #[command(flatten)]
    download: DownloadArgs,

    /// Prints only attestations of this type: a URI, or a name such as spdxjson
    #[arg(long, value_name = "TYPE")]
    predicate_type: Option<String>,

    /// Prints what is signed (envelope) or only what is claimed (predicate)
    #[arg(short, long, value_name = "FORM", value_enum, default_value_t = Form::Envelope)]
    output: Form,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Form {
    Envelope,
    Predicate,
}

impl Subcommand for Attestation {
    const NAME: &'static str = "download attestation";
    const ABOUT: &'static str = "Prints an image's attestations of both formats, JSON, a line each, unverified";
    const ARGUMENTS: &'static str = "IMAGE";

    fn run(self, session: &Session<'_>) -> Result<(), Failure> {
        let wanted: Option<PredicateType> = match self.predicate_type.as_deref().filter(|text| !text.is_empty()) {
            Some(text) => Some(text.parse().map_err(|error| UsageError::because(format!("{error}")))?),
            None => None,
        };
        let registry = self.download.registry.open(session)?;
        let is_wanted = |_: &_, layer: &countersign_oci::Descriptor| {
            layer.media_type.starts_with(BUNDLE_PREFIX) || layer.media_type == ENVELOPE_MEDIA_TYPE
        };
        let work = self.download.fetch(Kind::Attestation, &is_wanted, &registry, session);
        let (_, found) = session.wait(work)?;
        let printed = print_lines(&found, session, |stored, content| {
            line(stored, content, wanted.as_ref(), self.output)
        })?;
        match wanted {
            Some(wanted) if printed == 0 => Err(Failure::NoAttestations {
                predicate_type: wanted.uri().to_owned(),
            }),
            _ => Ok(()),
        }
    }
}

/// A bundle as it is stored, a layer of an attestation tag as cosign prints it, or the predicate of either.
fn line(
    stored: &Stored,
    content: &[u8],
    wanted: Option<&PredicateType>,
    output: Form,
) -> Result<Option<Vec<u8>>, String> {
    let is_bundle = stored.layer.media_type.starts_with(BUNDLE_PREFIX);
    let statement = if is_bundle {
        let bundle = Bundle::from_json(content).map_err(|error| chain(&error))?;
        if !matches!(bundle.content(), Content::Envelope(_)) {
            return Ok(None);
        }
        statement_of(&bundle)
    } else {
        let envelope = Envelope::parse(content).map_err(|error| chain(&error))?;
        Statement::parse(envelope.payload()).ok()
    };
    let found = statement.as_ref().map(Statement::predicate_type);
    let is_wanted = match wanted {
        Some(wanted) => found == Some(wanted.uri()),
        // A signature is a statement too, but no attestation.
        None => found != Some(SIGN_PREDICATE_TYPE),
    };
    if !is_wanted {
        return Ok(None);
    }
    match output {
        Form::Envelope if is_bundle => Ok(Some(content.to_vec())),
        Form::Envelope => envelope(content).map(Some),
        Form::Predicate => match statement.as_ref().and_then(Statement::predicate) {
            Some(predicate) => Ok(Some(predicate.get().as_bytes().to_vec())),
            None => Err("there is no predicate in it".to_owned()),
        },
    }
}

/// An envelope with its members in cosign's order, their texts as they are stored.
fn envelope(content: &[u8]) -> Result<Vec<u8>, String> {
    let printed: Printed = serde_json::from_slice(content).map_err(|error| error.to_string())?;
    Ok(go_json::to_vec(&printed))
}

#[derive(Deserialize, Serialize)]
struct Printed {
    #[serde(rename = "payloadType")]
    payload_type: String,
    payload: String,
    signatures: Vec<PrintedSignature>,
}

#[derive(Deserialize, Serialize)]
struct PrintedSignature {
    #[serde(default)]
    keyid: String,
    sig: String,
}
