//! PromQL, LogQL and TraceQL: text to typed tree with positions.
//!
//! Pure: no engine, no input or output, and no input can make it panic or recurse without bound.

pub mod logql;
pub mod promql;
pub mod traceql;
