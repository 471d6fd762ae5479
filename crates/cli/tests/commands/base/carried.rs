//! What is signed of a base goes where the base goes: under the tag of its layers too, by which unmarked images find it.

use countersign_core::Digest;

use super::{SIGN, VERIFY, expect, layers, manifest, push, refused, signed_base};
use crate::harness::User;
use crate::registry::Registry;
use crate::signing::{push_index, signer};

/// Checks that an image with no marks of its own is found to stand on a base by what is in the base's repository.
fn finds(user: &User, registry: &Registry, base: &str) {
    push(registry, "unmarked:v1", &layers(&["a", "b", "c"]));
    let verified = expect(user, &line(registry, base), 0);
    assert!(verified.text().contains("  layers 1-2: a signed base"), "{verified}");
}

fn line(registry: &Registry, base: &str) -> String {
    let (base, image) = (registry.name(base), registry.name("unmarked:v1"));
    format!("{VERIFY} --base-repository {base} {image}")
}

fn tag_of(contents: [&str; 2]) -> String {
    let [lower, upper] = contents.map(|content| Digest::sha256(content.as_bytes()));
    let chain_id = Digest::sha256(format!("{lower} {upper}").as_bytes());
    format!("sha256-{}.base", chain_id.hex())
}

#[test]
fn a_copy_of_a_base_has_the_tag_of_its_layers() {
    let (user, to) = (signer(), Registry::open());
    let from = signed_base(&user, "");
    let copy = |flags: &str, name: &str| {
        let (source, target) = (from.name("base:v1"), to.name(name));
        expect(&user, &format!("copy {flags} {source} {target}"), 0);
    };
    copy("", "mirror/base:v1");
    finds(&user, &to, "mirror/base");
    let tag = tag_of(["a", "b"]);
    let (before, after) = (format!("base:{tag}"), format!("mirror/base:{tag}"));
    assert_eq!(manifest(&from, &before), manifest(&to, &after));
    // the statement is an attestation, and its tag goes where it goes
    copy("--only att", "attested:v1");
    finds(&user, &to, "attested");
    copy("--only sig", "signed:v1");
    refused(&user, &line(&to, "signed"), 10, "image does not stand on a signed base");
    expect(
        &user,
        &format!("copy {} {}", from.name("base:v1"), from.name("near:v1")),
        0,
    );
    finds(&user, &from, "near");
}

#[test]
fn every_base_of_an_index_has_the_tag_of_its_layers_in_the_copy() {
    let (user, from, to) = (signer(), Registry::open(), Registry::open());
    let one = push(&from, "base:amd64", &layers(&["a", "b"]));
    let other = push(&from, "base:arm64", &layers(&["a", "x"]));
    push_index(&from, "base:v1", &[(&one, "amd64"), (&other, "arm64")]);
    expect(&user, &format!("{SIGN} {}", from.name("base:v1")), 0);
    expect(
        &user,
        &format!("copy {} {}", from.name("base:v1"), to.name("far:v1")),
        0,
    );
    finds(&user, &to, "far");
    let tag = tag_of(["a", "x"]);
    assert_eq!(
        manifest(&from, &format!("base:{tag}")),
        manifest(&to, &format!("far:{tag}"))
    );
}

#[test]
fn what_is_saved_and_loaded_has_the_tag_of_its_layers() {
    let user = signer();
    let from = signed_base(&user, "");
    for place in ["--dir layout", "--archive base.tar"] {
        let to = Registry::open();
        expect(&user, &format!("save {} {place}", from.name("base:v1")), 0);
        expect(&user, &format!("load {} {place}", to.name("base:v1")), 0);
        finds(&user, &to, "base");
    }
}

/// The tag holds what others have signed of the same layers too: it is not written over.
#[test]
fn a_tag_of_the_same_layers_with_other_signatures_stays_unless_forced() {
    let (user, to) = (signer(), Registry::open());
    let from = signed_base(&user, "");
    push(&to, "base:own", &layers(&["a", "b"]));
    let own = format!("{SIGN} {}", to.name("base:own")).replace("a.key", "b.key");
    expect(&user, &own, 0);
    let line = format!("copy {} {}", from.name("base:v1"), to.name("base:v1"));
    refused(&user, &line, 1, " already exists. Use `-f` to overwrite");
    push(&to, "unmarked:v1", &layers(&["a", "b", "c"]));
    expect(&user, &self::line(&to, "base").replace("a.pub", "b.pub"), 0);
    expect(&user, &line.replace("copy ", "copy -f "), 0);
    finds(&user, &to, "base");
}
