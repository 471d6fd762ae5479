//! Rekor 1's API.

use countersign_core::digest::Digest;
use countersign_core::envelope::Envelope;
use countersign_core::go_json::{decode_bytes, encode_bytes};
use countersign_core::key::{KeyAlgorithm, PrivateKey};
use countersign_core::log::LogEntry;
use countersign_core::log::checkpoint::Checkpoint;
use countersign_core::log::merkle::{TreeHash, check_consistency};
use countersign_core::protocol::rekor::entry_of_rekor_1;
use serde_json::{Value, json};

use crate::client::{Answer, Logs, Signed, check_included, data, logged_body, logs};

pub(crate) const ENTRIES: &str = "/api/v1/log/entries";
pub(crate) const RETRIEVE: &str = "/api/v1/log/entries/retrieve";
pub(crate) const SEARCH: &str = "/api/v1/index/retrieve";
pub(crate) const IN_TOTO: &str = "application/vnd.in-toto+json";

/// Has something logged, and says how the entry is named.
pub(crate) async fn append(logs: &Logs, request: impl Into<bytes::Bytes>) -> (String, LogEntry) {
    let answer = logs.client.post(ENTRIES, request).await.expect(201);
    let id = answer.header("etag").to_owned();
    assert_eq!(answer.header("location"), format!("{ENTRIES}/{id}"));
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.json().as_object().unwrap().keys().next(), Some(&id));
    let entry = entry_of_rekor_1(&answer.body).unwrap();
    assert!(id.ends_with(&TreeHash::of_leaf(entry.body()).to_string()));
    (id, entry)
}

#[tokio::test]
async fn signature_is_logged_promised_and_proven_in_the_answer() {
    let logs = logs().await;
    for (number, signed) in [
        Signed::text(b"content"),
        Signed::envelope(IN_TOTO, b"{}"),
        Signed::text(b"other"),
    ]
    .iter()
    .enumerate()
    {
        let (_, entry) = append(&logs, signed.proposal().to_rekor_1().unwrap()).await;
        assert_eq!(entry.log_index(), number as u64);
        let proven = signed.prove(&entry, &logs.trust.rekor_1);
        let age = jiff::Timestamp::now().duration_since(proven.integrated_time().unwrap());
        assert!(age.as_secs() < 60, "{age}");
        check_included(&entry, &logs.trust.rekor_1);
        let note = entry.proof().unwrap().checkpoint().unwrap();
        assert!(Checkpoint::parse(note).unwrap().is_of_rekor_1());
    }
}

#[tokio::test]
async fn hashedrekord_is_what_the_real_log_wrote() {
    let logs = logs().await;
    for file in [
        "golden/blobs/blob-v3-key-rekor1.json",
        "golden/blobs/blob-v3-keyless-rekor1.json",
        "golden/blobs/blob-v2-new-bundle.json",
        "logs/bundles/hashedrekord-1.json",
        "logs/bundles/sha512.json",
    ] {
        // A proposal of this kind has all the members that the body has.
        let expected = logged_body(file);
        let (_, entry) = append(&logs, expected.clone()).await;
        assert_eq!(
            String::from_utf8_lossy(entry.body()),
            String::from_utf8_lossy(&expected),
            "{file}"
        );
        check_included(&entry, &logs.trust.rekor_1);
    }
}

#[tokio::test]
async fn dsse_is_what_the_real_log_wrote() {
    let logs = logs().await;
    for (layout, key) in [
        ("v2-attest-vuln", Some("golden/keys/cosign.pub")),
        ("v2-attest-keyless", None),
    ] {
        let blob = |digest: &Value| {
            let hex = digest.as_str().unwrap().trim_start_matches("sha256:");
            data(&format!("golden/layouts/{layout}/blobs/sha256/{hex}"))
        };
        let index: Value = serde_json::from_slice(&data(&format!("golden/layouts/{layout}/index.json"))).unwrap();
        let name = |manifest: &&Value| manifest["annotations"].to_string().contains(".att\"");
        let manifest = index["manifests"].as_array().unwrap().iter().find(name).unwrap();
        let manifest: Value = serde_json::from_slice(&blob(&manifest["digest"])).unwrap();
        let layer = &manifest["layers"][0];
        let text = |name: &str| layer["annotations"][name].as_str().unwrap_or_default();
        let bundle: Value = serde_json::from_str(text("dev.sigstore.cosign/bundle")).unwrap();
        let expected = decode_bytes(bundle["Payload"]["body"].as_str().unwrap()).unwrap();
        let verifier = key.map_or_else(|| text("dev.sigstore.cosign/certificate").as_bytes().to_vec(), data);
        let envelope = String::from_utf8(blob(&layer["digest"])).unwrap();
        let request = dsse(&envelope, &[&verifier]);
        let (_, entry) = append(&logs, request.to_string()).await;
        assert_eq!(
            String::from_utf8_lossy(entry.body()),
            String::from_utf8_lossy(&expected),
            "{layout}"
        );
        check_included(&entry, &logs.trust.rekor_1);
    }
}

