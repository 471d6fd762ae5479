//! What holds after a restart.

use countersign_core::protocol::rekor::{entry_of_rekor_1, entry_of_rekor_2};
use countersign_server::Durability;

use crate::client::{Client, Signed, Trust, check_included, serve};

#[tokio::test]
async fn logs_go_on_where_they_were() {
    let folder = tempfile::tempdir().unwrap();
    let trust = Trust::of(folder.path());
    for round in 0..3_u64 {
        let running = serve(folder.path(), Durability::PowerCut).await;
        let client = Client::new(running.address().to_string());
        let signed = Signed::text(&round.to_be_bytes());
        let answer = client
            .post("/api/v2/log/entries", signed.proposal().to_rekor_2().unwrap())
            .await;
        let entry = entry_of_rekor_2(&answer.expect(201).body).unwrap();
        assert_eq!(check_included(&entry, &trust.rekor_2).size, round + 1);
        let request = signed.proposal().to_rekor_1().unwrap();
        let answer = client.post("/api/v1/log/entries", request.clone()).await.expect(201);
        let entry = entry_of_rekor_1(&answer.body).unwrap();
        assert_eq!(check_included(&entry, &trust.rekor_1).size, round + 1);
        client.post("/api/v1/log/entries", request).await.expect(409);
        running.stop().await.unwrap();
    }
}

#[tokio::test]
async fn server_with_a_damaged_log_does_not_start() {
    let folder = tempfile::tempdir().unwrap();
    serve(folder.path(), Durability::PowerCut).await.stop().await.unwrap();
    let checkpoint = folder.path().join("log/rekor2/checkpoint");
    std::fs::write(&checkpoint, "log.test\n").unwrap();
    let folder = folder.path().to_owned();
    let started = tokio::spawn(async move { drop(serve(&folder, Durability::PowerCut).await) });
    let panic = started.await.unwrap_err().into_panic();
    let message = panic.downcast_ref::<String>().unwrap();
    assert!(
        message.contains("Log(Checkpoint {") && message.contains("NoBlankLine"),
        "{message}"
    );
}
