//! Common handling of points of all types: time, labels and series.

use std::rc::Rc;

use signals::attributes::Value;
use signals::metric::Labels;
use signals::time::MILLISECOND;

use super::labels::{PointLabels, Shared};
use super::metric::{BAD_NAME, Metric, Temporality};
use super::series::SeriesTable;
use super::{Decoder, Taken, checked, histogram};
use crate::known::Fingerprinter;
use crate::otlp::delta::{Delta, DeltaValue};
use crate::otlp::reject::checked_time;
use crate::otlp::resource::BoundedMessages;
use crate::protobuf::{Fault, Field, Message, Within as _};

/// Memory of a series and its sample without label texts.
const SERIES_BYTES: usize = 200;
/// Memory of a known series and its sample.
const KNOWN_BYTES: usize = 100;
/// Flag of a point without a value, which ends the series.
const NO_RECORDED_VALUE: u32 = 1;

/// The common fields of a parsed point. Attributes and exemplars are parsed on demand.
pub(super) struct RawPoint<'a> {
    message: Message<'a>,
    /// Field numbers of attributes and exemplars.
    fields: Fields,
    /// Hash state of the metric and of the raw attributes.
    pub(super) fingerprinter: Fingerprinter,
    has_exemplars: bool,
    start: u64,
    time: u64,
    flags: u32,
}

/// Field numbers that differ between point types.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fields {
    pub(super) attributes: u32,
    /// 0 if the type has no exemplars.
    pub(super) exemplars: u32,
    pub(super) flags: u32,
}

/// The validated time of a point.
#[derive(Debug, Clone, Copy)]
pub(super) struct PointTime {
    pub(super) timestamp_ms: i64,
    /// Start of the interval, or the start time of the counter; 0 if unknown.
    pub(super) start_ms: i64,
    pub(super) is_stale: bool,
}

impl<'a> RawPoint<'a> {
    pub(super) fn new(message: Message<'a>, metric: &Metric<'_>, fields: Fields) -> Self {
        Self {
            message,
            fields,
            fingerprinter: Fingerprinter::under(metric.fingerprint),
            has_exemplars: false,
            start: 0,
            time: 0,
            flags: 0,
        }
    }

    /// Parses a field that is not specific to the point type.
    #[inline]
    pub(super) fn read(&mut self, field: &Field<'a>) -> Result<(), Fault> {
        match field.number {
            number if number == self.fields.attributes => {
                self.fingerprinter.bytes(field.bytes().within("attributes")?);
            }
            2 => self.start = field.fixed64().within("start_time_unix_nano")?,
            3 => self.time = field.fixed64().within("time_unix_nano")?,
            number if number == self.fields.flags => self.flags = field.uint32().within("flags")?,
            number if number == self.fields.exemplars => {
                field.bytes().within("exemplars")?;
                self.has_exemplars = true;
            }
            _ => {}
        }
        Ok(())
    }

    fn messages(
        &self,
        number: u32,
        name: &'static str,
        max: usize,
    ) -> Result<BoundedMessages<'a>, Fault> {
        let mut kept = BoundedMessages::default();
        let mut message = self.message;
        while let Some(field) = message.next()? {
            if field.number == number {
                kept.push(field.message().within(name)?, max);
            }
        }
        Ok(kept)
    }
}

/// Builds the labels of a point's series.
pub(super) struct SeriesNames<'p> {
    labels: PointLabels<'p>,
    shared: Rc<Shared>,
    name: &'p str,
}

impl SeriesNames<'_> {
    /// The labels of the series with the family's name.
    pub(super) fn family(&self) -> Labels {
        self.labels.with(&self.shared, self.name, None)
    }

    /// The labels of a member of the family, such as `_sum`.
    pub(super) fn part(&self, suffix: &str, more: Option<(&str, &str)>) -> Labels {
        self.labels.with(&self.shared, &format!("{}{suffix}", self.name), more)
    }
}

