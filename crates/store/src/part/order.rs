//! The sort order of the rows of a part, and the sorting of batches into it.
//!
//! Spans: five-minute bucket of the start, trace id, start. Spans of a trace are adjacent, and a
//! time range is still a range of rows. Logs: stream, time. Rows with equal keys keep their order
//! of arrival.

use std::collections::BTreeMap;

use arrow::array::{AsArray, FixedSizeBinaryArray, Int64Array, RecordBatch, UInt32Array};
use arrow::datatypes::{Int32Type, TimestampNanosecondType};
use signals::time::{SECOND, day_of};
use signals::{Signal, Timestamp};

use crate::StoreError;

/// Width of the time buckets in which traces are kept together.
pub(crate) const TRACE_BUCKET: i64 = 300 * SECOND;

/// The time column of a signal, which determines the days of rows and the bounds of parts.
pub(crate) fn time_column(signal: Signal) -> &'static str {
    match signal {
        Signal::Spans => signals::span::column::START_TIME,
        Signal::Logs | Signal::Metrics => signals::log::column::TIMESTAMP,
    }
}

/// The times of a batch's rows, in nanoseconds.
pub(crate) fn times(signal: Signal, batch: &RecordBatch) -> Result<Int64Array, StoreError> {
    let column = time_column(signal);
    let times = batch
        .column_by_name(column)
        .and_then(|array| array.as_primitive_opt::<TimestampNanosecondType>())
        .ok_or_else(|| missing(column))?;
    Ok(times.reinterpret_cast())
}

fn missing(column: &str) -> StoreError {
    StoreError::Io(format!("a batch has no column {column} of the right type"))
}

/// Rows by UTC day; batches whose rows are all of one day are not copied.
pub(crate) fn by_day(
    signal: Signal,
    batches: Vec<RecordBatch>,
) -> Result<BTreeMap<i32, Vec<RecordBatch>>, StoreError> {
    let mut days: BTreeMap<i32, Vec<RecordBatch>> = BTreeMap::new();
    for batch in batches {
        let times = times(signal, &batch)?;
        let Some((min, max)) = bounds(&times) else { continue };
        if day_of(min) == day_of(max) {
            days.entry(day_of(min)).or_default().push(batch);
            continue;
        }
        let mut rows: BTreeMap<i32, Vec<u32>> = BTreeMap::new();
        for (row, time) in (0u32..).zip(times.values()) {
            rows.entry(day_of(*time)).or_default().push(row);
        }
        for (day, rows) in rows {
            let taken = arrow::compute::take_record_batch(&batch, &UInt32Array::from(rows))?;
            days.entry(day).or_default().push(taken);
        }
    }
    Ok(days)
}

/// Earliest and latest time; `None` without rows.
pub(crate) fn bounds(times: &Int64Array) -> Option<(Timestamp, Timestamp)> {
    let values = times.values();
    Some((*values.iter().min()?, *values.iter().max()?))
}

/// The sort key of a row, followed by its position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    /// Bucket of a span; rank of a log record's stream.
    group: i64,
    /// Trace of a span.
    trace: u128,
    time: Timestamp,
    batch: u32,
    row: u32,
}

/// The rows of all batches, sorted, as pairs of batch and row.
pub(crate) fn sorted(
    signal: Signal,
    batches: &[RecordBatch],
) -> Result<Vec<(usize, usize)>, StoreError> {
    let mut keys = match signal {
        Signal::Spans => span_keys(batches)?,
        Signal::Logs | Signal::Metrics => log_keys(batches)?,
    };
    keys.sort_unstable();
    Ok(keys.into_iter().map(|key| (key.batch as usize, key.row as usize)).collect())
}

fn span_keys(batches: &[RecordBatch]) -> Result<Vec<Key>, StoreError> {
    let mut keys = Vec::with_capacity(batches.iter().map(RecordBatch::num_rows).sum());
    for (batch_index, batch) in (0u32..).zip(batches) {
        let times = times(Signal::Spans, batch)?;
        let traces = trace_ids(batch)?;
        for (row, time) in (0u32..).zip(times.values()) {
            keys.push(Key {
                group: time.div_euclid(TRACE_BUCKET),
                trace: id_number(traces.value(row as usize)),
                time: *time,
                batch: batch_index,
                row,
            });
        }
    }
    Ok(keys)
}

fn trace_ids(batch: &RecordBatch) -> Result<&FixedSizeBinaryArray, StoreError> {
    let column = signals::span::column::TRACE_ID;
    batch
        .column_by_name(column)
        .and_then(|array| array.as_fixed_size_binary_opt())
        .ok_or_else(|| missing(column))
}

/// A trace id as a number with the same order as its bytes.
fn id_number(bytes: &[u8]) -> u128 {
    bytes.try_into().map_or(0, u128::from_be_bytes)
}

fn log_keys(batches: &[RecordBatch]) -> Result<Vec<Key>, StoreError> {
    let column = signals::log::column::STREAM;
    let streams = batches
        .iter()
        .map(|batch| {
            let streams = batch
                .column_by_name(column)
                .and_then(|array| array.as_dictionary_opt::<Int32Type>())
                .ok_or_else(|| missing(column))?;
            let texts = streams.values().as_string_opt::<i32>().ok_or_else(|| missing(column))?;
            Ok((streams.keys(), texts))
        })
        .collect::<Result<Vec<_>, StoreError>>()?;
    let mut ranks: BTreeMap<&str, i64> = streams
        .iter()
        .flat_map(|(_, texts)| texts.iter().flatten())
        .map(|text| (text, 0))
        .collect();
    for (rank, known) in (0i64..).zip(ranks.values_mut()) {
        *known = rank;
    }
    let mut keys = Vec::with_capacity(batches.iter().map(RecordBatch::num_rows).sum());
    for ((batch_index, batch), (codes, texts)) in (0u32..).zip(batches).zip(streams) {
        let code_ranks: Vec<i64> = texts
            .iter()
            .map(|text| text.and_then(|text| ranks.get(text)).copied().unwrap_or(-1))
            .collect();
        let times = times(Signal::Logs, batch)?;
        for ((row, time), code) in (0u32..).zip(times.values()).zip(codes.values()) {
            let group = usize::try_from(*code).ok().and_then(|code| code_ranks.get(code));
            keys.push(Key {
                group: group.copied().unwrap_or(-1),
                trace: 0,
                time: *time,
                batch: batch_index,
                row,
            });
        }
    }
    Ok(keys)
}
