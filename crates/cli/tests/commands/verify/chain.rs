//! `verify --chain`: what counts as a countersignature, and each way to pretend one.

use countersign::attachment::referrer::{Content, referrer};
use countersign_core::chain::ROOT_ANNOTATION;
use countersign_core::payload::statement::SIGN_PREDICATE_TYPE;
use countersign_core::{Digest, Secret};
use countersign_oci::manifest::{Descriptor, Manifest};
use countersign_oci::store::Condition;
use countersign_oci::{Reference, Store, Upload, media_type};
use serde_json::{Value, json};
use snapbox::str;

use crate::assert_outcome;
use crate::harness::{Outcome, User};
use crate::registry::Registry;
use crate::sign::countersign::COUNTERSIGN;
use crate::signing::{LEGACY, SIGN, VERIFY, key, push, push_manifest, referrers, signature_tag, signer};

/// Asks for a countersignature by `b`.
const BY_B: &str = "verify --key a.pub --insecure-ignore-tlog --require-countersign name=qa,key=b.pub";

pub(super) struct World {
    pub(super) registry: Registry,
    pub(super) user: User,
    pub(super) digest: String,
    pub(super) name: String,
}

/// An image that `a` has signed.
pub(super) fn world(format: &str) -> World {
    let (registry, user) = (Registry::open(), signer());
    let sealed = key(3).seal(&Secret::new(b"pw".to_vec()), [3; 32], [5; 24]);
    user.write("c.key", sealed.expect("there is memory").expose());
    user.write("c.pub", key(3).public_key().to_pem());
    let digest = push(&user, &registry, "app:v1", "hello");
    let name = registry.name("app:v1");
    let world = World {
        registry,
        user,
        digest,
        name,
    };
    world.run(&format!("{SIGN} --format {format} {}", world.name));
    world
}

impl World {
    pub(super) fn run(&self, line: &str) -> Outcome {
        let outcome = self.user.run(line);
        assert_eq!(outcome.exit, 0, "{line}: {outcome}");
        outcome
    }

    #[track_caller]
    pub(super) fn refused(&self, line: &str, reasons: &[&str]) -> Outcome {
        let outcome = self.user.run(line);
        assert_eq!(outcome.exit, 12, "{line}: {outcome}");
        for reason in reasons {
            assert!(outcome.stderr.contains(reason), "{reason}: {outcome}");
        }
        outcome
    }

    pub(super) fn at(&self, digest: impl std::fmt::Display) -> String {
        self.registry.name(&format!("app@{digest}"))
    }

    /// The only manifest that refers to `digest`.
    pub(super) fn only(&self, digest: impl std::fmt::Display) -> Digest {
        let found = referrers(&self.registry, "app", &digest.to_string());
        assert_eq!(found.len(), 1, "{digest}: {found:?}");
        found[0].digest.clone()
    }

    fn manifest(&self, digest: &Digest) -> Manifest {
        let name = self.at(digest).parse().expect("this is a name");
        self.registry.manifest(&name).expect("it is there")
    }

    /// Attaches the bundle that `from` holds to something else.
    fn replay(&self, from: &Digest, to: &Digest) -> Digest {
        let (from, subject) = (self.manifest(from), self.manifest(to).descriptor());
        let repository = self.registry.name("app").parse().expect("this is a repository");
        let bundle = self.registry.blob(&repository, &from.layers()[0].digest);
        let now = "2026-11-22T12:00:00Z".parse().expect("this is a time");
        let made = referrer(&subject, bundle, Content::DsseEnvelope, SIGN_PREDICATE_TYPE, now).expect("it is small");
        let client = self.registry.client();
        self.registry.wait(async {
            let empty = Upload::bytes("{}");
            for blob in [&empty, &made.bundle] {
                client.push_blob(&repository, blob).await.expect("it is taken");
            }
            let name = repository.digest(made.manifest.digest().clone());
            let pushed = client.push_manifest(&name, &made.manifest, Condition::Always);
            pushed.await.expect("it is taken");
        });
        made.manifest.digest().clone()
    }

    /// Says under the fallback tag of `of` that these refer to it.
    fn lie(&self, of: impl std::fmt::Display, entries: &[Descriptor]) {
        let tag = format!("app:{}", of.to_string().replace(':', "-"));
        let tag: Reference = self.registry.name(&tag).parse().expect("this is a name");
        let index = json!({"schemaVersion": 2, "mediaType": media_type::OCI_INDEX, "manifests": entries});
        push_manifest(&self.registry, &tag, &index, media_type::OCI_INDEX);
    }
}

