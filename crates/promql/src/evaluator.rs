//! The executor: walks the tree and passes rows to the parent operator one at a time.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use lang::promql::{Aggregation, Expr, MatchOp, Span, ValueType};
use signals::metric::{NAME_LABEL, Samples};
use signals::{Labels, MemoryReservation};

use crate::annotations::{Annotations, Monotonicity};
use crate::answer::{Answer, Sample, Series, Timings, Value};
use crate::grid::{Grid, Row, is_absent, without_name};
use crate::merge::refuse_duplicates;
use crate::plan::SeriesRead;
use crate::prepared::Prepared;
use crate::sample_counts::Recorder;
use crate::{Error, histogram_stats};

/// Receives rows as they are computed.
pub(crate) type Sink<'s> = dyn FnMut(Row) -> Result<(), Error> + 's;

/// A parsed query and its evaluation times.
#[derive(Debug, Clone)]
pub struct Query {
    /// What is evaluated.
    pub prepared: Prepared,
    /// First evaluation time.
    pub start_ms: i64,
    /// Last evaluation time; the same as the first for an instant query.
    pub end_ms: i64,
    /// Interval between evaluation times; 0 for an instant query.
    pub step_ms: i64,
    /// Whether this is a range query.
    pub is_range: bool,
    /// How far instant selectors look back.
    pub lookback_ms: i64,
}

/// How queries are evaluated.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "most are feature flags of Prometheus")]
pub struct Settings {
    /// Samples that one query may read or hold.
    pub samples_max: usize,
    /// Default step of subqueries.
    pub subquery_step_ms: i64,
    /// Whether metric names are dropped at the end of the query rather than by each function
    /// (Prometheus' feature `promql-delayed-name-removal`).
    pub delays_name_removal: bool,
    /// Whether functions of counters use the start times of samples (Prometheus' feature
    /// `use-start-timestamps`).
    pub uses_start_times: bool,
    /// Whether series have their type as the label `__type__`, by which counters are recognised
    /// rather than by their names (Prometheus' feature `type-and-unit-labels`).
    pub has_type_labels: bool,
    /// Whether the answer has [`Answer::samples`].
    pub counts_samples: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            samples_max: 50_000_000,
            subquery_step_ms: 60_000,
            delays_name_removal: false,
            uses_start_times: false,
            has_type_labels: false,
            counts_samples: false,
        }
    }
}

/// Approximate memory of a decoded native histogram.
pub(crate) const HISTOGRAM_BYTES: usize = 512;
/// Memory of a row in flight per step: its values and their results.
const STEP_BYTES: usize = 2 * size_of::<f64>();

/// Evaluates one query over its selected series.
pub(crate) struct Evaluator<'a> {
    pub(crate) query: &'a Query,
    pub(crate) settings: &'a Settings,
    selected: &'a HashMap<usize, Vec<Box<dyn SeriesRead>>>,
    pub(crate) memory: &'a MemoryReservation,
    pub(crate) is_cancelled: &'a dyn Fn() -> bool,
    samples_left: Cell<usize>,
    /// Memory of the longest series decoded so far.
    decoded_bytes: Cell<usize>,
    /// Memory of the most start times and copies of times so far.
    times_bytes: Cell<usize>,
    /// Positions of the selectors of which only the counts and sums of histograms are needed.
    pub(crate) stats_only: HashSet<usize>,
    annotations: RefCell<Annotations>,
    /// The counts of samples, if they are asked for.
    pub(crate) counts: Option<RefCell<Recorder>>,
}

impl Query {
    pub(crate) fn text(&self) -> &str {
        self.prepared.text()
    }

    pub(crate) fn expr(&self) -> &Expr {
        self.prepared.expr()
    }

    /// Answers the query from the series of each selector, keyed by the selector's position.
    /// Additional memory of the query is charged to `memory`, and only released at its end.
    ///
    /// Runs on the caller's thread until done or cancelled; `is_cancelled` is called often.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn answer(
        &self,
        settings: &Settings,
        selected: &HashMap<usize, Vec<Box<dyn SeriesRead>>>,
        memory: &MemoryReservation,
        is_cancelled: &dyn Fn() -> bool,
    ) -> Result<Answer, Error> {
        let evaluator = Evaluator {
            query: self,
            settings,
            selected,
            memory,
            is_cancelled,
            samples_left: Cell::new(settings.samples_max),
            decoded_bytes: Cell::new(0),
            times_bytes: Cell::new(0),
            stats_only: histogram_stats::selectors(self.expr()),
            annotations: RefCell::default(),
            counts: settings.counts_samples.then(RefCell::default),
        };
        let value = evaluator.value()?;
        let (warnings, infos) = evaluator.annotations.into_inner().into_parts(self.text());
        let spent = settings.samples_max - evaluator.samples_left.get();
        let samples = evaluator.counts.and_then(|counts| counts.into_inner().finish(spent));
        Ok(Answer { value, warnings, infos, samples, timings: Timings::default() })
    }
}

