//! Certificates of `countersign serve` beside those that the real Fulcio issues for the same identity token.
#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::fs;

use countersign_core::Certificate;
use countersign_core::certificate::path::{Purpose, verify_path};
use countersign_core::key::{KeyAlgorithm, PrivateKey};
use countersign_core::protocol::fulcio::{self, Issued};
use countersign_core::signer::Signer;
use countersign_interop::{Peers, Run, Sigstore, Stack, http};

/// Has the authority at an address certify a new key, whose holder signs `challenge`.
fn certified(address: &str, token: &str, challenge: &str) -> Issued {
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let request = fulcio::request(key.public_key(), &key.sign(challenge.as_bytes()).unwrap());
    let bearer = format!("Bearer {token}");
    let headers = [("Authorization", bearer.as_str()), ("Content-Type", "application/json")];
    let answer = http::request(address, "POST", "/api/v2/signingCert", &headers, &request);
    assert!(
        matches!(answer.status, 200 | 201),
        "{}",
        String::from_utf8_lossy(&answer.body)
    );
    Issued::parse(&answer.body, key.public_key()).unwrap()
}

/// What of a certificate is not of its time, its key or its issuer.
fn said(certificate: &Certificate) -> String {
    let validity = certificate.validity();
    let lasts = validity.end().unwrap().duration_since(validity.start().unwrap());
    let extensions: Vec<_> = certificate.extensions().iter().collect();
    format!(
        "{:?} {:?} {extensions:#?} {lasts}",
        certificate.subject(),
        certificate.names()
    )
}

#[test]
fn certificates_say_what_those_of_fulcio_say() {
    let Some(peers) = Peers::find() else { return };
    let stack = Stack::start(&peers);
    let workflow = format!("{}=github-workflow", stack.setting("github_issuer"));
    let sigstore = Sigstore::believing(&peers, &[stack.setting("issuer"), &workflow]);
    let fulcio = stack.setting("fulcio").trim_start_matches("http://");
    for (issuer, challenge) in [
        ("issuer", "user@example.com"),
        ("github_issuer", "repo:octo-org/octo-repo:ref:refs/heads/main"),
    ] {
        let token = stack.token(issuer, "");
        let theirs = certified(fulcio, &token, challenge);
        let ours = certified(sigstore.address(), &token, challenge);
        assert_eq!(said(ours.certificate()), said(theirs.certificate()));
        assert_eq!(ours.issuers().len(), theirs.issuers().len());
        let start = ours.certificate().validity().start().unwrap();
        verify_path(ours.certificate(), &[], ours.issuers(), Purpose::CodeSigning, start).unwrap();
    }
    // each refuses what the other does
    for query in ["aud=other", "ttl=-1m", "email_verified=false", "email=x"] {
        let token = stack.token("issuer", query);
        for address in [fulcio, sigstore.address()] {
            let bearer = format!("Bearer {token}");
            let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
            let request = fulcio::request(key.public_key(), &key.sign(b"user@example.com").unwrap());
            let headers = [("Authorization", bearer.as_str()), ("Content-Type", "application/json")];
            let answer = http::request(address, "POST", "/api/v2/signingCert", &headers, &request);
            assert_eq!(answer.status, 400, "{query} {}", String::from_utf8_lossy(&answer.body));
        }
    }
}

#[test]
fn a_provider_is_asked_over_tls_if_its_certificate_is_believed() {
    let Some(peers) = Peers::find() else { return };
    let stack = Stack::start(&peers);
    let (certificate, key) = (stack.file("tls-server.pem"), stack.file("tls-server.key"));
    let tls = ["--tls-cert", &certificate, "--tls-key", &key];
    let (root, empty) = (stack.file("tls-root.pem"), stack.file("fulcio-root.pem"));
    let provider = Sigstore::start_with(&peers, &tls, &root);
    let issuer = format!("https://{}/oidc", provider.address());
    let minted = Run::new(
        &peers,
        "ours",
        &[
            "serve",
            "token",
            "--email",
            "user@example.com",
            "--root",
            provider.folder(),
        ],
    );
    let token = minted.end().expect_success().stdout;
    let flags = ["--no-development-issuer", "--oidc-issuer", &issuer];
    let believing = Sigstore::start_with(&peers, &flags, &root);
    let issued = certified(believing.address(), token.trim(), "user@example.com");
    assert_eq!(issued.certificate().extensions().issuer(), Some(issuer.as_str()));

    let doubting = Sigstore::start_with(&peers, &flags, &empty);
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let request = fulcio::request(key.public_key(), &key.sign(b"user@example.com").unwrap());
    let bearer = format!("Bearer {}", token.trim());
    let headers = [("Authorization", bearer.as_str())];
    let answer = http::request(doubting.address(), "POST", "/api/v2/signingCert", &headers, &request);
    let said = String::from_utf8_lossy(&answer.body).into_owned();
    assert_eq!(answer.status, 502, "{said}");
    assert!(said.contains("cannot be reached: invalid peer certificate"), "{said}");
}

#[test]
fn cosign_knows_the_workflow_by_its_claims() {
    let Some(peers) = Peers::find() else { return };
    let stack = Stack::start(&peers);
    let issuer = stack.setting("github_issuer");
    let sigstore = Sigstore::believing(&peers, &[&format!("{issuer}=github-workflow")]);
    let (file, bundle) = (peers.path("file"), peers.path("bundle"));
    fs::write(&file, "content").unwrap();
    let token = stack.token("github_issuer", "");
    let flags = sigstore.by_files(&token);
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    let signed = Run::new(&peers, "cosign3", &["sign-blob", "-y", "--bundle", &bundle]).with(&flags);
    drop(signed.with(&[&file]).end().expect_success());
    let root = sigstore.file("trusted_root.json");
    let workflow = "https://github.com/octo-org/octo-repo/.github/workflows/release.yml@refs/heads/main";
    let known = [
        "--bundle",
        &bundle,
        "--trusted-root",
        &root,
        "--certificate-identity",
        workflow,
        "--certificate-oidc-issuer",
        issuer,
        "--certificate-github-workflow-name",
        "release",
        "--certificate-github-workflow-ref",
        "refs/heads/main",
    ];
    for verifier in ["cosign3", "ours"] {
        let verify = |repository: &str| {
            let run = Run::new(&peers, verifier, &["verify-blob"]).with(&known);
            run.with(&["--certificate-github-workflow-repository", repository, &file])
                .end()
        };
        drop(verify("octo-org/octo-repo").expect_success());
        let wrong = verify("octo-org/other");
        assert!(!wrong.succeeded(), "{wrong:#?}");
    }
}
