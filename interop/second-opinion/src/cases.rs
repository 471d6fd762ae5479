//! The cases, as the conformance suite lays them out.

use std::fs;
use std::path::{Path, PathBuf};

use countersign_core::Digest;

/// A bundle, and what it is to be judged by.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) bundle: String,
    pub(crate) root: String,
    pub(crate) artifact: Artifact,
    pub(crate) signer: Signer,
}

pub(crate) enum Artifact {
    Bytes(Vec<u8>),
    Digest(Digest),
}

pub(crate) enum Signer {
    Key(String),
    Identity { subject: String, issuer: String },
}

impl Case {
    /// Says whether the bundle is to be judged with every change too: one of each kind is enough.
    pub(crate) fn is_changed(&self) -> bool {
        CHANGED.contains(&self.name.as_str())
    }

    /// Says whether the trusted root is, too.
    pub(crate) fn is_root_changed(&self) -> bool {
        ROOT_CHANGED.contains(&self.name.as_str())
    }
}

/// Returns all cases, in the order of their names.
pub(crate) fn all() -> Vec<Case> {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../crates/cli/tests/data");
    let production = read(&data.join("sigstore-conformance/trusted_root.production.json"));
    let mut cases = Vec::new();
    for folder in ["sigstore-conformance/bundle-verify", "bundles"] {
        let folder = data.join(folder);
        let mut names: Vec<PathBuf> = fs::read_dir(&folder)
            .expect("the data are there")
            .map(|entry| entry.expect("the data are there").path())
            .filter(|path| path.is_dir())
            .collect();
        names.sort();
        cases.extend(names.iter().map(|path| case(&folder, path, &production)));
    }
    cases
}

fn case(folder: &Path, path: &Path, production: &str) -> Case {
    let text = |name: &str| {
        fs::read_to_string(path.join(name))
            .ok()
            .map(|text| text.trim().to_owned())
    };
    let signer = match text("key.pub") {
        Some(pem) => Signer::Key(pem),
        None => Signer::Identity {
            subject: text("identity").unwrap_or_else(|| IDENTITY.to_owned()),
            issuer: text("issuer").unwrap_or_else(|| ISSUER.to_owned()),
        },
    };
    let artifact = match text("digest") {
        Some(digest) => Artifact::Digest(digest.parse().expect("it is a digest")),
        None => {
            let own = path.join("artifact");
            let path = if own.exists() { own } else { folder.join("a.txt") };
            Artifact::Bytes(fs::read(path).expect("the artifact is there"))
        }
    };
    Case {
        name: path
            .file_name()
            .and_then(|name| name.to_str())
            .expect("it is text")
            .to_owned(),
        bundle: read(&path.join("bundle.sigstore.json")),
        root: text("trusted_root.json").unwrap_or_else(|| production.to_owned()),
        artifact,
        signer,
    }
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// One accepted bundle of each version, content, signer, kind of entry and source of time.
const CHANGED: [&str; 10] = [
    "happy-path-v0.1",
    "happy-path-v0.3",
    "managed-key-happy-path",
    "rekor2-happy-path",
    "rekor2-dsse-happy-path",
    "happy-path-intoto-in-dsse-v3",
    "java-bundle-with-timestamp",
    "java-PKIX_RSA_PKCS1V15_3072_SHA256",
    "npm-provenance-npm-test-ossf",
    "pypi-rfc8785-0.1.2-py3-none-any.whl.sigstore",
];

/// One whose times are of timestamps, and one whose time is of the log.
const ROOT_CHANGED: [&str; 2] = ["rekor2-happy-path", "intoto-with-custom-trust-root"];

/// Whom the suite expects where a case names nobody.
const IDENTITY: &str = "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main";
const ISSUER: &str = "https://token.actions.githubusercontent.com";
