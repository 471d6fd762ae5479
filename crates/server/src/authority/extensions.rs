//! What a certificate says beside the name: who vouched for it, and from where it signs (Fulcio, `oid-info.md`).

use countersign_core::certificate::FulcioExtension;
use der::asn1::ObjectIdentifier;

use super::certificate::extension;
use super::principal::Principal;
use crate::der::text;

/// Writes the extensions of a signer, in the order of their numbers; what is not said is left out.
pub(super) fn written(principal: &Principal) -> Vec<Vec<u8>> {
    FulcioExtension::ALL
        .into_iter()
        .filter_map(|kind| {
            let value = principal.value(kind).filter(|value| !value.is_empty())?;
            Some(extension(identifier(kind), false, &encoded(kind, value)))
        })
        .collect()
}

/// The first ones are the text itself, the later ones are in DER.
fn encoded(kind: FulcioExtension, value: &str) -> Vec<u8> {
    if kind.number() < FIRST_IN_DER {
        value.as_bytes().to_vec()
    } else {
        text(value)
    }
}

fn identifier(kind: FulcioExtension) -> ObjectIdentifier {
    FULCIO
        .push_arc(kind.number().into())
        .expect("the identifier of an extension has ten small numbers")
}

const FULCIO: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.57264.1");
const FIRST_IN_DER: u8 = 8;
