//! What is no certificate.

use countersign_core::Certificate;
use countersign_core::certificate::{CertificateError, LIMIT};

use super::builder::{
    Draft, FULCIO_USER, Party, alternative_names, assemble, basic_constraints, directory, dns, email, extension,
    generalized_time, identifier, ip, name_constraints, object, other_name, sequence, tlv, uri, utc_time,
};
use super::certificate;

fn part(result: Result<Certificate, CertificateError>) -> &'static str {
    match result {
        Err(CertificateError::Malformed { part, .. }) => part,
        other => panic!("{other:?}"),
    }
}

fn part_of(draft: &Draft) -> &'static str {
    part(Certificate::from_der(&Party::new("issuer").signed(draft)))
}

#[test]
fn malformed_times_are_refused() {
    let signer = Party::new("signer");
    for start in [
        utc_time("260101000000"),
        utc_time("2601010000Z"),
        utc_time("260101000000+0000"),
        utc_time("261301000000Z"),
        utc_time("260101000060Z"),
        utc_time("2601010 0000Z"),
        utc_time("+60101000000Z"),
        generalized_time("260101000000Z"),
        generalized_time("20260101000000.5Z"),
        tlv(0x0c, b"260101000000Z"),
        Vec::new(),
    ] {
        let draft = Draft {
            start,
            ..signer.draft()
        };
        assert_eq!(part_of(&draft), "validity");
    }
}

#[test]
fn malformed_fields_are_refused_by_name() {
    let signer = Party::new("signer");
    let part_with = |change: &dyn Fn(&mut Draft)| {
        let mut draft = signer.draft();
        change(&mut draft);
        part_of(&draft)
    };
    assert_eq!(part_with(&|draft| draft.version = 3), "version");
    for serial in [&[][..], &[0xff], &[0, 1]] {
        assert_eq!(part_with(&|draft| draft.serial = serial.to_vec()), "serial number");
    }
    assert_eq!(part_with(&|draft| draft.algorithm = tlv(4, &[])), "outline");
    for part in [tlv(0x31, &[]), sequence(&[])] {
        assert_eq!(part_with(&|draft| draft.subject = tlv(0x30, &part)), "subject");
    }
    assert_eq!(part_with(&|draft| draft.key_info = tlv(4, &[])), "public key");
    let without_extensions = |draft: &mut Draft| {
        draft.version = 1;
        draft.extensions.push(basic_constraints(true, None));
    };
    assert_eq!(part_with(&without_extensions), "list of extensions");
    let issuer = Party {
        name: sequence(&[object("1.2.3")]),
        ..Party::new("issuer")
    };
    assert_eq!(part(Certificate::from_der(&issuer.signed(&signer.draft()))), "issuer");
}

#[test]
fn malformed_extensions_are_refused_by_name() {
    let signer = Party::new("signer");
    let with = |extension| part_of(&signer.draft().with(extension));
    let value = |oid: &str, value: &[u8]| with(extension(oid, false, value));
    assert_eq!(with(tlv(4, &[])), "extension");
    assert_eq!(
        with(sequence(&[object("1.2.3"), tlv(1, &[1]), tlv(4, &[])])),
        "extension"
    );
    assert_eq!(
        with(sequence(&[object("1.2.3"), tlv(4, &[]), tlv(4, &[])])),
        "extension"
    );
    assert_eq!(with(sequence(&[tlv(6, &[0x80, 1]), tlv(4, &[])])), "extension");
    assert_eq!(with(sequence(&[tlv(6, &[0x81]), tlv(4, &[])])), "extension");
    assert_eq!(value("2.5.29.19", &sequence(&[tlv(2, &[0xff])])), "basicConstraints");
    assert_eq!(value("2.5.29.19", &[0x30, 0, 0]), "basicConstraints");
    assert_eq!(value("2.5.29.15", &tlv(3, &[8, 0])), "keyUsage");
    assert_eq!(value("2.5.29.37", &sequence(&[])), "extKeyUsage");
    assert_eq!(value("2.5.29.37", &sequence(&[tlv(4, &[])])), "extKeyUsage");
    assert_eq!(value("1.3.6.1.4.1.11129.2.4.2", &[0, 0]), "list of timestamps");
    assert_eq!(value("1.3.6.1.4.1.57264.1.1", &[0xff]), "Fulcio extension");
    assert_eq!(value("1.3.6.1.4.1.57264.1.8", b"text"), "Fulcio extension");
    assert_eq!(value("1.3.6.1.4.1.57264.1.8", &tlv(0x13, b"text")), "Fulcio extension");
    assert_eq!(value("1.3.6.1.4.1.57264.1.8", &[0x0c, 1, b'x', 0]), "Fulcio extension");
    assert_eq!(value("2.5.29.30", &sequence(&[])), "nameConstraints");
    assert_eq!(value("2.5.29.30", &sequence(&[tlv(0xa0, &[])])), "nameConstraints");
    for base in [ip(&[0; 4]), dns("é"), tlv(4, &[]), [dns("a"), tlv(0x80, &[1])].concat()] {
        assert_eq!(with(name_constraints(&[base], &[])), "nameConstraints");
    }
}

