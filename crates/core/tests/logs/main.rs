//! Log entries: in trees, signed by logs, about signatures.

#[macro_use]
#[path = "../data/read.rs"]
mod read;

mod checkpoints;
mod cosign;
mod entries;
mod merkle;
mod published;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use countersign_core::Certificate;
use countersign_core::bundle::{Bundle, KeyMaterial};
use countersign_core::key::{PublicKey, SignatureDigest};
use countersign_core::log::{LogId, LogRejection, Logged, ProvenEntry, Verifier, prove};
use countersign_core::message::{Bytes, Message, Needs};
use countersign_core::trust::{ServiceKey, TransparencyLog, Validity};
use jiff::Timestamp;
use serde::Deserialize;

use read::data;

/// A log as trusted roots have it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireLog {
    base_url: String,
    public_key: WireKey,
    log_id: WireId,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireKey {
    raw_bytes: String,
    key_details: String,
    valid_for: WireValidity,
}

#[derive(Deserialize)]
struct WireValidity {
    start: Option<String>,
    end: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireId {
    key_id: String,
}

#[derive(Deserialize)]
struct WireRoot {
    tlogs: Vec<WireLog>,
}

/// The logs of Sigstore, of its staging instance, and those that the golden artefacts are in.
fn logs() -> Vec<TransparencyLog> {
    let root: WireRoot = serde_json::from_slice(&data("logs/logs.json")).unwrap();
    root.tlogs.into_iter().map(log_of).collect()
}

fn log_of(wire: WireLog) -> TransparencyLog {
    let key = STANDARD.decode(wire.public_key.raw_bytes).unwrap();
    let id = STANDARD.decode(wire.log_id.key_id).unwrap();
    let time = |text: Option<String>| text.map(|text| text.parse().unwrap());
    let WireValidity { start, end } = wire.public_key.valid_for;
    TransparencyLog::new(
        wire.base_url,
        ServiceKey::named(&wire.public_key.key_details, &key).unwrap(),
        LogId::new(id.try_into().unwrap()),
        Validity::new(time(start), time(end)),
    )
}

fn message(bytes: &[u8]) -> Message {
    let digests = [
        SignatureDigest::Sha256,
        SignatureDigest::Sha384,
        SignatureDigest::Sha512,
    ];
    Message::of(bytes, &Needs::new(&digests, Bytes::Kept))
}

/// Proves the first entry of a bundle, whose certificate is in it or else whose key is `key`.
fn judge(bundle: &Bundle, artifact: &Message, key: Option<&PublicKey>) -> Result<ProvenEntry, LogRejection> {
    judge_with(bundle, artifact, key, &logs(), &[])
}

fn judge_with(
    bundle: &Bundle,
    artifact: &Message,
    key: Option<&PublicKey>,
    logs: &[TransparencyLog],
    known: &[Timestamp],
) -> Result<ProvenEntry, LogRejection> {
    let [entry, ..] = bundle.log_entries() else {
        panic!("{bundle:?}")
    };
    let certificates = match bundle.key_material() {
        KeyMaterial::Certificates(certificates) | KeyMaterial::Undeclared(certificates) => certificates.as_slice(),
        KeyMaterial::Key(_) | KeyMaterial::PublicKey { .. } => &[],
        other => panic!("{other:?}"),
    };
    match certificates {
        [] => {
            let logged = Logged::new(bundle.content(), artifact, Verifier::Key(key.unwrap()));
            prove(entry, &logged, bundle.format(), logs, known)
        }
        [leaf, ..] => {
            let certificate = Certificate::from_der(leaf).unwrap();
            let verifier = Verifier::Certificate {
                certificate: &certificate,
                key: certificate.public_key().unwrap(),
            };
            let logged = Logged::new(bundle.content(), artifact, verifier);
            prove(entry, &logged, bundle.format(), logs, known)
        }
    }
}
