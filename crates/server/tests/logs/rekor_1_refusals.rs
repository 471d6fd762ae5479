//! What Rekor 1's API does not grant.

use countersign_core::digest::Digest;
use countersign_core::go_json::encode_bytes;
use countersign_core::key::{KeyAlgorithm, PrivateKey};
use http::Method;
use serde_json::{Value, json};

use crate::client::{Logs, Signed, logs};
use crate::rekor_1::{ENTRIES, KEY, RETRIEVE, SEARCH, append, dsse, envelope_text, intoto_2};

#[tokio::test]
async fn questions_that_cannot_be_answered_are_refused() {
    let logs = logs().await;
    append(&logs, Signed::text(b"one").proposal().to_rekor_1().unwrap()).await;
    let get = async |path: &str| logs.client.get(path).await;
    let id = "00".repeat(40);
    let other_tree = get(&format!("{ENTRIES}/{id}")).await;
    assert_eq!(other_tree.refused(404), "the log has no such entry");
    assert_eq!(
        get(&format!("{ENTRIES}?logIndex=1")).await.refused(404),
        "the log has no such entry"
    );
    for (path, expected) in [
        (
            format!("{ENTRIES}?logIndex=-1"),
            "parameter logIndex is \"-1\", expected a number",
        ),
        (ENTRIES.to_owned(), "parameter logIndex is \"\", expected a number"),
        (
            format!("{ENTRIES}/xyz"),
            "parameter entryUUID is \"xyz\", expected 64 or 80 hexadecimal digits",
        ),
        (
            format!("{ENTRIES}/%zz"),
            "parameter entryUUID is \"%zz\", expected 64 or 80 hexadecimal digits",
        ),
        (
            "/api/v1/log/proof".to_owned(),
            "parameter lastSize is \"\", expected a number",
        ),
        (
            "/api/v1/log/proof?lastSize=2".to_owned(),
            "the tree has 1 entries, the proof is asked for from 1 to 2",
        ),
        (
            "/api/v1/log/proof?firstSize=2&lastSize=1".to_owned(),
            "the tree has 1 entries, the proof is asked for from 2 to 1",
        ),
        (
            "/api/v1/log/proof?firstSize=0&lastSize=1".to_owned(),
            "the tree has 1 entries, the proof is asked for from 0 to 1",
        ),
        (
            "/api/v1/log/publicKey?treeID=7".to_owned(),
            "parameter treeID is \"7\", expected the id of the one tree there is",
        ),
    ] {
        assert_eq!(get(&path).await.refused(400), expected, "{path}");
    }
    assert_eq!(
        get("/api/v1/log?%zz").await.refused(400),
        "invalid query: parameter query is \"%zz\", expected percent-encoded UTF-8"
    );
    assert_eq!(
        get("/api/v1/log/other").await.refused(404),
        "there is nothing at this path"
    );
    for (method, path, allowed) in [
        (Method::POST, "/api/v1/log", "GET, HEAD"),
        (Method::POST, "/api/v1/log/proof", "GET, HEAD"),
        (Method::DELETE, ENTRIES, "GET, HEAD, POST"),
        (Method::GET, RETRIEVE, "POST"),
        (Method::GET, SEARCH, "POST"),
    ] {
        let answer = logs.client.send(method, path, "").await;
        assert_eq!(answer.header("allow"), allowed);
        assert_eq!(
            answer.refused(405),
            format!("the method is not allowed here, which takes {allowed}")
        );
    }
}

#[tokio::test]
async fn queries_have_limits() {
    let logs = logs().await;
    let post = async |path: &str, body: Value| logs.client.post(path, body.to_string()).await;
    let many: Vec<_> = (0..11).collect();
    let message = post(RETRIEVE, json!({ "logIndexes": many })).await.refused(422);
    assert_eq!(message, "the request has 11 questions, the limit is 10");
    let message = post(RETRIEVE, json!({ "entries": [{}] })).await.refused(400);
    assert!(
        message.starts_with("error processing entry: proposed entry is malformed: "),
        "{message}"
    );
    let message = post(SEARCH, json!({ "hash": "a", "operator": "xor" }))
        .await
        .refused(400);
    assert_eq!(message, "parameter operator is \"xor\", expected and, or");
    let message = post(SEARCH, json!({ "publicKey": { "format": "pgp", "content": "" } }))
        .await
        .refused(400);
    assert_eq!(message, "parameter publicKey.format is \"pgp\", expected x509");
    let message = post(SEARCH, json!({ "publicKey": { "format": "x509", "content": "QQ==" } }))
        .await
        .refused(400);
    assert_eq!(
        message,
        "parameter publicKey.content is \"QQ==\", expected a key or a certificate in PEM, in base64"
    );
    let message = logs.client.post(SEARCH, "x".repeat(200_000)).await.refused(413);
    assert_eq!(message, "the request is longer than 131072 bytes");
    let message = logs.client.post(SEARCH, "[").await.refused(400);
    assert!(message.starts_with("request is malformed: "), "{message}");
}

/// Posts a good proposal with one member replaced, and returns the message.
async fn refused(logs: &Logs, mut request: Value, pointer: &str, value: Value) -> String {
    *request.pointer_mut(pointer).unwrap() = value;
    logs.client.post(ENTRIES, request.to_string()).await.refused(400)
}

