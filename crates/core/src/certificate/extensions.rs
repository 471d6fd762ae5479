//! The extensions of a certificate (RFC 5280 §4.2).

use der::Tag;
use der::asn1::{ObjectIdentifier, OctetStringRef};

use super::constraints::NameConstraints;
use super::encoding::{Element, Elements, Identifier};
use super::fulcio::{FulcioExtensions, Reading};
use super::names::{self, Names};
use super::{CertificateError, malformed};
use crate::quoted::Quoted;

/// What the extensions say, as far as it is understood here.
#[derive(Clone, Default)]
pub(super) struct Extensions {
    pub(super) basic_constraints: Option<BasicConstraints>,
    pub(super) extended_key_usage: Option<ExtendedKeyUsage>,
    pub(super) fulcio: FulcioExtensions,
    pub(super) key_usage: Option<KeyUsage>,
    pub(super) name_constraints: Option<NameConstraints>,
    pub(super) names: Names,
    /// The octets of the list of signed certificate timestamps, not yet parsed (RFC 6962 §3.3).
    pub(super) timestamps: Option<Box<[u8]>>,
    /// The identifier of a critical extension that is not understood.
    pub(super) unknown_critical: Option<String>,
}

/// Whether a subject may issue certificates, and how many may follow (RFC 5280 §4.2.1.9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BasicConstraints {
    pub(super) is_authority: bool,
    pub(super) path_length: Option<u64>,
}

/// What a key is for (RFC 5280 §4.2.1.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct KeyUsage {
    pub(super) signs: bool,
    pub(super) signs_certificates: bool,
}

/// What a certificate is for (RFC 5280 §4.2.1.12).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct ExtendedKeyUsage {
    pub(super) is_critical: bool,
    pub(super) has_any: bool,
    pub(super) has_code_signing: bool,
    pub(super) has_time_stamping: bool,
    /// How many purposes are named, known here or not.
    pub(super) count: usize,
}

impl Extensions {
    /// Reads `Extensions`, each at most once.
    pub(super) fn read(list: Element<'_>) -> Result<Self, CertificateError> {
        let mut extensions = Self::default();
        let mut seen: Vec<Identifier<'_>> = Vec::new();
        let mut elements = list.elements();
        while let Some(element) = elements.next().map_err(malformed("list of extensions"))? {
            let extension = Extension::read(element).map_err(malformed("extension"))?;
            if seen.contains(&extension.identifier) {
                return Err(CertificateError::RepeatedExtension {
                    identifier: Quoted::new(&extension.identifier.to_string()),
                });
            }
            if seen.len() >= LIMIT {
                return Err(CertificateError::TooManyExtensions { limit: LIMIT });
            }
            seen.push(extension.identifier);
            extensions.keep(&extension)?;
        }
        if seen.is_empty() {
            return Err(malformed("list of extensions")(list.tag.length_error()));
        }
        Ok(extensions)
    }

    fn keep(&mut self, extension: &Extension<'_>) -> Result<(), CertificateError> {
        let value = extension.value;
        match extension.identifier {
            found if found == BASIC_CONSTRAINTS => {
                self.basic_constraints = Some(BasicConstraints::read(value).map_err(malformed("basicConstraints"))?);
            }
            found if found == EXTENDED_KEY_USAGE => {
                let usage = ExtendedKeyUsage::read(value, extension.is_critical);
                self.extended_key_usage = Some(usage.map_err(malformed("extKeyUsage"))?);
            }
            found if found == KEY_USAGE => {
                self.key_usage = Some(KeyUsage::read(value).map_err(malformed("keyUsage"))?);
            }
            found if found == NAME_CONSTRAINTS => {
                self.name_constraints = Some(NameConstraints::read(value)?);
            }
            found if found == SUBJECT_ALT_NAME => {
                self.names = Names::read(value)
                    .map_err(malformed("subjectAltName"))?
                    .ok_or(CertificateError::TooManyNames { limit: names::LIMIT })?;
            }
            found if found == TIMESTAMPS => {
                let list = Element::only(Tag::OctetString, value).map_err(malformed("list of timestamps"))?;
                self.timestamps = Some(list.contents.into());
            }
            found => {
                let reading = self.fulcio.read(found, value).map_err(malformed("Fulcio extension"))?;
                let is_known = reading == Reading::Kept || found == CERTIFICATE_POLICIES;
                if extension.is_critical && !is_known && self.unknown_critical.is_none() {
                    self.unknown_critical = Some(found.to_string());
                }
            }
        }
        Ok(())
    }
}

