//! Certificates: read, believed, and witnessed by logs; `data/certificates/ORIGIN.md` says where the real ones are from.

/// Asserts the exact variant of a value that cannot be compared.
macro_rules! assert_matches {
    ($value:expr, $pattern:pat $(if $guard:expr)?) => {
        match $value {
            $pattern $(if $guard)? => {}
            other => panic!("{other:?} is not {}", stringify!($pattern)),
        }
    };
}

mod algorithms;
mod builder;
mod constraints;
mod paths;
mod published_timestamps;
mod reading;
mod refusing;
mod searching;
mod timestamps;
mod world;

use std::fs;
use std::path::Path;

use countersign_core::Certificate;
use jiff::Timestamp;

#[expect(
    clippy::disallowed_methods,
    reason = "core does no IO, but its tests read their data"
)]
fn data(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data/certificates")
        .join(name);
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn certificate(name: &str) -> Certificate {
    Certificate::from_pem(&data(&format!("{name}.pem"))).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn chain(name: &str) -> Vec<Certificate> {
    Certificate::chain_from_pem(&data(&format!("{name}.pem")), 8).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}
