//! Answers that no service should give: each is an error that names the service.

use countersign::fulcio::certify;
use countersign::oidc::IdentityToken;
use countersign::rekor::Log;
use countersign::service::{Service, ServiceError};
use countersign::tsa::stamp;
use countersign_core::Secret;
use countersign_core::bundle::Bundle;
use countersign_core::envelope::Envelope;
use countersign_core::key::{KeyAlgorithm, PrivateKey, SignatureDigest};
use countersign_core::protocol::rekor::{Kept, Proposal, Verifier};
use countersign_oci::StoreError;
use jiff::Timestamp;

use crate::scripted::{Answer, Scripted, http, json};

/// A token of somebody; its signature is nobody's.
pub(crate) fn token() -> IdentityToken {
    // {"iss":"https://issuer","sub":"somebody"}
    let text = "e30.eyJpc3MiOiJodHRwczovL2lzc3VlciIsInN1YiI6InNvbWVib2R5In0.c2VjcmV0";
    IdentityToken::parse(Secret::new(text.to_owned()), Timestamp::UNIX_EPOCH).unwrap()
}

fn key() -> PrivateKey {
    PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap()
}

async fn certified(answers: Vec<Answer>) -> (ServiceError, Scripted) {
    let server = Scripted::start(answers);
    let error = certify(&server.url, &token(), &key(), &http()).await.unwrap_err();
    (error, server)
}

async fn logged(version: fn(String) -> Log, answers: Vec<Answer>) -> (ServiceError, Scripted) {
    let server = Scripted::start(answers);
    let key = key();
    let envelope = Envelope::seal("text/plain", b"content".to_vec(), &key).unwrap();
    let bundle = Bundle::assemble(envelope, key.public_key()).unwrap();
    let proposal = Proposal {
        content: bundle.content(),
        digest: SignatureDigest::Sha256,
        verifier: Verifier::Key(key.public_key()),
        kept: Kept::Hashes,
    };
    let log = version(server.url.clone());
    (log.append(&proposal, &http()).await.unwrap_err(), server)
}

fn rekor_1(url: String) -> Log {
    Log::Rekor1 { url }
}

fn rekor_2(url: String) -> Log {
    Log::Rekor2 { url }
}

async fn stamped(answer: Answer) -> ServiceError {
    let server = Scripted::start(vec![answer]);
    stamp(&server.url, b"signature", [1; 16], &http()).await.unwrap_err()
}

