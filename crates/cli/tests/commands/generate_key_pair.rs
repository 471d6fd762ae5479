use countersign_core::Secret;
use countersign_core::key::{PrivateKey, PublicKey};
use snapbox::str;

use crate::assert_outcome;
use crate::harness::User;

fn opens(user: &User, prefix: &str, password: &str) -> bool {
    let sealed = user.read(&format!("{prefix}.key"));
    let password = Secret::new(password.as_bytes().to_vec());
    let public_key = PublicKey::from_pem(&user.read(&format!("{prefix}.pub"))).expect("a public key was written");
    PrivateKey::open(&sealed, &password).is_ok_and(|key| key.public_key().as_der() == public_key.as_der())
}

#[test]
fn a_key_pair_is_two_files_that_belong_together() {
    let user = User::new().with_variable("COSIGN_PASSWORD", "pw");
    assert_outcome!(
        user.run("generate-key-pair"),
        str![[r#"
--- stderr
Private key written to cosign.key
Public key written to cosign.pub
--- exit 0

"#]]
    );
    assert!(opens(&user, "cosign", "pw"));
    assert_eq!((user.mode("cosign.key"), user.mode("cosign.pub")), (0o600, 0o644));
}

#[test]
fn the_prefix_may_lead_into_a_folder_and_come_from_the_environment() {
    let user = User::new()
        .with_variable("COSIGN_PASSWORD", "")
        .with_variable("COSIGN_OUTPUT_KEY_PREFIX", "keys/mine");
    std::fs::create_dir(user.path("keys")).expect("the folder is writable");
    assert_outcome!(
        user.run("generate-key-pair"),
        str![[r#"
--- stderr
Private key written to keys/mine.key
Public key written to keys/mine.pub
--- exit 0

"#]]
    );
    assert!(opens(&user, "keys/mine", ""));
}

#[test]
fn the_command_line_wins_over_the_environment() {
    let user = User::new()
        .with_variable("COSIGN_PASSWORD", "pw")
        .with_variable("COSIGN_OUTPUT_KEY_PREFIX", "no/such/folder/mine");
    assert_eq!(user.run("generate-key-pair --output-key-prefix mine").exit, 0);
    assert!(opens(&user, "mine", "pw"));
}

#[test]
fn every_kind_of_key_can_be_made() {
    for kind in ["ecdsa-p384", "ecdsa-p521", "ed25519", "rsa-2048"] {
        let user = User::new().with_variable("COSIGN_PASSWORD", "pw");
        assert_eq!(user.run(&format!("generate-key-pair --type {kind}")).exit, 0, "{kind}");
        assert!(opens(&user, "cosign", "pw"), "{kind}");
    }
}

#[test]
fn an_unknown_kind_of_key_is_refused() {
    assert_outcome!(
        User::new().run("generate-key-pair --type dsa"),
        str![[r#"
--- stderr
Error: invalid argument "dsa" for "--type" flag: key algorithm is "dsa", expected ecdsa-p256, ecdsa-p384, ecdsa-p521, ed25519, rsa-2048, rsa-3072 or rsa-4096
help: `countersign generate-key-pair --help` shows how it is used
--- exit 1

"#]]
    );
}

#[test]
fn the_password_is_asked_for_twice_at_a_terminal() {
    let user = User::new().at_terminal(&["pw", "pw"]);
    assert_outcome!(
        user.run("generate-key-pair"),
        str![[r#"
--- stderr
Enter password for private key: 
Enter password for private key again: 
Private key written to cosign.key
Public key written to cosign.pub
--- exit 0

"#]]
    );
    assert!(opens(&user, "cosign", "pw"));
}

#[test]
fn two_different_passwords_make_no_key() {
    let user = User::new().at_terminal(&["pw", "wp"]);
    assert_outcome!(
        user.run("generate-key-pair"),
        str![[r#"
--- stderr
Enter password for private key: 
Enter password for private key again: 
Error: passwords do not match
--- exit 1

"#]]
    );
    assert!(!user.path("cosign.key").exists());
}

#[test]
fn all_of_stdin_is_the_password_when_it_is_no_terminal() {
    let user = User::new().typing("pw\n");
    assert_eq!(user.run("generate-key-pair").exit, 0);
    assert!(opens(&user, "cosign", "pw\n"));
}

#[test]
fn an_existing_key_is_kept_unless_the_user_agrees() {
    let user = User::new().with_variable("COSIGN_PASSWORD", "pw");
    user.write("cosign.key", "mine");
    for (answer, exit) in [("", 1), ("n\n", 1), ("yes\n", 1)] {
        let user_answer = user.answering(answer);
        assert_eq!(user_answer.run("generate-key-pair").exit, exit, "{answer:?}");
        assert_eq!(user.read("cosign.key"), b"mine");
    }
    assert_eq!(user.answering("y\n").run("generate-key-pair").exit, 0);
    assert!(opens(&user, "cosign", "pw"));
}

#[test]
fn the_question_about_an_existing_key_is_cosigns() {
    let user = User::new().with_variable("COSIGN_PASSWORD", "pw").typing("maybe\n");
    user.write("cosign.key", "mine");
    assert_outcome!(
        user.run("generate-key-pair"),
        str![[r#"
--- stderr
WARNING: File cosign.key already exists. Overwrite?
Are you sure you would like to continue? [y/N] Error: invalid input "maybe" (allowed values y, n)
--- exit 1

"#]]
    );
}

#[test]
fn a_key_in_a_service_is_refused_by_the_name_of_the_service() {
    assert_outcome!(
        User::new().run("generate-key-pair k8s://default/key"),
        str![[r#"
--- stderr
Error: keys cannot be made in k8s (k8s://default/key): only in files
help: `countersign generate-key-pair --help` shows how it is used
--- exit 1

"#]]
    );
    assert_outcome!(
        User::new().run("generate-key-pair --kms awskms:///alias/key"),
        str![[r#"
--- stderr
Error: keys cannot be made in awskms (awskms:///alias/key): only in files
help: `countersign generate-key-pair --help` shows how it is used
--- exit 1

"#]]
    );
}

#[test]
fn a_folder_that_is_not_there_is_named() {
    let user = User::new().with_variable("COSIGN_PASSWORD", "pw");
    assert_outcome!(
        user.run("generate-key-pair --output-key-prefix no/such/mine"),
        str![[r#"
--- stderr
Error: writing no/such/mine.key
  caused by: No such file or directory (os error 2)
--- exit 1

"#]]
    );
}
