//! `copy`, `save` and `load` among real registries and beside the real cosign, oras and skopeo: everything arrives, by
//! digest, and each reads what the other saved.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::time::Duration;

use countersign_core::Digest;
use countersign_interop::keys::generate;
use countersign_interop::{Format, Key, Kind, Peers, Registry, Run, Subject, Tool, http, image};
use serde_json::{Value, json};

#[test]
fn everything_that_belongs_to_an_index_arrives_at_every_registry() {
    let Some(peers) = Peers::find() else { return };
    let key = generate(&peers, "cosign3", "key");
    for source in [Kind::Memory, Kind::DockerRegistry] {
        if source.is_there(&peers) {
            everything_arrives_from(&peers, &key, source);
        }
    }
}

fn everything_arrives_from(peers: &Peers, key: &Key, source: Kind) {
    let from = Registry::start(peers, source);
    let (index, child) = signed_index(peers, key, &from);
    let expected = belongings(from.address(), "app", &[&index, &child]);
    assert!(expected.len() >= 2 + 6 + 8, "{expected:#?}");
    let image = format!("{}/app:v1", from.address());
    for target in Kind::ALL.into_iter().filter(|kind| kind.is_there(peers)) {
        let to = Registry::start(peers, target);
        let name = |rest: &str| format!("{}/far/app{rest}", to.address());
        ours(peers, &["copy", &image, &name(":v2")]);
        let found = belongings(to.address(), "far/app", &[&index, &child]);
        assert_eq!(found, expected, "from {source} to {target}");
        everyone_verifies(peers, key, &name(":v2"));
        everyone_verifies(peers, key, &name(&format!("@{child}")));
    }
    ours(peers, &["copy", &image, &format!("{}/near:v1", from.address())]);
    let found = belongings(from.address(), "near", &[&index, &child]);
    assert_eq!(found, expected, "within {source}");
}

#[test]
fn cosign_verifies_and_loads_what_we_save_and_oras_reads_it() {
    let Some(peers) = Peers::find() else { return };
    let key = generate(&peers, "cosign3", "key");
    let registry = Registry::start(&peers, Kind::Memory);
    let (index, child) = signed_index(&peers, &key, &registry);
    let expected = belongings(registry.address(), "app", &[&index, &child]);
    image_of(&peers, &key, &registry);
    for (saved, source) in [("index", "app:v1"), ("image", "image:v1")] {
        others_read_what_we_save(&peers, &key, registry.address(), source, saved);
    }
    for place in [["--dir", "index"], ["--archive", "index.tar"]] {
        let to = Registry::start(&peers, Kind::MemoryWithoutReferrers);
        ours(
            &peers,
            &["load", &format!("{}/app:v1", to.address()), place[0], place[1]],
        );
        assert_eq!(
            belongings(to.address(), "app", &[&index, &child]),
            expected,
            "{place:?}"
        );
    }
}

fn others_read_what_we_save(peers: &Peers, key: &Key, address: &str, source: &str, saved: &str) {
    let source = format!("{}/{source}", address);
    let archive = format!("{saved}.tar");
    ours(peers, &["save", &source, "--dir", saved]);
    ours(peers, &["save", &source, "--archive", &archive]);
    for place in [saved, &archive] {
        ours(peers, &local_verification(key, place));
        let discovered = Run::new(peers, "oras", &["discover", "--oci-layout", &format!("{place}:v1")]).end();
        let discovered = discovered.expect_success().stdout;
        assert!(discovered.contains("dev.sigstore.bundle"), "{place}: {discovered}");
    }
    for cosign in ["cosign2", "cosign3"] {
        drop(
            Run::new(peers, cosign, &local_verification(key, saved))
                .end()
                .expect_success(),
        );
        let loaded = format!("{}/{cosign}/{saved}:v1", address);
        drop(
            Run::new(peers, cosign, &["load", "--dir", saved, &loaded])
                .end()
                .expect_success(),
        );
        drop(
            Tool::Cosign2
                .verify(peers, Format::Legacy, key, &loaded)
                .expect_success(),
        );
    }
}

