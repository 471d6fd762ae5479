//! `serve token`: an identity token of a server's own OpenID provider.

use clap::Args;
use countersign_server::{ServerError, ServicesError};

use super::super::{Fallback, Subcommand};
use super::ROOT;
use crate::args::usage::UsageError;
use crate::failure::Failure;
use crate::session::Session;

/// Makes an identity token as the OpenID provider of `serve` would: whoever may read its folder may be anyone
#[derive(Args)]
pub(crate) struct Token {
    /// The folder that `serve` serves, or served
    #[arg(long, value_name = "FOLDER", default_value = ROOT)]
    root: String,

    /// Whom the token is for
    #[arg(long, value_name = "ADDRESS")]
    email: String,

    /// Who is to believe the token
    #[arg(long, value_name = "NAME", default_value = "sigstore")]
    audience: String,
}

impl Subcommand for Token {
    const NAME: &'static str = "serve token";
    const ABOUT: &'static str = "Prints an identity token of the OpenID provider that serve is for development";
    const FALLBACK: Fallback = Fallback::None;

    fn run(self, session: &Session<'_>) -> Result<(), Failure> {
        let root = session.path(&self.root);
        let token = countersign_server::development_token(&root, &self.email, &self.audience, session.now());
        match token {
            Ok(Some(token)) => session.ui().print_line(token.expose()),
            Err(error @ ServicesError::Email { .. }) => Err(UsageError::because(format!("--email: {error}")).into()),
            Err(error) => Err(ServerError::from(error).into()),
            Ok(None) => Err(UsageError::because(format!(
                "--root {}: no OpenID provider is, or was last, served from there",
                self.root
            ))
            .into()),
        }
    }
}
