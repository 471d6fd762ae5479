use std::collections::BTreeSet;

use countersign_oci::{Archive, Layout};
use snapbox::str;

use crate::assert_outcome;
use crate::belongings::{count, inventory, inventory_of, push_everything};
use crate::harness::{Outcome, User};
use crate::registry::Registry;
use crate::signing::{SIGN, VERIFY, layers, push, referrers, signer};

fn copied(user: &User, line: &str) -> Outcome {
    let outcome = user.run(&format!("copy {line}"));
    assert_eq!(outcome.exit, 0, "{outcome}");
    outcome
}

#[test]
fn everything_that_belongs_to_an_index_arrives_at_another_registry() {
    let (from, to) = (Registry::open(), Registry::open());
    let (user, index) = push_everything(&from, "app");
    let expected = inventory_of(&from, "app", &index);
    assert_eq!(
        ["manifest", "tag", "referrer", "blob"].map(|word| count(&expected, word)),
        [21, 8, 10, 25],
        "{expected:#?}"
    );
    copied(&user, &format!("{} {}", from.name("app:v1"), to.name("mirror/app:v1")));
    assert_eq!(inventory_of(&to, "mirror/app", &index), expected);
    let verified = user.run(&format!("{VERIFY} -r {}", to.name("mirror/app:v1")));
    assert_eq!(verified.exit, 0, "{verified}");
}

