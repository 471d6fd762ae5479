//! Policy files: so many of several signers, and what is denied.

use countersign_core::Digest;
use countersign_core::digest::{Algorithm, Hasher};
use snapbox::str;

use crate::assert_outcome;
use crate::harness::User;
use crate::sign_blob::{ecdsa_writer, writer};

/// A user whose file `a` and `b` have signed, with the policy `p.yaml` of both.
fn user(policy: &str) -> User {
    let user = writer();
    for key in ["a", "b"] {
        let line = format!("sign-blob --key {key}.key --tlog-upload=false --bundle {key}.json hello.txt");
        assert_eq!(user.run(&line).exit, 0);
    }
    user.write("p.yaml", policy);
    user
}

const BOTH: &str = "
version: 1
signers:
  - {name: alice, key: a.pub}
  - {name: bob, key: b.pub}
threshold: 2
logs: 0
";

#[test]
fn so_many_must_have_signed() {
    let user = user(BOTH);
    let verify = "verify-blob --trust-policy p.yaml";
    let outcome = user.run(&format!("{verify} --bundle a.json --bundle b.json hello.txt"));
    assert_eq!((outcome.exit, outcome.stderr.as_str()), (0, "Verified OK\n"));
    for bundles in ["--bundle a.json", "--bundle a.json --bundle a.json"] {
        assert_outcome!(
            user.run(&format!("{verify} {bundles} hello.txt")),
            str![[r#"
--- stderr
Error: hello.txt: too few signers
  caused by: 1 of the signers have signed (alice), expected 2; there is no signature by bob
--- exit 12

"#]]
        );
    }
    user.write("one.json", BOTH.replace("threshold: 2", "threshold: 1"));
    let one = user.run("verify-blob --trust-policy one.json --bundle b.json hello.txt");
    assert_eq!(one.exit, 0, "{one}");
}

#[test]
fn what_is_denied_wins() {
    let user = user(BOTH);
    let verify = "verify-blob --bundle a.json --bundle b.json --trust-policy q.yaml hello.txt";
    for (denied, told) in [
        ("{keys: [b.pub]}".to_owned(), "policy denies the key "),
        (
            format!("{{digests: ['{}']}}", Digest::sha256(b"hello\n")),
            "policy denies the artifact sha256:5891b5b5",
        ),
    ] {
        user.write("q.yaml", format!("{BOTH}deny: {denied}\n"));
        let outcome = user.run(verify);
        assert_eq!(outcome.exit, 12, "{outcome}");
        assert!(outcome.stderr.contains(told), "{outcome}");
    }
    user.write(
        "q.yaml",
        format!("{BOTH}deny: {{digests: ['{}']}}\n", Digest::sha256(b"other")),
    );
    assert_eq!(user.run(verify).exit, 0);
}

#[test]
fn artifact_is_denied_by_each_digest_however_long_it_is() {
    let user = ecdsa_writer();
    let long = "long\n".repeat(10_000);
    user.write("long.txt", &long);
    let signers = "version: 1\nsigners: [{name: alice, key: a.pub}]\nlogs: 0\n";
    for (file, content) in [("hello.txt", "hello\n"), ("long.txt", long.as_str())] {
        let signed = user.run(&format!("sign-blob --key a.key --tlog-upload=false {file}"));
        assert_eq!(signed.exit, 0, "{signed}");
        for algorithm in [Algorithm::Sha256, Algorithm::Sha512] {
            let mut hasher = Hasher::new(algorithm);
            hasher.update(content.as_bytes());
            let digest = hasher.finish();
            user.write("p.yaml", format!("{signers}deny: {{digests: ['{digest}']}}\n"));
            let outcome = user.run(&format!("verify-blob --trust-policy p.yaml {file}"));
            assert_eq!(outcome.exit, 12, "{file}, {digest}: {outcome}");
            let told = format!("policy denies the artifact {digest}");
            assert!(outcome.stderr.contains(&told), "{file}: {outcome}");
        }
    }
}

#[test]
fn keys_are_beside_the_policy_and_departures_are_told() {
    let user = user(BOTH);
    std::fs::create_dir(user.path("sub")).expect("the folder is writable");
    user.write(
        "sub/p.yaml",
        BOTH.replace("a.pub", "../a.pub").replace("b.pub", "../b.pub"),
    );
    let sub = user.run("verify-blob --trust-policy sub/p.yaml --bundle a.json --bundle b.json hello.txt");
    assert_eq!(sub.exit, 0, "{sub}");
    for (policy, told) in [
        ("version: 1", "policy q.yaml: signers is missing"),
        ("version: 1\n  x: [", "policy q.yaml: line "),
        (&BOTH.replace("a.pub", "absent.pub"), "reading absent.pub"),
        (&BOTH.replace("logs: 0", "logs: 1"), "whom to trust could not be had"),
        (
            &BOTH.replace("b.pub", "a.pub"),
            "policy q.yaml: signers alice and bob are the same",
        ),
    ] {
        user.write("q.yaml", policy);
        let outcome = user.run("verify-blob --trust-policy q.yaml --bundle a.json hello.txt");
        assert_eq!(outcome.exit, 1, "{outcome}");
        assert!(outcome.stderr.contains(told), "{outcome}");
    }
}

#[test]
fn what_the_policy_says_is_not_said_twice() {
    let user = user(BOTH);
    for flag in [
        "--key a.pub",
        "--certificate-identity x",
        "--insecure-ignore-tlog",
        "--private-infrastructure",
        "--insecure-ignore-sct",
        "--use-signed-timestamps",
        "--signature-digest-algorithm sha256",
    ] {
        let outcome = user.run(&format!(
            "verify-blob --trust-policy p.yaml {flag} --bundle a.json hello.txt"
        ));
        assert_eq!(outcome.exit, 1, "{flag}: {outcome}");
        let name = flag.split(' ').next().expect("there is a name");
        let told = format!("{name}: the policy says it; pass --trust-policy without it");
        assert!(outcome.stderr.contains(&told), "{flag}: {outcome}");
    }
    let both = user.run("verify-blob --trust-policy p.yaml --bundle a.json --bundle b.json --signature s hello.txt");
    assert!(both.stderr.contains("--signature is one signature"), "{both}");
}

#[test]
fn attestations_have_signers_too() {
    let user = user(BOTH);
    user.write("claim.json", "{}");
    for key in ["a", "b"] {
        let line = format!(
            "attest-blob --key {key}.key --tlog-upload=false --type https://t.example --predicate claim.json --bundle {key}.att hello.txt"
        );
        let made = user.run(&line);
        assert_eq!(made.exit, 0, "{made}");
    }
    let verify = "verify-blob-attestation --type https://t.example --trust-policy p.yaml";
    let both = user.run(&format!("{verify} --bundle a.att --bundle b.att hello.txt"));
    assert_eq!(both.exit, 0, "{both}");
    let one = user.run(&format!("{verify} --bundle b.att hello.txt"));
    assert_eq!(one.exit, 12, "{one}");
}
