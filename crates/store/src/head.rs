//! Spans or log records in memory: batches as they came, put together so that many small ones
//! neither waste memory nor slow queries down.
//!
//! Batches move up a ladder: as soon as a rung holds [`FAN_IN`] of them they become one on the
//! next rung, so that each row is copied a few times at most and a head of a million one-row
//! requests holds some dozens of batches.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{Array, ArrayData, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{DataType, SchemaRef};
use arrow::error::ArrowError;

use crate::StoreError;

/// Batches of one rung that become one of the next.
const FAN_IN: usize = 16;
/// A batch of this many rows is not put together with others any more; none that is put together
/// has more than twice as many.
const ROWS_FULL: usize = 16 * 1024;

/// Rows of one signal, oldest first.
#[derive(Debug, Clone)]
pub(crate) struct RowHead {
    schema: SchemaRef,
    /// Full batches.
    full: Vec<Sized>,
    /// Rung 0 is the newest.
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

    /// Takes everything out.
    pub(crate) fn take(&mut self) -> Vec<RecordBatch> {
        let batches = self.batches();
        *self = Self::new(Arc::clone(&self.schema));
        batches
    }

    /// Adds a batch of the head's schema.
    pub(crate) fn push(&mut self, batch: RecordBatch) -> Result<(), StoreError> {
        if batch.schema_ref() != &self.schema {
            return Err(StoreError::Io("a batch has not the columns of its signal".into()));
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

    /// What is due to be put together: done without the lock that readers need, and given back to
    /// [`Self::replace`]. Nobody else may change the head in between.
    pub(crate) fn due(&self) -> Option<Due> {
        // A batch that is full by itself pulls everything older up with it, so that order stays.
        let has_full =
            |rung: &Vec<Sized>| rung.iter().any(|sized| sized.batch.num_rows() >= ROWS_FULL);
        if let Some(rung) = self.rungs.iter().position(has_full) {
            return Some(Due { rung, is_full: true });
        }
        let rung = self.rungs.iter().position(|rung| rung.len() >= FAN_IN)?;
        Some(Due { rung, is_full: false })
    }

    /// Puts together what is due.
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

    /// Swaps what was due for what it was put together to.
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

/// A stretch of the ladder that is to be put together.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Due {
    rung: usize,
    /// From this rung upwards everything becomes full batches.
    is_full: bool,
}

/// One batch of several, with texts copied together, so that what few rows show does not keep the
/// bodies of whole requests in memory.
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
        Self::Io(format!("rows could not be put together: {error}"))
    }
}

/// Memory that a batch keeps, each shared buffer counted once.
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
