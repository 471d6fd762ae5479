use super::{
    TAGS_RENEW, TAGS_SIGN, TAGS_VERIFY, assert_refused, done, point, remembering, signer, two_images, verified,
};
use crate::harness::User;
use crate::registry::Registry;
use crate::signing::{self, SIGN, push, referrers};

/// A tag of which it is said at noon that it is at the first image.
fn said(user: &User) -> (Registry, String, String, String) {
    let (registry, one, two) = two_images(user);
    let name = registry.name("app:v1");
    done(user, &format!("{TAGS_SIGN} --ttl 4d {name}"));
    (registry, name, one, two)
}

#[test]
fn what_expires_soon_is_said_again_for_as_long_as_before() {
    let user = signer();
    let (_registry, name, one, _) = said(&user);
    let early = user.clone().at("2026-11-23T12:00:00Z");
    let outcome = done(
        &early,
        &format!("{TAGS_RENEW} --if-expires-within 3d --stateless {name}"),
    );
    assert!(outcome.stderr.contains("Renewed"), "{outcome}");
    let line = format!("{TAGS_RENEW} --if-expires-within 71h {name}");
    let outcome = done(&early, &line);
    assert!(
        outcome
            .stderr
            .contains("needs no renewal: it expires 2026-11-27T12:00:00Z"),
        "{outcome}"
    );
    let object = verified(&early, &format!("{TAGS_VERIFY} {name}"));
    assert_eq!((&object["sequence"], &object["digest"]), (&2.into(), &one.into()));
    let outcome = done(&early, &format!("{TAGS_RENEW} --ttl 9d {name}"));
    assert!(
        outcome.stderr.contains("sequence 3, expires 2026-12-02T12:00:00Z"),
        "{outcome}"
    );
}

/// A job that renews whatever it finds would say of an old image that it is the newest.
#[test]
fn a_tag_that_was_rolled_back_is_not_renewed() {
    let user = signer();
    let (registry, name, one, two) = said(&user);
    done(&user, &format!("{TAGS_SIGN} {name}@{two}"));
    point(&user, &registry, "v1", &one);
    for flags in ["", "--accept-new-digest"] {
        let outcome = user.run(&format!("{TAGS_RENEW} {flags} {name}"));
        assert_eq!(outcome.exit, 32, "{outcome}");
    }
}

#[test]
fn what_has_expired_is_not_renewed() {
    let user = signer();
    let (_registry, name, _, _) = said(&user);
    let late = user.at("2026-11-26T12:00:00Z");
    let outcome = late.run(&format!("{TAGS_RENEW} {name}"));
    assert_eq!(outcome.exit, 31, "{outcome}");
}

#[test]
fn a_tag_that_moved_is_renewed_only_where_that_is_accepted() {
    let user = signer();
    let (registry, name, _, two) = said(&user);
    done(&user, &format!("{SIGN} {}@{two}", registry.name("app")));
    point(&user, &registry, "v1", &two);
    let outcome = user.run(&format!("{TAGS_RENEW} {name}"));
    assert_eq!(outcome.exit, 30, "{outcome}");
    assert!(outcome.stderr.contains("it names no tag"), "{outcome}");
    done(&user, &format!("{TAGS_RENEW} --accept-new-digest {name}"));
    let object = verified(&user, &format!("{TAGS_VERIFY} {name}"));
    assert_eq!((&object["sequence"], &object["digest"]), (&2.into(), &two.into()));
    let unknown = registry.name("app:two");
    let outcome = user.run(&format!("{TAGS_RENEW} --accept-new-digest {unknown}"));
    assert!(
        outcome.stderr.contains("nothing that was said before is known"),
        "{outcome}"
    );
}

#[test]
fn what_somebody_else_said_is_not_renewed() {
    let user = signer();
    let (_registry, name, _, _) = said(&user);
    let other = remembering(signing::signer());
    let outcome = other.run(&format!("{TAGS_RENEW} {name}").replace("a.key", "b.key"));
    assert_eq!(outcome.exit, 30, "{outcome}");
}

