//! Quantiles of classic histograms: series with the upper bound of a bucket in the label `le`.

use lang::promql::{Expr, Span, format_float, quote};
use signals::Labels;
use signals::metric::NAME_LABEL;

use crate::Error;
use crate::annotations::for_metric;
use crate::evaluator::{Evaluator, Sink, text_of};
use crate::grid::{Grid, Row, is_absent};
use crate::native_histogram::{self, Fault};
use crate::scalar::Scalar;

/// The label of a bucket's upper bound.
const BOUND_LABEL: &str = "le";
/// Smaller decreases between buckets are rounding errors and not annotated.
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
        for step in 0..grid.steps {
            self.note_quantile(quantiles.at(step), q.span());
        }
        for histogram in self.classic_histograms(vector, grid)? {
            let row = self.quantile_row(&histogram, &quantiles, vector.span(), grid);
            if row.has_any() {
                sink(row)?;
            }
        }
        Ok(())
    }

    fn quantile_row(
        &self,
        histogram: &Histogram,
        quantiles: &Scalar,
        span: Span,
        grid: &Grid,
    ) -> Row {
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
            let (value, is_forced) = bucket_quantile(quantiles.at(step), &mut buckets);
            *result = value;
            if is_forced {
                let name = for_metric(&histogram.name);
                self.info(span, &format!(
                    "input to histogram_quantile needed to be fixed for monotonicity (see \
                     https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile){name}"
                ));
            }
        }
        row
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
        let span = vector.span();
        let mut buckets = Vec::new();
        for histogram in self.classic_histograms(vector, grid)? {
            let mut row = Row::empty(histogram.labels.clone(), grid.steps);
            row.drops_name = histogram.drops_name;
            for (step, result) in row.values.iter_mut().enumerate() {
                histogram.at(step, &mut buckets);
                let native = histogram.native.as_ref().and_then(|row| row.histogram_at(step));
                match native {
                    Some(_) if !buckets.is_empty() => self.note_both_kinds(&histogram.name, span),
                    Some(native) => {
                        *result =
                            native_histogram::fraction(lower.at(step), upper.at(step), native);
                        let counted: f64 = native_histogram::bounded(native)
                            .iter()
                            .map(|bucket| bucket.count)
                            .sum();
                        if native.sum.is_nan() && counted < native.count {
                            let name = for_metric(&histogram.name);
                            self.info(span, &format!("input to histogram_fraction has NaN observations, which are excluded from all fractions{name}"));
                        }
                    }
                    None if buckets.is_empty() => {}
                    None => *result = bucket_fraction(lower.at(step), upper.at(step), &mut buckets),
                }
            }
            if row.has_any() {
                sink(row)?;
            }
        }
        Ok(())
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
        for (scalar, q) in scalars.iter().zip(quantiles) {
            for step in 0..grid.steps {
                self.note_quantile(scalar.at(step), q.span());
            }
        }
        let mut merge = self.merge();
        for histogram in self.classic_histograms(vector, grid)? {
            for scalar in &scalars {
                let whole = self.quantile_row(&histogram, scalar, vector.span(), grid);
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
        merge.finish(sink)
    }

    /// Groups the series of a vector by all labels except `le`.
    fn classic_histograms(&self, vector: &Expr, grid: &Grid) -> Result<Vec<Histogram>, Error> {
        let delays = self.settings.delays_name_removal;
        let mut ids = std::collections::HashMap::new();
        let mut histograms: Vec<Histogram> = Vec::new();
        for row in self.collect(vector, grid)? {
            let labels =
                row.labels.without(|name| name == BOUND_LABEL || (name == NAME_LABEL && !delays));
            let key = row.labels.without(|name| name == BOUND_LABEL || name == NAME_LABEL);
            let name = row.labels.metric_name().to_owned();
            let is_native = !row.histograms.is_empty();
            let next = histograms.len();
            let id = *ids.entry((key, name.clone())).or_insert(next);
            if id == next {
                histograms.push(Histogram {
                    labels,
                    name,
                    drops_name: delays,
                    buckets: Vec::new(),
                    native: None,
                });
            }
            let Some(histogram) = histograms.get_mut(id) else { continue };
            if is_native {
                histogram.native = Some(row);
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
                self.warn(vector.span(), &message);
            }
        }
        for histogram in &mut histograms {
            histogram.buckets.sort_by(|(a, _), (b, _)| a.total_cmp(b));
        }
        Ok(histograms)
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
    let text = format_float(q);
    if q.is_finite() && !text.contains('.') { format!("{text}.0") } else { text }
}

/// The fraction of observations between two bounds, by linear interpolation.
fn bucket_fraction(lower: f64, upper: f64, buckets: &mut [Bucket]) -> f64 {
    let has_top = buckets.last().is_some_and(|bucket| bucket.bound == f64::INFINITY);
    if !has_top {
        return f64::NAN;
    }
    make_monotonic(buckets);
    let total = buckets.last().map_or(0.0, |bucket| bucket.count);
    if total == 0.0 || lower.is_nan() || upper.is_nan() {
        return f64::NAN;
    }
    if lower >= upper {
        return 0.0;
    }
    (rank_of(upper, buckets) - rank_of(lower, buckets)) / total
}

/// The number of observations below a value.
fn rank_of(value: f64, buckets: &[Bucket]) -> f64 {
    let mut below = 0.0;
    let mut start = f64::NEG_INFINITY;
    for (at, bucket) in buckets.iter().enumerate() {
        if at == 0 && bucket.bound > 0.0 {
            start = 0.0;
        }
        if start >= value {
            return below;
        }
        if bucket.bound > value {
            // The distribution of observations in an open bucket is unknown: they are assumed to be
            // far away.
            let share = if start == f64::NEG_INFINITY {
                1.0
            } else if bucket.bound == f64::INFINITY {
                0.0
            } else {
                (value - start) / (bucket.bound - start)
            };
            return below + (bucket.count - below) * share;
        }
        below = bucket.count;
        start = bucket.bound;
    }
    below
}

/// Parses `le`: any float, infinity as `+Inf`.
fn parse_bound(text: &str) -> Option<f64> {
    let is_plain = text.starts_with(|c: char| c.is_ascii_digit() || "+-.iInN".contains(c));
    if is_plain { text.parse().ok() } else { None }
}

/// The quantile by linear interpolation in its bucket, and whether counts had to be raised to be
/// monotonic.
fn bucket_quantile(q: f64, buckets: &mut Vec<Bucket>) -> (f64, bool) {
    if q.is_nan() {
        return (f64::NAN, false);
    }
    if q < 0.0 {
        return (f64::NEG_INFINITY, false);
    }
    if q > 1.0 {
        return (f64::INFINITY, false);
    }
    let has_top = buckets.last().is_some_and(|bucket| bucket.bound == f64::INFINITY);
    if !has_top {
        return (f64::NAN, false);
    }
    let is_forced = make_monotonic(buckets);
    let [lowest, .., before_top, top] = buckets.as_slice() else {
        return two_buckets(q, buckets, is_forced);
    };
    if top.count == 0.0 || top.count.is_nan() {
        return (f64::NAN, is_forced);
    }
    let rank = q * top.count;
    let inner = buckets.len() - 1;
    let at = buckets.iter().take(inner).position(|bucket| bucket.count >= rank).unwrap_or(inner);
    if at == inner {
        return (before_top.bound, is_forced);
    }
    if at == 0 && lowest.bound <= 0.0 {
        return (lowest.bound, is_forced);
    }
    let below = at.checked_sub(1).and_then(|at| buckets.get(at)).copied();
    let (start, counted) = below.map_or((0.0, 0.0), |bucket| (bucket.bound, bucket.count));
    let Some(bucket) = buckets.get(at) else { return (f64::NAN, is_forced) };
    let share = (rank - counted) / (bucket.count - counted);
    (start + (bucket.bound - start) * share, is_forced)
}

/// With one or two buckets, at most one bound can be the answer.
fn two_buckets(q: f64, buckets: &[Bucket], is_forced: bool) -> (f64, bool) {
    let [first, top] = buckets else { return (f64::NAN, is_forced) };
    if top.count == 0.0 || top.count.is_nan() {
        return (f64::NAN, is_forced);
    }
    let rank = q * top.count;
    let value = if first.count < rank || first.bound <= 0.0 {
        first.bound
    } else {
        first.bound * (rank / first.count)
    };
    (value, is_forced)
}

/// Raises counts that are below the count of a lower bucket.
fn make_monotonic(buckets: &mut [Bucket]) -> bool {
    let mut is_forced = false;
    let mut least = f64::NEG_INFINITY;
    for bucket in buckets {
        if bucket.count > least {
            least = bucket.count;
        } else if bucket.count < least {
            let is_rounding =
                (least - bucket.count).abs() <= SMALL_DELTA * least.abs().max(bucket.count.abs());
            is_forced |= !is_rounding;
            bucket.count = least;
        }
    }
    is_forced
}
