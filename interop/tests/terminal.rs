//! What the smaller commands print is what cosign prints, to the byte where both know the same.

use std::fs;

use countersign_interop::{Ended, Format, Kind, Peers, Registry, Run, Subject, Tool, keys};
use serde_json::Value;

const TOOLS: [&str; 2] = ["cosign3", "ours"];

/// What both tools did with the same arguments.
fn both(peers: &Peers, arguments: &[&str]) -> [Ended; 2] {
    TOOLS.map(|tool| Run::new(peers, tool, arguments).end())
}

#[test]
fn the_same_questions_have_the_same_answers() {
    let Some(peers) = Peers::find() else { return };
    let registry = Registry::start(&peers, Kind::Memory);
    let digest = Subject::Image.push(registry.address(), "app");
    let by_tag = format!("{}/app:v1", registry.address());
    let by_digest = format!("{}/app@{digest}", registry.address());
    let key = keys::import(&peers, "cosign3", "ecdsa-p256");
    drop(
        Tool::Cosign3
            .sign(&peers, Format::Legacy, &key, &by_digest)
            .expect_success(),
    );
    for arguments in [
        &["triangulate", &by_digest][..],
        &["triangulate", "--type", "digest", &by_tag],
        &["triangulate", "--type", "attestation", &by_digest],
        &["triangulate", "--type", "sbom", &by_digest],
        &["triangulate", "--type", "nothing", &by_digest],
        &["tree", &by_digest],
        &["tree", &by_tag],
        &["generate", &by_digest],
        &["generate", "-a", "b=2,c=<3>", "-a", "a=1", &by_tag],
        &["public-key", "--key", &key.private],
        &["public-key", "--key", "no.key"],
        &["public-key"],
        &["completion", "tcsh"],
    ] {
        let [theirs, ours] = both(&peers, arguments);
        assert_eq!(
            (theirs.code, &theirs.stdout),
            (ours.code, &ours.stdout),
            "{theirs:#?}\n{ours:#?}"
        );
    }
}

#[test]
fn keys_are_written_to_the_same_files_with_the_same_words() {
    let Some(peers) = Peers::find() else { return };
    let plain = format!("{}/keys/rsa-2048.pem", env!("CARGO_MANIFEST_DIR"));
    let mut imported = Vec::new();
    for tool in TOOLS {
        let made = Run::new(&peers, tool, &["generate-key-pair", "--output-key-prefix", tool]).end();
        let shared = Run::new(
            &peers,
            tool,
            &["import-key-pair", "--key", &plain, "-o", "shared", "-y"],
        )
        .end();
        let words = format!("Private key written to {tool}.key\nPublic key written to {tool}.pub\n");
        assert_eq!(
            (made.code, &*made.stdout, &made.stderr),
            (Some(0), "", &words),
            "{made:#?}"
        );
        let words = "Private key written to shared.key\nPublic key written to shared.pub\n";
        assert_eq!((shared.code, &*shared.stdout), (Some(0), ""), "{shared:#?}");
        assert!(shared.stderr.ends_with(words), "{shared:#?}");
        imported.push(fs::read(peers.path("shared.pub")).expect("it was written"));
        let head = fs::read_to_string(peers.path(&format!("{tool}.key"))).expect("it was written");
        assert!(head.starts_with("-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\n"));
    }
    assert_eq!(imported[0], imported[1]);
    for tool in TOOLS {
        let [theirs, ours] = both(&peers, &["public-key", "--key", &format!("{tool}.key")]);
        assert_eq!((theirs.code, &theirs.stdout), (ours.code, &ours.stdout));
        let file = fs::read_to_string(peers.path(&format!("{tool}.pub"))).expect("it was written");
        assert_eq!(ours.stdout, file);
    }
}

#[test]
fn a_login_leaves_the_same_file() {
    let Some(peers) = Peers::find() else { return };
    let [theirs, ours] = TOOLS.map(|tool| {
        let folder = peers.scratch().join(format!("docker-{tool}"));
        let arguments = ["login", "-u", "me", "-p", "secret", "registry.example:5000"];
        let ended = Run::new(&peers, tool, &arguments).env("DOCKER_CONFIG", &folder).end();
        assert_eq!((ended.code, &*ended.stdout), (Some(0), ""), "{ended:#?}");
        let file = folder.join("config.json");
        let said = ended.stderr.replace(&file.display().to_string(), "FILE");
        (
            fs::read_to_string(&file).expect("it was written").trim_end().to_owned(),
            said.trim().to_owned(),
        )
    });
    assert_eq!(theirs, ours);
}

