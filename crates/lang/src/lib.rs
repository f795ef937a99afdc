//! PromQL, LogQL and TraceQL: text to typed tree with positions.
//!
//! Pure: no engine, no input or output, and no input can make it panic or recurse without bound.

pub mod logql;
pub mod promql;
pub mod traceql;

/// Bound on the memory that a pattern of a query may take when it is compiled, in bytes. Long ones
/// may take more: dashboards write hundreds of names with `|` between them.
#[must_use]
pub fn pattern_memory_max(pattern: &str) -> usize {
    (1 << 20).max(pattern.len().saturating_mul(64))
}
