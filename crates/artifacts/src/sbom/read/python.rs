//! What is known of an installed package of Python (core metadata specification).

use super::super::package::{Found, Kind, clean};
use super::{Reading, fields};

/// Reads `METADATA`, `PKG-INFO` or an egg's file.
pub(super) fn read(text: &str, into: &mut Reading) {
    let head = text.trim_start_matches(['\n', '\r']);
    let head = head.split("\n\n").next().unwrap_or_default();
    let head = head.split("\r\n\r\n").next().unwrap_or_default();
    let (mut name, mut version, mut licence, mut expression) = ("", "", "", "");
    for (field, value) in fields(head) {
        match field {
            "Name" => name = value,
            "Version" => version = value,
            "License" => licence = value,
            "License-Expression" => expression = value,
            _ => {}
        }
    }
    // The interpreter itself says so too.
    if name == "Python" {
        return;
    }
    let declared = if expression.is_empty() { licence } else { expression };
    let mut found = Found::new(&normalised(name), version);
    found.licence = Some(clean(declared)).filter(|licence| !licence.is_empty() && licence != "UNKNOWN");
    into.add(Kind::Python, found);
}

/// The name by which a package is known, however it is written (PEP 503).
fn normalised(name: &str) -> String {
    let mut normal = String::with_capacity(name.len());
    for c in name.chars() {
        match c {
            '-' | '_' | '.' if normal.ends_with('-') => {}
            '-' | '_' | '.' => normal.push('-'),
            other => normal.extend(other.to_lowercase()),
        }
    }
    normal
}
