use super::*;
use crate::envelope::Envelope;

const PEM: &str = "-----BEGIN CERTIFICATE-----\nAAEC\n-----END CERTIFICATE-----\n";
/// `{"apiVersion":"0.0.1","kind":"hashedrekord"}`
const BODY: &str = "eyJhcGlWZXJzaW9uIjoiMC4wLjEiLCJraW5kIjoiaGFzaGVkcmVrb3JkIn0=";

#[test]
fn a_layer_with_only_a_signature_is_read() {
    let bundle = read(&[(SIGNATURE, "AAEC")]).unwrap();
    assert_eq!(
        bundle,
        Bundle::legacy(b"payload".to_vec(), Signature::new(vec![0, 1, 2]))
    );
}

#[test]
fn blank_annotations_count_as_absent() {
    let bundle = read(&[
        (SIGNATURE, "AAEC\n"),
        (CERTIFICATE, ""),
        (CHAIN, " \n"),
        (LOG_ENTRY, ""),
        (TIMESTAMP, ""),
        ("unknown", "x"),
    ])
    .unwrap();
    assert_eq!(
        bundle,
        Bundle::legacy(b"payload".to_vec(), Signature::new(vec![0, 1, 2]))
    );
}

#[test]
fn a_layer_without_a_signature_is_refused() {
    for annotations in [&[][..], &[(SIGNATURE, "")]] {
        let error = read(annotations).unwrap_err();
        assert!(matches!(error, BundleError::Missing { member: SIGNATURE }), "{error:?}");
    }
}

#[test]
fn a_signature_that_is_not_base64_is_refused() {
    let error = read(&[(SIGNATURE, "*")]).unwrap_err();
    assert!(
        matches!(error, BundleError::Base64 { member: SIGNATURE, .. }),
        "{error:?}"
    );
}

#[test]
fn certificates_are_read_leaf_first() {
    let chain = format!(
        "comment\n{}\r\n{}",
        PEM.replace("AAEC", "AAED"),
        PEM.replace("AAEC", "AA\nEE")
    );
    let bundle = read(&[(SIGNATURE, "AAEC"), (CHAIN, &chain), (CERTIFICATE, PEM)]).unwrap();
    assert_eq!(
        bundle.key_material(),
        &KeyMaterial::Undeclared(vec![vec![0, 1, 2], vec![0, 1, 3], vec![0, 1, 4]])
    );
}

#[test]
fn what_is_no_certificate_is_refused() {
    for pem in [
        "x",
        "-----BEGIN CERTIFICATE-----\nAAEC",
        &PEM.replace("AAEC", "*"),
        &PEM.replace("CERTIFICATE", "PUBLIC KEY"),
    ] {
        let error = read(&[(SIGNATURE, "AAEC"), (CERTIFICATE, pem)]).unwrap_err();
        assert!(
            matches!(
                error,
                BundleError::CertificatePem {
                    member: CERTIFICATE,
                    ..
                }
            ),
            "{pem}: {error:?}"
        );
    }
}

#[test]
fn a_chain_over_the_limit_is_refused() {
    let error = read(&[(SIGNATURE, "AAEC"), (CHAIN, &PEM.repeat(CERTIFICATES + 3))]).unwrap_err();
    assert!(
        matches!(error, BundleError::TooMany { member: CHAIN, limit: CERTIFICATES, found } if found == CERTIFICATES + 3),
        "{error:?}"
    );
}

#[test]
fn the_log_entry_of_a_layer_is_read() {
    let id = "0a".repeat(32);
    let text = entry(&id, BODY);
    let bundle = read(&[(SIGNATURE, "AAEC"), (LOG_ENTRY, &text)]).unwrap();
    let [entry] = bundle.log_entries() else {
        panic!("{bundle:?}")
    };
    assert_eq!(entry.log_id().as_bytes(), &[10; 32]);
    assert_eq!((entry.log_index(), entry.integrated_time()), (3, Some(7)));
    assert_eq!((entry.kind().name(), entry.kind().version()), ("hashedrekord", "0.0.1"));
    assert_eq!(entry.promise(), Some(&[0, 1, 2][..]));
}

#[test]
fn a_malformed_log_entry_is_refused() {
    let id = "0a".repeat(32);
    let error = read(&[(SIGNATURE, "AAEC"), (LOG_ENTRY, "{}")]).unwrap_err();
    assert!(
        matches!(error, BundleError::Json { member: LOG_ENTRY, .. }),
        "{error:?}"
    );
    let error = read(&[(SIGNATURE, "AAEC"), (LOG_ENTRY, &entry("0a", BODY))]).unwrap_err();
    assert!(
        matches!(&error, BundleError::LogId { found } if found.as_str() == "0a"),
        "{error:?}"
    );
    let error = read(&[(SIGNATURE, "AAEC"), (LOG_ENTRY, &entry(&id, "e30="))]).unwrap_err();
    assert!(
        matches!(
            error,
            BundleError::Json {
                member: "body of the log entry",
                ..
            }
        ),
        "{error:?}"
    );
}

