//! Roots and signing configurations that other clients test with; `data/trust/ORIGIN.md` says where they are from.

use countersign_core::TrustedRoot;
use countersign_core::trust::TrustError;
use countersign_core::trust::signing_config::SigningConfig;
use serde_json::{Value, json};

use super::read::data;

fn sample(name: &str) -> Vec<u8> {
    data(&format!("trust/{name}.json"))
}

#[test]
fn the_roots_of_other_clients_are_read() {
    for (name, found) in [
        ("sigstore-java/trusted_root", [1, 2, 2, 1]),
        ("sigstore-java/trusted_root_with_multiple_tsas", [1, 2, 2, 2]),
        ("sigstore-java/trusted_root_with_outdated_tsa", [1, 2, 2, 2]),
        ("sigstore-java/staging_trusted_root_with_one_tsa", [1, 1, 3, 1]),
        ("sigstore-java/staging_trusted_root_with_outdated_tsa", [1, 1, 3, 2]),
        ("sigstore-python/trustedroot.v1", [1, 2, 2, 1]),
        (
            "sigstore-python/trustedroot.v1.local_tlog_ed25519_rekor-tiles",
            [1, 2, 2, 1],
        ),
    ] {
        let root = TrustedRoot::parse(&sample(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        let counts = [
            root.logs().len(),
            root.certificate_authorities().len(),
            root.certificate_logs().len(),
            root.timestamp_authorities().len(),
        ];
        assert_eq!((counts, root.unusable().len()), (found, 0), "{name}");
    }
}

#[test]
fn a_root_of_another_media_type_is_refused() {
    assert_matches!(
        TrustedRoot::parse(&sample("sigstore-python/trustedroot.badtype")),
        Err(TrustError::MediaType { found, .. }) if found.as_str() == "bad-media-type"
    );
}

/// A root of one timestamp authority.
fn of_authority(name: &str) -> Result<TrustedRoot, TrustError> {
    let authority: Value = serde_json::from_slice(&sample(name)).unwrap();
    let root = json!({
        "mediaType": countersign_core::trust::MEDIA_TYPE,
        "timestampAuthorities": [authority],
    });
    TrustedRoot::parse(root.to_string().as_bytes())
}

#[test]
fn an_authority_has_certificates() {
    assert_eq!(
        of_authority("sigstore-python/certificate_authority")
            .unwrap()
            .timestamp_authorities()
            .len(),
        1
    );
    let refused = of_authority("sigstore-python/certificate_authority.empty").unwrap_err();
    assert_eq!(refused.to_string(), r#""" has no certChain"#);
    // its last certificate is what is trusted, whoever issued it
    let root = of_authority("sigstore-python/certificate_authority.missingroot").unwrap();
    let [authority] = root.timestamp_authorities() else {
        panic!("{root:?}")
    };
    let last = authority.chain().last().unwrap();
    assert_ne!(last.subject(), last.issuer());
}

#[test]
fn the_signing_configurations_of_other_clients_are_read() {
    for (name, logs) in [("signingconfig.v2", 2), ("signingconfig-only-v1-rekor.v2", 1)] {
        let config = SigningConfig::parse(&sample(&format!("sigstore-python/{name}"))).unwrap();
        assert_eq!(config.logs().len(), logs, "{name}");
    }
}

/// What holds both is sigstore-python's own file: each part is read by itself.
#[test]
fn the_parts_of_a_trust_configuration_are_read() {
    for name in ["config.v1", "config.badtype"] {
        let both: Value = serde_json::from_slice(&sample(&format!("sigstore-python/{name}"))).unwrap();
        let root = TrustedRoot::parse(both["trustedRoot"].to_string().as_bytes()).unwrap();
        assert_eq!(root.logs().len(), 1, "{name}");
        let config = SigningConfig::parse(both["signing_config"].to_string().as_bytes()).unwrap();
        assert_eq!(config.logs().len(), 2, "{name}");
        assert_matches!(
            TrustedRoot::parse(both.to_string().as_bytes()),
            Err(TrustError::Json(_))
        );
    }
}
