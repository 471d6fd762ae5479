//! The set of a repository's tags: mix and match.

use super::{TAGS_SIGN, TAGS_VERIFY, assert_refused, done, point, remembering, signer, two_images, verified};
use crate::harness::User;
use crate::registry::Registry;
use crate::signing;

/// Somebody else, who has seen nothing yet.
fn client() -> User {
    remembering(signing::signer())
}

/// A repository whose tags `v1` and `latest` went from one image to the other, together.
fn moved(user: &User) -> (Registry, String, String) {
    let (registry, one, two) = two_images(user);
    point(user, &registry, "latest", &one);
    let (v1, latest) = (registry.name("app:v1"), registry.name("app:latest"));
    done(user, &format!("{TAGS_SIGN} --set {v1} {latest}"));
    done(user, &format!("{TAGS_SIGN} --set {v1}@{two} {latest}@{two}"));
    point(user, &registry, "v1", &two);
    point(user, &registry, "latest", &two);
    (registry, one, two)
}

#[test]
fn an_old_tag_beside_a_new_one_is_refused_with_the_set() {
    let user = signer();
    let (registry, one, _) = moved(&user);
    let (v1, latest) = (registry.name("app:v1"), registry.name("app:latest"));
    let object = verified(&client(), &format!("{TAGS_VERIFY} --set {v1}"));
    assert_eq!((&object["sequence"], &object["set"]), (&2.into(), &2.into()));
    point(&user, &registry, "latest", &one);
    done(&client(), &format!("{TAGS_VERIFY} --set {v1}"));
    assert_refused(&client(), &format!("{TAGS_VERIFY} --set {latest}"), 33, "tag-mixed");
    let outcome = client().run(&format!("{TAGS_VERIFY} --set {latest}"));
    assert!(
        outcome.stderr.contains("the tag set of its repository says sha256:"),
        "{outcome}"
    );
    // Without the set, who has seen nothing believes both.
    done(&client(), &format!("{TAGS_VERIFY} {v1} {latest}"));
}

#[test]
fn a_set_that_is_hidden_or_rolled_back_is_refused() {
    let user = signer();
    let (registry, one, _) = two_images(&user);
    let v1 = registry.name("app:v1");
    done(&user, &format!("{TAGS_SIGN} --set {v1}"));
    let first = done(&user, &format!("digest {}", registry.name("app:_tagset")));
    done(&user, &format!("{TAGS_SIGN} --set {v1}"));
    let (client, verify) = (client(), format!("{TAGS_VERIFY} --set {v1}"));
    done(&client, &verify);
    point(&user, &registry, "_tagset", first.text().trim());
    assert_refused(&client, &verify, 32, "tag-rollback");
    // What is there under the name is another artifact, or none.
    point(&user, &registry, "_tagset", &one);
    assert_refused(&client, &verify, 21, "corrupt");
    let other = registry.name("other:v1");
    done(&user, &format!("copy {v1} {other}"));
    let hidden = format!("{TAGS_VERIFY} --set --tag-repo {} {other}", registry.name("app"));
    assert_refused(&remembering(signing::signer()), &hidden, 11, "not-found");
}

#[test]
fn a_set_that_expires_is_refused_though_the_tag_has_not() {
    let user = signer();
    let (registry, _, _) = two_images(&user);
    let v1 = registry.name("app:v1");
    done(&user, &format!("{TAGS_SIGN} --ttl 1h --set {v1}"));
    done(&user, &format!("{TAGS_SIGN} --ttl 30d {v1}"));
    let later = client().at("2026-11-22T13:00:00Z");
    done(&later, &format!("{TAGS_VERIFY} {v1}"));
    assert_refused(&later, &format!("{TAGS_VERIFY} --set {v1}"), 31, "tag-expired");
    // One renewal for the whole repository; and a renewal of a tag needs no new set.
    let user = user.at("2026-11-22T12:59:00Z");
    done(
        &user,
        &format!("{} {}", super::TAGS_RENEW, registry.name("app:_tagset")),
    );
    done(&later, &format!("{TAGS_VERIFY} --set {v1}"));
}

#[test]
fn a_tag_that_was_removed_stays_so_until_it_is_signed_anew() {
    let user = signer();
    let (registry, one, _) = moved(&user);
    let (v1, latest) = (registry.name("app:v1"), registry.name("app:latest"));
    done(&user, &format!("{TAGS_SIGN} --set --removed latest {v1}"));
    assert_refused(&client(), &format!("{TAGS_VERIFY} --set {latest}"), 33, "tag-mixed");
    let outcome = client().run(&format!("{TAGS_VERIFY} --set {latest}"));
    assert!(
        outcome.stderr.contains("app:latest was removed by the tag set"),
        "{outcome}"
    );
    point(&user, &registry, "latest", &one);
    done(&user, &format!("{TAGS_SIGN} --set {latest}"));
    let object = verified(&client(), &format!("{TAGS_VERIFY} --set {latest}"));
    // 2 was the last, and its removal counts too.
    assert_eq!(object["sequence"], 4);
    assert_refused(
        &client(),
        &format!("{TAGS_VERIFY} --set {}", registry.name("app:two")),
        30,
        "tag-not-signed",
    );
    done(&user, &format!("{TAGS_SIGN} {}", registry.name("app:two")));
    assert_refused(
        &client(),
        &format!("{TAGS_VERIFY} --set {}", registry.name("app:two")),
        33,
        "tag-mixed",
    );
}

#[test]
fn a_set_by_somebody_else_is_neither_believed_nor_built_upon() {
    let user = signer();
    let (registry, _, _) = two_images(&user);
    let v1 = registry.name("app:v1");
    done(&user, &format!("{TAGS_SIGN} {v1}"));
    let by_b = TAGS_SIGN.replace("a.key", "b.key");
    done(&user, &format!("{by_b} --stateless --set {v1}"));
    assert_refused(&client(), &format!("{TAGS_VERIFY} --set {v1}"), 12, "none-match");
    let outcome = user.run(&format!("{TAGS_SIGN} --set {v1}"));
    assert_eq!(outcome.exit, 30, "{outcome}");
}

/// Registries replace a tag without looking: whoever comes second builds on what the first has written.
#[test]
fn signers_that_list_tags_at_once_lose_none() {
    let user = signer();
    let (registry, one, _) = two_images(&user);
    let tags = ["t1", "t2", "t3"];
    for tag in tags {
        point(&user, &registry, tag, &one);
    }
    std::thread::scope(|scope| {
        for tag in tags {
            let name = registry.name(&format!("app:{tag}"));
            scope.spawn(move || done(&signing::signer(), &format!("{TAGS_SIGN} --stateless --set {name}")).exit);
        }
    });
    for tag in tags {
        let name = registry.name(&format!("app:{tag}"));
        done(&client(), &format!("{TAGS_VERIFY} --set {name}"));
    }
}
