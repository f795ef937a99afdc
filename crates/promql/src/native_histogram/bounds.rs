//! Bounds of the buckets of a native histogram.

use signals::metric::bucket_bound;

/// Lower (open) and upper (closed) bound of an exponential bucket.
pub(crate) fn exponential(schema: i32, index: i32) -> (f64, f64) {
    (bucket_bound(schema, index.saturating_sub(1)), bucket_bound(schema, index))
}

/// Bounds of a bucket with custom bounds.
pub(crate) fn custom(bounds: &[f64], index: i32) -> (f64, f64) {
    let at = |index: i32| usize::try_from(index).ok().and_then(|at| bounds.get(at)).copied();
    let lower = at(index.saturating_sub(1)).unwrap_or(f64::NEG_INFINITY);
    (lower, at(index).unwrap_or(f64::INFINITY))
}

/// The index of a bucket in a coarser schema.
pub(crate) fn coarser(index: i32, from_schema: i32, to_schema: i32) -> i32 {
    let shift = (from_schema - to_schema).clamp(0, 31);
    (index.saturating_sub(1) >> shift).saturating_add(1)
}
