use snapbox::str;

use crate::assert_outcome;
use crate::harness::User;
use crate::published::{initialize, initialized, signing_config, trusted_root, user_of, write};

#[test]
fn what_is_published_is_kept_where_cosign_looks_for_it_and_nothing_is_said() {
    let (user, repository) = initialized();
    let mirror = format!("file://{}", user.path("repo").display());
    let remote = String::from_utf8(user.read("cache/remote.json")).expect("it is text");
    assert_eq!(remote, format!(r#"{{"mirror":"{mirror}"}}"#));
    let folder = format!("cache/{}", mirror.replace(['/', ':'], "-").to_lowercase());
    assert_eq!(
        user.read(&format!("{folder}/root.json")),
        repository.published["1.root.json"]
    );
    assert_eq!(
        user.read(&format!("{folder}/timestamp.json")),
        repository.published["timestamp.json"]
    );
    assert_eq!(
        user.read(&format!("{folder}/snapshot.json")),
        repository.published["2.snapshot.json"]
    );
    assert_eq!(
        user.read(&format!("{folder}/targets.json")),
        repository.published["2.targets.json"]
    );
    assert_eq!(
        user.read(&format!("{folder}/targets/trusted_root.json")),
        trusted_root()
    );
    assert_eq!(
        user.read(&format!("{folder}/targets/signing_config.v0.2.json")),
        signing_config()
    );
}

#[test]
fn a_repository_without_a_signing_configuration_is_taken_with_a_warning() {
    let (user, _) = user_of(&[("trusted_root.json", &trusted_root())]);
    assert_outcome!(
        initialize(&user, &[]),
        str![[r#"
--- stderr
WARNING: file://FOLDER/repo has no signing_config.v0.2.json: TUF repository file://FOLDER/repo is not believed: "signing_config.v0.2.json" is refused: no role that may list this target does
--- exit 0

"#]]
    );
}

#[test]
fn a_repository_without_a_trusted_root_is_refused() {
    let (user, _) = user_of(&[("signing_config.v0.2.json", &signing_config())]);
    assert_outcome!(
        initialize(&user, &[]),
        str![[r#"
--- stderr
Error: whom to trust could not be had
  caused by: TUF repository file://FOLDER/repo is not believed
  caused by: "trusted_root.json" is refused: no role that may list this target does
help: without the network: --trusted-root says in a file whom to trust, and --key with --insecure-ignore-tlog verifies with a key alone
--- exit 21

"#]]
    );
    let (user, _) = user_of(&[("trusted_root.json", b"{}"), ("signing_config.v0.2.json", b"{}")]);
    let refused = initialize(&user, &[]);
    assert_eq!(refused.exit, 21, "{refused}");
    assert!(
        refused
            .stderr
            .contains("caused by: trusted_root.json of TUF repository file://FOLDER/repo"),
        "{refused}"
    );
    assert!(!user.path("cache/remote.json").exists());
}

#[test]
fn the_root_must_have_its_checksum() {
    let (user, repository) = user_of(&[
        ("trusted_root.json", &trusted_root()),
        ("signing_config.v0.2.json", b"{}"),
    ]);
    let root = &repository.published["1.root.json"];
    let sha256 = countersign_core::Digest::sha256(root);
    let sha512 = countersign_core::Digest::of(countersign_core::Algorithm::Sha512, root);
    let upper = sha256.hex().to_uppercase();
    for right in [sha256.hex(), &upper, sha256.as_str(), sha512.as_str()] {
        let outcome = initialize(&user, &["--root-checksum", right]);
        assert_eq!(outcome.exit, 0, "{outcome}");
    }
    let zeros = "0".repeat(64);
    let refused = initialize(&user, &["--root-checksum", &zeros]);
    let told = format!("Error: repo/1.root.json has the checksum {sha256}, expected sha256:{zeros}\n");
    assert!(refused.stderr.contains(&told), "{refused}");
    assert_eq!(refused.exit, 1);
    for wrong in ["0", "md5:00", sha512.hex()] {
        let refused = initialize(&user, &["--root-checksum", wrong]);
        assert!(refused.stderr.starts_with("Error: --root-checksum: "), "{refused}");
    }
    let lone = user.run(&format!("initialize --root-checksum {zeros}"));
    assert!(
        lone.stderr
            .contains("--root-checksum is about --root, which is not given"),
        "{lone}"
    );
}

#[test]
fn a_root_that_signed_nothing_there_is_refused_and_what_was_kept_stays() {
    let (user, repository) = initialized();
    let other = crate::published::simulator::Repository::new();
    user.write("other.json", &other.published["1.root.json"]);
    let before = tree(&user);
    let mirror = format!("file://{}", user.path("repo").display());
    let refused = user.run(&format!("initialize --mirror {mirror} --root other.json"));
    assert_eq!(refused.exit, 21, "{refused}");
    let told = r#"caused by: "timestamp.json" is refused: 0 of the keys of the timestamp role signed it, 1 must"#;
    assert!(refused.stderr.contains(told), "{refused}");
    assert_eq!(tree(&user), before);
    drop(repository);
}

/// Every kept file with its content; what an initialisation has aside is not kept.
fn tree(user: &User) -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    let mut folders = vec![user.path("cache")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("it can be listed") {
            let path = entry.expect("it can be listed").path();
            if path.is_dir() {
                folders.extend((!path.ends_with("initializing")).then_some(path));
            } else {
                files.push((
                    path.display().to_string(),
                    std::fs::read(&path).expect("it can be read"),
                ));
            }
        }
    }
    files.sort();
    files
}

#[test]
fn a_repository_begun_anew_may_be_of_older_versions() {
    let (user, mut repository) = initialized();
    for _ in 0..3 {
        repository.publish(&["targets", "snapshot", "timestamp"]);
    }
    write(&repository, &user.path("repo"));
    assert_eq!(initialize(&user, &[]).exit, 0);
    let (other, fresh) = user_of(&[
        ("trusted_root.json", &trusted_root()),
        ("signing_config.v0.2.json", b"{}"),
    ]);
    drop(other);
    std::fs::remove_dir_all(user.path("repo")).expect("it is there");
    write(&fresh, &user.path("repo"));
    let outcome = initialize(&user, &[]);
    assert_eq!(outcome.exit, 0, "{outcome}");
}

#[test]
fn an_address_that_is_none_is_refused() {
    let user = User::new().with_variable("HOME", "home");
    for mirror in ["repo", "ftp://x", "file://relative"] {
        let refused = user.run(&format!("initialize --mirror {mirror}"));
        let told = format!(
            "caused by: TUF repository {mirror:?}: expected an address that starts with https://, http:// or file:///"
        );
        assert!(refused.stderr.contains(&told), "{refused}");
    }
}
