//! What is told of attestations: cosign's lines and check list, what they claim, or the versioned object.

use countersign::attachment::Place;
use countersign::verify::Verified;
use countersign_core::verify::VerifiedSignature;
use countersign_oci::Pinned;
use serde::Serialize;
use serde_json::value::RawValue;

use super::VerifyAttestation;
use crate::args::output::AttestationOutput;
use crate::diagnostic::{self, Diagnostic};
use crate::failure::Failure;
use crate::session::Session;
use crate::verdicts::{self, RefusedObject, RunObject, Verdicts};

/// What came out for one image.
pub(super) struct Report {
    shown: String,
    image: Option<Pinned>,
    outcome: Result<Verified, Failure>,
}

impl Report {
    pub(super) fn new(shown: &str, image: &Pinned, outcome: Result<Verified, Failure>) -> Self {
        Self {
            shown: shown.to_owned(),
            image: Some(image.clone()),
            outcome,
        }
    }

    pub(super) fn failed(shown: &str, failure: Failure) -> Self {
        Self {
            shown: shown.to_owned(),
            image: None,
            outcome: Err(failure),
        }
    }
}

/// Tells of one image after the other and remembers the worst.
pub(super) struct Reporter<'a, 'w> {
    command: &'a VerifyAttestation,
    session: &'a Session<'w>,
    form: Form,
    verdicts: Verdicts,
    objects: Vec<ImageObject>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// cosign's: an envelope a line.
    Envelopes,
    Statements,
    Predicates,
    /// One versioned object for the whole run.
    Object,
}

impl<'a, 'w> Reporter<'a, 'w> {
    pub(super) fn new(command: &'a VerifyAttestation, session: &'a Session<'w>) -> Self {
        let form = match command.output {
            Some(AttestationOutput::Json) if session.program() == "countersign" => Form::Object,
            Some(AttestationOutput::Statement) => Form::Statements,
            Some(AttestationOutput::Predicate) => Form::Predicates,
            None | Some(AttestationOutput::Json | AttestationOutput::Text) => Form::Envelopes,
        };
        Self {
            command,
            session,
            form,
            verdicts: Verdicts::default(),
            objects: Vec::new(),
        }
    }

    /// Tells of one image.
    pub(super) fn add(&mut self, report: Report) -> Result<(), Failure> {
        let diagnostic = self.verdicts.note(&report.outcome, self.session.program());
        if self.form == Form::Object {
            self.objects.push(ImageObject::new(report, diagnostic));
            return Ok(());
        }
        match (&report.outcome, diagnostic) {
            (Ok(verified), _) => self.accepted(&report.shown, verified),
            (Err(_), Some(diagnostic)) => {
                self.session.ui().report_as_text(&diagnostic);
                Ok(())
            }
            (Err(_), None) => Ok(()),
        }
    }

    /// Ends the report; fails with the worst that was told.
    pub(super) fn finish(self) -> Result<(), Failure> {
        if self.form == Form::Object {
            self.session.ui().print_json(&RunObject::new(self.objects))?;
        }
        self.verdicts.end()
    }

    fn accepted(&self, shown: &str, verified: &Verified) -> Result<(), Failure> {
        let ui = self.session.ui();
        ui.tell(&self.check_list(shown, verified));
        for (_, attestation) in &verified.accepted {
            match self.form {
                Form::Statements => ui.print(attestation.payload_bytes())?,
                Form::Predicates => ui.print(predicate(attestation).as_bytes())?,
                Form::Envelopes | Form::Object => ui.print(&envelope(attestation))?,
            }
            ui.print(b"\n")?;
        }
        Ok(())
    }

    /// cosign's lines, only those that are true.
    fn check_list(&self, shown: &str, verified: &Verified) -> String {
        let mut text = format!(
            "\nVerification for {shown} --\nThe following checks were performed on each of these signatures:\n"
        );
        if self.command.check_claims {
            text.push_str("  - The cosign claims were validated\n");
        }
        text.push_str(&verdicts::vouched(&verified.accepted));
        text.push_str(&verdicts::not_counted(&verified.refused));
        text
    }
}

/// The envelope as cosign 3 writes it; only statements in envelopes are attestations.
fn envelope(attestation: &VerifiedSignature) -> Vec<u8> {
    attestation
        .envelope()
        .map(countersign_core::envelope::Envelope::to_json)
        .unwrap_or_default()
}

/// The predicate as it was signed; a statement without one claims nothing.
fn predicate(attestation: &VerifiedSignature) -> &str {
    attestation.predicate().map_or("null", RawValue::get)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ImageObject {
    image: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    digest: Option<String>,
    verified: bool,
    attestations: Vec<AttestationObject>,
    refused: Vec<RefusedObject>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<diagnostic::ErrorBody>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AttestationObject {
    place: String,
    format: &'static str,
    key: String,
    predicate_type: String,
    /// The predicate as it was signed.
    predicate: Option<Box<RawValue>>,
}

impl ImageObject {
    fn new(report: Report, diagnostic: Option<Diagnostic>) -> Self {
        let (attestations, refused) = match &report.outcome {
            Ok(verified) => (
                verified.accepted.iter().map(AttestationObject::new).collect(),
                verdicts::refused(&verified.refused),
            ),
            Err(Failure::Verify(error)) => (Vec::new(), verdicts::refused(error.refused())),
            Err(_) => (Vec::new(), Vec::new()),
        };
        Self {
            digest: report.image.as_ref().map(|image| image.digest().to_string()),
            verified: report.outcome.is_ok(),
            image: report.shown,
            attestations,
            refused,
            error: diagnostic.map(Diagnostic::into_body),
        }
    }
}

impl AttestationObject {
    fn new((place, attestation): &(Place, VerifiedSignature)) -> Self {
        Self {
            place: place.to_string(),
            format: verdicts::format_name(attestation.format()),
            key: attestation.key().hint(),
            predicate_type: attestation.kind().to_owned(),
            predicate: attestation.predicate().map(RawValue::to_owned),
        }
    }
}
