//! Running totals of delta series, kept in memory and persisted in the write-ahead log.

use parking_lot::Mutex;
use signals::Timestamp;
use store::Totals;
use wire::otlp::delta::{Accumulated, Delta, DeltaAccumulator, Undo};

/// Totals of all delta series in the process. The store restores them when it opens and takes a
/// snapshot when it truncates the log that holds the changes.
#[derive(Debug, Default)]
pub struct DeltaTotals(Mutex<DeltaAccumulator>);

impl DeltaTotals {
    /// Creates empty totals.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Accumulates the deltas of one request. No lock is held until they are stored: each sample
    /// holds the full total at its time, so requests may be stored in any order.
    pub(crate) fn add(&self, deltas: Vec<Delta>, received_at: Timestamp) -> Accumulated {
        if deltas.is_empty() {
            return Accumulated::default();
        }
        self.0.lock().add(deltas, received_at)
    }

    /// Reverts the deltas of a request that was not stored.
    pub(crate) fn undo(&self, undo: Undo) {
        self.0.lock().undo(undo);
    }
}

impl Totals for DeltaTotals {
    fn restore(&self, update: &[u8]) -> Result<(), String> {
        self.0.lock().restore(update).map_err(|error| error.to_string())
    }

    fn snapshot(&self) -> Vec<Vec<u8>> {
        self.0.lock().snapshot()
    }
}
