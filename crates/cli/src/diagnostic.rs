//! From an error to what a person reads: message, causes, next step, exit code.

use std::error::Error;
use std::io;

use countersign::attachment::Place;
use countersign::base::BaseError;
use countersign::blob::BlobError;
use countersign::copy::CopyError;
use countersign::policy_program::PolicyError;
use countersign::service::ServiceError;
use countersign::sign::SignError;
use countersign::tuf::TufFailure;
use countersign::verify::{Refusal, VerifyError};
use countersign_core::base::BaseRefusal;
use countersign_core::key::{ImportError, MessageUnknown};
use countersign_core::signer::SignerError;
use countersign_core::tag::TagRefusal;
use countersign_core::verify::Rejection;
use countersign_oci::StoreError;
use serde::Serialize;

use crate::args::usage::UsageError;
use crate::env;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::published::PublishedError;

/// What is told of a failure.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Diagnostic {
    /// What, where, expected and found.
    pub(crate) message: String,
    /// What was found, a line each.
    pub(crate) details: Vec<String>,
    /// Why, outermost first.
    pub(crate) causes: Vec<String>,
    /// What to do next.
    pub(crate) help: Vec<String>,
    /// How the program ends.
    pub(crate) exit: Exit,
}

impl Diagnostic {
    /// The diagnostic as the versioned JSON object of `--output json`.
    pub(crate) fn into_json(self) -> String {
        let object = ErrorObject {
            schema_version: 1,
            error: self.into_body(),
        };
        serde_json::to_string(&object).expect("strings and numbers always serialise")
    }

