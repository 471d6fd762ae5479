//! Tokens that the surroundings give.

use std::path::Path;

use countersign::oidc::ambient::{AmbientError, Provider, Surroundings, token, token_of};
use countersign::service::ServiceError;

use crate::scripted::{Answer, Scripted, http, json};

/// Asks with these variables, and without a file unless one is named.
async fn found(variables: &[(&str, &str)], file: Option<&Path>) -> Result<Option<String>, AmbientError> {
    let variable = |name: &str| {
        let found = variables.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| (*value).to_owned())
    };
    let surroundings = Surroundings {
        variable: &variable,
        file: file.unwrap_or(Path::new("/nowhere")),
        machine: Path::new("/nowhere"),
        google: "http://127.0.0.1:1",
        agent: Path::new("/nowhere"),
    };
    let found = token(&surroundings, "sigstore", &http()).await?;
    Ok(found.map(|token| token.expose().clone()))
}

#[tokio::test]
async fn nothing_around_gives_nothing() {
    assert_eq!(found(&[("SIGSTORE_ID_TOKEN", "")], None).await.unwrap(), None);
}

#[tokio::test]
async fn github_is_asked_before_all_others_with_its_own_token() {
    let server = Scripted::start(vec![json(200, r#"{"value":"from github"}"#)]);
    for (path, asked) in [
        ("/t?v=1", "GET /t?v=1&audience=sigstore"),
        ("/t", "GET /t?audience=sigstore"),
    ] {
        let url = format!("{}{path}", server.url);
        let variables = [
            ("ACTIONS_ID_TOKEN_REQUEST_URL", &*url),
            ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "request"),
            ("BUILDKITE_JOB_ID", "1"),
            ("BUILDKITE_AGENT_ACCESS_TOKEN", "agent"),
            ("SIGSTORE_ID_TOKEN", "variable"),
        ];
        assert_eq!(found(&variables, None).await.unwrap().as_deref(), Some("from github"));
        let seen = server.seen().pop().unwrap();
        assert_eq!(seen.line, asked);
        assert!(seen.headers.contains("authorization: bearer request"), "{seen:?}");
    }
}

#[tokio::test]
async fn half_of_what_github_sets_is_not_github() {
    let variables = [
        ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "request"),
        ("SIGSTORE_ID_TOKEN", "variable"),
    ];
    assert_eq!(found(&variables, None).await.unwrap().as_deref(), Some("variable"));
}

#[tokio::test]
async fn buildkite_is_asked_for_the_job() {
    let server = Scripted::start(vec![json(200, r#"{"token":"from buildkite"}"#)]);
    let variables = [
        ("BUILDKITE_AGENT_ENDPOINT", &*server.url),
        ("BUILDKITE_JOB_ID", "0190-ab"),
        ("BUILDKITE_AGENT_ACCESS_TOKEN", "agent"),
        ("SIGSTORE_ID_TOKEN", "variable"),
    ];
    assert_eq!(
        found(&variables, None).await.unwrap().as_deref(),
        Some("from buildkite")
    );
    let seen = server.seen().pop().unwrap();
    assert_eq!(seen.line, "POST /jobs/0190-ab/oidc/tokens");
    assert!(seen.headers.contains("authorization: Token agent"), "{seen:?}");
    assert_eq!(seen.body, r#"{"audience":"sigstore"}"#);
    let mut elsewhere = variables;
    elsewhere[1].1 = "../x";
    assert!(matches!(
        found(&elsewhere, None).await,
        Err(AmbientError::Service(ServiceError::Request { .. }))
    ));
}

#[tokio::test]
async fn a_file_is_the_last_and_is_read_to_a_limit() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token");
    std::fs::write(&path, "from file\n").unwrap();
    assert_eq!(found(&[], Some(&path)).await.unwrap().as_deref(), Some("from file"));
    let variables = [("SIGSTORE_ID_TOKEN", "variable")];
    assert_eq!(
        found(&variables, Some(&path)).await.unwrap().as_deref(),
        Some("variable")
    );
    std::fs::write(&path, "x".repeat(70_000)).unwrap();
    assert!(matches!(
        found(&[], Some(&path)).await,
        Err(AmbientError::TooLong { .. })
    ));
}

#[tokio::test]
async fn a_provider_that_fails_is_not_passed_over_and_its_secrets_are_not_shown() {
    let server = Scripted::start(vec![json(403, "no permission for request")]);
    let variables = [
        ("ACTIONS_ID_TOKEN_REQUEST_URL", &*server.url),
        ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "request"),
        ("SIGSTORE_ID_TOKEN", "variable"),
    ];
    let error = found(&variables, None).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            r#"identity provider {} answered 403: "no permission for ******""#,
            server.url
        )
    );
    let server = Scripted::start(vec![json(200, r#"{"secret":"x"}"#)]);
    let variables = [
        ("ACTIONS_ID_TOKEN_REQUEST_URL", &*server.url),
        ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "request"),
    ];
    let error = found(&variables, None).await.unwrap_err();
    assert!(
        matches!(error, AmbientError::Service(ServiceError::Answer { .. })),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_provider_that_is_chosen_must_be_there() {
    let surroundings = Surroundings {
        variable: &|_| None,
        file: Path::new("/nowhere"),
        machine: Path::new("/nowhere"),
        google: "",
        agent: Path::new("/nowhere"),
    };
    for provider in Provider::ALL {
        assert_eq!(provider.name().parse::<Provider>().unwrap(), provider);
        match token_of(provider, &surroundings, "sigstore", &http()).await {
            Err(AmbientError::Absent { provider: absent }) => assert_eq!(absent, provider),
            other => panic!("{other:?}"),
        }
    }
    let unknown = "other".parse::<Provider>().unwrap_err();
    assert_eq!(
        unknown.to_string(),
        r#"no identity provider is called "other": expected github-actions, buildkite-agent, envvar, filesystem, google-workload-identity, google-impersonate or spiffe"#
    );
}

#[tokio::test]
async fn google_says_who_the_machine_is() {
    let token: Answer = (200, "content-type: text/html\r\n", b"from google\n".to_vec());
    let server = Scripted::start(vec![token]);
    let host = server.url.trim_start_matches("http://");
    let found = found(
        &[("GCE_METADATA_HOST", host), ("SPIFFE_ENDPOINT_SOCKET", "unix:///x")],
        None,
    )
    .await;
    assert_eq!(found.unwrap().as_deref(), Some("from google"));
    let seen = server.seen().pop().unwrap();
    assert_eq!(
        seen.line,
        "GET /computeMetadata/v1/instance/service-accounts/default/identity?audience=sigstore&format=full"
    );
    assert!(seen.headers.contains("metadata-flavor: Google"), "{seen:?}");
}

#[tokio::test]
async fn google_gives_the_token_of_an_account_that_the_machine_may_speak_for() {
    let access: Answer = (
        200,
        "content-type: application/json\r\n",
        br#"{"access_token":"machine"}"#.to_vec(),
    );
    let server = Scripted::start(vec![access, json(200, r#"{"token":"of the account"}"#)]);
    let host = server.url.trim_start_matches("http://").to_owned();
    let variable = |name: &str| match name {
        "GCE_METADATA_HOST" => Some(host.clone()),
        "GOOGLE_SERVICE_ACCOUNT_NAME" => Some("signer@p.iam.gserviceaccount.com".to_owned()),
        _ => None,
    };
    let surroundings = Surroundings {
        variable: &variable,
        file: Path::new("/nowhere"),
        machine: Path::new("/nowhere"),
        google: &server.url,
        agent: Path::new("/nowhere"),
    };
    let found = token_of(Provider::GoogleImpersonate, &surroundings, "sigstore", &http()).await;
    assert_eq!(found.unwrap().expose(), "of the account");
    let seen = server.seen();
    assert_eq!(
        seen[0].line,
        "GET /computeMetadata/v1/instance/service-accounts/default/token"
    );
    assert_eq!(
        seen[1].line,
        "POST /projects/-/serviceAccounts/signer@p.iam.gserviceaccount.com:generateIdToken"
    );
    assert!(seen[1].headers.contains("authorization: Bearer machine"), "{seen:?}");
    assert_eq!(seen[1].body, r#"{"audience":"sigstore","includeEmail":true}"#);
}

#[tokio::test]
async fn a_machine_of_google_is_known_by_its_product() {
    let folder = tempfile::tempdir().unwrap();
    let machine = folder.path().join("product_name");
    std::fs::write(&machine, "Google Compute Engine\n").unwrap();
    let surroundings = Surroundings {
        variable: &|_| None,
        file: Path::new("/nowhere"),
        machine: &machine,
        google: "",
        agent: Path::new("/nowhere"),
    };
    // there is no such machine here, so that asking fails; not asking would say that nothing is there
    let found = token(&surroundings, "sigstore", &http()).await;
    assert!(
        matches!(found, Err(AmbientError::Service(ServiceError::Unreachable { .. }))),
        "{found:?}"
    );
}
