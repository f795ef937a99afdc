//! Telemetry storage for spans, logs and metrics: write-ahead log, memory head, Parquet parts,
//! manifest, compaction and retention.
//!
//! What is acknowledged is durable and visible: [`Store::append`] returns after `fdatasync`, and
//! every read sees head and parts as one. The store knows no protocol and no query language: its
//! write-ahead log holds what was admitted, not what was sent.

mod append;
mod backup;
mod calendar;
pub mod config;
mod context;
mod copies;
mod days;
mod error;
pub mod files;
mod flush;
mod head;
mod instruments;
mod lost;
mod maintenance;
mod manifest;
pub mod metrics;
pub mod objects;
mod open_store;
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

pub use append::{
    Appended, BatchAppended, Durability, NoTotals, RowsAppended, Totals, WriteRequest,
};
pub use config::{Config, Dependencies, Memory};
pub use error::StoreError;
pub use metrics::{Cardinality, Deletion, SeriesChunks};
pub use part::Part;
pub use part::decoded::decoded_row_bytes;
pub use part::keys::{AttributeKeys, FOOTER_KEY as ATTRIBUTE_KEYS_FOOTER, KeyCounts};
pub use part::layout::{PREFIX as ATTRIBUTE_COLUMN_PREFIX, attribute_column};
pub use part::write::part_of;
pub use recover::RecoveryReport;
pub use state::Snapshot;
pub use status::{SignalStatus, Status};
pub use store::Store;
pub use time_range::TimeRange;
pub use write_ahead::follower::{Confirmations, Follower, LogRead, LoggedMetrics};
pub use write_ahead::quarantine::{LostRows, Quarantined};
