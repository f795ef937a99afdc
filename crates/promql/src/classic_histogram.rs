//! Quantiles of classic histograms: series with the upper bound of a bucket in the label `le`.

use std::collections::BTreeMap;

use lang::promql::{Expr, Span, quote};
use signals::Labels;
use signals::metric::NAME_LABEL;

use crate::Error;
use crate::annotations::{Monotonicity, for_metric};
use crate::evaluator::{Evaluator, Sink, text_of};
use crate::grid::{Grid, Row, is_absent, is_identity};
use crate::native_histogram::{self, Fault};
use crate::scalar::Scalar;
use crate::text::general;

/// The label of a bucket's upper bound.
const BOUND_LABEL: &str = "le";
/// Smaller differences between buckets, relative to their sum, are rounding errors.
const SMALL_DELTA: f64 = 1e-12;

/// A bucket of a classic histogram: observations at or below the bound.
#[derive(Debug, Clone, Copy)]
struct Bucket {
    bound: f64,
    count: f64,
}

/// Series that differ only in `le`.
struct Histogram {
    labels: Labels,
    name: String,
    drops_name: bool,
    buckets: Vec<(f64, Row)>,
    native: Option<Row>,
}

impl Evaluator<'_> {
    pub(crate) fn histogram_quantile(
        &self,
        q: &Expr,
        vector: &Expr,
        grid: &Grid,
        sink: &mut Sink,
    ) -> Result<(), Error> {
        let quantiles = self.scalar(q, grid)?;
        let histograms = self.classic_histograms(vector, grid)?;
        self.note_quantiles(&quantiles, q, grid);
        let span = vector.bare().span();
        let mut raised = RaisedSteps::default();
        let is_distinct = self.stays_distinct(vector);
        let mut merge = self.merge();
        for histogram in histograms {
            let row = self.quantile_row(&histogram, &quantiles, span, grid, &mut raised)?;
            if row.has_any() {
                merge.push(row, is_distinct, sink)?;
            }
        }
        self.note_raised_steps(&raised, grid, span);
        merge.finish(sink)
    }

    fn quantile_row(
        &self,
        histogram: &Histogram,
        quantiles: &Scalar,
        span: Span,
        grid: &Grid,
        raised: &mut RaisedSteps,
    ) -> Result<Row, Error> {
        let mut row = Row::empty(histogram.labels.clone(), grid.steps);
        row.drops_name = histogram.drops_name;
        let mut buckets = Vec::with_capacity(histogram.buckets.len());
        for (step, result) in row.values.iter_mut().enumerate() {
            histogram.at(step, &mut buckets);
            let native = histogram.native.as_ref().and_then(|row| row.histogram_at(step));
            if let Some(native) = native {
                if buckets.is_empty() {
                    let (value, fault) = native_histogram::quantile(quantiles.at(step), native);
                    *result = value;
                    self.note_fault(fault, &histogram.name, span);
                } else {
                    self.note_both_kinds(&histogram.name, span);
                }
                continue;
            }
            if buckets.is_empty() {
                continue;
            }
            let (value, difference) = bucket_quantile(quantiles.at(step), &mut buckets);
            *result = value;
            if let Some((bounds, difference_max)) = difference {
                let time_ms = grid.time(step);
                let times_ms = (time_ms, time_ms);
                let new = Monotonicity { bounds, difference_max, times_ms, samples: 1 };
                if raised.add(&histogram.name, step, &new) {
                    self.hold(size_of::<(usize, Monotonicity)>())?;
                }
            }
        }
        Ok(row)
    }

    /// Annotates buckets that were raised to be monotonic.
    fn note_raised_steps(&self, raised: &RaisedSteps, grid: &Grid, span: Span) {
        for (name, steps) in &raised.by_name {
            let mut all: Option<Monotonicity> = None;
            for step in 0..grid.steps {
                // Prometheus merges the note of each step with itself once more.
                if let Some(all) = &mut all {
                    let again = *all;
                    if let Some(new) = steps.get(&step) {
                        all.merge(new);
                        all.samples = all.samples.wrapping_mul(2);
                    } else {
                        all.merge(&again);
                    }
                } else {
                    all = steps.get(&step).copied();
                }
            }
            if let Some(all) = all {
                let message = format!(
                    "input to histogram_quantile needed to be fixed for monotonicity (see \
                     https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile){}",
                    for_metric(name)
                );
                self.note_raised(span, &message, all);
            }
        }
    }

    fn note_fault(&self, fault: Fault, name: &str, span: Span) {
        let what = match fault {
            Fault::None => return,
            Fault::Skewed => "result is skewed higher",
            Fault::NotANumber => "result is NaN",
        };
        let name = for_metric(name);
        self.info(span, &format!("input to histogram_quantile has NaN observations, {what}{name}"));
    }

    fn note_both_kinds(&self, name: &str, span: Span) {
        let name = for_metric(name);
        self.warn(span, &format!("vector contains a mix of classic and native histograms{name}"));
    }

    /// `histogram_fraction`: the fraction of observations between two bounds.
    pub(crate) fn histogram_fraction(
        &self,
        lower: &Expr,
        upper: &Expr,
        vector: &Expr,
        grid: &Grid,
        sink: &mut Sink,
    ) -> Result<(), Error> {
        let (lower, upper) = (self.scalar(lower, grid)?, self.scalar(upper, grid)?);
        let span = vector.bare().span();
        let mut buckets = Vec::new();
        let is_distinct = self.stays_distinct(vector);
        let mut merge = self.merge();
        for histogram in self.classic_histograms(vector, grid)? {
            let mut row = Row::empty(histogram.labels.clone(), grid.steps);
            row.drops_name = histogram.drops_name;
            for (step, result) in row.values.iter_mut().enumerate() {
                histogram.at(step, &mut buckets);
                let native = histogram.native.as_ref().and_then(|row| row.histogram_at(step));
                match native {
                    Some(_) if !buckets.is_empty() => self.note_both_kinds(&histogram.name, span),
                    Some(native) => {
                        let (value, excludes_nan) =
                            native_histogram::fraction(lower.at(step), upper.at(step), native);
                        *result = value;
                        if excludes_nan {
                            let name = for_metric(&histogram.name);
                            self.info(span, &format!("input to histogram_fraction has NaN observations, which are excluded from all fractions{name}"));
                        }
                    }
                    None if buckets.is_empty() => {}
                    None => *result = bucket_fraction(lower.at(step), upper.at(step), &buckets),
                }
            }
            if row.has_any() {
                merge.push(row, is_distinct, sink)?;
            }
        }
        merge.finish(sink)
    }

    /// `histogram_quantiles`: several quantiles, each with its own label.
    pub(crate) fn histogram_quantiles(
        &self,
        arguments: &[Expr],
        grid: &Grid,
        sink: &mut Sink,
    ) -> Result<(), Error> {
        let [vector, label, quantiles @ ..] = arguments else {
            return Err(Error::Internal("histogram_quantiles without arguments".into()));
        };
        let label = text_of(label)?;
        let scalars: Vec<Scalar> =
            quantiles.iter().map(|q| self.scalar(q, grid)).collect::<Result<_, _>>()?;
        let histograms = self.classic_histograms(vector, grid)?;
        for (scalar, q) in scalars.iter().zip(quantiles) {
            self.note_quantiles(scalar, q, grid);
        }
        let span = vector.bare().span();
        let mut raised = RaisedSteps::default();
        let mut merge = self.merge();
        for histogram in histograms {
            for scalar in &scalars {
                let whole = self.quantile_row(&histogram, scalar, span, grid, &mut raised)?;
                // The quantile may differ between steps, and so does the label.
                for step in 0..grid.steps {
                    let value = quantile_text(scalar.at(step));
                    let mut row = whole.clone();
                    if matches!(scalar, Scalar::Steps(_)) {
                        row.retain_steps(|other| other == step);
                    }
                    row.labels = row.labels.with(&label, &value);
                    merge.add(row)?;
                    if matches!(scalar, Scalar::Constant(_)) {
                        break;
                    }
                }
            }
        }
        self.note_raised_steps(&raised, grid, span);
        merge.finish(sink)
    }

    /// Groups the series of a vector by all labels except `le`.
    fn classic_histograms(&self, vector: &Expr, grid: &Grid) -> Result<Vec<Histogram>, Error> {
        let delays = self.settings.delays_name_removal;
        let mut ids = std::collections::HashMap::new();
        let mut histograms: Vec<Histogram> = Vec::new();
        for mut row in self.collect(vector, grid)? {
            let labels =
                row.labels.without(|name| name == BOUND_LABEL || (!delays && is_identity(name)));
            let key = row.labels.without(|name| name == BOUND_LABEL || name == NAME_LABEL);
            let name = row.labels.metric_name().to_owned();
            let native = std::mem::take(&mut row.histograms);
            let next = histograms.len();
            let id = *ids.entry((key, name.clone())).or_insert(next);
            if id == next {
                histograms.push(Histogram {
                    labels,
                    // Notes give the name only where it is still part of the labels.
                    name: if delays { name } else { String::new() },
                    drops_name: delays,
                    buckets: Vec::new(),
                    native: None,
                });
            }
            let Some(histogram) = histograms.get_mut(id) else { continue };
            if !native.is_empty() {
                let mut only = Row::empty(row.labels.clone(), 0);
                only.histograms = native;
                histogram.native = Some(only);
            }
            if !row.has_any() {
                continue;
            }
            let bound = row.labels.get(BOUND_LABEL).unwrap_or_default();
            if let Some(bound) = parse_bound(bound) {
                histogram.buckets.push((bound, row));
            } else {
                let message = format!(
                    "bucket label \"le\" is missing or has a malformed value of {}{}",
                    quote(bound),
                    for_metric(&histogram.name)
                );
                self.warn(vector.bare().span(), &message);
            }
        }
        for histogram in &mut histograms {
            histogram.buckets.sort_by(|(a, _), (b, _)| a.total_cmp(b));
        }
        Ok(histograms)
    }
}

