//! What we sign with certificates, logs and timestamps of the real services is verified by the real cosign.
#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::fs;

use countersign_interop::{Ended, Peers, Run, Stack, keys};

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

    /// Signs the file with `flags` and puts the bundle into the file called `bundle`.
    fn sign(&self, bundle: &str, flags: &[&str]) -> Ended {
        let bundle = self.peers.path(bundle);
        let run = Run::new(&self.peers, "ours", &["sign-blob", "-y", "--bundle", &bundle]);
        run.with(flags).with(&[&self.file]).end()
    }

    /// Lets a cosign verify that bundle by `signer` (its flags), and whatever else is asked for.
    fn verify(&self, tool: &str, bundle: &str, signer: &[&str], flags: &[&str]) -> Ended {
        let bundle = self.peers.path(bundle);
        let run = Run::new(&self.peers, tool, &["verify-blob", "--bundle", &bundle]);
        self.stack
            .trusting(run)
            .with(signer)
            .with(flags)
            .with(&[&self.file])
            .end()
    }

    fn identity(&self) -> [&str; 4] {
        self.stack.identity("user@example.com")
    }
}

#[test]
fn files_are_signed_without_a_key_and_cosign_knows_by_whom() {
    let Some(scene) = Scene::start() else { return };
    let token = scene.stack.token("issuer", "");
    let root = scene.stack.setting("trusted_root");
    for config in ["signing_config", "signing_config_rekor1", "signing_config_stamps"] {
        let signed = scene.sign(config, &scene.stack.keyless(config, &token));
        drop(signed.expect_success());
        let trust = ["--trusted-root", root];
        let unlogged: &[&str] = match config {
            "signing_config_stamps" => &["--insecure-ignore-tlog", "--use-signed-timestamps"],
            _ => &[],
        };
        for tool in ["cosign3", "ours"] {
            let flags = [&trust[..], unlogged].concat();
            drop(scene.verify(tool, config, &scene.identity(), &flags).expect_success());
        }
        let flags = ["--new-bundle-format", "--use-signed-timestamps", "--trusted-root", root];
        let verified = scene.verify("cosign2", config, &scene.identity(), &[&flags[..], unlogged].concat());
        drop(verified.expect_success());
        let other = scene.stack.identity("other@example.com");
        let refused = scene.verify("cosign3", config, &other, &[&trust[..], unlogged].concat());
        assert!(!refused.succeeded(), "{refused:#?}");
    }
}

#[test]
fn files_are_signed_with_a_key_that_is_logged_and_stamped() {
    let Some(scene) = Scene::start() else { return };
    let root = scene.stack.setting("trusted_root");
    for kind in ["ecdsa-p256", "rsa-2048"] {
        let key = keys::import(&scene.peers, "ours", kind);
        for config in ["signing_config", "signing_config_rekor1"] {
            let path = scene.stack.setting(config);
            let flags = ["--key", &key.private, "--signing-config", path, "--trusted-root", root];
            drop(scene.sign("key", &flags).expect_success());
            let trust = ["--trusted-root", root];
            for tool in ["cosign3", "ours"] {
                let verified = scene.verify(tool, "key", &["--key", &key.public], &trust);
                drop(verified.expect_success());
            }
        }
    }
}

#[test]
fn the_bundle_file_of_cosign_2_holds_certificate_and_log_entry() {
    let Some(scene) = Scene::start() else { return };
    let (certificate, stamp) = (scene.peers.path("certificate"), scene.peers.path("stamp"));
    let token_file = scene.peers.path("token");
    fs::write(&token_file, scene.stack.token("issuer", "")).unwrap();
    let legacy = scene.stack.legacy(&token_file);
    let flags = [&legacy[..], &["--output-certificate", &certificate]].concat();
    drop(scene.sign("legacy", &flags).expect_success());
    let verified = scene.verify("cosign2", "legacy", &scene.identity(), &[]);
    drop(verified.expect_success());
    let stamped = [
        &flags[..],
        &[
            "--timestamp-server-url",
            scene.stack.setting("timestamps"),
            "--rfc3161-timestamp",
            &stamp,
        ],
    ]
    .concat();
    let signed = scene.sign("stamped", &stamped).expect_success();
    assert!(signed.stderr.contains("Wrote timestamp to file"), "{signed:#?}");
    let chain = scene.stack.file("tsa-chain.pem");
    let witness = ["--rfc3161-timestamp", &stamp, "--timestamp-certificate-chain", &chain];
    let verified = scene.verify("cosign2", "stamped", &scene.identity(), &witness);
    drop(verified.expect_success());
    let pem = fs::read_to_string(&certificate).unwrap();
    assert!(pem.starts_with("LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0t"), "{pem}");
}

