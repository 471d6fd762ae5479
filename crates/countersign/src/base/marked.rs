//! Marks of bases, written into a manifest that is otherwise left as it is.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use countersign_core::base::{BUNDLE_ANNOTATION, SIGNATURE_ANNOTATION};
use countersign_core::go_json;
use countersign_core::json_object::JsonObject;
use countersign_core::quoted::Quoted;
use countersign_oci::manifest::Manifest;
use serde::Serialize;
use serde_json::value::RawValue;

use super::BaseError;
use crate::sign::Subject;

/// What marks the last layer of a base.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    /// Signatures over the layers, base64.
    pub signatures: Vec<String>,
    /// Bundles with statements, JSON.
    pub bundles: Vec<Vec<u8>>,
}

/// The image's manifest with `marks` added to those that its layers have, by the numbers of the layers from 1; nothing where they have
/// them all. Whatever else is in it stays as it is, byte for byte but for blanks between members.
///
/// # Errors
/// [`BaseError::Unmarkable`], [`BaseError::Store`] where it becomes too large.
pub fn marked(subject: &Subject, marks: &BTreeMap<usize, Marks>) -> Result<Option<Manifest>, BaseError> {
    let manifest = &subject.manifest;
    let malformed = |error: serde_json::Error| unmarkable(subject, &error.to_string());
    let mut object = JsonObject::parse(manifest.bytes()).map_err(malformed)?;
    let Some(listed) = object.get("layers") else {
        return Err(unmarkable(subject, "it has no layers"));
    };
    let listed = listed.get().to_owned();
    let layers: Vec<&RawValue> = serde_json::from_str(&listed).map_err(malformed)?;
    let mut written: Vec<Box<RawValue>> = Vec::with_capacity(layers.len());
    let mut is_changed = false;
    for (number, layer) in (1..).zip(layers) {
        let new = match marks.get(&number) {
            Some(marks) => layer_with(layer, marks).map_err(malformed)?,
            None => None,
        };
        is_changed |= new.is_some();
        written.push(new.unwrap_or_else(|| layer.to_owned()));
    }
    if !is_changed {
        return Ok(None);
    }
    object.set("layers", raw(&written));
    let new = Manifest::parse(object.to_json().into(), manifest.media_type());
    new.map(Some).map_err(BaseError::store(&subject.image))
}

/// A layer's descriptor with more marks; nothing where it has them all.
fn layer_with(layer: &RawValue, marks: &Marks) -> Result<Option<Box<RawValue>>, serde_json::Error> {
    let mut layer = JsonObject::parse(layer.get().as_bytes())?;
    let before = match layer.get("annotations").map(RawValue::get) {
        None | Some("null") => BTreeMap::new(),
        Some(text) => serde_json::from_str::<BTreeMap<String, String>>(text)?,
    };
    let mut after = before.clone();
    let bundles: Vec<String> = marks.bundles.iter().map(|bundle| STANDARD.encode(bundle)).collect();
    for (name, added) in [(SIGNATURE_ANNOTATION, &marks.signatures), (BUNDLE_ANNOTATION, &bundles)] {
        let present = before.get(name).map(String::as_str).unwrap_or_default();
        let mut all: Vec<&str> = present
            .split(',')
            .map(str::trim)
            .filter(|text| !text.is_empty())
            .collect();
        for new in added {
            if !all.contains(&new.as_str()) {
                all.push(new);
            }
        }
        if !all.is_empty() {
            after.insert(name.to_owned(), all.join(","));
        }
    }
    if after == before {
        return Ok(None);
    }
    layer.set("annotations", raw(&after));
    Ok(Some(written(&layer)))
}

/// An object as a value of another.
pub(super) fn written(object: &JsonObject<'_>) -> Box<RawValue> {
    let json = String::from_utf8(object.to_json()).expect("JSON is text");
    RawValue::from_string(json).expect("what was just written is JSON")
}

/// A value as Go writes it.
pub(super) fn raw<T: Serialize + ?Sized>(value: &T) -> Box<RawValue> {
    let json = String::from_utf8(go_json::to_vec(value)).expect("JSON is text");
    RawValue::from_string(json).expect("what was just written is JSON")
}

pub(super) fn unmarkable(subject: &Subject, reason: &str) -> BaseError {
    BaseError::Unmarkable {
        image: subject.image.clone(),
        reason: Quoted::new(reason),
    }
}
