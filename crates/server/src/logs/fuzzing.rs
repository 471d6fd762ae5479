//! Doors for the fuzz target: what clients of the logs send, before anything is done with it.

use crate::log::Tile;
use crate::{ct, rekor_1, rekor_2};

/// Makes the body of an entry of a request to Rekor 1, if it can be one.
pub fn body_of_rekor_1(request: &[u8]) -> Option<Vec<u8>> {
    rekor_1::fuzzing::body(request)
}

/// Makes the body of an entry of a request to Rekor 2, if it can be one.
pub fn body_of_rekor_2(request: &[u8]) -> Option<Vec<u8>> {
    rekor_2::fuzzing::body(request)
}

/// Reads questions to Rekor 1: for several entries, and for those that are about something.
pub fn questions(request: &[u8]) -> [bool; 2] {
    rekor_1::fuzzing::questions(request)
}

/// Reads the name of a tile, and says whether it is one.
pub fn is_tile(path: &str) -> bool {
    Tile::parse(path, "entries").is_some()
}

/// Reads a submission to the log of certificates, which trusts nobody, and says whether it got as far as to ask that.
pub fn is_chain(request: &[u8]) -> bool {
    ct::fuzzing::is_chain(request)
}

/// Reads an entry of the log of certificates as it is stored, and says whether it is one.
pub fn is_entry(stored: &[u8]) -> bool {
    ct::fuzzing::is_entry(stored)
}
