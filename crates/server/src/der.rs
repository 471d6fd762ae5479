//! DER as certificates and timestamps are written in (X.690).

use countersign_core::certificate::encoding::{context, element};
use der::asn1::ObjectIdentifier;
use der::{Encode, Tag, TagNumber};
use jiff::Timestamp;

/// Writes an element.
pub(crate) fn write(tag: Tag, contents: &[u8]) -> Vec<u8> {
    element(tag, contents).expect("what is written here is far below the 256 MB that a length can tell")
}

/// Writes a `SEQUENCE` of elements.
pub(crate) fn sequence(members: &[&[u8]]) -> Vec<u8> {
    write(Tag::Sequence, &members.concat())
}

/// Writes a `SET OF` elements, in the order of their bytes (X.690 §11.6).
pub(crate) fn set_of(mut members: Vec<Vec<u8>>) -> Vec<u8> {
    members.sort();
    write(Tag::Set, &members.concat())
}

/// Writes an object identifier.
pub(crate) fn identifier(identifier: ObjectIdentifier) -> Vec<u8> {
    write(Tag::ObjectIdentifier, identifier.as_bytes())
}

/// Writes a small number.
pub(crate) fn number(number: u8) -> Vec<u8> {
    number.to_der().expect("a byte has a DER form")
}

/// Writes a number that is not negative, of big-endian bytes.
pub(crate) fn unsigned(bytes: &[u8]) -> Vec<u8> {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let mut contents = bytes.get(zeros..).unwrap_or(&[]).to_vec();
    if contents.first().is_none_or(|first| *first >= 0x80) {
        contents.insert(0, 0);
    }
    write(Tag::Integer, &contents)
}

/// Writes an `OCTET STRING`.
pub(crate) fn octets(bytes: &[u8]) -> Vec<u8> {
    write(Tag::OctetString, bytes)
}

/// Writes a `BIT STRING` of whole octets.
pub(crate) fn bits(octets: &[u8]) -> Vec<u8> {
    write(Tag::BitString, &[&[0], octets].concat())
}

/// Writes a `UTF8String`.
pub(crate) fn text(text: &str) -> Vec<u8> {
    write(Tag::Utf8String, text.as_bytes())
}

/// Writes `[number]` around elements.
pub(crate) fn explicit(number: TagNumber, contents: &[u8]) -> Vec<u8> {
    write(context(number, true), contents)
}

/// Writes `[number]` in the place of a primitive element's tag.
pub(crate) fn implicit(number: TagNumber, contents: &[u8]) -> Vec<u8> {
    write(context(number, false), contents)
}

/// Writes a `Time` to the second: with two digits for the year until 2049 (RFC 5280 §4.1.2.5).
pub(crate) fn time(at: Timestamp) -> Vec<u8> {
    if at.as_second() < YEAR_2050 {
        write(Tag::UtcTime, at.strftime("%y%m%d%H%M%SZ").to_string().as_bytes())
    } else {
        generalized_time(at)
    }
}

/// Writes a `GeneralizedTime` to the second: Go reads no fractions.
pub(crate) fn generalized_time(at: Timestamp) -> Vec<u8> {
    write(
        Tag::GeneralizedTime,
        at.strftime("%Y%m%d%H%M%SZ").to_string().as_bytes(),
    )
}

const YEAR_2050: i64 = 2_524_608_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_never_negative_and_have_no_leading_zeros() {
        assert_eq!(unsigned(&[0, 0, 5]), [2, 1, 5]);
        assert_eq!(unsigned(&[0x80]), [2, 2, 0, 0x80]);
        assert_eq!(unsigned(&[]), [2, 1, 0]);
    }

    #[test]
    fn the_year_has_two_digits_until_2049() {
        let at = |text: &str| time(text.parse().expect("a time"));
        assert_eq!(at("2049-12-31T23:59:59Z"), *b"\x17\x0d491231235959Z");
        assert_eq!(at("2050-01-01T00:00:00Z"), *b"\x18\x0f20500101000000Z");
    }
}
