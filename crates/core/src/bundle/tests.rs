use std::collections::BTreeMap;

use super::*;
use crate::Digest;
use crate::envelope::EnvelopeError;
use crate::key::{KeyAlgorithm, PrivateKey};
use crate::payload::statement::{PAYLOAD_TYPE, sign_statement};

const KEY: &str = r#""publicKey":{"hint":"h"}"#;
const ENVELOPE: &str = r#""dsseEnvelope":{"payload":"e30=","payloadType":"t","signatures":[{"sig":"AAEC"}]}"#;
const MESSAGE: &str = r#""messageSignature":{"messageDigest":{},"signature":"AAEC"}"#;
const ENTRY: &str = r#"{"logId":{"keyId":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="},"kindVersion":{"kind":"dsse","version":"0.0.1"},"inclusionProof":{"rootHash":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=","treeSize":1},"canonicalizedBody":"e30="}"#;

#[test]
fn every_spelling_of_the_media_type_is_read() {
    for (spelling, version) in [
        ("application/vnd.dev.sigstore.bundle+json;version=0.1", Version::V01),
        ("application/vnd.dev.sigstore.bundle.v0.1+json", Version::V01),
        ("application/vnd.dev.sigstore.bundle+json;version=0.2", Version::V02),
        ("application/vnd.dev.sigstore.bundle.v0.2+json", Version::V02),
        ("application/vnd.dev.sigstore.bundle+json;version=0.3", Version::V03),
        ("application/vnd.dev.sigstore.bundle.v0.3+json", Version::V03),
    ] {
        let bundle = read(&format!(
            r#"{{"mediaType":"{spelling}","verificationMaterial":{{{KEY}}},{ENVELOPE}}}"#
        ))
        .unwrap();
        assert_eq!(bundle.format(), Format::Bundle(version), "{spelling}");
    }
}

