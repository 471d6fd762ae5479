//! How a failure is told, and how it ends.

use snapbox::str;

use super::claimant;
use crate::assert_outcome;
use crate::registry::Registry;
use crate::signing::{ATTEST, LEGACY, VERIFY_ATTESTATION, attestation_layers, push, referrers, signer};

#[test]
fn a_registry_that_is_down_is_never_an_unattested_image() {
    let registry = Registry::open();
    let digest = push(&signer(), &registry, "app:v1", "hello");
    let image = registry.name(&format!("app@{digest}"));
    drop(registry);
    let outcome = signer().run(&format!("{VERIFY_ATTESTATION} {image}"));
    assert_eq!(outcome.exit, 20, "{outcome}");
    assert!(!outcome.stderr.contains("no matching attestations"), "{outcome}");
}

#[test]
fn a_damaged_attestation_is_never_an_unattested_image() {
    for format in ["bundle", "legacy"] {
        let (registry, user) = (Registry::open(), claimant());
        let digest = push(&user, &registry, "app:v1", "hello");
        let image = registry.name(&format!("app@{digest}"));
        let flags = format!("--format {format} --predicate claim.json --type vuln");
        assert_eq!(user.run(&format!("{ATTEST} {flags} {image}")).exit, 0);
        let repository = registry.name("app").parse().expect("this is a repository");
        let blob = match format {
            "legacy" => attestation_layers(&registry, "app", &digest)[0].digest.clone(),
            _ => {
                let referrer = registry.name(&format!("app@{}", referrers(&registry, "app", &digest)[0].digest));
                let manifest = registry.manifest(&referrer.parse().expect("this is a name"));
                manifest.expect("it exists").layers()[0].digest.clone()
            }
        };
        registry.damage(&registry.blob(&repository, &blob));
        let outcome = user.run(&format!("{VERIFY_ATTESTATION} --type vuln {image}"));
        assert_eq!(outcome.exit, 21, "{outcome}");
    }
}

#[test]
fn a_wrong_key_is_told_once_and_ends_with_12() {
    let (registry, user) = (Registry::open(), claimant());
    let image = registry.name(&format!("app@{}", push(&user, &registry, "app:v1", "hello")));
    let flags = format!("{LEGACY} --predicate claim.json --type vuln");
    assert_eq!(user.run(&format!("{ATTEST} {flags} {image}")).exit, 0);
    let outcome = user.run(&format!(
        "verify-attestation --key b.pub --private-infrastructure --type vuln {image}"
    ));
    assert_outcome!(
        outcome.redacted(registry.host()).hiding_digests(),
        str![[r#"
--- stderr
Error: no matching attestations: none of the 1 attached to REGISTRY/app@DIGEST satisfies the policy
  sha256-12855f31fb82d131741ee664ab601a6b88ef93e4857e74d6b89bc4ba58319849.att layer 0: signature does not verify with key R96ljqAPrpQX7hnXZ1W/72kImQIRMu/7BP4fnk8MgFk=: signature is not this ed25519 key's over these bytes
help: `countersign tree REGISTRY/app@DIGEST` lists what is attached
--- exit 12

"#]]
    );
}

#[test]
fn what_needs_a_service_or_makes_no_sense_is_refused() {
    for (flags, reason) in [
        ("--key a.pub", "whom to trust could not be had"),
        (
            "--insecure-ignore-tlog",
            "--certificate-identity or --certificate-identity-regexp is required",
        ),
        (
            "--key a.pub --insecure-ignore-tlog --certificate-identity x",
            "--key and --certificate-identity exclude each other",
        ),
        (
            "--key a.pub --insecure-ignore-tlog --use-signed-timestamps",
            "whom to trust could not be had",
        ),
        (
            "--key a.pub --insecure-ignore-tlog --type foo",
            "invalid predicate type: foo",
        ),
        (
            "--key a.pub --insecure-ignore-tlog --max-workers 0",
            "please set the --max-worker flag to a value that is greater than 0",
        ),
        (
            "--key https://localhost:1/a.pub --offline --insecure-ignore-tlog",
            "--offline: the key is on the network",
        ),
    ] {
        let outcome = signer().run(&format!("verify-attestation {flags} localhost:1/app"));
        assert_eq!(outcome.exit, 1, "{outcome}");
        assert!(
            outcome.stderr.contains(&format!("Error: {reason}")),
            "{flags}: {outcome}"
        );
    }
}
