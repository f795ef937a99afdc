//! Exemplars of data points.

use signals::metric::{Exemplar, Labels};
use signals::time::MILLISECOND;

use super::{Decoder, labels};
use crate::otlp::reject::checked_time;
use crate::otlp::resource::BoundedMessages;
use crate::otlp::traces::{span_id, trace_id};
use crate::otlp::value::read_pair;
use crate::protobuf::{Fault, Message, Within as _};

/// Maximum length of an exemplar's label set in characters, as in `OpenMetrics`.
const CHARACTERS_MAX: usize = 128;

/// An exemplar that is not assigned to a series yet.
#[derive(Debug)]
pub(super) struct UnassignedExemplar {
    timestamp_ms: i64,
    pub(super) value: f64,
    labels: Labels,
}

impl UnassignedExemplar {
    /// Assigns the exemplar to a series.
    pub(super) fn of(self, series: u32) -> Exemplar {
        let Self { timestamp_ms, value, labels } = self;
        Exemplar { series, timestamp_ms, value, labels }
    }
}

impl Decoder<'_, '_> {
    /// Parses an exemplar of a point at `point_ms`.
    pub(super) fn exemplar(
        &mut self,
        mut message: Message<'_>,
        point_ms: i64,
    ) -> Result<UnassignedExemplar, Fault> {
        let (mut time, mut value) = (0, 0.0);
        let (mut trace, mut span): (&[u8], &[u8]) = (&[], &[]);
        let mut attributes = BoundedMessages::default();
        while let Some(field) = message.next()? {
            match field.number {
                2 => time = field.fixed64().within("time_unix_nano")?,
                3 => value = field.double().within("as_double")?,
                4 => span = field.bytes().within("span_id")?,
                5 => trace = field.bytes().within("trace_id")?,
                6 => value = field.fixed64().within("as_int")? as i64 as f64,
                7 => {
                    attributes.push(field.message().within("filtered_attributes")?, CHARACTERS_MAX);
                }
                _ => {}
            }
        }
        let mut pairs: Vec<(String, String)> = Vec::new();
        pairs.extend(trace_id(trace).map(|id| ("trace_id".to_owned(), id.to_string())));
        pairs.extend(span_id(span).map(|id| ("span_id".to_owned(), id.to_string())));
        let characters = |name: &str, value: &str| name.chars().count() + value.chars().count();
        let mut total: usize = pairs.iter().map(|(name, value)| characters(name, value)).sum();
        for attribute in &attributes.messages {
            let (key, value) = read_pair(*attribute).within("filtered_attributes")?;
            let value = labels::text(&value, &mut self.renderer)?;
            total += characters(&key, &value);
            if total > CHARACTERS_MAX {
                break;
            }
            pairs.push((key.into_owned(), value.into_owned()));
        }
        let point = point_ms.saturating_mul(MILLISECOND);
        let time = checked_time(time, point, self.received_at, self.limits).unwrap_or(point);
        Ok(UnassignedExemplar {
            timestamp_ms: time / MILLISECOND,
            value,
            labels: Labels::from_pairs(pairs),
        })
    }
}
