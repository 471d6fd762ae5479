//! What services add to a signature, and what is not believed of it.

use std::sync::Arc;

use countersign::credential::{Credential, CredentialError};
use countersign::rekor::Log;
use countersign::services::{Connections, Services, VouchError};
use countersign_core::TrustedRoot;
use countersign_core::artifact::Artifact;
use countersign_core::bundle::Bundle;
use countersign_core::certificate::Certificate;
use countersign_core::key::{KeyAlgorithm, PrivateKey, SignatureDigest};
use countersign_core::message::Message;
use countersign_core::policy::Claim;
use countersign_core::trust::signing_config::SigningConfig;
use countersign_core::verify::Rejection;
use jiff::Timestamp;

use crate::scripted::{Scripted, http, json};

const LEAF: &[u8] = include_bytes!("../../../core/tests/data/certificates/stack/leaf.pem");

fn connections() -> Connections {
    Connections {
        http: http(),
        timestamp_http: http(),
        seed: [7; 32],
    }
}

fn credential() -> Credential {
    Credential::of_key(Arc::new(PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap()))
}

/// A message, and the bundle with the signature over it.
fn signed(credential: &Credential) -> (Message, Bundle) {
    let signer = credential.signer();
    let message = Message::of(b"content", &signer.needs());
    let signature = signer.sign_message(&message).unwrap();
    let bundle = Bundle::of_message(&message, SignatureDigest::Sha256, signature, signer.public_key());
    (message, bundle.unwrap())
}

/// An entry as Rekor 1 answers with it, of a log that nobody knows.
fn entry() -> String {
    let hash = "01".repeat(32);
    format!(
        r#"{{"0a":{{"body":"eyJhcGlWZXJzaW9uIjoiMC4wLjEiLCJraW5kIjoiaGFzaGVkcmVrb3JkIiwic3BlYyI6e319",
            "integratedTime":1764000000,"logID":"{hash}","logIndex":7,"verification":{{"signedEntryTimestamp":"AAEC",
            "inclusionProof":{{"checkpoint":"x","hashes":[],"logIndex":0,"rootHash":"{hash}","treeSize":1}}}}}}}}"#
    )
}

async fn vouched(trust: Option<TrustedRoot>) -> Result<Bundle, VouchError> {
    let server = Scripted::start(vec![json(201, &entry())]);
    let log = Log::Rekor1 { url: server.url };
    let services = Services::new(vec![log], Vec::new(), connections());
    let services = match trust {
        Some(trust) => services.trusting(trust),
        None => services,
    };
    let credential = credential();
    let (message, bundle) = signed(&credential);
    let artifact = Artifact::message(message);
    services
        .vouch(bundle, &artifact, Claim::Message, &credential, Timestamp::now)
        .await
}

#[tokio::test]
async fn an_entry_of_a_log_that_the_root_does_not_know_is_not_believed() {
    match vouched(Some(TrustedRoot::default())).await {
        Err(VouchError::Unverifiable(Rejection::Log { .. })) => {}
        other => panic!("{other:?}"),
    }
    assert_eq!(vouched(None).await.unwrap().log_entries().len(), 1);
}

#[tokio::test]
async fn nobody_is_asked_where_there_are_no_services() {
    let credential = credential();
    let (message, bundle) = signed(&credential);
    let vouched = Services::none()
        .vouch(
            bundle.clone(),
            &Artifact::message(message),
            Claim::Message,
            &credential,
            Timestamp::now,
        )
        .await;
    assert_eq!(vouched.unwrap(), bundle);
}

#[test]
fn a_certificate_is_of_the_key_that_signs() {
    let key = Arc::new(PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap());
    let certified = Credential::certified(key, Certificate::from_pem(LEAF).unwrap(), Vec::new());
    assert!(matches!(certified, Err(CredentialError::OtherKey)));
}

#[test]
fn rekor_2_alone_tells_no_time() {
    let url = || "http://127.0.0.1:1".to_owned();
    let (rekor_1, rekor_2) = (Log::Rekor1 { url: url() }, Log::Rekor2 { url: url() });
    for (logs, authorities, tell) in [
        (vec![], vec![], false),
        (vec![rekor_2.clone()], vec![], false),
        (vec![rekor_1], vec![], true),
        (vec![rekor_2], vec![url()], true),
        (vec![], vec![url()], true),
    ] {
        let services = Services::new(logs, authorities, connections());
        assert_eq!(services.tell_the_time(), tell, "{:?}", services.logs());
    }
}

#[test]
fn the_version_of_a_log_says_how_it_is_asked() {
    for (version, expected) in [
        (1, Log::Rekor1 { url: "u".to_owned() }),
        (2, Log::Rekor2 { url: "u".to_owned() }),
    ] {
        let config = format!(
            r#"{{"mediaType":"application/vnd.dev.sigstore.signingconfig.v0.2+json","rekorTlogConfig":{{"selector":"ANY"}},
                "rekorTlogUrls":[{{"url":"u","majorApiVersion":{version},"validFor":{{"start":"2020-01-01T00:00:00Z"}}}}]}}"#
        );
        let config = SigningConfig::parse(config.as_bytes()).unwrap();
        let services = Services::of(&config, Timestamp::now(), connections()).unwrap();
        assert_eq!(services.logs(), [expected]);
    }
}
