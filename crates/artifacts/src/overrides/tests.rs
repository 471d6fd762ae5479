use tar::{Builder, EntryType, Header};

use super::{Fate, Overrides, of_bytes};
use crate::sbom::SbomError;

/// An archive of entries: `name/` is a folder, `name -> target` a symbolic link, `name = target` a hard one.
fn layer(entries: &[&str]) -> Vec<u8> {
    let mut archive = Builder::new(Vec::new());
    for entry in entries {
        let mut header = Header::new_gnu();
        header.set_mode(0o644);
        header.set_size(0);
        let (kind, name, target) = match (entry.split_once(" -> "), entry.split_once(" = ")) {
            (Some((name, target)), _) => (EntryType::Symlink, name, Some(target)),
            (None, Some((name, target))) => (EntryType::Link, name, Some(target)),
            (None, None) if entry.ends_with('/') => (EntryType::Directory, *entry, None),
            (None, None) => (EntryType::Regular, *entry, None),
        };
        header.set_entry_type(kind);
        match target {
            Some(target) => archive.append_link(&mut header, name, target),
            None => archive.append_data(&mut header, name, &b""[..]),
        }
        .expect("a list of bytes takes all");
    }
    archive.into_inner().expect("a list of bytes takes all")
}

/// What the layers above the first do to it, a line each.
fn lines(layers: &[&[&str]]) -> Vec<String> {
    lines_above(1, layers)
}

fn lines_above(base: usize, layers: &[&[&str]]) -> Vec<String> {
    let found = found(base, layers);
    assert_eq!(found.count, found.listed.len());
    let lines = found.listed.iter();
    lines
        .map(|one| format!("{} {} {}", one.layer, one.fate.verb(), one.path))
        .collect()
}

fn found(base: usize, layers: &[&[&str]]) -> Overrides {
    let layers: Vec<Vec<u8>> = layers.iter().map(|entries| layer(entries)).collect();
    let layers: Vec<&[u8]> = layers.iter().map(Vec::as_slice).collect();
    of_bytes(&layers, base, Box::new(|path| path.starts_with("/usr/"))).expect("they are layers")
}

const BASE: &[&str] = &[
    "usr/",
    "usr/bin/",
    "usr/bin/sh",
    "usr/bin/ls",
    "bin -> usr/bin",
    "etc/",
    "etc/passwd",
];

#[test]
fn what_is_added_or_named_again_is_no_override() {
    assert_eq!(
        lines(&[BASE, &["usr/", "usr/bin/", "usr/bin/app", "opt/", "opt/x"]]),
        [""; 0]
    );
    assert_eq!(lines(&[BASE]), [""; 0]);
    // one layer of the base may do what it likes to another
    assert_eq!(lines_above(2, &[BASE, &["usr/bin/.wh.sh"], &["usr/bin/sh"]]), [""; 0]);
}

#[test]
fn files_are_replaced_by_whatever_takes_their_place() {
    for new in [
        "usr/bin/sh",
        "./usr/bin/sh",
        "usr/bin/sh -> app",
        "usr/bin/sh = opt/x",
        "usr/bin/sh/",
    ] {
        assert_eq!(lines(&[BASE, &[new]]), ["2 replaces /usr/bin/sh"], "{new}");
    }
    // once only, by whoever does it first
    assert_eq!(
        lines(&[BASE, &["opt/x"], &["usr/bin/sh"], &["usr/bin/.wh.sh", "etc/passwd"]]),
        ["3 replaces /usr/bin/sh", "4 replaces /etc/passwd"]
    );
}

