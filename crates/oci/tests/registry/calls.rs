//! Calls of services that are no registry.

use countersign_core::Secret;
use countersign_oci::StoreError;
use countersign_oci::http::Call;

use crate::scripted::{Scripted, Seen, answer, http, status};

fn token() -> Secret<String> {
    Secret::new("secret".to_owned())
}

#[tokio::test]
async fn what_is_sent_is_for_the_address_that_was_given() {
    let other = Scripted::start(|_: &Seen| answer(200, &[], "mine")).await;
    let location = format!("http://{}/there", other.address);
    let server = Scripted::start(move |_: &Seen| answer(307, &[("location", &location)], "")).await;
    let (url, token) = (format!("http://{}/here", server.address), token());
    for call in [Call::get(&url, 100), Call::post(&url, "text/plain", "content", 100)] {
        let answered = http(|_| {})
            .call(&call.with_credentials("Bearer", &token))
            .await
            .unwrap();
        assert_eq!(answered.status, 307);
        assert_eq!(answered.location, Some(format!("http://{}/there", other.address)));
    }
    assert_eq!(server.seen()[0].header("authorization"), Some("Bearer secret"));
    assert_eq!(other.seen().len(), 0);
}

#[tokio::test]
async fn content_and_headers_are_sent_and_the_answer_is_handed_on() {
    let server = Scripted::start(|_: &Seen| answer(201, &[("content-type", "Text/JSON; charset=utf-8")], "{}")).await;
    let url = format!("http://{}/entries", server.address);
    let call = Call::post(&url, "application/json", "[1]", 2).with_header("accept", "text/json");
    let answered = http(|_| {}).call(&call).await.unwrap();
    assert_eq!((answered.status, &*answered.content_type), (201, "text/json"));
    assert_eq!(&answered.body[..], b"{}");
    let seen = &server.seen()[0];
    assert_eq!((&*seen.method, &*seen.target), ("POST", "/entries"));
    assert_eq!(seen.header("content-type"), Some("application/json"));
    assert_eq!(seen.header("accept"), Some("text/json"));
    assert_eq!(seen.body, b"[1]");
}

#[tokio::test]
async fn an_answer_over_the_limit_is_refused() {
    let server = Scripted::start(|_: &Seen| answer(200, &[], "123")).await;
    let url = format!("http://{}/", server.address);
    match http(|_| {}).call(&Call::get(&url, 2)).await {
        Err(StoreError::TooLarge { limit, .. }) => assert_eq!(limit, "2 bytes"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_call_is_made_as_often_as_it_says() {
    for attempts in [1, 2] {
        let server = Scripted::start(|_: &Seen| status(503)).await;
        let url = format!("http://{}/", server.address);
        let call = Call::post(&url, "text/plain", "", 10).with_attempts(attempts);
        assert_eq!(http(|_| {}).call(&call).await.unwrap().status, 503);
        assert_eq!(server.seen().len() as u32, attempts);
    }
}

#[tokio::test]
async fn credentials_that_no_header_can_hold_are_refused_and_not_shown() {
    let token = Secret::new("two\nlines".to_owned());
    let error = http(|_| {})
        .call(&Call::get("http://127.0.0.1:1/", 10).with_credentials("Bearer", &token))
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "Authorization for http://127.0.0.1:1/ is malformed: it holds characters that no header can"
    );
}
