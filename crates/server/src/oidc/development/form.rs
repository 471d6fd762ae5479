//! What browsers and clients send: `application/x-www-form-urlencoded` (WHATWG URL §5.1).

/// The members of a form or a query.
#[derive(Debug)]
pub(crate) struct Form(Vec<(String, String)>);

impl Form {
    /// Reads a form; a plus is a blank.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, FormError> {
        let mut members = Vec::new();
        for pair in bytes.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
            if members.len() == MEMBERS {
                return Err(FormError::TooMany);
            }
            let mut parts = pair.splitn(2, |byte| *byte == b'=');
            let [name, value] = [parts.next(), parts.next()].map(|part| decode(part.unwrap_or_default()));
            members.push((name?, value?));
        }
        Ok(Self(members))
    }

    /// Returns the one value of a member; nothing where it is empty, absent or given twice (RFC 6749 §3.1).
    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        let mut found = self.0.iter().filter(|(known, _)| known == name);
        let (_, value) = found.next()?;
        (found.next().is_none() && !value.is_empty()).then_some(value)
    }
}

fn decode(text: &[u8]) -> Result<String, FormError> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        match first {
            b'+' => bytes.push(b' '),
            b'%' => {
                let (digits, after) = rest.split_at_checked(2).ok_or(FormError::Encoding)?;
                let mut byte = [0];
                hex::decode_to_slice(digits, &mut byte).map_err(|_| FormError::Encoding)?;
                bytes.extend(byte);
                rest = after;
            }
            byte => bytes.push(*byte),
        }
    }
    String::from_utf8(bytes).map_err(|_| FormError::Encoding)
}

/// Why bytes are no form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum FormError {
    #[error("the form is not percent-encoded UTF-8")]
    Encoding,
    #[error("the form has more than {MEMBERS} members")]
    TooMany,
}

/// The most members of a form; OpenID Connect has under twenty.
const MEMBERS: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_read_as_browsers_write_it() {
        let form = Form::parse(b"a=1+2&b=%C3%BC%40&c=&d&e=1&e=2&=x").expect("a form");
        assert_eq!(form.value("a"), Some("1 2"));
        assert_eq!(form.value("b"), Some("\u{fc}@"));
        for absent in ["c", "d", "e", "f"] {
            assert_eq!(form.value(absent), None, "{absent}");
        }
    }

    #[test]
    fn what_is_no_form_is_refused() {
        for wrong in ["a=%", "a=%g0", "a=%ff"] {
            assert_eq!(
                Form::parse(wrong.as_bytes()).err(),
                Some(FormError::Encoding),
                "{wrong}"
            );
        }
        let many = vec!["a=1"; MEMBERS + 1].join("&");
        assert_eq!(Form::parse(many.as_bytes()).err(), Some(FormError::TooMany));
    }
}
