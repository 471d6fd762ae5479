//! A server in a temporary folder, and a client that hides nothing.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use countersign_core::key::KeyAlgorithm;
use countersign_core::signer::Signer;
use countersign_core::{Certificate, PrivateKey, TrustedRoot, percent};
use countersign_server::{Durability, Running, Server, ServerOptions, ServiceOptions};
use http::Method;
use serde_json::{Value, json};
use tempfile::TempDir;

pub(crate) use crate::answer::Answer;
use crate::answer::send;

/// A server that is gone with its folder when the test ends.
pub(crate) struct Scene {
    pub(crate) running: Running,
    pub(crate) folder: TempDir,
}

pub(crate) const WHO: &str = "who@example.com";

pub(crate) async fn scene() -> Scene {
    scene_with(ServiceOptions::default()).await
}

pub(crate) async fn scene_with(services: ServiceOptions) -> Scene {
    let folder = tempfile::tempdir().unwrap();
    let running = start(folder.path(), services).await;
    Scene { running, folder }
}

pub(crate) async fn start(folder: &Path, services: ServiceOptions) -> Running {
    let options = ServerOptions::new(folder).durability(Durability::ProcessCrash);
    Server::start(options.services(services)).await.unwrap()
}

impl Answer {
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.to_vec()).unwrap()
    }

    /// Expects a refusal of Fulcio's, and returns what it says.
    #[track_caller]
    pub(crate) fn refusal(self, status: u16, code: u8) -> String {
        let said = self.expect(status).json();
        assert_eq!(said["code"], code, "{said}");
        said["message"].as_str().unwrap().to_owned()
    }
}

impl Scene {
    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, &[], "").await
    }

    pub(crate) async fn form(&self, path: &str, form: &[(&str, &str)]) -> Answer {
        let body: Vec<String> = form
            .iter()
            .map(|(name, value)| format!("{name}={}", percent::encode(value, b"")))
            .collect();
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        self.send(Method::POST, path, &headers, body.join("&")).await
    }

    pub(crate) async fn post(&self, path: &str, media_type: &str, body: impl Into<Bytes>) -> Answer {
        self.send(Method::POST, path, &[("content-type", media_type)], body)
            .await
    }

    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Answer {
        let address = self.running.address().to_string();
        send(&address, method, path, headers, body.into()).await.unwrap()
    }

    pub(crate) fn issuer(&self) -> String {
        format!("{}/oidc", self.running.url())
    }

    /// A token of the server's own provider.
    pub(crate) async fn token(&self) -> String {
        self.running.token(WHO).await.unwrap().unwrap().expose().clone()
    }

    pub(crate) fn trusted_root(&self) -> TrustedRoot {
        let path = self.folder.path().join("sigstore/trusted_root.json");
        TrustedRoot::parse(&std::fs::read(path).unwrap()).unwrap()
    }

    /// Asks for a certificate, whatever the answer.
    pub(crate) async fn ask(&self, request: &Value) -> Answer {
        self.post("/api/v2/signingCert", "application/json", request.to_string())
            .await
    }
}

/// A request for a certificate of `key`, whose holder shows it by a signature over `challenge`.
pub(crate) fn request(token: &str, key: &PrivateKey, challenge: &str) -> Value {
    let proof = key.sign(challenge.as_bytes()).unwrap();
    json!({
        "credentials": {"oidcIdentityToken": token},
        "publicKeyRequest": {
            "publicKey": {"algorithm": "ECDSA", "content": key.public_key().to_pem()},
            "proofOfPossession": STANDARD.encode(proof.as_bytes()),
        },
    })
}

pub(crate) fn key() -> PrivateKey {
    PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap()
}

/// The certificates of an answer.
pub(crate) fn chain(answer: &Value) -> Vec<Certificate> {
    let chain = answer["signedCertificateEmbeddedSct"]["chain"]["certificates"]
        .as_array()
        .unwrap();
    chain
        .iter()
        .map(|pem| Certificate::from_pem(pem.as_str().unwrap().as_bytes()).unwrap())
        .collect()
}

/// What a token says.
pub(crate) fn claims(token: &str) -> Value {
    let claims = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap()
}

/// An element of DER.
pub(crate) fn element(tag: u8, contents: &[u8]) -> Vec<u8> {
    let mut der = vec![tag];
    match contents.len() {
        length @ 0..128 => der.push(length.try_into().unwrap()),
        length @ 128..256 => der.extend([0x81, length.try_into().unwrap()]),
        length => {
            der.push(0x82);
            der.extend(u16::try_from(length).unwrap().to_be_bytes());
        }
    }
    der.extend(contents);
    der
}