fn local_verification<'a>(key: &'a Key, place: &'a str) -> [&'a str; 6] {
    [
        "verify",
        "--key",
        &key.public,
        "--insecure-ignore-tlog",
        "--local-image",
        place,
    ]
}

#[test]
fn we_load_what_cosign_saved_with_every_bundle() {
    let Some(peers) = Peers::find() else { return };
    let key = generate(&peers, "cosign3", "key");
    let registry = Registry::start(&peers, Kind::Memory);
    let name = |rest: &str| format!("{}/{rest}", registry.address());
    let digest = image_of(&peers, &key, &registry);
    let referrers = |repository: &str| {
        let found = belongings(registry.address(), repository, &[&digest]);
        found.into_iter().filter(|line| line.starts_with("referrer")).count()
    };
    for cosign in ["cosign2", "cosign3"] {
        drop(
            Run::new(&peers, cosign, &["save", &name("image:v1"), "--dir", cosign])
                .end()
                .expect_success(),
        );
        let loaded = name(&format!("ours/{cosign}:v1"));
        ours(&peers, &["load", &loaded, "--dir", cosign]);
        drop(
            Tool::Cosign2
                .verify(&peers, Format::Legacy, &key, &loaded)
                .expect_success(),
        );
    }
    everyone_verifies(&peers, &key, &name("ours/cosign3:v1"));
    assert_eq!(referrers("ours/cosign3"), referrers("image"));
    assert_eq!(referrers("image"), 2);
}

#[test]
fn skopeo_reads_what_we_save() {
    let Some(peers) = Peers::find().filter(has_skopeo) else {
        return;
    };
    let key = generate(&peers, "cosign3", "key");
    let registry = Registry::start(&peers, Kind::Memory);
    let index = signed_index(&peers, &key, &registry).0;
    let image = image_of(&peers, &key, &registry);
    for (source, digest) in [("app", &index), ("image", &image)] {
        let named = format!("{}/{source}:v1", registry.address());
        let archive = format!("{source}.tar");
        ours(&peers, &["save", &named, "--dir", source]);
        ours(&peers, &["save", &named, "--archive", &archive]);
        for place in [format!("oci:{source}:v1"), format!("oci-archive:{archive}:v1")] {
            let inspected = Run::new(&peers, "skopeo", &["inspect", "--raw", &place]).end();
            let inspected = inspected.expect_success().stdout;
            assert_eq!(&Digest::sha256(inspected.as_bytes()), digest, "{place}");
            let to = Registry::start(&peers, Kind::Memory);
            skopeo_copy(&peers, &place, &format!("docker://{}/far:v1", to.address()));
            let copied = manifest(to.address(), "far", "v1");
            assert_eq!(&Digest::sha256(&copied.body), digest, "{place}");
        }
    }
}

#[test]
fn we_load_and_copy_what_skopeo_writes() {
    let Some(peers) = Peers::find().filter(has_skopeo) else {
        return;
    };
    let from = Registry::start(&peers, Kind::Memory);
    for subject in [Subject::Image, Subject::Index] {
        let digest = subject.push(from.address(), subject.name());
        let folder = subject.name();
        let (layout, archive) = (format!("oci:{folder}:v1"), format!("oci-archive:{folder}.tar:v1"));
        for place in [&layout, &archive] {
            skopeo_copy(&peers, &format!("docker://{}/{folder}:v1", from.address()), place);
        }
        let to = Registry::start(&peers, Kind::Memory);
        let name = |repository: &str| format!("{}/{repository}:v1", to.address());
        ours(&peers, &["load", &name("folder"), "--dir", folder]);
        ours(
            &peers,
            &["load", &name("archive"), "--archive", &format!("{folder}.tar")],
        );
        ours(&peers, &["copy", &layout, &name("from-folder")]);
        ours(&peers, &["copy", &archive, &name("from-archive")]);
        skopeo_copy(&peers, &layout, &format!("docker://{}", name("its-own")));
        ours(&peers, &["copy", &name("its-own"), &name("ours")]);
        for repository in ["folder", "archive", "from-folder", "from-archive", "ours"] {
            let copied = manifest(to.address(), repository, "v1");
            assert_eq!(Digest::sha256(&copied.body), digest, "{repository}");
        }
    }
}

