//! Challenges, tokens, and what is said where nothing helps.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use countersign_core::secret::Secret;
use countersign_oci::registry::credentials::Credential;
use countersign_oci::store::Store;
use countersign_oci::{Registry, RegistryOptions, StoreError};

use crate::content::image;
use crate::scripted::{Reply, Scripted, Seen, answer, client, http};

fn signed_in(credential: Credential) -> Registry {
    let mut options = RegistryOptions::new(http(|_| {}));
    options.credentials.explicit = Some(credential);
    Registry::new(options)
}

fn password() -> Credential {
    Credential::Basic {
        username: "me".to_owned(),
        password: Secret::new("hunter2".to_owned()),
    }
}

fn challenge(host: &str, scope: &str) -> Reply {
    let text = format!(r#"Bearer realm="http://{host}/token",service="s",scope="{scope}""#);
    answer(
        401,
        &[("www-authenticate", &text)],
        r#"{"errors":[{"code":"UNAUTHORIZED","message":"no"}]}"#,
    )
}

/// A registry that gives tokens itself and wants them.
async fn with_tokens(expires: u64) -> Scripted {
    Scripted::start(move |seen: &Seen| {
        let host = seen.header("host").unwrap_or_default();
        if seen.target.starts_with("/token") {
            let body = format!(r#"{{"token":"t{}","expires_in":{expires}}}"#, seen.number);
            return answer(200, &[], body);
        }
        match seen.header("authorization") {
            Some(value) if value.starts_with("Bearer t") => answer(200, &[], image("x").0.bytes()),
            _ => challenge(host, "repository:team/app:pull"),
        }
    })
    .await
}

#[tokio::test]
async fn many_requests_share_one_token() {
    let server = with_tokens(300).await;
    let registry = signed_in(password());
    let tag = server.repository().tag("v1").unwrap();
    registry.manifest(&tag).await.unwrap();
    futures_util::future::try_join_all((0..10).map(|_| registry.manifest(&tag)))
        .await
        .unwrap();
    let tokens: Vec<_> = server
        .seen()
        .into_iter()
        .filter(|seen| seen.target.starts_with("/token"))
        .collect();
    assert_eq!(tokens.len(), 1);
    assert_eq!(tokens[0].target, "/token?service=s&scope=repository:team/app:pull");
    assert_eq!(tokens[0].header("authorization"), Some("Basic bWU6aHVudGVyMg=="));
}

#[tokio::test]
async fn parallel_first_requests_share_one_token() {
    let server = with_tokens(300).await;
    let registry = client();
    let tag = server.repository().tag("v1").unwrap();
    futures_util::future::try_join_all((0..10).map(|_| registry.manifest(&tag)))
        .await
        .unwrap();
    let seen = server.seen();
    assert_eq!(seen.iter().filter(|seen| seen.target.starts_with("/token")).count(), 1);
    assert!(
        seen.iter().all(|seen| !seen.target.starts_with("/v2/ ")),
        "there is no ping"
    );
}

#[tokio::test]
async fn an_identity_token_is_traded_in_a_form() {
    let server = with_tokens(300).await;
    let registry = signed_in(Credential::IdentityToken(Secret::new("id&=".to_owned())));
    registry
        .manifest(&server.repository().tag("v1").unwrap())
        .await
        .unwrap();
    let seen = server.seen();
    let form = seen.iter().find(|seen| seen.method == "POST").unwrap();
    assert_eq!(
        String::from_utf8_lossy(&form.body),
        "grant_type=refresh_token&client_id=countersign&service=s&scope=repository:team/app:pull&refresh_token=id%26%3D"
    );
    assert_eq!(form.header("authorization"), None);
}

#[tokio::test]
async fn a_registry_token_is_sent_as_it_is() {
    let server = with_tokens(300).await;
    let registry = signed_in(Credential::RegistryToken(Secret::new("t-mine".to_owned())));
    registry
        .manifest(&server.repository().tag("v1").unwrap())
        .await
        .unwrap();
    assert!(server.seen().iter().all(|seen| !seen.target.starts_with("/token")));
}

#[tokio::test]
async fn endless_401_is_a_denial_that_names_the_place() {
    let server = Scripted::start(|seen: &Seen| {
        if seen.target.starts_with("/token") {
            return answer(200, &[], r#"{"access_token":"t"}"#);
        }
        challenge(seen.header("host").unwrap_or_default(), "repository:team/app:pull")
    })
    .await;
    let fetched = signed_in(password())
        .manifest(&server.repository().tag("v1").unwrap())
        .await;
    let Err(StoreError::Denied { registry, reason, .. }) = fetched else {
        panic!("{fetched:?}")
    };
    assert_eq!(registry, server.address.to_string());
    assert_eq!(reason, "UNAUTHORIZED: no (with the credentials given)");
    assert!(server.seen().len() <= 6, "{}", server.seen().len());
}

#[tokio::test]
async fn a_refused_password_is_a_denial() {
    let server = Scripted::start(|_: &Seen| answer(401, &[("www-authenticate", "Basic realm=x")], "")).await;
    let fetched = signed_in(password())
        .manifest(&server.repository().tag("v1").unwrap())
        .await;
    assert!(
        matches!(&fetched, Err(StoreError::Denied { reason, .. }) if !reason.contains("hunter2")),
        "{fetched:?}"
    );
    assert_eq!(server.seen().len(), 2);
}

#[tokio::test]
async fn passwords_do_not_go_to_another_hosts_realm() {
    let thief = Scripted::start(|_: &Seen| answer(200, &[], r#"{"token":"t"}"#)).await;
    // The same machine under another name is another host.
    let realm = format!("localhost:{}", thief.address.port());
    let server = Scripted::start(move |_: &Seen| challenge(&realm, "repository:team/app:pull")).await;
    let fetched = signed_in(password())
        .manifest(&server.repository().tag("v1").unwrap())
        .await;
    assert!(
        matches!(&fetched, Err(StoreError::Denied { reason, .. }) if reason.contains("plain HTTP")),
        "{fetched:?}"
    );
    assert_eq!(thief.seen().len(), 0);
}

#[tokio::test]
async fn a_wider_scope_is_asked_for_once() {
    let server = Scripted::start(|seen: &Seen| {
        let host = seen.header("host").unwrap_or_default();
        if seen.target.starts_with("/token") {
            let token = if seen.target.contains("other") {
                "wide"
            } else {
                "narrow"
            };
            return answer(200, &[], format!(r#"{{"token":"{token}"}}"#));
        }
        match seen.header("authorization") {
            Some("Bearer wide") => answer(200, &[], image("x").0.bytes()),
            Some(_) => challenge(host, "repository:team/app:pull repository:team/other:pull"),
            None => challenge(host, "repository:team/app:pull"),
        }
    })
    .await;
    let registry = client();
    let tag = server.repository().tag("v1").unwrap();
    registry.manifest(&tag).await.unwrap();
    assert_eq!(server.seen().len(), 5);
    registry.manifest(&tag).await.unwrap();
    assert_eq!(server.seen().len(), 6, "the wider scope is remembered");
}

#[tokio::test]
async fn a_token_that_is_no_longer_taken_is_replaced() {
    let refused = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&refused);
    let server = Scripted::start(move |seen: &Seen| {
        if seen.target.starts_with("/token") {
            return answer(200, &[], format!(r#"{{"token":"t{}"}}"#, seen.number));
        }
        match seen.header("authorization") {
            Some("Bearer t1") if counter.load(Ordering::Relaxed) == 1 => {
                challenge(seen.header("host").unwrap_or_default(), "")
            }
            Some(_) => answer(200, &[], image("x").0.bytes()),
            None => challenge(seen.header("host").unwrap_or_default(), ""),
        }
    })
    .await;
    let registry = client();
    let tag = server.repository().tag("v1").unwrap();
    registry.manifest(&tag).await.unwrap();
    refused.store(1, Ordering::Relaxed);
    registry.manifest(&tag).await.unwrap();
}
