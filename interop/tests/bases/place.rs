//! Where a test makes bases and images upon them, with real tools.

use std::io::Write as _;

use countersign_interop::{Ended, Key, Peers, Registry, Run, http};
use serde_json::Value;

/// A namespace of a registry, and files of a test.
pub(crate) struct Place<'a> {
    pub(crate) peers: &'a Peers,
    registry: &'a Registry,
    namespace: &'a str,
}

impl<'a> Place<'a> {
    pub(crate) fn new(peers: &'a Peers, registry: &'a Registry, namespace: &'a str) -> Self {
        Self {
            peers,
            registry,
            namespace,
        }
    }

    pub(crate) fn name(&self, rest: &str) -> String {
        format!("{}/{}/{rest}", self.registry.address(), self.namespace)
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.peers.path(&format!("{}-{name}", self.namespace))
    }

    pub(crate) fn file(&self, name: &str, content: &str) -> String {
        let path = self.path(name);
        std::fs::write(&path, content).unwrap_or_else(|error| panic!("cannot write {path}: {error}"));
        path
    }

    /// An archive with one file.
    pub(crate) fn archive(&self, content: &str) -> String {
        let path = self.path(&format!("{}.tar.gz", content.replace(' ', "-")));
        let mut header = vec![0_u8; 512];
        header[..4].copy_from_slice(b"file");
        header[100..107].copy_from_slice(b"0000644");
        header[108..115].copy_from_slice(b"0000000");
        header[116..123].copy_from_slice(b"0000000");
        header[124..135].copy_from_slice(format!("{:011o}", content.len()).as_bytes());
        header[136..147].copy_from_slice(b"00000000000");
        header[156] = b'0';
        header[257..265].copy_from_slice(b"ustar\x0000");
        header[148..156].copy_from_slice(b"        ");
        let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
        header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        header.extend_from_slice(content.as_bytes());
        header.resize(1024 + 1024, 0);
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder
            .write_all(&header)
            .unwrap_or_else(|error| panic!("cannot compress: {error}"));
        let packed = encoder
            .finish()
            .unwrap_or_else(|error| panic!("cannot compress: {error}"));
        std::fs::write(&path, packed).unwrap_or_else(|error| panic!("cannot write {path}: {error}"));
        path
    }

    pub(crate) fn crane(&self, arguments: &[&str]) -> Ended {
        Run::new(self.peers, "crane", &["--insecure"])
            .with(arguments)
            .end()
            .expect_success()
    }

    pub(crate) fn ours(&self, arguments: &[&str]) -> Ended {
        Run::new(self.peers, "ours", arguments).end().expect_success()
    }

    pub(crate) fn skopeo(&self, options: &[&str], from: &str, to: &str) {
        let mut arguments = vec!["copy"];
        arguments.extend(options);
        if from.starts_with("docker:") {
            arguments.push("--src-tls-verify=false");
        }
        if to.starts_with("docker:") {
            arguments.push("--dest-tls-verify=false");
        }
        arguments.extend([from, to]);
        let run = Run::new(self.peers, "skopeo", &["--insecure-policy"]).with(&arguments);
        drop(run.end().expect_success());
    }

    /// An image of these layers, made by crane.
    pub(crate) fn push(&self, name: &str, contents: &[&str]) {
        let layers: Vec<String> = contents.iter().map(|content| self.archive(content)).collect();
        let mut arguments = vec!["append", "--oci-empty-base"];
        for layer in &layers {
            arguments.extend(["-f", layer]);
        }
        let name = self.name(name);
        arguments.extend(["-t", &name]);
        drop(self.crane(&arguments));
    }

    /// A signed base.
    pub(crate) fn base(&self, key: &Key, name: &str, contents: &[&str], flags: &[&str]) {
        self.push(name, contents);
        let arguments = [
            "base",
            "sign",
            "--key",
            &key.private,
            "--tlog-upload=false",
            "-y",
            &self.name(name),
        ];
        drop(
            Run::new(self.peers, "ours", &arguments)
                .with(flags)
                .end()
                .expect_success(),
        );
    }

    pub(crate) fn append(&self, base: &str, content: &str, name: &str) {
        let archive = self.archive(content);
        drop(self.crane(&["append", "-b", &self.name(base), "-f", &archive, "-t", &self.name(name)]));
    }

    pub(crate) fn verify(&self, key: &Key, name: &str, flags: &[&str]) -> Ended {
        self.verify_name(key, &self.name(name), flags)
    }

    pub(crate) fn verify_name(&self, key: &Key, name: &str, flags: &[&str]) -> Ended {
        let arguments = ["base", "verify", "--key", &key.public, "--insecure-ignore-tlog", name];
        Run::new(self.peers, "ours", &arguments).with(flags).end()
    }

    /// Checks that an image stands on a base of so many layers.
    pub(crate) fn stands(&self, key: &Key, name: &str, count: usize) {
        let verified = self.verify(key, name, &[]).expect_success();
        let layers = match count {
            1 => "  layer 1: a signed base".to_owned(),
            count => format!("  layers 1-{count}: a signed base"),
        };
        assert!(verified.stdout.contains(&layers), "{name}: {verified:#?}");
    }

    /// The manifest and the configuration of an image.
    pub(crate) fn read(&self, name: &str) -> (Value, Value) {
        let (repository, tag) = name.split_once(':').unwrap_or((name, "latest"));
        let get = |path: String| {
            let accepted =
                "application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json";
            let answer = http::request(self.registry.address(), "GET", &path, &[("Accept", accepted)], b"");
            assert_eq!(answer.status, 200, "GET {path}");
            serde_json::from_slice::<Value>(&answer.body).unwrap_or_else(|error| panic!("GET {path}: {error}"))
        };
        let repository = format!("/v2/{}/{repository}", self.namespace);
        let manifest = get(format!("{repository}/manifests/{tag}"));
        let config = manifest["config"]["digest"].as_str().unwrap_or_default();
        let config = get(format!("{repository}/blobs/{config}"));
        (manifest, config)
    }

    pub(crate) fn put(&self, name: &str, manifest: &Value) {
        let (repository, tag) = name.split_once(':').unwrap_or((name, "latest"));
        let media_type = manifest["mediaType"]
            .as_str()
            .unwrap_or(countersign_interop::image::MANIFEST);
        let repository = format!("{}/{repository}", self.namespace);
        let address = self.registry.address();
        drop(countersign_interop::image::manifest(
            address,
            &repository,
            tag,
            media_type,
            &manifest.to_string(),
        ));
    }

    pub(crate) fn blob(&self, repository: &str, media_type: &str, bytes: &[u8]) -> Value {
        let repository = format!("{}/{repository}", self.namespace);
        countersign_interop::image::blob(self.registry.address(), &repository, media_type, bytes)
    }
}
