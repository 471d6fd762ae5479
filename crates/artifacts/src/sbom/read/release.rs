//! Which distribution it is (os-release(5)).

use super::super::package::{Release, clean};

/// Reads `os-release`; none where it says nothing.
pub(super) fn parse(text: &str) -> Option<Release> {
    let mut release = Release::default();
    let mut build = String::new();
    for line in text.lines() {
        let Some((name, value)) = line.trim().split_once('=') else {
            continue;
        };
        let value = clean(&unquoted(value.trim()));
        match name.trim() {
            "ID" => release.id = value,
            "ID_LIKE" => {
                release.like = value
                    .split(' ')
                    .filter(|id| !id.is_empty())
                    .map(str::to_owned)
                    .collect()
            }
            "VERSION_ID" => release.version = value,
            "BUILD_ID" => build = value,
            "PRETTY_NAME" => release.pretty = value,
            _ => {}
        }
    }
    if release.version.is_empty() {
        release.version = build;
    }
    Some(release).filter(|release| *release != Release::default())
}

/// A value as a shell would take it.
fn unquoted(value: &str) -> String {
    let inner = ['"', '\'']
        .iter()
        .find_map(|quote| value.strip_prefix(*quote)?.strip_suffix(*quote));
    let Some(inner) = inner else {
        return value.to_owned();
    };
    let mut text = String::with_capacity(inner.len());
    let mut characters = inner.chars();
    while let Some(c) = characters.next() {
        match c {
            '\\' => text.extend(characters.next()),
            other => text.push(other),
        }
    }
    text
}
