//! What the certificate authority issues and refuses (Fulcio, `fulcio.proto`, certificate-specification).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use countersign_core::certificate::path::{Purpose, verify_path};
use countersign_core::certificate::sct::verify_embedded;
use countersign_core::certificate::{FulcioExtension, Name};
use countersign_core::key::{KeyAlgorithm, SignatureDigest};
use countersign_core::signer::Signer;
use countersign_core::{Certificate, PrivateKey};
use http::Method;
use jiff::{Timestamp, ToSpan};
use serde_json::json;

use crate::scene::{Scene, WHO, chain, element, key, request, scene};

/// Checks a chain as a verifier does, against what the server publishes.
fn check(scene: &Scene, chain: &[Certificate]) {
    let [leaf, issuers @ ..] = chain else { panic!("no leaf") };
    let root = scene.trusted_root();
    let [authority] = root.certificate_authorities() else {
        panic!("{root:?}")
    };
    assert_eq!(issuers, authority.chain());
    let now = Timestamp::now();
    let path = verify_path(leaf, &[], authority.chain(), Purpose::CodeSigning, now).unwrap();
    let seen = verify_embedded(&path, root.certificate_logs()).unwrap();
    assert_eq!((seen.logs().len(), seen.refusals().len()), (1, 0));
}

#[tokio::test]
async fn who_shows_a_token_gets_a_certificate_that_a_log_has_seen() {
    let scene = scene().await;
    let (token, key) = (scene.token().await, key());
    let answer = scene.ask(&request(&token, &key, WHO)).await.expect(200);
    let chain = chain(&answer.json());
    check(&scene, &chain);
    let leaf = &chain[0];
    assert_eq!(leaf.public_key(), Ok(key.public_key()));
    assert_eq!(leaf.names(), [Name::Email(WHO.to_owned())]);
    assert!(leaf.subject().is_empty());
    let said: Vec<_> = leaf.extensions().iter().collect();
    let issuer = scene.issuer();
    assert_eq!(
        said,
        [
            (FulcioExtension::DeprecatedIssuer, issuer.as_str()),
            (FulcioExtension::Issuer, issuer.as_str()),
            (FulcioExtension::TokenSubject, WHO),
        ]
    );
    let validity = leaf.validity();
    let (start, end) = (validity.start().unwrap(), validity.end().unwrap());
    assert_eq!(end.duration_since(start).as_secs(), 600);
    assert!(
        (Timestamp::now() - 5.seconds()..=Timestamp::now()).contains(&start),
        "{validity}"
    );
    assert!(leaf.serial().len() == 20 && !leaf.is_authority());
}

#[tokio::test]
async fn keys_of_every_kind_are_certified() {
    let scene = scene().await;
    let token = scene.token().await;
    for algorithm in KeyAlgorithm::ALL {
        let mut keys = vec![PrivateKey::generate(algorithm).unwrap()];
        // as other clients prove it: with the digest of the curve's strength
        let own = match algorithm {
            KeyAlgorithm::EcdsaP384 => Some(SignatureDigest::Sha384),
            KeyAlgorithm::EcdsaP521 => Some(SignatureDigest::Sha512),
            _ => None,
        };
        keys.extend(own.map(|digest| PrivateKey::generate(algorithm).unwrap().with_digest(digest).unwrap()));
        for key in keys {
            let answer = scene.ask(&request(&token, &key, WHO)).await.expect(200);
            let chain = chain(&answer.json());
            check(&scene, &chain);
            assert_eq!(chain[0].public_key(), Ok(key.public_key()), "{algorithm}");
        }
    }
}

#[tokio::test]
async fn the_token_may_be_beside_the_request() {
    let scene = scene().await;
    let token = scene.token().await;
    let mut request = request(&token, &key(), WHO);
    request.as_object_mut().unwrap().remove("credentials");
    let bearer = format!("Bearer {token}");
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    let answer = scene
        .send(Method::POST, "/api/v2/signingCert", &headers, request.to_string())
        .await;
    check(&scene, &chain(&answer.expect(200).json()));
    let said = scene.ask(&request).await.refusal(400, 3);
    assert!(said.starts_with("request has no identity token"), "{said}");
}

