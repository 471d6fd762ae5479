use std::io::Write;

use flate2::Compression;
use flate2::write::{DeflateEncoder, ZlibEncoder};
use serde_json::json;

use super::super::package::{Kind, Release};
use super::{Reading, Scope, Severity, file};

mod programs;

fn read(path: &str, bytes: &[u8]) -> Reading {
    let reading = file(path, bytes.len() as u64, &mut &*bytes, Scope::Image).expect("a slice is read without errors");
    reading.expect("it is of interest")
}

fn is_passed_over(path: &str, bytes: &[u8], scope: Scope) -> bool {
    let reading = file(path, bytes.len() as u64, &mut &*bytes, scope).expect("a slice is read without errors");
    reading.is_none()
}

fn purls(reading: &Reading, release: Option<&Release>) -> Vec<String> {
    assert!(reading.gaps.is_empty(), "{:?}", reading.gaps);
    let purls = reading.packages.iter().map(|(kind, found)| found.purl(*kind, release));
    purls.map(|purl| purl.unwrap_or_else(|| "none".to_owned())).collect()
}

fn gap(reading: &Reading) -> (Severity, &str) {
    let [(severity, reason)] = reading.gaps.as_slice() else {
        panic!("one gap is expected, found {:?}", reading.gaps);
    };
    (*severity, reason)
}

fn release(text: &str) -> Release {
    read("etc/os-release", text.as_bytes())
        .release
        .expect("it names a distribution")
}

#[test]
fn packages_of_alpine_are_those_of_syft() {
    let reading = read(
        "lib/apk/db/installed",
        include_bytes!("../../../tests/data/sbom/apk-installed"),
    );
    let alpine = release("ID=alpine\nVERSION_ID=3.18.4\n");
    assert_eq!(
        purls(&reading, Some(&alpine)),
        [
            "pkg:apk/alpine/libcrypto3@3.1.4-r0?arch=x86_64&distro=alpine-3.18.4&upstream=openssl",
            "pkg:apk/alpine/busybox@1.36.1-r4?arch=x86_64&distro=alpine-3.18.4",
        ]
    );
    assert_eq!(reading.packages[0].1.licence.as_deref(), Some("Apache-2.0"));
    assert_eq!(purls(&reading, None), ["none", "none"]);
}

#[test]
fn packages_of_debian_are_those_of_syft_but_for_what_was_removed() {
    let reading = read(
        "var/lib/dpkg/status",
        include_bytes!("../../../tests/data/sbom/dpkg-status"),
    );
    let debian = release("ID=debian\nVERSION_ID=\"12\"\n");
    assert_eq!(
        purls(&reading, Some(&debian)),
        [
            "pkg:deb/debian/libfoo@1.2-3%2Bb1?arch=amd64&distro=debian-12&upstream=foo-src%401.2-3",
            "pkg:deb/debian/nolic@2:1.0?arch=all&distro=debian-12",
        ]
    );
    let ubuntu = release("ID=ubuntu\nID_LIKE=debian\nVERSION_ID=24.04\n");
    assert!(purls(&reading, Some(&ubuntu))[1].starts_with("pkg:deb/ubuntu/nolic@2:1.0?arch=all&distro=ubuntu-24.04"));
    let fedora = release("ID=fedora\n");
    assert_eq!(purls(&reading, Some(&fedora)), ["none", "none"]);
}

#[test]
fn packages_of_distroless_images_are_files_of_their_own() {
    let package = b"Package: tzdata\nVersion: 2024a-0\nArchitecture: all\n";
    let reading = read("var/lib/dpkg/status.d/tzdata", package);
    assert_eq!(reading.packages.len(), 1);
    assert!(is_passed_over(
        "var/lib/dpkg/status.d/tzdata.md5sums",
        package,
        Scope::Image
    ));
}

#[test]
fn packages_of_rpm_are_those_of_syft() {
    let database = include_bytes!("../../../tests/data/sbom/rpmdb.sqlite");
    let fedora = release("ID=fedora\nVERSION_ID=39\n");
    for path in ["var/lib/rpm", "usr/lib/sysimage/rpm", "usr/share/rpm"] {
        let reading = read(&format!("{path}/rpmdb.sqlite"), database);
        assert_eq!(
            purls(&reading, Some(&fedora)),
            ["pkg:rpm/fedora/hello@1.0-3?arch=x86_64&distro=fedora-39&epoch=2&upstream=hello-1.0-3.src.rpm"]
        );
        assert_eq!(reading.packages[0].1.version, "2:1.0-3");
    }
    let reading = read("var/lib/rpm/rpmdb.sqlite", database);
    let rhel = release("ID=rhel\nVERSION_ID=9.4\n");
    assert!(purls(&reading, Some(&rhel))[0].starts_with("pkg:rpm/redhat/hello@1.0-3?"));
}

