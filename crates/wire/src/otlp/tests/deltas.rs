//! Accumulating, storing and restoring arbitrary deltas.

use proptest::prelude::*;
use prost::Message as _;
use signals::Signal;

use super::{NOW, arbitrary, decode_ok};
use crate::otlp::delta::DeltaAccumulator;

proptest! {
    #[test]
    fn adding_deltas_up_never_panics(requests in proptest::collection::vec(arbitrary::metrics(), 1..4)) {
        let mut accumulator = DeltaAccumulator::new(10, 1_000);
        for request in requests {
            let decoded = decode_ok(Signal::Metrics, &request.encode_to_vec());
            let deltas = decoded.deltas.len();
            let accumulated = accumulator.add(decoded.deltas, NOW);
            prop_assert!(accumulated.rejected <= deltas);
            if accumulated.rejected < deltas {
                let mut restored = DeltaAccumulator::default();
                prop_assert_eq!(restored.restore(&accumulated.totals), Ok(()));
            }
            accumulator.undo(accumulated.undo);
        }
        prop_assert!(accumulator.is_empty());
    }

    #[test]
    fn restoring_damaged_totals_never_panics(
        request in arbitrary::metrics(),
        mutations in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let deltas = decode_ok(Signal::Metrics, &request.encode_to_vec()).deltas;
        let mut totals = DeltaAccumulator::default().add(deltas.clone(), NOW).totals;
        for (place, byte) in mutations {
            if !totals.is_empty() {
                let place = place.index(totals.len());
                totals[place] = byte;
            }
        }
        let mut accumulator = DeltaAccumulator::default();
        let _ = accumulator.restore(&totals);
        drop(accumulator.add(deltas, NOW));
        let _ = accumulator.snapshot();
    }
}
