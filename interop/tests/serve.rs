//! `countersign serve` in the place of Sigstore: the real cosigns sign without keys through it, and all verify each other.
#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use countersign_interop::{Ended, Peers, Run, Sigstore, Subject, http, image, keys};
use serde_json::Value;

const WHO: &str = "user@example.com";

/// A server, and files to sign.
struct Scene {
    peers: Peers,
    sigstore: Sigstore,
    file: String,
}

impl Scene {
    fn start() -> Option<Self> {
        let peers = Peers::find()?;
        let sigstore = Sigstore::start(&peers);
        let file = peers.path("file");
        fs::write(&file, "content").unwrap();
        fs::write(peers.path("predicate"), r#"{"spdxVersion":"SPDX-2.3","packages":[]}"#).unwrap();
        Some(Self { peers, sigstore, file })
    }

    /// Pushes an image called `name`.
    fn image(&self, name: &str) -> String {
        let digest = image::image(self.sigstore.address(), name, "amd64", "v1");
        format!("{}/{name}@{digest}", self.sigstore.address())
    }

    fn run(&self, tool: &str, command: &str, flags: &[&[String]], target: &str) -> Ended {
        let run = Run::new(&self.peers, tool, &[command]);
        let run = self.sigstore.trusting(run);
        let predicate = self.peers.path("predicate");
        let run = match command {
            "attest" => run.with(&["-y", "--type", "spdxjson", "--predicate", &predicate]),
            "sign" | "sign-blob" => run.with(&["-y"]),
            "verify-attestation" => run.with(&["--type", "spdxjson"]),
            _ => run,
        };
        let flags: Vec<&str> = flags.iter().copied().flatten().map(String::as_str).collect();
        run.with(&flags).with(&[target]).end()
    }

    fn root(&self) -> Vec<String> {
        owned(&["--trusted-root", &self.sigstore.file("trusted_root.json")])
    }

    /// Lets a tool verify by identity and trusted root, and refuse another identity.
    fn verified(&self, tool: &str, command: &str, more: &[String], target: &str) {
        let root = self.root();
        let right = self.run(tool, command, &[&self.sigstore.identity(WHO), &root, more], target);
        drop(right.expect_success());
        let other = self.sigstore.identity("other@example.com");
        let wrong = self.run(tool, command, &[&other, &root, more], target);
        assert!(!wrong.succeeded(), "{wrong:#?}");
    }
}

fn owned(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

#[test]
fn files_are_signed_by_cosign_3_and_by_us_and_verified_by_the_other() {
    let Some(scene) = Scene::start() else { return };
    for signer in ["cosign3", "ours"] {
        let bundle = owned(&["--bundle", &scene.peers.path(&format!("{signer}.json"))]);
        let token = scene.sigstore.token(WHO);
        let signed = scene.run(
            signer,
            "sign-blob",
            &[&scene.sigstore.by_files(&token), &bundle],
            &scene.file,
        );
        drop(signed.expect_success());
        for verifier in ["cosign3", "ours"] {
            scene.verified(verifier, "verify-blob", &bundle, &scene.file);
        }
        let stamped = [bundle, owned(&["--new-bundle-format", "--use-signed-timestamps"])].concat();
        scene.verified("cosign2", "verify-blob", &stamped, &scene.file);
    }
}

#[test]
fn images_are_signed_and_attested_by_cosign_3_and_by_us_and_verified_by_the_other() {
    let Some(scene) = Scene::start() else { return };
    for signer in ["cosign3", "ours"] {
        let image = scene.image(&format!("by-{signer}"));
        for (sign, verify) in [("sign", "verify"), ("attest", "verify-attestation")] {
            let token = scene.sigstore.token(WHO);
            let signed = scene.run(signer, sign, &[&scene.sigstore.by_files(&token)], &image);
            drop(signed.expect_success());
            for verifier in ["cosign3", "ours"] {
                scene.verified(verifier, verify, &[], &image);
            }
        }
    }
}

#[test]
fn one_bundle_of_an_index_and_its_images_is_one_entry_of_the_log() {
    let Some(scene) = Scene::start() else { return };
    let address = scene.sigstore.address();
    let index = Subject::Index.push(address, "one/index").to_string();
    let name = |target: &str| format!("{address}/one/index@{target}");
    let read = |path: &str| String::from_utf8(http::request(address, "GET", path, &[], &[]).body).unwrap();
    let size = || {
        read("/api/v2/checkpoint")
            .lines()
            .nth(1)
            .unwrap()
            .parse::<u64>()
            .unwrap()
    };
    assert_eq!(size(), 0);
    let flags = scene.sigstore.by_files(&scene.sigstore.token(WHO));
    let one = owned(&["--recursive", "--one-bundle"]);
    drop(
        scene
            .run("ours", "sign", &[&flags, &one], &name(&index))
            .expect_success(),
    );
    assert_eq!(size(), 1);
    let manifest: Value = serde_json::from_str(&read(&format!("/v2/one/index/manifests/{index}"))).unwrap();
    let images = manifest["manifests"].as_array().unwrap().iter();
    let images: Vec<&str> = images.map(|image| image["digest"].as_str().unwrap()).collect();
    assert!(images.len() > 1, "{images:?}");
    for target in images.into_iter().chain([index.as_str()]) {
        for verifier in ["cosign3", "ours"] {
            scene.verified(verifier, "verify", &[], &name(target));
        }
    }
}

#[test]
fn cosign_2_signs_through_the_old_log_and_all_verify_it() {
    let Some(scene) = Scene::start() else { return };
    for signer in ["cosign2", "ours"] {
        let image = scene.image(&format!("legacy-by-{signer}"));
        for (sign, verify) in [("sign", "verify"), ("attest", "verify-attestation")] {
            let token = scene.sigstore.token(WHO);
            let mut flags = scene.sigstore.by_addresses(&token);
            if signer == "ours" {
                flags.extend([owned(&["--format", "legacy"]), scene.root()].concat());
            }
            drop(scene.run(signer, sign, &[&flags], &image).expect_success());
            // as its users do: by the variables, and asking the log
            let rekor = owned(&["--rekor-url", &scene.sigstore.url("")]);
            let verified = scene.run("cosign2", verify, &[&scene.sigstore.identity(WHO), &rekor], &image);
            drop(verified.expect_success());
            let wrong = scene.run(
                "cosign2",
                verify,
                &[&scene.sigstore.identity("other@example.com"), &rekor],
                &image,
            );
            assert!(!wrong.succeeded(), "{wrong:#?}");
            scene.verified("cosign3", verify, &owned(&["--new-bundle-format=false"]), &image);
            scene.verified("ours", verify, &[], &image);
        }
    }
}

#[test]
fn what_cosign_2_signs_with_a_key_is_logged_and_stamped() {
    let Some(scene) = Scene::start() else { return };
    let image = scene.image("stamped");
    let key = keys::import(&scene.peers, "cosign2", "ecdsa-p256");
    let rekor = owned(&["--rekor-url", &scene.sigstore.url("")]);
    let stamps = owned(&["--timestamp-server-url", &scene.sigstore.url("/api/v1/timestamp")]);
    let private = owned(&["--key", &key.private]);
    drop(
        scene
            .run("cosign2", "sign", &[&private, &rekor, &stamps], &image)
            .expect_success(),
    );
    let public = owned(&["--key", &key.public]);
    let chain = owned(&["--timestamp-certificate-chain", &scene.sigstore.file("tsa-chain.pem")]);
    drop(
        scene
            .run("cosign2", "verify", &[&public, &rekor, &chain], &image)
            .expect_success(),
    );
    drop(
        scene
            .run("ours", "verify", &[&public, &scene.root()], &image)
            .expect_success(),
    );
    // signed twice: the log has it already, and says so
    drop(
        scene
            .run("cosign2", "sign", &[&private, &rekor, &stamps], &image)
            .expect_success(),
    );
}

#[test]
fn each_finds_everything_by_tuf() {
    let Some(scene) = Scene::start() else { return };
    for tool in ["cosign3", "cosign2", "ours"] {
        let cache = scene.peers.path(&format!("tuf-of-{tool}"));
        let run = |arguments: &[&str]| {
            let run = Run::new(&scene.peers, tool, arguments).env("TUF_ROOT", &cache);
            run.end().expect_success()
        };
        let (mirror, root) = (scene.sigstore.url("/tuf"), scene.sigstore.file("root.json"));
        drop(run(&["initialize", "--mirror", &mirror, "--root", &root]));
        let image = scene.image(&format!("tuf-{tool}"));
        let token = scene.sigstore.token(WHO);
        let services = match tool {
            "cosign2" => scene.sigstore.by_addresses(&token),
            _ => owned(&["--identity-token", &token]),
        };
        let services: Vec<&str> = services.iter().map(String::as_str).collect();
        drop(run(&[&["sign", "-y"], &services[..], &[&image]].concat()));
        let who = scene.sigstore.identity(WHO);
        let who: Vec<&str> = who.iter().map(String::as_str).collect();
        drop(run(&[&["verify"], &who[..], &[&image]].concat()));
    }
}

#[test]
fn a_third_client_signs_and_verifies_too() {
    let Some(scene) = Scene::start() else { return };
    const PYTHON: &str = "sigstore-python/bin/sigstore";
    if !scene.peers.has_or_says(PYTHON) {
        return;
    }
    let read = |name: &str| -> Value { serde_json::from_slice(&fs::read(scene.sigstore.file(name)).unwrap()).unwrap() };
    let config = serde_json::json!({
        "mediaType": "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json",
        "trustedRoot": read("trusted_root.json"),
        "signingConfig": read("signing_config.v0.2.json"),
    });
    let trust = scene.peers.path("trust-config");
    fs::write(&trust, config.to_string()).unwrap();
    let python = |command: &[&str], flags: &[String]| {
        let run = Run::new(&scene.peers, PYTHON, &["--trust-config", &trust]).with(command);
        let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
        run.with(&flags).with(&[&scene.file]).end()
    };
    let token = scene.sigstore.token(WHO);
    // it signs first: it does not read the first entry of a log as the others write it, without the number 0
    for signer in ["python", "cosign3", "ours"] {
        let bundle = scene.peers.path(&format!("{signer}.sigstore.json"));
        let written = owned(&["--bundle", &bundle]);
        let signed = match signer {
            "python" => python(
                &["sign"],
                &[written.clone(), owned(&["--identity-token", &token])].concat(),
            ),
            _ => scene.run(
                signer,
                "sign-blob",
                &[&scene.sigstore.by_files(&token), &written],
                &scene.file,
            ),
        };
        drop(signed.expect_success());
        for verifier in ["cosign3", "ours"] {
            scene.verified(verifier, "verify-blob", &written, &scene.file);
        }
        let who = |who: &str| {
            let issuer = scene.sigstore.url("/oidc");
            let flags = [
                "--cert-identity",
                who,
                "--cert-oidc-issuer",
                &issuer,
                "--bundle",
                &bundle,
            ];
            python(&["verify", "identity"], &owned(&flags))
        };
        drop(who(WHO).expect_success());
        let wrong = who("other@example.com");
        assert!(!wrong.succeeded(), "{wrong:#?}");
    }
}

#[test]
fn a_login_on_another_device_ends_in_a_signature() {
    let Some(scene) = Scene::start() else { return };
    for tool in ["cosign3", "ours"] {
        let (bundle, log) = (scene.peers.path(tool), scene.peers.path(&format!("{tool}.log")));
        let run = Run::new(&scene.peers, tool, &["sign-blob", "-y", "--bundle", &bundle]);
        let [config, config_file, trust, root, ..] = &scene.sigstore.by_files("")[..] else {
            panic!("flags")
        };
        let more = [
            config,
            config_file,
            trust,
            root,
            "--fulcio-auth-flow",
            "device",
            &scene.file,
        ];
        let signing = run.with(&more).serve(log.as_ref());
        let code = waited(|| {
            let said = fs::read_to_string(&log).ok()?;
            let words = said.split(|character: char| !character.is_ascii_uppercase() && character != '-');
            words
                .filter(|word| word.len() == 9)
                .find(|word| word.as_bytes()[4] == b'-')
                .map(str::to_owned)
        });
        let form = format!("user_code={code}&email=user%40example.com");
        let answer = http::request(scene.sigstore.address(), "POST", "/oidc/device", &[], form.as_bytes());
        assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
        waited(|| fs::exists(&bundle).unwrap().then_some(()));
        thread::sleep(Duration::from_millis(100));
        drop(signing);
        scene.verified("cosign3", "verify-blob", &owned(&["--bundle", &bundle]), &scene.file);
    }
}

#[test]
fn a_spiffe_agent_says_who_signs() {
    let Some(scene) = Scene::start() else { return };
    let (svid, bundle) = (scene.peers.path("svid"), scene.peers.path("spiffe.json"));
    // where sockets have short names
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("api.sock").display().to_string();
    fs::write(&svid, scene.sigstore.token(WHO)).unwrap();
    let run = Run::new(&scene.peers, "spiffe-agent", &["-socket", &socket, "-svid", &svid]);
    let agent = run.serve(scene.peers.path("agent.log").as_ref());
    waited(|| fs::exists(&socket).unwrap().then_some(()));
    let signed = |socket: &str| {
        let (config, root) = (
            scene.sigstore.file("signing_config.v0.2.json"),
            scene.sigstore.file("trusted_root.json"),
        );
        let more = [
            "-y",
            "--signing-config",
            &config,
            "--trusted-root",
            &root,
            "--bundle",
            &bundle,
            &scene.file,
        ];
        let run = Run::new(&scene.peers, "ours", &["sign-blob"]).with(&more);
        run.env("SPIFFE_ENDPOINT_SOCKET", socket).end()
    };
    drop(signed(&format!("unix://{socket}")).expect_success());
    scene.verified("cosign3", "verify-blob", &owned(&["--bundle", &bundle]), &scene.file);
    fs::remove_file(&svid).unwrap();
    let refused = signed(&socket);
    assert!(
        refused.stderr.contains("answered status 7: \"no identity issued\""),
        "{refused:#?}"
    );
    drop(agent);
}

#[test]
fn what_was_signed_before_a_restart_is_verified_after_it() {
    let Some(scene) = Scene::start() else { return };
    let image = scene.image("before");
    let token = scene.sigstore.token(WHO);
    drop(
        scene
            .run("cosign3", "sign", &[&scene.sigstore.by_files(&token)], &image)
            .expect_success(),
    );
    let (folder, address) = (scene.sigstore.folder().to_owned(), scene.sigstore.address().to_owned());
    let Scene { peers, sigstore, file } = scene;
    // killed, not asked to stop
    drop(sigstore);
    let sigstore = Sigstore::start_in(&peers, &folder, &address, &[]);
    let scene = Scene { peers, sigstore, file };
    for verifier in ["cosign3", "ours"] {
        scene.verified(verifier, "verify", &[], &image);
    }
    let token = scene.sigstore.token(WHO);
    drop(
        scene
            .run("cosign3", "sign", &[&scene.sigstore.by_files(&token)], &image)
            .expect_success(),
    );
}

/// Waits until something is there.
fn waited<T>(mut look: impl FnMut() -> Option<T>) -> T {
    let until = Instant::now() + Duration::from_secs(30);
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < until, "waited in vain");
        thread::sleep(Duration::from_millis(20));
    }
}
