//! Key files of other programs.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use countersign_core::key::{
    ImportError, KEY_FILE_LIMIT, KeyAlgorithm, PemError, PrivateKey, PrivateKeyError, PublicKeyAlgorithm,
    UnsupportedKey,
};

use super::{key_file, password, public_key};

fn import(name: &str) -> Result<PrivateKey, ImportError> {
    PrivateKey::import(&key_file(&format!("openssl/{name}.pem")), None)
}

fn refusal(name: &str) -> ImportError {
    import(name).expect_err(name)
}

fn decrypt(name: &str, word: &str) -> Result<PrivateKey, ImportError> {
    PrivateKey::import(&key_file(&format!("openssl/{name}.pem")), Some(&password(word)))
}

#[test]
fn every_plain_form_is_imported() {
    for (name, public) in [
        ("pkcs1-rsa2048", "rsa2048.pub"),
        ("pkcs8-rsa2048", "rsa2048.pub"),
        ("sec1-p256", "p256.pub"),
        ("pkcs8-p256", "p256.pub"),
        ("sec1-p384", "p384.pub"),
        ("pkcs8-p384", "p384.pub"),
        ("sec1-p521", "p521.pub"),
        ("pkcs8-p521", "p521.pub"),
        ("pkcs8-ed25519", "ed25519.pub"),
    ] {
        let key = import(name).expect(name);
        assert_eq!(*key.public_key(), public_key(&format!("openssl/{public}")), "{name}");
    }
    for (name, algorithm) in [
        ("pkcs1-rsa3072", KeyAlgorithm::Rsa3072),
        ("pkcs1-rsa4096", KeyAlgorithm::Rsa4096),
    ] {
        let key = import(name).expect(name);
        assert_eq!(key.public_key().algorithm(), PublicKeyAlgorithm::from(algorithm));
    }
}

#[test]
fn blocks_before_the_key_are_skipped() {
    let key = import("sec1-p256-with-parameters").unwrap();
    assert_eq!(
        key.public_key().algorithm(),
        PublicKeyAlgorithm::from(KeyAlgorithm::EcdsaP256)
    );
    let both = [key_file("openssl/certificate.pem"), key_file("openssl/pkcs8-p256.pem")].concat();
    let key = PrivateKey::import(&both, None).unwrap();
    assert_eq!(*key.public_key(), public_key("openssl/p256.pub"));
}

#[test]
fn carriage_returns_and_comments_are_no_obstacle() {
    let text = String::from_utf8(key_file("openssl/pkcs8-p256.pem")).unwrap();
    let text = format!("a comment\r\n{}", text.replace('\n', "\r\n"));
    let key = PrivateKey::import(text.as_bytes(), None).unwrap();
    assert_eq!(*key.public_key(), public_key("openssl/p256.pub"));
}

#[test]
fn every_supported_encryption_opens() {
    for name in [
        "encrypted-pbkdf2-sha1-aes128",
        "encrypted-pbkdf2-sha256-aes256",
        "encrypted-pbkdf2-sha384-aes256",
        "encrypted-pbkdf2-sha512-aes192",
        "encrypted-scrypt-aes256",
    ] {
        let key = decrypt(name, "correct").expect(name);
        assert_eq!(*key.public_key(), public_key("openssl/p256.pub"), "{name}");
        assert_eq!(decrypt(name, "wrong").expect_err(name), ImportError::WrongPassword);
        assert_eq!(refusal(name), ImportError::PasswordNeeded);
    }
    let key = decrypt("encrypted-empty-password", "").unwrap();
    assert_eq!(*key.public_key(), public_key("openssl/p256.pub"));
}

#[test]
fn other_encryptions_are_refused_by_name() {
    for (name, expected) in [
        ("encrypted-pbes1-md5-des", "PBES1 of MD5 and DES"),
        ("encrypted-pbkdf2-des3", "triple DES"),
        ("encrypted-pbkdf2-sha224-aes256", "HMAC of SHA-224"),
        ("encrypted-openssl-headers", "OpenSSL's own (Proc-Type: 4,ENCRYPTED)"),
    ] {
        let found = expected.to_owned();
        assert_eq!(
            decrypt(name, "correct").expect_err(name),
            ImportError::UnsupportedEncryption { found }
        );
    }
}

#[test]
fn encryption_that_costs_too_much_is_refused() {
    assert_eq!(
        decrypt("encrypted-pbkdf2-costly", "correct").expect_err("costly"),
        ImportError::EncryptionCost {
            limit: "1 to 2,000,000 iterations of PBKDF2",
            found: "20000000".to_owned()
        }
    );
}

