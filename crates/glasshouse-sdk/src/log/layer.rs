//! The `tracing` layer that writes events as lines and records. Levels are filtered by another
//! layer.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, SeverityNumber};
use tracing::dispatcher::WeakDispatch;
use tracing::{Dispatch, Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

use super::correlation::Correlation;
use super::fields::LogFields;
use super::line::{Head, compose};
use super::output::Output;
use super::scratch::{Scratch, with_scratch};
use super::shape::Shape;
use super::visit::{Fields, bounded};
use super::{LogFormat, clock};

/// Queues a record for export; never blocks.
pub(crate) type RecordSink = Box<dyn Fn(LogRecord) + Send + Sync>;

/// Target of events forwarded from the crate `log`.
const LOG_CRATE: &str = "log";

/// The parts of a layer.
pub(crate) struct LogLines {
    /// The service, on every line.
    pub(crate) service_name: String,
    /// The keys of a line.
    pub(crate) fields: LogFields,
    /// The format of lines.
    pub(crate) format: LogFormat,
    /// The destination of lines.
    pub(crate) output: Output,
    /// The destination of records, if any.
    pub(crate) records: Option<RecordSink>,
}

/// Writes events as lines and records.
pub(crate) struct LogLayer {
    shape: Shape,
    output: Output,
    records: Option<RecordSink>,
    /// Lines lost since the last successful write.
    lost: AtomicU64,
    dispatch: OnceLock<WeakDispatch>,
}

impl LogLayer {
    /// A layer with these parts.
    pub(crate) fn new(lines: LogLines) -> Self {
        let LogLines { service_name, fields, format, output, records } = lines;
        Self {
            shape: Shape::new(&fields, format, &service_name),
            output,
            records,
            lost: AtomicU64::new(0),
            dispatch: OnceLock::new(),
        }
    }

    fn event(&self, event: &Event<'_>, scratch: &mut Scratch) {
        let time = clock::now();
        let dispatch = || self.dispatch.get().and_then(WeakDispatch::upgrade);
        let correlation = Correlation::of(event, dispatch, &mut scratch.session);
        let records = self.records.as_ref().filter(|_| !correlation.is_suppressed);
        if self.shape.format == LogFormat::Off && records.is_none() {
            return;
        }
        let metadata = event.metadata();
        let mut fields = Fields {
            shape: &self.shape,
            is_in_span: correlation.span.is_some(),
            is_in_session: !scratch.session.is_empty(),
            is_from_log_crate: metadata.target() == LOG_CRATE,
            line: &mut scratch.fields,
            record: records.map(|_| Vec::with_capacity(metadata.fields().len() + 1)),
            message: &mut scratch.message,
            value: &mut scratch.value,
            logger: None,
            dropped: 0,
        };
        event.record(&mut fields);
        let Fields { record, logger, dropped, .. } = fields;
        let logger = logger.as_deref().unwrap_or(metadata.target());
        let mut head =
            Head { time, level: *metadata.level(), logger, correlation, dropped, lines_lost: 0 };
        if self.shape.format != LogFormat::Off {
            if self.lost.load(Ordering::Relaxed) > 0 {
                head.lines_lost = self.lost.swap(0, Ordering::Relaxed);
            }
            compose(&self.shape, &head, scratch);
            if self.output.write(&scratch.line).is_err() {
                self.lost.fetch_add(head.lines_lost.saturating_add(1), Ordering::Relaxed);
            }
        }
        if let (Some(send), Some(attributes)) = (records, record) {
            send(record_of(&head, &scratch.message, &scratch.session, attributes));
        }
    }
}

impl<S: Subscriber> Layer<S> for LogLayer {
    fn on_register_dispatch(&self, dispatch: &Dispatch) {
        // The first dispatcher is the one that sends events.
        let _ = self.dispatch.set(dispatch.downgrade());
    }

    fn on_event(&self, event: &Event<'_>, _context: Context<'_, S>) {
        if with_scratch(|scratch| self.event(event, scratch)).is_none() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}

fn record_of(
    head: &Head<'_>,
    message: &str,
    session: &str,
    mut attributes: Vec<KeyValue>,
) -> LogRecord {
    let text = |text: &str| AnyValue { value: Some(Value::StringValue(bounded(text))) };
    let mut attribute = |key: &str, value: &str| {
        if attributes.iter().all(|attribute| attribute.key != key) {
            let (key, value) = (key.to_owned(), Some(text(value)));
            attributes.push(KeyValue { key, value, ..KeyValue::default() });
        }
    };
    attribute("logger", head.logger);
    if !session.is_empty() {
        attribute("session.id", session);
    }
    let time_unix_nano = u64::try_from(head.time.as_nanos()).unwrap_or(u64::MAX);
    let (severity_number, severity_text) = match head.level {
        Level::TRACE => (SeverityNumber::Trace, "TRACE"),
        Level::DEBUG => (SeverityNumber::Debug, "DEBUG"),
        Level::INFO => (SeverityNumber::Info, "INFO"),
        Level::WARN => (SeverityNumber::Warn, "WARN"),
        Level::ERROR => (SeverityNumber::Error, "ERROR"),
    };
    let span = head.correlation.span;
    LogRecord {
        time_unix_nano,
        observed_time_unix_nano: time_unix_nano,
        severity_number: severity_number.into(),
        severity_text: severity_text.to_owned(),
        body: Some(text(message)),
        attributes,
        dropped_attributes_count: head.dropped,
        flags: span.map_or(0, |(_, _, flags)| u32::from(flags.to_u8())),
        trace_id: span.map_or_else(Vec::new, |(id, _, _)| id.to_bytes().to_vec()),
        span_id: span.map_or_else(Vec::new, |(_, id, _)| id.to_bytes().to_vec()),
        ..LogRecord::default()
    }
}
