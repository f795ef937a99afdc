//! Attribute values in formats without arrays: lists become JSON text, as OpenTelemetry specifies
//! for formats other than OTLP.

use opentelemetry::{Array, Value};
use std::{borrow::Cow, time::SystemTime};

/// A value as text.
pub(super) fn text(value: &Value) -> Cow<'_, str> {
    match value {
        Value::Array(array) => Cow::Owned(list(array).to_string()),
        other => other.as_str(),
    }
}

/// A value as JSON.
pub(super) fn json(value: &Value) -> serde_json::Value {
    match value {
        Value::Bool(flag) => (*flag).into(),
        Value::I64(number) => (*number).into(),
        Value::F64(number) => (*number).into(),
        Value::String(text) => text.as_str().into(),
        Value::Array(array) => list(array),
        other => other.to_string().into(),
    }
}

fn list(array: &Array) -> serde_json::Value {
    match array {
        Array::Bool(flags) => flags.clone().into(),
        Array::I64(numbers) => numbers.clone().into(),
        Array::F64(numbers) => numbers.clone().into(),
        Array::String(texts) => {
            texts.iter().map(opentelemetry::StringValue::as_str).collect::<serde_json::Value>()
        }
        other => other.to_string().into(),
    }
}

/// Microseconds since the Unix epoch; 0 for earlier times.
pub(super) fn microseconds(time: SystemTime) -> u64 {
    time.duration_since(SystemTime::UNIX_EPOCH)
        .map_or(0, |since| u64::try_from(since.as_micros()).unwrap_or(u64::MAX))
}

/// Microseconds from `start` to `end`; 0 if the clock went back.
pub(super) fn duration_microseconds(start: SystemTime, end: SystemTime) -> u64 {
    end.duration_since(start)
        .map_or(0, |duration| u64::try_from(duration.as_micros()).unwrap_or(u64::MAX))
}
