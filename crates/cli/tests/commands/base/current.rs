//! Bases that must be the present ones: those that a tag is at by a statement of it that is fresh.

use countersign_core::Digest;
use serde_json::json;

use super::{SIGN, VERIFY, expect, layers, push, refused};
use crate::harness::User;
use crate::registry::Registry;
use crate::signing::{self, push_index};
use crate::tags::{TAGS_SIGN, signer};

/// A signed base at `base:12`, by a signed tag, and images upon it at `app:v1` and `app:v2`, of which the first stands on it.
fn scene() -> (User, Registry) {
    let (user, registry) = (signer(), Registry::open());
    publish(&user, &registry, &["a", "b"]);
    push(&registry, "app:v1", &layers(&["a", "b", "c"]));
    push(&registry, "app:v2", &layers(&["a", "x", "c"]));
    (user, registry)
}

/// Makes an image of these layers the present base, as its maker does.
fn publish(user: &User, registry: &Registry, contents: &[&str]) -> String {
    let digest = push(registry, "base:12", &layers(contents));
    let name = registry.name("base:12");
    expect(user, &format!("{SIGN} {name}"), 0);
    expect(user, &format!("{TAGS_SIGN} {name}"), 0);
    digest
}

fn line(registry: &Registry, image: &str) -> String {
    let name = |name| registry.name(name);
    format!(
        "{VERIFY} --base-repository {} --base-current {} {}",
        name("base"),
        name("base:12"),
        name(image)
    )
}

fn chain_id(contents: [&str; 2]) -> Digest {
    let [lower, upper] = contents.map(|content| Digest::sha256(content.as_bytes()));
    Digest::sha256(format!("{lower} {upper}").as_bytes())
}

#[test]
fn an_old_base_is_refused_as_soon_as_its_tag_is_at_another() {
    let (user, registry) = scene();
    expect(&user, &line(&registry, "app:v1"), 0);
    let new = publish(&user, &registry, &["a", "x"]);
    expect(&user, &line(&registry, "app:v2"), 0);
    let expected = format!(
        "is the base {}, expected that of the tag {}, which is {new} now: {}",
        chain_id(["a", "b"]),
        registry.name("base:12"),
        chain_id(["a", "x"])
    );
    refused(&user, &line(&registry, "app:v1"), 12, &expected);
    // of several tags, one must be at it
    expect(&user, &format!("tag {} 11", registry.name("base:12")), 0);
    push(&registry, "base:11", &layers(&["a", "b"]));
    expect(&user, &format!("{TAGS_SIGN} {}", registry.name("base:11")), 0);
    let both = format!(
        "{} --base-current {}",
        line(&registry, "app:v1"),
        registry.name("base:11")
    );
    expect(&user, &both, 0);
}

/// A base is known by its layers, so that its manifest may be another one with the same.
#[test]
fn a_tag_that_is_at_the_same_layers_in_an_index_is_at_the_base() {
    let (user, registry) = scene();
    let one = push(&registry, "base:amd64", &layers(&["a", "b"]));
    let other = push(&registry, "base:arm64", &layers(&["a", "x"]));
    push_index(&registry, "base:12", &[(&one, "amd64"), (&other, "arm64")]);
    let name = registry.name("base:12");
    expect(&user, &format!("{SIGN} {name}"), 0);
    refused(
        &user,
        &line(&registry, "app:v1"),
        12,
        &format!("expected that of the tag {name}, and that is not believed: no signatures found for "),
    );
    expect(&user, &format!("{TAGS_SIGN} {name}"), 0);
    expect(&user, &line(&registry, "app:v1"), 0);
    expect(&user, &line(&registry, "app:v2"), 0);
}

