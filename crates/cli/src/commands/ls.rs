//! `ls`: the tags of a repository.

use clap::Args;
use countersign_oci::Repository;

use super::Subcommand;
use crate::args::image::exactly_one;
use crate::args::registry::RegistryArgs;
use crate::failure::Failure;
use crate::session::Session;

/// Lists the tags of a repository
#[derive(Args)]
pub(crate) struct Ls {
    /// The repository
    #[arg(value_name = "REPOSITORY")]
    repositories: Vec<String>,

    /// Prints REPOSITORY:TAG
    #[arg(long)]
    full_ref: bool,

    /// Leaves out tags that are made of a digest, such as those of signatures
    #[arg(short = 'O', long)]
    omit_digest_tags: bool,

    #[command(flatten)]
    registry: RegistryArgs,
}

impl Subcommand for Ls {
    const NAME: &'static str = "ls";
    const ABOUT: &'static str = "Lists the tags of a repository";
    const ARGUMENTS: &'static str = "REPOSITORY";

    fn run(self, session: &Session<'_>) -> Result<(), Failure> {
        let repository: Repository = exactly_one(&self.repositories)?.parse()?;
        let registry = self.registry.open(session)?;
        let tags = session.wait(async { Ok(registry.tags(&repository).await?) })?;
        let mut text = String::new();
        for tag in tags {
            if self.omit_digest_tags && is_digest_tag(&tag) {
                continue;
            }
            if self.full_ref {
                text.push_str(&repository.to_string());
                text.push(':');
            }
            text.push_str(&tag);
            text.push('\n');
        }
        session.ui().print(text.as_bytes())
    }
}

fn is_digest_tag(tag: &str) -> bool {
    tag.strip_prefix("sha256-")
        .and_then(|rest| rest.get(..64))
        .is_some_and(|hex| hex.bytes().all(|byte| byte.is_ascii_hexdigit()))
}
