//! What we attach cosign finds, what cosign attaches we find; blobs and SBOMs are stored alike; `clean` leaves nothing.

use std::fs;

use countersign_interop::{Format, Key, Kind, Peers, Registry, Run, Subject, Tool, keys};

/// The peers, a key, and a registry of every kind.
fn on_every_registry(test: impl Fn(&Peers, &Key, Kind, &Registry)) {
    let Some(peers) = Peers::find() else { return };
    let key = keys::import(&peers, "cosign3", "ecdsa-p256");
    for kind in Kind::ALL.into_iter().filter(|kind| kind.is_there(&peers)) {
        test(&peers, &key, kind, &Registry::start(&peers, kind));
    }
}

/// Runs a line and returns what it printed.
fn run(peers: &Peers, program: &str, line: &str) -> String {
    let arguments: Vec<&str> = line.split_whitespace().collect();
    Run::new(peers, program, &arguments).end().expect_success().stdout
}

/// Whether a line ends well.
fn succeeds(peers: &Peers, program: &str, line: &str) -> bool {
    let arguments: Vec<&str> = line.split_whitespace().collect();
    Run::new(peers, program, &arguments).end().succeeded()
}

fn write(peers: &Peers, name: &str, content: &str) -> String {
    let path = peers.path(name);
    fs::write(&path, content).unwrap_or_else(|error| panic!("cannot write {path}: {error}"));
    path
}

/// The image `source` in another repository.
fn same(peers: &Peers, source: &str, repository: &str) -> String {
    let target = source.replace("/source@", &format!("/{repository}@"));
    let (name, _) = target.split_once('@').expect("the name has a digest");
    run(peers, "crane", &format!("copy {source} {name}:v1"));
    target
}

/// An image in a repository of its own.
fn image(registry: &Registry, repository: &str) -> String {
    let digest = Subject::Image.push(registry.address(), repository);
    format!("{}/{repository}@{digest}", registry.address())
}

#[test]
fn signatures_are_attached_and_downloaded_alike() {
    on_every_registry(|peers, key, kind, registry| {
        let (signature, payload) = (peers.path("it.sig"), peers.path("it.payload"));
        let files = format!("--output-signature {signature} --output-payload {payload}");
        let (private, public) = (&key.private, &key.public);
        let source = image(registry, "source");
        run(
            peers,
            "cosign2",
            &format!("sign --key {private} --tlog-upload=false {files} {source}"),
        );
        let (ours, theirs) = (same(peers, &source, "ours"), same(peers, &source, "theirs"));
        for (program, target) in [("ours", &ours), ("cosign2", &theirs)] {
            let line = format!("attach signature --signature {signature} --payload {payload} {target}");
            run(peers, program, &line);
        }
        let tag = run(peers, "ours", &format!("triangulate {ours}"));
        let manifest = |name: &str| run(peers, "ours", &format!("manifest {name}"));
        assert_eq!(
            manifest(tag.trim()),
            manifest(&tag.trim().replace("/ours:", "/theirs:")),
            "{kind}"
        );
        for target in [&ours, &theirs] {
            for program in ["cosign2", "cosign3", "ours"] {
                assert!(
                    succeeds(
                        peers,
                        program,
                        &format!("verify --key {public} --insecure-ignore-tlog {target}")
                    ),
                    "{kind}: {program} {target}"
                );
            }
            let lines = run(peers, "ours", &format!("download signature {target}"));
            assert_eq!(
                lines,
                run(peers, "cosign2", &format!("download signature {target}")),
                "{kind}"
            );
        }
    });
}

#[test]
fn bundles_are_attached_and_downloaded_alike() {
    on_every_registry(|peers, key, kind, registry| {
        let source = image(registry, "source");
        let signed = Tool::Cosign3.sign(peers, Format::Bundle, key, &source);
        assert!(signed.succeeded(), "{kind}: {}", signed.verdict());
        let line = run(peers, "ours", &format!("download signature {source}"));
        let bundle = write(peers, "it.sigstore.json", line.trim_end());
        let target = same(peers, &source, "target");
        run(peers, "ours", &format!("attach signature --bundle {bundle} {target}"));
        assert_eq!(
            run(peers, "ours", &format!("download signature {target}")),
            line,
            "{kind}"
        );
        for tool in [Tool::Cosign3, Tool::Ours] {
            let verified = tool.verify(peers, Format::Bundle, key, &target);
            assert!(verified.succeeded(), "{kind}: {}", verified.verdict());
        }
        run(peers, "ours", &format!("clean --force {target}"));
        assert!(
            !Tool::Cosign3.verify(peers, Format::Bundle, key, &target).succeeded(),
            "{kind}"
        );
    });
}

