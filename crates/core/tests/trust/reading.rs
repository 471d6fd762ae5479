//! Trusted roots are read, and what is none is refused.

use countersign_core::Digest;
use countersign_core::key::SignatureDigest;
use countersign_core::trust::{
    CERTIFICATES, LIMIT, MEDIA_TYPE, SERVICES, Scheme, ServiceKeyError, TrustError, TrustedRoot, UnusableReason,
    Validity,
};
use proptest::prelude::{any, prop_assert_eq, proptest};
use proptest::sample::Index;
use serde_json::json;

use super::{CREATED, PUBLIC_GOOD, STAGING, changed, encode_bytes, parse, urls};

#[test]
fn the_public_instance_is_read() {
    let root = TrustedRoot::parse(PUBLIC_GOOD.as_bytes()).unwrap();
    assert_eq!(
        urls(root.logs()),
        ["https://rekor.sigstore.dev", "https://log2025-1.rekor.sigstore.dev"]
    );
    assert_eq!(
        root.logs().iter().map(|log| log.key().scheme()).collect::<Vec<_>>(),
        [Scheme::Ecdsa(SignatureDigest::Sha256), Scheme::Ed25519]
    );
    assert_eq!(
        urls(root.certificate_logs()),
        ["https://ctfe.sigstore.dev/test", "https://ctfe.sigstore.dev/2022"]
    );
    let authorities: Vec<_> = root
        .certificate_authorities()
        .iter()
        .map(|authority| (authority.chain().len(), authority.validity().to_string()))
        .collect();
    assert_eq!(
        authorities,
        [
            (1, "from 2021-03-07T03:20:29Z to 2022-12-31T23:59:59.999Z".to_owned()),
            (2, "from 2022-04-13T20:06:15Z".to_owned())
        ]
    );
    let [stamper] = root.timestamp_authorities() else {
        panic!("{root:?}")
    };
    assert_eq!(
        (stamper.uri(), stamper.chain().len()),
        ("https://timestamp.sigstore.dev/api/v1/timestamp", 2)
    );
    assert!(root.unusable().is_empty());
}

#[test]
fn a_key_in_pkcs1_has_the_id_of_its_subject_public_key_info() {
    let root = TrustedRoot::parse(STAGING.as_bytes()).unwrap();
    assert_eq!(
        root.certificate_logs()[0].key().scheme(),
        Scheme::RsaPkcs1(SignatureDigest::Sha256)
    );
    assert_eq!(root.timestamp_authorities().len(), 2);
}

#[test]
fn every_spelling_of_the_media_type_is_read() {
    for media_type in [
        "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
        "application/vnd.dev.sigstore.trustedroot.v0.1+json",
        "application/vnd.dev.sigstore.trustedroot.v0.2+json",
    ] {
        assert!(parse(&json!({ "mediaType": media_type })).is_ok(), "{media_type}");
    }
}

#[test]
fn another_media_type_is_refused() {
    for media_type in ["text/plain", "application/vnd.dev.sigstore.trustedroot.v0.3+json", ""] {
        assert!(matches!(
            parse(&json!({ "mediaType": media_type })),
            Err(TrustError::MediaType { expected: MEDIA_TYPE, found }) if found.as_str() == media_type
        ));
    }
}

#[test]
fn what_is_no_object_or_has_no_media_type_is_refused() {
    for text in ["{}", "[]", "{", r#"{"mediaType":1}"#] {
        assert!(
            matches!(TrustedRoot::parse(text.as_bytes()), Err(TrustError::Json(_))),
            "{text}"
        );
    }
}

#[test]
fn a_root_over_the_limit_is_refused() {
    assert!(matches!(
        TrustedRoot::parse(&vec![b' '; LIMIT + 1]),
        Err(TrustError::TooLong { limit: LIMIT, .. })
    ));
}

#[test]
fn members_in_other_spellings_and_unknown_ones_are_refused() {
    for (member, value) in [("timestamp_authorities", json!([])), ("somethingNew", json!(1))] {
        let result = changed(|root| root[member] = value);
        assert!(matches!(result, Err(TrustError::Json(_))), "{member}");
    }
    let result = changed(|root| root["tlogs"][0]["public_key"] = json!({}));
    assert!(matches!(result, Err(TrustError::Json(_))));
}

