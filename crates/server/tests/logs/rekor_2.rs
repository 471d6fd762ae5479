//! Rekor 2's API.

use countersign_core::digest::Digest;
use countersign_core::go_json::encode_bytes;
use countersign_core::key::{KeyAlgorithm, PrivateKey, SignatureDigest};
use countersign_core::log::checkpoint::Checkpoint;
use countersign_core::log::merkle::TreeHash;
use countersign_core::protocol::rekor::entry_of_rekor_2;
use http::Method;
use serde_json::{Value, json};

use crate::client::{Logs, Signed, check_included, logged_body, logs};

const ENTRIES: &str = "/api/v2/log/entries";

#[tokio::test]
async fn signature_is_logged_and_proven_in_the_answer() {
    let logs = logs().await;
    for (number, signed) in [
        Signed::text(b"content"),
        Signed::envelope("text/plain", b"content"),
        Signed::text(b"other content"),
    ]
    .iter()
    .enumerate()
    {
        let request = signed.proposal().to_rekor_2().unwrap();
        let answer = logs.client.post(ENTRIES, request).await.expect(201);
        assert_eq!(answer.header("content-type"), "application/json");
        let entry = entry_of_rekor_2(&answer.body).unwrap();
        assert_eq!((entry.log_index(), entry.integrated_time()), (number as u64, None));
        signed.prove(&entry, &logs.trust.rekor_2);
        assert_eq!(check_included(&entry, &logs.trust.rekor_2).size, number as u64 + 1);
    }
}

/// The request that made an entry.
fn request_of(body: &[u8]) -> Value {
    let body: Value = serde_json::from_slice(body).unwrap();
    let entry = &body["spec"]["hashedRekordV002"];
    json!({ "hashedRekordRequestV002": { "digest": entry["data"]["digest"], "signature": entry["signature"] } })
}

#[tokio::test]
async fn body_is_what_the_real_log_wrote() {
    let logs = logs().await;
    for file in [
        "golden/blobs/blob-v3-key.json",
        "golden/blobs/blob-v3-key-p384.json",
        "golden/blobs/blob-v3-key-p521.json",
        "golden/blobs/blob-v3-key-rsa2048.json",
        "golden/blobs/blob-v3-key-rsa4096.json",
        "golden/blobs/blob-v3-keyless.json",
        "golden/blobs/blob-v3-attest.json",
    ] {
        let expected = logged_body(file);
        let answer = logs
            .client
            .post(ENTRIES, request_of(&expected).to_string())
            .await
            .expect(201);
        let entry = entry_of_rekor_2(&answer.body).unwrap();
        assert_eq!(
            String::from_utf8_lossy(entry.body()),
            String::from_utf8_lossy(&expected),
            "{file}"
        );
        check_included(&entry, &logs.trust.rekor_2);
    }
}

#[tokio::test]
async fn members_may_have_their_names_of_protobuf() {
    let logs = logs().await;
    let body = logged_body("golden/blobs/blob-v3-keyless.json");
    let request = request_of(&body).to_string();
    let request = ["hashedRekordRequestV002", "x509Certificate", "rawBytes", "keyDetails"]
        .iter()
        .zip([
            "hashed_rekord_request_v002",
            "x509_certificate",
            "raw_bytes",
            "key_details",
        ])
        .fold(request, |request, (name, other)| request.replace(name, other));
    logs.client.post(ENTRIES, request).await.expect(201);
}

#[tokio::test]
async fn entry_that_is_there_is_refused_with_its_place() {
    let logs = logs().await;
    let request = Signed::text(b"once").proposal().to_rekor_2().unwrap();
    logs.client.post(ENTRIES, request.clone()).await.expect(201);
    let answer = logs.client.post(ENTRIES, request).await.expect(409);
    assert_eq!(answer.header("x-log-index"), "0");
    assert_eq!(
        answer.json(),
        json!({
            "code": 6,
            "message": "an equivalent entry already exists in the transparency log with index 0",
            "details": [],
        })
    );
}

