//! `index.json` of image layouts: an entry that is not replaced stays, and what is written is read.

#![no_main]

use countersign_oci::layout::fuzzing;
use countersign_oci::{Descriptor, Reference, media_type};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let signature = format!("sha256-{}.sig", "ab".repeat(32));
    for tag in ["v1", signature.as_str()] {
        let reference: Reference = format!("registry.example/a:{tag}").parse().expect("a reference");
        let entry = Descriptor::of(media_type::OCI_MANIFEST, b"new");
        let _ = fuzzing::found(bytes, &reference, tag);
        if let Ok(written) = fuzzing::retagged(bytes, &reference, tag, entry.clone()) {
            let (found, _) = fuzzing::found(written.as_bytes(), &reference, tag).expect("what is written is read");
            assert_eq!(found.expect("what is tagged is found").digest, entry.digest);
        }
    }
});
