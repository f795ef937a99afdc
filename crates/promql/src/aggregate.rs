//! Aggregation over series: finds each series' group once, then folds whole columns.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use lang::promql::{Aggregate, Aggregation, Span, quote, quote_bytes, unquoted_bytes};
use signals::Labels;
use signals::metric::{NAME_LABEL, NativeHistogram};

use crate::Error;
use crate::binary::{Cell, cell};
use crate::evaluator::{Evaluator, Sink, text_of};
use crate::grid::{ABSENT, Grid, Row, is_absent};
use crate::kahan::{Kahan, Mean, PlainSpread, quantile};
use crate::native_histogram::{self, Total};
use crate::parameter_range::Range;
use crate::scalar::Scalar;
use crate::signature::Signatures;

/// The state of one group at each step.
struct Column {
    labels: Labels,
    drops_name: bool,
    cells: Cells,
    histograms: HistogramSums,
}

/// Sums of native histograms by step.
#[derive(Default)]
struct HistogramSums {
    steps: BTreeMap<u32, HistogramSum>,
}

struct HistogramSum {
    /// `None` if a float came first: there is no result, and nothing is summed.
    total: Option<Total>,
    count: f64,
    /// Name of the first series that was incompatible.
    incompatible_name: String,
}

/// Approximate memory of one group at one step: the largest of [`Cells`] and its result.
const CELL_BYTES: usize = 48;
/// A power of two, so that scaling is exact; leaves room for sums that are divided at the end.
const MEAN_SCALE: f64 = 1.0 / 65_536.0;

impl HistogramSums {
    /// Folds in the histograms of a series, after its floats.
    fn fold(&mut self, row: &Row, cells: &Cells, is_mean: bool) {
        let scale = histogram_scale(is_mean);
        for (step, histogram) in &row.histograms {
            let Some(held) = self.steps.get_mut(step) else {
                let total = (!cells.has(*step as usize)).then(|| Total::of(histogram, scale));
                let incompatible_name = String::new();
                self.steps.insert(*step, HistogramSum { total, count: 1.0, incompatible_name });
                continue;
            };
            let Some(total) = held.total.as_mut().filter(|total| !total.is_incompatible) else {
                continue;
            };
            total.add(histogram, scale);
            held.count += 1.0;
            if total.is_incompatible {
                row.labels.metric_name().clone_into(&mut held.incompatible_name);
            }
        }
    }

    /// Removes the floats at steps that already have no result.
    fn hide_floats(&self, row: &mut Row) {
        for (step, held) in &self.steps {
            if held.total.as_ref().is_some_and(|total| total.is_incompatible)
                && let Some(value) = row.values.get_mut(*step as usize)
            {
                *value = ABSENT;
            }
        }
    }
}

/// The sum, or the mean over `mean_of` histograms.
pub(crate) fn finish_histograms(total: &Total, mean_of: Option<f64>) -> NativeHistogram {
    match mean_of {
        None => total.finish(1.0),
        Some(count) => native_histogram::scaled(
            &native_histogram::divided(&total.finish(1.0), count),
            1.0 / MEAN_SCALE,
        ),
    }
}

/// The factor for histograms before they are summed for [`finish_histograms`].
pub(crate) fn histogram_scale(is_mean: bool) -> f64 {
    if is_mean { MEAN_SCALE } else { 1.0 }
}

/// Running results, one per step.
enum Cells {
    Sum(Vec<Option<Kahan>>),
    Mean(Vec<Option<Mean>>),
    Spread(Vec<Option<PlainSpread>>),
    /// Count, minimum, maximum: a number that is folded.
    Plain(Vec<f64>),
}

impl Cells {
    fn new(op: Aggregation, steps: usize) -> Self {
        match op {
            Aggregation::Sum => Self::Sum(vec![None; steps]),
            Aggregation::Avg => Self::Mean(vec![None; steps]),
            Aggregation::Stddev | Aggregation::Stdvar => Self::Spread(vec![None; steps]),
            _ => Self::Plain(vec![ABSENT; steps]),
        }
    }

