//! `tags`: each attack of docs/tags.md is refused for its reason.

mod lock;
mod renew;
mod set;
mod sign;
mod state;
mod status;
mod time;
mod verify;

use serde_json::Value;

use crate::harness::{Outcome, User};
use crate::registry::Registry;
use crate::signing;

/// The flags of every statement: a key, and no log.
pub(crate) const TAGS_SIGN: &str = "tags sign --key a.key --tlog-upload=false";
/// The flags of every renewal.
pub(crate) const TAGS_RENEW: &str = "tags renew --key a.key --tlog-upload=false";
/// The flags of every verification.
pub(crate) const TAGS_VERIFY: &str = "tags verify --key a.pub --insecure-ignore-tlog";

/// Somebody with the keys `a` and `b` who remembers what was seen of tags, at noon.
pub(crate) fn signer() -> User {
    remembering(signing::signer())
}

/// The same keys, and nothing seen yet: a client, or another machine.
pub(crate) fn remembering(user: User) -> User {
    let state = user.path("state").display().to_string();
    user.with_variable("XDG_STATE_HOME", &state)
}

/// Runs a line that must end well.
pub(crate) fn done(user: &User, line: &str) -> Outcome {
    let outcome = user.run(line);
    assert_eq!(outcome.exit, 0, "{line}\n{outcome}");
    outcome
}

/// The exit code of a line and the name that JSON has for it.
pub(crate) fn refusal(user: &User, line: &str) -> (u8, String) {
    let outcome = user.run(&format!("{line} -o json"));
    let object: Value = serde_json::from_slice(&outcome.stdout).unwrap_or_else(|_| panic!("{line}\n{outcome}"));
    let code = object["tags"][0]["error"]["code"]
        .as_str()
        .or(object["error"]["code"].as_str());
    (outcome.exit, code.unwrap_or("none").to_owned())
}

/// Asserts that a line is refused with this code and name.
pub(crate) fn assert_refused(user: &User, line: &str, exit: u8, name: &str) {
    assert_eq!(refusal(user, line), (exit, name.to_owned()), "{}", user.run(line));
}

/// What `tags verify` says of the only tag.
pub(crate) fn verified(user: &User, line: &str) -> Value {
    let outcome = done(user, &format!("{line} -o json"));
    let object: Value = serde_json::from_slice(&outcome.stdout).expect("it is JSON");
    object["tags"][0].clone()
}

/// A registry with the images `app:v1` (one) and `app:two` (two), of which nothing is said; and their digests.
pub(crate) fn two_images(user: &User) -> (Registry, String, String) {
    let registry = Registry::open();
    let one = signing::push(user, &registry, "app:v1", "one");
    let two = signing::push(user, &registry, "app:two", "two");
    (registry, one, two)
}

/// Points a tag of `app` at a digest: what anybody can do who may write to the registry.
pub(crate) fn point(user: &User, registry: &Registry, tag: &str, digest: &str) {
    done(user, &format!("tag {}@{digest} {tag}", registry.name("app")));
}
