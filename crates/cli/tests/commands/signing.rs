//! A user with keys, and images to sign.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use countersign::attachment::referrer::{Content, referrer};
use countersign_core::bundle::Bundle;
use countersign_core::envelope::Envelope;
use countersign_core::key::PrivateKey;
use countersign_core::payload::statement::PAYLOAD_TYPE;
use countersign_core::{Digest, Secret};
use countersign_oci::manifest::{Descriptor, Manifest, Platform};
use countersign_oci::store::Condition;
use countersign_oci::{Reference, Repository, Store, Upload, media_type};
use serde_json::{Value, json};

use crate::harness::{Outcome, User};
use crate::registry::Registry;

/// The flags of every signature: a key, and no log.
pub(crate) const SIGN: &str = "sign --key a.key --tlog-upload=false";
/// The flags of every verification.
pub(crate) const VERIFY: &str = "verify --key a.pub --insecure-ignore-tlog";
/// The flags of every attestation: a key, and no log.
pub(crate) const ATTEST: &str = "attest --key a.key --tlog-upload=false";
/// The flags of every verification of attestations.
pub(crate) const VERIFY_ATTESTATION: &str = "verify-attestation --key a.pub --insecure-ignore-tlog";
/// What signing needs to write the signature tag.
pub(crate) const LEGACY: &str = "--new-bundle-format=false";
/// The predicate type of the attestations of these tests.
pub(crate) const VULNERABILITIES: &str = "https://cosign.sigstore.dev/attestation/vuln/v1";

/// A user with the key pairs `a` and `b`, whose signatures are the same in every run.
pub(crate) fn signer() -> User {
    static SEALED: OnceLock<[String; 2]> = OnceLock::new();
    let sealed = SEALED.get_or_init(|| [seal(&key(A)), seal(&key(B))]);
    let user = User::new().with_variable("COSIGN_PASSWORD", PASSWORD);
    for (name, sealed, seed) in [("a", &sealed[0], A), ("b", &sealed[1], B)] {
        user.write(&format!("{name}.key"), sealed);
        user.write(&format!("{name}.pub"), key(seed).public_key().to_pem());
    }
    user
}

/// An Ed25519 key from a seed (RFC 8410 §7).
pub(crate) fn key(seed: u8) -> PrivateKey {
    let mut der = vec![48, 46, 2, 1, 0, 48, 5, 6, 3, 43, 101, 112, 4, 34, 4, 32];
    der.extend([seed; 32]);
    let pem = format!(
        "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
        STANDARD.encode(der)
    );
    PrivateKey::import(pem.as_bytes(), None).expect("any 32 bytes are a key")
}

fn seal(key: &PrivateKey) -> String {
    let sealed = key.seal(&Secret::new(PASSWORD.as_bytes().to_vec()), [3; 32], [5; 24]);
    sealed.expect("there is memory").expose().clone()
}

/// Pushes an artifact with one file and returns its digest.
pub(crate) fn push(user: &User, registry: &Registry, name: &str, content: &str) -> String {
    user.write("content.txt", content);
    let outcome = user.run(&format!("push {} content.txt", registry.name(name)));
    assert_eq!(outcome.exit, 0, "{outcome}");
    let printed = String::from_utf8(outcome.stdout).expect("a name is text");
    let (_, digest) = printed.trim().split_once('@').expect("the name has its digest");
    digest.to_owned()
}

/// Pushes an index of what was pushed before, one entry for each platform.
pub(crate) fn push_index(registry: &Registry, name: &str, children: &[(&str, &str)]) -> String {
    let client = registry.client();
    let name: Reference = registry.name(name).parse().expect("this is a name");
    let manifests = children.iter().map(|(digest, architecture)| {
        let child = name.repository().digest(digest.parse().expect("this is a digest"));
        let head = registry.wait(client.head(&child)).expect("the registry answers");
        let mut descriptor = head.expect("the child was pushed");
        descriptor.platform = Some(Platform {
            architecture: (*architecture).to_owned(),
            os: "linux".to_owned(),
            ..Platform::default()
        });
        descriptor
    });
    let manifests: Vec<Descriptor> = manifests.collect();
    let index = json!({"schemaVersion": 2, "mediaType": media_type::OCI_INDEX, "manifests": manifests});
    push_manifest(registry, &name, &index, media_type::OCI_INDEX)
}

/// Pushes a manifest as JSON and returns its digest.
pub(crate) fn push_manifest(registry: &Registry, name: &Reference, content: &Value, media_type: &str) -> String {
    let bytes = serde_json::to_vec(content).expect("a value is JSON");
    let manifest = Manifest::parse(bytes.into(), media_type).expect("this is a manifest");
    let client = registry.client();
    registry
        .wait(client.push_manifest(name, &manifest, Condition::Always))
        .expect("the registry takes it");
    manifest.digest().to_string()
}

