//! Queries over the store: LogQL, TraceQL and SQL as DataFusion plans, and PromQL over series.
//!
//! The only crate that names DataFusion. It reads from `store` and knows no HTTP: `serve` turns
//! answers into each protocol's own shape.

mod admission;
mod charge;
mod counted;
pub mod deadline;
mod engine;
mod error;
mod executor;
mod history;
mod instruments;
mod limits;
pub mod logql;
mod measure;
mod metrics;
mod running;
pub(crate) mod scan;
mod session;
mod source;
pub mod sql;
mod table;
mod traceql;
pub mod traces;
pub mod warnings;

pub use admission::Class;
pub use counted::Counted;
pub use engine::Engine;
pub use error::QueryError;
pub use executor::{STACK_BYTES, lower_priority};
pub use history::History;
pub use limits::Limits;
pub use metrics::SampleRange;
pub use promql;
pub use source::ExemplarSeries;
pub use store::TimeRange;
