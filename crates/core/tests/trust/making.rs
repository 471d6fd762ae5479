//! Trusted roots are written, and made of PEM files, as cosign does both.

use countersign_core::certificate::CertificateError;
use countersign_core::trust::signing_config::{Service, SigningConfig};
use countersign_core::trust::{Authority, TransparencyLog, TrustError, TrustedRoot, Validity};
use serde_json::{Value, json};

use super::{CREATED, PUBLIC_GOOD, STAGING, changed, encode_bytes, urls};

const FULCIO: &str = include_str!("../data/trust/fulcio-chain.pem");

#[test]
fn what_is_read_and_written_is_the_same() {
    assert_eq!(
        String::from_utf8(TrustedRoot::parse(CREATED.as_bytes()).unwrap().to_json()).unwrap(),
        CREATED
    );
    for text in [CREATED, PUBLIC_GOOD, STAGING] {
        let written = TrustedRoot::parse(text.as_bytes()).unwrap().to_json();
        assert_eq!(TrustedRoot::parse(&written).unwrap().to_json(), written);
    }
}

#[test]
fn members_of_version_0_2_are_written_too() {
    let root = changed(|root| {
        root["tlogs"][0]["checkpointKeyId"] = json!({ "keyId": "AQIDBA==" });
        root["tlogs"][0]["operator"] = json!("log.example");
        root["timestampAuthorities"][0]["operator"] = json!("tsa.example");
    })
    .unwrap();
    let written: Value = serde_json::from_slice(&root.to_json()).unwrap();
    assert_eq!(written["tlogs"][0]["checkpointKeyId"]["keyId"], "AQIDBA==");
    assert_eq!(written["tlogs"][0]["operator"], "log.example");
    assert_eq!(written["timestampAuthorities"][0]["operator"], "tsa.example");
}

#[test]
fn the_oldest_are_written_first() {
    let root = changed(|root| root["tlogs"].as_array_mut().unwrap().reverse()).unwrap();
    assert_eq!(urls(root.logs())[0], "https://rekor.example");
    let written = TrustedRoot::parse(&root.to_json()).unwrap();
    assert_eq!(urls(written.logs())[0], "https://rekor2.stack.test");
}

#[test]
fn of_pem_files_comes_the_root_that_cosign_creates() {
    let at = |time: &str| Some(time.parse().unwrap());
    let since = |time: &str| Validity::new(at(time), None);
    let log = |url: &str, key: &[u8], validity| TransparencyLog::from_pem(url.to_owned(), key, validity).unwrap();
    let year = "2026-01-01T00:00:00Z";
    let root = TrustedRoot::default()
        .with_logs([
            log(
                "https://rekor.example",
                include_bytes!("../data/trust/rekor1.pub"),
                Validity::new(at(year), at("2026-06-01T00:00:00.5Z")),
            ),
            log(
                "https://rekor2.stack.test",
                include_bytes!("../data/trust/rekor2.pub"),
                since("2025-01-01T00:00:00Z"),
            )
            .with_origin("rekor2.stack.test"),
        ])
        .with_certificate_logs([log(
            "https://ctfe.example",
            include_bytes!("../data/trust/ctlog.pub"),
            since(year),
        )])
        .with_certificate_authorities([Authority::from_pem(
            "https://fulcio.example",
            FULCIO.as_bytes(),
            since("2026-11-22T18:24:01Z"),
        )
        .unwrap()])
        .with_timestamp_authorities([Authority::from_pem(
            "https://tsa.example/api/v1/timestamp",
            include_bytes!("../data/trust/tsa-chain.pem"),
            since("2026-11-22T18:24:01Z"),
        )
        .unwrap()]);
    assert_eq!(String::from_utf8(root.to_json()).unwrap(), CREATED);
}

