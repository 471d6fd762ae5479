//! The thread that puts entries in order and makes them last, many at a time.

use std::sync::{Arc, PoisonError};
use std::thread::JoinHandle;

use countersign_core::log::merkle::{TreeHash, TreeHead};
use jiff::Timestamp;
use tokio::sync::{mpsc, oneshot};

use super::files::Record;
use super::tree::TILE_WIDTH;
use super::{Appended, ENTRY_LIMIT, LogError, Proposal, Published, Shared, half};

/// The sequencer of a log; dropping it waits until it has ended.
#[derive(Debug)]
pub(super) struct Sequencer {
    queue: Option<mpsc::Sender<Waiting>>,
    thread: Option<JoinHandle<()>>,
}

struct Waiting {
    proposal: Proposal,
    answer: oneshot::Sender<Result<Appended, LogError>>,
}

impl Sequencer {
    /// Starts the thread.
    pub(super) fn start(shared: Arc<Shared>) -> Self {
        let (queue, waiting) = mpsc::channel(QUEUE);
        Self {
            queue: Some(queue),
            thread: Some(std::thread::spawn(move || run(&shared, waiting))),
        }
    }

    /// Hands an entry over, and waits for it to last.
    pub(super) async fn append(&self, proposal: Proposal) -> Result<Appended, LogError> {
        let (answer, answered) = oneshot::channel();
        let queue = self.queue.as_ref().ok_or(LogError::Stopped)?;
        let sent = queue.send(Waiting { proposal, answer }).await;
        sent.map_err(|_| LogError::Stopped)?;
        answered.await.map_err(|_| LogError::Stopped)?
    }
}

impl Drop for Sequencer {
    fn drop(&mut self) {
        self.queue = None;
        if let Some(thread) = self.thread.take() {
            // A panic there has been printed, and there is nobody else to tell.
            let _ = thread.join();
        }
    }
}

fn run(shared: &Shared, mut waiting: mpsc::Receiver<Waiting>) {
    while let Some(first) = waiting.blocking_recv() {
        let mut together = vec![first];
        while together.len() < BATCH
            && let Ok(next) = waiting.try_recv()
        {
            together.push(next);
        }
        if !commit(shared, together) {
            return;
        }
    }
}

/// Entries that are to become durable together.
struct Batch {
    size: u64,
    end: u64,
    records: Vec<Record>,
    entries: Vec<u8>,
    time: Timestamp,
}

/// Makes entries durable and answers those who wait; says whether the log can go on.
fn commit(shared: &Shared, together: Vec<Waiting>) -> bool {
    let before = shared.published();
    let mut batch = Batch {
        size: before.head.size,
        end: match shared.files.end(before.head.size) {
            Ok(end) => end,
            Err(error) => return give_up(together.into_iter().map(|waiting| waiting.answer), error),
        },
        records: Vec::new(),
        entries: Vec::new(),
        time: Timestamp::UNIX_EPOCH,
    };
    let mut placed = Vec::with_capacity(together.len());
    for Waiting { proposal, answer } in together {
        match batch.place(shared, proposal) {
            Ok((index, is_new)) => placed.push((answer, index, is_new)),
            // Whoever does not wait any more needs no answer, here and below.
            Err(error) => _ = answer.send(Err(error)),
        }
    }
    let answers = |placed: Vec<(oneshot::Sender<_>, u64, bool)>| placed.into_iter().map(|(answer, ..)| answer);
    let published = match batch.write(shared, &before) {
        Ok(published) => published,
        Err(error) => {
            batch.forget(shared);
            return give_up(answers(placed), error);
        }
    };
    // From here on the checkpoint may be on the disk: what it covers cannot be taken back.
    if !batch.records.is_empty()
        && let Err(error) = shared.files.place("checkpoint")
    {
        give_up(answers(placed), error);
        return false;
    }
    *shared.published.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&published);
    for (answer, index, is_new) in placed {
        let published = Arc::clone(&published);
        _ = answer.send(Ok(Appended {
            index,
            is_new,
            published,
        }));
    }
    true
}

/// Tells all who wait why they got nothing.
fn give_up(answers: impl Iterator<Item = oneshot::Sender<Result<Appended, LogError>>>, error: LogError) -> bool {
    let error = Arc::new(error);
    for answer in answers {
        _ = answer.send(Err(LogError::NotWritten(Arc::clone(&error))));
    }
    true
}

impl Batch {
    /// Finds the place of an entry: where it is already, or behind all others.
    fn place(&mut self, shared: &Shared, proposal: Proposal) -> Result<(u64, bool), LogError> {
        let next = self.size + self.records.len() as u64;
        if let Some(index) = self.find(shared, &proposal.identity)? {
            return Ok((index, false));
        }
        let bytes = (proposal.make)(next);
        if bytes.len() > ENTRY_LIMIT {
            return Err(LogError::TooLong {
                limit: ENTRY_LIMIT,
                found: bytes.len(),
            });
        }
        self.entries.extend(&bytes);
        self.records.push(Record {
            leaf: (shared.leaf_of)(&bytes).expect("who makes an entry of this log makes one that it can hash"),
            identity: proposal.identity,
            time: proposal.time.as_millisecond(),
            end: self.end + self.entries.len() as u64,
        });
        self.time = self.time.max(proposal.time);
        let mut known = shared.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.entry(half(&proposal.identity)).or_insert(next);
        Ok((next, true))
    }

    fn find(&self, shared: &Shared, identity: &[u8; 32]) -> Result<Option<u64>, LogError> {
        if let Some(index) = shared.find(identity, self.size)? {
            return Ok(Some(index));
        }
        let place = self.records.iter().position(|record| record.identity == *identity);
        Ok(place.map(|place| self.size + place as u64))
    }

    /// Writes the entries, and aside a checkpoint that covers them.
    fn write(&self, shared: &Shared, before: &Arc<Published>) -> Result<Arc<Published>, LogError> {
        if self.records.is_empty() {
            return Ok(Arc::clone(before));
        }
        shared.files.append(self.size, self.end, &self.records, &self.entries)?;
        let size = self.size + self.records.len() as u64;
        let root = self.grow(shared, before, size)?;
        let head = TreeHead { size, root };
        let note = shared.signer.sign(&head, self.time)?;
        shared.files.write_aside("checkpoint", note.as_bytes())?;
        Ok(Arc::new(Published { head, note }))
    }

    /// Adds the tiles that became full to the tree, and returns its root, once it is sure that it continues the one before:
    /// what was read of that could have been damaged since.
    fn grow(&self, shared: &Shared, before: &Published, size: u64) -> Result<TreeHash, LogError> {
        let mut tree = shared.tree.write().unwrap_or_else(PoisonError::into_inner);
        while tree.tiles() < size / TILE_WIDTH {
            tree.complete_tile(&shared.files)?;
        }
        let root = tree.root(size, &shared.files)?;
        let found = tree.root(before.head.size, &shared.files)?;
        shared.check_root(&before.head.root, Some(found))?;
        Ok(root)
    }

    /// Undoes what was noted of entries that were not written. Their bytes are written over by the next ones.
    fn forget(&self, shared: &Shared) {
        let mut known = shared.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, index| *index < self.size);
        drop(known);
        let mut tree = shared.tree.write().unwrap_or_else(PoisonError::into_inner);
        tree.truncate(self.size);
    }
}

/// How many entries may wait; more wait to wait.
const QUEUE: usize = 4096;
/// The most entries that become durable together: of the longest these are 32 MiB.
pub(super) const BATCH: usize = 512;
