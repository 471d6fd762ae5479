//! The signature tag as others left it: what is added, and what is kept.

use countersign::sign::{Formats, SignError};
use countersign::verify::VerifyError;
use countersign_core::signer::Signer;
use countersign_oci::StoreError;
use countersign_oci::manifest::Manifest;
use countersign_oci::store::{Condition, Store};
use serde_json::{Value, json};

use crate::served::{Served, annotated, client, key, now, options};

#[tokio::test]
async fn the_same_key_and_annotations_make_one_layer() {
    let served = Served::start().await;
    let key = key();
    for _ in 0..2 {
        served
            .sign(&key, &options(Formats::Legacy))
            .await
            .expect("it is signed");
    }
    assert_eq!(layers(&served).await.len(), 1);
    let annotated = annotated(Formats::Legacy, "env", "prod");
    for _ in 0..2 {
        served.sign(&key, &annotated).await.expect("it is signed");
    }
    assert_eq!(layers(&served).await.len(), 2);
    served.stop().await;
}

#[tokio::test]
async fn another_key_makes_another_layer() {
    let served = Served::start().await;
    for key in [key(), key()] {
        served
            .sign(&key, &options(Formats::Legacy))
            .await
            .expect("it is signed");
    }
    assert_eq!(layers(&served).await.len(), 2);
    served.stop().await;
}

#[tokio::test]
async fn members_that_we_do_not_know_are_kept_when_a_layer_is_added() {
    let served = Served::start().await;
    served
        .sign(&key(), &options(Formats::Legacy))
        .await
        .expect("it is signed");
    let mut left = layers(&served).await.remove(0);
    left["annotations"]["dev.sigstore.cosign/bundle"] = json!(r#"{"SignedEntryTimestamp":"AA=="}"#);
    left["annotations"]["com.example/note"] = json!("<kept>");
    left["com.example.member"] = json!({"deep": [1.0, 12_345_678_901_234_567_890_u64, null]});
    replace(&served, &json!([left])).await;
    served
        .sign(&key(), &options(Formats::Legacy))
        .await
        .expect("it is signed");
    let now = layers(&served).await;
    assert_eq!(now.len(), 2);
    assert_eq!(now[0], left);
    served.stop().await;
}

#[tokio::test]
async fn a_tag_of_a_thousand_and_one_layers_is_over_the_limit_when_verifying_and_when_signing() {
    let served = Served::start().await;
    let (first, second) = (key(), key());
    served
        .sign(&first, &options(Formats::Legacy))
        .await
        .expect("it is signed");
    let layer = layers(&served).await.remove(0);
    replace(&served, &json!(vec![layer.clone(); 1000])).await;
    let verified = served.verify(&client(), Signer::public_key(&first)).await;
    assert_eq!(verified.expect("a thousand are allowed").accepted.len(), 1000);
    let refused = served.sign(&second, &options(Formats::Legacy)).await;
    assert!(matches!(
        refused,
        Err(SignError::Store {
            source: StoreError::TooLarge { .. },
            ..
        })
    ));
    replace(&served, &json!(vec![layer; 1001])).await;
    let verified = served.verify(&client(), Signer::public_key(&first)).await;
    assert!(matches!(
        verified,
        Err(VerifyError::Store {
            source: StoreError::TooLarge { .. },
            ..
        })
    ));
    served.stop().await;
}

#[tokio::test]
async fn a_bundle_of_too_many_layers_does_not_hide_its_neighbours() {
    let served = Served::start().await;
    let (first, second) = (key(), key());
    served
        .sign(&first, &options(Formats::Bundle))
        .await
        .expect("it is signed");
    let client = client();
    let listed = client
        .referrers(served.repository(), served.subject.image.digest())
        .await;
    let name = served
        .repository()
        .digest(listed.expect("the server answers")[0].digest.clone());
    let manifest = client.manifest(&name).await.expect("it was attached");
    let mut content: Value = serde_json::from_slice(manifest.bytes()).expect("a manifest is JSON");
    content["layers"] = json!(vec![content["layers"][0].clone(); 1001]);
    let manifest = Manifest::parse(content.to_string().into(), manifest.media_type()).expect("a manifest");
    let name = served.repository().digest(manifest.digest().clone());
    let pushed = client.push_manifest(&name, &manifest, Condition::Always).await;
    pushed.expect("the server takes it");
    served
        .sign(&second, &options(Formats::Bundle))
        .await
        .expect("it is signed");
    let verified = served
        .verify(&client, Signer::public_key(&second))
        .await
        .expect("it is signed");
    assert_eq!((verified.accepted.len(), verified.refused.len()), (1, 2));
    served.stop().await;
}

#[tokio::test]
async fn the_date_and_history_of_the_configuration_are_kept_when_a_layer_is_added() {
    let served = Served::start().await;
    let mut dated = options(Formats::Legacy);
    dated.created = Some(now());
    served.sign(&key(), &dated).await.expect("it is signed");
    for _ in 0..2 {
        let undated = options(Formats::Legacy);
        served.sign(&key(), &undated).await.expect("it is signed");
    }
    let configuration = configuration(&served).await;
    assert_eq!(configuration["created"], "2026-11-22T12:00:00Z");
    let layers: Vec<_> = layers(&served)
        .await
        .iter()
        .map(|layer| layer["digest"].clone())
        .collect();
    assert_eq!(configuration["rootfs"]["diff_ids"], json!(layers));
    assert_eq!(
        configuration["history"],
        json!(vec![json!({"created": "0001-01-01T00:00:00Z"}); 3])
    );
    served.stop().await;
}

/// The configuration of the signature tag, as JSON.
async fn configuration(served: &Served) -> Value {
    let client = client();
    let manifest = client.manifest(&served.signature_tag()).await.expect("it was signed");
    let config = manifest.content().config.clone().expect("it has a configuration");
    let blob = client
        .blob(served.repository(), &config.digest, Some(config.size))
        .await;
    let bytes = blob.expect("it was pushed").read(1 << 20).await.expect("it is whole");
    serde_json::from_slice(&bytes).expect("a configuration is JSON")
}

/// The layers of the signature tag, as JSON.
async fn layers(served: &Served) -> Vec<Value> {
    let manifest = client().manifest(&served.signature_tag()).await.expect("it was signed");
    let content: Value = serde_json::from_slice(manifest.bytes()).expect("a manifest is JSON");
    content["layers"].as_array().expect("there are layers").clone()
}

async fn replace(served: &Served, layers: &Value) {
    let client = client();
    let tag = served.signature_tag();
    let manifest = client.manifest(&tag).await.expect("it was signed");
    let mut content: Value = serde_json::from_slice(manifest.bytes()).expect("a manifest is JSON");
    content["layers"] = layers.clone();
    let manifest = Manifest::parse(content.to_string().into(), manifest.media_type()).expect("a manifest");
    let pushed = client.push_manifest(&tag, &manifest, Condition::Always).await;
    pushed.expect("the server takes it");
}