/// A package's header with texts, and an epoch.
fn header(texts: &[(u32, &str)], epoch: u32) -> Vec<u8> {
    let (mut index, mut data) = (Vec::new(), Vec::<u8>::new());
    let mut add = |tag: u32, kind: u32, value: &[u8]| {
        for number in [tag, kind, data.len() as u32, 1] {
            index.extend(number.to_be_bytes());
        }
        data.extend(value);
    };
    add(1003, 4, &epoch.to_be_bytes());
    for (tag, text) in texts {
        add(*tag, 6, format!("{text}\0").as_bytes());
    }
    let mut header = ((index.len() / 16) as u32).to_be_bytes().to_vec();
    header.extend((data.len() as u32).to_be_bytes());
    header.extend(index);
    header.extend(data);
    header
}

#[test]
fn packages_of_rpms_own_database_are_read() {
    let blob = header(&[(1000, "bash"), (1001, "5.1"), (1002, "1"), (1022, "x86_64")], 0);
    let mut database = b"RpmP".to_vec();
    database.extend([0_u32, 1, 1, 0, 0, 0, 0].iter().flat_map(|word| word.to_le_bytes()));
    for slot in 2..256_u32 {
        database.extend(b"Slot");
        let place = if slot == 2 { [7_u32, 256, 1] } else { [0; 3] };
        database.extend(place.iter().flat_map(|word| word.to_le_bytes()));
    }
    database.extend(b"BlbS");
    database.extend(
        [7, 0, blob.len() as u32]
            .iter()
            .flat_map(|word: &u32| word.to_le_bytes()),
    );
    database.extend(&blob);
    let reading = read("var/lib/rpm/Packages.db", &database);
    assert_eq!(purls(&reading, None), ["pkg:rpm/bash@5.1-1?arch=x86_64&epoch=0"]);
    database.truncate(4100);
    let reading = read("var/lib/rpm/Packages.db", &database);
    assert_eq!(gap(&reading).0, Severity::Database);
}

#[test]
fn a_database_that_cannot_be_read_is_a_gap() {
    let berkeley = read("var/lib/rpm/Packages", &[0; 512]);
    assert_eq!(
        gap(&berkeley),
        (
            Severity::Database,
            "an RPM database in the form of Berkeley DB, which RPM before 4.16 wrote, cannot be read"
        )
    );
    let log = read("var/lib/rpm/rpmdb.sqlite-wal", b"x");
    assert_eq!(
        gap(&log).1,
        "it is malformed: it holds packages that are not in the database yet"
    );
    assert!(read("var/lib/rpm/rpmdb.sqlite-wal", b"").gaps.is_empty());
    let sqlite = read("var/lib/rpm/rpmdb.sqlite", &[7; 600]);
    assert_eq!(gap(&sqlite).1, "it is malformed: it is no database of SQLite");
}

#[test]
fn a_tree_of_pages_that_is_a_circle_is_a_gap() {
    let mut database = include_bytes!("../../../tests/data/sbom/rpmdb.sqlite").to_vec();
    let page = usize::from(u16::from_be_bytes([database[16], database[17]]));
    // The schema becomes a tree whose only branch is itself.
    database[100] = 5;
    database[103..105].copy_from_slice(&0_u16.to_be_bytes());
    database[108..112].copy_from_slice(&1_u32.to_be_bytes());
    let reading = read("var/lib/rpm/rpmdb.sqlite", &database[..page * 2]);
    assert_eq!(gap(&reading).1, "it is malformed: its pages lead in a circle");
}

