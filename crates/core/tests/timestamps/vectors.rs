//! Timestamps of others: Sigstore's authorities, and those that its clients are tested with.

use std::time::Duration;

use countersign_core::Certificate;
use countersign_core::timestamp::{ProvenTime, Refusal, TimestampError, TimestampToken};
use countersign_core::trust::{Authority, TrustedRoot, Validity};

use super::refusal;

macro_rules! data {
    ($name:literal) => {
        include_bytes!(concat!("../data/timestamps/", $name)).as_slice()
    };
}

fn verify(token: &[u8], message: &[u8], authorities: &[Authority]) -> Result<ProvenTime, TimestampError> {
    TimestampToken::new(token.to_vec()).verify(message, authorities)
}

fn authority(chain: &[u8]) -> [Authority; 1] {
    [Authority::from_pem("https://tsa.example", chain, Validity::ALWAYS).unwrap()]
}

#[test]
fn imprints_of_every_digest_are_believed() {
    for (token, time) in [
        (
            data!("rfc3161-client/sigstage-response-sha256.tsr"),
            "2025-05-09T11:58:55Z",
        ),
        (
            data!("rfc3161-client/sigstage-response-sha384.tsr"),
            "2025-05-09T11:58:55Z",
        ),
        (
            data!("rfc3161-client/sigstage-response-sha512.tsr"),
            "2025-05-09T11:58:56Z",
        ),
    ] {
        let proven = verify(
            token,
            b"hello",
            &authority(data!("rfc3161-client/sigstage-ts-chain.pem")),
        )
        .unwrap();
        assert_eq!(proven.time().to_string(), time);
        assert_eq!(proven.accuracy(), Some(Duration::from_secs(1)));
        assert_eq!(proven.authority(), "https://tsa.example");
    }
}

#[test]
fn a_certificate_that_is_not_brought_is_the_authoritys() {
    let token = data!("rfc3161-client/sigstage-response-no-embedded-cert.tsr");
    let chain = data!("rfc3161-client/sigstage-ts-chain.pem");
    let proven = verify(token, b"hello", &authority(chain)).unwrap();
    assert_eq!(proven.time().to_string(), "2025-06-18T08:13:02Z");
    let other = authority(data!("rfc3161-client/test-tsa-ts-chain.pem"));
    assert_eq!(refusal(verify(token, b"hello", &other)), Refusal::NoCertificate);
}

#[test]
fn a_timestamp_of_another_message_is_refused() {
    let token = data!("rfc3161-client/sigstage-response-sha256.tsr");
    let result = verify(
        token,
        b"hello!",
        &authority(data!("rfc3161-client/sigstage-ts-chain.pem")),
    );
    assert_eq!(
        result.unwrap_err().to_string(),
        "timestamp is of the sha256 2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824, expected \
         ce06092fb948d9ffac7d1a376e404b26b7575bcc11ee05a4615fef4fec3a308b"
    );
}

#[test]
fn a_bad_signature_is_refused() {
    let token = data!("rfc3161-client/sigstage-response-invalid-signature.tsr");
    let result = verify(
        token,
        b"hello",
        &authority(data!("rfc3161-client/sigstage-ts-chain.pem")),
    );
    assert_eq!(refusal(result), Refusal::Signature);
}

#[test]
fn certificates_that_ended_since_are_believed() {
    let token = data!("rfc3161-client/sigstore-mock-response-expired.tsr");
    let message = data!("rfc3161-client/sigstore-mock-payload");
    let chain = data!("rfc3161-client/sigstore-mock-ts-chain.pem");
    let proven = verify(token, message, &authority(chain)).unwrap();
    assert_eq!(proven.time().to_string(), "2023-02-01T00:00:00Z");
}

#[test]
fn certificates_that_do_not_belong_there_change_nothing() {
    let chain = authority(data!("rfc3161-client/test-tsa-ts-chain.pem"));
    let plain = verify(data!("rfc3161-client/test-tsa-response.tsr"), b"hello", &chain).unwrap();
    let injected = verify(
        data!("rfc3161-client/test-tsa-response-injected-certs.tsr"),
        b"hello",
        &chain,
    );
    assert_eq!(injected, Ok(plain));
}

#[test]
fn another_authority_of_the_same_names_is_another() {
    let token = data!("rfc3161-client/test-tsa-other-response.tsr");
    let chain = authority(data!("rfc3161-client/test-tsa-ts-chain.pem"));
    assert_eq!(refusal(verify(token, b"hello", &chain)), Refusal::OtherCertificate);
}

#[test]
fn an_authority_with_rsa_and_a_sha1_id_of_its_certificate_is_believed() {
    let root = Certificate::from_der(data!("rfc3161-client/identrust-root.der")).unwrap();
    let authority = Authority::new("identrust".to_owned(), vec![root], Validity::ALWAYS);
    let token = data!("rfc3161-client/identrust-issue-104.tsr");
    let proven = verify(token, b"hello", &[authority]).unwrap();
    assert_eq!(
        (proven.time().to_string().as_str(), proven.accuracy()),
        ("2025-03-11T08:52:08Z", None)
    );
}

#[test]
fn a_timestamp_of_the_staging_instance_is_believed() {
    let proven = conformance(
        STAGING,
        data!("sigstore-python/issue1482.tsr"),
        data!("sigstore-python/issue1482.message"),
    );
    assert_eq!(proven.unwrap().time().to_string(), "2025-07-25T19:53:04Z");
}

