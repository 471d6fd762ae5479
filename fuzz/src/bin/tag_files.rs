//! What is kept of tags: state, lock and set; annotations of statements.

#![no_main]

use countersign_core::Digest;
use countersign_core::tag::{State, TagSet, TagStatement, TagsLock};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(state) = State::parse(bytes) {
        assert_eq!(State::parse(&state.to_json()), Ok(state));
    }
    if let Ok(set) = TagSet::parse(bytes) {
        assert_eq!(TagSet::parse(&set.to_json()), Ok(set));
    }
    if let Ok(text) = std::str::from_utf8(bytes)
        && let Ok(lock) = TagsLock::parse(text)
    {
        assert_eq!(TagsLock::parse(&lock.to_text()), Ok(lock));
    }
    if let Ok(annotations) = serde_json::from_slice(bytes) {
        let digest = Digest::sha256(b"image");
        if let Ok(statement) = TagStatement::read(Some(&annotations), &digest) {
            let written = statement.annotations();
            let written = written.into_iter().map(|(key, value)| (key, value.into())).collect();
            assert_eq!(TagStatement::read(Some(&written), &digest), Ok(statement));
        }
    }
});
