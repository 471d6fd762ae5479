//! The services that vouch for signatures.

use clap::Args;
use countersign::rekor::Log;
use countersign::services::{Connections, Services};
use countersign_core::trust::signing_config::{self, SelectionError, Service, SigningConfig};
use countersign_core::trust::{self, TrustedRoot};
use countersign_core::tuf::Reach;
use countersign_oci::http::{ClientCertificate, Http, TlsOptions};

use super::boolean;
use super::given;
use super::registry::{client, plain_client};
use super::usage::UsageError;
use crate::failure::Failure;
use crate::file;
use crate::published::{Published, SIGNING_CONFIG, What};
use crate::session::Session;

/// The services that vouch for signatures.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Flags of services")]
pub(crate) struct ServiceArgs {
    /// The signing configuration, a file: which services to use
    #[arg(long, value_name = "FILE")]
    signing_config: Option<String>,

    /// Uses the signing configuration that the TUF repository publishes, where no service is named
    #[arg(
        long,
        value_name = "BOOL",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true",
        value_parser = boolean::parse
    )]
    use_signing_config: Option<bool>,

    /// The trusted root, a file: what the services answer is verified with it before anything is written
    #[arg(long, value_name = "FILE")]
    trusted_root: Option<String>,

    /// Does not verify what the services answer
    #[arg(long, conflicts_with = "trusted_root")]
    insecure_skip_verify: bool,

    /// Has the signature logged; =false leaves it unlogged
    #[arg(long, default_value = "true")]
    tlog_upload: bool,

    /// The transparency log, a Rekor 1
    #[arg(long, value_name = "URL")]
    rekor_url: Option<String>,

    /// The certificate authority, a Fulcio
    #[arg(long, value_name = "URL")]
    fulcio_url: Option<String>,

    /// The timestamp authority (RFC 3161), with its path
    #[arg(long, value_name = "URL")]
    timestamp_server_url: Option<String>,

    /// A file of certificate authorities, PEM, trusted for the timestamp authority beside the machine's own
    #[arg(long, value_name = "FILE")]
    timestamp_client_cacert: Option<String>,

    /// The certificate shown to the timestamp authority, PEM
    #[arg(long, value_name = "FILE")]
    timestamp_client_cert: Option<String>,

    /// The key of the certificate shown to the timestamp authority, PEM
    #[arg(long, value_name = "FILE")]
    timestamp_client_key: Option<String>,

    /// The name expected in the timestamp authority's certificate
    #[arg(long, value_name = "NAME")]
    timestamp_server_name: Option<String>,
}

/// The services that were chosen.
pub(crate) struct Chosen {
    /// Those that vouch for signatures.
    pub(crate) services: Services,
    /// The address of the certificate authority.
    pub(crate) authority: Option<String>,
    /// The address of the OpenID provider.
    pub(crate) provider: Option<String>,
}

impl ServiceArgs {
    /// The trusted root, where one is given.
    pub(crate) fn trusted_root(&self, session: &Session<'_>) -> Result<Option<TrustedRoot>, Failure> {
        let Some(path) = given(&self.trusted_root) else {
            return Ok(None);
        };
        let bytes = file::read(session.directory(), path, trust::LIMIT as u64)?;
        let root = TrustedRoot::parse(&bytes).map_err(|source| Failure::trust(path, source))?;
        Ok(Some(root))
    }

    /// Says whether a certificate authority is named.
    pub(crate) fn names_authority(&self) -> bool {
        given(&self.fulcio_url).is_some()
    }

    /// Chooses the services; nothing is asked of them yet. Where none is named, the TUF repository says which, and whom to
    /// believe that they did right.
    pub(crate) fn choose(&self, session: &Session<'_>) -> Result<Chosen, Failure> {
        self.check_published()?;
        let (chosen, published) = match given(&self.signing_config) {
            Some(path) => (self.configured(path, session)?, None),
            None if self.are_published() => {
                let (chosen, root) = self.published(session)?;
                (chosen, Some(root))
            }
            None => (self.named(session)?, None),
        };
        self.check_timestamp_flags(&chosen)?;
        if self.insecure_skip_verify && chosen.services.is_empty() {
            let reason = "--insecure-skip-verify: no service is named whose answers would be verified";
            return Err(UsageError::because(reason).into());
        }
        let root = match (self.trusted_root(session)?, published) {
            _ if self.insecure_skip_verify => return Ok(chosen),
            (Some(root), _) | (None, Some(root)) => root,
            (None, None) => {
                if !chosen.services.is_empty() {
                    session
                        .ui()
                        .warn("no --trusted-root is given: what the services answer is written without being verified");
                }
                return Ok(chosen);
            }
        };
        Ok(Chosen {
            services: chosen.services.trusting(root),
            ..chosen
        })
    }

    /// Checks that nothing else says which services to use where the TUF repository is to.
    fn check_published(&self) -> Result<(), UsageError> {
        let reason = match self.use_signing_config {
            Some(true) if given(&self.signing_config).is_some() => {
                "--use-signing-config and --signing-config exclude each other: the one that is published, or a file"
            }
            Some(true) if self.names_services() => "cannot specify service URLs and use signing config",
            Some(true) if !self.tlog_upload => {
                "--use-signing-config: what is published says which services to use: not with --tlog-upload=false"
            }
            _ => return Ok(()),
        };
        Err(UsageError::because(reason))
    }

    /// Whether the TUF repository is to say which services to use.
    fn are_published(&self) -> bool {
        self.use_signing_config.unwrap_or(true) && self.tlog_upload && !self.names_services()
    }

