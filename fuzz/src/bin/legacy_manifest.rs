//! Manifests under `.sig` tags: a signature that is added leaves those that are there as they are.

#![no_main]

use bytes::Bytes;
use countersign::attachment::legacy::{Layer, MediaTypes, append};
use countersign_oci::Manifest;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(existing) = Manifest::parse(Bytes::copy_from_slice(bytes), "") else {
        return;
    };
    let layer = Layer::new(Bytes::from_static(b"payload"), "c2lnbmF0dXJl");
    if let Ok((manifest, _)) = append(Some(&existing), &[&layer], MediaTypes::Oci, None) {
        let (new, kept) = manifest.layers().split_last().expect("one was added");
        assert_eq!(kept, existing.layers());
        assert_eq!(new, layer.descriptor());
    }
});
