//! Range aggregations: numbers from the lines of windows.

use std::collections::HashMap;

use futures::StreamExt;
use lang::logql::{Group, Grouping, MatchOp, RangeAggregation, RangeOp, RangeSelector, Stage};
use signals::{Labels, MemoryReservation};
use store::TimeRange;

use super::grid::{Row, Rows, Steps};
use super::labels::LineLabels;
use super::over_time;
use super::pipeline::{Pipeline, Unwrapper};
use super::read::{self, Context};
use super::row::{self, Known};
use crate::{QueryError, running};

/// Memory of a series at one step: the changes of window counts, and the value.
const BYTES_PER_STEP: usize = 2 * size_of::<i64>() + size_of::<Option<f64>>();

/// The collected data of one series.
enum Collected {
    /// Changes of the line and byte counts at each step; one longer than the steps.
    Changes { lines: Vec<i64>, bytes: Vec<i64> },
    /// Time and number of each line.
    Samples(Vec<(i64, f64)>),
}

struct Collector<'q> {
    steps: Steps,
    selector: &'q RangeSelector,
    grouping: Option<&'q Grouping>,
    has_samples: bool,
    /// Series by their labels in the order in which they were read.
    places: HashMap<Vec<u8>, usize>,
    /// Series by their labels.
    series: HashMap<Labels, usize>,
    collected: Vec<(Labels, Collected)>,
    samples: usize,
    samples_max: usize,
    series_max: usize,
    memory: &'q MemoryReservation,
    key: Vec<u8>,
}

/// Whether lines can be counted per group directly, so that `sum by (…)` over it does not need the
/// individual series.
pub(super) fn is_additive(op: RangeOp) -> bool {
    matches!(
        op,
        RangeOp::Count | RangeOp::Rate | RangeOp::Bytes | RangeOp::BytesRate | RangeOp::Sum
    )
}

/// Runs a range aggregation; `sum_grouping` replaces its own grouping if only the sum of its series
/// is needed.
pub(super) async fn run(
    context: Context<'_>,
    aggregation: &RangeAggregation,
    steps: Steps,
    sum_grouping: Option<&Grouping>,
) -> Result<Rows, QueryError> {
    let selector = &aggregation.selector;
    let matchers = read::matchers(&selector.log.selector)?;
    let unwrapper = selector.unwrap.as_ref().map(Unwrapper::new).transpose()?;
    let grouping = sum_grouping.or(aggregation.grouping.as_ref());
    let wanted = wanted_after(aggregation.op, grouping).map(|mut names| {
        names.extend(unwrapper.iter().flat_map(Unwrapper::names));
        names
    });
    let pipeline = Pipeline::new(&selector.log.stages)?.keeping_labels(wanted);
    let needs_line = reads_line(&selector.log.stages)
        || matches!(aggregation.op, RangeOp::Bytes | RangeOp::BytesRate);
    let mut collector = Collector {
        steps,
        selector,
        grouping,
        has_samples: unwrapper.is_some() && aggregation.op != RangeOp::Absent,
        places: HashMap::new(),
        series: HashMap::new(),
        collected: Vec::new(),
        samples: 0,
        samples_max: context.limits.samples_max,
        series_max: context.limits.series_max,
        memory: context.memory,
        key: Vec::new(),
    };
    let range = TimeRange {
        start: steps
            .start
            .saturating_sub(selector.offset_ns)
            .saturating_sub(selector.range_ns)
            .saturating_add(1),
        end: steps.last().saturating_sub(selector.offset_ns).saturating_add(1),
    };
    let mut known = Known::default();
    let columns = read::columns(pipeline.wanted(), needs_line, context.extras);
    let mut batches = context.read(range, columns, read::filters(&selector.log, &matchers)).await?;
    while let Some(batch) = batches.next().await {
        let batch = batch?;
        let rows = row::rows(&batch)?;
        known.learn(&rows, &matchers);
        let mut labels = LineLabels::default();
        for row in 0..rows.len() {
            running::check()?;
            let timestamp = rows.timestamp(row);
            let (first, end) = steps.covering(timestamp, selector.range_ns, selector.offset_ns);
            if first >= end
                || !row::fill(&mut labels, &known, &rows, row, pipeline.wanted(), context.extras)
            {
                continue;
            }
            let Some(line) = pipeline.run(rows.body(row), timestamp, &mut labels) else { continue };
            let value = match &unwrapper {
                Some(unwrapper) => match unwrapper.run(&mut labels) {
                    Some(value) => value,
                    None => continue,
                },
                None => 0.0,
            };
            if let Some((error, details)) = labels.error() {
                return Err(pipeline_error(error, details, &labels));
            }
            collector.push(&labels, timestamp, (first, end), line.len(), value)?;
        }
    }
    collector.finish(aggregation)
}

