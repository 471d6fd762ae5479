use std::process::Command;

use countersign_oci::{Archive, Layout, Repository};
use snapbox::str;

use crate::assert_outcome;
use crate::belongings::{inventory, inventory_of, push_everything};
use crate::registry::Registry;
use crate::signing::{SIGN, VERIFY, push, signer};

#[test]
fn everything_that_belongs_to_an_index_is_saved_and_verified_in_place() {
    let registry = Registry::open();
    let (user, index) = push_everything(&registry, "app");
    let expected = inventory_of(&registry, "app", &index);
    for line in ["--dir layout", "--archive image.tar"] {
        let saved = user.run(&format!("save {} {line}", registry.name("app:v1")));
        assert_outcome!(
            saved,
            str![[r#"
--- exit 0

"#]]
        );
    }
    let repository: Repository = Layout::repository();
    let layout = Layout::open(user.path("layout"));
    let found = registry.wait(async { inventory(&layout.await.expect("it is a layout"), &repository, &index).await });
    assert_eq!(found, expected);
    let archive = Archive::open(user.path("image.tar"));
    let found = registry.wait(async { inventory(&archive.await.expect("a tar file"), &repository, &index).await });
    assert_eq!(found, expected);
    drop(registry);
    for name in ["layout", "image.tar"] {
        let verified = user.run(&format!("{VERIFY} -r --local-image {name}"));
        assert_eq!(verified.exit, 0, "{name}: {verified}");
        let wrong = user.run(&format!(
            "verify --key b.pub --insecure-ignore-tlog --local-image {name}"
        ));
        assert_eq!(wrong.exit, 12, "{name}: {wrong}");
    }
}

#[test]
fn the_image_is_listed_first_with_its_tag_and_the_kinds_that_cosign_reads() {
    let registry = Registry::open();
    let user = signer();
    let digest = push(&user, &registry, "app:v1", "hello");
    assert_eq!(
        user.run(&format!("{SIGN} --format both {}", registry.name("app:v1")))
            .exit,
        0
    );
    assert_eq!(
        user.run(&format!("save {} --dir layout", registry.name("app:v1"))).exit,
        0
    );
    let index: serde_json::Value = serde_json::from_slice(&user.read("layout/index.json")).expect("it is JSON");
    let entries = index["manifests"].as_array().expect("there are manifests");
    let shown: Vec<String> = entries
        .iter()
        .map(|entry| {
            let annotation = |key: &str| entry["annotations"][key].as_str().unwrap_or("-").to_owned();
            format!(
                "{} {}",
                annotation("kind"),
                annotation("org.opencontainers.image.ref.name")
            )
        })
        .collect();
    assert_eq!(
        shown,
        [
            "dev.cosignproject.cosign/image v1".to_owned(),
            format!("dev.cosignproject.cosign/sigs {}.sig", digest.replace(':', "-")),
            "- -".to_owned(),
        ]
    );
    assert_eq!(
        entries[2]["artifactType"],
        "application/vnd.dev.sigstore.bundle.v0.3+json"
    );
}

#[test]
fn another_image_takes_the_place_of_the_one_saved_before() {
    let registry = Registry::open();
    let user = signer();
    push(&user, &registry, "app:v1", "first");
    assert_eq!(
        user.run(&format!("{SIGN} --format legacy {}", registry.name("app:v1")))
            .exit,
        0
    );
    push(&user, &registry, "app:v2", "second");
    for tag in ["v1", "v2"] {
        for place in ["--dir layout", "--archive image.tar"] {
            let saved = user.run(&format!("save {} {place}", registry.name(&format!("app:{tag}"))));
            assert_eq!(saved.exit, 0, "{saved}");
        }
    }
    for name in ["layout", "image.tar"] {
        // The second is not signed, and has not got the signatures of the first.
        let outcome = user.run(&format!("{VERIFY} --local-image {name}"));
        assert_eq!(outcome.exit, 10, "{outcome}");
    }
}

#[test]
fn a_full_disk_is_told_and_leaves_what_was_there() {
    let registry = Registry::open();
    let user = signer();
    push(&user, &registry, "app:v1", "small");
    user.write("large.bin", "x".repeat(2_000_000));
    assert_eq!(
        user.run(&format!("push {} large.bin", registry.name("app:large"))).exit,
        0
    );
    for (place, file) in [
        ("--dir layout", "layout/index.json"),
        ("--archive image.tar", "image.tar"),
    ] {
        assert_eq!(user.run(&format!("save {} {place}", registry.name("app:v1"))).exit, 0);
        let before = user.read(file);
        // A limit on the size of files stands in for a disk: the system says so in the same way.
        let script = format!(
            "trap '' XFSZ; ulimit -f 1000; exec {} save {} {place}",
            env!("CARGO_BIN_EXE_countersign"),
            registry.name("app:large"),
        );
        let output = Command::new("sh")
            .args(["-c", &script])
            .current_dir(user.path(""))
            .output();
        let output = output.expect("there is a shell");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{stderr}");
        assert!(stderr.contains("caused by: File too large"), "{stderr}");
        assert_eq!(user.read(file), before);
        let left = std::fs::read_dir(user.path("")).expect("the folder can be listed");
        let left = left.chain(std::fs::read_dir(user.path("layout")).expect("the folder can be listed"));
        for entry in left {
            let name = entry.expect("the folder can be listed").file_name();
            assert!(!name.to_string_lossy().starts_with('.'), "{name:?} was left over");
        }
        let again = user.run(&format!("save {} {place}", registry.name("app:large")));
        assert_eq!(again.exit, 0, "{again}");
    }
}

#[test]
fn a_place_must_be_named() {
    let user = signer();
    assert_outcome!(
        user.run("save app:v1"),
        str![[r#"
--- stderr
Error: required flag(s) "dir" not set
help: `countersign save --help` shows how it is used
--- exit 1

"#]]
    );
}
