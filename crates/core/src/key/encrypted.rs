//! Private key files as cosign writes and reads them: JSON of scrypt and NaCl secretbox around PKCS #8, in PEM.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use countersign_aws_lc::{ScryptError, scrypt};
use crypto_secretbox::aead::{AeadInPlace, KeyInit};
use crypto_secretbox::{Nonce, Tag, XSalsa20Poly1305};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::pem::{self, Block, PemError};
use super::{KEY_FILE_LIMIT, PrivateKey, PrivateKeyError, PublicKeyAlgorithm, import};
use crate::secret::Secret;

impl PrivateKey {
    /// Opens a PEM file of type `ENCRYPTED SIGSTORE PRIVATE KEY`, or `ENCRYPTED COSIGN PRIVATE KEY` as cosign 1 wrote.
    ///
    /// # Errors
    /// [`OpenError`]; [`OpenError::WrongPassword`] when the password does not open the box.
    pub fn open(text: &[u8], password: &Secret<Vec<u8>>) -> Result<Self, OpenError> {
        let sealed = Sealed::parse(&sealed_block(text)?.contents)?;
        let key = sealed.key(password)?;
        let (tag, body) = sealed.ciphertext.split_at_checked(TAG_LENGTH).ok_or(OpenError::NoTag)?;
        let mut body = Zeroizing::new(body.to_vec());
        XSalsa20Poly1305::new((&*key).into())
            .decrypt_in_place_detached(&Nonce::from(sealed.nonce), b"", &mut body, Tag::from_slice(tag))
            .map_err(|_| OpenError::WrongPassword)?;
        Ok(Self::from_pkcs8(&body)?)
    }

    /// Seals the key under `password` into a PEM file that cosign opens.
    ///
    /// `salt` and `nonce` are to be fresh random bytes.
    ///
    /// # Errors
    /// [`SealError`] when there is not memory enough.
    pub fn seal(
        &self,
        password: &Secret<Vec<u8>>,
        salt: [u8; 32],
        nonce: [u8; 24],
    ) -> Result<Secret<String>, SealError> {
        let params = WRITTEN;
        let key = derive(password, &salt, params)?;
        let mut body = self.to_pkcs8().map_err(|_| SealError::Key {
            algorithm: self.public_key().algorithm(),
        })?;
        let tag = XSalsa20Poly1305::new((&*key).into())
            .encrypt_in_place_detached(&Nonce::from(nonce), b"", &mut body)
            .expect("a key is far shorter than what secretbox can take");
        let file = File {
            kdf: KdfJson {
                name: KDF.to_owned(),
                params,
                salt: STANDARD.encode(salt),
            },
            cipher: CipherJson {
                name: CIPHER.to_owned(),
                nonce: STANDARD.encode(nonce),
            },
            ciphertext: STANDARD.encode([tag.as_slice(), &body].concat()),
        };
        let json = serde_json::to_vec(&file).expect("strings and numbers are always JSON");
        Ok(Secret::new(pem::encode(LABEL, &json)))
    }
}

