//! What came out for many images: the worst of it, what was not counted, and the shapes that the JSON of it shares.

use countersign::attachment::Place;
use countersign::verify::Refusal;
use countersign_core::bundle::Format;
use countersign_core::verify::VerifiedSignature;
use serde::Serialize;

use crate::diagnostic::{self, Diagnostic};
use crate::exit::Exit;
use crate::failure::Failure;

/// How many images were judged, and the worst of it.
#[derive(Default)]
pub(crate) struct Verdicts {
    worst: Option<Exit>,
    judged: usize,
    failed: usize,
}

impl Verdicts {
    /// Notes what came out for one image, and explains a failure.
    pub(crate) fn note<T>(&mut self, outcome: &Result<T, Failure>, program: &str) -> Option<Diagnostic> {
        self.judged += 1;
        let diagnostic = diagnostic::explain(outcome.as_ref().err()?, program);
        self.failed += 1;
        self.worst = self.worst.max(Some(diagnostic.exit));
        Some(diagnostic)
    }

    /// The numbers, for the end of a run.
    pub(crate) fn summary(&self) -> Summary {
        Summary {
            images: self.judged,
            verified: self.judged - self.failed,
            failed: self.failed,
            exit: self.worst.unwrap_or(Exit::Success).code(),
        }
    }

    /// Ends the run; fails with the worst, which has been told.
    pub(crate) fn end(self) -> Result<(), Failure> {
        match self.worst {
            None => Ok(()),
            Some(exit) => Err(Failure::Told { exit }),
        }
    }
}

/// A run in numbers.
#[derive(Serialize)]
pub(crate) struct Summary {
    images: usize,
    verified: usize,
    failed: usize,
    exit: u8,
}

/// The versioned object of `--output json`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RunObject<T> {
    schema_version: u32,
    images: Vec<T>,
}

impl<T> RunObject<T> {
    pub(crate) fn new(images: Vec<T>) -> Self {
        Self {
            schema_version: 1,
            images,
        }
    }
}

/// What was found and does not count.
#[derive(Serialize)]
pub(crate) struct RefusedObject {
    place: String,
    reason: String,
}

/// What was found and does not count, for programs.
pub(crate) fn refused(found: &[(Place, Refusal)]) -> Vec<RefusedObject> {
    found
        .iter()
        .map(|(place, refusal)| RefusedObject {
            place: place.to_string(),
            reason: diagnostic::chain(refusal),
        })
        .collect()
}

/// cosign's lines on what vouches for the signatures: those that are true of each.
pub(crate) fn vouched(accepted: &[(Place, VerifiedSignature)]) -> String {
    let mut text = String::new();
    let every = |holds: fn(&VerifiedSignature) -> bool| accepted.iter().all(|(_, signature)| holds(signature));
    if every(|signature| !signature.log_entries().is_empty()) {
        text.push_str("  - Existence of the claims in the transparency log was verified offline\n");
    }
    if every(|signature| signature.certificate().is_none()) {
        text.push_str("  - The signatures were verified against the specified public key\n");
    } else {
        text.push_str(
            "  - The code-signing certificate was verified using trusted certificate authority certificates\n",
        );
    }
    text
}

/// What was found and does not count, after a check list; nothing where there is none.
pub(crate) fn not_counted(refused: &[(Place, Refusal)]) -> String {
    if refused.is_empty() {
        return String::new();
    }
    format!(
        "Also attached, and not counted:\n{}\n",
        diagnostic::candidates(refused).join("\n")
    )
}

/// The name of a form of evidence.
pub(crate) fn format_name(format: Format) -> &'static str {
    match format {
        Format::LegacyLayer => "legacy",
        _ => "bundle",
    }
}
