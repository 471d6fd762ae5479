//! The numbers and digests in the headers of answers.

#![no_main]

use countersign_fuzz::headers;
use countersign_oci::Reference;
use countersign_oci::registry::fuzzing;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let headers = headers(text);
    let _ = fuzzing::numbers(&headers);
    let reference: Reference = "registry.example/a:v1".parse().expect("a reference");
    if let Some(descriptor) = fuzzing::described(headers.clone(), &reference) {
        let announced = headers["docker-content-digest"].to_str().expect("it was read as text");
        assert_eq!(descriptor.digest.as_str(), announced);
    }
});
