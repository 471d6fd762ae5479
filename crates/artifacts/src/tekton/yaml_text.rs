//! Objects as YAML, for readers; every text that could be read as something else is in quotes.

use serde_json::Value;

/// Writes a value as YAML, in blocks.
pub fn to_yaml(value: &Value) -> String {
    let mut text = String::new();
    write(value, 0, &mut text);
    text
}

/// Writes a value that begins on a line of its own, at `depth` blanks.
fn write(value: &Value, depth: usize, text: &mut String) {
    let indent = " ".repeat(depth);
    match value {
        Value::Object(members) if !members.is_empty() => {
            for (key, value) in members {
                text.push_str(&indent);
                text.push_str(&written_key(key, &indent));
                text.push(':');
                // Lists stand where their key does, as Kubernetes' programs write them.
                let inner = if value.is_array() { depth } else { depth + 2 };
                after(value, inner, text);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for item in items {
                text.push_str(&indent);
                text.push('-');
                match is_block(item) {
                    true => {
                        // the first line follows the dash
                        let start = text.len();
                        write(item, depth + 2, text);
                        text.replace_range(start..start + depth + 1, "");
                    }
                    false => after(item, depth + 2, text),
                }
            }
        }
        _ => {
            text.push_str(&indent);
            text.push_str(&flat(value));
            text.push('\n');
        }
    }
}

/// A key up to its colon; a long one stands on a line of its own, since readers look no further than 1,024 characters for
/// the colon (YAML 1.2, §7.4.2). Go's programs write those of more than 128 bytes so.
fn written_key(key: &str, indent: &str) -> String {
    match key.len() > 128 {
        true => format!("? {}\n{indent}", scalar(key)),
        false => scalar(key),
    }
}

/// Writes a value after a colon or a dash.
fn after(value: &Value, depth: usize, text: &mut String) {
    if is_block(value) {
        text.push('\n');
        write(value, depth, text);
    } else {
        text.push(' ');
        text.push_str(&flat(value));
        text.push('\n');
    }
}

fn is_block(value: &Value) -> bool {
    match value {
        Value::Object(members) => !members.is_empty(),
        Value::Array(items) => !items.is_empty(),
        _ => false,
    }
}

fn flat(value: &Value) -> String {
    match value {
        Value::String(text) => scalar(text),
        other => other.to_string(),
    }
}

/// A text bare where it can only be a text, else in JSON's quotes, which are YAML's too.
fn scalar(text: &str) -> String {
    let is_word =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'/' | b'$' | b'(' | b')');
    let is_bare = text.bytes().all(is_word)
        && text.starts_with(|first: char| first.is_ascii_alphabetic() || matches!(first, '/' | '$'))
        && crate::yaml::documents(text) == Ok(vec![Value::from(text)]);
    match is_bare {
        true => text.to_owned(),
        false => Value::from(text).to_string(),
    }
}
