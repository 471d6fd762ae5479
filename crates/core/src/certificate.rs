//! Certificates (RFC 5280), as far as signatures need them.

pub mod algorithm;
mod constraints;
mod distinguished_name;
pub mod encoding;
mod error;
mod extensions;
mod fulcio;
mod names;
pub mod path;
mod pem;
pub mod sct;

use std::fmt;
use std::sync::OnceLock;

use der::{Tag, TagNumber};

use self::encoding::{Element, Elements, context, unsigned};
use self::error::malformed;
use self::extensions::Extensions;
use crate::go_json::decode_bytes;
use crate::key::{PublicKey, PublicKeyError, Signature};
use crate::quoted::Quoted;
use crate::trust::Validity;

pub use algorithm::AlgorithmError;
pub use constraints::NameRefusal;
pub use distinguished_name::DistinguishedName;
pub use error::CertificateError;
pub use fulcio::{FulcioExtension, FulcioExtensions};
pub use names::Name;

/// The longest certificate that is read, in bytes.
pub const LIMIT: usize = 64 * 1024;

/// A certificate, parsed; whether anyone may believe what it says is for a path to show.
#[derive(Clone)]
pub struct Certificate {
    der: Box<[u8]>,
    /// What is signed, byte for byte.
    tbs: Box<[u8]>,
    is_version_3: bool,
    serial: Box<[u8]>,
    issuer: DistinguishedName,
    validity: Validity,
    subject: DistinguishedName,
    key_info: Box<[u8]>,
    /// The key of `key_info`, once someone has asked for it: of a trusted root's certificates few are.
    key: OnceLock<Result<PublicKey, PublicKeyError>>,
    extensions: Extensions,
    signature_algorithm: Box<[u8]>,
    signature: Signature,
}

impl Certificate {
    /// Parses one certificate in DER.
    ///
    /// A key of a kind that is not known here is no fault of the certificate; [`public_key`](Self::public_key) tells.
    ///
    /// # Errors
    ///
    /// [`CertificateError`] when it is over the [limit](LIMIT), departs from DER or RFC 5280 §4.1, or has an extension
    /// that is known here and malformed.
    pub fn from_der(der: &[u8]) -> Result<Self, CertificateError> {
        if der.len() > LIMIT {
            return Err(CertificateError::TooLong {
                limit: LIMIT,
                found: der.len(),
            });
        }
        let (tbs, algorithm, signature) = parts(der).map_err(malformed("outline"))?;
        let fields = Fields::read(tbs)?;
        if fields.algorithm.whole != algorithm.whole {
            return Err(CertificateError::AlgorithmsDiffer);
        }
        Ok(Self {
            der: der.into(),
            tbs: tbs.whole.into(),
            is_version_3: fields.version == 2,
            serial: fields.serial.into(),
            issuer: fields.issuer,
            validity: fields.validity,
            subject: fields.subject,
            key_info: fields.key_info.into(),
            key: OnceLock::new(),
            extensions: fields.extensions,
            signature_algorithm: algorithm.whole.into(),
            signature: Signature::new(signature.to_vec()),
        })
    }

    /// Parses the one certificate of a PEM file.
    ///
    /// # Errors
    ///
    /// As [`chain_from_pem`](Self::chain_from_pem) with a limit of one.
    pub fn from_pem(text: &[u8]) -> Result<Self, CertificateError> {
        let mut chain = Self::chain_from_pem(text, 1)?;
        chain.pop().ok_or(CertificateError::NotPem)
    }

    /// Parses the certificates of a PEM file, at least one and at most `limit`.
    ///
    /// Text before a block is a comment. Other blocks, and text after the last, are refused.
    ///
    /// # Errors
    ///
    /// [`CertificateError`] as of [`from_der`](Self::from_der), or what the text is instead.
    pub fn chain_from_pem(text: &[u8], limit: usize) -> Result<Vec<Self>, CertificateError> {
        pem::read(text, limit)
    }

    /// Reads a file as tools write certificates: PEM, that in base64 as cosign 2 has it, or DER; the leaf comes first.
    ///
    /// # Errors
    ///
    /// [`CertificateError`].
    pub fn chain_from_file(bytes: &[u8], limit: usize) -> Result<Vec<Self>, CertificateError> {
        let Ok(text) = std::str::from_utf8(bytes) else {
            return Ok(vec![Self::from_der(bytes)?]);
        };
        match decode_bytes(text.trim()) {
            Ok(decoded) if !decoded.is_empty() => Self::chain_from_pem(&decoded, limit),
            _ => Self::chain_from_pem(bytes, limit),
        }
    }

    /// Returns the DER as it was read.
    pub fn as_der(&self) -> &[u8] {
        &self.der
    }

    /// Writes the PEM block `CERTIFICATE`.
    pub fn to_pem(&self) -> String {
        crate::key::pem::encode("CERTIFICATE", &self.der)
    }

    /// Returns the subject's key, or why it is none that can verify.
    pub fn public_key(&self) -> Result<&PublicKey, &PublicKeyError> {
        self.key.get_or_init(|| PublicKey::from_der(&self.key_info)).as_ref()
    }

    /// Returns the subject's key in DER, of whatever kind it is.
    pub fn key_info(&self) -> &[u8] {
        &self.key_info
    }

    /// Says whether the certificate names `issuer` as its issuer and is signed with its key; nothing else is asked.
    pub fn is_signed_by(&self, issuer: &Self) -> bool {
        self.issuer == issuer.subject
            && issuer.public_key().is_ok_and(|key| {
                algorithm::scheme(&self.signature_algorithm)
                    .is_ok_and(|scheme| algorithm::verifies(scheme, key, &self.tbs, &self.signature))
            })
    }

