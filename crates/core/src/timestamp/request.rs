//! What a timestamp authority is asked (RFC 3161 §2.4.1).

use der::asn1::{OctetStringRef, UintRef};
use der::{Encode, Tag};

use super::algorithm::identifier;
use super::info::StampInfo;
use super::signed_data::SignedData;
use super::{TimestampError, TimestampToken, hashed};
use crate::certificate::encoding::element;
use crate::key::SignatureDigest;

/// A request for a timestamp of a message, with the certificates of who signs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimestampRequest {
    der: Vec<u8>,
    nonce: Vec<u8>,
}

impl TimestampRequest {
    /// Asks for a timestamp of the hash of `message`; `nonce` is random, so that no old answer fits.
    pub fn new(message: &[u8], digest: SignatureDigest, nonce: [u8; 16]) -> Self {
        write(message, digest, &nonce).expect("a hash and a number of 16 bytes have a DER form")
    }

    /// Returns the DER of the `TimeStampReq`.
    pub fn as_der(&self) -> &[u8] {
        &self.der
    }

    /// Checks that an answer is to this request and not to another; what it proves is for
    /// [`verify`](TimestampToken::verify) to tell.
    ///
    /// # Errors
    ///
    /// [`TimestampError::Nonce`], or what keeps the answer from being read.
    pub fn check_answer(&self, answer: &TimestampToken) -> Result<(), TimestampError> {
        let signed = SignedData::read(answer.as_der())?;
        let found = StampInfo::read(signed.content)?.nonce.unwrap_or(&[]);
        if found != self.nonce {
            return Err(TimestampError::Nonce {
                expected: hex::encode(&self.nonce),
                found: hex::encode(found),
            });
        }
        Ok(())
    }
}

fn write(message: &[u8], digest: SignatureDigest, nonce: &[u8]) -> der::Result<TimestampRequest> {
    let algorithm = element(Tag::Sequence, &identifier(digest).to_der()?)?;
    let hash = OctetStringRef::new(hashed(digest, message).as_ref())?.to_der()?;
    let imprint = element(Tag::Sequence, &[algorithm, hash].concat())?;
    let nonce = UintRef::new(nonce)?.to_der()?;
    let contents = [1_u8.to_der()?, imprint, nonce.clone(), true.to_der()?].concat();
    Ok(TimestampRequest {
        der: element(Tag::Sequence, &contents)?,
        // a number of so few bytes has two bytes of tag and length
        nonce: nonce.get(2..).unwrap_or(&[]).to_vec(),
    })
}
