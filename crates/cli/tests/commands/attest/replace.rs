//! What `--replace` takes away, and what it leaves.

use super::{claimant, predicates};
use crate::harness::User;
use crate::registry::Registry;
use crate::signing::{ATTEST, attestation_layers, push, referrers};

/// Attests `claim` as `kind` in `format`.
fn attest(user: &User, flags: &str, claim: &str, image: &str) -> String {
    user.write("next.json", claim);
    let outcome = user.run(&format!("{ATTEST} --predicate next.json {flags} {image}"));
    assert_eq!(outcome.exit, 0, "{outcome}");
    outcome.stderr
}

#[test]
fn earlier_attestations_of_the_type_are_replaced_and_told_in_both_formats() {
    let (registry, user) = (Registry::open(), claimant());
    let digest = push(&user, &registry, "app:v1", "hello");
    let image = registry.name(&format!("app@{digest}"));
    for (claim, kind) in [
        (r#"{"v":1}"#, "vuln"),
        (r#"{"v":2}"#, "vuln"),
        (r#"{"k":1}"#, "openvex"),
    ] {
        attest(&user, &format!("--format both --type {kind}"), claim, &image);
    }
    let told = attest(&user, "--format both --type vuln --replace", r#"{"v":3}"#, &image);
    let lines: Vec<&str> = told.lines().filter(|line| line.starts_with("Replacing")).collect();
    assert_eq!(lines.len(), 4, "{told}");
    assert_eq!(
        lines.iter().filter(|line| line.contains("(referrer sha256:")).count(),
        2
    );
    assert_eq!(lines.iter().filter(|line| line.contains(".att layer ")).count(), 2);
    assert!(lines[0].starts_with("Replacing attestation predicate: https://cosign.sigstore.dev/attestation/vuln/v1 ("));
    assert_eq!(predicates(&user, "vuln", &image).text(), "{\"v\":3}\n{\"v\":3}\n");
    assert_eq!(predicates(&user, "openvex", &image).text(), "{\"k\":1}\n{\"k\":1}\n");
    let layers = attestation_layers(&registry, "app", &digest);
    let types: Vec<&str> = layers
        .iter()
        .map(|layer| &*layer.annotations["predicateType"])
        .collect();
    assert_eq!(
        types,
        [
            "https://cosign.sigstore.dev/attestation/vuln/v1",
            "https://openvex.dev/ns"
        ]
    );
}

#[test]
fn only_the_format_that_is_written_is_replaced() {
    let (registry, user) = (Registry::open(), claimant());
    let image = registry.name(&format!("app@{}", push(&user, &registry, "app:v1", "hello")));
    attest(&user, "--format both --type vuln", r#"{"v":1}"#, &image);
    attest(&user, "--format legacy --type vuln --replace", r#"{"v":2}"#, &image);
    assert_eq!(predicates(&user, "vuln", &image).text(), "{\"v\":1}\n{\"v\":2}\n");
    attest(&user, "--type vuln --replace", r#"{"v":3}"#, &image);
    assert_eq!(predicates(&user, "vuln", &image).text(), "{\"v\":3}\n{\"v\":2}\n");
}

#[test]
fn an_attestation_does_not_replace_itself() {
    let (registry, user) = (Registry::open(), claimant());
    let digest = push(&user, &registry, "app:v1", "hello");
    let image = registry.name(&format!("app@{digest}"));
    for _ in 0..2 {
        // the same key, claim and second make the same bytes
        let told = attest(&user, "--format both --type vuln --replace", r#"{"v":1}"#, &image);
        assert!(!told.contains("Replacing"), "{told}");
    }
    assert_eq!(referrers(&registry, "app", &digest).len(), 1);
    assert_eq!(attestation_layers(&registry, "app", &digest).len(), 1);
}

#[test]
fn signatures_stay_when_attestations_are_replaced() {
    let (registry, user) = (Registry::open(), claimant());
    let digest = push(&user, &registry, "app:v1", "hello");
    let image = registry.name(&format!("app@{digest}"));
    assert_eq!(
        user.run(&format!("{} --format both {image}", crate::signing::SIGN))
            .exit,
        0
    );
    for claim in [r#"{"v":1}"#, r#"{"v":2}"#] {
        attest(&user, "--format both --type vuln --replace", claim, &image);
    }
    let verified = user.run(&format!("{} {image}", crate::signing::VERIFY));
    assert_eq!(verified.exit, 0, "{verified}");
    assert_eq!(referrers(&registry, "app", &digest).len(), 2);
}

#[test]
fn attestations_of_an_image_in_a_folder_are_replaced_too() {
    let (registry, user) = (Registry::open(), claimant());
    push(&user, &registry, "app:v1", "hello");
    crate::verify::local::save(&user, &registry, "app:v1");
    for claim in [r#"{"v":1}"#, r#"{"v":2}"#] {
        attest(&user, "--format both --type vuln --replace", claim, "oci:layout:v1");
        assert_eq!(
            predicates(&user, "vuln", "oci:layout:v1").text(),
            format!("{claim}\n{claim}\n")
        );
    }
}
