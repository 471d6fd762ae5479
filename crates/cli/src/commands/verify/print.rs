//! What is told of a verification: cosign's JSON and check list, or the versioned object of `--output json`.

use countersign::attachment::Place;
use countersign::verify::{Verified, VerifyError};
use countersign_core::bundle::Format;
use countersign_core::verify::VerifiedSignature;
use countersign_oci::Pinned;
use serde::Serialize;
use serde_json::{Map, Value};

use super::{Child, VerifyFlags, attached, chain};
use crate::args::output::VerifyOutput;
use crate::diagnostic::{self, Diagnostic};
use crate::failure::Failure;
use crate::session::Session;
use crate::verdicts::{self, RefusedObject, RunObject, Summary, Verdicts};

/// What came out for one image.
pub(super) struct Report {
    shown: String,
    image: Option<Pinned>,
    /// The image whose index was verified in its stead.
    vouched_for: Option<Pinned>,
    /// Whose signature counted, where that may be the image's or that of its index.
    covered: Option<String>,
    outcome: Result<Verified, Failure>,
    /// On which bases the image stands, a line for each image, where that was asked.
    bases: Vec<String>,
}

impl Report {
    pub(super) fn new(shown: &str, image: &Pinned, outcome: Result<Verified, VerifyError>) -> Self {
        Self {
            shown: shown.to_owned(),
            image: Some(image.clone()),
            vouched_for: None,
            covered: None,
            bases: Vec::new(),
            outcome: outcome.map_err(Failure::from),
        }
    }

    pub(super) fn failed(shown: &str, failure: Failure) -> Self {
        Self {
            shown: shown.to_owned(),
            image: None,
            vouched_for: None,
            covered: None,
            bases: Vec::new(),
            outcome: Err(failure),
        }
    }

    /// The image, where it is verified.
    pub(super) fn verified(&self) -> Option<&Pinned> {
        self.outcome.as_ref().ok().and(self.image.as_ref())
    }

    /// Says whose signature counted.
    pub(super) fn covered(mut self, by: String) -> Self {
        self.covered = Some(by);
        self
    }

    /// Says whether what was found does not count, rather than that nothing could be found out.
    pub(super) fn is_about_trust(&self) -> bool {
        let undecided = |failure: &Failure| {
            matches!(
                failure,
                Failure::Verify(VerifyError::Store { .. } | VerifyError::Log { .. })
            )
        };
        self.outcome.as_ref().is_err_and(|failure| !undecided(failure))
    }

    /// Says on which bases the image stands.
    pub(super) fn standing_on(self, bases: Vec<String>) -> Self {
        Self { bases, ..self }
    }

    /// Says that what was verified is the index that lists `image`.
    pub(super) fn vouching_for(mut self, image: &Pinned) -> Self {
        self.vouched_for = Some(image.clone());
        self
    }
}

/// Tells of one image after the other and remembers the worst.
pub(super) struct Reporter<'a, 'w> {
    command: &'a VerifyFlags,
    session: &'a Session<'w>,
    form: Form,
    verdicts: Verdicts,
    objects: Vec<ImageObject>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// cosign's: an array for each image on stdout, its check list on stderr.
    Cosign,
    /// One payload a line.
    Text,
    /// One versioned object for the whole run.
    Object,
    /// One versioned object for each image, as they come, and one that sums up.
    Lines,
}

impl<'a, 'w> Reporter<'a, 'w> {
    pub(super) fn new(command: &'a VerifyFlags, session: &'a Session<'w>) -> Self {
        let form = match command.output.format() {
            Some(VerifyOutput::Json) if session.program() == "countersign" => Form::Object,
            Some(VerifyOutput::Jsonl) => Form::Lines,
            Some(VerifyOutput::Text) => Form::Text,
            _ => Form::Cosign,
        };
        Self {
            command,
            session,
            form,
            verdicts: Verdicts::default(),
            objects: Vec::new(),
        }
    }

    /// Says whether images may be told of in the order in which they come.
    pub(super) fn takes_any_order(&self) -> bool {
        self.form == Form::Lines
    }

    /// Tells of one image.
    pub(super) fn add(&mut self, report: Report) -> Result<(), Failure> {
        let diagnostic = self.verdicts.note(&report.outcome, self.session.program());
        match self.form {
            Form::Object => {
                self.objects.push(ImageObject::new(report, diagnostic));
                return Ok(());
            }
            Form::Lines => {
                return self.line(&LineObject {
                    schema_version: 1,
                    image: ImageObject::new(report, diagnostic),
                });
            }
            Form::Cosign | Form::Text => {}
        }
        match (&report.outcome, diagnostic) {
            (Ok(verified), _) => self.accepted(&report, verified),
            (Err(_), Some(diagnostic)) => {
                self.session.ui().report_as_text(&diagnostic);
                Ok(())
            }
            (Err(_), None) => Ok(()),
        }
    }

    /// A line that is there at once, for whoever reads while more are verified.
    fn line(&self, object: &impl Serialize) -> Result<(), Failure> {
        self.session.ui().print_json(object)?;
        self.session.ui().flush()
    }

    /// Ends the report; fails with the worst that was told.
    pub(super) fn finish(self) -> Result<(), Failure> {
        if self.form == Form::Lines {
            self.line(&SummaryObject {
                schema_version: 1,
                summary: self.verdicts.summary(),
            })?;
        }
        if self.form == Form::Object {
            self.session.ui().print_json(&RunObject::new(self.objects))?;
        }
        self.verdicts.end()
    }

