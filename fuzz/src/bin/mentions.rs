//! Files that name images: Dockerfiles and Kubernetes resources.

#![no_main]

use countersign::mentions::{Mention, dockerfile, kubernetes, replace};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(found) = dockerfile::read(bytes, &|name| (name.len() == 1).then(|| "value".to_owned())) {
        check(text, &found.mentions);
    }
    if let Ok(found) = kubernetes::read(bytes) {
        check(text, &found);
    }
});

/// What is named is in the file, and a file whose names are replaced by themselves is the same.
fn check(text: &str, mentions: &[Mention]) {
    let written: Vec<String> = mentions
        .iter()
        .map(|mention| {
            text.get(mention.range.clone())
                .expect("a name is in the file")
                .to_owned()
        })
        .collect();
    assert_eq!(replace(text, mentions, &written), text);
}