pub(crate) fn dsse(envelope: &str, verifiers: &[&[u8]]) -> Value {
    let verifiers: Vec<_> = verifiers.iter().map(|verifier| encode_bytes(verifier)).collect();
    json!({
        "apiVersion": "0.0.1",
        "kind": "dsse",
        "spec": { "proposedContent": { "envelope": envelope, "verifiers": verifiers } },
    })
}

/// The request that made an entry of the type `intoto` 0.0.2: it has the payload besides.
pub(crate) fn intoto_2(file: &str) -> Value {
    let bundle: Value = serde_json::from_slice(&data(file)).unwrap();
    let mut request: Value = serde_json::from_slice(&logged_body(file)).unwrap();
    let payload = encode_bytes(bundle["dsseEnvelope"]["payload"].as_str().unwrap().as_bytes());
    request["spec"]["content"]["envelope"]["payload"] = payload.into();
    request
}

#[tokio::test]
async fn intoto_2_is_what_the_real_log_wrote() {
    let logs = logs().await;
    for file in ["logs/bundles/intoto.json", "logs/bundles/intoto-key.json"] {
        let (_, entry) = append(&logs, intoto_2(file).to_string()).await;
        let expected = logged_body(file);
        assert_eq!(
            String::from_utf8_lossy(entry.body()),
            String::from_utf8_lossy(&expected),
            "{file}"
        );
    }
}

#[tokio::test]
async fn intoto_1_has_the_hashes_of_the_envelope_and_its_payload() {
    let logs = logs().await;
    let key = PrivateKey::generate(KeyAlgorithm::Ed25519).unwrap();
    let envelope = String::from_utf8(Envelope::seal(IN_TOTO, b"{}".to_vec(), &key).unwrap().to_json()).unwrap();
    let public_key = encode_bytes(key.public_key().to_pem().as_bytes());
    let request = json!({
        "apiVersion": "0.0.1",
        "kind": "intoto",
        "spec": { "content": { "envelope": envelope }, "publicKey": public_key },
    });
    let (_, entry) = append(&logs, request.to_string()).await;
    let body: Value = serde_json::from_slice(entry.body()).unwrap();
    let hash = |bytes: &[u8]| json!({ "algorithm": "sha256", "value": Digest::sha256(bytes).hex() });
    assert_eq!(
        body["spec"],
        json!({
            "content": { "hash": hash(envelope.as_bytes()), "payloadHash": hash(b"{}") },
            "publicKey": public_key,
        })
    );
}