/// Raised buckets of each step, by the name in their note.
#[derive(Default)]
struct RaisedSteps {
    by_name: BTreeMap<String, BTreeMap<usize, Monotonicity>>,
}

impl RaisedSteps {
    /// Adds raised buckets; true if they are the first of their step.
    fn add(&mut self, name: &str, step: usize, new: &Monotonicity) -> bool {
        let steps = self.by_name.entry(name.to_owned()).or_default();
        let count = steps.len();
        steps.entry(step).and_modify(|all| all.merge(new)).or_insert(*new);
        steps.len() > count
    }
}

impl Histogram {
    /// The buckets that are present at a step; buckets with equal bounds are summed.
    fn at(&self, step: usize, buckets: &mut Vec<Bucket>) {
        buckets.clear();
        for (bound, row) in &self.buckets {
            let count = row.values.get(step).copied().unwrap_or(f64::NAN);
            if is_absent(count) {
                continue;
            }
            match buckets.last_mut() {
                Some(last) if last.bound == *bound => last.count += count,
                _ => buckets.push(Bucket { bound: *bound, count }),
            }
        }
    }
}

/// A quantile as a label value: `0.5`, and `1.0` rather than `1`.
fn quantile_text(q: f64) -> String {
    let text = general(q);
    let is_whole = q.is_finite() && !text.contains('.') && !text.contains('e');
    if q == 0.0 {
        return "0.0".to_owned();
    }
    if is_whole { format!("{text}.0") } else { text }
}

