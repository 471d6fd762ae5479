//! Percent-encoding (RFC 3986 §2.1).

/// Encodes all but letters, digits, `-`, `.`, `_` and `~` (RFC 3986 §2.3), and the bytes that are `kept`.
pub fn encode(text: &str, kept: &[u8]) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') || kept.contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_left_that_separates() {
        assert_eq!(encode("../a b?#%é~_-.1", b""), "..%2Fa%20b%3F%23%25%C3%A9~_-.1");
        assert_eq!(encode("a b/\u{fc}", b""), "a%20b%2F%C3%BC");
    }

    #[test]
    fn what_is_kept_stays() {
        assert_eq!(encode("a/b:c,d", b"/:"), "a/b:c%2Cd");
    }
}
