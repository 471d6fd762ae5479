//! Signatures of signatures beside the real cosign: what we countersign it verifies, on each subject; what it countersigns
//! by hand is a chain for us.

use std::sync::atomic::{AtomicU32, Ordering};

use countersign_core::Digest;
use countersign_interop::keys::generate;
use countersign_interop::{Ended, Format, Key, Kind, Peers, Registry, Run, Subject, Tool};
use serde_json::Value;

/// How many keys were made: each has a file of its own.
static MADE: AtomicU32 = AtomicU32::new(0);

fn run(peers: &Peers, program: &str, line: &str) -> Ended {
    let arguments: Vec<&str> = line.split_whitespace().collect();
    Run::new(peers, program, &arguments).end()
}

fn ok(peers: &Peers, program: &str, line: &str) -> String {
    run(peers, program, line).expect_success().stdout
}

struct World<'a> {
    peers: &'a Peers,
    registry: Registry,
    /// Whoever signs the image, and whoever signs that.
    keys: [Key; 2],
    image: String,
    digest: Digest,
}

impl<'a> World<'a> {
    fn new(peers: &'a Peers, kind: Kind) -> Self {
        let registry = Registry::start(peers, kind);
        let digest = Subject::Image.push(registry.address(), "app");
        Self {
            peers,
            image: format!("{}/app@{digest}", registry.address()),
            registry,
            keys: ["release", "qa"].map(|name| {
                generate(
                    peers,
                    "cosign3",
                    &format!("{name}-{}", MADE.fetch_add(1, Ordering::Relaxed)),
                )
            }),
            digest,
        }
    }

    fn at(&self, name: &str) -> String {
        format!("{}/app{name}", self.registry.address())
    }

    fn sign(&self, tool: Tool, format: Format, key: usize, image: &str) {
        let arguments = tool.sign_arguments(self.peers, format, &self.keys[key], image);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        drop(Run::new(self.peers, tool.program(), &arguments).end().expect_success());
    }

    fn countersign(&self, flags: &str) {
        let [release, qa] = &self.keys;
        let line = format!(
            "sign -y --key {} --tlog-upload=false --use-signing-config=false --countersign \
             --countersign-signer key={} --insecure-ignore-tlog {flags} {}",
            qa.private, release.public, self.image
        );
        ok(self.peers, "ours", &line);
    }

    fn chain(&self) -> Ended {
        let [release, qa] = &self.keys;
        let line = format!(
            "verify --key {} --insecure-ignore-tlog --require-countersign name=qa,key={} {}",
            release.public, qa.public, self.image
        );
        run(self.peers, "ours", &line)
    }

    /// The manifests that refer to a digest, by oras, which has nothing of ours.
    fn referrers(&self, digest: &str) -> Vec<String> {
        let line = format!("discover --plain-http --format json {}", self.at(&format!("@{digest}")));
        let found: Value = serde_json::from_str(&ok(self.peers, "oras", &line)).unwrap_or_default();
        let list = found["referrers"].as_array().or(found["manifests"].as_array());
        let digests = list.into_iter().flatten().filter_map(|entry| entry["digest"].as_str());
        digests.map(str::to_owned).collect()
    }
}

#[test]
fn the_real_cosign_verifies_our_countersignature_on_each_subject() {
    let Some(peers) = Peers::find() else { return };
    for kind in Kind::ALL.into_iter().filter(|kind| kind.is_there(&peers)) {
        let world = World::new(&peers, kind);
        world.sign(Tool::Ours, Format::Bundle, 0, &world.image);
        world.sign(Tool::Ours, Format::Legacy, 0, &world.image);
        let bundle = world.referrers(world.digest.as_str());
        assert_eq!(bundle.len(), 1, "{kind}");
        world.countersign("");
        let tag = format!(":{}.sig", world.digest.to_string().replace(':', "-"));
        let sig = ok(&peers, "crane", &format!("digest {}", world.at(&tag)));
        for subject in [world.digest.as_str(), &bundle[0], sig.trim()] {
            let line = format!(
                "verify --key {} --insecure-ignore-tlog -a sig=counter -a countersign.root={} {}",
                world.keys[1].public,
                world.digest,
                world.at(&format!("@{subject}"))
            );
            let verified = run(&peers, "cosign3", &line);
            assert!(verified.succeeded(), "{kind} {subject}: {verified:#?}");
            let wrong = line.replace("sig=counter", "sig=original");
            assert!(!run(&peers, "cosign3", &wrong).succeeded(), "{kind} {subject}");
        }
        assert!(world.chain().succeeded(), "{kind}: {:#?}", world.chain());
    }
}

