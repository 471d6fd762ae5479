use super::*;

#[test]
fn algorithm_names_are_read_back() {
    for algorithm in KeyAlgorithm::ALL {
        assert_eq!(algorithm.name().parse(), Ok(algorithm));
        assert_eq!(PublicKeyAlgorithm::from(algorithm).to_string(), algorithm.name());
    }
}

#[test]
fn unknown_algorithm_is_refused() {
    let found = "ecdsa-p224".to_owned();
    assert_eq!("ecdsa-p224".parse::<KeyAlgorithm>(), Err(UnknownKeyAlgorithm { found }));
}

#[test]
fn digest_names_are_read_back() {
    for digest in [
        SignatureDigest::Sha256,
        SignatureDigest::Sha384,
        SignatureDigest::Sha512,
    ] {
        assert_eq!(digest.name().parse(), Ok(digest));
    }
}

#[test]
fn sha224_is_refused_as_a_signature_digest() {
    let found = "sha224".to_owned();
    assert_eq!(
        "sha224".parse::<SignatureDigest>(),
        Err(UnknownSignatureDigest { found })
    );
}

#[test]
fn signature_is_read_from_base64_with_line_ends() {
    assert_eq!(
        Signature::from_base64("AAEC\r\nAw==\n"),
        Ok(Signature::new(vec![0, 1, 2, 3]))
    );
    assert_eq!(Signature::new(vec![0, 1, 2, 3]).to_base64(), "AAECAw==");
}

#[test]
fn signature_that_is_empty_oversized_or_no_base64_is_refused() {
    assert_eq!(Signature::from_base64("\n"), Err(SignatureError::Empty));
    assert_eq!(
        Signature::from_base64(&"A".repeat(20_000)),
        Err(SignatureError::Oversized {
            limit: 16_384,
            found: 20_000
        })
    );
    let source = base64::DecodeError::InvalidByte(2, b'*');
    assert_eq!(
        Signature::from_base64("AA*="),
        Err(SignatureError::NotBase64 { source })
    );
}
