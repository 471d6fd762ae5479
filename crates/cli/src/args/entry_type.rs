//! What a transparency log keeps of an attestation.

use clap::Args;
use countersign::rekor::Log;
use countersign_core::protocol::rekor::Kept;

use super::services::Chosen;
use super::usage::UsageError;
use crate::failure::Failure;

/// What a transparency log keeps of an attestation.
#[derive(Args, Clone, Debug)]
pub(crate) struct EntryTypeArgs {
    /// What Rekor 1 keeps: dsse (hashes, the default) or intoto (the attestation too)
    #[arg(long, value_name = "TYPE", value_parser = parse)]
    rekor_entry_type: Option<Kept>,
}

impl EntryTypeArgs {
    /// Has the logs keep what is asked for.
    pub(crate) fn apply(&self, chosen: Chosen) -> Result<Chosen, Failure> {
        let Some(kept) = self.rekor_entry_type else {
            return Ok(chosen);
        };
        let mut logs = chosen.services.logs().iter();
        if !logs.any(|log| matches!(log, Log::Rekor1 { .. })) {
            let reason = "--rekor-entry-type is for a Rekor 1, and none is named: a Rekor 2 keeps hashes only";
            return Err(UsageError::because(reason).into());
        }
        Ok(Chosen {
            services: chosen.services.keeping(kept),
            ..chosen
        })
    }
}

fn parse(text: &str) -> Result<Kept, &'static str> {
    match text {
        "dsse" => Ok(Kept::Hashes),
        "intoto" => Ok(Kept::Envelope),
        _ => Err("expected dsse or intoto"),
    }
}
