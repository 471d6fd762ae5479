use snapbox::str;

use crate::assert_outcome;
use crate::harness::User;
use crate::registry::Registry;
use crate::signing::{SIGN, push, signer};

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