#[test]
fn the_version_has_the_same_members_and_the_environment_the_same_lines() {
    let Some(peers) = Peers::find() else { return };
    let members = both(&peers, &["version", "--json"]).map(|ended| {
        let ended = ended.expect_success();
        let object: Value = serde_json::from_str(&ended.stdout).expect("it is JSON");
        let lines = ended
            .stdout
            .lines()
            .map(|line| line.split(':').next().unwrap_or(line).to_owned());
        (object["platform"].clone(), lines.collect::<Vec<_>>())
    });
    assert_eq!(members[0], members[1]);
    let [theirs, ours] = TOOLS.map(|tool| {
        let asked = Run::new(&peers, tool, &["env", "--show-descriptions=false"]);
        asked.env("COSIGN_PASSWORD", "secret").end().expect_success()
    });
    let known = |variable: &str| {
        ["COSIGN_", "SIGSTORE_", "SOURCE_"]
            .iter()
            .any(|start| variable.starts_with(start))
    };
    let shared: Vec<&str> = ours
        .stdout
        .lines()
        .filter(|line| theirs.stdout.lines().any(|other| other == *line))
        .collect();
    for line in ["COSIGN_PASSWORD=******", "COSIGN_REPOSITORY=", "SOURCE_DATE_EPOCH="] {
        assert!(shared.contains(&line), "{line}: {theirs:#?}\n{ours:#?}");
    }
    let foreign = ours.stdout.lines().filter(|line| known(line) && !shared.contains(line));
    assert!(
        foreign.clone().all(|line| line.starts_with("COSIGN_IMPORT_PASSWORD=")),
        "{:?}",
        foreign.collect::<Vec<_>>()
    );
}

#[test]
fn every_shell_of_cosigns_has_its_completion() {
    let Some(peers) = Peers::find() else { return };
    for shell in ["bash", "fish", "powershell", "zsh"] {
        for ended in both(&peers, &["completion", shell]) {
            assert!(ended.succeeded() && ended.stdout.contains("sign"), "{ended:#?}");
        }
    }
}

#[test]
fn a_configuration_is_kept_as_cosign_keeps_it() {
    let Some(peers) = Peers::find() else { return };
    let registry = Registry::start(&peers, Kind::Memory);
    let keys = ["ecdsa-p256", "ecdsa-p384"].map(|kind| keys::import(&peers, "cosign3", kind));
    let mut configurations = Vec::new();
    for tool in [Tool::Cosign3, Tool::Ours] {
        let repository = format!("app-{}", tool.program());
        let digest = Subject::Image.push(registry.address(), &repository);
        let image = format!("{}/{repository}@{digest}", registry.address());
        let dated = Tool::Cosign3.sign_arguments(&peers, Format::Legacy, &keys[0], &image);
        let dated: Vec<&str> = dated.iter().map(String::as_str).collect();
        let dated = Run::new(&peers, "cosign3", &dated).with(&["--record-creation-timestamp"]);
        drop(dated.env("SOURCE_DATE_EPOCH", "1700000000").end().expect_success());
        drop(tool.sign(&peers, Format::Legacy, &keys[1], &image).expect_success());
        let tag = format!("{}/{repository}:sha256-{}.sig", registry.address(), digest.hex());
        let manifest = Run::new(&peers, "crane", &["manifest", &tag]).end().expect_success();
        let manifest: Value = serde_json::from_str(&manifest.stdout).expect("it is JSON");
        assert_eq!(manifest["layers"].as_array().map(Vec::len), Some(2));
        let blob = format!(
            "{}/{repository}@{}",
            registry.address(),
            manifest["config"]["digest"].as_str().expect("a digest")
        );
        let mut configuration = Run::new(&peers, "crane", &["blob", &blob])
            .end()
            .expect_success()
            .stdout;
        // The repository is in the payloads, and so in their digests.
        for (number, layer) in manifest["layers"].as_array().into_iter().flatten().enumerate() {
            configuration =
                configuration.replace(layer["digest"].as_str().expect("a digest"), &format!("layer {number}"));
        }
        configurations.push(configuration);
    }
    assert!(configurations[0].contains("2023-11-14T22:13:20Z"), "{configurations:?}");
    assert_eq!(configurations[0], configurations[1]);
}
