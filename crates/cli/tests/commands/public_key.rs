use snapbox::str;

use crate::assert_outcome;
use crate::harness::User;

fn with_key() -> User {
    User::new().with_key("cosign")
}

#[test]
fn the_public_half_of_a_private_key_is_printed() {
    let user = with_key();
    let outcome = user.run("public-key --key cosign.key");
    assert_eq!((outcome.exit, outcome.stderr.as_str()), (0, ""));
    assert_eq!(outcome.stdout, user.read("cosign.pub"));
}

#[test]
fn a_key_may_be_in_the_environment() {
    let user = with_key();
    let key = String::from_utf8(user.read("cosign.key")).expect("PEM is text");
    let user = user.with_variable("MY_KEY", &key);
    let outcome = user.run("public-key --key env://MY_KEY");
    assert_eq!(outcome.stdout, user.read("cosign.pub"));
}

#[test]
fn the_public_key_goes_into_a_file_where_asked() {
    let user = with_key();
    assert_outcome!(
        user.run("public-key --key cosign.key --outfile out.pub"),
        str![[r#"
--- stderr
Public key written to out.pub
--- exit 0

"#]]
    );
    assert_eq!(user.read("out.pub"), user.read("cosign.pub"));
    assert_eq!(user.mode("out.pub"), 0o600);
}

#[test]
fn a_wrong_password_is_told() {
    let user = with_key().with_variable("COSIGN_PASSWORD", "wrong");
    assert_outcome!(
        user.run("public-key --key cosign.key"),
        str![[r#"
--- stderr
Error: private key FOLDER/cosign.key
  caused by: password does not open the private key
--- exit 1

"#]]
    );
}

#[test]
fn exactly_one_kind_of_key_must_be_given() {
    let user = User::new();
    assert_outcome!(
        user.run("public-key"),
        str![[r#"
--- stderr
Error: exactly one of: key reference (--key), or hardware token (--sk) must be provided
help: `countersign public-key --help` shows how it is used
--- exit 1

"#]]
    );
    assert_outcome!(
        user.run("public-key --sk"),
        str![[r#"
--- stderr
Error: --sk: hardware security keys are not supported
help: `countersign public-key --help` shows how it is used
--- exit 1

"#]]
    );
    assert_outcome!(
        user.run("public-key --key awskms:///alias/key"),
        str![[r#"
--- stderr
Error: key references of kind "awskms" are not supported: expected a file, env://NAME or https://…
--- exit 1

"#]]
    );
    assert_outcome!(
        user.run("public-key --key missing.key"),
        str![[r#"
--- stderr
Error: reading key FOLDER/missing.key
  caused by: No such file or directory (os error 2)
--- exit 1

"#]]
    );
    assert_outcome!(
        user.run("public-key --key env://MISSING"),
        str![[r#"
--- stderr
Error: environment variable MISSING is not set
--- exit 1

"#]]
    );
}
