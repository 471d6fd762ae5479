//! Whose timestamps are believed, and of when.

use aws_lc_rs::rsa::KeyPair;
use aws_lc_rs::signature::{RSA_PSS_SHA256, RSA_PSS_SHA512};
use countersign_core::certificate::path::{PathError, Purpose};
use countersign_core::key::{KeyAlgorithm, SignatureDigest};
use countersign_core::timestamp::{
    CERTIFICATES, Refusal, TimestampError, TimestampRequest, TimestampToken, count_authorities,
};
use countersign_core::trust::{Authority, Validity};
use jiff::{SignedDuration, Timestamp};

use super::builder::{
    CODE_SIGNING, DIGITAL_SIGNATURE, Party, extended_key_usage, identifier, key_usage, object, sequence, tlv,
};
use super::refusal;
use super::stamper::{MESSAGE, SHA256, SHA512, Stamper, TIME, key, party, with_digest};

fn time() -> Timestamp {
    TIME.parse().unwrap()
}

fn with_null(oid: &str) -> Vec<u8> {
    sequence(&[object(oid), tlv(5, &[])])
}

#[test]
fn signatures_of_every_scheme_are_believed() {
    let rsa = || party(key(include_bytes!("../data/keys/openssl/pkcs8-rsa2048.pem")));
    let sha512 = SignatureDigest::Sha512;
    for (party, algorithm) in [
        (Party::new("stamper"), identifier("1.2.840.10045.4.3.2")),
        (Party::new("stamper"), identifier("1.2.840.10045.2.1")),
        (
            with_digest(KeyAlgorithm::EcdsaP384, SignatureDigest::Sha384),
            identifier("1.2.840.10045.4.3.3"),
        ),
        (
            with_digest(KeyAlgorithm::EcdsaP521, sha512),
            identifier("1.2.840.10045.4.3.4"),
        ),
        (
            Party::with_key("stamper", KeyAlgorithm::Ed25519),
            identifier("1.3.101.112"),
        ),
        (rsa(), with_null("1.2.840.113549.1.1.11")),
        (rsa(), with_null("1.2.840.113549.1.1.1")),
        (rsa().with_digest(sha512), with_null("1.2.840.113549.1.1.13")),
    ] {
        let stamper = Stamper::of(party);
        let mut draft = stamper.draft();
        draft.algorithm.clone_from(&algorithm);
        let proven = stamper.judge(&draft);
        assert_eq!(proven.map(|proven| proven.time()), Ok(time()), "{algorithm:02x?}");
    }
}

#[test]
fn signatures_of_rsassa_pss_are_believed() {
    let stamper = Stamper::of(party(key(include_bytes!("../data/keys/openssl/pkcs8-rsa2048.pem"))));
    let pair = pair();
    for (oid, salt, encoding) in [(SHA256, 32, &RSA_PSS_SHA256), (SHA512, 64, &RSA_PSS_SHA512)] {
        let mut draft = stamper.draft();
        draft.algorithm = pss(oid, salt);
        let sign = |bytes: &[u8]| {
            let mut signature = vec![0; pair.public_modulus_len()];
            let random = aws_lc_rs::rand::SystemRandom::new();
            pair.sign(encoding, &random, bytes, &mut signature).unwrap();
            signature
        };
        let token = TimestampToken::new(draft.der(sign));
        let proven = token.verify(MESSAGE, &[stamper.authority()]);
        assert_eq!(proven.map(|proven| proven.time()), Ok(time()), "{oid}");
    }
}

/// The key of the file as AWS-LC has it, which signs by RSASSA-PSS too.
fn pair() -> KeyPair {
    use base64::Engine;
    let lines = include_str!("../data/keys/openssl/pkcs8-rsa2048.pem").lines();
    let body: String = lines.filter(|line| !line.starts_with('-')).collect();
    let der = base64::engine::general_purpose::STANDARD.decode(body).unwrap();
    KeyPair::from_pkcs8(&der).unwrap()
}

/// RSASSA-PSS with one hash throughout.
fn pss(hash: &str, salt: u8) -> Vec<u8> {
    let mask = sequence(&[object("1.2.840.113549.1.1.8"), with_null(hash)]);
    let parameters = sequence(&[
        tlv(0xa0, &with_null(hash)),
        tlv(0xa1, &mask),
        tlv(0xa2, &tlv(2, &[salt])),
    ]);
    sequence(&[object("1.2.840.113549.1.1.10"), parameters])
}

#[test]
fn a_signature_by_another_key_is_refused() {
    let stamper = Stamper::new();
    let other = Stamper::new();
    let token = other.stamp(&stamper.draft());
    assert_eq!(
        refusal(token.verify(MESSAGE, &[stamper.authority()])),
        Refusal::Signature
    );
}