#[test]
fn a_tag_whose_statement_is_not_fresh_says_nothing_of_the_present() {
    let (user, registry) = scene();
    let tag = registry.name("base:12");
    // expired: whoever serves it may hide a newer one
    let later = user.clone().at("2027-11-22T12:00:01Z");
    let expected = format!("{tag}, and that is not believed: {tag}: sequence 1 expired ");
    refused(&later, &line(&registry, "app:v1"), 12, &expected);
    // by somebody else
    let stranger = line(&registry, "app:v1");
    let name = registry.name("base:12");
    let other = push(&registry, "base:12", &layers(&["a", "b", "d"]));
    expect(&user, &format!("{SIGN} {name}"), 0);
    expect(&user, &format!("{TAGS_SIGN} {name}").replace("a.key", "b.key"), 0);
    let expected = format!("{tag}, and that is not believed: no matching signatures: none of the 2 attached to ");
    refused(&user, &stranger, 12, &expected);
    // put back where it was, after a newer one was seen
    expect(&user, &format!("{TAGS_SIGN} {name}"), 0);
    push(&registry, "app:v3", &layers(&["a", "b", "d", "e"]));
    // not the file in which the signer keeps what it has signed
    let seeing = |image: &str| format!("{} --state seen.json", line(&registry, image));
    expect(&user, &seeing("app:v3"), 0);
    push(&registry, "base:12", &layers(&["a", "b"]));
    let expected = format!("{tag}: the newest statement is 1, and 3 was seen before, of {other}");
    refused(&user, &seeing("app:v1"), 12, &expected);
    expect(&user, &format!("{} --stateless", line(&registry, "app:v1")), 0);
}

#[test]
fn a_tag_that_is_not_there_and_flags_that_mean_nothing_are_errors() {
    let (user, registry) = scene();
    let line = line(&registry, "app:v1");
    refused(
        &user,
        &line.replace("base:12", "base:13"),
        11,
        &format!("image tag not found: {}", registry.name("base:13")),
    );
    let digest = Digest::sha256(b"a");
    let image = registry.name("app:v1");
    for (line, reason) in [
        (
            format!(
                "{VERIFY} --base-current {} {image}",
                registry.name(&format!("base@{digest}"))
            ),
            "a digest never changes; give the tag, REPOSITORY:TAG",
        ),
        (
            format!(
                "base verify --base {digest} --base-current {} {image}",
                registry.name("base:12")
            ),
            "--base-current is of what is signed: pass --key or an identity with it",
        ),
        (
            format!("{VERIFY} --stateless {image}"),
            "--stateless is about tags of bases: nothing asks that a base is the present one",
        ),
        (
            format!("base verify --base {digest} --state x {image}"),
            "--state is about tags of bases: nothing asks that a base is the present one",
        ),
        (
            format!("{} --state x {image}", signing::VERIFY),
            "--state is about tags of bases: nothing asks that a base is the present one",
        ),
    ] {
        refused(&user, &line, 1, reason);
    }
}

#[test]
fn a_policy_file_asks_for_the_present_base_in_verify_too() {
    let (user, registry) = scene();
    let write = |member: &str| {
        let mut base = json!({"name": "debian", "key": "a.pub", "repositories": [registry.name("base")]});
        base["current"] = json!([registry.name(member)]);
        let policy = json!({
            "version": 1, "signers": [{"name": "alice", "key": "a.pub"}], "logs": 0, "bases": {"authorised": [base]},
        });
        user.write("p.yaml", policy.to_string());
    };
    write("base:12");
    for image in ["app:v1", "app:v2"] {
        expect(&user, &format!("{} {}", signing::SIGN, registry.name(image)), 0);
    }
    for command in ["verify", "base verify"] {
        let line = |image: &str| format!("{command} --trust-policy p.yaml {}", registry.name(image));
        publish(&user, &registry, &["a", "b"]);
        expect(&user, &line("app:v1"), 0);
        publish(&user, &registry, &["a", "x"]);
        expect(&user, &line("app:v2"), 0);
        refused(&user, &line("app:v1"), 12, "expected that of the tag ");
    }
    let digest = Digest::sha256(b"a");
    for name in [format!("base@{digest}"), "base:A B".to_owned()] {
        write(&name);
        let line = format!("verify --trust-policy p.yaml {}", registry.name("app:v1"));
        let expected = format!("tag \"{}\" of a base, expected REPOSITORY:TAG", registry.name(&name));
        refused(&user, &line, 1, &expected);
    }
}
