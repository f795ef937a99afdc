//! Decodes points of gauges and sums.

use signals::metric::STALE_NAN_BITS;

use super::metric::Metric;
use super::point::{Fields, RawPoint};
use super::{Decoder, Taken, checked};
use crate::otlp::delta::DeltaValue;
use crate::protobuf::{Fault, Message, Within as _};

const FIELDS: Fields = Fields { attributes: 7, exemplars: 5, flags: 8 };

/// Parses the value of a `NumberDataPoint`; other fields go to `raw`.
fn read<'a>(mut message: Message<'a>, raw: &mut RawPoint<'a>) -> Result<Option<f64>, Fault> {
    let mut value = None;
    while let Some(field) = message.next()? {
        match field.number {
            4 => value = Some(field.double().within("as_double")?),
            6 => value = Some(field.fixed64().within("as_int")? as i64 as f64),
            _ => raw.read(&field)?,
        }
    }
    Ok(value)
}

impl<'a> Decoder<'_, 'a> {
    pub(super) fn number(&mut self, metric: &Metric<'a>, message: Message<'a>) -> Taken {
        let mut raw = RawPoint::new(message, metric, FIELDS);
        let value = read(message, &mut raw)?;
        let time = checked!(self.time(&raw));
        let value = match value {
            _ if time.is_stale => f64::from_bits(STALE_NAN_BITS),
            Some(value) => value,
            None => return Ok(Err("data point has no value")),
        };
        if Self::is_delta(metric, time) {
            checked!(self.delta(metric, &raw, time, DeltaValue::Sum(value))?);
        } else {
            checked!(self.place(metric, &raw, 1, |names, series, places| {
                places.push(series.series(names.family()));
            })?);
            for series in &self.places {
                self.series.sample(*series, time.timestamp_ms, value);
            }
            self.start_times(metric, time);
        }
        self.accept(time);
        self.exemplars(metric, &raw, time, |_| 0)?;
        Ok(Ok(()))
    }
}
