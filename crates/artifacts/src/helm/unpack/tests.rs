use std::fs;
use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use tar::{Builder, EntryType, Header};

use super::*;

const CHART: &[u8] = b"apiVersion: v2\nname: a\nversion: 1.2.3\n";

type File<'a> = (&'a str, EntryType, &'a [u8]);

/// A chart with these entries beside its `Chart.yaml`; names are written as they are.
fn chart(entries: &[File<'_>]) -> Result<Chart, ChartError> {
    let mut archive = Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for (name, kind, content) in [("a/Chart.yaml", EntryType::Regular, CHART)].iter().chain(entries) {
        let mut header = Header::new_gnu();
        header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
        header.set_entry_type(*kind);
        header.set_mode(0o777);
        header.set_size(content.len() as u64);
        if *kind == EntryType::Symlink || *kind == EntryType::Link {
            header.set_link_name("Chart.yaml").unwrap();
        }
        header.set_cksum();
        archive.append(&header, *content).unwrap();
    }
    let mut packed = archive.into_inner().unwrap();
    packed.flush().unwrap();
    Chart::parse(packed.finish().unwrap())
}

/// What is there, but for folders.
fn found(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut waiting = vec![folder.to_owned()];
    while let Some(next) = waiting.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let entry = entry.unwrap();
            match entry.file_type().unwrap().is_dir() {
                true => waiting.push(entry.path()),
                false => found.push(entry.path().strip_prefix(folder).unwrap().display().to_string()),
            }
        }
    }
    found.sort();
    found
}

#[test]
fn files_are_below_the_folder_of_the_charts_name_whatever_the_archive_calls_it() {
    let place = tempfile::tempdir().unwrap();
    let entries = [
        ("other/templates/", EntryType::Directory, &b""[..]),
        ("other/templates/b.yaml", EntryType::Regular, b"b: 1\n"),
        ("a\\charts\\c\\values.yaml", EntryType::Regular, b""),
        ("a/./x/../values.yaml", EntryType::Regular, b"v"),
    ];
    let target = unpack(&chart(&entries).unwrap(), &place.path().join("new/folder")).unwrap();
    assert_eq!(target, place.path().join("new/folder/a"));
    assert_eq!(
        found(&place.path().join("new")),
        ["Chart.yaml", "charts/c/values.yaml", "templates/b.yaml", "values.yaml"]
            .map(|name| format!("folder/a/{name}"))
    );
    assert_eq!(fs::read(target.join("Chart.yaml")).unwrap(), CHART);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = |path: PathBuf| fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode(target.join("values.yaml")) & 0o111, 0, "nothing can be run");
        assert_eq!(mode(target) & 0o500, 0o500);
    }
}

#[test]
fn links_special_files_and_what_is_there_twice_are_refused_and_nothing_is_left() {
    for (name, kind) in [
        ("a/link", EntryType::Symlink),
        ("a/hard", EntryType::Link),
        ("a/pipe", EntryType::Fifo),
        ("a/device", EntryType::Char),
    ] {
        let place = tempfile::tempdir().unwrap();
        let before = ("a/values.yaml", EntryType::Regular, &b"v"[..]);
        let refused = unpack(&chart(&[before, (name, kind, b"")]).unwrap(), place.path()).unwrap_err();
        assert!(
            matches!(&refused, ChartError::NotAFile { name: found } if found == name),
            "{refused:?}"
        );
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 0, "{name}");
    }
    let place = tempfile::tempdir().unwrap();
    let twice = [
        ("a/values.yaml", EntryType::Regular, &b"1"[..]),
        ("b/x/../values.yaml", EntryType::Regular, b"2"),
    ];
    let refused = unpack(&chart(&twice).unwrap(), place.path()).unwrap_err();
    assert!(
        matches!(&refused, ChartError::Twice { name } if name == "b/x/../values.yaml"),
        "{refused:?}"
    );
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 0);
}

#[test]
fn what_leads_out_of_the_chart_is_no_chart() {
    for name in [
        "../values.yaml",
        "a/../../values.yaml",
        "a//etc/../../x",
        "a\\..\\..\\x",
        "a/c:/x",
    ] {
        let refused = chart(&[(name, EntryType::Regular, b"v")]).unwrap_err();
        assert!(
            matches!(&refused, ChartError::Outside { name: found } if found == name),
            "{name}: {refused:?}"
        );
    }
}

#[test]
fn a_file_that_is_too_large_is_refused() {
    let large = vec![b'a'; usize::try_from(FILE_LIMIT).unwrap() + 1];
    let place = tempfile::tempdir().unwrap();
    let chart = chart(&[("a/large", EntryType::Regular, &large)]).unwrap();
    let refused = unpack(&chart, place.path()).unwrap_err();
    assert!(
        matches!(&refused, ChartError::FileTooLarge { name, limit: FILE_LIMIT } if name == "a/large"),
        "{refused:?}"
    );
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 0);
}

#[test]
fn a_file_in_the_way_of_a_folder_is_an_error() {
    let place = tempfile::tempdir().unwrap();
    let entries = [
        ("a/x", EntryType::Regular, &b""[..]),
        ("a/x/y", EntryType::Regular, b""),
    ];
    let refused = unpack(&chart(&entries).unwrap(), place.path()).unwrap_err();
    assert!(matches!(&refused, ChartError::File { .. }), "{refused:?}");
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 0);
}

#[test]
fn what_is_there_stays() {
    let chart = chart(&[]).unwrap();
    let place = tempfile::tempdir().unwrap();
    fs::write(place.path().join("a"), "mine").unwrap();
    let refused = unpack(&chart, place.path()).unwrap_err();
    let path = place.path().join("a").display().to_string();
    assert!(matches!(&refused, ChartError::Exists { path: found } if *found == path));
    assert_eq!(fs::read(place.path().join("a")).unwrap(), b"mine");
    // also a folder, and a link to nothing
    let place = tempfile::tempdir().unwrap();
    unpack(&chart, place.path()).unwrap();
    assert!(matches!(unpack(&chart, place.path()), Err(ChartError::Exists { .. })));
    #[cfg(unix)]
    {
        let place = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink("/nowhere/else", place.path().join("a")).unwrap();
        assert!(matches!(unpack(&chart, place.path()), Err(ChartError::Exists { .. })));
    }
}