#[test]
fn of_two_timestamps_of_a_bundle_one_is_of_another_message() {
    let authorities = authority(data!("sigstore-python/ca.pem"));
    let signature = data!("sigstore-python/bundle.signature");
    let first = verify(data!("sigstore-python/bundle-1.tsr"), signature, &authorities);
    assert_eq!(first.unwrap().time().to_string(), "2024-10-31T10:23:39Z");
    let second = verify(data!("sigstore-python/bundle-2.tsr"), signature, &authorities);
    assert!(matches!(second, Err(TimestampError::Imprint { .. })), "{second:?}");
}

const STAGING: &[u8] = data!("conformance/staging.trusted-root.json");

fn conformance(root: &[u8], token: &[u8], signature: &[u8]) -> Result<ProvenTime, TimestampError> {
    verify(
        token,
        signature,
        TrustedRoot::parse(root).unwrap().timestamp_authorities(),
    )
}

#[test]
fn conformance_with_embedded_cert() {
    let proven = conformance(
        STAGING,
        data!("conformance/with-embedded-cert.tsr"),
        data!("conformance/with-embedded-cert.signature"),
    );
    assert_eq!(
        proven.unwrap().authority(),
        "https://timestamp.sigstage.dev/api/v1/timestamp"
    );
}

#[test]
fn conformance_with_expired_cert_chain() {
    let proven = conformance(
        data!("conformance/expired-chain.trusted-root.json"),
        data!("conformance/with-expired-cert-chain.tsr"),
        data!("conformance/with-expired-cert-chain.signature"),
    );
    assert_eq!(proven.unwrap().authority(), "https://localhost:3000/api/v1/timestamp");
}

/// The timestamp is right; that the certificate was not valid then is for the certificate's path to tell.
#[test]
fn conformance_with_incorrect_time() {
    let proven = conformance(
        STAGING,
        data!("conformance/with-incorrect-time_fail.tsr"),
        data!("conformance/with-incorrect-time_fail.signature"),
    );
    assert_eq!(proven.unwrap().time().to_string(), "2025-07-15T10:33:31Z");
}

#[test]
fn conformance_payload_mismatch() {
    let result = conformance(
        STAGING,
        data!("conformance/payload-mismatch_fail.tsr"),
        data!("conformance/payload-mismatch_fail.signature"),
    );
    assert!(matches!(result, Err(TimestampError::Imprint { .. })), "{result:?}");
}

#[test]
fn conformance_untrusted_tsa_without_embedded_cert() {
    let result = conformance(
        STAGING,
        data!("conformance/untrusted-tsa-without-embedded-cert_fail.tsr"),
        data!("conformance/untrusted-tsa-without-embedded-cert_fail.signature"),
    );
    assert_eq!(refusal(result), Refusal::NoCertificate);
}

#[test]
fn conformance_outside_trust_root_tsa_validity() {
    let result = conformance(
        data!("conformance/ended.trusted-root.json"),
        data!("conformance/outside-trust-root-tsa-validity_fail.tsr"),
        data!("conformance/outside-trust-root-tsa-validity_fail.signature"),
    );
    assert!(matches!(refusal(result), Refusal::OutsideValidity { validity, .. }
            if validity.to_string() == "from 2025-04-09T00:00:00Z to 2025-06-01T00:00:00Z"));
}

/// Judges one of which only the hash of the message is known, by the root of the staging instance.
fn judge_hash(token: &[u8], sha256: &str) -> Result<ProvenTime, TimestampError> {
    let root = include_bytes!("../data/trust/sigstore-java/staging_trusted_root_with_one_tsa.json");
    let root = TrustedRoot::parse(root).unwrap();
    let digest = format!("sha256:{sha256}").parse().unwrap();
    TimestampToken::new(token.to_vec()).verify_digest(&digest, root.timestamp_authorities())
}

#[test]
fn the_samples_of_sigstore_java_have_their_verdict() {
    let staged = "f2ca1bb6c7e907d06dafe4687e579fce76b37e4e93b7605022da52e6ccc26fd2";
    for (token, time) in [
        (
            data!("sigstore-java/sigstage_tsa_response_with_embedded_certs.tsr"),
            "2025-05-28T15:15:55Z",
        ),
        (
            data!("sigstore-java/sigstage_tsa_response_without_embedded_certs.tsr"),
            "2025-05-28T15:17:58Z",
        ),
    ] {
        assert_eq!(judge_hash(token, staged).unwrap().time().to_string(), time);
    }
    let stranger = data!("sigstore-java/freetsa_response.tsr");
    let stamped = "e49a897aac4c981921270a3f79e46885c9952fc5ba1ab4c0cdef380be7737481";
    assert_eq!(refusal(judge_hash(stranger, stamped)), Refusal::OtherCertificate);
    // the imprint of these is a SHA-256 in hexadecimal, which is none
    for token in [
        data!("sigstore-java/sigstore_tsa_response_with_embedded_certs.tsr"),
        data!("sigstore-java/sigstore_tsa_response_without_embedded_certs.tsr"),
    ] {
        match judge_hash(token, stamped) {
            Err(TimestampError::Imprint { found, .. }) => assert_eq!(found, hex::encode(stamped)),
            other => panic!("{other:?}"),
        }
    }
    match judge_hash(data!("sigstore-java/sigstore_tsa_response_invalid.tsr"), stamped) {
        Err(TimestampError::Malformed { .. }) => {}
        other => panic!("{other:?}"),
    }
}
