//! The server's own provider: logins with a browser and on another device, and tokens for scripts.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::Method;
use serde_json::json;

use crate::scene::{Scene, WHO, claims, key, request, scene};

const VERIFIER: &str = "a-verifier-that-nobody-but-the-client-has-00";
const REDIRECT: &str = "http://localhost:4711/auth/callback";

fn challenge() -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, VERIFIER.as_bytes()))
}

fn wish(challenge: &str) -> Vec<(&str, &str)> {
    vec![
        ("response_type", "code"),
        ("client_id", "sigstore"),
        ("redirect_uri", REDIRECT),
        ("state", "a state"),
        ("nonce", "a nonce"),
        ("code_challenge", challenge),
        ("code_challenge_method", "S256"),
    ]
}

fn without<'a>(wish: &[(&'a str, &'a str)], name: &str, instead: Option<&'a str>) -> Vec<(&'a str, &'a str)> {
    wish.iter()
        .filter_map(|(known, value)| match *known == name {
            true => instead.map(|value| (*known, value)),
            false => Some((*known, *value)),
        })
        .collect()
}

/// Logs in, and returns the code that the browser is sent back with.
async fn code(scene: &Scene) -> String {
    let challenge = challenge();
    let form = [&wish(&challenge)[..], &[("email", WHO)]].concat();
    let answer = scene.form("/oidc/auth", &form).await.expect(303);
    let location = answer.headers["location"].to_str().unwrap();
    let back = location.strip_prefix(&format!("{REDIRECT}?code=")).unwrap();
    back.strip_suffix("&state=a%20state").unwrap().to_owned()
}

fn redemption(code: &str) -> Vec<(&str, &str)> {
    vec![
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", REDIRECT),
        ("code_verifier", VERIFIER),
    ]
}

#[tokio::test]
async fn the_provider_describes_itself() {
    let scene = scene().await;
    let said = scene
        .get("/oidc/.well-known/openid-configuration")
        .await
        .expect(200)
        .json();
    let issuer = scene.issuer();
    assert_eq!(said["issuer"], json!(issuer));
    assert_eq!(said["token_endpoint"], json!(format!("{issuer}/token")));
    assert_eq!(said["code_challenge_methods_supported"], json!(["S256"]));
    let keys = scene.get("/oidc/keys").await.expect(200).json();
    assert_eq!(
        (&keys["keys"][0]["alg"], &keys["keys"][0]["e"]),
        (&json!("RS256"), &json!("AQAB"))
    );
    assert!(keys["keys"][0].get("d").is_none());
}

#[tokio::test]
async fn a_login_with_a_browser_ends_in_a_token_that_is_taken() {
    let scene = scene().await;
    let challenge = challenge();
    let query: Vec<_> = wish(&challenge)
        .iter()
        .map(|(name, value)| format!("{name}={value}").replace(' ', "+"))
        .collect();
    let page = scene.get(&format!("/oidc/auth?{}", query.join("&"))).await.expect(200);
    assert!(
        page.headers["content-security-policy"]
            .to_str()
            .unwrap()
            .contains("default-src 'none'")
    );
    let page = page.text();
    assert!(
        page.contains("type=\"email\"") && page.contains("value=\"a state\""),
        "{page}"
    );
    let code = code(&scene).await;
    let answer = scene.form("/oidc/token", &redemption(&code)).await.expect(200).json();
    let token = answer["id_token"].as_str().unwrap();
    let said = claims(token);
    assert_eq!(
        (&said["email"], &said["aud"], &said["nonce"]),
        (&json!(WHO), &json!("sigstore"), &json!("a nonce"))
    );
    scene.ask(&request(token, &key(), WHO)).await.expect(200);
    // a code is good once
    let said = scene.form("/oidc/token", &redemption(&code)).await.expect(400).json();
    assert_eq!(said["error"], "invalid_grant");
}

#[tokio::test]
async fn a_code_is_only_for_who_asked_for_it() {
    let scene = scene().await;
    for (name, instead) in [
        ("code_verifier", Some("another-verifier")),
        ("code_verifier", None),
        ("redirect_uri", Some("http://localhost:4712/auth/callback")),
        ("redirect_uri", None),
    ] {
        let code = code(&scene).await;
        let form = without(&redemption(&code), name, instead);
        let said = scene.form("/oidc/token", &form).await.expect(400).json();
        assert_eq!(said["error"], "invalid_grant", "{said}");
        assert!(said["error_description"].as_str().unwrap().starts_with(name), "{said}");
        // and lost by the try
        scene.form("/oidc/token", &redemption(&code)).await.expect(400);
    }
}