#[test]
fn a_member_that_comes_twice_is_refused() {
    let text = format!(r#"{{"mediaType":"{MEDIA_TYPE}","tlogs":[],"tlogs":[]}}"#);
    assert!(matches!(TrustedRoot::parse(text.as_bytes()), Err(TrustError::Json(_))));
}

#[test]
fn enums_as_numbers_are_refused() {
    let result = changed(|root| root["tlogs"][0]["hashAlgorithm"] = json!(1));
    assert!(matches!(result, Err(TrustError::Json(_))));
    let result = changed(|root| root["tlogs"][0]["publicKey"]["keyDetails"] = json!(7));
    assert!(matches!(result, Err(TrustError::Json(_))));
}

#[test]
fn a_log_whose_key_details_are_not_known_is_left_out_and_named() {
    let root = changed(|root| root["tlogs"][0]["publicKey"]["keyDetails"] = json!("ML_DSA_65")).unwrap();
    assert_eq!(urls(root.logs()), ["https://rekor.example"]);
    let [unusable] = root.unusable() else {
        panic!("{root:?}")
    };
    assert_eq!(
        unusable.to_string(),
        r#"tlogs "https://rekor2.stack.test": key details are "ML_DSA_65", which is not known"#
    );
}

#[test]
fn a_log_whose_tree_is_hashed_otherwise_is_left_out_and_named() {
    for algorithm in ["SHA2_512", ""] {
        let root = changed(|root| root["ctlogs"][0]["hashAlgorithm"] = json!(algorithm)).unwrap();
        assert!(root.certificate_logs().is_empty());
        assert_eq!(
            (root.unusable()[0].member(), root.unusable()[0].reason()),
            (
                "ctlogs",
                &UnusableReason::HashAlgorithm {
                    found: algorithm.into()
                }
            )
        );
    }
}

#[test]
fn a_key_of_another_kind_than_its_details_breaks_the_root() {
    let result = changed(|root| root["tlogs"][0]["publicKey"]["keyDetails"] = json!("PKIX_ECDSA_P256_SHA_256"));
    assert!(matches!(
        result,
        Err(TrustError::Key { log, source: ServiceKeyError::OtherKind { .. } })
            if log.as_str() == "https://rekor2.stack.test"
    ));
}

#[test]
fn an_id_that_is_not_the_keys_is_refused() {
    let other = encode_bytes(&[7; 32]);
    for (list, place) in [("tlogs", 1), ("ctlogs", 0)] {
        let result = changed(|root| root[list][place]["logId"]["keyId"] = json!(other));
        assert!(
            matches!(result, Err(TrustError::LogId { found, .. }) if found == other),
            "{list}"
        );
    }
}

#[test]
fn an_ed25519_log_of_certificates_has_the_id_of_its_key_alone() {
    let result = changed(|root| root["ctlogs"] = json!([root["tlogs"][0]]));
    assert!(matches!(
        result,
        Err(TrustError::LogId { log, .. }) if log.as_str() == "https://rekor2.stack.test"
    ));
}

#[test]
fn a_log_of_rekor_2_may_have_an_id_of_its_origin() {
    let root = TrustedRoot::parse(CREATED.as_bytes()).unwrap();
    let log = &root.logs()[0];
    assert_ne!(
        log.id().as_bytes().as_slice(),
        Digest::sha256(log.key().key().as_der()).bytes()
    );
}

#[test]
fn an_id_of_another_length_is_refused() {
    let result = changed(|root| root["tlogs"][0]["logId"]["keyId"] = json!("AAAA"));
    assert!(matches!(
        result,
        Err(TrustError::Length {
            member: "logId.keyId",
            expected: 32,
            found: 3
        })
    ));
}

#[test]
fn the_key_id_of_checkpoints_has_four_bytes_or_is_a_whole_hash() {
    for (bytes, expected) in [(vec![1, 2, 3, 4], Ok(())), (vec![1; 32], Ok(())), (vec![1; 5], Err(5))] {
        let result = changed(|root| root["tlogs"][0]["checkpointKeyId"] = json!({ "keyId": encode_bytes(&bytes) }));
        match (result, expected) {
            (Ok(root), Ok(())) => {
                assert_eq!(
                    root.logs()[0].checkpoint_key_id().map(Vec::from),
                    Some(bytes[..4].to_vec())
                );
            }
            (Err(TrustError::Length { expected: 4, found, .. }), Err(length)) => assert_eq!(found, length),
            (result, _) => panic!("{result:?}"),
        }
    }
}

#[test]
fn operators_are_kept() {
    let root = changed(|root| {
        root["tlogs"][0]["operator"] = json!("log.example");
        root["timestampAuthorities"][0]["operator"] = json!("tsa.example");
    })
    .unwrap();
    assert_eq!(root.logs()[0].operator(), Some("log.example"));
    assert_eq!(root.logs()[1].operator(), None);
    assert_eq!(root.timestamp_authorities()[0].operator(), Some("tsa.example"));
}

#[test]
fn several_of_one_time_and_of_a_time_to_come_are_read() {
    let root = changed(|root| {
        for list in ["tlogs", "ctlogs", "certificateAuthorities", "timestampAuthorities"] {
            let mut later = root[list][0].clone();
            let validity = json!({ "start": "2999-01-01T00:00:00Z" });
            if later["publicKey"].is_object() {
                later["publicKey"]["validFor"] = validity;
            } else {
                later["validFor"] = validity;
            }
            let same = root[list][0].clone();
            root[list].as_array_mut().unwrap().extend([same, later]);
        }
    })
    .unwrap();
    assert_eq!((root.logs().len(), root.certificate_logs().len()), (4, 3), "{root:?}");
    assert_eq!(root.certificate_authorities().len(), 3);
    assert_eq!(
        root.timestamp_authorities()[2].validity().to_string(),
        "from 2999-01-01T00:00:00Z"
    );
}

#[test]
fn what_says_no_validity_is_always_valid() {
    let root = changed(|root| {
        root["tlogs"][0]["publicKey"]["validFor"] = json!(null);
        root["timestampAuthorities"][0]
            .as_object_mut()
            .unwrap()
            .remove("validFor");
    })
    .unwrap();
    assert_eq!(root.logs()[0].validity(), Validity::ALWAYS);
    assert_eq!(root.timestamp_authorities()[0].validity(), Validity::ALWAYS);
}

#[test]
fn a_time_that_is_none_is_refused() {
    let result = changed(|root| root["tlogs"][0]["publicKey"]["validFor"]["start"] = json!("yesterday"));
    assert!(matches!(result, Err(TrustError::Time { found, .. }) if found.as_str() == "yesterday"));
}

#[test]
fn a_service_without_what_it_needs_is_refused() {
    for (list, needed) in [
        ("tlogs", "publicKey"),
        ("tlogs", "logId"),
        ("certificateAuthorities", "certChain"),
    ] {
        let result = changed(|root| {
            root[list][0].as_object_mut().unwrap().remove(needed);
        });
        assert!(
            matches!(result, Err(TrustError::Missing { member, .. }) if member == needed),
            "{needed}"
        );
    }
    let result = changed(|root| root["certificateAuthorities"][0]["certChain"]["certificates"] = json!([]));
    assert!(matches!(
        result,
        Err(TrustError::Missing {
            member: "certChain",
            ..
        })
    ));
}

#[test]
fn bytes_that_are_not_base64_are_refused() {
    let result = changed(|root| root["tlogs"][0]["publicKey"]["rawBytes"] = json!("!"));
    assert!(matches!(result, Err(TrustError::Base64 { member: "rawBytes", .. })));
}

#[test]
fn more_services_than_are_read_are_refused() {
    for list in ["tlogs", "ctlogs", "certificateAuthorities", "timestampAuthorities"] {
        let result = changed(|root| root[list] = json!(vec![root[list][0].clone(); SERVICES + 1]));
        assert!(
            matches!(result, Err(TrustError::TooMany { member, limit: SERVICES, found })
                if member == list && found == SERVICES + 1),
            "{list}"
        );
    }
}

#[test]
fn more_certificates_than_are_read_are_refused() {
    let result = changed(|root| {
        let chain = &mut root["timestampAuthorities"][0]["certChain"]["certificates"];
        *chain = json!(vec![chain[0].clone(); CERTIFICATES + 1]);
    });
    assert!(matches!(
        result,
        Err(TrustError::TooMany {
            member: "certificates",
            limit: CERTIFICATES,
            ..
        })
    ));
}

proptest! {
    #[test]
    fn a_changed_root_is_refused_or_read_and_written(place in any::<Index>(), byte in any::<u8>()) {
        let mut bytes = CREATED.as_bytes().to_vec();
        let place = place.index(bytes.len());
        bytes[place] = byte;
        if let Ok(root) = TrustedRoot::parse(&bytes) {
            let written = root.to_json();
            prop_assert_eq!(TrustedRoot::parse(&written).unwrap().to_json(), written);
        }
    }
}
