//! Layers of `.sig` and `.att` manifests: five annotations and the payload, each ended by a zero byte.

#![no_main]

use std::collections::BTreeMap;

use countersign_core::Bundle;
use countersign_core::bundle::legacy;
use libfuzzer_sys::fuzz_target;

const KEYS: [&str; 5] = [
    legacy::SIGNATURE,
    legacy::CERTIFICATE,
    legacy::CHAIN,
    legacy::LOG_ENTRY,
    legacy::TIMESTAMP,
];

fuzz_target!(|text: &str| {
    let mut parts = text.splitn(6, '\0');
    let annotations: BTreeMap<_, _> = KEYS
        .into_iter()
        .zip(parts.by_ref())
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect();
    let payload = parts.next().unwrap_or("").as_bytes().to_vec();
    if let Ok(bundle) = Bundle::from_legacy_attestation(&payload, &annotations) {
        assert!(bundle.log_entries().len() <= 1 && bundle.timestamps().len() <= 1);
    }
    if let Ok(bundle) = Bundle::from_legacy_layer(payload, &annotations) {
        assert!(bundle.log_entries().len() <= 1 && bundle.timestamps().len() <= 1);
    }
});
