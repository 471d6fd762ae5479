//! Debian's list of packages (deb822(5), dpkg-query(1)), also the files of one package each that distroless images have.

use super::super::package::{Found, Kind, clean};
use super::{Reading, fields};

/// Reads the list; packages whose files are gone are left out.
pub(super) fn read(text: &str, into: &mut Reading) {
    for paragraph in text.split("\n\n") {
        let mut found = Found::default();
        let (mut architecture, mut source, mut status) = ("", "", "");
        for (name, value) in fields(paragraph) {
            match name {
                "Package" => found.name = clean(value),
                "Version" => found.version = clean(value),
                "Architecture" => architecture = value,
                "Source" => source = value,
                "Status" => status = value,
                _ => {}
            }
        }
        if matches!(status.rsplit(' ').next(), Some("config-files" | "not-installed")) {
            continue;
        }
        found.qualifiers.push(("arch", clean(architecture)));
        let upstream = match source.split_once(" (") {
            Some((name, version)) => format!("{name}@{}", version.trim_end_matches(')')),
            None => source.to_owned(),
        };
        found.qualifiers.push(("upstream", clean(&upstream)));
        into.add(Kind::Deb, found);
    }
}
