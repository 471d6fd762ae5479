use countersign_core::Secret;
use countersign_core::key::PrivateKey;
use snapbox::str;

use crate::assert_outcome;
use crate::harness::User;

/// `openssl ecparam -name prime256v1 -genkey`, with its `EC PARAMETERS` block.
const SEC1: &str = include_str!("data/sec1.pem");
/// The same key, `openssl pkcs8 -topk8 -v2 aes-256-cbc -passout pass:old`.
const ENCRYPTED: &str = include_str!("data/encrypted.pem");

#[test]
fn a_key_of_openssl_becomes_a_key_pair() {
    let user = User::new().with_variable("COSIGN_PASSWORD", "pw");
    user.write("theirs.pem", SEC1);
    assert_outcome!(
        user.run("import-key-pair --key theirs.pem"),
        str![[r#"
--- stderr
Private key written to import-cosign.key
Public key written to import-cosign.pub
--- exit 0

"#]]
    );
    assert!(String::from_utf8_lossy(&user.read("import-cosign.key")).contains("ENCRYPTED SIGSTORE PRIVATE KEY"));
    assert_eq!(
        (user.mode("import-cosign.key"), user.mode("import-cosign.pub")),
        (0o600, 0o644)
    );
}

#[test]
fn an_encrypted_key_is_opened_and_sealed_anew() {
    let user = User::new()
        .with_variable("COSIGN_PASSWORD", "new")
        .with_variable("COSIGN_IMPORT_PASSWORD", "old");
    user.write("theirs.pem", ENCRYPTED);
    assert_eq!(user.run("import-key-pair -k theirs.pem -o mine").exit, 0);
    let password = Secret::new(b"new".to_vec());
    let opened = PrivateKey::open(&user.read("mine.key"), &password).expect("the new password opens it");
    let plain = PrivateKey::import(SEC1.as_bytes(), None).expect("this is a key");
    assert_eq!(opened.public_key().as_der(), plain.public_key().as_der());
}

#[test]
fn both_passwords_are_asked_for_at_a_terminal() {
    let user = User::new().at_terminal(&["old", "new", "new"]);
    user.write("theirs.pem", ENCRYPTED);
    assert_outcome!(
        user.run("import-key-pair -k theirs.pem"),
        str![[r#"
--- stderr
Enter password of the imported private key: 
Enter password for private key: 
Enter password for private key again: 
Private key written to import-cosign.key
Public key written to import-cosign.pub
--- exit 0

"#]]
    );
}

#[test]
fn a_wrong_password_is_told() {
    let user = User::new().with_variable("COSIGN_PASSWORD", "wrong");
    user.write("theirs.pem", ENCRYPTED);
    assert_outcome!(
        user.run("import-key-pair -k theirs.pem"),
        str![[r#"
--- stderr
Error: importing theirs.pem
  caused by: password does not open the private key
--- exit 1

"#]]
    );
}

#[test]
fn what_is_no_key_is_refused() {
    let user = User::new().with_variable("COSIGN_PASSWORD", "pw");
    user.write("theirs.pem", "hello");
    assert_outcome!(
        user.run("import-key-pair -k theirs.pem"),
        str![[r#"
--- stderr
Error: importing theirs.pem
  caused by: key is not PEM: no line begins with -----BEGIN
--- exit 1

"#]]
    );
    assert_outcome!(
        user.run("import-key-pair -k missing.pem"),
        str![[r#"
--- stderr
Error: reading missing.pem
  caused by: No such file or directory (os error 2)
--- exit 1

"#]]
    );
    assert_outcome!(
        user.run("import-key-pair"),
        str![[r#"
--- stderr
Error: required flag(s) "key" not set
help: `countersign import-key-pair --help` shows how it is used
--- exit 1

"#]]
    );
}

#[test]
fn a_sealed_key_needs_no_import() {
    let user = User::new().with_key("cosign");
    assert_outcome!(
        user.run("import-key-pair -k cosign.key"),
        str![[r#"
--- stderr
Error: importing cosign.key
  caused by: private key is sealed already (PEM block "ENCRYPTED SIGSTORE PRIVATE KEY")
help: it can be used as it is, with --key
--- exit 1

"#]]
    );
}