/// The fraction of observations between two bounds, by linear interpolation.
fn bucket_fraction(lower: f64, upper: f64, buckets: &[Bucket]) -> f64 {
    let Some(top) = buckets.last().filter(|bucket| bucket.bound == f64::INFINITY) else {
        return f64::NAN;
    };
    let total = top.count;
    if total == 0.0 || lower.is_nan() || upper.is_nan() {
        return f64::NAN;
    }
    if lower >= upper {
        return 0.0;
    }
    (rank_of(upper, buckets, total) - rank_of(lower, buckets, total)) / total
}

/// The number of observations below a value, at most all.
fn rank_of(value: f64, buckets: &[Bucket], total: f64) -> f64 {
    let mut below = 0.0;
    let mut start = f64::NEG_INFINITY;
    for (at, bucket) in buckets.iter().enumerate() {
        if at == 0 && bucket.bound > 0.0 {
            start = 0.0;
        }
        if start >= value {
            break;
        }
        if bucket.bound > value {
            // The distribution of observations in an open bucket is unknown: they are assumed to be
            // far away.
            below = if start == f64::NEG_INFINITY {
                bucket.count
            } else {
                below + (bucket.count - below) * (value - start) / (bucket.bound - start)
            };
            break;
        }
        below = bucket.count;
        start = bucket.bound;
    }
    if below > total { total } else { below }
}

