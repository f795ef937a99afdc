//! Decodes `ExportLogsServiceRequest` (and `LogsData`, which has the same shape) into log rows.

mod stream;

use std::borrow::Cow;

use signals::attributes::{Value, ValueType};
use signals::log::{self, LogBuilder, Record};
use signals::{Batch, MemoryReservation, Timestamp};

use self::stream::Stream;
use super::Encoding;
use super::json::Transcoded;
use super::memory::DecodedMemory;
use super::reject::{Rejections, checked_time};
use super::resource::{BoundedMessages, Resource, Scope};
use super::traces::{span_id, trace_id};
use super::value::{AnyValue, Renderer, TRUNCATED};
use crate::protobuf::{Fault, Message, Within as _};
use crate::{Decoded, Limits, WireError};

/// Decodes an export request.
///
/// # Errors
/// [`WireError`] if the body cannot be parsed; invalid records are only counted.
pub fn decode(
    body: &[u8],
    encoding: Encoding,
    received_at: Timestamp,
    limits: &Limits,
    memory: &MemoryReservation,
) -> Result<Decoded, WireError> {
    if encoding == Encoding::Json {
        let Transcoded { protobuf, surrogates } = super::json::logs_to_protobuf(body)?;
        let decoded = decode(&protobuf, Encoding::Protobuf, received_at, limits, memory)?;
        return Ok(decoded.with_replaced(surrogates));
    }
    let mut decoder = Decoder {
        limits,
        received_at,
        renderer: Renderer::new(limits),
        rows: LogBuilder::default(),
        rejections: Rejections::default(),
        services: Vec::new(),
        raw: RawRecord::default(),
        line: String::new(),
        memory: DecodedMemory::new(limits, memory),
    };
    decoder.request(Message::new(body))?;
    decoder.finish()
}

struct Decoder<'l, 'a> {
    limits: &'l Limits,
    received_at: Timestamp,
    renderer: Renderer<'l>,
    rows: LogBuilder,
    rejections: Rejections,
    services: Vec<(String, usize)>,
    /// Reused for every record.
    raw: RawRecord<'a>,
    line: String,
    /// Memory of the rows.
    memory: DecodedMemory<'l>,
}

/// Memory of a row without its texts.
const ROW_BYTES: usize = 300;

/// A parsed record: scalars decoded, repeated messages only located.
struct RawRecord<'a> {
    time: u64,
    observed_time: u64,
    severity_number: i32,
    severity_text: Cow<'a, str>,
    body: AnyValue<'a>,
    attributes: BoundedMessages<'a>,
    dropped_attributes_count: u32,
    flags: u32,
    trace_id: &'a [u8],
    span_id: &'a [u8],
    event_name: Cow<'a, str>,
}

impl Default for RawRecord<'_> {
    fn default() -> Self {
        Self {
            time: 0,
            observed_time: 0,
            severity_number: 0,
            severity_text: Cow::Borrowed(""),
            body: AnyValue::Empty,
            attributes: BoundedMessages::default(),
            dropped_attributes_count: 0,
            flags: 0,
            trace_id: &[],
            span_id: &[],
            event_name: Cow::Borrowed(""),
        }
    }
}

impl<'a> RawRecord<'a> {
    /// Parses a record into `self`, reusing its list.
    fn read(&mut self, mut message: Message<'a>, limits: &Limits) -> Result<(), Fault> {
        let mut attributes = std::mem::take(&mut self.attributes);
        attributes.clear();
        *self = Self { attributes, ..Self::default() };
        while let Some(field) = message.next()? {
            match field.number {
                1 => self.time = field.fixed64().within("time_unix_nano")?,
                2 => self.severity_number = field.int32().within("severity_number")?,
                3 => self.severity_text = field.text().within("severity_text")?,
                5 => self.body = field.message().and_then(AnyValue::read).within("body")?,
                6 => self
                    .attributes
                    .push_attribute(field.message().within("attributes")?, limits.attributes_max),
                7 => {
                    self.dropped_attributes_count =
                        field.uint32().within("dropped_attributes_count")?;
                }
                8 => self.flags = field.fixed32().within("flags")?,
                9 => self.trace_id = field.bytes().within("trace_id")?,
                10 => self.span_id = field.bytes().within("span_id")?,
                11 => self.observed_time = field.fixed64().within("observed_time_unix_nano")?,
                12 => self.event_name = field.text().within("event_name")?,
                _ => {}
            }
        }
        Ok(())
    }
}

