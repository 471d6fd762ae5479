//! JSON objects whose members keep their order and their bytes: what is edited without being rebuilt, and what two readers must not
//! read differently.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::go_json;

/// The members of a JSON object in their order, values as they are written.
#[derive(Debug)]
pub struct JsonObject<'a> {
    members: Vec<(String, Cow<'a, RawValue>)>,
}

impl<'a> JsonObject<'a> {
    /// Takes an object apart.
    ///
    /// # Errors
    ///
    /// [`serde_json::Error`] where the bytes are not one JSON object.
    pub fn parse(json: &'a [u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(json)
    }

    /// Returns the value of a member; the first, where there are several.
    pub fn get(&self, name: &str) -> Option<&RawValue> {
        self.members
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_ref())
    }

    /// Puts a value in the place of a member, or after all others.
    pub fn set(&mut self, name: &str, value: Box<RawValue>) {
        match self.members.iter_mut().find(|(known, _)| known == name) {
            Some((_, old)) => *old = Cow::Owned(value),
            None => self.members.push((name.to_owned(), Cow::Owned(value))),
        }
    }

    /// Returns a member whose name is there twice, or in another case too.
    ///
    /// Go's reader takes names in any case, and the last of several: what it reads there is not what ours does.
    pub fn twin(&self) -> Option<&str> {
        let mut seen = HashSet::new();
        let mut names = self.members.iter().map(|(name, _)| name.as_str());
        names.find(|name| !seen.insert(folded(name)))
    }

    /// Writes the object, without blanks between its members.
    pub fn to_json(&self) -> Vec<u8> {
        let mut json = Vec::new();
        for (name, value) in &self.members {
            json.push(if json.is_empty() { b'{' } else { b',' });
            json.extend(go_json::to_vec(name));
            json.push(b':');
            json.extend_from_slice(value.get().as_bytes());
        }
        if json.is_empty() {
            json.push(b'{');
        }
        json.push(b'}');
        json
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for JsonObject<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;

        impl<'de> Visitor<'de> for Members {
            type Value = Vec<(String, Cow<'de, RawValue>)>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut pairs: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some((name, value)) = pairs.next_entry::<String, &'de RawValue>()? {
                    members.push((name, Cow::Borrowed(value)));
                }
                Ok(members)
            }
        }

        let members = deserializer.deserialize_map(Members)?;
        Ok(Self { members })
    }
}

/// A name without its case, as Go compares names: two letters outside of ASCII are equal to one inside.
fn folded(name: &str) -> String {
    name.chars()
        .map(|letter| match letter {
            '\u{17f}' => 's',
            '\u{212a}' => 'k',
            other => other.to_ascii_lowercase(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(text: &str) -> Box<RawValue> {
        RawValue::from_string(text.to_owned()).unwrap()
    }

    #[test]
    fn members_keep_their_order_and_their_bytes() {
        let text = r#"{"b":1.0e3,"a":{ "x" : [1, 2] },"<":null}"#;
        let mut object = JsonObject::parse(text.as_bytes()).unwrap();
        assert_eq!(
            String::from_utf8(object.to_json()).unwrap(),
            r#"{"b":1.0e3,"a":{ "x" : [1, 2] },"\u003c":null}"#
        );
        object.set("a", raw("7"));
        object.set("c", raw("[]"));
        assert_eq!(
            String::from_utf8(object.to_json()).unwrap(),
            r#"{"b":1.0e3,"a":7,"\u003c":null,"c":[]}"#
        );
        assert_eq!(JsonObject::parse(b"{}").unwrap().to_json(), b"{}");
        assert_eq!(
            JsonObject::parse(b"[]").unwrap_err().to_string(),
            "invalid type: sequence, expected an object at line 1 column 0"
        );
    }

    #[test]
    fn names_that_go_takes_for_one_are_twins() {
        for (text, twin) in [
            (r#"{"layers":[],"Layers":[]}"#, Some("Layers")),
            (r#"{"layers":[],"layers":[]}"#, Some("layers")),
            ("{\"diff_ids\":[],\"diff_id\u{17f}\":[]}", Some("diff_id\u{17f}")),
            (r#"{"layers":[],"layer":[]}"#, None),
        ] {
            assert_eq!(JsonObject::parse(text.as_bytes()).unwrap().twin(), twin, "{text}");
        }
    }
}