#[tokio::test]
async fn version_1_answers_with_pem() {
    let scene = scene().await;
    let (token, key) = (scene.token().await, key());
    let proof = key.sign(WHO.as_bytes()).unwrap();
    let request = json!({
        "publicKey": {"algorithm": "ecdsa", "content": STANDARD.encode(key.public_key().as_der())},
        "signedEmailAddress": STANDARD.encode(proof.as_bytes()),
    });
    let bearer = format!("Bearer {token}");
    let headers = [("authorization", bearer.as_str())];
    let answer = scene
        .send(Method::POST, "/api/v1/signingCert", &headers, request.to_string())
        .await
        .expect(201);
    assert_eq!(answer.headers["content-type"], "application/pem-certificate-chain");
    check(&scene, &Certificate::chain_from_pem(&answer.body, 4).unwrap());
    let root = scene.get("/api/v1/rootCert").await.expect(200);
    assert_eq!(Certificate::chain_from_pem(&root.body, 4).unwrap().len(), 2);
}

#[tokio::test]
async fn what_is_trusted_and_who_is_believed_is_told() {
    let scene = scene().await;
    let bundle = scene.get("/api/v2/trustBundle").await.expect(200).json();
    let chain = bundle["chains"][0]["certificates"].as_array().unwrap();
    let root = scene.trusted_root();
    let expected: Vec<_> = root.certificate_authorities()[0]
        .chain()
        .iter()
        .map(Certificate::to_pem)
        .collect();
    assert_eq!(chain, &expected);
    let configuration = scene.get("/api/v2/configuration").await.expect(200).json();
    let issuer = json!({
        "issuerUrl": scene.issuer(), "audience": "sigstore", "challengeClaim": "email", "issuerType": "email",
    });
    assert_eq!(configuration, json!({"issuers": [issuer]}));
    for path in ["/api/v2/trustBundle", "/api/v2/configuration", "/api/v1/rootCert"] {
        scene.post(path, "application/json", "{}").await.expect(405);
    }
    scene.get("/api/v2/signingCert").await.expect(405);
}

#[tokio::test]
async fn authorities_are_as_the_specification_has_them() {
    let scene = scene().await;
    let root = scene.trusted_root();
    let [intermediate, top] = root.certificate_authorities()[0].chain() else {
        panic!("two certificates")
    };
    assert!(intermediate.is_authority() && top.is_authority());
    assert_eq!(intermediate.issuer(), top.subject());
    assert_eq!(top.issuer(), top.subject());
    assert!(intermediate.subject() != top.subject());
    assert_eq!(top.public_key().unwrap().algorithm().to_string(), "ecdsa-p384");
}

#[tokio::test]
async fn what_proves_nothing_is_refused() {
    let scene = scene().await;
    let token = scene.token().await;
    let (own, other) = (key(), key());
    let right = request(&token, &own, WHO);
    let with = |pointer: &str, value: serde_json::Value| {
        let mut wrong = right.clone();
        *wrong.pointer_mut(pointer).unwrap() = value;
        wrong
    };
    let proof = "/publicKeyRequest/proofOfPossession";
    let content = "/publicKeyRequest/publicKey/content";
    let foreign = request(&token, &other, WHO).pointer(proof).unwrap().clone();
    let both = {
        let mut both = right.clone();
        both["certificateSigningRequest"] = "AA==".into();
        both
    };
    let mut none = right.clone();
    none.as_object_mut().unwrap().remove("publicKeyRequest");
    let p224 = "MAA=";
    let cases = [
        (
            with(proof, foreign),
            "proof of possession: signature is not this ecdsa-p256 key's",
        ),
        (
            request(&token, &own, "other@example.com"),
            "proof of possession: signature is not",
        ),
        (with(proof, "".into()), "request has no proofOfPossession"),
        (with(proof, "!".into()), "proofOfPossession is not base64"),
        (with(content, "".into()), "public key is empty"),
        (
            with(
                content,
                "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n".into(),
            ),
            "expected a public key, found a certificate",
        ),
        (with(content, p224.into()), "public key"),
        (both, "request has both publicKeyRequest and certificateSigningRequest"),
        (
            none,
            "request has neither publicKeyRequest nor certificateSigningRequest",
        ),
        (json!([]), "request is not the JSON of a certificate request"),
        (
            json!({"certificateSigningRequest": "AA=="}),
            "certificate signing request is malformed",
        ),
    ];
    for (wrong, expected) in cases {
        let said = scene.ask(&wrong).await.refusal(400, 3);
        assert!(said.starts_with(expected), "{said:?}, expected {expected:?}");
        assert!(!said.contains(&token));
    }
    scene.ask(&right).await.expect(200);
    let long = vec![b' '; 300 * 1024];
    scene
        .post("/api/v2/signingCert", "application/json", long)
        .await
        .expect(413);
}

