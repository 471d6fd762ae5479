//! The workflow of TUF clients (TUF specification §5), each check with a repository that only it refuses.

mod delegating;
mod keys;
mod refusing;
mod rolling_back;
mod simulator;
mod updating;

use countersign_core::quoted::Quoted;
use countersign_core::tuf::{Refusal, TufError};

use simulator::{Client, Repository};

/// Why a client refuses the repository, and which file.
fn refused(client: &mut Client, repository: &Repository) -> (String, Refusal) {
    told(client.refresh(repository).map(drop).unwrap_err())
}

fn told(error: TufError) -> (String, Refusal) {
    (error.file.as_str().to_owned(), error.refusal)
}

fn threshold(signer: &'static str, threshold: u64, found: u64) -> Refusal {
    Refusal::Threshold {
        signer,
        threshold,
        found,
    }
}

fn member(member: &'static str, expected: &'static str, found: &str) -> Refusal {
    Refusal::Member {
        member,
        expected,
        found: Quoted::new(found),
    }
}

fn version(expected: u64, found: u64) -> Refusal {
    Refusal::Version { expected, found }
}
