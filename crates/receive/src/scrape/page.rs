//! A page of a target as a batch of samples.
//!
//! The labels of a series are those of the page and of the target, relabelled. They are built when
//! the series is new; after that, the cache knows its reference. Source: Prometheus' scrape loop.

use std::collections::{HashMap, HashSet};
use std::hash::BuildHasher;
use std::sync::Arc;

use foldhash::fast::RandomState;
use signals::metric::{
    Exemplar, HistogramSample, LabelsBuilder, MetricKind, NativeHistogram, STALE_NAN_BITS, Sample,
    StartTime,
};
use signals::relabel::{self, NameScheme, Rule};
use signals::{Labels, SeriesBatch, SeriesKey, SeriesRef};
use wire::WireError;
use wire::exposition::{
    ConvertedEntry, CreatedLines, Entry, FamilyEntry, FamilyExemplar, FamilyOptions, FamilyParser,
    FamilySeries, Format, HistogramConverter, PageLimits, TextParser, TextSample,
};

use super::histogram_limits::{HistogramLimits, TooManyBuckets};
use super::metadata::TargetMetadata;
use super::series_cache::{CachedSeries, EntryId, SeriesCache};
use super::series_labels::{check, merge};

/// How far in the future a timestamp of a page may be.
const FUTURE_MS_MAX: i64 = 600_000;

/// How the samples of a job are taken.
#[derive(Debug, Clone, Default)]
pub(super) struct SampleOptions {
    /// Labels of the page win over labels of the target.
    pub(super) honors_labels: bool,
    /// Timestamps of the page are used.
    pub(super) honors_timestamps: bool,
    /// Series with timestamps get stale markers, too.
    pub(super) tracks_timestamps_staleness: bool,
    /// Which names are valid.
    pub(super) names: NameScheme,
    pub(super) relabel: Vec<Rule>,
    pub(super) limits: SampleLimits,
    pub(super) histograms: FamilyOptions,
    pub(super) histogram_limits: HistogramLimits,
    pub(super) created_lines: CreatedLines,
}

/// Limits on what a page may contain; 0 means none. A page beyond a limit is refused.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct SampleLimits {
    pub(super) samples: usize,
    pub(super) labels: usize,
    pub(super) label_name_bytes: usize,
    pub(super) label_value_bytes: usize,
}

/// Why a page was refused. The messages are those of Prometheus.
#[derive(Debug, thiserror::Error)]
pub(super) enum PageError {
    #[error(transparent)]
    Malformed(#[from] WireError),
    #[error("sample limit exceeded")]
    TooManySamples,
    #[error(transparent)]
    TooManyBuckets(#[from] TooManyBuckets),
    #[error("{0}")]
    Labels(String),
}

/// What a page contained.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct PageCounts {
    /// Samples on the page.
    pub(super) scraped: usize,
    /// Of these, kept by relabelling.
    pub(super) kept: usize,
    /// Series that were not on the last page.
    pub(super) added: usize,
    /// Samples of a series that the page has before; only the first is stored.
    pub(super) repeated: usize,
    /// Samples with a timestamp in the far future, which are not stored.
    pub(super) in_the_future: usize,
    /// Samples of new series for which the target has no room; they are not stored.
    pub(super) refused: usize,
}

/// The state of a target that outlives a page.
#[derive(Debug, Default)]
pub(super) struct PageState {
    pub(super) cache: SeriesCache,
    /// Hashes of the last exemplars of series, so that a page's exemplars are stored once.
    exemplars: HashMap<EntryId, u64, RandomState>,
    hasher: RandomState,
}

/// Reads one page.
pub(super) struct PageReader<'a> {
    options: &'a SampleOptions,
    target: &'a Labels,
    scraped_at_ms: i64,
    /// Series that the target may have.
    series_max: usize,
    page_limits: PageLimits,
    state: &'a mut PageState,
    metadata: &'a mut TargetMetadata,
    read: Read,
}

/// A page as a batch.
#[derive(Debug, Default)]
pub(super) struct Read {
    pub(super) batch: SeriesBatch,
    /// The entry of each series of the batch.
    pub(super) entries: Vec<EntryId>,
    pub(super) counts: PageCounts,
    /// A metric of which series were refused.
    pub(super) refused_metric: Option<String>,
    /// The series of the batch that are new, with their index.
    pub(super) new_series: HashMap<Labels, u32, RandomState>,
}

