//! What a scalar means (<https://yaml.org/type/>, as far as Go's readers follow it).

use saphyr_parser::Tag;
use serde_json::{Number, Value};

/// The value of a scalar; `None` where JSON has none like it, or its tag is not one of JSON's types.
pub(super) fn value(text: &str, is_plain: bool, tag: Option<&Tag>) -> Option<Value> {
    let Some(tag) = tag else {
        return if is_plain { plain(text) } else { Some(Value::from(text)) };
    };
    if !tag.is_yaml_core_schema() {
        return None;
    }
    if tag.suffix == "str" {
        return Some(Value::from(text));
    }
    match (&*tag.suffix, plain(text)?) {
        ("bool", value @ Value::Bool(_))
        | ("null", value @ Value::Null)
        | ("int" | "float", value @ Value::Number(_)) => {
            let is_whole = matches!(&value, Value::Number(number) if !number.is_f64());
            match &*tag.suffix {
                "float" if is_whole => value.as_f64().and_then(Number::from_f64).map(Value::Number),
                "int" if !is_whole => None,
                _ => Some(value),
            }
        }
        _ => None,
    }
}

/// The text of a key; `None` where none is like it.
pub(super) fn key(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        Value::Bool(value) => Some(value.to_string()),
        Value::Number(number) if !number.is_f64() => Some(number.to_string()),
        _ => None,
    }
}

fn plain(text: &str) -> Option<Value> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Some(Value::Null),
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            return Some(Value::Bool(true));
        }
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            return Some(Value::Bool(false));
        }
        // Go's JSON has no such numbers
        ".nan" | ".NaN" | ".NAN" | ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" | "-.inf" | "-.Inf"
        | "-.INF" => return None,
        _ => {}
    }
    let number = match text.bytes().next() {
        Some(b'.') => float(text),
        Some(b'+' | b'-' | b'0'..=b'9') => {
            let digits = text.replace('_', "");
            integer(&digits).or_else(|| float(&digits))
        }
        _ => None,
    };
    Some(number.map_or_else(|| Value::from(text), Value::Number))
}

/// A whole number of 64 bits, with Go's prefixes.
fn integer(text: &str) -> Option<Number> {
    let (sign, digits) = match text.as_bytes().first() {
        Some(sign @ (b'+' | b'-')) => (Some(*sign), text.get(1..)?),
        _ => (None, text),
    };
    let (radix, digits) = match digits.as_bytes() {
        [b'0', b'x' | b'X', _, ..] => (16, digits.get(2..)?),
        [b'0', b'o' | b'O', _, ..] => (8, digits.get(2..)?),
        [b'0', b'b' | b'B', _, ..] => (2, digits.get(2..)?),
        [b'0', _, ..] => (8, digits.get(1..)?),
        _ => (10, digits),
    };
    // Rust takes a sign here
    if !digits.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return None;
    }
    let size = u64::from_str_radix(digits, radix).ok()?;
    match (sign, i64::try_from(size)) {
        (Some(b'-'), _) => 0_i64.checked_sub_unsigned(size).map(Number::from),
        (_, Ok(number)) => Some(Number::from(number)),
        (None, Err(_)) => Some(Number::from(size)),
        (Some(_), Err(_)) => None,
    }
}

/// A number with a point or an exponent, or a whole one that has no place in 64 bits.
fn float(text: &str) -> Option<Number> {
    let is_number = text
        .bytes()
        .all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+' | b'-'));
    if !is_number {
        return None;
    }
    // one beyond all bounds is a text to Go
    Number::from_f64(text.parse().ok()?)
}
