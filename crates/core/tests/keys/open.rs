//! Key files in cosign's form.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use countersign_core::key::{KEY_FILE_LIMIT, KeyAlgorithm, OpenError, PemError, PrivateKey, PublicKeyAlgorithm};

use super::{key_file, password, public_key};

/// Made by cosign 3.1.2, password `pw`.
const KNOWN: &str = r#"{"kdf":{"name":"scrypt","params":{"N":65536,"r":8,"p":1},"salt":"FXTa8eLPnURMfTgN3pTPSDH3Yl7xLZYD130SvLj0FEE="},"cipher":{"name":"nacl/secretbox","nonce":"mrClYCjChBHjhlAkmnsRCRhRe3Xiq5h8"},"ciphertext":"9ueBxLQXyY8D3ohiwv+1YzdcVbStKPZJeZkhDsjxSVp+jmu3RcBVlf8D/h3FLX9me0okkTLXF05gjfLNowgDHHI5cJz1HUfhx8122Az01o2Ow8bFjjqbzZnimBWDSoxmRPTAjg8DL83urlP/BQTuulUPXq0rdwG5EWjmCj7SUesW6Ei0f8TWygNm8Aq6MShA8H1yn3lINRaohw=="}"#;
const KNOWN_PUBLIC: &str = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE+YG/HktY/BvtPaS40qvifa1+TipQbuoHtANxUaACPI/gohQapKxmHztwvnNV7A9Pxk9zAimprwbJKZQ4OeieEw==";
const KNOWN_HINT: &str = "WkkVmkIa9kTLcDjAzp/9UIsNSbsTqNXZwr4D4QfYUFo=";

fn sealed(label: &str, json: &str) -> Vec<u8> {
    let body = STANDARD.encode(json);
    format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n").into_bytes()
}

fn open(json: &str) -> Result<PrivateKey, OpenError> {
    PrivateKey::open(&sealed("ENCRYPTED SIGSTORE PRIVATE KEY", json), &password("pw"))
}

fn salt_and_nonce() -> ([u8; 32], [u8; 24]) {
    let decoded = |text| STANDARD.decode(text).unwrap();
    (
        decoded("FXTa8eLPnURMfTgN3pTPSDH3Yl7xLZYD130SvLj0FEE=")
            .try_into()
            .unwrap(),
        decoded("mrClYCjChBHjhlAkmnsRCRhRe3Xiq5h8").try_into().unwrap(),
    )
}

#[test]
fn known_key_opens_and_has_its_name() {
    for label in ["ENCRYPTED SIGSTORE PRIVATE KEY", "ENCRYPTED COSIGN PRIVATE KEY"] {
        let key = PrivateKey::open(&sealed(label, KNOWN), &password("pw")).unwrap();
        assert_eq!(STANDARD.encode(key.public_key().as_der()), KNOWN_PUBLIC);
        assert_eq!(key.public_key().hint(), KNOWN_HINT);
    }
}

#[test]
fn known_key_is_sealed_into_the_bytes_that_cosign_wrote() {
    let (salt, nonce) = salt_and_nonce();
    let again = open(KNOWN).unwrap().seal(&password("pw"), salt, nonce).unwrap();
    let body: String = again
        .expose()
        .lines()
        .filter(|line| !line.starts_with("-----"))
        .collect();
    assert_eq!(String::from_utf8(STANDARD.decode(body).unwrap()).unwrap(), KNOWN);
}

#[test]
fn cosign_keys_of_every_algorithm_open_and_seal_into_the_same_bytes() {
    for (name, algorithm) in [
        ("p256", KeyAlgorithm::EcdsaP256),
        ("p384", KeyAlgorithm::EcdsaP384),
        ("p521", KeyAlgorithm::EcdsaP521),
        ("ed25519", KeyAlgorithm::Ed25519),
        ("rsa2048", KeyAlgorithm::Rsa2048),
        ("rsa3072", KeyAlgorithm::Rsa3072),
        ("rsa4096", KeyAlgorithm::Rsa4096),
    ] {
        let file = key_file(&format!("cosign/{name}.key"));
        let key = PrivateKey::open(&file, &password("")).unwrap();
        assert_eq!(*key.public_key(), public_key(&format!("cosign/{name}.pub")), "{name}");
        assert_eq!(
            key.public_key().algorithm(),
            PublicKeyAlgorithm::from(algorithm),
            "{name}"
        );
        assert_eq!(
            key.public_key().to_pem().into_bytes(),
            key_file(&format!("cosign/{name}.pub")),
            "{name}"
        );

        let text = String::from_utf8(file).unwrap();
        let body: String = text.lines().filter(|line| !line.starts_with("-----")).collect();
        let json: serde_json::Value = serde_json::from_slice(&STANDARD.decode(body).unwrap()).unwrap();
        let bytes = |value: &serde_json::Value| STANDARD.decode(value.as_str().unwrap()).unwrap();
        let salt = bytes(&json["kdf"]["salt"]).try_into().unwrap();
        let nonce = bytes(&json["cipher"]["nonce"]).try_into().unwrap();
        assert_eq!(*key.seal(&password(""), salt, nonce).unwrap().expose(), text, "{name}");
    }
}