/// The series of a sample.
enum Place {
    /// The index in the batch.
    Series(u32, EntryId),
    /// The sample is not stored.
    Skipped,
}

impl<'a> PageReader<'a> {
    pub(super) fn new(
        options: &'a SampleOptions,
        target: &'a Labels,
        scraped_at_ms: i64,
        series_max: usize,
        state: &'a mut PageState,
        metadata: &'a mut TargetMetadata,
    ) -> Self {
        state.cache.begin();
        let page_limits = PageLimits::default();
        let read = Read::default();
        Self { options, target, scraped_at_ms, series_max, page_limits, state, metadata, read }
    }

    /// Reads a page. The stale markers of series that are no longer on it are part of the batch.
    ///
    /// # Errors
    /// Why the page is refused, with what was counted so far.
    pub(super) fn read(
        mut self,
        page: &[u8],
        format: Format,
    ) -> Result<Read, (PageError, PageCounts)> {
        let series = self.state.cache.len();
        self.read.batch.series.reserve(series);
        self.read.batch.samples.reserve(series);
        self.read.entries.reserve(series);
        let read = match format {
            Format::Protobuf => self.families(page),
            Format::PrometheusText => self.text(TextParser::prometheus(page, self.page_limits)),
            Format::OpenMetricsText => {
                let created = self.options.created_lines;
                self.text(TextParser::open_metrics(page, self.page_limits, created))
            }
        };
        let limit = self.options.limits.samples;
        let is_over = limit > 0 && self.read.batch.samples.len() > limit;
        match read {
            Ok(()) if is_over => Err((PageError::TooManySamples, self.read.counts)),
            Ok(()) => {
                let batch = &mut self.read.batch;
                for series in self.state.cache.vanished() {
                    mark_stale(batch, series.into(), self.scraped_at_ms);
                }
                batch.metadata = self.metadata.take_changed();
                Ok(self.read)
            }
            Err(error) => Err((error, self.read.counts)),
        }
    }

    fn text(&mut self, mut parser: TextParser<'_>) -> Result<(), PageError> {
        if self.options.histograms.converts_classic {
            return self.converted(parser);
        }
        while let Some(entry) = parser.read_expecting(self.state.cache.expected())? {
            self.entry(entry)?;
        }
        Ok(())
    }

    fn converted(&mut self, parser: TextParser<'_>) -> Result<(), PageError> {
        let keeps_classic = self.options.histograms.keeps_classic;
        let mut parser = HistogramConverter::new(parser, self.page_limits, keeps_classic);
        while let Some(entry) = parser.read()? {
            match entry {
                ConvertedEntry::Text(entry) => self.entry(entry)?,
                ConvertedEntry::Histogram { series, histogram, exemplars } => {
                    self.histogram(&series, histogram, exemplars)?;
                }
            }
        }
        Ok(())
    }

    #[inline]
    fn entry(&mut self, entry: Entry<'_>) -> Result<(), PageError> {
        match entry {
            Entry::Sample(sample) => self.sample(&sample)?,
            Entry::Help { metric, help } => self.metadata.help(&metric, &help),
            Entry::Type { metric, kind } => self.metadata.kind(&metric, kind),
            Entry::Unit { metric, unit } => self.metadata.unit(&metric, unit),
        }
        Ok(())
    }

    fn families(&mut self, page: &[u8]) -> Result<(), PageError> {
        let mut parser = FamilyParser::new(page, self.page_limits, self.options.histograms);
        while let Some(entry) = parser.read()? {
            match entry {
                FamilyEntry::Family { metric, help, unit, kind } => {
                    self.metadata.kind(metric, kind);
                    self.metadata.help(metric, help);
                    self.metadata.unit(metric, unit);
                }
                FamilyEntry::Sample { series, value, exemplar } => {
                    let Some((index, entry, timestamp_ms)) = self.family_series(&series)? else {
                        continue;
                    };
                    self.read.batch.samples.push(Sample { series: index, timestamp_ms, value });
                    if let Some(exemplar) = exemplar {
                        self.exemplar(index, entry, timestamp_ms, exemplar);
                    }
                }
                FamilyEntry::Histogram { series, histogram, exemplars } => {
                    self.histogram(&series, histogram, exemplars)?;
                }
            }
        }
        Ok(())
    }

