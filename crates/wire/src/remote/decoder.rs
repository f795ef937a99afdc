//! Collects the series of a request, for both versions.
//!
//! The items of a series are added first, then the series is identified: a `TimeSeries` is walked
//! once, in whatever order its fields are.

use std::collections::HashMap;
use std::sync::Arc;

use signals::Batch;
use signals::metric::{Exemplar, Labels, NativeHistogram, Sample, SeriesRef, StartTime};
use signals::time::MILLISECOND;

use super::histogram::HistogramMessage;
use super::labels::{self, Pairs};
use crate::decoded::DataPoints;
use crate::known::{Fingerprint, Unknown};
use crate::otlp::memory::DecodedMemory;
use crate::otlp::metrics::series::SeriesTable;
use crate::otlp::reject::{REQUEST_TOO_LARGE, Rejections, TIME_IN_FUTURE};
use crate::protobuf::{Fault, Message};
use crate::{DecodeContext, Decoded, Limits, WireError};

/// Memory of a known series without its samples.
const KNOWN_BYTES: usize = 76;
/// Memory of a series without its samples and label texts.
const SERIES_BYTES: usize = 176;
/// Number of services that are told apart.
const SERVICES_MAX: usize = 256;
/// Stands for all other services.
const OTHER_SERVICES: &[u8] = "…".as_bytes();

pub(super) struct Decoder<'c, 'a> {
    pub(super) limits: &'c Limits,
    context: &'c DecodeContext<'c>,
    latest_ms: i64,
    pub(super) series: SeriesTable,
    unknown: Unknown,
    rejections: Rejections,
    pub(super) memory: DecodedMemory<'c>,
    found: Vec<SeriesRef>,
    services: Services<'a>,
    truncated: usize,
    pending: Pending,
    /// Labels of the current series, if they are needed.
    pub(super) pairs: Pairs<'a>,
}

/// The items of the series that is not identified yet: those of the batch from these indices on.
#[derive(Default)]
struct Pending {
    samples: usize,
    histograms: usize,
    exemplars: usize,
    /// Whether there was a sample or histogram, accepted or not.
    has_samples: bool,
    /// Time of the last one that was accepted.
    last_ms: Option<i64>,
    /// Start times that differ from the one before.
    starts: Vec<i64>,
    /// Rejected items by reason.
    rejected: Vec<(&'static str, usize)>,
}

/// Accepted samples by the label `job`.
#[derive(Default)]
struct Services<'a> {
    places: HashMap<&'a [u8], usize, foldhash::fast::RandomState>,
    counts: Vec<(&'a [u8], usize)>,
}

impl<'a> Services<'a> {
    fn count(&mut self, name: &'a [u8], items: usize) {
        let is_full = self.counts.len() >= SERVICES_MAX;
        let name = if is_full && !self.places.contains_key(name) { OTHER_SERVICES } else { name };
        let place = *self.places.entry(name).or_insert(self.counts.len());
        match self.counts.get_mut(place) {
            Some((_, count)) => *count += items,
            None => self.counts.push((name, items)),
        }
    }
}

impl<'c, 'a> Decoder<'c, 'a> {
    pub(super) fn new(context: &'c DecodeContext<'c>) -> Self {
        let limits = context.limits;
        let latest = context.received_at.saturating_add(limits.future_ns_max);
        Self {
            limits,
            context,
            latest_ms: latest / MILLISECOND,
            series: SeriesTable::default(),
            unknown: Unknown::default(),
            rejections: Rejections::default(),
            memory: DecodedMemory::new(limits, context.memory),
            found: Vec::new(),
            services: Services::default(),
            truncated: 0,
            pending: Pending::default(),
            pairs: Vec::new(),
        }
    }

    pub(super) fn finish(self) -> Result<Decoded, WireError> {
        self.memory.finish()?;
        let accepted = self.series.items();
        let batch = self.series.into_batch();
        let text = |name: &[u8]| String::from_utf8_lossy(name).into_owned();
        let services = self.services.counts.into_iter();
        Ok(Decoded {
            batches: if batch.is_empty() { vec![] } else { vec![Batch::Metrics(batch)] },
            accepted,
            rejected: self.rejections.count(),
            message: self.rejections.message("items"),
            services: services.map(|(name, items)| (text(name), items)).collect(),
            truncated: self.truncated,
            deltas: Vec::new(),
            unknown: self.unknown,
            points: DataPoints::default(),
        })
    }

