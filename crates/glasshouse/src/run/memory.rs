//! Divides the memory ceiling of the process into budgets.
//!
//! The budgets add up to two thirds of the ceiling and do not overlap: queries cannot starve
//! ingest, and ingest cannot starve queries. The last third covers the program itself, uncounted
//! memory and memory retained by the allocator. If the process still approaches the ceiling, all
//! running queries are aborted, and new ones wait until memory is released.

use std::time::Duration;

use query::Engine;
use signals::MemoryBudget;
use tokio::time::Instant;

use super::settings::size;
use crate::config::Limits;
use crate::config::units::Memory;
use crate::process::{self, ResidentMemory};

/// Assumed memory of a machine if it is unknown.
const MACHINE_BYTES: u64 = 4 << 30;
/// Reading and decoding bodies does not benefit from more.
const REQUESTS_MAX: usize = 512 << 20;
/// A write-ahead log group is a fraction of it.
const QUEUE_MAX: usize = 256 << 20;
/// The head benefits little from more, and needs the same again during a flush.
const HEAD_MAX: usize = 96 << 20;
/// Typical memory of a series with its samples.
const SERIES_BYTES: usize = 1536;
/// Enough for the fingerprints of some hundred thousand series.
const KNOWN_MAX: usize = 32 << 20;
/// Enough for the texts of a million series.
const SCRAPED_MAX: usize = 256 << 20;
/// Enough for some hundred thousand samples.
const REMOTE_WRITE_MAX: usize = 32 << 20;
/// Merges run one at a time.
const MERGES_MAX: usize = 256 << 20;
/// Enough for the footers of some thousand parts.
const FOOTERS_MAX: usize = 64 << 20;

/// The budgets of the process.
#[derive(Debug, Clone)]
pub(crate) struct Budgets {
    /// The parent of all others.
    pub(crate) ceiling: MemoryBudget,
    pub(crate) requests: MemoryBudget,
    /// Fingerprints of known series.
    pub(crate) known_series: MemoryBudget,
    /// Texts of scraped series.
    pub(crate) scraped_series: MemoryBudget,
    /// Samples that are being sent to other servers.
    pub(crate) remote_write: MemoryBudget,
    pub(crate) store: store::Memory,
    pub(crate) queries: MemoryBudget,
    pub(crate) query_caches: MemoryBudget,
    /// Size of the head, in bytes, that triggers a flush.
    pub(crate) head_bytes: usize,
    /// Maximum number of series in memory.
    pub(crate) series_max: usize,
}

impl Budgets {
    /// The budgets of a validated configuration.
    pub(crate) fn new(limits: &Limits) -> Self {
        let bytes = match limits.memory {
            Memory::Bytes(size) => size.0,
            Memory::Auto => {
                let available = process::memory::available().unwrap_or(MACHINE_BYTES);
                (available / 4 * 3).max(limits.memory_min())
            }
        };
        Self::of(size(bytes))
    }

    fn of(bytes: usize) -> Self {
        let ceiling = MemoryBudget::new("all data", bytes);
        let bytes = bytes / 3 * 2;
        let remote_write = (bytes / 64).min(REMOTE_WRITE_MAX);
        let requests = (bytes / 4 - remote_write).min(REQUESTS_MAX);
        let queue = (bytes / 8).min(QUEUE_MAX);
        let head_bytes = (bytes / 8).min(HEAD_MAX);
        let series_bytes = bytes / 64 * 7;
        // Twice the head: new rows arrive during a flush.
        let head = 2 * head_bytes + series_bytes;
        let known = (bytes / 128).min(KNOWN_MAX);
        let merges = (bytes / 16).min(MERGES_MAX);
        let footers = (bytes / 64).min(FOOTERS_MAX);
        let scraped = (bytes / 64).min(SCRAPED_MAX);
        let queries =
            bytes - remote_write - requests - known - scraped - queue - head - merges - 2 * footers;
        Self {
            requests: ceiling.child("requests in flight", requests),
            known_series: ceiling.child("fingerprints of known series", known),
            scraped_series: ceiling.child("texts of scraped series", scraped),
            remote_write: ceiling.child("samples of remote write", remote_write),
            store: store::Memory {
                queue: ceiling.child("the write-ahead queue", queue),
                head: ceiling.child("the head", head),
                merges: ceiling.child("merges", merges),
                caches: ceiling.child("footers of parts", footers),
            },
            queries: ceiling.child("queries", queries),
            query_caches: ceiling.child("footers of parts in queries", footers),
            head_bytes,
            series_max: series_bytes / SERIES_BYTES,
            ceiling,
        }
    }

