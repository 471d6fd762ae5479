use std::fs::File;

use snapbox::str;

use crate::assert_outcome;
use crate::belongings::{inventory_of, push_everything};
use crate::golden;
use crate::registry::Registry;
use crate::signing::{SIGN, VERIFY, layers, push, referrers, signer};

#[test]
fn what_was_saved_is_loaded_whole_from_a_folder_and_a_tar_file() {
    let from = Registry::open();
    let (user, index) = push_everything(&from, "app");
    let expected = inventory_of(&from, "app", &index);
    for place in ["--dir layout", "--archive image.tar"] {
        assert_eq!(user.run(&format!("save {} {place}", from.name("app:v1"))).exit, 0);
        let to = Registry::open();
        let loaded = user.run(&format!("load {} {place}", to.name("other/app:v2")));
        assert_outcome!(
            loaded,
            str![[r#"
--- exit 0

"#]]
        );
        assert_eq!(inventory_of(&to, "other/app", &index), expected, "{place}");
        let verified = user.run(&format!("{VERIFY} -r {}", to.name("other/app:v2")));
        assert_eq!(verified.exit, 0, "{place}: {verified}");
    }
}

#[test]
fn a_layout_of_cosigns_is_loaded_with_the_bundles_that_it_does_not_list() {
    let registry = Registry::open();
    let user = signer();
    for (name, signatures, bundles) in [("v2", 1, 0), ("v3", 0, 1)] {
        let layout = golden::path("save").join(name);
        let loaded = user.run(&format!(
            "load {} --dir {}",
            registry.name(&format!("{name}:v1")),
            layout.display()
        ));
        assert_eq!(loaded.exit, 0, "{name}: {loaded}");
        let digest = user.run(&format!("digest {}", registry.name(&format!("{name}:v1"))));
        let digest = digest.text().trim();
        assert_eq!(layers(&registry, name, digest), signatures, "{name}");
        assert_eq!(referrers(&registry, name, digest).len(), bundles, "{name}");
    }
}

#[test]
fn the_name_is_replaced_and_other_signatures_stay_unless_forced() {
    let (from, to) = (Registry::open(), Registry::open());
    let user = signer();
    let digest = push(&user, &from, "app:v1", "hello");
    push(&user, &to, "app:v1", "old");
    assert_eq!(
        user.run(&format!("{SIGN} --format legacy {}", from.name("app:v1")))
            .exit,
        0
    );
    assert_eq!(user.run(&format!("save {} --dir layout", from.name("app:v1"))).exit, 0);
    let load = format!("load {} --dir layout", to.name("app:v1"));
    assert_eq!(user.run(&load).exit, 0);
    assert_eq!(user.run(&format!("digest {}", to.name("app:v1"))).text().trim(), digest);

    let by_another = "sign --key b.key --tlog-upload=false --format legacy";
    assert_eq!(user.run(&format!("{by_another} {}", to.name("app:v1"))).exit, 0);
    let refused = user.run(&load);
    assert_eq!(refused.exit, 1, "{refused}");
    assert!(
        refused.stderr.contains(".sig\" already exists. Use `-f` to overwrite"),
        "{refused}"
    );
    assert_eq!(layers(&to, "app", &digest), 2);
    assert_eq!(user.run(&format!("{load} -f")).exit, 0);
    assert_eq!(layers(&to, "app", &digest), 1);
}

#[test]
fn a_hostile_archive_is_refused_and_nothing_is_written() {
    use tar::EntryType::{Link, Regular, Symlink};
    let registry = Registry::open();
    let user = signer();
    for (kind, name, size, words) in [
        (Regular, "../../evil", 4, "the name \"../../evil\" leaves the archive"),
        (Regular, "/etc/evil", 4, "the name \"/etc/evil\" leaves the archive"),
        (Symlink, "index.json", 0, "\"index.json\" is a link"),
        (Link, "index.json", 0, "\"index.json\" is a link"),
        (Regular, "index.json", 1 << 32, "it is cut short in \"index.json\""),
        (Regular, "oci-layout", 4, "\"oci-layout\" is in it twice"),
    ] {
        let mut builder = tar::Builder::new(File::create(user.path("evil.tar")).expect("the folder is writable"));
        let layout_file = br#"{"imageLayoutVersion":"1.0.0"}"#;
        entry(
            &mut builder,
            Regular,
            "oci-layout",
            layout_file.len() as u64,
            layout_file,
        );
        let content = &b"evil"[..usize::try_from(size).unwrap_or(4).min(4)];
        entry(&mut builder, kind, name, size, content);
        builder.finish().expect("the file is writable");
        let outcome = user.run(&format!("load {} --archive evil.tar", registry.name("evil:v1")));
        assert_eq!(outcome.exit, 21, "{outcome}");
        assert!(outcome.stderr.contains(words), "{outcome}");
    }
    assert_eq!(user.run(&format!("digest {}", registry.name("evil:v1"))).exit, 11);
}

/// Adds an entry whose name and size are taken as they are.
fn entry(builder: &mut tar::Builder<File>, kind: tar::EntryType, name: &str, size: u64, content: &[u8]) {
    let mut header = tar::Header::new_old();
    header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
    header.set_entry_type(kind);
    header.set_size(size);
    header.set_cksum();
    builder.append(&header, content).expect("the file is writable");
}

#[test]
fn a_damaged_blob_is_never_loaded_under_the_name() {
    let (from, to) = (Registry::open(), Registry::open());
    let user = signer();
    push(&user, &from, "app:v1", "hello");
    assert_eq!(user.run(&format!("save {} --dir layout", from.name("app:v1"))).exit, 0);
    let blobs = std::fs::read_dir(user.path("layout/blobs/sha256")).expect("the folder can be listed");
    let hello = blobs
        .map(|entry| entry.expect("the folder can be listed").path())
        .find(|path| std::fs::read(path).expect("a file") == b"hello")
        .expect("the layer is there");
    std::fs::write(hello, "hullo").expect("the folder is writable");
    let outcome = user.run(&format!("load {} --dir layout", to.name("app:v1")));
    assert_eq!(outcome.exit, 21, "{outcome}");
    assert!(
        outcome.stderr.contains("content does not match its digest"),
        "{outcome}"
    );
    assert_eq!(user.run(&format!("digest {}", to.name("app:v1"))).exit, 11);
}

#[test]
fn a_folder_that_is_no_layout_is_told() {
    let user = signer();
    std::fs::create_dir(user.path("empty")).expect("the folder is writable");
    let outcome = user.run("load 127.0.0.1:1/app:v1 --dir empty");
    assert_eq!(outcome.exit, 21, "{outcome}");
    assert!(outcome.stderr.contains("there is no oci-layout file"), "{outcome}");
}