#[test]
fn all_tags_of_which_one_has_said_something_are_renewed() {
    let user = signer();
    let (registry, name, one, _) = said(&user);
    point(&user, &registry, "latest", &one);
    done(&user, &format!("{TAGS_SIGN} --set {}", registry.name("app:latest")));
    let outcome = done(&user, &format!("{TAGS_RENEW} --all {}", registry.name("app")));
    let renewed: Vec<&str> = outcome
        .stderr
        .lines()
        .filter_map(|line| line.strip_prefix("Renewed ")?.split(' ').next())
        .collect();
    let expected = ["_tagset", "latest", "v1"].map(|tag| registry.name(&format!("app:{tag}")));
    assert_eq!(renewed, expected, "{outcome}");
    done(&user, &format!("{TAGS_VERIFY} --set {}", registry.name("app:latest")));
    // The others go on where one cannot be renewed.
    let two = push(&user, &registry, "app:latest", "moved");
    let outcome = user.run(&format!("{TAGS_RENEW} --all {}", registry.name("app")));
    assert_eq!(outcome.exit, 30, "{two}\n{outcome}");
    assert_eq!(outcome.stderr.matches("Renewed ").count(), 2, "{outcome}");
    for (line, expected) in [
        (
            format!("{TAGS_RENEW} {}", registry.name("app")),
            "name a tag, or pass --all",
        ),
        (format!("{TAGS_RENEW} --all {name}"), "--all is of repositories"),
    ] {
        let outcome = user.run(&line);
        assert!(outcome.exit == 1 && outcome.stderr.contains(expected), "{outcome}");
    }
}

/// Two machines that renew at once: the next renewal settles it.
#[test]
fn two_renewals_of_one_number_are_settled_by_the_next() {
    let user = signer();
    let (registry, name, _, _) = said(&user);
    let repository = registry.name("app");
    for second in ["01", "02"] {
        let period = format!("tag.issued=2026-11-22T12:00:{second}Z,tag.expires=2026-11-29T12:00:{second}Z");
        done(
            &user,
            &format!("{SIGN} -a tag=v1,tag.repo={repository},tag.seq=2,{period},tag.spec=1 {name}"),
        );
    }
    let later = user.at("2026-11-22T12:01:00Z");
    assert_refused(&later, &format!("{TAGS_VERIFY} {name}"), 34, "tag-equivocation");
    done(&later, &format!("{TAGS_RENEW} {name}"));
    assert_eq!(verified(&later, &format!("{TAGS_VERIFY} {name}"))["sequence"], 3);
}

#[test]
fn bundles_that_expired_long_ago_are_pruned_and_nothing_else() {
    let user = signer();
    let (registry, name, one, _) = said(&user);
    let image = format!("{}@{one}", registry.name("app"));
    done(&user, &format!("{SIGN} {image}"));
    done(
        &user,
        &format!("{TAGS_SIGN} --stateless {name}").replace("a.key", "b.key"),
    );
    done(&user, &format!("{TAGS_SIGN} --ttl 60d {name}"));
    assert_eq!(referrers(&registry, "app", &one).len(), 4);
    let within = user.clone().at("2026-12-26T12:00:00Z");
    done(&within, &format!("{TAGS_RENEW} --prune --if-expires-within 1d {name}"));
    assert_eq!(referrers(&registry, "app", &one).len(), 4);
    let past = user.at("2026-12-26T12:00:01Z");
    let outcome = done(&past, &format!("{TAGS_RENEW} --prune --if-expires-within 1d {name}"));
    assert!(
        outcome.stderr.contains("v1 sequence 1 expired 2026-11-26T12:00:00Z"),
        "{outcome}"
    );
    assert_eq!(referrers(&registry, "app", &one).len(), 3);
    assert_eq!(verified(&past, &format!("{TAGS_VERIFY} {name}"))["sequence"], 2);
}
