use std::io::{Cursor, Write};

use flate2::Compression;
use flate2::write::GzEncoder;
use ruzstd::encoding::{CompressionLevel, compress_to_vec};
use tar::{Builder, EntryType, Header};

use super::super::package::Release;
use super::super::view::View;
use super::super::{Catalogue, SbomError};
use super::{add, add_targets};
use crate::pull::unpack::UnpackError;

/// An entry: its name, and what it is.
enum What {
    Package(&'static str),
    Bytes(Vec<u8>),
    Folder,
    Soft(&'static str),
    Hard(&'static str),
    Pipe,
}

use What::{Bytes, Folder, Hard, Package, Pipe, Soft};

fn layer(entries: &[(&str, What)]) -> Vec<u8> {
    let mut archive = Builder::new(Vec::new());
    for (name, what) in entries {
        let mut header = Header::new_gnu();
        header.set_size(0);
        header.set_mode(0o644);
        let kind = match what {
            Package(_) | Bytes(_) => EntryType::Regular,
            Folder => EntryType::Directory,
            Soft(_) => EntryType::Symlink,
            Hard(_) => EntryType::Link,
            Pipe => EntryType::Fifo,
        };
        header.set_entry_type(kind);
        let content = match what {
            Package(package) => format!("{{\"name\":\"{package}\",\"version\":\"1\"}}").into_bytes(),
            Bytes(bytes) => bytes.clone(),
            _ => Vec::new(),
        };
        header.set_size(content.len() as u64);
        match what {
            Soft(target) | Hard(target) => archive.append_link(&mut header, name, target),
            _ => archive.append_data(&mut header, name, content.as_slice()),
        }
        .expect("a list of bytes takes all");
    }
    archive.into_inner().expect("a list of bytes takes all")
}

/// The packages of layers, each with the number of its layer and its path.
fn packages(layers: &[Vec<u8>]) -> Vec<String> {
    let mut view = View::default();
    for (number, layer) in layers.iter().enumerate() {
        view.begin(number);
        add(&mut Cursor::new(layer), &mut view).expect("it is a layer");
        let targets = view.take_unresolved();
        add_targets(&mut Cursor::new(layer), &targets, &mut view).expect("it is a layer");
    }
    let release = view
        .find("etc/os-release")
        .and_then(|held| held.reading.release.clone());
    let numbers: Vec<String> = (0..layers.len()).map(|number| number.to_string()).collect();
    listed(view, release.as_ref(), &numbers)
}

fn listed(view: View, release: Option<&Release>, layers: &[String]) -> Vec<String> {
    let catalogue = Catalogue::of(view.into_files(), release, layers);
    let mut all = Vec::new();
    for package in &catalogue.packages {
        for evidence in package.evidence() {
            let layer = evidence.layer.as_deref().unwrap_or("none");
            all.push(format!("{} {layer} {}", package.name(), evidence.path));
        }
    }
    all
}

#[test]
fn what_is_replaced_or_whited_out_is_not_listed() {
    let lower = layer(&[
        ("a/package.json", Package("a")),
        ("b/package.json", Package("b")),
        ("c/deep/package.json", Package("c")),
        ("cc/package.json", Package("cc")),
        ("d/package.json", Package("d")),
    ]);
    let upper = layer(&[
        ("./a/package.json", Package("new")),
        ("b/.wh.package.json", Bytes(Vec::new())),
        (".wh.c", Bytes(Vec::new())),
        ("d/.wh..wh.plnk", Bytes(Vec::new())),
    ]);
    assert_eq!(
        packages(&[lower, upper]),
        ["cc 0 /cc/package.json", "d 0 /d/package.json", "new 1 /a/package.json"]
    );
}

#[test]
fn an_opaque_folder_hides_what_is_below_and_not_what_is_beside() {
    let lower = layer(&[
        ("a/b/package.json", Package("hidden")),
        ("ab/package.json", Package("beside")),
    ]);
    for order in [0, 1] {
        let mut entries = vec![
            ("a/.wh..wh..opq", Bytes(Vec::new())),
            ("a/c/package.json", Package("new")),
        ];
        if order == 1 {
            entries.reverse();
        }
        let found = packages(&[lower.clone(), layer(&entries)]);
        assert_eq!(found, ["beside 0 /ab/package.json", "new 1 /a/c/package.json"]);
    }
    let root = layer(&[(".wh..wh..opq", Bytes(Vec::new()))]);
    assert_eq!(packages(&[lower, root]), [""; 0]);
}

#[test]
fn a_file_or_link_takes_the_place_of_a_folder() {
    let lower = layer(&[("a/b/package.json", Package("gone"))]);
    for what in [Bytes(b"x".to_vec()), Soft("elsewhere"), Pipe] {
        assert_eq!(packages(&[lower.clone(), layer(&[("a/b", what)])]), [""; 0]);
    }
    let kept = packages(&[lower, layer(&[("a/b", Folder)])]);
    assert_eq!(kept, ["gone 0 /a/b/package.json"]);
}

#[test]
fn whiteouts_apply_to_earlier_layers_only() {
    let one = layer(&[
        ("a/package.json", Package("a")),
        ("a/.wh.package.json", Bytes(Vec::new())),
    ]);
    assert_eq!(packages(std::slice::from_ref(&one)), ["a 0 /a/package.json"]);
    assert_eq!(packages(&[one.clone(), one]), ["a 1 /a/package.json"]);
}

#[test]
fn paths_lead_through_links() {
    let lower = layer(&[
        ("lib", Soft("usr/lib")),
        ("usr/lib/x", Soft("/opt/../opt/x")),
        ("opt/x/package.json", Package("before")),
        ("loop", Soft("loop2")),
        ("loop2", Soft("loop")),
    ]);
    let upper = layer(&[
        ("lib/x/package.json", Package("after")),
        ("loop/package.json", Package("nowhere")),
    ]);
    assert_eq!(packages(&[lower.clone(), upper]), ["after 1 /opt/x/package.json"]);
    let removed = layer(&[("lib/x/.wh.package.json", Bytes(Vec::new()))]);
    assert_eq!(packages(&[lower, removed]), [""; 0]);
}

#[test]
fn hard_links_are_files_of_their_own() {
    let lower = layer(&[
        ("a/package.json", Package("a")),
        ("b/package.json", Hard("a/package.json")),
        ("store/0123", Package("stored")),
        ("c/package.json", Hard("store/0123")),
        ("d/package.json", Hard("store/0123")),
    ]);
    let upper = layer(&[("a/.wh.package.json", Bytes(Vec::new()))]);
    assert_eq!(
        packages(&[lower, upper]),
        [
            "a 0 /b/package.json",
            "stored 0 /c/package.json",
            "stored 0 /d/package.json"
        ]
    );
}

#[test]
fn the_distribution_is_found_through_links() {
    let debian = b"ID=debian\nVERSION_ID=12\n".to_vec();
    let status = b"Package: a\nStatus: install ok installed\nVersion: 1\n".to_vec();
    let mut view = View::default();
    let layer = layer(&[
        ("etc/os-release", Soft("../usr/lib/os-release")),
        ("usr/lib/os-release", Bytes(debian)),
        ("var/lib/dpkg/status", Bytes(status)),
    ]);
    add(&mut Cursor::new(layer), &mut view).expect("it is a layer");
    let release = view
        .find("etc/os-release")
        .and_then(|held| held.reading.release.clone());
    let catalogue = Catalogue::of(view.into_files(), release.as_ref(), &[]);
    assert_eq!(
        catalogue.packages[0].purl(),
        Some("pkg:deb/debian/a@1?distro=debian-12")
    );
}

#[test]
fn layers_are_unpacked_whatever_their_form() {
    let plain = layer(&[("a/package.json", Package("a")), ("big", Bytes(vec![7; 300_000]))]);
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(&plain).expect("a list of bytes takes all");
    let gzip = gzip.finish().expect("a list of bytes takes all");
    // two frames, with one between them that is to be skipped
    let (head, tail) = plain.split_at(1000);
    let mut zstd = compress_to_vec(head, CompressionLevel::Fastest);
    zstd.extend([0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]);
    zstd.extend(compress_to_vec(tail, CompressionLevel::Fastest));
    let mut skipped = vec![0x51, 0x2a, 0x4d, 0x18, 0, 0, 0, 0];
    skipped.extend(&zstd);
    for form in [plain, gzip, zstd, skipped] {
        assert_eq!(packages(&[form]), ["a 0 /a/package.json"]);
    }
}

#[test]
fn a_layer_that_ends_early_or_is_none_is_an_error() {
    let mut zstd = compress_to_vec(&layer(&[("a", Bytes(vec![7; 5000]))])[..], CompressionLevel::Fastest);
    zstd.truncate(zstd.len() - 4);
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(&layer(&[("a", Folder)]))
        .expect("a list of bytes takes all");
    let mut gzip = gzip.finish().expect("a list of bytes takes all");
    gzip.truncate(gzip.len() / 2);
    for bytes in [zstd, gzip] {
        let error = add(&mut Cursor::new(bytes), &mut View::default()).expect_err("it ends early");
        assert!(
            matches!(&error, SbomError::Unpack(inner) if matches!(**inner, UnpackError::Compressed(_))),
            "{error:?}"
        );
    }
    let error = add(&mut Cursor::new(vec![b'x'; 600]), &mut View::default()).expect_err("it is no archive");
    assert!(
        matches!(&error, SbomError::Unpack(inner) if matches!(**inner, UnpackError::Malformed { .. })),
        "{error:?}"
    );
}
