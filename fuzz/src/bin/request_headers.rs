//! Headers as the registry gets them: a part is inside of its blob, and nobody is let in by chance.

#![no_main]

use countersign_core::Secret;
use countersign_fuzz::headers;
use countersign_server::{BasicAuth, fuzzing};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let headers = headers(text);
    for size in [0, 1, 1000, u64::MAX] {
        match fuzzing::ranges(headers.clone(), size) {
            Ok([wanted, brought]) => {
                if let Some((start, length)) = wanted {
                    assert!(length > 0 && start.checked_add(length).is_some_and(|end| end <= size));
                }
                if let Some((first, length)) = brought {
                    assert!(length > 0 && first.checked_add(length).is_some());
                }
            }
            Err(status) => assert!(status == 400 || status == 416, "{status}"),
        }
    }
    if let Err(status) = fuzzing::conditions(&headers) {
        assert_eq!(status, 400);
    }
    let user = BasicAuth::user("user", &Secret::new("a password that is not in the input".to_owned()));
    assert!(!fuzzing::admits(&user.expect("a user"), &headers));
    let _ = BasicAuth::parse(&Secret::new(text.to_owned()));
});
