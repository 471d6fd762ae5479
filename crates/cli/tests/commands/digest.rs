use snapbox::str;

use crate::assert_outcome;
use crate::harness::User;
use crate::registry::Registry;

const DIGEST: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

#[test]
fn a_tag_resolves_to_the_digest_that_was_pushed() {
    let registry = Registry::open();
    let user = User::new();
    user.write("hello.txt", "hello\n");
    let pushed = user.run(&format!("push {} hello.txt", registry.name("app:v1")));
    let outcome = user.run(&format!("digest --full-ref {}", registry.name("app:v1")));
    assert_eq!(outcome.stdout, pushed.stdout);
    let bare = user.run(&format!("digest {}", registry.name("app:v1")));
    assert!(pushed.stdout.ends_with(&bare.stdout));
}

#[test]
fn a_digest_is_not_asked_for() {
    let outcome = User::new().run(&format!("digest 127.0.0.1:1/app@{DIGEST}"));
    assert_eq!(outcome.stdout, format!("{DIGEST}\n").as_bytes());
}

#[test]
fn an_unknown_tag_is_not_found() {
    let registry = Registry::open();
    let outcome = User::new().run(&format!("digest {}", registry.name("app:v1")));
    assert_outcome!(
        outcome.redacted(registry.host()),
        str![[r#"
--- stderr
Error: manifest REGISTRY/app:v1 not found
--- exit 11

"#]]
    );
}

#[test]
fn a_registry_that_wants_credentials_says_denied() {
    let registry = Registry::private("me", "secret");
    let user = User::new();
    let outcome = user.run(&format!("digest {}", registry.name("app:v1")));
    assert_eq!(outcome.exit, 22, "{}", outcome.stderr);
    assert!(
        outcome.stderr.contains("countersign login 127.0.0.1:"),
        "{}",
        outcome.stderr
    );
    let line = format!(
        "digest --registry-username me --registry-password secret {}",
        registry.name("app:v1")
    );
    assert_eq!(user.run(&line).exit, 11);
}

#[test]
fn a_registry_that_is_not_there_could_not_tell() {
    let outcome = User::new().run("digest -t 20s 127.0.0.1:1/app:v1");
    assert_eq!(outcome.exit, 20, "{}", outcome.stderr);
}

#[test]
fn requests_are_shown_with_verbose_on_stderr() {
    let registry = Registry::open();
    let outcome = User::new().run(&format!("digest -d {}", registry.name("app:v1")));
    assert!(
        outcome.stderr.contains("/v2/app/manifests/v1 -> 404 ("),
        "{}",
        outcome.stderr
    );
}

#[test]
fn credentials_are_of_one_kind() {
    assert_outcome!(
        User::new().run("digest --registry-token t --registry-username me localhost:1/app"),
        str![[r#"
--- stderr
Error: --registry-token cannot be used with --registry-username or --registry-password
help: `countersign digest --help` shows how it is used
--- exit 1

"#]]
    );
    assert_outcome!(
        User::new().run("digest --registry-password p localhost:1/app"),
        str![[r#"
--- stderr
Error: --registry-username and --registry-password must be given together
help: `countersign digest --help` shows how it is used
--- exit 1

"#]]
    );
}

#[test]
fn half_a_client_certificate_and_cloud_keychains_are_refused() {
    assert_outcome!(
        User::new().run("digest --k8s-keychain localhost:1/app"),
        str![[r#"
--- stderr
Error: --k8s-keychain: the credential services of cloud providers are not supported; use docker login or --registry-token
help: `countersign digest --help` shows how it is used
--- exit 1

"#]]
    );
    assert_outcome!(
        User::new().run("digest --registry-client-cert c localhost:1/app"),
        str![[r#"
--- stderr
Error: --registry-client-cert and --registry-client-key must be given together
help: `countersign digest --help` shows how it is used
--- exit 1

"#]]
    );
}
#[test]
fn a_login_is_used_by_the_next_command() {
    let registry = Registry::private("me", "secret");
    let user = User::new().with_variable("DOCKER_CONFIG", "docker");
    assert_eq!(user.run(&format!("login {} -u me -p secret", registry.host())).exit, 0);
    assert_eq!(user.run(&format!("digest {}", registry.name("app:v1"))).exit, 11);
}

#[test]
fn podmans_file_is_used_too() {
    let registry = Registry::private("me", "secret");
    let user = User::new().with_variable("REGISTRY_AUTH_FILE", "auth.json");
    let auths = format!(r#"{{"auths":{{"{}":{{"auth":"bWU6c2VjcmV0"}}}}}}"#, registry.host());
    user.write("auth.json", auths);
    let outcome = user.run(&format!("digest {}", registry.name("app:v1")));
    assert_eq!(outcome.exit, 11, "{}", outcome.stderr);
}