/// The labels that are read after the pipeline; `None` means all.
fn wanted_after(op: RangeOp, grouping: Option<&Grouping>) -> Option<Vec<String>> {
    match (op, grouping) {
        (RangeOp::Absent, _) => Some(Vec::new()),
        (_, Some(Grouping { kind: Group::By, labels })) => Some(labels.clone()),
        _ => None,
    }
}

fn pipeline_error(error: &str, details: &str, labels: &LineLabels<'_>) -> QueryError {
    let labels =
        Labels::from_pairs(labels.iter().map(|label| (label.name.as_ref(), label.value.as_ref())));
    QueryError::Invalid(format!(
        "pipeline error: '{error}' for series: '{labels:?}': {details}.\nUse a label filter to intentionally skip this error. (e.g | __error__!=\"{error}\").\nTo skip all potential errors you can match empty errors.(e.g __error__=\"\")\nThe label filter can also be specified after unwrap. (e.g | unwrap latency | __error__=\"\" )\n"
    ))
}

impl Collector<'_> {
    fn push(
        &mut self,
        labels: &LineLabels<'_>,
        timestamp: i64,
        steps: (usize, usize),
        bytes: usize,
        value: f64,
    ) -> Result<(), QueryError> {
        let place = self.place(labels)?;
        match self.collected.get_mut(place).map(|(_, collected)| collected) {
            Some(Collected::Changes { lines, bytes: changes }) => {
                for (list, amount) in [(lines, 1), (changes, bytes as i64)] {
                    if let Some(change) = list.get_mut(steps.0) {
                        *change += amount;
                    }
                    if let Some(change) = list.get_mut(steps.1) {
                        *change -= amount;
                    }
                }
            }
            Some(Collected::Samples(samples)) => {
                if samples.len() == samples.capacity() {
                    // The vector is about to double.
                    let more = samples.capacity().max(4);
                    self.memory.try_grow(more * size_of::<(i64, f64)>())?;
                }
                samples.push((timestamp, value));
                self.samples += 1;
                if self.samples > self.samples_max {
                    return Err(QueryError::TooLarge(format!(
                        "the query reads more than {} samples",
                        self.samples_max
                    )));
                }
            }
            None => {}
        }
        Ok(())
    }

    fn place(&mut self, labels: &LineLabels<'_>) -> Result<usize, QueryError> {
        let mut key = std::mem::take(&mut self.key);
        key.clear();
        let grouping = self.grouping;
        let is_kept = |name: &str| match grouping {
            None => true,
            Some(Grouping { kind: Group::By, labels }) => labels.iter().any(|label| label == name),
            Some(Grouping { kind: Group::Without, labels }) => {
                labels.iter().all(|label| label != name)
            }
        };
        for label in labels.iter().filter(|label| is_kept(&label.name)) {
            for text in [&label.name, &label.value] {
                key.extend_from_slice(&(text.len() as u32).to_le_bytes());
                key.extend_from_slice(text.as_bytes());
            }
        }
        let place = if let Some(place) = self.places.get(&key) {
            *place
        } else {
            let pairs = labels
                .iter()
                .filter(|label| is_kept(&label.name))
                .map(|label| (label.name.as_ref(), label.value.as_ref()));
            let place = self.new_place(Labels::from_pairs(pairs))?;
            self.places.insert(key.clone(), place);
            place
        };
        self.key = key;
        Ok(place)
    }

    fn new_place(&mut self, labels: Labels) -> Result<usize, QueryError> {
        if let Some(place) = self.series.get(&labels) {
            return Ok(*place);
        }
        let place = self.collected.len();
        let cells = (place + 1).saturating_mul(self.steps.count);
        if place >= self.series_max || cells > self.samples_max {
            return Err(QueryError::TooLarge(format!(
                "maximum number of series ({}) reached for a single query; consider reducing query cardinality by adding more specific stream selectors, reducing the time range, or aggregating results with functions like sum(), count() or topk()",
                self.series_max.min(place)
            )));
        }
        let texts = 4 * labels.as_bytes().len();
        self.memory.try_grow(texts + self.steps.count * BYTES_PER_STEP)?;
        let collected = if self.has_samples {
            Collected::Samples(Vec::new())
        } else {
            Collected::Changes {
                lines: vec![0; self.steps.count + 1],
                bytes: vec![0; self.steps.count + 1],
            }
        };
        self.series.insert(labels.clone(), place);
        self.collected.push((labels, collected));
        Ok(place)
    }

    fn finish(self, aggregation: &RangeAggregation) -> Result<Rows, QueryError> {
        let seconds = self.selector.range_ns as f64 / 1e9;
        let mut rows = Vec::with_capacity(self.collected.len());
        for (labels, collected) in self.collected {
            let values = match collected {
                Collected::Changes { lines, bytes } => {
                    let mut count = 0;
                    let mut total = 0;
                    let running =
                        lines.iter().zip(&bytes).take(self.steps.count).map(|(line, byte)| {
                            count += line;
                            total += byte;
                            (count, total)
                        });
                    let value = |(count, total): (i64, i64)| match aggregation.op {
                        RangeOp::Rate => count as f64 / seconds,
                        RangeOp::Bytes => total as f64,
                        RangeOp::BytesRate => total as f64 / seconds,
                        _ => count as f64,
                    };
                    running.map(|state| (state.0 > 0).then(|| value(state))).collect()
                }
                Collected::Samples(mut samples) => {
                    samples.sort_by_key(|sample| sample.0);
                    let window = over_time::Window {
                        steps: self.steps,
                        range_ns: self.selector.range_ns,
                        offset_ns: self.selector.offset_ns,
                    };
                    let values = window.values(
                        &samples,
                        aggregation.op,
                        aggregation.parameter.unwrap_or_default(),
                    );
                    running::check()?;
                    values
                }
            };
            rows.push(Row { labels, values });
        }
        if aggregation.op == RangeOp::Absent {
            return Ok(absent(self.selector, &rows, self.steps));
        }
        Ok(Rows::unordered(rows))
    }
}

/// `absent_over_time`: a series at steps without lines, with the labels fixed by the selector.
fn absent(selector: &RangeSelector, rows: &[Row], steps: Steps) -> Rows {
    let mut pairs: Vec<(&str, &str)> = Vec::new();
    for matcher in &selector.log.selector {
        let is_fixed = matcher.op == MatchOp::Equal
            && selector.log.selector.iter().filter(|other| other.name == matcher.name).count() == 1;
        if is_fixed {
            pairs.push((&matcher.name, &matcher.value));
        }
    }
    let is_present =
        |step: usize| rows.iter().any(|row| row.values.get(step).copied().flatten().is_some());
    let values = (0..steps.count).map(|step| (!is_present(step)).then_some(1.0)).collect();
    Rows::unordered(vec![Row { labels: Labels::from_pairs(pairs), values }])
}

/// Whether a stage reads the text of the lines.
#[must_use]
pub(super) fn reads_line(stages: &[Stage]) -> bool {
    stages.iter().any(|stage| {
        !matches!(stage, Stage::Label(_) | Stage::Drop(_) | Stage::Keep(_) | Stage::LabelFormat(_))
    })
}
