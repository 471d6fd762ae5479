//! The cases of the Sigstore client conformance suite, and bundles of real builds, have the verdict that their names say;
//! `data/ORIGIN.md` says where they are from.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use countersign_core::Digest;

#[test]
fn cases_of_the_conformance_suite_have_their_verdict() {
    assert_eq!(judge("sigstore-conformance/bundle-verify"), 96);
}

#[test]
fn bundles_of_real_builds_have_their_verdict() {
    assert_eq!(judge("bundles"), 81);
}

/// The rule of the suite's protocol: what is named is a digest only in its one form, and where no file has that name.
#[test]
fn a_digest_of_another_form_or_with_a_file_of_its_name_is_a_path() {
    let data = Path::new("tests/data/sigstore-conformance/bundle-verify");
    let data = data.canonicalize().expect("the data are there");
    let folder = tempfile::tempdir().expect("there is room");
    let artifact = fs::read(data.join("a.txt")).expect("the artifact is there");
    let digest = Digest::sha256(&artifact).to_string();
    for case in ["happy-path-v0.3", "happy-path-intoto-in-dsse-v3"] {
        let judge = |artifact: &str| verdict(folder.path(), &data.join(case), artifact);
        judge(&digest).expect("it is the artifact's digest");
        for other in [
            &digest[..digest.len() - 2],
            &digest.replace("sha256:", "sha512:"),
            &digest[7..],
        ] {
            let refused = judge(other).expect_err(other);
            assert!(
                refused.starts_with("exit 1: ") && refused.contains(other),
                "{case}: {refused}"
            );
        }
        // now it is the name of a file with something else in it
        fs::write(folder.path().join(&digest), "something else").expect("there is room");
        let refused = judge(&digest).expect_err("the file is another");
        assert!(refused.starts_with("exit 12: "), "{case}: {refused}");
        fs::write(folder.path().join(&digest), &artifact).expect("there is room");
        judge(&digest).expect("the file is the artifact");
        fs::remove_file(folder.path().join(&digest)).expect("it was written");
    }
}

/// Judges every case of a folder, by the path of its artifact and by its digest; returns how many verdicts were given.
fn judge(folder: &str) -> usize {
    let folder = Path::new("tests/data")
        .join(folder)
        .canonicalize()
        .expect("the data are there");
    let mut wrong = Vec::new();
    let mut judged = 0;
    for entry in fs::read_dir(&folder).expect("the data are there") {
        let case = entry.expect("the data are there").path();
        if !case.is_dir() {
            continue;
        }
        for artifact in artifacts(&folder, &case) {
            judged += 1;
            if let Err(error) = verdict(&folder, &case, &artifact) {
                wrong.push(format!("{} [{artifact}]: {error}", case.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    judged
}

/// How the artifact of a case is named: by its path, and by its digest.
fn artifacts(folder: &Path, case: &Path) -> Vec<String> {
    if let Ok(digest) = fs::read_to_string(case.join("digest")) {
        return vec![digest.trim().to_owned()];
    }
    let own = case.join("artifact");
    let path = if own.exists() { own } else { folder.join("a.txt") };
    let name = path.to_str().expect("the path is text").to_owned();
    if case.join("path-only").exists() {
        return vec![name];
    }
    let digest = Digest::sha256(&fs::read(&path).expect("the artifact is there")).to_string();
    vec![name, digest]
}

/// Runs the client; a case whose name ends in `fail` must be refused, in words and not by a panic.
fn verdict(folder: &Path, case: &Path, artifact: &str) -> Result<(), String> {
    let text = |name: &str, otherwise: &str| {
        let text = fs::read_to_string(case.join(name));
        text.map_or_else(|_| otherwise.to_owned(), |text| text.trim().to_owned())
    };
    let mut client = Command::new(env!("CARGO_BIN_EXE_countersign-conformance"));
    client.current_dir(folder).env_clear().stdin(Stdio::null());
    client
        .args(["verify-bundle", "--bundle"])
        .arg(case.join("bundle.sigstore.json"));
    if case.join("key.pub").exists() {
        client.arg("--key").arg(case.join("key.pub"));
    } else {
        client.args(["--certificate-identity", &text("identity", IDENTITY)]);
        client.args(["--certificate-oidc-issuer", &text("issuer", ISSUER)]);
    }
    let own = case.join("trusted_root.json");
    client
        .arg("--trusted-root")
        .arg(if own.exists() { own } else { production_root() });
    let output = client.arg(artifact).output().map_err(|error| error.to_string())?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let is_refused = case.to_str().is_some_and(|name| name.ends_with("fail"));
    let code = output.status.code().ok_or("it was killed")?;
    if said.contains("panicked") || (code != 0) != is_refused || (is_refused && !said.contains("Error: ")) {
        return Err(format!("exit {code}: {said}"));
    }
    Ok(())
}

fn production_root() -> PathBuf {
    let root = Path::new("tests/data/sigstore-conformance/trusted_root.production.json");
    root.canonicalize().expect("the data are there")
}

/// Whom the suite expects where a case names nobody.
const IDENTITY: &str = "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main";
const ISSUER: &str = "https://token.actions.githubusercontent.com";
