//! Values in the order in which Helm writes them.

use std::collections::BTreeMap;

use countersign_core::go_json;
use serde_json::Value;

use super::fields::Field;

/// A value that is not empty.
#[derive(Clone, Debug)]
pub(super) enum Json {
    Text(String),
    True,
    List(Vec<Self>),
    Map(BTreeMap<String, String>),
    Object(Object),
    Other(Value),
}

/// Members, in the order of their fields.
#[derive(Clone, Debug, Default)]
pub(super) struct Object {
    pub(super) members: Vec<(&'static str, Json)>,
}

impl Object {
    pub(super) fn find(&self, name: &str) -> Option<&Json> {
        self.members
            .iter()
            .find(|(key, _)| *key == name)
            .map(|(_, value)| value)
    }

    /// The text of a member; none where it is empty.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        match self.find(name) {
            Some(Json::Text(text)) if !text.is_empty() => Some(text),
            _ => None,
        }
    }

    pub(super) fn list(&self, name: &str) -> &[Json] {
        match self.find(name) {
            Some(Json::List(items)) => items,
            _ => &[],
        }
    }

    pub(super) fn set(&mut self, name: &'static str, value: Json, order: &[Field]) {
        self.members.retain(|(key, _)| *key != name);
        self.members.push((name, value));
        let place = |name: &str| order.iter().position(|field| field.name == name);
        self.members.sort_by_key(|(key, _)| place(key));
    }

    /// Takes over what another has.
    pub(super) fn take_from(&mut self, other: Self, order: &[Field]) {
        for (name, value) in other.members {
            self.set(name, value, order);
        }
    }

    pub(super) fn to_json(&self) -> Vec<u8> {
        let mut written = Vec::new();
        self.write(&mut written);
        written
    }

    fn write(&self, to: &mut Vec<u8>) {
        let mut next = b'{';
        for (name, value) in &self.members {
            to.push(next);
            to.extend(go_json::to_vec(name));
            to.push(b':');
            value.write(to);
            next = b',';
        }
        if self.members.is_empty() {
            to.push(next);
        }
        to.push(b'}');
    }
}

impl Json {
    fn write(&self, to: &mut Vec<u8>) {
        match self {
            Self::Text(text) => to.extend(go_json::to_vec(text.as_str())),
            Self::True => to.extend(b"true"),
            Self::Map(map) => to.extend(go_json::to_vec(map)),
            Self::Other(value) => to.extend(go_json::to_vec(value)),
            Self::Object(object) => object.write(to),
            Self::List(items) => {
                to.push(b'[');
                for (number, item) in items.iter().enumerate() {
                    if number > 0 {
                        to.push(b',');
                    }
                    item.write(to);
                }
                to.push(b']');
            }
        }
    }
}
