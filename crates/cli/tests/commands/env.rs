use snapbox::str;

use crate::assert_outcome;
use crate::harness::User;

#[test]
fn env_hides_sensitive_and_unknown_values() {
    let user = User::new()
        .with_variable("COSIGN_PASSWORD", "hunter2")
        .with_variable("COSIGN_REPOSITORY", "example.com/signatures")
        .with_variable("TUF_SOMETHING", "x");
    assert_outcome!(
        user.run("env --show-descriptions=false"),
        str![[r#"
ACTIONS_ID_TOKEN_REQUEST_TOKEN=
ACTIONS_ID_TOKEN_REQUEST_URL=
BROWSER=
BUILDKITE_AGENT_ACCESS_TOKEN=
BUILDKITE_AGENT_ENDPOINT=
BUILDKITE_JOB_ID=
COSIGN_DOCKER_MEDIA_TYPES=
COSIGN_IMPORT_PASSWORD=
COSIGN_MAX_ATTACHMENT_SIZE=
COSIGN_PASSWORD=******
COSIGN_REPOSITORY=example.com/signatures
DOCKER_CONFIG=
GCE_METADATA_HOST=
GNUPGHOME=
GOOGLE_SERVICE_ACCOUNT_NAME=
HOME=
HTTPS_PROXY=
HTTP_PROXY=
NO_COLOR=
NO_PROXY=
PATH=
REGISTRY_AUTH_FILE=
SIGSTORE_ID_TOKEN=
SOURCE_DATE_EPOCH=
SPIFFE_ENDPOINT_SOCKET=
SSL_CERT_DIR=
SSL_CERT_FILE=
TERM=
TUF_MIRROR=
TUF_ROOT=
TUF_ROOT_JSON=
XDG_CONFIG_HOME=
XDG_RUNTIME_DIR=
TUF_SOMETHING=******
--- exit 0

"#]]
    );
}

#[test]
fn env_shows_sensitive_values_when_asked() {
    let user = User::new().with_variable("COSIGN_PASSWORD", "hunter2");
    let outcome = user.run("env --show-sensitive-values");
    let text = String::from_utf8_lossy(&outcome.stdout);
    assert!(text.contains("\nCOSIGN_PASSWORD=hunter2\n"), "{text}");
    assert!(
        text.contains("# COSIGN_PASSWORD is the password of private keys\n# Expects: "),
        "{text}"
    );
}
