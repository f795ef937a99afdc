//! Converts the classic histograms of a text format: `convert_classic_histograms_to_nhcb`.
//!
//! Collects the series of one classic histogram, which follow each other, and yields a native
//! histogram with custom bounds after the last of them.

use std::sync::Arc;

use signals::Labels;
use signals::metric::{MetricKind, NAME_LABEL, NativeHistogram};

use super::classic::ClassicHistogram;
use super::text::TextParser;
use super::{Entry, FamilyExemplar, FamilySeries, PageLimits, TextSample, float};
use crate::WireError;

/// Reads the entries of a page in a text format and converts classic histograms.
///
/// A histogram whose counts contradict each other has no native form and is left out, as in
/// Prometheus. All samples of a histogram pass through label parsing, so this parser is slower.
#[derive(Debug, Clone)]
pub struct HistogramConverter<'a> {
    parser: TextParser<'a>,
    limits: PageLimits,
    keeps_classic: bool,
    /// The metric in the last `# TYPE`.
    family: String,
    open: Option<OpenHistogram>,
    /// The entry after a histogram.
    pending: Option<Entry<'a>>,
}

/// An entry of [`HistogramConverter`].
#[derive(Debug, Clone, PartialEq)]
pub enum ConvertedEntry<'a> {
    /// An entry of the page.
    Text(Entry<'a>),
    /// A converted histogram.
    Histogram {
        /// The series and times.
        series: FamilySeries,
        /// The histogram.
        histogram: Arc<NativeHistogram>,
        /// The exemplars of its series.
        exemplars: Vec<FamilyExemplar>,
    },
}

/// A histogram whose series are being read.
#[derive(Debug, Clone)]
struct OpenHistogram {
    series: FamilySeries,
    classic: ClassicHistogram,
    is_valid: bool,
    exemplars: Vec<FamilyExemplar>,
}

/// What a series of a classic histogram holds.
#[derive(Debug, Clone, Copy)]
enum Part {
    Bucket(f64),
    Count,
    Sum,
}

impl<'a> HistogramConverter<'a> {
    /// Converts the histograms of a page; `keeps_classic` also yields their classic series.
    #[must_use]
    pub fn new(parser: TextParser<'a>, limits: PageLimits, keeps_classic: bool) -> Self {
        let family = String::new();
        Self { parser, limits, keeps_classic, family, open: None, pending: None }
    }

    /// The next entry; `None` at the end of the page.
    ///
    /// # Errors
    /// [`WireError::Text`] if the page is malformed or exceeds a limit.
    pub fn read(&mut self) -> Result<Option<ConvertedEntry<'a>>, WireError> {
        loop {
            let entry = match self.pending.take() {
                Some(entry) => Some(entry),
                None => self.parser.read()?,
            };
            let part = match &entry {
                Some(Entry::Sample(sample)) => self.part(sample),
                _ => None,
            };
            let is_other = match (&self.open, &part) {
                (Some(open), Some((labels, _))) => open.series.labels != *labels,
                (open, None) => open.is_some(),
                (None, Some(_)) => false,
            };
            if is_other && let Some(histogram) = self.open.take().and_then(OpenHistogram::finish) {
                self.pending = entry;
                return Ok(Some(histogram));
            }
            match (entry, part) {
                (Some(Entry::Sample(sample)), Some((labels, part))) => {
                    self.collect(&sample, labels, part);
                    if self.keeps_classic {
                        return Ok(Some(ConvertedEntry::Text(Entry::Sample(sample))));
                    }
                }
                (Some(entry), _) => {
                    if let Entry::Type { metric, .. } = &entry {
                        self.family.clear();
                        self.family.push_str(metric);
                    }
                    return Ok(Some(ConvertedEntry::Text(entry)));
                }
                (None, _) => return Ok(None),
            }
        }
    }

    /// The labels of the histogram that a sample belongs to, and what the sample holds.
    fn part(&self, sample: &TextSample<'_>) -> Option<(Labels, Part)> {
        if sample.kind != MetricKind::Histogram {
            return None;
        }
        let labels = sample.labels(&self.limits).ok()?;
        let part = match labels.metric_name().strip_prefix(self.family.as_str())? {
            "_bucket" => {
                let bound = float::parse(labels.get("le")?.as_bytes()).ok()?;
                Part::Bucket(Some(bound).filter(|bound| !bound.is_nan())?)
            }
            "_count" => Part::Count,
            "_sum" => Part::Sum,
            _ => return None,
        };
        let labels = labels.with(NAME_LABEL, &self.family).with("le", "");
        Some((labels, part))
    }

    fn collect(&mut self, sample: &TextSample<'_>, labels: Labels, part: Part) {
        let open = self.open.get_or_insert_with(|| OpenHistogram {
            series: FamilySeries { labels, timestamp_ms: None, start_ms: sample.start_ms },
            classic: ClassicHistogram::default(),
            is_valid: true,
            exemplars: Vec::new(),
        });
        open.series.timestamp_ms = sample.timestamp_ms;
        if let Some(exemplar) = sample.exemplar
            && open.exemplars.len() < self.limits.exemplars_max
            && let Ok(labels) = exemplar.labels(&self.limits)
        {
            let (value, timestamp_ms) = (exemplar.value, exemplar.timestamp_ms);
            open.exemplars.push(FamilyExemplar { labels, value, timestamp_ms });
        }
        let result = match part {
            Part::Bucket(_) if open.classic.buckets() >= self.limits.buckets_max => {
                Err("histogram has too many buckets".to_owned())
            }
            Part::Bucket(bound) => open.classic.set_bucket(bound, sample.value),
            Part::Count => open.classic.set_count(sample.value),
            Part::Sum => {
                open.classic.set_sum(sample.value);
                Ok(())
            }
        };
        open.is_valid &= result.is_ok();
    }
}

impl OpenHistogram {
    fn finish(self) -> Option<ConvertedEntry<'static>> {
        if !self.is_valid {
            return None;
        }
        let histogram = Arc::new(self.classic.convert().ok()?);
        let (series, exemplars) = (self.series, self.exemplars);
        Some(ConvertedEntry::Histogram { series, histogram, exemplars })
    }
}
