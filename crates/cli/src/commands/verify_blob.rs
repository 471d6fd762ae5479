//! `verify-blob`: checks the signature of a file.

mod evidence;

use clap::Args;
use countersign_core::bundle::Bundle;
use countersign_core::message::Message;
use countersign_core::policy::Claim;
use countersign_core::{Artifact, Digest};

use super::Subcommand;
use crate::args::blob::{self, BlobSource};
use crate::args::image::exactly_one;
use crate::args::input::is_url;
use crate::args::registry::plain_client;
use crate::args::trusted_signer::{Terms, TrustedSignerArgs};
use crate::args::usage::UsageError;
use crate::failure::Failure;
use crate::file;
use crate::session::Session;

/// Verifies the signature of a file, from a bundle or by itself
#[derive(Args)]
pub(crate) struct VerifyBlob {
    #[command(flatten)]
    trusted: TrustedSignerArgs,
    #[command(flatten)]
    evidence: evidence::EvidenceArgs,

    /// The file; - is standard input, and a URL or sha256:DIGEST is taken where no such file exists
    #[arg(value_name = "FILE", id = "file")]
    files: Vec<String>,
}

impl Subcommand for VerifyBlob {
    const NAME: &'static str = "verify-blob";
    const ABOUT: &'static str = "Verifies the signature of a file";
    const ARGUMENTS: &'static str = "FILE";

    fn run(self, session: &Session<'_>) -> Result<(), Failure> {
        let file = exactly_one(&self.files)?;
        let terms = self.trusted.terms_alone(Claim::Message, "blob", session)?;
        let bundles = self.evidence.read(file, self.trusted.is_offline(), session)?;
        let bundles: Vec<Bundle> = bundles.into_iter().map(|bundle| terms.complete(bundle)).collect();
        let message = self.message(file, &terms, &bundles, session)?;
        terms.judge_file(file, bundles, &Artifact::message(message), session)?;
        session.ui().info("Verified OK");
        Ok(())
    }
}

impl VerifyBlob {
    /// Reads the file for what the signatures need of it.
    fn message(
        &self,
        file: &str,
        terms: &Terms,
        bundles: &[Bundle],
        session: &Session<'_>,
    ) -> Result<Message, Failure> {
        if file == "-" || file::exists(session.directory(), file) {
            return terms.read(&BlobSource::new(file, session), bundles, session);
        }
        if let Ok(digest) = file.parse::<Digest>() {
            return Ok(Message::named(digest));
        }
        if !is_url(file) {
            return terms.read(&BlobSource::new(file, session), bundles, session);
        }
        if self.trusted.is_offline() {
            return Err(UsageError::because("--offline: the file is on the network").into());
        }
        let limit = blob::limit(session)?;
        let http = plain_client(session);
        let body = session.wait(async { Ok(http.get(file, limit as u64).await?) })?;
        Ok(Message::of(&body, &terms.needs(bundles)))
    }
}
