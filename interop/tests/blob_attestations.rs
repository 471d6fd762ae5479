//! What is claimed of files: we verify what cosign attests and cosign verifies what we attest, in every form.

use countersign_interop::{Ended, Key, Peers, Run, Tool, keys, work};

/// The form in which the attestation of a file is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// A Sigstore bundle.
    Bundle,
    /// The bundle file of cosign 2.
    LegacyBundle,
    /// The signed envelope.
    Envelope,
}

const FORMS: [Form; 3] = [Form::Bundle, Form::LegacyBundle, Form::Envelope];

#[test]
fn everyone_verifies_the_claims_about_files_that_the_others_sign() {
    let Some(peers) = Peers::find() else { return };
    for (name, content) in [
        ("hello.txt", "hello\n"),
        ("other.txt", "other\n"),
        ("predicate.json", r#"{"spdxVersion":"SPDX-2.3"}"#),
    ] {
        let path = peers.path(name);
        std::fs::write(&path, content).unwrap_or_else(|error| panic!("cannot write {path}: {error}"));
    }
    let p256 = keys::import(&peers, "cosign3", "ecdsa-p256");
    let p384 = keys::import(&peers, "cosign3", "ecdsa-p384");
    let rsa = keys::import(&peers, "cosign3", "rsa-2048");
    let ed25519 = keys::import(&peers, "cosign3", "ed25519");
    let mut items = Vec::new();
    for form in FORMS {
        for signer in [Tool::Ours, Tool::Cosign3, Tool::Cosign2] {
            items.push((&p256, form, signer));
        }
        for key in [&p384, &rsa, &ed25519] {
            items.push((key, form, Tool::Ours));
        }
    }
    let wrong: Vec<String> = work::on_threads(work::cores(), &items, |(key, form, signer)| {
        check(&peers, key, *form, *signer)
    })
    .into_iter()
    .flatten()
    .collect();
    assert!(wrong.is_empty(), "{} are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// Attests, has everyone verify, and says what went wrong.
fn check(peers: &Peers, key: &Key, form: Form, signer: Tool) -> Vec<String> {
    let evidence = peers.path(&format!("{}-{form:?}-{}", key.kind, signer.program()));
    let ended = attest(peers, key, form, signer, &evidence);
    if !ended.succeeded() {
        return vec![ended.verdict()];
    }
    let verifiers: &[Tool] = match signer {
        Tool::Ours => &[Tool::Ours, Tool::Cosign3, Tool::Cosign2],
        Tool::Cosign2 | Tool::Cosign3 => &[Tool::Ours],
    };
    let mut wrong = Vec::new();
    for verifier in verifiers {
        for (file, kind, is_right) in [
            ("hello.txt", "spdxjson", true),
            ("other.txt", "spdxjson", false),
            ("hello.txt", "vuln", false),
        ] {
            if (form, *verifier, kind) == (Form::Bundle, Tool::Cosign2, "vuln") {
                // it does not look at the type in a bundle
                continue;
            }
            let ended = verify(peers, key, form, *verifier, &evidence, (file, kind));
            if ended.succeeded() != is_right {
                wrong.push(ended.verdict());
            }
        }
    }
    wrong
}

fn attest(peers: &Peers, key: &Key, form: Form, signer: Tool, evidence: &str) -> Ended {
    let (config, root) = peers.no_services();
    let (file, predicate) = (peers.path("hello.txt"), peers.path("predicate.json"));
    let mut arguments = vec!["attest-blob", "--key", &key.private, "-y", "--type", "spdxjson"];
    arguments.extend(["--predicate", &predicate]);
    match (form, signer) {
        (Form::Bundle, Tool::Ours) => arguments.extend(["--tlog-upload=false"]),
        (Form::Bundle, Tool::Cosign3) => arguments.extend(["--signing-config", &config, "--trusted-root", &root]),
        (Form::Bundle, Tool::Cosign2) => arguments.extend(["--tlog-upload=false", "--new-bundle-format"]),
        (_, Tool::Cosign2) => arguments.extend(["--tlog-upload=false"]),
        (_, Tool::Ours) => arguments.extend(["--tlog-upload=false", "--new-bundle-format=false"]),
        (_, Tool::Cosign3) => arguments.extend([
            "--use-signing-config=false",
            "--tlog-upload=false",
            "--new-bundle-format=false",
        ]),
    }
    arguments.push(match form {
        Form::Bundle | Form::LegacyBundle => "--bundle",
        Form::Envelope => "--output-signature",
    });
    arguments.extend([evidence, &file]);
    Run::new(peers, signer.program(), &arguments).end()
}

fn verify(peers: &Peers, key: &Key, form: Form, verifier: Tool, evidence: &str, (file, kind): (&str, &str)) -> Ended {
    let (_, root) = peers.no_services();
    let file = peers.path(file);
    let mut arguments = vec![
        "verify-blob-attestation",
        "--key",
        &key.public,
        "--insecure-ignore-tlog",
    ];
    arguments.extend(["--type", kind]);
    match form {
        Form::Bundle | Form::LegacyBundle => arguments.extend(["--bundle", evidence]),
        Form::Envelope => arguments.extend(["--signature", evidence]),
    }
    if (form, verifier) == (Form::Bundle, Tool::Cosign2) {
        arguments.extend(["--new-bundle-format", "--trusted-root", &root]);
    }
    arguments.push(&file);
    Run::new(peers, verifier.program(), &arguments).end()
}
