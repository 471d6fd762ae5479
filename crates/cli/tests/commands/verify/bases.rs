//! The section of a policy on bases.

use countersign_core::Digest;
use serde_json::json;

use crate::base::{self, expect, layers, push, refused, signed_base};
use crate::harness::User;
use crate::registry::Registry;
use crate::signing::{SIGN, push_index, signer};

/// A signed image on a signed base, and the line that verifies both.
fn image(user: &User, contents: &[&str]) -> (Registry, String) {
    let registry = signed_base(user, "");
    push(&registry, "app:v1", &layers(contents));
    expect(user, &format!("{SIGN} {}", registry.name("app:v1")), 0);
    write_policy(user, &registry);
    let line = format!("verify --trust-policy p.yaml {}", registry.name("app:v1"));
    (registry, line)
}

fn write_policy(user: &User, registry: &Registry) {
    let policy = json!({
        "version": 1, "signers": [{"name": "alice", "key": "a.pub"}], "logs": 0,
        "bases": {"authorised": [{"name": "debian", "key": "a.pub", "repositories": [registry.name("base")]}]},
    });
    user.write("p.yaml", policy.to_string());
}

#[test]
fn an_image_must_be_signed_and_stand_on_an_authorised_base() {
    let user = signer();
    let (registry, line) = image(&user, &["a", "b", "c"]);
    let verified = expect(&user, &line, 0);
    assert!(
        verified
            .stderr
            .contains("  - The images stand on authorised bases:\n    sha256:")
            && verified.stderr.contains(" stands on debian (layers 1-2)\n"),
        "{verified}"
    );
    let json = expect(&user, &format!("{line} --output json"), 0);
    assert!(json.text().contains(r#""bases":["sha256:"#), "{json}");
    push(&registry, "app:v2", &layers(&["a", "x", "c"]));
    expect(&user, &format!("{SIGN} {}", registry.name("app:v2")), 0);
    let other = line.replace("app:v1", "app:v2");
    refused(&user, &other, 10, "image does not stand on debian");
    push(&registry, "app:v3", &layers(&["a", "b"]));
    refused(&user, &line.replace("app:v1", "app:v3"), 10, "no signatures found for");
}

#[test]
fn every_image_of_an_index_must_stand_on_a_base() {
    let user = signer();
    let (registry, line) = image(&user, &["a", "b", "c"]);
    let one = push(&registry, "app:amd64", &layers(&["a", "b", "c"]));
    let other = push(&registry, "app:arm64", &layers(&["a", "b", "d"]));
    let third = push(&registry, "app:riscv64", &layers(&["x"]));
    let index = |tag: &str, children: &[(&str, &str)]| {
        push_index(&registry, tag, children);
        expect(&user, &format!("{SIGN} -r {}", registry.name(tag)), 0);
        line.replace("app:v1", tag)
    };
    let right = index("app:right", &[(&one, "amd64"), (&other, "arm64")]);
    expect(&user, &right, 0);
    expect(&user, &format!("{right} -r"), 0);
    let wrong = index("app:wrong", &[(&one, "amd64"), (&third, "riscv64")]);
    refused(&user, &wrong, 10, "image does not stand on debian");
    refused(&user, &format!("{wrong} -r"), 10, "image does not stand on debian");
    expect(&user, &format!("{wrong} --platform linux/amd64"), 0);
    let platform = format!("{wrong} --platform linux/riscv64");
    refused(&user, &platform, 10, "image does not stand on debian");
}

#[test]
fn a_policy_with_bases_is_refused_by_commands_that_do_not_judge_them() {
    let user = signer();
    let (registry, _) = image(&user, &["a", "b", "c"]);
    user.write("file", "x");
    user.write("file.sig", "AAAA");
    let image = registry.name("app:v1");
    for line in [
        format!("verify-attestation --type https://t.example --trust-policy p.yaml {image}"),
        "verify-blob --trust-policy p.yaml --signature file.sig file".to_owned(),
    ] {
        refused(
            &user,
            &line,
            1,
            "its section `bases` is about images, and only verify and base verify judge it",
        );
    }
}

#[test]
fn a_section_that_is_not_of_the_schema_is_refused() {
    let user = signer();
    let digest = Digest::sha256(b"a");
    for (section, reason) in [
        ("{}".to_owned(), "bases.authorised is missing"),
        (
            "{authorised: []}".to_owned(),
            "bases.authorised is empty, expected one at least",
        ),
        (
            "{authorised: [{}]}".to_owned(),
            "bases.authorised[0].identity is missing",
        ),
        (
            "{forbiddenOverrides: []}".to_owned(),
            "bases.forbiddenOverrides is not known",
        ),
        (
            "{authorised: [{key: a.pub}], require: some}".to_owned(),
            "bases.require: expected any, all, innermost or outermost",
        ),
        (
            "{authorised: [{key: a.pub, maxAge: 3w}]}".to_owned(),
            "bases.authorised[0].maxAge: \"3w\" is no span of time",
        ),
        (
            format!("{{authorised: [{{key: a.pub, digests: ['{digest}']}}]}}"),
            "bases.authorised[0].digests and key exclude each other",
        ),
        (
            format!("{{authorised: [{{maxAge: 9d, digests: ['{digest}']}}]}}"),
            "bases.authorised[0].digests and maxAge exclude each other",
        ),
        (
            format!("{{authorised: [{{current: ['reg.local/a:b'], digests: ['{digest}']}}]}}"),
            "bases.authorised[0].digests and current exclude each other",
        ),
        (
            "{authorised: [{key: a.pub, name: x}, {key: b.pub, name: x}]}".to_owned(),
            "bases.authorised has x twice",
        ),
        (
            "{authorised: [{key: a.pub, deny: [x]}]}".to_owned(),
            "bases.authorised[0].deny[0] is no digest",
        ),
        (
            "{authorised: [{key: a.pub, repositories: ['A B']}]}".to_owned(),
            "repository \"A B\" of a base",
        ),
        (
            "{authorised: [{key: a.pub}], maxLayersAbove: 1001}".to_owned(),
            "bases.maxLayersAbove is 1001, expected 1000 at most",
        ),
    ] {
        user.write(
            "p.yaml",
            format!("version: 1\nsigners: [{{key: a.pub}}]\nlogs: 0\nbases: {section}\n"),
        );
        refused(&user, "verify --trust-policy p.yaml reg.local/a", 1, reason);
    }
}

/// A signature is told apart from a base: what signs one signs not the other.
#[test]
fn a_signature_of_the_image_is_no_base() {
    let user = signer();
    let registry = Registry::open();
    push(&registry, "app:v1", &layers(&["a", "b", "c"]));
    expect(&user, &format!("{SIGN} --format both {}", registry.name("app:v1")), 0);
    let line = format!("{} {}", base::VERIFY, registry.name("app:v1"));
    refused(&user, &line, 10, "image does not stand on a signed base");
    expect(&user, &format!("{} {}", base::SIGN, registry.name("app:v1")), 0);
    let other = format!("verify --key b.pub --insecure-ignore-tlog {}", registry.name("app:v1"));
    expect(&user, &other, 12);
}
