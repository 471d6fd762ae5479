//! Our clients against Fulcio, Rekor 1, Rekor 2 and a timestamp authority, as their makers built them.
#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::path::Path;

use countersign::credential::Credential;
use countersign::oidc::{IdentityToken, ambient};
use countersign::rekor::Log;
use countersign::service::ServiceError;
use countersign::services::{Connections, Services};
use countersign::tsa::stamp;
use countersign_core::Secret;
use countersign_core::TrustedRoot;
use countersign_core::bundle::{Bundle, KeyMaterial};
use countersign_core::envelope::Envelope;
use countersign_core::key::{KeyAlgorithm, PrivateKey, SignatureDigest};
use countersign_core::message::Message;
use countersign_core::protocol::rekor::{Kept, Proposal, Verifier};
use countersign_core::signer::Signer;
use countersign_core::trust::signing_config::SigningConfig;
use countersign_interop::{Peers, Stack};
use countersign_oci::http::{ClientCertificate, Http, HttpOptions, TlsOptions};
use jiff::Timestamp;

fn http() -> Http {
    Http::new(HttpOptions::default())
}

fn token(stack: &Stack, issuer: &str, query: &str) -> IdentityToken {
    let text = Secret::new(stack.token(issuer, query));
    IdentityToken::parse(text, Timestamp::now()).unwrap()
}

async fn keyless(stack: &Stack) -> Credential {
    let token = token(stack, "issuer", "");
    Credential::keyless(stack.setting("fulcio"), &token, &http())
        .await
        .unwrap()
}

fn services(stack: &Stack, config: &str) -> Services {
    let config = SigningConfig::parse(&std::fs::read(stack.setting(config)).unwrap()).unwrap();
    let connections = Connections {
        http: http(),
        timestamp_http: http(),
        seed: [7; 32],
    };
    Services::of(&config, Timestamp::now(), connections).unwrap()
}

fn message(signer: &dyn Signer, text: &[u8]) -> Bundle {
    let message = Message::of(text, &signer.needs());
    let signature = signer.sign_message(&message).unwrap();
    Bundle::of_message(&message, SignatureDigest::Sha256, signature, signer.public_key()).unwrap()
}

fn envelope(signer: &dyn Signer, text: &[u8]) -> Bundle {
    let envelope = Envelope::seal("text/plain", text.to_vec(), signer).unwrap();
    Bundle::assemble(envelope, signer.public_key()).unwrap()
}

#[tokio::test]
async fn the_services_vouch_for_what_is_signed() {
    let Some(peers) = Peers::find() else { return };
    let stack = Stack::start(&peers);
    certificates_say_who_signed(&stack).await;
    logs_and_authorities_witness(&stack).await;
    an_entry_that_is_there_is_the_answer(&stack).await;
    surroundings_give_tokens(&stack).await;
    a_timestamp_authority_may_ask_for_a_certificate(&stack).await;
}

async fn certificates_say_who_signed(stack: &Stack) {
    let credential = keyless(stack).await;
    let certificate = credential.certificate().unwrap();
    assert_eq!(certificate.names().len(), 1);
    assert!(format!("{:?}", certificate.names()).contains("user@example.com"));
    assert_eq!(certificate.extensions().issuer(), Some(stack.setting("issuer")));
    assert_eq!(credential.issuers().len(), 2);
    let error = Credential::keyless(stack.setting("fulcio"), &token(stack, "issuer", "aud=other"), &http()).await;
    let error = error.err().unwrap().to_string();
    assert!(
        error.contains("answered 401") || error.contains("answered 400"),
        "{error}"
    );
}