#[test]
fn attestations_are_attached_and_downloaded_alike() {
    on_every_registry(|peers, key, kind, registry| {
        let predicate = write(peers, "predicate.json", r#"{"a":"b"}"#);
        let (private, public) = (&key.private, &key.public);
        let source = image(registry, "source");
        let attest =
            format!("attest --key {private} --tlog-upload=false --type https://a.example --predicate {predicate}");
        run(peers, "cosign2", &format!("{attest} {source}"));
        let line = run(peers, "ours", &format!("download attestation {source}"));
        assert_eq!(
            line,
            run(peers, "cosign2", &format!("download attestation {source}")),
            "{kind}"
        );
        let envelope = write(peers, "it.dsse.json", &line);
        let target = same(peers, &source, "target");
        run(
            peers,
            "ours",
            &format!("attach attestation --attestation {envelope} {target}"),
        );
        for program in ["cosign2", "cosign3"] {
            let flags = format!("--key {public} --insecure-ignore-tlog --type https://a.example");
            assert!(
                succeeds(peers, program, &format!("verify-attestation {flags} {target}")),
                "{kind}: {program}"
            );
        }
        let filtered = format!("download attestation --predicate-type https://a.example {target}");
        assert_eq!(
            run(peers, "cosign2", &filtered),
            run(peers, "ours", &filtered),
            "{kind}"
        );
    });
}

#[test]
fn sboms_and_blobs_are_stored_alike() {
    on_every_registry(|peers, _, kind, registry| {
        let sbom = write(peers, "sbom.json", "{\"spdxVersion\": \"SPDX-2.3\"}\n");
        let other = write(peers, "other", "#!/bin/sh\n");
        for (attacher, reader) in [("ours", "cosign2"), ("ours", "cosign3"), ("cosign2", "ours")] {
            let target = image(registry, &format!("{attacher}-{reader}"));
            run(peers, attacher, &format!("attach sbom --sbom {sbom} {target}"));
            let read = run(peers, reader, &format!("download sbom {target}"));
            assert_eq!(
                read, "{\"spdxVersion\": \"SPDX-2.3\"}\n",
                "{kind}: {attacher} to {reader}"
            );
        }
        let digest = |program: &str, files: &str| {
            let name = format!("{}/{program}:v1", registry.address());
            run(peers, program, &format!("upload blob {files} -a x=y {name}"));
            run(peers, "ours", &format!("digest {name}"))
        };
        for files in [
            format!("-f {sbom}"),
            format!("-f {sbom}:linux/amd64 -f {other}:darwin"),
            format!("-f {other} --ct application/x"),
        ] {
            assert_eq!(digest("ours", &files), digest("cosign2", &files), "{kind}: {files}");
        }
    });
}

#[test]
fn clean_leaves_nothing_of_what_cosign_attached() {
    on_every_registry(|peers, key, kind, registry| {
        let target = image(registry, "target");
        for (tool, format) in [(Tool::Cosign2, Format::Legacy), (Tool::Cosign3, Format::Bundle)] {
            let signed = tool.sign(peers, format, key, &target);
            assert!(signed.succeeded(), "{kind}: {}", signed.verdict());
        }
        let sbom = write(peers, "clean.json", "{}");
        run(peers, "cosign2", &format!("attach sbom --sbom {sbom} {target}"));
        let listed = run(peers, "ours", &format!("clean --dry-run {target}"));
        assert_eq!(listed.lines().count(), 3, "{kind}: {listed}");
        run(peers, "ours", &format!("clean --force {target}"));
        assert_eq!(run(peers, "ours", &format!("clean --dry-run {target}")), "", "{kind}");
        for tool in [Tool::Cosign2, Tool::Cosign3] {
            assert!(!tool.verify(peers, Format::Legacy, key, &target).succeeded(), "{kind}");
        }
        let tree = run(peers, "ours", &format!("tree {target}"));
        assert!(
            tree.contains("No Supply Chain Security Related Artifacts"),
            "{kind}: {tree}"
        );
    });
}

#[test]
fn a_bundle_that_we_make_of_a_signature_verifies() {
    let Some(peers) = Peers::find() else { return };
    let key = keys::import(&peers, "cosign3", "ecdsa-p256");
    let (_, root) = peers.no_services();
    let file = write(&peers, "file.txt", "hello\n");
    let (signature, bundle) = (peers.path("file.sig"), peers.path("file.sigstore.json"));
    let (private, public) = (&key.private, &key.public);
    run(
        &peers,
        "cosign2",
        &format!("sign-blob --key {private} --tlog-upload=false --output-signature {signature} {file}"),
    );
    let create = format!("bundle create --artifact {file} --signature {signature} --key {public} --ignore-tlog");
    run(&peers, "ours", &format!("{create} --out {bundle}"));
    let verify = format!("verify-blob --key {public} --bundle {bundle} --trusted-root {root} --insecure-ignore-tlog");
    assert!(succeeds(&peers, "cosign3", &format!("{verify} {file}")));
    let shown = run(&peers, "ours", &format!("bundle inspect {bundle}"));
    let theirs = run(&peers, "cosign3", &format!("bundle inspect {bundle}"));
    for line in theirs
        .lines()
        .filter(|line| !line.contains("Digest: Present") && !line.contains("Algorithm"))
    {
        assert!(shown.contains(line), "{line}\nis not in\n{shown}");
    }
}
