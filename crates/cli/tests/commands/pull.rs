use snapbox::str;

use crate::assert_outcome;
use crate::harness::User;
use crate::registry::Registry;

fn pushed(registry: &Registry) -> User {
    let user = User::new();
    user.write("hello.txt", "hello\n");
    std::fs::create_dir(user.path("docs")).expect("the folder is writable");
    user.write("docs/page.md", "# page\n");
    let outcome = user.run(&format!("push {} hello.txt docs", registry.name("app:v1")));
    assert_eq!(outcome.exit, 0, "{}", outcome.stderr);
    user
}

#[test]
fn files_and_folders_come_back_as_they_were() {
    let registry = Registry::open();
    let user = pushed(&registry);
    let outcome = user.run(&format!("pull {} -o back", registry.name("app:v1")));
    assert_eq!(outcome.exit, 0, "{}", outcome.stderr);
    assert_eq!(outcome.stdout, b"back/hello.txt\nback/docs\n");
    assert_eq!(user.read("back/hello.txt"), b"hello\n");
    assert_eq!(user.read("back/docs/page.md"), b"# page\n");
}

#[test]
fn existing_files_are_kept_where_asked() {
    let registry = Registry::open();
    let user = pushed(&registry);
    user.write("hello.txt", "mine\n");
    let outcome = user.run(&format!("pull --keep-old-files {}", registry.name("app:v1")));
    assert_eq!(outcome.exit, 1, "{}", outcome.stderr);
    assert!(outcome.stderr.contains("hello.txt"), "{}", outcome.stderr);
    assert_eq!(user.read("hello.txt"), b"mine\n");
}

#[test]
fn an_artifact_that_does_not_exist_is_not_found() {
    let registry = Registry::open();
    let outcome = User::new().run(&format!("pull {}", registry.name("app:v1")));
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
fn the_files_of_the_subject_come_too_where_asked() {
    let registry = Registry::open();
    let user = pushed(&registry);
    user.write("note.txt", "note\n");
    let name = registry.name("app:v1");
    let attached = user.run(&format!("attach --artifact-type a/b {name} note.txt"));
    let name = attached.text().trim_end();
    let alone = user.run(&format!("pull {name} -o alone"));
    assert_eq!(alone.stdout, b"alone/note.txt\n");
    let both = user.run(&format!("pull {name} --include-subject -o both"));
    assert_eq!(both.exit, 0, "{both}");
    assert_eq!(both.stdout, b"both/note.txt\nboth/hello.txt\nboth/docs\n");
}
