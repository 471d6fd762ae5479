use snapbox::str;

use super::{CHART, PROVENANCE, data, user};
use crate::assert_outcome;
use crate::harness::User;

fn verified(user: &User) -> crate::harness::Outcome {
    user.run(&format!("helm verify {CHART} --keyring pubring.gpg"))
}

/// Checks that a chart is refused, and why.
fn refused(user: &User, reason: &str) {
    let outcome = verified(user);
    assert_eq!(outcome.exit, 12, "{outcome}");
    let message = format!("Error: {CHART} is not verified\n  caused by: {reason}\n");
    assert!(outcome.stderr.starts_with(&message), "{outcome}");
}

#[test]
fn a_chart_that_helm_signed_is_verified() {
    for version in ["helm3.prov", "helm4.prov"] {
        let user = user();
        user.write(PROVENANCE, data(version));
        assert_outcome!(
            verified(&user),
            str![[r#"
Signed by: Test <t@example.com>
Using Key With Fingerprint: 18DE4AD039A8F76C70C18BF289F75F7EC7043A25
Chart Hash Verified: sha256:4518e5dece760123a22269dac8f1aa2667599c6b2439f594e0f9713afba9f874
--- exit 0

"#]]
        );
    }
}

#[test]
fn the_keyring_of_gnupg_is_the_default() {
    let folder = user();
    for (variable, path) in [("HOME", ".gnupg"), ("GNUPGHOME", "keys")] {
        std::fs::create_dir(folder.path(path)).expect("the folder is writable");
        folder.write(&format!("{path}/pubring.gpg"), data("pubring.gpg"));
        let place = match variable {
            "HOME" => folder.path(""),
            _ => folder.path(path),
        };
        let user = folder
            .clone()
            .with_variable(variable, place.to_str().expect("it is text"));
        let outcome = user.run(&format!("helm verify {CHART}"));
        assert_eq!(outcome.exit, 0, "{outcome}");
    }
    let outcome = folder.run(&format!("helm verify {CHART}"));
    assert!(
        outcome
            .stderr
            .starts_with("Error: --keyring: there is neither GNUPGHOME nor HOME to look for one in\n"),
        "{outcome}"
    );
}

#[test]
fn a_chart_of_another_hash_name_or_version_is_refused() {
    let user = user();
    user.write(CHART, data("plain-chart.tgz"));
    refused(
        &user,
        "sha256 sum does not match for mychart-1.2.3+build.4.tgz: \"sha256:4518e5dece760123a22269dac8f1aa2667599c6b2439f594e0f9713afba9f874\" != \"sha256:48aafef037d171c132b36ca0f667d2d7a3828f4a404377d8783aae21e3b32e86\"",
    );
    user.write("other.tgz", data(CHART));
    user.write("other.tgz.prov", data("helm4.prov"));
    let outcome = user.run("helm verify other.tgz --keyring pubring.gpg");
    assert_eq!(outcome.exit, 12, "{outcome}");
    assert!(
        outcome
            .stderr
            .contains("caused by: provenance does not contain a SHA for a file named \"other.tgz\"\n"),
        "{outcome}"
    );
}

#[test]
fn a_provenance_file_by_another_key_or_changed_is_refused() {
    let user = user();
    let keys = format!("{}/../core/tests/data/openpgp/other.gpg", env!("CARGO_MANIFEST_DIR"));
    user.write("pubring.gpg", std::fs::read(keys).expect("it is there"));
    let outcome = verified(&user);
    assert_eq!(outcome.exit, 12, "{outcome}");
    assert!(outcome.stderr.contains("which is not in the keyring"), "{outcome}");
    user.write("pubring.gpg", data("pubring.gpg"));
    let text = String::from_utf8(data("helm4.prov")).expect("it is text");
    user.write(PROVENANCE, text.replace("name: mychart", "name: mycharts"));
    let outcome = verified(&user);
    assert!(
        outcome.stderr.contains("the signature does not match the text"),
        "{outcome}"
    );
    user.write(PROVENANCE, format!("{text}\nfiles: {{}}\n"));
    let outcome = verified(&user);
    assert!(
        outcome
            .stderr
            .contains("the signature is followed by text that is not signed"),
        "{outcome}"
    );
}

#[test]
fn a_file_that_is_no_keyring_and_one_that_is_not_there_are_told() {
    let user = user();
    user.write("pubring.gpg", "keys\n");
    assert_outcome!(
        verified(&user),
        str![[r#"
--- stderr
Error: keyring pubring.gpg
  caused by: keyring is malformed
  caused by: header of a packet is malformed
--- exit 1

"#]]
    );
    user.write("pubring.gpg", data("pubring.gpg"));
    std::fs::remove_file(user.path(PROVENANCE)).expect("it is there");
    let outcome = verified(&user);
    assert!(
        outcome
            .stderr
            .starts_with("Error: reading mychart-1.2.3+build.4.tgz.prov\n"),
        "{outcome}"
    );
}
