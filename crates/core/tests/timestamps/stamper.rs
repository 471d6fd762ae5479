//! A timestamp authority that stamps to order, right or wrong in one place.

use countersign_core::certificate::Certificate;
use countersign_core::key::{KeyAlgorithm, SignatureDigest};
use countersign_core::timestamp::{ProvenTime, TimestampError, TimestampToken};
use countersign_core::trust::{Authority, Validity};
use countersign_core::{Digest, PrivateKey, Signer};

use super::builder::{
    DIGITAL_SIGNATURE, Draft as Certified, Party, TIME_STAMPING, extended_key_usage, generalized_time, identifier,
    key_usage, object, sequence, tlv,
};

/// What is stamped.
pub(crate) const MESSAGE: &[u8] = b"a signature";

/// When it is stamped.
pub(crate) const TIME: &str = "2026-06-01T12:00:00Z";

/// An authority: a root, and a certificate that the root issued.
pub(crate) struct Stamper {
    pub(crate) root: Party,
    pub(crate) party: Party,
    pub(crate) issuer: Certificate,
    pub(crate) certificate: Certificate,
}

/// A timestamp before it is signed.
pub(crate) struct Draft {
    /// The `PKIStatusInfo`, `None` for a bare token.
    pub(crate) status: Option<Vec<u8>>,
    pub(crate) outer_type: &'static str,
    pub(crate) content_type: &'static str,
    /// The fields of the `TSTInfo`.
    pub(crate) info: Vec<Vec<u8>>,
    pub(crate) certificates: Vec<Vec<u8>>,
    pub(crate) signer_name: Vec<u8>,
    pub(crate) digest: Vec<u8>,
    pub(crate) attributes: Vec<(&'static str, Vec<Vec<u8>>)>,
    pub(crate) algorithm: Vec<u8>,
    pub(crate) signers: usize,
}

impl Stamper {
    pub(crate) fn new() -> Self {
        Self::of(Party::new("stamper"))
    }

    pub(crate) fn of(party: Party) -> Self {
        let draft = party.stamping();
        Self::certified(party, &draft)
    }

    /// An authority whose certificate says this.
    pub(crate) fn certified(party: Party, draft: &Certified) -> Self {
        let root = Party::new("root");
        Self {
            issuer: root.sign(&root.authority()),
            certificate: root.sign(draft),
            root,
            party,
        }
    }

    /// Drafts a timestamp of the [message](MESSAGE) at this [time](TIME) that is right in everything.
    pub(crate) fn draft(&self) -> Draft {
        let info = vec![
            tlv(2, &[1]),
            object("1.2.3.4"),
            sequence(&[identifier(SHA256), tlv(4, &Digest::sha256(MESSAGE).bytes())]),
            tlv(2, &[99]),
            generalized_time("20260601120000Z"),
        ];
        let name = self.certificate.issuer().as_der().to_vec();
        Draft {
            status: Some(sequence(&[tlv(2, &[0])])),
            outer_type: SIGNED_DATA,
            content_type: STAMP_INFO,
            attributes: Vec::new(),
            certificates: vec![self.certificate.as_der().to_vec()],
            signer_name: sequence(&[name, tlv(2, self.certificate.serial())]),
            digest: identifier(SHA256),
            algorithm: identifier("1.2.840.10045.4.3.2"),
            signers: 1,
            info,
        }
        .with_attributes(&self.certificate)
    }

    pub(crate) fn stamp(&self, draft: &Draft) -> TimestampToken {
        TimestampToken::new(draft.der(|bytes| self.party.key.sign(bytes).unwrap().as_bytes().to_vec()))
    }

    pub(crate) fn authority(&self) -> Authority {
        let chain = vec![self.certificate.clone(), self.issuer.clone()];
        Authority::new("https://tsa.example".to_owned(), chain, Validity::ALWAYS)
    }

    /// Judges a timestamp that this authority made.
    pub(crate) fn judge(&self, draft: &Draft) -> Result<ProvenTime, TimestampError> {
        self.stamp(draft).verify(MESSAGE, &[self.authority()])
    }
}

impl Draft {
    /// Sets what must be signed beside the content.
    pub(crate) fn with_attributes(mut self, certificate: &Certificate) -> Self {
        let digest = Digest::sha256(&sequence(&self.info)).bytes();
        self.attributes = vec![
            (CONTENT_TYPE, vec![object(STAMP_INFO)]),
            (MESSAGE_DIGEST, vec![tlv(4, &digest)]),
            (SIGNING_CERTIFICATE_V2, vec![id_of(certificate)]),
        ];
        self
    }