#[test]
fn packages_of_python_have_normal_names() {
    let metadata = b"Metadata-Version: 2.1\nName: Foo_Pkg..x\nVersion: 1.0\nLicense: MIT\n  and more\n\nName: other\n";
    for path in [
        "usr/lib/python3/dist-packages/foo-1.0.dist-info/METADATA",
        "usr/lib/python3/dist-packages/foo.egg-info/PKG-INFO",
        "usr/lib/python3/dist-packages/foo.egg-info",
    ] {
        assert_eq!(purls(&read(path, metadata), None), ["pkg:pypi/foo-pkg-x@1.0"], "{path}");
    }
    assert_eq!(
        read("x.dist-info/METADATA", metadata).packages[0].1.licence.as_deref(),
        Some("MIT")
    );
    assert!(
        read("Python.egg-info", b"Name: Python\nVersion: 2.7\n")
            .packages
            .is_empty()
    );
    assert!(is_passed_over("foo/METADATA", metadata, Scope::Image));
}

#[test]
fn packages_of_node_are_read_from_each_package_or_from_the_lock_file() {
    let package = br#"{"name": "@scope/name", "version": "1.0.0", "license": {"type": "MIT"}}"#;
    let reading = read("app/node_modules/@scope/name/package.json", package);
    assert_eq!(purls(&reading, None), ["pkg:npm/%40scope/name@1.0.0"]);
    assert_eq!(reading.packages[0].1.licence.as_deref(), Some("MIT"));
    assert!(is_passed_over("app/package.json", package, Scope::Folder));
    assert!(read("package.json", b"{}").packages.is_empty());
    assert_eq!(
        gap(&read("package.json", br#"{"name": 1}"#)).1,
        "it is malformed: name or version is no text"
    );
    assert_eq!(gap(&read("package.json", b"{")).0, Severity::File);
}

#[test]
fn lock_files_of_each_version_are_read() {
    let lock = |json: serde_json::Value| {
        let bytes = json.to_string().into_bytes();
        let reading = file("a/package-lock.json", bytes.len() as u64, &mut &*bytes, Scope::Folder);
        purls(&reading.expect("it can be read").expect("it is of interest"), None)
    };
    let first = lock(json!({"lockfileVersion": 1, "dependencies": {
        "a": {"version": "1.0.0", "dependencies": {"nested": {"version": "2.0.0"}}},
        "alias": {"version": "npm:@s/real@3.0.0"},
        "d": {"version": "1.0.0", "dev": true},
    }}));
    assert_eq!(first, ["pkg:npm/a@1.0.0", "pkg:npm/%40s/real@3.0.0"]);
    let third = lock(json!({"lockfileVersion": 3, "packages": {
        "": {"name": "root", "version": "0.1.0"},
        "node_modules/a": {"version": "1.0.0"},
        "node_modules/a/node_modules/@s/b": {"version": "2.0.0"},
        "node_modules/alias": {"name": "real", "version": "3.0.0"},
        "node_modules/d": {"version": "1.0.0", "dev": true},
    }}));
    assert_eq!(
        third,
        [
            "pkg:npm/root@0.1.0",
            "pkg:npm/a@1.0.0",
            "pkg:npm/%40s/b@2.0.0",
            "pkg:npm/real@3.0.0"
        ]
    );
    assert!(is_passed_over("node_modules/x/package-lock.json", b"{}", Scope::Folder));
    assert!(is_passed_over("package-lock.json", b"{}", Scope::Image));
}

/// A zip archive of files, each stored or packed.
fn zip(files: &[(&str, &[u8], bool)]) -> Vec<u8> {
    let (mut archive, mut directory) = (Vec::new(), Vec::new());
    for (name, content, is_packed) in files {
        let mut packed = content.to_vec();
        if *is_packed {
            let mut deflate = DeflateEncoder::new(Vec::new(), Compression::fast());
            deflate.write_all(content).expect("a list of bytes takes all");
            packed = deflate.finish().expect("a list of bytes takes all");
        }
        let method: u16 = if *is_packed { 8 } else { 0 };
        let mut common = vec![20, 0, 0, 0];
        common.extend(method.to_le_bytes());
        common.extend([0; 8]);
        common.extend((packed.len() as u32).to_le_bytes());
        common.extend((content.len() as u32).to_le_bytes());
        common.extend((name.len() as u16).to_le_bytes());
        common.extend([0; 2]);
        directory.extend(b"PK\x01\x02\x14\x00");
        directory.extend(&common);
        directory.extend([0; 10]);
        directory.extend((archive.len() as u32).to_le_bytes());
        directory.extend(name.as_bytes());
        archive.extend(b"PK\x03\x04");
        archive.extend(&common);
        archive.extend(name.as_bytes());
        archive.extend(packed);
    }
    let start = archive.len() as u32;
    archive.extend(&directory);
    archive.extend(b"PK\x05\x06\0\0\0\0");
    archive.extend([(files.len() as u16).to_le_bytes(); 2].concat());
    archive.extend((directory.len() as u32).to_le_bytes());
    archive.extend(start.to_le_bytes());
    archive.extend([0; 2]);
    archive
}

const PROPERTIES: &[u8] = b"#Generated\ngroupId=org.g\nartifactId=a\nversion=3.1\n";

#[test]
fn java_archives_are_named_by_maven_then_by_manifest_and_file_name() {
    let manifest = b"Manifest-Version: 1.0\nBundle-SymbolicName: org.exam\n ple.bundle;singleton:=true\nImplementation-Version: 9\n";
    for (file, properties, expected) in [
        ("usr/share/java/a.jar", Some(PROPERTIES), "pkg:maven/org.g/a@3.1"),
        (
            "usr/share/java/thing-1.2.jar",
            None,
            "pkg:maven/org.example.bundle/thing@1.2",
        ),
        ("usr/share/java/thing.jar", None, "pkg:maven/org.example.bundle/thing@9"),
    ] {
        let mut files = vec![("META-INF/MANIFEST.MF", &manifest[..], true)];
        files.extend(properties.map(|text| ("META-INF/maven/org.g/a/pom.properties", text, true)));
        assert_eq!(purls(&read(file, &zip(&files)), None), [expected], "{file}");
    }
    let bare = zip(&[("META-INF/MANIFEST.MF", b"Manifest-Version: 1.0\n", false)]);
    assert_eq!(
        purls(&read("lib/plain-2.jar", &bare), None),
        ["pkg:maven/plain/plain@2"]
    );
}

#[test]
fn archives_in_archives_are_read_and_name_their_place() {
    let inner = zip(&[
        ("META-INF/MANIFEST.MF", b"Manifest-Version: 1.0\n", true),
        ("META-INF/maven/org.g/a/pom.properties", PROPERTIES, true),
    ]);
    let middle = zip(&[("WEB-INF/lib/a-3.1.jar", &inner, true)]);
    let mut outer = b"#!/bin/sh\nexec java -jar $0\n".to_vec();
    outer.extend(zip(&[("app.war", &middle, false)]));
    let reading = read("app.ear", &outer);
    assert_eq!(purls(&reading, None), ["pkg:maven/org.g/a@3.1"]);
    assert_eq!(reading.packages[0].1.within, "!/app.war!/WEB-INF/lib/a-3.1.jar");
    let deep = (0..3).fold(middle, |inner, _| zip(&[("in.jar", &inner, true)]));
    assert_eq!(
        gap(&read("deep.jar", &deep)).1,
        "!/in.jar!/in.jar!/in.jar!/WEB-INF/lib/a-3.1.jar: it is malformed: archives are in archives more than three deep"
    );
    assert_eq!(gap(&read("no.jar", b"PK")).1, "it is malformed: it is no zip archive");
}

fn zlib(text: &str) -> Vec<u8> {
    let mut zlib = ZlibEncoder::new(Vec::new(), Compression::fast());
    zlib.write_all(text.as_bytes()).expect("a list of bytes takes all");
    zlib.finish().expect("a list of bytes takes all")
}

#[test]
fn distributions_are_named_as_in_os_release() {
    let text = "NAME='A \\\"B\\\"'\nID=\"a b\"\nID_LIKE='x y'\nBUILD_ID=rolling\nPRETTY_NAME=\"P\"\nnonsense\n";
    let found = release(text);
    assert_eq!(
        (found.id.as_str(), found.version.as_str(), found.pretty.as_str()),
        ("a b", "rolling", "P")
    );
    assert_eq!(found.like, ["x", "y"]);
    assert_eq!(read("usr/lib/os-release", b"\n").release, None);
}

#[test]
fn names_hold_no_lines() {
    let package = read(
        "p/package.json",
        br#"{"name": "a\nPackageName: b", "version": "1\u0000"}"#,
    );
    let found = &package.packages[0].1;
    assert_eq!((found.name.as_str(), found.version.as_str()), ("aPackageName: b", "1"));
    assert_eq!(package.packages[0].0, Kind::Npm);
}
