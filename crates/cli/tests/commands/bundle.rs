use std::path::Path;

mod create;
mod inspect;
mod upgrade;

/// A bundle that cosign 3.1.2 made for a file.
fn golden(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../core/tests/data/golden/blobs")
        .join(name);
    std::fs::read_to_string(path).expect("the file is there")
}
