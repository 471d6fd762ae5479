//! DER, element by element (X.690).

use std::fmt;

use der::asn1::{ObjectIdentifier, UintRef};
use der::{Decode, Encode, ErrorKind, Header, Length, Reader, SliceReader, Tag, TagNumber};
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;

/// One element: its tag, what it holds, and all of it.
#[derive(Clone, Copy)]
pub struct Element<'a> {
    /// What it is.
    pub tag: Tag,
    /// What it holds.
    pub contents: &'a [u8],
    /// Tag, length and contents.
    pub whole: &'a [u8],
}

impl<'a> Element<'a> {
    /// Reads bytes that are one element of this tag, and nothing else.
    pub fn only(tag: Tag, bytes: &'a [u8]) -> der::Result<Self> {
        let mut elements = Elements::new(bytes);
        let element = elements.expect(tag)?;
        elements.finish()?;
        Ok(element)
    }

    /// Returns the elements within.
    pub fn elements(self) -> Elements<'a> {
        Elements::new(self.contents)
    }

    /// Reads the element as a value of its type.
    pub fn decode<T: Decode<'a>>(self) -> der::Result<T> {
        T::from_der(self.whole)
    }

    /// Returns the text of an element whose tag stands for one.
    pub fn text(self) -> der::Result<&'a str> {
        std::str::from_utf8(self.contents).map_err(|error| ErrorKind::Utf8(error).into())
    }

    /// Returns the text of an `IA5String`, which is ASCII; it is named by its tag or by that of a choice.
    pub fn ia5_text(self) -> der::Result<&'a str> {
        let text = self.text()?;
        if !text.is_ascii() || text.is_empty() {
            return Err(self.tag.value_error());
        }
        Ok(text)
    }

    /// Returns the octets of a `BIT STRING` that has a whole number of them.
    pub fn whole_bits(self) -> der::Result<&'a [u8]> {
        match self.contents.split_first() {
            Some((0, octets)) if self.tag == Tag::BitString => Ok(octets),
            _ => Err(self.tag.value_error()),
        }
    }

    /// Returns the moment of a `Time` (RFC 5280 §4.1.2.5): to the second, in UTC.
    ///
    /// `None` is past what can be told, as 9999-12-31T23:59:59Z is, which stands for no end (RFC 5280 §4.1.2.5).
    pub fn moment(self) -> der::Result<Option<Timestamp>> {
        let wrong = || self.tag.value_error();
        let (year, rest) = match self.tag {
            Tag::UtcTime => {
                let (year, rest) = self.contents.split_at_checked(2).ok_or_else(wrong)?;
                let year = number(year).ok_or_else(wrong)?;
                (if year < 50 { 2000 + year } else { 1900 + year }, rest)
            }
            Tag::GeneralizedTime => {
                let (year, rest) = self.contents.split_at_checked(4).ok_or_else(wrong)?;
                (number(year).ok_or_else(wrong)?, rest)
            }
            tag => return Err(tag.unexpected_error(None)),
        };
        let Some((digits, b"Z")) = rest.split_at_checked(10) else {
            return Err(wrong());
        };
        let mut fields = [0_i8; 5];
        for (field, digits) in fields.iter_mut().zip(digits.chunks(2)) {
            *field = number(digits)
                .and_then(|value| i8::try_from(value).ok())
                .ok_or_else(wrong)?;
        }
        let [month, day, hour, minute, second] = fields;
        let civil = DateTime::new(year, month, day, hour, minute, second, 0).map_err(|_| wrong())?;
        Ok(Offset::UTC.to_timestamp(civil).ok())
    }
}

/// Elements, one after the other.
pub struct Elements<'a> {
    rest: &'a [u8],
}

impl<'a> Elements<'a> {
    /// Begins with the first of them.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// Returns the next element, `None` at the end.
    #[expect(
        clippy::should_implement_trait,
        reason = "an element that cannot be read is an error, not an end"
    )]
    pub fn next(&mut self) -> der::Result<Option<Element<'a>>> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let mut reader = SliceReader::new(self.rest)?;
        let header = Header::decode(&mut reader)?;
        let contents = reader.read_slice(header.length)?;
        let length = usize::try_from(reader.position())?;
        let (whole, rest) = self.rest.split_at_checked(length).ok_or(ErrorKind::Overflow)?;
        self.rest = rest;
        Ok(Some(Element {
            tag: header.tag,
            contents,
            whole,
        }))
    }

    /// Returns the next element, which must have this tag.
    pub fn expect(&mut self, tag: Tag) -> der::Result<Element<'a>> {
        match self.next()? {
            Some(element) if element.tag == tag => Ok(element),
            Some(element) => Err(element.tag.unexpected_error(Some(tag))),
            None => Err(ErrorKind::Incomplete {
                expected_len: Length::ONE,
                actual_len: Length::ZERO,
            }
            .into()),
        }
    }

    /// Returns the next element if it has this tag.
    pub fn optional(&mut self, tag: Tag) -> der::Result<Option<Element<'a>>> {
        if self.rest.first() == Some(&tag.octet()) {
            self.next()
        } else {
            Ok(None)
        }
    }

    /// Returns the next element as an object identifier.
    pub fn identifier(&mut self) -> der::Result<Identifier<'a>> {
        let element = self.expect(Tag::ObjectIdentifier)?;
        Identifier::new(element.contents)
    }

    /// Checks that nothing is left.
    pub fn finish(self) -> der::Result<()> {
        match u16::try_from(self.rest.len()) {
            Ok(0) => Ok(()),
            left => Err(ErrorKind::TrailingData {
                decoded: Length::ZERO,
                remaining: Length::new(left.unwrap_or(u16::MAX)),
            }
            .into()),
        }
    }
}

