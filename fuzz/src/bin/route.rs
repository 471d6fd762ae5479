//! Paths and parameters as the registry gets them: nothing is stored outside of its folder.

#![no_main]

use std::path::Component;

use countersign_server::fuzzing;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let (path, query) = text.split_once('?').unwrap_or((text, ""));
    if let Ok(Some(place)) = fuzzing::place(path) {
        assert!(
            place.components().all(|part| matches!(part, Component::Normal(_))),
            "{place:?}"
        );
        assert!(place.starts_with("repositories"), "{place:?}");
        assert!(!place.to_string_lossy().contains(['\\', '%', '\0']), "{place:?}");
    }
    if let Err(status) = fuzzing::parameters(query) {
        assert_eq!(status, 400);
    }
});
