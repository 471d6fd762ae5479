//! Entries of kind `intoto` (`intoto_v0_0_2_schema.json`, and `intoto_v0_0_1_schema.json` for what cosign 2 has logged).

use serde::Serialize;

use super::{Spec1, Wire1, WireHash};
use crate::bundle::SignedEnvelope;
use crate::digest::Digest;
use crate::go_json::encode_bytes;

/// Asks for an entry of the envelope; what is base64 in an envelope is base64 of that here.
pub(super) fn wire(signed: &SignedEnvelope, verifier: &str) -> Wire1 {
    let envelope = signed.envelope();
    let twice = |bytes: &[u8]| encode_bytes(encode_bytes(bytes).as_bytes());
    let hash = |bytes: &[u8]| WireHash {
        algorithm: "sha256",
        value: Digest::sha256(bytes).hex().to_owned(),
    };
    Wire1 {
        api_version: "0.0.2",
        kind: "intoto",
        spec: Spec1::Intoto {
            content: WireContent {
                envelope: WireEnvelope {
                    payload_type: envelope.payload_type().to_owned(),
                    payload: twice(envelope.payload()),
                    signatures: [WireSignature {
                        sig: twice(signed.signature().as_bytes()),
                        public_key: verifier.to_owned(),
                    }],
                },
                hash: hash(&envelope.to_json()),
                payload_hash: hash(envelope.payload()),
            },
        },
    }
}

/// The entry of an envelope as cosign 2 asks for it.
pub(super) fn wire_of_cosign_2(envelope: String, verifier: String) -> Wire1 {
    Wire1 {
        api_version: "0.0.1",
        kind: "intoto",
        spec: Spec1::IntotoOfCosign2 {
            content: WireText { envelope },
            public_key: verifier,
        },
    }
}

#[derive(Serialize)]
pub(super) struct WireText {
    envelope: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct WireContent {
    envelope: WireEnvelope,
    hash: WireHash,
    payload_hash: WireHash,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireEnvelope {
    payload_type: String,
    payload: String,
    signatures: [WireSignature; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireSignature {
    sig: String,
    public_key: String,
}
