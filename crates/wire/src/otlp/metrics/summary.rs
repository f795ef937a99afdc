//! Decodes points of summaries.

use signals::metric::STALE_NAN_BITS;

use super::metric::Metric;
use super::point::{Fields, RawPoint, label_number};
use super::{Decoder, Taken, checked};
use crate::Limits;
use crate::protobuf::{Fault, Message, Within as _};

const FIELDS: Fields = Fields { attributes: 7, exemplars: 0, flags: 8 };

/// Fields specific to a `SummaryDataPoint`.
#[derive(Default)]
struct Raw {
    count: u64,
    sum: f64,
    /// Quantiles and their values.
    quantiles: Vec<(f64, f64)>,
    has_too_many: bool,
}

impl Raw {
    fn read<'a>(
        mut message: Message<'a>,
        raw_point: &mut RawPoint<'a>,
        limits: &Limits,
    ) -> Result<Self, Fault> {
        let mut raw = Self::default();
        while let Some(field) = message.next()? {
            match field.number {
                4 => raw.count = field.fixed64().within("count")?,
                5 => raw.sum = field.double().within("sum")?,
                6 => {
                    let quantile = field.message().and_then(read_quantile);
                    let quantile = quantile.within("quantile_values")?;
                    raw.has_too_many |= raw.quantiles.len() == limits.buckets_max;
                    if !raw.has_too_many {
                        raw.quantiles.push(quantile);
                    }
                }
                _ => raw_point.read(&field)?,
            }
        }
        Ok(raw)
    }
}

impl<'a> Decoder<'_, 'a> {
    pub(super) fn summary(&mut self, metric: &Metric<'a>, message: Message<'a>) -> Taken {
        let mut raw_point = RawPoint::new(message, metric, FIELDS);
        let raw = Raw::read(message, &mut raw_point, self.limits)?;
        if raw.has_too_many {
            return Ok(Err("summary has too many quantiles"));
        }
        let time = checked!(self.time(&raw_point));
        for (quantile, _) in &raw.quantiles {
            raw_point.fingerprinter.number(quantile.to_bits());
        }
        let count = raw.quantiles.len() + 2;
        checked!(self.place(metric, &raw_point, count, |names, table, places| {
            for (quantile, _) in &raw.quantiles {
                let labels = names.part("", Some(("quantile", &label_number(*quantile))));
                places.push(table.series(labels));
            }
            places.extend(["_sum", "_count"].map(|suffix| table.series(names.part(suffix, None))));
        })?);
        let stale = f64::from_bits(STALE_NAN_BITS);
        let before = self.series.samples();
        let values = raw.quantiles.iter().map(|(_, value)| *value);
        for (series, value) in self.places.iter().zip(values.chain([raw.sum, raw.count as f64])) {
            let value = if time.is_stale { stale } else { value };
            self.series.sample(*series, time.timestamp_ms, value);
        }
        self.points.push(before, self.series.samples(), true);
        self.start_times(metric, time);
        self.accept(time);
        Ok(Ok(()))
    }
}

fn read_quantile(mut message: Message<'_>) -> Result<(f64, f64), Fault> {
    let mut quantile = (0.0, 0.0);
    while let Some(field) = message.next()? {
        match field.number {
            1 => quantile.0 = field.double().within("quantile")?,
            2 => quantile.1 = field.double().within("value")?,
            _ => {}
        }
    }
    Ok(quantile)
}
