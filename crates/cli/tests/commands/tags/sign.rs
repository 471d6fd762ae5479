use serde_json::Value;
use snapbox::str;

use super::{TAGS_SIGN, TAGS_VERIFY, assert_refused, done, point, remembering, signer, two_images, verified};
use crate::assert_outcome;
use crate::harness::User;
use crate::registry::Registry;
use crate::signing::{self, LEGACY, VERIFY, push};

/// The annotations of the only signature of an image, as `verify` prints them.
fn annotations(user: &User, line: &str) -> Value {
    let outcome = done(user, line);
    let items: Value = serde_json::from_slice(&outcome.stdout).expect("it is JSON");
    items[0]["optional"].clone()
}

#[test]
fn a_statement_is_an_ordinary_signature_with_annotations_in_both_formats() {
    for flags in ["", LEGACY] {
        let user = signer();
        let (registry, one, _) = two_images(&user);
        let name = registry.name("app:v1");
        let outcome = done(&user, &format!("{TAGS_SIGN} {flags} -a env=prod {name}"));
        assert_outcome!(
            outcome.redacted(registry.host()),
            str![[r#"
REGISTRY/app@sha256:b62f2499f688857d0819bf05e6ddee17a584fe83a8e61aa9c466aa98207e2b55
--- stderr
REGISTRY/app:v1: nothing that was said before is known, so this is number 1; where there was something, pass --from or --seq
Signed that REGISTRY/app:v1 is sha256:b62f2499f688857d0819bf05e6ddee17a584fe83a8e61aa9c466aa98207e2b55: sequence 1, expires 2026-11-29T12:00:00Z
--- exit 0

"#]]
        );
        let found = annotations(&user, &format!("{VERIFY} -a tag=v1,tag.seq=1 {name}"));
        let expected = serde_json::json!({
            "env": "prod",
            "tag": "v1",
            "tag.repo": registry.name("app"),
            "tag.seq": "1",
            "tag.issued": "2026-11-22T12:00:00Z",
            "tag.expires": "2026-11-29T12:00:00Z",
            "tag.spec": "1",
        });
        assert_eq!(found, expected);
        let object = verified(&user, &format!("{TAGS_VERIFY} {name}"));
        assert_eq!(object["digest"], one);
        assert_eq!(object["sequence"], 1);
    }
}

#[test]
fn numbers_grow_with_the_state_with_the_digest_and_with_from() {
    let user = signer();
    let (registry, one, two) = two_images(&user);
    let name = registry.name("app:v1");
    done(&user, &format!("{TAGS_SIGN} {name}"));
    done(&user, &format!("{TAGS_SIGN} {name}"));
    point(&user, &registry, "v1", &two);
    done(&user, &format!("{TAGS_SIGN} {name}"));
    let object = verified(&user, &format!("{TAGS_VERIFY} {name}"));
    assert_eq!(
        (&object["sequence"], &object["digest"]),
        (&3.into(), &two.clone().into())
    );
    // Another machine knows nothing, and finds what is beside the digest that it signs or is told of.
    let other = remembering(signing::signer());
    done(&other, &format!("{TAGS_SIGN} --stateless {name}"));
    assert_eq!(verified(&user, &format!("{TAGS_VERIFY} {name}"))["sequence"], 4);
    let third = push(&user, &registry, "app:v1", "three");
    done(
        &other,
        &format!("{TAGS_SIGN} --stateless --from {one} --from {two} {name}"),
    );
    let object = verified(&user, &format!("{TAGS_VERIFY} {name}"));
    assert_eq!((&object["sequence"], &object["digest"]), (&5.into(), &third.into()));
}

#[test]
fn each_statement_names_the_one_before_it() {
    let user = signer();
    let (registry, _, two) = two_images(&user);
    let name = registry.name("app:v1");
    done(&user, &format!("{TAGS_SIGN} {name}"));
    let state: Value = serde_json::from_slice(&user.read("state/countersign/tags.json")).expect("it is JSON");
    let first = state["tags"][&name]["statement"].clone();
    point(&user, &registry, "v1", &two);
    done(&user, &format!("{TAGS_SIGN} {name}"));
    assert_eq!(annotations(&user, &format!("{VERIFY} {name}"))["tag.prev"], first);
}

#[test]
fn a_digest_is_signed_before_the_tag_has_it() {
    let user = signer();
    let (registry, _, two) = two_images(&user);
    let name = registry.name("app:v1");
    done(&user, &format!("{TAGS_SIGN} {name}"));
    // What the tag has now is looked at for the number, also without a state.
    done(&user, &format!("{TAGS_SIGN} --stateless {name}@{two}"));
    point(&user, &registry, "v1", &two);
    assert_eq!(verified(&user, &format!("{TAGS_VERIFY} {name}"))["sequence"], 2);
}

/// Else anybody who may write to the registry would use up the numbers.
#[test]
fn what_others_say_does_not_count_for_the_number() {
    let user = signer();
    let (registry, _, _) = two_images(&user);
    let name = registry.name("app:v1");
    done(
        &user,
        &format!("{TAGS_SIGN} --stateless {name}").replace("a.key", "b.key --seq 9223372036854775807"),
    );
    done(&user, &format!("{TAGS_SIGN} --stateless {name}"));
    assert_eq!(verified(&user, &format!("{TAGS_VERIFY} {name}"))["sequence"], 1);
}

#[test]
fn a_number_is_not_given_twice() {
    let user = signer();
    let (registry, _, _) = two_images(&user);
    let name = registry.name("app:v1");
    done(&user, &format!("{TAGS_SIGN} --seq 5 {name}"));
    for number in [4, 5] {
        let outcome = user
            .clone()
            .at("2026-11-22T12:00:01Z")
            .run(&format!("{TAGS_SIGN} --seq {number} {name}"));
        assert_outcome!(
            outcome.redacted(registry.host()),
            format!(
                "--- stderr\nError: REGISTRY/app:v1: --seq {number} is not after 5, which has been said\n\
                 help: `countersign tags sign --help` shows how it is used\n--- exit 1\n"
            )
        );
    }
    done(&user, &format!("{TAGS_SIGN} --seq 9223372036854775807 {name}"));
    let outcome = user.run(&format!("{TAGS_SIGN} {name}"));
    assert!(outcome.stderr.contains("no sequence number is left"), "{outcome}");
}

/// Several signers sign one statement, word for word; a plain signature of one of them is not it.
#[test]
fn so_many_of_several_signers_sign_the_same_statement() {
    let user = signer();
    let (registry, one, _) = two_images(&user);
    let name = registry.name("app:v1");
    user.write(
        "policy.json",
        r#"{"version":1,"threshold":2,"signers":[{"name":"a","key":"a.pub"},{"name":"b","key":"b.pub"}],"logs":0}"#,
    );
    let verify = format!("tags verify --trust-policy policy.json {name}");
    done(&user, &format!("{TAGS_SIGN} {name}"));
    done(
        &user,
        &format!("sign --key b.key --tlog-upload=false {}@{one}", registry.name("app")),
    );
    assert_refused(&user, &verify, 30, "tag-not-signed");
    let by_b = TAGS_SIGN.replace("a.key", "b.key");
    done(
        &user,
        &format!("{by_b} --stateless --seq 1 --issued 2026-11-22T12:00:01Z {name}"),
    );
    assert_refused(&user, &verify, 30, "tag-not-signed");
    // What each knows of the past does not matter.
    let same = "--issued 2026-11-22T12:00:00Z --expires 2026-11-29T12:00:00Z";
    done(&user, &format!("{TAGS_SIGN} --seq 2 {same} {name}"));
    done(&user, &format!("{by_b} --stateless --seq 2 {same} {name}"));
    let object = verified(&user, &verify);
    let signers = object["signer"].as_str().expect("it is text");
    assert_eq!(signers.matches("key ").count(), 2, "{signers}");
}

#[test]
fn what_cannot_be_said_is_refused() {
    let user = signer();
    let (registry, one, _) = two_images(&user);
    let name = registry.name("app:v1");
    for (line, expected) in [
        (format!("{TAGS_SIGN} {}@{one}", registry.name("app:v1")), ""),
        (
            format!("{TAGS_SIGN} -a tag=v2 {name}"),
            "-a tag=…: the statement itself says",
        ),
        (
            format!("{TAGS_SIGN} -a tag.seq=2 {name}"),
            "-a tag.seq=…: the statement itself says",
        ),
        (
            format!("{TAGS_SIGN} --expires 2026-11-22T12:00:00Z {name}"),
            "it must expire after it is issued, and after now",
        ),
        (
            format!("{TAGS_SIGN} --issued 2027-01-02T00:00:00Z --expires 2027-01-01T00:00:00Z {name}"),
            "it must expire after it is issued, and after now",
        ),
        (format!("{TAGS_SIGN} --ttl 0 {name}"), "is out of range"),
        (format!("{TAGS_SIGN} --seq 0 {name}"), "expected a number from 1"),
        (format!("{TAGS_SIGN} --removed v0 {name}"), "required flag"),
        (
            format!("{TAGS_SIGN} {}", registry.name("app:none")),
            "image tag not found",
        ),
    ] {
        let outcome = user.run(&line);
        match expected {
            "" => assert_eq!(outcome.exit, 0, "{outcome}"),
            expected => assert!(
                outcome.exit != 0 && outcome.stderr.contains(expected),
                "{line}\n{outcome}"
            ),
        }
    }
}

/// Two who sign at once would be refused for ever if nobody signed once more.
#[test]
fn two_who_sign_at_once_leave_one_newest_statement() {
    let user = signer();
    let (registry, _, _) = two_images(&user);
    let name = registry.name("app:v1");
    for _ in 0..4 {
        std::thread::scope(|scope| {
            for now in ["2026-11-22T12:00:00Z", "2026-11-22T12:00:01Z", "2026-11-22T12:00:02Z"] {
                let name = &name;
                scope.spawn(move || {
                    let user = signing::signer().at(now);
                    done(&user, &format!("{TAGS_SIGN} --stateless {name}"));
                });
            }
        });
        done(
            &user.clone().at("2026-11-22T12:00:05Z"),
            &format!("{TAGS_VERIFY} {name}"),
        );
    }
}

#[test]
fn a_layout_and_a_mirror_are_signed_for_the_repository_that_is_named() {
    let user = signer();
    let (registry, _, _) = two_images(&user);
    let name = registry.name("app:v1");
    done(&user, &format!("save {name} --dir layout"));
    let local = "oci:layout:v1";
    let outcome = user.run(&format!("{TAGS_SIGN} {local}"));
    assert!(
        outcome.stderr.contains("--tag-repo names the one that is signed"),
        "{outcome}"
    );
    let mirror = Registry::open();
    done(&user, &format!("{TAGS_SIGN} --tag-repo docker.io/app {name}"));
    done(&user, &format!("copy {name} {}", mirror.name("mirror:v1")));
    let line = format!("{TAGS_VERIFY} --tag-repo app {}", mirror.name("mirror:v1"));
    assert_eq!(verified(&user, &line)["name"], "index.docker.io/library/app:v1");
    assert_refused(
        &user,
        &format!("{TAGS_VERIFY} {}", mirror.name("mirror:v1")),
        30,
        "tag-not-signed",
    );
}
