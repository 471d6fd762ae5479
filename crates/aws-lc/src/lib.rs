//! What AWS-LC has and aws-lc-rs does not show: scrypt and Ed25519ph.
//!
//! This is the only crate of the workspace with unsafe code: two calls, each with its argument.

use std::ptr;

/// Derives `out` from `password` and `salt` with scrypt (RFC 7914 §6).
///
/// `n` is the cost, `r` the block size and `p` the parallelism; the derivation takes `128 * r * (n + p + 1)` bytes.
///
/// # Errors
/// [`ScryptError`] when the parameters are out of range or the memory cannot be had; `out` is then to be thrown away.
pub fn scrypt(password: &[u8], salt: &[u8], n: u64, r: u64, p: u64, out: &mut [u8]) -> Result<(), ScryptError> {
    let error = ScryptError { n, r, p };
    let memory = scrypt_memory(n, r, p).ok_or(error)?;
    #[expect(unsafe_code, reason = "EVP_PBE_scrypt is not in aws-lc-rs")]
    // SAFETY: each pointer comes from a live slice with its own length, `out` is borrowed mutably and so overlaps
    // neither input; AWS-LC reads and writes only within these lengths, keeps no pointer after it returns, and checks
    // n, r and p itself before it allocates at most `memory` bytes. An empty slice's pointer is not read.
    let done = unsafe {
        aws_lc_sys::EVP_PBE_scrypt(
            password.as_ptr().cast(),
            password.len(),
            salt.as_ptr(),
            salt.len(),
            n,
            r,
            p,
            memory,
            out.as_mut_ptr(),
            out.len(),
        )
    };
    if done == 1 { Ok(()) } else { Err(error) }
}

/// Says whether `signature` is an Ed25519ph signature by `public_key`, with an empty context, over the message whose
/// SHA-512 is `digest` (RFC 8032 §5.1.7).
pub fn ed25519ph_verify(digest: &[u8; 64], signature: &[u8; 64], public_key: &[u8; 32]) -> bool {
    #[expect(unsafe_code, reason = "ED25519ph_verify_digest is not in aws-lc-rs")]
    // SAFETY: the three arrays have exactly the lengths that AWS-LC reads (SHA512_DIGEST_LENGTH,
    // ED25519_SIGNATURE_LEN, ED25519_PUBLIC_KEY_LEN), it only reads them and keeps no pointer; a null context is read
    // for its length of zero only.
    let valid = unsafe {
        aws_lc_sys::ED25519ph_verify_digest(digest.as_ptr(), signature.as_ptr(), public_key.as_ptr(), ptr::null(), 0)
    };
    valid == 1
}

/// The reason why scrypt derived nothing: parameters out of range, or too little memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("scrypt cannot run with N={n}, r={r}, p={p}")]
pub struct ScryptError {
    n: u64,
    r: u64,
    p: u64,
}

fn scrypt_memory(n: u64, r: u64, p: u64) -> Option<usize> {
    let blocks = n.checked_add(p)?.checked_add(1)?;
    let bytes = blocks.checked_mul(r)?.checked_mul(128)?;
    usize::try_from(bytes).ok()
}

#[cfg(test)]
mod tests;