#[test]
fn everything_goes_to_a_layout_and_an_archive_and_back() {
    let (from, to) = (Registry::open(), Registry::open());
    let (user, index) = push_everything(&from, "app");
    let expected = inventory_of(&from, "app", &index);
    copied(&user, &format!("{} oci:layout:v1", from.name("app:v1")));
    copied(&user, "oci:layout:v1 oci-archive:image.tar:v2");
    copied(&user, &format!("oci-archive:image.tar:v2 {}", to.name("app:v3")));
    let (repository, layout) = (Layout::repository(), Layout::open(user.path("layout")));
    let found = from.wait(async { inventory(&layout.await.expect("it is a layout"), &repository, &index).await });
    assert_eq!(found, expected);
    let archive = Archive::open(user.path("image.tar"));
    let found = from.wait(async { inventory(&archive.await.expect("it is an archive"), &repository, &index).await });
    assert_eq!(found, expected);
    assert_eq!(inventory_of(&to, "app", &index), expected);
    for name in ["oci:layout", "oci-archive:image.tar", &to.name("app:v3")] {
        let verified = user.run(&format!("{VERIFY} -r {name}"));
        assert_eq!(verified.exit, 0, "{name}: {verified}");
    }
    let again = user.run(&format!("copy {} oci-archive:image.tar", from.name("app:v1")));
    assert_outcome!(
        again,
        str![[r#"
--- stderr
Error: image "oci-archive:image.tar" already exists. Use `-f` to overwrite
--- exit 1

"#]]
    );
}

#[test]
fn a_layout_takes_several_images_and_no_tag_means_latest() {
    let registry = Registry::open();
    let user = signer();
    let digests = ["v1", "v2"].map(|tag| push(&user, &registry, &format!("app:{tag}"), tag));
    copied(&user, &format!("{} oci:layout:v1", registry.name("app:v1")));
    copied(&user, &format!("{} oci:layout", registry.name("app:v2")));
    for (tag, digest) in [("v1", &digests[0]), ("latest", &digests[1])] {
        copied(
            &user,
            &format!("oci:layout:{tag} {}", registry.name(&format!("back:{tag}"))),
        );
        let found = user.run(&format!("digest {}", registry.name(&format!("back:{tag}"))));
        assert_eq!(found.text().trim(), digest);
    }
}

#[test]
fn a_registry_for_one_user_is_copied_from_and_to() {
    let (from, to) = (Registry::private("bob", "secret"), Registry::private("bob", "secret"));
    let user = signer();
    user.write("content.txt", "hello");
    let credentials = "--registry-username bob --registry-password secret";
    let (source, target) = (from.name("app:v1"), to.name("app:v1"));
    assert_eq!(user.run(&format!("push {credentials} {source} content.txt")).exit, 0);
    assert_eq!(user.run(&format!("{SIGN} {credentials} {source}")).exit, 0);
    copied(&user, &format!("{credentials} {source} {target}"));
    let verified = user.run(&format!("{VERIFY} {credentials} {target}"));
    assert_eq!(verified.exit, 0, "{verified}");
    let denied = user.run(&format!("copy {source} {target}"));
    assert_eq!(denied.exit, 22, "{denied}");
}

#[test]
fn each_manifest_is_told_and_the_name_is_the_last() {
    let registry = Registry::open();
    let user = signer();
    push(&user, &registry, "app:v1", "hello");
    assert_eq!(user.run(&format!("{SIGN} {}", registry.name("app:v1"))).exit, 0);
    let line = format!("{} {}", registry.name("app:v1"), registry.name("copy:v1"));
    assert_outcome!(
        copied(&user, &line).redacted(registry.host()).hiding_digests(),
        str![[r#"
--- stderr
Copying REGISTRY/app@DIGEST to REGISTRY/copy@DIGEST...
Copying REGISTRY/app@DIGEST to REGISTRY/copy@DIGEST...
Copying REGISTRY/app@DIGEST to REGISTRY/copy:v1...
--- exit 0

"#]]
    );
    // What is there with the same content is silently fine.
    assert_outcome!(
        copied(&user, &line),
        str![[r#"
--- exit 0

"#]]
    );
}

#[test]
fn a_name_with_other_content_stays_unless_forced() {
    let registry = Registry::open();
    let user = signer();
    let first = push(&user, &registry, "app:v1", "first");
    push(&user, &registry, "other:v1", "second");
    let line = format!("{} {}", registry.name("app:v1"), registry.name("other:v1"));
    assert_outcome!(
        user.run(&format!("copy {line}")).redacted(registry.host()),
        str![[r#"
--- stderr
Error: image "REGISTRY/other:v1" already exists. Use `-f` to overwrite
--- exit 1

"#]]
    );
    assert_ne!(
        user.run(&format!("digest {}", registry.name("other:v1"))).text().trim(),
        first
    );
    copied(&user, &format!("-f {line}"));
    assert_eq!(
        user.run(&format!("digest {}", registry.name("other:v1"))).text().trim(),
        first
    );
}

#[test]
fn a_signature_tag_with_other_content_stays_unless_forced() {
    let (from, to) = (Registry::open(), Registry::open());
    let user = signer();
    for registry in [&from, &to] {
        push(&user, registry, "app:v1", "hello");
    }
    let digest = push(&user, &from, "app:v1", "hello");
    for (registry, key) in [(&from, "a"), (&to, "b")] {
        let line = format!(
            "sign --key {key}.key --tlog-upload=false --format legacy {}",
            registry.name("app:v1")
        );
        assert_eq!(user.run(&line).exit, 0);
    }
    let line = format!("{} {}", from.name("app:v1"), to.name("app:v1"));
    let refused = user.run(&format!("copy {line}")).redacted(to.host()).hiding_digests();
    assert_eq!(refused.exit, 1, "{refused}");
    assert!(
        refused.stderr.contains(".sig\" already exists. Use `-f` to overwrite"),
        "{refused}"
    );
    assert_eq!(
        user.run(&format!(
            "verify --key b.pub --insecure-ignore-tlog {}",
            to.name("app:v1")
        ))
        .exit,
        0
    );
    copied(&user, &format!("--force {line}"));
    assert_eq!(user.run(&format!("{VERIFY} {}", to.name("app:v1"))).exit, 0);
    assert_eq!(layers(&to, "app", &digest), 1);
}

#[test]
fn only_copies_the_attachments_of_the_kinds_asked_for_and_no_name() {
    let from = Registry::open();
    let (user, index) = push_everything(&from, "app");
    for (flag, tags, predicates) in [
        ("--only=sig", vec!["sig"], vec!["sign/v1"]),
        ("--sig-only", vec!["sig"], vec!["sign/v1"]),
        (
            "--only att,sbom",
            vec!["att", "sbom"],
            vec!["attestation/vuln/v1", "spdx+json"],
        ),
    ] {
        let to = Registry::open();
        copied(&user, &format!("{flag} {} {}", from.name("app:v1"), to.name("app:v1")));
        assert_eq!(user.run(&format!("digest {}", to.name("app:v1"))).exit, 11, "{flag}");
        let found = inventory_of(&to, "app", &index);
        let suffixes: BTreeSet<&str> = found
            .iter()
            .filter(|entry| entry.starts_with("tag") && entry.contains(&index.replace(':', "-")))
            .filter_map(|entry| entry.split(['.', ' ']).nth(2))
            .collect();
        assert_eq!(suffixes.into_iter().collect::<Vec<_>>(), tags, "{flag}");
        let listed = referrers(&to, "app", &index);
        let mut kinds: Vec<String> = listed
            .iter()
            .map(
                |entry| match entry.annotations.get("dev.sigstore.bundle.predicateType") {
                    Some(predicate) => predicate.clone(),
                    None => entry.artifact_type.clone().unwrap_or_default(),
                },
            )
            .collect();
        kinds.sort();
        kinds.dedup();
        assert_eq!(kinds.len(), predicates.len(), "{flag}: {kinds:?}");
        for (kind, predicate) in kinds.iter().rev().zip(&predicates) {
            assert!(kind.ends_with(predicate), "{flag}: {kinds:?}");
        }
    }
}

#[test]
fn a_platform_is_copied_with_its_own_attachments() {
    let (from, to) = (Registry::open(), Registry::open());
    let (user, _) = push_everything(&from, "app");
    let amd64 = user
        .run(&format!("digest {}", from.name("app:amd64")))
        .text()
        .trim()
        .to_owned();
    copied(
        &user,
        &format!("--platform linux/amd64 {} {}", from.name("app:v1"), to.name("app:v1")),
    );
    assert_eq!(user.run(&format!("digest {}", to.name("app:v1"))).text().trim(), amd64);
    assert_eq!(inventory_of(&to, "app", &amd64), inventory_of(&from, "app", &amd64));
    let none = user.run(&format!(
        "copy --platform linux/s390x {} {}",
        from.name("app:v1"),
        to.name("app:v2")
    ));
    assert_eq!(none.exit, 1, "{none}");
    let image = user.run(&format!(
        "copy --platform linux/amd64 {} {}",
        from.name("app:amd64"),
        to.name("app:v2")
    ));
    assert!(
        image.stderr.contains("specified reference is not a multiarch image"),
        "{image}"
    );
}

#[test]
fn within_a_registry_blobs_are_mounted_and_four_round_trips_are_enough() {
    let registry = Registry::open();
    let user = signer();
    user.write("other.txt", "x".repeat(100_000));
    user.write("content.txt", "y");
    let name = registry.name("app:v1");
    assert_eq!(user.run(&format!("push {name} content.txt other.txt")).exit, 0);
    let outcome = copied(&user, &format!("-d {name} {}", registry.name("copy:v1")));
    let requests: Vec<&str> = outcome.stderr.lines().filter(|line| line.contains(" -> ")).collect();
    let count = |method: &str, part: &str| {
        let is_it = |line: &&&str| line.starts_with(method) && line.contains(part);
        requests.iter().filter(is_it).count()
    };
    assert_eq!(count("POST", "/v2/copy/blobs/uploads/?mount="), 3, "{outcome}");
    assert_eq!(count("PATCH", ""), 0, "{outcome}");
    assert_eq!(count("PUT", "/blobs/"), 0, "{outcome}");
    assert_eq!(count("GET", "/blobs/"), 0, "{outcome}");
    assert_eq!(count("PUT", "/v2/copy/manifests/v1"), 1, "{outcome}");
    // name and image; what is attached, the mounts and whether the blobs are there; the manifest; what is there
    assert_eq!(requests.len(), 2 + (2 + 3 + 3 + 3) + 1 + 4, "{outcome}");
}

#[test]
fn what_is_at_the_target_is_not_sent_again() {
    let (from, to) = (Registry::open(), Registry::open());
    let (user, index) = push_everything(&from, "app");
    user.write("large.bin", "z".repeat(3_000_000));
    assert_eq!(user.run(&format!("push {} large.bin", from.name("app:large"))).exit, 0);
    for tag in ["v1", "large"] {
        let line = format!(
            "{} {}",
            from.name(&format!("app:{tag}")),
            to.name(&format!("app:{tag}"))
        );
        copied(&user, &line);
        let again = copied(&user, &format!("-d {line}"));
        let sent = |line: &&str| ["POST", "PATCH", "PUT"].iter().any(|method| line.starts_with(method));
        assert_eq!(again.stderr.lines().filter(sent).count(), 0, "{again}");
    }
    assert_eq!(inventory_of(&to, "app", &index), inventory_of(&from, "app", &index));
}

#[test]
fn attachments_come_from_the_repository_that_the_environment_names() {
    let (from, to) = (Registry::open(), Registry::open());
    let user = signer().with_variable("COSIGN_REPOSITORY", &from.name("signatures"));
    let digest = push(&user, &from, "app:v1", "hello");
    assert_eq!(
        user.run(&format!("{SIGN} --format both {}", from.name("app:v1"))).exit,
        0
    );
    copied(&user, &format!("{} {}", from.name("app:v1"), to.name("app:v1")));
    assert_eq!(layers(&to, "app", &digest), 1);
    assert_eq!(referrers(&to, "app", &digest).len(), 1);
    let verified = signer().run(&format!("{VERIFY} {}", to.name("app:v1")));
    assert_eq!(verified.exit, 0, "{verified}");
}

#[test]
fn a_digest_is_a_name_only_for_itself() {
    let registry = Registry::open();
    let user = signer();
    let first = push(&user, &registry, "app:v1", "first");
    let second = push(&user, &registry, "app:v2", "second");
    let to = |digest: &str| format!("copy {} {}@{digest}", registry.name("app:v1"), registry.name("copy"));
    assert_eq!(user.run(&to(&first)).exit, 0);
    let other = user.run(&to(&second));
    assert_eq!(other.exit, 1, "{other}");
    assert!(other.stderr.contains("cannot be the name of sha256:"), "{other}");
    assert_eq!(user.run(&format!("digest {}@{first}", registry.name("copy"))).exit, 0);
}

#[test]
fn wrong_command_lines_are_refused_in_cosigns_words() {
    let user = User::new();
    for (line, words) in [
        ("copy a", "accepts 2 arg(s), received 1"),
        (
            "copy --only foo a b",
            "invalid value for --only: foo, only the following values are supported: [sig sbom att]",
        ),
    ] {
        let outcome = user.run(line);
        assert_eq!(outcome.exit, 1, "{outcome}");
        assert!(outcome.stderr.starts_with(&format!("Error: {words}\n")), "{outcome}");
    }
    let absent = user.run("copy oci:absent oci:there");
    assert_eq!(absent.exit, 11, "{absent}");
}