impl Evaluator<'_> {
    pub(crate) fn warn(&self, span: Span, message: &str) {
        self.annotations.borrow_mut().warn(span, message);
    }

    pub(crate) fn info(&self, span: Span, message: &str) {
        self.annotations.borrow_mut().info(span, message);
    }

    /// Counts an occurrence of a warning.
    pub(crate) fn warn_again(&self, span: Span, message: &str) {
        self.annotations.borrow_mut().count(span, message);
    }

    pub(crate) fn note_raised(&self, span: Span, message: &str, raised: Monotonicity) {
        self.annotations.borrow_mut().raised(span, message, raised);
    }

    /// Called in every potentially long loop: returns an error when the query was cancelled.
    pub(crate) fn check(&self) -> Result<(), Error> {
        if (self.is_cancelled)() { Err(Error::Cancelled) } else { Ok(()) }
    }

    /// Counts samples against the limit, and checks for cancellation.
    pub(crate) fn spend(&self, samples: usize) -> Result<(), Error> {
        self.check()?;
        let left = self.samples_left.get().checked_sub(samples).ok_or_else(|| {
            Error::TooLarge(format!(
                "query processing would load too many samples into memory in query execution \
                 (more than {})",
                self.settings.samples_max
            ))
        })?;
        self.samples_left.set(left);
        Ok(())
    }

    /// Charges memory that is held until the end of the query.
    pub(crate) fn hold(&self, bytes: usize) -> Result<(), Error> {
        Ok(self.memory.try_grow(bytes)?)
    }

    /// As [`Self::hold`], for samples that are replaced by those of the next series.
    pub(crate) fn hold_decoded(&self, samples: &Samples) -> Result<(), Error> {
        let plain = samples.timestamps.capacity() * size_of::<(i64, f64)>();
        let bytes = plain + samples.histograms.capacity() * HISTOGRAM_BYTES;
        let more = bytes.saturating_sub(self.decoded_bytes.get());
        self.decoded_bytes.set(self.decoded_bytes.get() + more);
        self.hold(more)
    }

    /// As [`Self::hold_decoded`], for other times of these samples.
    pub(crate) fn hold_times(&self, count: usize) -> Result<(), Error> {
        let more = (count * size_of::<i64>()).saturating_sub(self.times_bytes.get());
        self.times_bytes.set(self.times_bytes.get() + more);
        self.hold(more)
    }

    /// The steps at which an expression is evaluated. Charges the memory of its rows in flight.
    pub(crate) fn grid(
        &self,
        expr: &Expr,
        start_ms: i64,
        end_ms: i64,
        step_ms: i64,
    ) -> Result<Grid, Error> {
        let steps_max = self.settings.samples_max;
        let mut grid = Grid::new(start_ms, end_ms, step_ms, steps_max)
            .ok_or_else(|| Error::TooLarge(format!("a query of more than {steps_max} steps")))?;
        self.hold(rows_in_flight(expr).saturating_mul(grid.steps * STEP_BYTES))?;
        self.begin_counts(&mut grid)?;
        Ok(grid)
    }

    /// Begins the counts of a grid, if samples are counted.
    pub(crate) fn begin_counts(&self, grid: &mut Grid) -> Result<(), Error> {
        if let Some(counts) = &self.counts {
            self.hold(2 * grid.steps * size_of::<u64>())?;
            counts.borrow_mut().begin(grid);
        }
        Ok(())
    }

    pub(crate) fn series_of(&self, position: usize) -> &[Box<dyn SeriesRead>] {
        self.selected.get(&position).map_or(&[], Vec::as_slice)
    }

    fn value(&self) -> Result<Value, Error> {
        let query = self.query;
        let grid = self.grid(query.expr(), query.start_ms, query.end_ms, query.step_ms)?;
        let timestamp_ms = query.start_ms;
        match (query.expr().value_type(), query.is_range) {
            (ValueType::Text, false) => {
                let text = text_of(query.expr())?;
                Ok(Value::Text { timestamp_ms, text })
            }
            (ValueType::Scalar, false) => {
                let value = self.scalar(query.expr(), &grid)?.at(0);
                Ok(Value::Scalar { timestamp_ms, value })
            }
            (ValueType::Vector, false) => {
                let rows = self.final_rows(self.collect(query.expr(), &grid)?)?;
                let sample = |row: Row| Sample {
                    value: row.values.first().copied().unwrap_or(f64::NAN),
                    histogram: row.histograms.into_iter().next().map(|(_, histogram)| histogram),
                    labels: row.labels,
                    timestamp_ms,
                };
                Ok(Value::Vector(rows.into_iter().map(sample).collect()))
            }
            (ValueType::Matrix, false) => self.raw_matrix(query.expr(), &grid).map(Value::Matrix),
            (ValueType::Scalar, true) => {
                let scalar = self.scalar(query.expr(), &grid)?;
                let points = (0..grid.steps).map(|at| (grid.time(at), scalar.at(at))).collect();
                let series = Series { labels: Labels::empty(), points, histograms: Vec::new() };
                Ok(Value::Matrix(vec![series]))
            }
            (ValueType::Vector, true) => {
                let mut rows = self.final_rows(self.collect(query.expr(), &grid)?)?;
                rows.sort_by(|a, b| compare_labels(&a.labels, &b.labels));
                Ok(Value::Matrix(rows.into_iter().map(|row| series_of_row(row, &grid)).collect()))
            }
            (value_type @ (ValueType::Text | ValueType::Matrix), true) => {
                Err(Error::Invalid(format!(
                    "invalid expression type \"{}\" for range query, must be Scalar or instant Vector",
                    value_type.documented()
                )))
            }
        }
    }

    /// Drops rows without values, and names marked to be dropped; rows with equal labels are
    /// merged.
    fn final_rows(&self, rows: Vec<Row>) -> Result<Vec<Row>, Error> {
        let mut rows: Vec<Row> = rows.into_iter().filter(Row::has_any).collect();
        if !rows.iter().any(|row| row.drops_name) {
            return Ok(rows);
        }
        for row in &mut rows {
            if row.drops_name {
                row.labels = without_name(&row.labels);
            }
        }
        let mut merge = self.merge();
        rows.into_iter().try_for_each(|row| merge.add(row))?;
        Ok(merge.into_rows())
    }

    fn raw_matrix(&self, expr: &Expr, grid: &Grid) -> Result<Vec<Series>, Error> {
        let mut all = Vec::new();
        self.windows(expr, grid, false, &mut |series| {
            let (points, histograms) = series.first_window()?;
            if !points.is_empty() || !histograms.is_empty() {
                let histograms_bytes = histograms.len() * HISTOGRAM_BYTES;
                self.hold(points.len() * size_of::<(i64, f64)>() + histograms_bytes)?;
                let labels = series.labels;
                let labels = if series.drops_name { without_name(&labels) } else { labels };
                all.push(Series { labels, points, histograms });
            }
            Ok(())
        })?;
        all.sort_by(|a, b| compare_labels(&a.labels, &b.labels));
        refuse_duplicates(all.iter().map(|series| &series.labels))?;
        Ok(all)
    }

    /// All rows of a vector.
    pub(crate) fn collect(&self, expr: &Expr, grid: &Grid) -> Result<Vec<Row>, Error> {
        let mut rows = Vec::new();
        self.rows(expr, grid, &mut |row| self.keep(row, &mut rows))?;
        Ok(rows)
    }

    /// Appends a row, which counts in samples and memory.
    pub(crate) fn keep(&self, row: Row, rows: &mut Vec<Row>) -> Result<(), Error> {
        self.spend(row.values.len())?;
        self.hold(row.memory())?;
        rows.push(row);
        Ok(())
    }

    /// As [`Self::rows`], evaluated at each step.
    pub(crate) fn rows_of_steps(
        &self,
        expr: &Expr,
        grid: &Grid,
        sink: &mut Sink,
    ) -> Result<(), Error> {
        match expr {
            Expr::Selector(selector) => self.instant(selector, grid, sink),
            Expr::Paren(paren) => self.rows(&paren.expr, grid, sink),
            Expr::Unary(unary) if unary.is_negative => self.negated(&unary.expr, grid, sink),
            Expr::Unary(unary) => self.rows(&unary.expr, grid, sink),
            Expr::Binary(binary) => self.binary(binary, grid, sink),
            Expr::Aggregate(aggregate) => self.aggregate(aggregate, grid, sink),
            Expr::Call(call) => self.call(call, grid, sink),
            Expr::Number(_) | Expr::Text(_) | Expr::Subquery(_) => {
                Err(Error::Internal(format!("{expr} is not an instant vector")))
            }
        }
    }

    fn negated(&self, expr: &Expr, grid: &Grid, sink: &mut Sink) -> Result<(), Error> {
        self.map_rows(expr, grid, sink, &mut |row| {
            for value in &mut row.values {
                if !is_absent(*value) {
                    *value = -*value;
                }
            }
            for (_, histogram) in &mut row.histograms {
                *histogram = Arc::new(crate::native_histogram::scaled(histogram, -1.0));
            }
            Ok(())
        })
    }

    /// Rows whose values a function changes, so that their names are dropped.
    pub(crate) fn map_rows(
        &self,
        expr: &Expr,
        grid: &Grid,
        sink: &mut Sink,
        change: &mut dyn FnMut(&mut Row) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let is_distinct = self.stays_distinct(expr);
        let mut merge = self.merge();
        self.rows(expr, grid, &mut |mut row| {
            change(&mut row)?;
            self.drop_name(&mut row);
            merge.push(row, is_distinct, sink)
        })?;
        merge.finish(sink)
    }

    /// Whether rows of this expression remain distinct without their names, so that they need not
    /// be buffered to find duplicates.
    pub(crate) fn stays_distinct(&self, expr: &Expr) -> bool {
        // With the name, types and units are dropped, which may differ.
        let has_types = self.settings.has_type_labels;
        self.settings.delays_name_removal || (!has_types && has_one_name(expr))
    }

    /// Drops the name now, or marks it for removal at the end.
    pub(crate) fn drop_name(&self, row: &mut Row) {
        if self.settings.delays_name_removal {
            row.drops_name = true;
        } else {
            row.labels = without_name(&row.labels);
        }
    }
}

