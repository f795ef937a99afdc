//! Series in memory, in place of the store.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use promql::{Answer, Error, Query, SeriesError, SeriesRead, Settings, StartTimes, plan};
use signals::metric::{NativeHistogram, ResetHint, Samples, is_stale};
use signals::{Labels, Matcher, MemoryBudget};

use crate::histogram;

/// All series that a script has loaded.
#[derive(Debug)]
pub(crate) struct Memory {
    series: BTreeMap<Labels, Loaded>,
    settings: Settings,
}

/// The samples of a series, and the start times of those that have one.
#[derive(Debug, Clone, Default)]
pub(crate) struct Loaded {
    /// As they are given.
    samples: Samples,
    pub(crate) starts: BTreeMap<i64, i64>,
}

#[derive(Debug, Clone)]
struct Held {
    labels: Labels,
    loaded: Loaded,
}

impl SeriesRead for Held {
    fn labels(&self) -> &Labels {
        &self.labels
    }

    fn samples_max(&self) -> u64 {
        (self.loaded.samples.values.len() + self.loaded.samples.histograms.len()) as u64
    }

    fn read(&self, start_ms: i64, end_ms: i64, samples: &mut Samples) -> Result<(), SeriesError> {
        let is_inside = |time_ms: i64| (start_ms..=end_ms).contains(&time_ms);
        let loaded = &self.loaded.samples;
        for (time_ms, value) in loaded.timestamps.iter().zip(&loaded.values) {
            if is_inside(*time_ms) {
                samples.timestamps.push(*time_ms);
                samples.values.push(*value);
            }
        }
        let inside = loaded.histograms.iter().filter(|(time_ms, _)| is_inside(*time_ms));
        samples.histograms.extend(inside.cloned());
        Ok(())
    }

    fn read_with_starts(
        &self,
        start_ms: i64,
        end_ms: i64,
        samples: &mut Samples,
        starts: &mut StartTimes,
    ) -> Result<(), SeriesError> {
        self.read(start_ms, end_ms, samples)?;
        let start = |time_ms: &i64| self.loaded.starts.get(time_ms).copied().unwrap_or_default();
        starts.values.extend(samples.timestamps.iter().map(start));
        starts.histograms.extend(samples.histograms.iter().map(|(time_ms, _)| start(time_ms)));
        Ok(())
    }
}

/// Replaces the hints of histograms by those that Prometheus' storage returns: it keeps counters in
/// chunks without resets, and knows nothing about the first histogram of a chunk.
fn hint(samples: &mut Samples) {
    let mut floats = samples.timestamps.iter().peekable();
    let mut last: Option<Arc<NativeHistogram>> = None;
    for (time_ms, histogram) in &mut samples.histograms {
        while floats.next_if(|at| *at < time_ms).is_some() {
            last = None;
        }
        if histogram.is_gauge() {
            last = None;
            continue;
        }
        let continues = last.as_ref().is_some_and(|last| continues(last, histogram));
        let reset_hint = if continues { ResetHint::NotReset } else { ResetHint::Unknown };
        let hinted = NativeHistogram { reset_hint, ..NativeHistogram::clone(histogram) };
        last = Some(std::mem::replace(histogram, Arc::new(hinted)));
    }
}

/// Whether a histogram is kept in one chunk with the one before.
fn continues(last: &NativeHistogram, next: &NativeHistogram) -> bool {
    let has_no_less = |last_spans, last_counts, spans, counts| {
        let next = histogram::buckets(spans, counts);
        histogram::buckets(last_spans, last_counts)
            .iter()
            .all(|(index, count)| next.get(index).copied().unwrap_or_default() >= *count)
    };
    next.reset_hint != ResetHint::Reset
        && is_stale(next.sum) == is_stale(last.sum)
        && next.count >= last.count
        && next.schema == last.schema
        && next.zero_threshold == last.zero_threshold
        && next.custom_bounds == last.custom_bounds
        && next.zero_count >= last.zero_count
        && has_no_less(
            &last.positive_spans,
            &last.positive_counts,
            &next.positive_spans,
            &next.positive_counts,
        )
        && has_no_less(
            &last.negative_spans,
            &last.negative_counts,
            &next.negative_spans,
            &next.negative_counts,
        )
}

impl Memory {
    /// No series yet, and how queries are evaluated.
    pub(crate) fn new(settings: Settings) -> Self {
        Self { series: BTreeMap::new(), settings }
    }

    pub(crate) fn clear(&mut self) {
        self.series.clear();
    }

    /// Adds samples; one at a time that is taken replaces what is there.
    pub(crate) fn insert(&mut self, labels: Labels, new: Samples, starts: BTreeMap<i64, i64>) {
        let loaded = self.series.entry(labels).or_default();
        loaded.starts.extend(starts);
        let samples = &mut loaded.samples;
        let mut plain: BTreeMap<i64, f64> =
            samples.timestamps.drain(..).zip(samples.values.drain(..)).collect();
        plain.extend(new.timestamps.into_iter().zip(new.values));
        samples.timestamps = plain.keys().copied().collect();
        samples.values = plain.values().copied().collect();
        let mut histograms: BTreeMap<i64, _> = samples.histograms.drain(..).collect();
        histograms.extend(new.histograms);
        samples.histograms = histograms.into_iter().collect();
    }

    fn select(&self, matchers: &[Matcher]) -> Vec<Box<dyn SeriesRead>> {
        let is_selected = |labels: &Labels| {
            matchers.iter().all(|m| m.matches(labels.get(&m.name).unwrap_or_default()))
        };
        self.series
            .iter()
            .filter(|(labels, _)| is_selected(labels))
            .map(|(labels, loaded)| {
                let mut held = Held { labels: labels.clone(), loaded: loaded.clone() };
                hint(&mut held.loaded.samples);
                Box::new(held) as Box<dyn SeriesRead>
            })
            .collect()
    }

    /// Answers a query; `range` is start, end and step.
    pub(crate) fn query(
        &self,
        text: &str,
        start_ms: i64,
        range: Option<(i64, i64)>,
    ) -> Result<Answer, Error> {
        let (end_ms, step_ms) = range.unwrap_or((start_ms, 0));
        let query = Query {
            text: text.to_owned(),
            expr: promql::parse(text)?,
            start_ms,
            end_ms,
            step_ms,
            is_range: range.is_some(),
            lookback_ms: 300_000,
        };
        let mut selected = HashMap::new();
        for selector in plan(&query)? {
            selected.insert(selector.position, self.select(&selector.matchers));
        }
        let memory = MemoryBudget::new("queries", usize::MAX).reservation();
        query.answer(&self.settings, &selected, &memory, &|| false)
    }
}
