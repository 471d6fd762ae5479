//! `countersign-conformance`: speaks the protocol of the Sigstore client conformance suite, with the program beside it.
//!
//! The suite (sigstore/sigstore-conformance, `docs/cli_protocol.md`) runs `verify-bundle` and `sign-bundle`; the exit status
//! is the verdict.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::process::{Command, ExitCode};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

fn main() -> ExitCode {
    let mut arguments = env::args_os().skip(1);
    let command = arguments.next().unwrap_or_default();
    let rest: Vec<OsString> = arguments.collect();
    let translated = match command.to_str() {
        Some("verify-bundle") => verification(rest),
        Some("sign-bundle") => Some(signature(rest)),
        _ => None,
    };
    translated
        .and_then(|arguments| run(&arguments))
        .unwrap_or(ExitCode::from(USAGE))
}

/// `verify-bundle --bundle FILE (--certificate-identity … --certificate-oidc-issuer … | --key FILE) [--trusted-root FILE] FILE`
///
/// What is signed over a file is its signature; a statement is an attestation, of any type.
fn verification(arguments: Vec<OsString>) -> Option<Vec<OsString>> {
    let bundle = value(&arguments, "--bundle")?;
    let (artifact, flags) = arguments.split_last()?;
    let mut translated: Vec<OsString> = Vec::new();
    match predicate_type(bundle) {
        Some(kind) => translated.extend(["verify-blob-attestation".into(), "--type".into(), kind.into()]),
        None => translated.push("verify-blob".into()),
    }
    translated.extend(flags.iter().filter(|flag| *flag != "--staging").cloned());
    match digest(artifact).filter(|_| translated.first().is_some_and(|name| name == "verify-blob-attestation")) {
        Some(hex) => translated.extend(["--digest".into(), hex.into(), "--digestAlg".into(), "sha256".into()]),
        None => translated.push(artifact.clone()),
    }
    Some(translated)
}

/// `sign-bundle --identity-token TOKEN --bundle FILE [--in-toto] [--signing-config FILE] [--trusted-root FILE] FILE`
fn signature(arguments: Vec<OsString>) -> Vec<OsString> {
    let is_statement = arguments.iter().any(|argument| argument == "--in-toto");
    let mut translated: Vec<OsString> = match is_statement {
        true => vec!["attest-blob".into(), "--yes".into()],
        false => vec!["sign-blob".into(), "--yes".into()],
    };
    let mut given = arguments.into_iter().peekable();
    while let Some(argument) = given.next() {
        let is_last = given.peek().is_none();
        match argument.to_str() {
            Some("--in-toto" | "--staging") => {}
            _ if is_statement && is_last => translated.extend(["--statement".into(), argument]),
            _ => translated.push(argument),
        }
    }
    translated
}

fn value<'a>(arguments: &'a [OsString], flag: &str) -> Option<&'a OsStr> {
    let place = arguments.iter().position(|argument| argument == flag)?;
    arguments.get(place + 1).map(OsString::as_os_str)
}

/// The predicate type of the statement in a bundle; a bundle that cannot be read is for the program to refuse.
fn predicate_type(bundle: &OsStr) -> Option<String> {
    let bundle: Bundle = serde_json::from_slice(&fs::read(bundle).ok()?).ok()?;
    let payload = STANDARD.decode(bundle.envelope?.payload).unwrap_or_default();
    let statement: Option<Statement> = serde_json::from_slice(&payload).ok();
    Some(statement.map_or_else(|| "custom".to_owned(), |statement| statement.predicate_type))
}

/// The hexadecimal digest, where no file has that name.
fn digest(artifact: &OsStr) -> Option<String> {
    let hex = artifact.to_str()?.strip_prefix("sha256:")?;
    (hex.len() == 64 && fs::symlink_metadata(artifact).is_err()).then(|| hex.to_owned())
}

/// Runs the program beside this one.
fn run(arguments: &[OsString]) -> Option<ExitCode> {
    let program = env::current_exe()
        .ok()?
        .with_file_name(format!("countersign{}", env::consts::EXE_SUFFIX));
    let status = Command::new(program).args(arguments).status().ok()?;
    Some(
        status
            .code()
            .and_then(|code| u8::try_from(code).ok())
            .map_or(ExitCode::FAILURE, ExitCode::from),
    )
}

#[derive(Deserialize)]
struct Bundle {
    #[serde(rename = "dsseEnvelope")]
    envelope: Option<Envelope>,
}

#[derive(Deserialize)]
struct Envelope {
    payload: String,
}

#[derive(Deserialize)]
struct Statement {
    #[serde(rename = "predicateType")]
    predicate_type: String,
}

/// The exit status for a line that is not of the protocol.
const USAGE: u8 = 2;
