//! Points of summaries.

use signals::metric::STALE_NAN_BITS;

use super::{Decoder, Metric, Taken, checked, label_number};
use crate::otlp::resource::Kept;
use crate::protobuf::{Fault, Message, Within as _};

impl Decoder<'_> {
    pub(super) fn summary(&mut self, metric: &Metric, mut message: Message<'_>) -> Taken {
        let (mut attributes, mut quantiles) = (Kept::default(), Vec::new());
        let mut has_room = true;
        let (mut time, mut count, mut sum, mut flags) = (0, 0, 0.0, 0);
        while let Some(field) = message.next()? {
            match field.number {
                3 => time = field.fixed64().within("time_unix_nano")?,
                4 => count = field.fixed64().within("count")?,
                5 => sum = field.double().within("sum")?,
                6 => {
                    let quantile = field.message().and_then(read_quantile);
                    let quantile = quantile.within("quantile_values")?;
                    has_room &= quantiles.len() < self.limits.buckets_max;
                    if has_room {
                        quantiles.push(quantile);
                    }
                }
                7 => attributes.push(field.message().within("attributes")?, self.limits.labels_max),
                8 => flags = field.uint32().within("flags")?,
                _ => {}
            }
        }
        if !has_room {
            return Ok(Err("summary has too many quantiles"));
        }
        let point = checked!(self.point(time, flags, &attributes, quantiles.len() + 2)?);
        let stale = f64::from_bits(STALE_NAN_BITS);
        let value = |value: f64| if point.is_stale { stale } else { value };
        let name = &metric.name;
        let at = point.timestamp_ms;
        for (quantile, quantile_value) in quantiles {
            let quantile = label_number(quantile);
            let labels = point.labels.with(&self.shared, name, Some(("quantile", &quantile)));
            self.series.sample(labels, at, value(quantile_value));
        }
        self.series.sample(
            point.labels.named(&self.shared, &format!("{name}_sum")),
            at,
            value(sum),
        );
        self.series.sample(
            point.labels.named(&self.shared, &format!("{name}_count")),
            at,
            value(count as f64),
        );
        self.accept(&point);
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
