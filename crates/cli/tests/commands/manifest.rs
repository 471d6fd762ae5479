mod verify;

use snapbox::str;

use crate::assert_outcome;
use crate::harness::User;
use crate::registry::Registry;

#[test]
fn the_bytes_are_those_of_the_digest() {
    let registry = Registry::open();
    let user = User::new();
    user.write("hello.txt", "hello\n");
    let pushed = user.run(&format!("push {} hello.txt", registry.name("app:v1")));
    let manifest = user.run(&format!("manifest {}", registry.name("app:v1")));
    let digest = countersign_core::Digest::sha256(&manifest.stdout);
    assert!(
        String::from_utf8_lossy(&pushed.stdout)
            .trim()
            .ends_with(digest.as_str())
    );
}

#[test]
fn a_platform_is_only_asked_of_an_index() {
    let registry = Registry::open();
    let user = User::new();
    user.write("hello.txt", "hello\n");
    assert_eq!(user.run(&format!("push {} hello.txt", registry.name("app:v1"))).exit, 0);
    let outcome = user.run(&format!("manifest --platform linux/amd64 {}", registry.name("app:v1")));
    assert_outcome!(
        outcome.redacted(registry.host()),
        str![[r#"
--- stderr
Error: REGISTRY/app:v1: specified reference is not a multiarch image
--- exit 1

"#]]
    );
    let outcome = user.run(&format!("manifest --platform linux {}", registry.name("app:v1")));
    assert_outcome!(
        outcome.redacted(registry.host()),
        str![[r#"
--- stderr
Error: invalid argument "linux" for "--platform" flag: expected OS/ARCHITECTURE[/VARIANT][:VERSION], for example linux/arm64
help: `countersign manifest --help` shows how it is used
--- exit 1

"#]]
    );
}
