//! The log of certificates.

use countersign_core::certificate::Certificate;
use countersign_core::go_json::encode_bytes;
use http::Method;
use serde_json::json;

use crate::client::{data, logs};

/// A certificate of an authority that nobody here trusts.
fn stranger() -> Vec<u8> {
    let leaf = data("certificates/stack/leaf.pem");
    Certificate::from_pem(&leaf).unwrap().as_der().to_vec()
}

#[tokio::test]
async fn chains_that_are_not_to_be_logged_are_refused() {
    let logs = logs().await;
    let post = async |body: String| {
        let answer = logs.client.post("/ct/v1/add-chain", body).await.expect(400);
        assert_eq!(answer.header("content-type"), "text/plain; charset=utf-8");
        answer.text()
    };
    let chain = json!({ "chain": [encode_bytes(&stranger())] }).to_string();
    assert_eq!(
        post(chain).await,
        "the chain is not logged: certificate is signed by no authority whose certificates are logged\n"
    );
    assert_eq!(
        post(r#"{"chain":[]}"#.to_owned()).await,
        "the chain is not logged: there is no certificate\n"
    );
    let many = json!({ "chain": vec![""; 17] }).to_string();
    assert_eq!(
        post(many).await,
        "the chain is not logged: chain has 17 certificates, the limit is 16\n"
    );
    for (body, expected) in [
        (
            "{}",
            "the chain is not logged: request is malformed: missing field `chain`",
        ),
        (
            r#"{"chain":["?"]}"#,
            "the chain is not logged: certificate is not base64: ",
        ),
        (
            r#"{"chain":["AAAA"]}"#,
            "the chain is not logged: certificate is not usable: ",
        ),
    ] {
        let message = post(body.to_owned()).await;
        assert!(message.starts_with(expected), "{message}");
    }
    let answer = logs
        .client
        .post("/ct/v1/add-chain", "x".repeat(300_000))
        .await
        .expect(413);
    assert_eq!(answer.text(), "the request is longer than 262144 bytes\n");
}

#[tokio::test]
async fn log_takes_what_its_authority_issues_and_begins_with_an_empty_tree() {
    let logs = logs().await;
    let roots = logs.client.get("/ct/v1/get-roots").await.expect(200).json();
    let bundle = logs.client.get("/api/v2/trustBundle").await.expect(200).json();
    let root = bundle["chains"][0]["certificates"][1].as_str().unwrap();
    let root = Certificate::from_pem(root.as_bytes()).unwrap();
    let again = logs.client.get("/ct/ct/v1/get-roots").await.expect(200).json();
    assert_eq!(again, roots);
    logs.client.get("/ct/ct/checkpoint").await.expect(404);
    assert_eq!(roots, json!({ "certificates": [encode_bytes(root.as_der())] }));
    let note = logs.client.get("/ct/checkpoint").await.expect(200).text();
    assert!(
        note.starts_with("log.test/ct\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n— log.test/ct "),
        "{note}"
    );
    for path in [
        "/ct/tile/0/000.p/1",
        "/ct/tile/data/000.p/1",
        "/ct/tile/entries/000",
        "/ct/issuer/ab",
        "/ct/",
        "/ct/v1",
    ] {
        logs.client.get(path).await.expect(404);
    }
    let unknown = format!("/ct/issuer/{}", "ab".repeat(32));
    logs.client.get(&unknown).await.expect(404);
    for (method, path, allowed) in [
        (Method::GET, "/ct/v1/add-chain", "POST"),
        (Method::GET, "/ct/v1/add-pre-chain", "POST"),
        (Method::POST, "/ct/v1/get-roots", "GET, HEAD"),
        (Method::POST, "/ct/checkpoint", "GET, HEAD"),
        (Method::POST, &unknown, "GET, HEAD"),
    ] {
        let answer = logs.client.send(method, path, "").await.expect(405);
        assert_eq!(answer.header("allow"), allowed);
    }
    assert_eq!(logs.trust.certificates.url(), "https://log.test/ct");
}
