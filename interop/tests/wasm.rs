//! WebAssembly: what we upload is what both cosigns upload, and what we write oras pulls.

use std::fs;

use countersign_interop::{Kind, Peers, Registry, Run};

/// Runs a line and returns what it printed.
fn run(peers: &Peers, program: &str, line: &str) -> String {
    let arguments: Vec<&str> = line.split_whitespace().collect();
    Run::new(peers, program, &arguments).end().expect_success().stdout
}

const MODULE: &[u8] = b"\0asm\x01\0\0\0\0\x03\x02hi";

#[test]
fn images_are_those_of_both_cosigns() {
    let Some(peers) = Peers::find() else { return };
    for kind in Kind::ALL.into_iter().filter(|kind| kind.is_there(&peers)) {
        let registry = Registry::start(&peers, kind);
        let file = peers.path("hello.wasm");
        fs::write(&file, MODULE).expect("the folder is writable");
        let of = |program: &str, flags: &str| {
            let name = format!("{}/{program}:v1", registry.address());
            run(&peers, program, &format!("upload wasm {flags} -f {file} {name}"));
            run(&peers, "crane", &format!("manifest {name}"))
        };
        assert_eq!(of("ours", ""), of("cosign3", ""), "{kind}");
        assert_eq!(of("ours", "--format cosign-2"), of("cosign2", ""), "{kind}");
    }
}

#[test]
fn oras_pulls_what_is_in_the_oci_artifact() {
    let Some(peers) = Peers::find() else { return };
    let registry = Registry::start(&peers, Kind::ALL[0]);
    let file = peers.path("hello.wasm");
    fs::write(&file, MODULE).expect("the folder is writable");
    let name = format!("{}/app:v1", registry.address());
    run(
        &peers,
        "ours",
        &format!("upload wasm --format wasm-oci -f {file} {name}"),
    );
    let folder = peers.path("pulled");
    run(&peers, "oras", &format!("pull --plain-http -o {folder} {name}"));
    assert_eq!(fs::read(format!("{folder}/hello.wasm")).expect("it was pulled"), MODULE);
}