#[test]
fn whiteouts_delete_a_path_and_all_that_is_beneath_it() {
    assert_eq!(lines(&[BASE, &["usr/bin/.wh.sh"]]), ["2 deletes /usr/bin/sh"]);
    assert_eq!(
        lines(&[BASE, &["usr/.wh.bin"]]),
        ["2 deletes /usr/bin", "2 deletes /usr/bin/ls", "2 deletes /usr/bin/sh"]
    );
    // of what is not there nothing is deleted, nor by the notes of a union file system
    assert_eq!(lines(&[BASE, &["usr/.wh.lib", "usr/bin/.wh..wh.plnk"]]), [""; 0]);
    // what the same layer has stays
    assert_eq!(
        lines(&[BASE, &["usr/bin/sh", "usr/bin/.wh.sh"]]),
        ["2 replaces /usr/bin/sh"]
    );
}

#[test]
fn an_opaque_folder_deletes_what_was_beneath_it() {
    assert_eq!(
        lines(&[BASE, &["usr/bin/.wh..wh..opq", "usr/bin/sh"]]),
        ["2 deletes /usr/bin/ls", "2 deletes /usr/bin/sh"]
    );
    let all = lines(&[BASE, &[".wh..wh..opq"]]);
    assert_eq!(all.len(), BASE.len(), "{all:?}");
}

#[test]
fn a_folder_that_something_else_takes_the_place_of_is_gone_with_what_is_in_it() {
    for new in ["usr/bin", "usr/bin -> /opt/evil", "usr/bin = opt/x"] {
        assert_eq!(
            lines(&[BASE, &[new]]),
            ["2 replaces /usr/bin", "2 deletes /usr/bin/ls", "2 deletes /usr/bin/sh"],
            "{new}"
        );
    }
    // and a link by a folder
    assert_eq!(lines(&[BASE, &["bin/"]]), ["2 replaces /bin"]);
}

#[test]
fn paths_lead_through_links() {
    assert_eq!(lines(&[BASE, &["bin/sh"]]), ["2 replaces /usr/bin/sh"]);
    assert_eq!(lines(&[BASE, &["bin/.wh.sh"]]), ["2 deletes /usr/bin/sh"]);
    assert_eq!(
        lines(&[BASE, &["bin/.wh..wh..opq"]]),
        ["2 deletes /usr/bin/ls", "2 deletes /usr/bin/sh"]
    );
    // through one of a layer above the base too
    assert_eq!(
        lines(&[BASE, &["mine -> /usr"], &["mine/bin/sh"]]),
        ["3 replaces /usr/bin/sh"]
    );
    // as the links were then: below the folder that took the place of the link there is nothing of the base
    assert_eq!(lines(&[BASE, &["bin/"], &["bin/sh"]]), ["2 replaces /bin"]);
    assert_eq!(lines(&[BASE, &["loop -> loop", "loop/x"]]), [""; 0]);
}

#[test]
fn a_hard_link_to_itself_changes_nothing() {
    assert_eq!(lines(&[BASE, &["usr/bin/sh = usr/bin/sh"]]), [""; 0]);
    assert_eq!(lines(&[BASE, &["opt/sh = usr/bin/sh"]]), [""; 0]);
}

#[test]
fn what_must_stay_is_found_beyond_what_is_listed() {
    let many: Vec<String> = (0..1500).map(|number| format!("etc/{number:04}")).collect();
    let mut base: Vec<&str> = many.iter().map(String::as_str).collect();
    base.push("usr/bin/sh");
    let found = found(1, &[&base, &[".wh.etc"], &["usr/bin/sh"]]);
    assert_eq!((found.count, found.listed.len()), (1501, 1000));
    let [forbidden] = &found.forbidden[..] else {
        panic!("{:?}", found.forbidden);
    };
    assert_eq!(
        (forbidden.layer, forbidden.path.as_str(), forbidden.fate),
        (3, "/usr/bin/sh", Fate::Replaced)
    );
}

#[test]
fn a_layer_that_is_none_is_an_error() {
    let base = layer(BASE);
    let error = of_bytes(&[&base, &[b'x'; 700]], 1, Box::new(|_| false)).expect_err("it is no archive");
    assert!(matches!(error, SbomError::Unpack(_)), "{error:?}");
}