#[test]
fn a_signature_by_another_scheme_than_it_says_is_refused() {
    let stamper = Stamper::new();
    for oid in ["1.2.840.10045.4.3.4", "1.3.101.112"] {
        let mut draft = stamper.draft();
        draft.algorithm = identifier(oid);
        assert_eq!(refusal(stamper.judge(&draft)), Refusal::Signature, "{oid}");
    }
}

#[test]
fn the_signers_name_and_the_certificates_must_be_the_same() {
    let stamper = Stamper::new();
    let issuer = stamper.issuer.issuer().as_der().to_vec();
    for name in [
        sequence(&[issuer, tlv(2, &[8])]),
        sequence(&[stamper.party.name.clone(), tlv(2, stamper.certificate.serial())]),
    ] {
        let mut draft = stamper.draft();
        draft.signer_name = name;
        assert_eq!(refusal(stamper.judge(&draft)), Refusal::NoCertificate);
    }
}

#[test]
fn a_signer_named_by_its_key_is_known_by_the_hash_of_its_certificate() {
    let stamper = Stamper::new();
    let mut draft = stamper.draft();
    draft.signer_name = tlv(0x80, &[7; 20]);
    assert!(stamper.judge(&draft).is_ok());
}

#[test]
fn another_certificate_of_the_same_key_and_name_is_not_the_signers() {
    let stamper = Stamper::new();
    let draft = stamper.party.stamping().valid("250101000000Z", "270101000000Z");
    let other = stamper.root.sign(&draft);
    let authority = Authority::new(
        "https://tsa.example".to_owned(),
        vec![other, stamper.issuer.clone()],
        Validity::ALWAYS,
    );
    let mut draft = stamper.draft();
    let token = stamper.stamp(&draft);
    assert_eq!(
        refusal(token.verify(MESSAGE, std::slice::from_ref(&authority))),
        Refusal::OtherCertificate
    );
    draft.certificates.clear();
    let token = stamper.stamp(&draft);
    assert_eq!(refusal(token.verify(MESSAGE, &[authority])), Refusal::NoCertificate);
}

#[test]
fn an_authority_known_by_its_root_alone_stamps_with_what_the_root_issued() {
    let stamper = Stamper::new();
    let root = Authority::new("root".to_owned(), vec![stamper.issuer.clone()], Validity::ALWAYS);
    let token = stamper.stamp(&stamper.draft());
    assert_eq!(
        token.verify(MESSAGE, std::slice::from_ref(&root)).unwrap().authority(),
        "root"
    );
    // the signer's own is found where others come before it
    let mut draft = stamper.draft();
    let others = vec![stamper.issuer.as_der().to_vec(); CERTIFICATES - 1];
    draft.certificates.splice(0..0, others);
    assert!(stamper.stamp(&draft).verify(MESSAGE, &[root]).is_ok());
}

#[test]
fn certificates_on_the_way_are_the_authoritys_or_come_with_the_timestamp() {
    let mut stamper = Stamper::new();
    let middle = Party::new("middle");
    let intermediate = stamper.root.sign(&middle.authority());
    stamper.certificate = middle.sign(&stamper.party.stamping());
    let mut draft = stamper.draft();
    let root = [Authority::new(
        "root".to_owned(),
        vec![stamper.issuer.clone()],
        Validity::ALWAYS,
    )];
    let Refusal::Path(error) = refusal(stamper.stamp(&draft).verify(MESSAGE, &root)) else {
        panic!("a certificate without its issuer is believed")
    };
    assert!(matches!(*error, PathError::UnknownIssuer { .. }), "{error:?}");
    let issuers = vec![intermediate.clone(), stamper.issuer.clone()];
    let issuers = [Authority::new("issuers".to_owned(), issuers, Validity::ALWAYS)];
    assert!(stamper.stamp(&draft).verify(MESSAGE, &issuers).is_ok());
    draft.certificates.push(intermediate.as_der().to_vec());
    assert!(stamper.stamp(&draft).verify(MESSAGE, &root).is_ok());
}

#[test]
fn a_certificate_for_another_purpose_is_refused() {
    let party = Party::new("stamper");
    let draft = party
        .draft()
        .with(key_usage(DIGITAL_SIGNATURE))
        .with(extended_key_usage(true, &[CODE_SIGNING]));
    let stamper = Stamper::certified(party, &draft);
    assert_eq!(
        refusal(stamper.judge(&stamper.draft())),
        Refusal::Path(Box::new(PathError::LeafPurpose {
            expected: Purpose::TimeStamping
        }))
    );
}

#[test]
fn a_certificate_that_is_not_valid_then_is_refused() {
    let party = Party::new("stamper");
    let draft = party.stamping().valid("260101000000Z", "260601115959Z");
    let stamper = Stamper::certified(party, &draft);
    let Refusal::Path(error) = refusal(stamper.judge(&stamper.draft())) else {
        panic!("a certificate that had ended is believed")
    };
    assert!(matches!(*error, PathError::LeafOutsideValidity { at, .. } if at == time()));
}