#[test]
fn the_real_cosign_verifies_our_countersignature_in_the_tags_format() {
    let Some(peers) = Peers::find() else { return };
    let world = World::new(&peers, Kind::Memory);
    world.sign(Tool::Cosign2, Format::Legacy, 0, &world.image);
    world.countersign("--new-bundle-format=false --name mysignature");
    for cosign in ["cosign2", "cosign3"] {
        let line = format!(
            "verify --key {} --insecure-ignore-tlog -a sig=counter {}",
            world.keys[1].public,
            world.at(":mysignature")
        );
        ok(&peers, cosign, &line);
    }
    drop(world.chain().expect_success());
}

#[test]
fn what_the_real_cosign_countersigns_by_hand_is_a_chain() {
    let Some(peers) = Peers::find() else { return };
    for kind in [Kind::Memory, Kind::MemoryWithoutReferrers, Kind::Serve] {
        if !kind.is_there(&peers) {
            continue;
        }
        // cosign 2, as the walk has it: triangulate, tag, sign
        let world = World::new(&peers, kind);
        world.sign(Tool::Cosign2, Format::Legacy, 0, &world.image);
        let none = world.chain();
        assert_eq!(none.code, Some(12), "{none:#?}");
        assert!(none.stderr.contains("there is no signature by qa"), "{none:#?}");
        let triangulated = ok(&peers, "cosign2", &format!("triangulate {}", world.image));
        ok(&peers, "crane", &format!("tag {} mysignature", triangulated.trim()));
        world.sign(Tool::Cosign2, Format::Legacy, 1, &world.at(":mysignature"));
        assert!(world.chain().succeeded(), "{kind}: {:#?}", world.chain());
        // cosign 3: the manifest of a bundle is signed by its digest
        let world = World::new(&peers, kind);
        world.sign(Tool::Cosign3, Format::Bundle, 0, &world.image);
        let bundle = world.referrers(world.digest.as_str());
        assert_eq!(bundle.len(), 1, "{kind}");
        assert_eq!(world.chain().code, Some(12), "{kind}");
        world.sign(Tool::Cosign3, Format::Bundle, 1, &world.at(&format!("@{}", bundle[0])));
        assert!(world.chain().succeeded(), "{kind}: {:#?}", world.chain());
    }
}

#[test]
fn a_chain_survives_copy_save_and_load_where_cosign_loses_it() {
    let Some(peers) = Peers::find() else { return };
    let world = World::new(&peers, Kind::Memory);
    world.sign(Tool::Cosign3, Format::Bundle, 0, &world.image);
    world.countersign("");
    let far = Registry::start(&peers, Kind::MemoryWithoutReferrers);
    let [release, qa] = &world.keys;
    let verify = |name: &str| {
        let line = format!(
            "verify --key {} --insecure-ignore-tlog --require-countersign key={} {name}",
            release.public, qa.public
        );
        let ended = run(&peers, "ours", &line);
        assert!(ended.succeeded(), "{name}: {ended:#?}");
    };
    let copied = format!("{}/far/app:v1", far.address());
    ok(&peers, "ours", &format!("copy {} {copied}", world.image));
    verify(&copied);
    ok(&peers, "ours", &format!("save {copied} --dir layout"));
    let loaded = format!("{}/loaded:v1", far.address());
    ok(&peers, "ours", &format!("load {loaded} --dir layout"));
    verify(&loaded);
}

#[test]
fn the_real_cosign_verifies_one_bundle_on_an_index_and_on_each_image_in_it() {
    let Some(peers) = Peers::find() else { return };
    for kind in Kind::ALL.into_iter().filter(|kind| kind.is_there(&peers)) {
        let registry = Registry::start(&peers, kind);
        let index = Subject::Index.push(registry.address(), "app");
        let key = generate(
            &peers,
            "cosign3",
            &format!("one-{}", MADE.fetch_add(1, Ordering::Relaxed)),
        );
        let name = |digest: &str| format!("{}/app@{digest}", registry.address());
        let flags = "--tlog-upload=false --use-signing-config=false -a n=1";
        let sign = format!(
            "sign -y --key {} {flags} -r --one-bundle {}",
            key.private,
            name(index.as_str())
        );
        ok(&peers, "ours", &sign);
        let listed: Value = serde_json::from_str(&ok(&peers, "crane", &format!("manifest {}", name(index.as_str()))))
            .expect("an index is JSON");
        let listed = listed["manifests"].as_array().expect("a list").iter();
        let mut digests: Vec<&str> = listed.filter_map(|entry| entry["digest"].as_str()).collect();
        assert_eq!(digests.len(), 2, "{kind}");
        digests.push(index.as_str());
        for digest in digests {
            for program in ["cosign3", "ours"] {
                let verify = format!(
                    "verify --key {} --insecure-ignore-tlog -a n=1 {}",
                    key.public,
                    name(digest)
                );
                let verified = run(&peers, program, &verify);
                assert!(verified.succeeded(), "{kind} {program} {digest}: {verified:#?}");
                let wrong = verify.replace("n=1", "n=2");
                assert!(!run(&peers, program, &wrong).succeeded(), "{kind} {program} {digest}");
            }
        }
    }
}
