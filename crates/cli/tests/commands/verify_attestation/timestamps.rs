//! Timestamps beside attestations in the `.att` tag, which the two cosigns make over different bytes.

use serde_json::{Value, json};

use super::claimant;
use crate::golden;
use crate::registry::Registry;
use crate::signing::{ATTEST, LEGACY, VERIFY_ATTESTATION, attestation_layers, push, replace_layers};

const TIMESTAMP: &str = "dev.sigstore.cosign/rfc3161timestamp";

/// A timestamp of the authority over something else: cosign 2.6.1 got it for `v2-key-tsa`.
fn of_another() -> String {
    let layout = "layouts/v2-key-tsa";
    let blob = |entry: &Value| -> Value {
        let digest = entry["digest"]
            .as_str()
            .expect("a descriptor has one")
            .replace(':', "/");
        serde_json::from_slice(&golden::file(&format!("{layout}/blobs/{digest}"))).expect("it is JSON")
    };
    let index: Value = serde_json::from_slice(&golden::file(&format!("{layout}/index.json"))).expect("it is JSON");
    let manifests = index["manifests"].as_array().expect("an index has manifests").iter();
    let mut stamps = manifests.filter_map(|entry| {
        let stamp = &blob(entry)["layers"][0]["annotations"][TIMESTAMP];
        stamp.as_str().map(str::to_owned)
    });
    stamps.next().expect("the signature has one")
}

#[test]
fn a_timestamp_is_neither_needed_nor_believed_without_its_authority() {
    let (registry, user) = (Registry::open(), claimant());
    let digest = push(&user, &registry, "app:v1", "hello");
    let image = registry.name("app:v1");
    let attest = format!("{ATTEST} {LEGACY} --predicate claim.json --type vuln");
    assert_eq!(user.run(&format!("{attest} {image}")).exit, 0);
    let tag = registry.name(&format!("app:{}.att", digest.replace(':', "-")));
    let tag = tag.parse().expect("this is a name");
    let verify = format!("{VERIFY_ATTESTATION} --type vuln");
    let without = user.run(&format!("{verify} -o json {image}"));
    assert_eq!(without.exit, 0, "{without}");
    let chain = golden::path("trust/tsa-chain.pem");
    for (stamp, reason) in [
        (of_another(), "timestamp is of the sha256 "),
        (
            json!({"SignedRFC3161Timestamp": "AAEC"}).to_string(),
            "timestamp has a malformed",
        ),
    ] {
        let mut layers = json!(attestation_layers(&registry, "app", &digest));
        layers[0]["annotations"][TIMESTAMP] = json!(stamp);
        replace_layers(&registry, &tag, &layers);
        let with = user.run(&format!("{verify} -o json {image}"));
        assert_eq!((with.exit, with.text()), (0, without.text()), "{with}");
        let trusting = format!("--timestamp-certificate-chain {}", chain.display());
        let asked = user.run(&format!("{verify} --use-signed-timestamps {trusting} {image}"));
        assert!(asked.exit == 12 && asked.stderr.contains(reason), "{asked}");
        let nobody = user.run(&format!("{verify} --use-signed-timestamps {image}"));
        let reason = "whom to trust could not be had";
        assert!(nobody.exit == 1 && nobody.stderr.contains(reason), "{nobody}");
    }
}
