use std::os::unix::fs::PermissionsExt;

use snapbox::str;

use crate::assert_outcome;
use crate::harness::User;

fn user() -> User {
    User::new().with_variable("DOCKER_CONFIG", "docker")
}

fn config(user: &User) -> String {
    String::from_utf8(user.read("docker/config.json")).expect("the file is JSON")
}

#[test]
fn credentials_go_into_dockers_file_beside_what_is_there() {
    let user = user();
    std::fs::create_dir(user.path("docker")).expect("the folder is writable");
    user.write(
        "docker/config.json",
        r#"{"auths":{"other":{"auth":"eA=="}},"experimental":"enabled"}"#,
    );
    let outcome = user.run("login registry.example -u me -p secret");
    assert_eq!((outcome.exit, outcome.stdout.len()), (0, 0));
    assert!(outcome.stderr.contains("\nlogged in via "), "{}", outcome.stderr);
    snapbox::assert_data_eq!(
        config(&user),
        str![[r#"
{
	"auths": {
		"other": {
			"auth": "eA=="
		},
		"registry.example": {
			"auth": "bWU6c2VjcmV0"
		}
	},
	"experimental": "enabled"
}

"#]]
    );
    assert_eq!(user.mode("docker/config.json"), 0o600);
}

#[test]
fn docker_hub_has_its_old_name_there() {
    let user = user().typing("secret\r\n");
    assert_eq!(user.run("login docker.io --username me --password-stdin").exit, 0);
    snapbox::assert_data_eq!(
        config(&user),
        str![[r#"
{
	"auths": {
		"https://index.docker.io/v1/": {
			"auth": "bWU6c2VjcmV0"
		}
	}
}

"#]]
    );
}

#[test]
fn a_helper_program_gets_the_credentials() {
    let user = user();
    std::fs::create_dir(user.path("docker")).expect("the folder is writable");
    let helper = user.path("docker-credential-test");
    user.write(
        "docker-credential-test",
        format!("#!/bin/sh\n/bin/cat > {}\n", user.path("given").display()),
    );
    std::fs::set_permissions(&helper, std::fs::Permissions::from_mode(0o755)).expect("the file is ours");
    user.write("docker/config.json", r#"{"credsStore":"test"}"#);
    let path = user.path("").display().to_string();
    let user = user.with_variable("PATH", &path);
    let outcome = user.run("login registry.example -u me -p secret");
    assert_eq!(outcome.exit, 0, "{}", outcome.stderr);
    assert_eq!(
        user.read("given"),
        br#"{"ServerURL":"registry.example","Username":"me","Secret":"secret"}"#
    );
    assert!(!config(&user).contains("auth\""));
}

#[test]
fn a_missing_helper_program_is_named_and_nothing_is_stored_in_clear() {
    let user = user().with_variable("PATH", "/nowhere");
    std::fs::create_dir(user.path("docker")).expect("the folder is writable");
    user.write("docker/config.json", r#"{"credsStore":"absent"}"#);
    assert_outcome!(
        user.run("login registry.example -u me -p secret"),
        str![[r#"
--- stderr
Error: docker-credential-absent did not store the credentials: No such file or directory (os error 2)
--- exit 1

"#]]
    );
    assert_eq!(config(&user), r#"{"credsStore":"absent"}"#);
}

#[test]
fn a_login_without_name_or_password_is_refused() {
    assert_outcome!(
        user().run("login registry.example"),
        str![[r#"
--- stderr
Error: username and password required
help: `countersign login --help` shows how it is used
--- exit 1

"#]]
    );
    assert_outcome!(
        user().run("login registry.example -u me -p x --password-stdin"),
        str![[r#"
--- stderr
Error: --password and --password-stdin cannot be used together
help: `countersign login --help` shows how it is used
--- exit 1

"#]]
    );
    assert_outcome!(
        user().run("login -u me -p x"),
        str![[r#"
--- stderr
Error: accepts 1 arg(s), received 0
help: `countersign login --help` shows how it is used
--- exit 1

"#]]
    );
}
