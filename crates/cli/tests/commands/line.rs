//! The command line itself: spellings, fallbacks, complaints.

use std::process::Command;

use snapbox::str;

use crate::assert_outcome;
use crate::harness::User;

#[test]
fn an_unknown_command_is_named_with_what_may_be_meant() {
    assert_outcome!(
        User::new().run("versoin"),
        str![[r#"
--- stderr
Error: unknown command "versoin" for "countersign"
help: did you mean version?
help: `countersign --help` shows how it is used
--- exit 1

"#]]
    );
}

#[test]
fn under_cosigns_name_it_speaks_as_cosign() {
    assert_outcome!(
        User::new().run_as("/opt/bin/cosign", &["sing"]),
        str![[r#"
--- stderr
Error: unknown command "sing" for "cosign"
help: did you mean sign?
help: `cosign --help` shows how it is used
--- exit 1

"#]]
    );
}

#[test]
fn an_unknown_flag_is_named() {
    assert_outcome!(
        User::new().run("env --shwo-descriptions"),
        str![[r#"
--- stderr
Error: unknown flag: --shwo-descriptions
help: did you mean --show-descriptions?
help: `countersign env --help` shows how it is used
--- exit 1

"#]]
    );
}

#[test]
fn an_unknown_letter_is_named() {
    assert_outcome!(
        User::new().run("env -x"),
        str![[r#"
--- stderr
Error: unknown shorthand flag: 'x' in -x
help: `countersign env --help` shows how it is used
--- exit 1

"#]]
    );
}

#[test]
fn a_word_too_many_is_named() {
    assert_outcome!(
        User::new().run("version please"),
        str![[r#"
--- stderr
Error: unknown command "please" for "countersign version"
help: `countersign version --help` shows how it is used
--- exit 1

"#]]
    );
}

#[test]
fn a_wrong_duration_is_explained() {
    assert_outcome!(
        User::new().run("version -t 3"),
        str![[r#"
--- stderr
Error: invalid argument "3" for "--timeout" flag: invalid duration "3", expected for example 90s, 3m0s or 1h
help: `countersign version --help` shows how it is used
--- exit 1

"#]]
    );
}

#[test]
fn a_wrong_boolean_is_explained() {
    assert_outcome!(
        User::new().run("version --json=maybe"),
        str![[r#"
--- stderr
Error: invalid argument "maybe" for "--json" flag: expected true or false
help: `countersign version --help` shows how it is used
--- exit 1

"#]]
    );
}

#[test]
fn a_missing_value_is_told() {
    assert_outcome!(
        User::new().run("version --timeout"),
        str![[r#"
--- stderr
Error: flag needs an argument: --timeout
help: `countersign version --help` shows how it is used
--- exit 1

"#]]
    );
}

#[test]
fn one_dash_before_a_long_flag_is_repaired_with_a_warning() {
    let outcome = User::new().run("version -json");
    assert!(outcome.stdout.starts_with(b"{"));
    assert_eq!(
        outcome.stderr,
        "WARNING: the -json flag is deprecated and will be removed in a future release. Please use the --json flag instead.\n"
    );
}

#[test]
fn two_dashes_before_a_letter_are_repaired_with_a_warning() {
    let outcome = User::new().run("version --t 5m");
    assert_eq!(
        outcome.stderr,
        "WARNING: the flag --t is deprecated and will be removed in a future release. Please use the flag -t.\n"
    );
    assert_eq!(outcome.exit, 0);
}

#[test]
fn cert_stands_for_certificate_in_the_names_of_flags() {
    for (line, told) in [
        ("sign --cert x --tlog-upload=false a", "--certificate is of a key"),
        (
            "sign --cert-chain=x --key k a",
            "required flag(s) \"certificate\" not set",
        ),
        (
            "verify --cert-identity x a",
            "--certificate-oidc-issuer or --certificate-oidc-issuer-regexp is required",
        ),
        (
            "verify --cert-oidc-issuer=y a",
            "--certificate-identity or --certificate-identity-regexp is required",
        ),
    ] {
        let outcome = User::new().run(line);
        assert_eq!(outcome.exit, 1, "{line}");
        assert!(
            outcome.stderr.starts_with(&format!("Error: {told}")),
            "{line}: {}",
            outcome.stderr
        );
    }
    assert_outcome!(
        User::new().run("sign --output-cert x --key k a"),
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
fn a_short_name_of_a_flag_that_the_command_does_not_have_is_unknown() {
    assert_outcome!(
        User::new().run("verify --cert-email x --key k a"),
        str![[r#"
--- stderr
Error: unknown flag: --cert-email
help: did you mean --cert?
help: `countersign verify --help` shows how it is used
--- exit 1

"#]]
    );
}

#[test]
fn flags_that_stay_are_not_called_deprecated() {
    let outcome = User::new().run("sign --tlog-upload=false --use-signing-config=false --new-bundle-format=false");
    assert_eq!(
        outcome.stderr.lines().next(),
        Some("Error: requires at least 1 arg(s), only received 0")
    );
    assert!(!outcome.stderr.contains("deprecated"), "{}", outcome.stderr);
}

#[test]
fn dash_version_is_the_version_command() {
    let outcome = User::new().run("-version");
    assert!(outcome.stdout.starts_with(b"countersign: "));
    assert_eq!(
        outcome.stderr,
        "WARNING: the -version flag is deprecated and will be removed in a future release. Please use the version subcommand instead.\n"
    );
}

#[test]
fn global_flags_stand_before_or_after_the_command() {
    for line in [
        "-t 90s version",
        "version --timeout=1h2m",
        "--timeout 5m version -t 3m0s",
    ] {
        assert_eq!(User::new().run(line).exit, 0, "{line}");
    }
}

#[test]
fn no_command_prints_help() {
    let outcome = User::new().run("");
    assert_eq!((outcome.exit, outcome.stderr.as_str()), (0, ""));
    assert_eq!(outcome.stdout, User::new().run("--help").stdout);
    assert!(outcome.stdout.starts_with(b"Signs and verifies"));
}

#[test]
fn a_file_that_cannot_take_the_results_is_named() {
    assert_outcome!(
        User::new().run("--output-file no/such/folder version"),
        str![[r#"
--- stderr
Error: writing no/such/folder
  caused by: No such file or directory (os error 2)
--- exit 1

"#]]
    );
}

#[test]
fn a_reader_that_went_away_is_not_an_error_message() {
    let program = env!("CARGO_BIN_EXE_countersign");
    let output = Command::new("sh")
        .args([
            "-c",
            &format!("exec 3>&1; {{ {program} env; echo $? >&3; }} 2>&3 | true"),
        ])
        .output()
        .expect("sh runs");
    let shown = String::from_utf8_lossy(&output.stdout);
    assert!(matches!(shown.trim(), "141" | "0"), "{shown}");
}
