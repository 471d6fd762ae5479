//! How registries are reached.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use countersign_core::Secret;
use countersign_oci::Registry;
use countersign_oci::http::{ClientCertificate, Http, HttpOptions, ProxyOptions, ServerProof, TlsOptions};
use countersign_oci::registry::credentials::{Credential, CredentialSources};
use countersign_oci::registry::{PlainHttp, RegistryOptions};

use super::given;
use super::usage::UsageError;
use crate::docker_config;
use crate::env::{self, Environment};
use crate::failure::Failure;
use crate::session::Session;

/// How registries are reached; Helm's and ORAS's names of these flags count too.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Registry flags")]
pub(crate) struct RegistryArgs {
    /// Takes any TLS certificate: whoever is on the way can read and change what is sent
    #[arg(long, alias = "insecure-skip-tls-verify")]
    allow_insecure_registry: bool,

    /// Speaks plain HTTP where the registry does not speak TLS
    #[arg(long, alias = "plain-http")]
    allow_http_registry: bool,

    /// Asks the credential services of cloud providers too (not supported)
    #[arg(long, hide = true)]
    k8s_keychain: bool,

    /// The user name for the registry
    #[arg(long, alias = "username", value_name = "NAME")]
    registry_username: Option<String>,

    /// The password for the registry
    #[arg(long, alias = "password", value_name = "PASSWORD")]
    registry_password: Option<String>,

    /// The access token for the registry
    #[arg(long, value_name = "TOKEN")]
    registry_token: Option<String>,

    /// A file of certificate authorities, PEM, trusted beside the machine's own
    #[arg(long, alias = "ca-file", value_name = "FILE")]
    registry_cacert: Option<String>,

    /// The certificate shown to the registry, PEM
    #[arg(long, value_name = "FILE")]
    registry_client_cert: Option<String>,

    /// The key of the certificate shown to the registry, PEM
    #[arg(long, value_name = "FILE")]
    registry_client_key: Option<String>,

    /// The name expected in the registry's certificate
    #[arg(long, value_name = "NAME")]
    registry_server_name: Option<String>,
}

impl RegistryArgs {
    /// The client for registries. Nothing is read or sent yet.
    pub(crate) fn open(&self, session: &Session<'_>) -> Result<Registry, Failure> {
        if self.k8s_keychain {
            return Err(UsageError::because(
                "--k8s-keychain: the credential services of cloud providers are not supported; use docker login or --registry-token",
            )
            .into());
        }
        let mut options = RegistryOptions::new(self.http(session)?);
        options.credentials = self.credentials(session)?;
        if self.allow_http_registry {
            options.plain_http = PlainHttp::Allowed;
        }
        Ok(Registry::new(options))
    }

    /// The HTTP client with the TLS flags of registries.
    pub(crate) fn http(&self, session: &Session<'_>) -> Result<Http, Failure> {
        let client_certificate = match (given(&self.registry_client_cert), given(&self.registry_client_key)) {
            (Some(certificate), Some(key)) => Some(ClientCertificate {
                certificate: session.path(certificate),
                key: session.path(key),
            }),
            (None, None) => None,
            _ => {
                let reason = "--registry-client-cert and --registry-client-key must be given together";
                return Err(UsageError::because(reason).into());
            }
        };
        Ok(client(
            session,
            TlsOptions {
                authorities: given(&self.registry_cacert).map(|path| session.path(path)),
                client_certificate,
                server_name: given(&self.registry_server_name).map(str::to_owned),
                server_proof: if self.allow_insecure_registry {
                    ServerProof::InsecurelySkipped
                } else {
                    ServerProof::Required
                },
            },
        ))
    }

    fn credentials(&self, session: &Session<'_>) -> Result<CredentialSources, Failure> {
        let explicit = match (
            given(&self.registry_token),
            given(&self.registry_username),
            given(&self.registry_password),
        ) {
            (Some(token), None, None) => Some(Credential::RegistryToken(Secret::new(token.to_owned()))),
            (None, Some(username), Some(password)) => Some(Credential::Basic {
                username: username.to_owned(),
                password: Secret::new(password.to_owned()),
            }),
            (None, None, None) => None,
            (Some(_), ..) => {
                let reason = "--registry-token cannot be used with --registry-username or --registry-password";
                return Err(UsageError::because(reason).into());
            }
            _ => {
                let reason = "--registry-username and --registry-password must be given together";
                return Err(UsageError::because(reason).into());
            }
        };
        Ok(CredentialSources {
            explicit,
            docker_config: docker_config::place(session.environment(), session.directory().to_owned()).ok(),
            podman_files: podman_files(session),
            search_path: session.environment().get("PATH").map(OsStr::to_owned),
        })
    }
}

/// The HTTP client for everything that is no registry.
pub(crate) fn plain_client(session: &Session<'_>) -> Http {
    client(session, TlsOptions::default())
}

/// An HTTP client with TLS of its own.
pub(crate) fn client(session: &Session<'_>, tls: TlsOptions) -> Http {
    Http::new(HttpOptions {
        timeout: session.global().timeout().limit(),
        proxies: proxies(session.environment()),
        tls,
        observer: session.traffic().map(|traffic| {
            let observer: countersign_oci::http::Observer = Arc::new(move |exchange| traffic.record(exchange));
            observer
        }),
        ..HttpOptions::default()
    })
}

/// Podman's files of credentials, in its order.
fn podman_files(session: &Session<'_>) -> Vec<PathBuf> {
    let file = |variable| {
        let path = session.environment().get(variable).filter(|path| !path.is_empty())?;
        Some(session.path(path))
    };
    let folder = |variable, rest| file(variable).map(|folder| folder.join(rest));
    [
        file("REGISTRY_AUTH_FILE"),
        folder("XDG_RUNTIME_DIR", "containers/auth.json"),
        folder("XDG_CONFIG_HOME", "containers/auth.json").or_else(|| folder(env::HOME, ".config/containers/auth.json")),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Proxies as curl and Go read them: lower case counts too, and upper-case `HTTP_PROXY` not inside a CGI script.
fn proxies(environment: &Environment) -> ProxyOptions {
    let either = |upper: &str, lower: &str| {
        environment
            .text(upper)
            .or_else(|| environment.text(lower))
            .map(str::to_owned)
    };
    let is_cgi = environment.text("REQUEST_METHOD").is_some();
    ProxyOptions {
        http: either(if is_cgi { "http_proxy" } else { "HTTP_PROXY" }, "http_proxy"),
        https: either("HTTPS_PROXY", "https_proxy"),
        without: either("NO_PROXY", "no_proxy"),
    }
}
