//! `index.json` of image layouts: what is written is read.

#![no_main]

use countersign_oci::layout::fuzzing;
use countersign_oci::{Descriptor, Reference, StoreError, media_type};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let signature = format!("sha256-{}.sig", "ab".repeat(32));
    for tag in ["v1", signature.as_str()] {
        let reference: Reference = format!("registry.example/a:{tag}").parse().expect("a reference");
        let entry = Descriptor::of(media_type::OCI_MANIFEST, b"new");
        let _ = fuzzing::found(bytes, &reference, tag);
        if let Ok(written) = fuzzing::retagged(bytes, &reference, tag, entry) {
            // Where several entries have one name the tag may stay ambiguous.
            let found = fuzzing::found(written.as_bytes(), &reference, tag);
            assert!(
                !matches!(found, Err(StoreError::Malformed { .. })),
                "what is written is read"
            );
        }
    }
});
