//! Layers that are packed folders: whatever is unpacked is below the folder, and no link leads out of it.

#![no_main]

use std::fs;
use std::path::{Path, PathBuf};

use countersign_artifacts::pull::fuzzing;
use countersign_fuzz::checksummed;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let outer = memory().join(format!("countersign-fuzz-folder-{}", std::process::id()));
    let _ = fs::remove_dir_all(&outer);
    fs::create_dir(&outer).expect("a temporary folder");
    let root = outer.join("folder");
    if bytes.starts_with(&[0x1f, 0x8b]) {
        let packed = outer.join("layer");
        fs::write(&packed, bytes).expect("a temporary file");
        let _ = fuzzing::unpack_layer(&packed, &root, "a");
        fs::remove_file(&packed).expect("the layer is left alone");
    } else {
        let prefix = if bytes.len() % 2 == 0 { "a" } else { "." };
        let _ = fuzzing::unpack_archive(&*checksummed(bytes), &root, prefix);
    }
    for entry in fs::read_dir(&outer).expect("the folder is there") {
        assert_eq!(entry.expect("an entry").path(), root, "only the folder was made");
    }
    if root.exists() {
        check(&root, &root.canonicalize().expect("the folder is there"));
    }
    let _ = fs::remove_dir_all(&outer);
});

fn check(folder: &Path, root: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let kind = entry.file_type().expect("an entry has a type");
        assert!(
            kind.is_file() || kind.is_dir() || kind.is_symlink(),
            "{} is a special file",
            path.display()
        );
        if kind.is_dir() {
            check(&path, root);
        } else if let Ok(real) = path.canonicalize() {
            assert!(real.starts_with(root), "{} leads to {}", path.display(), real.display());
        }
    }
}

fn memory() -> PathBuf {
    let memory = PathBuf::from("/dev/shm");
    if memory.is_dir() { memory } else { std::env::temp_dir() }
}