async fn logs_and_authorities_witness(stack: &Stack) {
    let trust = TrustedRoot::parse(&std::fs::read(stack.setting("trusted_root")).unwrap()).unwrap();
    for (config, kinds) in [
        ("signing_config", [("hashedrekord", "0.0.2"); 2]),
        ("signing_config_rekor1", [("hashedrekord", "0.0.1"), ("dsse", "0.0.1")]),
    ] {
        let services = services(stack, config);
        let credential = keyless(stack).await;
        let signer = credential.signer();
        for (bundle, (name, version)) in [message(signer, b"content"), envelope(signer, b"content")]
            .into_iter()
            .zip(kinds)
        {
            let bundle = services.witness(bundle, &credential).await.unwrap();
            let [entry] = bundle.log_entries() else {
                panic!("{bundle:?}")
            };
            assert_eq!((entry.kind().name(), entry.kind().version()), (name, version));
            let proof = entry.proof().unwrap();
            assert!(proof.checkpoint().unwrap().contains("stack.test"));
            assert_eq!(entry.promise().is_some(), version == "0.0.1");
            let [stamp] = bundle.timestamps() else {
                panic!("{bundle:?}")
            };
            let signature = bundle.content().signature().as_bytes();
            stamp.verify(signature, trust.timestamp_authorities()).unwrap();
            let KeyMaterial::Certificates(chain) = bundle.key_material() else {
                panic!("{bundle:?}")
            };
            assert_eq!(chain, &[credential.certificate().unwrap().as_der().to_vec()]);
            assert_eq!(Bundle::from_json(&bundle.to_json().unwrap()).unwrap(), bundle);
        }
    }
}

/// RSA signs the same twice, so that the log has it at the second time.
async fn an_entry_that_is_there_is_the_answer(stack: &Stack) {
    let key = PrivateKey::generate(KeyAlgorithm::Rsa2048).unwrap();
    let bundle = message(&key, b"twice");
    let proposal = Proposal {
        content: bundle.content(),
        digest: SignatureDigest::Sha256,
        verifier: Verifier::Key(key.public_key()),
        kept: Kept::Hashes,
    };
    let url = |name: &str| stack.setting(name).to_owned();
    let log = Log::Rekor1 { url: url("rekor1") };
    let first = log.append(&proposal, &http()).await.unwrap();
    let second = log.append(&proposal, &http()).await.unwrap();
    assert_eq!((first.log_index(), first.body()), (second.log_index(), second.body()));
    let log = Log::Rekor2 { url: url("rekor2") };
    log.append(&proposal, &http()).await.unwrap();
    let again = log.append(&proposal, &http()).await;
    assert!(matches!(again, Err(ServiceError::Answer { .. })), "{again:?}");
}

async fn surroundings_give_tokens(stack: &Stack) {
    let github = format!("{}/ambient?x=1", stack.setting("github_issuer"));
    let buildkite = stack.setting("issuer").to_owned();
    for (variables, subject) in [
        (
            vec![
                ("ACTIONS_ID_TOKEN_REQUEST_URL", github),
                ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "request-token".to_owned()),
            ],
            "repo:octo-org/octo-repo:ref:refs/heads/main",
        ),
        (
            vec![
                ("BUILDKITE_AGENT_ENDPOINT", buildkite),
                ("BUILDKITE_JOB_ID", "1".to_owned()),
                ("BUILDKITE_AGENT_ACCESS_TOKEN", "agent-token".to_owned()),
            ],
            "user@example.com",
        ),
    ] {
        let variable = |name: &str| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| value.clone())
        };
        let surroundings = ambient::Surroundings {
            variable: &variable,
            file: Path::new("/nowhere"),
            machine: Path::new("/nowhere"),
            google: "",
            agent: Path::new("/nowhere"),
        };
        let text = ambient::token(&surroundings, "sigstore", &http())
            .await
            .unwrap()
            .unwrap();
        let token = IdentityToken::parse(text, Timestamp::now()).unwrap();
        assert_eq!(token.subject(), subject);
        Credential::keyless(stack.setting("fulcio"), &token, &http())
            .await
            .unwrap();
    }
}

async fn a_timestamp_authority_may_ask_for_a_certificate(stack: &Stack) {
    let url = stack.setting("timestamps_mutual_tls");
    let with = |client_certificate, server_name: Option<&str>| {
        Http::new(HttpOptions {
            tls: TlsOptions {
                authorities: Some(stack.file("tls-root.pem").into()),
                client_certificate,
                server_name: server_name.map(str::to_owned),
                ..TlsOptions::default()
            },
            ..HttpOptions::default()
        })
    };
    let certificate = ClientCertificate {
        certificate: stack.file("tls-client.pem").into(),
        key: stack.file("tls-client.key").into(),
    };
    for name in [None, Some("tsa.stack.test")] {
        let http = with(Some(certificate.clone()), name);
        stamp(url, b"signature", [1; 16], &http).await.unwrap();
    }
    for http in [with(None, None), with(Some(certificate), Some("other.test"))] {
        let refused = stamp(url, b"signature", [1; 16], &http).await;
        assert!(matches!(refused, Err(ServiceError::Unreachable { .. })), "{refused:?}");
    }
}
