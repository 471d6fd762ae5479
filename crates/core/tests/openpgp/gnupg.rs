//! Keys and texts of GnuPG.

use countersign_core::openpgp::{KeyProblem, Keyring, KeyringError, Refusal, read};

use crate::{data, now, problem, refusal, verified};

/// The text without the blanks at line ends, which are not signed.
const TEXT: &str = "name: a\nversion: 1.2.3\n\n- dash\n  -inner\nFrom here\n...\nfiles:\n  a.tgz: sha256:00";

#[test]
fn texts_are_read_with_keys_of_each_kind() {
    for name in ["rsa", "ed25519", "p256", "p384", "p521", "subkey"] {
        let keyring = data(&format!("{name}.gpg"));
        let signed = verified(&data(&format!("{name}.asc")), &keyring).unwrap();
        assert_eq!(signed.text(), TEXT, "{name}");
        assert_eq!(signed.names(), [format!("{name} <{name}@example.com>")]);
        assert_eq!(signed.created().to_string(), "2026-01-02T00:00:00Z");
    }
    verified(&data("sha256.asc"), &data("ed25519.gpg")).unwrap();
}

#[test]
fn fingerprint_is_that_of_the_primary_key() {
    let signed = verified(&data("ed25519.asc"), &data("ed25519.gpg")).unwrap();
    // the end of it is in the packet of the signature, the issuer
    assert_eq!(signed.fingerprint().len(), 40);
    let unknown = refusal(&data("ed25519.asc"), &data("other.gpg"));
    let issuer = signed.fingerprint().to_owned();
    assert_eq!(unknown, Refusal::UnknownKey { issuer });
}

#[test]
fn armored_keyring_and_one_of_many_keys_are_read() {
    let armored = data("armored.txt");
    verified(&data("rsa.asc"), &armored).unwrap();
    verified(&data("ed25519.asc"), &armored).unwrap();
    let both = [&armored[..], b"\n\n", &armored].concat();
    verified(&data("ed25519.asc"), &both).unwrap();
    let all = [data("small.gpg"), data("dsa.gpg"), data("p256.gpg"), data("rsa.gpg")].concat();
    verified(&data("rsa.asc"), &all).unwrap();
}

#[test]
fn changed_text_is_refused() {
    for (from, to) in [
        ("1.2.3", "1.2.4"),
        ("sha256:00", "sha256:01"),
        ("- - dash", "- -dash"),
        ("...\n", "...\n\n"),
    ] {
        let changed = String::from_utf8(data("rsa.asc")).unwrap().replace(from, to);
        assert_eq!(refusal(changed.as_bytes(), &data("rsa.gpg")), Refusal::Mismatch, "{to}");
    }
}

#[test]
fn line_ends_and_blanks_before_them_are_not_signed() {
    let text = String::from_utf8(data("ed25519.asc")).unwrap();
    let signed = verified(text.replace('\n', " \t\r\n").as_bytes(), &data("ed25519.gpg"));
    // but the line between the headers and the text must be empty, and blanks leave it so
    assert_eq!(signed.unwrap().text(), TEXT);
}

#[test]
fn weak_hashes_are_refused() {
    let keyring = data("rsa.gpg");
    assert_eq!(
        refusal(&data("sha1.asc"), &keyring),
        Refusal::WeakHash { found: "SHA-1" }
    );
    assert_eq!(refusal(&data("md5.asc"), &keyring), Refusal::WeakHash { found: "MD5" });
}

#[test]
fn keys_that_expired_were_revoked_or_are_weak_do_not_count() {
    let problem = |name: &str| problem(&data(&format!("{name}.asc")), &data(&format!("{name}.gpg")));
    let at = "2026-01-03T00:00:00Z".parse().unwrap();
    assert_eq!(problem("expired"), KeyProblem::Expired { at });
    assert_eq!(problem("revoked"), KeyProblem::Revoked);
    assert_eq!(problem("sha1self"), KeyProblem::WeakSelfSignature { hash: "SHA-1" });
    assert_eq!(problem("small"), KeyProblem::Rejected);
    assert_eq!(problem("dsa"), KeyProblem::Unsupported { algorithm: 17 });
}

#[test]
fn key_that_expires_later_counts_until_then() {
    let keyring = Keyring::parse(&data("expired.gpg")).unwrap();
    let before = "2026-01-02T23:59:59Z".parse().unwrap();
    read(&data("expired.asc"), &keyring, before).unwrap();
}

#[test]
fn expired_and_future_signatures_are_refused() {
    let keyring = Keyring::parse(&data("ed25519.gpg")).unwrap();
    let refused = |name: &str, at: &str| read(&data(name), &keyring, at.parse().unwrap()).map(drop).unwrap_err();
    let at = "2026-01-03T00:00:00Z".parse().unwrap();
    assert_eq!(
        refused("short-lived.asc", "2026-01-03T00:00:00Z"),
        Refusal::Expired { at }
    );
    read(
        &data("short-lived.asc"),
        &keyring,
        "2026-01-02T12:00:00Z".parse().unwrap(),
    )
    .unwrap();
    let (created, now) = (
        "2026-01-02T00:00:00Z".parse().unwrap(),
        "2026-01-01T12:00:00Z".parse().unwrap(),
    );
    assert_eq!(
        refused("ed25519.asc", "2026-01-01T12:00:00Z"),
        Refusal::FromTheFuture { created, now }
    );
}

#[test]
fn two_signatures_are_refused() {
    assert_eq!(
        refusal(&data("two.asc"), &data("armored.txt")),
        Refusal::SeveralSignatures
    );
}

#[test]
fn keyrings_that_are_none_are_refused() {
    let refused = |bytes: &[u8]| Keyring::parse(bytes).map(drop).unwrap_err();
    assert_eq!(refused(&data("secret.gpg")), KeyringError::SecretKey);
    assert_eq!(refused(b"\0\0\0\x20\x01\x01\0\0KBXf"), KeyringError::Keybox);
    assert_eq!(refused(b""), KeyringError::NoKey);
    let private = b"-----BEGIN PGP PRIVATE KEY BLOCK-----\n";
    assert_eq!(refused(private), KeyringError::SecretKey);
    let (found, limit) = ((16 << 20) + 1, 16 << 20);
    assert_eq!(refused(&vec![0; found]), KeyringError::Oversized { limit, found });
}

#[test]
fn charts_of_helm_are_signed_by_helms_key() {
    let folder = "../../../../artifacts/tests/data/helm/";
    let now = now().max("2026-11-23T00:00:00Z".parse().unwrap());
    let keyring = Keyring::parse(&data(&format!("{folder}pubring.gpg"))).unwrap();
    for name in ["helm3.prov", "helm4.prov"] {
        let signed = read(&data(&format!("{folder}{name}")), &keyring, now).unwrap();
        assert!(signed.text().starts_with("annotations:\n"), "{}", signed.text());
        assert!(signed.text().contains("\nkeywords:\n- k1\n"), "{}", signed.text());
    }
}