    /// Starts a series.
    pub(super) fn begin(&mut self) {
        let batch = self.series.batch_mut();
        let pending = &mut self.pending;
        pending.samples = batch.samples.len();
        pending.histograms = batch.histograms.len();
        pending.exemplars = batch.exemplars.len();
        pending.has_samples = false;
        pending.last_ms = None;
        pending.starts.clear();
        pending.rejected.clear();
        self.pairs.clear();
    }

    /// Adds a sample; a start time of 0 is unknown.
    #[inline]
    pub(super) fn sample(&mut self, timestamp_ms: i64, value: f64, start_ms: i64) {
        self.pending.has_samples = true;
        if timestamp_ms > self.latest_ms {
            return self.reject(TIME_IN_FUTURE, 1);
        }
        if self.memory.take(size_of::<Sample>()).is_err() {
            return self.reject(REQUEST_TOO_LARGE, 1);
        }
        self.pending.last_ms = Some(timestamp_ms);
        if start_ms != 0 {
            self.start(start_ms, timestamp_ms);
        }
        self.series.batch_mut().samples.push(Sample { series: u32::MAX, timestamp_ms, value });
    }

    /// Adds a `Histogram`.
    pub(super) fn histogram(&mut self, message: Message<'_>) -> Result<(), Fault> {
        let raw = HistogramMessage::read(message, self.limits.buckets_max)?;
        self.pending.has_samples = true;
        let timestamp_ms = raw.timestamp_ms;
        let checked = if timestamp_ms > self.latest_ms {
            Err(TIME_IN_FUTURE)
        } else {
            self.memory.take(raw.bytes()).and_then(|()| raw.histogram())
        };
        match checked {
            Ok(histogram) => {
                self.pending.last_ms = Some(timestamp_ms);
                if raw.start_ms != 0 {
                    self.start(raw.start_ms, timestamp_ms);
                }
                let histogram: Arc<NativeHistogram> = Arc::new(histogram);
                self.series.histogram(u32::MAX, timestamp_ms, histogram);
            }
            Err(reason) => self.reject(reason, 1),
        }
        Ok(())
    }

    /// Adds an exemplar; without a time it gets that of the last sample. Beyond the bounds of
    /// exemplars it is dropped, as Prometheus does without an error.
    pub(super) fn exemplar(&mut self, timestamp_ms: i64, value: f64, pairs: &[(&[u8], &[u8])]) {
        let batch = self.series.batch_mut();
        let has_room = batch.exemplars.len() - self.pending.exemplars < self.limits.exemplars_max;
        let Some(labels) = labels::of_exemplar(pairs).filter(|_| has_room) else {
            self.truncated += 1;
            return;
        };
        if timestamp_ms > self.latest_ms {
            return self.reject(TIME_IN_FUTURE, 1);
        }
        let bytes = size_of::<Exemplar>() + labels.as_bytes().len();
        if self.memory.take(bytes).is_err() {
            return self.reject(REQUEST_TOO_LARGE, 1);
        }
        let series = u32::MAX;
        self.series.exemplar(Exemplar { series, timestamp_ms, value, labels });
    }

    /// Counts items of the current series as rejected.
    #[cold]
    pub(super) fn reject(&mut self, reason: &'static str, items: usize) {
        let rejected = &mut self.pending.rejected;
        match rejected.iter_mut().find(|(other, _)| *other == reason) {
            Some((_, count)) => *count += items,
            None => rejected.push((reason, items)),
        }
    }

    fn start(&mut self, start_ms: i64, timestamp_ms: i64) {
        let starts = &mut self.pending.starts;
        if start_ms <= timestamp_ms && starts.last() != Some(&start_ms) {
            starts.push(start_ms);
            self.memory.add(size_of::<(i64, StartTime)>());
        }
    }

    /// Sets the start time of samples that have none of their own.
    pub(super) fn start_if_none(&mut self, start_ms: i64) {
        if start_ms != 0
            && self.pending.starts.is_empty()
            && let Some(last_ms) = self.pending.last_ms
        {
            self.start(start_ms, last_ms);
        }
    }

