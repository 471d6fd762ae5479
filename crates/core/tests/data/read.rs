//! The files in this folder, for the tests that read them.

use std::fs;
use std::path::Path;

/// Asserts the exact variant of a value that cannot be compared.
macro_rules! assert_matches {
    ($value:expr, $pattern:pat $(if $guard:expr)?) => {
        match $value {
            $pattern $(if $guard)? => {}
            other => panic!("{other:?} is not {}", stringify!($pattern)),
        }
    };
}

/// Reads a file of this folder.
#[expect(
    clippy::disallowed_methods,
    reason = "core does no IO, but its tests read their data"
)]
pub(crate) fn data(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name);
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
