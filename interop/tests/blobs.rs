//! Files: we verify what cosign signs and cosign verifies what we sign, with every kind of key, in every form.

use countersign_interop::{Ended, Key, Keys, Peers, Run, Tool, work};

/// The form in which the signature of a file is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// A Sigstore bundle.
    Bundle,
    /// The bundle file of cosign 2.
    LegacyBundle,
    /// The signature in base64.
    Signature,
}

const FORMS: [Form; 3] = [Form::Bundle, Form::LegacyBundle, Form::Signature];
const SIGNERS: [Tool; 3] = [Tool::Ours, Tool::Cosign3, Tool::Cosign2];

/// Signed with a digest of the user's choice, and verified by whoever is told of it.
const DIGESTS: [(&str, &str); 4] = [
    ("ecdsa-p384", "sha384"),
    ("ecdsa-p521", "sha512"),
    ("ecdsa-p256", "sha512"),
    ("rsa-2048", "sha384"),
];

/// One file signed by one tool.
struct Signed<'a> {
    key: &'a Key,
    form: Form,
    signer: Tool,
    digest: Option<&'a str>,
    evidence: String,
}

#[test]
fn everyone_verifies_the_files_that_the_others_sign() {
    let Some(peers) = Peers::find() else { return };
    let keys = Keys::import(&peers, "cosign3");
    write_files(&peers);
    let mut items = Vec::new();
    for key in keys.all() {
        for form in FORMS {
            for signer in SIGNERS {
                items.push((key, form, signer, None));
            }
            let chosen = DIGESTS.iter().filter(|(kind, _)| *kind == key.kind);
            items.extend(chosen.map(|(_, digest)| (key, form, Tool::Ours, Some(*digest))));
        }
    }
    let wrong: Vec<String> = work::on_threads(work::cores(), &items, |(key, form, signer, digest)| {
        let digest_name = digest.unwrap_or("usual");
        let signed = Signed {
            key,
            form: *form,
            signer: *signer,
            digest: *digest,
            evidence: peers.path(&format!("{}-{form:?}-{}-{digest_name}", key.kind, signer.program())),
        };
        check(&peers, &signed)
    })
    .into_iter()
    .flatten()
    .collect();
    assert!(wrong.is_empty(), "{} are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// The key in the file of an attacker: cosign up to 3.1.2 trusts it, we do not.
#[test]
fn a_key_in_a_bundle_file_that_cosign_3_writes_counts_only_if_it_is_the_one_given() {
    let Some(peers) = Peers::find() else { return };
    write_files(&peers);
    let attacker = countersign_interop::keys::import(&peers, "cosign3", "ecdsa-p256");
    let trusted = countersign_interop::keys::import(&peers, "ours", "ecdsa-p384");
    let signed = Signed {
        key: &attacker,
        form: Form::LegacyBundle,
        signer: Tool::Cosign3,
        digest: None,
        evidence: peers.path("attack.json"),
    };
    drop(sign(&peers, &signed).expect_success());
    let text = std::fs::read_to_string(&signed.evidence).unwrap_or_default();
    assert!(text.contains(r#""cert":"#), "cosign 3 writes its key: {text}");
    drop(verify(&peers, &signed, Tool::Ours, "hello.txt").expect_success());
    let misled = Signed {
        key: &trusted,
        ..signed
    };
    let refused = verify(&peers, &misled, Tool::Ours, "hello.txt");
    assert_eq!(refused.code, Some(12), "{refused:#?}");
}

fn write_files(peers: &Peers) {
    for (name, content) in [("hello.txt", "hello\n"), ("other.txt", "other\n")] {
        let path = peers.path(name);
        std::fs::write(&path, content).unwrap_or_else(|error| panic!("cannot write {path}: {error}"));
    }
}

/// Signs, has everyone verify, and says what went wrong.
fn check(peers: &Peers, signed: &Signed<'_>) -> Vec<String> {
    let ended = sign(peers, signed);
    if !ended.succeeded() {
        // cosign 2 panics; cosign 3 does not verify its own bundles with such a key and gives up
        let is_known = signed.signer != Tool::Ours && signed.key.kind == "ed25519";
        return if is_known { Vec::new() } else { vec![ended.verdict()] };
    }
    let verifiers: &[Tool] = match signed.signer {
        Tool::Ours => &[Tool::Ours, Tool::Cosign3, Tool::Cosign2],
        Tool::Cosign2 | Tool::Cosign3 => &[Tool::Ours],
    };
    let mut wrong = Vec::new();
    for verifier in verifiers {
        let right = verify(peers, signed, *verifier, "hello.txt");
        if !right.succeeded() {
            wrong.push(right.verdict());
        }
        let other = verify(peers, signed, *verifier, "other.txt");
        if other.succeeded() {
            wrong.push(format!("another file is accepted: {}", other.verdict()));
        }
    }
    wrong
}

fn sign(peers: &Peers, signed: &Signed<'_>) -> Ended {
    let (config, root) = peers.no_services();
    let file = peers.path("hello.txt");
    let mut arguments = vec!["sign-blob", "--key", &signed.key.private, "-y"];
    match (signed.form, signed.signer) {
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
    arguments.push(match signed.form {
        Form::Bundle | Form::LegacyBundle => "--bundle",
        Form::Signature => "--output-signature",
    });
    arguments.push(&signed.evidence);
    if let Some(digest) = signed.digest {
        arguments.extend(["--signature-digest-algorithm", digest]);
    }
    arguments.push(&file);
    Run::new(peers, signed.signer.program(), &arguments).end()
}

fn verify(peers: &Peers, signed: &Signed<'_>, verifier: Tool, file: &str) -> Ended {
    let (_, root) = peers.no_services();
    let file = peers.path(file);
    let mut arguments = vec!["verify-blob", "--key", &signed.key.public, "--insecure-ignore-tlog"];
    match signed.form {
        Form::Bundle | Form::LegacyBundle => arguments.extend(["--bundle", &signed.evidence]),
        Form::Signature => arguments.extend(["--signature", &signed.evidence]),
    }
    if (signed.form, verifier) == (Form::Bundle, Tool::Cosign2) {
        arguments.extend(["--new-bundle-format", "--trusted-root", &root]);
    }
    if let Some(digest) = signed.digest {
        arguments.extend(["--signature-digest-algorithm", digest]);
    }
    arguments.push(&file);
    Run::new(peers, verifier.program(), &arguments).end()
}
