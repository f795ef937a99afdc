//! The span processor for the OpenTelemetry SDK, and the queue for log records.

use super::{
    is_worker_thread,
    queue::{QueueSender, Weigh},
};
use opentelemetry::{Array, Context, KeyValue, Value};
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_sdk::{
    error::{OTelSdkError, OTelSdkResult},
    trace::{Span, SpanData, SpanProcessor},
};
use prost::Message;
use std::time::Duration;

const FLUSH_TIMEOUT: Duration = Duration::from_secs(5);

/// Queues finished, sampled spans. Never blocks; spans beyond the queue are counted as dropped.
#[derive(Clone, Debug)]
pub(crate) struct QueueSpanProcessor(pub(super) QueueSender<SpanData>);

impl SpanProcessor for QueueSpanProcessor {
    fn on_start(&self, _span: &mut Span, _context: &Context) {}

    fn on_end(&self, span: SpanData) {
        // Exporting the worker's own spans, such as those of its HTTP client, would never end.
        if span.span_context.is_sampled() && !is_worker_thread() {
            self.0.send(span);
        }
    }

    /// Waits up to 5 s until the queue has been exported.
    fn force_flush(&self) -> OTelSdkResult {
        if self.0.flush(FLUSH_TIMEOUT) { Ok(()) } else { Err(OTelSdkError::Timeout(FLUSH_TIMEOUT)) }
    }

    /// Does nothing: `Export::shutdown` drains every queue within one budget.
    fn shutdown_with_timeout(&self, _timeout: Duration) -> OTelSdkResult {
        Ok(())
    }
}

/// Queues log records. Never blocks; records are dropped and counted if the queue is full.
#[derive(Clone, Debug)]
pub(crate) struct LogQueue(pub(super) QueueSender<LogRecord>);

impl LogQueue {
    /// Queues `record`, unless it is about the export itself.
    pub(crate) fn send(&self, record: LogRecord) {
        if !is_worker_thread() {
            self.0.send(record);
        }
    }

    /// Waits up to `timeout` until the queue has been exported; false on a timeout.
    #[cfg(test)]
    pub(crate) fn flush(&self, timeout: Duration) -> bool {
        self.0.flush(timeout)
    }
}

impl Weigh for LogRecord {
    fn weight_bytes(&self) -> usize {
        size_of::<Self>() + self.encoded_len()
    }
}

impl Weigh for SpanData {
    fn weight_bytes(&self) -> usize {
        let events: usize =
            self.events.iter().map(|event| event.name.len() + attributes(&event.attributes)).sum();
        let links: usize = self.links.iter().map(|link| 64 + attributes(&link.attributes)).sum();
        size_of::<Self>() + self.name.len() + attributes(&self.attributes) + events + links
    }
}

fn attributes(attributes: &[KeyValue]) -> usize {
    attributes
        .iter()
        .map(|attribute| {
            size_of::<KeyValue>() + attribute.key.as_str().len() + value(&attribute.value)
        })
        .sum()
}

fn value(value: &Value) -> usize {
    match value {
        Value::String(text) => text.as_str().len(),
        Value::Array(Array::String(texts)) => {
            texts.iter().map(|text| size_of_val(text) + text.as_str().len()).sum()
        }
        Value::Array(Array::I64(numbers)) => size_of_val(numbers.as_slice()),
        Value::Array(Array::F64(numbers)) => size_of_val(numbers.as_slice()),
        Value::Array(Array::Bool(flags)) => size_of_val(flags.as_slice()),
        _ => 0,
    }
}
