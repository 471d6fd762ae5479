//! in-toto statements.

#![no_main]

use countersign_core::payload::statement::Statement;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(statement) = Statement::parse(bytes)
        && let Some(predicate) = statement.predicate()
    {
        let predicate = predicate.get().as_bytes();
        assert!(bytes.windows(predicate.len()).any(|window| window == predicate));
    }
});
