use serde_json::Value;
use snapbox::str;

use super::{TAGS_SIGN, done, point, signer, two_images};
use crate::assert_outcome;

const STATUS: &str = "tags status --key a.pub --insecure-ignore-tlog";

#[test]
fn every_tag_of_a_repository_is_listed_with_what_is_said_of_it() {
    let user = signer();
    let (registry, one, two) = two_images(&user);
    let name = registry.name("app:v1");
    done(&user, &format!("{TAGS_SIGN} {name}"));
    point(&user, &registry, "old", &one);
    done(&user, &format!("{TAGS_SIGN} --ttl 1h {}", registry.name("app:old")));
    point(&user, &registry, "rolled", &one);
    done(&user, &format!("{TAGS_SIGN} {}", registry.name("app:rolled")));
    done(&user, &format!("{TAGS_SIGN} {}@{two}", registry.name("app:rolled")));
    let later = user.at("2026-11-22T13:00:00Z");
    let before = later.read("state/countersign/tags.json");
    let outcome = later.run(&format!("{STATUS} {}", registry.name("app")));
    let shown = outcome.redacted(registry.host()).hiding_digests();
    let columns: Vec<Vec<&str>> = shown
        .text()
        .lines()
        .map(|line| line.split_whitespace().take(4).collect())
        .collect();
    assert_eq!(
        columns,
        [
            ["TAG", "STATUS", "SEQUENCE", "EXPIRES"],
            ["REGISTRY/app:old", "tag-expired", "-", "-"],
            ["REGISTRY/app:rolled", "tag-rollback", "-", "-"],
            ["REGISTRY/app:two", "tag-not-signed", "-", "-"],
            ["REGISTRY/app:v1", "fresh", "1", "2026-11-29T12:00:00Z"],
        ],
        "{shown}"
    );
    assert_eq!(shown.exit, 0);
    // Nothing is remembered of what is only shown.
    assert_eq!(later.read("state/countersign/tags.json"), before);
    let outcome = done(&later, &format!("{STATUS} -o json {name}"));
    let object: Value = serde_json::from_slice(&outcome.stdout).expect("it is JSON");
    let tag = &object["tags"][0];
    assert_eq!(
        (&tag["sequence"], &tag["digest"], &tag["verified"]),
        (&1.into(), &one.into(), &true.into())
    );
    assert!(
        tag["signer"].as_str().is_some_and(|signer| signer.starts_with("key ")),
        "{tag}"
    );
}

#[test]
fn what_cannot_be_told_is_no_success() {
    let user = signer();
    assert_outcome!(
        user.run(&format!("{STATUS} --timeout 5s 127.0.0.1:1/app:v1")),
        str![[r#"
TAG                 STATUS          SEQUENCE  EXPIRES  DIGEST  SIGNED BY
127.0.0.1:1/app:v1  could-not-tell  -         -        -       -
--- stderr
WARNING: Skipping tlog verification is an insecure practice that lacks transparency and auditability verification for the signature.
--- exit 20

"#]]
    );
}