/// Attaches an attestation by the key of `seed` to the image, and returns the digest of the referrer.
pub(crate) fn attest(registry: &Registry, name: &str, seed: u8) -> Digest {
    let client = registry.client();
    let name: Reference = registry.name(name).parse().expect("this is a name");
    let head = registry.wait(client.head(&name)).expect("the registry answers");
    let subject = head.expect("the image was pushed");
    let statement = json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"digest": {"sha256": subject.digest.hex()}}],
        "predicateType": VULNERABILITIES,
        "predicate": {"scanner": {"result": []}},
    });
    let key = key(seed);
    let envelope = Envelope::seal(PAYLOAD_TYPE, statement.to_string().into_bytes(), &key).expect("the key signs");
    let bundle = Bundle::assemble(envelope, key.public_key()).expect("this is a bundle");
    let json = bundle.to_json().expect("a bundle is JSON");
    let now = "2026-11-22T12:00:00Z".parse().expect("this is a time");
    let referrer = referrer(&subject, json, Content::DsseEnvelope, VULNERABILITIES, now).expect("it is small");
    registry.wait(async {
        for blob in [&Upload::bytes("{}"), &referrer.bundle] {
            client
                .push_blob(name.repository(), blob)
                .await
                .expect("the registry takes it");
        }
        let by_digest = name.repository().digest(referrer.manifest.digest().clone());
        client
            .push_manifest(&by_digest, &referrer.manifest, Condition::Always)
            .await
            .expect("the registry takes it");
    });
    referrer.manifest.digest().clone()
}

/// The signature tag of a digest.
pub(crate) fn signature_tag(registry: &Registry, repository: &str, digest: &str) -> Reference {
    let name = registry.name(&format!("{repository}:{}.sig", digest.replace(':', "-")));
    name.parse().expect("this is a name")
}

/// How many layers the signature tag of a digest has.
pub(crate) fn layers(registry: &Registry, repository: &str, digest: &str) -> usize {
    match registry.manifest(&signature_tag(registry, repository, digest)) {
        Some(manifest) => manifest.layers().len(),
        None => 0,
    }
}

/// The layers of the attestation tag of a digest.
pub(crate) fn attestation_layers(registry: &Registry, repository: &str, digest: &str) -> Vec<Descriptor> {
    let tag = registry.name(&format!("{repository}:{}.att", digest.replace(':', "-")));
    match registry.manifest(&tag.parse().expect("this is a name")) {
        Some(manifest) => manifest.layers().to_vec(),
        None => Vec::new(),
    }
}

/// The manifests that refer to a digest.
pub(crate) fn referrers(registry: &Registry, repository: &str, digest: &str) -> Vec<Descriptor> {
    let repository: Repository = registry.name(repository).parse().expect("this is a repository");
    let digest = digest.parse().expect("this is a digest");
    let listed = registry.wait(registry.client().referrers(&repository, &digest));
    listed.expect("the registry answers")
}

/// The payloads of the signature tag of a digest, in its order.
pub(crate) fn payloads(registry: &Registry, repository: &str, digest: &str) -> Vec<String> {
    let tag = signature_tag(registry, repository, digest);
    let manifest = registry.manifest(&tag).expect("the tag exists");
    let texts = manifest.layers().iter().map(|layer| {
        let bytes = registry.blob(tag.repository(), &layer.digest);
        String::from_utf8(bytes).expect("a payload is text")
    });
    texts.collect()
}

/// Replaces the layers of a signature tag.
pub(crate) fn replace_layers(registry: &Registry, tag: &Reference, layers: &Value) {
    let manifest = registry.manifest(tag).expect("the tag exists");
    let mut content: Value = serde_json::from_slice(manifest.bytes()).expect("a manifest is JSON");
    content["layers"] = layers.clone();
    push_manifest(registry, tag, &content, manifest.media_type());
}

/// The places of what was accepted and refused, by the versioned object of `--output json`.
pub(crate) fn judged(outcome: &Outcome) -> BTreeMap<&'static str, Vec<String>> {
    let object: Value = serde_json::from_slice(&outcome.stdout).expect("the object is JSON");
    let places = |member: &str| {
        let images = object["images"].as_array().expect("there are images").iter();
        let all = images.flat_map(|image| image[member].as_array().expect("a list").clone());
        all.map(|item| item["format"].as_str().unwrap_or("").to_owned())
            .collect::<Vec<_>>()
    };
    BTreeMap::from([("signatures", places("signatures")), ("refused", places("refused"))])
}

/// The seed of key `a`.
pub(crate) const A: u8 = 1;
/// The seed of key `b`.
pub(crate) const B: u8 = 2;
const PASSWORD: &str = "pw";
