//! Settings of the store, and its external dependencies.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use object_store::ObjectStore;
use signals::time::SystemClock;
use signals::{Clock, MemoryBudget, Signal};

use crate::StoreError;
use crate::files::{DiskFiles, Files};
use crate::metrics::HeadLimits;
use crate::objects::LocalObjects;

/// One kibibyte, mebibyte and gibibyte.
pub(crate) const KIB: u64 = 1 << 10;
pub(crate) const MIB: u64 = 1 << 20;
pub(crate) const GIB: u64 = 1 << 30;

/// Settings of the store. Every bound is a number; there is no "unlimited".
#[derive(Debug, Clone)]
pub struct Config {
    /// How long metrics are kept, counted from their time or their arrival, whichever is later.
    pub metrics_retention: Duration,
    /// How long spans are kept.
    pub spans_retention: Duration,
    /// How long log records are kept.
    pub logs_retention: Duration,
    /// Interval between flushes of the head into parts.
    pub flush_interval: Duration,
    /// Bytes of spans, logs and metrics in memory that trigger an early flush. Twice this is a hard
    /// limit: requests beyond it are refused until a flush has made room.
    pub head_bytes_max: usize,
    /// Memory budgets of the store.
    pub memory: Memory,
    /// Size at which a segment of the write-ahead log is closed.
    pub segment_bytes: u64,
    /// Bytes of closed segments that are kept for followers of the log, as remote write is, when
    /// all their rows are in parts.
    pub followed_bytes_max: u64,
    /// Requests are refused while the disk has fewer free bytes than this.
    pub free_bytes_min: u64,
    /// Interval between checks of a shared bucket for changes by other processes.
    pub refresh_interval: Duration,
    /// Interval between rounds of compaction and retention.
    pub maintenance_interval: Duration,
    /// Parts that have reached this size are not merged further.
    pub part_bytes_target: u64,
    /// No merge makes a part that is expected to be larger than this.
    pub part_bytes_max: u64,
    /// Number of parts of one level that are merged into one part of the next level.
    pub compaction_fan_in: usize,
    /// How long a replaced part remains readable.
    pub grace: Duration,
    /// How long the wall clock must show, without going back, that a part has expired before it is
    /// dropped: a clock that jumps ahead and is corrected costs no data.
    pub retention_settle: Duration,
    /// Threads that apply the samples of large request groups; each handles a share of the shards.
    pub apply_workers: usize,
    /// Bounds of the metrics in memory.
    pub metric_limits: HeadLimits,
}

/// Memory budgets of the store; the caller creates them under one ceiling.
#[derive(Debug, Clone)]
pub struct Memory {
    /// Requests that wait for the write-ahead log.
    pub queue: MemoryBudget,
    /// Acknowledged data that is not in parts yet, and the active series.
    pub head: MemoryBudget,
    /// Merges of parts, and parts that a flush is writing.
    pub merges: MemoryBudget,
    /// Cached footers of parts.
    pub caches: MemoryBudget,
}

impl Default for Memory {
    fn default() -> Self {
        Self {
            queue: MemoryBudget::new("the write-ahead queue", 64 << 20),
            head: MemoryBudget::new("the head", 4 << 30),
            merges: MemoryBudget::new("merges", 256 << 20),
            caches: MemoryBudget::new("caches", 64 << 20),
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            metrics_retention: Duration::from_hours(30 * 24),
            spans_retention: Duration::from_hours(7 * 24),
            logs_retention: Duration::from_hours(7 * 24),
            flush_interval: Duration::from_mins(10),
            head_bytes_max: 256 << 20,
            memory: Memory::default(),
            segment_bytes: 64 * MIB,
            followed_bytes_max: GIB,
            free_bytes_min: 256 * MIB,
            refresh_interval: Duration::from_secs(15),
            maintenance_interval: Duration::from_mins(1),
            part_bytes_target: 256 * MIB,
            part_bytes_max: GIB,
            compaction_fan_in: 8,
            grace: Duration::from_mins(5),
            retention_settle: Duration::from_hours(1),
            apply_workers: std::thread::available_parallelism().map_or(1, |n| n.get().min(4)),
            metric_limits: HeadLimits::default(),
        }
    }
}

impl Config {
    /// How long a signal is kept.
    #[must_use]
    pub fn retention(&self, signal: Signal) -> Duration {
        match signal {
            Signal::Spans => self.spans_retention,
            Signal::Logs => self.logs_retention,
            Signal::Metrics => self.metrics_retention,
        }
    }

    /// Checks the settings against each other.
    ///
    /// # Errors
    /// [`StoreError::Config`], which names the setting.
    pub fn validate(&self) -> Result<(), StoreError> {
        let checks = [
            (self.flush_interval.is_zero(), "flush_interval must be longer than zero"),
            (self.refresh_interval.is_zero(), "refresh_interval must be longer than zero"),
            (self.maintenance_interval.is_zero(), "maintenance_interval must be longer than zero"),
            (self.head_bytes_max == 0, "head_bytes_max must be greater than 0"),
            (self.segment_bytes < 4 * KIB, "segment_bytes must be at least 4096"),
            (
                !(2..=64).contains(&self.compaction_fan_in),
                "compaction_fan_in must be between 2 and 64",
            ),
            (
                self.part_bytes_max < self.part_bytes_target,
                "part_bytes_max must not be less than part_bytes_target",
            ),
        ];
        let short = Signal::ALL.into_iter().find(|signal| self.retention(*signal).is_zero());
        if let Some(signal) = short {
            let message = format!("{}_retention must be longer than zero", signal.name());
            return Err(StoreError::Config(message));
        }
        match checks.into_iter().find(|(is_wrong, _)| *is_wrong) {
            Some((_, message)) => Err(StoreError::Config(message.into())),
            None => Ok(()),
        }
    }
}

/// External dependencies of the store.
#[derive(Debug, Clone)]
pub struct Dependencies {
    /// The data folder: lock, write-ahead log, quarantine.
    pub files: Arc<dyn Files>,
    /// Source of the current time.
    pub clock: Arc<dyn Clock>,
    /// Parts and manifests.
    pub objects: Arc<dyn ObjectStore>,
    /// The disk that holds the objects. `None` for a bucket, which reports no free space and may be
    /// shared with other processes.
    pub objects_disk: Option<Arc<dyn Files>>,
}

impl Dependencies {
    /// Everything in one local folder, with the system clock.
    #[must_use]
    pub fn disk(folder: impl Into<PathBuf>) -> Self {
        Self::local(Arc::new(DiskFiles::new(folder)), Arc::new(SystemClock::new()))
    }

    /// Parts and manifests in the same folder as the log.
    #[must_use]
    pub fn local(files: Arc<dyn Files>, clock: Arc<dyn Clock>) -> Self {
        let objects = Arc::new(LocalObjects::new(Arc::clone(&files)));
        let objects_disk = Some(Arc::clone(&files));
        Self { files, clock, objects, objects_disk }
    }

    /// Parts and manifests in a bucket shared by any number of processes. It must support
    /// conditional puts (`If-None-Match: *`) and strongly consistent lists.
    #[must_use]
    pub fn shared(
        files: Arc<dyn Files>,
        clock: Arc<dyn Clock>,
        objects: Arc<dyn ObjectStore>,
    ) -> Self {
        Self { files, clock, objects, objects_disk: None }
    }
}
