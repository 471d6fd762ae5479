//! What is claimed: a predicate of some type, or a whole statement.

use clap::Args;
use countersign::attachment::discover::Limits;
use countersign::attest::{Claimed, GivenStatement};
use countersign_core::payload::predicate::{Predicate, PredicateType};
use countersign_core::payload::statement;

use super::predicate_type::PredicateTypeArgs;
use super::usage::UsageError;
use crate::env;
use crate::failure::Failure;
use crate::file;
use crate::session::Session;

/// What is claimed: a predicate of some type, or a whole statement.
#[derive(Args, Clone, Debug)]
pub(crate) struct ClaimedArgs {
    #[command(flatten)]
    predicate_type: PredicateTypeArgs,

    /// The claim, a file; - is standard input
    #[arg(long, value_name = "FILE")]
    predicate: Option<String>,

    /// A whole in-toto statement that names what is attested, a file; it is signed as it is; - is standard input
    #[arg(long, value_name = "FILE")]
    statement: Option<String>,
}

impl ClaimedArgs {
    /// Says whether what is claimed comes from standard input.
    pub(crate) fn is_stdin(&self) -> bool {
        [&self.predicate, &self.statement]
            .iter()
            .any(|path| path.as_deref() == Some("-"))
    }

    /// Reads what is claimed.
    pub(crate) fn read(&self, session: &Session<'_>, limits: &Limits) -> Result<Claimed, Failure> {
        match (&self.predicate, &self.statement) {
            (Some(path), None) => {
                let predicate_type: PredicateType = self.predicate_type.parse()?;
                let content = read(path, session, limits)?;
                let predicate = Predicate::new(&predicate_type, content, session.now())
                    .map_err(|source| Failure::predicate(path, source))?;
                Ok(Claimed::Predicate {
                    predicate_type,
                    predicate,
                })
            }
            (None, Some(path)) => {
                let given = GivenStatement::parse(read(path, session, limits)?)
                    .map_err(|source| Failure::statement(path, source))?;
                let claimed = Claimed::Statement(given);
                self.predicate_type.check(claimed.predicate_type())?;
                Ok(claimed)
            }
            (None, None) => Err(UsageError::because(
                "at least one of the flags in the group [predicate statement] is required",
            )
            .into()),
            (Some(_), Some(_)) => Err(UsageError::because("--predicate and --statement exclude each other").into()),
        }
    }
}

/// Reads a file or standard input, and says so as cosign does.
fn read(path: &str, session: &Session<'_>, limits: &Limits) -> Result<Vec<u8>, Failure> {
    let limit = limits.attachment.min(statement::LIMIT as u64);
    let is_stdin = path == "-";
    let shown = if is_stdin { "standard input" } else { path };
    session.ui().info(&format!("Using payload from: {shown}"));
    if !is_stdin {
        return file::read(session.directory(), path, limit);
    }
    let has_password = session.environment().get(env::PASSWORD).is_some() || session.ui().terminal().stdin;
    if !has_password {
        return Err(UsageError::because(format!(
            "standard input is what is claimed, so the key's password must be in {}",
            env::PASSWORD
        ))
        .into());
    }
    session.ui().read_stdin(limit)
}
