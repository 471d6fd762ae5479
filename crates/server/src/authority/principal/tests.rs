use serde_json::{Value, json};

use super::*;

fn claims(members: Value) -> Claims {
    let Value::Object(members) = members else {
        panic!("an object")
    };
    Claims::new("https://issuer.example".to_owned(), members)
}

fn read(kind: &str, members: Value) -> Result<Principal, PrincipalError> {
    Principal::read(&claims(members), &kind.parse().expect("a kind"))
}

/// What a workflow's token says, as far as a certificate tells it.
fn github() -> Value {
    json!({
        "sub": "repo:o/r:ref:refs/heads/main", "job_workflow_ref": "o/r/.github/workflows/w.yml@refs/heads/main",
        "job_workflow_sha": "a", "sha": "b", "event_name": "push", "repository": "o/r", "workflow": "w", "ref": "refs/heads/main",
        "runner_environment": "github-hosted", "repository_id": 1, "repository_owner": "o", "repository_owner_id": "2",
        "workflow_ref": "o/r/.github/workflows/w.yml@refs/heads/main", "workflow_sha": "a", "run_id": "3", "run_attempt": "1",
        "repository_visibility": "public",
    })
}

#[test]
fn an_address_counts_only_if_it_is_verified() {
    let token = |verified: Value| json!({"sub": "1", "email": "a.b+c@example.com", "email_verified": verified});
    for verified in [json!(true), json!("true")] {
        let principal = read("email", token(verified)).expect("a principal");
        assert_eq!(principal.name(), &SignerName::Email("a.b+c@example.com".to_owned()));
        assert_eq!(principal.challenge(), "a.b+c@example.com");
        assert_eq!(principal.value(Extension::TokenSubject), Some("1"));
    }
    for unverified in [json!(false), json!("false"), json!(1), json!(null), json!([true])] {
        let found = "a.b+c@example.com".to_owned();
        assert_eq!(
            read("email", token(unverified)),
            Err(PrincipalError::Unverified { found })
        );
    }
    let none = json!({"sub": "1", "email": "a@example.com"});
    assert!(matches!(read("email", none), Err(PrincipalError::Unverified { .. })));
    assert_eq!(read("email", json!({"sub": "1"})), Err(PrincipalError::Email));
    assert_eq!(read("email", json!({"sub": ""})), Err(PrincipalError::Subject));
}

#[test]
fn an_address_has_one_name_and_one_host() {
    for right in ["a@b", "a.b@c.example", "a+b'c@x-y.example"] {
        assert!(is_email(right), "{right}");
    }
    for wrong in [
        "", "@", "a@", "@b", "a b@c", "a@b c", "a@b@c", "a..b@c", ".a@b", "a@b.", "a@-b", "a\0@b", "\u{fc}@b",
        "a@\u{fc}", "<a@b>", "a@b,c@d", "a@b\n",
    ] {
        assert!(!is_email(wrong), "{wrong:?}");
    }
    let long = format!("{}@b", "a".repeat(NAME));
    assert!(!is_email(&long));
}

#[test]
fn a_uri_is_of_the_scheme_and_host_that_are_configured() {
    let read = |subject: &str| read("uri:https://example.com", json!({"sub": subject}));
    for right in [
        "https://example.com",
        "https://example.com/a/b",
        "https://EXAMPLE.com/a",
    ] {
        assert_eq!(
            read(right).expect("a principal").name(),
            &SignerName::Uri(right.to_owned())
        );
    }
    for wrong in [
        "https://example.com.attacker.example/",
        "https://attacker.example/https://example.com",
        "http://example.com/",
        "https://example.com@attacker.example/",
        "https://attacker.example#example.com",
        "https://example.com:444/",
        "example.com",
        "https://example.com/ a",
        "a@example.com",
    ] {
        assert!(matches!(read(wrong), Err(PrincipalError::Domain { .. })), "{wrong}");
    }
}

#[test]
fn a_workload_is_of_the_trust_domain() {
    let read = |subject: &str| read("spiffe:example.com", json!({"sub": subject}));
    let right = "spiffe://example.com/ns/a";
    assert_eq!(
        read(right).expect("a principal").name(),
        &SignerName::Uri(right.to_owned())
    );
    for wrong in [
        "spiffe://other.example/a",
        "https://example.com/a",
        "spiffe://example.com.other/a",
    ] {
        assert!(matches!(read(wrong), Err(PrincipalError::Domain { .. })), "{wrong}");
    }
}

