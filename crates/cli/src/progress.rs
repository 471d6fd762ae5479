//! What moves while the user waits: bytes on a bar, requests under `--verbose`.

use std::fmt::Write as _;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use clap::Args;
use countersign_oci::http::Exchange;

use crate::output::Ui;

/// Whether transfers show a bar.
#[derive(Args, Clone, Debug)]
pub(crate) struct ProgressArgs {
    /// Shows no progress bars
    #[arg(long)]
    no_progress: bool,
}

impl ProgressArgs {
    /// A bar for a transfer of `total` bytes, where it is known; it shows on a terminal, after a second.
    pub(crate) fn bar<'a>(
        &self,
        ui: &Ui<'_>,
        label: &'static str,
        total: Option<u64>,
        moved: impl Fn() -> u64 + 'a,
    ) -> Option<Bar<'a>> {
        self.growing_bar(ui, label, move || total, moved)
    }

    /// The same, where the total becomes known on the way.
    pub(crate) fn growing_bar<'a>(
        &self,
        ui: &Ui<'_>,
        label: &'static str,
        total: impl Fn() -> Option<u64> + 'a,
        moved: impl Fn() -> u64 + 'a,
    ) -> Option<Bar<'a>> {
        (!self.no_progress && ui.terminal().stderr).then(|| Bar {
            label,
            moved: Box::new(moved),
            total: Box::new(total),
            started: Instant::now(),
        })
    }
}

/// A bar on the last line of the terminal.
pub(crate) struct Bar<'a> {
    label: &'static str,
    moved: Box<dyn Fn() -> u64 + 'a>,
    total: Box<dyn Fn() -> Option<u64> + 'a>,
    started: Instant,
}

impl Bar<'_> {
    /// Draws the bar, once a second has passed.
    pub(crate) fn draw(&self, ui: &Ui<'_>) {
        let elapsed = self.started.elapsed();
        if elapsed >= PATIENCE {
            ui.tell(&format!(
                "\r{}\u{1b}[K",
                line(self.label, (self.moved)(), (self.total)(), elapsed)
            ));
        }
    }

    /// Removes the bar.
    pub(crate) fn clear(&self, ui: &Ui<'_>) {
        if self.started.elapsed() >= PATIENCE {
            ui.tell("\r\u{1b}[K");
        }
    }
}

fn line(label: &str, moved: u64, total: Option<u64>, elapsed: Duration) -> String {
    let mut line = format!("{label} {}", amount(moved));
    if let Some(total) = total.filter(|total| *total > 0) {
        let percent = moved.saturating_mul(100) / total;
        let full = usize::try_from(percent.min(100) / 5).unwrap_or(20);
        let _infallible = write!(
            line,
            " of {} [{}{}] {percent}%",
            amount(total),
            "=".repeat(full),
            " ".repeat(20 - full)
        );
    }
    let milliseconds = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX).max(1);
    let _infallible = write!(line, " {}/s", amount(moved.saturating_mul(1000) / milliseconds));
    line
}

fn amount(bytes: u64) -> String {
    for (unit, name) in [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")] {
        if bytes >= unit {
            return format!("{}.{} {name}", bytes / unit, (bytes % unit) * 10 / unit);
        }
    }
    format!("{bytes} B")
}

/// The requests made, for `--verbose`, until they are shown.
#[derive(Default)]
pub(crate) struct Traffic(Mutex<Vec<String>>);

impl Traffic {
    /// Notes a request and its answer.
    pub(crate) fn record(&self, exchange: &Exchange<'_>) {
        let answer = match exchange.status {
            Some(status) => status.to_string(),
            None => "no answer".to_owned(),
        };
        let line = format!(
            "{} {} -> {answer} ({} ms)",
            exchange.method,
            exchange.url,
            exchange.elapsed.as_millis()
        );
        self.lines().push(line);
    }

    /// Shows what was noted since the last time.
    pub(crate) fn show(&self, ui: &Ui<'_>) {
        let lines = std::mem::take(&mut *self.lines());
        for line in lines {
            ui.info(&line);
        }
    }

    fn lines(&self) -> std::sync::MutexGuard<'_, Vec<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How long a transfer goes on before it is worth a bar.
const PATIENCE: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_shows_share_and_speed() {
        assert_eq!(
            line("Pushing", 512 << 20, Some(1 << 30), Duration::from_secs(2)),
            "Pushing 512.0 MiB of 1.0 GiB [==========          ] 50% 256.0 MiB/s"
        );
    }

    #[test]
    fn a_bar_without_total_shows_what_moved() {
        assert_eq!(
            line("Pulling", 1536, None, Duration::from_secs(1)),
            "Pulling 1.5 KiB 1.5 KiB/s"
        );
    }

    #[test]
    fn more_than_announced_does_not_overflow_the_bar() {
        assert!(line("Pulling", 300, Some(100), Duration::from_secs(1)).contains("[====================] 300%"));
    }
}
