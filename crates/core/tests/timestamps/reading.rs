//! What a timestamp holds must be what a timestamp holds.

use std::time::Duration;

use countersign_core::certificate::{AlgorithmError, CertificateError};
use countersign_core::key::SignatureDigest;
use countersign_core::timestamp::{CERTIFICATES, LIMIT, Refusal, TimestampError, TimestampToken};

use super::builder::{generalized_time, identifier, object, sequence, tlv};
use super::refusal;
use super::stamper::{
    CONTENT_TYPE, Draft, MESSAGE, MESSAGE_DIGEST, SHA1, SHA384, SIGNING_CERTIFICATE, SIGNING_CERTIFICATE_V2, Stamper,
    TIME, id, id_of,
};

fn error(change: impl FnOnce(&mut Draft)) -> TimestampError {
    let stamper = Stamper::new();
    let mut draft = stamper.draft();
    change(&mut draft);
    stamper.judge(&draft).unwrap_err()
}

/// Judges a timestamp with this change to its information.
fn with_info(change: impl FnOnce(&mut Vec<Vec<u8>>)) -> Result<(String, Option<Duration>), TimestampError> {
    let stamper = Stamper::new();
    let proven = stamper.judge(&stamper.draft().with_info(change))?;
    Ok((proven.time().to_string(), proven.accuracy()))
}