#[tokio::test]
async fn hashes_and_signatures_that_do_not_hold_are_refused() {
    let logs = logs().await;
    let good: Value = serde_json::from_slice(&Signed::text(b"content").proposal().to_rekor_1().unwrap()).unwrap();
    let refused = async |pointer: &str, value: Value| {
        let message = refused(&logs, good.clone(), pointer, value).await;
        message.strip_prefix("error processing entry: ").unwrap().to_owned()
    };
    let other = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let pem = |key: &PrivateKey| Value::from(encode_bytes(key.public_key().to_pem().as_bytes()));
    let expected = "verifying signature: it is not the ecdsa-p256 key's over this hash";
    assert_eq!(
        refused("/spec/data/hash/value", Digest::sha256(b"other").hex().into()).await,
        expected
    );
    assert_eq!(
        refused("/spec/signature/publicKey/content", pem(&other)).await,
        expected
    );
    let p384 = PrivateKey::generate(KeyAlgorithm::EcdsaP384).unwrap();
    assert_eq!(
        refused("/spec/signature/publicKey/content", pem(&p384)).await,
        "entry algorithms are not allowed: ecdsa-p384 with sha256"
    );
    assert_eq!(
        refused("/spec/data/hash/value", "ab".into()).await,
        "hash has 1 bytes, expected the 32 of sha256"
    );
    assert_eq!(
        refused("/spec/data/hash/value", "xy".into()).await,
        "hash is \"xy\", expected hexadecimal digits"
    );
    assert_eq!(
        refused("/spec/data/hash/algorithm", "md5".into()).await,
        "hash algorithm is \"md5\", expected sha256, sha384 or sha512"
    );
    assert_eq!(
        refused("/spec/signature/content", "".into()).await,
        "signature.content is missing"
    );
    let message = refused("/spec/signature/content", "?".into()).await;
    assert!(message.starts_with("signature.content is not base64: "), "{message}");
    let message = refused("/spec/signature/publicKey/content", "QQ==".into()).await;
    assert!(message.starts_with("public key is not usable: "), "{message}");
    let no_certificate = encode_bytes(b"-----BEGIN CERTIFICATE-----\nQQ==\n-----END CERTIFICATE-----\n");
    let message = refused("/spec/signature/publicKey/content", no_certificate.into()).await;
    assert!(message.starts_with("certificate is not usable: "), "{message}");
    for (pointer, found) in [("/kind", "rekord 0.0.1"), ("/apiVersion", "hashedrekord rekord")] {
        assert_eq!(
            refused(pointer, "rekord".into()).await,
            format!("kind is \"{found}\", expected hashedrekord 0.0.1, dsse 0.0.1, intoto 0.0.1 or intoto 0.0.2")
        );
    }
    let message = refused("/spec", 1.into()).await;
    assert!(message.starts_with("proposed entry is malformed: "), "{message}");
    assert_eq!(
        logs.client.get("/api/v1/log").await.json()["treeSize"],
        0,
        "nothing of this is logged"
    );
}

#[tokio::test]
async fn envelopes_that_do_not_hold_are_refused() {
    let logs = logs().await;
    let refused = async |request: Value| {
        let message = logs.client.post(ENTRIES, request.to_string()).await.refused(400);
        message.strip_prefix("error processing entry: ").unwrap().to_owned()
    };
    let other = PrivateKey::generate(KeyAlgorithm::EcdsaP256)
        .unwrap()
        .public_key()
        .to_pem();
    let text = envelope_text();
    assert_eq!(
        refused(dsse(&text, &[other.as_bytes()])).await,
        "all signatures must have a key that verifies it"
    );
    assert_eq!(
        refused(dsse(&text, &[KEY, other.as_bytes()])).await,
        "could not verify envelope: a verifier made none of its signatures"
    );
    assert_eq!(
        refused(dsse(&text, &[])).await,
        "all signatures must have a key that verifies it"
    );
    assert_eq!(
        refused(dsse(&text, &[KEY; 11])).await,
        "envelope comes with 11 verifiers, the limit is 10"
    );
    let message = refused(dsse("{}", &[KEY])).await;
    assert!(message.starts_with("envelope is malformed: "), "{message}");
    let good = intoto_2("logs/bundles/intoto-key.json");
    let changed = |pointer: &str, value: Value| {
        let mut request = good.clone();
        *request.pointer_mut(pointer).unwrap() = value;
        request
    };
    let envelope = "/spec/content/envelope";
    assert_eq!(
        refused(changed(&format!("{envelope}/payloadType"), "other".into())).await,
        "all signatures must have a key that verifies it"
    );
    assert_eq!(
        refused(changed(&format!("{envelope}/payload"), encode_bytes(&[0xff]).into())).await,
        "payload is missing"
    );
    assert_eq!(
        refused(changed("/spec/content/hash/value", "a\"b".into())).await,
        "hash is \"sha256:a\\\"b\", expected hexadecimal digits"
    );
    assert_eq!(
        refused(changed(&format!("{envelope}/signatures"), json!([]))).await,
        "envelope has no signature"
    );
}
