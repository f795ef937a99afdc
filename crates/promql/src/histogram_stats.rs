//! Selectors of which only the counts and sums of native histograms are needed.
//!
//! Prometheus reads these without buckets, and derives from each pair of samples whether the
//! counter was reset in between. What is derived differs from what a source says, so that it is
//! derived here in the same way: from the samples that an iterator passes without a jump.

use std::collections::HashSet;
use std::sync::Arc;

use lang::promql::{BinaryOp, Expr};
use signals::metric::{NativeHistogram, ResetHint, Samples, is_stale};

use crate::grid::Grid;
use crate::native_histogram;
use crate::plan::Lookback;

/// The functions of counts and sums.
const STATS: &[&str] = &["histogram_avg", "histogram_count", "histogram_sum"];
/// The functions that need buckets.
const BUCKETS: &[&str] = &["histogram_fraction", "histogram_quantile", "histogram_quantiles"];

/// Positions of the selectors below a function of counts and sums, with nothing in between that
/// needs buckets.
pub(crate) fn selectors(expr: &Expr) -> HashSet<usize> {
    let mut found = HashSet::new();
    walk(expr, false, &mut found);
    found
}

fn walk(expr: &Expr, is_below: bool, found: &mut HashSet<usize>) {
    match expr {
        // Subqueries and what needs buckets read whole histograms.
        Expr::Number(_) | Expr::Text(_) | Expr::Subquery(_) => {}
        Expr::Binary(binary) if matches!(binary.op, BinaryOp::TrimUpper | BinaryOp::TrimLower) => {}
        Expr::Call(call) if BUCKETS.contains(&call.function.name) => {}
        Expr::Selector(selector) => {
            if is_below {
                found.insert(selector.span.start);
            }
        }
        Expr::Call(call) => {
            let is_below = is_below || STATS.contains(&call.function.name);
            call.arguments.iter().for_each(|argument| walk(argument, is_below, found));
        }
        Expr::Aggregate(aggregate) => {
            aggregate.parameter.iter().for_each(|parameter| walk(parameter, is_below, found));
            walk(&aggregate.expr, is_below, found);
        }
        Expr::Binary(binary) => {
            walk(&binary.left, is_below, found);
            walk(&binary.right, is_below, found);
        }
        Expr::Unary(unary) => walk(&unary.expr, is_below, found),
        Expr::Paren(paren) => walk(&paren.expr, is_below, found),
    }
}

/// Removes the buckets, and adds what is derived about counter resets.
pub(crate) fn reduce(samples: &mut Samples, lookback: Lookback, grid: &Grid) {
    let mut jumps = jumps(samples, lookback, grid).into_iter().peekable();
    let mut last: Option<Arc<NativeHistogram>> = None;
    for (time_ms, histogram) in &mut samples.histograms {
        while jumps.next_if(|at| at <= time_ms).is_some() {
            last = None;
        }
        if is_stale(histogram.sum) {
            continue;
        }
        let reset_hint = match (histogram.reset_hint, &last) {
            (ResetHint::Unknown, Some(last)) => {
                if native_histogram::is_reset(last, histogram) {
                    ResetHint::Reset
                } else {
                    ResetHint::NotReset
                }
            }
            (hint, _) => hint,
        };
        let stats = NativeHistogram {
            schema: histogram.schema,
            count: histogram.count,
            sum: histogram.sum,
            reset_hint,
            ..NativeHistogram::default()
        };
        last = Some(std::mem::replace(histogram, Arc::new(stats)));
    }
}

/// The times of the samples that an iterator jumps to, because all those before are out of sight.
fn jumps(samples: &Samples, lookback: Lookback, grid: &Grid) -> Vec<i64> {
    let mut times: Vec<i64> = samples.timestamps.clone();
    times.extend(samples.histograms.iter().map(|(at, _)| *at));
    times.sort_unstable();
    let mut jumps = Vec::new();
    let mut at = None;
    let steps = if lookback.at_ms.is_some() { grid.steps.min(1) } else { grid.steps };
    for step in 0..steps {
        let end_ms = lookback.window_end(grid.time(step));
        let width_ms = lookback.range_ms.saturating_add(lookback.before_ms);
        let start_ms = end_ms.saturating_sub(width_ms);
        let end_ms = end_ms.saturating_add(lookback.after_ms);
        let is_behind = |at: usize| times.get(at).is_some_and(|time_ms| *time_ms < start_ms);
        if at.is_none_or(is_behind) {
            let to = times.partition_point(|time_ms| *time_ms < start_ms);
            jumps.extend(times.get(to));
            at = Some(to);
        }
        let from = at.unwrap_or_default();
        let rest = times.get(from..).unwrap_or_default();
        at = Some(from + rest.iter().take_while(|time_ms| **time_ms < end_ms).count());
    }
    jumps
}
