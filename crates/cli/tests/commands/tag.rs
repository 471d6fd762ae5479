use snapbox::str;

use crate::assert_outcome;
use crate::harness::User;
use crate::registry::Registry;

#[test]
fn an_image_gets_further_tags() {
    let registry = Registry::open();
    let user = User::new();
    user.write("hello.txt", "hello\n");
    assert_eq!(user.run(&format!("push {} hello.txt", registry.name("app:v1"))).exit, 0);
    let outcome = user.run(&format!("tag {} v2 v3", registry.name("app:v1")));
    assert_outcome!(
        outcome.redacted(registry.host()),
        str![[r#"
--- stderr
Tagged sha256:9bda4d8ee4f32e66604c89539ac90cd34b2c4cfa5a8993b7287b1bf645549d96 as REGISTRY/app:v2
Tagged sha256:9bda4d8ee4f32e66604c89539ac90cd34b2c4cfa5a8993b7287b1bf645549d96 as REGISTRY/app:v3
--- exit 0

"#]]
    );
    let first = user.run(&format!("digest {}", registry.name("app:v1")));
    let third = user.run(&format!("digest {}", registry.name("app:v3")));
    assert_eq!(first.stdout, third.stdout);
}

#[test]
fn a_tag_is_needed_and_has_to_be_one() {
    assert_outcome!(
        User::new().run("tag localhost:1/app:v1"),
        str![[r#"
--- stderr
Error: requires at least 2 arg(s), only received 1
help: `countersign tag --help` shows how it is used
--- exit 1

"#]]
    );
    assert_outcome!(
        User::new().run("tag localhost:1/app:v1 x!"),
        str![[r#"
--- stderr
Error: could not parse reference: "x!" is not a tag (at most 128 letters, digits, _ . -, not starting with . or -)
--- exit 1

"#]]
    );
}
