//! The key of the server's own provider, and what is signed with it.

use std::path::Path;
use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use countersign_core::certificate::encoding::{Element, unsigned};
use countersign_core::key::KeyAlgorithm;
use countersign_core::signer::Signer;
use countersign_core::{PrivateKey, PublicKey, Secret};
use der::Tag;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Development, SHOWN};
use crate::authority::principal::is_email;
use crate::keys::{Keys, KeysError, replace};
use crate::oidc::jwks::KeySet;

/// The key of the provider; made when it is first needed, since that takes long.
pub(super) struct Own {
    key: PrivateKey,
    id: String,
    pub(super) published: Value,
    pub(super) set: Arc<KeySet>,
}

impl Own {
    /// Opens the key, which is made where there is none.
    pub(super) fn open(keys: &Keys) -> Result<Self, KeysError> {
        Ok(Self::new(keys.key("oidc", KeyAlgorithm::Rsa2048)?))
    }

    pub(super) fn token(
        &self,
        issuer: &str,
        email: &str,
        audience: &str,
        nonce: Option<&str>,
        now: Timestamp,
    ) -> Result<Secret<String>, KeysError> {
        let issued = now.as_second();
        let mut claims = json!({
            "iss": issuer, "sub": email, "aud": audience, "iat": issued, "nbf": issued, "exp": issued + LIFETIME,
            "email": email, "email_verified": true,
        });
        if let Some(nonce) = nonce {
            claims["nonce"] = nonce.into();
        }
        let header = json!({"alg": "RS256", "kid": self.id, "typ": "JWT"});
        let [header, claims] = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
        let signed = format!("{header}.{claims}");
        let signature = self.key.sign(signed.as_bytes())?;
        let signature = URL_SAFE_NO_PAD.encode(signature.as_bytes());
        Ok(Secret::new(format!("{signed}.{signature}")))
    }

    fn new(key: PrivateKey) -> Self {
        let public = Signer::public_key(&key);
        let id = URL_SAFE_NO_PAD.encode(digest(&SHA256, public.as_der()).as_ref().get(..12).unwrap_or_default());
        let [modulus, exponent] = numbers(public).map(|number| URL_SAFE_NO_PAD.encode(number));
        let published = json!({"keys": [
            {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": id, "n": modulus, "e": exponent},
        ]});
        let set = KeySet::parse(published.to_string().as_bytes()).expect("what is published is a set of keys");
        Self {
            key,
            id,
            published,
            set: Arc::new(set),
        }
    }
}

/// Notes in a folder where the provider is, for [`token_of_folder`], or that there is none.
pub(crate) fn note(folder: &Path, provider: Option<&Development>) -> Result<(), KeysError> {
    replace(&folder.join(NOTE), provider.map_or("", Development::issuer).as_bytes())
}

/// Returns a token as the provider of the server that last served `root` makes them: whoever may read the folder's keys may.
///
/// Nothing where that server had no provider of its own.
///
/// # Errors
/// [`ServicesError`](crate::ServicesError) where the folder cannot be read, or `email` is no address.
pub fn token_of_folder(
    root: &Path,
    email: &str,
    audience: &str,
    now: Timestamp,
) -> Result<Option<Secret<String>>, crate::ServicesError> {
    let path = root.join("sigstore").join(NOTE);
    let issuer = match std::fs::read_to_string(&path) {
        Ok(issuer) => issuer,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(source) => return Err(KeysError::File { path, source }.into()),
    };
    if issuer.is_empty() {
        return Ok(None);
    }
    if !is_email(email) {
        let found = email.chars().take(SHOWN).collect();
        return Err(crate::ServicesError::Email { found });
    }
    let own = Own::open(&Keys::open(root)?)?;
    Ok(Some(own.token(&issuer, email, audience, None, now)?))
}

/// The modulus and the exponent of an RSA key.
fn numbers(key: &PublicKey) -> [Vec<u8>; 2] {
    let read = || {
        let mut info = Element::only(Tag::Sequence, key.as_der())?.elements();
        info.expect(Tag::Sequence)?;
        let numbers = info.expect(Tag::BitString)?.whole_bits()?;
        let mut numbers = Element::only(Tag::Sequence, numbers)?.elements();
        let modulus = unsigned(numbers.expect(Tag::Integer)?)?;
        let exponent = unsigned(numbers.expect(Tag::Integer)?)?;
        der::Result::Ok([modulus.to_vec(), exponent.to_vec()])
    };
    read().expect("the key that was made is of RSA")
}

/// The file that tells where the provider is.
const NOTE: &str = "issuer";
/// How long a token is valid, in seconds.
pub(super) const LIFETIME: i64 = 10 * 60;