/// Posts a good request with one member replaced, and returns the status and the message.
async fn refused(logs: &Logs, pointer: &str, value: Value) -> String {
    let signed = Signed::text(b"content");
    let mut request: Value = serde_json::from_slice(&signed.proposal().to_rekor_2().unwrap()).unwrap();
    *request.pointer_mut(pointer).unwrap() = value;
    logs.client.post(ENTRIES, request.to_string()).await.refused(400)
}

#[tokio::test]
async fn requests_that_do_not_hold_are_refused() {
    let logs = logs().await;
    let at = |member: &str| format!("/hashedRekordRequestV002{member}");
    let refused = async |member: &str, value: Value| refused(&logs, &at(member), value).await;
    let other = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let other = encode_bytes(countersign_core::Signer::public_key(&other).as_der());
    assert_eq!(
        refused("/signature/verifier/publicKey/rawBytes", other.into()).await,
        "invalid request: signature is not the ecdsa-p256 key's over this sha256"
    );
    assert_eq!(
        refused("/digest", encode_bytes(&[1; 32]).into()).await,
        "invalid request: signature is not the ecdsa-p256 key's over this sha256"
    );
    assert_eq!(
        refused("/digest", encode_bytes(&[1; 48]).into()).await,
        "invalid request: digest has 48 bytes, expected the 32 of sha256"
    );
    assert_eq!(
        refused("/digest", "".into()).await,
        "invalid request: digest is missing"
    );
    assert_eq!(
        refused("/signature/content", "".into()).await,
        "invalid request: signature.content is missing"
    );
    let message = refused("/digest", "?".into()).await;
    assert!(
        message.starts_with("invalid request: digest is not base64: "),
        "{message}"
    );
    assert_eq!(
        refused("/signature/verifier/keyDetails", "PKIX_ECDSA_P384_SHA_384".into()).await,
        "invalid request: key details are \"PKIX_ECDSA_P384_SHA_384\", expected PKIX_ECDSA_P256_SHA_256 for this key"
    );
    assert_eq!(
        refused("/signature/verifier/publicKey", Value::Null).await,
        "invalid request: verifier must be either a public key or a certificate"
    );
    let message = refused("/signature/verifier/publicKey/rawBytes", "AAAA".into()).await;
    assert!(message.starts_with("invalid request: key is not usable: "), "{message}");
    let certificate = json!({ "x509Certificate": { "rawBytes": "AAAA" }, "keyDetails": "PKIX_ECDSA_P256_SHA_256" });
    let message = refused("/signature/verifier", certificate).await;
    assert!(
        message.starts_with("invalid request: certificate is not usable: "),
        "{message}"
    );
    let unknown = json!({ "publicKey": { "rawBytes": "AAAA" }, "keyDetails": "x", "more": 1 });
    let message = refused("/signature/verifier", unknown).await;
    assert!(message.contains("unknown field `more`"), "{message}");
    let tree = logs.client.get("/api/v2/checkpoint").await.expect(200).text();
    assert_eq!(
        Checkpoint::parse(&tree).unwrap().head().size,
        0,
        "nothing of this is logged"
    );
}