    /// The diagnostic as a member of a larger JSON object.
    pub(crate) fn into_body(self) -> ErrorBody {
        ErrorBody {
            code: self.exit.name(),
            message: self.message,
            details: self.details,
            causes: self.causes,
            help: self.help,
            exit: self.exit.code(),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ErrorObject {
    schema_version: u32,
    error: ErrorBody,
}

/// A failure in JSON.
#[derive(Serialize)]
pub(crate) struct ErrorBody {
    code: &'static str,
    message: String,
    details: Vec<String>,
    causes: Vec<String>,
    help: Vec<String>,
    exit: u8,
}

/// Explains a failure of `program`.
pub(crate) fn explain(failure: &Failure, program: &str) -> Diagnostic {
    let (exit, help) = judge(failure, program);
    Diagnostic {
        message: cut(failure.to_string()),
        details: details(failure),
        causes: causes(failure),
        help,
        exit,
    }
}

/// What was found where nothing was accepted: each candidate, and why it does not count.
fn details(failure: &Failure) -> Vec<String> {
    match failure {
        Failure::Verify(error) => candidates(error.refused()),
        Failure::Base(BaseError::Refused { source, .. }) => {
            let others: &[String] = match source {
                BaseRefusal::Overridden { others, .. } => others,
                _ => &[],
            };
            let others = others.iter().take(CANDIDATES_SHOWN).map(|line| format!("  {line}"));
            let refused = source.refused().iter().take(CANDIDATES_SHOWN);
            refused
                .map(|refused| cut(format!("  {refused}")))
                .chain(others)
                .collect()
        }
        Failure::NotAllowed { reasons, .. } => reasons.iter().map(|reason| format!("  {reason}")).collect(),
        Failure::Unreadable { details } | Failure::PackagesUnreadable { details } => details.clone(),
        Failure::Tag { found, .. } => found.clone(),
        _ => Vec::new(),
    }
}

/// Candidates and why they do not count, a line each.
pub(crate) fn candidates(refused: &[(Place, Refusal)]) -> Vec<String> {
    let mut lines: Vec<String> = refused
        .iter()
        .take(CANDIDATES_SHOWN)
        .map(|(place, refusal)| cut(format!("  {place}: {}", chain(refusal))))
        .collect();
    if refused.len() > CANDIDATES_SHOWN {
        lines.push(format!("  and {} more", refused.len() - CANDIDATES_SHOWN));
    }
    lines
}

/// An error and its causes in one line.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    for _ in 0..CAUSES_SHOWN {
        let Some(cause) = next else { break };
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}

fn causes(failure: &Failure) -> Vec<String> {
    let mut causes: Vec<String> = Vec::new();
    let mut next = failure.source();
    while let Some(cause) = next.filter(|_| causes.len() < CAUSES_SHOWN) {
        causes.push(cut(cause.to_string()));
        next = cause.source();
    }
    causes
}

/// A line of a length that can be read: parsers repeat what they did not expect, however long it is.
fn cut(text: String) -> String {
    match text.char_indices().nth(LINE_SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

fn judge(failure: &Failure, program: &str) -> (Exit, Vec<String>) {
    if let Failure::Published { what, source } = failure {
        return (published(source), one(what.instead()));
    }
    if let Some(error) = failure.of_store() {
        return store(error, program);
    }
    if let Some(error) = failure.of_service() {
        return (service(error), Vec::new());
    }
    match failure {
        Failure::Usage(usage) => (Exit::General, usage_help(usage, program)),
        Failure::Verify(error) => verify(error, program),
        Failure::Sign(SignError::Existing(error)) => verify(error, program),
        Failure::Base(error) => base(error, program),
        Failure::NotAllowed { .. } => (Exit::NoneMatch, Vec::new()),
        Failure::Tag { refusal, .. } => (tag(refusal), Vec::new()),
        Failure::TagFile { .. } | Failure::TagSet(_) => (Exit::Corrupt, Vec::new()),
        Failure::Policy(PolicyError::NoProgram { program }) => (Exit::General, program_help(program)),
        Failure::Bundle { .. } => (Exit::Corrupt, Vec::new()),
        Failure::Rejected {
            source: Rejection::MessageUnknown(unknown),
            ..
        } => (Exit::General, unknown_help(unknown)),
        Failure::Rejected { source, .. } => (Exit::NoneMatch, rejected_help(source)),
        Failure::Quorum { .. } | Failure::Provenance { .. } => (Exit::NoneMatch, Vec::new()),
        Failure::Blob(BlobError::Signer(SignerError::Message(unknown))) => (Exit::General, unknown_help(unknown)),
        Failure::NoTag { .. } => (Exit::NotFound, Vec::new()),
        Failure::Told { exit } => (*exit, Vec::new()),
        Failure::NoSignatures { .. } | Failure::NoAttestations { .. } => (Exit::NoSignature, Vec::new()),
        Failure::Unreadable { .. } | Failure::TooLarge { .. } => (Exit::Corrupt, Vec::new()),
        Failure::Tekton(error) if error.is_about_layers() => (Exit::Corrupt, Vec::new()),
        Failure::PackagesUnreadable { .. } => (
            Exit::Corrupt,
            one("--allow-incomplete lists what could be read all the same"),
        ),
        Failure::Sbom(error) if error.is_about_content() => (Exit::Corrupt, Vec::new()),
        Failure::Copy(CopyError::Lost { .. }) => (Exit::CouldNotTell, Vec::new()),
        Failure::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => (Exit::BrokenPipe, Vec::new()),
        Failure::TimedOut { .. } => (
            Exit::CouldNotTell,
            one("give it more time with --timeout, for example --timeout 10m"),
        ),
        Failure::Import {
            source: ImportError::AlreadySealed { .. },
            ..
        } => (Exit::General, one("it can be used as it is, with --key")),
        _ => (Exit::General, Vec::new()),
    }
}

fn tag(refusal: &TagRefusal) -> Exit {
    match refusal {
        TagRefusal::NotSigned { .. } => Exit::TagNotSigned,
        TagRefusal::Expired { .. } => Exit::TagExpired,
        TagRefusal::Rollback { .. } => Exit::TagRollback,
        TagRefusal::Equivocation { .. } => Exit::TagEquivocation,
        TagRefusal::FromFuture { .. } => Exit::TagFromFuture,
        TagRefusal::Stale { .. } | TagRefusal::TooLong { .. } => Exit::TagStale,
        TagRefusal::ClockRolledBack { .. } => Exit::ClockRolledBack,
        TagRefusal::Undated { .. } | TagRefusal::Misdated { .. } => Exit::TagUndated,
        TagRefusal::NotInLock { .. } | TagRefusal::NotAsLocked { .. } => Exit::TagNotLocked,
        // what is left is about the set
        _ => Exit::TagMixed,
    }
}

/// What cannot be fetched may be there; what is refused is not what it should be.
fn published(error: &PublishedError) -> Exit {
    match error {
        PublishedError::Tuf(TufFailure::Fetch(_)) => Exit::CouldNotTell,
        PublishedError::Tuf(TufFailure::Refused { .. }) | PublishedError::Content { .. } => Exit::Corrupt,
        _ => Exit::General,
    }
}

/// A service that refuses has answered; one that fails may answer yet.
fn service(error: &ServiceError) -> Exit {
    match error {
        ServiceError::Status { status: 401 | 403, .. } => Exit::Denied,
        ServiceError::Status {
            status: 429 | 500.., ..
        } => Exit::CouldNotTell,
        ServiceError::Answer { .. } | ServiceError::ContentType { .. } => Exit::Corrupt,
        _ => Exit::General,
    }
}

fn verify(error: &VerifyError, program: &str) -> (Exit, Vec<String>) {
    match error {
        VerifyError::Store { source, .. } => match store(source, program) {
            // The image may exist: it is what is attached that was asked for.
            (Exit::NotFound, help) => (Exit::CouldNotTell, help),
            other => other,
        },
        _ if error.is_about_content() => (Exit::Corrupt, Vec::new()),
        VerifyError::NoAttestation { image, .. } => (
            Exit::NoSignature,
            one(&format!("`{program} tree {image}` lists what is attached")),
        ),
        VerifyError::NoneOfType { image, .. } | VerifyError::NoAttestationAccepted { image, .. } => (
            Exit::NoneMatch,
            one(&format!("`{program} tree {image}` lists what is attached")),
        ),
        VerifyError::NoSignature { image, .. } => (
            Exit::NoSignature,
            one(&format!(
                "`{program} sign --key KEY {image}` signs it; `{program} tree {image}` lists what is attached"
            )),
        ),
        VerifyError::Countersign { image, .. }
        | VerifyError::NoneAccepted { image, .. }
        | VerifyError::Quorum { image, .. } => (
            Exit::NoneMatch,
            one(&format!("`{program} tree {image}` lists what is attached")),
        ),
        _ => (Exit::General, Vec::new()),
    }
}

fn base(error: &BaseError, program: &str) -> (Exit, Vec<String>) {
    match error {
        BaseError::Refused { image, source } => match source {
            BaseRefusal::Missing { refused, .. } if refused.is_empty() => (
                Exit::NoSignature,
                one(&format!(
                    "`{program} base show {image}` lists what is signed of its bases; --base-repository looks for it elsewhere"
                )),
            ),
            _ => (Exit::NoneMatch, Vec::new()),
        },
        BaseError::NoMarks { .. } => (Exit::NoSignature, one("--base names a base that is signed")),
        BaseError::HasAttachments { .. } => (
            Exit::General,
            one("--mode referrer leaves the digest as it is; --force leaves the attachments behind"),
        ),
        BaseError::Compressed { .. } => (
            Exit::General,
            one("--trust-config-diffids takes the configuration's word for it"),
        ),
        BaseError::Layers { .. } => (Exit::Corrupt, Vec::new()),
        _ => (Exit::General, Vec::new()),
    }
}

/// Where a program that judges by policies comes from.
fn program_help(program: &str) -> Vec<String> {
    match program {
        "cue" => one("https://cuelang.org/docs/introduction/installation/ tells how to install it"),
        _ => one(&format!(
            "`cargo install --path plugins/policy-rego --locked`, in countersign's source, installs {program}"
        )),
    }
}

/// What helps a signature that only lacks its log entry.
fn rejected_help(rejection: &Rejection) -> Vec<String> {
    match rejection.is_unlogged() {
        true => one("--rekor-url asks a Rekor 1 for the entry"),
        false => Vec::new(),
    }
}

/// What helps a key that must know more of a file.
fn unknown_help(unknown: &MessageUnknown) -> Vec<String> {
    match unknown {
        MessageUnknown::TooLong { .. } => one(&format!(
            "{} raises the limit, and the memory that is used with it; ECDSA and RSA keys sign files of any size in constant memory",
            env::MAX_ATTACHMENT_SIZE
        )),
        MessageUnknown::Bytes { .. } | MessageUnknown::Hash { .. } => one("give the file itself"),
        _ => Vec::new(),
    }
}

fn usage_help(usage: &UsageError, program: &str) -> Vec<String> {
    let mut help = Vec::new();
    if let Some(suggestion) = usage.suggestion() {
        help.push(format!("did you mean {suggestion}?"));
    }
    let command = usage.command().map(|name| format!(" {name}")).unwrap_or_default();
    help.push(format!("`{program}{command} --help` shows how it is used"));
    help
}

fn store(error: &StoreError, program: &str) -> (Exit, Vec<String>) {
    match error {
        StoreError::NotFound { .. } => (Exit::NotFound, Vec::new()),
        StoreError::Denied { registry, .. } => (
            Exit::Denied,
            one(&format!(
                "`{program} login {registry}` stores credentials for this registry"
            )),
        ),
        StoreError::ManifestTooLarge { .. }
        | StoreError::ManifestMalformed { .. }
        | StoreError::TooLarge { .. }
        | StoreError::DigestMismatch { .. }
        | StoreError::SizeMismatch { .. }
        | StoreError::Malformed { .. } => (Exit::Corrupt, Vec::new()),
        StoreError::TimedOut { .. } => (
            Exit::CouldNotTell,
            one("give it more time with --timeout, for example --timeout 10m"),
        ),
        StoreError::Status { .. }
        | StoreError::Connection { .. }
        | StoreError::Stalled { .. }
        | StoreError::NotStored { .. }
        | StoreError::Redirect { .. }
        | StoreError::Changed { .. }
        | StoreError::Contended { .. }
        | StoreError::Unsettled { .. } => (Exit::CouldNotTell, Vec::new()),
        _ => (Exit::General, Vec::new()),
    }
}

fn one(help: &str) -> Vec<String> {
    vec![help.to_owned()]
}

/// How much of a line is shown, in characters.
const LINE_SHOWN: usize = 2000;
/// How many candidates are shown.
const CANDIDATES_SHOWN: usize = 20;
/// How many causes are shown of a chain, which ends long before in practice.
const CAUSES_SHOWN: usize = 16;
