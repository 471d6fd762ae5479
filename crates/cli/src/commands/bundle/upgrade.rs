//! `bundle upgrade`: a bundle of version 0.1 or 0.2 becomes one of version 0.3.

use clap::Args;
use countersign::rekor;
use countersign_core::bundle::{Bundle, Format, KeyMaterial, Version};

use super::read;
use crate::args::given;
use crate::args::image::exactly_one;
use crate::args::out::OutArgs;
use crate::args::registry::plain_client;
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

    /// The transparency log, a Rekor 1, that is asked for inclusion proofs where the bundle has none
    #[arg(long, value_name = "URL")]
    rekor_url: Option<String>,
}

impl Subcommand for Upgrade {
    const NAME: &'static str = "bundle upgrade";
    const ABOUT: &'static str = "Makes a bundle of version 0.3 from one of version 0.1 or 0.2";
    const ARGUMENTS: &'static str = "BUNDLE";
    const FALLBACK: Fallback = Fallback::None;

    fn run(self, session: &Session<'_>) -> Result<(), Failure> {
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
        let bundle = self.proven(bundle, session)?;
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
    /// Fetches the inclusion proofs that are missing, where it is said from where.
    fn proven(&self, bundle: Bundle, session: &Session<'_>) -> Result<Bundle, Failure> {
        let places: Vec<u64> = bundle.unproven().collect();
        let Some(url) = given(&self.rekor_url).filter(|_| !places.is_empty()) else {
            return Ok(bundle);
        };
        session.ui().info("Fetching inclusion proof from Rekor...");
        let http = plain_client(session);
        session.wait(async {
            let mut bundle = bundle;
            for place in places {
                let entry = rekor::at_index(url, place, &http).await.map_err(Failure::LookUp)?;
                bundle = bundle.with_proof(&entry);
            }
            Ok(bundle)
        })
    }

    fn finish(&self, json: &[u8], session: &Session<'_>) -> Result<(), Failure> {
        if let Some(out) = self.out.write(json, session)? {
            session
                .ui()
                .info(&format!("Successfully upgraded bundle written to {out}"));
        }
        Ok(())
    }
}
