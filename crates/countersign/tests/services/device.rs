//! Logins on another device.

use std::cell::RefCell;

use countersign::oidc::device::{Request, token};
use countersign::oidc::{Client, LoginError};
use countersign::service::ServiceError;

use crate::scripted::{Answer, Scripted, http, json};

const DEVICE: &str = r#"{"device_code":"secret code","user_code":"AB-CD","verification_uri":"https://page",
    "expires_in":2,"interval":0}"#;

/// Logs in at a provider whose discovery document is `document`, in which ISSUER stands for its address.
async fn login(document: &str, answers: Vec<Answer>) -> (Result<String, ServiceError>, Option<Request>, Scripted) {
    let server = Scripted::start_knowing_itself(|url| {
        let mut all = vec![json(200, &document.replace("ISSUER", url))];
        all.extend(answers);
        all
    });
    let shown = RefCell::new(None);
    let show = |request: &Request| *shown.borrow_mut() = Some(request.clone());
    let client = Client {
        issuer: &server.url,
        id: "sigstore",
        secret: None,
        seed: [7; 32],
    };
    let result = token(&client, show, &http()).await;
    let result = result.map(|token| token.expose().clone());
    (result, shown.into_inner(), server)
}

const DOCUMENT: &str =
    r#"{"issuer":"ISSUER","device_authorization_endpoint":"ISSUER/device","token_endpoint":"ISSUER/token"}"#;

fn reason(result: Result<String, ServiceError>) -> LoginError {
    match result {
        Err(ServiceError::Answer { source, .. }) => source.downcast_ref::<LoginError>().unwrap().clone(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn the_token_comes_once_the_user_has_logged_in() {
    let pending = json(400, r#"{"error":"authorization_pending"}"#);
    let answers = vec![json(200, DEVICE), pending, json(200, r#"{"id_token":"a.b.c"}"#)];
    let (result, shown, server) = login(DOCUMENT, answers).await;
    assert_eq!(result.unwrap(), "a.b.c");
    let expected = Request {
        page: "https://page".to_owned(),
        code: "AB-CD".to_owned(),
    };
    assert_eq!(shown, Some(expected));
    let seen = server.seen();
    assert_eq!(seen[0].line, "GET /.well-known/openid-configuration");
    assert_eq!(seen[1].line, "POST /device");
    // the verifier is the seed in base64, the challenge its hash
    let challenge = "3Ev4DHdHPRMPoN6GukAY_pi7IUAF5qWJHRK6kURvnoE";
    assert_eq!(
        seen[1].body,
        format!("client_id=sigstore&scope=openid%20email&code_challenge={challenge}&code_challenge_method=S256")
    );
    assert_eq!(seen[2].line, "POST /token");
    assert!(
        seen[2]
            .body
            .contains("device_code=secret%20code&code_verifier=BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc")
    );
    assert_eq!(seen.len(), 4);
}

#[tokio::test]
async fn a_refusal_is_told_without_the_code() {
    let refused = json(400, r#"{"error":"access_denied","error_description":"no secret code"}"#);
    let (result, _, server) = login(DOCUMENT, vec![json(200, DEVICE), refused]).await;
    assert_eq!(
        result.unwrap_err().to_string(),
        format!(r#"identity provider {} answered 400: "no ******""#, server.url)
    );
}

#[tokio::test]
async fn a_login_ends_with_its_time() {
    let slower = json(400, r#"{"error":"slow_down"}"#);
    let (result, _, _) = login(DOCUMENT, vec![json(200, DEVICE), slower]).await;
    assert_eq!(reason(result), LoginError::Late);
}

#[tokio::test]
async fn a_provider_is_the_one_that_was_meant() {
    let other = DOCUMENT.replace(r#""issuer":"ISSUER""#, r#""issuer":"https://other""#);
    assert_eq!(reason(login(&other, vec![]).await.0), LoginError::OtherIssuer);
    let none = r#"{"issuer":"ISSUER","token_endpoint":"ISSUER/token"}"#;
    assert_eq!(reason(login(none, vec![]).await.0), LoginError::Malformed);
}
