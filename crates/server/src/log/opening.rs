//! Opening a log: whose it is, what its checkpoint covers, and that the files hold that.

use std::collections::HashMap;

use countersign_core::log::checkpoint::Checkpoint;
use countersign_core::log::merkle::{TreeHash, TreeHead};
use jiff::Timestamp;

use super::files::{Files, damaged};
use super::tree::{TILE_WIDTH, Tree, root_over};
use super::{CheckpointSigner, LogError, Published, half};

/// Reads whose log it is and since when, or writes it where there is none.
pub(super) fn claim(files: &Files, signer: &CheckpointSigner, now: Timestamp) -> Result<Timestamp, LogError> {
    let expected = format!(
        "{FORMAT}origin {}\nkey {}\n",
        signer.origin(),
        signer.public_key().hint()
    );
    let Some(text) = files.read("log", NOTE_LIMIT)? else {
        // Rekor 1 tells the time of an entry to the second: the first must not seem to be older than the log.
        let now = Timestamp::from_second(now.as_second()).unwrap_or(now);
        files.write_aside("log", format!("{expected}since {now}\n").as_bytes())?;
        files.place("log")?;
        return Ok(now);
    };
    let Some((found, since)) = text.split_once("since ") else {
        return Err(damaged(
            files.path("log"),
            "text",
            format!("{expected:?}"),
            format!("{text:?}"),
        ));
    };
    if found != expected {
        return Err(LogError::OtherLog {
            path: files.path("log"),
            expected: expected.escape_debug().to_string(),
            found: found.escape_debug().to_string(),
        });
    }
    let since = since.trim_end();
    since.parse().map_err(|_| {
        damaged(
            files.path("log"),
            "the time",
            "a time of RFC 3339".to_owned(),
            since.to_owned(),
        )
    })
}

pub(super) type Loaded = (Published, Tree, HashMap<[u8; 16], u64>);

/// Reads the checkpoint, cuts off what it does not cover, and checks that the records lead to its root.
pub(super) fn load(files: &Files, signer: &CheckpointSigner, now: Timestamp) -> Result<Loaded, LogError> {
    let note = match files.read("checkpoint", NOTE_LIMIT)? {
        Some(note) => note,
        None => first_checkpoint(files, signer, now)?,
    };
    let head = head_of(&note, files, signer)?;
    files.cut(head.size)?;
    let (tree, known) = entries(files, head.size)?;
    let found = tree.root(head.size, files)?;
    if found != head.root {
        return Err(damaged(
            files.path("records"),
            "the root",
            head.root.to_string(),
            found.to_string(),
        ));
    }
    Ok((Published { head, note }, tree, known))
}

/// Signs that there is nothing yet, where there is nothing.
fn first_checkpoint(files: &Files, signer: &CheckpointSigner, now: Timestamp) -> Result<String, LogError> {
    if files.has_records()? {
        let path = files.path("checkpoint");
        return Err(LogError::NoCheckpoint { path });
    }
    let root = TreeHash::of_nothing();
    let note = signer.sign(&TreeHead { size: 0, root }, now)?;
    files.write_aside("checkpoint", note.as_bytes())?;
    files.place("checkpoint")?;
    Ok(note)
}

/// Reads what a checkpoint covers, which the log must have signed.
fn head_of(note: &str, files: &Files, signer: &CheckpointSigner) -> Result<TreeHead, LogError> {
    let path = files.path("checkpoint");
    let checkpoint = match Checkpoint::parse(note) {
        Ok(checkpoint) => checkpoint,
        Err(source) => return Err(LogError::Checkpoint { path, source }),
    };
    if !signer.has_signed(&checkpoint) {
        let expected = format!("one by {}", signer.origin());
        return Err(damaged(path, "signature", expected, "none".to_owned()));
    }
    Ok(*checkpoint.head())
}

/// Builds the tree over the first `size` records, and tells each entry's place by half of its identity.
fn entries(files: &Files, size: u64) -> Result<(Tree, HashMap<[u8; 16], u64>), LogError> {
    let mut tree = Tree::default();
    let mut known = HashMap::new();
    let mut end = 0;
    for start in (0..size).step_by(TILE_WIDTH as usize) {
        let records = files.records(start..size.min(start + TILE_WIDTH))?;
        for (record, index) in records.iter().zip(start..) {
            if record.end < end {
                let expected = format!("at least {end}");
                return Err(damaged(
                    files.path("records"),
                    "end of an entry",
                    expected,
                    record.end.to_string(),
                ));
            }
            end = record.end;
            known.entry(half(&record.identity)).or_insert(index);
        }
        if records.len() as u64 == TILE_WIDTH {
            let leaves: Vec<_> = records.iter().map(|record| record.leaf).collect();
            tree.push_tile(root_over(&leaves));
        }
    }
    Ok((tree, known))
}

/// The longest small file of a log in bytes: a name, a size, a root and a signature.
const NOTE_LIMIT: u64 = 4096;
const FORMAT: &str = "countersign log 1\n";
