//! The environment: every variable that countersign reads, in one table.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};

use jiff::Timestamp;

use crate::args::usage::UsageError;
use crate::failure::Failure;

/// The environment variables as they were when the program started.
#[derive(Clone, Default)]
pub struct Environment(BTreeMap<OsString, OsString>);

impl Environment {
    /// Takes a snapshot.
    pub fn new(variables: impl IntoIterator<Item = (OsString, OsString)>) -> Self {
        Self(variables.into_iter().collect())
    }

    /// The value of a variable that is set, also where it is empty.
    pub fn get(&self, name: &str) -> Option<&OsStr> {
        self.0.get(OsStr::new(name)).map(OsString::as_os_str)
    }

    /// The value of a variable as text, where it is set, valid text and not empty.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name)?.to_str().filter(|value| !value.is_empty())
    }

    /// Says whether a variable is set to something true in Go's spelling.
    pub fn is_true(&self, name: &str) -> bool {
        self.text(name)
            .is_some_and(|value| crate::args::boolean::parse(value) == Ok(true))
    }

    /// All variables, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&OsStr, &OsStr)> {
        self.0.iter().map(|(name, value)| (name.as_os_str(), value.as_os_str()))
    }

    /// The variables that may be fallbacks for flags: `COSIGN_*`, not empty, valid text.
    pub(crate) fn flag_values(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .filter_map(|(name, value)| Some((name.to_str()?, value.to_str()?)))
            .filter(|(name, value)| name.starts_with(FLAG_PREFIX) && !value.is_empty())
    }
}

/// The time that `SOURCE_DATE_EPOCH` names, where it is set (<https://reproducible-builds.org/specs/source-date-epoch/>).
pub(crate) fn source_date(environment: &Environment) -> Result<Option<Timestamp>, Failure> {
    let Some(text) = environment.text(SOURCE_DATE_EPOCH) else {
        return Ok(None);
    };
    let parsed = text
        .parse()
        .ok()
        .and_then(|seconds| Timestamp::from_second(seconds).ok());
    match parsed {
        Some(at) => Ok(Some(at)),
        None => Err(UsageError::because(format!(
            "{SOURCE_DATE_EPOCH}: expected seconds since 1970-01-01T00:00:00Z, found {text:?}"
        ))
        .into()),
    }
}

/// A variable that countersign knows.
pub(crate) struct Variable {
    pub(crate) name: &'static str,
    pub(crate) description: &'static str,
    pub(crate) expects: &'static str,
    pub(crate) exposure: Exposure,
}

/// Whether `env` shows a variable's value without being asked to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exposure {
    Plain,
    Sensitive,
}

const fn plain(name: &'static str, description: &'static str, expects: &'static str) -> Variable {
    Variable {
        name,
        description,
        expects,
        exposure: Exposure::Plain,
    }
}

const fn sensitive(name: &'static str, description: &'static str, expects: &'static str) -> Variable {
    Variable {
        name,
        description,
        expects,
        exposure: Exposure::Sensitive,
    }
}

pub(crate) const PASSWORD: &str = "COSIGN_PASSWORD";
pub(crate) const IMPORT_PASSWORD: &str = "COSIGN_IMPORT_PASSWORD";
pub(crate) const REPOSITORY: &str = "COSIGN_REPOSITORY";
pub(crate) const DOCKER_MEDIA_TYPES: &str = "COSIGN_DOCKER_MEDIA_TYPES";
pub(crate) const MAX_ATTACHMENT_SIZE: &str = "COSIGN_MAX_ATTACHMENT_SIZE";
pub(crate) const SOURCE_DATE_EPOCH: &str = "SOURCE_DATE_EPOCH";
pub(crate) const NO_COLOR: &str = "NO_COLOR";
pub(crate) const DOCKER_CONFIG: &str = "DOCKER_CONFIG";
pub(crate) const GNUPGHOME: &str = "GNUPGHOME";
pub(crate) const HOME: &str = "HOME";
pub(crate) const TUF_ROOT: &str = "TUF_ROOT";
pub(crate) const TUF_MIRROR: &str = "TUF_MIRROR";
pub(crate) const TUF_ROOT_JSON: &str = "TUF_ROOT_JSON";

/// What stands before the upper-case name of a flag.
pub(crate) const FLAG_PREFIX: &str = "COSIGN_";

/// Prefixes of variables that `env` shows even where it does not know them.
pub(crate) const SHOWN_PREFIXES: [&str; 3] = [FLAG_PREFIX, "SIGSTORE_", "TUF_"];