impl<'a> Decoder<'_, 'a> {
    /// Validates the time of a point.
    pub(super) fn time(&self, raw: &RawPoint<'_>) -> Result<PointTime, &'static str> {
        let time = checked_time(raw.time, self.received_at, self.received_at, self.limits)?;
        Ok(PointTime {
            timestamp_ms: time / MILLISECOND,
            start_ms: i64::try_from(raw.start).unwrap_or(0) / MILLISECOND,
            is_stale: raw.flags & NO_RECORDED_VALUE != 0,
        })
    }

    /// Whether the point must be accumulated.
    pub(super) fn is_delta(metric: &Metric<'_>, time: PointTime) -> bool {
        metric.temporality == Temporality::Delta && !time.is_stale
    }

    /// Sets [`Self::places`] to the indices of the point's `count` series: known ones, or those
    /// appended by `make`.
    pub(super) fn place(
        &mut self,
        metric: &Metric<'_>,
        raw: &RawPoint<'a>,
        count: usize,
        make: impl FnOnce(&SeriesNames<'_>, &mut SeriesTable, &mut Vec<u32>),
    ) -> Taken {
        let fingerprint = raw.fingerprinter.fingerprint();
        self.found.clear();
        self.places.clear();
        if self.known.find(fingerprint, &mut self.found) && self.found.len() == count {
            checked!(self.memory.take(KNOWN_BYTES.saturating_mul(count)));
            let Self { found, places, series, .. } = self;
            places.extend(found.iter().map(|reference| series.known(*reference)));
            return Ok(Ok(()));
        }
        let names = checked!(self.names(metric, raw, count)?);
        make(&names, &mut self.series, &mut self.places);
        self.unknown.push(fingerprint, &self.places);
        Ok(Ok(()))
    }

    /// The label builder for the `count` series of a point.
    pub(super) fn names<'p>(
        &mut self,
        metric: &'p Metric<'_>,
        raw: &RawPoint<'a>,
        count: usize,
    ) -> Result<Result<SeriesNames<'p>, &'static str>, Fault>
    where
        'a: 'p,
    {
        let Some(name) = metric.name(self.translation, self.limits) else {
            return Ok(Err(BAD_NAME));
        };
        let shared = self.shared()?;
        let attributes =
            raw.messages(raw.fields.attributes, "attributes", self.limits.labels_max)?;
        let labels =
            self.labels.point(&shared, &attributes, &mut self.renderer).within("attributes")?;
        let labels = checked!(labels);
        // Each bucket repeats all labels of its point.
        let bytes = labels.bytes(&shared).saturating_add(SERIES_BYTES).saturating_mul(count);
        checked!(self.memory.take(bytes));
        Ok(Ok(SeriesNames { labels, shared, name }))
    }

    /// Counts a point as accepted.
    pub(super) fn accept(&mut self, time: PointTime) {
        self.accepted += 1;
        self.rejections.accepted_at(time.timestamp_ms.saturating_mul(MILLISECOND));
        self.resource.extend_time_range(time.timestamp_ms);
    }

    /// Records the start time for the series in [`Self::places`].
    pub(super) fn start_times(&mut self, metric: &Metric<'_>, time: PointTime) {
        let is_start = 0 < time.start_ms && time.start_ms <= time.timestamp_ms;
        if is_start && metric.is_counting() && !time.is_stale {
            for series in &self.places {
                self.series.start_time(*series, time.start_ms);
            }
        }
    }

    /// Adds a point to the deltas to be accumulated. Exemplars still need its series, which are in
    /// [`Self::places`] then.
    pub(super) fn delta(
        &mut self,
        metric: &Metric<'_>,
        raw: &RawPoint<'a>,
        time: PointTime,
        value: DeltaValue,
    ) -> Taken {
        let count = value.series_count();
        let labels = checked!(self.names(metric, raw, count)?).family();
        self.places.clear();
        if raw.has_exemplars {
            let Self { places, series, .. } = self;
            match &value {
                DeltaValue::Classic(point) => {
                    let buckets = histogram::Series::new(&labels, &point.bounds).buckets;
                    places.extend(buckets.into_iter().map(|labels| series.series(labels)));
                }
                DeltaValue::Sum(_) | DeltaValue::Native(_) => {
                    places.push(series.series(labels.clone()));
                }
            }
        }
        self.resource.delta_items += count;
        self.deltas.push(Delta {
            labels,
            start_ms: time.start_ms,
            timestamp_ms: time.timestamp_ms,
            is_monotonic: metric.is_counting(),
            value,
        });
        Ok(Ok(()))
    }

    /// Parses the exemplars of a point; `choose` maps an observed value to an index into
    /// [`Self::places`].
    pub(super) fn exemplars(
        &mut self,
        metric: &Metric<'_>,
        raw: &RawPoint<'a>,
        time: PointTime,
        choose: impl Fn(f64) -> usize,
    ) -> Result<(), Fault> {
        if !raw.has_exemplars || !metric.has_exemplars() {
            return Ok(());
        }
        let kept = raw.messages(raw.fields.exemplars, "exemplars", self.limits.exemplars_max)?;
        for message in kept.messages {
            let exemplar = self.exemplar(message, time.timestamp_ms).within("exemplars")?;
            if let Some(series) = self.places.get(choose(exemplar.value)) {
                self.series.exemplar(exemplar.of(*series));
            }
        }
        Ok(())
    }
}

/// The text of a double as a label value: `le` and `quantile`.
pub(super) fn label_number(number: f64) -> String {
    if number == f64::INFINITY {
        return "+Inf".to_owned();
    }
    let mut text = String::new();
    if number.is_finite() {
        // No exponent, as in Prometheus.
        Value::String(&format!("{number}")).push_to(&mut text);
    } else {
        Value::Double(number).push_to(&mut text);
    }
    text
}
