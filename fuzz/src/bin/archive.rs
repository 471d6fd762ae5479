//! OCI archives: read to their last blob, without a panic and within their own length.

#![no_main]

use std::path::PathBuf;
use std::sync::LazyLock;

use countersign_fuzz::checksummed;
use countersign_oci::archive::fuzzing;
use libfuzzer_sys::fuzz_target;

/// One file for all inputs, in memory where the machine has such a folder.
static FILE: LazyLock<PathBuf> = LazyLock::new(|| {
    let memory = PathBuf::from("/dev/shm");
    let folder = if memory.is_dir() { memory } else { std::env::temp_dir() };
    folder.join(format!("countersign-fuzz-archive-{}", std::process::id()))
});

fuzz_target!(|bytes: &[u8]| {
    std::fs::write(&*FILE, checksummed(bytes)).expect("a temporary file");
    if let Err(error) = fuzzing::read(&FILE) {
        assert!(!error.to_string().is_empty());
    }
});
