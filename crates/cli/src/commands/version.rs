//! `version`: what this program is.

use clap::Args;
use serde::Serialize;

use super::{Fallback, Subcommand};
use crate::failure::Failure;
use crate::session::Session;

/// Prints the version
#[derive(Args)]
pub(crate) struct Version {
    /// Prints JSON
    #[arg(long)]
    json: bool,
}

/// The members that cosign prints, in its order.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Facts {
    git_version: &'static str,
    git_commit: &'static str,
    git_tree_state: &'static str,
    build_date: &'static str,
    go_version: &'static str,
    compiler: &'static str,
    platform: String,
}

impl Subcommand for Version {
    const NAME: &'static str = "version";
    const ABOUT: &'static str = "Prints the version";
    const FALLBACK: Fallback = Fallback::None;

    fn run(self, session: &Session<'_>) -> Result<(), Failure> {
        let facts = Facts::of_this_build();
        if self.json {
            let json = serde_json::to_string_pretty(&facts).map_err(|error| Failure::Output(error.into()))?;
            return session.ui().print_line(&json);
        }
        session.ui().print(facts.text(session.program()).as_bytes())
    }
}

impl Facts {
    fn of_this_build() -> Self {
        Self {
            git_version: concat!("v", env!("CARGO_PKG_VERSION")),
            git_commit: option_env!("COUNTERSIGN_GIT_COMMIT").unwrap_or("unknown"),
            git_tree_state: option_env!("COUNTERSIGN_GIT_TREE_STATE").unwrap_or("unknown"),
            build_date: option_env!("COUNTERSIGN_BUILD_DATE").unwrap_or("unknown"),
            go_version: "none",
            compiler: "rustc",
            platform: format!("{}/{}", go_os(), go_architecture()),
        }
    }

    fn text(&self, program: &str) -> String {
        format!(
            "{program}: signs and verifies anything in an OCI registry\n\n\
             GitVersion:    {}\nGitCommit:     {}\nGitTreeState:  {}\nBuildDate:     {}\n\
             GoVersion:     {}\nCompiler:      {}\nPlatform:      {}\n\n",
            self.git_version,
            self.git_commit,
            self.git_tree_state,
            self.build_date,
            self.go_version,
            self.compiler,
            self.platform
        )
    }
}

fn go_os() -> &'static str {
    match std::env::consts::OS {
        "macos" => "darwin",
        other => other,
    }
}

fn go_architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "x86" => "386",
        "powerpc64" => "ppc64le",
        other => other,
    }
}
