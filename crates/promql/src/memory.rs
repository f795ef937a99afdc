//! Series in memory, as a source of queries: for tests of rules and what a replay records.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use signals::metric::{NAME_LABEL, NativeHistogram, ResetHint, Samples, is_stale};
use signals::{Labels, MatchOp, Matcher, MemoryBudget};

use crate::native_histogram::has_decreased;
use crate::{Answer, Error, Query, SeriesError, SeriesRead, Settings, StartTimes, plan};

/// As how many samples a native histogram counts.
const HISTOGRAM_SAMPLES: usize = 32;

/// The value of a sample.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A number, or the staleness marker.
    Number(f64),
    /// A native histogram.
    Histogram(Arc<NativeHistogram>),
}

/// Why a sample is not stored; the messages are those of Prometheus.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The series has a later one.
    #[error("out of order sample")]
    OutOfOrder,
    /// The series has another value at this time.
    #[error("duplicate sample for timestamp")]
    Duplicate,
    /// There are too many.
    #[error("more than {0} samples in memory")]
    Full(usize),
}

/// Series in memory.
#[derive(Debug)]
pub struct Memory {
    /// By metric name; series without one have the empty name.
    by_name: BTreeMap<String, BTreeMap<Labels, Arc<Stored>>>,
    samples: usize,
    samples_max: usize,
}

/// The samples of a series, by time.
#[derive(Debug, Clone, Default)]
struct Stored {
    /// As they are read.
    samples: Samples,
    /// The last histogram as it was given.
    last: Option<Arc<NativeHistogram>>,
    /// Start times of the samples that have one.
    starts: BTreeMap<i64, i64>,
}

impl Memory {
    /// No series, and room for so many samples. A native histogram takes the room of 32.
    #[must_use]
    pub fn new(samples_max: usize) -> Self {
        Self { by_name: BTreeMap::new(), samples: 0, samples_max }
    }

    /// Removes all series.
    pub fn clear(&mut self) {
        self.by_name.clear();
        self.samples = 0;
    }

    /// Adds a sample after those that the series has. One that it has already is no error.
    ///
    /// # Errors
    /// See [`Refused`].
    pub fn append(
        &mut self,
        labels: &Labels,
        timestamp_ms: i64,
        value: Value,
    ) -> Result<(), Refused> {
        let room = match value {
            Value::Number(_) => 1,
            Value::Histogram(_) => HISTOGRAM_SAMPLES,
        };
        let is_full = self.samples.saturating_add(room) > self.samples_max;
        let known = self.by_name.get_mut(labels.metric_name());
        let known = known.and_then(|series| series.get_mut(labels));
        if let Some(last_ms) = known.as_ref().and_then(|stored| stored.last_ms())
            && timestamp_ms <= last_ms
        {
            let is_same = known.is_some_and(|stored| stored.ends_with(&value));
            return match (timestamp_ms == last_ms, is_same) {
                (true, true) => Ok(()),
                (true, false) => Err(Refused::Duplicate),
                (false, _) => Err(Refused::OutOfOrder),
            };
        }
        if is_full {
            return Err(Refused::Full(self.samples_max));
        }
        match known {
            Some(stored) => Arc::make_mut(stored).push(timestamp_ms, value),
            None => Arc::make_mut(self.entry(labels)).push(timestamp_ms, value),
        }
        self.samples += room;
        Ok(())
    }

    /// Adds samples at any times, and start times of samples. What is given replaces what is there.
    ///
    /// # Errors
    /// [`Refused::Full`]; nothing is added then.
    pub fn insert(
        &mut self,
        labels: &Labels,
        new: Samples,
        starts: BTreeMap<i64, i64>,
    ) -> Result<(), Refused> {
        let room = new.timestamps.len() + new.histograms.len() * HISTOGRAM_SAMPLES;
        if self.samples.saturating_add(room) > self.samples_max {
            return Err(Refused::Full(self.samples_max));
        }
        self.samples += room;
        let stored = Arc::make_mut(self.entry(labels));
        let old = std::mem::take(&mut stored.samples);
        let mut all: BTreeMap<(i64, bool), Value> = BTreeMap::new();
        for samples in [old, new] {
            let numbers = samples.timestamps.into_iter().zip(samples.values);
            all.extend(numbers.map(|(at, value)| ((at, true), Value::Number(value))));
            let histograms = samples.histograms.into_iter();
            all.extend(histograms.map(|(at, value)| ((at, false), Value::Histogram(value))));
        }
        stored.last = None;
        for ((timestamp_ms, _), value) in all {
            stored.push(timestamp_ms, value);
        }
        stored.starts.extend(starts);
        Ok(())
    }

