//! `index.json` of image layouts: what is written is read, and a tag is on one manifest.

#![no_main]

use countersign_oci::layout::fuzzing;
use countersign_oci::{Descriptor, Reference, media_type};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let signature = format!("sha256-{}.sig", "ab".repeat(32));
    for tag in ["v1", signature.as_str()] {
        let reference: Reference = format!("registry.example/a:{tag}").parse().expect("a reference");
        let entry = Descriptor::of(media_type::OCI_MANIFEST, b"new");
        let digest = entry.digest.clone();
        let _ = fuzzing::found(bytes, &reference, tag);
        if let Ok(written) = fuzzing::retagged(bytes, &reference, tag, entry) {
            let (found, _) = fuzzing::found(written.as_bytes(), &reference, tag).expect("what is written is read");
            let found = found.expect("the tag was written");
            assert_eq!(found.digest, digest, "no other entry has the tag");
        }
    }
});
