//! Distinguished names (X.501), kept as they are written.

use std::fmt::{self, Write};

use der::{Tag, asn1::ObjectIdentifier};

use super::encoding::{Element, Elements, Identifier};
use crate::quoted::Quoted;

/// The name of a subject or an issuer; two are the same when their DER is.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct DistinguishedName {
    der: Box<[u8]>,
}

impl DistinguishedName {
    pub(super) fn read(element: Element<'_>) -> der::Result<Self> {
        for relative in relatives(element) {
            relative?;
        }
        Ok(Self {
            der: element.whole.into(),
        })
    }

    /// Returns the DER of the `Name` (RFC 5280 §4.1.2.4).
    pub fn as_der(&self) -> &[u8] {
        &self.der
    }

    /// Says whether the name has no parts.
    pub fn is_empty(&self) -> bool {
        Element::only(Tag::Sequence, &self.der).is_ok_and(|name| name.contents.is_empty())
    }

    /// Returns the e-mail addresses among the attributes, which older authorities put here.
    pub(super) fn emails(&self) -> Vec<String> {
        let Ok(name) = Element::only(Tag::Sequence, &self.der) else {
            return Vec::new();
        };
        let attributes = relatives(name).filter_map(Result::ok).flat_map(|relative| relative.0);
        attributes
            .filter(|(kind, _)| *kind == EMAIL_ADDRESS)
            .map(|(_, value)| String::from_utf8_lossy(value.contents).into_owned())
            .collect()
    }

    /// Returns the name as it may be repeated in a message.
    pub(super) fn quoted(&self) -> Quoted {
        Quoted::new(&self.to_string())
    }

    /// Says whether the name begins with all of `base` (RFC 5280 §7.1, byte for byte).
    pub(super) fn is_within(&self, base: &Self) -> bool {
        let contents = |name: &'_ Self| Element::only(Tag::Sequence, &name.der).map(|name| name.contents.to_vec());
        match (contents(self), contents(base)) {
            // each part is an element, so bytes that begin with those of others begin with the same parts
            (Ok(own), Ok(base)) => own.starts_with(&base),
            _ => false,
        }
    }
}

/// Shows the name as RFC 4514 does, the last part first; what is no plain text is escaped or in hexadecimal.
impl fmt::Display for DistinguishedName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = Element::only(Tag::Sequence, &self.der).map_err(|_| fmt::Error)?;
        let parts: Vec<String> = relatives(name).filter_map(|part| part.ok()?.shown().ok()).collect();
        if parts.is_empty() {
            return f.write_str("(empty name)");
        }
        f.write_str(&parts.into_iter().rev().collect::<Vec<_>>().join(","))
    }
}

impl fmt::Debug for DistinguishedName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DistinguishedName({self})")
    }
}

/// A part of a name: attributes that belong together.
struct Relative<'a>(Vec<(Identifier<'a>, Element<'a>)>);

fn relatives(name: Element<'_>) -> impl Iterator<Item = der::Result<Relative<'_>>> {
    let mut sets = name.elements();
    let mut has_failed = false;
    std::iter::from_fn(move || {
        if has_failed {
            return None;
        }
        let relative = relative(&mut sets).transpose();
        has_failed = matches!(relative, Some(Err(_)));
        relative
    })
}

fn relative<'a>(sets: &mut Elements<'a>) -> der::Result<Option<Relative<'a>>> {
    let Some(set) = sets.next()? else {
        return Ok(None);
    };
    set.tag.assert_eq(Tag::Set)?;
    let mut members = set.elements();
    let mut attributes = Vec::new();
    while let Some(member) = members.next()? {
        member.tag.assert_eq(Tag::Sequence)?;
        let mut fields = member.elements();
        let kind = fields.identifier()?;
        let Some(value) = fields.next()? else {
            return Err(member.tag.length_error());
        };
        fields.finish()?;
        attributes.push((kind, value));
    }
    if attributes.is_empty() {
        return Err(set.tag.length_error());
    }
    Ok(Some(Relative(attributes)))
}

impl Relative<'_> {
    fn shown(&self) -> Result<String, fmt::Error> {
        let mut text = String::new();
        for (place, (kind, value)) in self.0.iter().enumerate() {
            if place > 0 {
                text.push('+');
            }
            match KINDS.iter().find(|(known, _)| kind == known) {
                Some((_, name)) => text.push_str(name),
                None => write!(text, "{kind}")?,
            }
            text.push('=');
            write_value(&mut text, *value)?;
        }
        Ok(text)
    }
}

fn write_value(text: &mut String, value: Element<'_>) -> fmt::Result {
    match value.tag {
        Tag::Utf8String | Tag::PrintableString | Tag::Ia5String => {}
        _ => return write!(text, "#{}", hex::encode(value.whole)),
    }
    let Ok(characters) = value.text() else {
        return write!(text, "#{}", hex::encode(value.whole));
    };
    for character in characters.chars() {
        match character {
            ',' | '+' | '"' | '\\' | '<' | '>' | ';' | '=' => write!(text, "\\{character}")?,
            _ if character.is_control() => write!(text, "{}", character.escape_default())?,
            _ => text.push(character),
        }
    }
    Ok(())
}

/// The attributes that RFC 4514 §3 and its users have short names for.
const KINDS: [(ObjectIdentifier, &str); 9] = [
    (ObjectIdentifier::new_unwrap("0.9.2342.19200300.100.1.25"), "DC"),
    (EMAIL_ADDRESS, "emailAddress"),
    (ObjectIdentifier::new_unwrap("2.5.4.3"), "CN"),
    (ObjectIdentifier::new_unwrap("2.5.4.5"), "serialNumber"),
    (ObjectIdentifier::new_unwrap("2.5.4.6"), "C"),
    (ObjectIdentifier::new_unwrap("2.5.4.7"), "L"),
    (ObjectIdentifier::new_unwrap("2.5.4.8"), "ST"),
    (ObjectIdentifier::new_unwrap("2.5.4.10"), "O"),
    (ObjectIdentifier::new_unwrap("2.5.4.11"), "OU"),
];

const EMAIL_ADDRESS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.1");