#[test]
fn scrypt_that_costs_too_much_or_is_impossible_is_refused() {
    let text = String::from_utf8(key_file("openssl/encrypted-scrypt-aes256.pem")).unwrap();
    let body: String = text.lines().filter(|line| !line.starts_with("-----")).collect();
    let der = STANDARD.decode(body).unwrap();
    // N=16384, r=8, p=1, each a DER INTEGER.
    let (start, end) = split_around(&der, &[2, 2, 0x40, 0, 2, 1, 8, 2, 1, 1]);
    for (n, r, p) in [(0x4000, 127, 127), (0x4000, 8, 127), (0x4001, 8, 1), (0x7f00, 127, 1)] {
        let [high, low] = u16::to_be_bytes(n);
        let changed = [start, &[2, 2, high, low, 2, 1, r, 2, 1, p], end].concat();
        let body = STANDARD.encode(changed);
        let text = format!("-----BEGIN ENCRYPTED PRIVATE KEY-----\n{body}\n-----END ENCRYPTED PRIVATE KEY-----\n");
        assert_eq!(
            PrivateKey::import(text.as_bytes(), Some(&password("correct"))).expect_err("costly"),
            ImportError::EncryptionCost {
                limit: "256 MiB of memory, 512 MiB of work, and N a power of two",
                found: format!("scrypt with N={n}, r={r}, p={p}")
            }
        );
    }
}

fn split_around<'a>(bytes: &'a [u8], middle: &[u8]) -> (&'a [u8], &'a [u8]) {
    let place = bytes.windows(middle.len()).position(|window| window == middle).unwrap();
    (&bytes[..place], &bytes[place + middle.len()..])
}

#[test]
fn encrypted_contents_that_are_no_key_are_refused() {
    let text = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMAA=\n-----END ENCRYPTED PRIVATE KEY-----\n";
    assert!(matches!(
        PrivateKey::import(text.as_bytes(), Some(&password("correct"))),
        Err(ImportError::Key(PrivateKeyError::Malformed { .. }))
    ));
}

#[test]
fn weak_and_odd_rsa_keys_are_refused_with_their_size() {
    for (name, found) in [("pkcs1-rsa1024", 1024), ("pkcs1-rsa2560", 2560)] {
        let expected = "2048, 3072 or 4096";
        assert_eq!(
            refusal(name),
            ImportError::Key(PrivateKeyError::Unsupported(UnsupportedKey::RsaSize {
                expected,
                found
            }))
        );
    }
    assert_eq!(
        refusal("pkcs1-rsa2048-exponent3"),
        ImportError::Key(PrivateKeyError::Unsupported(UnsupportedKey::RsaExponent))
    );
}

#[test]
fn other_curves_are_refused_by_name() {
    for (name, found) in [
        ("sec1-secp256k1", "secp256k1"),
        ("pkcs8-secp256k1", "secp256k1"),
        ("sec1-brainpool", "brainpoolP256r1"),
    ] {
        let found = found.to_owned();
        assert_eq!(
            refusal(name),
            ImportError::Key(PrivateKeyError::Unsupported(UnsupportedKey::Curve { found })),
            "{name}"
        );
    }
    assert_eq!(
        refusal("sec1-p256-explicit"),
        ImportError::Key(PrivateKeyError::Unsupported(UnsupportedKey::CurveUnnamed))
    );
}

#[test]
fn other_algorithms_are_refused_by_name() {
    for (name, found) in [
        ("pkcs8-ed448", "Ed448"),
        ("pkcs8-dsa", "DSA"),
        ("pkcs8-rsapss", "RSASSA-PSS"),
    ] {
        let found = found.to_owned();
        assert_eq!(
            refusal(name),
            ImportError::Key(PrivateKeyError::Unsupported(UnsupportedKey::Algorithm { found })),
            "{name}"
        );
    }
}

#[test]
fn files_without_a_private_key_are_refused_with_what_they_hold() {
    for (name, found) in [
        ("openssl/certificate.pem", "CERTIFICATE"),
        ("openssl/p256.pub", "PUBLIC KEY"),
        ("openssl/openssh.pem", "OPENSSH PRIVATE KEY"),
    ] {
        let found = found.to_owned();
        assert_eq!(
            PrivateKey::import(&key_file(name), None).expect_err(name),
            ImportError::UnknownPemType { found }
        );
    }
    assert_eq!(
        PrivateKey::import(&key_file("cosign/p256.key"), None).expect_err("sealed"),
        ImportError::AlreadySealed {
            label: "ENCRYPTED SIGSTORE PRIVATE KEY".to_owned()
        }
    );
}

#[test]
fn files_that_are_empty_oversized_or_no_pem_are_refused() {
    let refusal = |text: &[u8]| PrivateKey::import(text, None).expect_err("no key");
    assert_eq!(refusal(b""), ImportError::Empty);
    assert_eq!(refusal(b"\n"), ImportError::Pem(PemError::NotPem));
    let found = KEY_FILE_LIMIT + 1;
    assert_eq!(
        refusal(&vec![b'-'; found]),
        ImportError::Oversized {
            limit: KEY_FILE_LIMIT,
            found
        }
    );
}

#[test]
fn key_whose_public_half_is_another_is_refused() {
    let text = String::from_utf8(key_file("openssl/pkcs1-rsa2048.pem")).unwrap();
    // A few base64 digits in the middle of the modulus.
    let (start, rest) = text.split_at_checked(200).unwrap();
    let (digits, end) = rest.split_at_checked(4).unwrap();
    let other = if digits == "AAAA" { "BBBB" } else { "AAAA" };
    let changed = format!("{start}{other}{end}");
    assert_eq!(
        PrivateKey::import(changed.as_bytes(), None).expect_err("changed"),
        ImportError::Key(PrivateKeyError::Rejected {
            algorithm: PublicKeyAlgorithm::Rsa { bits: 2048 }
        })
    );
}
