//! What is said of who signs: tokens, their provider's keys, claims, forms. Nothing is believed that a known key did not sign.
#![no_main]

use countersign_core::certificate::encoding::Elements;
use countersign_server::service_fuzzing::{form, principal, token};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let mut parts = data.splitn(2, |byte| *byte == 0);
    let (first, second) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    // the fuzzer makes no signatures
    assert!(!std::str::from_utf8(first).is_ok_and(|text| token(text, second)));
    form(data);
    for kind in ["email", "uri:https://a", "spiffe:a", "username:a", "github-workflow", "gitlab-pipeline", "buildkite-job"] {
        for extension in principal(kind, data).unwrap_or_default() {
            let mut elements = Elements::new(&extension);
            elements.next().expect("an extension is an element");
            elements.finish().expect("an extension is one element");
        }
    }
});
