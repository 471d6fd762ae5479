//! Pages of lists: descriptors are written to what is read to the same, and the fallback index keeps its entries.

#![no_main]

use bytes::Bytes;
use countersign_oci::registry::fuzzing;
use countersign_oci::{Descriptor, Manifest, Reference, media_type};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = fuzzing::tags_page(bytes);
    let Ok(entries) = fuzzing::referrers_page(bytes) else {
        return;
    };
    for entry in &entries {
        let written = serde_json::to_vec(entry).expect("a descriptor has a JSON form");
        assert_eq!(
            &serde_json::from_slice::<Descriptor>(&written).expect("what is written is read"),
            entry
        );
    }
    let Ok(index) = Manifest::parse(Bytes::copy_from_slice(bytes), media_type::OCI_INDEX) else {
        return;
    };
    let tag: Reference = "registry.example/a:fallback".parse().expect("a reference");
    let new = Descriptor::of(media_type::OCI_MANIFEST, b"new");
    if let Ok(more) = fuzzing::with_entry(&index, &new, &tag) {
        let holds = |wanted: &Descriptor| more.manifests().iter().any(|entry| entry.digest == wanted.digest);
        assert!(entries.iter().chain([&new]).all(holds), "an entry is lost");
    }
});
