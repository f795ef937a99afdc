//! Writes the fields of an event to a line and to an OTLP record at the same time.

use std::error::Error;
use std::fmt::{self, Write as _};

use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use tracing::field::{Field, Visit};

use super::LogFormat;
use super::escape::{Bounded, CUT, VALUE_BYTES_MAX, json, word};
use super::shape::{Reserved, Shape};

/// Size at which further fields of a line are dropped: with one more value, the message and the
/// rest, it stays below 256 KiB.
const FIELDS_BYTES_MAX: usize = 160 << 10;

/// Maximum number of causes of an error.
const CAUSES_MAX: usize = 16;

/// Collects the fields of one event.
pub(crate) struct Fields<'a> {
    pub(crate) shape: &'a Shape,
    pub(crate) is_in_span: bool,
    pub(crate) is_in_session: bool,
    /// Whether the event was forwarded from the crate `log`, whose metadata are fields.
    pub(crate) is_from_log_crate: bool,
    /// The encoded fields of the line.
    pub(crate) line: &'a mut Vec<u8>,
    /// The fields of the record, if there is one.
    pub(crate) record: Option<Vec<KeyValue>>,
    pub(crate) message: &'a mut String,
    pub(crate) value: &'a mut String,
    /// The logger, if a field sets it.
    pub(crate) logger: Option<String>,
    /// Number of dropped fields.
    pub(crate) dropped: u32,
}

/// A value in a form common to lines and records.
enum Simple<'a> {
    Text(&'a str),
    Signed(i64),
    Unsigned(u64),
    Float(f64),
    Boolean(bool),
}

impl Fields<'_> {
    fn put(&mut self, name: &str, value: &Simple<'_>) {
        if self.line.len() > FIELDS_BYTES_MAX {
            self.dropped = self.dropped.saturating_add(1);
            return;
        }
        if let Some(record) = &mut self.record {
            record.push(KeyValue {
                key: name.to_owned(),
                value: Some(AnyValue { value: Some(otlp(value)) }),
                ..KeyValue::default()
            });
        }
        let (is_in_span, is_in_session) = (self.is_in_span, self.is_in_session);
        let (name, is_taken) = self.shape.name(name, |when| match when {
            Reserved::Always => true,
            Reserved::InSpan => is_in_span,
            Reserved::InSession => is_in_session,
        });
        let prefix: &[u8] = if is_taken { b"fields." } else { b"" };
        match self.shape.format {
            LogFormat::Json => {
                self.line.extend_from_slice(b",\"");
                self.line.extend_from_slice(prefix);
                json(self.line, name);
                self.line.extend_from_slice(b"\":");
                write_json(self.line, value);
            }
            LogFormat::Text => {
                self.line.push(b' ');
                self.line.extend_from_slice(prefix);
                word(self.line, name);
                self.line.push(b'=');
                write_text(self.line, value);
            }
            // The size of the record has the same limit as that of the line.
            LogFormat::Off => {
                if let Simple::Text(text) = value {
                    self.line.resize(self.line.len() + text.len().min(VALUE_BYTES_MAX), 0);
                }
            }
        }
    }

    fn text(&mut self, field: &Field, text: &str) {
        if field.name() == "message" {
            self.message.clear();
            // A longer message is marked as truncated in the line.
            let _ = Bounded(self.message).write_str(text);
        } else if self.is_from_log_crate && field.name().starts_with("log.") {
            if field.name() == "log.target" {
                self.logger = Some(text.chars().take(256).collect());
            }
        } else {
            self.put(field.name(), &Simple::Text(text));
        }
    }

    fn formatted(&mut self, field: &Field, text: fmt::Arguments<'_>) {
        if field.name() == "message" {
            self.message.clear();
            let _ = Bounded(self.message).write_fmt(text);
            return;
        }
        let mut value = std::mem::take(self.value);
        value.clear();
        let _ = Bounded(&mut value).write_fmt(text);
        self.text(field, &value);
        *self.value = value;
    }

    fn number(&mut self, field: &Field, value: &Simple<'_>) {
        // `log.line`.
        if !(self.is_from_log_crate && field.name().starts_with("log.")) {
            self.put(field.name(), value);
        }
    }
}

impl Visit for Fields<'_> {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.number(field, &Simple::Float(value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.number(field, &Simple::Signed(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.number(field, &Simple::Unsigned(value));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.number(field, &Simple::Boolean(value));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.text(field, value);
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        self.formatted(field, format_args!("{}", Causes(value)));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.formatted(field, format_args!("{value:?}"));
    }
}

/// An error and its causes as one text.
struct Causes<'a>(&'a (dyn Error + 'static));

impl fmt::Display for Causes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut cause = self.0.source();
        for _ in 0..CAUSES_MAX {
            let Some(error) = cause else { break };
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}

fn write_json(out: &mut Vec<u8>, value: &Simple<'_>) {
    match value {
        Simple::Text(text) => {
            out.push(b'"');
            json(out, text);
            out.push(b'"');
        }
        // Not representable in JSON; the names are those of protobuf's JSON mapping.
        Simple::Float(number) if !number.is_finite() => {
            out.push(b'"');
            out.extend_from_slice(not_finite(*number).as_bytes());
            out.push(b'"');
        }
        number => write_number(out, number),
    }
}

fn write_text(out: &mut Vec<u8>, value: &Simple<'_>) {
    match value {
        Simple::Text(text) => word(out, text),
        Simple::Float(number) if !number.is_finite() => {
            out.extend_from_slice(not_finite(*number).as_bytes());
        }
        number => write_number(out, number),
    }
}

/// Writing to memory cannot fail, and numbers are always JSON.
fn write_number(out: &mut Vec<u8>, number: &Simple<'_>) {
    let _ = match number {
        Simple::Signed(number) => serde_json::to_writer(out, number),
        Simple::Unsigned(number) => serde_json::to_writer(out, number),
        Simple::Float(number) => serde_json::to_writer(out, number),
        Simple::Boolean(value) => serde_json::to_writer(out, value),
        Simple::Text(text) => serde_json::to_writer(out, text),
    };
}

fn not_finite(number: f64) -> &'static str {
    if number.is_nan() {
        "NaN"
    } else if number > 0.0 {
        "Infinity"
    } else {
        "-Infinity"
    }
}

fn otlp(value: &Simple<'_>) -> Value {
    match value {
        Simple::Text(text) => Value::StringValue(bounded(text)),
        Simple::Signed(number) => Value::IntValue(*number),
        // OTLP has no unsigned integers.
        Simple::Unsigned(number) => i64::try_from(*number)
            .map_or_else(|_| Value::StringValue(number.to_string()), Value::IntValue),
        Simple::Float(number) => Value::DoubleValue(*number),
        Simple::Boolean(value) => Value::BoolValue(*value),
    }
}

/// Text for a record, truncated as in a line.
pub(crate) fn bounded(text: &str) -> String {
    if text.len() <= VALUE_BYTES_MAX {
        return text.to_owned();
    }
    let keep = text.floor_char_boundary(VALUE_BYTES_MAX);
    format!("{}{CUT}", text.get(..keep).unwrap_or_default())
}
