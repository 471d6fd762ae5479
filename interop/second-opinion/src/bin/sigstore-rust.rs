//! `sigstore-verify` as a program, for the benchmarks: the arguments of Sigstore's client conformance suite.
//!
//! `sigstore-rust verify-bundle --bundle FILE --trusted-root FILE --certificate-identity SUBJECT --certificate-oidc-issuer ISSUER FILE`

use std::fs;
use std::process::ExitCode;

use sigstore_verify::trust_root::TrustedRoot;
use sigstore_verify::types::{Artifact, Bundle};
use sigstore_verify::{VerificationPolicy, verify};

fn main() -> ExitCode {
    match judge(&std::env::args().skip(1).collect::<Vec<_>>()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::FAILURE
        }
    }
}

fn judge(arguments: &[String]) -> Result<(), String> {
    let after = |flag: &str| {
        let place = arguments.iter().position(|argument| argument == flag);
        let value = place.and_then(|place| arguments.get(place + 1));
        value.ok_or_else(|| format!("{flag} is missing"))
    };
    let read = |path: &str| fs::read(path).map_err(|error| format!("{path}: {error}"));
    let text = |path: &str| fs::read_to_string(path).map_err(|error| format!("{path}: {error}"));
    let bundle = Bundle::from_json(&text(after("--bundle")?)?).map_err(|error| error.to_string())?;
    let root = TrustedRoot::from_json(&text(after("--trusted-root")?)?).map_err(|error| error.to_string())?;
    let (subject, issuer) = (after("--certificate-identity")?, after("--certificate-oidc-issuer")?);
    let policy = VerificationPolicy::new(subject.as_str(), issuer.as_str());
    let file = read(arguments.last().ok_or("the file is missing")?)?;
    let artifact = Artifact::from_blob(&file);
    verify(artifact, &bundle, &policy, &root)
        .map(|_| ())
        .map_err(|error| error.to_string())
}