/// Tells whether skopeo is there; it is wherever Debian's packages can be installed.
fn has_skopeo(peers: &Peers) -> bool {
    let is_there = peers.has("skopeo");
    if !is_there {
        drop(writeln!(
            std::io::stderr(),
            "skipped: there is no skopeo (interop/peers.sh installs it)"
        ));
    }
    is_there
}

/// Copies with all that an index names, byte for byte.
fn skopeo_copy(peers: &Peers, from: &str, to: &str) {
    let options = [
        "copy",
        "--all",
        "--preserve-digests",
        "--src-tls-verify=false",
        "--dest-tls-verify=false",
    ];
    let run = Run::new(peers, "skopeo", &["--insecure-policy"]).with(&options);
    drop(run.with(&[from, to]).end().expect_success());
}

#[test]
fn a_copy_that_was_killed_leaves_no_name_and_goes_on() {
    let Some(peers) = Peers::find() else { return };
    let kind = [Kind::DockerRegistry, Kind::Memory]
        .into_iter()
        .find(|kind| kind.is_there(&peers));
    let Some(kind) = kind else { return };
    let (from, to) = (Registry::start(&peers, kind), Registry::start(&peers, kind));
    let (digest, layers) = large_image(from.address());
    let (source, target) = (format!("{}/app:v1", from.address()), format!("{}/app:v1", to.address()));
    let mut killed = 0;
    for milliseconds in [20, 60, 120, 200, 300, 450] {
        let run = Run::new(&peers, "ours", &["copy", &source, &target]).within(Duration::from_millis(milliseconds));
        if run.end().code.is_some() {
            break;
        }
        killed += 1;
        let name = manifest(to.address(), "app", "v1");
        assert!(
            name.status == 404 || is_whole(to.address(), &layers),
            "after {milliseconds} ms"
        );
    }
    assert!(killed > 0, "no copy was long enough to be killed");
    ours(&peers, &["copy", &source, &target]);
    assert!(is_whole(to.address(), &layers));
    for name in [&source, &target] {
        let found = Run::new(&peers, "crane", &["digest", name]).end().expect_success();
        assert_eq!(found.stdout.trim(), digest.as_str());
    }
}

/// An image of six layers of 24 MiB at `app:v1`.
fn large_image(address: &str) -> (Digest, Vec<Value>) {
    let layer = |number| image::blob(address, "app", "application/octet-stream", &vec![number; 24 << 20]);
    let layers: Vec<Value> = (0..6).map(layer).collect();
    let config = image::blob(address, "app", "application/vnd.oci.empty.v1+json", b"{}");
    let manifest = json!({"schemaVersion": 2, "mediaType": image::MANIFEST, "config": config, "layers": layers});
    let digest = image::manifest(address, "app", "v1", image::MANIFEST, &manifest.to_string());
    (digest, layers)
}

fn is_whole(address: &str, layers: &[Value]) -> bool {
    layers.iter().all(|layer| {
        let path = format!("/v2/app/blobs/{}", layer["digest"].as_str().unwrap_or_default());
        http::request(address, "HEAD", &path, &[], b"").status == 200
    })
}

/// An index at `app:v1` of which it and an image are signed, attested and described in both formats by both cosigns.
fn signed_index(peers: &Peers, key: &Key, registry: &Registry) -> (Digest, Digest) {
    let index = Subject::Index.push(registry.address(), "app");
    let answer = manifest(registry.address(), "app", index.as_str());
    let answer: Value = serde_json::from_slice(&answer.body).expect("an index is JSON");
    let child = answer["manifests"][0]["digest"].as_str().expect("it has a child");
    let child: Digest = child.parse().expect("this is a digest");
    for digest in [&index, &child] {
        decorate(peers, key, &format!("{}/app@{digest}", registry.address()));
    }
    (index, child)
}

fn image_of(peers: &Peers, key: &Key, registry: &Registry) -> Digest {
    let digest = Subject::Image.push(registry.address(), "image");
    decorate(peers, key, &format!("{}/image@{digest}", registry.address()));
    digest
}