/// An object identifier of any length, with arcs of any size: `der`'s own has neither.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Identifier<'a>(&'a [u8]);

impl<'a> Identifier<'a> {
    /// Takes the octets of an identifier (X.690 §8.19).
    pub fn new(octets: &'a [u8]) -> der::Result<Self> {
        let is_whole = octets.last().is_some_and(|last| last & CONTINUED == 0);
        let mut begins = true;
        for octet in octets {
            // an arc that begins with zeros has a second spelling
            if begins && *octet == CONTINUED {
                return Err(Tag::ObjectIdentifier.non_canonical_error());
            }
            begins = octet & CONTINUED == 0;
        }
        if is_whole {
            Ok(Self(octets))
        } else {
            Err(Tag::ObjectIdentifier.value_error())
        }
    }

    /// Returns the octets that follow those of `parent`.
    pub fn below(self, parent: ObjectIdentifier) -> Option<&'a [u8]> {
        self.0.strip_prefix(parent.as_bytes())
    }
}

impl PartialEq<ObjectIdentifier> for Identifier<'_> {
    fn eq(&self, other: &ObjectIdentifier) -> bool {
        self.0 == other.as_bytes()
    }
}

impl fmt::Display for Identifier<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut arc = 0_u128;
        let mut is_first = true;
        for octet in self.0 {
            // the largest arcs in use are UUIDs (2.25), of 128 bits
            arc = arc.wrapping_shl(7) | u128::from(octet & !CONTINUED);
            if octet & CONTINUED != 0 {
                continue;
            }
            if is_first {
                let root = (arc / 40).min(2);
                write!(f, "{root}.{}", arc - root * 40)?;
            } else {
                write!(f, ".{arc}")?;
            }
            (arc, is_first) = (0, false);
        }
        Ok(())
    }
}

/// Reads a number of an `INTEGER` that is not negative, without leading zeros.
pub fn unsigned<'a>(element: Element<'a>) -> der::Result<&'a [u8]> {
    element.decode::<UintRef<'a>>().map(|number| number.as_bytes())
}

/// The tag of a choice or an optional field: `[number]`.
pub fn context(number: TagNumber, is_constructed: bool) -> Tag {
    Tag::ContextSpecific {
        constructed: is_constructed,
        number,
    }
}

/// Writes an element.
pub fn element(tag: Tag, contents: &[u8]) -> der::Result<Vec<u8>> {
    let mut written = Header::new(tag, contents.len())?.to_der()?;
    written.extend_from_slice(contents);
    Ok(written)
}

fn number(digits: &[u8]) -> Option<i16> {
    digits.iter().try_fold(0_i16, |sum, digit| {
        let value = digit.is_ascii_digit().then(|| i16::from(digit - b'0'))?;
        sum.checked_mul(10)?.checked_add(value)
    })
}

/// The bit that says that an arc goes on.
const CONTINUED: u8 = 0x80;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arc_ends_and_has_one_spelling() {
        for octets in [&[0x2a][..], &[0x2a, 3], &[0x2a, 0x81, 0x80, 1], &[0x88, 0x37, 0]] {
            assert!(Identifier::new(octets).is_ok(), "{octets:x?}");
        }
        let refusal = |octets| Identifier::new(octets).err().map(|error| error.kind());
        let tag = Tag::ObjectIdentifier;
        for octets in [&[][..], &[0x81], &[0x2a, 0x81]] {
            assert_eq!(refusal(octets), Some(ErrorKind::Value { tag }), "{octets:x?}");
        }
        for octets in [&[0x80, 1][..], &[0x2a, 0x80, 1], &[0x2a, 3, 0x80, 0x80, 1]] {
            assert_eq!(refusal(octets), Some(ErrorKind::Noncanonical { tag }), "{octets:x?}");
        }
    }
}
