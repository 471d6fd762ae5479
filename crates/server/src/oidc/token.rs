//! Tokens (RFC 7519, RFC 7515): signed claims, not yet believed.

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{Timestamp, ToSpan};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::AUDIENCE;
use super::claims::Claims;
use super::jwks::{Key, KeySet, Material};

/// A token as it came; *untrusted*.
pub(crate) struct Token<'a> {
    signed: &'a str,
    algorithm: Algorithm,
    key_id: Option<String>,
    claims: Map<String, Value>,
    signature: Vec<u8>,
}

/// How a token is signed; others are refused, `none` first of all (RFC 8725 §3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Algorithm {
    Es256,
    Rs256,
}

impl<'a> Token<'a> {
    /// Reads a token in compact form.
    pub(crate) fn parse(text: &'a str) -> Result<Self, Unusable> {
        if text.len() > LIMIT {
            return Err(Unusable::TooLong { found: text.len() });
        }
        let (signed, signature) = text.rsplit_once('.').ok_or(Unusable::Form)?;
        let (header, claims) = signed.split_once('.').ok_or(Unusable::Form)?;
        let [header, claims, signature] = [header, claims, signature].map(|part| URL_SAFE_NO_PAD.decode(part));
        let (header, claims, signature) = (header?, claims?, signature?);
        // what serde says of a text that it does not expect holds that text
        let header: WireHeader = serde_json::from_slice(&header).map_err(|_| Unusable::Header)?;
        if header.crit.is_some() {
            return Err(Unusable::Critical);
        }
        let algorithm = match header.alg.as_str() {
            "ES256" => Algorithm::Es256,
            "RS256" => Algorithm::Rs256,
            found => {
                return Err(Unusable::Algorithm {
                    found: found.chars().take(SHOWN).collect(),
                });
            }
        };
        Ok(Self {
            signed,
            algorithm,
            key_id: header.kid,
            claims: serde_json::from_slice(&claims).map_err(|_| Unusable::Claims)?,
            signature,
        })
    }

    /// Returns who is said to have issued it.
    pub(crate) fn issuer(&self) -> Result<&str, Unusable> {
        match self.claims.get("iss") {
            Some(Value::String(issuer)) if !issuer.is_empty() => Ok(issuer),
            _ => Err(Unusable::Claim {
                claim: "iss",
                expected: "a text",
            }),
        }
    }

    /// Says whether one of the keys may be the one that signed.
    pub(crate) fn has_key_in(&self, keys: &KeySet) -> bool {
        self.candidates(keys).next().is_some()
    }

    /// Believes what the token says now, if one of its issuer's keys signed it for us.
    pub(crate) fn verify(self, keys: &KeySet, now: Timestamp) -> Result<Claims, Unusable> {
        if !self.has_key_in(keys) {
            return Err(Unusable::UnknownKey {
                found: self.key_id.as_deref().unwrap_or("none").chars().take(SHOWN).collect(),
            });
        }
        if !self.candidates(keys).any(|key| self.is_signed_by(key)) {
            return Err(Unusable::Signature);
        }
        self.check_audience()?;
        self.check_time(now)?;
        let issuer = self.issuer()?.to_owned();
        Ok(Claims::new(issuer, self.claims))
    }

    fn candidates<'k>(&'k self, keys: &'k KeySet) -> impl Iterator<Item = &'k Key> {
        keys.iter().filter(|key| {
            let is_named = match (&self.key_id, key.id()) {
                (Some(wanted), Some(id)) => wanted == id,
                _ => true,
            };
            is_named && key.algorithm() == self.algorithm
        })
    }

