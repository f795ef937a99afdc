//! Converts histograms to a common layout, and adds them without losing small counts.

use std::cmp::Ordering;

use signals::metric::{BucketSpan, NativeHistogram, ResetHint};

use super::super::kahan::Kahan;
use super::{bounds, buckets, spans};

/// Index and running count of a bucket.
type Running = (i32, Kahan);

/// A running sum of histograms, in the coarsest of their layouts.
#[derive(Debug, Clone)]
pub(crate) struct Total {
    schema: i32,
    zero_threshold: f64,
    zero_count: Kahan,
    count: Kahan,
    sum: Kahan,
    positive: Vec<Running>,
    negative: Vec<Running>,
    custom_bounds: Vec<f64>,
    reset_hint: ResetHint,
    /// Whether a histogram had each of the hints `Reset` and `NotReset`.
    hints_seen: [bool; 2],
    /// Whether some have exponential and others custom bounds: there is no result.
    pub(crate) is_incompatible: bool,
    /// Whether custom bounds differed; the common bounds were kept.
    pub(crate) is_reconciled: bool,
}

fn running(spans_of: &[BucketSpan], counts: &[f64], factor: f64) -> Vec<Running> {
    buckets(spans_of, counts)
        .iter()
        .map(|(index, count)| (*index, Kahan::of(count * factor)))
        .collect()
}

impl Total {
    /// `factor * histogram`
    pub(crate) fn of(histogram: &NativeHistogram, factor: f64) -> Self {
        Self {
            schema: histogram.schema,
            zero_threshold: histogram.zero_threshold,
            zero_count: Kahan::of(histogram.zero_count * factor),
            count: Kahan::of(histogram.count * factor),
            sum: Kahan::of(histogram.sum * factor),
            positive: running(&histogram.positive_spans, &histogram.positive_counts, factor),
            negative: running(&histogram.negative_spans, &histogram.negative_counts, factor),
            custom_bounds: histogram.custom_bounds.clone(),
            reset_hint: histogram.reset_hint,
            hints_seen: [ResetHint::Reset, ResetHint::NotReset]
                .map(|hint| histogram.reset_hint == hint),
            is_incompatible: false,
            is_reconciled: false,
        }
    }

    /// Adds `factor * histogram`; an incompatible total does not change any more.
    pub(crate) fn add(&mut self, histogram: &NativeHistogram, factor: f64) {
        let mut other = Self::of(histogram, factor);
        if self.has_custom_bounds() != other.has_custom_bounds() {
            self.is_incompatible = true;
        }
        if self.is_incompatible {
            return;
        }
        if self.has_custom_bounds() {
            self.is_reconciled |= self.reconcile_bounds(&mut other);
        } else {
            other.zero_count = self.reconcile_zero(&other);
            let schema = self.schema.min(other.schema);
            self.reduce(schema);
            other.reduce(schema);
            other.drop_below(self.zero_threshold);
        }
        self.zero_count.merge(other.zero_count);
        self.count.merge(other.count);
        self.sum.merge(other.sum);
        merge(&mut self.positive, &other.positive);
        merge(&mut self.negative, &other.negative);
        for (seen, other) in self.hints_seen.iter_mut().zip(other.hints_seen) {
            *seen |= other;
        }
        // A gauge if any is one, and known only if all agree.
        self.reset_hint = match (self.reset_hint, other.reset_hint) {
            (hint, other) if hint == other => hint,
            (ResetHint::Gauge, _) | (_, ResetHint::Gauge) => ResetHint::Gauge,
            _ => ResetHint::Unknown,
        };
    }

    /// Whether some histograms follow a counter reset and others do not.
    pub(crate) fn has_reset_conflict(&self) -> bool {
        self.hints_seen == [true, true]
    }

    /// The total, with every number multiplied by `factor`.
    pub(crate) fn finish(&self, factor: f64) -> NativeHistogram {
        let total = |side: &[Running]| {
            let counts: Vec<(i32, f64)> =
                side.iter().map(|(index, count)| (*index, count.value() * factor)).collect();
            spans(&counts)
        };
        let (positive_spans, positive_counts) = total(&self.positive);
        let (negative_spans, negative_counts) = total(&self.negative);
        NativeHistogram {
            schema: self.schema,
            zero_threshold: self.zero_threshold,
            zero_count: self.zero_count.value() * factor,
            count: self.count.value() * factor,
            sum: self.sum.value() * factor,
            positive_spans,
            positive_counts,
            negative_spans,
            negative_counts,
            custom_bounds: self.custom_bounds.clone(),
            reset_hint: self.reset_hint,
        }
    }

    fn has_custom_bounds(&self) -> bool {
        self.schema == signals::metric::CUSTOM_SCHEMA
    }

    /// Keeps the common bounds; true if the bounds differed.
    fn reconcile_bounds(&mut self, other: &mut Self) -> bool {
        if self.custom_bounds == other.custom_bounds {
            return false;
        }
        let mut common = self.custom_bounds.clone();
        common.retain(|bound| other.custom_bounds.contains(bound));
        for total in [self, other] {
            total.positive = rebucketed(&total.positive, &total.custom_bounds, &common);
            total.custom_bounds.clone_from(&common);
        }
        true
    }