#[tokio::test]
async fn a_service_that_points_elsewhere_is_not_followed() {
    let other = Scripted::start(vec![json(200, "{}")]);
    let location: &'static str = format!("location: {}/\r\n", other.url).leak();
    for (error, service) in [
        (
            certified(vec![(307, location, vec![])]).await.0,
            Service::CertificateAuthority,
        ),
        (
            logged(rekor_1, vec![(308, location, vec![])]).await.0,
            Service::TransparencyLog,
        ),
        (
            logged(rekor_2, vec![(302, location, vec![])]).await.0,
            Service::TransparencyLog,
        ),
        (stamped((301, location, vec![])).await, Service::TimestampAuthority),
    ] {
        match error {
            ServiceError::Redirect { service: found, .. } => assert_eq!(found, service),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(other.seen().len(), 0);
}

#[tokio::test]
async fn an_answer_of_another_kind_is_refused() {
    let html = || (200, "content-type: text/html\r\n", b"<html>".to_vec());
    for error in [
        certified(vec![html()]).await.0,
        logged(rekor_1, vec![html()]).await.0,
        logged(rekor_2, vec![html()]).await.0,
        stamped(html()).await,
    ] {
        match error {
            ServiceError::ContentType { found, .. } => assert_eq!(found.as_str(), "text/html"),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn an_answer_without_end_is_not_read_to_its_end() {
    let large = || (200, "content-type: application/json\r\n", vec![b' '; 2 * 1024 * 1024]);
    for error in [
        certified(vec![large()]).await.0,
        logged(rekor_1, vec![large()]).await.0,
        logged(rekor_2, vec![large()]).await.0,
        stamped(large()).await,
    ] {
        match error {
            ServiceError::Unreachable {
                source: StoreError::TooLarge { .. },
                ..
            } => {}
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn what_a_service_says_of_a_refusal_is_shown_without_the_token() {
    let said =
        r#"{"code":16,"message":"bad token e30.eyJpc3MiOiJodHRwczovL2lzc3VlciIsInN1YiI6InNvbWVib2R5In0.c2VjcmV0"}"#;
    let (error, server) = certified(vec![json(401, said)]).await;
    assert_eq!(
        error.to_string(),
        format!(
            r#"certificate authority {} answered 401: "bad token ******""#,
            server.url
        )
    );
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn a_failure_that_may_pass_is_tried_again_and_told_when_it_stays() {
    let (error, server) = certified(vec![json(503, "")]).await;
    assert!(matches!(error, ServiceError::Status { status: 503, .. }), "{error:?}");
    assert_eq!(server.seen().len(), 2);
    let (error, server) = certified(vec![json(429, ""), json(403, "")]).await;
    assert!(matches!(error, ServiceError::Status { status: 403, .. }), "{error:?}");
    assert_eq!(server.seen().len(), 2);
    assert_eq!(logged(rekor_1, vec![json(500, "")]).await.1.seen().len(), 3);
}

#[tokio::test]
async fn the_certificate_authority_is_asked_with_the_token_and_a_proof() {
    let (error, server) = certified(vec![json(200, "{}")]).await;
    assert!(matches!(error, ServiceError::Answer { .. }), "{error:?}");
    let seen = &server.seen()[0];
    assert_eq!(seen.line, "POST /api/v2/signingCert");
    let token = "e30.eyJpc3MiOiJodHRwczovL2lzc3VlciIsInN1YiI6InNvbWVib2R5In0.c2VjcmV0";
    assert!(
        seen.headers.contains(&format!("authorization: Bearer {token}")),
        "{seen:?}"
    );
    assert!(
        seen.body
            .starts_with(r#"{"publicKeyRequest":{"publicKey":{"algorithm":"ECDSA","content":"#)
    );
}

#[tokio::test]
async fn an_entry_that_is_there_is_asked_for_where_the_log_says() {
    let id = "a".repeat(80);
    for conflict in [
        (
            409,
            "content-type: application/json\r\nlocation: /api/v1/log/entries/ID\r\n"
                .replace("ID", &id)
                .leak() as &str,
            b"{}".to_vec(),
        ),
        json(
            409,
            &format!(r#"{{"code":409,"message":"an equivalent entry already exists with UUID {id}"}}"#),
        ),
    ] {
        let (error, server) = logged(rekor_1, vec![conflict, json(404, "")]).await;
        assert!(matches!(error, ServiceError::Status { status: 404, .. }), "{error:?}");
        assert_eq!(server.seen()[1].line, format!("GET /api/v1/log/entries/{id}"));
    }
    let elsewhere = "content-type: application/json\r\nlocation: /api/v1/log/entries/../../x\r\n";
    let (error, server) = logged(rekor_1, vec![(409, elsewhere, b"{}".to_vec())]).await;
    assert!(matches!(error, ServiceError::Answer { .. }), "{error:?}");
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn rekor_2_does_not_hand_out_an_entry_that_is_there() {
    let (error, server) = logged(rekor_2, vec![json(409, "{}")]).await;
    let ServiceError::Answer { source, .. } = error else {
        panic!("{error:?}")
    };
    assert!(source.is::<countersign::rekor::AlreadyLogged>());
    assert_eq!(server.seen()[0].line, "POST /api/v2/log/entries");
}

#[tokio::test]
async fn what_is_no_timestamp_is_refused() {
    let error = stamped((200, "content-type: application/timestamp-reply\r\n", b"no DER".to_vec())).await;
    match error {
        ServiceError::Answer { service, .. } => assert_eq!(service, Service::TimestampAuthority),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_service_that_is_not_there_is_named() {
    let error = certify("http://127.0.0.1:1", &token(), &key(), &http())
        .await
        .unwrap_err();
    assert_eq!(error.to_string(), "certificate authority gave no answer");
    let error = certify("127.0.0.1", &token(), &key(), &http()).await.unwrap_err();
    assert!(
        matches!(
            error,
            ServiceError::Unreachable {
                source: StoreError::Malformed { .. },
                ..
            }
        ),
        "{error:?}"
    );
}
