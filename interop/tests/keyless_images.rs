//! Images that we sign and attest with certificates, logs and timestamps of the real services, verified by the real cosign.
#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::fs;

use countersign_interop::{Ended, Kind, Peers, Registry, Run, Stack, image, keys};

/// A registry, and the servers that vouch for what is in it.
struct Scene {
    peers: Peers,
    stack: Stack,
    registry: Registry,
}

impl Scene {
    fn start() -> Option<Self> {
        let peers = Peers::find()?;
        let (stack, registry) = (Stack::start(&peers), Registry::start(&peers, Kind::Memory));
        fs::write(peers.path("predicate"), r#"{"spdxVersion":"SPDX-2.3","packages":[]}"#).unwrap();
        Some(Self { peers, stack, registry })
    }

    /// Pushes an image called `name`.
    fn image(&self, name: &str) -> String {
        let digest = image::image(self.registry.address(), name, "amd64", "v1");
        format!("{}/{name}@{digest}", self.registry.address())
    }

    fn ours(&self, command: &str, flags: &[&str], image: &str) -> Ended {
        let run = Run::new(&self.peers, "ours", &[command, "-y"]).with(flags);
        let predicate = self.peers.path("predicate");
        match command {
            "attest" => run.with(&["--type", "spdxjson", "--predicate", &predicate, image]),
            _ => run.with(&[image]),
        }
        .end()
    }

    fn theirs(&self, tool: &str, command: &str, flags: &[&str], image: &str) -> Ended {
        let run = Run::new(&self.peers, tool, &[command]);
        let run = match command {
            "verify-attestation" => run.with(&["--type", "spdxjson"]),
            _ => run,
        };
        self.stack.trusting(run).with(flags).with(&[image]).end()
    }

    fn identity(&self) -> [&str; 4] {
        self.stack.identity("user@example.com")
    }
}

#[test]
fn cosign_knows_who_signed_and_attested_an_image() {
    let Some(scene) = Scene::start() else { return };
    let token = scene.stack.token("issuer", "");
    let root = scene.stack.setting("trusted_root");
    for config in ["signing_config", "signing_config_rekor1"] {
        let image = scene.image(&config.replace('_', "-"));
        let flags = scene.stack.keyless(config, &token);
        for (sign, verify) in [("sign", "verify"), ("attest", "verify-attestation")] {
            drop(scene.ours(sign, &flags, &image).expect_success());
            let trust = [&scene.identity()[..], &["--trusted-root", root]].concat();
            for tool in ["cosign3", "ours"] {
                drop(scene.theirs(tool, verify, &trust, &image).expect_success());
            }
            let more = [&trust[..], &["--new-bundle-format", "--use-signed-timestamps"]].concat();
            drop(scene.theirs("cosign2", verify, &more, &image).expect_success());
            let other = [
                &scene.stack.identity("other@example.com")[..],
                &["--trusted-root", root],
            ]
            .concat();
            for tool in ["cosign3", "ours"] {
                let refused = scene.theirs(tool, verify, &other, &image);
                assert!(!refused.succeeded(), "{refused:#?}");
            }
        }
    }
}

#[test]
fn cosign_2_finds_certificate_log_entry_and_timestamp_in_the_tags() {
    let Some(scene) = Scene::start() else { return };
    let token = scene.stack.token("issuer", "");
    let root = scene.stack.setting("trusted_root");
    let image = scene.image("legacy");
    for (sign, verify) in [("sign", "verify"), ("attest", "verify-attestation")] {
        drop(scene.ours(sign, &scene.stack.legacy(&token), &image).expect_success());
        drop(
            scene
                .theirs("cosign2", verify, &scene.identity(), &image)
                .expect_success(),
        );
        let trust = [&scene.identity()[..], &["--trusted-root", root]].concat();
        let flags = [&trust[..], &["--new-bundle-format=false"]].concat();
        drop(scene.theirs("cosign3", verify, &flags, &image).expect_success());
        drop(scene.theirs("ours", verify, &trust, &image).expect_success());
    }
    let image = scene.image("stamped");
    let stamp = ["--timestamp-server-url", scene.stack.setting("timestamps")];
    let signed = scene.ours("sign", &[&scene.stack.legacy(&token)[..], &stamp].concat(), &image);
    drop(signed.expect_success());
    let chain = scene.stack.file("tsa-chain.pem");
    let flags = [&scene.identity()[..], &["--timestamp-certificate-chain", &chain]].concat();
    drop(scene.theirs("cosign2", "verify", &flags, &image).expect_success());
    let refused = scene.ours("attest", &[&scene.stack.legacy(&token)[..], &stamp].concat(), &image);
    assert!(
        refused
            .stderr
            .contains("attestations in the format of cosign 2 have no timestamps"),
        "{refused:#?}"
    );
}

#[test]
fn what_a_key_signs_is_logged_in_both_formats_at_once() {
    let Some(scene) = Scene::start() else { return };
    let key = keys::import(&scene.peers, "ours", "ecdsa-p256");
    let root = scene.stack.setting("trusted_root");
    let image = scene.image("both");
    let rekor = scene.stack.setting("rekor1");
    let flags = [
        "--key",
        &key.private,
        "--format",
        "both",
        "--rekor-url",
        rekor,
        "--trusted-root",
        root,
    ];
    for (sign, verify) in [("sign", "verify"), ("attest", "verify-attestation")] {
        drop(scene.ours(sign, &flags, &image).expect_success());
        let by_key = ["--key", &key.public, "--rekor-url", rekor];
        drop(scene.theirs("cosign2", verify, &by_key, &image).expect_success());
        let trust = ["--key", &key.public, "--trusted-root", root];
        drop(scene.theirs("cosign3", verify, &trust, &image).expect_success());
    }
}

#[test]
fn what_does_not_verify_is_not_attached() {
    let Some(scene) = Scene::start() else { return };
    let other = Stack::start(&scene.peers);
    let image = scene.image("refused");
    let (token, config) = (other.token("issuer", ""), other.setting("signing_config"));
    let root = scene.stack.setting("trusted_root");
    for command in ["sign", "attest"] {
        let flags = [
            "--signing-config",
            config,
            "--trusted-root",
            root,
            "--identity-token",
            &token,
        ];
        let refused = scene.ours(command, &flags, &image);
        assert!(
            refused
                .stderr
                .contains("what the certificate authority answered does not verify"),
            "{refused:#?}"
        );
        let tree = scene.theirs("ours", "tree", &[], &image);
        assert!(!tree.stdout.contains("sha256-"), "{tree:#?}");
        assert!(!tree.stdout.contains("bundle"), "{tree:#?}");
    }
}