#[test]
fn the_timestamp_of_a_layer_is_read() {
    let bundle = read(&[(SIGNATURE, "AAEC"), (TIMESTAMP, r#"{"SignedRFC3161Timestamp":"AAEC"}"#)]).unwrap();
    assert_eq!(bundle.timestamps(), [TimestampToken::new(vec![0, 1, 2])]);
    let error = read(&[(SIGNATURE, "AAEC"), (TIMESTAMP, "1")]).unwrap_err();
    assert!(
        matches!(error, BundleError::Json { member: TIMESTAMP, .. }),
        "{error:?}"
    );
}

#[test]
fn what_is_over_its_limit_is_refused() {
    let long = "A".repeat(ANNOTATION_LIMIT + 1);
    let error = read(&[(SIGNATURE, &long)]).unwrap_err();
    assert!(
        matches!(error, BundleError::TooLong { member: SIGNATURE, limit: ANNOTATION_LIMIT, found } if found == long.len()),
        "{error:?}"
    );
    let error = Bundle::from_legacy_layer(vec![b' '; simple_signing::LIMIT + 1], &BTreeMap::new()).unwrap_err();
    assert!(
        matches!(error, BundleError::TooLong { member: "layer", .. }),
        "{error:?}"
    );
}

#[test]
fn a_layer_has_no_form_as_a_bundle() {
    let error = read(&[(SIGNATURE, "AAEC")]).unwrap().to_json().unwrap_err();
    assert!(matches!(error, BundleError::LegacyHasNoJson), "{error:?}");
}

fn read(annotations: &[(&str, &str)]) -> Result<Bundle, BundleError> {
    let annotations = annotations
        .iter()
        .map(|(key, value)| ((*key).into(), (*value).into()))
        .collect();
    Bundle::from_legacy_layer(b"payload".to_vec(), &annotations)
}

fn entry(id: &str, body: &str) -> String {
    format!(
        r#"{{"SignedEntryTimestamp":"AAEC","Payload":{{"body":"{body}","integratedTime":7,"logIndex":3,"logID":"{id}"}}}}"#
    )
}

const ENVELOPE: &[u8] =
    br#"{"payloadType":"application/vnd.in-toto+json","payload":"e30=","signatures":[{"keyid":"","sig":"AAEC"}]}"#;

#[test]
fn an_attestation_layer_is_an_envelope_with_the_same_annotations() {
    let annotations = BTreeMap::from([
        (SIGNATURE.to_owned(), String::new()),
        (CERTIFICATE.to_owned(), PEM.to_owned()),
        ("predicateType".to_owned(), "https://example.com/t".to_owned()),
    ]);
    let bundle = Bundle::from_legacy_attestation(ENVELOPE, &annotations).unwrap();
    assert_eq!(bundle.format(), Format::LegacyLayer);
    assert_eq!(bundle.key_material(), &KeyMaterial::Undeclared(vec![vec![0, 1, 2]]));
    let bare = Bundle::from_legacy_attestation(ENVELOPE, &BTreeMap::new()).unwrap();
    let Content::Envelope(signed) = bare.content() else {
        panic!("{bare:?}")
    };
    assert_eq!(*signed.envelope(), Envelope::parse(ENVELOPE).unwrap());
    assert_eq!(signed.json_digest(), Some(&crate::Digest::sha256(ENVELOPE)));
    assert!(matches!(bare.to_json(), Err(BundleError::LegacyHasNoJson)));
}

#[test]
fn an_attestation_layer_that_is_no_envelope_is_refused() {
    let error = Bundle::from_legacy_attestation(b"{}", &BTreeMap::new()).unwrap_err();
    assert!(matches!(error, BundleError::Envelope(_)), "{error:?}");
}

#[test]
fn an_attestation_layer_with_two_signatures_is_refused() {
    let two = br#"{"payloadType":"t","payload":"e30=","signatures":[{"sig":"AAEC"},{"sig":"AAED"}]}"#;
    let error = Bundle::from_legacy_attestation(two, &BTreeMap::new()).unwrap_err();
    assert!(matches!(error, BundleError::SignatureCount { found: 2 }), "{error:?}");
}

#[test]
fn what_is_as_long_as_its_limit_is_read() {
    let annotations = BTreeMap::from([(SIGNATURE.to_owned(), "AAEC".to_owned())]);
    let layer = |size: usize| Bundle::from_legacy_layer(vec![b' '; size], &annotations);
    assert!(layer(simple_signing::LIMIT).is_ok());
    assert!(matches!(
        layer(simple_signing::LIMIT + 1),
        Err(BundleError::TooLong { member: "layer", .. })
    ));
    let text = |size: usize| format!("AAEC{}", "A".repeat(size - 4));
    assert!(read(&[(SIGNATURE, &text(ANNOTATION_LIMIT))]).is_ok());
    assert!(matches!(
        read(&[(SIGNATURE, &text(ANNOTATION_LIMIT + 4))]),
        Err(BundleError::TooLong { member: SIGNATURE, .. })
    ));
    assert!(read(&[(SIGNATURE, "AAEC"), (CHAIN, &PEM.repeat(CERTIFICATES))]).is_ok());
}

#[test]
fn a_timestamp_lies_in_a_file_as_json_or_by_itself() {
    let token = TimestampToken::new(vec![0, 1, 2]);
    assert_eq!(timestamp_from_file(&[0, 1, 2]).unwrap(), token);
    for json in [
        r#"{"SignedRFC3161Timestamp":"AAEC"}"#,
        " \n{\"SignedRFC3161Timestamp\": \"AAEC\"}\n",
    ] {
        assert_eq!(timestamp_from_file(json.as_bytes()).unwrap(), token, "{json}");
    }
    let error = timestamp_from_file(b"{}").unwrap_err();
    assert!(
        matches!(error, BundleError::Json { member: TIMESTAMP, .. }),
        "{error:?}"
    );
}
