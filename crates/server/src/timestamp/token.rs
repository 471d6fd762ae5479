//! The answer: a signed statement of the time (RFC 3161 §2.4.2, RFC 5652 §5).

use countersign_core::certificate::Certificate;
use countersign_core::signer::Signer;
use countersign_core::{Digest, PrivateKey};
use der::asn1::ObjectIdentifier;
use der::{Tag, TagNumber};
use jiff::Timestamp;

use super::request::{POLICY, Rejection, Request};
use super::{StampError, Timestamper};
use crate::authority::certificate::serial;
use crate::der::{explicit, generalized_time, identifier, number, octets, sequence, set_of, text, unsigned, write};

impl Timestamper {
    /// Answers a request at a time.
    pub(super) fn answer(&self, request: &[u8], now: Timestamp) -> Result<Vec<u8>, (Rejection, Option<StampError>)> {
        let request = Request::parse(request).map_err(|rejection| (rejection, None))?;
        self.stamp(&request, now)
            .map(|token| sequence(&[&sequence(&[&number(GRANTED)]), &token]))
            .map_err(|error| (Rejection::Failure, Some(error)))
    }

    /// Writes the token: what is said, and the signature over it.
    fn stamp(&self, request: &Request<'_>, now: Timestamp) -> Result<Vec<u8>, StampError> {
        let said = said(request, now, &serial()?);
        let certificate = self.chain.first().expect("a chain begins with what signs");
        let signer = signer(&said, certificate, &self.key, now)?;
        let certificates: Vec<_> = match request.wants_certificates {
            true => self
                .chain
                .iter()
                .map(|certificate| certificate.as_der().to_vec())
                .collect(),
            false => Vec::new(),
        };
        let certificates = match certificates.is_empty() {
            true => Vec::new(),
            // the field has its own tag in the place of that of a set
            false => explicit(TagNumber::N0, &sorted(certificates)),
        };
        let content = sequence(&[&identifier(STAMP_INFO), &explicit(TagNumber::N0, &octets(&said))]);
        let signed = sequence(&[
            &number(VERSION_3),
            &set_of(vec![sequence(&[&identifier(SHA256)])]),
            &content,
            &certificates,
            &set_of(vec![signer]),
        ]);
        Ok(sequence(&[&identifier(SIGNED_DATA), &explicit(TagNumber::N0, &signed)]))
    }
}

/// Writes the `TSTInfo`.
fn said(request: &Request<'_>, now: Timestamp, serial: &[u8]) -> Vec<u8> {
    let accuracy = sequence(&[&number(SECOND)]);
    sequence(&[
        &number(1),
        &identifier(POLICY),
        request.imprint,
        &unsigned(serial),
        &generalized_time(now),
        &accuracy,
        request.nonce.unwrap_or(&[]),
    ])
}

/// Writes the `SignerInfo`: the signature over attributes that name the content and the certificate (RFC 5816 §2.2.1).
fn signer(said: &[u8], certificate: &Certificate, key: &PrivateKey, now: Timestamp) -> Result<Vec<u8>, StampError> {
    let attribute = |kind, value: Vec<u8>| sequence(&[&identifier(kind), &set_of(vec![value])]);
    let hash = octets(&Digest::sha256(certificate.as_der()).bytes());
    let attributes = sorted(vec![
        attribute(CONTENT_TYPE, identifier(STAMP_INFO)),
        attribute(SIGNING_TIME, crate::der::time(now)),
        attribute(MESSAGE_DIGEST, octets(&Digest::sha256(said).bytes())),
        // a certificate's hash of SHA-256 is named by no algorithm, which is the default (RFC 5035 §4)
        attribute(SIGNING_CERTIFICATE, sequence(&[&sequence(&[&sequence(&[&hash])])])),
    ]);
    let signature = key.sign(&write(Tag::Set, &attributes))?;
    Ok(sequence(&[
        &number(1),
        &sequence(&[certificate.issuer().as_der(), &unsigned(certificate.serial())]),
        &sequence(&[&identifier(SHA256)]),
        &explicit(TagNumber::N0, &attributes),
        &sequence(&[&identifier(ECDSA_WITH_SHA256)]),
        &octets(signature.as_bytes()),
    ]))
}

fn sorted(mut members: Vec<Vec<u8>>) -> Vec<u8> {
    members.sort();
    members.concat()
}

/// Writes an answer that says no, and why.
pub(super) fn rejected(rejection: &Rejection) -> Vec<u8> {
    let bit = rejection.bit();
    let mut failure = vec![7 - bit % 8];
    failure.resize(1 + usize::from(bit / 8), 0);
    failure.push(0x80 >> (bit % 8));
    let status = sequence(&[
        &number(REJECTED),
        &sequence(&[&text(&rejection.to_string())]),
        &write(Tag::BitString, &failure),
    ]);
    sequence(&[&status])
}

const GRANTED: u8 = 0;
const REJECTED: u8 = 2;
const VERSION_3: u8 = 3;
/// How far the time may be off, in seconds: it is told to the second.
const SECOND: u8 = 1;

const CONTENT_TYPE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.3");
const ECDSA_WITH_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2");
const MESSAGE_DIGEST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.4");
const SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");
const SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
const SIGNING_CERTIFICATE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.47");
const SIGNING_TIME: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.5");
const STAMP_INFO: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.1.4");