#[test]
fn a_user_is_of_the_domain() {
    let principal = read("username:example.com", json!({"sub": "ann"})).expect("a principal");
    assert_eq!(principal.name(), &SignerName::User("ann!example.com".to_owned()));
    assert_eq!(principal.challenge(), "ann");
    for wrong in ["ann!other.example", "ann@example.com"] {
        let found = wrong.to_owned();
        assert_eq!(
            read("username:example.com", json!({"sub": wrong})),
            Err(PrincipalError::User { found })
        );
    }
}

#[test]
fn a_workflow_is_told_as_fulcio_tells_it() {
    let principal = read("github-workflow", github()).expect("a principal");
    let workflow = "https://github.com/o/r/.github/workflows/w.yml@refs/heads/main";
    assert_eq!(principal.name(), &SignerName::Uri(workflow.to_owned()));
    assert_eq!(principal.challenge(), "repo:o/r:ref:refs/heads/main");
    for (kind, expected) in [
        (Extension::DeprecatedIssuer, "https://issuer.example"),
        (Extension::GithubWorkflowTrigger, "push"),
        (Extension::GithubWorkflowSha, "b"),
        (Extension::GithubWorkflowName, "w"),
        (Extension::GithubWorkflowRepository, "o/r"),
        (Extension::GithubWorkflowRef, "refs/heads/main"),
        (Extension::Issuer, "https://issuer.example"),
        (Extension::BuildSignerUri, workflow),
        (Extension::BuildSignerDigest, "a"),
        (Extension::RunnerEnvironment, "github-hosted"),
        (Extension::SourceRepositoryUri, "https://github.com/o/r"),
        (Extension::SourceRepositoryDigest, "b"),
        (Extension::SourceRepositoryRef, "refs/heads/main"),
        (Extension::SourceRepositoryIdentifier, "1"),
        (Extension::SourceRepositoryOwnerUri, "https://github.com/o"),
        (Extension::SourceRepositoryOwnerIdentifier, "2"),
        (Extension::BuildConfigUri, workflow),
        (Extension::BuildConfigDigest, "a"),
        (Extension::BuildTrigger, "push"),
        (
            Extension::RunInvocationUri,
            "https://github.com/o/r/actions/runs/3/attempts/1",
        ),
        (Extension::SourceRepositoryVisibilityAtSigning, "public"),
        (Extension::DeploymentEnvironment, ""),
        (Extension::TokenSubject, "repo:o/r:ref:refs/heads/main"),
    ] {
        assert_eq!(principal.value(kind), Some(expected), "{kind}");
    }
}

#[test]
fn a_claim_that_a_certificate_is_to_tell_is_missed() {
    for claim in ["job_workflow_ref", "sha", "run_id", "repository_visibility"] {
        let mut token = github();
        token.as_object_mut().expect("an object").remove(claim);
        let claim = claim.to_owned();
        assert_eq!(read("github-workflow", token), Err(PrincipalError::Claim { claim }));
    }
    let mut token = github();
    token["job_workflow_ref"] = "o/r w".into();
    assert!(matches!(
        read("github-workflow", token),
        Err(PrincipalError::Uri { .. })
    ));
}

#[test]
fn a_pipeline_says_whether_a_branch_or_a_tag_was_built() {
    let token = |kind: &str| {
        json!({
            "sub": "project_path:g/p", "ci_config_ref_uri": "gitlab.com/g/p//.gitlab-ci.yml@refs/heads/main", "ci_config_sha": "a",
            "runner_environment": "gitlab-hosted", "project_path": "g/p", "sha": "b", "ref": "main", "ref_type": kind,
            "project_id": "1", "namespace_path": "g", "namespace_id": "2", "pipeline_source": "push", "job_id": "3",
            "project_visibility": "private", "environment": "production",
        })
    };
    let principal = read("gitlab-pipeline", token("branch")).expect("a principal");
    let name = "https://gitlab.com/g/p//.gitlab-ci.yml@refs/heads/main";
    assert_eq!(principal.name(), &SignerName::Uri(name.to_owned()));
    assert_eq!(principal.value(Extension::SourceRepositoryRef), Some("refs/heads/main"));
    assert_eq!(
        principal.value(Extension::SourceRepositoryUri),
        Some("https://issuer.example/g/p")
    );
    assert_eq!(principal.value(Extension::DeploymentEnvironment), Some("production"));
    let principal = read("gitlab-pipeline", token("tag")).expect("a principal");
    assert_eq!(principal.value(Extension::SourceRepositoryRef), Some("refs/tags/main"));
    let claim = "ref_type".to_owned();
    assert_eq!(
        read("gitlab-pipeline", token("other")),
        Err(PrincipalError::Claim { claim })
    );
}
