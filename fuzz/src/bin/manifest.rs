//! Manifests and indexes, with each media type a registry may claim for them.

#![no_main]

use bytes::Bytes;
use countersign_oci::{Manifest, media_type};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    for media_type in [media_type::OCI_MANIFEST, media_type::OCI_INDEX, ""] {
        if let Ok(manifest) = Manifest::parse(Bytes::copy_from_slice(bytes), media_type) {
            assert_eq!(manifest.bytes().as_ref(), bytes);
            assert!(manifest.digest().matches(bytes));
        }
    }
});
