//! Rows whose labels may have become equal.

use std::collections::{HashMap, HashSet};

use signals::{Labels, MemoryReservation};

use crate::Error;
use crate::evaluator::{Evaluator, Sink};
use crate::grid::{Row, is_absent};

/// Merges rows with equal labels, if no step has values of both.
pub(crate) struct Merge<'m> {
    memory: &'m MemoryReservation,
    rows: Vec<Row>,
    at: HashMap<Labels, usize>,
    /// Whether rows with equal labels are an error, even without a common step.
    is_strict: bool,
}

impl Merge<'_> {
    /// Adds a row; passes it on directly if labels still include names and cannot collide.
    pub(crate) fn push(
        &mut self,
        row: Row,
        is_distinct: bool,
        sink: &mut Sink,
    ) -> Result<(), Error> {
        if is_distinct { sink(row) } else { self.add(row) }
    }

    /// Adds a row that may have the same labels as another.
    pub(crate) fn add(&mut self, row: Row) -> Result<(), Error> {
        if !row.has_any() {
            return Ok(());
        }
        match self.at.get(&row.labels) {
            None => {
                self.memory.try_grow(row.memory())?;
                self.at.insert(row.labels.clone(), self.rows.len());
                self.rows.push(row);
                Ok(())
            }
            Some(_) if self.is_strict => Err(same_labelset()),
            Some(at) => match self.rows.get_mut(*at) {
                Some(target) => merge_into(target, row),
                None => Ok(()),
            },
        }
    }

    /// Passes on the rows that were added.
    pub(crate) fn finish(self, sink: &mut Sink) -> Result<(), Error> {
        self.rows.into_iter().try_for_each(sink)
    }

    /// The rows that were added.
    pub(crate) fn into_rows(self) -> Vec<Row> {
        self.rows
    }
}

fn merge_into(target: &mut Row, row: Row) -> Result<(), Error> {
    let is_overlapping =
        (0..row.values.len()).any(|at| row.is_present(at) && target.is_present(at));
    if is_overlapping {
        return Err(same_labelset());
    }
    for (into, from) in target.values.iter_mut().zip(&row.values) {
        if !is_absent(*from) {
            *into = *from;
        }
    }
    target.histograms.extend(row.histograms);
    target.histograms.sort_by_key(|(step, _)| *step);
    target.drops_name |= row.drops_name;
    Ok(())
}

fn same_labelset() -> Error {
    Error::Execution("vector cannot contain metrics with the same labelset".into())
}

/// Refuses series with equal labels.
pub(crate) fn refuse_duplicates<'a>(all: impl Iterator<Item = &'a Labels>) -> Result<(), Error> {
    let mut seen = HashSet::new();
    for labels in all {
        if !seen.insert(labels) {
            return Err(same_labelset());
        }
    }
    Ok(())
}

impl Evaluator<'_> {
    /// A merge of rows, charged to the memory of the query.
    pub(crate) fn merge(&self) -> Merge<'_> {
        Merge { memory: self.memory, rows: Vec::new(), at: HashMap::new(), is_strict: false }
    }

    /// As [`Self::merge`], where rows with equal labels are an error.
    pub(crate) fn strict_merge(&self) -> Merge<'_> {
        Merge { is_strict: true, ..self.merge() }
    }
}