    /// Whether a running sum or mean has a value at a step.
    fn has(&self, step: usize) -> bool {
        match self {
            Self::Sum(cells) => cells.get(step).is_some_and(Option::is_some),
            Self::Mean(cells) => cells.get(step).is_some_and(Option::is_some),
            Self::Spread(_) | Self::Plain(_) => false,
        }
    }

    /// Folds in the values of another series.
    fn fold(&mut self, op: Aggregation, values: &[f64]) {
        match self {
            Self::Sum(cells) => {
                fold_present(cells, values, |cell, value| cell.get_or_insert_default().add(value));
            }
            Self::Mean(cells) => {
                fold_present(cells, values, |cell, value| cell.get_or_insert_default().add(value));
            }
            Self::Spread(cells) => {
                fold_present(cells, values, |cell, value| cell.get_or_insert_default().add(value));
            }
            Self::Plain(cells) => fold_present(cells, values, |cell, value| {
                *cell = match op {
                    Aggregation::Group => 1.0,
                    Aggregation::Count if is_absent(*cell) => 1.0,
                    Aggregation::Count => *cell + 1.0,
                    Aggregation::Max if *cell > value => *cell,
                    Aggregation::Min if *cell < value => *cell,
                    // A number replaces NaN, never the other way round.
                    _ if value.is_nan() && !is_absent(*cell) => *cell,
                    _ => value,
                };
            }),
        }
    }

    fn into_values(self, op: Aggregation) -> Vec<f64> {
        match self {
            Self::Sum(cells) => {
                cells.into_iter().map(|cell| cell.map_or(ABSENT, Kahan::value)).collect()
            }
            Self::Mean(cells) => {
                cells.into_iter().map(|cell| cell.map_or(ABSENT, Mean::value)).collect()
            }
            Self::Spread(cells) => cells
                .into_iter()
                .map(|cell| match cell.map(PlainSpread::variance) {
                    None => ABSENT,
                    Some(variance) if op == Aggregation::Stddev => variance.sqrt(),
                    Some(variance) => variance,
                })
                .collect(),
            Self::Plain(cells) => cells,
        }
    }
}

fn fold_present<T>(cells: &mut [T], values: &[f64], fold: impl Fn(&mut T, f64)) {
    for (cell, value) in cells.iter_mut().zip(values) {
        if !is_absent(*value) {
            fold(cell, *value);
        }
    }
}

