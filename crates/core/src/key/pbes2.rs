//! Encrypted PKCS #8 (RFC 5958 §3) with PBES2 (RFC 8018 §6.2), decrypted by AWS-LC.

use std::num::NonZeroU32;

use aws_lc_rs::cipher::{
    self, AES_128, AES_192, AES_256, DecryptionContext, PaddedBlockDecryptingKey, UnboundCipherKey,
};
use aws_lc_rs::iv::FixedLength;
use aws_lc_rs::pbkdf2;
use countersign_aws_lc::scrypt;
use der::{Decode, ErrorKind};
use pkcs8::pkcs5::EncryptionScheme;
use pkcs8::pkcs5::pbes2::{EncryptionScheme as Cipher, Kdf, Parameters, Pbkdf2Params, Pbkdf2Prf, ScryptParams};
use pkcs8::{EncryptedPrivateKeyInfo, PrivateKeyInfo};
use zeroize::Zeroizing;

use super::ImportError;
use super::private::malformed;

/// What an encrypted file held.
pub(super) struct Opened {
    buffer: Zeroizing<Vec<u8>>,
    length: usize,
}

impl Opened {
    /// The DER `PrivateKeyInfo`.
    pub(super) fn key(&self) -> &[u8] {
        self.buffer.get(..self.length).unwrap_or(&[])
    }
}

/// Opens an `EncryptedPrivateKeyInfo`.
pub(super) fn decrypt(der: &[u8], password: &[u8]) -> Result<Opened, ImportError> {
    let info = EncryptedPrivateKeyInfo::from_der(der).map_err(unreadable)?;
    let parameters = match info.encryption_algorithm {
        EncryptionScheme::Pbes2(parameters) => parameters,
        other => return Err(unsupported(other.oid().to_string())),
    };
    let (algorithm, key_length, iv) = cipher(&parameters)?;
    let mut key = Zeroizing::new(vec![0; key_length]);
    derive(&parameters.kdf, password, &mut key)?;
    let mut buffer = Zeroizing::new(info.encrypted_data.to_vec());
    let key = UnboundCipherKey::new(algorithm, &key)
        .and_then(PaddedBlockDecryptingKey::cbc_pkcs7)
        .map_err(|_| ImportError::WrongPassword)?;
    let opened = key
        .decrypt(&mut buffer, DecryptionContext::Iv128(FixedLength::from(iv)))
        .map_err(|_| ImportError::WrongPassword)?;
    // One wrong key in 256 leaves padding that looks right, but no key inside it.
    PrivateKeyInfo::from_der(opened).map_err(|_| ImportError::WrongPassword)?;
    let length = opened.len();
    Ok(Opened { buffer, length })
}

fn cipher<'a>(parameters: &Parameters<'a>) -> Result<(&'static cipher::Algorithm, usize, &'a [u8; 16]), ImportError> {
    match &parameters.encryption {
        Cipher::Aes128Cbc { iv } => Ok((&AES_128, 16, iv)),
        Cipher::Aes192Cbc { iv } => Ok((&AES_192, 24, iv)),
        Cipher::Aes256Cbc { iv } => Ok((&AES_256, 32, iv)),
        other => Err(unsupported(other.oid().to_string())),
    }
}

fn derive(kdf: &Kdf<'_>, password: &[u8], key: &mut [u8]) -> Result<(), ImportError> {
    if kdf.key_length().is_some_and(|length| usize::from(length) != key.len()) {
        return Err(unsupported("a key length other than its cipher's".to_owned()));
    }
    match kdf {
        Kdf::Pbkdf2(parameters) => derive_pbkdf2(parameters, password, key),
        Kdf::Scrypt(parameters) => derive_scrypt(parameters, password, key),
        other => Err(unsupported(other.oid().to_string())),
    }
}

fn derive_pbkdf2(parameters: &Pbkdf2Params<'_>, password: &[u8], key: &mut [u8]) -> Result<(), ImportError> {
    let algorithm = match parameters.prf {
        Pbkdf2Prf::HmacWithSha1 => pbkdf2::PBKDF2_HMAC_SHA1,
        Pbkdf2Prf::HmacWithSha256 => pbkdf2::PBKDF2_HMAC_SHA256,
        Pbkdf2Prf::HmacWithSha384 => pbkdf2::PBKDF2_HMAC_SHA384,
        Pbkdf2Prf::HmacWithSha512 => pbkdf2::PBKDF2_HMAC_SHA512,
        other => return Err(unsupported(other.oid().to_string())),
    };
    let iterations = NonZeroU32::new(parameters.iteration_count)
        .filter(|count| count.get() <= ITERATION_LIMIT)
        .ok_or_else(|| ImportError::EncryptionCost {
            limit: "1 to 2,000,000 iterations of PBKDF2",
            found: parameters.iteration_count.to_string(),
        })?;
    pbkdf2::derive(algorithm, iterations, parameters.salt, password, key);
    Ok(())
}

fn derive_scrypt(parameters: &ScryptParams<'_>, password: &[u8], key: &mut [u8]) -> Result<(), ImportError> {
    let cost = parameters.cost_parameter;
    let block_size = u64::from(parameters.block_size);
    let parallelization = u64::from(parameters.parallelization);
    let costly = || ImportError::EncryptionCost {
        limit: "256 MiB of memory, 512 MiB of work, and N a power of two",
        found: format!("scrypt with N={cost}, r={block_size}, p={parallelization}"),
    };
    let memory = cost
        .checked_mul(block_size)
        .and_then(|blocks| blocks.checked_mul(128))
        .filter(|bytes| *bytes <= MEMORY_LIMIT)
        .ok_or_else(costly)?;
    if memory.checked_mul(parallelization).is_none_or(|work| work > WORK_LIMIT) {
        return Err(costly());
    }
    scrypt(password, parameters.salt, cost, block_size, parallelization, key).map_err(|_| costly())
}

fn unreadable(error: der::Error) -> ImportError {
    match error.kind() {
        ErrorKind::OidUnknown { oid } => unsupported(oid.to_string()),
        _ => malformed(error).into(),
    }
}

fn unsupported(found: String) -> ImportError {
    let named = match found.as_str() {
        "1.2.840.113549.1.5.3" => "PBES1 of MD5 and DES",
        "1.2.840.113549.1.5.10" => "PBES1 of SHA-1 and DES",
        "1.2.840.113549.1.12.1.3" => "PKCS #12's triple DES",
        "1.2.840.113549.1.12.1.6" => "PKCS #12's RC2",
        "1.2.840.113549.2.8" => "HMAC of SHA-224",
        "1.2.840.113549.3.7" => "triple DES",
        "1.3.14.3.2.7" => "DES",
        _ => return ImportError::UnsupportedEncryption { found },
    };
    ImportError::UnsupportedEncryption {
        found: named.to_owned(),
    }
}

/// About a second; OpenSSL writes 2048, and advice on passwords ends at 1.3 million.
const ITERATION_LIMIT: u32 = 2_000_000;

/// OpenSSL writes 16 MiB.
const MEMORY_LIMIT: u64 = 256 << 20;

/// About a second.
const WORK_LIMIT: u64 = 512 << 20;
