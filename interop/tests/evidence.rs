//! Evidence that lies beside a signature or in a log, logins, and certificates of one's own: with the real services and the real
//! cosign.
#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::fs;
use std::os::unix::fs::PermissionsExt;

use countersign_interop::{Ended, Kind, Peers, Registry, Run, Stack, image};

/// A file to sign, and the servers that vouch for it.
struct Scene {
    peers: Peers,
    stack: Stack,
    file: String,
}

impl Scene {
    fn start() -> Option<Self> {
        let peers = Peers::find()?;
        let stack = Stack::start(&peers);
        let file = peers.path("file");
        fs::write(&file, "content").unwrap();
        Some(Self { peers, stack, file })
    }

    fn run(&self, tool: &str, arguments: &[&str]) -> Ended {
        let run = Run::new(&self.peers, tool, arguments);
        self.stack.trusting(run).end()
    }

    /// Signs the file with Fulcio and Rekor 1 in the form of cosign 2: the signature and the certificate, in files called `s` and
    /// `c` after the tool.
    fn sign(&self, tool: &str) -> [String; 2] {
        let [signature, certificate] = ["s", "c"].map(|name| self.peers.path(&format!("{tool}-{name}")));
        let token = self.stack.token("issuer", "");
        let mut flags = vec![
            "sign-blob",
            "-y",
            "--fulcio-url",
            self.stack.setting("fulcio"),
            "--rekor-url",
            self.stack.setting("rekor1"),
            "--identity-token",
            &token,
            "--output-signature",
            &signature,
            "--output-certificate",
            &certificate,
        ];
        match tool {
            "cosign2" => {}
            "cosign3" => flags.extend(["--new-bundle-format=false", "--use-signing-config=false"]),
            _ => flags.extend(["--new-bundle-format=false", "--insecure-skip-verify"]),
        }
        flags.push(&self.file);
        drop(self.run(tool, &flags).expect_success());
        [signature, certificate]
    }
}

#[test]
fn a_signature_and_a_certificate_in_files_are_verified_by_the_entry_that_the_log_has() {
    let Some(scene) = Scene::start() else { return };
    let rekor = ["--rekor-url", scene.stack.setting("rekor1")];
    let identity = scene.stack.identity("user@example.com");
    for signer in ["cosign2", "cosign3", "ours"] {
        let [signature, certificate] = scene.sign(signer);
        let files = ["--signature", &signature, "--certificate", &certificate];
        let verify = |tool: &str, flags: &[&str]| {
            let flags = [&["verify-blob"], &files[..], flags, &[&scene.file]].concat();
            scene.run(tool, &flags)
        };
        for verifier in ["cosign2", "cosign3", "ours"] {
            let flags = [&rekor[..], &identity].concat();
            drop(verify(verifier, &flags).expect_success());
        }
        let offline = verify("ours", &[&["--offline"], &identity[..]].concat());
        assert_eq!(offline.code, Some(12), "{offline:#?}");
        assert!(
            offline.stderr.contains("signature is in 0 trusted logs, expected 1"),
            "{offline:#?}"
        );
        let other = verify(
            "ours",
            &[&rekor[..], &scene.stack.identity("other@example.com")].concat(),
        );
        assert_eq!(other.code, Some(12), "{other:#?}");
        // a log that is not trusted does not help, and one that is another kind of server says nothing
        let elsewhere = ["--rekor-url", scene.stack.setting("issuer")];
        let elsewhere = verify("ours", &[&elsewhere[..], &identity].concat());
        assert!(!elsewhere.succeeded() && elsewhere.code != Some(12), "{elsewhere:#?}");
    }
    // what the log has never seen
    let other = scene.peers.path("other");
    fs::write(&other, "other").unwrap();
    let [_, certificate] = scene.sign("ours");
    let key = countersign_interop::keys::import(&scene.peers, "ours", "ecdsa-p256");
    let unlogged = scene.peers.path("unlogged");
    let sign = [
        "sign-blob",
        "--key",
        &key.private,
        "--tlog-upload=false",
        "--output-signature",
        &unlogged,
        &other,
    ];
    drop(scene.run("ours", &sign).expect_success());
    let none = [
        "verify-blob",
        "--key",
        &key.public,
        "--signature",
        &unlogged,
        rekor[0],
        rekor[1],
        &other,
    ];
    let none = scene.run("ours", &none);
    assert_eq!(none.code, Some(12), "{none:#?}");
    drop(certificate);
}