/// One extension.
pub(super) struct Extension<'a> {
    pub(super) identifier: Identifier<'a>,
    is_critical: bool,
    value: &'a [u8],
}

impl<'a> Extension<'a> {
    pub(super) fn read(element: Element<'a>) -> der::Result<Self> {
        element.tag.assert_eq(Tag::Sequence)?;
        let mut fields = element.elements();
        let identifier = fields.identifier()?;
        let is_critical = boolean(&mut fields)?;
        let value = fields.expect(Tag::OctetString)?.decode::<OctetStringRef<'a>>()?;
        fields.finish()?;
        Ok(Self {
            identifier,
            is_critical,
            value: value.as_bytes(),
        })
    }

    /// Says whether this is the list of signed certificate timestamps.
    pub(super) fn is_timestamps(&self) -> bool {
        self.identifier == TIMESTAMPS
    }

    /// Says whether this is what keeps anyone from believing a precertificate (RFC 6962 §3.1).
    pub(super) fn is_poison(&self) -> bool {
        self.identifier == POISON
    }
}

impl BasicConstraints {
    fn read(der: &[u8]) -> der::Result<Self> {
        let mut fields = Element::only(Tag::Sequence, der)?.elements();
        let is_authority = boolean(&mut fields)?;
        let path_length = match fields.optional(Tag::Integer)? {
            Some(element) => Some(element.decode::<u64>()?),
            None => None,
        };
        fields.finish()?;
        Ok(Self {
            is_authority,
            path_length,
        })
    }
}

impl KeyUsage {
    fn read(der: &[u8]) -> der::Result<Self> {
        let bits = Element::only(Tag::BitString, der)?.decode::<der::asn1::BitStringRef<'_>>()?;
        let first = bits.raw_bytes().first().copied().unwrap_or(0);
        Ok(Self {
            signs: first & (DIGITAL_SIGNATURE | CONTENT_COMMITMENT) != 0,
            signs_certificates: first & KEY_CERT_SIGN != 0,
        })
    }
}

impl ExtendedKeyUsage {
    fn read(der: &[u8], is_critical: bool) -> der::Result<Self> {
        let list = Element::only(Tag::Sequence, der)?;
        let mut purposes = list.elements();
        let mut usage = Self {
            is_critical,
            ..Self::default()
        };
        while let Some(element) = purposes.next()? {
            element.tag.assert_eq(Tag::ObjectIdentifier)?;
            let purpose = Identifier::new(element.contents)?;
            usage.has_any |= purpose == ANY_PURPOSE;
            usage.has_code_signing |= purpose == CODE_SIGNING;
            usage.has_time_stamping |= purpose == TIME_STAMPING;
            usage.count += 1;
        }
        if usage.count == 0 {
            return Err(list.tag.length_error());
        }
        Ok(usage)
    }
}

/// Reads a `BOOLEAN DEFAULT FALSE`; as in Go, FALSE may be spelled out, which many authorities do.
fn boolean(fields: &mut Elements<'_>) -> der::Result<bool> {
    match fields.optional(Tag::Boolean)? {
        Some(element) => element.decode(),
        None => Ok(false),
    }
}

/// The most extensions that are read of a certificate; Fulcio writes 24.
const LIMIT: usize = 64;

const BASIC_CONSTRAINTS: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.19");
/// Understood without a look at it: no policy is asked for, so none can be missing (RFC 5280 §6.1.1 (c), (e)).
const CERTIFICATE_POLICIES: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.32");
const EXTENDED_KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.37");
const KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.15");
const NAME_CONSTRAINTS: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.30");
const SUBJECT_ALT_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.17");
const POISON: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.11129.2.4.3");
const TIMESTAMPS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.11129.2.4.2");

const ANY_PURPOSE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.37.0");
const CODE_SIGNING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.3");
const TIME_STAMPING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.8");

// The bits of keyUsage, counted from the highest (X.680 §22.6).
const DIGITAL_SIGNATURE: u8 = 0x80;
const CONTENT_COMMITMENT: u8 = 0x40;
const KEY_CERT_SIGN: u8 = 0x04;