    /// All uses of memory with their budgets, for own metrics.
    pub(crate) fn uses(&self) -> [(&'static str, &MemoryBudget); 10] {
        [
            ("requests", &self.requests),
            ("known_series", &self.known_series),
            ("scraped_series", &self.scraped_series),
            ("remote_write", &self.remote_write),
            ("write_ahead_queue", &self.store.queue),
            ("head", &self.store.head),
            ("merges", &self.store.merges),
            ("part_footers", &self.store.caches),
            ("queries", &self.queries),
            ("query_part_footers", &self.query_caches),
        ]
    }
}

/// Interval between checks of the resident memory while it is above half of the ceiling.
const CHECK_INTERVAL: Duration = Duration::from_millis(20);
/// Interval between checks below that.
const LOW_CHECK_INTERVAL: Duration = Duration::from_millis(100);
/// The reserve below the ceiling between two checks, as a fraction of it (one in this many).
const MARGIN: usize = 16;
/// Maximum pause of queries: memory still in use by then does not belong to them.
const PAUSE_MAX: Duration = Duration::from_secs(2);

/// Aborts and pauses queries whenever the process approaches the ceiling.
pub(super) async fn watch(ceiling: MemoryBudget, engine: Engine) {
    let mut pressure = Pressure::new(ceiling.bytes_max());
    let memory = ResidentMemory::new();
    let start = Instant::now();
    loop {
        let resident_bytes = memory.bytes();
        match pressure.check(resident_bytes, start.elapsed()) {
            Some(Action::Pause) => {
                tracing::warn!(
                    resident_bytes,
                    memory_bytes_max = ceiling.bytes_max(),
                    "memory is close to limits.memory; all running queries are cancelled"
                );
                engine.pause();
            }
            Some(Action::Resume) => engine.resume(),
            None => {}
        }
        let is_low = resident_bytes < ceiling.bytes_max() as u64 / 2;
        let interval = if is_low { LOW_CHECK_INTERVAL } else { CHECK_INTERVAL };
        tokio::time::sleep(interval).await;
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    Pause,
    Resume,
}

/// Decides from the resident memory whether queries may run.
#[derive(Debug)]
struct Pressure {
    /// Queries are paused above this.
    bytes_max: u64,
    /// Queries resume this far below `bytes_max`.
    margin: u64,
    paused_at: Option<Duration>,
    /// Resident memory that remained above `bytes_max` without any query.
    tolerated_bytes: u64,
}

impl Pressure {
    fn new(ceiling_bytes: usize) -> Self {
        let margin = (ceiling_bytes / MARGIN) as u64;
        let bytes_max = ceiling_bytes as u64 - margin;
        Self { bytes_max, margin, paused_at: None, tolerated_bytes: 0 }
    }

    /// The action to take at this time since start.
    fn check(&mut self, resident_bytes: u64, now: Duration) -> Option<Action> {
        let is_low = resident_bytes <= self.bytes_max - self.margin;
        if is_low {
            self.tolerated_bytes = 0;
        }
        match self.paused_at {
            None if resident_bytes > self.bytes_max.max(self.tolerated_bytes) => {
                self.paused_at = Some(now);
                Some(Action::Pause)
            }
            Some(paused_at) if is_low || now.saturating_sub(paused_at) >= PAUSE_MAX => {
                self.paused_at = None;
                if !is_low {
                    self.tolerated_bytes = resident_bytes + self.margin;
                }
                Some(Action::Resume)
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_add_up_to_no_more_than_the_ceiling() {
        for bytes in [64 << 20, 160 << 20, 256 << 20, 1 << 30, 12 << 30, 1 << 40] {
            let budgets = Budgets::of(bytes);
            let sum: usize = budgets.uses().iter().map(|(_, budget)| budget.bytes_max()).sum();
            assert_eq!(sum, bytes / 3 * 2, "{budgets:?}");
            assert!(budgets.queries.bytes_max() >= bytes / 11, "{bytes}: {budgets:?}");
        }
    }

    #[test]
    fn queries_are_paused_above_the_ceiling_and_what_is_not_theirs_is_tolerated() {
        let mut pressure = Pressure::new(1600);
        for (ms, resident_bytes, expected) in [
            (0, 1500, None),
            (20, 1501, Some(Action::Pause)),
            (40, 1700, None),
            (60, 1401, None),
            (80, 1400, Some(Action::Resume)),
            (100, 1600, Some(Action::Pause)),
            (2080, 1600, None),
            // Resident memory is the same without queries.
            (2100, 1600, Some(Action::Resume)),
            (2120, 1700, None),
            (2140, 1701, Some(Action::Pause)),
            (2160, 1300, Some(Action::Resume)),
            (2180, 1501, Some(Action::Pause)),
        ] {
            let now = Duration::from_millis(ms);
            assert_eq!(pressure.check(resident_bytes, now), expected, "{ms} ms");
        }
    }
}
