//! `countersign serve` passes the distribution specification's own conformance suite, with nothing disabled.

use std::fs;
use std::time::Duration;

use countersign_interop::{Kind, Peers, Registry, Run};

#[test]
fn serve_conforms_to_the_distribution_specification() {
    let Some(peers) = Peers::find() else { return };
    let registry = Registry::start_with(&peers, Kind::Serve, &["--accept-missing"]); // sparse images are a category of the suite;
    let results = peers.scratch().join("conformance");
    let ended = Run::new(&peers, "conformance", &[])
        .env("OCI_REGISTRY", registry.address())
        .env("OCI_TLS", "disabled")
        .env("OCI_VERSION", "1.1")
        // what the suite leaves out unless asked
        .env("OCI_API_BLOBS_UPLOAD_CANCEL", "true")
        .env("OCI_API_BLOBS_DIGEST_HEADER", "true")
        .env("OCI_API_MANIFESTS_DIGEST_HEADER", "true")
        .env("OCI_API_MANIFESTS_TAG_PARAM", "true")
        .env("OCI_DATA_SPARSE", "true")
        .env("OCI_RESULTS_DIR", &results)
        .within(Duration::from_secs(300))
        .end();
    let report = fs::read_to_string(results.join("results.yaml"))
        .unwrap_or_else(|error| panic!("the suite left no report ({error}): {ended:#?}"));
    assert!(ended.succeeded(), "the suite found faults:\n{}\n{report}", ended.stderr);
    for line in report.lines() {
        let (name, value) = line.trim().split_once(':').unwrap_or((line, ""));
        let refused = ["Fail", "FAIL", "Error", "Disabled", "DISABLED"].contains(&value.trim());
        assert!(!refused, "{name} is {value}:\n{report}");
    }
}
