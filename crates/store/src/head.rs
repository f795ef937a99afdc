//! Spans or log records in memory: batches as received, merged so that many small ones neither
//! waste memory nor slow down queries.
//!
//! Batches are kept in levels, called rungs: [`FAN_IN`] batches of one rung become one batch of the
//! next. Each row is therefore copied a few times at most, and a head of a million one-row requests
//! holds a few dozen batches.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{Array, ArrayData, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{DataType, SchemaRef};
use arrow::error::ArrowError;

use crate::StoreError;

/// Number of batches of one rung that become one batch of the next.
const FAN_IN: usize = 16;
/// A batch of this many rows is not merged further; a merged batch has at most twice as many rows.
const ROWS_FULL: usize = 16 * 1024;

/// Rows of one signal, oldest first.
#[derive(Debug, Clone)]
pub(crate) struct RowHead {
    schema: SchemaRef,
    /// Full batches.
    full: Vec<Sized>,
    /// Rung 0 holds the newest batches.
    rungs: Vec<Vec<Sized>>,
    bytes: usize,
    rows: usize,
}

#[derive(Debug, Clone)]
struct Sized {
    batch: RecordBatch,
    bytes: usize,
}

impl RowHead {
    pub(crate) fn new(schema: SchemaRef) -> Self {
        Self { schema, full: Vec::new(), rungs: Vec::new(), bytes: 0, rows: 0 }
    }

    /// Memory of the batches.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// All batches, oldest first.
    pub(crate) fn batches(&self) -> Vec<RecordBatch> {
        let rungs = self.rungs.iter().rev().flatten();
        self.full.iter().chain(rungs).map(|sized| sized.batch.clone()).collect()
    }

    /// Removes and returns all batches.
    pub(crate) fn take(&mut self) -> Vec<RecordBatch> {
        let batches = self.batches();
        *self = Self::new(Arc::clone(&self.schema));
        batches
    }

    /// Adds a batch of the head's schema.
    pub(crate) fn push(&mut self, batch: RecordBatch) -> Result<(), StoreError> {
        if batch.schema_ref() != &self.schema {
            return Err(StoreError::Io("batch schema does not match its signal".into()));
        }
        if batch.num_rows() == 0 {
            return Ok(());
        }
        let sized = Sized { bytes: memory_of(&batch), batch };
        self.bytes += sized.bytes;
        self.rows += sized.batch.num_rows();
        match self.rungs.first_mut() {
            Some(rung) => rung.push(sized),
            None => self.rungs.push(vec![sized]),
        }
        Ok(())
    }

    /// The batches that are due for merging. They are merged without the lock that readers need,
    /// and the result is passed to [`Self::replace`]; the head must not change in between.
    pub(crate) fn due(&self) -> Option<Due> {
        // A full batch moves everything older along with it, which preserves the order.
        let has_full =
            |rung: &Vec<Sized>| rung.iter().any(|sized| sized.batch.num_rows() >= ROWS_FULL);
        if let Some(rung) = self.rungs.iter().position(has_full) {
            return Some(Due { rung, is_full: true });
        }
        let rung = self.rungs.iter().position(|rung| rung.len() >= FAN_IN)?;
        Some(Due { rung, is_full: false })
    }

    /// Merges the batches that are due.
    pub(crate) fn merged(&self, due: Due) -> Result<Vec<RecordBatch>, StoreError> {
        let rungs = if due.is_full {
            self.rungs.get(due.rung..)
        } else {
            self.rungs.get(due.rung..=due.rung)
        };
        let older: Vec<&Sized> = rungs.unwrap_or_default().iter().rev().flatten().collect();
        let mut merged = Vec::new();
        let mut small: Vec<&RecordBatch> = Vec::new();
        let mut small_rows = 0;
        for sized in older {
            let rows = sized.batch.num_rows();
            if small_rows + rows > 2 * ROWS_FULL && !small.is_empty() {
                merged.push(together(&self.schema, &small)?);
                small.clear();
                small_rows = 0;
            }
            if rows >= ROWS_FULL {
                merged.push(sized.batch.clone());
            } else {
                small.push(&sized.batch);
                small_rows += rows;
            }
        }
        if !small.is_empty() {
            merged.push(together(&self.schema, &small)?);
        }
        Ok(merged)
    }

    /// Replaces the batches that were due with their merge result.
    pub(crate) fn replace(&mut self, due: Due, merged: Vec<RecordBatch>) {
        let last = if due.is_full { self.rungs.len().saturating_sub(1) } else { due.rung };
        for rung in due.rung..=last {
            for sized in self.rungs.get_mut(rung).map(std::mem::take).unwrap_or_default() {
                self.bytes -= sized.bytes;
            }
        }
        let merged: Vec<Sized> =
            merged.into_iter().map(|batch| Sized { bytes: memory_of(&batch), batch }).collect();
        self.bytes += merged.iter().map(|sized| sized.bytes).sum::<usize>();
        if due.is_full {
            self.full.extend(merged);
            return;
        }
        let next = due.rung + 1;
        if self.rungs.len() <= next {
            self.rungs.resize_with(next + 1, Vec::new);
        }
        if let Some(rung) = self.rungs.get_mut(next) {
            rung.extend(merged);
        }
    }
}

/// A range of rungs that is due for merging.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Due {
    rung: usize,
    /// Whether this rung and all above it become full batches.
    is_full: bool,
}

/// Concatenates batches and copies their texts, so that a few rows do not keep the bodies of whole
/// requests in memory.
fn together(schema: &SchemaRef, batches: &[&RecordBatch]) -> Result<RecordBatch, StoreError> {
    let merged = arrow::compute::concat_batches(schema, batches.iter().copied())?;
    let columns = merged.columns().iter().map(compacted).collect();
    Ok(RecordBatch::try_new(Arc::clone(schema), columns)?)
}

fn compacted(column: &ArrayRef) -> ArrayRef {
    match column.data_type() {
        DataType::Utf8View => Arc::new(column.as_string_view().gc()),
        _ => Arc::clone(column),
    }
}

impl From<ArrowError> for StoreError {
    fn from(error: ArrowError) -> Self {
        Self::Io(format!("cannot concatenate rows: {error}"))
    }
}

/// Memory of a batch, with each shared buffer counted once.
pub(crate) fn memory_of(batch: &RecordBatch) -> usize {
    let mut seen = HashSet::new();
    let mut bytes = 0;
    for column in batch.columns() {
        add_memory(&column.to_data(), &mut seen, &mut bytes);
    }
    bytes + 512 * batch.num_columns()
}

fn add_memory(data: &ArrayData, seen: &mut HashSet<usize>, bytes: &mut usize) {
    let nulls = data.nulls().map(arrow::buffer::NullBuffer::buffer);
    for buffer in data.buffers().iter().chain(nulls) {
        if seen.insert(buffer.data_ptr().as_ptr().addr()) {
            *bytes += buffer.capacity();
        }
    }
    for child in data.child_data() {
        add_memory(child, seen, bytes);
    }
}
