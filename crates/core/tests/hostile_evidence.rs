//! Whatever the bytes, parsing and judging end in an answer.

use std::collections::BTreeMap;

use countersign_core::bundle::{Bundle, legacy};
use countersign_core::envelope::Envelope;
use countersign_core::key::PublicKey;
use countersign_core::payload::simple_signing::SimpleSigning;
use countersign_core::payload::statement::Statement;
use countersign_core::policy::{Claim, LogRule, Policy, TrustedSigner};
use countersign_core::trust::TrustedRoot;
use countersign_core::trust::signing_config::SigningConfig;
use countersign_core::{Artifact, Digest, verify};
use jiff::Timestamp;
use proptest::prelude::{Strategy, any, prop, proptest};
use proptest::sample::Index;

/// A blob of a golden artefact's layout.
macro_rules! golden {
    ($blob:literal) => {
        include_bytes!(concat!("data/golden/layouts/", $blob))
    };
}

const BUNDLES: [&[u8]; 4] = [
    golden!("v3-key/blobs/sha256/6dd400a316c317c800a09fdf954d3398972737534567ad0011fd525dd8ce45db"),
    golden!("v3-three-signatures/blobs/sha256/84491007e87b2f0b74a24cf9cfb7f71fb60dd3bb75e87150549dc5b333e061fd"),
    golden!("v3-attest-vuln/blobs/sha256/709005ef44400fab5900f4413de4a23cb2b0015294cfe4fa793926511cb9b8cc"),
    include_bytes!("data/golden/blobs/blob-v3-keyless-rekor1.json"),
];
const STATEMENT: &[u8] = br#"{"_type":"https://in-toto.io/Statement/v1","subject":[{"name":"n","digest":{"sha256":"00"},"annotations":{"a":[1,{"b":null}]}}],"predicateType":"p","predicate":{"x":1e999}}"#;
const ENVELOPE: &[u8] =
    br#"{"payload":"e30=","payloadType":"application/vnd.in-toto+json","signatures":[{"sig":"AAEC","keyid":"k"}]}"#;
const PAYLOAD: &[u8] =
    golden!("v2-annotations/blobs/sha256/47dc1998cbbc450c19d6b7c7735f3ccba2c6913d265393ca23c5cab893b0100e");

proptest! {
    #[test]
    fn bytes_never_panic_a_parser(bytes in prop::collection::vec(any::<u8>(), 0..512)) {
        read_all(&bytes);
    }

    #[test]
    fn json_like_text_never_panics_a_parser(text in "[\\[\\]{}\":,a-z0-9\\\\ ]{0,256}") {
        read_all(text.as_bytes());
    }

    #[test]
    fn changed_evidence_never_panics_and_is_never_accepted_for_another_artifact(
        which in 0..BUNDLES.len(),
        changes in changes(),
    ) {
        let bytes = changed(BUNDLES[which], &changes);
        if let Ok(bundle) = Bundle::from_json(&bytes) {
            judge(&bundle);
            let written = bundle.to_json().expect("what came as JSON is written as JSON");
            assert_eq!(Bundle::from_json(&written).expect("what is written is read"), bundle);
        }
    }

    #[test]
    fn changed_parts_never_panic_their_parsers(changes in changes()) {
        for part in [STATEMENT, ENVELOPE, PAYLOAD] {
            read_all(&changed(part, &changes));
        }
    }

    #[test]
    fn layers_with_any_annotations_never_panic(values in prop::collection::vec(".{0,64}", 5)) {
        let keys = [legacy::SIGNATURE, legacy::CERTIFICATE, legacy::CHAIN, legacy::LOG_ENTRY, legacy::TIMESTAMP];
        let annotations: BTreeMap<_, _> = keys.map(str::to_owned).into_iter().zip(values).collect();
        if let Ok(bundle) = Bundle::from_legacy_layer(PAYLOAD.to_vec(), &annotations) {
            judge(&bundle);
        }
    }
}

#[test]
fn nesting_of_ten_thousand_ends_in_an_error() {
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    for text in [
        deep.clone(),
        deep.replace('[', r#"{"a":"#).replace(']', "}"),
        format!(r#"{{"predicate":{deep}}}"#),
        format!(r#"{{"mediaType":"m","unknown":{deep}}}"#),
    ] {
        read_all(text.as_bytes());
    }
}

/// Gives the bytes to every parser; what they answer does not matter here.
fn read_all(bytes: &[u8]) {
    let parsed = [
        Bundle::from_json(bytes).map(|bundle| judge(&bundle)).is_ok(),
        Bundle::from_file(bytes).map(|bundle| judge(&bundle)).is_ok(),
        Bundle::attestation_from_file(bytes)
            .map(|bundle| judge(&bundle))
            .is_ok(),
        Envelope::parse(bytes).map(|envelope| envelope.to_json()).is_ok(),
        Statement::parse(bytes).is_ok(),
        SimpleSigning::parse(bytes).is_ok(),
        SigningConfig::parse(bytes).is_ok(),
        TrustedRoot::parse(bytes).is_ok(),
    ];
    std::hint::black_box(parsed);
}

fn judge(bundle: &Bundle) {
    let key = PublicKey::from_pem(include_bytes!("data/golden/keys/cosign.pub")).expect("a key as cosign wrote it");
    let policy = Policy::new(
        TrustedSigner::key(key),
        Claim::signature(BTreeMap::new()),
        LogRule::InsecurelyIgnored,
    );
    let artifact = Artifact::new(Digest::sha256(b"an artifact that nobody signed"));
    let rejection = verify(
        bundle,
        &artifact,
        &policy,
        &TrustedRoot::default(),
        Timestamp::UNIX_EPOCH,
    )
    .expect_err("nobody signed it");
    std::hint::black_box(rejection.to_string());
}

fn changes() -> impl Strategy<Value = Vec<(Index, u8)>> {
    prop::collection::vec((any::<Index>(), any::<u8>()), 1..4)
}

fn changed(bytes: &[u8], changes: &[(Index, u8)]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for (place, byte) in changes {
        let place = place.index(bytes.len());
        bytes[place] = *byte;
    }
    bytes
}
