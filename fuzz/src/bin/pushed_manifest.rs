//! Manifests as the registry gets them: what it takes, it lists so that clients can read it.

#![no_main]

use countersign_oci::Descriptor;
use countersign_server::fuzzing;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    for content_type in [
        None,
        Some("application/vnd.oci.image.manifest.v1+json; charset=utf-8"),
        Some(""),
    ] {
        match fuzzing::listed(bytes, content_type) {
            Ok(entry) => {
                let entry: Descriptor = serde_json::from_slice(&entry).expect("a client reads it");
                assert!(entry.digest.matches(bytes) && entry.size == bytes.len() as u64);
            }
            Err(status) => assert_eq!(status, 400),
        }
    }
});