#[test]
fn wrong_password_does_not_open() {
    let file = sealed("ENCRYPTED SIGSTORE PRIVATE KEY", KNOWN);
    for wrong in ["", "pw\n", "PW"] {
        assert_matches!(PrivateKey::open(&file, &password(wrong)), Err(OpenError::WrongPassword));
    }
}

#[test]
fn changed_ciphertext_does_not_open() {
    assert_matches!(open(&KNOWN.replace("9ueBx", "9ueBy")), Err(OpenError::WrongPassword));
}

#[test]
fn file_that_is_empty_or_oversized_is_refused() {
    assert_matches!(PrivateKey::open(b"", &password("pw")), Err(OpenError::Empty));
    assert_matches!(
        PrivateKey::open(&vec![b'A'; KEY_FILE_LIMIT + 1], &password("pw")),
        Err(OpenError::Oversized {
            limit: 65536,
            found: 65537
        })
    );
}

#[test]
fn file_that_is_no_pem_is_refused() {
    let whole = String::from_utf8(sealed("ENCRYPTED SIGSTORE PRIVATE KEY", KNOWN)).unwrap();
    let refused = |text: &str| match PrivateKey::open(text.as_bytes(), &password("pw")) {
        Err(OpenError::Pem(error)) => error,
        other => panic!("{other:?}"),
    };
    assert_eq!(refused("no key"), PemError::NotPem);
    let label = "ENCRYPTED SIGSTORE PRIVATE KEY".to_owned();
    assert_eq!(
        refused(whole.split_once("-----END").unwrap().0),
        PemError::Unterminated { label: label.clone() }
    );
    assert_eq!(
        refused(&whole.replace("END ENCRYPTED", "END")),
        PemError::Unterminated { label: label.clone() }
    );
    assert_matches!(refused(&whole.replace("eyJ", "e!J")), PemError::NotBase64 { label: found, .. } if found == label);
}

#[test]
fn key_that_is_not_sealed_must_be_imported_first() {
    for (file, expected) in [
        ("openssl/pkcs8-p256.pem", "PRIVATE KEY"),
        ("openssl/sec1-p256.pem", "EC PRIVATE KEY"),
        ("openssl/sec1-p256-with-parameters.pem", "EC PARAMETERS"),
        ("openssl/pkcs1-rsa2048.pem", "RSA PRIVATE KEY"),
        ("openssl/encrypted-scrypt-aes256.pem", "ENCRYPTED PRIVATE KEY"),
    ] {
        assert_matches!(
            PrivateKey::open(&key_file(file), &password("pw")),
            Err(OpenError::NotSealed { label }) if label == expected
        );
    }
}

#[test]
fn file_that_holds_something_else_is_refused() {
    assert_matches!(
        PrivateKey::open(&key_file("cosign/p256.pub"), &password("pw")),
        Err(OpenError::PublicKeyGiven)
    );
    assert_matches!(
        PrivateKey::open(&key_file("openssl/certificate.pem"), &password("pw")),
        Err(OpenError::UnknownPemType { found }) if found == "CERTIFICATE"
    );
}

#[test]
fn json_that_is_not_of_a_sealed_key_is_refused() {
    assert_matches!(open("{}"), Err(OpenError::NotJson { .. }));
    assert_matches!(open(&"[".repeat(10_000)), Err(OpenError::NotJson { .. }));
    assert_matches!(
        open(&KNOWN.replace("\"scrypt\"", "\"argon2\"")),
        Err(OpenError::UnknownKdf { found }) if found == "argon2"
    );
    assert_matches!(
        open(&KNOWN.replace("nacl/secretbox", "aes")),
        Err(OpenError::UnknownCipher { found }) if found == "aes"
    );
    assert_matches!(
        open(&KNOWN.replace("mrClYCjC", "")),
        Err(OpenError::NonceLength { found: 18 })
    );
    assert_matches!(
        open(&KNOWN.replace("mrClYCjC", "****")),
        Err(OpenError::NotBase64 { member: "nonce", .. })
    );
    let (start, _) = KNOWN.split_once("9ueBx").unwrap();
    assert_matches!(open(&format!("{start}AAAA\"}}")), Err(OpenError::NoTag));
}

#[test]
fn scrypt_parameters_that_cosign_does_not_accept_are_refused() {
    for (n, r, p) in [(65536, 16, 1), (65536, 8, 2), (1 << 40, 8, 1), (16384, 8, 1), (0, 0, 0)] {
        let json = KNOWN.replace(r#""N":65536,"r":8,"p":1"#, &format!(r#""N":{n},"r":{r},"p":{p}"#));
        assert_matches!(
            open(&json),
            Err(OpenError::ScryptParameters { n: a, r: b, p: c }) if (a, b, c) == (n, r, p)
        );
    }
}

#[test]
fn scrypt_parameters_that_cosign_accepts_are_used() {
    for n in [32768, 131_072] {
        let json = KNOWN.replace("65536", &n.to_string());
        assert_matches!(open(&json), Err(OpenError::WrongPassword));
    }
}
