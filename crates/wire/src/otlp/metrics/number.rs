//! Points of gauges and sums.

use signals::metric::STALE_NAN_BITS;

use super::exemplar::Exemplars;
use super::{Decoder, Metric, Taken, Temporality, checked};
use crate::Limits;
use crate::otlp::delta::{Delta, DeltaValue};
use crate::otlp::resource::Kept;
use crate::protobuf::{Fault, Message, Within as _};

/// A `NumberDataPoint` as the wire has it.
#[derive(Default)]
struct Raw<'a> {
    attributes: Kept<'a>,
    exemplars: Kept<'a>,
    start: u64,
    time: u64,
    value: Option<f64>,
    flags: u32,
}

impl<'a> Raw<'a> {
    fn read(mut message: Message<'a>, limits: &Limits) -> Result<Self, Fault> {
        let mut raw = Self::default();
        while let Some(field) = message.next()? {
            match field.number {
                2 => raw.start = field.fixed64().within("start_time_unix_nano")?,
                3 => raw.time = field.fixed64().within("time_unix_nano")?,
                4 => raw.value = Some(field.double().within("as_double")?),
                5 => raw.exemplars.push(field.message().within("exemplars")?, limits.exemplars_max),
                6 => raw.value = Some(field.fixed64().within("as_int")? as i64 as f64),
                7 => raw.attributes.push(field.message().within("attributes")?, limits.labels_max),
                8 => raw.flags = field.uint32().within("flags")?,
                _ => {}
            }
        }
        Ok(raw)
    }
}

impl Decoder<'_> {
    pub(super) fn number(&mut self, metric: &Metric, is_sum: bool, message: Message<'_>) -> Taken {
        let raw = Raw::read(message, self.limits)?;
        let point = checked!(self.point(raw.time, raw.flags, &raw.attributes, 1)?);
        let value = match raw.value {
            _ if point.is_stale => f64::from_bits(STALE_NAN_BITS),
            Some(value) => value,
            None => return Ok(Err("data point has no value")),
        };
        let labels = point.labels.named(&self.shared, &metric.name);
        let series = if metric.temporality == Temporality::Delta && !point.is_stale {
            self.deltas.push(Delta {
                labels: labels.clone(),
                start_ms: super::start_ms(raw.start),
                timestamp_ms: point.timestamp_ms,
                is_monotonic: metric.is_monotonic,
                value: DeltaValue::Sum(value),
            });
            self.series.series(labels)
        } else {
            self.series.sample(labels, point.timestamp_ms, value)
        };
        self.accept(&point);
        if is_sum {
            let mut exemplars = Exemplars::new(&raw.exemplars.messages, point.timestamp_ms);
            while let Some(exemplar) = exemplars.next(self)? {
                self.series.exemplar(exemplar.of(series));
            }
        }
        Ok(Ok(()))
    }
}