fn malformed_part(error: TimestampError) -> &'static str {
    match error {
        TimestampError::Malformed { part, .. } => part,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_response_and_a_bare_token_are_read() {
    let stamper = Stamper::new();
    let mut draft = stamper.draft();
    assert_eq!(stamper.judge(&draft).unwrap().time().to_string(), TIME);
    draft.status = None;
    assert_eq!(stamper.judge(&draft).unwrap().time().to_string(), TIME);
}

#[test]
fn granted_with_modifications_is_granted() {
    let stamper = Stamper::new();
    let mut draft = stamper.draft();
    draft.status = Some(sequence(&[tlv(2, &[1])]));
    assert!(stamper.judge(&draft).is_ok());
}

#[test]
fn what_is_not_granted_is_refused_with_what_the_authority_says() {
    for (status, texts, text) in [
        (2, sequence(&[tlv(0x0c, b"not today")]), Some("not today".into())),
        (3, Vec::new(), None),
    ] {
        let status_info = sequence(&[tlv(2, &[status]), texts]);
        assert_eq!(
            error(|draft| draft.status = Some(status_info)),
            TimestampError::NotGranted {
                status: status.into(),
                text
            }
        );
    }
}

#[test]
fn a_rejection_without_a_token_is_told_as_one() {
    let answer = sequence(&[sequence(&[tlv(2, &[2])])]);
    assert_eq!(
        TimestampToken::new(answer).verify(MESSAGE, &[]),
        Err(TimestampError::NotGranted { status: 2, text: None })
    );
}

#[test]
fn exactly_one_signer_is_accepted() {
    for signers in [0, 2] {
        assert_eq!(
            error(|draft| draft.signers = signers),
            TimestampError::Signers { found: signers }
        );
    }
}

#[test]
fn other_content_is_refused() {
    for change in [
        (|draft: &mut Draft| draft.outer_type = "1.2.3") as fn(&mut Draft),
        |draft| draft.content_type = "1.2.3",
        |draft| draft.attributes[0].1 = vec![object("1.2.3")],
    ] {
        let error = error(change);
        assert!(
            matches!(&error, TimestampError::ContentType { found, .. } if found.as_str() == "1.2.3"),
            "{error:?}"
        );
    }
}

#[test]
fn each_needed_attribute_is_there_once() {
    let stamper = Stamper::new();
    for (kind, attribute) in [
        (CONTENT_TYPE, "contentType"),
        (MESSAGE_DIGEST, "messageDigest"),
        (SIGNING_CERTIFICATE_V2, "signingCertificateV2"),
    ] {
        let judged = |draft: &Draft| stamper.judge(draft).unwrap_err();
        let value = stamper.draft().attributes.into_iter().find(|(found, _)| *found == kind);
        let value = value.unwrap().1.remove(0);
        let without = judged(&stamper.draft().attribute(kind, Vec::new()));
        assert_eq!(without, TimestampError::Attribute { attribute, found: 0 });
        let twice = judged(&stamper.draft().attribute(kind, vec![value.clone(), value.clone()]));
        assert_eq!(twice, TimestampError::Attribute { attribute, found: 2 });
        let mut apart = stamper.draft();
        apart.attributes.push((kind, vec![value]));
        assert_eq!(judged(&apart), TimestampError::Attribute { attribute, found: 2 });
    }
}

#[test]
fn a_signature_over_other_content_is_refused() {
    let stamper = Stamper::new();
    let draft = stamper.draft().attribute(MESSAGE_DIGEST, vec![tlv(4, &[7; 32])]);
    assert!(matches!(
        stamper.judge(&draft),
        Err(TimestampError::ContentDigest { digest: SignatureDigest::Sha256, expected, .. })
            if expected == "07".repeat(32)
    ));
}

#[test]
fn a_timestamp_of_another_message_is_refused() {
    let result = with_info(|info| info[2] = sequence(&[identifier(super::stamper::SHA256), tlv(4, &[7; 32])]));
    assert!(matches!(result, Err(TimestampError::Imprint { found, .. }) if found == "07".repeat(32)));
}

#[test]
fn an_imprint_by_another_digest_than_it_says_is_refused() {
    let result = with_info(|info| info[2] = sequence(&[identifier(SHA384), info[2][15..].to_vec()]));
    assert!(matches!(
        result,
        Err(TimestampError::Imprint {
            digest: SignatureDigest::Sha384,
            ..
        })
    ));
}

#[test]
fn digests_that_are_too_weak_are_refused() {
    let imprint = with_info(|info| info[2] = sequence(&[identifier(SHA1), tlv(4, &[7; 20])]));
    assert_eq!(
        imprint.unwrap_err().to_string(),
        r#"timestamp's hash of the message is by "1.3.14.3.2.26", expected SHA-256, SHA-384 or SHA-512"#
    );
    assert!(matches!(
        error(|draft| draft.digest = identifier(SHA1)),
        TimestampError::UnknownDigest { purpose: "hash of the content", found } if found.as_str() == SHA1
    ));
    let stamper = Stamper::new();
    let id = id(&[identifier(SHA1), tlv(4, &[7; 20])]);
    let result = stamper.judge(&stamper.draft().attribute(SIGNING_CERTIFICATE_V2, vec![id]));
    assert!(matches!(
        result,
        Err(TimestampError::UnknownDigest { purpose: "hash of the certificate", found }) if found.as_str() == SHA1
    ));
}

#[test]
fn an_unknown_signature_algorithm_is_refused() {
    assert!(matches!(
        error(|draft| draft.algorithm = identifier("1.2.3")),
        TimestampError::SignatureAlgorithm { source: AlgorithmError::Unknown { found } } if found.as_str() == "1.2.3"
    ));
}

#[test]
fn another_version_is_refused() {
    let result = with_info(|info| info[0] = tlv(2, &[2]));
    assert_eq!(result, Err(TimestampError::Version { found: 2 }));
}

#[test]
fn critical_extensions_are_refused_and_others_are_not() {
    let extension = |critical: Vec<u8>| {
        let extension = sequence(&[object("1.2.3"), critical, tlv(4, &[])]);
        with_info(|info| info.push(tlv(0xa1, &extension)))
    };
    assert_eq!(
        extension(tlv(1, &[0xff])),
        Err(TimestampError::UnknownCritical { found: "1.2.3".into() })
    );
    assert!(extension(Vec::new()).is_ok());
    assert!(extension(tlv(1, &[0])).is_ok());
}

#[test]
fn every_optional_field_is_read_over() {
    let result = with_info(|info| {
        info.push(sequence(&[tlv(2, &[1]), tlv(0x80, &[2]), tlv(0x81, &[3, 0xe7])]));
        info.push(tlv(1, &[0xff]));
        info.push(tlv(2, &[0x7f; 20]));
        info.push(tlv(0xa0, &tlv(0x86, b"https://tsa.example")));
    });
    let accuracy = Duration::new(1, 2_999_000);
    assert_eq!(result, Ok((TIME.to_owned(), Some(accuracy))));
}

#[test]
fn an_accuracy_that_is_none_is_refused() {
    for accuracy in [
        tlv(0x80, &[3, 0xe8]),
        tlv(0x80, &[0xff]),
        tlv(0x80, &[0, 1]),
        tlv(0x80, &[]),
        tlv(0x81, &[1, 0, 0]),
        tlv(2, &[0xff]),
        tlv(4, &[]),
    ] {
        let result = with_info(|info| info.push(sequence(&[accuracy])));
        assert_eq!(malformed_part(result.unwrap_err()), "accuracy");
    }
}

#[test]
fn times_may_have_fractions_of_a_second() {
    for (written, time) in [
        ("20260601120000.5Z", "2026-06-01T12:00:00.5Z"),
        ("20260601120000.123456789Z", "2026-06-01T12:00:00.123456789Z"),
        ("20260601120000.001Z", "2026-06-01T12:00:00.001Z"),
    ] {
        let result = with_info(|info| info[4] = generalized_time(written));
        assert_eq!(result.unwrap().0, time, "{written}");
    }
}

#[test]
fn times_that_are_none_are_refused() {
    for written in [
        "20260601120000",
        "20260601120000.Z",
        "20260601120000.50Z",
        "20260601120000.1234567891Z",
        "20260601120000.5",
        "20260601120000.aZ",
        "20260601120000+0100",
        "20260601120000,5Z",
        "202606011200Z",
        "20261301120000Z",
        "99991231235959Z",
        "",
    ] {
        let result = with_info(|info| info[4] = generalized_time(written));
        assert_eq!(malformed_part(result.unwrap_err()), "genTime", "{written}");
    }
    let result = with_info(|info| info[4] = tlv(0x17, b"260601120000Z"));
    assert_eq!(malformed_part(result.unwrap_err()), "genTime");
}

#[test]
fn bytes_that_follow_are_refused() {
    let stamper = Stamper::new();
    let mut der = stamper.stamp(&stamper.draft()).as_der().to_vec();
    der.push(0);
    let result = TimestampToken::new(der).verify(MESSAGE, &[stamper.authority()]);
    assert_eq!(malformed_part(result.unwrap_err()), "response");
    let result = with_info(|info| info.push(tlv(4, &[])));
    assert_eq!(malformed_part(result.unwrap_err()), "TSTInfo");
}

#[test]
fn lengths_without_an_end_are_refused() {
    let stamper = Stamper::new();
    let der = stamper.stamp(&stamper.draft()).as_der().to_vec();
    let indefinite = [&[0x30, 0x80], der.get(4..).unwrap(), &[0, 0]].concat();
    let result = TimestampToken::new(indefinite).verify(MESSAGE, &[stamper.authority()]);
    assert_eq!(malformed_part(result.unwrap_err()), "response");
}

#[test]
fn a_timestamp_over_the_limit_is_refused() {
    assert_eq!(
        TimestampToken::new(vec![0x30; LIMIT + 1]).verify(MESSAGE, &[]),
        Err(TimestampError::TooLong {
            limit: LIMIT,
            found: LIMIT + 1
        })
    );
}

#[test]
fn certificates_over_the_limit_are_refused() {
    assert_eq!(
        error(|draft| draft.certificates = vec![draft.certificates[0].clone(); CERTIFICATES + 1]),
        TimestampError::TooManyCertificates {
            limit: CERTIFICATES,
            found: CERTIFICATES + 1
        }
    );
}

#[test]
fn a_certificate_that_cannot_be_read_is_refused() {
    assert!(matches!(
        error(|draft| draft.certificates.push(sequence(&[]))),
        TimestampError::Certificate {
            source: CertificateError::Malformed { .. }
        }
    ));
}

#[test]
fn what_is_no_x509_certificate_is_passed_over() {
    let stamper = Stamper::new();
    let mut draft = stamper.draft();
    draft.certificates.push(tlv(0xa3, &[]));
    assert!(stamper.judge(&draft).is_ok());
}

#[test]
fn ids_of_the_certificate_by_sha1_and_by_any_digest_all_count() {
    let stamper = Stamper::new();
    let der = stamper.certificate.as_der();
    let sha1 = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA1_FOR_LEGACY_USE_ONLY, der);
    let sha384 = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA384, der);
    let first = id(&[tlv(4, sha1.as_ref())]);
    let second = id(&[identifier(SHA384), tlv(4, sha384.as_ref())]);
    let draft = || stamper.draft().attribute(SIGNING_CERTIFICATE_V2, vec![second.clone()]);
    assert!(stamper.judge(&draft()).is_ok());
    assert!(
        stamper
            .judge(&draft().attribute(SIGNING_CERTIFICATE, vec![first.clone()]))
            .is_ok()
    );
    let alone = stamper.draft().attribute(SIGNING_CERTIFICATE_V2, Vec::new());
    assert!(
        stamper
            .judge(&alone.attribute(SIGNING_CERTIFICATE, vec![first.clone()]))
            .is_ok()
    );
    let other = id(&[tlv(4, &[7; 20])]);
    let result = stamper.judge(&draft().attribute(SIGNING_CERTIFICATE, vec![other]));
    assert_eq!(refusal(result), Refusal::NoCertificate);
    let wrong = id_of(&stamper.issuer);
    let draft = draft()
        .attribute(SIGNING_CERTIFICATE, vec![first])
        .attribute(SIGNING_CERTIFICATE_V2, vec![wrong]);
    assert_eq!(refusal(stamper.judge(&draft)), Refusal::NoCertificate);
}
