//! Where telemetry rests: write-ahead log, memory head, Parquet parts, manifest, compaction and
//! retention, for spans, logs and metrics.
//!
//! What is acknowledged is durable and visible: [`Store::append`] returns after `fdatasync`, and
//! every read sees head and parts as one. The store knows no protocol (payloads in the
//! write-ahead log are decoded again by the [`Replay`] that is passed in) and no query language.

pub mod budget;
mod calendar;
pub mod config;
mod context;
mod error;
pub mod files;
mod flush;
mod head;
mod inner;
mod maintain;
mod manifest;
pub mod metrics;
pub mod objects;
mod part;
mod read;
mod recover;
mod state;
mod status;
mod store;
#[cfg(test)]
mod tests;
mod time_range;
mod write_ahead;

use bytes::Bytes;
use signals::{Batch, Timestamp};

pub use config::{Config, Seams};
pub use error::StoreError;
pub use metrics::{Samples, SeriesChunks};
pub use part::Part;
pub use recover::RecoveryReport;
pub use state::Snapshot;
pub use status::{SignalStatus, Status};
pub use store::Store;
pub use time_range::TimeRange;
pub use write_ahead::quarantine::Quarantined;

/// One accepted request as it is written ahead: the wire body, to be decoded again at replay.
#[derive(Debug, Clone)]
pub struct Record {
    /// Which decoder reads the payload; owned by `wire`, opaque here.
    pub format: u8,
    /// When it arrived.
    pub received_at: Timestamp,
    /// The uncompressed body.
    pub payload: Bytes,
}

/// Decodes write-ahead records again at start.
pub trait Replay: Send + Sync {
    /// The batches that were acknowledged when this record arrived.
    ///
    /// # Errors
    /// A description, when the payload cannot be decoded; the record is then quarantined.
    fn decode(&self, record: &Record) -> Result<Vec<Batch>, String>;
}
