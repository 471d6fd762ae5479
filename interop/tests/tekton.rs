//! Tekton bundles: tkn's manifest byte for byte, compressed as Go does it, signed and verified by us and by cosign.

use std::fs;
use std::io::Read;

use countersign_interop::{Format, Kind, Peers, Registry, Run, Tool, http, keys};
use flate2::read::GzDecoder;

/// Runs a line and returns what it printed.
fn run(peers: &Peers, program: &str, line: &str) -> String {
    let arguments: Vec<&str> = line.split_whitespace().collect();
    Run::new(peers, program, &arguments).end().expect_success().stdout
}

/// A file that tkn pushed too, and what became of it.
fn golden(name: &str) -> String {
    format!(
        "{}/../crates/artifacts/tests/data/tekton/{name}",
        env!("CARGO_MANIFEST_DIR")
    )
}

#[test]
fn bundles_are_those_of_tkn_and_both_cosigns_sign_and_verify_them() {
    let Some(peers) = Peers::find() else { return };
    let key = keys::import(&peers, "cosign3", "ecdsa-p256");
    for kind in Kind::ALL.into_iter().filter(|kind| kind.is_there(&peers)) {
        let registry = Registry::start(&peers, kind);
        let name = format!("{}/bundle:v1", registry.address());
        run(
            &peers,
            "ours",
            &format!("tekton push {name} -f {}", golden("task.yaml")),
        );
        let expected = fs::read_to_string(golden("one.manifest.json")).expect("it is text");
        assert_eq!(run(&peers, "crane", &format!("manifest {name}")), expected, "{kind}");
        assert_eq!(
            run(&peers, "ours", &format!("tekton list {name}")),
            "task.tekton.dev/hello\n"
        );

        let tools = [Tool::Ours, Tool::Cosign3, Tool::Cosign2];
        for format in Format::ALL {
            for signer in tools {
                let place = format!("{}/{format:?}-{}", registry.address(), signer.program()).to_lowercase();
                run(&peers, "crane", &format!("copy {name} {place}:v1"));
                let digest = run(&peers, "crane", &format!("digest {place}:v1"));
                let image = format!("{place}@{}", digest.trim());
                let signed = signer.sign(&peers, format, &key, &image);
                assert!(signed.succeeded(), "{kind}: {}", signed.verdict());
                for verifier in tools {
                    let verified = verifier.verify(&peers, format, &key, &image);
                    assert!(verified.succeeded(), "{kind}: {signer}: {}", verified.verdict());
                }
            }
        }
    }
}

/// The digest of the one layer of an image.
fn layer_of(peers: &Peers, image: &str) -> String {
    let manifest = run(peers, "crane", &format!("manifest {image}"));
    let manifest: serde_json::Value = serde_json::from_str(&manifest).expect("it is JSON");
    let digest = manifest["layers"][0]["digest"].as_str();
    digest.expect("the image has a layer").to_owned()
}

#[test]
fn layers_are_compressed_as_crane_does_it() {
    let Some(peers) = Peers::find() else { return };
    let registry = Registry::start(&peers, Kind::ALL[0]);
    let address = registry.address();
    let mut script = String::new();
    let mut seed = 1_u32;
    for number in 0..40_000 {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        script.push_str(&format!("echo {number} {}\\n", seed >> (number % 29)));
    }
    for (name, script) in [("small", "echo"), ("large", &*script)] {
        let task = format!(
            "apiVersion: tekton.dev/v1\nkind: Task\nmetadata:\n  name: {name}\nspec:\n  steps:\n  - {{name: a, script: \"{script}\"}}\n"
        );
        let file = peers.path(&format!("{name}.yaml"));
        fs::write(&file, task).expect("the folder is writable");
        let bundle = format!("{address}/ours:{name}");
        run(&peers, "ours", &format!("tekton push {bundle} -f {file}"));
        let layer = layer_of(&peers, &bundle);
        let packed = http::request(address, "GET", &format!("/v2/ours/blobs/{layer}"), &[], b"").body;
        let mut unpacked = Vec::new();
        let read = GzDecoder::new(&packed[..]).read_to_end(&mut unpacked);
        read.expect("it is gzip");
        let archive = peers.path(&format!("{name}.tar"));
        fs::write(&archive, unpacked).expect("the folder is writable");
        let appended = format!("{address}/crane:{name}");
        run(
            &peers,
            "crane",
            &format!("append --oci-empty-base -f {archive} -t {appended}"),
        );
        assert_eq!(layer_of(&peers, &appended), layer, "{name}");
    }
}
