//! What needs no network uses none: in a network namespace of its own, in which there is nothing but a loopback interface.

use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

const SUITE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/sigstore-conformance");
const OURS: &str = env!("CARGO_BIN_EXE_countersign");
const IDENTITY: &str = "--certificate-identity-regexp '^https://.*$' --certificate-oidc-issuer https://token.actions.githubusercontent.com";

/// Runs a script in `folder` where there is no network; nothing where the kernel does not let us.
fn isolated(folder: &Path, script: &str) -> Option<Output> {
    let run = |script: &str| {
        let ended = Command::new("unshare")
            .args(["--map-root-user", "--net", "sh", "-ec", script])
            .current_dir(folder)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", folder)
            .env("COSIGN_PASSWORD", "")
            .env("OURS", OURS)
            .output();
        ended.ok()
    };
    match run("true") {
        Some(ended) if ended.status.success() => run(script),
        _ => {
            // to the terminal, where a test that did not run is to be seen
            let told = writeln!(io::stderr(), "skipped: the kernel allows no network namespace");
            told.expect("there is a terminal, or whatever stands for it");
            None
        }
    }
}

fn expect_success(ended: &Output) {
    assert!(
        ended.status.success(),
        "{}{}",
        String::from_utf8_lossy(&ended.stdout),
        String::from_utf8_lossy(&ended.stderr)
    );
}

/// A folder with a bundle of the public instance, and its signature and certificate by themselves.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    for (name, path) in [
        ("bundle.json", "bundle-verify/happy-path-v0.3/bundle.sigstore.json"),
        ("root.json", "trusted_root.production.json"),
        ("a.txt", "bundle-verify/a.txt"),
    ] {
        let content = fs::read(Path::new(SUITE).join(path)).expect("it is there");
        fs::write(folder.path().join(name), content).expect("the folder is writable");
    }
    let bundle = fs::read(folder.path().join("bundle.json")).expect("it was written");
    let bundle: serde_json::Value = serde_json::from_slice(&bundle).expect("a bundle is JSON");
    let text = |path: &str| {
        bundle
            .pointer(path)
            .and_then(|value| value.as_str())
            .expect("it is there")
            .to_owned()
    };
    let pem = format!(
        "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
        text("/verificationMaterial/certificate/rawBytes")
    );
    fs::write(folder.path().join("s"), text("/messageSignature/signature")).expect("the folder is writable");
    fs::write(folder.path().join("c.pem"), pem).expect("the folder is writable");
    folder
}

#[test]
fn a_bundle_is_verified_without_a_network() {
    let folder = folder();
    for flags in ["", "--offline", "--rekor-url https://rekor.sigstore.dev"] {
        let script =
            format!("$OURS verify-blob {flags} --bundle bundle.json --trusted-root root.json {IDENTITY} a.txt");
        let Some(ended) = isolated(folder.path(), &script) else {
            return;
        };
        expect_success(&ended);
    }
}

/// The reverse, so that the others prove something: what is missing cannot be looked up, and nothing is looked up offline.
#[test]
fn what_needs_a_log_fails_without_a_network_unless_it_is_told_not_to_ask() {
    let folder = folder();
    let verify = format!("verify-blob --signature s --certificate c.pem --trusted-root root.json {IDENTITY}");
    for (flags, exit, told) in [
        ("", 20, "transparency log gave no answer"),
        (
            "--rekor-url https://rekor.sigstore.dev",
            20,
            "transparency log gave no answer",
        ),
        ("--offline", 12, "signature is in 0 trusted logs, expected 1"),
    ] {
        let script = format!("$OURS --timeout 20s {verify} {flags} a.txt");
        let Some(ended) = isolated(folder.path(), &script) else {
            return;
        };
        let stderr = String::from_utf8_lossy(&ended.stderr);
        assert_eq!(ended.status.code(), Some(exit), "{flags}: {stderr}");
        assert!(stderr.contains(told), "{flags}: {stderr}");
    }
}

#[test]
fn a_key_with_the_log_ignored_needs_no_trusted_root_and_no_network() {
    let folder = folder();
    let script = "
        $OURS generate-key-pair
        $OURS sign-blob --key cosign.key --tlog-upload=false --bundle b.json a.txt
        $OURS verify-blob --key cosign.pub --insecure-ignore-tlog --bundle b.json a.txt
        $OURS verify-blob --key cosign.pub --private-infrastructure --offline --bundle b.json a.txt
        printf 'version: 1\\nsigners: [{key: cosign.pub}]\\nlogs: 0\\n' > p.yaml
        $OURS verify-blob --trust-policy p.yaml --bundle b.json a.txt
    ";
    if let Some(ended) = isolated(folder.path(), script) {
        expect_success(&ended);
    }
}

#[test]
fn verify_reaches_the_registry_and_nothing_else() {
    let folder = folder();
    let script = "
        ip link set lo up
        $OURS serve --listen 127.0.0.1:5999 --root store > served 2>&1 &
        server=$!
        trap 'kill $server' EXIT
        image=127.0.0.1:5999/app:v1
        for attempt in $(seq 100); do
            if grep -q 5999 served; then break; fi
            sleep 0.1
        done
        $OURS push $image a.txt
        $OURS generate-key-pair
        for format in true false; do
            $OURS sign --key cosign.key --tlog-upload=false --new-bundle-format=$format $image
        done
        for flags in '' '--offline'; do
            $OURS verify $flags --key cosign.pub --insecure-ignore-tlog $image
            $OURS verify $flags --key cosign.pub --insecure-ignore-tlog --trusted-root root.json $image
        done
        # no entry is looked up offline: the verdict is that there is none, not that nobody answered
        status=0
        $OURS verify --offline --key cosign.pub --trusted-root root.json $image 2> refused || status=$?
        grep 'signature is in 0 trusted logs, expected 1' refused
        test $status = 12
    ";
    if let Some(ended) = isolated(folder.path(), script) {
        expect_success(&ended);
    }
}
