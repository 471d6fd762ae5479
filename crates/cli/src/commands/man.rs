//! `man`: manual pages from the same definitions.

use clap::Args;

use super::{Fallback, Subcommand, Visibility};
use crate::args::image::exactly_one;
use crate::failure::Failure;
use crate::session::Session;

/// Writes manual pages
#[derive(Args)]
pub(crate) struct Man {
    /// The folder that takes the pages
    #[arg(value_name = "DIR")]
    folders: Vec<String>,
}

impl Subcommand for Man {
    const NAME: &'static str = "man";
    const ABOUT: &'static str = "Writes a manual page for each command into a folder";
    const ARGUMENTS: &'static str = "DIR";
    const FALLBACK: Fallback = Fallback::None;
    const VISIBILITY: Visibility = Visibility::Hidden;

    fn run(self, session: &Session<'_>) -> Result<(), Failure> {
        let given = exactly_one(&self.folders)?;
        let folder = session.path(given);
        let root = crate::cli::root(session.program()).disable_help_subcommand(true);
        std::fs::create_dir_all(&folder)
            .and_then(|()| clap_mangen::generate_to(root, &folder))
            .map_err(|source| Failure::File {
                action: "writing",
                path: given.to_owned(),
                source,
            })
    }
}
