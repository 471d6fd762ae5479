//! Files that name packages: lists of distributions, programs, archives. The first line is the name.

#![no_main]

use countersign_artifacts::sbom::fuzzing::read;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let (number, content) = bytes.split_first().unwrap_or((&0, &[]));
    let name = NAMES[usize::from(*number) % NAMES.len()];
    let found = read(name, content);
    // A package takes some bytes, packed a hundredth of that.
    assert!(found <= content.len() * 1100 + 2, "{found} packages in {} bytes", content.len());
});

const NAMES: [&str; 14] = [
    "lib/apk/db/installed",
    "var/lib/dpkg/status",
    "var/lib/dpkg/status.d/a",
    "var/lib/rpm/rpmdb.sqlite",
    "var/lib/rpm/Packages.db",
    "var/lib/rpm/Packages",
    "a.dist-info/METADATA",
    "a.egg-info",
    "package.json",
    "package-lock.json",
    "etc/os-release",
    "a-1.2.jar",
    "usr/bin/program",
    "usr/lib/sysimage/rpm/rpmdb.sqlite-wal",
];
