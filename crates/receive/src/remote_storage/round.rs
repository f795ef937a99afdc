//! A round: the samples that are sent to a server at one time.

use std::collections::HashMap;
use std::hash::BuildHasher;

use adopt::prometheus::RemoteWrite;
use foldhash::fast::{FixedState, RandomState};
use signals::metric::{Exemplar, Samples};
use signals::time::MILLISECOND;
use signals::{Labels, SeriesBatch, SeriesKey, SeriesRef, Timestamp};
use store::{LogRead, LoggedMetrics};

use super::series::SentSeries;

/// What of the log is sent.
#[derive(Debug, Clone, Copy)]
pub(super) struct Selection {
    pub(super) native_histograms: bool,
    pub(super) exemplars: bool,
    /// Older samples are not sent.
    pub(super) oldest_ms: i64,
}

impl Selection {
    pub(super) fn new(config: &RemoteWrite, now: Timestamp) -> Self {
        Self {
            native_histograms: config.send_native_histograms,
            exemplars: config.send_exemplars,
            oldest_ms: oldest_ms(config, now),
        }
    }
}

/// The time of the oldest sample that is sent, in milliseconds since 1970.
pub(super) fn oldest_ms(config: &RemoteWrite, now: Timestamp) -> i64 {
    config.queue.sample_age_limit.map_or(i64::MIN, |limit| {
        let limit_ms = i64::try_from(limit.as_millis()).unwrap_or(i64::MAX);
        (now / MILLISECOND).saturating_sub(limit_ms)
    })
}

/// A series with its samples, in the order of the log.
#[derive(Debug, Clone)]
pub(super) struct RoundSeries {
    pub(super) labels: Labels,
    pub(super) samples: Samples,
    pub(super) exemplars: Vec<Exemplar>,
    pub(super) start_ms: Option<i64>,
}

impl RoundSeries {
    /// Samples, native histograms and exemplars.
    pub(super) fn items(&self) -> usize {
        self.sample_count() + self.exemplars.len()
    }

    /// Samples and native histograms.
    pub(super) fn sample_count(&self) -> usize {
        self.samples.values.len() + self.samples.histograms.len()
    }

    fn empty(&self) -> Self {
        Self {
            labels: self.labels.clone(),
            samples: Samples::default(),
            exemplars: Vec::new(),
            start_ms: self.start_ms,
        }
    }

    /// Moves at most so many items into a series of its own.
    fn split_off(&mut self, items_max: usize) -> Self {
        fn take<T>(from: &mut Vec<T>, count: usize) -> Vec<T> {
            let rest = from.split_off(count.min(from.len()));
            std::mem::replace(from, rest)
        }
        let mut first = self.empty();
        first.samples.timestamps = take(&mut self.samples.timestamps, items_max);
        first.samples.values = take(&mut self.samples.values, items_max);
        let rest = items_max - first.samples.values.len();
        first.samples.histograms = take(&mut self.samples.histograms, rest);
        let rest = rest - first.samples.histograms.len();
        first.exemplars = take(&mut self.exemplars, rest);
        first
    }
}

/// The samples of a round.
#[derive(Debug, Default)]
pub(super) struct Round {
    series: Vec<RoundSeries>,
    places: HashMap<SeriesRef, usize, RandomState>,
    /// Samples, native histograms and exemplars.
    pub(super) items: usize,
    /// What is not sent.
    pub(super) dropped: u64,
    pub(super) lost_records: u64,
    /// Bytes of the records that were read.
    pub(super) bytes: usize,
    /// The sequence of the last record.
    pub(super) sequence: u64,
}

impl Round {
    /// Adds what was read of the log.
    pub(super) fn add(&mut self, read: LogRead, series: &mut SentSeries, selection: Selection) {
        for record in read.records {
            match record {
                LoggedMetrics::Segment => {
                    series.clear();
                    self.places.clear();
                }
                LoggedMetrics::Series(defined) => {
                    for (reference, labels) in defined {
                        series.define(reference, &labels);
                    }
                }
                LoggedMetrics::Batch(batch) => self.add_batch(batch, series, selection),
            }
        }
        self.lost_records += read.lost_records;
        self.bytes += read.bytes;
        self.sequence = read.sequence;
    }

    fn add_batch(&mut self, batch: SeriesBatch, series: &SentSeries, selection: Selection) {
        let mut starts = vec![None; batch.series.len()];
        for start in &batch.start_times {
            if let Some(of) = starts.get_mut(start.series as usize) {
                *of = Some(start.start_ms);
            }
        }
        let places: Vec<Option<usize>> = batch
            .series
            .iter()
            .zip(starts)
            .map(|(key, start)| match key {
                SeriesKey::Ref(reference) => self.place(*reference, series, start),
                SeriesKey::Labels(_) => None,
            })
            .collect();
        let place = |index: u32| places.get(index as usize).copied().flatten();
        for sample in &batch.samples {
            match place(sample.series).filter(|_| sample.timestamp_ms >= selection.oldest_ms) {
                Some(place) => {
                    let samples = &mut self.series[place].samples;
                    samples.timestamps.push(sample.timestamp_ms);
                    samples.values.push(sample.value);
                    self.items += 1;
                }
                None => self.dropped += 1,
            }
        }
        for sample in batch.histograms {
            let is_sent = selection.native_histograms && sample.timestamp_ms >= selection.oldest_ms;
            match place(sample.series).filter(|_| is_sent) {
                Some(place) => {
                    let histograms = &mut self.series[place].samples.histograms;
                    histograms.push((sample.timestamp_ms, sample.histogram));
                    self.items += 1;
                }
                None => self.dropped += 1,
            }
        }
        for exemplar in batch.exemplars.into_iter().filter(|_| selection.exemplars) {
            if let Some(place) = place(exemplar.series) {
                self.series[place].exemplars.push(exemplar);
                self.items += 1;
            }
        }
    }

