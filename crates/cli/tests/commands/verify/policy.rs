//! Policy files, for images.

use crate::registry::Registry;
use crate::signing::{push, signer};

const BOTH: &str = "
version: 1
signers: [{name: alice, key: a.pub}, {name: bob, key: b.pub}]
threshold: 2
logs: 0
";

#[test]
fn so_many_must_have_signed_in_whatever_format() {
    let (user, registry) = (signer(), Registry::open());
    let digest = push(&user, &registry, "app:v1", "hello");
    let image = registry.name(&format!("app@{digest}"));
    user.write("p.yaml", BOTH);
    let verify = format!("verify --trust-policy p.yaml {image}");
    let unsigned = user.run(&verify);
    assert_eq!(unsigned.exit, 10, "{unsigned}");
    for format in ["", "--new-bundle-format=false"] {
        let line = format!("sign --key a.key --tlog-upload=false {format} {image}");
        assert_eq!(user.run(&line).exit, 0);
    }
    let one = user.run(&verify);
    assert_eq!(one.exit, 12, "{one}");
    assert!(one.stderr.contains("too few signers of"), "{one}");
    assert!(
        one.stderr
            .contains("1 of the signers have signed (alice), expected 2; there is no signature by bob"),
        "{one}"
    );
    let second = user.run(&format!("sign --key b.key --tlog-upload=false {image}"));
    assert_eq!(second.exit, 0, "{second}");
    let both = user.run(&verify);
    assert_eq!(both.exit, 0, "{both}");
    user.write("p.yaml", format!("{BOTH}deny: {{digests: ['{digest}']}}\n"));
    let denied = user.run(&verify);
    assert_eq!(denied.exit, 12, "{denied}");
    assert!(
        denied.stderr.contains(&format!("policy denies the artifact {digest}")),
        "{denied}"
    );
}

#[test]
fn attestations_of_an_image_have_signers_too() {
    let (user, registry) = (signer(), Registry::open());
    let digest = push(&user, &registry, "app:v1", "hello");
    let image = registry.name(&format!("app@{digest}"));
    user.write("p.yaml", BOTH);
    user.write("claim.json", "{}");
    let verify = format!("verify-attestation --type https://t.example --trust-policy p.yaml {image}");
    for (key, exit) in [("a", 12), ("b", 0)] {
        let line = format!(
            "attest --key {key}.key --tlog-upload=false --type https://t.example --predicate claim.json {image}"
        );
        assert_eq!(user.run(&line).exit, 0);
        let outcome = user.run(&verify);
        assert_eq!(outcome.exit, exit, "{outcome}");
    }
}