#[test]
fn an_attestation_and_a_certificate_in_files_are_verified_by_the_entry_that_the_log_has() {
    let Some(scene) = Scene::start() else { return };
    let [predicate, envelope, certificate] = ["p", "e", "c"].map(|name| scene.peers.path(name));
    fs::write(&predicate, "{}").unwrap();
    let identity = scene.stack.identity("user@example.com");
    let kind = ["--type", "https://type.example"];
    let kinds = ["dsse", "intoto"];
    for (tool, entry) in ["cosign2", "ours"]
        .into_iter()
        .flat_map(|tool| kinds.map(|entry| (tool, entry)))
    {
        let token = scene.stack.token("issuer", "");
        let sign = [
            "attest-blob",
            "-y",
            "--predicate",
            &predicate,
            "--rekor-entry-type",
            entry,
            "--fulcio-url",
            scene.stack.setting("fulcio"),
            "--rekor-url",
            scene.stack.setting("rekor1"),
            "--identity-token",
            &token,
            "--output-signature",
            &envelope,
            "--output-certificate",
            &certificate,
        ];
        let old: &[&str] = match tool {
            "ours" => &["--new-bundle-format=false", "--insecure-skip-verify"],
            _ => &[],
        };
        drop(
            scene
                .run(tool, &[&sign[..], &kind, old, &[&scene.file]].concat())
                .expect_success(),
        );
        let verify = [
            "verify-blob-attestation",
            "--signature",
            &envelope,
            "--certificate",
            &certificate,
            "--rekor-url",
            scene.stack.setting("rekor1"),
        ];
        for verifier in ["cosign2", "ours"] {
            if (verifier, tool, entry) == ("cosign2", "ours", "intoto") {
                // it looks for version 0.0.1 only, and we write 0.0.2
                continue;
            }
            let flags = [&verify[..], &kind, &identity, &[&scene.file]].concat();
            drop(scene.run(verifier, &flags).expect_success());
        }
    }
}

#[test]
fn a_bundle_is_made_of_files_and_of_the_entry_that_the_log_has() {
    let Some(scene) = Scene::start() else { return };
    let [signature, certificate] = scene.sign("cosign2");
    let bundle = scene.peers.path("bundle");
    let create = [
        "bundle",
        "create",
        "--artifact",
        &scene.file,
        "--signature",
        &signature,
        "--certificate",
        &certificate,
        "--rekor-url",
        scene.stack.setting("rekor1"),
        "--out",
        &bundle,
    ];
    drop(scene.run("ours", &create).expect_success());
    let identity = scene.stack.identity("user@example.com");
    for verifier in ["cosign3", "ours"] {
        let root = ["--trusted-root", scene.stack.setting("trusted_root")];
        let flags = [
            &["verify-blob", "--bundle", &bundle][..],
            &root,
            &identity,
            &[&scene.file],
        ]
        .concat();
        drop(scene.run(verifier, &flags).expect_success());
    }
}

#[test]
fn a_login_in_a_browser_says_who_signs() {
    let Some(scene) = Scene::start() else { return };
    let (browser, bundle) = (scene.peers.path("browser"), scene.peers.path("bundle"));
    // as a browser does, it comes back to where it is sent
    fs::write(&browser, "#!/bin/sh\nexec curl -sSfL -o /dev/null \"$1\"\n").unwrap();
    fs::set_permissions(&browser, fs::Permissions::from_mode(0o755)).unwrap();
    let root = scene.stack.setting("trusted_root");
    let arguments = [
        "sign-blob",
        "-y",
        "--fulcio-auth-flow",
        "normal",
        "--bundle",
        &bundle,
        "--signing-config",
        scene.stack.setting("signing_config"),
        "--trusted-root",
        root,
        "--oidc-issuer",
        scene.stack.setting("issuer"),
        &scene.file,
    ];
    let signed = Run::new(&scene.peers, "ours", &arguments)
        .env("BROWSER", &browser)
        .end();
    let signed = signed.expect_success();
    assert!(
        signed.stderr.contains("Your browser will now be opened to:\n"),
        "{signed:#?}"
    );
    let identity = scene.stack.identity("user@example.com");
    let verify = [
        &["verify-blob", "--bundle", &bundle, "--trusted-root", root][..],
        &identity,
        &[&scene.file],
    ]
    .concat();
    for verifier in ["cosign3", "ours"] {
        drop(scene.run(verifier, &verify).expect_success());
    }
    // without a browser the provider shows a code, which nobody types here
    let signed = Run::new(&scene.peers, "ours", &arguments)
        .env("BROWSER", "/nowhere/browser")
        .end();
    assert!(!signed.succeeded(), "{signed:#?}");
    assert!(signed.stderr.contains("error opening browser: "), "{signed:#?}");
    assert!(signed.stderr.contains("Enter verification code: "), "{signed:#?}");
    assert!(
        signed
            .stderr
            .contains("redirect_uri=urn%3Aietf%3Awg%3Aoauth%3A2.0%3Aoob"),
        "{signed:#?}"
    );
}

