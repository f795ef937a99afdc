//! The parser of the delimited protobuf format.
//!
//! Yields what Prometheus' protobuf parser yields, in its order: the metadata of a family, then per
//! metric its native histogram or its classic series, or both. Source: Prometheus' documents
//! "Exposition formats" and "Native histograms", and `metrics.proto` of its client model.

pub(crate) mod histogram;
pub(crate) mod message;

use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::Arc;

use signals::Labels;
use signals::metric::{MetricKind, NAME_LABEL};

use self::message::{
    Bounds, COUNTER, ExemplarMessage, FamilyMessage, GAUGE, HISTOGRAM, HistogramMessage, LabelPair,
    MetricMessage, SUMMARY, SummaryMessage, UNTYPED, Value,
};
use super::quote::quoted;
use super::series::LabelBuilder;
use super::{FamilyEntry, FamilyExemplar, FamilySeries, PageLimits, float};
use crate::WireError;
use crate::protobuf::{Fault, Message};

/// Which representations of a histogram are yielded; the defaults are those of Prometheus with
/// native histograms on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct FamilyOptions {
    /// Native parts are ignored: `scrape_native_histograms: false`.
    pub ignores_native: bool,
    /// Classic series are yielded besides native histograms: `always_scrape_classic_histograms`.
    pub keeps_classic: bool,
    /// Classic histograms become native ones with custom bounds:
    /// `convert_classic_histograms_to_nhcb`.
    pub converts_classic: bool,
}

/// Reads the entries of a page in the delimited protobuf format.
///
/// After an error, the page has no more entries; a scraper discards those before it, too.
#[derive(Debug, Clone)]
pub struct FamilyParser<'a> {
    page: Message<'a>,
    options: FamilyOptions,
    limits: PageLimits,
    family: Family<'a>,
    /// Entries of the current metric.
    queue: VecDeque<FamilyEntry<'a>>,
    entries: usize,
    is_finished: bool,
}

/// The current family.
#[derive(Debug, Clone, Default)]
struct Family<'a> {
    name: &'a str,
    kind: MetricKind,
    /// Number of the field with the value.
    value_field: u32,
    /// The fields that are not read yet.
    rest: Message<'a>,
}

/// An error and the offset of the message it is in.
struct Refused {
    offset: usize,
    reason: String,
}

impl From<Fault> for Refused {
    fn from(fault: Fault) -> Self {
        match WireError::from(fault) {
            WireError::Protobuf { offset, path, reason } if path.is_empty() => {
                Self { offset, reason: reason.to_owned() }
            }
            WireError::Protobuf { offset, path, reason } => {
                Self { offset, reason: format!("{reason} in {path}") }
            }
            error => Self { offset: 0, reason: error.to_string() },
        }
    }
}

impl<'a> FamilyParser<'a> {
    /// A page of delimited messages.
    #[must_use]
    pub fn new(page: &'a [u8], limits: PageLimits, options: FamilyOptions) -> Self {
        Self {
            page: Message::new(page),
            options,
            limits,
            family: Family::default(),
            queue: VecDeque::new(),
            entries: 0,
            is_finished: false,
        }
    }