    /// Merges buckets into those of a coarser schema.
    pub(super) fn reduce(&mut self, schema: i32) {
        if schema >= self.schema {
            return;
        }
        for side in [&mut self.positive, &mut self.negative] {
            let mut coarse: Vec<Running> = Vec::with_capacity(side.len());
            for (index, count) in side.iter() {
                push(&mut coarse, bounds::coarser(*index, self.schema, schema), *count);
            }
            *side = coarse;
        }
        self.schema = schema;
    }

    /// Widens the zero bucket to at least that of another histogram, without cutting a bucket that
    /// counts anything. Returns what the other counts in this zero bucket.
    fn reconcile_zero(&mut self, other: &Self) -> Kahan {
        let (mut zero_count, mut threshold) = (other.zero_count, other.zero_threshold);
        // Widening one may move its bound past that of the other. A bound that is NaN ends this.
        loop {
            match threshold.partial_cmp(&self.zero_threshold) {
                Some(Ordering::Less) => {
                    (zero_count, threshold) = other.zero_within(self.zero_threshold);
                }
                Some(Ordering::Greater) => {
                    (self.zero_count, self.zero_threshold) = self.zero_within(threshold);
                    self.trim_zero();
                }
                Some(Ordering::Equal) | None => return zero_count,
            }
        }
    }

    /// The count of a zero bucket up to `threshold`, or to the end of the bucket that it would
    /// otherwise cut, and this bound.
    fn zero_within(&self, threshold: f64) -> (Kahan, f64) {
        let mut threshold = threshold;
        if threshold == self.zero_threshold {
            return (self.zero_count, threshold);
        }
        // Each round moves the threshold to the end of a bucket: there are no more than buckets.
        loop {
            let mut zero_count = self.zero_count;
            threshold = self.absorb(&self.positive, threshold, &mut zero_count);
            let widened = self.absorb(&self.negative, threshold, &mut zero_count);
            if widened == threshold {
                return (zero_count, threshold);
            }
            threshold = widened;
        }
    }

    /// Adds the counts of the buckets that begin below the threshold; returns the end of the last.
    fn absorb(&self, side: &[Running], threshold: f64, zero_count: &mut Kahan) -> f64 {
        for (index, count) in side {
            let (lower, upper) = bounds::exponential(self.schema, *index);
            if lower >= threshold {
                break;
            }
            zero_count.merge(*count);
            if upper > threshold {
                return if count.value() == 0.0 { threshold } else { upper };
            }
        }
        threshold
    }

    /// Removes the buckets that begin in the zero bucket.
    fn trim_zero(&mut self) {
        let (schema, threshold) = (self.schema, self.zero_threshold);
        for side in [&mut self.positive, &mut self.negative] {
            side.retain(|(index, _)| bounds::exponential(schema, *index).0 >= threshold);
        }
    }

    /// Removes the buckets that end in a zero bucket.
    fn drop_below(&mut self, threshold: f64) {
        let schema = self.schema;
        for side in [&mut self.positive, &mut self.negative] {
            side.retain(|(index, _)| bounds::exponential(schema, *index).1 > threshold);
        }
    }
}

/// Whether any count of `before` is greater than that of `after` in a common layout, or the layouts
/// themselves show a reset.
pub(crate) fn has_decreased(before: &NativeHistogram, after: &NativeHistogram) -> bool {
    let (mut old, mut new) = (Total::of(before, 1.0), Total::of(after, 1.0));
    if after.has_custom_bounds() {
        old.reconcile_bounds(&mut new);
    } else {
        let threshold = new.zero_threshold;
        (old.zero_count, old.zero_threshold) = old.zero_within(threshold);
        if old.zero_threshold != threshold {
            return true;
        }
        old.reduce(new.schema);
        old.drop_below(threshold);
        new.drop_below(threshold);
    }
    let is_less = |old: &[Running], new: &[Running]| {
        old.iter().any(|(index, count)| {
            let at = new.binary_search_by_key(index, |(index, _)| *index).ok();
            match at.and_then(|at| new.get(at)) {
                Some((_, now)) => now.value() < count.value(),
                None => count.value() != 0.0,
            }
        })
    };
    new.zero_count.value() < old.zero_count.value()
        || is_less(&old.positive, &new.positive)
        || is_less(&old.negative, &new.negative)
}

fn push(side: &mut Vec<Running>, index: i32, count: Kahan) {
    match side.last_mut() {
        Some(last) if last.0 == index => last.1.merge(count),
        _ => side.push((index, count)),
    }
}

/// Merges counts into fewer bounds, all of which are among the old ones.
fn rebucketed(side: &[Running], old: &[f64], new: &[f64]) -> Vec<Running> {
    let mut all: Vec<Running> = Vec::with_capacity(new.len() + 1);
    for (index, count) in side {
        let upper = bounds::custom(old, *index).1;
        push(&mut all, new.partition_point(|bound| *bound < upper) as i32, *count);
    }
    all
}

fn merge(into: &mut Vec<Running>, from: &[Running]) {
    let is_same_layout = into.len() == from.len() && into.iter().zip(from).all(|(a, b)| a.0 == b.0);
    if !is_same_layout {
        for (index, _) in from {
            if let Err(at) = into.binary_search_by_key(index, |(index, _)| *index) {
                into.insert(at, (*index, Kahan::default()));
            }
        }
    }
    for (index, count) in from {
        if let Ok(at) = into.binary_search_by_key(index, |(index, _)| *index)
            && let Some((_, sum)) = into.get_mut(at)
        {
            sum.merge(*count);
        }
    }
}
