//! Private keys from other programs: PKCS #1, SEC 1, PKCS #8 and encrypted PKCS #8.

use der::asn1::{ContextSpecific, ObjectIdentifier, OctetStringRef, UintRef};
use der::{Decode, Reader, SliceReader, TagNumber};

use super::identifier::curve;
use super::pem::{self, Block, PemError, Protection};
use super::private::malformed;
use super::{Curve, KEY_FILE_LIMIT, PrivateKey, PrivateKeyError, UnsupportedKey, pbes2};
use crate::secret::Secret;

impl PrivateKey {
    /// Reads the first private key of a PEM file: `RSA PRIVATE KEY` (PKCS #1), `EC PRIVATE KEY` (SEC 1),
    /// `PRIVATE KEY` (PKCS #8) or `ENCRYPTED PRIVATE KEY` (PKCS #8 with PBES2, which `password` opens).
    ///
    /// Other blocks before it, such as OpenSSL's `EC PARAMETERS`, are skipped.
    ///
    /// # Errors
    /// [`ImportError`]; [`ImportError::PasswordNeeded`] when the key is encrypted and there is no password.
    pub fn import(text: &[u8], password: Option<&Secret<Vec<u8>>>) -> Result<Self, ImportError> {
        match text.len() {
            0 => return Err(ImportError::Empty),
            found if found > KEY_FILE_LIMIT => {
                return Err(ImportError::Oversized {
                    limit: KEY_FILE_LIMIT,
                    found,
                });
            }
            _ => {}
        }
        let blocks = pem::parse(text)?.blocks;
        let block = blocks
            .iter()
            .find(|block| USABLE.contains(&block.label.as_str()))
            .ok_or_else(|| none_usable(&blocks))?;
        if block.protection == Protection::OpensslHeaders {
            return Err(ImportError::UnsupportedEncryption {
                found: "OpenSSL's own (Proc-Type: 4,ENCRYPTED)".to_owned(),
            });
        }
        let key = match block.label.as_str() {
            "RSA PRIVATE KEY" => Self::from_pkcs1(&block.contents)?,
            "EC PRIVATE KEY" => Self::from_sec1(sec1_curve(&block.contents)?, &block.contents)?,
            "ENCRYPTED PRIVATE KEY" => {
                let password = password.ok_or(ImportError::PasswordNeeded)?;
                let opened = pbes2::decrypt(&block.contents, password.expose())?;
                Self::from_pkcs8(opened.key())?
            }
            _ => Self::from_pkcs8(&block.contents)?,
        };
        Ok(key)
    }
}

/// Why a file gives no private key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
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
    /// The key is sealed in cosign's form already.
    #[error("private key is sealed already (PEM block {label:?})")]
    AlreadySealed {
        /// The PEM block's type.
        label: String,
    },
    /// The file holds something else.
    #[error(
        "PEM block is {found:?}, expected \"PRIVATE KEY\", \"ENCRYPTED PRIVATE KEY\", \"EC PRIVATE KEY\" or \
         \"RSA PRIVATE KEY\""
    )]
    UnknownPemType {
        /// The type of the first PEM block.
        found: String,
    },
    /// The key is encrypted and there is no password.
    #[error("private key is encrypted and there is no password")]
    PasswordNeeded,
    /// The password does not open the key.
    #[error("password does not open the private key")]
    WrongPassword,
    /// The key is encrypted in a way that is not supported.
    #[error(
        "private key is encrypted with {found}, expected PBES2 of AES-CBC with PBKDF2 or scrypt (RFC 8018, RFC 7914)"
    )]
    UnsupportedEncryption {
        /// The scheme's name, or else its object identifier.
        found: String,
    },
    /// Deriving the key of the encryption would cost more than is sensible.
    #[error("private key's encryption wants {found}, the limit is {limit}")]
    EncryptionCost {
        /// The most that is done.
        limit: &'static str,
        /// What is asked.
        found: String,
    },
    /// The key itself cannot be used.
    #[error(transparent)]
    Key(#[from] PrivateKeyError),
}

fn none_usable(blocks: &[Block]) -> ImportError {
    let sealed = blocks
        .iter()
        .find(|block| super::encrypted::LABELS.contains(&block.label.as_str()));
    match (sealed, blocks.first()) {
        (Some(block), _) => ImportError::AlreadySealed {
            label: block.label.clone(),
        },
        (None, Some(block)) => ImportError::UnknownPemType {
            found: block.label.clone(),
        },
        (None, None) => PemError::NotPem.into(),
    }
}

/// Reads the curve of an `ECPrivateKey` (SEC 1 §C.4), which every program writes into it.
fn sec1_curve(der: &[u8]) -> Result<Curve, PrivateKeyError> {
    let named = || {
        let mut reader = SliceReader::new(der)?;
        let named = reader.sequence(|fields| {
            let _version = UintRef::decode(fields)?;
            let _private = OctetStringRef::decode(fields)?;
            let parameters = ContextSpecific::<der::AnyRef<'_>>::decode_explicit(fields, TagNumber::N0)?;
            let rest = fields.remaining_len();
            fields.read_slice(rest)?;
            Ok(parameters.and_then(|parameters| ObjectIdentifier::try_from(parameters.value).ok()))
        })?;
        reader.finish(named)
    };
    let oid = named().map_err(malformed)?.ok_or(UnsupportedKey::CurveUnnamed)?;
    Ok(curve(oid)?)
}

/// The PEM types that hold a private key to import.
pub(super) const USABLE: [&str; 4] = [
    "EC PRIVATE KEY",
    "ENCRYPTED PRIVATE KEY",
    "PRIVATE KEY",
    "RSA PRIVATE KEY",
];