    fn accepted(&self, report: &Report, verified: &Verified) -> Result<(), Failure> {
        let ui = self.session.ui();
        ui.tell(&self.check_list(report, verified));
        let items = verified
            .accepted
            .iter()
            .map(|(_, signature)| Item::new(report, signature));
        if self.form == Form::Text {
            for ((_, signature), item) in verified.accepted.iter().zip(items) {
                ui.tell(&attached::lines(signature));
                ui.print_json(&item)?;
            }
            return Ok(());
        }
        ui.print(b"\n")?;
        ui.print_json(&items.collect::<Vec<_>>())
    }

    /// cosign's lines, only those that are true.
    fn check_list(&self, report: &Report, verified: &Verified) -> String {
        let mut text = format!(
            "\nVerification for {} --\nThe following checks were performed on each of these signatures:\n",
            report.shown
        );
        if self.command.check_claims {
            if self.command.annotations.is_given() {
                text.push_str("  - The specified annotations were verified.\n");
            }
            text.push_str("  - The cosign claims were validated\n");
        }
        text.push_str(&verdicts::vouched(&verified.accepted));
        if let (Some(child), Some(index)) = (&report.vouched_for, &report.image) {
            text.push_str(&format!(
                "The index {} is signed; it lists {}, {}.\n",
                index.digest(),
                child.digest(),
                match self.command.child {
                    Child::ViaIndex => "whose own signatures were not asked for",
                    _ => "which has no such signature of its own",
                }
            ));
        }
        if let (Some(covered), None) = (&report.covered, &report.vouched_for) {
            text.push_str(&format!("Covered: {covered}\n"));
        }
        if !report.bases.is_empty() {
            text.push_str("  - The images stand on authorised bases:\n");
            for line in &report.bases {
                text.push_str(&format!("    {line}\n"));
            }
        }
        text.push_str(&verdicts::not_counted(&verified.refused));
        if let (Some(chain), Some(image)) = (&verified.chain, &report.image) {
            text.push_str(&chain::drawn(image.digest(), chain));
        }
        text
    }
}

/// A signature in cosign's shape, which is that of a simple-signing payload for both formats.
#[derive(Serialize)]
struct Item {
    critical: Critical,
    optional: Option<Map<String, Value>>,
}

#[derive(Serialize)]
struct Critical {
    identity: Identity,
    image: ImageDigest,
    #[serde(rename = "type")]
    kind: String,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Identity {
    docker_reference: String,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct ImageDigest {
    docker_manifest_digest: String,
}

impl Item {
    fn new(report: &Report, signature: &VerifiedSignature) -> Self {
        let optional = attached::add(signature.annotations().cloned(), signature);
        let (docker_reference, optional) = match signature.format() {
            Format::LegacyLayer => (signature.docker_reference().unwrap_or("").to_owned(), optional),
            _ => (report.shown.clone(), Some(optional.unwrap_or_default())),
        };
        Self {
            critical: Critical {
                identity: Identity { docker_reference },
                image: ImageDigest {
                    docker_manifest_digest: signature.claimed_digest().unwrap_or("").to_owned(),
                },
                kind: signature.kind().to_owned(),
            },
            optional,
        }
    }
}

/// A line of `--output jsonl`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LineObject {
    schema_version: u32,
    #[serde(flatten)]
    image: ImageObject,
}

/// The last line of `--output jsonl`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SummaryObject {
    schema_version: u32,
    summary: Summary,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ImageObject {
    image: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    digest: Option<String>,
    verified: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    vouched_for: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    covered: Option<String>,
    signatures: Vec<SignatureObject>,
    refused: Vec<RefusedObject>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    bases: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    chain: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<diagnostic::ErrorBody>,
}

#[derive(Serialize)]
struct SignatureObject {
    place: String,
    format: &'static str,
    key: String,
    #[serde(flatten)]
    item: Item,
}

impl ImageObject {
    fn new(report: Report, diagnostic: Option<Diagnostic>) -> Self {
        let (signatures, refused) = match &report.outcome {
            Ok(verified) => (
                verified
                    .accepted
                    .iter()
                    .map(|(place, signature)| SignatureObject::new(&report, place, signature))
                    .collect(),
                verdicts::refused(&verified.refused),
            ),
            Err(Failure::Verify(error)) => (Vec::new(), verdicts::refused(error.refused())),
            Err(_) => (Vec::new(), Vec::new()),
        };
        let chain = report
            .outcome
            .as_ref()
            .ok()
            .and_then(|verified| verified.chain.as_ref());
        Self {
            chain: chain.map(chain::object),
            digest: report.image.as_ref().map(|image| image.digest().to_string()),
            vouched_for: report.vouched_for.as_ref().map(|image| image.digest().to_string()),
            verified: report.outcome.is_ok(),
            covered: report.covered.clone().filter(|_| report.outcome.is_ok()),
            image: report.shown,
            signatures,
            refused,
            bases: report.bases,
            error: diagnostic.map(Diagnostic::into_body),
        }
    }
}

impl SignatureObject {
    fn new(report: &Report, place: &Place, signature: &VerifiedSignature) -> Self {
        Self {
            place: place.to_string(),
            format: verdicts::format_name(signature.format()),
            key: signature.key().hint(),
            item: Item::new(report, signature),
        }
    }
}