impl<'a> Decoder<'_, 'a> {
    fn finish(self) -> Result<Decoded, WireError> {
        self.memory.finish()?;
        let (accepted, truncated) = (self.rows.len(), self.renderer.lost());
        let batches = if accepted == 0 { vec![] } else { vec![Batch::Logs(self.rows.finish()?)] };
        let (rejected, message) = (self.rejections.count(), self.rejections.message("log records"));
        let services = self.services;
        Ok(Decoded {
            batches,
            accepted,
            rejected,
            message,
            services,
            truncated,
            ..Decoded::default()
        })
    }

    fn request(&mut self, mut request: Message<'a>) -> Result<(), WireError> {
        while let Some(field) = request.next()? {
            if field.number == 1 {
                let resource_logs = field.message().within("resource_logs")?;
                self.resource_logs(resource_logs)?;
            }
        }
        Ok(())
    }

    fn resource_logs(&mut self, mut message: Message<'a>) -> Result<(), WireError> {
        let mut stream = Stream::new(self.limits.label_value_bytes_max);
        let mut values = Renderer::new(self.limits);
        let resource = Resource::read(message, &mut self.renderer, self.limits, |key, value| {
            stream.add(key, value, &mut values)
        })
        .within("resource_logs")?;
        let (service_name, selector) = stream.finish();
        let before = self.rows.len();
        let resource = self.rows.resource(&service_name, &selector, &resource.json);
        while let Some(field) = message.next().within("resource_logs")? {
            if field.number == 2 {
                let scope_logs = field.message().within("scope_logs").within("resource_logs")?;
                self.scope_logs(resource, scope_logs)?;
            }
        }
        Decoded::count(&mut self.services, &service_name, self.rows.len() - before);
        Ok(())
    }

    fn scope_logs(
        &mut self,
        resource: log::Resource,
        mut message: Message<'a>,
    ) -> Result<(), WireError> {
        const PATH: &str = "resource_logs.scope_logs";
        let scope = Scope::read(message, &mut self.renderer, self.limits).within(PATH)?;
        let scope = self.rows.scope(&scope.name, &scope.version, &scope.json);
        while let Some(field) = message.next().within(PATH)? {
            if field.number == 2 {
                let record = field.message().within("log_records").within(PATH)?;
                let record_bytes = record.len();
                self.raw.read(record, self.limits).within("log_records").within(PATH)?;
                self.record(resource, scope).within("log_records").within(PATH)??;
                self.memory.add(ROW_BYTES + 2 * record_bytes);
            }
        }
        Ok(())
    }

    /// Validates the parsed record and appends it. The outer error is the sender's, the inner one
    /// internal.
    fn record(
        &mut self,
        resource: log::Resource,
        scope: log::Scope,
    ) -> Result<Result<(), WireError>, Fault> {
        let raw = &self.raw;
        // The observed time is secondary: an invalid one is only ignored.
        let observed =
            checked_time(raw.observed_time, self.received_at, self.received_at, self.limits)
                .unwrap_or(self.received_at);
        let time = || checked_time(raw.time, observed, self.received_at, self.limits);
        let timestamp = match self.memory.has_room().and_then(|()| time()) {
            Ok(timestamp) => timestamp,
            Err(reason) => {
                self.rejections.add(1, reason, "");
                return Ok(Ok(()));
            }
        };
        self.rejections.accepted_at(timestamp);
        let (line, line_bytes_max) = (&mut self.line, self.limits.line_bytes_max);
        line.clear();
        let mut body_type = ValueType::String;
        let text: &str = if let AnyValue::Text(text) = &raw.body {
            self.renderer.text(text, line_bytes_max)
        } else {
            self.renderer
                .value(&raw.body, line_bytes_max, |value| {
                    body_type = value.kind();
                    value.push_to(line);
                })
                .within("body")?;
            line
        };
        self.renderer.note_cut(log::column::BODY);
        let severity_text = self.renderer.name(&raw.severity_text);
        self.renderer.note_cut(log::column::SEVERITY_TEXT);
        let event_name = self.renderer.name(&raw.event_name);
        self.renderer.note_cut(log::column::EVENT_NAME);
        let attributes = self.rows.attributes();
        let mut left_out = raw.attributes.left_out;
        for pair in &raw.attributes.messages {
            let is_new = self.renderer.push_attribute(attributes, *pair).within("attributes")?;
            left_out += usize::from(!is_new);
        }
        self.renderer.note_left_out(left_out);
        let row = Record {
            timestamp,
            observed_timestamp: observed,
            severity_number: u8::try_from(raw.severity_number)
                .ok()
                .filter(|n| *n <= 24)
                .unwrap_or(0),
            severity_text,
            body: text,
            body_type,
            event_name,
            trace_id: trace_id(raw.trace_id),
            span_id: span_id(raw.span_id),
            flags: raw.flags,
            dropped_attributes_count: raw
                .dropped_attributes_count
                .saturating_add(u32::try_from(left_out).unwrap_or(u32::MAX)),
        };
        if let Some(names) = self.renderer.take_cut_names() {
            self.rows.attributes().push(TRUNCATED, Value::Json(&names));
        }
        Ok(self.rows.append(resource, scope, &row).map_err(WireError::from))
    }
}
