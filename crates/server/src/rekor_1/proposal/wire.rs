//! Proposals as they are sent; *untrusted*.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Wire<'a> {
    #[serde(borrow)]
    pub(super) kind: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) api_version: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) spec: &'a RawValue,
}

#[derive(Deserialize)]
pub(super) struct HashedRekord<'a> {
    #[serde(borrow)]
    pub(super) data: WireData<'a>,
    #[serde(borrow)]
    pub(super) signature: WireSignature<'a>,
}

#[derive(Deserialize)]
pub(super) struct WireData<'a> {
    #[serde(borrow)]
    pub(super) hash: WireHash<'a>,
}

#[derive(Deserialize)]
pub(super) struct WireHash<'a> {
    #[serde(borrow)]
    pub(super) algorithm: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) value: Cow<'a, str>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct WireSignature<'a> {
    #[serde(borrow)]
    pub(super) content: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) public_key: WireContent<'a>,
}

#[derive(Deserialize)]
pub(super) struct WireContent<'a> {
    #[serde(borrow)]
    pub(super) content: Cow<'a, str>,
}

#[derive(Deserialize)]
pub(super) struct Dsse<'a> {
    #[serde(rename = "proposedContent", borrow)]
    pub(super) proposed: WireProposed<'a>,
}

#[derive(Deserialize)]
pub(super) struct WireProposed<'a> {
    #[serde(borrow)]
    pub(super) envelope: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) verifiers: Vec<Cow<'a, str>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Intoto1<'a> {
    #[serde(borrow)]
    pub(super) content: Intoto1Content<'a>,
    #[serde(borrow)]
    pub(super) public_key: Cow<'a, str>,
}

#[derive(Deserialize)]
pub(super) struct Intoto1Content<'a> {
    #[serde(borrow)]
    pub(super) envelope: Cow<'a, str>,
}

#[derive(Deserialize)]
pub(super) struct Intoto2<'a> {
    #[serde(borrow)]
    pub(super) content: Intoto2Content<'a>,
}

#[derive(Deserialize)]
pub(super) struct Intoto2Content<'a> {
    #[serde(borrow)]
    pub(super) envelope: Intoto2Envelope<'a>,
    #[serde(borrow)]
    pub(super) hash: WireHash<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Intoto2Envelope<'a> {
    #[serde(borrow)]
    pub(super) payload: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) payload_type: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) signatures: Vec<Intoto2Signature<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Intoto2Signature<'a> {
    #[serde(borrow)]
    pub(super) sig: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) public_key: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(super) keyid: Option<Cow<'a, str>>,
}
