use countersign_core::Digest;
use serde_json::{Value, json};
use snapbox::str;

use crate::assert_outcome;
use crate::harness::User;
use crate::registry::Registry;
use crate::sign::countersign::COUNTERSIGN;
use crate::sign::index::push_buildkit;
use crate::signing::{SIGN, push, referrers, signature_tag, signer};

fn pushed(registry: &Registry) -> User {
    let user = User::new().with_key("cosign");
    user.write("hello.txt", "hello\n");
    let outcome = user.run(&format!("push {} hello.txt", registry.name("app:v1")));
    assert_eq!(outcome.exit, 0, "{}", outcome.stderr);
    user
}

#[test]
fn an_image_without_attachments_says_so() {
    let registry = Registry::open();
    let outcome = pushed(&registry).run(&format!("tree {}", registry.name("app:v1")));
    assert_outcome!(
        outcome.redacted(registry.host()),
        str![[r#"
📦 Supply Chain Security Related artifacts for an image: REGISTRY/app:v1
No Supply Chain Security Related Artifacts found for image REGISTRY/app:v1,
 start creating one with simply running$ countersign sign <img>
--- stderr
Nothing listed here is verified; countersign verify does that.
--- exit 0

"#]]
    );
}

#[test]
fn both_formats_are_shown_in_a_stable_order() {
    let registry = Registry::open();
    let user = pushed(&registry);
    let name = registry.name("app:v1");
    let line = format!("sign -y --key cosign.key --tlog-upload=false --format both {name}");
    let signed = user.run(&line);
    assert_eq!(signed.exit, 0, "{}", signed.stderr);
    let first = user.run(&format!("tree {name}"));
    let text = String::from_utf8_lossy(&first.stdout).into_owned();
    let lines: Vec<&str> = text
        .lines()
        .map(|line| line.split(registry.host()).next().unwrap_or(line))
        .collect();
    snapbox::assert_data_eq!(
        lines[..2].join("\n"),
        snapbox::IntoData::raw(str![[r#"
📦 Supply Chain Security Related artifacts for an image: 
└── 🔐 Signatures for an image tag: 
"#]])
    );
    assert!(lines[2].starts_with("   └── 🍒 sha256:"), "{text}");
    assert_eq!(
        lines[3],
        "└── 🔗 https://sigstore.dev/cosign/sign/v1 artifacts via OCI referrer: "
    );
    assert_eq!(user.run(&format!("tree {name}")).stdout, first.stdout);
    assert!(first.stderr.contains("Nothing listed here is verified"));
}

#[test]
fn it_looks_in_the_repository_that_the_environment_names() {
    let registry = Registry::open();
    let user = signer().with_variable("COSIGN_REPOSITORY", &registry.name("signatures"));
    push(&user, &registry, "app:v1", "hello");
    let name = registry.name("app:v1");
    let signed = user.run(&format!("{SIGN} --format both {name}"));
    assert_eq!(signed.exit, 0, "{signed}");
    let there = user.run(&format!("tree {name}"));
    assert_outcome!(
        there.redacted(registry.host()).hiding_digests(),
        str![[r#"
📦 Supply Chain Security Related artifacts for an image: REGISTRY/app:v1
└── 🔐 Signatures for an image tag: REGISTRY/signatures:sha256-12855f31fb82d131741ee664ab601a6b88ef93e4857e74d6b89bc4ba58319849.sig
   └── 🍒 DIGEST
└── 🔗 https://sigstore.dev/cosign/sign/v1 artifacts via OCI referrer: REGISTRY/signatures@DIGEST
--- stderr
Nothing listed here is verified; countersign verify does that.
--- exit 0

"#]]
    );
    let beside = signer().run(&format!("tree {name}"));
    assert!(
        beside.text().contains("No Supply Chain Security Related Artifacts"),
        "{beside}"
    );
}

#[test]
fn as_json_it_is_one_object_with_what_is_attached_to_attachments() {
    let registry = Registry::open();
    let user = signer();
    let digest = push(&user, &registry, "app:v1", "hello");
    let name = registry.name("app:v1");
    assert_eq!(user.run(&format!("{SIGN} --format both {name}")).exit, 0);
    let bundle = referrers(&registry, "app", &digest)[0].digest.clone();
    let countersigned = registry.name(&format!("app@{bundle}"));
    assert_eq!(user.run(&format!("{SIGN} {countersigned}")).exit, 0);
    assert_eq!(user.run(&format!("{SIGN} --attachment signature {name}")).exit, 0);
    let outcome = user.run(&format!("tree -o json {name}"));
    assert_eq!((outcome.exit, outcome.stderr.as_str()), (0, ""));
    let object: Value = serde_json::from_slice(&outcome.stdout).expect("it is JSON");
    let kind = "https://sigstore.dev/cosign/sign/v1";
    let nothing = json!({"tags": [], "referrers": [], "complete": true});
    let sig = signature_tag(&registry, "app", &digest);
    let manifest = registry.manifest(&sig).expect("the tag is there");
    let beneath = |digest: &str| {
        json!({
            "tags": [], "complete": true, "referrers": [
                {"type": kind, "digest": referrers(&registry, "app", digest)[0].digest, "attached": nothing}
            ],
        })
    };
    assert_eq!(
        object,
        json!({
            "schemaVersion": 1,
            "verified": false,
            "image": name,
            "digest": digest,
            "repository": registry.name("app"),
            "complete": true,
            "tags": [{
                "kind": "signature",
                "name": sig.to_string(),
                "digest": manifest.digest(),
                "layers": [manifest.layers()[0].digest],
                "attached": beneath(manifest.digest().as_str()),
            }],
            "referrers": [{"type": kind, "digest": bundle, "attached": beneath(bundle.as_str())}],
        })
    );
    assert_eq!(user.run(&format!("tree -o json {name}")).stdout, outcome.stdout);
    let text = user.run(&format!("tree -o text {name}"));
    assert!(text.stderr.contains("Nothing listed here is verified"), "{text}");
}

#[test]
fn a_chain_of_referrers_is_followed_so_far_and_no_farther() {
    let registry = Registry::open();
    let user = signer();
    let mut digest = push(&user, &registry, "app:v1", "hello");
    let name = registry.name("app:v1");
    for _ in 0..9 {
        assert_eq!(
            user.run(&format!("{SIGN} {}", registry.name(&format!("app@{digest}"))))
                .exit,
            0
        );
        digest = referrers(&registry, "app", &digest)[0].digest.to_string();
    }
    let outcome = user.run(&format!("tree -o json {name}"));
    let mut node: Value = serde_json::from_slice(&outcome.stdout).expect("it is JSON");
    for _ in 0..8 {
        assert_eq!(node["complete"], true);
        node = node["referrers"][0]["attached"].take();
    }
    assert_eq!(node, json!({"tags": [], "referrers": [], "complete": false}));
}

#[test]
fn a_failure_as_json_is_an_object_too() {
    let registry = Registry::open();
    let outcome = User::new().run(&format!("tree -o json {}", registry.name("app:v1")));
    assert_eq!((outcome.exit, outcome.stderr.as_str()), (11, ""));
    let object: Value = serde_json::from_slice(&outcome.stdout).expect("it is JSON");
    assert_eq!(object["error"]["code"], "not-found");
}

#[test]
fn what_is_attached_to_attachments_is_beneath_them() {
    let registry = Registry::open();
    let user = signer();
    let digest = push(&user, &registry, "app:v1", "hello");
    let name = registry.name("app:v1");
    assert_eq!(user.run(&format!("{SIGN} --format both {name}")).exit, 0);
    let bundle = referrers(&registry, "app", &digest)[0].digest.clone();
    let countersigned = registry.name(&format!("app@{bundle}"));
    assert_eq!(user.run(&format!("{SIGN} {countersigned}")).exit, 0);
    assert_eq!(user.run(&format!("{SIGN} --attachment signature {name}")).exit, 0);
    let outcome = user.run(&format!("tree {name}"));
    assert_outcome!(
        outcome.redacted(registry.host()).hiding_digests(),
        str![[r#"
📦 Supply Chain Security Related artifacts for an image: REGISTRY/app:v1
└── 🔐 Signatures for an image tag: REGISTRY/app:sha256-12855f31fb82d131741ee664ab601a6b88ef93e4857e74d6b89bc4ba58319849.sig
   └── 🍒 DIGEST
   └── 🔗 https://sigstore.dev/cosign/sign/v1 artifacts via OCI referrer: REGISTRY/app@DIGEST
└── 🔗 https://sigstore.dev/cosign/sign/v1 artifacts via OCI referrer: REGISTRY/app@DIGEST
   └── 🔗 https://sigstore.dev/cosign/sign/v1 artifacts via OCI referrer: REGISTRY/app@DIGEST
--- stderr
Nothing listed here is verified; countersign verify does that.
--- exit 0

"#]]
    );
}

#[test]
fn an_index_is_shown_with_its_images_and_what_buildkit_keeps_beside_them() {
    let (registry, user) = (Registry::open(), signer());
    let [image, statements] = push_buildkit(&registry, &user, "application/vnd.in-toto+json");
    let name = registry.name("app:v1");
    assert_eq!(user.run(&format!("{SIGN} -r {name}")).exit, 0);
    let text = user.run(&format!("tree {name}"));
    for line in [
        format!("└── 🧩 linux/amd64: {}@{image}", registry.name("app")),
        format!(
            "└── 📜 BuildKit attestations of {image}: {}@{statements}",
            registry.name("app")
        ),
    ] {
        assert!(text.text().lines().any(|found| found == line), "{line}: {text}");
    }
    let object = user.run(&format!("tree -o json {name}"));
    let object: Value = serde_json::from_slice(&object.stdout).expect("it is JSON");
    let nothing = json!({"tags": [], "referrers": [], "complete": true});
    assert_eq!(
        object["manifests"][1],
        json!({"platform": "unknown/unknown", "attests": image, "digest": statements, "attached": nothing})
    );
    assert_eq!(
        object["manifests"][0]["attached"]["referrers"].as_array().map(Vec::len),
        Some(1)
    );
}

#[test]
fn the_graph_is_drawn_as_a_page_and_for_graphviz() {
    let (registry, user) = (Registry::open(), signer());
    let [image, statements] = push_buildkit(&registry, &user, "application/vnd.in-toto+json");
    let name = registry.name("app:v1");
    assert_eq!(user.run(&format!("{SIGN} -r --format both {name}")).exit, 0);
    let page = user.run(&format!("tree -o html {name}"));
    assert_eq!(page.exit, 0, "{page}");
    assert!(
        page.text().starts_with("<!doctype html>") && page.text().ends_with("</html>\n"),
        "{page}"
    );
    for (class, count) in [("a", 2), ("s", 4), ("t", 1)] {
        assert_eq!(
            page.text().matches(&format!("<g class=\"{class}\"")).count(),
            count,
            "{class}: {page}"
        );
    }
    for absent in ["<script", "href=", "src=", "url("] {
        assert!(!page.text().contains(absent), "{absent}: {page}");
    }
    assert!(
        page.text().contains(&image) && page.text().contains(&statements),
        "{page}"
    );
    let graph = user.run(&format!("tree -o dot {name}"));
    assert!(graph.text().contains("digraph evidence {"), "{graph}");
    assert_eq!(graph.text().matches(" -> ").count(), 6, "{graph}");
}

#[test]
fn a_countersignature_is_told_from_a_signature_on_the_image_itself_too() {
    let (registry, user) = (Registry::open(), signer());
    let digest = push(&user, &registry, "app:v1", "hello");
    let name = registry.name("app:v1");
    assert_eq!(user.run(&format!("{SIGN} {name}")).exit, 0);
    let signature = referrers(&registry, "app", &digest)[0].digest.clone();
    assert_eq!(user.run(&format!("{COUNTERSIGN} {name}")).exit, 0);
    let found = referrers(&registry, "app", &digest);
    let counter = found
        .iter()
        .find(|found| found.digest != signature)
        .expect("there are two");
    let page = user.run(&format!("tree -o html {name}"));
    for (class, count) in [("s", 1), ("c", 2)] {
        let found = page.text().matches(&format!("<g class=\"{class}\"")).count();
        assert_eq!(found, count, "{class}: {page}");
    }
    let text = user.run(&format!("tree {name}"));
    let line = |kind: &str, digest: &Digest| {
        format!(
            "└── 🔗 https://sigstore.dev/cosign/sign/v1{kind} artifacts via OCI referrer: {}@{digest}",
            registry.name("app")
        )
    };
    for expected in [line("", &signature), line(" (countersignature)", &counter.digest)] {
        assert!(text.text().lines().any(|found| found == expected), "{expected}: {text}");
    }
    let json = user.run(&format!("tree -o json {name}"));
    let json: Value = serde_json::from_slice(&json.stdout).expect("it is JSON");
    for referrer in json["referrers"].as_array().expect("a list") {
        let expected = (referrer["digest"] != signature.as_str()).then_some(digest.as_str());
        assert_eq!(referrer["countersigns"].as_str(), expected, "{json:#}");
    }
}