#[test]
fn github_says_which_workflow_signs() {
    let Some(scene) = Scene::start() else { return };
    let (config, root) = (
        scene.stack.setting("signing_config"),
        scene.stack.setting("trusted_root"),
    );
    let url = format!("{}/ambient?x=1", scene.stack.setting("github_issuer"));
    let bundle = scene.peers.path("github");
    let arguments = [
        "sign-blob",
        "-y",
        "--bundle",
        &bundle,
        "--signing-config",
        config,
        "--trusted-root",
        root,
        &scene.file,
    ];
    let signed = Run::new(&scene.peers, "ours", &arguments)
        .env("ACTIONS_ID_TOKEN_REQUEST_URL", url)
        .env("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "request-token")
        .end();
    drop(signed.expect_success());
    let issuer = scene.stack.setting("github_issuer");
    let workflow = "https://github.com/octo-org/octo-repo/.github/workflows/release.yml@refs/heads/main";
    let signer = ["--certificate-identity", workflow, "--certificate-oidc-issuer", issuer];
    let trust = ["--trusted-root", root];
    let verified = scene.verify("cosign3", "github", &signer, &trust);
    drop(verified.expect_success());
}

#[test]
fn a_login_on_another_device_says_who_signs() {
    let Some(scene) = Scene::start() else { return };
    let (config, root) = (
        scene.stack.setting("signing_config"),
        scene.stack.setting("trusted_root"),
    );
    let trust = ["--trusted-root", root];
    let flags = ["--signing-config", config, "--fulcio-auth-flow", "device"];
    let signed = scene.sign("device", &[&flags[..], &trust].concat()).expect_success();
    assert!(signed.stderr.contains(r#"its code must be "TEST-CODE""#), "{signed:#?}");
    let verified = scene.verify("cosign3", "device", &scene.identity(), &trust);
    drop(verified.expect_success());
}

#[test]
fn a_key_can_be_certified() {
    let Some(scene) = Scene::start() else { return };
    let (config, root) = (
        scene.stack.setting("signing_config"),
        scene.stack.setting("trusted_root"),
    );
    let trust = ["--trusted-root", root];
    let key = keys::import(&scene.peers, "ours", "ecdsa-p256");
    let token = scene.stack.token("issuer", "");
    let flags = [
        "--key",
        &key.private,
        "--issue-certificate",
        "--identity-token",
        &token,
        "--signing-config",
        config,
    ];
    let signed = scene.sign("certified", &[&flags[..], &trust].concat());
    drop(signed.expect_success());
    let verified = scene.verify("cosign3", "certified", &scene.identity(), &trust);
    drop(verified.expect_success());
}

#[test]
fn a_timestamp_authority_may_ask_who_we_are() {
    let Some(scene) = Scene::start() else { return };
    let key = keys::import(&scene.peers, "ours", "ecdsa-p256");
    let file = |name: &str| scene.stack.file(name);
    let (root, certificate, secret) = (file("tls-root.pem"), file("tls-client.pem"), file("tls-client.key"));
    let asked = [
        "--key",
        &key.private,
        "--tlog-upload=false",
        "--trusted-root",
        scene.stack.setting("trusted_root"),
        "--timestamp-server-url",
        scene.stack.setting("timestamps_mutual_tls"),
        "--timestamp-client-cacert",
        &root,
    ];
    let shown = [
        "--timestamp-client-cert",
        &certificate,
        "--timestamp-client-key",
        &secret,
    ];
    let name = ["--timestamp-server-name", "tsa.stack.test"];
    drop(
        scene
            .sign("stamped", &[&asked[..], &shown, &name].concat())
            .expect_success(),
    );
    let refused = scene.sign("unstamped", &asked);
    assert_eq!(refused.code, Some(20), "{refused:#?}");
    assert!(
        refused.stderr.contains("timestamp authority gave no answer"),
        "{refused:#?}"
    );
}

#[test]
fn what_a_service_refuses_or_falsifies_is_not_written() {
    let Some(scene) = Scene::start() else { return };
    let (config, root) = (
        scene.stack.setting("signing_config"),
        scene.stack.setting("trusted_root"),
    );
    let wrong = scene.stack.token("issuer", "aud=somebody-else");
    let refused = scene.sign("refused", &["--signing-config", config, "--identity-token", &wrong]);
    assert_eq!(refused.code, Some(1), "{refused:#?}");
    let authority = format!("certificate authority {} answered 400", scene.stack.setting("fulcio"));
    assert!(refused.stderr.contains(&authority), "{refused:#?}");
    assert!(!refused.stderr.contains(&wrong), "{refused:#?}");
    let ended = scene.stack.token("issuer", "ttl=-1m");
    let refused = scene.sign("refused", &["--signing-config", config, "--identity-token", &ended]);
    assert!(refused.stderr.contains("identity token ended at"), "{refused:#?}");

    // another stack, whose services this trusted root does not know
    let other = Stack::start(&scene.peers);
    let token = other.token("issuer", "");
    let config = other.setting("signing_config");
    let refused = scene.sign(
        "refused",
        &[
            "--signing-config",
            config,
            "--trusted-root",
            root,
            "--identity-token",
            &token,
        ],
    );
    assert_eq!(refused.code, Some(1), "{refused:#?}");
    assert!(
        refused
            .stderr
            .contains("what the certificate authority answered does not verify"),
        "{refused:#?}"
    );
    assert!(!fs::exists(scene.peers.path("refused")).unwrap());
}
