use std::os::unix::fs::PermissionsExt;

use super::*;

fn repository(text: &str) -> Repository {
    text.parse().expect("a repository")
}

fn write(folder: &tempfile::TempDir, name: &str, content: &str) -> PathBuf {
    let path = folder.path().join(name);
    std::fs::write(&path, content).expect("a writable folder");
    path
}

async fn docker(content: &str, name: &str) -> Found {
    let folder = tempfile::tempdir().expect("a folder");
    let sources = CredentialSources {
        docker_config: Some(write(&folder, "config.json", content)),
        ..CredentialSources::default()
    };
    find(&sources, name).await
}

async fn find(sources: &CredentialSources, name: &str) -> Found {
    let found = sources.find(&repository(name)).await.expect("readable sources");
    Arc::try_unwrap(found).expect("the only one")
}

fn password(found: &Found) -> Option<String> {
    match &found.credential {
        Some(Credential::Basic { username, password }) => Some(format!("{username}:{}", password.expose())),
        Some(Credential::IdentityToken(token)) => Some(format!("identity {}", token.expose())),
        Some(Credential::RegistryToken(token)) => Some(format!("registry {}", token.expose())),
        None => None,
    }
}

#[tokio::test]
async fn every_spelling_of_docker_hub_is_found() {
    for key in [
        "https://index.docker.io/v1/",
        "https://index.docker.io/v1",
        "index.docker.io/v1/",
        "index.docker.io",
        "docker.io",
        "https://docker.io/",
        "registry-1.docker.io",
        "https://registry-1.docker.io/v2/",
        "http://index.docker.io",
    ] {
        // me:pw
        let found = docker(&format!(r#"{{"auths":{{"{key}":{{"auth":"bWU6cHc="}}}}}}"#), "alpine").await;
        assert_eq!(password(&found).as_deref(), Some("me:pw"), "{key}");
    }
}

#[tokio::test]
async fn an_entry_is_for_its_host_and_port_only() {
    let content = r#"{"auths":{"reg.example:5000":{"auth":"bWU6cHc="}}}"#;
    assert_eq!(
        password(&docker(content, "reg.example:5000/a").await).as_deref(),
        Some("me:pw")
    );
    assert_eq!(password(&docker(content, "reg.example/a").await), None);
    assert_eq!(password(&docker(content, "evil.reg.example:5000/a").await), None);
}

#[tokio::test]
async fn every_form_of_an_entry_is_read() {
    for (entry, expected) in [
        (r#"{"username":"u","password":"p:q"}"#, Some("u:p:q")),
        (r#"{"auth":"bWU6cHc"}"#, Some("me:pw")),
        (r#"{"auth":"bWU6cHc=","identitytoken":"id"}"#, Some("identity id")),
        (r#"{"registrytoken":"rt"}"#, Some("registry rt")),
        (r#"{"username":"<token>","password":"id"}"#, Some("identity id")),
        (r#"{}"#, None),
        (r#"{"auth":""}"#, None),
    ] {
        let found = docker(&format!(r#"{{"auths":{{"h.io":{entry}}}}}"#), "h.io/a").await;
        assert_eq!(password(&found).as_deref(), expected, "{entry}");
    }
}

#[tokio::test]
async fn podmans_most_specific_entry_wins() {
    let folder = tempfile::tempdir().expect("a folder");
    let content = r#"{"auths":{"h.io":{"auth":"aDpw"},"h.io/team/app":{"auth":"YTpw"},"h.io/team":{"auth":"dDpw"}}}"#;
    let sources = CredentialSources {
        podman_files: vec![folder.path().join("absent.json"), write(&folder, "auth.json", content)],
        ..CredentialSources::default()
    };
    for (name, expected) in [
        ("h.io/team/app", "a:p"),
        ("h.io/team/other", "t:p"),
        ("h.io/teams", "h:p"),
    ] {
        assert_eq!(
            password(&find(&sources, name).await).as_deref(),
            Some(expected),
            "{name}"
        );
    }
}

#[tokio::test]
async fn nothing_found_names_every_place() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = write(&folder, "config.json", r#"{"auths":{},"credsStore":"absent"}"#);
    let sources = CredentialSources {
        docker_config: Some(config.clone()),
        podman_files: vec![folder.path().join("auth.json")],
        search_path: Some(folder.path().into()),
        ..CredentialSources::default()
    };
    let found = find(&sources, "h.io/a").await;
    assert_eq!(
        found.place,
        format!(
            "no credentials for \"h.io\" in docker-credential-absent (no such program, named in {config}), {config}, {} (no such file)",
            folder.path().join("auth.json").display(),
            config = config.display()
        )
    );
}

#[tokio::test]
async fn a_malformed_file_is_an_error_that_repeats_no_secret() {
    let folder = tempfile::tempdir().expect("a folder");
    for content in [
        r#"{"auths":{"h.io":{"auth":["hunter2"]}}}"#,
        r#"{"auths":{"h.io":{"auth":"hunter2"}}}"#,
    ] {
        let sources = CredentialSources {
            docker_config: Some(write(&folder, "config.json", content)),
            ..CredentialSources::default()
        };
        let error = sources
            .find(&repository("h.io/a"))
            .await
            .map(|_| ())
            .expect_err("malformed");
        assert!(matches!(error, StoreError::Credentials { .. }), "{error}");
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
}

fn helper(folder: &tempfile::TempDir, script: &str) {
    let path = write(folder, "docker-credential-test", &format!("#!/bin/sh\n{script}\n"));
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("our own file");
}

fn with_helper(folder: &tempfile::TempDir) -> CredentialSources {
    let content = r#"{"auths":{"h.io":{"auth":"bWU6cHc="}},"credHelpers":{"https://h.io":"test","docker.io":"test"}}"#;
    CredentialSources {
        docker_config: Some(write(folder, "config.json", content)),
        search_path: Some(folder.path().into()),
        ..CredentialSources::default()
    }
}

#[tokio::test]
async fn helpers_are_asked_before_the_file() {
    let folder = tempfile::tempdir().expect("a folder");
    helper(
        &folder,
        r#"printf '{"ServerURL":"x","Username":"%s","Secret":"s"}' "$1 $(cat)""#,
    );
    let sources = with_helper(&folder);
    assert_eq!(password(&find(&sources, "h.io/a").await).as_deref(), Some("get h.io:s"));
    assert_eq!(
        password(&find(&sources, "alpine").await).as_deref(),
        Some("get https://index.docker.io/v1/:s")
    );
}

#[tokio::test]
async fn a_helpers_token_user_means_an_identity_token() {
    let folder = tempfile::tempdir().expect("a folder");
    helper(&folder, r#"echo '{"Username":"<token>","Secret":"id"}'"#);
    let found = find(&with_helper(&folder), "h.io/a").await;
    assert_eq!(password(&found).as_deref(), Some("identity id"));
}

#[tokio::test]
async fn a_helper_without_an_entry_leaves_the_file() {
    let folder = tempfile::tempdir().expect("a folder");
    helper(&folder, "echo 'credentials not found in native keychain'; exit 1");
    let found = find(&with_helper(&folder), "h.io/a").await;
    assert_eq!(password(&found).as_deref(), Some("me:pw"));
}

#[tokio::test]
async fn a_helper_that_fails_is_an_error() {
    let folder = tempfile::tempdir().expect("a folder");
    for script in ["echo 'locked'; exit 1", "echo nonsense", "head -c 200000 /dev/zero"] {
        helper(&folder, script);
        let result = with_helper(&folder).find(&repository("h.io/a")).await;
        assert!(matches!(result, Err(StoreError::Credentials { .. })), "{script}");
    }
}