    #[inline]
    fn sample(&mut self, sample: &TextSample<'_>) -> Result<(), PageError> {
        let known =
            if sample.is_expected { self.state.cache.take_expected(sample.kind) } else { None };
        let limits = self.page_limits;
        let labels = || sample.labels(&limits);
        let place = self.place(known, sample.series, sample.kind, sample.timestamp_ms, labels)?;
        let Place::Series(series, entry) = place else { return Ok(()) };
        let timestamp_ms = self.timestamp(sample.timestamp_ms);
        self.read.batch.samples.push(Sample { series, timestamp_ms, value: sample.value });
        if let Some(start_ms) = sample.start_ms {
            self.read.batch.start_times.push(StartTime { series, start_ms });
        }
        if let Some(exemplar) = sample.exemplar
            && let Ok(labels) = exemplar.labels(&self.page_limits)
        {
            let exemplar = FamilyExemplar {
                labels,
                value: exemplar.value,
                timestamp_ms: exemplar.timestamp_ms,
            };
            self.exemplar(series, entry, timestamp_ms, exemplar);
        }
        Ok(())
    }

    fn histogram(
        &mut self,
        series: &FamilySeries,
        histogram: Arc<NativeHistogram>,
        exemplars: Vec<FamilyExemplar>,
    ) -> Result<(), PageError> {
        let Some((index, entry, timestamp_ms)) = self.family_series(series)? else {
            return Ok(());
        };
        let histogram = self.options.histogram_limits.apply(histogram)?;
        let sample = HistogramSample { series: index, timestamp_ms, histogram };
        self.read.batch.histograms.push(sample);
        for exemplar in exemplars {
            self.exemplar(index, entry, timestamp_ms, exemplar);
        }
        Ok(())
    }

    /// The place and time of a sample with parsed labels.
    fn family_series(
        &mut self,
        series: &FamilySeries,
    ) -> Result<Option<(u32, EntryId, i64)>, PageError> {
        let labels = || Ok(series.labels.clone());
        let text = series.labels.as_bytes();
        let place = self.place(None, text, MetricKind::Unknown, series.timestamp_ms, labels)?;
        let Place::Series(index, entry) = place else { return Ok(None) };
        if let Some(start_ms) = series.start_ms {
            self.read.batch.start_times.push(StartTime { series: index, start_ms });
        }
        Ok(Some((index, entry, self.timestamp(series.timestamp_ms))))
    }

    #[inline]
    fn timestamp(&self, of_page: Option<i64>) -> i64 {
        of_page.filter(|_| self.options.honors_timestamps).unwrap_or(self.scraped_at_ms)
    }

    /// The series of a sample in the batch.
    #[inline]
    fn place(
        &mut self,
        known: Option<super::series_cache::Found>,
        text: &[u8],
        kind: MetricKind,
        timestamp_ms: Option<i64>,
        labels: impl Fn() -> Result<Labels, WireError>,
    ) -> Result<Place, PageError> {
        self.read.counts.scraped += 1;
        let found = known.or_else(|| self.state.cache.find(text, kind));
        if found.is_some_and(|found| found.series == CachedSeries::Dropped) {
            return Ok(Place::Skipped);
        }
        self.read.counts.kept += 1;
        let timestamp_ms = timestamp_ms.filter(|_| self.options.honors_timestamps);
        if timestamp_ms.is_none() && found.is_some_and(|found| found.is_repeated) {
            self.read.counts.repeated += 1;
            return Ok(Place::Skipped);
        }
        let latest = self.scraped_at_ms.saturating_add(FUTURE_MS_MAX);
        if timestamp_ms.is_some_and(|timestamp_ms| timestamp_ms > latest) {
            self.read.counts.in_the_future += 1;
            return Ok(Place::Skipped);
        }
        let (entry, key) = match found {
            Some(found) => match found.series {
                CachedSeries::Stored(series) => (found.id, SeriesKey::Ref(series)),
                _ => match self.new_series(&labels()?)? {
                    Some(labels) => (found.id, SeriesKey::Labels(labels)),
                    None => return Ok(Place::Skipped),
                },
            },
            None if self.state.cache.indexed() >= self.series_max => {
                self.read.counts.refused += 1;
                if self.read.refused_metric.is_none() {
                    self.read.refused_metric = Some(labels()?.metric_name().to_owned());
                }
                return Ok(Place::Skipped);
            }
            None => {
                let labels = self.new_series(&labels()?)?;
                let series =
                    if labels.is_some() { CachedSeries::New } else { CachedSeries::Dropped };
                let entry = self.state.cache.insert(text, kind, series).ok_or_else(|| {
                    PageError::Labels("the page has more text than a target may have".to_owned())
                })?;
                let Some(labels) = labels else { return Ok(Place::Skipped) };
                self.read.counts.added += 1;
                (entry, SeriesKey::Labels(labels))
            }
        };
        let is_tracked = timestamp_ms.is_none() || self.options.tracks_timestamps_staleness;
        self.state.cache.track(entry, is_tracked);
        let index = self.next_index();
        self.read.batch.series.push(key);
        self.read.entries.push(entry);
        Ok(Place::Series(index, entry))
    }

