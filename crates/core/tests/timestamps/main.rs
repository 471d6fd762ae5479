//! Timestamps are believed when all about them is right, and only then; `data/timestamps/ORIGIN.md` says where those of
//! others are from.

mod believing;
#[path = "../certificates/builder.rs"]
#[expect(dead_code, reason = "certificates have more parts than timestamps need")]
mod builder;
mod hostile;
mod reading;
mod shapes;
mod stamper;
mod vectors;

use countersign_core::timestamp::{ProvenTime, Refusal, TimestampError};

/// The reason of the only authority that was asked.
fn refusal(result: Result<ProvenTime, TimestampError>) -> Refusal {
    match result {
        Err(TimestampError::Untrusted { tried }) => {
            let mut tried = tried.iter().map(|(_, refusal)| refusal.clone());
            let refusal = tried.next().unwrap();
            assert_eq!(tried.next(), None);
            refusal
        }
        other => panic!("{other:?}"),
    }
}