    /// The next entry; `None` at the end of the page.
    ///
    /// # Errors
    /// [`WireError::Family`] if the page is malformed or exceeds a limit.
    pub fn read(&mut self) -> Result<Option<FamilyEntry<'a>>, WireError> {
        while !self.is_finished {
            if let Some(entry) = self.queue.pop_front() {
                return Ok(Some(entry));
            }
            match self.fill() {
                Ok(is_more) => self.is_finished = !is_more,
                Err(Refused { offset, reason }) => {
                    self.is_finished = true;
                    let family = self.family.name.to_owned();
                    return Err(WireError::Family { family, offset, reason });
                }
            }
        }
        Ok(None)
    }

    /// Queues the entries of the next metric, or the metadata of the next family. Returns whether
    /// the page has more.
    fn fill(&mut self) -> Result<bool, Refused> {
        while let Some(field) = self.family.rest.next()? {
            if field.number == 4 {
                self.metric(field.message()?)?;
                return self.count();
            }
        }
        let Some(message) = self.page.delimited_message()? else { return Ok(false) };
        self.next_family(message)?;
        self.count()
    }

    fn count(&mut self) -> Result<bool, Refused> {
        self.entries += self.queue.len();
        let max = self.limits.entries_max;
        if self.entries > max {
            return Err(self.refused(format!("page has more than {max} entries")));
        }
        Ok(true)
    }

    fn refused(&self, reason: String) -> Refused {
        Refused { offset: self.family.rest.offset(), reason }
    }

    fn next_family(&mut self, message: Message<'a>) -> Result<(), Refused> {
        self.family = Family { rest: message, ..Family::default() };
        if message.len() > self.limits.entry_bytes_max {
            let max = self.limits.entry_bytes_max;
            return Err(self.refused(format!("metric family is longer than {max} bytes")));
        }
        let family = FamilyMessage::read(message)?;
        if family.metrics == 0 {
            self.family.rest = Message::default();
            return Ok(());
        }
        let name = std::str::from_utf8(family.name).ok().filter(|name| !name.is_empty());
        let Some(name) = name else {
            return Err(self.refused(format!("invalid metric name: {}", quoted(family.name))));
        };
        self.family.name = name;
        let text = |bytes, what| {
            std::str::from_utf8(bytes)
                .map_err(|_| self.refused(format!("invalid {what} for metric: {}", quoted(bytes))))
        };
        let (help, unit) = (text(family.help, "help")?, text(family.unit, "unit")?);
        let (kind, value_field) = match family.kind {
            0 => (MetricKind::Counter, COUNTER),
            1 => (MetricKind::Gauge, GAUGE),
            2 => (MetricKind::Summary, SUMMARY),
            3 => (MetricKind::Unknown, UNTYPED),
            4 => (MetricKind::Histogram, HISTOGRAM),
            5 => (MetricKind::GaugeHistogram, HISTOGRAM),
            other => return Err(self.refused(format!("unknown metric type: {other}"))),
        };
        (self.family.kind, self.family.value_field) = (kind, value_field);
        self.queue.push_back(FamilyEntry::Family { metric: name, help, unit, kind });
        Ok(())
    }

    fn metric(&mut self, message: Message<'a>) -> Result<(), Refused> {
        let bounds = Bounds {
            labels: self.limits.labels_max,
            buckets: self.limits.buckets_max,
            exemplars: self.limits.exemplars_max,
        };
        let offset = message.offset();
        let metric = MetricMessage::read(message, self.family.value_field, bounds)?;
        let mut series = SeriesWriter {
            family: self.family.name,
            limits: self.limits,
            metric: &metric,
            queue: &mut self.queue,
        };
        let result = match &metric.value {
            Value::Number(value, exemplar) => series.sample("", None, *value, exemplar.as_ref()),
            Value::Summary(summary) => series.summary(summary),
            Value::Histogram(histogram) => {
                let is_gauge = self.family.kind == MetricKind::GaugeHistogram;
                series.histogram(histogram, is_gauge, self.options)
            }
        };
        result.map_err(|reason| Refused { offset, reason })
    }
}

/// Queues the series of one metric.
struct SeriesWriter<'q, 'a> {
    family: &'a str,
    limits: PageLimits,
    metric: &'q MetricMessage<'a>,
    queue: &'q mut VecDeque<FamilyEntry<'a>>,
}

impl SeriesWriter<'_, '_> {
    fn summary(&mut self, summary: &SummaryMessage) -> Result<(), String> {
        self.sample("_count", None, summary.count as f64, None)?;
        self.sample("_sum", None, summary.sum, None)?;
        for (quantile, value) in &summary.quantiles {
            let label = ("quantile", float::open_metrics(*quantile));
            self.sample("", Some(label), *value, None)?;
        }
        Ok(())
    }

    fn histogram(
        &mut self,
        message: &HistogramMessage<'_>,
        is_gauge: bool,
        options: FamilyOptions,
    ) -> Result<(), String> {
        let FamilyOptions { ignores_native, keeps_classic, converts_classic } = options;
        if message.is_native() && !ignores_native {
            let native = histogram::native(message, is_gauge)?;
            self.native(native, message)?;
            if keeps_classic && !message.buckets.is_empty() {
                self.classic(message)?;
            }
            return Ok(());
        }
        if keeps_classic || !converts_classic {
            self.classic(message)?;
        }
        if converts_classic {
            self.native(histogram::custom(message, is_gauge)?, message)?;
        }
        Ok(())
    }

