//! Keys of repositories (TUF specification §4.2.2).

use serde_json::Value;

use super::Refusal;
use super::members::Members;
use crate::key::{PublicKey, Signature, SignatureDigest};

/// A key that may sign, of a kind that is known here.
#[derive(Clone, Debug)]
pub(super) struct Key {
    public: PublicKey,
    scheme: Scheme,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scheme {
    Ecdsa(SignatureDigest),
    Ed25519,
    RsaPss,
}

impl Key {
    /// Reads a key; none where its kind is not known or it is no key: nothing is its signature then.
    pub(super) fn read(value: &Value) -> Result<Option<Self>, Refusal> {
        let key = Members::of("keys", value)?;
        let kind = (key.text("keytype")?, key.text("scheme")?);
        let text = key.object("keyval")?.text("public")?;
        let scheme = match kind {
            // The older name of the kind is in the public-good instance's first roots.
            ("ecdsa" | "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256") => Scheme::Ecdsa(SignatureDigest::Sha256),
            ("ecdsa" | "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp384") => Scheme::Ecdsa(SignatureDigest::Sha384),
            ("ed25519", "ed25519") => Scheme::Ed25519,
            ("rsa", "rsassa-pss-sha256") => Scheme::RsaPss,
            _ => return Ok(None),
        };
        Ok(public_key(text).map(|public| Self { public, scheme }))
    }

    /// Says whether the signature is this key's over the message.
    pub(super) fn signed(&self, message: &[u8], signature: &[u8]) -> bool {
        let signature = Signature::new(signature.to_vec());
        match self.scheme {
            Scheme::Ecdsa(digest) => {
                self.public.is_ecdsa() && self.public.verify(message, &signature, Some(digest)).is_ok()
            }
            Scheme::Ed25519 => self.public.verifies_whole(message, &signature),
            Scheme::RsaPss => self.public.verifies_rsa_pss(message, &signature),
        }
    }

    /// What tells keys apart, whatever they are called.
    pub(super) fn identity(&self) -> &[u8] {
        self.public.as_der()
    }
}

/// A key in PEM, or as older repositories write it: the bytes of an Ed25519 key or of a point on P-256, in hexadecimal.
fn public_key(text: &str) -> Option<PublicKey> {
    if text.trim_start().starts_with("-----") {
        return PublicKey::from_pem(text.as_bytes()).ok();
    }
    let bytes = hex::decode(text).ok()?;
    let prefix: &[u8] = match bytes.len() {
        32 => &ED25519_PREFIX,
        65 => &P256_PREFIX,
        _ => return None,
    };
    PublicKey::from_der(&[prefix, &bytes].concat()).ok()
}

/// What stands before the 32 bytes of an Ed25519 key in its `SubjectPublicKeyInfo` (RFC 8410 §4).
const ED25519_PREFIX: [u8; 12] = [0x30, 0x2a, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 3, 0x21, 0];

/// What stands before the uncompressed point of a P-256 key in its `SubjectPublicKeyInfo` (RFC 5480 §2).
const P256_PREFIX: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7, 3,
    0x42, 0,
];
