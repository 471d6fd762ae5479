//! The attack table of docs/tags.md, row by row, and the checks.

use snapbox::str;

use super::{TAGS_SIGN, TAGS_VERIFY, assert_refused, done, point, remembering, signer, two_images, verified};
use crate::assert_outcome;
use crate::harness::User;
use crate::registry::Registry;
use crate::signing::{self, SIGN, push};

/// Somebody else, who has seen nothing yet.
fn client() -> User {
    remembering(signing::signer())
}

#[test]
fn what_is_believed_is_told_with_whose_word_the_time_is() {
    let user = signer();
    let (registry, _, _) = two_images(&user);
    let name = registry.name("app:v1");
    done(&user, &format!("{TAGS_SIGN} {name}"));
    let client = client().at("2026-11-22T13:00:00Z");
    let first = client.run(&format!("{TAGS_VERIFY} {name}"));
    assert_outcome!(
        first.redacted(registry.host()),
        str![[r#"
REGISTRY/app@sha256:b62f2499f688857d0819bf05e6ddee17a584fe83a8e61aa9c466aa98207e2b55
--- stderr
WARNING: Skipping tlog verification is an insecure practice that lacks transparency and auditability verification for the signature.

Verification for REGISTRY/app:v1 --
  - sequence 1, by key /RENMB0vB33hQUuPmfRBsUA/qyB7IFL70sBl5O6OfcI=
  - issued 2026-11-22T12:00:00Z, expires 2026-11-29T12:00:00Z
  - signed 2026-11-22T12:00:00Z by the signer's own word
  - first use: FOLDER/state/countersign/tags.json says nothing of the tag, so an older statement would be believed too
--- exit 0

"#]]
    );
    let second = client.run(&format!("{TAGS_VERIFY} {name}"));
    assert!(second.stderr.contains("\n  - sequence 1 was seen before\n"), "{second}");
}

#[test]
fn json_has_what_is_said_and_the_reason_of_a_refusal() {
    let user = signer();
    let (registry, one, _) = two_images(&user);
    let name = registry.name("app:v1");
    done(&user, &format!("{TAGS_SIGN} {name}"));
    let object = verified(&client(), &format!("{TAGS_VERIFY} {name}"));
    assert_eq!(object["name"], name);
    assert_eq!(object["digest"], one);
    assert_eq!(object["time"]["by"], "signer");
    assert_eq!(object["seen"], serde_json::Value::Null);
    let unsigned = registry.name("app:two");
    assert_refused(&client(), &format!("{TAGS_VERIFY} {unsigned}"), 10, "no-signature");
    let outcome = client().run(&format!("{TAGS_VERIFY} {unsigned} {name}"));
    assert_eq!(outcome.exit, 10, "{outcome}");
    assert!(outcome.text().ends_with(&format!("{one}\n")), "{outcome}");
}

#[test]
fn a_tag_at_another_signed_digest_is_refused() {
    let user = signer();
    let (registry, _, two) = two_images(&user);
    let name = registry.name("app:v1");
    done(&user, &format!("{TAGS_SIGN} {name} {}", registry.name("app:two")));
    done(&user, &format!("{SIGN} -a tag=v1 {}@{two}", registry.name("app")));
    point(&user, &registry, "v1", &two);
    assert_refused(&client(), &format!("{TAGS_VERIFY} {name}"), 30, "tag-not-signed");
    let outcome = client().run(&format!("{TAGS_VERIFY} {name}"));
    let host = registry.host();
    assert!(
        outcome
            .stderr
            .contains(&format!("it is about {host}/app:two, expected {host}/app:v1")),
        "{outcome}"
    );
    assert!(
        outcome.stderr.contains("it names a tag and has no annotation tag.spec"),
        "{outcome}"
    );
}

#[test]
fn the_same_tag_of_another_repository_is_refused() {
    let user = signer();
    let (registry, _, _) = two_images(&user);
    let (name, other) = (registry.name("app:v1"), registry.name("other:v1"));
    done(&user, &format!("{TAGS_SIGN} {name}"));
    done(&user, &format!("copy {name} {other}"));
    assert_refused(&client(), &format!("{TAGS_VERIFY} {other}"), 30, "tag-not-signed");
    done(
        &client(),
        &format!("{TAGS_VERIFY} --tag-repo {} {other}", registry.name("app")),
    );
}

#[test]
fn a_tag_that_is_rolled_back_is_refused_by_whoever_has_seen_more_and_by_all_once_it_expires() {
    let user = signer();
    let (registry, one, two) = two_images(&user);
    let name = registry.name("app:v1");
    done(&user, &format!("{TAGS_SIGN} {name}"));
    done(&user, &format!("{TAGS_SIGN} {name}@{two}"));
    point(&user, &registry, "v1", &two);
    let (client, verify) = (client(), format!("{TAGS_VERIFY} {name}"));
    done(&client, &verify);
    point(&user, &registry, "v1", &one);
    let outcome = client.run(&verify);
    assert_outcome!(
        outcome.redacted(registry.host()).hiding_digests(),
        str![[r#"
--- stderr
WARNING: Skipping tlog verification is an insecure practice that lacks transparency and auditability verification for the signature.
Error: REGISTRY/app:v1: the newest statement is 1, and 2 was seen before, of DIGEST
--- exit 32

"#]]
    );
    assert_refused(&client, &verify, 32, "tag-rollback");
    // Who has seen nothing believes it, for a week.
    let new = remembering(signing::signer());
    done(&new, &verify);
    assert_refused(&new.at("2026-11-29T12:00:00Z"), &verify, 31, "tag-expired");
}

#[test]
fn a_frozen_tag_is_refused_once_it_expires() {
    let user = signer();
    let (registry, _, _) = two_images(&user);
    let (name, verify) = (registry.name("app:v1"), TAGS_VERIFY);
    done(&user, &format!("{TAGS_SIGN} --ttl 1h {name}"));
    done(&user.clone().at("2026-11-22T12:59:59Z"), &format!("{verify} {name}"));
    let outcome = user.clone().at("2026-11-22T13:00:00Z").run(&format!("{verify} {name}"));
    assert_outcome!(
        outcome.redacted(registry.host()),
        str![[r#"
--- stderr
WARNING: Skipping tlog verification is an insecure practice that lacks transparency and auditability verification for the signature.
Error: REGISTRY/app:v1: sequence 1 expired 2026-11-22T13:00:00Z, and it is 2026-11-22T13:00:00Z
--- exit 31

"#]]
    );
}

#[test]
fn a_tag_or_a_signature_that_is_gone_is_refused() {
    let user = signer();
    let (registry, one, _) = two_images(&user);
    let name = registry.name("app:v1");
    done(&user, &format!("{TAGS_SIGN} {name}"));
    done(&client(), &format!("{TAGS_VERIFY} {name}"));
    done(&user, &format!("clean --force {name}"));
    assert_refused(&client(), &format!("{TAGS_VERIFY} {name}"), 10, "no-signature");
    assert_refused(
        &client(),
        &format!("{TAGS_VERIFY} {}", registry.name("app:none")),
        11,
        "not-found",
    );
    let of_digest = format!("{TAGS_VERIFY} {}@{one}", registry.name("app:none"));
    assert_refused(&client(), &of_digest, 10, "no-signature");
}

#[test]
fn a_statement_by_somebody_else_is_refused() {
    let user = signer();
    let (registry, _, _) = two_images(&user);
    let name = registry.name("app:v1");
    done(&user, &format!("{TAGS_SIGN} {name}").replace("a.key", "b.key"));
    assert_refused(&client(), &format!("{TAGS_VERIFY} {name}"), 12, "none-match");
}

/// A stolen key: what it signs cannot be told apart but for the time that others prove, and the number that jumps.
#[test]
fn a_stolen_key_cannot_date_what_it_signs_and_its_number_shows() {
    let user = signer();
    let (registry, _, _) = two_images(&user);
    let name = registry.name("app:v1");
    done(&user, &format!("{TAGS_SIGN} {name}"));
    let client = client();
    done(&client, &format!("{TAGS_VERIFY} {name}"));
    done(
        &user,
        &format!("{TAGS_SIGN} --issued 2026-11-20T12:00:00Z --seq 900 {name}"),
    );
    let verify = format!("{TAGS_VERIFY} {name}");
    assert_refused(&client, &format!("{verify} --require-timestamp"), 38, "tag-undated");
    let object = verified(&client, &verify);
    assert_eq!(
        (&object["sequence"], &object["seen"]["sequence"]),
        (&900.into(), &1.into())
    );
}

#[test]
fn a_statement_from_the_future_is_refused() {
    let user = signer();
    let (registry, _, _) = two_images(&user);
    let name = registry.name("app:v1");
    done(&user.clone().at("2026-11-22T12:06:00Z"), &format!("{TAGS_SIGN} {name}"));
    assert_refused(&client(), &format!("{TAGS_VERIFY} {name}"), 35, "tag-from-future");
    done(&client().at("2026-11-22T12:01:00Z"), &format!("{TAGS_VERIFY} {name}"));
}

#[test]
fn age_and_life_are_limited_where_asked() {
    let user = signer();
    let (registry, _, _) = two_images(&user);
    let name = registry.name("app:v1");
    done(&user, &format!("{TAGS_SIGN} {name}"));
    let later = client().at("2026-11-23T12:00:01Z");
    let verify = format!("{TAGS_VERIFY} {name}");
    assert_refused(&later, &format!("{verify} --max-age 1d"), 36, "tag-stale");
    assert_refused(&later, &format!("{verify} --max-ttl 6d"), 36, "tag-stale");
    done(&later, &format!("{verify} --max-age 25h --max-ttl 7d"));
}

#[test]
fn two_statements_of_one_number_are_refused() {
    let user = signer();
    let (registry, _, two) = two_images(&user);
    let (name, verify) = (registry.name("app:v1"), TAGS_VERIFY);
    done(&user, &format!("{TAGS_SIGN} --seq 5 {name}"));
    let client = client();
    done(&client, &format!("{verify} {name}"));
    // Another machine, with the same key, gives the same number to another image.
    point(&user, &registry, "v1", &two);
    done(&user, &format!("{TAGS_SIGN} --stateless --seq 5 {name}"));
    assert_refused(&client, &format!("{verify} {name}"), 34, "tag-equivocation");
    let other = remembering(signing::signer()).at("2026-11-22T12:00:09Z");
    push(&other, &registry, "app:third", "three");
    let third = registry.name("app:third");
    done(&other, &format!("{TAGS_SIGN} --stateless --seq 7 {third}"));
    let b = other.clone().at("2026-11-22T12:00:10Z");
    // As two machines would that know nothing of each other.
    done(
        &b,
        &format!(
            "{SIGN} -a tag=third,tag.repo={},tag.seq=7,tag.issued=2026-11-22T12:00:10Z,tag.expires=2026-11-29T12:00:10Z,tag.spec=1 {third}",
            registry.name("app")
        ),
    );
    assert_refused(&b, &format!("{verify} {third}"), 34, "tag-equivocation");
}

#[test]
fn a_clock_that_went_back_is_refused() {
    let user = signer();
    let (registry, _, _) = two_images(&user);
    let (name, client) = (registry.name("app:v1"), client());
    done(&user, &format!("{TAGS_SIGN} {name}"));
    done(
        &client.clone().at("2026-11-22T14:00:00Z"),
        &format!("{TAGS_VERIFY} {name}"),
    );
    done(
        &client.clone().at("2026-11-22T13:55:00Z"),
        &format!("{TAGS_VERIFY} {name}"),
    );
    let back = client.at("2026-11-22T13:54:59Z");
    assert_refused(&back, &format!("{TAGS_VERIFY} {name}"), 37, "clock-rolled-back");
}

#[test]
fn a_digest_that_is_given_is_the_one_that_is_judged() {
    let user = signer();
    let (registry, one, two) = two_images(&user);
    let name = registry.name("app:v1");
    done(&user, &format!("{TAGS_SIGN} {name}"));
    point(&user, &registry, "v1", &two);
    let object = verified(&client(), &format!("{TAGS_VERIFY} {name}@{one}"));
    assert_eq!(object["digest"], one);
}

#[test]
fn what_is_wrong_in_a_line_is_named() {
    let user = signer();
    let registry = Registry::open();
    for (line, expected) in [
        (TAGS_VERIFY.to_owned(), "requires at least 1 arg(s)"),
        (
            format!("{TAGS_VERIFY} --state s --stateless x:v1"),
            "cannot be used with",
        ),
        (
            format!("{TAGS_VERIFY} --max-age 7 {}", registry.name("a:b")),
            "invalid duration \"7\"",
        ),
        (
            format!("{TAGS_VERIFY} oci:layout:v1"),
            "image layout FOLDER/layout not found",
        ),
    ] {
        let outcome = user.run(&line);
        assert!(
            outcome.exit != 0 && outcome.stderr.contains(expected),
            "{line}\n{outcome}"
        );
    }
    let homeless = signing::signer();
    let (registry, _, _) = two_images(&homeless);
    done(
        &homeless,
        &format!("{TAGS_SIGN} --stateless {}", registry.name("app:v1")),
    );
    let outcome = homeless.run(&format!("{TAGS_VERIFY} {}", registry.name("app:v1")));
    assert!(
        outcome.stderr.contains("neither XDG_STATE_HOME nor HOME says where"),
        "{outcome}"
    );
}
