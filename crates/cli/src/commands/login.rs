//! `login`: credentials for a registry, into Docker's configuration.

use clap::Args;
use countersign_core::Secret;
use countersign_oci::reference::DOCKER_HUB;

use super::{Fallback, Subcommand};
use crate::args::image::exactly_one;
use crate::args::usage::UsageError;
use crate::docker_config::{DockerConfig, Stored};
use crate::failure::Failure;
use crate::session::Session;

/// Stores credentials
#[derive(Args)]
pub(crate) struct Login {
    /// The registry's host
    #[arg(value_name = "SERVER")]
    servers: Vec<String>,

    /// The user name
    #[arg(short, long, value_name = "NAME")]
    username: Option<String>,

    /// The password
    #[arg(short, long, value_name = "PASSWORD")]
    password: Option<String>,

    /// Reads the password from stdin
    #[arg(long)]
    password_stdin: bool,
}

impl Subcommand for Login {
    const NAME: &'static str = "login";
    const ABOUT: &'static str = "Stores credentials for a registry, without contacting it";
    const ARGUMENTS: &'static str = "SERVER";
    const FALLBACK: Fallback = Fallback::None;

    fn run(self, session: &Session<'_>) -> Result<(), Failure> {
        let server = server_key(exactly_one(&self.servers)?)?;
        let password = self.password(session)?;
        let username = self.username.as_deref().unwrap_or_default();
        if username.is_empty() || password.expose().is_empty() {
            return Err(UsageError::because("username and password required").into());
        }
        let mut config = DockerConfig::load(session)?;
        if config.store(session, &server, username, &password)? == Stored::InFile {
            session.ui().info(&format!(
                "WARNING! Your credentials are stored unencrypted in '{}'.\n\
                 Configure a credential helper to remove this warning. See\n\
                 https://docs.docker.com/go/credential-store/\n",
                config.path()
            ));
        }
        session.ui().info(&format!("logged in via {}", config.path()));
        Ok(())
    }
}

impl Login {
    fn password(&self, session: &Session<'_>) -> Result<Secret<String>, Failure> {
        if !self.password_stdin {
            return Ok(Secret::new(self.password.clone().unwrap_or_default()));
        }
        if self.password.is_some() {
            let reason = "--password and --password-stdin cannot be used together";
            return Err(UsageError::because(reason).into());
        }
        let bytes = session.ui().read_stdin(PASSWORD_LIMIT)?;
        let text = String::from_utf8(bytes).map_err(|_| UsageError::because("the password is not valid UTF-8"))?;
        let text = Secret::new(text);
        let line = text.expose().strip_suffix('\n').unwrap_or(text.expose());
        Ok(Secret::new(line.strip_suffix('\r').unwrap_or(line).to_owned()))
    }
}

/// The name under which Docker keeps a registry's credentials.
fn server_key(server: &str) -> Result<String, Failure> {
    let host = server
        .strip_prefix("https://")
        .or_else(|| server.strip_prefix("http://"))
        .unwrap_or(server)
        .trim_end_matches('/');
    if host.is_empty() || host.contains(['/', '@', ' ']) {
        return Err(UsageError::because(format!("{server:?} is not the host of a registry")).into());
    }
    Ok(match host {
        "docker.io" | "registry-1.docker.io" | DOCKER_HUB => "https://index.docker.io/v1/".to_owned(),
        other => other.to_owned(),
    })
}

/// The most bytes of a password.
const PASSWORD_LIMIT: u64 = 64 * 1024;
