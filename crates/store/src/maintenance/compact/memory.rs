//! Estimates the memory of a merge from the manifest entries of its inputs.

use signals::Signal;

use crate::manifest::Entry;
use crate::metrics;
use crate::objects::ObjectSink;
use crate::part::merge::MergeSizes;
use crate::part::write;

/// Rows are up to this many times larger in memory than in a part.
const UNPACKED_RATIO: usize = 16;
/// A row group that is read or written takes this many times its size: its dictionaries and one page
/// of each column are decoded beside it. Measured with eight parts of spans: 2.8.
const DECODED_RATIO: usize = 3;

/// Estimate of the memory of a merge: for each input a stored row group, decoded as it is read, and
/// the rows that were read; for the output a row group and a piece that is being uploaded.
pub(super) fn needed(signal: Signal, inputs: &[Entry], sizes: MergeSizes) -> usize {
    let (group_rows, group_bytes, decoded_ratio, read_bytes) = match signal {
        Signal::Spans | Signal::Logs => (
            write::ROW_GROUP_ROWS,
            sizes.row_group_bytes,
            DECODED_RATIO,
            // The next rows are read while the previous ones wait to be written.
            2 * sizes.batch_bytes,
        ),
        Signal::Metrics => {
            let group_bytes = sizes.row_group_bytes.min(metrics::part::ROW_GROUP_BYTES);
            (metrics::part::ROW_GROUP_ROWS, group_bytes, 1, group_bytes)
        }
    };
    let row_group = |bytes: usize, rows: usize| {
        let stored = bytes.saturating_mul(group_rows) / rows.max(group_rows);
        stored.min(group_bytes).saturating_mul(decoded_ratio)
    };
    let (mut bytes_of_all, mut rows_of_all, mut needed) = (0_usize, 0_usize, 0_usize);
    for input in inputs {
        let bytes = usize::try_from(input.bytes).unwrap_or(usize::MAX);
        let rows = usize::try_from(input.rows).unwrap_or(usize::MAX);
        let read = bytes.saturating_mul(UNPACKED_RATIO).min(read_bytes);
        needed = needed.saturating_add(row_group(bytes, rows) + read);
        bytes_of_all = bytes_of_all.saturating_add(bytes);
        rows_of_all = rows_of_all.saturating_add(rows);
    }
    let piece = bytes_of_all.min(ObjectSink::PIECE_BYTES);
    needed.saturating_add(row_group(bytes_of_all, rows_of_all) + piece)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::origin::SequenceRange;

    const MIB: usize = 1 << 20;

    #[test]
    fn it_follows_small_parts_and_is_bounded_for_large_ones() {
        let of_budget = |budget, signal, inputs: usize, bytes, rows| {
            let entry = Entry {
                path: String::new(),
                bytes,
                rows,
                min_time: 0,
                max_time: 0,
                level: 0,
                created: 0,
                crc32c: None,
                range: SequenceRange { writer: String::new(), after: 0, sequence: 0 },
                others: Vec::new(),
            };
            needed(signal, &vec![entry; inputs], MergeSizes::of(budget))
        };
        let needed =
            |signal, inputs, bytes, rows| of_budget(256 * MIB, signal, inputs, bytes, rows);
        assert_eq!(needed(Signal::Logs, 8, 1000, 10), 8 * (3000 + 16_000) + 3 * 8000 + 8000);
        let (gib, many) = (1 << 30, 1 << 20);
        // An eighth of the rows is in a row group, but no more than its bound.
        let large = 3 * 32 * MIB;
        assert_eq!(needed(Signal::Spans, 4, gib, many), 4 * (large + 8 * MIB) + large + 8 * MIB);
        let small = 3 * 8 * MIB;
        let eighth = needed(Signal::Spans, 4, gib / 16, many);
        assert_eq!(eighth, 4 * (small + 8 * MIB) + small + 8 * MIB);
        assert_eq!(needed(Signal::Metrics, 16, gib, many), 16 * 32 * MIB + (16 + 8) * MIB);
        let unknown = needed(Signal::Logs, 2, u64::MAX, many);
        assert_eq!(unknown, 2 * (large + 8 * MIB) + large + 8 * MIB);
        // A small budget has smaller row groups and batches.
        let spans = of_budget(16 * MIB, Signal::Spans, 4, gib, many);
        assert_eq!(spans, 4 * (6 * MIB + MIB / 2) + (6 + 8) * MIB);
        assert_eq!(of_budget(16 * MIB, Signal::Metrics, 4, gib, many), 4 * 4 * MIB + 10 * MIB);
    }
}
