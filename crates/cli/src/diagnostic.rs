//! From an error to what a person reads: message, causes, next step, exit code.

use std::error::Error;
use std::io;

use countersign_core::key::ImportError;
use countersign_oci::StoreError;
use serde::Serialize;

use crate::args::usage::UsageError;
use crate::exit::Exit;
use crate::failure::Failure;

/// What is told of a failure.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Diagnostic {
    /// What, where, expected and found.
    pub(crate) message: String,
    /// Why, outermost first.
    pub(crate) causes: Vec<String>,
    /// What to do next.
    pub(crate) help: Vec<String>,
    /// How the program ends.
    pub(crate) exit: Exit,
}

impl Diagnostic {
    /// The diagnostic as the versioned JSON object of `--output json`.
    pub(crate) fn to_json(&self) -> String {
        let object = ErrorObject {
            schema_version: 1,
            error: ErrorBody {
                code: self.exit.name(),
                message: &self.message,
                causes: &self.causes,
                help: &self.help,
                exit: self.exit.code(),
            },
        };
        serde_json::to_string(&object).expect("strings and numbers always serialise")
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ErrorObject<'a> {
    schema_version: u32,
    error: ErrorBody<'a>,
}

#[derive(Serialize)]
struct ErrorBody<'a> {
    code: &'static str,
    message: &'a str,
    causes: &'a [String],
    help: &'a [String],
    exit: u8,
}

/// Explains a failure of `program`.
pub(crate) fn explain(failure: &Failure, program: &str) -> Diagnostic {
    let (exit, help) = judge(failure, program);
    Diagnostic {
        message: failure.to_string(),
        causes: causes(failure),
        help,
        exit,
    }
}

fn causes(failure: &Failure) -> Vec<String> {
    let mut causes: Vec<String> = Vec::new();
    let mut next = failure.source();
    while let Some(cause) = next.filter(|_| causes.len() < CAUSES_SHOWN) {
        causes.push(cause.to_string());
        next = cause.source();
    }
    causes
}

fn judge(failure: &Failure, program: &str) -> (Exit, Vec<String>) {
    if let Some(error) = failure.of_store() {
        return store(error, program);
    }
    match failure {
        Failure::Usage(usage) => (Exit::General, usage_help(usage, program)),
        Failure::TooLarge { .. } => (Exit::Corrupt, Vec::new()),
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
        StoreError::Status { .. }
        | StoreError::Connection { .. }
        | StoreError::Stalled { .. }
        | StoreError::Redirect { .. }
        | StoreError::Changed { .. }
        | StoreError::Contended { .. } => (Exit::CouldNotTell, Vec::new()),
        _ => (Exit::General, Vec::new()),
    }
}

fn one(help: &str) -> Vec<String> {
    vec![help.to_owned()]
}

/// How many causes are shown of a chain, which ends long before in practice.
const CAUSES_SHOWN: usize = 16;
