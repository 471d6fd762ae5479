//! Images and artifacts to push.

use bytes::Bytes;
use countersign_core::Digest;
use countersign_oci::media_type::OCI_MANIFEST;
use countersign_oci::{Manifest, Upload};

/// An image with one layer of this text.
pub(crate) fn image(text: &str) -> (Manifest, Upload) {
    built(text, "")
}

/// An artifact that refers to `subject`.
pub(crate) fn artifact(text: &str, subject: &Manifest) -> (Manifest, Upload) {
    let subject = format!(
        r#","subject":{{"mediaType":"{OCI_MANIFEST}","size":{},"digest":"{}"}},"artifactType":"test/artifact","annotations":{{"text":"{text}"}}"#,
        subject.bytes().len(),
        subject.digest()
    );
    built(text, &subject)
}

fn built(text: &str, more: &str) -> (Manifest, Upload) {
    let layer = Upload::bytes(text.to_owned());
    let config = Digest::sha256(b"{}");
    let manifest = format!(
        r#"{{"schemaVersion":2,"mediaType":"{OCI_MANIFEST}","config":{{"mediaType":"application/vnd.oci.empty.v1+json","size":2,"digest":"{config}"}},"layers":[{{"mediaType":"text/plain","size":{},"digest":"{}"}}]{more}}}"#,
        text.len(),
        Digest::sha256(text.as_bytes())
    );
    (Manifest::parse(Bytes::from(manifest), OCI_MANIFEST).unwrap(), layer)
}

/// Bytes that do not repeat.
pub(crate) fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    (0..length)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()[0]
        })
        .collect()
}
