//! The timestamp authority (RFC 3161).

use countersign_core::key::SignatureDigest;
use countersign_core::timestamp::{TimestampError, TimestampRequest, TimestampToken};
use countersign_core::{Certificate, Digest};
use http::Method;
use jiff::{Timestamp, ToSpan};

use crate::scene::{Scene, element, scene};

const QUERY: &str = "application/timestamp-query";
const PATH: &str = "/api/v1/timestamp";
const SHA256: &[u8] = b"\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01";

async fn stamp(scene: &Scene, request: &[u8]) -> Vec<u8> {
    let answer = scene.post(PATH, QUERY, request.to_vec()).await.expect(201);
    assert_eq!(answer.headers["content-type"], "application/timestamp-reply");
    answer.body.to_vec()
}

/// A request for a stamp of a hash, with what follows the imprint.
fn request(algorithm: &[u8], hash: &[u8], rest: &[u8]) -> Vec<u8> {
    let imprint = element(0x30, &[element(0x30, algorithm), element(4, hash)].concat());
    element(0x30, &[&element(2, &[1]), &imprint, rest].concat())
}

#[tokio::test]
async fn what_is_stamped_is_proven_to_have_been_there() {
    let scene = scene().await;
    let root = scene.trusted_root();
    for digest in [
        SignatureDigest::Sha256,
        SignatureDigest::Sha384,
        SignatureDigest::Sha512,
    ] {
        // a nonce whose first bit is set, and one that is zero
        for nonce in [[0xff; 16], [0; 16]] {
            let request = TimestampRequest::new(b"signature", digest, nonce);
            let token = TimestampToken::new(stamp(&scene, request.as_der()).await);
            request.check_answer(&token).unwrap();
            let proven = token.verify(b"signature", root.timestamp_authorities()).unwrap();
            let now = Timestamp::now();
            assert!((now - 5.seconds()..=now).contains(&proven.time()), "{proven:?}");
            let other = token.verify(b"other", root.timestamp_authorities());
            assert!(matches!(other, Err(TimestampError::Imprint { .. })), "{other:?}");
        }
    }
}

#[tokio::test]
async fn certificates_are_in_the_answer_where_they_are_wanted() {
    let scene = scene().await;
    let leaf = scene.trusted_root().timestamp_authorities()[0].chain()[0].clone();
    let hash = Digest::sha256(b"signature").bytes();
    let holds = |token: &[u8]| token.windows(leaf.as_der().len()).any(|part| part == leaf.as_der());
    for (rest, expected) in [
        (&[][..], false),
        (&element(1, &[0xff]), true),
        (&element(1, &[0]), false),
    ] {
        let token = stamp(&scene, &request(SHA256, &hash, rest)).await;
        assert_eq!(holds(&token), expected, "{rest:?}");
        let authorities = scene.trusted_root();
        TimestampToken::new(token)
            .verify(b"signature", authorities.timestamp_authorities())
            .unwrap();
    }
    let chain = scene.get("/api/v1/timestamp/certchain").await.expect(200);
    let chain = Certificate::chain_from_pem(&chain.body, 4).unwrap();
    assert_eq!(chain, scene.trusted_root().timestamp_authorities()[0].chain());
}

#[tokio::test]
async fn the_policy_and_the_nonce_are_those_of_the_request() {
    let scene = scene().await;
    let hash = Digest::sha256(b"signature").bytes();
    let policy = element(6, b"\x2b\x06\x01\x04\x01\x83\xbf\x30\x02");
    let nonce = element(2, &[0x12, 0x34, 0x56, 0x78]);
    let token = stamp(
        &scene,
        &request(SHA256, &hash, &[policy.clone(), nonce.clone()].concat()),
    )
    .await;
    assert!(token.windows(nonce.len()).any(|part| part == nonce));
    assert!(token.windows(policy.len()).any(|part| part == policy));
}

#[tokio::test]
async fn what_is_not_understood_is_rejected_with_its_reason() {
    let scene = scene().await;
    let hash = Digest::sha256(b"signature").bytes();
    let sha1 = b"\x06\x05\x2b\x0e\x03\x02\x1a";
    let mut version = request(SHA256, &hash, &[]);
    version[4] = 2;
    let cases: [(Vec<u8>, u8, &str); 9] = [
        (
            request(sha1, &[0; 20], &[]),
            0,
            "the hash is of the algorithm 1.3.14.3.2.26, expected SHA-256, SHA-384 or SHA-512",
        ),
        (
            request(SHA256, &hash[..31], &[]),
            5,
            "the hash has 31 bytes, expected 32 of sha256",
        ),
        (version, 2, "the request is of version 2, expected 1"),
        (
            request(SHA256, &hash, &element(6, &[0x2a, 3])),
            15,
            "the policy is another than 1.3.6.1.4.1.57264.2",
        ),
        (
            request(SHA256, &hash, &element(0xa0, &[])),
            16,
            "the request has extensions, of which none is known",
        ),
        (
            request(SHA256, &hash, &element(2, &[1; 65])),
            5,
            "the request is no TimeStampReq in DER",
        ),
        (
            request(SHA256, &hash, &element(4, &[1])),
            5,
            "the request is no TimeStampReq in DER",
        ),
        (b"hello".to_vec(), 5, "the request is no TimeStampReq in DER"),
        (Vec::new(), 5, "the request is no TimeStampReq in DER"),
    ];
    for (request, bit, text) in cases {
        let answer = scene.post(PATH, QUERY, request).await.expect(200);
        let mut bits = vec![7 - bit % 8];
        bits.resize(1 + usize::from(bit / 8), 0);
        bits.push(0x80 >> (bit % 8));
        let said = format!("timestamp authority answered with status 2: {text:?}");
        let text = element(0x30, &element(12, text.as_bytes()));
        let status = element(0x30, &[element(2, &[2]), text, element(3, &bits)].concat());
        assert_eq!(answer.body, element(0x30, &status), "{bit}");
        let error = TimestampToken::new(answer.body.to_vec()).verify(b"", &[]).unwrap_err();
        assert_eq!(error.to_string(), said);
    }
}

#[tokio::test]
async fn what_is_no_query_is_refused() {
    let scene = scene().await;
    scene.post(PATH, "application/json", "{}").await.expect(415);
    scene.post(PATH, QUERY, vec![0; 20 * 1024]).await.expect(413);
    scene.get(PATH).await.expect(405);
    scene
        .send(Method::POST, "/api/v1/timestamp/certchain", &[], "")
        .await
        .expect(405);
}
