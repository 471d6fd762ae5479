use snapbox::str;

use crate::assert_outcome;
use crate::harness::User;
use crate::registry::Registry;

#[test]
fn tags_are_listed_one_a_line() {
    let registry = Registry::open();
    let user = User::new();
    user.write("hello.txt", "hello\n");
    let hex = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    let name = registry.name(&format!("app:v1,latest,sha256-{hex}.sig"));
    assert_eq!(user.run(&format!("push {name} hello.txt")).exit, 0);
    let repository = registry.name("app");
    assert_outcome!(
        user.run(&format!("ls {repository}")),
        str![[r#"
latest
sha256-e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855.sig
v1
--- exit 0

"#]]
    );
    assert_outcome!(
        user.run(&format!("ls -O --full-ref {repository}"))
            .redacted(registry.host()),
        str![[r#"
REGISTRY/app:latest
REGISTRY/app:v1
--- exit 0

"#]]
    );
}

#[test]
fn a_repository_that_does_not_exist_is_not_found() {
    let registry = Registry::open();
    let outcome = User::new().run(&format!("ls {}", registry.name("app")));
    assert_outcome!(
        outcome.redacted(registry.host()),
        str![[r#"
--- stderr
Error: tags of REGISTRY/app not found
--- exit 11

"#]]
    );
}
