use proptest::prelude::*;

use super::super::tests::key;
use super::*;
use crate::bundle::Bundle;
use crate::envelope::Envelope;
use crate::go_json::encode_bytes;
use crate::key::{KeyAlgorithm, PrivateKey, PublicKeyAlgorithm};
use crate::message::{Bytes, Needs};
use crate::trust::ServiceKeyError;

const SIGNATURE: &[u8] = b"signature";
const PAYLOAD: &[u8] = b"payload";
const LEAF: &str = include_str!("../../../tests/data/certificates/sigstore-python/bogus-leaf.pem");
const ISSUER: &str = include_str!("../../../tests/data/certificates/sigstore-python/bogus-intermediate.pem");

/// A signature over a message, by a key.
struct Case {
    key: PrivateKey,
    content: Content,
    message: Message,
}

impl Case {
    fn of_message(algorithm: KeyAlgorithm) -> Self {
        let bundle = Bundle::of_signature(Signature::new(SIGNATURE.to_vec()));
        let digests = [SignatureDigest::Sha384, SignatureDigest::Sha512];
        Self {
            key: key(algorithm),
            content: bundle.content().clone(),
            message: Message::of(PAYLOAD, &Needs::new(&digests, Bytes::Dropped)),
        }
    }

    fn with(self, content: Content) -> Self {
        Self { content, ..self }
    }

    fn of_simple_signing() -> Self {
        let bundle = Bundle::legacy(PAYLOAD.to_vec(), Signature::new(SIGNATURE.to_vec()));
        Self::of_message(KeyAlgorithm::EcdsaP256).with(bundle.content().clone())
    }

    /// An envelope, read from its JSON as layers are.
    fn of_envelope() -> Self {
        let json = envelope_json("type");
        let bundle = Bundle::from_legacy_attestation(json.as_bytes(), &std::collections::BTreeMap::new()).unwrap();
        Self::of_message(KeyAlgorithm::EcdsaP256).with(bundle.content().clone())
    }

    fn logged(&self) -> Logged<'_> {
        Logged::new(&self.content, &self.message, Verifier::Key(self.key.public_key()))
    }

    fn check(&self, kind: &str, version: &str, spec: &str) -> Result<(), BodyError> {
        parse(kind, version, spec)?.check_about(&self.logged())
    }

    fn pem(&self) -> String {
        encode_bytes(self.key.public_key().to_pem().as_bytes())
    }

    fn hashedrekord(&self, algorithm: &str, hash: &[u8], signature: &[u8]) -> String {
        format!(
            r#"{{"data":{{"hash":{{"algorithm":"{algorithm}","value":"{}"}}}},"signature":{{"content":"{}","publicKey":{{"content":"{}"}}}}}}"#,
            hex::encode(hash),
            encode_bytes(signature),
            self.pem(),
        )
    }

    fn dsse(&self, hash: &[u8], signature: &[u8]) -> String {
        format!(
            r#"{{"envelopeHash":{{"algorithm":"sha256","value":"00"}},"payloadHash":{{"algorithm":"sha256","value":"{}"}},"signatures":[{{"signature":"{}","verifier":"{}"}}]}}"#,
            hex::encode(hash),
            encode_bytes(signature),
            self.pem(),
        )
    }

    fn intoto_1(&self, hash: &[u8]) -> String {
        format!(
            r#"{{"content":{{"hash":{{"algorithm":"sha256","value":"{}"}}}},"publicKey":"{}"}}"#,
            hex::encode(hash),
            self.pem(),
        )
    }

    fn intoto_2(&self, payload_type: &str, hash: &[u8], signature: &[u8]) -> String {
        format!(
            r#"{{"content":{{"envelope":{{"payloadType":"{payload_type}","signatures":[{{"publicKey":"{}","sig":"{}"}}]}},"hash":{{"algorithm":"sha256","value":"00"}},"payloadHash":{{"algorithm":"sha256","value":"{}"}}}}}}"#,
            self.pem(),
            encode_bytes(encode_bytes(signature).as_bytes()),
            hex::encode(hash),
        )
    }

    fn rekor_2(&self, algorithm: &str, hash: &[u8], details: &str) -> String {
        self.rekor_2_of(
            algorithm,
            hash,
            &format!(
                r#""keyDetails":"{details}","publicKey":{{"rawBytes":"{}"}}"#,
                encode_bytes(self.key.public_key().as_der()),
            ),
        )
    }

    fn rekor_2_of(&self, algorithm: &str, hash: &[u8], verifier: &str) -> String {
        format!(
            r#"{{"hashedRekordV002":{{"data":{{"algorithm":"{algorithm}","digest":"{}"}},"signature":{{"content":"{}","verifier":{{{verifier}}}}}}}}}"#,
            encode_bytes(hash),
            encode_bytes(SIGNATURE),
        )
    }
}

