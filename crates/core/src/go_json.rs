//! JSON as Go's `encoding/json` writes it, and byte strings as Go's readers take them.
//!
//! Some bytes that cosign signs or names by digest come from Go's encoder, so ours must agree with it in every byte.

use std::io;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde::Serialize;
use serde_json::Serializer;
use serde_json::ser::Formatter;

/// Writes compact JSON with the characters `<`, `>`, `&`, U+2028 and U+2029 escaped, as Go does.
///
/// Members are written in the order `value` gives them; Go sorts the keys of maps, so callers give sorted maps.
///
/// # Panics
///
/// When `value` has no JSON form: a map whose keys are not texts, or a `Serialize` that refuses.
pub fn to_vec<T: Serialize + ?Sized>(value: &T) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(256);
    value
        .serialize(&mut Serializer::with_formatter(&mut bytes, GoEscapes))
        .expect("a vector takes every write, and callers give values that have a JSON form");
    bytes
}

/// Reads base64 in the standard or the URL-safe alphabet, padded or not, as protobuf's JSON mapping allows.
///
/// # Errors
///
/// [`base64::DecodeError`] when it is neither.
pub fn decode_bytes(text: &str) -> Result<Vec<u8>, base64::DecodeError> {
    if text.bytes().any(|byte| matches!(byte, b'-' | b'_')) {
        URL_SAFE.decode(text)
    } else {
        STANDARD.decode(text)
    }
}

/// Writes base64 in the standard alphabet with padding, as Go writes byte strings.
pub fn encode_bytes(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

struct GoEscapes;

impl Formatter for GoEscapes {
    fn write_string_fragment<W: ?Sized + io::Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        let mut rest = fragment;
        while let Some(at) = rest.find(['<', '>', '&', '\u{2028}', '\u{2029}']) {
            let (plain, special) = rest.split_at(at);
            writer.write_all(plain.as_bytes())?;
            let mut characters = special.chars();
            if let Some(character) = characters.next() {
                write!(writer, "\\u{:04x}", u32::from(character))?;
            }
            rest = characters.as_str();
        }
        writer.write_all(rest.as_bytes())
    }

    /// Without a point where there is nothing after it; with an exponent below 1e-6 and from 1e21.
    fn write_f64<W: ?Sized + io::Write>(&mut self, writer: &mut W, value: f64) -> io::Result<()> {
        if value == 0.0 || (1e-6..1e21).contains(&value.abs()) {
            return write!(writer, "{value}");
        }
        let written = format!("{value:e}");
        match written.split_once('e') {
            Some((digits, exponent)) if !exponent.starts_with('-') => write!(writer, "{digits}e+{exponent}"),
            _ => writer.write_all(written.as_bytes()),
        }
    }
}

const CONFIG: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, CONFIG);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, CONFIG);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_that_html_minds_are_escaped() {
        let written = to_vec("a<b>&\u{2028}\u{2029}\"\\/é😀\u{1}\n\u{7f}");
        assert_eq!(
            String::from_utf8(written).unwrap(),
            "\"a\\u003cb\\u003e\\u0026\\u2028\\u2029\\\"\\\\/é😀\\u0001\\n\u{7f}\""
        );
    }

    #[test]
    fn numbers_are_written_as_go_does() {
        let written = to_vec(&[1.0, -0.5, 1e20, 1e21, 1.5e300, 1e-6, 9.5e-7, -0.0, 0.1]);
        assert_eq!(
            String::from_utf8(written).unwrap(),
            "[1,-0.5,100000000000000000000,1e+21,1.5e+300,0.000001,9.5e-7,-0,0.1]"
        );
    }

    #[test]
    fn both_base64_alphabets_are_read_with_and_without_padding() {
        for text in ["+/8=", "+/8", "-_8=", "-_8"] {
            assert_eq!(decode_bytes(text).unwrap(), [0xfb, 0xff], "{text}");
        }
    }

    #[test]
    fn a_mix_of_the_alphabets_is_refused() {
        assert_eq!(decode_bytes("+_8="), Err(base64::DecodeError::InvalidByte(0, b'+')));
    }
}
