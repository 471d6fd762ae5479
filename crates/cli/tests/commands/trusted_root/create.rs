use std::os::unix::fs::PermissionsExt;

use serde_json::Value;

use crate::golden;
use crate::harness::User;

/// With the keys and certificates of the golden artefacts in its folder.
fn user() -> User {
    let user = User::new();
    for name in [
        "fulcio-chain.pem",
        "ctlog.pub",
        "rekor1.pub",
        "rekor2.pub",
        "tsa-chain.pem",
    ] {
        user.write(name, golden::file(&format!("trust/{name}")));
    }
    user
}

const SERVICES: [&str; 10] = [
    "--fulcio",
    "url=http://127.0.0.1:21001,certificate-chain=fulcio-chain.pem,start-time=2026-11-22T18:24:01Z",
    "--ctfe",
    "url=http://127.0.0.1:21005/ctlog,public-key=ctlog.pub,start-time=2026-11-22T17:24:02Z",
    "--rekor",
    "url=https://rekor2.stack.test,public-key=rekor2.pub,start-time=2026-11-22T17:24:02Z,origin=rekor2.stack.test",
    "--rekor",
    "url=http://127.0.0.1:21006,public-key=rekor1.pub,start-time=2026-11-22T17:24:02Z",
    "--tsa",
    "url=http://127.0.0.1:21010/api/v1/timestamp,certificate-chain=tsa-chain.pem",
];

#[test]
fn the_root_is_the_one_that_cosign_makes_of_the_same_services() {
    let user = user();
    let made = user.run_as("countersign", &[&["trusted-root", "create"][..], &SERVICES].concat());
    assert_eq!(made.exit, 0, "{made}");
    let ours: Value = serde_json::from_slice(&made.stdout).expect("it is JSON");
    let cosigns: Value = serde_json::from_slice(&golden::file("trust/trusted_root.json")).expect("it is JSON");
    assert_eq!(ours, cosigns);
    let out = [&["trusted-root", "create", "--out", "root.json"][..], &SERVICES].concat();
    let written = user.run_as("countersign", &out);
    assert_eq!((written.exit, written.stdout.len()), (0, 0), "{written}");
    let mode = std::fs::metadata(user.path("root.json"))
        .expect("it is there")
        .permissions();
    assert_eq!(mode.mode() & 0o777, 0o600);
    assert_eq!([user.read("root.json"), b"\n".to_vec()].concat(), made.stdout);
}

#[test]
fn what_is_missing_unknown_or_wrong_is_told() {
    for (line, told) in [
        (
            "--rekor url=u",
            "parsing rekor spec: missing required key 'public-key' in service spec",
        ),
        (
            "--rekor url=u,public-key=rekor1.pub",
            "missing required key 'start-time'",
        ),
        ("--tsa certificate-chain=tsa-chain.pem", "missing required key 'url'"),
        ("--fulcio url=u,certificate-chain=absent.pem", "reading absent.pem"),
        ("--fulcio url=u,certificate-chain=rekor1.pub", "rekor1.pub"),
        (
            "--ctfe url=u,public-key=fulcio-chain.pem,start-time=2026-11-22T17:24:02Z",
            "found a certificate",
        ),
        (
            "--ctfe url=u,public-key=ctlog.pub,start-time=yesterday",
            "start-time is \"yesterday\"",
        ),
        ("--fulcio url", "\"url\" is no key=value"),
        ("--fulcio url=u,url=v", "key \"url\" is there twice"),
        ("--fulcio url=u,colour=red", "unknown key \"colour\""),
        (
            "--fulcio url=u,certificate-chain=fulcio-chain.pem,origin=o",
            "unknown key \"origin\", expected one of url, certificate-chain, start-time, end-time",
        ),
        (
            "--with-default-services",
            "neither TUF_ROOT nor HOME says where what is known of TUF repositories is kept",
        ),
    ] {
        let outcome = user().run(&format!("trusted-root create {line}"));
        assert_eq!(outcome.exit, 1, "{line}: {outcome}");
        assert!(outcome.stderr.contains(told), "{line}: {outcome}");
    }
}
