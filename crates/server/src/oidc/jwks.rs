//! The keys of a provider (RFC 7517).

use aws_lc_rs::signature::RsaPublicKeyComponents;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::Value;

use super::token::Algorithm;

/// The keys that a provider signs with, as far as they can be used here.
#[derive(Debug)]
pub(crate) struct KeySet(Vec<Key>);

/// One key.
#[derive(Debug)]
pub(crate) struct Key {
    id: Option<String>,
    material: Material,
}

/// What a key verifies with.
#[derive(Debug)]
pub(crate) enum Material {
    Rsa(RsaPublicKeyComponents<Vec<u8>>),
    /// A point in its uncompressed form.
    P256([u8; 65]),
}

impl KeySet {
    /// Reads a set; keys of other kinds and for other uses are passed over (RFC 7517 §5).
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, KeySetError> {
        let wire: WireSet = serde_json::from_slice(bytes)?;
        if wire.keys.len() > KEYS {
            return Err(KeySetError::TooMany { found: wire.keys.len() });
        }
        let keys = wire.keys.into_iter();
        let keys = keys.filter_map(|key| serde_json::from_value::<WireKey>(key).ok()?.usable());
        Ok(Self(keys.collect()))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Key> {
        self.0.iter()
    }
}

impl Key {
    pub(crate) fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    pub(crate) fn material(&self) -> &Material {
        &self.material
    }

    pub(crate) fn algorithm(&self) -> Algorithm {
        match self.material {
            Material::P256(_) => Algorithm::Es256,
            Material::Rsa(_) => Algorithm::Rs256,
        }
    }
}

/// Why bytes are no set of keys.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum KeySetError {
    #[error("set of keys is malformed")]
    Json(#[from] serde_json::Error),
    #[error("set has {found} keys, the limit is {KEYS}")]
    TooMany { found: usize },
}

#[derive(Deserialize)]
struct WireSet {
    keys: Vec<Value>,
}

#[derive(Deserialize)]
struct WireKey {
    kty: String,
    kid: Option<String>,
    #[serde(rename = "use")]
    usage: Option<String>,
    alg: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

impl WireKey {
    fn usable(self) -> Option<Key> {
        if self.usage.as_deref().is_some_and(|usage| usage != "sig") {
            return None;
        }
        let is_for = |algorithm| self.alg.as_deref().is_none_or(|alg| alg == algorithm);
        let material = match (self.kty.as_str(), self.crv.as_deref()) {
            ("RSA", _) if is_for("RS256") => Material::Rsa(RsaPublicKeyComponents {
                n: decode(self.n?)?,
                e: decode(self.e?)?,
            }),
            ("EC", Some("P-256")) if is_for("ES256") => Material::P256(point(&decode(self.x?)?, &decode(self.y?)?)?),
            _ => return None,
        };
        Some(Key { id: self.kid, material })
    }
}

fn decode(text: String) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

fn point(x: &[u8], y: &[u8]) -> Option<[u8; 65]> {
    let (x, y): (&[u8; 32], &[u8; 32]) = (x.try_into().ok()?, y.try_into().ok()?);
    let mut point = [4; 65];
    point[1..33].copy_from_slice(x);
    point[33..].copy_from_slice(y);
    Some(point)
}

/// The most keys of a provider; the large ones have under ten.
const KEYS: usize = 64;
