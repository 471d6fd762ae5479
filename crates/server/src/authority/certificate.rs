//! Certificates as the authorities of this server write them (RFC 5280 §4.1, Fulcio's certificate-specification).

use std::time::Duration;

use countersign_core::certificate::Certificate;
use countersign_core::certificate::encoding::Element;
use countersign_core::key::{Curve, PublicKeyAlgorithm, SignatureDigest};
use countersign_core::signer::Signer;
use countersign_core::{Digest, PrivateKey, PublicKey, SignerError};
use der::asn1::ObjectIdentifier;
use der::{Tag, TagNumber};
use jiff::Timestamp;

use crate::der::{bits, explicit, identifier, implicit, number, octets, sequence, set_of, text, time, unsigned};

/// What a certificate will say.
pub(crate) struct Template<'a> {
    pub(crate) serial: [u8; 20],
    /// The issuer's name, in DER.
    pub(crate) issuer: &'a [u8],
    pub(crate) from: Timestamp,
    pub(crate) until: Timestamp,
    /// The subject's name, in DER.
    pub(crate) subject: &'a [u8],
    pub(crate) key: &'a PublicKey,
    /// Each in DER.
    pub(crate) extensions: Vec<Vec<u8>>,
}

impl Template<'_> {
    /// Writes what is signed, with one more extension where one is given.
    pub(crate) fn to_be_signed(&self, issuer: &PrivateKey, added: Option<&[u8]>) -> Vec<u8> {
        let mut extensions = self.extensions.concat();
        extensions.extend_from_slice(added.unwrap_or(&[]));
        sequence(&[
            &explicit(TagNumber::N0, &number(VERSION_3)),
            &unsigned(&self.serial),
            &signature_algorithm(issuer),
            self.issuer,
            &sequence(&[&time(self.from), &time(self.until)]),
            self.subject,
            self.key.as_der(),
            &explicit(TagNumber::N3, &sequence(&[&extensions])),
        ])
    }
}

/// Signs a `TBSCertificate`.
pub(crate) fn seal(to_be_signed: &[u8], issuer: &PrivateKey) -> Result<Vec<u8>, SignerError> {
    let signature = issuer.sign(to_be_signed)?;
    Ok(sequence(&[
        to_be_signed,
        &signature_algorithm(issuer),
        &bits(signature.as_bytes()),
    ]))
}

/// Has an ECDSA key sign with the digest of its curve's strength, as its certificates say.
pub(crate) fn with_own_digest(key: PrivateKey) -> Result<PrivateKey, SignerError> {
    match key.public_key().algorithm() {
        PublicKeyAlgorithm::Ecdsa(Curve::P384) => key.with_digest(SignatureDigest::Sha384),
        _ => Ok(key),
    }
}

/// The `AlgorithmIdentifier` of what a key signs (RFC 5758 §3.2).
fn signature_algorithm(key: &PrivateKey) -> Vec<u8> {
    sequence(&[&identifier(match key.public_key().algorithm() {
        PublicKeyAlgorithm::Ecdsa(Curve::P384) => ECDSA_WITH_SHA384,
        _ => ECDSA_WITH_SHA256,
    })])
}

/// A serial number of 160 bits that is positive and takes no 21st byte (RFC 5280 §4.1.2.2).
pub(crate) fn serial() -> Result<[u8; 20], aws_lc_rs::error::Unspecified> {
    let mut serial = [0; 20];
    aws_lc_rs::rand::fill(&mut serial)?;
    serial[0] = serial[0] & 0x3f | 0x40;
    Ok(serial)
}

/// A name of an organisation and a common name.
pub(crate) fn name(common_name: &str) -> Vec<u8> {
    let part = |kind, value| set_of(vec![sequence(&[&identifier(kind), &text(value)])]);
    sequence(&[&part(ORGANIZATION, "countersign"), &part(COMMON_NAME, common_name)])
}

/// A name without parts, which the subjects of signers have.
pub(crate) fn empty_name() -> Vec<u8> {
    sequence(&[])
}

/// Writes an extension.
pub(crate) fn extension(kind: ObjectIdentifier, is_critical: bool, value: &[u8]) -> Vec<u8> {
    let critical: &[u8] = if is_critical { &TRUE } else { &[] };
    sequence(&[&identifier(kind), critical, &octets(value)])
}

/// What the key of an end entity is for: signatures, for one purpose.
pub(crate) fn usage_of_leaf(purpose: Purpose) -> Vec<Vec<u8>> {
    vec![
        extension(KEY_USAGE, true, &[0x03, 0x02, 0x07, 0x80]),
        extended_key_usage(purpose),
    ]
}

/// What the key of an authority is for: certificates and lists of revoked ones.
pub(crate) fn usage_of_authority(purpose: Option<Purpose>, path_length: Option<u8>) -> Vec<Vec<u8>> {
    let length = path_length.map_or(Vec::new(), number);
    let constraints = sequence(&[&TRUE, &length]);
    let mut extensions = vec![extension(KEY_USAGE, true, &[0x03, 0x02, 0x01, 0x06])];
    extensions.extend(purpose.map(extended_key_usage));
    extensions.push(extension(BASIC_CONSTRAINTS, true, &constraints));
    extensions
}

/// What a certificate is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    CodeSigning,
    TimeStamping,
}