#[tokio::test]
async fn other_requests_are_refused() {
    let logs = logs().await;
    let post = async |body: String| logs.client.post(ENTRIES, body).await;
    for body in ["{}", r#"{"dsseRequestV002":{}}"#] {
        let message = post(body.to_owned()).await.refused(400);
        assert_eq!(message, "invalid request: invalid type, must be hashedrekord");
    }
    for body in ["", "[]", "{", "\u{fffd}", "nonsense"] {
        let message = post(body.to_owned()).await.refused(400);
        assert!(
            message.starts_with("invalid request: request is malformed: "),
            "{message}"
        );
    }
    let message = post("x".repeat(200_000)).await.refused(413);
    assert_eq!(message, "the request is longer than 131072 bytes");
    for (method, path, allowed) in [
        (Method::GET, ENTRIES, "POST"),
        (Method::PUT, ENTRIES, "POST"),
        (Method::POST, "/api/v2/checkpoint", "GET, HEAD"),
        (Method::DELETE, "/api/v2/tile/0/000", "GET, HEAD"),
    ] {
        let answer = logs.client.send(method, path, "").await;
        assert_eq!(answer.header("allow"), allowed);
        assert_eq!(
            answer.refused(405),
            format!("the method is not allowed here, which takes {allowed}")
        );
    }
    for path in [
        "/api/v2/log",
        "/api/v2/log/entries/1",
        "/api/v2/tile/0/000",
        "/api/v2/tile/0/../000",
    ] {
        assert_eq!(
            logs.client.get(path).await.refused(404),
            "there is nothing at this path"
        );
    }
}

/// Keys whose signatures over a hash nobody can verify, or that the real log does not take.
#[tokio::test]
async fn keys_of_other_kinds_are_refused() {
    let logs = logs().await;
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP384).unwrap();
    let signed = Signed::text_by(
        key.with_digest(SignatureDigest::Sha384).unwrap(),
        SignatureDigest::Sha384,
        b"384",
    );
    let mut request: Value = serde_json::from_slice(&signed.proposal().to_rekor_2().unwrap()).unwrap();
    let post = async |request: &Value| logs.client.post(ENTRIES, request.to_string()).await;
    let digest = request["hashedRekordRequestV002"]["digest"].take();
    request["hashedRekordRequestV002"]["digest"] = encode_bytes(&Digest::sha256(b"384").bytes()).into();
    let message = post(&request).await.refused(400);
    assert_eq!(
        message,
        "invalid request: digest has 32 bytes, expected the 48 of sha384"
    );
    request["hashedRekordRequestV002"]["digest"] = digest;
    post(&request).await.expect(201);
}

#[tokio::test]
async fn tiles_and_the_checkpoint_lead_to_each_entry() {
    let logs = logs().await;
    let mut bodies = Vec::new();
    for number in 0..5_u8 {
        let request = Signed::text(&[number]).proposal().to_rekor_2().unwrap();
        let answer = logs.client.post(ENTRIES, request).await.expect(201);
        bodies.push(entry_of_rekor_2(&answer.body).unwrap().body().to_vec());
    }
    let answer = logs.client.get("/api/v2/checkpoint").await.expect(200);
    assert_eq!(answer.header("content-type"), "text/plain; charset=utf-8");
    assert_eq!(answer.header("cache-control"), "no-store");
    let note = answer.text();
    let checkpoint = Checkpoint::parse(&note).unwrap();
    checkpoint.check_signed_by(&logs.trust.rekor_2).unwrap();
    assert_eq!((checkpoint.origin(), checkpoint.head().size), ("log.test", 5));
    let tile = logs.client.get("/api/v2/tile/0/000.p/5").await.expect(200);
    assert_eq!(tile.header("content-type"), "application/octet-stream");
    assert_eq!(tile.header("cache-control"), "public, max-age=31536000, immutable");
    let leaves: Vec<_> = bodies
        .iter()
        .flat_map(|body| *TreeHash::of_leaf(body).as_bytes())
        .collect();
    assert_eq!(tile.body, leaves);
    let bundle = logs.client.get("/api/v2/tile/entries/000.p/5").await.expect(200).body;
    let expected: Vec<_> = bodies
        .iter()
        .flat_map(|body| [&u16::try_from(body.len()).unwrap().to_be_bytes()[..], body].concat())
        .collect();
    assert_eq!(bundle, expected);
    logs.client.get("/api/v2/tile/0/000.p/6").await.expect(404);
    logs.client.get("/api/v2/tile/0/000").await.expect(404);
}
