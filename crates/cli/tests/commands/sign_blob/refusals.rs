//! What `sign-blob` refuses, and that nothing is written then.

use snapbox::str;

use super::{SIGN_BLOB, ecdsa_writer, writer};
use crate::assert_outcome;
use crate::harness::User;

/// The names of all files of a user.
fn files(user: &User) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(user.path(""))
        .expect("the folder can be listed")
        .map(|entry| entry.expect("the folder can be listed").file_name())
        .map(|name| name.to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn a_log_is_not_forgotten_in_silence() {
    assert_outcome!(
        writer().run("sign-blob --key a.key hello.txt"),
        str![[r#"
--- stderr
Error: the services to sign with could not be had
  caused by: neither TUF_ROOT nor HOME says where what is known of TUF repositories is kept
help: without the network: --signing-config and --trusted-root name services in files, and --key with --tlog-upload=false signs with a key alone
--- exit 1

"#]]
    );
}

#[test]
fn a_flag_that_would_be_without_effect_is_refused_by_name() {
    let user = writer();
    for flag in [
        "--rekor-url=https://rekor.example",
        "--fulcio-url=https://fulcio.example",
        "--identity-token=token",
        "--issue-certificate",
        "--output-certificate=c.pem",
        "--signing-algorithm=ecdsa-sha2-256-nistp256",
        "--rfc3161-timestamp=t",
        "--timestamp-client-cert=c.pem",
        "--oidc-issuer=https://issuer.example",
        "--fulcio-auth-flow=device",
        "--use-signing-config",
        "--sk",
    ] {
        let outcome = user.run(&format!("{SIGN_BLOB} {flag} hello.txt"));
        let name = flag.split('=').next().expect("there is a first part");
        assert_eq!(outcome.exit, 1, "{outcome}");
        assert!(outcome.stderr.starts_with(&format!("Error: {name}")), "{outcome}");
    }
    assert!(!user.path("hello.txt.sigstore.json").exists());
}

#[test]
fn one_place_is_not_enough_for_several_signatures() {
    let user = writer();
    user.write("other.txt", "other");
    assert_outcome!(
        user.run(&format!("{SIGN_BLOB} --bundle b.json hello.txt other.txt")),
        str![[r#"
--- stderr
Error: --bundle is one place for the signatures of 2 files: without it each gets a FILE.sigstore.json of its own
help: `countersign sign-blob --help` shows how it is used
--- exit 1

"#]]
    );
    let signatures = user.run(&format!("{SIGN_BLOB} --output-signature s hello.txt other.txt"));
    assert!(
        signatures.stderr.starts_with("Error: --output-signature is one place"),
        "{signatures}"
    );
}

#[test]
fn the_file_that_is_signed_is_not_overwritten() {
    let user = writer();
    for flag in ["--bundle", "--output-signature", "--output"] {
        let outcome = user.run(&format!("{SIGN_BLOB} {flag} hello.txt hello.txt"));
        assert!(
            outcome.stderr.contains("hello.txt is the file that is signed"),
            "{outcome}"
        );
        assert_eq!(user.read("hello.txt"), b"hello\n");
    }
}

#[test]
fn standard_input_needs_a_place_and_a_password() {
    let user = writer().typing("hello\n");
    assert_outcome!(
        user.run(&format!("{SIGN_BLOB} -")),
        str![[r#"
--- stderr
Error: must specify --bundle with --new-bundle-format: standard input has no name to put a bundle beside
help: `countersign sign-blob --help` shows how it is used
--- exit 1

"#]]
    );
    let twice = user.run(&format!("{SIGN_BLOB} --new-bundle-format=false - -"));
    assert_eq!(twice.exit, 1, "{twice}");
    let poor = User::new().typing("hello\n");
    poor.write("a.key", user.read("a.key"));
    assert_outcome!(
        poor.run(&format!("{SIGN_BLOB} --bundle b.json -")),
        str![[r#"
--- stderr
Error: standard input is what is signed, so the key's password must be in COSIGN_PASSWORD
help: `countersign sign-blob --help` shows how it is used
--- exit 1

"#]]
    );
}

#[test]
fn nothing_and_no_key_are_told() {
    let user = writer();
    for (line, told) in [
        (
            "sign-blob --key a.key --tlog-upload=false",
            "requires at least 1 arg(s)",
        ),
        ("sign-blob --tlog-upload=false hello.txt", "a key is needed"),
    ] {
        let outcome = user.run(line);
        assert_eq!(outcome.exit, 1, "{outcome}");
        assert!(outcome.stderr.contains(told), "{outcome}");
    }
}

#[test]
fn what_cannot_be_read_is_an_error_and_nothing_is_written() {
    let user = ecdsa_writer();
    std::fs::create_dir(user.path("folder")).expect("the folder is writable");
    let before = files(&user);
    assert_outcome!(
        user.run(&format!("{SIGN_BLOB} absent.txt")),
        str![[r#"
--- stderr
Using payload from: absent.txt
Error: reading absent.txt
  caused by: No such file or directory (os error 2)
--- exit 1

"#]]
    );
    let folder = user.run(&format!("{SIGN_BLOB} folder"));
    assert!(folder.stderr.contains("caused by: Is a directory"), "{folder}");
    assert_eq!(files(&user), before);
}

#[test]
fn a_place_that_cannot_be_written_leaves_nothing_behind() {
    let user = writer();
    std::fs::create_dir(user.path("folder")).expect("the folder is writable");
    let before = files(&user);
    for (place, cause) in [("absent/b.json", "No such file"), ("folder", "Is a directory")] {
        let outcome = user.run(&format!("{SIGN_BLOB} --bundle {place} hello.txt"));
        assert_eq!(outcome.exit, 1, "{outcome}");
        assert!(outcome.stderr.contains(&format!("Error: writing {place}")), "{outcome}");
        assert!(outcome.stderr.contains(cause), "{outcome}");
        assert_eq!(files(&user), before);
    }
    let second = user.run(&format!(
        "{SIGN_BLOB} --bundle b.json --output-signature absent/s hello.txt"
    ));
    assert_eq!(second.exit, 1, "{second}");
    assert_eq!(files(&user), before, "not one of two files is placed");
}

#[test]
fn a_signature_that_fails_keeps_the_bundle_that_is_there() {
    let user = writer();
    let signed = user.run(&format!("{SIGN_BLOB} hello.txt"));
    assert_eq!(signed.exit, 0, "{signed}");
    let old = user.read("hello.txt.sigstore.json");
    let wrong = user.clone().with_variable("COSIGN_PASSWORD", "wrong");
    let outcome = wrong.run(&format!("{SIGN_BLOB} hello.txt"));
    assert_eq!(outcome.exit, 1, "{outcome}");
    assert_eq!(user.read("hello.txt.sigstore.json"), old);
}

#[test]
fn a_file_too_long_for_ed25519_is_refused_and_other_keys_sign_it() {
    let limited = |user: User| user.with_variable("COSIGN_MAX_ATTACHMENT_SIZE", "5");
    let user = limited(writer());
    assert_outcome!(
        user.run(&format!("{SIGN_BLOB} hello.txt")),
        str![[r#"
--- stderr
Using payload from: hello.txt
Error: ed25519 key signs a message as it is, and this one is longer than the limit of 5 bytes
help: COSIGN_MAX_ATTACHMENT_SIZE raises the limit, and the memory that is used with it; ECDSA and RSA keys sign files of any size in constant memory
--- exit 1

"#]]
    );
    let piped = user.typing("hello\n").run(&format!("{SIGN_BLOB} --bundle b.json -"));
    assert_eq!(piped.exit, 1, "{piped}");
    let signed = limited(ecdsa_writer()).run(&format!("{SIGN_BLOB} hello.txt"));
    assert_eq!(signed.exit, 0, "{signed}");
}

#[test]
fn an_ed25519_key_has_its_own_digest() {
    let outcome = writer().run(&format!("{SIGN_BLOB} --signature-digest-algorithm sha512 hello.txt"));
    assert_outcome!(
        outcome,
        str![[r#"
--- stderr
Error: ed25519 key has its own digest, which cannot be chosen
--- exit 1

"#]]
    );
}

#[test]
fn services_are_named_one_way() {
    let user = writer();
    let config = r#"{"mediaType":"application/vnd.dev.sigstore.signingconfig.v0.2+json",
        "rekorTlogUrls":[{"url":"http://127.0.0.1:1","majorApiVersion":1,"validFor":{"start":"2020-01-01T00:00:00Z"}}],
        "rekorTlogConfig":{"selector":"ANY"}}"#;
    user.write("config.json", config);
    for (flags, told) in [
        (
            "--signing-config config.json --rekor-url http://127.0.0.1:1",
            "cannot specify service URLs and use signing config",
        ),
        (
            "--signing-config config.json --tlog-upload=false",
            "--tlog-upload=false: config.json names transparency logs",
        ),
        (
            "--rekor-url http://127.0.0.1:1 --tlog-upload=false",
            "--rekor-url names a transparency log, and --tlog-upload=false says not to use one",
        ),
    ] {
        let outcome = user.run(&format!("sign-blob --key a.key -y {flags} hello.txt"));
        assert_eq!(outcome.exit, 1, "{outcome}");
        assert!(outcome.stderr.contains(told), "{outcome}");
    }
}

#[test]
fn a_certificate_of_minutes_needs_a_witness_of_the_time() {
    assert_outcome!(
        writer().run("sign-blob --fulcio-url http://127.0.0.1:1 --tlog-upload=false hello.txt"),
        str![[r#"
--- stderr
Error: a certificate is valid for minutes, and no service would witness that the signature was made in them: a timestamp authority or a Rekor 1 is needed
help: `countersign sign-blob --help` shows how it is used
--- exit 1

"#]]
    );
}

#[test]
fn nothing_becomes_public_without_consent() {
    let user = writer();
    let line = "sign-blob --key a.key --rekor-url http://127.0.0.1:1 hello.txt";
    assert_outcome!(
        user.clone().typing("n\n").run(line),
        str![[r#"
--- stderr
WARNING: no --trusted-root is given: what the services answer is written without being verified
This makes public, for ever and for everybody to see: the signature, the digest of what is signed and the public key. It will be in http://127.0.0.1:1.
Are you sure you would like to continue? [y/N] Error: user declined the prompt
--- exit 1

"#]]
    );
    assert!(!user.path("hello.txt.sigstore.json").exists());
}

#[test]
fn without_a_token_it_is_told_where_one_could_come_from() {
    let outcome = writer().run(
        "sign-blob -y --oidc-disable-ambient-providers --fulcio-url http://127.0.0.1:1 --rekor-url http://127.0.0.1:1 hello.txt",
    );
    assert_eq!(outcome.exit, 1, "{outcome}");
    assert!(outcome.stderr.contains("Error: who signs is not known"), "{outcome}");
}

#[test]
fn what_the_files_of_cosign_2_have_no_place_for_is_not_lost() {
    let user = writer();
    for (flags, told) in [
        (
            "--rekor-url http://127.0.0.1:1 --timestamp-server-url http://127.0.0.1:1",
            "the timestamp would be lost",
        ),
        ("--signing-config rekor2.json", "no place for an entry of Rekor 2"),
    ] {
        let config = r#"{"mediaType":"application/vnd.dev.sigstore.signingconfig.v0.2+json",
            "rekorTlogUrls":[{"url":"http://127.0.0.1:1","majorApiVersion":2,"validFor":{"start":"2020-01-01T00:00:00Z"}}],
            "rekorTlogConfig":{"selector":"ANY"}}"#;
        user.write("rekor2.json", config);
        let outcome = user.run(&format!(
            "sign-blob --key a.key -y --new-bundle-format=false {flags} hello.txt"
        ));
        assert_eq!(outcome.exit, 1, "{outcome}");
        assert!(outcome.stderr.contains(told), "{outcome}");
    }
}

#[test]
fn a_log_that_does_not_answer_leaves_nothing_behind() {
    let user = ecdsa_writer();
    let before = files(&user);
    let outcome = user.run("sign-blob --key a.key -y --rekor-url http://127.0.0.1:1 hello.txt");
    assert_eq!(outcome.exit, 20, "{outcome}");
    assert!(
        outcome.stderr.contains("Error: transparency log gave no answer"),
        "{outcome}"
    );
    assert_eq!(files(&user), before);
}

#[test]
fn flags_of_a_login_are_for_a_login() {
    let keyless = "sign-blob -y --fulcio-url http://127.0.0.1:1 --rekor-url http://127.0.0.1:1";
    for (flags, told) in [
        (
            "--identity-token x --oidc-issuer http://127.0.0.1:1",
            "--oidc-issuer is for logging in, and there is a token",
        ),
        (
            "--fulcio-auth-flow token --oidc-client-id x",
            "--oidc-client-id is for logging in, and there is a token",
        ),
        (
            "--fulcio-auth-flow device --oidc-issuer x --oidc-redirect-url http://localhost:1/",
            "--oidc-redirect-url is for a browser of this machine",
        ),
        (
            "--fulcio-auth-flow normal --identity-token x",
            "--fulcio-auth-flow normal: there is an --identity-token",
        ),
        ("--fulcio-auth-flow other", "expected normal, device or token"),
        (
            "--fulcio-auth-flow device --identity-token x",
            "--fulcio-auth-flow device: there is an --identity-token",
        ),
        (
            "--fulcio-auth-flow device --oidc-disable-ambient-providers",
            "--fulcio-auth-flow device asks no other identity provider",
        ),
        ("--fulcio-auth-flow device", "where to log in is not known"),
        ("--fulcio-auth-flow normal", "where to log in is not known"),
        ("--oidc-client-id x", "who signs is not known"),
    ] {
        let outcome = writer().run(&format!("{keyless} {flags} hello.txt"));
        assert_eq!(outcome.exit, 1, "{outcome}");
        assert!(outcome.stderr.contains(told), "{outcome}");
    }
    let alone = writer().run(&format!("{keyless} --oidc-issuer http://127.0.0.1:1 hello.txt"));
    assert_eq!(alone.exit, 20, "{alone}");
    assert!(
        alone
            .stderr
            .contains("Non-interactive mode detected, using device flow.\n"),
        "{alone}"
    );
}
