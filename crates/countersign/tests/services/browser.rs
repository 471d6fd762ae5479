//! Logins in a browser.

use std::cell::RefCell;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::thread;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use countersign::oidc::browser::{User, token};
use countersign::oidc::{Client, LoginError};
use countersign::service::ServiceError;

use crate::scripted::{Answer, Scripted, http, json};

const DOCUMENT: &str = r#"{"issuer":"ISSUER","authorization_endpoint":"ISSUER/auth","token_endpoint":"ISSUER/token"}"#;

/// What the user and the provider do.
struct Login<'a> {
    document: &'a str,
    /// What is added to the address that the browser comes back to; STATE stands for the state that it was sent with.
    returned: Option<&'a str>,
    typed: &'a str,
    claims: &'a str,
}

const RIGHT: Login<'_> = Login {
    document: DOCUMENT,
    returned: Some("code=the+code&state=STATE"),
    typed: "",
    claims: r#"{"iss":"ISSUER","aud":"sigstore","sub":"s","nonce":"NONCE"}"#,
};

/// What came of a login: the token or why not, what was told, and what the provider saw.
struct Ended {
    result: Result<String, ServiceError>,
    told: String,
    server: Scripted,
}

impl Login<'_> {
    async fn run(&self) -> Ended {
        // the same seed makes the same nonce, which the provider has to give back
        let nonce = "H0oJLnNkGrZQscdQDFEU2MuA1G_6gI5-tRX__HTB2mA";
        let server = Scripted::start_knowing_itself(|url| {
            let claims = self.claims.replace("ISSUER", url).replace("NONCE", nonce);
            let token = format!("e30.{}.e30", URL_SAFE_NO_PAD.encode(claims));
            let answers: Vec<Answer> = vec![
                json(200, &self.document.replace("ISSUER", url)),
                json(200, &format!(r#"{{"id_token":"{token}"}}"#)),
            ];
            answers
        });
        let told = RefCell::new(String::new());
        let user = User {
            open: &|address| match self.returned {
                Some(query) => come_back(address, query),
                None => Err(io::ErrorKind::NotFound.into()),
            },
            tell: &|text| told.borrow_mut().push_str(text),
            ask: &|question| {
                told.borrow_mut().push_str(question);
                Ok(self.typed.to_owned())
            },
        };
        let client = Client {
            issuer: &server.url,
            id: "sigstore",
            secret: None,
            seed: [7; 32],
        };
        let result = token(&client, None, &user, &http()).await;
        Ended {
            result: result.map(|token| token.expose().clone()),
            told: told.into_inner(),
            server,
        }
    }

    async fn reason(&self) -> LoginError {
        match self.run().await.result {
            Err(ServiceError::Answer { source, .. }) => source.downcast_ref::<LoginError>().unwrap().clone(),
            other => panic!("{other:?}"),
        }
    }
}

fn member(address: &str, name: &str) -> String {
    let (_, query) = address.split_once('?').unwrap();
    let mut members = query.split('&').filter_map(|member| member.split_once('='));
    members.find(|(found, _)| *found == name).unwrap().1.to_owned()
}

/// Comes back as a browser does, after a page that is of no login.
fn come_back(address: &str, query: &str) -> io::Result<()> {
    let redirect = member(address, "redirect_uri").replace("%3A", ":").replace("%2F", "/");
    let query = query.replace("STATE", &member(address, "state"));
    let target = redirect.trim_start_matches("http://").to_owned();
    let (host, path) = target.split_once('/').unwrap();
    let (host, path) = (host.replace("localhost", "127.0.0.1"), format!("/{path}"));
    thread::spawn(move || {
        // a connection that is opened and not used, as browsers do, and pages of strangers
        let idle = TcpStream::connect(&host).unwrap();
        for target in [
            "/favicon.ico",
            &format!("{path}?code=evil&state=evil"),
            &format!("{path}?{query}"),
        ] {
            let mut stream = TcpStream::connect(&host).unwrap();
            write!(stream, "GET {target} HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).unwrap();
            assert!(answer.starts_with("HTTP/1.1 "), "{answer}");
        }
        drop(idle);
    });
    Ok(())
}

#[tokio::test]
async fn the_page_that_comes_back_brings_the_code() {
    let ended = RIGHT.run().await;
    assert!(ended.result.unwrap().starts_with("e30."));
    let (_, address) = ended.told.split_once("Your browser will now be opened to:\n").unwrap();
    assert!(address.starts_with(&format!("{}/auth?", ended.server.url)), "{address}");
    for (name, value) in [
        ("client_id", "sigstore"),
        ("code_challenge_method", "S256"),
        ("response_type", "code"),
        ("scope", "openid%20email"),
    ] {
        assert_eq!(member(address, name), value);
    }
    let seen = ended.server.seen();
    assert_eq!(seen[1].line, "POST /token");
    for part in [
        "grant_type=authorization_code&client_id=sigstore&code=the%20code&code_verifier=",
        "&redirect_uri=http%3A%2F%2Flocalhost%3A",
    ] {
        assert!(seen[1].body.contains(part), "{seen:?}");
    }
    // the verifier is what the challenge is the hash of, and it is not the challenge
    assert!(!seen[1].body.contains(&member(address, "code_challenge")), "{seen:?}");
}

#[tokio::test]
async fn a_token_of_another_login_or_for_another_program_is_refused() {
    for (claims, expected) in [
        (
            r#"{"iss":"ISSUER","aud":"sigstore","sub":"s","nonce":"x"}"#,
            LoginError::OtherLogin,
        ),
        (r#"{"iss":"ISSUER","aud":"sigstore","sub":"s"}"#, LoginError::OtherLogin),
        (
            r#"{"iss":"ISSUER","aud":"x","sub":"s","nonce":"NONCE"}"#,
            LoginError::OtherClient,
        ),
        (r#"{"iss":"ISSUER","sub":"s","nonce":"NONCE"}"#, LoginError::OtherClient),
        (
            r#"{"iss":"https://x","aud":"sigstore","sub":"s","nonce":"NONCE"}"#,
            LoginError::OtherClient,
        ),
    ] {
        assert_eq!(Login { claims, ..RIGHT }.reason().await, expected, "{claims}");
    }
    let several = r#"{"iss":"ISSUER","aud":["x","sigstore"],"sub":"s","nonce":"NONCE"}"#;
    assert!(
        Login {
            claims: several,
            ..RIGHT
        }
        .run()
        .await
        .result
        .is_ok()
    );
}

#[tokio::test]
async fn a_provider_that_refuses_is_told_of() {
    let returned = Some("error=access_denied&state=STATE");
    assert_eq!(
        Login { returned, ..RIGHT }.reason().await,
        LoginError::Refused("access_denied".to_owned())
    );
    let document = r#"{"issuer":"ISSUER","token_endpoint":"ISSUER/token"}"#;
    assert_eq!(Login { document, ..RIGHT }.reason().await, LoginError::Malformed);
}

#[tokio::test]
async fn without_a_browser_the_user_types_the_code() {
    let by_hand = Login {
        returned: None,
        typed: " typed \n",
        ..RIGHT
    };
    let ended = by_hand.run().await;
    assert!(ended.result.is_ok(), "{:?}", ended.result);
    assert!(ended.told.starts_with("error opening browser: "), "{}", ended.told);
    assert!(ended.told.ends_with("Enter verification code: "), "{}", ended.told);
    let asked = &ended.server.seen()[1].body;
    assert!(asked.contains("&code=typed&"), "{asked}");
    assert!(
        asked.ends_with("&redirect_uri=urn%3Aietf%3Awg%3Aoauth%3A2.0%3Aoob"),
        "{asked}"
    );
    let nothing = Login { typed: "", ..by_hand };
    assert_eq!(nothing.reason().await, LoginError::Late);
}