    /// The place of a series. A counter that was started again gets another one, because start
    /// times belong to a series of a request.
    fn place(
        &mut self,
        reference: SeriesRef,
        series: &SentSeries,
        start_ms: Option<i64>,
    ) -> Option<usize> {
        if let Some(place) = self.places.get(&reference).copied() {
            let known = &mut self.series[place].start_ms;
            if start_ms.is_none() || *known == start_ms {
                return Some(place);
            }
        }
        let labels = series.get(reference)?.clone();
        let samples = Samples::default();
        self.series.push(RoundSeries { labels, samples, exemplars: Vec::new(), start_ms });
        self.places.insert(reference, self.series.len() - 1);
        Some(self.series.len() - 1)
    }

    /// The requests of each shard, in the order in which they are to be sent: a series is always in
    /// the same shard, and no request has more than so many items.
    pub(super) fn requests(
        &mut self,
        shards: usize,
        items_max: usize,
    ) -> Vec<Vec<Vec<RoundSeries>>> {
        let (shards, items_max) = (shards.max(1), items_max.max(1));
        let mut requests = vec![Vec::new(); shards];
        let mut open: Vec<(usize, Vec<RoundSeries>)> = vec![(0, Vec::new()); shards];
        for mut series in std::mem::take(&mut self.series) {
            let hash = FixedState::default().hash_one(series.labels.as_bytes());
            let shard = (hash % shards as u64) as usize;
            while series.items() > 0 {
                let (items, request) = &mut open[shard];
                let part = series.split_off(items_max - *items);
                *items += part.items();
                request.push(part);
                if *items >= items_max {
                    requests[shard].push(std::mem::take(request));
                    *items = 0;
                }
            }
        }
        for (requests, (_, request)) in requests.iter_mut().zip(open) {
            if !request.is_empty() {
                requests.push(request);
            }
        }
        requests.retain(|requests| !requests.is_empty());
        requests
    }
}

#[cfg(test)]
mod tests {
    use signals::MemoryBudget;
    use signals::metric::Sample;

    use super::*;

    /// A round with this many samples of each series.
    fn round(series: &[(u64, usize)]) -> Round {
        let mut round = Round::default();
        let memory = MemoryBudget::new("test", 1 << 20).reservation();
        let mut sent = SentSeries::new(Labels::empty(), Vec::new(), memory);
        let selection = Selection { native_histograms: true, exemplars: true, oldest_ms: i64::MIN };
        let mut batch = SeriesBatch::default();
        for (place, (id, samples)) in series.iter().enumerate() {
            let labels = Labels::from_pairs([("__name__", format!("m{id}"))]);
            sent.define(SeriesRef::from_u64(*id), &labels);
            batch.series.push(SeriesRef::from_u64(*id).into());
            batch.samples.extend((0..*samples).map(|n| Sample {
                series: place as u32,
                timestamp_ms: n as i64,
                value: n as f64,
            }));
        }
        round.add_batch(batch, &sent, selection);
        round
    }

    #[test]
    fn requests_are_small_and_keep_the_order_of_each_series() {
        let all = [(1, 25), (2, 1), (3, 10), (4, 0), (5, 7)];
        for (shards, items_max) in [(1, 10), (4, 10), (50, 3), (2, 1), (3, 100)] {
            let requests = round(&all).requests(shards, items_max);
            assert!(requests.len() <= shards);
            let mut values: HashMap<Labels, Vec<f64>> = HashMap::new();
            for shard in &requests {
                let mut labels = Vec::new();
                for request in shard {
                    let items: usize = request.iter().map(RoundSeries::items).sum();
                    assert!((1..=items_max).contains(&items), "{items} of {items_max}");
                    for series in request {
                        labels.push(series.labels.clone());
                        let values = values.entry(series.labels.clone()).or_default();
                        values.extend(&series.samples.values);
                    }
                }
                for other in requests.iter().filter(|other| !std::ptr::eq(*other, shard)) {
                    let is_there = |series: &RoundSeries| labels.contains(&series.labels);
                    assert!(!other.iter().flatten().any(is_there), "a series in two shards");
                }
            }
            for (id, samples) in all.iter().filter(|(_, samples)| *samples > 0) {
                let labels = Labels::from_pairs([("__name__", format!("m{id}"))]);
                let expected: Vec<f64> = (0..*samples).map(|n| n as f64).collect();
                assert_eq!(values[&labels], expected);
            }
        }
    }
}
