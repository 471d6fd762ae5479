//! Which identity tokens are believed (RFC 7519, RFC 8725): each wrong one is refused for its own reason.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::scene::{Scene, WHO, claims, key, request, scene};

/// Asks for a certificate with a token, and returns why it is refused.
async fn refused(scene: &Scene, token: &str) -> String {
    let said = scene.ask(&request(token, &key(), WHO)).await.refusal(400, 3);
    assert!(token.len() < 20 || !said.contains(token), "{said}");
    said
}

/// A token with another header.
fn with_header(token: &str, header: &Value) -> String {
    let (_, rest) = token.split_once('.').unwrap();
    format!("{}.{rest}", URL_SAFE_NO_PAD.encode(header.to_string()))
}

fn with_claims(token: &str, change: impl FnOnce(&mut Value)) -> String {
    let mut said = claims(token);
    change(&mut said);
    let parts: Vec<_> = token.split('.').collect();
    format!("{}.{}.{}", parts[0], URL_SAFE_NO_PAD.encode(said.to_string()), parts[2])
}

#[tokio::test]
async fn a_token_that_was_changed_is_refused() {
    let scene = scene().await;
    let token = scene.token().await;
    let not_signed = "identity token is not signed by the key of its issuer that it names";
    let changed = with_claims(&token, |claims| claims["email"] = "eve@example.com".into());
    assert_eq!(refused(&scene, &changed).await, not_signed);
    let other = scene
        .running
        .token("eve@example.com")
        .await
        .unwrap()
        .unwrap()
        .expose()
        .clone();
    let signature = other.rsplit('.').next().unwrap();
    let transplanted = format!("{}.{signature}", token.rsplit_once('.').unwrap().0);
    assert_eq!(refused(&scene, &transplanted).await, not_signed);
    let unsigned = format!("{}.", token.rsplit_once('.').unwrap().0);
    assert_eq!(refused(&scene, &unsigned).await, not_signed);
}

#[tokio::test]
async fn a_token_signed_in_another_way_is_refused() {
    let scene = scene().await;
    let token = scene.token().await;
    for algorithm in ["none", "HS256", "PS256", "RS1"] {
        let changed = with_header(&token, &json!({"alg": algorithm}));
        let expected = format!("identity token is signed by {algorithm:?}, expected RS256 or ES256");
        assert_eq!(refused(&scene, &changed).await, expected);
    }
    let changed = with_header(&token, &json!({"alg": "ES256"}));
    let unknown = "identity token is signed by a key that its issuer does not have (kid \"none\")";
    assert_eq!(refused(&scene, &changed).await, unknown);
    let changed = with_header(&token, &json!({"alg": "RS256", "kid": "other"}));
    let unknown = "identity token is signed by a key that its issuer does not have (kid \"other\")";
    assert_eq!(refused(&scene, &changed).await, unknown);
    let changed = with_header(&token, &json!({"alg": "RS256", "crit": ["x"]}));
    assert!(
        refused(&scene, &changed)
            .await
            .starts_with("identity token has critical parameters")
    );
}

#[tokio::test]
async fn a_token_for_somebody_else_is_refused() {
    let scene = scene().await;
    let token = scene
        .form("/oidc/mint", &[("email", WHO), ("audience", "other")])
        .await
        .expect(200)
        .text();
    let expected = "identity token is for \"other\", expected the audience \"sigstore\"";
    assert_eq!(refused(&scene, &token).await, expected);
}

#[tokio::test]
async fn what_is_no_token_is_refused() {
    let scene = scene().await;
    let token = scene.token().await;
    let form = "identity token is no JSON web token: three parts in base64url with dots between them";
    let (header, _) = token.split_once('.').unwrap();
    let cases = [
        ("a".to_owned(), form),
        ("a.b".to_owned(), form),
        ("!.!.!".to_owned(), form),
        (format!("{token}.{token}"), form),
        ("e30.e30.".to_owned(), "identity token has no header that can be read"),
        (
            format!("{header}.W10."),
            "identity token holds no JSON object of claims",
        ),
        (format!("{header}.e30."), "identity token's claim \"iss\" is not a text"),
        ("a".repeat(70_000), "identity token has 70000 bytes, the limit is 65536"),
    ];
    for (wrong, expected) in cases {
        assert_eq!(refused(&scene, &wrong).await, expected);
    }
}
