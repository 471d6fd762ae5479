use snapbox::str;

use crate::assert_outcome;
use crate::harness::User;

#[test]
fn version_has_the_lines_that_cosign_prints() {
    assert_outcome!(
        User::new().run("version"),
        str![[r#"
countersign: signs and verifies anything in an OCI registry

GitVersion:    v0.1.0
GitCommit:     unknown
GitTreeState:  unknown
BuildDate:     unknown
GoVersion:     none
Compiler:      rustc
Platform:      linux/amd64

--- exit 0

"#]]
    );
}

#[test]
fn version_as_json_has_the_members_that_cosign_prints() {
    assert_outcome!(
        User::new().run("version --json"),
        str![[r#"
{
  "gitVersion": "v0.1.0",
  "gitCommit": "unknown",
  "gitTreeState": "unknown",
  "buildDate": "unknown",
  "goVersion": "none",
  "compiler": "rustc",
  "platform": "linux/amd64"
}
--- exit 0

"#]]
    );
}

#[test]
fn a_boolean_flag_can_be_switched_off_with_an_equals_sign() {
    let outcome = User::new().run("version --json=false");
    assert!(outcome.stdout.starts_with(b"countersign: "));
    assert_eq!(outcome.exit, 0);
}

#[test]
fn output_file_takes_the_results() {
    let user = User::new();
    let outcome = user.run("--output-file version.txt version");
    assert_outcome!(
        outcome,
        str![[r#"
--- exit 0

"#]]
    );
    assert!(user.read("version.txt").starts_with(b"countersign: "));
}
