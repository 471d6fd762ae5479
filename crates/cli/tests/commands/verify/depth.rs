//! `verify --min-depth`: how many levels of signatures there must be.

use countersign_core::Digest;
use serde_json::{Value, json};

use super::chain::{World, world};
use crate::signing::VERIFY;

/// A signature by `a`, signed by `b`, and that by `c`; each is the only thing that refers to what it signs.
fn chain_of_three() -> (World, [Digest; 3]) {
    let world = world("bundle");
    let signature = world.only(&world.digest);
    let by = |signer: &str, of: &Digest| {
        world.run(&format!("sign --key {signer}.key --tlog-upload=false {}", world.at(of)));
        world.only(of)
    };
    let counter = by("b", &signature);
    let last = by("c", &counter);
    (world, [signature, counter, last])
}

const BY_B_AND_C: &str = "--require-countersign name=qa,key=b.pub --require-countersign name=ciso,key=c.pub";

#[test]
fn a_chain_must_be_as_deep_as_is_asked() {
    let (world, [signature, ..]) = chain_of_three();
    let line = format!("{VERIFY} {BY_B_AND_C} --min-depth 3 {}", world.name);
    let outcome = world.run(&line);
    let said = format!("Signature {signature} is countersigned by qa, ciso, 3 levels deep.");
    assert!(outcome.stderr.contains(&said), "{outcome}");
    let outcome = world.refused(&line.replace("--min-depth 3", "--min-depth 4"), &[]);
    for expected in [
        format!(
            "Error: no matching signatures: those of {}@{} are not countersigned",
            world.registry.name("app"),
            world.digest
        ),
        format!(
            "  caused by: the chain of signature {signature} is 3 deep, expected 4 at least (the signature alone is 1)"
        ),
    ] {
        assert!(
            outcome.stderr.lines().any(|found| found == expected),
            "{expected}: {outcome}"
        );
    }
    let outcome = world.user.run(&format!("{line} -o json"));
    let object: Value = serde_json::from_slice(&outcome.stdout).expect("it is JSON");
    assert_eq!(
        object["images"][0]["chain"]["countersigned"],
        json!([{"signature": signature, "by": ["qa", "ciso"], "depth": 3}])
    );
}

#[test]
fn two_beside_each_other_are_not_one_above_the_other() {
    let world = world("bundle");
    let signature = world.only(&world.digest);
    for signer in ["b", "c"] {
        world.run(&format!(
            "sign --key {signer}.key --tlog-upload=false {}",
            world.at(&signature)
        ));
    }
    world.run(&format!("{VERIFY} {BY_B_AND_C} --min-depth 2 {}", world.name));
    let reason = format!("the chain of signature {signature} is 2 deep, expected 3 at least");
    world.refused(
        &format!("{VERIFY} {BY_B_AND_C} --min-depth 3 {}", world.name),
        &[&reason],
    );
}

#[test]
fn without_countersigners_who_is_trusted_to_sign_may_make_the_levels() {
    let world = world("bundle");
    let signature = world.only(&world.digest);
    let line = format!("{VERIFY} --min-depth 2 {}", world.name);
    let reason = format!("the chain of signature {signature} is 1 deep, expected 2 at least");
    world.refused(&line, &[&reason]);
    // a stranger's signature is no level
    world.run(&format!(
        "sign --key b.key --tlog-upload=false {}",
        world.at(&signature)
    ));
    world.refused(&line, &[&reason]);
    world.run(&format!(
        "sign --key a.key --tlog-upload=false {}",
        world.at(&signature)
    ));
    let outcome = world.run(&line);
    let said = format!("Signature {signature} is countersigned, 2 levels deep.");
    assert!(outcome.stderr.contains(&said), "{outcome}");
    // where there are countersigners, who signed the image is none of them
    let (by_b, reason) = (
        "--require-countersign name=qa,key=b.pub",
        format!("the chain of signature {signature} is 2 deep, expected 3 at least"),
    );
    let mut found = crate::signing::referrers(&world.registry, "app", signature.as_str());
    for counter in found.drain(..) {
        world.run(&format!(
            "sign --key a.key --tlog-upload=false {}",
            world.at(&counter.digest)
        ));
    }
    world.refused(&format!("{VERIFY} {by_b} --min-depth 3 {}", world.name), &[&reason]);
}

#[test]
fn one_signature_that_is_deep_enough_is_any_of_them() {
    let (world, _) = chain_of_three();
    world.run(&format!("sign --key a.key --tlog-upload=false -a n=2 {}", world.name));
    let line = format!("{VERIFY} {BY_B_AND_C} --min-depth 3 {}", world.name);
    world.refused(&line, &["is not countersigned by enough"]);
    world.run(&format!("{line} --countersign-covers any"));
    let alone = format!("{VERIFY} --min-depth 2 {}", world.name);
    world.refused(
        &format!("{alone} --countersign-covers any"),
        &["is 1 deep, expected 2 at least"],
    );
}

#[test]
fn where_the_walk_stops_it_is_not_known() {
    let (world, [signature, ..]) = chain_of_three();
    let reason = format!(
        "it is not known how deep the chain of signature {signature} is: 2 manifests were looked at, and there are \
         more; 2 levels were found, expected 3 at least"
    );
    let line = format!(
        "{VERIFY} --require-countersign key=b.pub --min-depth 3 --chain-nodes 2 {}",
        world.name
    );
    world.refused(&line, &[&reason]);
}

#[test]
fn a_policy_says_how_deep_it_must_be() {
    let (world, [signature, ..]) = chain_of_three();
    let verify = format!("verify --trust-policy p.yaml {}", world.name);
    let policy = |levels: usize| {
        let policy = format!(
            "version: 1\nsigners: [{{key: a.pub}}]\nlogs: 0\ncountersigners:\n  signers: [{{name: qa, key: b.pub}}, \
             {{name: ciso, key: c.pub}}]\n  threshold: 2\n  minDepth: {levels}\n"
        );
        world.user.write("p.yaml", policy);
    };
    policy(3);
    world.run(&verify);
    policy(4);
    let reason = format!("the chain of signature {signature} is 3 deep, expected 4 at least");
    world.refused(&verify, &[&reason]);
    for (flags, reason) in [
        (
            "--min-depth 3",
            "--require-countersign and --min-depth: the policy says it",
        ),
        (
            "--chain-depth 3",
            "a chain 4 deep is asked for, and --chain-depth looks at 3 levels",
        ),
    ] {
        let outcome = world.user.run(&format!("{verify} --chain {flags}"));
        assert_eq!(outcome.exit, 1, "{outcome}");
        assert!(outcome.stderr.contains(reason), "{outcome}");
    }
}

#[test]
fn a_depth_that_asks_for_nothing_or_too_much_is_wrong_usage() {
    let world = world("bundle");
    for (flags, reason) in [
        (
            "--min-depth 1",
            "--min-depth is 1, expected 2 at least: the signature itself is 1, its countersignature 2",
        ),
        (
            "--min-depth 9",
            "a chain 9 deep is asked for, and --chain-depth looks at 8 levels",
        ),
        (
            "--chain --countersign-covers any",
            "--countersign-covers goes with --require-countersign or --min-depth",
        ),
        ("--min-depth 2 --check-claims=false", "not with --check-claims=false"),
    ] {
        let outcome = world.user.run(&format!("{VERIFY} {flags} {}", world.name));
        assert_eq!(outcome.exit, 1, "{flags}: {outcome}");
        assert!(outcome.stderr.contains(reason), "{flags}: {outcome}");
    }
}