    fn names_services(&self) -> bool {
        let urls = [&self.rekor_url, &self.fulcio_url, &self.timestamp_server_url];
        urls.into_iter().any(|url| given(url).is_some())
    }

    fn published(&self, session: &Session<'_>) -> Result<(Chosen, TrustedRoot), Failure> {
        let (config, root, name) = session.wait(async {
            let mut published = Published::look(What::Services, Reach::Published, session).await?;
            let config = published.signing_config(SIGNING_CONFIG).await?;
            Ok((
                config,
                published.trusted_root().await?,
                published.name_of(SIGNING_CONFIG),
            ))
        })?;
        Ok((self.of_config(&config, &name, session)?, root))
    }

    /// Checks that nothing is said of how a timestamp authority is reached where none is.
    fn check_timestamp_flags(&self, chosen: &Chosen) -> Result<(), Failure> {
        if !chosen.services.timestamp_authorities().is_empty() {
            return Ok(());
        }
        let flags = [
            (&self.timestamp_client_cacert, "--timestamp-client-cacert"),
            (&self.timestamp_client_cert, "--timestamp-client-cert"),
            (&self.timestamp_client_key, "--timestamp-client-key"),
            (&self.timestamp_server_name, "--timestamp-server-name"),
        ];
        match flags.into_iter().find(|(value, _)| given(value).is_some()) {
            None => Ok(()),
            Some((_, flag)) => Err(UsageError::because(format!(
                "{flag}: no timestamp authority is named; pass --timestamp-server-url or --signing-config"
            ))
            .into()),
        }
    }

    fn configured(&self, path: &str, session: &Session<'_>) -> Result<Chosen, Failure> {
        if self.names_services() {
            return Err(UsageError::because("cannot specify service URLs and use signing config").into());
        }
        let bytes = file::read(session.directory(), path, signing_config::LIMIT as u64)?;
        let config = SigningConfig::parse(&bytes).map_err(|source| Failure::trust(path, source))?;
        if !self.tlog_upload && !config.logs().is_empty() {
            return Err(UsageError::because(format!(
                "--tlog-upload=false: {path} names transparency logs; pass a --signing-config that names none"
            ))
            .into());
        }
        self.of_config(&config, path, session)
    }

    /// Chooses of the services of a configuration, which messages call `path`.
    fn of_config(&self, config: &SigningConfig, path: &str, session: &Session<'_>) -> Result<Chosen, Failure> {
        if config.is_empty_of_services() {
            return Ok(Chosen {
                services: Services::none(),
                authority: None,
                provider: None,
            });
        }
        let now = session.now();
        let authority = match config.certificate_authorities() {
            [] => None,
            _ => Some(config.select_certificate_authority(&[1], now)),
        };
        let provider = match config.identity_providers() {
            [] => None,
            _ => Some(config.select_identity_provider(&[1], now)),
        };
        let url = |chosen: Option<Result<&Service, SelectionError>>| {
            let chosen = chosen.transpose().map_err(|source| Failure::selection(path, source))?;
            Ok::<_, Failure>(chosen.map(|service| service.url().to_owned()))
        };
        Ok(Chosen {
            services: Services::of(config, now, self.connections(session)?)
                .map_err(|source| Failure::selection(path, source))?,
            authority: url(authority)?,
            provider: url(provider)?,
        })
    }

    fn named(&self, session: &Session<'_>) -> Result<Chosen, Failure> {
        let log = match (self.tlog_upload, given(&self.rekor_url)) {
            (false, None) => None,
            (false, Some(_)) => {
                let reason = "--rekor-url names a transparency log, and --tlog-upload=false says not to use one";
                return Err(UsageError::because(reason).into());
            }
            (true, Some(url)) => Some(Log::Rekor1 { url: url.to_owned() }),
            (true, None) => {
                return Err(UsageError::because(
                    "which transparency log is to have the signature is not said: pass --rekor-url or --tlog-upload=false, \
                     or --signing-config with a file, or name no service at all",
                )
                .into());
            }
        };
        let logs: Vec<Log> = log.into_iter().collect();
        let authorities: Vec<String> = given(&self.timestamp_server_url)
            .map(str::to_owned)
            .into_iter()
            .collect();
        Ok(Chosen {
            services: match logs.is_empty() && authorities.is_empty() {
                true => Services::none(),
                false => Services::new(logs, authorities, self.connections(session)?),
            },
            authority: given(&self.fulcio_url).map(str::to_owned),
            provider: None,
        })
    }

    fn connections(&self, session: &Session<'_>) -> Result<Connections, Failure> {
        Ok(Connections {
            http: plain_client(session),
            timestamp_http: self.timestamp_client(session)?,
            seed: session.random()?,
        })
    }

    fn timestamp_client(&self, session: &Session<'_>) -> Result<Http, Failure> {
        let client_certificate = match (given(&self.timestamp_client_cert), given(&self.timestamp_client_key)) {
            (Some(certificate), Some(key)) => Some(ClientCertificate {
                certificate: session.path(certificate),
                key: session.path(key),
            }),
            (None, None) => None,
            _ => {
                let reason = "--timestamp-client-cert and --timestamp-client-key must be given together";
                return Err(UsageError::because(reason).into());
            }
        };
        Ok(client(
            session,
            TlsOptions {
                authorities: given(&self.timestamp_client_cacert).map(|path| session.path(path)),
                client_certificate,
                server_name: given(&self.timestamp_server_name).map(str::to_owned),
                ..TlsOptions::default()
            },
        ))
    }
}