fn decorate(peers: &Peers, key: &Key, image: &str) {
    let (config, root) = peers.no_services();
    let predicate = peers.path("predicate.json");
    std::fs::write(&predicate, r#"{"checked":true}"#).expect("the folder is writable");
    drop(Tool::Cosign3.sign(peers, Format::Bundle, key, image).expect_success());
    drop(Tool::Cosign2.sign(peers, Format::Legacy, key, image).expect_success());
    let attest = [
        "attest",
        "-y",
        "--key",
        &key.private,
        "--predicate",
        &predicate,
        "--type",
        "https://example.com/p",
    ];
    let bundle = ["--signing-config", &config, "--trusted-root", &root, image];
    drop(Run::new(peers, "cosign3", &attest).with(&bundle).end().expect_success());
    drop(
        Run::new(peers, "cosign2", &attest)
            .with(&["--tlog-upload=false", image])
            .end()
            .expect_success(),
    );
    let sbom = ["attach", "sbom", "--sbom", &predicate, "--type", "spdx", image];
    drop(Run::new(peers, "cosign2", &sbom).end().expect_success());
}

fn everyone_verifies(peers: &Peers, key: &Key, image: &str) {
    for (tool, format) in [
        (Tool::Cosign3, Format::Bundle),
        (Tool::Cosign2, Format::Legacy),
        (Tool::Ours, Format::Bundle),
    ] {
        drop(tool.verify(peers, format, key, image).expect_success());
    }
}

fn ours(peers: &Peers, arguments: &[&str]) {
    drop(Run::new(peers, "ours", arguments).end().expect_success());
}

/// What there is of these manifests in a repository: themselves, their tags, what refers to them, all with digests.
fn belongings(address: &str, repository: &str, digests: &[&Digest]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for digest in digests {
        assert_eq!(manifest(address, repository, digest.as_str()).status, 200, "{digest}");
        found.insert(format!("manifest {digest}"));
        let tag = digest.as_str().replace(':', "-");
        for suffix in ["sig", "att", "sbom"] {
            let answer = manifest(address, repository, &format!("{tag}.{suffix}"));
            if answer.status == 200 {
                found.insert(format!("tag {tag}.{suffix} {}", Digest::sha256(&answer.body)));
                found.extend(blobs(address, repository, &answer.body));
            }
        }
        let path = format!("/v2/{repository}/referrers/{digest}");
        let mut list = http::request(address, "GET", &path, &[], b"");
        if list.status != 200 {
            list = manifest(address, repository, &tag);
        }
        let list: Value = serde_json::from_slice(&list.body).unwrap_or_default();
        for entry in list["manifests"].as_array().into_iter().flatten() {
            let digest_of = entry["digest"].as_str().expect("an entry has a digest");
            let answer = manifest(address, repository, digest_of);
            assert_eq!(Digest::sha256(&answer.body).as_str(), digest_of);
            found.insert(format!("referrer {digest_of} of {digest}"));
            found.extend(blobs(address, repository, &answer.body));
        }
    }
    found
}

fn manifest(address: &str, repository: &str, target: &str) -> http::Answer {
    let path = format!("/v2/{repository}/manifests/{target}");
    let accept = format!("{}, {}", image::MANIFEST, image::INDEX);
    http::request(address, "GET", &path, &[("Accept", &accept)], b"")
}

/// The blobs of a manifest that the repository has, whole.
fn blobs(address: &str, repository: &str, manifest: &[u8]) -> Vec<String> {
    let manifest: Value = serde_json::from_slice(manifest).expect("a manifest is JSON");
    let layers = manifest["layers"].as_array().into_iter().flatten();
    layers
        .chain(std::iter::once(&manifest["config"]))
        .filter_map(|blob| blob["digest"].as_str())
        .map(|digest| {
            let answer = http::request(address, "GET", &format!("/v2/{repository}/blobs/{digest}"), &[], b"");
            assert_eq!(Digest::sha256(&answer.body).as_str(), digest);
            format!("blob {digest}")
        })
        .collect()
}