#[tokio::test]
async fn entry_that_is_there_is_refused_with_its_address() {
    let logs = logs().await;
    let request = Signed::text(b"once").proposal().to_rekor_1().unwrap();
    let (id, first) = append(&logs, request.clone()).await;
    let answer = logs.client.post(ENTRIES, request).await;
    let location = answer.header("location").to_owned();
    assert_eq!(location, format!("{ENTRIES}/{id}"));
    assert_eq!(
        answer.refused(409),
        format!("an equivalent entry already exists in the transparency log with UUID {id}")
    );
    let answer = logs.client.get(&location).await.expect(200);
    let found = entry_of_rekor_1(&answer.body).unwrap();
    assert_eq!((found.log_index(), found.body()), (first.log_index(), first.body()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_who_propose_the_same_one_is_first_and_the_others_are_told_where() {
    let logs = logs().await;
    let request = Signed::text(b"once").proposal().to_rekor_1().unwrap();
    let proposing: Vec<_> = (0..20)
        .map(|_| {
            let (client, request) = (logs.client.clone(), request.clone());
            tokio::spawn(async move { client.post(ENTRIES, request).await })
        })
        .collect();
    let mut answers = Vec::new();
    for proposing in proposing {
        answers.push(proposing.await.unwrap());
    }
    let of_status = |status: u16| answers.iter().filter(|answer| answer.status.as_u16() == status).count();
    assert_eq!((of_status(201), of_status(409)), (1, 19));
    assert!(
        answers
            .iter()
            .all(|answer| answer.header("location") == answers[0].header("location"))
    );
}

#[tokio::test]
async fn entries_are_found_by_name_place_and_proposal() {
    let logs = logs().await;
    let [first, second] = [Signed::text(b"first"), Signed::envelope(IN_TOTO, b"{}")];
    let requests = [&first, &second].map(|signed| signed.proposal().to_rekor_1().unwrap());
    let (first_id, _) = append(&logs, requests[0].clone()).await;
    let (second_id, _) = append(&logs, requests[1].clone()).await;
    let check = |answer: Answer, signed: &Signed, index: u64| {
        let entry = entry_of_rekor_1(&answer.expect(200).body).unwrap();
        assert_eq!(entry.log_index(), index);
        signed.prove(&entry, &logs.trust.rekor_1);
        assert_eq!(check_included(&entry, &logs.trust.rekor_1).size, 2);
    };
    check(logs.client.get(&format!("{ENTRIES}/{first_id}")).await, &first, 0);
    // Without the tree, as old clients name it.
    check(
        logs.client.get(&format!("{ENTRIES}/{}", &second_id[16..])).await,
        &second,
        1,
    );
    check(logs.client.get(&format!("{ENTRIES}?logIndex=1")).await, &second, 1);
    let proposal: Value = serde_json::from_slice(&requests[1]).unwrap();
    for (query, expected) in [
        (json!({ "entryUUIDs": [first_id, second_id] }), 2),
        (json!({ "logIndexes": [1, 0, 7] }), 2),
        (
            json!({ "entries": [proposal], "entryUUIDs": null, "logIndexes": null }),
            1,
        ),
        (json!({ "entryUUIDs": ["00".repeat(32)] }), 0),
        (json!({ "entries": [dsse(&envelope_text(), &[KEY])] }), 0),
        (json!({}), 0),
    ] {
        let answer = logs.client.post(RETRIEVE, query.to_string()).await.expect(200).json();
        assert_eq!(answer.as_array().unwrap().len(), expected, "{query}");
    }
}

pub(crate) const KEY: &[u8] = include_bytes!("../../../core/tests/data/golden/keys/cosign.pub");

/// An envelope that the key signed and nobody logged.
pub(crate) fn envelope_text() -> String {
    let bundle: Value = serde_json::from_slice(&data("golden/blobs/blob-v3-attest.json")).unwrap();
    bundle["dsseEnvelope"].to_string()
}

#[tokio::test]
async fn entries_are_found_by_what_they_are_about_and_who_signed() {
    let logs = logs().await;
    let signed = Signed::text(b"content");
    let (first, _) = append(&logs, signed.proposal().to_rekor_1().unwrap()).await;
    let hex = Digest::sha256(b"image").hex().to_owned();
    let statement = json!({
        "_type": "https://in-toto.io/Statement/v0.1",
        "subject": [{ "name": "a", "digest": { "sha256": hex } }],
        "predicate": { "materials": [{ "uri": "b", "digest": { "sha1": "ab".repeat(20) } }] },
    });
    let attested = Signed::envelope(IN_TOTO, statement.to_string().as_bytes());
    let (second, _) = append(&logs, attested.proposal().to_rekor_1().unwrap()).await;
    let (third, _) = append(&logs, logged_body("golden/blobs/blob-v3-keyless-rekor1.json")).await;
    let key = |signed: &Signed| json!({ "format": "x509", "content": encode_bytes(signed.key.public_key().to_pem().as_bytes()) });
    let content = Digest::sha256(b"content");
    let payload = Digest::sha256(statement.to_string().as_bytes());
    for (query, expected) in [
        (json!({ "hash": content.as_str() }), vec![&first]),
        (json!({ "hash": content.hex().to_uppercase() }), vec![&first]),
        (json!({ "hash": hex }), vec![&second]),
        (json!({ "hash": "ab".repeat(20) }), vec![&second]),
        (json!({ "hash": payload.as_str() }), vec![&second]),
        (json!({ "publicKey": key(&signed) }), vec![&first]),
        (json!({ "email": "User@Example.com" }), vec![&third]),
        (
            json!({ "email": "user@example.com", "hash": content.hex() }),
            vec![&first, &third],
        ),
        (
            json!({ "email": "user@example.com", "hash": content.hex(), "operator": "and" }),
            vec![],
        ),
        (
            json!({ "publicKey": key(&signed), "hash": content.hex(), "operator": "and" }),
            vec![&first],
        ),
        (json!({ "hash": Digest::sha256(b"nothing").hex() }), vec![]),
        (json!({}), vec![]),
    ] {
        let found = logs.client.post(SEARCH, query.to_string()).await.expect(200).json();
        assert_eq!(found, json!(expected), "{query}");
    }
    // What comes later is found too.
    let (fourth, _) = append(&logs, Signed::text(b"content").proposal().to_rekor_1().unwrap()).await;
    let found = logs
        .client
        .post(SEARCH, json!({ "hash": content.hex() }).to_string())
        .await
        .json();
    assert_eq!(found, json!([first, fourth]));
}

#[tokio::test]
async fn tree_is_shown_with_proofs_that_it_only_grows() {
    let logs = logs().await;
    let mut heads = Vec::new();
    for number in 0..7_u8 {
        let (_, entry) = append(&logs, Signed::text(&[number]).proposal().to_rekor_1().unwrap()).await;
        heads.push(check_included(&entry, &logs.trust.rekor_1));
    }
    let state = logs.client.get("/api/v1/log").await.expect(200).json();
    let note = state["signedTreeHead"].as_str().unwrap();
    let checkpoint = Checkpoint::parse(note).unwrap();
    checkpoint.check_signed_by(&logs.trust.rekor_1).unwrap();
    assert_eq!(checkpoint.head(), &heads[6]);
    assert_eq!(state["treeSize"], 7);
    assert_eq!(state["rootHash"], heads[6].root.to_string());
    assert_eq!(state["inactiveShards"], json!([]));
    let tree = state["treeID"].as_str().unwrap();
    assert_eq!(checkpoint.origin(), format!("log.test - {tree}"));
    for (first, head) in (1..).zip(&heads) {
        let path = format!("/api/v1/log/proof?firstSize={first}&lastSize=7&treeID={tree}");
        let proof = logs.client.get(&path).await.expect(200).json();
        assert_eq!(proof["rootHash"], heads[6].root.to_string());
        let hashes = proof["hashes"].as_array().unwrap().iter().map(|hash| {
            let hash = hex::decode(hash.as_str().unwrap()).unwrap();
            TreeHash::new(hash.try_into().unwrap())
        });
        assert_eq!(
            check_consistency(head, &heads[6], &hashes.collect::<Vec<_>>()),
            Ok(()),
            "{first}"
        );
    }
    let key = logs.client.get("/api/v1/log/publicKey").await.expect(200);
    assert_eq!(key.header("content-type"), "application/x-pem-file");
    assert_eq!(key.text(), logs.trust.rekor_1.key().key().to_pem());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn long_envelopes_are_logged_in_turn_and_longer_ones_refused() {
    let logs = logs().await;
    let appending: Vec<_> = (0..12_u8)
        .map(|number| {
            let client = logs.client.clone();
            tokio::spawn(async move {
                let payload = format!(
                    r#"{{"a":"{}"}}"#,
                    char::from(b'a' + number).to_string().repeat(1_500_000)
                );
                let signed = Signed::envelope(IN_TOTO, payload.as_bytes());
                let request = signed.proposal().to_rekor_1().unwrap();
                client.post(ENTRIES, request).await.expect(201)
            })
        })
        .collect();
    for appending in appending {
        let entry = entry_of_rekor_1(&appending.await.unwrap().body).unwrap();
        assert!(entry.body().len() < 1000, "only hashes are logged");
    }
    let refused = logs.client.announce(ENTRIES, 32 * 1024 * 1024 + 1).await;
    assert!(refused.starts_with("HTTP/1.1 413 "), "{refused}");
    assert!(
        refused.contains("the request is longer than 33554432 bytes"),
        "{refused}"
    );
}