#[test]
fn each_kind_of_new_key_is_certified_logged_and_verified() {
    let Some(scene) = Scene::start() else { return };
    let root = scene.stack.setting("trusted_root");
    let token = scene.stack.token("issuer", "");
    let identity = scene.stack.identity("user@example.com");
    for algorithm in [
        "ecdsa-sha2-256-nistp256",
        "ecdsa-sha2-384-nistp384",
        "ecdsa-sha2-512-nistp521",
        "rsa-sign-pkcs1-2048-sha256",
        "rsa-sign-pkcs1-3072-sha256",
        "rsa-sign-pkcs1-4096-sha256",
    ] {
        let bundle = scene.peers.path(algorithm);
        let flags = scene.stack.keyless("signing_config", &token);
        let more = ["sign-blob", "-y", "--signing-algorithm", algorithm, "--bundle", &bundle];
        let signed = scene.run("ours", &[&more[..], &flags, &[&scene.file]].concat());
        drop(signed.expect_success());
        let verify = ["verify-blob", "--bundle", &bundle, "--trusted-root", root];
        for verifier in ["cosign3", "ours"] {
            let flags = [&verify[..], &identity, &[&scene.file]].concat();
            drop(scene.run(verifier, &flags).expect_success());
        }
    }
}

#[test]
fn rekor_1_keeps_what_it_is_asked_to_keep() {
    let Some(scene) = Scene::start() else { return };
    let predicate = scene.peers.path("predicate");
    fs::write(&predicate, "{}").unwrap();
    let root = scene.stack.setting("trusted_root");
    let token = scene.stack.token("issuer", "");
    let identity = scene.stack.identity("user@example.com");
    for kind in ["dsse", "intoto"] {
        let bundle = scene.peers.path(kind);
        let flags = scene.stack.keyless("signing_config_rekor1", &token);
        let more = [
            "attest-blob",
            "-y",
            "--type",
            "https://type.example",
            "--predicate",
            &predicate,
            "--rekor-entry-type",
            kind,
            "--bundle",
            &bundle,
        ];
        drop(
            scene
                .run("ours", &[&more[..], &flags, &[&scene.file]].concat())
                .expect_success(),
        );
        let json: serde_json::Value = serde_json::from_slice(&fs::read(&bundle).unwrap()).unwrap();
        assert_eq!(
            json["verificationMaterial"]["tlogEntries"][0]["kindVersion"]["kind"],
            kind
        );
        let verify = [
            "verify-blob-attestation",
            "--type",
            "https://type.example",
            "--bundle",
            &bundle,
            "--trusted-root",
            root,
        ];
        for verifier in ["cosign3", "ours"] {
            let flags = [&verify[..], &identity, &[&scene.file]].concat();
            drop(scene.run(verifier, &flags).expect_success());
        }
    }
    let none = scene.stack.keyless("signing_config", &token);
    let arguments = [
        &[
            "attest-blob",
            "-y",
            "--predicate",
            &predicate,
            "--rekor-entry-type",
            "intoto",
        ],
        &none[..],
        &[&scene.file],
    ];
    let refused = scene.run("ours", &arguments.concat());
    assert!(
        refused.stderr.contains("--rekor-entry-type is for a Rekor 1"),
        "{refused:#?}"
    );
}

/// The key, its certificate and the authority's are those of `crates/core/tests/data/golden`.
#[test]
fn a_certificate_of_ones_own_authority_is_verified_by_all() {
    let Some(peers) = Peers::find() else { return };
    let registry = Registry::start(&peers, Kind::Memory);
    let golden = |name: &str| {
        format!(
            "{}/../crates/core/tests/data/golden/keys/{name}",
            env!("CARGO_MANIFEST_DIR")
        )
    };
    let (key, certificate, authority) = (golden("byo.key"), golden("byo.crt"), golden("byo-ca.crt"));
    let witnessed = [
        "--ca-roots",
        &authority,
        "--insecure-ignore-sct",
        "--insecure-ignore-tlog",
        "--certificate-identity",
        "byo@example.com",
        "--certificate-oidc-issuer-regexp",
        "^.*$",
    ];
    let run = |tool: &str, arguments: &[&str]| Run::new(&peers, tool, arguments).env("COSIGN_PASSWORD", "").end();
    for tool in ["cosign2", "cosign3", "ours"] {
        let digest = image::image(registry.address(), tool, "amd64", "v1");
        let image = format!("{}/{tool}@{digest}", registry.address());
        let sign = [
            "sign",
            "-y",
            "--key",
            &key,
            "--certificate",
            &certificate,
            "--certificate-chain",
            &authority,
            "--tlog-upload=false",
        ];
        let old: &[&str] = match tool {
            "cosign2" => &[],
            "cosign3" => &["--new-bundle-format=false", "--use-signing-config=false"],
            _ => &["--new-bundle-format=false"],
        };
        drop(run(tool, &[&sign[..], old, &[&image]].concat()).expect_success());
        for verifier in ["cosign2", "cosign3", "ours"] {
            drop(run(verifier, &[&["verify"], &witnessed[..], &[&image]].concat()).expect_success());
        }
    }
}
