//! Hashing beside the thread that moves bytes.
//!
//! A few threads hash for many streams. They take all that waits of a stream at once, and those that began earlier come
//! first: then blobs end one after the other, and what a store does with the whole of one goes on while the next moves.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use countersign_core::Digest;
use countersign_core::digest::{Algorithm, Hasher};

/// Threads that hash, which exist while there is something to do. Clones share them.
#[derive(Clone, Default)]
pub struct HashThreads(Arc<Shared>);

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    /// Tells the threads that there is something to do, or nothing left.
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// In the order in which they began.
    lanes: Vec<Lane>,
    /// The number of the next lane.
    next: u64,
    /// How many times a thread has taken something.
    taken: u64,
    /// How many threads there are.
    threads: usize,
    /// How many of them wait.
    idle: usize,
}

/// The bytes of one stream.
struct Lane {
    number: u64,
    /// Away while a thread hashes.
    hasher: Option<Hasher>,
    waiting: Vec<Bytes>,
    /// Who waits for room or for the end.
    waker: Option<Waker>,
}

/// Bytes on their way to the threads that hash them.
pub(super) struct Hashed {
    shared: Arc<Shared>,
    lane: u64,
}

impl HashThreads {
    /// Begins to hash a stream.
    pub(super) fn begin(&self, algorithm: Algorithm) -> Hashed {
        let mut state = self.0.lock();
        let lane = state.next;
        state.next += 1;
        state.lanes.push(Lane {
            number: lane,
            hasher: Some(Hasher::new(algorithm)),
            waiting: Vec::with_capacity(DEPTH),
            waker: None,
        });
        Hashed {
            shared: Arc::clone(&self.0),
            lane,
        }
    }
}

impl Hashed {
    /// Adds bytes once there is room for them.
    pub(super) async fn add(&self, chunk: &Bytes) {
        std::future::poll_fn(|context| self.poll_add(chunk, context)).await;
    }

    fn poll_add(&self, chunk: &Bytes, context: &mut Context<'_>) -> Poll<()> {
        let mut state = self.shared.lock();
        let lane = state.lane(self.lane).expect(IS_THERE);
        if lane.waiting.len() >= DEPTH {
            lane.waker = Some(context.waker().clone());
            return Poll::Pending;
        }
        lane.waiting.push(chunk.clone());
        // Otherwise somebody has been told, or comes back to it.
        if lane.waiting.len() == 1 && lane.hasher.is_some() {
            self.call(&mut state);
        }
        Poll::Ready(())
    }

    /// Sees to it that a thread comes.
    fn call(&self, state: &mut State) {
        if state.idle > 0 {
            self.shared.changed.notify_one();
        } else if state.threads < THREADS {
            state.threads += 1;
            let shared = Arc::clone(&self.shared);
            // It ends when there is nothing left to hash, so its handle is not needed.
            drop(tokio::task::spawn_blocking(move || shared.work()));
        }
    }

    /// The digest of all that was added.
    pub(super) async fn finish(self) -> Digest {
        std::future::poll_fn(|context| self.poll_finish(context)).await.finish()
    }

    fn poll_finish(&self, context: &mut Context<'_>) -> Poll<Hasher> {
        let mut state = self.shared.lock();
        let lane = state.lane(self.lane).expect(IS_THERE);
        if lane.waiting.is_empty()
            && let Some(hasher) = lane.hasher.take()
        {
            return Poll::Ready(hasher);
        }
        lane.waker = Some(context.waker().clone());
        Poll::Pending
    }
}

impl Drop for Hashed {
    fn drop(&mut self) {
        self.shared.lock().lanes.retain(|lane| lane.number != self.lane);
        self.shared.changed.notify_all();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hashes until no stream is left.
    fn work(&self) {
        let mut state = self.lock();
        let mut chunks = Vec::with_capacity(DEPTH);
        while !state.lanes.is_empty() {
            let Some((lane, mut hasher, waker)) = state.take(&mut chunks) else {
                state.idle += 1;
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                state.idle -= 1;
                continue;
            };
            if state.idle > 0 && state.lanes.iter().any(Lane::is_due) {
                self.changed.notify_one();
            }
            drop(state);
            if let Some(waker) = waker {
                waker.wake();
            }
            for chunk in chunks.drain(..) {
                hasher.update(&chunk);
            }
            state = self.lock();
            let waker = state.give_back(lane, hasher);
            if let Some(waker) = waker {
                drop(state);
                waker.wake();
                state = self.lock();
            }
        }
        state.threads -= 1;
    }
}

impl Lane {
    /// Says whether there is something to hash, which no thread is at yet.
    fn is_due(&self) -> bool {
        self.hasher.is_some() && !self.waiting.is_empty()
    }
}

impl State {
    fn lane(&mut self, number: u64) -> Option<&mut Lane> {
        self.lanes.iter_mut().find(|lane| lane.number == number)
    }

    /// Takes what waits of the stream whose turn it is.
    fn take(&mut self, chunks: &mut Vec<Bytes>) -> Option<(u64, Hasher, Option<Waker>)> {
        self.taken += 1;
        let is_due = |lane: &&mut Lane| lane.is_due();
        // None may wait for ever, or its registry would think that it is gone.
        let mut lanes = self.lanes.iter_mut();
        let turn = match self.taken.is_multiple_of(TURNS) {
            true => lanes.rfind(is_due),
            false => lanes.find(is_due),
        };
        let lane = turn?;
        let hasher = lane.hasher.take()?;
        std::mem::swap(chunks, &mut lane.waiting);
        Some((lane.number, hasher, lane.waker.take()))
    }

    /// Returns who waits for the end of the stream.
    fn give_back(&mut self, number: u64, hasher: Hasher) -> Option<Waker> {
        let lane = self.lane(number)?;
        lane.hasher = Some(hasher);
        match lane.waiting.is_empty() {
            true => lane.waker.take(),
            false => None,
        }
    }
}

/// How many threads hash at most: two hash faster than one thread moves bytes in and out.
const THREADS: usize = 2;

/// How many chunks of one stream may wait to be hashed.
const DEPTH: usize = 2;

/// One in so many turns is that of the stream that began last.
const TURNS: u64 = 8;

const IS_THERE: &str = "a lane is there as long as its stream";
