//! The name of an authority as a trusted root tells it; what is believed is in its certificates.

use der::Tag;
use der::asn1::ObjectIdentifier;
use serde::{Deserialize, Serialize};

use crate::certificate::DistinguishedName;
use crate::certificate::encoding::{Element, Elements};

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct WireSubject {
    #[serde(skip_serializing_if = "Option::is_none")]
    organization: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    common_name: Option<String>,
}

impl From<&DistinguishedName> for WireSubject {
    fn from(name: &DistinguishedName) -> Self {
        let part = |kind| part(name, kind).ok().flatten();
        Self {
            organization: part(ORGANIZATION),
            common_name: part(COMMON_NAME),
        }
    }
}

/// Returns the first part of a name that is of this kind.
fn part(name: &DistinguishedName, kind: ObjectIdentifier) -> der::Result<Option<String>> {
    let mut sets = Element::only(Tag::Sequence, name.as_der())?.elements();
    while let Some(set) = sets.next()? {
        let mut attributes: Elements<'_> = set.elements();
        while let Some(attribute) = attributes.next()? {
            let mut fields = attribute.elements();
            if fields.identifier()? == kind {
                return fields.next()?.map(|value| Ok(value.text()?.to_owned())).transpose();
            }
        }
    }
    Ok(None)
}

const ORGANIZATION: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.10");
const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");