#[test]
fn the_tree_says_who_signed_what() {
    let world = world("bundle");
    world.run(&format!("{COUNTERSIGN} {}", world.name));
    let outcome = world.run(&format!("{BY_B} {}", world.name));
    assert_outcome!(
        outcome.redacted(world.registry.host()).hiding_digests(),
        str![[r#"

[{"critical":{"identity":{"docker-reference":"REGISTRY/app:v1"},"image":{"docker-manifest-digest":"DIGEST"},"type":"https://sigstore.dev/cosign/sign/v1"},"optional":{}}]
--- stderr
WARNING: Skipping tlog verification is an insecure practice that lacks transparency and auditability verification for the signature.

Verification for REGISTRY/app:v1 --
The following checks were performed on each of these signatures:
  - The cosign claims were validated
  - The signatures were verified against the specified public key
Also attached, and not counted:
  referrer DIGEST: signature does not verify with key /RENMB0vB33hQUuPmfRBsUA/qyB7IFL70sBl5O6OfcI= (the bundle names key "R96ljqAPrpQX7hnXZ1W/72kImQIRMu/7BP4fnk8MgFk="): signature is not this ed25519 key's over these bytes
Who signed what:
DIGEST
├── signature DIGEST: verified, by key /RENMB0vB33hQUuPmfRBsUA/qyB7IFL70sBl5O6OfcI=
│   └── countersignature DIGEST: verified, by key R96ljqAPrpQX7hnXZ1W/72kImQIRMu/7BP4fnk8MgFk=
└── countersignature DIGEST: not counted
Signature DIGEST is countersigned by qa.
--- exit 0

"#]]
    );
}

#[test]
fn for_programs_there_are_the_edges() {
    let world = world("bundle");
    world.run(&format!("{COUNTERSIGN} {}", world.name));
    let outcome = world.run(&format!("{BY_B} -o json {}", world.name));
    let object: Value = serde_json::from_slice(&outcome.stdout).expect("it is JSON");
    let chain = &object["images"][0]["chain"];
    let signature = object["images"][0]["signatures"][0]["place"].as_str().expect("a text");
    let signature = signature.strip_prefix("referrer ").expect("a referrer");
    assert_eq!(chain["truncated"], false);
    assert_eq!(
        chain["countersigned"],
        json!([{"signature": signature, "by": ["qa"], "depth": 2}])
    );
    let edges = chain["edges"].as_array().expect("there are edges");
    let b = key(2).public_key().hint();
    let counter = json!({
        "parent": signature, "digest": world.only(signature), "kind": "countersignature", "depth": 2, "verified": true,
        "signers": [format!("key {b}")], "signedAt": null, "older": false, "refused": [],
    });
    assert!(edges.contains(&counter), "{chain:#}");
    assert_eq!(edges.len(), 3, "{chain:#}");
}

#[test]
fn without_a_countersignature_the_signature_is_named_and_who_is_missing() {
    let world = world("bundle");
    let signature = world.only(&world.digest);
    let outcome = world.refused(&format!("{BY_B} {}", world.name), &[]);
    let expected = [
        format!(
            "Error: no matching signatures: those of {}@{} are not countersigned",
            world.registry.name("app"),
            world.digest
        ),
        format!("  caused by: signature {signature} is not countersigned by enough"),
        "  caused by: 0 of the signers have signed (none), expected 1; there is no signature by qa".to_owned(),
    ];
    for line in expected {
        assert!(outcome.stderr.lines().any(|found| found == line), "{line}: {outcome}");
    }
}

#[test]
fn a_second_signer_in_the_tags_format_orphans_the_countersignature() {
    let world = world("legacy");
    world.run(&format!("{COUNTERSIGN} {LEGACY} --name mysignature {}", world.name));
    world.run(&format!("{BY_B} {}", world.name));
    world.run(&format!("sign --key c.key --tlog-upload=false {LEGACY} {}", world.name));
    let now = world
        .registry
        .manifest(&signature_tag(&world.registry, "app", &world.digest));
    let now = now.expect("it is signed").digest().clone();
    let reason = format!("signature {now} is not countersigned by enough");
    world.refused(&format!("{BY_B} {}", world.name), &[&reason]);
    // what was signed is still there, under its name
    let kept = world.registry.name("app:mysignature");
    world.run(&format!("verify --key b.pub --insecure-ignore-tlog {kept}"));
}

#[test]
fn a_countersignature_of_another_images_signature_counts_for_nothing() {
    let world = world("bundle");
    let other = push(&world.user, &world.registry, "app:other", "other");
    world.run(&format!("{SIGN} {}", world.at(&other)));
    let other_signature = world.only(&other);
    world.run(&format!("{COUNTERSIGN} {}", world.at(&other)));
    let counter = world.only(&other_signature);
    let signature = world.only(&world.digest);
    // as it is, listed where it does not belong
    world.lie(&signature, &[world.manifest(&counter).descriptor()]);
    let reason = format!("  referrer {counter}: refers to {other_signature}, expected {signature}");
    world.refused(&format!("{BY_B} {}", world.name), &[&reason]);
    // and with a manifest that says it belongs there
    let replayed = world.replay(&counter, &signature);
    let reason = format!("  referrer {replayed}: signed digest is {other_signature}, {other}, expected {signature}");
    world.refused(&format!("{BY_B} {}", world.name), &[&reason]);
}

#[test]
fn one_of_three_is_any_and_not_all() {
    let world = world("bundle");
    for number in 2..=3 {
        world.run(&format!("{SIGN} -a n={number} {}", world.name));
    }
    let signatures = referrers(&world.registry, "app", &world.digest);
    assert_eq!(signatures.len(), 3);
    let one = COUNTERSIGN.replace("--countersign ", &format!("--countersign={} ", signatures[1].digest));
    world.run(&format!("{one} {}", world.name));
    world.run(&format!("{BY_B} --countersign-covers any {}", world.name));
    world.refused(&format!("{BY_B} {}", world.name), &["is not countersigned by enough"]);
    world.run(&format!("{COUNTERSIGN} {}", world.name));
    world.run(&format!("{BY_B} --countersign-covers all {}", world.name));
}

#[test]
fn so_many_of_the_countersigners_must_have_signed() {
    let world = world("bundle");
    world.run(&format!("{COUNTERSIGN} {}", world.name));
    let two = format!("{BY_B} --require-countersign name=ciso,key=c.pub");
    let reason = "1 of the signers have signed (qa), expected 2; there is no signature by ciso";
    world.refused(&format!("{two} {}", world.name), &[reason]);
    world.run(&format!("{two} --countersign-threshold 1 {}", world.name));
    // whoever signs the countersignature witnesses what that witnesses
    let counter = world.only(world_signature(&world));
    world.run(&format!("sign --key c.key --tlog-upload=false {}", world.at(&counter)));
    world.run(&format!("{two} {}", world.name));
    // the holder of the key that signed is nobody else
    let same = format!("{VERIFY} --require-countersign key=a.pub {}", world.name);
    world.refused(&same, &["expected 1; there is no signature by key=a.pub"]);
}

/// The signature by `a`: what is beneath the image and no countersignature.
fn world_signature(world: &World) -> Digest {
    let mut found = referrers(&world.registry, "app", &world.digest);
    found.retain(|found| {
        let manifest = world.manifest(&found.digest);
        let repository = world.registry.name("app").parse().expect("this is a repository");
        let bundle = world.registry.blob(&repository, &manifest.layers()[0].digest);
        let bundle: Value = serde_json::from_slice(&bundle).expect("it is JSON");
        use base64::Engine as _;
        let payload = bundle["dsseEnvelope"]["payload"].as_str().expect("a text");
        let payload = base64::engine::general_purpose::STANDARD
            .decode(payload)
            .expect("base64");
        !String::from_utf8_lossy(&payload).contains(ROOT_ANNOTATION)
    });
    assert_eq!(found.len(), 1);
    found[0].digest.clone()
}

#[test]
fn limits_are_reached_and_then_it_is_not_known() {
    let world = world("bundle");
    let signature = world.only(&world.digest);
    let chain = format!("{BY_B} {}", world.name);
    // two levels down, by hand
    world.run(&format!(
        "sign --key c.key --tlog-upload=false {}",
        world.at(&signature)
    ));
    let middle = world.only(&signature);
    world.run(&format!("sign --key b.key --tlog-upload=false {}", world.at(&middle)));
    let through = format!("{BY_B} --require-countersign name=ciso,key=c.pub {}", world.name);
    world.run(&through);
    let unknown = |stop: &str| format!("  caused by: it is not known who countersigned {signature}: {stop}");
    for (flags, stop) in [
        ("--chain-depth 2", "nothing was looked for past 2 levels"),
        ("--chain-nodes 2", "2 manifests were looked at, and there are more"),
    ] {
        world.refused(&format!("{through} {flags}"), &[&unknown(stop)]);
    }
    // a stranger's link is not stepped over
    world.refused(&chain, &["is not countersigned by enough"]);
    for number in 1..=3 {
        let line = format!(
            "sign --key c.key --tlog-upload=false -a n={number} {}",
            world.at(&signature)
        );
        world.run(&line);
    }
    let stop = format!("4 manifests refer to {signature}, and 1 of them were looked at");
    world.refused(&format!("{chain} --chain-referrers 1"), &[&unknown(&stop)]);
    let small = world.user.run(&format!("{through} --chain-size 100"));
    assert_eq!(small.exit, 21, "{small}");
    assert!(
        small.stderr.contains("the limit is 100 bytes") || small.stderr.contains("100 bytes"),
        "{small}"
    );
    // enough is enough, wherever the walk stops
    world.run(&format!(
        "{VERIFY} --require-countersign key=c.pub --chain-depth 2 {}",
        world.name
    ));
}

#[test]
fn what_comes_back_to_itself_ends() {
    let world = world("bundle");
    let signature = world.only(&world.digest);
    world.run(&format!("{COUNTERSIGN} {}", world.name));
    let counter = world.only(&signature);
    let image = world.manifest(&world.digest.parse().expect("a digest"));
    let [one, two] = [&signature, &counter].map(|digest| world.manifest(digest).descriptor());
    world.lie(&world.digest, &[image.descriptor(), two.clone()]);
    world.lie(&counter, &[one, two, image.descriptor()]);
    world.run(&format!("{BY_B} {}", world.name));
    let tree = world.run(&format!("tree {}", world.name));
    assert!(tree.text().contains("see above"), "{tree}");
    let strict = format!("{VERIFY} --require-countersign name=ciso,key=c.pub {}", world.name);
    let reason = format!("  referrer {signature}: refers to {}, expected {counter}", world.digest);
    world.refused(&strict, &[&reason, "there is no signature by ciso"]);
}

#[test]
fn a_tag_may_point_anywhere_and_what_it_holds_must_be_about_the_image() {
    let world = world("legacy");
    world.run(&format!("{COUNTERSIGN} {LEGACY} {}", world.name));
    let other = push(&world.user, &world.registry, "app:other", "other");
    // the signature tag of another image, countersigned as it is
    let [tag, own] = [&other, &world.digest].map(|digest| signature_tag(&world.registry, "app", digest));
    let own = world.registry.manifest(&own).expect("it is signed");
    let client = world.registry.client();
    let pushed = client.push_manifest(&tag, &own, Condition::Always);
    world.registry.wait(pushed).expect("it is taken");
    let reason = format!("signed digest is {}, expected {other}", world.digest);
    world.refused(&format!("{BY_B} {}", world.at(&other)), &[&reason]);
    // and one whose manifest says that it is about something else
    let mut content: Value = serde_json::from_slice(own.bytes()).expect("it is JSON");
    let other_manifest = world.manifest(&other.parse().expect("a digest"));
    content["subject"] = serde_json::to_value(other_manifest.descriptor()).expect("it is JSON");
    let tag = signature_tag(&world.registry, "app", &world.digest);
    push_manifest(&world.registry, &tag, &content, own.media_type());
    let reason = format!("is attached to {}, and its manifest refers to {other}", world.digest);
    let nothing = "no signature that counts can be countersigned";
    world.refused(&format!("{BY_B} {}", world.name), &[&reason, nothing]);
}

#[test]
fn what_is_listed_and_not_there_counts_for_nothing() {
    let world = world("bundle");
    let signature = world.only(&world.digest);
    let gone = push(&world.user, &world.registry, "app:gone", "gone")
        .parse()
        .expect("a digest");
    let absent = world.manifest(&gone).descriptor();
    world.lie(&signature, std::slice::from_ref(&absent));
    let name: Reference = world.at(&gone).parse().expect("this is a name");
    let client = world.registry.client();
    world.registry.wait(client.delete(&name)).expect("it is taken away");
    let outcome = world.user.run(&format!("{BY_B} {}", world.name));
    // what cannot be read may be what is missing
    assert_eq!(outcome.exit, 21, "{outcome}");
    assert!(
        outcome.stderr.contains(&format!("  referrer {}: ", absent.digest)),
        "{outcome}"
    );
    world.run(&format!("{COUNTERSIGN} {}", world.name));
    let shown = world.run(&format!("{BY_B} {}", world.name));
    assert!(
        shown.stderr.contains(&format!("{}: not verified: ", absent.digest)),
        "{shown}"
    );
}

#[test]
fn a_policy_asks_for_countersigners() {
    let world = world("bundle");
    let policy = "version: 1\nsigners: [{key: a.pub}]\nlogs: 0\n\
                  countersigners: {signers: [{name: qa, key: b.pub}], covers: all}\n";
    world.user.write("p.yaml", policy);
    let verify = format!("verify --trust-policy p.yaml {}", world.name);
    world.refused(&verify, &["there is no signature by qa"]);
    world.run(&format!("{COUNTERSIGN} {}", world.name));
    let outcome = world.run(&verify);
    assert!(outcome.stderr.contains("is countersigned by qa."), "{outcome}");
    // nobody else passes over it
    world.user.write("blob", "blob");
    for line in [
        format!(
            "verify-attestation --trust-policy p.yaml --type slsaprovenance {}",
            world.name
        ),
        "verify-blob --trust-policy p.yaml --bundle blob blob".to_owned(),
        format!("{verify} --require-countersign key=b.pub"),
        format!("{verify} --check-claims=false"),
        format!("{verify} --signature blob --payload blob"),
    ] {
        let outcome = world.user.run(&line);
        assert_eq!(outcome.exit, 1, "{line}: {outcome}");
        assert!(
            outcome.stderr.contains("countersign") || outcome.stderr.contains("--chain"),
            "{line}: {outcome}"
        );
    }
}

#[test]
fn a_chain_of_three_survives_copy_save_and_load() {
    let world = world("both");
    world.run(&format!("{COUNTERSIGN} --format both {}", world.name));
    let counter = world.only(world_signature(&world));
    world.run(&format!("sign --key c.key --tlog-upload=false {}", world.at(&counter)));
    let chain =
        |name: &str| format!("{BY_B} --require-countersign name=ciso,key=c.pub --countersign-covers any {name}");
    world.run(&chain(&world.name));
    let copied = world.registry.name("far:v2");
    world.run(&format!("copy {} {copied}", world.name));
    world.run(&chain(&copied));
    world.run(&format!("save {} --dir layout", world.name));
    world.run(&chain("oci:layout"));
    let loaded = world.registry.name("loaded:v1");
    world.run(&format!("load {loaded} --dir layout"));
    world.run(&chain(&loaded));
}

#[test]
fn a_signer_in_a_flag_says_all_of_who_is_meant() {
    let world = world("bundle");
    for (signer, expected) in [
        (
            "b.pub",
            "\"b.pub\" is not known; expected key=KEY or identity=IDENTITY,issuer=ISSUER",
        ),
        ("key=", "key has no value"),
        ("name=x", "neither a key nor an identity is there"),
        ("identity=a@example.com", "issuer is missing"),
        ("issuer=https://issuer", "identity is missing"),
        ("key=b.pub,issuer=https://issuer", "a signer is a key or an identity"),
        ("identity=a,identity=b,issuer=c", "identity is there twice"),
        (
            "identity=a,identityRegexp=b,issuer=c",
            "identity and identityRegexp exclude each other",
        ),
        ("identityRegexp=(,issuer=c", "identityRegexp: "),
    ] {
        let outcome = world
            .user
            .run(&format!("{VERIFY} --require-countersign {signer} {}", world.name));
        assert_eq!(outcome.exit, 1, "{signer}: {outcome}");
        assert!(outcome.stderr.contains(expected), "{signer}: {outcome}");
    }
    for (flags, expected) in [
        (
            "--chain-depth 3",
            "--chain-depth bounds what --chain and --require-countersign look at",
        ),
        ("--countersign-threshold 1", "require-countersign"),
        (
            "--require-countersign key=b.pub --countersign-threshold 2",
            "threshold is 2, and there are 1 signers",
        ),
        (
            "--require-countersign key=b.pub --require-countersign name=x,key=b.pub",
            "are the same",
        ),
        ("--chain --check-claims=false", "not with --check-claims=false"),
    ] {
        let outcome = world.user.run(&format!("{VERIFY} {flags} {}", world.name));
        assert_eq!(outcome.exit, 1, "{flags}: {outcome}");
        assert!(outcome.stderr.contains(expected), "{flags}: {outcome}");
    }
}