#[tokio::test]
async fn a_signing_request_proves_itself() {
    let scene = scene().await;
    let token = scene.token().await;
    let ask = |der: Vec<u8>| json!({"credentials": {"oidcIdentityToken": token}, "certificateSigningRequest": STANDARD.encode(der)});
    for algorithm in [KeyAlgorithm::EcdsaP256, KeyAlgorithm::Ed25519, KeyAlgorithm::Rsa2048] {
        let key = PrivateKey::generate(algorithm).unwrap();
        let der = signing_request(&key, &key);
        let pem = format!(
            "-----BEGIN CERTIFICATE REQUEST-----\n{}\n-----END CERTIFICATE REQUEST-----\n",
            STANDARD.encode(&der)
        );
        for request in [der, pem.into_bytes()] {
            let chain = chain(&scene.ask(&ask(request)).await.expect(200).json());
            check(&scene, &chain);
            assert_eq!(chain[0].public_key(), Ok(key.public_key()));
        }
    }
    let said = scene.ask(&ask(signing_request(&key(), &key()))).await.refusal(400, 3);
    assert_eq!(said, "certificate signing request's signature is not by its key");
    let said = scene
        .ask(&ask(b"-----BEGIN X-----\n-----END X-----\n".to_vec()))
        .await
        .refusal(400, 3);
    assert_eq!(
        said,
        "certificate signing request is not one PEM block CERTIFICATE REQUEST, nor DER"
    );
}

/// A request for a certificate of `key`, signed by `signer` (RFC 2986).
fn signing_request(key: &PrivateKey, signer: &PrivateKey) -> Vec<u8> {
    let algorithm: &[u8] = match key.public_key().algorithm().to_string().as_str() {
        "ed25519" => b"\x30\x05\x06\x03\x2b\x65\x70",
        "rsa-2048" => b"\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b\x05\x00",
        _ => b"\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02",
    };
    let members = [
        &element(2, &[0]),
        &element(0x30, &[]),
        key.public_key().as_der(),
        &element(0xa0, &[]),
    ];
    let information = element(0x30, &members.concat());
    let signature = signer.sign(&information).unwrap();
    let bits = element(3, &[&[0], signature.as_bytes()].concat());
    element(0x30, &[&information, algorithm, &bits].concat())
}

#[tokio::test]
async fn rsa_keys_that_are_long_are_refused() {
    let scene = scene().await;
    let token = scene.token().await;
    let mut modulus = vec![0x80; 1024];
    modulus[1023] = 1;
    let mut wrong = request(&token, &key(), WHO);
    wrong["publicKeyRequest"]["publicKey"]["content"] = rsa_pem(&modulus, &[1, 0, 1]).into();
    let said = scene.ask(&wrong).await.refusal(400, 3);
    assert_eq!(said, "RSA key has 8192 bits, expected 2048 to 4096, a multiple of 8");
    let mut modulus = vec![0x80; 256];
    modulus[255] = 1;
    wrong["publicKeyRequest"]["publicKey"]["content"] = rsa_pem(&modulus, &[0x01, 0x00, 0x03]).into();
    let said = scene.ask(&wrong).await.refusal(400, 3);
    assert_eq!(said, "RSA key's public exponent is not 65537");
}

/// A public key of these numbers, in PEM.
fn rsa_pem(modulus: &[u8], exponent: &[u8]) -> String {
    let number = |bytes: &[u8]| {
        element(
            2,
            &if bytes[0] >= 0x80 {
                [&[0], bytes].concat()
            } else {
                bytes.to_vec()
            },
        )
    };
    let numbers = element(0x30, &[number(modulus), number(exponent)].concat());
    let algorithm = b"\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00";
    let info = element(
        0x30,
        &[&algorithm[..], &element(3, &[&[0], &numbers[..]].concat())].concat(),
    );
    format!(
        "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n",
        STANDARD.encode(info)
    )
}
