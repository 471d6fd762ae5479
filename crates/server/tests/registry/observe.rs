//! Metrics and the log.

use std::io::Write;
use std::sync::{Arc, Mutex};

use countersign_server::LogSink;

use crate::client::registry_with;

#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn each_request_is_a_line_of_json() {
    let shared = Shared::default();
    let sink = LogSink::Writer(Box::new(shared.clone()));
    let registry = registry_with(|options| options.log(sink)).await;
    registry.client.push_blob("a", b"abcd").await;
    registry.client.get("/v2/a/manifests/v1?secret=x").await.expect(404);
    registry.running.stop().await.unwrap();
    let log = String::from_utf8(shared.0.lock().unwrap().clone()).unwrap();
    let lines: Vec<serde_json::Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 2, "{log}");
    let shown = |line: &serde_json::Value| {
        ["method", "path", "status", "bytes_in"]
            .map(|member| line[member].to_string())
            .join(" ")
    };
    assert_eq!(shown(&lines[0]), r#""POST" "/v2/a/blobs/uploads/" 201 4"#);
    assert_eq!(shown(&lines[1]), r#""GET" "/v2/a/manifests/v1" 404 0"#);
    assert_eq!(lines[1]["error"], "manifest v1 is not in the repository");
    for member in ["time", "remote", "microseconds", "bytes_out"] {
        assert!(!lines[0][member].is_null(), "{member}");
    }
}

#[tokio::test]
async fn metrics_count_requests_and_bytes() {
    let registry = registry_with(|options| options).await;
    registry.client.push_blob("a", b"abcd").await;
    registry.client.get("/v2/").await.expect(200);
    registry.client.get("/nothing").await.expect(404);
    let answer = registry.client.get("/metrics").await.expect(200);
    assert!(answer.header("content-type").starts_with("text/plain; version=0.0.4"));
    let text = String::from_utf8(answer.body.to_vec()).unwrap();
    for line in [
        "countersign_http_requests_total{method=\"POST\",status=\"201\"} 1",
        "countersign_http_requests_total{method=\"GET\",status=\"404\"} 1",
        "countersign_http_request_bytes_total 4",
        "countersign_http_requests_in_flight 1",
        "countersign_blobs_stored_total 1",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} is not in {text}");
    }
    assert_eq!(registry.client.get("/healthz").await.expect(200).body, "ok\n");
}
