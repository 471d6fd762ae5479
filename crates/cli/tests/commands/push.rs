use snapbox::str;

use crate::assert_outcome;
use crate::harness::User;
use crate::registry::Registry;

#[test]
fn files_become_an_artifact_whose_name_by_digest_is_printed() {
    let registry = Registry::open();
    let user = User::new();
    user.write("hello.txt", "hello\n");
    let outcome = user.run(&format!("push {} hello.txt:text/plain", registry.name("app:v1")));
    assert_outcome!(
        outcome.redacted(registry.host()),
        str![[r#"
REGISTRY/app@sha256:0056811a616b6b500b621f34634545d3b7e8fe9d7d0023cbb63be22ac4dfa149
--- stderr
Pushed REGISTRY/app:v1
--- exit 0

"#]]
    );
    let manifest = user.run(&format!("manifest {}", registry.name("app:v1")));
    assert_outcome!(
        manifest,
        str![[r#"
{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","artifactType":"application/vnd.unknown.artifact.v1","config":{"mediaType":"application/vnd.oci.empty.v1+json","digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2,"data":"e30="},"layers":[{"mediaType":"text/plain","digest":"sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03","size":6,"annotations":{"org.opencontainers.image.title":"hello.txt"}}],"annotations":{"org.opencontainers.image.created":"2026-11-22T12:00:00Z"}}--- exit 0

"#]]
    );
}

#[test]
fn an_artifact_has_the_type_and_annotations_it_is_given() {
    let registry = Registry::open();
    let user = User::new();
    user.write("hello.txt", "hello\n");
    let name = registry.name("app:v1,latest");
    let line = format!(
        "push --artifact-type application/vnd.example -a org.example.a=1 --annotation org.example.b=2,3 --export-manifest m.json {name} hello.txt"
    );
    assert_eq!(user.run(&line).exit, 0);
    let manifest = user.run(&format!("manifest {}", registry.name("app:latest")));
    assert_eq!(user.read("m.json"), manifest.stdout);
    let text = String::from_utf8(manifest.stdout).expect("a manifest is text");
    assert!(text.contains(r#""artifactType":"application/vnd.example""#), "{text}");
    assert!(
        text.contains(r#""org.example.a":"1""#) && text.contains(r#""org.example.b":"2,3""#),
        "{text}"
    );
}

#[test]
fn a_missing_file_is_named_and_nothing_is_pushed() {
    let registry = Registry::open();
    let user = User::new();
    let outcome = user.run(&format!("push {} missing.txt", registry.name("app:v1")));
    assert_outcome!(
        outcome.redacted(registry.host()),
        str![[r#"
--- stderr
Error: FOLDER/missing.txt
  caused by: No such file or directory (os error 2)
--- exit 1

"#]]
    );
    assert_eq!(user.run(&format!("digest {}", registry.name("app:v1"))).exit, 11);
}

#[test]
fn an_absolute_path_is_refused_unless_asked_for() {
    let registry = Registry::open();
    let user = User::new();
    assert_outcome!(
        user.run(&format!("push {} /etc/hostname", registry.name("app:v1"))),
        str![[r#"
--- stderr
Error: absolute file paths are insecure and not recommended: /etc/hostname
--- exit 1

"#]]
    );
}

#[test]
fn an_artifact_is_not_pushed_to_a_digest() {
    let user = User::new();
    let digest = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    assert_outcome!(
        user.run(&format!("push localhost:1/app@{digest} x")),
        str![[r#"
--- stderr
Error: localhost:1/app@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855: an artifact is pushed to a tag; its digest is not known before
help: `countersign push --help` shows how it is used
--- exit 1

"#]]
    );
}

#[test]
fn an_artifact_without_a_tag_is_stored_by_its_digest_only() {
    let registry = Registry::open();
    let user = User::new();
    user.write("hello.txt", "hello\n");
    let outcome = user.run(&format!("push {} hello.txt", registry.name("app")));
    assert_eq!(outcome.exit, 0, "{outcome}");
    assert_eq!(user.run(&format!("digest {}", outcome.text().trim_end())).exit, 0);
    assert_eq!(user.run(&format!("digest {}", registry.name("app:latest"))).exit, 11);
}

#[test]
fn an_artifact_refers_to_its_subject_of_the_same_repository() {
    let registry = Registry::open();
    let user = User::new();
    user.write("hello.txt", "hello\n");
    let name = registry.name("app:v1");
    assert_eq!(user.run(&format!("push {name} hello.txt")).exit, 0);
    let line = |subject: &str| format!("push --subject {subject} {} hello.txt", registry.name("app:v2"));
    let outcome = user.run(&line(&name));
    assert_eq!(outcome.exit, 0, "{outcome}");
    let found = user.run(&format!("discover {name}"));
    let digest = outcome.text().trim_end().rsplit('@').next().expect("there is one");
    assert!(found.text().contains(digest), "{found}");
    let missing = user.run(&line(&registry.name("app:v3")));
    assert_eq!(missing.exit, 11, "{missing}");
    let other = user.run(&line("localhost:1/other:v1"));
    let reason = format!(
        "Error: --subject localhost:1/other:v1: expected an artifact of {}\n",
        registry.name("app")
    );
    assert!(other.stderr.starts_with(&reason), "{other}");
}
