//! The shapes of telemetry: what a span, a log record and a metric sample are once they are inside.
//!
//! Every other crate speaks in these terms. There is no input or output here, no configuration
//! and no protocol: wire formats become these shapes in `wire`, files hold them in `store`.

pub mod attributes;
pub mod batch;
pub mod dictionary;
pub mod id;
pub mod log;
pub mod matcher;
pub mod memory;
pub mod metric;
pub mod rows;
pub mod secret;
pub mod span;
pub mod time;

pub use batch::{Batch, Signal};
pub use id::{SpanId, TraceId};
pub use matcher::{MatchOp, Matcher};
pub use memory::{MemoryBudget, MemoryExhausted, MemoryReservation};
pub use metric::{Labels, SeriesBatch, SeriesKey, SeriesRef};
pub use secret::Secret;
pub use time::{Clock, Timestamp};
