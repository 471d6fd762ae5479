//! An image, and what other tools leave to be attached to it.

use countersign_core::bundle::Bundle;
use countersign_core::envelope::Envelope;
use countersign_core::payload::statement::PAYLOAD_TYPE;
use countersign_core::{Digest, Signer};
use countersign_oci::{Manifest, Reference};
use serde_json::json;

use crate::harness::User;
use crate::registry::Registry;
use crate::signing::{self, A};

/// A registry with one image, `app:v1`, whose digest never changes.
pub(crate) fn image(user: &User) -> (Registry, String, String) {
    let registry = Registry::open();
    let digest = signing::push(user, &registry, "app:v1", "hello");
    let name = registry.name(&format!("app@{digest}"));
    (registry, digest, name)
}

/// A signed statement about an image.
pub(crate) fn envelope(digest: &str, seed: u8, predicate_type: &str) -> Envelope {
    let statement = json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"digest": {"sha256": digest.trim_start_matches("sha256:")}}],
        "predicateType": predicate_type,
        "predicate": {"scanner": {"result": []}},
    });
    Envelope::seal(PAYLOAD_TYPE, statement.to_string().into_bytes(), &signing::key(seed)).expect("the key signs")
}

/// The same as a bundle, with blanks that a program which writes it anew would not keep.
pub(crate) fn bundle(digest: &str, seed: u8, predicate_type: &str) -> String {
    let envelope = envelope(digest, seed, predicate_type);
    let bundle = Bundle::assemble(envelope, signing::key(seed).public_key()).expect("one signature");
    let json = String::from_utf8(bundle.to_json().expect("a bundle is JSON")).expect("JSON is text");
    json.replacen(",\"", ", \"", 2)
}

/// The manifest of an attachment tag.
pub(crate) fn tagged(registry: &Registry, digest: &str, suffix: &str) -> Option<(Reference, Manifest)> {
    let name = registry.name(&format!("app:{}.{suffix}", digest.replace(':', "-")));
    let name: Reference = name.parse().expect("this is a name");
    Some((name.clone(), registry.manifest(&name)?))
}

/// The bundles among the referrers of a digest, as they are stored.
pub(crate) fn bundles(registry: &Registry, digest: &str) -> Vec<(Manifest, Vec<u8>)> {
    let referrers = signing::referrers(registry, "app", digest);
    let found = referrers.into_iter().map(|referrer| {
        let name: Reference = registry
            .name(&format!("app@{}", referrer.digest))
            .parse()
            .expect("this is a name");
        let manifest = registry.manifest(&name).expect("it is listed");
        let layer: &Digest = &manifest.layers()[0].digest;
        let bytes = registry.blob(name.repository(), layer);
        (manifest, bytes)
    });
    found.collect()
}

/// The flags that attach the files of [`signed_elsewhere`].
pub(crate) const ATTACH: &str = "attach signature --signature a.sig --payload payload.json";

/// An image, and beside it the payload with its signature by key `a`, as another tool would leave them.
pub(crate) fn signed_elsewhere(user: &User) -> (Registry, String, String) {
    let (registry, digest, name) = image(user);
    let payload = user.run(&format!("generate {name}")).stdout;
    let signature = signing::key(A).sign(&payload).expect("the key signs");
    user.write("payload.json", payload);
    user.write("a.sig", format!("{}\n", signature.to_base64()));
    (registry, digest, name)
}