impl Evaluator<'_> {
    pub(crate) fn aggregate(
        &self,
        aggregate: &Aggregate,
        grid: &Grid,
        sink: &mut Sink,
    ) -> Result<(), Error> {
        match aggregate.op {
            Aggregation::Topk
            | Aggregation::Bottomk
            | Aggregation::Limitk
            | Aggregation::LimitRatio => self.pick(aggregate, grid, sink),
            Aggregation::Quantile => self.quantile(aggregate, grid, sink),
            Aggregation::CountValues => self.count_values(aggregate, grid, sink),
            _ => self.fold(aggregate, grid, sink),
        }
    }

    fn fold(&self, aggregate: &Aggregate, grid: &Grid, sink: &mut Sink) -> Result<(), Error> {
        let op = aggregate.op;
        let mut groups = Signatures::new(&aggregate.grouping, !aggregate.is_without);
        let mut columns: Vec<Column> = Vec::new();
        self.rows(&aggregate.expr, grid, &mut |mut row| {
            if !row.histograms.is_empty() {
                self.fold_histograms(op, &mut row, aggregate.expr.bare().span());
            }
            let (id, is_new) = groups.number(&row.labels);
            if is_new {
                let labels = groups.labels(&row.labels);
                self.spend(grid.steps)?;
                self.hold(grid.steps * CELL_BYTES)?;
                let drops_name = row.drops_name;
                columns.push(Column {
                    labels,
                    drops_name,
                    cells: Cells::new(op, grid.steps),
                    histograms: HistogramSums::default(),
                });
            }
            if let Some(column) = columns.get_mut(id) {
                column.drops_name |= row.drops_name;
                column.histograms.hide_floats(&mut row);
                column.cells.fold(op, &row.values);
                if matches!(op, Aggregation::Sum | Aggregation::Avg) {
                    column.histograms.fold(&row, &column.cells, op == Aggregation::Avg);
                }
            }
            Ok(())
        })?;
        for Column { labels, drops_name, cells, histograms } in columns {
            let values = cells.into_values(op);
            let mut row = Row { labels, drops_name, values, histograms: Vec::new() };
            self.add_histograms(aggregate, histograms, &mut row);
            if row.has_any() {
                sink(row)?;
            }
        }
        Ok(())
    }

    /// Converts histograms to what they count as, or annotates that they are ignored.
    fn fold_histograms(&self, op: Aggregation, row: &mut Row, span: Span) {
        match op {
            Aggregation::Count | Aggregation::Group => {
                for (step, _) in row.histograms.drain(..) {
                    if let Some(value) = row.values.get_mut(step as usize) {
                        *value = 1.0;
                    }
                }
            }
            Aggregation::Sum | Aggregation::Avg => {}
            _ => self.note_ignored(op, span),
        }
    }

    /// Writes the sums (or means) of histograms into a row; floats and histograms do not mix.
    fn add_histograms(&self, aggregate: &Aggregate, histograms: HistogramSums, row: &mut Row) {
        let span = aggregate.expr.bare().span();
        for (step, held) in histograms.steps {
            let Some(value) = row.values.get_mut(step as usize) else { continue };
            if let Some(total) = &held.total {
                self.note_layouts(total, &held.incompatible_name, span);
            }
            if !is_absent(*value) {
                *value = ABSENT;
                self.warn(span, "encountered a mix of histograms and floats for aggregation");
                continue;
            }
            let Some(total) = held.total.filter(|total| !total.is_incompatible) else { continue };
            if total.has_reset_conflict() {
                self.warn(span, "conflicting counter resets during histogram aggregation");
            }
            let mean_of = (aggregate.op == Aggregation::Avg).then_some(held.count);
            let result = finish_histograms(&total, mean_of);
            row.histograms.push((step, Arc::new(result)));
        }
    }

    /// Notes that layouts of histograms differed.
    fn note_layouts(&self, total: &Total, incompatible_name: &str, span: Span) {
        if total.is_reconciled {
            self.info(span, "mismatched custom buckets were reconciled during aggregation");
        }
        if total.is_incompatible {
            let name = quote(incompatible_name);
            self.warn(
                span,
                &format!(
                    "vector contains a mix of histograms with exponential and custom buckets schemas for metric name {name}"
                ),
            );
        }
    }

    pub(crate) fn note_ignored(&self, op: Aggregation, span: Span) {
        self.info(span, &format!("ignored histogram in {} aggregation", op.name()));
    }

    pub(crate) fn parameter(&self, aggregate: &Aggregate, grid: &Grid) -> Result<Scalar, Error> {
        match &aggregate.parameter {
            Some(parameter) => self.scalar(parameter, grid),
            None => Err(Error::Internal("aggregation without its parameter".into())),
        }
    }

    /// The rows of each group, in order of first occurrence.
    pub(crate) fn grouped(
        &self,
        aggregate: &Aggregate,
        grid: &Grid,
    ) -> Result<Vec<(Labels, Vec<Row>)>, Error> {
        let mut groups = Signatures::new(&aggregate.grouping, !aggregate.is_without);
        let mut members: Vec<(Labels, Vec<Row>)> = Vec::new();
        for row in self.collect(&aggregate.expr, grid)? {
            let (id, is_new) = groups.number(&row.labels);
            if is_new {
                members.push((groups.labels(&row.labels), Vec::new()));
            }
            if let Some((_, rows)) = members.get_mut(id) {
                rows.push(row);
            }
        }
        Ok(members)
    }

    fn quantile(&self, aggregate: &Aggregate, grid: &Grid, sink: &mut Sink) -> Result<(), Error> {
        let q = self.parameter(aggregate, grid)?;
        let groups = self.grouped(aggregate, grid)?;
        self.note_quantile_range(&Range::of(&q, grid), parameter_span(aggregate));
        let mut scratch = Vec::new();
        for (labels, rows) in groups {
            if rows.iter().any(|row| !row.histograms.is_empty()) {
                self.note_ignored(aggregate.op, aggregate.expr.bare().span());
            }
            let mut result = Row::empty(labels, grid.steps);
            result.drops_name = rows.iter().any(|row| row.drops_name);
            for (step, value) in result.values.iter_mut().enumerate() {
                scratch.clear();
                scratch.extend(present_at(&rows, step));
                if !scratch.is_empty() {
                    *value = quantile(q.at(step), &mut scratch);
                }
            }
            if result.has_any() {
                sink(result)?;
            }
        }
        Ok(())
    }

    fn count_values(
        &self,
        aggregate: &Aggregate,
        grid: &Grid,
        sink: &mut Sink,
    ) -> Result<(), Error> {
        let label = match &aggregate.parameter {
            Some(parameter) => text_of(parameter)?,
            None => String::new(),
        };
        // Only the text of the query has bytes that are not UTF-8.
        let span = parameter_span(aggregate);
        let literal = self.query.text().get(span.start..span.end).unwrap_or_default();
        let bytes = unquoted_bytes(literal).unwrap_or_else(|| label.clone().into_bytes());
        if bytes.is_empty() || std::str::from_utf8(&bytes).is_err() {
            let label = quote_bytes(&bytes);
            return Err(Error::Execution(format!("invalid label name {label}")));
        }
        let mut groups = Signatures::new(&aggregate.grouping, !aggregate.is_without);
        let is_dropped =
            aggregate.is_without && (label == NAME_LABEL || aggregate.grouping.contains(&label));
        let mut ids: HashMap<Labels, usize> = HashMap::new();
        // The results of numbers by group, found without writing the number as text.
        let mut known: HashMap<(usize, u64), usize> = HashMap::new();
        let mut results: Vec<Row> = Vec::new();
        self.rows(&aggregate.expr, grid, &mut |row| {
            self.check()?;
            let (number, _) = groups.number(&row.labels);
            let group = groups.labels(&row.labels);
            for step in 0..grid.steps {
                let (shown, key) = match cell(&row, step, true) {
                    None => continue,
                    Some(Cell::Number(value)) => {
                        let value = if value.is_nan() { f64::NAN } else { value };
                        let key = (number, value.to_bits());
                        if let Some(row) = known.get(&key).and_then(|id| results.get_mut(*id)) {
                            count_one(row, step);
                            continue;
                        }
                        (lang::promql::format_float(value), Some(key))
                    }
                    Some(Cell::Histogram(histogram)) => (native_histogram::shown(&histogram), None),
                };
                let labels = if is_dropped { group.clone() } else { group.with(&label, &shown) };
                let next = results.len();
                let id = *ids.entry(labels).or_insert_with_key(|labels| {
                    results.push(Row::empty(labels.clone(), grid.steps));
                    next
                });
                if id == next {
                    self.spend(grid.steps)?;
                    self.hold(grid.steps * size_of::<f64>())?;
                }
                if let Some(key) = key {
                    self.hold(size_of::<((usize, u64), usize)>())?;
                    known.insert(key, id);
                }
                if let Some(row) = results.get_mut(id) {
                    count_one(row, step);
                }
            }
            Ok(())
        })?;
        results.into_iter().try_for_each(sink)
    }
}

/// Counts a value at a step.
fn count_one(row: &mut Row, step: usize) {
    if let Some(count) = row.values.get_mut(step) {
        *count = if is_absent(*count) { 1.0 } else { *count + 1.0 };
    }
}

pub(crate) fn parameter_span(aggregate: &Aggregate) -> Span {
    aggregate.parameter.as_ref().map_or(aggregate.span, |parameter| parameter.bare().span())
}

fn present_at(rows: &[Row], step: usize) -> impl Iterator<Item = f64> + '_ {
    rows.iter()
        .filter_map(move |row| row.values.get(step).copied())
        .filter(|value| !is_absent(*value))
}