#[test]
fn an_authority_is_believed_from_its_first_to_its_last_moment() {
    let stamper = Stamper::new();
    let token = stamper.stamp(&stamper.draft());
    let second = SignedDuration::from_secs(1);
    let judge = |validity| {
        let authority = stamper.authority();
        let authority = Authority::new(authority.uri().to_owned(), authority.chain().to_vec(), validity);
        token.verify(MESSAGE, &[authority])
    };
    assert!(judge(Validity::new(Some(time()), Some(time()))).is_ok());
    for validity in [
        Validity::new(Some(time() + second), None),
        Validity::new(None, Some(time() - second)),
    ] {
        assert_eq!(
            refusal(judge(validity)),
            Refusal::OutsideValidity { validity, at: time() }
        );
    }
}

#[test]
fn a_timestamp_of_no_trusted_authority_is_refused_with_all_that_were_tried() {
    let stamper = Stamper::new();
    let token = stamper.stamp(&stamper.draft());
    let others: Vec<_> = ["https://a.example", "https://b.example"]
        .into_iter()
        .map(|uri| {
            Authority::new(
                uri.to_owned(),
                Stamper::new().authority().chain().to_vec(),
                Validity::ALWAYS,
            )
        })
        .collect();
    assert_eq!(
        token.verify(MESSAGE, &others).unwrap_err().to_string(),
        "timestamp is of no trusted authority: \
         \"https://a.example\": another certificate signed than the authority's; \
         \"https://b.example\": another certificate signed than the authority's"
    );
    assert_eq!(
        token.verify(MESSAGE, &[]).unwrap_err().to_string(),
        "timestamp is of no trusted authority: none is trusted"
    );
    let with_own: Vec<_> = others.into_iter().chain([stamper.authority()]).collect();
    assert_eq!(
        token.verify(MESSAGE, &with_own).unwrap().authority(),
        "https://tsa.example"
    );
}

#[test]
fn of_several_timestamps_each_operator_address_or_root_counts_once() {
    let proven = |stamper: &Stamper, uri: &str, operator: Option<&str>| {
        let chain = stamper.authority().chain().to_vec();
        let authority = Authority::new(uri.to_owned(), chain, Validity::ALWAYS).run_by(operator.map(str::to_owned));
        stamper.stamp(&stamper.draft()).verify(MESSAGE, &[authority]).unwrap()
    };
    let (one, other) = (Stamper::new(), Stamper::new());
    let count = |times: [(&Stamper, &str, Option<&str>); 2]| {
        count_authorities(&times.map(|(stamper, uri, operator)| proven(stamper, uri, operator)))
    };
    assert_eq!(count([(&one, "a", None), (&one, "a", None)]), 1);
    assert_eq!(count([(&one, "a", None), (&other, "a", None)]), 1);
    assert_eq!(count([(&one, "a", None), (&other, "b", None)]), 2);
    assert_eq!(count([(&one, "a", Some("x")), (&other, "b", Some("x"))]), 1);
    assert_eq!(count([(&one, "a", Some("x")), (&one, "a", Some("y"))]), 2);
    assert_eq!(count([(&one, "", None), (&one, "", None)]), 1);
    assert_eq!(count([(&one, "", None), (&other, "", None)]), 2);
    assert_eq!(count_authorities(&[]), 0);
}

#[test]
fn a_request_has_the_hash_and_the_nonce_and_asks_for_certificates() {
    let request = TimestampRequest::new(b"hello", SignatureDigest::Sha256, [0x80; 16]);
    assert_eq!(
        hex::encode(request.as_der()),
        [
            "304a",
            "020101",
            "302f300b0609608648016503040201",
            "04202cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824",
            "02110080808080808080808080808080808080",
            "0101ff"
        ]
        .concat()
    );
}

#[test]
fn an_answer_to_another_request_is_refused() {
    let stamper = Stamper::new();
    let request = TimestampRequest::new(MESSAGE, SignatureDigest::Sha256, [0x80; 16]);
    let answer = |nonce: &[u8]| {
        let draft = stamper.draft().with_info(|info| info.push(tlv(2, nonce)));
        request.check_answer(&stamper.stamp(&draft))
    };
    assert_eq!(answer(&[&[0_u8][..], &[0x80; 16]].concat()), Ok(()));
    assert_eq!(
        answer(&[1]),
        Err(TimestampError::Nonce {
            expected: format!("00{}", "80".repeat(16)),
            found: "01".to_owned()
        })
    );
    assert_eq!(
        request.check_answer(&stamper.stamp(&stamper.draft())),
        Err(TimestampError::Nonce {
            expected: format!("00{}", "80".repeat(16)),
            found: String::new()
        })
    );
}
