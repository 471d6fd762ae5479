//! A TUF repository in a user's folder, `repo`, with the public instance's files as its targets; and what is done with it.

#[path = "../../../core/tests/tuf/simulator.rs"]
#[expect(dead_code, reason = "core's tests use all of it")]
pub(crate) mod simulator;

use std::path::Path;

use serde_json::{Value, json};
use snapbox::str;

use self::simulator::Repository;
use crate::assert_outcome;
use crate::harness::{Outcome, User};

const SUITE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/sigstore-conformance");
const SUBJECT: &str = "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main";
const ISSUER: &str = "https://token.actions.githubusercontent.com";

/// The public instance's trusted root.
pub(crate) fn trusted_root() -> Vec<u8> {
    std::fs::read(Path::new(SUITE).join("trusted_root.production.json")).expect("it is there")
}

/// A signing configuration with each kind of service.
pub(crate) fn signing_config() -> Vec<u8> {
    let service = |url: &str| json!([{"url": url, "majorApiVersion": 1, "validFor": {"start": "2020-01-01T00:00:00Z"}, "operator": "test"}]);
    let config = json!({
        "mediaType": "application/vnd.dev.sigstore.signingconfig.v0.2+json",
        "caUrls": service("https://fulcio.test"),
        "oidcUrls": service("https://oauth2.test/auth"),
        "rekorTlogUrls": service("https://rekor.test"),
        "rekorTlogConfig": {"selector": "ANY"},
        "tsaUrls": service("https://tsa.test/api/v1/timestamp"),
        "tsaConfig": {"selector": "ANY"},
    });
    config.to_string().into_bytes()
}

/// A user with an empty cache and a repository that publishes this.
pub(crate) fn user_of(targets: &[(&str, &[u8])]) -> (User, Repository) {
    let user = User::new();
    let user = user
        .clone()
        .with_variable("TUF_ROOT", &user.path("cache").display().to_string());
    let mut repository = Repository::new();
    for (path, bytes) in targets {
        repository.add_target("targets", path, bytes);
    }
    repository.publish(&["targets", "snapshot", "timestamp"]);
    write(&repository, &user.path("repo"));
    (user, repository)
}

/// Puts a repository into a folder, as a server of files has it.
pub(crate) fn write(repository: &Repository, folder: &Path) {
    for (path, bytes) in &repository.published {
        let path = folder.join(path);
        std::fs::create_dir_all(path.parent().expect("it is below the folder")).expect("it can be made");
        std::fs::write(path, bytes).expect("it can be written");
    }
}

/// A user who trusts a repository with a trusted root and a signing configuration.
pub(crate) fn initialized() -> (User, Repository) {
    let root = trusted_root();
    let config = signing_config();
    let (user, repository) = user_of(&[("trusted_root.json", &root), ("signing_config.v0.2.json", &config)]);
    let outcome = initialize(&user, &[]);
    assert_eq!(outcome.to_string(), "--- exit 0\n");
    (user, repository)
}

/// Begins to trust the repository of the user's folder.
pub(crate) fn initialize(user: &User, flags: &[&str]) -> Outcome {
    let mirror = format!("file://{}", user.path("repo").display());
    let line = ["initialize", "--mirror", &mirror, "--root", "repo/1.root.json"];
    user.run_as("countersign", &[&line[..], flags].concat())
}

/// Verifies a bundle of the conformance suite, trusting whom the repository says.
fn verify(user: &User, flags: &[&str]) -> Outcome {
    for (name, path) in [
        ("bundle.json", "bundle-verify/happy-path-v0.3/bundle.sigstore.json"),
        ("a.txt", "bundle-verify/a.txt"),
    ] {
        user.write(name, std::fs::read(Path::new(SUITE).join(path)).expect("it is there"));
    }
    let mut line = vec!["verify-blob", "--bundle", "bundle.json", "a.txt"];
    line.extend(["--certificate-identity", SUBJECT, "--certificate-oidc-issuer", ISSUER]);
    line.extend(flags);
    user.run_as("countersign", &line)
}

#[test]
fn who_is_trusted_is_looked_up_where_nothing_says_so() {
    let (user, _) = initialized();
    assert_outcome!(verify(&user, &[]), "--- stderr\nVerified OK\n--- exit 0\n");
}

