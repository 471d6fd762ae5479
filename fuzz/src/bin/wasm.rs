//! WebAssembly modules and components.

#![no_main]

use std::collections::BTreeSet;

use countersign_artifacts::wasm::Wasm;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    match Wasm::parse(bytes) {
        Ok(Wasm::Component { imports, exports }) => {
            for names in [imports, exports] {
                let different: BTreeSet<&String> = names.iter().collect();
                assert_eq!(different.len(), names.len());
            }
        }
        Ok(_) => assert!(bytes.starts_with(b"\0asm")),
        Err(error) => assert!(error.offset <= bytes.len()),
    }
});
