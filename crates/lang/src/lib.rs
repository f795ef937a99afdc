//! PromQL, LogQL and TraceQL: text to typed tree with positions; and the patterns of SQL's `LIKE`.
//!
//! Pure: no engine, no input or output, and no input can make it panic or recurse without bound.

pub mod like;
pub mod logql;
pub mod promql;
pub mod traceql;

use std::fmt::{self, Formatter, Write as _};

/// Limit on the memory of a compiled pattern of a query, in bytes. Long patterns may take more:
/// dashboards write hundreds of names separated by `|`.
#[must_use]
pub fn pattern_memory_max(pattern: &str) -> usize {
    (1 << 20).max(pattern.len().saturating_mul(64))
}

/// Formats a duration like Go: `1h0m0s`, `1.5s`, `250ms`.
pub(crate) fn go_duration(f: &mut Formatter<'_>, ns: i64) -> fmt::Result {
    if ns < 0 {
        f.write_char('-')?;
    }
    let total = ns.unsigned_abs();
    match total {
        0 => return f.write_str("0s"),
        1..1_000 => return write!(f, "{total}ns"),
        1_000..1_000_000 => return write!(f, "{}µs", total as f64 / 1e3),
        1_000_000..1_000_000_000 => return write!(f, "{}ms", total as f64 / 1e6),
        _ => {}
    }
    let minutes = total / 60_000_000_000;
    if minutes >= 60 {
        write!(f, "{}h", minutes / 60)?;
    }
    if minutes > 0 {
        write!(f, "{}m", minutes % 60)?;
    }
    write!(f, "{}s", (total % 60_000_000_000) as f64 / 1e9)
}