    /// Sets a part of the information, and what is signed of it.
    pub(crate) fn with_info(mut self, change: impl FnOnce(&mut Vec<Vec<u8>>)) -> Self {
        change(&mut self.info);
        let digest = Digest::sha256(&sequence(&self.info)).bytes();
        self.attribute(MESSAGE_DIGEST, vec![tlv(4, &digest)])
    }

    /// Sets the values of an attribute; no value leaves it out.
    pub(crate) fn attribute(mut self, kind: &'static str, values: Vec<Vec<u8>>) -> Self {
        self.attributes.retain(|(found, _)| *found != kind);
        if !values.is_empty() {
            self.attributes.push((kind, values));
        }
        self
    }

    pub(crate) fn der(&self, sign: impl Fn(&[u8]) -> Vec<u8>) -> Vec<u8> {
        let attributes: Vec<u8> = self
            .attributes
            .iter()
            .flat_map(|(kind, values)| sequence(&[object(kind), tlv(0x31, &values.concat())]))
            .collect();
        let signer = sequence(&[
            tlv(2, &[1]),
            self.signer_name.clone(),
            self.digest.clone(),
            tlv(0xa0, &attributes),
            self.algorithm.clone(),
            tlv(4, &sign(&tlv(0x31, &attributes))),
        ]);
        let content = tlv(0xa0, &tlv(4, &sequence(&self.info)));
        let mut data = vec![
            tlv(2, &[3]),
            tlv(0x31, &self.digest),
            sequence(&[object(self.content_type), content]),
        ];
        if !self.certificates.is_empty() {
            data.push(tlv(0xa0, &self.certificates.concat()));
        }
        data.push(tlv(0x31, &signer.repeat(self.signers)));
        let token = sequence(&[object(self.outer_type), tlv(0xa0, &sequence(&data))]);
        match &self.status {
            Some(status) => sequence(&[status.clone(), token]),
            None => token,
        }
    }
}

impl Party {
    /// Drafts a certificate to sign timestamps with.
    pub(crate) fn stamping(&self) -> Certified {
        self.draft()
            .with(key_usage(DIGITAL_SIGNATURE))
            .with(extended_key_usage(true, &[TIME_STAMPING]))
    }
}

/// A `SigningCertificateV2` by SHA-256.
pub(crate) fn id_of(certificate: &Certificate) -> Vec<u8> {
    id(&[tlv(4, &Digest::sha256(certificate.as_der()).bytes())])
}

/// A list of one certificate's id with these fields.
pub(crate) fn id(fields: &[Vec<u8>]) -> Vec<u8> {
    sequence(&[sequence(&[sequence(fields)])])
}

/// A key of the tests' key files.
pub(crate) fn key(pem: &[u8]) -> PrivateKey {
    PrivateKey::import(pem, None).unwrap()
}

pub(crate) fn party(key: PrivateKey) -> Party {
    Party {
        key,
        ..Party::new("stamper")
    }
}

pub(crate) fn with_digest(algorithm: KeyAlgorithm, digest: SignatureDigest) -> Party {
    Party::with_key("stamper", algorithm).with_digest(digest)
}

pub(crate) const SHA1: &str = "1.3.14.3.2.26";
pub(crate) const SHA256: &str = "2.16.840.1.101.3.4.2.1";
pub(crate) const SHA384: &str = "2.16.840.1.101.3.4.2.2";
pub(crate) const SHA512: &str = "2.16.840.1.101.3.4.2.3";
pub(crate) const CONTENT_TYPE: &str = "1.2.840.113549.1.9.3";
pub(crate) const MESSAGE_DIGEST: &str = "1.2.840.113549.1.9.4";
pub(crate) const SIGNING_CERTIFICATE: &str = "1.2.840.113549.1.9.16.2.12";
pub(crate) const SIGNING_CERTIFICATE_V2: &str = "1.2.840.113549.1.9.16.2.47";
pub(crate) const SIGNED_DATA: &str = "1.2.840.113549.1.7.2";
pub(crate) const STAMP_INFO: &str = "1.2.840.113549.1.9.16.1.4";