    /// Whether the current series has samples or histograms, rejected ones included.
    pub(super) fn has_samples(&self) -> bool {
        self.pending.has_samples
    }

    /// Whether the current series has an accepted item.
    pub(super) fn has_items(&self) -> bool {
        let batch = self.series.batch();
        let Pending { samples, histograms, exemplars, .. } = self.pending;
        batch.samples.len() > samples
            || batch.histograms.len() > histograms
            || batch.exemplars.len() > exemplars
    }

    pub(super) fn has_histograms(&self) -> bool {
        self.series.batch().histograms.len() > self.pending.histograms
    }

    /// Whether [`Self::pairs`] are needed for a message.
    pub(super) fn has_rejected(&self) -> bool {
        !self.pending.rejected.is_empty()
    }

    /// The index of the series with this fingerprint, if it is known.
    #[inline]
    pub(super) fn known(&mut self, fingerprint: Fingerprint) -> Option<u32> {
        self.found.clear();
        let is_known = self.context.known.find(fingerprint, &mut self.found);
        match self.found[..] {
            [reference] if is_known => {
                self.memory.add(KNOWN_BYTES);
                Some(self.series.known(reference))
            }
            _ => None,
        }
    }

    /// The index of the series with the labels in [`Self::pairs`], and the labels.
    pub(super) fn unknown(
        &mut self,
        fingerprint: Fingerprint,
    ) -> Result<(u32, Labels), &'static str> {
        let labels = labels::of_series(&self.pairs, self.limits)?;
        self.memory.take(SERIES_BYTES + 2 * labels.as_bytes().len())?;
        let series = self.series.series(labels.clone());
        self.unknown.push(fingerprint, &[series]);
        Ok((series, labels))
    }

    /// Assigns the items to their series, or drops them if it is rejected.
    pub(super) fn end(&mut self, series: Result<u32, &'static str>, job: Option<&'a [u8]>) {
        let pending = &self.pending;
        let batch = self.series.batch_mut();
        match series {
            Ok(series) => {
                let items_before = pending.samples + pending.histograms;
                let items = batch.samples.len() + batch.histograms.len() - items_before;
                let samples = batch.samples.get_mut(pending.samples..).unwrap_or_default();
                for sample in samples {
                    sample.series = series;
                }
                for sample in batch.histograms.get_mut(pending.histograms..).unwrap_or_default() {
                    sample.series = series;
                }
                for exemplar in batch.exemplars.get_mut(pending.exemplars..).unwrap_or_default() {
                    exemplar.series = series;
                    if exemplar.timestamp_ms == 0 {
                        exemplar.timestamp_ms = pending.last_ms.unwrap_or_default();
                    }
                }
                let starts = pending.starts.iter();
                batch
                    .start_times
                    .extend(starts.map(|start_ms| StartTime { series, start_ms: *start_ms }));
                if let Some(job) = job {
                    self.services.count(job, items);
                }
            }
            Err(reason) => {
                let items = batch.samples.len() - pending.samples + batch.histograms.len()
                    - pending.histograms
                    + batch.exemplars.len()
                    - pending.exemplars;
                batch.samples.truncate(pending.samples);
                batch.histograms.truncate(pending.histograms);
                batch.exemplars.truncate(pending.exemplars);
                // An invalid series counts even if it is empty.
                self.reject(reason, items.max(1));
            }
        }
        self.end_without_items();
    }

    /// Reports what was rejected of the current series.
    #[inline]
    pub(super) fn end_without_items(&mut self) {
        if self.has_rejected() {
            let shown = labels::shown(&self.pairs);
            for (reason, items) in self.pending.rejected.drain(..) {
                self.rejections.add(items, reason, &shown);
            }
        }
    }

    /// Whether metadata with this fingerprint is new; it is learned then.
    pub(super) fn is_new_metadata(&mut self, fingerprint: Fingerprint) -> bool {
        self.found.clear();
        let is_new = !self.context.known.find(fingerprint, &mut self.found);
        if is_new {
            self.unknown.push(fingerprint, &[]);
        }
        is_new
    }
}
