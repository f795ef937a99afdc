//! The data model of telemetry: spans, log records and metric samples, independent of protocol.
//!
//! Every other crate uses these types. This crate has no input or output, no configuration and no
//! protocol: `wire` decodes protocols into these types, `store` persists them.

pub mod attributes;
pub mod batch;
pub mod dictionary;
pub mod id;
pub mod log;
pub mod matcher;
pub mod memory;
pub mod metric;
pub mod regexp;
pub mod relabel;
pub mod rows;
pub mod secret;
pub mod span;
pub mod time;

pub use batch::{Batch, Signal};
pub use id::{SpanId, TraceId};
pub use matcher::{MatchOp, Matcher};
pub use memory::{MemoryBudget, MemoryExhausted, MemoryReservation};
pub use metric::{Labels, LabelsBuilder, SeriesBatch, SeriesKey, SeriesRef};
pub use secret::Secret;
pub use time::{Clock, Timestamp};
