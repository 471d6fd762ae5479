//! `sign --countersign`: one statement about all signatures, in both formats; and the walk by hand.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use countersign_core::Digest;
use countersign_oci::Reference;
use serde_json::{Value, json};

use crate::harness::{Outcome, User};
use crate::registry::Registry;
use crate::signing::{LEGACY, SIGN, VERIFY, layers, payloads, push, referrers, signature_tag, signer};

/// Countersigns by key `b` what key `a` has signed.
pub(crate) const COUNTERSIGN: &str = "sign --key b.key --tlog-upload=false --countersign --countersign-signer key=a.pub \
                                      --insecure-ignore-tlog";

fn run(user: &User, line: &str) -> Outcome {
    let outcome = user.run(line);
    assert_eq!(outcome.exit, 0, "{line}: {outcome}");
    outcome
}

fn manifest(registry: &Registry, name: &str) -> countersign_oci::manifest::Manifest {
    let name: Reference = registry.name(name).parse().expect("this is a name");
    registry.manifest(&name).expect("it is there")
}

/// The statement of the bundle in a manifest, and the bundle's digest.
fn statement(registry: &Registry, repository: &str, digest: &Digest) -> (Value, Digest) {
    let manifest = manifest(registry, &format!("{repository}@{digest}"));
    let layer = manifest.layers()[0].digest.clone();
    let repository = registry.name(repository).parse().expect("this is a repository");
    let bundle: Value = serde_json::from_slice(&registry.blob(&repository, &layer)).expect("a bundle is JSON");
    let payload = bundle["dsseEnvelope"]["payload"].as_str().expect("a text");
    let payload = STANDARD.decode(payload).expect("it is base64");
    (serde_json::from_slice(&payload).expect("a statement is JSON"), layer)
}

#[test]
fn one_statement_is_about_all_signatures_and_each_refers_to_one_bundle() {
    let (registry, user) = (Registry::open(), signer());
    let digest = push(&user, &registry, "app:v1", "hello");
    let name = registry.name("app:v1");
    run(&user, &format!("{SIGN} --format both -a n=1 {name}"));
    let bundle = referrers(&registry, "app", &digest)[0].digest.clone();
    let sig = registry
        .manifest(&signature_tag(&registry, "app", &digest))
        .expect("it is signed");
    let outcome = run(&user, &format!("{COUNTERSIGN} -a who=qa {name}"));
    let of = |subject: &str| {
        let found = referrers(&registry, "app", subject);
        let found: Vec<_> = found.iter().filter(|found| found.digest != bundle).collect();
        assert_eq!(found.len(), 1, "{subject}: {found:?}");
        found[0].digest.clone()
    };
    let counters = [of(bundle.as_str()), of(sig.digest().as_str()), of(&digest)];
    let (stated, blob) = statement(&registry, "app", &counters[0]);
    let subject = |digest: &str| {
        json!({"digest": {"sha256": digest.trim_start_matches("sha256:")}, "annotations": {
            "countersign.count": "2", "countersign.root": &*format!("sha256:{}", image_hex(&registry)),
            "sig": "counter", "who": "qa"}})
    };
    assert_eq!(
        stated,
        json!({
            "_type": "https://in-toto.io/Statement/v1",
            "subject": [subject(bundle.as_str()), subject(sig.digest().as_str()), subject(&digest)],
            "predicateType": "https://sigstore.dev/cosign/sign/v1",
            "predicate": {},
        })
    );
    for counter in &counters[1..] {
        assert_eq!(statement(&registry, "app", counter).1, blob);
    }
    // the signature manifest is kept, whatever the next signer does
    let start: String = sig.digest().hex().chars().take(12).collect();
    let kept = format!("app:{}.sig-{start}", digest.replace(':', "-"));
    assert_eq!(manifest(&registry, &kept).digest(), sig.digest());
    assert!(
        outcome.stderr.contains(&format!("Tagged {} as ", sig.digest())),
        "{outcome}"
    );
    for subject in [bundle.to_string(), sig.digest().to_string(), digest] {
        let name = registry.name(&format!("app@{subject}"));
        let verified = run(
            &user,
            &format!("verify --key b.pub --insecure-ignore-tlog -a sig=counter {name}"),
        );
        assert!(verified.text().contains(&subject), "{verified}");
    }
}

fn image_hex(registry: &Registry) -> String {
    manifest(registry, "app:v1").digest().hex().to_owned()
}