    fn entry(&mut self, labels: &Labels) -> &mut Arc<Stored> {
        let name = labels.metric_name();
        if !self.by_name.contains_key(name) {
            self.by_name.insert(name.to_owned(), BTreeMap::new());
        }
        self.by_name.entry(name.to_owned()).or_default().entry(labels.clone()).or_default()
    }

    /// The series that satisfy all conditions, as they are now.
    #[must_use]
    pub fn select(&self, matchers: &[Matcher]) -> Vec<Box<dyn SeriesRead>> {
        let held = self.matching(matchers).map(|(labels, stored)| {
            let held = Held { labels: labels.clone(), stored: Arc::clone(stored) };
            Box::new(held) as Box<dyn SeriesRead>
        });
        held.collect()
    }

    fn matching<'m>(
        &'m self,
        matchers: &'m [Matcher],
    ) -> impl Iterator<Item = (&'m Labels, &'m Arc<Stored>)> {
        let name = matchers.iter().find(|m| m.name == NAME_LABEL && m.op == MatchOp::Equal);
        let named = name.map(|matcher| self.by_name.get(&matcher.value));
        let all = named.is_none().then(|| self.by_name.values()).into_iter().flatten();
        let series = named.flatten().into_iter().chain(all).flatten();
        series.filter(|(labels, _)| {
            matchers.iter().all(|m| m.matches(labels.get(&m.name).unwrap_or_default()))
        })
    }

    /// The last number of each series that satisfies all conditions, in `start_ms..=end_ms`.
    #[must_use]
    pub fn last_numbers(
        &self,
        matchers: &[Matcher],
        start_ms: i64,
        end_ms: i64,
    ) -> Vec<(Labels, i64, f64)> {
        let last = self.matching(matchers).filter_map(|(labels, stored)| {
            let Samples { timestamps, values, .. } = &stored.samples;
            let at = timestamps.partition_point(|at| *at <= end_ms).checked_sub(1)?;
            let (time_ms, value) = (*timestamps.get(at)?, *values.get(at)?);
            (time_ms >= start_ms).then(|| (labels.clone(), time_ms, value))
        });
        last.collect()
    }

    /// Answers a query.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn answer(&self, query: &Query, settings: &Settings) -> Result<Answer, Error> {
        let mut selected = HashMap::new();
        for selector in plan(query)? {
            selected.insert(selector.position, self.select(&selector.matchers));
        }
        let memory = MemoryBudget::new("queries", usize::MAX).reservation();
        query.answer(settings, &selected, &memory, &|| false)
    }
}

impl Stored {
    fn last_ms(&self) -> Option<i64> {
        let number = self.samples.timestamps.last();
        number.max(self.samples.histograms.last().map(|(at, _)| at)).copied()
    }

    /// Whether the last sample has this value.
    fn ends_with(&self, value: &Value) -> bool {
        let last_ms = self.last_ms();
        match value {
            Value::Number(value) => {
                self.samples.timestamps.last().copied() == last_ms
                    && self.samples.values.last().is_some_and(|v| v.to_bits() == value.to_bits())
            }
            Value::Histogram(histogram) => {
                self.samples.histograms.last().map(|(at, _)| *at) == last_ms
                    && self.last.as_ref() == Some(histogram)
            }
        }
    }

    fn push(&mut self, timestamp_ms: i64, value: Value) {
        match value {
            Value::Number(value) => {
                self.samples.timestamps.push(timestamp_ms);
                self.samples.values.push(value);
            }
            Value::Histogram(histogram) => {
                let before = self.samples.histograms.last().map(|(at, _)| *at);
                let is_after_number = self.samples.timestamps.last().copied() >= before;
                let last = self.last.take().filter(|_| !is_after_number);
                let hinted = hinted(last.as_deref(), &histogram);
                self.last = Some(histogram);
                self.samples.histograms.push((timestamp_ms, hinted));
            }
        }
    }
}