    /// Returns when the certificate is to be believed.
    pub fn validity(&self) -> Validity {
        self.validity
    }

    /// Returns whom the certificate is for.
    pub fn subject(&self) -> &DistinguishedName {
        &self.subject
    }

    /// Returns who is said to have issued it.
    pub fn issuer(&self) -> &DistinguishedName {
        &self.issuer
    }

    /// Returns the serial number, the highest byte first and without leading zeros.
    pub fn serial(&self) -> &[u8] {
        &self.serial
    }

    /// Returns the subject's other names, in the order of the certificate; those of an unknown form are left out.
    pub fn names(&self) -> &[Name] {
        &self.extensions.names.known
    }

    /// Returns what Fulcio says beside the names.
    pub fn extensions(&self) -> &FulcioExtensions {
        &self.extensions.fulcio
    }

    /// Says whether others can be issued with it (RFC 5280 §4.2.1.9).
    pub fn is_authority(&self) -> bool {
        let constraints = self.extensions.basic_constraints;
        constraints.is_some_and(|constraints| constraints.is_authority)
    }

    /// Returns what the subject is called in a message: Fulcio's leaves have no name but an alternative one.
    fn shown(&self) -> Quoted {
        match self.names().first() {
            Some(name) if self.subject.is_empty() => Quoted::new(&name.to_string()),
            _ => self.subject.quoted(),
        }
    }

    fn is_self_issued(&self) -> bool {
        self.subject == self.issuer
    }
}

impl PartialEq for Certificate {
    fn eq(&self, other: &Self) -> bool {
        self.der == other.der
    }
}

impl Eq for Certificate {}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Certificate({} by {})", self.subject, self.issuer)
    }
}

/// Reads a `Certificate`: what is signed, how, and the signature (RFC 5280 §4.1).
fn parts(der: &[u8]) -> der::Result<(Element<'_>, Element<'_>, &[u8])> {
    let mut fields = Element::only(Tag::Sequence, der)?.elements();
    let tbs = fields.expect(Tag::Sequence)?;
    let algorithm = fields.expect(Tag::Sequence)?;
    let signature = fields.expect(Tag::BitString)?.whole_bits()?;
    fields.finish()?;
    Ok((tbs, algorithm, signature))
}

/// The fields of a `TBSCertificate`.
struct Fields<'a> {
    version: u8,
    serial: &'a [u8],
    algorithm: Element<'a>,
    issuer: DistinguishedName,
    validity: Validity,
    subject: DistinguishedName,
    key_info: &'a [u8],
    extensions: Extensions,
}

impl<'a> Fields<'a> {
    fn read(tbs: Element<'a>) -> Result<Self, CertificateError> {
        let mut fields = tbs.elements();
        let version = version(&mut fields).map_err(malformed("version"))?;
        let serial = fields.expect(Tag::Integer).and_then(unsigned);
        let serial = serial.map_err(malformed("serial number"))?;
        let algorithm = fields.expect(Tag::Sequence).map_err(malformed("signature"))?;
        let issuer = fields.expect(Tag::Sequence).and_then(DistinguishedName::read);
        let issuer = issuer.map_err(malformed("issuer"))?;
        let validity = fields.expect(Tag::Sequence).and_then(validity);
        let validity = validity.map_err(malformed("validity"))?;
        let subject = fields.expect(Tag::Sequence).and_then(DistinguishedName::read);
        let subject = subject.map_err(malformed("subject"))?;
        let key_info = fields.expect(Tag::Sequence).map_err(malformed("public key"))?;
        let list = rest(fields, version).map_err(malformed("list of extensions"))?;
        Ok(Self {
            version,
            serial,
            algorithm,
            issuer,
            validity,
            subject,
            key_info: key_info.whole,
            extensions: list.map_or(Ok(Extensions::default()), Extensions::read)?,
        })
    }
}

/// Reads the version less one: 0, 1 or 2; the first is never written (X.690 §11.5).
fn version(fields: &mut Elements<'_>) -> der::Result<u8> {
    let Some(explicit) = fields.optional(context(TagNumber::N0, true))? else {
        return Ok(0);
    };
    match Element::only(Tag::Integer, explicit.contents)?.decode()? {
        version @ 1..=2 => Ok(version),
        _ => Err(Tag::Integer.value_error()),
    }
}

fn validity(element: Element<'_>) -> der::Result<Validity> {
    let mut times = element.elements();
    let [start, end] = [times.next()?, times.next()?].map(|time| time.ok_or_else(|| element.tag.length_error()));
    let (start, end) = (start?.moment()?, end?.moment()?);
    times.finish()?;
    // what cannot be told is in the year 9999: as a start it is never, as an end it is none
    Ok(Validity::new(Some(start.unwrap_or(jiff::Timestamp::MAX)), end))
}

/// Reads what follows the key: identifiers from version 2 on, which mean nothing here, and extensions from version 3 on.
fn rest(mut fields: Elements<'_>, version: u8) -> der::Result<Option<Element<'_>>> {
    if version >= 1 {
        fields.optional(context(TagNumber::N1, false))?;
        fields.optional(context(TagNumber::N2, false))?;
    }
    let explicit = match version {
        2 => fields.optional(context(TagNumber::N3, true))?,
        _ => None,
    };
    fields.finish()?;
    match explicit {
        Some(explicit) => Element::only(Tag::Sequence, explicit.contents).map(Some),
        None => Ok(None),
    }
}