#[test]
fn in_the_tags_format_each_manifest_is_signed_and_the_image_is_not() {
    let (registry, user) = (Registry::open(), signer());
    let digest = push(&user, &registry, "app:v1", "hello");
    let name = registry.name("app:v1");
    run(&user, &format!("{SIGN} {LEGACY} {name}"));
    let sig = registry
        .manifest(&signature_tag(&registry, "app", &digest))
        .expect("it is signed");
    run(&user, &format!("{COUNTERSIGN} {LEGACY} --name mysignature {name}"));
    assert_eq!(manifest(&registry, "app:mysignature").digest(), sig.digest());
    let written = payloads(&registry, "app", sig.digest().as_str());
    assert_eq!(written.len(), 1);
    assert!(written[0].contains(r#""sig":"counter""#), "{}", written[0]);
    // what is countersigned is still what the tag has
    assert_eq!(layers(&registry, "app", &digest), 1);
    let chain = format!("{VERIFY} --require-countersign key=b.pub {name}");
    assert_eq!(user.run(&chain).exit, 0);
}

#[test]
fn the_walk_by_hand_ends_in_the_same_chain() {
    let (registry, user) = (Registry::open(), signer());
    push(&user, &registry, "app:v1", "hello");
    let name = registry.name("app:v1");
    run(&user, &format!("{SIGN} {LEGACY} -a sig=original {name}"));
    let triangulated = run(&user, &format!("triangulate {name}"));
    run(&user, &format!("tag {} mysignature", triangulated.text().trim()));
    let signature = registry.name("app:mysignature");
    let counter = format!("sign --key b.key --tlog-upload=false {LEGACY} -a sig=counter {signature}");
    run(&user, &counter);
    let verified = run(&user, &format!("verify --key b.pub --insecure-ignore-tlog {signature}"));
    assert!(verified.text().contains(r#""sig":"counter""#), "{verified}");
    run(
        &user,
        &format!("{VERIFY} --require-countersign name=qa,key=b.pub {name}"),
    );
}

#[test]
fn what_does_not_count_is_not_countersigned() {
    let (registry, user) = (Registry::open(), signer());
    let digest = push(&user, &registry, "app:v1", "hello");
    let name = registry.name("app:v1");
    run(&user, &format!("{SIGN} {name}"));
    let bundle = referrers(&registry, "app", &digest)[0].digest.clone();
    let by = "sign --key b.key --tlog-upload=false --countersign";
    let wrong = user.run(&format!(
        "{by} --countersign-signer key=b.pub --insecure-ignore-tlog {name}"
    ));
    assert_eq!(wrong.exit, 12, "{wrong}");
    let nothing_logged = user.run(&format!(
        "{by} --countersign-signer key=a.pub --trusted-root r.json {name}"
    ));
    assert_eq!(nothing_logged.exit, 1, "{nothing_logged}");
    user.write("p.yaml", "version: 1\nsigners: [{key: b.pub}]\nlogs: 0\n");
    let denied = user.run(&format!("{by} --countersign-policy p.yaml {name}"));
    assert_eq!(denied.exit, 12, "{denied}");
    assert_eq!(referrers(&registry, "app", bundle.as_str()).len(), 0);
    user.write("p.yaml", "version: 1\nsigners: [{key: a.pub}]\nlogs: 0\n");
    run(&user, &format!("{by} --countersign-policy p.yaml {name}"));
    assert_eq!(referrers(&registry, "app", bundle.as_str()).len(), 1);
    // by then b has signed the image too, and that is a countersignature
    let again = run(&user, &format!("{by} --countersign-unverified {name}"));
    assert!(again.stderr.contains("whatever is attached is signed"), "{again}");
    assert_eq!(again.stderr.matches("Countersigning ").count(), 1, "{again}");
}

#[test]
fn a_list_says_which_signatures_are_countersigned() {
    let (registry, user) = (Registry::open(), signer());
    let digest = push(&user, &registry, "app:v1", "hello");
    let name = registry.name("app:v1");
    for number in 1..=2 {
        run(&user, &format!("{SIGN} -a n={number} {name}"));
    }
    let signatures = referrers(&registry, "app", &digest);
    let listed = COUNTERSIGN.replace("--countersign ", &format!("--countersign={} ", signatures[1].digest));
    run(&user, &format!("{listed} {name}"));
    assert_eq!(referrers(&registry, "app", signatures[0].digest.as_str()).len(), 0);
    assert_eq!(referrers(&registry, "app", signatures[1].digest.as_str()).len(), 1);
    let absent = COUNTERSIGN.replace("--countersign ", &format!("--countersign={digest} "));
    let absent = user.run(&format!("{absent} {name}"));
    assert_eq!(absent.exit, 1, "{absent}");
    assert!(
        absent.stderr.contains(&format!("{digest} is no signature of ")),
        "{absent}"
    );
    let two = user.run(&format!("{COUNTERSIGN} --name x {name}"));
    assert!(
        two.stderr
            .contains("--name is for one signature, and 2 are countersigned"),
        "{two}"
    );
}

#[test]
fn a_tag_that_keeps_something_else_is_not_moved() {
    let (registry, user) = (Registry::open(), signer());
    push(&user, &registry, "app:v1", "hello");
    let other = push(&user, &registry, "app:taken", "other");
    let name = registry.name("app:v1");
    run(&user, &format!("{SIGN} {LEGACY} {name}"));
    let taken = user.run(&format!("{COUNTERSIGN} --name taken {name}"));
    assert_eq!(taken.exit, 1, "{taken}");
    assert!(
        taken.stderr.contains(&format!("app:taken has {other}, expected ")),
        "{taken}"
    );
    assert_eq!(manifest(&registry, "app:taken").digest().as_str(), other);
}

#[test]
fn flags_that_would_be_passed_over_are_refused() {
    let user = signer();
    for (flags, expected) in [
        ("--countersign", "pass one of --countersign-signer"),
        (
            "--countersign --countersign-unverified --countersign-policy p.yaml",
            "pass one of --countersign-signer",
        ),
        ("--countersign=x --countersign-unverified", "--countersign: \"x\""),
        (
            "--countersign --countersign-unverified -r",
            "--recursive and --countersign exclude",
        ),
        (
            "--countersign --countersign-unverified --skip-existing",
            "--skip-existing and --countersign exclude",
        ),
        (
            "--countersign --countersign-unverified --format both --output-payload p",
            "a file has no place for them",
        ),
    ] {
        let outcome = user.run(&format!("{SIGN} {flags} registry.example/app:v1"));
        assert_eq!(outcome.exit, 1, "{flags}: {outcome}");
        assert!(outcome.stderr.contains(expected), "{flags}: {outcome}");
    }
    for flags in ["--countersign-unverified", "--name x", "--countersign-signer key=a.pub"] {
        let outcome = user.run(&format!("{SIGN} {flags} registry.example/app:v1"));
        assert_eq!(outcome.exit, 1, "{flags}: {outcome}");
        assert!(outcome.stderr.contains("countersign"), "{flags}: {outcome}");
    }
}
