//! The running totals of delta series: added up in memory, kept in the store's log.

use parking_lot::Mutex;
use signals::Timestamp;
use store::Totals;
use wire::otlp::delta::{Accumulated, Delta, DeltaAccumulator, Undo};

/// Totals of all delta series. One for the whole process: the store restores it before anything
/// arrives, and asks for all of it when the log that holds the changes is cut off.
#[derive(Debug, Default)]
pub struct DeltaTotals(Mutex<DeltaAccumulator>);

impl DeltaTotals {
    /// Nothing was added up yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the deltas of one request up. Nothing is held until they are stored: samples hold the
    /// whole total at their time, so that requests may be stored in any order.
    pub(crate) fn add(&self, deltas: Vec<Delta>, received_at: Timestamp) -> Accumulated {
        if deltas.is_empty() {
            return Accumulated::default();
        }
        self.0.lock().add(deltas, received_at)
    }

    /// Takes back what was added for a request that was not stored.
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