#[test]
fn a_new_trusted_root_counts_from_the_next_command_on() {
    let (user, mut repository) = initialized();
    repository.add_target(
        "targets",
        "trusted_root.json",
        br#"{"mediaType":"application/vnd.dev.sigstore.trustedroot+json;version=0.1"}"#,
    );
    repository.publish(&["targets", "snapshot", "timestamp"]);
    write(&repository, &user.path("repo"));
    let refused = verify(&user, &[]);
    assert_eq!(refused.exit, 12, "{refused}");
}

#[test]
fn offline_what_was_kept_is_used_until_it_expires() {
    let (user, _) = initialized();
    std::fs::remove_dir_all(user.path("repo")).expect("it is there");
    assert_outcome!(verify(&user, &["--offline"]), "--- stderr\nVerified OK\n--- exit 0\n");
    assert_outcome!(
        verify(&user.at("2030-01-01T00:00:00Z"), &["--offline"]),
        str![[r#"
--- stderr
Error: whom to trust could not be had
  caused by: TUF repository file://FOLDER/repo is not believed
  caused by: "1.root.json" is refused: it expired at 2030-01-01T00:00:00Z, and it is 2030-01-01T00:00:00Z
help: without the network: --trusted-root says in a file whom to trust, and --key with --insecure-ignore-tlog verifies with a key alone
--- exit 21

"#]]
    );
}

#[test]
fn nothing_is_looked_up_where_a_flag_or_variable_says_whom_to_trust() {
    let (user, _) = user_of(&[]);
    user.write("root.json", trusted_root());
    let outcome = verify(&user, &["--trusted-root", "root.json"]);
    assert_outcome!(outcome, "--- stderr\nVerified OK\n--- exit 0\n");
    assert!(!user.path("cache").exists());
}

#[test]
fn where_nothing_is_known_the_next_step_is_told() {
    let user = User::new();
    assert_outcome!(
        verify(&user, &[]),
        str![[r#"
--- stderr
Error: whom to trust could not be had
  caused by: neither TUF_ROOT nor HOME says where what is known of TUF repositories is kept
help: without the network: --trusted-root says in a file whom to trust, and --key with --insecure-ignore-tlog verifies with a key alone
--- exit 1

"#]]
    );
    let user = User::new()
        .with_variable("HOME", "home")
        .with_variable("TUF_MIRROR", "https://tuf.test");
    assert_outcome!(
        verify(&user, &["--offline"]),
        str![[r#"
--- stderr
Error: whom to trust could not be had
  caused by: no root of TUF repository https://tuf.test is known; `initialize --mirror https://tuf.test --root FILE` takes one
help: without the network: --trusted-root says in a file whom to trust, and --key with --insecure-ignore-tlog verifies with a key alone
--- exit 1

"#]]
    );
    let user = User::new().with_variable("HOME", "home");
    assert_outcome!(
        verify(&user, &["--offline"]),
        str![[r#"
--- stderr
Error: whom to trust could not be had
  caused by: TUF repository https://tuf-repo-cdn.sigstore.dev is not believed
  caused by: "14.root.json" is refused: it expired at 2026-06-22T13:27:01Z, and it is 2026-11-22T12:00:00Z
help: without the network: --trusted-root says in a file whom to trust, and --key with --insecure-ignore-tlog verifies with a key alone
--- exit 21

"#]]
    );
    assert!(
        user.path("home/.sigstore/root/tuf-repo-cdn.sigstore.dev/root.json")
            .exists()
    );
}

#[test]
fn a_repository_that_does_not_answer_is_replaced_by_what_it_last_published() {
    let (user, repository) = initialized();
    // The same repository under an address where nobody answers.
    let kept = user.path("cache");
    let folder = std::fs::read_dir(&kept).expect("it is there").find_map(|entry| {
        let path = entry.expect("it can be listed").path();
        path.is_dir().then_some(path)
    });
    std::fs::rename(folder.expect("there is one"), kept.join("127.0.0.1-9")).expect("it can be renamed");
    let user = user.with_variable("TUF_MIRROR", "http://127.0.0.1:9");
    assert_outcome!(
        verify(&user, &[]),
        "--- stderr\nWARNING: TUF repository http://127.0.0.1:9 gives no answer: what it last published is used, which has not expired\nVerified OK\n--- exit 0\n"
    );
    let late = verify(&user.at("2031-01-01T00:00:00Z"), &[]);
    assert_eq!(late.exit, 20, "{late}");
    assert!(late.stderr.contains("TUF repository gave no answer"), "{late}");
    drop(repository);
}

#[test]
fn a_repository_that_is_refused_is_not_replaced_by_what_was_kept() {
    let (user, mut repository) = initialized();
    repository.said("timestamp")["version"] = json!(1);
    repository.write("timestamp");
    write(&repository, &user.path("repo"));
    let refused = verify(&user, &[]);
    assert_outcome!(
        refused,
        str![[r#"
--- stderr
Error: whom to trust could not be had
  caused by: TUF repository file://FOLDER/repo is not believed
  caused by: "timestamp.json" is refused: it names version 1 of "timestamp.json", version 2 is known
help: without the network: --trusted-root says in a file whom to trust, and --key with --insecure-ignore-tlog verifies with a key alone
--- exit 21

"#]]
    );
}

#[test]
fn a_trusted_root_begins_with_the_default_services_and_leaves_out_what_is_said() {
    let (user, _) = initialized();
    let made = user.run("trusted-root create --with-default-services");
    assert_eq!(made.exit, 0, "{made}");
    let made: Value = serde_json::from_slice(&made.stdout).expect("it is JSON");
    let published: Value = serde_json::from_slice(&trusted_root()).expect("it is JSON");
    let members = ["certificateAuthorities", "ctlogs", "tlogs", "timestampAuthorities"];
    let count = |root: &Value, member: &str| root[member].as_array().map_or(0, Vec::len);
    for member in members {
        assert_eq!(count(&made, member), count(&published, member), "{member}");
        assert!(count(&made, member) > 0, "{member}");
    }
    for (flag, member) in ["fulcio", "ctfe", "rekor", "tsa"].into_iter().zip(members) {
        let made = user.run(&format!(
            "trusted-root create --with-default-services --no-default-{flag}"
        ));
        let made: Value = serde_json::from_slice(&made.stdout).expect("it is JSON");
        assert_eq!(count(&made, member), 0, "{flag}");
        let lone = user.run(&format!("trusted-root create --no-default-{flag}"));
        let told = format!("--no-default-{flag} leaves out a part of --with-default-services, which is not given");
        assert!(lone.stderr.contains(&told), "{lone}");
    }
}

#[test]
fn a_signing_configuration_begins_with_the_default_services_and_leaves_out_what_is_said() {
    let (user, _) = initialized();
    let made = user.run("signing-config create --with-default-services");
    assert_eq!(made.exit, 0, "{made}");
    let made: Value = serde_json::from_slice(&made.stdout).expect("it is JSON");
    assert_eq!(
        made,
        serde_json::from_slice::<Value>(&signing_config()).expect("it is JSON")
    );
    for (flag, member) in [
        ("fulcio", "caUrls"),
        ("oidc", "oidcUrls"),
        ("rekor", "rekorTlogUrls"),
        ("tsa", "tsaUrls"),
    ] {
        let made = user.run(&format!(
            "signing-config create --with-default-services --no-default-{flag}"
        ));
        let made: Value = serde_json::from_slice(&made.stdout).expect("it is JSON");
        assert!(made.get(member).is_none_or(|urls| urls == &json!([])), "{flag}: {made}");
        let lone = user.run(&format!("signing-config create --no-default-{flag}"));
        assert!(
            lone.stderr.contains("--with-default-services, which is not given"),
            "{lone}"
        );
    }
    let other = "--fulcio url=https://other.test,api-version=1,start-time=2020-01-01T00:00:00Z,operator=o";
    let made = user.run(&format!("signing-config create --with-default-services {other}"));
    let made: Value = serde_json::from_slice(&made.stdout).expect("it is JSON");
    assert_eq!(made["caUrls"][0]["url"], "https://other.test");
    assert_eq!(made["caUrls"].as_array().map(Vec::len), Some(1));

    let missing = user.run("signing-config create --with-default-rekor-v2");
    assert_outcome!(
        missing,
        str![[r#"
--- stderr
Error: the default services could not be had
  caused by: TUF repository file://FOLDER/repo is not believed
  caused by: "signing_config_rekor_v2.v0.2.json" is refused: no role that may list this target does
help: without the network: leave --with-default-services out and describe the services
--- exit 21

"#]]
    );
}

/// A user who trusts a repository that names these services, and has a key and a file.
fn signer_with(config: &[u8]) -> User {
    let root = trusted_root();
    let (user, _) = user_of(&[("trusted_root.json", &root), ("signing_config.v0.2.json", config)]);
    assert_eq!(initialize(&user, &[]).exit, 0);
    user.write("hello.txt", "hello\n");
    user.with_key("a")
}

#[test]
fn what_signs_with_a_key_asks_the_services_that_are_published() {
    let config = String::from_utf8(signing_config()).expect("it is text");
    let user = signer_with(config.replace("https://rekor.test", "http://127.0.0.1:9").as_bytes());
    for line in [
        "sign-blob --key a.key --bundle b.json -y hello.txt",
        "sign-blob --key a.key --bundle b.json --use-signing-config -y hello.txt",
    ] {
        let refused = user.run(line);
        assert_eq!(refused.exit, 20, "{refused}");
        // What is said of the log or of the timestamp authority, whichever fails first.
        assert!(refused.stderr.contains(" gave no answer"), "{refused}");
        assert!(!user.path("b.json").exists());
    }
}

#[test]
fn what_signs_with_a_key_signs_alone_where_no_service_is_published() {
    let user = signer_with(br#"{"mediaType":"application/vnd.dev.sigstore.signingconfig.v0.2+json"}"#);
    let signed = user.run("sign-blob --key a.key --bundle b.json hello.txt");
    assert_eq!(signed.exit, 0, "{signed}");
    let verified = user.run("verify-blob --key a.pub --insecure-ignore-tlog --bundle b.json hello.txt");
    assert_eq!(verified.exit, 0, "{verified}");
}

#[test]
fn nothing_is_looked_up_where_a_flag_says_how_to_sign() {
    let user = User::new().with_key("a");
    let user = user
        .clone()
        .with_variable("TUF_ROOT", &user.path("cache").display().to_string());
    user.write("hello.txt", "hello\n");
    user.write(
        "config.json",
        r#"{"mediaType":"application/vnd.dev.sigstore.signingconfig.v0.2+json"}"#,
    );
    for flag in ["--tlog-upload=false", "--signing-config config.json"] {
        let signed = user.run(&format!("sign-blob --key a.key --bundle b.json {flag} hello.txt"));
        assert_eq!(signed.exit, 0, "{signed}");
    }
    let refused = user.run("sign-blob --key a.key --bundle b.json --use-signing-config=false hello.txt");
    assert!(
        refused
            .stderr
            .starts_with("Error: which transparency log is to have the signature is not said: "),
        "{refused}"
    );
    for (flags, told) in [
        (
            "--signing-config config.json",
            "--use-signing-config and --signing-config exclude each other",
        ),
        (
            "--rekor-url https://rekor.test",
            "cannot specify service URLs and use signing config",
        ),
        (
            "--tlog-upload=false",
            "--use-signing-config: what is published says which services to use",
        ),
    ] {
        let refused = user.run(&format!(
            "sign-blob --key a.key --bundle b.json --use-signing-config {flags} hello.txt"
        ));
        assert!(refused.stderr.starts_with(&format!("Error: {told}")), "{refused}");
        assert_eq!(refused.exit, 1);
    }
    assert!(!user.path("cache").exists());
}

#[test]
fn what_is_published_is_what_a_signature_without_a_key_is_made_with() {
    let config = String::from_utf8(signing_config()).expect("it is text");
    let user = signer_with(config.replace("https://fulcio.test", "http://127.0.0.1:9").as_bytes());
    // A token that says who signs; the authority that is published is asked, and gives no answer.
    let token = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJodHRwczovL2lzc3Vlci50ZXN0Iiwic3ViIjoibWUiLCJlbWFpbCI6Im1lQGV4YW1wbGUuY29tIiwiZW1haWxfdmVyaWZpZWQiOnRydWUsImF1ZCI6InNpZ3N0b3JlIiwiZXhwIjo0MTAyNDQ0ODAwfQ.c2ln";
    let refused = user.run(&format!(
        "sign-blob --identity-token {token} --bundle b.json -y hello.txt"
    ));
    assert!(
        refused.stderr.contains("certificate authority gave no answer"),
        "{refused}"
    );
}
