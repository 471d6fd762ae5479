//! Certificates to order, right or wrong in one place.

use countersign_core::certificate::Certificate;
use countersign_core::key::{KeyAlgorithm, SignatureDigest};
use countersign_core::{Digest, PrivateKey, Signer};
use der::Encode;
use der::asn1::ObjectIdentifier;

/// What is to be signed, and how it says so.
#[derive(Clone)]
pub(crate) struct Draft {
    /// The version less one, written unless it is 0.
    pub(crate) version: u8,
    pub(crate) serial: Vec<u8>,
    pub(crate) algorithm: Vec<u8>,
    pub(crate) start: Vec<u8>,
    pub(crate) end: Vec<u8>,
    pub(crate) subject: Vec<u8>,
    pub(crate) key_info: Vec<u8>,
    pub(crate) extensions: Vec<Vec<u8>>,
}

/// A name and a key, of an authority or of a signer.
pub(crate) struct Party {
    pub(crate) name: Vec<u8>,
    pub(crate) key: PrivateKey,
}

impl Party {
    pub(crate) fn new(name: &str) -> Self {
        Self::with_key(name, KeyAlgorithm::EcdsaP256)
    }

    pub(crate) fn with_key(name: &str, algorithm: KeyAlgorithm) -> Self {
        Self {
            name: common_name(name),
            key: PrivateKey::generate(algorithm).unwrap(),
        }
    }

    /// Drafts a certificate for this party that is right in everything, without extensions.
    pub(crate) fn draft(&self) -> Draft {
        Draft {
            version: 2,
            serial: vec![7],
            algorithm: identifier("1.2.840.10045.4.3.2"),
            start: utc_time("260101000000Z"),
            end: utc_time("270101000000Z"),
            subject: self.name.clone(),
            key_info: self.key.public_key().as_der().to_vec(),
            extensions: Vec::new(),
        }
    }

    /// Drafts one for an authority.
    pub(crate) fn authority(&self) -> Draft {
        self.draft()
            .with(basic_constraints(true, None))
            .with(key_usage(KEY_CERT_SIGN))
    }

    /// Drafts one to sign artifacts with.
    pub(crate) fn leaf(&self) -> Draft {
        self.draft()
            .with(key_usage(DIGITAL_SIGNATURE))
            .with(extended_key_usage(false, &[CODE_SIGNING]))
    }

    pub(crate) fn sign(&self, draft: &Draft) -> Certificate {
        Certificate::from_der(&self.signed(draft)).unwrap()
    }

    pub(crate) fn signed(&self, draft: &Draft) -> Vec<u8> {
        let tbs = draft.tbs(&self.name);
        let signature = self.key.sign(&tbs).unwrap();
        assemble(&tbs, &draft.algorithm, signature.as_bytes())
    }

    /// Signs with another digest than is usual for the key.
    pub(crate) fn with_digest(mut self, digest: SignatureDigest) -> Self {
        self.key = self.key.with_digest(digest).unwrap();
        self
    }
}

impl Draft {
    pub(crate) fn with(mut self, extension: Vec<u8>) -> Self {
        self.extensions.push(extension);
        self
    }

    pub(crate) fn valid(mut self, start: &str, end: &str) -> Self {
        (self.start, self.end) = (utc_time(start), utc_time(end));
        self
    }

    pub(crate) fn tbs(&self, issuer: &[u8]) -> Vec<u8> {
        let mut fields = Vec::new();
        if self.version > 0 {
            fields.push(tlv(0xa0, &tlv(2, &[self.version])));
        }
        fields.extend([
            tlv(2, &self.serial),
            self.algorithm.clone(),
            issuer.to_vec(),
            sequence(&[self.start.clone(), self.end.clone()]),
            self.subject.clone(),
            self.key_info.clone(),
        ]);
        if !self.extensions.is_empty() {
            fields.push(tlv(0xa3, &sequence(&self.extensions)));
        }
        sequence(&fields)
    }
}

/// Joins what is signed, how, and the signature.
pub(crate) fn assemble(tbs: &[u8], algorithm: &[u8], signature: &[u8]) -> Vec<u8> {
    let bits = [&[0], signature].concat();
    sequence(&[tbs.to_vec(), algorithm.to_vec(), tlv(3, &bits)])
}

pub(crate) fn extension(oid: &str, is_critical: bool, value: &[u8]) -> Vec<u8> {
    let mut fields = vec![object(oid)];
    if is_critical {
        fields.push(tlv(1, &[0xff]));
    }
    fields.push(tlv(4, value));
    sequence(&fields)
}

pub(crate) fn basic_constraints(is_authority: bool, path_length: Option<u8>) -> Vec<u8> {
    let mut fields = Vec::new();
    if is_authority {
        fields.push(tlv(1, &[0xff]));
    }
    fields.extend(path_length.map(|length| tlv(2, &[length])));
    extension("2.5.29.19", true, &sequence(&fields))
}

pub(crate) fn key_usage(bits: u8) -> Vec<u8> {
    let unused = u8::try_from(bits.trailing_zeros()).unwrap().min(7);
    extension("2.5.29.15", true, &tlv(3, &[unused, bits]))
}

pub(crate) fn extended_key_usage(is_critical: bool, purposes: &[&str]) -> Vec<u8> {
    let purposes: Vec<_> = purposes.iter().map(|purpose| object(purpose)).collect();
    extension("2.5.29.37", is_critical, &sequence(&purposes))
}

/// A subjectAltName of these `GeneralName`s.
pub(crate) fn alternative_names(names: &[Vec<u8>]) -> Vec<u8> {
    extension("2.5.29.17", false, &sequence(names))
}