/// Parses `le`: any float, infinity as `+Inf`.
fn parse_bound(text: &str) -> Option<f64> {
    let is_plain = text.starts_with(|c: char| c.is_ascii_digit() || "+-.iInN".contains(c));
    if is_plain { text.parse().ok() } else { None }
}

/// Lowest and highest bound of raised buckets, and the greatest difference.
type Raised = Option<((f64, f64), f64)>;

/// The quantile by linear interpolation in its bucket, and what was raised to be monotonic.
fn bucket_quantile(q: f64, buckets: &mut [Bucket]) -> (f64, Raised) {
    if q.is_nan() {
        return (f64::NAN, None);
    }
    if q < 0.0 {
        return (f64::NEG_INFINITY, None);
    }
    if q > 1.0 {
        return (f64::INFINITY, None);
    }
    let has_top = buckets.last().is_some_and(|bucket| bucket.bound == f64::INFINITY);
    if !has_top {
        return (f64::NAN, None);
    }
    let raised = make_monotonic(buckets);
    (monotonic_quantile(q, buckets), raised)
}

fn monotonic_quantile(q: f64, buckets: &[Bucket]) -> f64 {
    let ([inner @ .., top], [.., before_top, _]) = (buckets, buckets) else { return f64::NAN };
    if top.count == 0.0 {
        return f64::NAN;
    }
    let rank = q * top.count;
    // As in Go's binary search, a rank that is NaN is above all.
    let at = inner
        .partition_point(|bucket| bucket.count < rank || bucket.count.is_nan() || rank.is_nan());
    let Some(bucket) = inner.get(at) else { return before_top.bound };
    let below = at.checked_sub(1).and_then(|at| buckets.get(at)).copied();
    if below.is_none() && bucket.bound <= 0.0 {
        return bucket.bound;
    }
    let (start, counted) = below.map_or((0.0, 0.0), |bucket| (bucket.bound, bucket.count));
    start + (bucket.bound - start) * ((rank - counted) / (bucket.count - counted))
}

/// Raises counts that are below the count of a lower bucket; small differences are removed.
fn make_monotonic(buckets: &mut [Bucket]) -> Raised {
    let mut raised: Raised = None;
    let [first, rest @ ..] = buckets else { return None };
    let mut least = first.count;
    for bucket in rest {
        if bucket.count == least {
            continue;
        }
        if is_near(least, bucket.count) {
            bucket.count = least;
        } else if bucket.count < least {
            let ((low, high), difference) =
                raised.unwrap_or(((f64::INFINITY, f64::NEG_INFINITY), 0.0));
            let bounds = (low.min(bucket.bound), high.max(bucket.bound));
            raised = Some((bounds, difference.max(least - bucket.count)));
            bucket.count = least;
        } else {
            least = bucket.count;
        }
    }
    raised
}

/// Whether the difference of two counts may be a rounding error.
fn is_near(a: f64, b: f64) -> bool {
    if a.is_nan() && b.is_nan() {
        return true;
    }
    let (sum, difference) = (a.abs() + b.abs(), (a - b).abs());
    if a == 0.0 || b == 0.0 || sum < f64::MIN_POSITIVE {
        return difference < SMALL_DELTA * f64::MIN_POSITIVE;
    }
    difference / sum.min(f64::MAX) < SMALL_DELTA
}