#[test]
fn an_unknown_or_missing_media_type_is_refused() {
    let body = format!(r#""verificationMaterial":{{{KEY}}},{ENVELOPE}}}"#);
    let error = read(&format!(
        r#"{{"mediaType":"application/vnd.dev.sigstore.bundle.v0.4+json",{body}"#
    ))
    .unwrap_err();
    assert!(
        matches!(&error, BundleError::MediaType { found } if found.as_str() == "application/vnd.dev.sigstore.bundle.v0.4+json"),
        "{error:?}"
    );
    let error = read(&format!("{{{body}")).unwrap_err();
    assert!(
        matches!(error, BundleError::Missing { member: "mediaType" }),
        "{error:?}"
    );
}

#[test]
fn members_that_exclude_each_other_are_refused_together() {
    let certificate = r#""certificate":{"rawBytes":"AAEC"}"#;
    let chain = r#""x509CertificateChain":{"certificates":[{"rawBytes":"AAEC"}]}"#;
    for (material, content, expected) in [
        (
            format!("{KEY},{certificate}"),
            ENVELOPE.to_owned(),
            ("publicKey", "certificate"),
        ),
        (
            format!("{KEY},{chain}"),
            ENVELOPE.to_owned(),
            ("publicKey", "x509CertificateChain"),
        ),
        (
            format!("{certificate},{chain}"),
            ENVELOPE.to_owned(),
            ("certificate", "x509CertificateChain"),
        ),
        (
            KEY.to_owned(),
            format!("{ENVELOPE},{MESSAGE}"),
            ("dsseEnvelope", "messageSignature"),
        ),
    ] {
        let error = read(&bundle(&material, &content)).unwrap_err();
        assert!(
            matches!(error, BundleError::OneOf { first, second } if (first, second) == expected),
            "{error:?}"
        );
    }
}

#[test]
fn a_member_given_twice_is_refused() {
    let error = read(&bundle(KEY, &format!("{ENVELOPE},{ENVELOPE}"))).unwrap_err();
    assert!(
        matches!(&error, BundleError::Json { member: "bundle", source } if source.to_string().starts_with("duplicate field")),
        "{error:?}"
    );
}

#[test]
fn a_bundle_without_content_or_material_is_refused() {
    let no_content = read(&bundle(KEY, r#""x":1"#)).unwrap_err();
    assert!(
        matches!(
            no_content,
            BundleError::Missing {
                member: "dsseEnvelope or messageSignature"
            }
        ),
        "{no_content:?}"
    );
    let no_material = read(&bundle("", ENVELOPE)).unwrap_err();
    assert!(
        matches!(
            no_material,
            BundleError::Missing {
                member: "publicKey, certificate or x509CertificateChain"
            }
        ),
        "{no_material:?}"
    );
    let none = read(&format!(r#"{{"mediaType":"{MEDIA_TYPE}",{ENVELOPE}}}"#)).unwrap_err();
    assert!(
        matches!(
            none,
            BundleError::Missing {
                member: "verificationMaterial"
            }
        ),
        "{none:?}"
    );
}

#[test]
fn null_means_absent() {
    let text = bundle(
        &format!(
            r#"{KEY},"certificate":null,"tlogEntries":null,"timestampVerificationData":{{"rfc3161Timestamps":null}}"#
        ),
        &format!(r#"{ENVELOPE},"messageSignature":null"#),
    );
    assert_eq!(read(&text).unwrap(), read(&bundle(KEY, ENVELOPE)).unwrap());
}

#[test]
fn an_envelope_in_a_bundle_has_exactly_one_signature() {
    let two = ENVELOPE.replace(r#"{"sig":"AAEC"}"#, r#"{"sig":"AAEC"},{"sig":"AAED"}"#);
    let error = read(&bundle(KEY, &two)).unwrap_err();
    assert!(matches!(error, BundleError::SignatureCount { found: 2 }), "{error:?}");
    let none = ENVELOPE.replace(r#"{"sig":"AAEC"}"#, "");
    let error = read(&bundle(KEY, &none)).unwrap_err();
    assert!(
        matches!(error, BundleError::Envelope(EnvelopeError::Unsigned)),
        "{error:?}"
    );
    let envelope =
        Envelope::parse(br#"{"payload":"","payloadType":"t","signatures":[{"sig":"AAE="},{"sig":"AAI="}]}"#).unwrap();
    let error = Bundle::assemble(envelope, key().public_key()).unwrap_err();
    assert!(matches!(error, BundleError::SignatureCount { found: 2 }), "{error:?}");
}

#[test]
fn lists_over_their_limits_are_refused() {
    let entries = vec![ENTRY; LOG_ENTRIES + 1].join(",");
    let stamps = vec![r#"{"signedTimestamp":"AAEC"}"#; TIMESTAMPS + 1].join(",");
    let certificates = vec![r#"{"rawBytes":"AAEC"}"#; CERTIFICATES + 1].join(",");
    let hash = r#""AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=""#;
    let deep = ENTRY.replace(
        r#""treeSize":1"#,
        &format!(r#""hashes":[{}]"#, vec![hash; 65].join(",")),
    );
    for (material, list, most) in [
        (
            format!(r#"{KEY},"tlogEntries":[{entries}]"#),
            "tlogEntries",
            LOG_ENTRIES,
        ),
        (
            format!(r#"{KEY},"timestampVerificationData":{{"rfc3161Timestamps":[{stamps}]}}"#),
            "rfc3161Timestamps",
            TIMESTAMPS,
        ),
        (
            format!(r#""x509CertificateChain":{{"certificates":[{certificates}]}}"#),
            "x509CertificateChain.certificates",
            CERTIFICATES,
        ),
        (format!(r#"{KEY},"tlogEntries":[{deep}]"#), "inclusionProof.hashes", 64),
    ] {
        let error = read(&bundle(&material, ENVELOPE)).unwrap_err();
        assert!(
            matches!(error, BundleError::TooMany { member, limit, found } if (member, limit, found) == (list, most, most + 1)),
            "{error:?}"
        );
    }
}

#[test]
fn a_bundle_over_the_limit_is_refused() {
    let error = Bundle::from_json(&vec![b' '; LIMIT + 1]).unwrap_err();
    assert!(
        matches!(error, BundleError::TooLong { member: "bundle", limit: LIMIT, found } if found == LIMIT + 1),
        "{error:?}"
    );
}

#[test]
fn nesting_without_end_is_refused() {
    let deep = format!(r#"{{"mediaType":{}"#, "[".repeat(10_000));
    let error = read(&deep).unwrap_err();
    assert!(matches!(error, BundleError::Json { member: "bundle", .. }), "{error:?}");
}

#[test]
fn nesting_in_an_unknown_member_is_passed_over() {
    let deep = format!(r#"{ENVELOPE},"x":{}{}"#, "[".repeat(10_000), "]".repeat(10_000));
    assert_eq!(
        read(&bundle(KEY, &deep)).unwrap(),
        read(&bundle(KEY, ENVELOPE)).unwrap()
    );
}

#[test]
fn log_entries_have_what_their_version_wants() {
    let with = |version: &str, entry: &str| {
        read(&format!(
            r#"{{"mediaType":"application/vnd.dev.sigstore.bundle+json;version={version}","verificationMaterial":{{{KEY},"tlogEntries":[{entry}]}},{ENVELOPE}}}"#
        ))
    };
    assert_eq!(with("0.3", ENTRY).unwrap().log_entries().len(), 1);
    let error = with("0.1", ENTRY).unwrap_err();
    assert!(
        matches!(
            error,
            BundleError::Missing {
                member: "inclusionPromise"
            }
        ),
        "{error:?}"
    );
    let promised = ENTRY.replace(
        r#""inclusionProof":{"#,
        r#""inclusionPromise":{"signedEntryTimestamp":"AAEC"},"x":{"#,
    );
    assert_eq!(
        with("0.1", &promised).unwrap().log_entries().first().unwrap().promise(),
        Some(&[0, 1, 2][..])
    );
    for version in ["0.2", "0.3"] {
        let error = with(version, &promised).unwrap_err();
        assert!(
            matches!(
                error,
                BundleError::Missing {
                    member: "inclusionProof"
                }
            ),
            "{error:?}"
        );
    }
}

#[test]
fn only_the_body_of_rekor_2_may_be_left_out() {
    let without = ENTRY.replace(r#","canonicalizedBody":"e30=""#, "");
    let with = |entry: &str| read(&bundle(&format!(r#"{KEY},"tlogEntries":[{entry}]"#), ENVELOPE));
    let of_2 = without.replace(
        r#""kind":"dsse","version":"0.0.1""#,
        r#""kind":"hashedrekord","version":"0.0.2""#,
    );
    let left_out = with(&of_2).unwrap();
    assert_eq!(left_out.log_entries().first().unwrap().body(), b"");
    assert_eq!(Bundle::from_json(&left_out.to_json().unwrap()).unwrap(), left_out);
    let empty = ENTRY.replace("e30=", "");
    for other in [
        &without,
        &of_2.replace("0.0.2", "0.0.1"),
        &of_2.replace("hashedrekord", "dsse"),
        &empty,
    ] {
        let error = with(other).unwrap_err();
        assert!(
            matches!(
                error,
                BundleError::Missing {
                    member: "canonicalizedBody"
                }
            ),
            "{other}: {error:?}"
        );
    }
}

#[test]
fn numbers_are_read_as_texts_and_as_numbers_within_64_bits() {
    let with = |number: &str| {
        let entry = ENTRY.replacen('{', &format!(r#"{{"logIndex":{number},"#), 1);
        read(&bundle(&format!(r#"{KEY},"tlogEntries":[{entry}]"#), ENVELOPE))
    };
    assert_eq!(with("7").unwrap().log_entries().first().unwrap().log_index(), 7);
    assert_eq!(
        with(r#""9223372036854775807""#)
            .unwrap()
            .log_entries()
            .first()
            .unwrap()
            .log_index(),
        9_223_372_036_854_775_807
    );
    for number in ["-1", r#""-1""#, r#""9223372036854775808""#, "1.5", r#""""#] {
        let error = with(number).unwrap_err();
        assert!(
            matches!(error, BundleError::Json { member: "bundle", .. }),
            "{number}: {error:?}"
        );
    }
}

#[test]
fn hashes_and_ids_have_their_length() {
    let entry = ENTRY.replacen("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "AAEC", 1);
    let error = read(&bundle(&format!(r#"{KEY},"tlogEntries":[{entry}]"#), ENVELOPE)).unwrap_err();
    assert!(
        matches!(
            error,
            BundleError::Length {
                member: "logId.keyId",
                expected: 32,
                found: 3
            }
        ),
        "{error:?}"
    );
}

#[test]
fn an_empty_signature_or_certificate_is_refused() {
    let error = read(&bundle(KEY, &MESSAGE.replace("AAEC", ""))).unwrap_err();
    assert!(
        matches!(
            error,
            BundleError::Missing {
                member: "messageSignature.signature"
            }
        ),
        "{error:?}"
    );
    let error = read(&bundle(r#""certificate":{"rawBytes":""}"#, ENVELOPE)).unwrap_err();
    assert!(
        matches!(
            error,
            BundleError::Missing {
                member: "certificate.rawBytes"
            }
        ),
        "{error:?}"
    );
}

#[test]
fn what_is_signed_here_is_written_as_cosign_3_writes_it() {
    let key = key();
    let digest = Digest::sha256(b"image");
    let statement = sign_statement(&digest, &BTreeMap::new());
    let envelope = Envelope::seal(PAYLOAD_TYPE, statement.clone(), &key).unwrap();
    let signature = envelope.signatures().first().unwrap().signature().to_base64();
    let bundle = Bundle::assemble(envelope, key.public_key()).unwrap();
    let written = bundle.to_json().unwrap();
    assert_eq!(
        String::from_utf8(written.clone()).unwrap(),
        format!(
            r#"{{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json","verificationMaterial":{{"publicKey":{{"hint":"{}"}}}},"dsseEnvelope":{{"payload":"{}","payloadType":"application/vnd.in-toto+json","signatures":[{{"sig":"{signature}"}}]}}}}"#,
            key.public_key().hint(),
            crate::go_json::encode_bytes(&statement)
        )
    );
    assert!((657..=661).contains(&written.len()), "{}", written.len());
    assert_eq!(Bundle::from_json(&written).unwrap(), bundle);
}

fn bundle(material: &str, content: &str) -> String {
    format!(r#"{{"mediaType":"{MEDIA_TYPE}","verificationMaterial":{{{material}}},{content}}}"#)
}

fn read(text: &str) -> Result<Bundle, BundleError> {
    Bundle::from_json(text.as_bytes())
}

fn key() -> PrivateKey {
    PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap()
}

#[test]
fn a_chain_without_certificates_is_refused() {
    let error = read(&bundle(r#""x509CertificateChain":{"certificates":[]}"#, ENVELOPE)).unwrap_err();
    assert!(
        matches!(
            error,
            BundleError::Missing {
                member: "x509CertificateChain.certificates"
            }
        ),
        "{error:?}"
    );
}

#[test]
fn a_bundle_may_be_as_long_as_the_limit() {
    let mut text = bundle(KEY, ENVELOPE);
    text.push_str(&" ".repeat(LIMIT - text.len()));
    assert!(read(&text).is_ok());
    assert!(Bundle::from_file(text.as_bytes()).is_ok());
    text.push(' ');
    for result in [read(&text), Bundle::from_file(text.as_bytes())] {
        let error = result.unwrap_err();
        assert!(
            matches!(error, BundleError::TooLong { member: "bundle", limit: LIMIT, found } if found == LIMIT + 1),
            "{error:?}"
        );
    }
}