/// A histogram with the hint that Prometheus' storage returns: it keeps counters in chunks without
/// resets, and knows nothing about the first histogram of a chunk.
fn hinted(last: Option<&NativeHistogram>, next: &Arc<NativeHistogram>) -> Arc<NativeHistogram> {
    if next.is_gauge() {
        return Arc::clone(next);
    }
    let continues = last.is_some_and(|last| !last.is_gauge() && continues(last, next));
    let reset_hint = if continues { ResetHint::NotReset } else { ResetHint::Unknown };
    if next.reset_hint == reset_hint {
        return Arc::clone(next);
    }
    Arc::new(NativeHistogram { reset_hint, ..NativeHistogram::clone(next) })
}

/// Whether a histogram is kept in one chunk with the one before.
fn continues(last: &NativeHistogram, next: &NativeHistogram) -> bool {
    next.reset_hint != ResetHint::Reset
        && is_stale(next.sum) == is_stale(last.sum)
        && next.count >= last.count
        && next.schema == last.schema
        && next.zero_threshold == last.zero_threshold
        && next.custom_bounds == last.custom_bounds
        && !has_decreased(last, next)
}

/// A series as it was when it was selected.
#[derive(Debug)]
struct Held {
    labels: Labels,
    stored: Arc<Stored>,
}

impl SeriesRead for Held {
    fn labels(&self) -> &Labels {
        &self.labels
    }

    fn samples_max(&self) -> u64 {
        (self.stored.samples.values.len() + self.stored.samples.histograms.len()) as u64
    }

    fn read(&self, start_ms: i64, end_ms: i64, samples: &mut Samples) -> Result<(), SeriesError> {
        let stored = &self.stored.samples;
        let first = stored.timestamps.partition_point(|at| *at < start_ms);
        let last = stored.timestamps.partition_point(|at| *at <= end_ms).max(first);
        samples.timestamps.extend(stored.timestamps.get(first..last).unwrap_or_default());
        samples.values.extend(stored.values.get(first..last).unwrap_or_default());
        let first = stored.histograms.partition_point(|(at, _)| *at < start_ms);
        let last = stored.histograms.partition_point(|(at, _)| *at <= end_ms).max(first);
        let inside = stored.histograms.get(first..last).unwrap_or_default();
        samples.histograms.extend_from_slice(inside);
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
        let start = |time_ms: &i64| self.stored.starts.get(time_ms).copied().unwrap_or_default();
        starts.values.extend(samples.timestamps.iter().map(start));
        starts.histograms.extend(samples.histograms.iter().map(|(time_ms, _)| start(time_ms)));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_appended_in_order_and_up_to_a_number() {
        let mut memory = Memory::new(34);
        let labels = |host: &str| Labels::from_pairs([(NAME_LABEL, "a"), ("host", host)]);
        let histogram = |count| {
            Value::Histogram(Arc::new(NativeHistogram { count, ..NativeHistogram::default() }))
        };
        for (host, at_ms, value, result) in [
            ("x", 10, Value::Number(1.0), Ok(())),
            ("x", 10, Value::Number(1.0), Ok(())),
            ("x", 10, Value::Number(2.0), Err(Refused::Duplicate)),
            ("x", 10, histogram(1.0), Err(Refused::Duplicate)),
            ("x", 9, Value::Number(1.0), Err(Refused::OutOfOrder)),
            ("y", 9, histogram(1.0), Ok(())),
            ("y", 9, histogram(1.0), Ok(())),
            ("y", 9, histogram(2.0), Err(Refused::Duplicate)),
            ("y", 20, histogram(2.0), Err(Refused::Full(34))),
            ("y", 20, Value::Number(f64::NAN), Ok(())),
            ("x", 30, Value::Number(1.0), Err(Refused::Full(34))),
        ] {
            assert_eq!(memory.append(&labels(host), at_ms, value), result, "{host} {at_ms}");
        }
        let name = [Matcher::new(NAME_LABEL, MatchOp::Equal, "a").unwrap()];
        assert_eq!(memory.select(&name).len(), 2);
        assert_eq!(memory.last_numbers(&name, 0, 15), [(labels("x"), 10, 1.0)]);
        assert_eq!(memory.last_numbers(&name, 11, 15), []);
        memory.clear();
        assert_eq!(memory.append(&labels("x"), 1, Value::Number(1.0)), Ok(()));
    }
}
