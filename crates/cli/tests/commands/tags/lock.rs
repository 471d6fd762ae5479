use snapbox::str;

use super::{TAGS_SIGN, TAGS_VERIFY, assert_refused, done, point, remembering, signer, two_images};
use crate::assert_outcome;
use crate::harness::User;
use crate::registry::Registry;
use crate::signing;

const LOCK: &str = "tags lock --key a.pub --insecure-ignore-tlog";

/// A deployer who has locked two tags, at the first image.
fn locked() -> (User, Registry, String, String) {
    let user = signer();
    let (registry, one, two) = two_images(&user);
    point(&user, &registry, "latest", &one);
    let (v1, latest) = (registry.name("app:v1"), registry.name("app:latest"));
    done(&user, &format!("{TAGS_SIGN} {v1} {latest}"));
    done(&user, &format!("{LOCK} {v1} {latest}"));
    (user, registry, one, two)
}

#[test]
fn a_lock_file_is_sorted_and_has_a_line_for_each_tag() {
    let (user, registry, _, _) = locked();
    let text = String::from_utf8(user.read("tags.lock")).expect("it is text");
    snapbox::assert_data_eq!(
        text.replace(registry.host(), "REGISTRY"),
        str![[r#"
# countersign tags 1
REGISTRY/app:latest sha256:b62f2499f688857d0819bf05e6ddee17a584fe83a8e61aa9c466aa98207e2b55 1
REGISTRY/app:v1 sha256:b62f2499f688857d0819bf05e6ddee17a584fe83a8e61aa9c466aa98207e2b55 1

"#]]
    );
    assert_outcome!(
        user.run(LOCK),
        "--- stderr\nWARNING: Skipping tlog verification is an insecure practice that lacks transparency and auditability \
         verification for the signature.\ntags.lock is as it should be\n--- exit 0\n"
    );
}

#[test]
fn what_is_locked_is_verified_without_a_state() {
    let (user, registry, _, two) = locked();
    let v1 = registry.name("app:v1");
    let verify = format!("{TAGS_VERIFY} --stateless --locked tags.lock");
    done(&user, &format!("{verify} {v1}"));
    // A renewal is what was locked, another image is not.
    done(&user, &format!("{TAGS_SIGN} {v1}"));
    done(&user, &format!("{verify} {v1}"));
    done(&user, &format!("{TAGS_SIGN} {v1}@{two}"));
    point(&user, &registry, "v1", &two);
    assert_refused(&user, &format!("{verify} {v1}"), 39, "tag-not-locked");
    let two = registry.name("app:two");
    assert_refused(&user, &format!("{verify} {two}"), 30, "tag-not-signed");
    done(&user, &format!("{TAGS_SIGN} {}", registry.name("app:two")));
    assert_refused(
        &user,
        &format!("{verify} {}", registry.name("app:two")),
        39,
        "tag-not-locked",
    );
}

#[test]
fn a_lock_file_is_brought_up_to_date_and_never_back() {
    let (user, registry, one, two) = locked();
    let v1 = registry.name("app:v1");
    done(&user, &format!("{TAGS_SIGN} {v1}@{two}"));
    point(&user, &registry, "v1", &two);
    let before = user.read("tags.lock");
    let outcome = user.run(&format!("{LOCK} --check"));
    assert_eq!(outcome.exit, 39, "{outcome}");
    assert_eq!(user.read("tags.lock"), before);
    done(&user, LOCK);
    let after = String::from_utf8(user.read("tags.lock")).expect("it is text");
    assert!(after.contains(&format!("{v1} {two} 2\n")), "{after}");
    point(&user, &registry, "v1", &one);
    let outcome = user.run(&format!("{LOCK} --stateless"));
    assert_eq!(outcome.exit, 32, "{outcome}");
    assert_eq!(user.read("tags.lock"), after.as_bytes());
    let verify = format!("{TAGS_VERIFY} --stateless --locked tags.lock {v1}");
    assert_refused(&user, &verify, 32, "tag-rollback");
}

#[test]
fn a_lock_file_that_is_wrong_is_refused_with_its_line() {
    let (user, registry, _, _) = locked();
    user.write("tags.lock", "# countersign tags 1\nnonsense\n");
    for line in [
        LOCK.to_owned(),
        format!("{TAGS_VERIFY} --locked tags.lock {}", registry.name("app:v1")),
    ] {
        assert_outcome!(
            user.run(&line),
            str![[r#"
--- stderr
Error: tags.lock:2 cannot be read
  caused by: expected REPOSITORY:TAG DIGEST SEQUENCE, found "nonsense"
--- exit 21

"#]]
        );
    }
    let nobody = remembering(signing::signer());
    let outcome = nobody.run(LOCK);
    assert!(outcome.stderr.contains("requires at least 1 arg(s)"), "{outcome}");
    let outcome = nobody.run(&format!("{LOCK} --tag-repo registry.example/app"));
    assert!(outcome.stderr.contains("--tag-repo: name the tags too"), "{outcome}");
}

#[test]
fn writers_of_one_lock_file_lose_nothing() {
    let user = signer();
    let (registry, one, _) = two_images(&user);
    let tags = ["t0", "t1", "t2", "t3"];
    for tag in tags {
        point(&user, &registry, tag, &one);
        done(&user, &format!("{TAGS_SIGN} {}", registry.name(&format!("app:{tag}"))));
    }
    let file = user.path("deployed.lock").display().to_string();
    std::thread::scope(|scope| {
        for tag in tags {
            let (name, file) = (registry.name(&format!("app:{tag}")), &file);
            scope.spawn(move || done(&signing::signer(), &format!("{LOCK} --stateless -f {file} {name}")).exit);
        }
    });
    let text = String::from_utf8(user.read("deployed.lock")).expect("it is text");
    assert_eq!(text.lines().count(), 1 + tags.len(), "{text}");
}