/// Critical for timestamps (RFC 3161 §2.3).
fn extended_key_usage(purpose: Purpose) -> Vec<u8> {
    let (kind, is_critical) = match purpose {
        Purpose::CodeSigning => (CODE_SIGNING, false),
        Purpose::TimeStamping => (TIME_STAMPING, true),
    };
    extension(EXTENDED_KEY_USAGE, is_critical, &sequence(&[&identifier(kind)]))
}

/// The identifiers of the subject's key, and of the issuer's where it is another.
pub(crate) fn key_identifiers(subject: &PublicKey, issuer: Option<&PublicKey>) -> Vec<Vec<u8>> {
    let mut extensions = vec![extension(SUBJECT_KEY, false, &octets(&key_identifier(subject)))];
    extensions.extend(issuer.map(|issuer| {
        let identifier = implicit(TagNumber::N0, &key_identifier(issuer));
        extension(AUTHORITY_KEY, false, &sequence(&[&identifier]))
    }));
    extensions
}

/// The leftmost 160 bits of the SHA-256 of the key's bits (RFC 7093 §2, method 1).
fn key_identifier(key: &PublicKey) -> Vec<u8> {
    let bits = Element::only(Tag::Sequence, key.as_der()).and_then(|info| {
        let mut fields = info.elements();
        fields.expect(Tag::Sequence)?;
        fields.expect(Tag::BitString)?.whole_bits()
    });
    let bits = bits.expect("the DER of a parsed key is a SubjectPublicKeyInfo");
    let mut identifier = Digest::sha256(bits).bytes();
    identifier.truncate(20);
    identifier
}

/// The name of a signer as the one name of a certificate, critical since the subject is empty (RFC 5280 §4.2.1.6).
pub(crate) fn subject_name(name: &SignerName) -> Vec<u8> {
    let name = match name {
        SignerName::Email(address) => implicit(TagNumber::N1, address.as_bytes()),
        SignerName::Uri(address) => implicit(TagNumber::N6, address.as_bytes()),
        SignerName::User(user) => {
            let value = explicit(TagNumber::N0, &text(user));
            explicit(TagNumber::N0, &[identifier(FULCIO_USER), value].concat())
        }
    };
    extension(SUBJECT_ALT_NAME, true, &sequence(&[&name]))
}

/// Who a signer is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SignerName {
    Email(String),
    Uri(String),
    /// A user of a domain, `USER!DOMAIN`.
    User(String),
}

/// Marks what is logged before it is issued, so that nobody takes it for a certificate (RFC 6962 §3.1).
pub(crate) fn poison() -> Vec<u8> {
    extension(POISON, true, &[0x05, 0x00])
}

/// The list with the one promise of a certificate log, as TLS has it (RFC 6962 §3.3).
pub(crate) fn promises(promise: &[u8]) -> Vec<u8> {
    let led = |bytes: &[u8]| {
        let length = u16::try_from(bytes.len()).expect("a promise has some hundred bytes");
        [&length.to_be_bytes(), bytes].concat()
    };
    extension(PROMISES, false, &octets(&led(&led(promise))))
}

/// Makes a root, whose key signs this once and is then forgotten, and a certificate by it for `key`.
pub(crate) fn chain_of_two(
    names: [&str; 2],
    key: &PrivateKey,
    usage: Vec<Vec<u8>>,
    root_key: &PrivateKey,
    now: Timestamp,
) -> Result<Vec<Vec<u8>>, crate::keys::KeysError> {
    let mut mark = [0; 4];
    aws_lc_rs::rand::fill(&mut mark)?;
    // two servers have authorities of two names, so that a path through one does not begin at the other
    let [root_name, own_name] = names.map(|name_| name(&format!("{name_} {}", hex::encode(mark))));
    let from = now - EARLIER;
    let until = now + LIFETIME;
    let mut extensions = usage_of_authority(None, None);
    extensions.extend(key_identifiers(root_key.public_key(), None));
    let root = Template {
        serial: serial()?,
        issuer: &root_name,
        from,
        until,
        subject: &root_name,
        key: root_key.public_key(),
        extensions,
    };
    let mut extensions = usage;
    extensions.extend(key_identifiers(key.public_key(), Some(root_key.public_key())));
    let own = Template {
        serial: serial()?,
        issuer: &root_name,
        from,
        until,
        subject: &own_name,
        key: key.public_key(),
        extensions,
    };
    [own, root]
        .iter()
        .map(|template| Ok(seal(&template.to_be_signed(root_key, None), root_key)?))
        .collect()
}

/// Returns the key of a certificate that this server made.
pub(crate) fn key_of(certificate: &Certificate) -> &PublicKey {
    certificate
        .public_key()
        .expect("the server's certificates are of keys that it can use")
}

/// A clock that is a little late is no reason to refuse what was just made.
const EARLIER: Duration = Duration::from_secs(60 * 60);
/// Ten years: the certificates of a server are made once.
const LIFETIME: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);

const VERSION_3: u8 = 2;
const TRUE: [u8; 3] = [0x01, 0x01, 0xff];

const AUTHORITY_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.35");
const BASIC_CONSTRAINTS: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.19");
const CODE_SIGNING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.3");
const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");
const ECDSA_WITH_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2");
const ECDSA_WITH_SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.3");
const EXTENDED_KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.37");
const FULCIO_USER: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.57264.1.7");
const KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.15");
const ORGANIZATION: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.10");
const POISON: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.11129.2.4.3");
const PROMISES: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.11129.2.4.2");
const SUBJECT_ALT_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.17");
const SUBJECT_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.14");
const TIME_STAMPING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.8");
