//! `bundle upgrade`: a bundle of version 0.1 or 0.2 becomes one of version 0.3.

use clap::Args;
use countersign_core::bundle::{Format, KeyMaterial, Version};

use super::read;
use crate::args::image::exactly_one;
use crate::args::out::OutArgs;
use crate::args::unserved::{Logged, Unserved};
use crate::commands::{Fallback, Subcommand};
use crate::failure::Failure;
use crate::session::Session;

/// Upgrades a bundle
#[derive(Args)]
pub(crate) struct Upgrade {
    /// The file with the bundle
    #[arg(value_name = "BUNDLE")]
    bundles: Vec<String>,

    #[command(flatten)]
    out: OutArgs,

    #[command(flatten)]
    unserved: Unserved<Logged>,
}

impl Subcommand for Upgrade {
    const NAME: &'static str = "bundle upgrade";
    const ABOUT: &'static str = "Makes a bundle of version 0.3 from one of version 0.1 or 0.2";
    const ARGUMENTS: &'static str = "BUNDLE";
    const FALLBACK: Fallback = Fallback::None;

    fn run(self, session: &Session<'_>) -> Result<(), Failure> {
        self.unserved.refuse()?;
        let path = exactly_one(&self.bundles)?;
        let (bytes, bundle) = read(path, session)?;
        let version = match bundle.format() {
            Format::Bundle(Version::V01) => "v0.1",
            Format::Bundle(Version::V02) => "v0.2",
            _ => {
                session.ui().info("Bundle is already at v0.3, no upgrade needed.");
                return self.finish(&bytes, session);
            }
        };
        session.ui().info(&format!("Upgrading from {version} to v0.3..."));
        let upgraded = bundle.upgrade().map_err(|source| Failure::Upgrade {
            path: path.to_owned(),
            source,
        })?;
        if matches!(bundle.key_material(), KeyMaterial::Certificates(chain) if chain.len() > 1) {
            session
                .ui()
                .info("Truncating certificate chain to only the leaf certificate...");
        }
        let json = upgraded.to_json().map_err(|source| Failure::Bundle {
            path: path.to_owned(),
            source,
        })?;
        self.finish(&json, session)
    }
}

impl Upgrade {
    fn finish(&self, json: &[u8], session: &Session<'_>) -> Result<(), Failure> {
        if let Some(out) = self.out.write(json, session)? {
            session
                .ui()
                .info(&format!("Successfully upgraded bundle written to {out}"));
        }
        Ok(())
    }
}
