use super::*;

const NOW: i64 = 1_000;

fn token(claims: &str) -> Result<IdentityToken, TokenError> {
    let text = format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims));
    IdentityToken::parse(Secret::new(text), Timestamp::from_second(NOW).expect("a time"))
}

fn refused(claims: &str) -> TokenError {
    token(claims).expect_err("a token that is refused")
}

#[test]
fn a_token_is_about_the_address_that_its_provider_has_verified_or_else_its_subject() {
    for (claims, subject) in [
        (r#"{"iss":"i","sub":"s"}"#, "s"),
        (r#"{"iss":"i","sub":"s","email":""}"#, "s"),
        (r#"{"iss":"i","sub":"s","email":"e@x","email_verified":true}"#, "e@x"),
        (r#"{"iss":"i","sub":"s","email":"e@x","email_verified":"true"}"#, "e@x"),
    ] {
        let token = token(claims).expect("a token");
        assert_eq!((token.subject(), token.issuer()), (subject, "i"), "{claims}");
    }
}

#[test]
fn an_address_that_nobody_has_verified_is_refused() {
    for verified in ["", r#","email_verified":false"#, r#","email_verified":"yes""#] {
        let claims = format!(r#"{{"iss":"i","sub":"s","email":"e@x"{verified}}}"#);
        assert_eq!(
            refused(&claims),
            TokenError::Unverified {
                email: "e@x".to_owned()
            }
        );
    }
}

#[test]
fn a_token_about_nobody_is_refused() {
    assert_eq!(refused(r#"{"iss":"i"}"#), TokenError::NoSubject);
    assert_eq!(refused(r#"{"iss":"i","sub":""}"#), TokenError::NoSubject);
}

#[test]
fn a_token_ends_at_its_last_second() {
    assert!(token(r#"{"iss":"i","sub":"s","exp":1001}"#).is_ok());
    assert!(matches!(
        refused(r#"{"iss":"i","sub":"s","exp":1000}"#),
        TokenError::Expired { .. }
    ));
}

#[test]
fn what_has_not_the_form_of_a_token_is_refused_and_not_shown() {
    let now = Timestamp::UNIX_EPOCH;
    for (text, expected) in [
        ("secret", TokenError::Form),
        ("a.b", TokenError::Form),
        ("a.b.c.d", TokenError::Form),
        ("a.=.c", TokenError::Form),
        ("a.c2VjcmV0.c", TokenError::Claims),
    ] {
        let error = IdentityToken::parse(Secret::new(text.to_owned()), now).expect_err("a token that is refused");
        assert_eq!(error, expected, "{text}");
        assert!(!error.to_string().contains("secret"));
        assert!(!IdentityToken::is_token(text));
    }
    let long = "x".repeat(LIMIT + 1);
    assert!(matches!(
        IdentityToken::parse(Secret::new(long), now),
        Err(TokenError::TooLong { limit: LIMIT, .. })
    ));
}

#[test]
fn a_token_never_shows_itself() {
    let token = token(r#"{"iss":"i","sub":"s"}"#).expect("a token");
    assert!(!format!("{token:?}").contains("c2ln"), "{token:?}");
}