    /// The labels that a new series is stored with; `None` if it is dropped.
    fn new_series(&mut self, labels: &Labels) -> Result<Option<Labels>, PageError> {
        let mut labels = merge(labels, self.target, self.options.honors_labels);
        if !self.options.relabel.is_empty() {
            let mut builder = LabelsBuilder::new(labels);
            if !relabel::apply(&self.options.relabel, &mut builder) {
                self.read.counts.kept -= 1;
                return Ok(None);
            }
            labels = builder.labels();
        }
        check(&labels, self.options)?;
        let index = self.next_index();
        if self.read.new_series.contains_key(&labels) {
            // Two series of the page have the same labels after relabelling.
            self.read.counts.repeated += 1;
            return Ok(None);
        }
        self.read.new_series.insert(labels.clone(), index);
        Ok(Some(labels))
    }

    /// The index of the next series of the batch.
    #[inline]
    fn next_index(&self) -> u32 {
        u32::try_from(self.read.batch.series.len()).unwrap_or(u32::MAX)
    }

    /// Adds an exemplar, unless it is the last one of its series.
    fn exemplar(&mut self, series: u32, entry: EntryId, sample_ms: i64, exemplar: FamilyExemplar) {
        let FamilyExemplar { labels, value, timestamp_ms } = exemplar;
        let PageState { exemplars, hasher, .. } = self.state;
        let hash = hasher.hash_one((labels.as_bytes(), value.to_bits(), timestamp_ms));
        if exemplars.insert(entry, hash) != Some(hash) {
            let timestamp_ms = timestamp_ms.unwrap_or(sample_ms);
            self.read.batch.exemplars.push(Exemplar { series, timestamp_ms, value, labels });
        }
    }
}

impl PageState {
    /// Learns the references of the series of a stored page, which becomes the last one.
    pub(super) fn commit(&mut self, read: &Read, stored: &[Option<SeriesRef>]) {
        for index in read.new_series.values() {
            let series = stored.get(*index as usize).copied().flatten();
            let series = series.map_or(CachedSeries::New, CachedSeries::Stored);
            if let Some(entry) = read.entries.get(*index as usize) {
                self.cache.set(*entry, series);
            }
        }
        if !read.new_series.is_empty() {
            self.drop_copies(read);
        }
        if self.cache.commit() {
            self.exemplars.clear();
        }
    }

    /// Gives the current page up.
    pub(super) fn roll_back(&mut self) {
        self.cache.roll_back();
        self.exemplars.clear();
    }

    /// The stored series that need a stale marker, all of which are forgotten.
    pub(super) fn take_all(&mut self) -> Vec<SeriesRef> {
        self.exemplars.clear();
        self.cache.take_all()
    }

    /// Drops entries whose series another entry has, too: relabelling made them equal.
    fn drop_copies(&mut self, read: &Read) {
        let mut stored = HashSet::<SeriesRef, RandomState>::default();
        for entry in &read.entries {
            if let CachedSeries::Stored(series) = self.cache.series(*entry)
                && !stored.insert(series)
            {
                self.cache.set(*entry, CachedSeries::Dropped);
            }
        }
    }
}

/// Adds a stale marker.
pub(super) fn mark_stale(batch: &mut SeriesBatch, series: SeriesKey, timestamp_ms: i64) {
    push_sample(batch, series, timestamp_ms, f64::from_bits(STALE_NAN_BITS));
}

/// Adds a sample of a series that the batch does not have yet.
pub(super) fn push_sample(batch: &mut SeriesBatch, key: SeriesKey, timestamp_ms: i64, value: f64) {
    let series = u32::try_from(batch.series.len()).unwrap_or(u32::MAX);
    batch.series.push(key);
    batch.samples.push(Sample { series, timestamp_ms, value });
}