    fn classic(&mut self, message: &HistogramMessage<'_>) -> Result<(), String> {
        self.sample("_count", None, message.classic_count(), None)?;
        self.sample("_sum", None, message.sum, None)?;
        for bucket in &message.buckets {
            let bound = bucket.upper_bound;
            let label = ("le", float::open_metrics(bound));
            let exemplar = bucket.exemplar.as_ref();
            self.sample("_bucket", Some(label), bucket.cumulative_count(), exemplar)?;
            if bound == f64::INFINITY {
                return Ok(());
            }
        }
        let label = ("le", "+Inf".to_owned());
        self.sample("_bucket", Some(label), message.classic_count(), None)
    }

    /// A native histogram. Exemplars without a timestamp are left out.
    fn native(
        &mut self,
        histogram: signals::metric::NativeHistogram,
        message: &HistogramMessage<'_>,
    ) -> Result<(), String> {
        let series = self.series("", None)?;
        let of_buckets = message.buckets.iter().filter_map(|bucket| bucket.exemplar.as_ref());
        let exemplars: Vec<_> = if message.exemplars.is_empty() {
            of_buckets.take(self.limits.exemplars_max).collect()
        } else {
            message.exemplars.iter().collect()
        };
        let exemplars = exemplars
            .into_iter()
            .filter(|exemplar| exemplar.timestamp_ms.is_some())
            .filter_map(|message| exemplar(message, &self.limits))
            .collect();
        let histogram = Arc::new(histogram);
        self.queue.push_back(FamilyEntry::Histogram { series, histogram, exemplars });
        Ok(())
    }

    fn sample(
        &mut self,
        suffix: &str,
        label: Option<(&'static str, String)>,
        value: f64,
        exemplar_message: Option<&ExemplarMessage<'_>>,
    ) -> Result<(), String> {
        let series = self.series(suffix, label)?;
        let exemplar = exemplar_message.and_then(|message| exemplar(message, &self.limits));
        self.queue.push_back(FamilyEntry::Sample { series, value, exemplar });
        Ok(())
    }

    fn series(
        &self,
        suffix: &str,
        label: Option<(&'static str, String)>,
    ) -> Result<FamilySeries, String> {
        let mut builder = LabelBuilder::new(&self.limits);
        let name = if suffix.is_empty() {
            Cow::Borrowed(self.family)
        } else {
            Cow::Owned(format!("{}{suffix}", self.family))
        };
        let mut push = |name, value| builder.push(name, value).map_err(|error| error.to_string());
        push(NAME_LABEL.into(), name)?;
        for pair in &self.metric.labels {
            let (name, value) = texts(*pair)?;
            push(name.into(), value.into())?;
        }
        if let Some((name, value)) = label {
            push(name.into(), value.into())?;
        }
        let labels = builder.finish().map_err(|error| error.to_string())?;
        let set = |time: i64| (time != 0).then_some(time);
        Ok(FamilySeries {
            labels,
            timestamp_ms: set(self.metric.timestamp_ms),
            start_ms: set(self.metric.start_ms),
        })
    }
}

fn texts(pair: LabelPair<'_>) -> Result<(&str, &str), String> {
    let name = std::str::from_utf8(pair.name)
        .map_err(|_| format!("invalid label name: {}", quoted(pair.name)))?;
    let value = std::str::from_utf8(pair.value)
        .map_err(|_| format!("invalid label value: {}", quoted(pair.value)))?;
    Ok((name, value))
}

/// An exemplar; `None` if its labels are invalid or too long: its sample is kept, as in Prometheus.
fn exemplar(message: &ExemplarMessage<'_>, limits: &PageLimits) -> Option<FamilyExemplar> {
    let mut builder = LabelBuilder::new(limits);
    for pair in &message.labels {
        let (name, value) = texts(*pair).ok()?;
        builder.push(name.into(), value.into()).ok()?;
    }
    let labels: Labels = builder.finish_exemplar().ok()?;
    Some(FamilyExemplar { labels, value: message.value, timestamp_ms: message.timestamp_ms })
}