fn envelope_json(payload_type: &str) -> String {
    format!(
        r#"{{"payloadType":"{payload_type}","payload":"{}","signatures":[{{"keyid":"","sig":"{}"}}]}}"#,
        encode_bytes(PAYLOAD),
        encode_bytes(SIGNATURE)
    )
}

fn kind(name: &str, version: &str) -> EntryKind {
    EntryKind::new(name, version)
}

fn parse(name: &str, version: &str, spec: &str) -> Result<EntryBody, BodyError> {
    let body = format!(r#"{{"apiVersion":"{version}","kind":"{name}","spec":{spec}}}"#);
    EntryBody::parse(&kind(name, version), body.as_bytes())
}

fn sha256(bytes: &[u8]) -> Vec<u8> {
    hash(SignatureDigest::Sha256, bytes)
}

macro_rules! assert_matches {
    ($value:expr, $pattern:pat $(if $guard:expr)?) => {
        match $value {
            $pattern $(if $guard)? => {}
            other => panic!("{other:?} is not {}", stringify!($pattern)),
        }
    };
}

#[test]
fn a_hashedrekord_is_about_a_message_or_a_simple_signing_payload() {
    for case in [Case::of_message(KeyAlgorithm::EcdsaP256), Case::of_simple_signing()] {
        for algorithm in ["sha256", "sha384", "sha512"] {
            let right = hash(algorithm.parse().unwrap(), PAYLOAD);
            let body = case.hashedrekord(algorithm, &right, SIGNATURE);
            assert_matches!(case.check("hashedrekord", "0.0.1", &body), Ok(()));
            let wrong = case.hashedrekord(algorithm, &sha256(b"other"), SIGNATURE);
            assert_matches!(
                case.check("hashedrekord", "0.0.1", &wrong),
                Err(BodyError::Hash { algorithm: found, .. }) if found.name() == algorithm
            );
        }
    }
    let case = Case::of_envelope();
    let body = case.hashedrekord("sha256", &sha256(PAYLOAD), SIGNATURE);
    assert_matches!(case.check("hashedrekord", "0.0.1", &body), Err(BodyError::NoEnvelope));
}

#[test]
fn a_hash_of_a_message_that_is_not_known_is_named() {
    let case = Case::of_message(KeyAlgorithm::EcdsaP256);
    let case = Case {
        message: Message::named(Digest::sha256(PAYLOAD)),
        ..case
    };
    let sha512 = SignatureDigest::Sha512;
    let body = case.hashedrekord("sha512", &hash(sha512, PAYLOAD), SIGNATURE);
    assert_matches!(
        case.check("hashedrekord", "0.0.1", &body),
        Err(BodyError::HashUnknown {
            expected: SignatureDigest::Sha512
        })
    );
    assert_eq!(parse("hashedrekord", "0.0.1", &body).unwrap().algorithm(), sha512);
}

#[test]
fn dsse_and_intoto_are_about_the_payload_of_an_envelope() {
    let case = Case::of_envelope();
    for (name, version, body) in [
        ("dsse", "0.0.1", case.dsse(&sha256(PAYLOAD), SIGNATURE)),
        ("intoto", "0.0.2", case.intoto_2("type", &sha256(PAYLOAD), SIGNATURE)),
    ] {
        assert_matches!(case.check(name, version, &body), Ok(()));
    }
    for (name, version, body) in [
        ("dsse", "0.0.1", case.dsse(&sha256(b"other"), SIGNATURE)),
        ("intoto", "0.0.2", case.intoto_2("type", &sha256(b"other"), SIGNATURE)),
    ] {
        assert_matches!(case.check(name, version, &body), Err(BodyError::Hash { .. }));
    }
    assert_matches!(
        case.check("intoto", "0.0.2", &case.intoto_2("other", &sha256(PAYLOAD), SIGNATURE)),
        Err(BodyError::PayloadType { expected, found }) if (expected.as_str(), found.as_str()) == ("type", "other")
    );
}

#[test]
fn what_is_about_an_envelope_is_about_nothing_else() {
    for case in [Case::of_message(KeyAlgorithm::EcdsaP256), Case::of_simple_signing()] {
        for (name, version, body) in [
            ("dsse", "0.0.1", case.dsse(&sha256(PAYLOAD), SIGNATURE)),
            ("intoto", "0.0.1", case.intoto_1(&sha256(PAYLOAD))),
            ("intoto", "0.0.2", case.intoto_2("type", &sha256(PAYLOAD), SIGNATURE)),
        ] {
            assert_matches!(case.check(name, version, &body), Err(BodyError::EnvelopeOnly));
        }
    }
}

#[test]
fn intoto_1_is_about_the_envelope_as_it_was_stored() {
    let case = Case::of_envelope();
    let body = case.intoto_1(&sha256(envelope_json("type").as_bytes()));
    assert_matches!(case.check("intoto", "0.0.1", &body), Ok(()));
    let other = case.intoto_1(&sha256(envelope_json("other").as_bytes()));
    assert_matches!(case.check("intoto", "0.0.1", &other), Err(BodyError::Hash { .. }));
    let sha512 = body.replace("sha256", "sha512");
    assert_matches!(case.check("intoto", "0.0.1", &sha512), Err(BodyError::EnvelopeUnknown));
    let envelope = Envelope::parse(envelope_json("type").as_bytes()).unwrap();
    let bundle = Bundle::assemble(envelope, case.key.public_key()).unwrap();
    let rewritten = case.with(bundle.content().clone());
    assert_matches!(
        rewritten.check("intoto", "0.0.1", &rewritten.intoto_1(&sha256(PAYLOAD))),
        Err(BodyError::EnvelopeUnknown)
    );
}

#[test]
fn rekor_2_hashes_what_is_signed_also_of_an_envelope() {
    for case in [Case::of_message(KeyAlgorithm::EcdsaP256), Case::of_simple_signing()] {
        let body = case.rekor_2("SHA2_256", &sha256(PAYLOAD), "PKIX_ECDSA_P256_SHA_256");
        assert_matches!(case.check("hashedrekord", "0.0.2", &body), Ok(()));
    }
    let case = Case::of_envelope();
    let pae = crate::envelope::pae("type", PAYLOAD);
    let body = case.rekor_2("SHA2_256", &sha256(&pae), "PKIX_ECDSA_P256_SHA_256");
    assert_matches!(case.check("hashedrekord", "0.0.2", &body), Ok(()));
    for other in [&crate::envelope::pae("other", PAYLOAD), PAYLOAD] {
        let body = case.rekor_2("SHA2_256", &sha256(other), "PKIX_ECDSA_P256_SHA_256");
        assert_matches!(case.check("hashedrekord", "0.0.2", &body), Err(BodyError::Hash { .. }));
    }
}

#[test]
fn rekor_2_says_of_the_key_what_it_is_and_what_it_signs() {
    let case = Case::of_message(KeyAlgorithm::EcdsaP256);
    let check = |algorithm, hash: Vec<u8>, details| {
        case.check("hashedrekord", "0.0.2", &case.rekor_2(algorithm, &hash, details))
    };
    let sha512 = || hash(SignatureDigest::Sha512, PAYLOAD);
    assert_matches!(
        check("SHA2_512", sha512(), "PKIX_ECDSA_P256_SHA_256"),
        Err(BodyError::OtherHash {
            found: SignatureDigest::Sha512,
            ..
        })
    );
    assert_matches!(
        check("SHA2_512", sha512(), "PKIX_ECDSA_P521_SHA_512"),
        Err(BodyError::Details(ServiceKeyError::OtherKind { .. }))
    );
    assert_matches!(
        check("SHA2_256", sha256(PAYLOAD), "?"),
        Err(BodyError::Details(ServiceKeyError::UnknownDetails { .. }))
    );
    assert_matches!(
        check("SHA1", sha256(PAYLOAD), "PKIX_ECDSA_P256_SHA_256"),
        Err(BodyError::UnknownHash { found }) if found.as_str() == "SHA1"
    );
    let case = Case::of_message(KeyAlgorithm::Ed25519);
    let of = |details| case.check("hashedrekord", "0.0.2", &case.rekor_2("SHA2_512", &sha512(), details));
    assert_matches!(of("PKIX_ED25519_PH"), Ok(()));
    assert_matches!(of("PKIX_ED25519"), Err(BodyError::OtherHash { .. }));
}

#[test]
fn rekor_2_has_either_a_certificate_or_a_key() {
    let case = Case::of_message(KeyAlgorithm::EcdsaP256);
    let raw = r#"{"rawBytes":"AAEC"}"#;
    for verifier in [
        r#""keyDetails":"x""#.to_owned(),
        format!(r#""keyDetails":"x","publicKey":{raw},"x509Certificate":{raw}"#),
    ] {
        let body = case.rekor_2_of("SHA2_256", b"", &verifier);
        assert_matches!(case.check("hashedrekord", "0.0.2", &body), Err(BodyError::NoVerifier));
    }
}

#[test]
fn another_signature_or_verifier_is_refused() {
    let (case, other) = (Case::of_envelope(), Case::of_envelope());
    let payload = sha256(PAYLOAD);
    for (name, version, forged, foreign) in [
        (
            "dsse",
            "0.0.1",
            case.dsse(&payload, b"x"),
            other.dsse(&payload, SIGNATURE),
        ),
        (
            "intoto",
            "0.0.2",
            case.intoto_2("type", &payload, b"x"),
            other.intoto_2("type", &payload, SIGNATURE),
        ),
    ] {
        assert_matches!(
            case.check(name, version, &forged),
            Err(BodyError::Signature { expected, found })
                if expected.as_bytes() == SIGNATURE && found.as_bytes() == b"x"
        );
        assert_matches!(
            case.check(name, version, &foreign),
            Err(BodyError::Verifier { expected, found })
                if expected == Digest::sha256(case.key.public_key().as_der())
                    && found == Digest::sha256(other.key.public_key().as_der())
        );
    }
    let foreign = other.intoto_1(&sha256(envelope_json("type").as_bytes()));
    assert_matches!(case.check("intoto", "0.0.1", &foreign), Err(BodyError::Verifier { .. }));
}

#[test]
fn another_signature_or_verifier_of_a_message_is_refused() {
    let (case, other) = (
        Case::of_message(KeyAlgorithm::EcdsaP256),
        Case::of_message(KeyAlgorithm::EcdsaP256),
    );
    let forged = case.hashedrekord("sha256", &sha256(PAYLOAD), b"x");
    assert_matches!(
        case.check("hashedrekord", "0.0.1", &forged),
        Err(BodyError::Signature { .. })
    );
    let details = "PKIX_ECDSA_P256_SHA_256";
    for (version, foreign) in [
        ("0.0.1", other.hashedrekord("sha256", &sha256(PAYLOAD), SIGNATURE)),
        ("0.0.2", other.rekor_2("SHA2_256", &sha256(PAYLOAD), details)),
    ] {
        assert_matches!(
            case.check("hashedrekord", version, &foreign),
            Err(BodyError::Verifier { .. })
        );
    }
    let body = case.rekor_2("SHA2_256", &sha256(PAYLOAD), details);
    let forged = body.replace(&encode_bytes(SIGNATURE), "AAEC");
    assert_matches!(
        case.check("hashedrekord", "0.0.2", &forged),
        Err(BodyError::Signature { .. })
    );
}

#[test]
fn a_certificate_is_found_in_pem_before_its_issuers_and_in_der() {
    let case = Case::of_message(KeyAlgorithm::EcdsaP256);
    let certificate = Certificate::from_pem(LEAF.as_bytes()).unwrap();
    let verifier = Verifier::Certificate {
        certificate: &certificate,
        key: case.key.public_key(),
    };
    let logged = Logged::new(&case.content, &case.message, verifier);
    let check = |verifier: &[u8]| {
        let body = case.hashedrekord("sha256", &sha256(PAYLOAD), SIGNATURE);
        let body = body.replace(&case.pem(), &encode_bytes(verifier));
        parse("hashedrekord", "0.0.1", &body)?.check_about(&logged)
    };
    let chain = format!("{LEAF}{ISSUER}");
    for verifier in [
        LEAF.as_bytes(),
        LEAF.trim_end().as_bytes(),
        chain.as_bytes(),
        certificate.as_der(),
    ] {
        assert_matches!(check(verifier), Ok(()));
    }
    let reversed = format!("{ISSUER}{LEAF}");
    let bare = case.key.public_key().to_pem();
    for verifier in [reversed.as_bytes(), bare.as_bytes()] {
        assert_matches!(check(verifier), Err(BodyError::Verifier { .. }));
    }
    assert_matches!(check(b"-----BEGIN X-----"), Err(BodyError::Pem { .. }));
}

#[test]
fn a_body_is_of_the_kind_that_the_entry_says() {
    let case = Case::of_envelope();
    let body = format!(
        r#"{{"apiVersion":"0.0.1","kind":"dsse","spec":{}}}"#,
        case.dsse(b"", b"")
    );
    for (name, version) in [("dsse", "0.0.2"), ("hashedrekord", "0.0.1")] {
        assert_matches!(
            EntryBody::parse(&kind(name, version), body.as_bytes()),
            Err(BodyError::OtherKind { expected, found })
                if expected.as_str() == format!("{name} {version}") && found.as_str() == "dsse 0.0.1"
        );
    }
}

#[test]
fn kinds_that_no_signature_has_are_refused() {
    for (name, version) in [
        ("dsse", "0.0.2"),
        ("hashedrekord", "0.0.3"),
        ("rekord", "0.0.1"),
        ("", ""),
    ] {
        assert_matches!(
            parse(name, version, "{}"),
            Err(BodyError::UnknownKind { found }) if found.as_str() == format!("{name} {version}")
        );
    }
}

#[test]
fn an_entry_with_no_or_two_signatures_is_refused() {
    let case = Case::of_envelope();
    for (name, version, body) in [
        ("dsse", "0.0.1", case.dsse(b"", b"")),
        ("intoto", "0.0.2", case.intoto_2("type", b"", b"")),
    ] {
        let (before, rest) = body.split_once(":[").unwrap();
        let (signature, after) = rest.split_once(']').unwrap();
        for (found, signatures) in [(0, String::new()), (2, format!("{signature},{signature}"))] {
            assert_matches!(
                parse(name, version, &format!("{before}:[{signatures}]{after}")),
                Err(BodyError::SignatureCount { found: count }) if count == found
            );
        }
    }
}

#[test]
fn what_is_malformed_is_refused_with_its_reason() {
    let case = Case::of_message(KeyAlgorithm::EcdsaP256);
    let body = case.hashedrekord("sha256", b"", b"x");
    let refused = |body: &str| parse("hashedrekord", "0.0.1", body).unwrap_err();
    assert_matches!(
        refused("{}"),
        BodyError::Json {
            member: "hashedrekord 0.0.1",
            ..
        }
    );
    assert_matches!(
        refused(&body.replace("sha256", "md5")),
        BodyError::UnknownHash { found } if found.as_str() == "md5"
    );
    assert_matches!(
        refused(&body.replace(r#""value":"""#, r#""value":"0""#)),
        BodyError::Hexadecimal { found } if found.as_str() == "0"
    );
    assert_matches!(
        refused(&body.replace(&encode_bytes(b"x"), "%")),
        BodyError::Base64 {
            member: "signature.content",
            ..
        }
    );
    let of_no_json = EntryBody::parse(&kind("dsse", "0.0.1"), b"[]").unwrap_err();
    assert_matches!(of_no_json, BodyError::Json { member: "body", .. });
    let long = EntryBody::parse(&kind("dsse", "0.0.1"), &vec![b' '; LIMIT + 1]).unwrap_err();
    assert_matches!(long, BodyError::TooLong { limit: LIMIT, found } if found == LIMIT + 1);
}

#[test]
fn what_rekor_2_makes_is_rebuilt_for_every_key_it_takes() {
    for algorithm in KeyAlgorithm::ALL {
        let case = Case::of_message(algorithm);
        let body = case.logged().to_rekor_2().unwrap();
        let parsed = EntryBody::parse(&kind("hashedrekord", "0.0.2"), &body).unwrap();
        assert_matches!(parsed.check_about(&case.logged()), Ok(()));
    }
    let odd = PublicKeyAlgorithm::Rsa { bits: 5120 };
    assert_eq!(scheme_of_rekor_2(odd), None);
}

proptest! {
    #[test]
    fn no_body_panics(
        name in "hashedrekord|dsse|intoto",
        version in "0\\.0\\.[123]",
        spec in r#"\{("[a-z0-9A-Z]{1,16}":(\{\}|\[\]|"[a-z=%]{0,4}"),?){0,3}\}"#,
    ) {
        let _ = parse(&name, &version, &spec);
    }
}
