//! The names of a subject (RFC 5280 §4.2.1.6).

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use der::asn1::ObjectIdentifier;
use der::{Tag, TagNumber};

use super::DistinguishedName;
use super::encoding::{Element, context};

/// One of the names that a certificate gives its subject.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Name {
    /// The name of an entry in a directory.
    Directory(DistinguishedName),
    /// A host.
    Dns(String),
    /// An e-mail address.
    Email(String),
    /// An address of the Internet.
    Ip(IpAddr),
    /// The name of a user as Fulcio gives it, of type 1.3.6.1.4.1.57264.1.7.
    OtherName(String),
    /// The address of a resource, such as a workflow.
    Uri(String),
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Directory(name) => name.fmt(f),
            Self::Dns(text) | Self::Email(text) | Self::OtherName(text) | Self::Uri(text) => text.fmt(f),
            Self::Ip(address) => address.fmt(f),
        }
    }
}

/// The names that are known, and which forms were met that are not.
#[derive(Clone, Default)]
pub(super) struct Names {
    pub(super) known: Vec<Name>,
    pub(super) unknown: Vec<TagNumber>,
}

impl Names {
    /// Reads `GeneralNames`, which are at least one; `None` over the [limit](LIMIT).
    pub(super) fn read(der: &[u8]) -> der::Result<Option<Self>> {
        let list = Element::only(Tag::Sequence, der)?;
        let mut elements = list.elements();
        let mut names = Self::default();
        let mut count = 0;
        while let Some(element) = elements.next()? {
            count += 1;
            if count > LIMIT {
                return Ok(None);
            }
            match name(element)? {
                Some(name) => names.known.push(name),
                None => names.unknown.push(element.tag.number()),
            }
        }
        if count == 0 {
            return Err(list.tag.length_error());
        }
        Ok(Some(names))
    }
}

/// Reads a `GeneralName`; `None` when it is of a form that is not known.
fn name(element: Element<'_>) -> der::Result<Option<Name>> {
    let Tag::ContextSpecific { constructed, number } = element.tag else {
        return Err(element.tag.unexpected_error(None));
    };
    Ok(Some(match (number, constructed) {
        (OTHER_NAME, true) => return other_name(element),
        (EMAIL, false) => Name::Email(element.ia5_text()?.to_owned()),
        (DNS, false) => Name::Dns(element.ia5_text()?.to_owned()),
        (DIRECTORY, true) => {
            let mut choice = element.elements();
            let name = DistinguishedName::read(choice.expect(Tag::Sequence)?)?;
            choice.finish()?;
            Name::Directory(name)
        }
        (URI, false) => Name::Uri(element.ia5_text()?.to_owned()),
        (IP, false) => Name::Ip(address(element)?),
        (TagNumber::N3 | TagNumber::N5, true) | (TagNumber::N8, false) => return Ok(None),
        _ => return Err(element.tag.unexpected_error(None)),
    }))
}

fn other_name(element: Element<'_>) -> der::Result<Option<Name>> {
    let mut fields = element.elements();
    let kind = fields.identifier()?;
    let value = fields.expect(context(TagNumber::N0, true))?;
    fields.finish()?;
    if kind != FULCIO_USER {
        return Ok(None);
    }
    let text = Element::only(Tag::Utf8String, value.contents)?.text()?;
    if text.is_empty() {
        return Err(Tag::Utf8String.length_error());
    }
    Ok(Some(Name::OtherName(text.to_owned())))
}

fn address(element: Element<'_>) -> der::Result<IpAddr> {
    if let Ok(octets) = <[u8; 4]>::try_from(element.contents) {
        return Ok(Ipv4Addr::from(octets).into());
    }
    match <[u8; 16]>::try_from(element.contents) {
        Ok(octets) => Ok(Ipv6Addr::from(octets).into()),
        Err(_) => Err(element.tag.length_error()),
    }
}

/// The most names that are read of a certificate; Fulcio gives one.
pub(super) const LIMIT: usize = 256;

const FULCIO_USER: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.57264.1.7");

pub(super) const OTHER_NAME: TagNumber = TagNumber::N0;
pub(super) const EMAIL: TagNumber = TagNumber::N1;
pub(super) const DNS: TagNumber = TagNumber::N2;
pub(super) const DIRECTORY: TagNumber = TagNumber::N4;
pub(super) const URI: TagNumber = TagNumber::N6;
pub(super) const IP: TagNumber = TagNumber::N7;