#[test]
fn malformed_names_are_refused() {
    let signer = Party::new("signer");
    let unterminated = tlv(0xa0, &[object(FULCIO_USER), tlv(0xa0, &tlv(0x16, b"x"))].concat());
    for name in [
        email(""),
        email("é@example.com"),
        dns("é.com"),
        uri(""),
        ip(&[0; 5]),
        other_name(FULCIO_USER, ""),
        unterminated,
        directory(&[]),
        tlv(0xa1, b"ci@example.com"),
        tlv(0x89, &[]),
        tlv(0x0c, b"text"),
    ] {
        let draft = signer.draft().with(alternative_names(std::slice::from_ref(&name)));
        assert_eq!(part_of(&draft), "subjectAltName", "{name:?}");
    }
    assert_eq!(part_of(&signer.draft().with(alternative_names(&[]))), "subjectAltName");
}

#[test]
fn an_extension_is_there_once() {
    let signer = Party::new("signer");
    let twice = signer
        .draft()
        .with(extension("1.2.3", false, &[]))
        .with(extension("1.2.3", true, &[]));
    assert_eq!(
        Certificate::from_der(&signer.signed(&twice)).unwrap_err(),
        CertificateError::RepeatedExtension {
            identifier: "1.2.3".into()
        }
    );
}

#[test]
fn the_signature_algorithm_is_the_same_within_and_outside() {
    let signer = Party::new("signer");
    let tbs = signer.draft().tbs(&signer.name);
    assert_eq!(
        Certificate::from_der(&assemble(&tbs, &identifier("1.2.840.10045.4.3.3"), &[1])).unwrap_err(),
        CertificateError::AlgorithmsDiffer
    );
}

#[test]
fn a_signature_is_a_whole_number_of_bytes() {
    let signer = Party::new("signer");
    let draft = signer.draft();
    let tbs = draft.tbs(&signer.name);
    for bits in [&[][..], &[4, 0x10]] {
        let whole = sequence(&[tbs.clone(), draft.algorithm.clone(), tlv(3, bits)]);
        assert_eq!(part(Certificate::from_der(&whole)), "outline");
    }
}

#[test]
fn version_1_is_not_written() {
    let signer = Party::new("signer");
    let draft = signer.draft();
    let tbs = draft.tbs(&signer.name);
    let written = tbs.windows(5).position(|window| window == [0xa0, 3, 2, 1, 2]).unwrap();
    let mut wrong = tbs.clone();
    wrong[written + 4] = 0;
    assert_eq!(
        part(Certificate::from_der(&assemble(&wrong, &draft.algorithm, &[1]))),
        "version"
    );
}

#[test]
fn identifiers_of_issuer_and_subject_are_passed_over_from_version_2_on() {
    let signer = Party::new("signer");
    let identified = |version: u8| Draft {
        version,
        key_info: [&signer.draft().key_info[..], &tlv(0x81, &[0, 1]), &tlv(0x82, &[0, 2])].concat(),
        ..signer.draft()
    };
    for version in [1, 2] {
        assert_eq!(
            signer.sign(&identified(version)).public_key(),
            Ok(signer.key.public_key())
        );
    }
    assert_eq!(part_of(&identified(0)), "list of extensions");
}

#[test]
fn numbers_of_things_are_limited() {
    let signer = Party::new("signer");
    let many = |count: usize| {
        let extensions = (0..count).map(|number| extension(&format!("1.2.{number}"), false, &[]));
        let draft = Draft {
            extensions: extensions.collect(),
            ..signer.draft()
        };
        Certificate::from_der(&signer.signed(&draft))
    };
    assert_matches!(many(64), Ok(_));
    assert_eq!(many(65).unwrap_err(), CertificateError::TooManyExtensions { limit: 64 });
    let named = |count: usize, constrained: usize| {
        let names = |count| vec![email("a@b"); count];
        let draft = signer.draft().with(alternative_names(&names(count)));
        let draft = draft.with(name_constraints(&names(1), &names(constrained)));
        Certificate::from_der(&signer.signed(&draft))
    };
    assert_matches!(named(256, 256), Ok(_));
    let too_many = CertificateError::TooManyNames { limit: 256 };
    assert_eq!(named(257, 1).unwrap_err(), too_many);
    assert_eq!(named(1, 257).unwrap_err(), too_many);
    assert_eq!(
        Certificate::from_der(&vec![0x30; LIMIT + 1]).unwrap_err(),
        CertificateError::TooLong {
            limit: LIMIT,
            found: LIMIT + 1
        }
    );
}

#[test]
fn a_certificate_is_nothing_but_its_der() {
    let der = certificate("production/email").as_der().to_vec();
    assert_eq!(part(Certificate::from_der(&[&der[..], &[0]].concat())), "outline");
    assert_eq!(part(Certificate::from_der(&[])), "outline");
    for length in 0..der.len() {
        assert_eq!(part(Certificate::from_der(&der[..length])), "outline");
    }
    // a length spelled in more bytes than it needs
    let mut long = vec![0x30, 0x83, 0];
    long.extend(&der[2..]);
    assert_eq!(part(Certificate::from_der(&long)), "outline");
}

#[test]
fn a_list_of_no_extensions_is_refused() {
    let signer = Party::new("signer");
    let mut draft = signer.draft();
    draft.key_info.extend(tlv(0xa3, &sequence(&[])));
    assert_eq!(part_of(&draft), "list of extensions");
}
