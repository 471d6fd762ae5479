//! Durations, sizes, annotations, platforms and names of sources, which come from scripts and their variables.

#![no_main]

use countersign_cli::fuzzing;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Some(limit) = fuzzing::duration(text) {
        assert!(limit.as_secs() <= 101 * 366 * 86400, "{limit:?}");
    }
    if let Some(size) = fuzzing::size(text) {
        assert!(text.contains(|c: char| c.is_ascii_digit()), "{size}");
    }
    for key in fuzzing::annotations(text).into_iter().flatten() {
        assert!(!key.contains('='), "{key:?}");
    }
    fuzzing::names(text);
});
