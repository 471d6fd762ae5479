//! A writer of keys and signatures that says whatever a test wants, also what no honest program says.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use countersign_core::digest::Algorithm;
use countersign_core::key::{KeyAlgorithm, PrivateKey};
use countersign_core::{Digest, Signer};

/// When keys are made, in seconds: 2026-01-01.
pub(crate) const MADE: u32 = 1_767_225_600;
/// When texts are signed: a day later.
pub(crate) const SIGNED: u32 = MADE + 86_400;

/// An Ed25519 key.
pub(crate) struct Key {
    private: PrivateKey,
    pub(crate) body: Vec<u8>,
}

impl Key {
    pub(crate) fn new() -> Self {
        let private = PrivateKey::generate(KeyAlgorithm::Ed25519).unwrap();
        let der = private.public_key().as_der().to_vec();
        let mut body = vec![4];
        body.extend(MADE.to_be_bytes());
        body.push(27);
        body.extend(&der[der.len() - 32..]);
        Self { private, body }
    }

    /// The key as it is in what is signed of it.
    pub(crate) fn signed(&self) -> Vec<u8> {
        let length = u16::try_from(self.body.len()).unwrap();
        [&[0x99][..], &length.to_be_bytes(), &self.body].concat()
    }

    fn fingerprint(&self) -> Vec<u8> {
        aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA1_FOR_LEGACY_USE_ONLY, &self.signed())
            .as_ref()
            .to_vec()
    }

    /// What names the key in a signature.
    pub(crate) fn issuer(&self) -> Vec<u8> {
        sub(33, &[&[4], &self.fingerprint()[..]].concat())
    }

    /// A signature of a kind over `parts`, with what is signed of it.
    pub(crate) fn sign(&self, kind: u8, parts: &[u8], signed: &[u8]) -> Vec<u8> {
        self.sign_with(kind, parts, signed, &self.issuer())
    }

    /// A signature with what is not signed of it, too.
    pub(crate) fn sign_with(&self, kind: u8, parts: &[u8], signed: &[u8], unsigned: &[u8]) -> Vec<u8> {
        let length = |area: &[u8]| u16::try_from(area.len()).unwrap().to_be_bytes();
        let head = [&[4, kind, 27, 10][..], &length(signed), signed].concat();
        let trailer = [&[4, 0xff][..], &u32::try_from(head.len()).unwrap().to_be_bytes()].concat();
        let hash = Digest::of(Algorithm::Sha512, &[parts, &head, &trailer].concat()).bytes();
        let signature = self.private.sign(&hash).unwrap();
        [&head[..], &length(unsigned), unsigned, &hash[..2], signature.as_bytes()].concat()
    }

    /// The signature that makes `name` the name of this key.
    pub(crate) fn certify(&self, name: &str, signed: &[u8]) -> Vec<u8> {
        self.sign(0x13, &self.named(name), signed)
    }

    pub(crate) fn named(&self, name: &str) -> Vec<u8> {
        let length = u32::try_from(name.len()).unwrap().to_be_bytes();
        [&self.signed()[..], &[0xb4], &length, name.as_bytes()].concat()
    }

    /// A keyring of this key with one name.
    pub(crate) fn keyring(&self) -> Vec<u8> {
        self.keyring_saying(&[created(MADE), flags(3)].concat())
    }

    /// A keyring whose self-signature says this.
    pub(crate) fn keyring_saying(&self, signed: &[u8]) -> Vec<u8> {
        let certified = self.certify("a", signed);
        [packet(6, &self.body), packet(13, b"a"), packet(2, &certified)].concat()
    }

    /// A keyring in which `subkey` is bound to this key; `own` says what is signed, with the subkey's own signature.
    pub(crate) fn keyring_with(&self, subkey: &Self, own: impl Fn(&[u8]) -> Vec<u8>) -> Vec<u8> {
        let parts = [self.signed(), subkey.signed()].concat();
        let binding = self.sign(0x18, &parts, &own(&parts));
        [self.keyring(), packet(14, &subkey.body), packet(2, &binding)].concat()
    }

    /// The text `a`, signed in clear.
    pub(crate) fn message(&self) -> Vec<u8> {
        clear("a", &packet(2, &self.sign(1, b"a", &created(SIGNED))))
    }

    /// The text `a` with a signature that says this.
    pub(crate) fn message_saying(&self, kind: u8, signed: &[u8]) -> Vec<u8> {
        clear("a", &packet(2, &self.sign(kind, b"a", signed)))
    }
}

pub(crate) fn packet(tag: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).unwrap().to_be_bytes();
    [&[0xc0 | tag, 255][..], &length, body].concat()
}

pub(crate) fn sub(tag: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 1).unwrap().to_be_bytes();
    [&[255][..], &length, &[tag], body].concat()
}

pub(crate) fn created(seconds: u32) -> Vec<u8> {
    sub(2, &seconds.to_be_bytes())
}

pub(crate) fn flags(flags: u8) -> Vec<u8> {
    sub(27, &[flags])
}

/// A message with these packets as its signature.
pub(crate) fn clear(text: &str, packets: &[u8]) -> Vec<u8> {
    let encoded = STANDARD.encode(packets);
    format!(
        "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n{text}\n-----BEGIN PGP SIGNATURE-----\n\n{encoded}\n-----END PGP SIGNATURE-----\n"
    )
    .into_bytes()
}