    fn is_signed_by(&self, key: &Key) -> bool {
        let message = self.signed.as_bytes();
        match key.material() {
            Material::Rsa(numbers) => numbers
                .verify(&RSA_PKCS1_2048_8192_SHA256, message, &self.signature)
                .is_ok(),
            Material::P256(point) => UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point)
                .verify(message, &self.signature)
                .is_ok(),
        }
    }

    fn check_audience(&self) -> Result<(), Unusable> {
        let is_for_us = match self.claims.get("aud") {
            Some(Value::String(audience)) => audience == AUDIENCE,
            Some(Value::Array(audiences)) => audiences.iter().any(|audience| audience == AUDIENCE),
            _ => {
                return Err(Unusable::Claim {
                    claim: "aud",
                    expected: "a text or a list",
                });
            }
        };
        if is_for_us {
            return Ok(());
        }
        let found = self.claims.get("aud").map(Value::to_string).unwrap_or_default();
        Err(Unusable::Audience {
            found: found.chars().take(SHOWN).collect(),
        })
    }

    fn check_time(&self, now: Timestamp) -> Result<(), Unusable> {
        let at = self.moment("exp")?.ok_or(Unusable::Claim {
            claim: "exp",
            expected: "a time",
        })?;
        if at <= now {
            return Err(Unusable::Expired { at, now });
        }
        for claim in ["nbf", "iat"] {
            if let Some(at) = self.moment(claim)?
                && at.saturating_sub(LEEWAY.seconds()).is_ok_and(|at| at > now)
            {
                return Err(Unusable::Early { claim, at, now });
            }
        }
        Ok(())
    }

    /// Reads a `NumericDate`, of which parts of seconds are left out.
    fn moment(&self, claim: &'static str) -> Result<Option<Timestamp>, Unusable> {
        let Some(value) = self.claims.get(claim) else {
            return Ok(None);
        };
        let wrong = || Unusable::Claim {
            claim,
            expected: "a time",
        };
        let text = value.as_number().ok_or_else(wrong)?.to_string();
        let whole = text.split('.').next().and_then(|seconds| seconds.parse().ok());
        let at = whole.and_then(|seconds| Timestamp::from_second(seconds).ok());
        at.map(Some).ok_or_else(wrong)
    }
}

/// Why a token is not believed; it is never shown.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum Unusable {
    #[error("identity token is signed by {found:?}, expected RS256 or ES256")]
    Algorithm { found: String },
    #[error("identity token is for {found}, expected the audience \"{AUDIENCE}\"")]
    Audience { found: String },
    #[error("identity token's claim {claim:?} is not {expected}")]
    Claim {
        claim: &'static str,
        expected: &'static str,
    },
    #[error("identity token holds no JSON object of claims")]
    Claims,
    #[error("identity token has critical parameters in its header, of which none is known")]
    Critical,
    #[error("identity token begins at {at} ({claim}), and the clock says {now}")]
    Early {
        claim: &'static str,
        at: Timestamp,
        now: Timestamp,
    },
    #[error("identity token ended at {at}, and the clock says {now}")]
    Expired { at: Timestamp, now: Timestamp },
    #[error("identity token is no JSON web token: three parts in base64url with dots between them")]
    Form,
    #[error("identity token has no header that can be read")]
    Header,
    #[error("identity token is not signed by the key of its issuer that it names")]
    Signature,
    #[error("identity token has {found} bytes, the limit is {LIMIT}")]
    TooLong { found: usize },
    #[error("identity token is signed by a key that its issuer does not have (kid {found:?})")]
    UnknownKey { found: String },
}

impl From<base64::DecodeError> for Unusable {
    fn from(_: base64::DecodeError) -> Self {
        Self::Form
    }
}

#[derive(Deserialize)]
struct WireHeader {
    alg: String,
    kid: Option<String>,
    crit: Option<Value>,
}

/// The longest token that is read, in bytes.
const LIMIT: usize = 64 * 1024;
/// How far the issuer's clock may be ahead, in seconds, as Fulcio has it.
const LEEWAY: i64 = 5 * 60;
/// How much of a bad text an error repeats, in characters.
const SHOWN: usize = 120;

#[cfg(test)]
mod tests;