/// Every variable that countersign reads, sorted by name.
pub(crate) const VARIABLES: &[Variable] = &[
    sensitive(
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
        "is the token with which GitHub Actions is asked for an identity token",
        "string with a token, which GitHub Actions sets",
    ),
    plain(
        "ACTIONS_ID_TOKEN_REQUEST_URL",
        "is where GitHub Actions is asked for an identity token",
        "URL, which GitHub Actions sets",
    ),
    plain(
        "BROWSER",
        "is what opens a page for a login",
        "command; %s in it stands for the address; default xdg-open",
    ),
    sensitive(
        "BUILDKITE_AGENT_ACCESS_TOKEN",
        "is the token with which Buildkite is asked for an identity token",
        "string with a token, which Buildkite sets",
    ),
    plain(
        "BUILDKITE_AGENT_ENDPOINT",
        "is where Buildkite is asked for an identity token",
        "URL; default https://agent.buildkite.com/v3",
    ),
    plain(
        "BUILDKITE_JOB_ID",
        "is the job for which Buildkite is asked for an identity token",
        "string with the id of a job, which Buildkite sets",
    ),
    plain(
        DOCKER_MEDIA_TYPES,
        "writes .sig manifests with Docker's media types, for registries that know no others",
        "1 or true to use Docker's media types",
    ),
    sensitive(
        IMPORT_PASSWORD,
        "is the password of an encrypted key that is imported",
        "string with a password; unset means it is asked for, or that COSIGN_PASSWORD is meant",
    ),
    plain(
        MAX_ATTACHMENT_SIZE,
        "is the largest signature, bundle or payload that is read",
        "size with a unit, such as 128MiB (the default)",
    ),
    sensitive(
        PASSWORD,
        "is the password of private keys",
        "string with a password, which may be empty; unset means it is asked for",
    ),
    plain(
        REPOSITORY,
        "is another repository for signatures and other attachments",
        "string with a repository",
    ),
    plain(
        DOCKER_CONFIG,
        "is the folder of Docker's configuration, where registry credentials are kept",
        "path to a folder that may hold config.json; default $HOME/.docker",
    ),
    plain(
        "GCE_METADATA_HOST",
        "is Google's metadata server, which is asked for an identity token",
        "host and port; default metadata.google.internal, on machines of Google",
    ),
    plain(
        GNUPGHOME,
        "is the folder with the keyring that Helm charts are verified with",
        "path to a folder that may hold pubring.gpg; default $HOME/.gnupg",
    ),
    plain(
        "GOOGLE_SERVICE_ACCOUNT_NAME",
        "is the account of Google that a Google machine signs as",
        "string with an account, such as name@project.iam.gserviceaccount.com",
    ),
    plain(
        HOME,
        "is the folder under which .docker/config.json, .gnupg/pubring.gpg and .sigstore/root are looked for",
        "path to a folder",
    ),
    plain("HTTPS_PROXY", "is the proxy for HTTPS", "URL"),
    plain("HTTP_PROXY", "is the proxy for plain HTTP", "URL"),
    plain(NO_COLOR, "switches colours off when it is not empty", "any text"),
    plain(
        "NO_PROXY",
        "names hosts that are reached without a proxy",
        "hosts separated by commas",
    ),
    plain(
        "PATH",
        "is where programs that keep registry credentials (docker-credential-*) or judge by policies are looked for",
        "folders separated by colons",
    ),
    plain(
        "REGISTRY_AUTH_FILE",
        "is Podman's file of registry credentials, read after Docker's",
        "path to a file",
    ),
    sensitive(
        "SIGSTORE_ID_TOKEN",
        "is an identity token, which says who signs",
        "string with a token, which GitLab and others set",
    ),
    plain(
        SOURCE_DATE_EPOCH,
        "is the time that --record-creation-timestamp records, for reproducible output",
        "seconds since 1970-01-01T00:00:00Z",
    ),
    plain(
        "SPIFFE_ENDPOINT_SOCKET",
        "is where the SPIFFE agent listens that says who signs (default: SPIRE's socket, where there is one)",
        "address of a socket, unix:///PATH or tcp://IP:PORT",
    ),
    plain(
        "SSL_CERT_DIR",
        "is where authorities for TLS are read from",
        "path to a folder",
    ),
    plain(
        "SSL_CERT_FILE",
        "is where authorities for TLS are read from",
        "path to a file",
    ),
    plain("TERM", "switches colours off when it is dumb", "name of a terminal"),
    plain(
        TUF_MIRROR,
        "is the TUF repository that says whom to trust and which services to use",
        "URL; default what initialize wrote down, else the public-good instance's",
    ),
    plain(
        TUF_ROOT,
        "is the folder in which what is known of TUF repositories is kept",
        "path to a folder; default $HOME/.sigstore/root",
    ),
    plain(
        TUF_ROOT_JSON,
        "is the root that a TUF repository which initialize did not see begins with",
        "path to a file",
    ),
    plain(
        "XDG_CONFIG_HOME",
        "is the folder under which Podman's containers/auth.json is looked for",
        "path to a folder; default $HOME/.config",
    ),
    plain(
        "XDG_RUNTIME_DIR",
        "is the folder under which Podman's containers/auth.json is looked for",
        "path to a folder",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_names_each_variable_once() {
        assert!(VARIABLES.is_sorted_by(|first, second| first.name < second.name));
    }
}
