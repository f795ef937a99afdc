//! Quantiles of classic histograms: series with a bucket's upper bound in the label `le`.

use lang::promql::{Expr, Span, quote};
use signals::Labels;
use signals::metric::NAME_LABEL;

use super::evaluator::{Evaluator, Sink};
use super::grid::{Grid, Row, is_absent};
use super::notes::for_metric;
use super::scalar::Scalar;
use crate::QueryError;

/// The label of a bucket's upper bound.
const BOUND_LABEL: &str = "le";
/// Decreases between buckets that are rounding and not worth a note.
const SMALL_DELTA: f64 = 1e-12;

/// A bucket of a classic histogram: observations at or below the bound.
#[derive(Debug, Clone, Copy)]
struct Bucket {
    bound: f64,
    count: f64,
}

/// Series that differ in nothing but `le`.
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
    ) -> Result<(), QueryError> {
        let quantiles = self.scalar(q, grid)?;
        for step in 0..grid.steps {
            self.note_quantile(quantiles.at(step), q.span());
        }
        for histogram in self.classic_histograms(vector, grid)? {
            let row = self.quantile_row(&histogram, &quantiles, vector.span(), grid)?;
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
    ) -> Result<Row, QueryError> {
        if histogram.native.is_some() {
            return Err(QueryError::Unsupported("histogram_quantile of native histograms".into()));
        }
        let mut row = Row::empty(histogram.labels.clone(), grid.steps);
        row.drops_name = histogram.drops_name;
        let mut buckets = Vec::with_capacity(histogram.buckets.len());
        for (step, result) in row.values.iter_mut().enumerate() {
            histogram.at(step, &mut buckets);
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
        Ok(row)
    }

    /// Groups the series of a vector by all labels but `le`.
    fn classic_histograms(&self, vector: &Expr, grid: &Grid) -> Result<Vec<Histogram>, QueryError> {
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
            match parse_bound(bound) {
                Some(bound) => histogram.buckets.push((bound, row)),
                None => {
                    let message = format!(
                        "bucket label \"le\" is missing or has a malformed value of {}{}",
                        quote(bound),
                        for_metric(&histogram.name)
                    );
                    self.warn(vector.span(), &message);
                }
            }
        }
        for histogram in &mut histograms {
            histogram.buckets.sort_by(|(a, _), (b, _)| a.total_cmp(b));
        }
        Ok(histograms)
    }
}

impl Histogram {
    /// The buckets that are present at a step, those with equal bounds added up.
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

/// The text of `le`: any float, infinity as `+Inf`.
fn parse_bound(text: &str) -> Option<f64> {
    let is_plain = text.starts_with(|c: char| c.is_ascii_digit() || "+-.iInN".contains(c));
    if is_plain { text.parse().ok() } else { None }
}

/// The quantile by linear interpolation inside its bucket, and whether counts had to be raised to
/// be monotonic.
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

/// With one or two buckets there is at most one bound to answer with.
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
