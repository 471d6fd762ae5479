//! `verify-blob`: checks the signature of a file.

mod evidence;

use clap::Args;
use countersign::verify::Rules;
use countersign_core::bundle::Bundle;
use countersign_core::message::Message;
use countersign_core::policy::{Claim, Policy};
use countersign_core::verify::{needs, verify};
use countersign_core::{Artifact, Digest};

use super::Subcommand;
use crate::args::blob::{self, BlobSource};
use crate::args::image::exactly_one;
use crate::args::registry::plain_client;
use crate::args::trusted_signer::TrustedSignerArgs;
use crate::args::unserved::{Unserved, Verifying};
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
    #[command(flatten)]
    unserved: Unserved<Verifying>,

    /// The file; - is standard input, and a URL or sha256:DIGEST is taken where no such file exists
    #[arg(value_name = "FILE", id = "file")]
    files: Vec<String>,
}

impl Subcommand for VerifyBlob {
    const NAME: &'static str = "verify-blob";
    const ABOUT: &'static str = "Verifies the signature of a file";
    const ARGUMENTS: &'static str = "FILE";

    fn run(self, session: &Session<'_>) -> Result<(), Failure> {
        self.unserved.refuse()?;
        let file = exactly_one(&self.files)?;
        let terms = self.trusted.terms_alone(Claim::Message, "blob", session)?;
        let Rules { policy, trust } = terms.rules();
        let bundle = self.evidence.read(file, self.trusted.is_offline(), session)?;
        let message = self.message(file, &bundle, policy, session)?;
        verify(&bundle, &Artifact::message(message), policy, trust, session.now()).map_err(|source| {
            Failure::Rejected {
                blob: file.to_owned(),
                source,
            }
        })?;
        session.ui().info("Verified OK");
        Ok(())
    }
}

impl VerifyBlob {
    /// Reads the file for what `bundle` and `policy` need of it.
    fn message(&self, file: &str, bundle: &Bundle, policy: &Policy, session: &Session<'_>) -> Result<Message, Failure> {
        let needs = needs(bundle, policy);
        if file == "-" || file::exists(session.directory(), file) {
            return BlobSource::new(file, session).read(&needs, session);
        }
        if let Ok(digest) = file.parse::<Digest>() {
            return Ok(Message::named(digest));
        }
        if !is_url(file) {
            return BlobSource::new(file, session).read(&needs, session);
        }
        if self.trusted.is_offline() {
            return Err(UsageError::because("--offline: the file is on the network").into());
        }
        let limit = blob::limit(session)?;
        let http = plain_client(session);
        let body = session.wait(async { Ok(http.get(file, limit as u64).await?) })?;
        Ok(Message::of(&body, &needs))
    }
}

/// Says whether a name is one of the web.
fn is_url(name: &str) -> bool {
    name.starts_with("https://") || name.starts_with("http://")
}
