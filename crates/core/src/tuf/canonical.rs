//! Canonical JSON, as the metadata is signed in (OLPC's; TUF specification §4.1).

use serde_json::Value;

use crate::quoted::Quoted;

/// Writes the one spelling of a value: members in the order of their names, no blanks, only `"` and `\` escaped.
///
/// # Errors
/// [`NotCanonical`] for a number that is no integer of 64 bits, which has no such spelling.
pub fn canonical(value: &Value) -> Result<Vec<u8>, NotCanonical> {
    let mut bytes = Vec::new();
    write(value, &mut bytes)?;
    Ok(bytes)
}

/// A number that has no canonical spelling.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("number is {found}, expected an integer of 64 bits")]
pub struct NotCanonical {
    found: Quoted,
}

fn write(value: &Value, bytes: &mut Vec<u8>) -> Result<(), NotCanonical> {
    match value {
        Value::Null => bytes.extend(b"null"),
        Value::Bool(true) => bytes.extend(b"true"),
        Value::Bool(false) => bytes.extend(b"false"),
        Value::Number(number) if number.is_u64() || number.is_i64() => bytes.extend(number.to_string().bytes()),
        Value::Number(number) => {
            return Err(NotCanonical {
                found: Quoted::new(&number.to_string()),
            });
        }
        Value::String(text) => write_text(text, bytes),
        Value::Array(members) => {
            bytes.push(b'[');
            for (place, member) in members.iter().enumerate() {
                if place > 0 {
                    bytes.push(b',');
                }
                write(member, bytes)?;
            }
            bytes.push(b']');
        }
        Value::Object(members) => {
            // Sorted here, as the map keeps another order where a feature of serde_json says so.
            let mut sorted: Vec<_> = members.iter().collect();
            sorted.sort_unstable_by_key(|(name, _)| name.as_bytes());
            bytes.push(b'{');
            for (place, (name, member)) in sorted.into_iter().enumerate() {
                if place > 0 {
                    bytes.push(b',');
                }
                write_text(name, bytes);
                bytes.push(b':');
                write(member, bytes)?;
            }
            bytes.push(b'}');
        }
    }
    Ok(())
}

fn write_text(text: &str, bytes: &mut Vec<u8>) {
    bytes.push(b'"');
    for byte in text.bytes() {
        if matches!(byte, b'"' | b'\\') {
            bytes.push(b'\\');
        }
        bytes.push(byte);
    }
    bytes.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spelled(json: &str) -> Result<String, NotCanonical> {
        let value: Value = serde_json::from_str(json).unwrap();
        canonical(&value).map(|bytes| String::from_utf8(bytes).unwrap())
    }

    #[test]
    fn members_are_sorted_and_blanks_are_gone() {
        assert_eq!(
            spelled(r#" { "b" : [1, -2, true, null, false], "a": {"é": "x", "z": {}} , "B": []} "#).unwrap(),
            r#"{"B":[],"a":{"z":{},"é":"x"},"b":[1,-2,true,null,false]}"#
        );
    }

    #[test]
    fn only_quotes_and_backslashes_are_escaped() {
        assert_eq!(
            spelled(r#""a\"b\\c\nd\u0001\u00e9\/""#).unwrap(),
            "\"a\\\"b\\\\c\nd\u{1}é/\""
        );
    }

    #[test]
    fn numbers_are_integers_of_64_bits() {
        assert_eq!(spelled("18446744073709551615").unwrap(), "18446744073709551615");
        for (number, shown) in [
            ("1.5", "1.5"),
            ("1e2", "100.0"),
            ("18446744073709551616", "1.8446744073709552e+19"),
        ] {
            let refused = spelled(number).unwrap_err();
            assert_eq!(
                refused,
                NotCanonical {
                    found: Quoted::new(shown)
                }
            );
        }
    }
}
