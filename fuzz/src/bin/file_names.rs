//! Titles of files in artifacts, arguments that name files, and files of annotations.

#![no_main]

use countersign_artifacts::pull::fuzzing;
use countersign_artifacts::{Annotations, FileSpec};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Some(inside) = fuzzing::inside(text) {
        assert!(
            !inside.starts_with('/') && inside.split('/').all(|part| part != ".."),
            "{inside:?}"
        );
        assert_eq!(
            fuzzing::inside(&inside).as_ref(),
            Some(&inside),
            "what is clean stays as it is"
        );
    }
    if let Ok(spec) = text.parse::<FileSpec>() {
        assert!(!spec.path().is_empty() && text.starts_with(spec.path()));
    }
    let _ = Annotations::from_json(text.as_bytes());
    let _ = Annotations::of_manifest(&[text]);
});
