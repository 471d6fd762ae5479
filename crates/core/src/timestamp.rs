//! Signed timestamps (RFC 3161), as evidence of when something was signed (client-spec §4.2.1).

mod algorithm;
mod error;
mod info;
mod proven;
mod request;
mod signed_data;
mod signer;

use aws_lc_rs::digest as hash;
use jiff::Timestamp;

use crate::certificate::Certificate;
use crate::certificate::algorithm::verifies;
use crate::certificate::path::{Purpose, verify_path};
use crate::digest::Digest;
use crate::key::SignatureDigest;
use crate::quoted::Quoted;
use crate::trust::Authority;
use info::StampInfo;
use signed_data::SignedData;

pub use error::{Refusal, TimestampError, Tried};
pub use proven::{ProvenTime, count_authorities};
pub use request::TimestampRequest;

/// The longest timestamp that is read, in bytes; those in use have at most 7 KB, for their certificates.
pub const LIMIT: usize = 64 * 1024;

/// The most certificates that are read of a timestamp.
pub const CERTIFICATES: usize = 16;

/// What a timestamp must be of.
#[derive(Clone, Copy)]
enum Stamped<'a> {
    /// These bytes.
    Bytes(&'a [u8]),
    /// Bytes with this SHA-256.
    Sha256(&'a Digest),
}

/// A time-stamp response as evidence brings it, in DER; *untrusted*.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimestampToken {
    der: Vec<u8>,
}

impl TimestampToken {
    /// Keeps the DER of a `TimeStampResp`, or of a token without one.
    pub fn new(der: Vec<u8>) -> Self {
        Self { der }
    }

    /// Returns the DER.
    pub fn as_der(&self) -> &[u8] {
        &self.der
    }

    /// Proves when `message` was signed: the first of the authorities whose timestamp of it this is believed.
    ///
    /// `message` is what was stamped, for Sigstore the bytes of the signature.
    ///
    /// # Errors
    ///
    /// [`TimestampError`] when this is no timestamp of the message or was not granted, when what is signed is not what it
    /// holds, and when it is of none of the authorities, with the reason for each.
    pub fn verify(&self, message: &[u8], authorities: &[Authority]) -> Result<ProvenTime, TimestampError> {
        self.prove(Stamped::Bytes(message), authorities)
    }

    /// As [`verify`](Self::verify), for a message of which only the SHA-256 is known.
    ///
    /// # Errors
    ///
    /// As [`verify`](Self::verify).
    pub fn verify_digest(&self, sha256: &Digest, authorities: &[Authority]) -> Result<ProvenTime, TimestampError> {
        self.prove(Stamped::Sha256(sha256), authorities)
    }

    fn prove(&self, stamped: Stamped<'_>, authorities: &[Authority]) -> Result<ProvenTime, TimestampError> {
        let signed = SignedData::read(&self.der)?;
        let info = StampInfo::read(signed.content)?;
        info.check_imprint(&stamped)?;
        signed.signer.check_content(signed.content)?;
        let mut tried = Tried::default();
        for authority in authorities {
            match is_of(authority, &signed, info.time) {
                Ok(()) => return Ok(ProvenTime::new(info.time, info.accuracy, authority)),
                Err(refusal) => tried.0.push((Quoted::new(authority.uri()), refusal)),
            }
        }
        Err(TimestampError::Untrusted { tried })
    }
}

/// Checks that a certificate of this authority signed, and that both were to be believed at that time.
fn is_of(authority: &Authority, signed: &SignedData<'_>, at: Timestamp) -> Result<(), Refusal> {
    let certificate = signing_certificate(authority, signed)?;
    let key = certificate.public_key().map_err(Clone::clone)?;
    let signer = &signed.signer;
    if !verifies(signer.scheme, key, signer.signed(), &signer.signature) {
        return Err(Refusal::Signature);
    }
    verify_path(
        certificate,
        &signed.certificates,
        authority.chain(),
        Purpose::TimeStamping,
        at,
    )
    .map_err(Box::new)?;
    if !authority.validity().contains(at) {
        return Err(Refusal::OutsideValidity {
            validity: authority.validity(),
            at,
        });
    }
    Ok(())
}

/// Finds the certificate that signed; an authority that begins with the one it signs with signs with no other.
///
/// Otherwise each of the many that a public root certifies could stamp in its name.
fn signing_certificate<'a>(authority: &'a Authority, signed: &'a SignedData<'_>) -> Result<&'a Certificate, Refusal> {
    let found = authority
        .chain()
        .iter()
        .chain(&signed.certificates)
        .find(|certificate| signed.signer.is(certificate))
        .ok_or(Refusal::NoCertificate)?;
    match authority.chain() {
        [own, _, ..] if !own.is_authority() && own != found => Err(Refusal::OtherCertificate),
        _ => Ok(found),
    }
}

fn hashed(digest: SignatureDigest, bytes: &[u8]) -> hash::Digest {
    hash::digest(digest.engine(), bytes)
}
