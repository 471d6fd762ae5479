//! Work on a few threads.

use std::sync::Mutex;
use std::thread;

/// Applies `work` to every item on `threads` threads; the results are in the order of the items.
pub fn on_threads<T: Sync, R: Send>(threads: usize, items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let next = Mutex::new(items.iter().enumerate());
    let results = Mutex::new(Vec::with_capacity(items.len()));
    thread::scope(|scope| {
        for _ in 0..threads.min(items.len()) {
            scope.spawn(|| {
                loop {
                    let taken = next.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).next();
                    let Some((place, item)) = taken else { return };
                    let result = work(item);
                    results
                        .lock()
                        .unwrap_or_else(|poisoned| poisoned.into_inner())
                        .push((place, result));
                }
            });
        }
    });
    let mut results = results.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner());
    results.sort_by_key(|(place, _)| *place);
    results.into_iter().map(|(_, result)| result).collect()
}

/// Returns how many threads this machine runs at once.
pub fn cores() -> usize {
    thread::available_parallelism().map_or(2, std::num::NonZero::get)
}
