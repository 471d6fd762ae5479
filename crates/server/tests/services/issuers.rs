//! Whose tokens are taken: another server's provider stands for anyone's.

use countersign_core::certificate::Name;
use countersign_server::{DevelopmentIssuer, OidcIssuer, OidcIssuerError, ServiceOptions};
use serde_json::json;

use crate::scene::{WHO, chain, key, request, scene, scene_with};

fn believing(issuer: &str) -> ServiceOptions {
    ServiceOptions::default()
        .issuer(OidcIssuer::parse(issuer).unwrap())
        .development_issuer(DevelopmentIssuer::Off)
}

#[tokio::test]
async fn tokens_of_a_configured_issuer_are_taken_and_no_others() {
    let provider = scene().await;
    let scene = scene_with(believing(&provider.issuer())).await;
    let token = provider.token().await;
    let answer = scene.ask(&request(&token, &key(), WHO)).await.expect(200);
    let leaf = &chain(&answer.json())[0];
    assert_eq!(leaf.extensions().issuer(), Some(provider.issuer().as_str()));
    assert_eq!(scene.running.token(WHO).await.unwrap().map(|_| ()), None);
    scene.get("/oidc/.well-known/openid-configuration").await.expect(404);

    let stranger = crate::scene::scene().await;
    let token = stranger.token().await;
    let said = scene.ask(&request(&token, &key(), WHO)).await.refusal(400, 3);
    let expected = format!(
        "identity token is of the issuer {:?}, which is not one that this server believes",
        stranger.issuer()
    );
    assert_eq!(said, expected);
}

#[tokio::test]
async fn an_issuer_that_says_it_is_another_is_not_believed() {
    // the same provider by another name of this machine: it calls itself by its own
    let provider = scene().await;
    let other = provider.issuer().replace("127.0.0.1", "localhost");
    let scene = scene_with(believing(&provider.issuer()).issuer(OidcIssuer::parse(&other).unwrap())).await;
    scene
        .ask(&request(&provider.token().await, &key(), WHO))
        .await
        .expect(200);
    let said = scene.get("/api/v2/configuration").await.expect(200).json();
    assert_eq!(said["issuers"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn an_issuer_that_cannot_be_asked_is_no_fault_of_the_token() {
    let provider = scene().await;
    let scene = scene_with(believing(&provider.issuer())).await;
    let token = provider.token().await;
    let issuer = provider.issuer();
    provider.running.stop().await.unwrap();
    let said = scene.ask(&request(&token, &key(), WHO)).await.refusal(502, 14);
    let expected =
        format!("the issuer's keys are not known: {issuer}/.well-known/openid-configuration cannot be reached");
    assert!(said.starts_with(&expected), "{said}");
    let said = scene.ask(&request(&token, &key(), WHO)).await.refusal(502, 14);
    assert!(said.contains("could not be fetched a moment ago"), "{said}");
}

#[tokio::test]
async fn users_and_addresses_of_a_domain_are_certified_as_such() {
    let provider = scene().await;
    let issuer = provider.issuer();
    // the provider's subjects are e-mail addresses, which no kind but that of addresses takes
    for (kind, expected) in [
        (
            "uri:https://example.com",
            "identity token's subject is \"who@example.com\", expected a URI of https://example.com",
        ),
        (
            "spiffe:example.com",
            "identity token's subject is \"who@example.com\", expected a URI of spiffe://example.com",
        ),
        (
            "username:example.com",
            "identity token's subject is \"who@example.com\", expected a user's name without ! and @",
        ),
        (
            "github-workflow",
            "identity token has no claim \"job_workflow_ref\", which the certificate is to tell",
        ),
    ] {
        let scene = scene_with(believing(&format!("{issuer}={kind}"))).await;
        let said = scene
            .ask(&request(&provider.token().await, &key(), WHO))
            .await
            .refusal(400, 3);
        assert_eq!(said, expected);
        let told = scene.get("/api/v2/configuration").await.expect(200).json();
        assert_eq!(told["issuers"][0]["issuerType"], kind.split(':').next().unwrap());
    }
    let scene = scene_with(believing(&format!("{issuer}=email"))).await;
    let answer = scene
        .ask(&request(&provider.token().await, &key(), WHO))
        .await
        .expect(200);
    assert_eq!(chain(&answer.json())[0].names(), [Name::Email(WHO.to_owned())]);
}

#[test]
fn what_describes_no_issuer_is_refused() {
    for wrong in [
        "",
        "example.com",
        "ftp://example.com",
        "https://",
        "https://example.com?a",
    ] {
        assert!(
            matches!(OidcIssuer::parse(wrong), Err(OidcIssuerError::Url { .. })),
            "{wrong}"
        );
    }
    for wrong in [
        "https://example.com=",
        "https://example.com=mail",
        "https://example.com=uri",
        "https://example.com=uri:",
    ] {
        assert!(
            matches!(OidcIssuer::parse(wrong), Err(OidcIssuerError::Kind(_))),
            "{wrong}"
        );
    }
}

#[tokio::test]
async fn the_development_issuer_is_there_only_where_nobody_else_reaches_it() {
    let named = |url: &str| ServiceOptions::default().url(url);
    let scene = scene_with(named("https://sigstore.example.com/")).await;
    assert_eq!(scene.running.services().unwrap().development_issuer(), None);
    scene.form("/oidc/mint", &[("email", WHO)]).await.expect(404);
    let anywhere = named("https://sigstore.example.com").development_issuer(DevelopmentIssuer::InsecureAnywhere);
    let scene = scene_with(anywhere).await;
    let issuer = scene.running.services().unwrap().development_issuer().unwrap();
    assert_eq!(issuer, "https://sigstore.example.com/oidc");
    let config = std::fs::read(scene.folder.path().join("sigstore/signing_config.v0.2.json")).unwrap();
    let config: serde_json::Value = serde_json::from_slice(&config).unwrap();
    assert_eq!(config["oidcUrls"][0]["url"], json!(issuer));
    assert_eq!(config["caUrls"][0]["url"], "https://sigstore.example.com");
    // and under no other name
    scene.form("/oidc/mint", &[("email", WHO)]).await.expect(421);
}
