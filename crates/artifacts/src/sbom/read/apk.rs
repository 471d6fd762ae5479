//! Alpine's list of installed packages: fields of one letter, a blank line between packages (apk-installed(5)).

use super::super::package::{Found, Kind, clean};
use super::Reading;

/// Reads the list.
pub(super) fn read(text: &str, into: &mut Reading) {
    for paragraph in text.split("\n\n") {
        let mut found = Found::default();
        let (mut architecture, mut origin) = ("", "");
        for line in paragraph.lines() {
            match line.split_once(':') {
                Some(("P", name)) => found.name = clean(name),
                Some(("V", version)) => found.version = clean(version),
                Some(("A", value)) => architecture = value,
                Some(("o", value)) => origin = value,
                Some(("L", value)) if !value.is_empty() => found.licence = Some(clean(value)),
                _ => {}
            }
        }
        found.qualifiers.push(("arch", clean(architecture)));
        if origin != found.name {
            found.qualifiers.push(("upstream", clean(origin)));
        }
        into.add(Kind::Apk, found);
    }
}