#[tokio::test]
async fn a_login_that_leads_elsewhere_is_refused() {
    let scene = scene().await;
    let challenge = challenge();
    let wish = wish(&challenge);
    for (name, instead) in [
        ("redirect_uri", Some("https://attacker.example/")),
        ("redirect_uri", Some("http://attacker.example/")),
        ("redirect_uri", Some("http://localhost@attacker.example/")),
        ("redirect_uri", Some("javascript:alert(1)")),
        ("redirect_uri", None),
        ("client_id", Some("other")),
        ("response_type", Some("token")),
        ("code_challenge_method", Some("plain")),
        ("code_challenge", None),
    ] {
        let form = [&without(&wish, name, instead)[..], &[("email", WHO)]].concat();
        let page = scene.form("/oidc/auth", &form).await.expect(400);
        assert!(page.headers.get("location").is_none());
        assert!(page.text().contains(name), "{name}: {}", page.text());
    }
    let form = [&wish[..], &[("email", "\"><script>")]].concat();
    let said = scene.form("/oidc/auth", &form).await.expect(400).json();
    assert_eq!(said["error"], "invalid_request");
}

#[tokio::test]
async fn what_a_page_repeats_is_no_markup() {
    let scene = scene().await;
    let page = scene
        .get("/oidc/device?user_code=%22%3E%3Cscript%3E%27%26")
        .await
        .expect(200)
        .text();
    assert!(page.contains("value=\"&quot;&gt;&lt;script&gt;&#39;&amp;\""), "{page}");
}

#[tokio::test]
async fn a_login_on_another_device_ends_in_a_token() {
    let scene = scene().await;
    let challenge = challenge();
    let begin = [
        ("client_id", "sigstore"),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
    ];
    let begun = scene.form("/oidc/device/code", &begin).await.expect(200).json();
    let (device, user) = (
        begun["device_code"].as_str().unwrap(),
        begun["user_code"].as_str().unwrap(),
    );
    let poll = |verifier: &'static str| {
        let form = [
            ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
            ("device_code", device),
            ("code_verifier", verifier),
        ];
        let scene = &scene;
        async move { scene.form("/oidc/token", &form).await }
    };
    let said = poll(VERIFIER).await.expect(400).json();
    assert_eq!(said["error"], "authorization_pending");
    scene
        .form("/oidc/device", &[("user_code", "WRON-GCDE"), ("email", WHO)])
        .await
        .expect(400);
    scene
        .form("/oidc/device", &[("user_code", &user.to_lowercase()), ("email", WHO)])
        .await
        .expect(200);
    // what a user has approved of is not approved of by another
    scene
        .form("/oidc/device", &[("user_code", user), ("email", "eve@example.com")])
        .await
        .expect(400);
    let said = poll("another").await.expect(400).json();
    assert_eq!(said["error"], "invalid_grant");
    let answer = poll(VERIFIER).await.expect(200).json();
    assert_eq!(claims(answer["id_token"].as_str().unwrap())["email"], WHO);
    let said = poll(VERIFIER).await.expect(400).json();
    assert_eq!(said["error"], "expired_token");
}

#[tokio::test]
async fn a_script_is_given_the_token_itself() {
    let scene = scene().await;
    let answer = scene.form("/oidc/mint", &[("email", WHO)]).await.expect(200);
    assert_eq!(answer.headers["cache-control"], "no-store");
    scene.ask(&request(&answer.text(), &key(), WHO)).await.expect(200);
    let other = scene
        .form("/oidc/mint", &[("email", WHO), ("audience", "other")])
        .await
        .expect(200);
    assert_eq!(claims(&other.text())["aud"], "other");
    for wrong in ["", "who", "who@", "@example.com", "a b@example.com", "who@exa_mple.com"] {
        let said = scene.form("/oidc/mint", &[("email", wrong)]).await.expect(400).json();
        assert_eq!(said["error"], "invalid_request", "{wrong}");
    }
    scene.get("/oidc/mint?email=who@example.com").await.expect(405);
}

#[tokio::test]
async fn under_the_name_of_another_host_nothing_is_answered() {
    let scene = scene().await;
    for host in [
        "attacker.example",
        "attacker.example:80",
        "localhost.attacker.example",
        "",
    ] {
        let headers = [("host", host), ("content-type", "application/x-www-form-urlencoded")];
        let answer = scene
            .send(Method::POST, "/oidc/mint", &headers, "email=who%40example.com")
            .await;
        answer.expect(421);
    }
    for host in ["localhost:1", "127.0.0.1", "[::1]:80"] {
        let answer = scene
            .send(Method::POST, "/oidc/mint", &[("host", host)], "email=who%40example.com")
            .await;
        answer.expect(200);
    }
}
