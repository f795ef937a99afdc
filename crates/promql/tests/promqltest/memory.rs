//! Series in memory, in place of the store.

use std::collections::{BTreeMap, HashMap};

use promql::{Answer, Error, Query, SeriesError, SeriesRead, Settings, StartTimes, plan};
use signals::metric::Samples;
use signals::{Labels, Matcher, MemoryBudget};

/// All series that a script has loaded.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    series: BTreeMap<Labels, Loaded>,
}

/// The samples of a series, and the start times of those that have one.
#[derive(Debug, Clone, Default)]
pub(crate) struct Loaded {
    pub(crate) samples: Samples,
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

impl Memory {
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
                let held = Held { labels: labels.clone(), loaded: loaded.clone() };
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
        let settings =
            Settings { delays_name_removal: true, uses_start_times: true, ..Settings::default() };
        let memory = MemoryBudget::new("queries", usize::MAX).reservation();
        query.answer(&settings, &selected, &memory, &|| false)
    }
}