pub(crate) fn email(text: &str) -> Vec<u8> {
    tlv(0x81, text.as_bytes())
}

pub(crate) fn dns(text: &str) -> Vec<u8> {
    tlv(0x82, text.as_bytes())
}

pub(crate) fn uri(text: &str) -> Vec<u8> {
    tlv(0x86, text.as_bytes())
}

pub(crate) fn ip(octets: &[u8]) -> Vec<u8> {
    tlv(0x87, octets)
}

pub(crate) fn directory(name: &[u8]) -> Vec<u8> {
    tlv(0xa4, name)
}

pub(crate) fn other_name(oid: &str, text: &str) -> Vec<u8> {
    tlv(0xa0, &[object(oid), tlv(0xa0, &tlv(0x0c, text.as_bytes()))].concat())
}

/// A nameConstraints of these `GeneralName`s.
pub(crate) fn name_constraints(permitted: &[Vec<u8>], excluded: &[Vec<u8>]) -> Vec<u8> {
    let subtrees = |tag, bases: &[Vec<u8>]| -> Vec<u8> {
        if bases.is_empty() {
            return Vec::new();
        }
        tlv(tag, &bases.iter().flat_map(|base| tlv(0x30, base)).collect::<Vec<_>>())
    };
    let value = sequence(&[subtrees(0xa0, permitted), subtrees(0xa1, excluded)]);
    extension("2.5.29.30", true, &value)
}

/// What a log has of a certificate of `issuer` before there are timestamps in it.
pub(crate) fn precertificate(draft: &Draft, issuer: &Party) -> Vec<u8> {
    let key = Digest::sha256(issuer.key.public_key().as_der());
    [&[0, 1][..], &key.bytes(), &long_opaque(&draft.tbs(&issuer.name))].concat()
}

/// A timestamp of the certificate log `log` over an entry, as TLS has it.
pub(crate) fn timestamp(log: &Party, entry: &[u8], at: u64, extensions: &[u8], algorithm: [u8; 2]) -> Vec<u8> {
    let signed = [&[0, 0][..], &at.to_be_bytes(), entry, &opaque(extensions)].concat();
    let signature = log.key.sign(&signed).unwrap();
    let id = Digest::sha256(log.key.public_key().as_der());
    [
        &[0][..],
        &id.bytes(),
        &at.to_be_bytes(),
        &opaque(extensions),
        &algorithm,
        &opaque(signature.as_bytes()),
    ]
    .concat()
}

/// The extension with a list of timestamps.
pub(crate) fn timestamps(list: &[u8]) -> Vec<u8> {
    extension("1.3.6.1.4.1.11129.2.4.2", false, &tlv(4, list))
}

/// Bytes led by their number in two, as TLS has them.
pub(crate) fn opaque(bytes: &[u8]) -> Vec<u8> {
    [&u16::try_from(bytes.len()).unwrap().to_be_bytes()[..], bytes].concat()
}

/// Bytes led by their number in three.
pub(crate) fn long_opaque(bytes: &[u8]) -> Vec<u8> {
    [&u32::try_from(bytes.len()).unwrap().to_be_bytes()[1..], bytes].concat()
}

/// A name of one common name.
pub(crate) fn common_name(text: &str) -> Vec<u8> {
    name(&[("2.5.4.3", tlv(0x0c, text.as_bytes()))])
}

/// A name of these attributes, each a part of its own.
pub(crate) fn name(attributes: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let parts: Vec<_> = attributes
        .iter()
        .map(|(oid, value)| tlv(0x31, &sequence(&[object(oid), value.clone()])))
        .collect();
    sequence(&parts)
}

/// An `AlgorithmIdentifier` without parameters.
pub(crate) fn identifier(oid: &str) -> Vec<u8> {
    sequence(&[object(oid)])
}

pub(crate) fn object(oid: &str) -> Vec<u8> {
    ObjectIdentifier::new_unwrap(oid).to_der().unwrap()
}

pub(crate) fn utc_time(text: &str) -> Vec<u8> {
    tlv(0x17, text.as_bytes())
}

pub(crate) fn generalized_time(text: &str) -> Vec<u8> {
    tlv(0x18, text.as_bytes())
}

pub(crate) fn sequence(parts: &[Vec<u8>]) -> Vec<u8> {
    tlv(0x30, &parts.concat())
}

pub(crate) fn tlv(tag: u8, contents: &[u8]) -> Vec<u8> {
    let length = contents.len();
    let mut element = vec![tag];
    match u8::try_from(length) {
        Ok(short) if short < 0x80 => element.push(short),
        Ok(byte) => element.extend([0x81, byte]),
        Err(_) => {
            element.push(0x82);
            element.extend(u16::try_from(length).unwrap().to_be_bytes());
        }
    }
    element.extend(contents);
    element
}

pub(crate) const DIGITAL_SIGNATURE: u8 = 0x80;
pub(crate) const CONTENT_COMMITMENT: u8 = 0x40;
pub(crate) const KEY_ENCIPHERMENT: u8 = 0x20;
pub(crate) const KEY_CERT_SIGN: u8 = 0x04;

/// The type of `otherName` that Fulcio gives users.
pub(crate) const FULCIO_USER: &str = "1.3.6.1.4.1.57264.1.7";

pub(crate) const ANY_PURPOSE: &str = "2.5.29.37.0";
pub(crate) const SERVER: &str = "1.3.6.1.5.5.7.3.1";
pub(crate) const CODE_SIGNING: &str = "1.3.6.1.5.5.7.3.3";
pub(crate) const TIME_STAMPING: &str = "1.3.6.1.5.5.7.3.8";