/// Why a sealed private key does not open.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// There is nothing.
    #[error("private key is empty")]
    Empty,
    /// There is more than any key needs.
    #[error("private key has {found} bytes, the limit is {limit}")]
    Oversized {
        /// The most bytes allowed.
        limit: usize,
        /// The bytes there are.
        found: usize,
    },
    /// The bytes are not PEM.
    #[error(transparent)]
    Pem(#[from] PemError),
    /// The key is not sealed, so it must be imported first.
    #[error("private key is not in cosign's encrypted form and must be imported first (PEM block {label:?})")]
    NotSealed {
        /// The PEM block's type.
        label: String,
    },
    /// The file holds a public key.
    #[error("expected a private key, found a public one")]
    PublicKeyGiven,
    /// The file holds something else.
    #[error("PEM block is {found:?}, expected \"{LABEL}\"")]
    UnknownPemType {
        /// The PEM block's type.
        found: String,
    },
    /// The block does not hold the JSON of a sealed key.
    #[error("sealed private key does not hold its JSON")]
    NotJson {
        /// Where it departs.
        source: serde_json::Error,
    },
    /// A member of the JSON is not base64.
    #[error("sealed private key's {member} is not base64")]
    NotBase64 {
        /// The member's name.
        member: &'static str,
        /// Where it departs.
        source: base64::DecodeError,
    },
    /// The key derivation is another.
    #[error("sealed private key's key derivation is {found:?}, expected \"{KDF}\"")]
    UnknownKdf {
        /// The name found.
        found: String,
    },
    /// The key derivation's cost is none that cosign accepts.
    #[error("sealed private key's scrypt has N={n}, r={r}, p={p}, expected N of 32768, 65536 or 131072, r=8, p=1")]
    ScryptParameters {
        /// The cost.
        n: u64,
        /// The block size.
        r: u64,
        /// The parallelism.
        p: u64,
    },
    /// The cipher is another.
    #[error("sealed private key's cipher is {found:?}, expected \"{CIPHER}\"")]
    UnknownCipher {
        /// The name found.
        found: String,
    },
    /// The nonce has the wrong length.
    #[error("sealed private key's nonce has {found} bytes, expected 24")]
    NonceLength {
        /// The bytes there are.
        found: usize,
    },
    /// The ciphertext is shorter than its authentication tag.
    #[error("sealed private key's ciphertext is shorter than 16 bytes")]
    NoTag,
    /// The password does not open the key, or the file was changed.
    #[error("password does not open the private key")]
    WrongPassword,
    /// There is not memory enough for the key derivation.
    #[error(transparent)]
    Memory(#[from] ScryptError),
    /// The key inside cannot be used.
    #[error(transparent)]
    Key(#[from] PrivateKeyError),
}

/// Why a private key was not sealed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SealError {
    /// The key could not be written as PKCS #8.
    #[error("{algorithm} key could not be written as PKCS #8")]
    Key {
        /// The key's algorithm.
        algorithm: PublicKeyAlgorithm,
    },
    /// There is not memory enough for the key derivation.
    #[error(transparent)]
    Memory(#[from] ScryptError),
}

/// The parts of a sealed key, decoded.
struct Sealed {
    params: Params,
    salt: Vec<u8>,
    nonce: [u8; 24],
    ciphertext: Vec<u8>,
}

impl Sealed {
    fn parse(json: &[u8]) -> Result<Self, OpenError> {
        let file: File = serde_json::from_slice(json).map_err(|source| OpenError::NotJson { source })?;
        if file.kdf.name != KDF {
            return Err(OpenError::UnknownKdf {
                found: super::shown(&file.kdf.name),
            });
        }
        let Params { n, r, p } = file.kdf.params;
        if !matches!((n, r, p), (32768 | 65536 | 131_072, 8, 1)) {
            return Err(OpenError::ScryptParameters { n, r, p });
        }
        if file.cipher.name != CIPHER {
            return Err(OpenError::UnknownCipher {
                found: super::shown(&file.cipher.name),
            });
        }
        let nonce = decoded("nonce", &file.cipher.nonce)?;
        Ok(Self {
            params: file.kdf.params,
            salt: decoded("salt", &file.kdf.salt)?,
            nonce: nonce
                .try_into()
                .map_err(|nonce: Vec<u8>| OpenError::NonceLength { found: nonce.len() })?,
            ciphertext: decoded("ciphertext", &file.ciphertext)?,
        })
    }

    fn key(&self, password: &Secret<Vec<u8>>) -> Result<Zeroizing<[u8; 32]>, ScryptError> {
        derive(password, &self.salt, self.params)
    }
}

// The members in the order in which cosign writes them.
#[derive(Serialize, Deserialize)]
struct File {
    kdf: KdfJson,
    cipher: CipherJson,
    ciphertext: String,
}

#[derive(Serialize, Deserialize)]
struct KdfJson {
    name: String,
    params: Params,
    salt: String,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
struct Params {
    #[serde(rename = "N")]
    n: u64,
    r: u64,
    p: u64,
}

#[derive(Serialize, Deserialize)]
struct CipherJson {
    name: String,
    nonce: String,
}

fn sealed_block(text: &[u8]) -> Result<Block, OpenError> {
    match text.len() {
        0 => return Err(OpenError::Empty),
        found if found > KEY_FILE_LIMIT => {
            return Err(OpenError::Oversized {
                limit: KEY_FILE_LIMIT,
                found,
            });
        }
        _ => {}
    }
    let Some(block) = pem::parse(text)?.blocks.into_iter().next() else {
        return Err(PemError::NotPem.into());
    };
    match block.label.as_str() {
        label if LABELS.contains(&label) => Ok(block),
        label if import::USABLE.contains(&label) || label == "EC PARAMETERS" => {
            Err(OpenError::NotSealed { label: block.label })
        }
        "PUBLIC KEY" | "RSA PUBLIC KEY" => Err(OpenError::PublicKeyGiven),
        _ => Err(OpenError::UnknownPemType { found: block.label }),
    }
}

fn decoded(member: &'static str, text: &str) -> Result<Vec<u8>, OpenError> {
    STANDARD
        .decode(text)
        .map_err(|source| OpenError::NotBase64 { member, source })
}

fn derive(password: &Secret<Vec<u8>>, salt: &[u8], params: Params) -> Result<Zeroizing<[u8; 32]>, ScryptError> {
    let mut key = Zeroizing::new([0; 32]);
    scrypt(password.expose(), salt, params.n, params.r, params.p, &mut *key)?;
    Ok(key)
}

/// The PEM types of a sealed key, today's and cosign 1's.
pub(super) const LABELS: [&str; 2] = [LABEL, "ENCRYPTED COSIGN PRIVATE KEY"];

const LABEL: &str = "ENCRYPTED SIGSTORE PRIVATE KEY";
const KDF: &str = "scrypt";
const CIPHER: &str = "nacl/secretbox";
const TAG_LENGTH: usize = 16;

/// What cosign 3.1.2 writes.
const WRITTEN: Params = Params { n: 65536, r: 8, p: 1 };