/// The ids are those that cosign 3.1.2 gives the keys with `origin=log.example`.
#[test]
fn the_id_under_an_origin_is_that_of_cosign_for_every_kind_of_key() {
    for (key, id) in [
        (
            include_str!("../data/keys/openssl/rsa2048.pub"),
            "W5EbzV7dqChMbWhJqEwHWsL+AhUr+l5H2KahcL/6yko=",
        ),
        (
            include_str!("../data/keys/openssl/p256.pub"),
            "6ZQV7gDyHTrRPFbguK/KChiBjT4sLjtHzC4iPgQkhek=",
        ),
    ] {
        let log = TransparencyLog::from_pem("https://log.example".to_owned(), key.as_bytes(), Validity::ALWAYS);
        let log = log.unwrap().with_origin("log.example");
        assert_eq!(encode_bytes(log.id().as_bytes()), id);
    }
}

#[test]
fn each_root_of_a_file_is_an_authority_above_all_intermediates() {
    let two = [FULCIO, include_str!("../data/trust/tsa-chain.pem")].concat();
    let authorities = Authority::of_roots("roots.pem", two.as_bytes(), Some(FULCIO.as_bytes())).unwrap();
    assert_eq!(
        subjects(&authorities[3]),
        ["fulcio intermediate", "fulcio root", "tsa root"]
    );
    assert_eq!((authorities.len(), authorities[0].validity()), (4, Validity::ALWAYS));
    let alone = Authority::of_roots("roots.pem", FULCIO.as_bytes(), None).unwrap();
    assert_eq!(
        alone
            .iter()
            .map(|authority| authority.chain().len())
            .collect::<Vec<_>>(),
        [1, 1]
    );
}

#[test]
fn of_a_pool_those_issued_by_themselves_are_roots() {
    let two = [FULCIO, include_str!("../data/trust/tsa-chain.pem")].concat();
    let authorities = Authority::of_pool("pool.pem", two.as_bytes()).unwrap();
    assert_eq!(
        authorities.iter().map(subjects).collect::<Vec<_>>(),
        [
            ["fulcio intermediate", "tsa", "fulcio root"],
            ["fulcio intermediate", "tsa", "tsa root"]
        ]
    );
}

#[test]
fn a_pool_without_a_root_is_refused() {
    let end = FULCIO.find("-----END CERTIFICATE-----").unwrap() + "-----END CERTIFICATE-----\n".len();
    assert!(matches!(
        Authority::of_pool("pool.pem", &FULCIO.as_bytes()[..end]),
        Err(TrustError::NoRoot { authority, found: 1 }) if authority.as_str() == "pool.pem"
    ));
}

#[test]
fn a_file_without_certificates_is_refused() {
    let nothing = Authority::from_pem("chain.pem", b"", Validity::ALWAYS);
    assert!(matches!(
        nothing,
        Err(TrustError::Certificate { authority, source: CertificateError::NotPem })
            if authority.as_str() == "chain.pem"
    ));
}

/// The common names of a chain.
fn subjects(authority: &Authority) -> Vec<String> {
    let name = |text: String| text.split(',').next().unwrap().trim_start_matches("CN=").to_owned();
    let chain = authority.chain().iter();
    chain
        .map(|certificate| name(certificate.subject().to_string()))
        .collect()
}

#[test]
fn the_services_of_the_staging_instance_are_chosen() {
    let config = SigningConfig::parse(include_bytes!("../data/trust/staging-signing-config.json")).unwrap();
    let now = "2026-06-01T00:00:00Z".parse().unwrap();
    let urls = |services: Vec<&Service>| {
        services
            .iter()
            .map(|service| service.url().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        urls(config.select_logs(&[1, 2], now).unwrap()),
        ["https://rekor.sigstage.dev"]
    );
    assert_eq!(
        urls(config.select_timestampers(&[1], now).unwrap()),
        ["https://timestamp.sigstage.dev/api/v1/timestamp"]
    );
    assert_eq!(
        config.select_certificate_authority(&[1], now).unwrap().url(),
        "https://fulcio.sigstage.dev"
    );
    assert_eq!(
        config.select_identity_provider(&[1], now).unwrap().url(),
        "https://oauth2.sigstage.dev/auth"
    );
}
