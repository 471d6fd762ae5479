//! The real cosign against the transparency logs of `countersign serve`, in the place of the real ones.
#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::fs;

use countersign_interop::{Ended, Peers, Run, Sigstore, http, keys};

/// Our server, a file to sign, and a predicate.
struct Scene {
    peers: Peers,
    server: Sigstore,
    url: String,
    file: String,
    predicate: String,
}

impl Scene {
    fn start() -> Option<Self> {
        let peers = Peers::find()?;
        let (file, predicate) = (peers.path("file"), peers.path("predicate.json"));
        fs::write(&file, "content").unwrap();
        fs::write(&predicate, r#"{"a":1}"#).unwrap();
        let server = Sigstore::start(&peers);
        Some(Self {
            url: server.url(""),
            peers,
            server,
            file,
            predicate,
        })
    }

    /// Runs a program that believes the log, by the variable of cosign 2.
    fn run(&self, tool: &str, arguments: &[&str], more: &[&str]) -> Ended {
        let run = Run::new(&self.peers, tool, arguments).with(more).with(&[&self.file]);
        run.env("SIGSTORE_REKOR_PUBLIC_KEY", self.server.file("rekor.pub"))
            .end()
    }

    /// Asks the server for something, without any of the programs.
    fn get(&self, path: &str) -> String {
        let answer = http::request(self.server.address(), "GET", path, &[], b"");
        String::from_utf8(answer.body).unwrap()
    }
}

#[test]
fn cosign_2_logs_and_finds_what_it_signs_in_our_rekor_1() {
    let Some(scene) = Scene::start() else { return };
    let log = ["--rekor-url", scene.url.as_str()];
    for kind in ["ecdsa-p256", "rsa-2048"] {
        let key = keys::import(&scene.peers, "cosign2", kind);
        let (bundle, signature) = (scene.peers.path("bundle"), scene.peers.path("signature"));
        let out = ["--bundle", &bundle, "--output-signature", &signature];
        let sign = ["sign-blob", "--key", &key.private];
        let signed = scene.run("cosign2", &sign, &[&log[..], &out].concat()).expect_success();
        assert!(signed.stderr.contains("tlog entry created with index"), "{signed:#?}");
        let verify = ["verify-blob", "--key", &key.public];
        let offline = ["--bundle", &bundle, "--offline"];
        drop(scene.run("cosign2", &verify, &offline).expect_success());
        // without the bundle the entry is searched for in the log
        let online = [&log[..], &["--signature", &signature]].concat();
        drop(scene.run("cosign2", &verify, &online).expect_success());
        if kind == "rsa-2048" {
            // the same signature again: the log has it, and says where
            let again = scene.run("cosign2", &sign, &log).expect_success();
            assert!(again.stderr.contains("Signature already exists"), "{again:#?}");
        }
    }
    // what is not there is not found
    let key = keys::import(&scene.peers, "cosign2", "ecdsa-p256");
    let unlogged = ["--tlog-upload=false", "--output-signature", "signature"];
    let sign = ["sign-blob", "--key", &key.private];
    drop(scene.run("cosign2", &sign, &unlogged).expect_success());
    let verify = ["verify-blob", "--key", &key.public, "--signature", "signature"];
    let refused = scene.run("cosign2", &verify, &log);
    assert!(
        refused.stderr.contains("signature not found in transparency log"),
        "{refused:#?}"
    );
}

#[test]
fn cosign_2_logs_and_finds_attestations_of_both_kinds_in_our_rekor_1() {
    let Some(scene) = Scene::start() else { return };
    let log = ["--rekor-url", scene.url.as_str()];
    let key = keys::import(&scene.peers, "cosign2", "ecdsa-p256");
    for kind in ["dsse", "intoto"] {
        let (bundle, envelope) = (scene.peers.path("bundle"), scene.peers.path("envelope"));
        let attest = ["attest-blob", "--key", &key.private, "--predicate", &scene.predicate];
        let how = ["--type", "custom", "--rekor-entry-type", kind];
        let out = ["--bundle", &bundle, "--output-signature", &envelope];
        let attested = scene.run("cosign2", &attest, &[&log[..], &how, &out].concat());
        drop(attested.expect_success());
        let verify = ["verify-blob-attestation", "--key", &key.public, "--type", "custom"];
        for evidence in [["--bundle", &bundle], ["--signature", &envelope]] {
            let verified = scene.run("cosign2", &verify, &[&log[..], &evidence].concat());
            drop(verified.expect_success());
        }
    }
    let state: serde_json::Value = serde_json::from_str(&scene.get("/api/v1/log")).unwrap();
    assert_eq!(state["treeSize"], 2);
}

#[test]
fn what_cosign_3_and_we_sign_is_proven_by_our_rekor_2() {
    let Some(scene) = Scene::start() else { return };
    let config = scene.peers.path("only-a-log.json");
    let log = format!(
        "url={},api-version=2,start-time=2020-01-01T00:00:00Z,operator=test",
        scene.url
    );
    let create = [
        "signing-config",
        "create",
        "--rekor",
        &log,
        "--rekor-config",
        "ANY",
        "--out",
        &config,
    ];
    drop(Run::new(&scene.peers, "cosign3", &create).end().expect_success());
    let root = scene.server.file("trusted_root.json");
    let trust = ["--trusted-root", root.as_str()];
    let services = ["--signing-config", &config, "--trusted-root", &root];
    let mut size = 0;
    for (signer, kind) in [
        ("cosign3", "ecdsa-p256"),
        ("ours", "ecdsa-p256"),
        ("cosign3", "rsa-2048"),
        ("ours", "rsa-3072"),
    ] {
        let key = keys::import(&scene.peers, signer, kind);
        let bundle = scene.peers.path("bundle");
        let sign = ["sign-blob", "--key", &key.private, "-y", "--bundle", &bundle];
        drop(scene.run(signer, &sign, &services).expect_success());
        let attestation = scene.peers.path("attestation");
        let attest = ["attest-blob", "--key", &key.private, "-y", "--bundle", &attestation];
        let what = ["--type", "custom", "--predicate", &scene.predicate];
        let attested = scene.run(signer, &attest, &[&services[..], &what].concat());
        drop(attested.expect_success());
        for verifier in ["cosign3", "ours"] {
            let verify = ["verify-blob", "--key", &key.public, "--bundle", &bundle];
            drop(scene.run(verifier, &verify, &trust).expect_success());
            let verify = [
                "verify-blob-attestation",
                "--key",
                &key.public,
                "--bundle",
                &attestation,
            ];
            let verified = scene.run(verifier, &verify, &[&trust[..], &["--type", "custom"]].concat());
            drop(verified.expect_success());
        }
        size += 2;
    }
    let checkpoint = scene.get("/api/v2/checkpoint");
    assert_eq!(checkpoint.lines().nth(1), Some(&*size.to_string()), "{checkpoint}");
}

#[test]
fn another_log_is_not_believed() {
    let Some(scene) = Scene::start() else { return };
    let key = keys::import(&scene.peers, "cosign2", "ecdsa-p256");
    let bundle = scene.peers.path("bundle");
    let sign = [
        "sign-blob",
        "--key",
        &key.private,
        "--rekor-url",
        &scene.url,
        "--bundle",
        &bundle,
    ];
    drop(scene.run("cosign2", &sign, &[]).expect_success());
    let verify = ["verify-blob", "--key", &key.public, "--bundle", &bundle, &scene.file];
    let other = scene.server.file("ctfe.pub");
    let refused = Run::new(&scene.peers, "cosign2", &verify)
        .env("SIGSTORE_REKOR_PUBLIC_KEY", other)
        .end();
    assert!(!refused.succeeded(), "{refused:#?}");
}
