use countersign_core::key::KeyAlgorithm;
use countersign_core::signer::Signer;
use countersign_core::{PrivateKey, PublicKey};
use serde_json::json;

use super::*;

const NOW: i64 = 1_800_000_000;

fn now() -> Timestamp {
    Timestamp::from_second(NOW).expect("a time")
}

/// A token that is right, but for the members that are given.
fn claims(changed: &Value) -> Value {
    let mut claims = json!({"iss": "https://issuer.example", "aud": "sigstore", "sub": "1", "exp": NOW + 60, "iat": NOW, "nbf": NOW});
    for (name, value) in changed.as_object().expect("an object") {
        claims[name] = value.clone();
    }
    claims
}

fn signed(key: &PrivateKey, header: &Value, claims: &Value) -> String {
    let [header, claims] = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
    let signed = format!("{header}.{claims}");
    let signature = key.sign(signed.as_bytes()).expect("a signature");
    let signature = match header.as_str() {
        _ if key.public_key().algorithm() == KeyAlgorithm::EcdsaP256.into() => raw(signature.as_bytes()),
        _ => signature.as_bytes().to_vec(),
    };
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// The numbers of an ECDSA signature side by side, as tokens have them (RFC 7518 §3.4).
fn raw(der: &[u8]) -> Vec<u8> {
    use countersign_core::certificate::encoding::{Element, unsigned};
    use der::Tag;
    let mut numbers = Element::only(Tag::Sequence, der).expect("a sequence").elements();
    let mut bytes = Vec::new();
    for _ in 0..2 {
        let number = unsigned(numbers.expect(Tag::Integer).expect("a number")).expect("not negative");
        bytes.resize(bytes.len() + 32 - number.len(), 0);
        bytes.extend(number);
    }
    bytes
}

fn p256(key: &PublicKey) -> Value {
    let point = key.as_der().last_chunk::<64>().expect("a point");
    let [x, y] = [&point[..32], &point[32..]].map(|part| URL_SAFE_NO_PAD.encode(part));
    json!({"kty": "EC", "crv": "P-256", "kid": "ec", "use": "sig", "alg": "ES256", "x": x, "y": y})
}

fn scene() -> (PrivateKey, KeySet) {
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).expect("a key");
    let set = json!({"keys": [p256(key.public_key())]});
    (key, KeySet::parse(set.to_string().as_bytes()).expect("a set"))
}

fn verify(token: &str, keys: &KeySet) -> Result<Claims, Unusable> {
    Token::parse(token)?.verify(keys, now())
}

#[test]
fn a_token_signed_by_an_elliptic_key_is_believed_with_and_without_a_key_id() {
    let (key, keys) = scene();
    for header in [json!({"alg": "ES256", "kid": "ec"}), json!({"alg": "ES256"})] {
        let claims = verify(&signed(&key, &header, &claims(&json!({}))), &keys).expect("a token");
        assert_eq!(
            (claims.issuer(), claims.subject()),
            ("https://issuer.example", Some("1"))
        );
    }
    let other = PrivateKey::generate(KeyAlgorithm::EcdsaP256).expect("a key");
    let token = signed(&other, &json!({"alg": "ES256"}), &claims(&json!({})));
    assert_eq!(verify(&token, &keys).err(), Some(Unusable::Signature));
}

#[test]
fn each_claim_is_checked() {
    let (key, keys) = scene();
    let refused = |changed: Value| verify(&signed(&key, &json!({"alg": "ES256"}), &claims(&changed)), &keys).err();
    let at = |seconds| Timestamp::from_second(seconds).expect("a time");
    let claim = |claim, expected| Some(Unusable::Claim { claim, expected });
    let early = |claim| {
        Some(Unusable::Early {
            claim,
            at: at(NOW + 301),
            now: now(),
        })
    };
    let audience = |found: &str| {
        Some(Unusable::Audience {
            found: found.to_owned(),
        })
    };
    for (changed, expected) in [
        (json!({}), None),
        (json!({"aud": ["other", "sigstore"]}), None),
        (json!({"aud": ["other"]}), audience("[\"other\"]")),
        (json!({"aud": "sigstore.example"}), audience("\"sigstore.example\"")),
        (json!({"aud": null}), claim("aud", "a text or a list")),
        (json!({"iss": ""}), claim("iss", "a text")),
        (
            json!({"exp": NOW}),
            Some(Unusable::Expired {
                at: at(NOW),
                now: now(),
            }),
        ),
        (
            json!({"exp": NOW - 600}),
            Some(Unusable::Expired {
                at: at(NOW - 600),
                now: now(),
            }),
        ),
        (json!({"exp": NOW + 1}), None),
        (
            json!({"exp": 1.8e9}),
            Some(Unusable::Expired {
                at: at(NOW),
                now: now(),
            }),
        ),
        (json!({"exp": "soon"}), claim("exp", "a time")),
        (json!({"exp": null}), claim("exp", "a time")),
        (json!({"nbf": NOW + 300}), None),
        (json!({"nbf": NOW + 301}), early("nbf")),
        (json!({"iat": NOW + 301}), early("iat")),
        (json!({"iat": "x"}), claim("iat", "a time")),
        (json!({"nbf": [1]}), claim("nbf", "a time")),
    ] {
        assert_eq!(refused(changed.clone()), expected, "{changed}");
    }
    let mut endless = claims(&json!({}));
    endless.as_object_mut().expect("an object").remove("exp");
    let token = signed(&key, &json!({"alg": "ES256"}), &endless);
    assert_eq!(verify(&token, &keys).err(), claim("exp", "a time"));
}

#[test]
fn keys_for_other_uses_and_of_other_kinds_sign_nothing() {
    let (key, _) = scene();
    let token = signed(&key, &json!({"alg": "ES256", "kid": "ec"}), &claims(&json!({})));
    let unknown = Some(Unusable::UnknownKey { found: "ec".to_owned() });
    for (name, value) in [
        ("use", json!("enc")),
        ("alg", json!("ES384")),
        ("kty", json!("OKP")),
        ("crv", json!("P-384")),
        ("kid", json!("other")),
        ("x", json!("AA")),
        ("y", json!(1)),
    ] {
        let mut wrong = p256(key.public_key());
        wrong[name] = value;
        let keys = KeySet::parse(json!({"keys": [wrong]}).to_string().as_bytes()).expect("a set");
        assert_eq!(verify(&token, &keys).err(), unknown, "{name}");
    }
    let many = json!({"keys": vec![p256(key.public_key()); 65]});
    let error = KeySet::parse(many.to_string().as_bytes()).expect_err("too many");
    assert_eq!(error.to_string(), "set has 65 keys, the limit is 64");
}
