//! Measurements of the metrics store.

pub(crate) mod probes;

use signals::SeriesBatch;

use super::{Head, Limits};

/// Applies a batch that an earlier process admitted.
pub(crate) fn append_admitted(head: &Head, batch: &SeriesBatch) {
    let (admitted, _) = head.admit(&mut batch.clone(), Limits::AlreadyApplied).unwrap();
    head.apply(&[&admitted], 1);
}