/// The value of a string literal.
pub(crate) fn text_of(expr: &Expr) -> Result<String, Error> {
    match expr.bare() {
        Expr::Text(text) => Ok(text.value.clone()),
        other => Err(Error::Internal(format!("{other} is not a text"))),
    }
}

/// Maximum rows that an expression has in flight: each operator computes a row from those below it.
/// A subquery has its own grid, and converts its rows to samples.
fn rows_in_flight(expr: &Expr) -> usize {
    match expr {
        Expr::Number(_) | Expr::Text(_) => 0,
        Expr::Selector(_) | Expr::Subquery(_) => 1,
        Expr::Paren(paren) => rows_in_flight(&paren.expr),
        Expr::Unary(unary) => rows_in_flight(&unary.expr),
        Expr::Binary(binary) => 1 + rows_in_flight(&binary.left) + rows_in_flight(&binary.right),
        Expr::Call(call) => 1 + call.arguments.iter().map(rows_in_flight).sum::<usize>(),
        Expr::Aggregate(aggregate) => {
            let parameter = aggregate.parameter.as_ref().map_or(0, rows_in_flight);
            1 + parameter + rows_in_flight(&aggregate.expr)
        }
    }
}

/// Whether all series of an expression have the same name.
fn has_one_name(expr: &Expr) -> bool {
    match expr {
        Expr::Selector(selector) => selector
            .matchers
            .iter()
            .any(|matcher| matcher.name == NAME_LABEL && matcher.op == MatchOp::Equal),
        Expr::Paren(paren) => has_one_name(&paren.expr),
        Expr::Unary(unary) => has_one_name(&unary.expr),
        Expr::Subquery(subquery) => has_one_name(&subquery.expr),
        Expr::Aggregate(aggregate) => match aggregate.op {
            Aggregation::Topk
            | Aggregation::Bottomk
            | Aggregation::Limitk
            | Aggregation::LimitRatio => has_one_name(&aggregate.expr),
            // The name may be the label of the values.
            Aggregation::CountValues => false,
            // Groups have no name, unless it is asked for.
            _ => aggregate.is_without || !aggregate.grouping.iter().any(|name| name == NAME_LABEL),
        },
        Expr::Binary(binary) => {
            let is_scalar = |operand: &Expr| operand.value_type() == ValueType::Scalar;
            (is_scalar(&binary.left) && has_one_name(&binary.right))
                || (is_scalar(&binary.right) && has_one_name(&binary.left))
        }
        Expr::Call(call) if !call.function.name.starts_with("label_") => {
            let is_series = |argument: &&Expr| {
                matches!(argument.value_type(), ValueType::Vector | ValueType::Matrix)
            };
            call.arguments.iter().find(is_series).is_some_and(has_one_name)
        }
        _ => false,
    }
}

/// The order of labels in Prometheus: by name, then value.
pub fn compare_labels(a: &Labels, b: &Labels) -> std::cmp::Ordering {
    a.iter().cmp(b.iter())
}

fn series_of_row(row: Row, grid: &Grid) -> Series {
    let present = row.values.iter().enumerate().filter(|(_, value)| !is_absent(**value));
    let points = present.map(|(step, value)| (grid.time(step), *value)).collect();
    let histograms = row
        .histograms
        .into_iter()
        .map(|(step, histogram)| (grid.time(step as usize), histogram))
        .collect();
    Series { labels: row.labels, points, histograms }
}
