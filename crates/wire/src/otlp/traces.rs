//! Decodes `ExportTraceServiceRequest` (and `TracesData`, which has the same shape) to span rows.

use std::borrow::Cow;

use signals::attributes::{Value, json};
use signals::span::{self, Kind, Span, SpanBuilder, StatusCode};
use signals::{Batch, MemoryReservation, SpanId, Timestamp, TraceId};

use super::Encoding;
use super::json::Transcoded;
use super::memory::DecodedMemory;
use super::reject::{Rejections, checked_time};
use super::resource::{BoundedMessages, Resource, Scope};
use super::value::{Renderer, TRUNCATED};
use crate::protobuf::{Fault, Message, Within as _};
use crate::{Decoded, Limits, WireError};

/// Decodes an export request.
///
/// # Errors
/// [`WireError`] if the body cannot be parsed; invalid spans are only counted.
pub fn decode(
    body: &[u8],
    encoding: Encoding,
    received_at: Timestamp,
    limits: &Limits,
    memory: &MemoryReservation,
) -> Result<Decoded, WireError> {
    if encoding == Encoding::Json {
        let Transcoded { protobuf, surrogates } = super::json::traces_to_protobuf(body)?;
        let decoded = decode(&protobuf, Encoding::Protobuf, received_at, limits, memory)?;
        return Ok(decoded.with_replaced(surrogates));
    }
    let mut decoder = Decoder::new(received_at, limits, memory);
    decoder.request(Message::new(body))?;
    decoder.finish()
}

/// Reason for rejecting a span.
const INVALID_TRACE_ID: &str = "trace id is not 16 bytes or all zero";
const INVALID_SPAN_ID: &str = "span id is not 8 bytes or all zero";
const INVALID_PARENT_ID: &str = "parent span id is not 8 bytes";

struct Decoder<'l, 'a> {
    limits: &'l Limits,
    received_at: Timestamp,
    renderer: Renderer<'l>,
    rows: SpanBuilder,
    rejections: Rejections,
    services: Vec<(String, usize)>,
    /// Reused for every span.
    raw: RawSpan<'a>,
    events: String,
    links: String,
    /// Memory of the rows.
    memory: DecodedMemory<'l>,
}

/// Memory of a row without its texts.
const ROW_BYTES: usize = 300;

/// A parsed span: scalars decoded, repeated messages only located.
#[derive(Default)]
struct RawSpan<'a> {
    trace_id: &'a [u8],
    span_id: &'a [u8],
    parent_span_id: &'a [u8],
    trace_state: Cow<'a, str>,
    flags: u32,
    name: Cow<'a, str>,
    kind: i32,
    start: u64,
    end: u64,
    status_code: i32,
    status_message: Cow<'a, str>,
    attributes: BoundedMessages<'a>,
    events: BoundedMessages<'a>,
    links: BoundedMessages<'a>,
    dropped_attributes_count: u32,
    dropped_events_count: u32,
    dropped_links_count: u32,
}

impl<'a> RawSpan<'a> {
    /// Parses a span into `self`, reusing its lists.
    fn read(&mut self, mut message: Message<'a>, limits: &Limits) -> Result<(), Fault> {
        let (mut attributes, mut events, mut links) = (
            std::mem::take(&mut self.attributes),
            std::mem::take(&mut self.events),
            std::mem::take(&mut self.links),
        );
        attributes.clear();
        events.clear();
        links.clear();
        *self = Self { attributes, events, links, ..Self::default() };
        while let Some(field) = message.next()? {
            match field.number {
                1 => self.trace_id = field.bytes().within("trace_id")?,
                2 => self.span_id = field.bytes().within("span_id")?,
                3 => self.trace_state = field.text().within("trace_state")?,
                4 => self.parent_span_id = field.bytes().within("parent_span_id")?,
                5 => self.name = field.text().within("name")?,
                6 => self.kind = field.int32().within("kind")?,
                7 => self.start = field.fixed64().within("start_time_unix_nano")?,
                8 => self.end = field.fixed64().within("end_time_unix_nano")?,
                9 => self
                    .attributes
                    .push_attribute(field.message().within("attributes")?, limits.attributes_max),
                10 => {
                    self.dropped_attributes_count =
                        field.uint32().within("dropped_attributes_count")?;
                }
                11 => self.events.push(field.message().within("events")?, limits.events_max),
                12 => self.dropped_events_count = field.uint32().within("dropped_events_count")?,
                13 => self.links.push(field.message().within("links")?, limits.links_max),
                14 => self.dropped_links_count = field.uint32().within("dropped_links_count")?,
                15 => {
                    field.message().and_then(|status| self.read_status(status)).within("status")?;
                }
                16 => self.flags = field.fixed32().within("flags")?,
                _ => {}
            }
        }
        Ok(())
    }

    fn read_status(&mut self, mut message: Message<'a>) -> Result<(), Fault> {
        while let Some(field) = message.next()? {
            match field.number {
                2 => self.status_message = field.text().within("message")?,
                3 => self.status_code = field.int32().within("code")?,
                _ => {}
            }
        }
        Ok(())
    }

    /// The validated ids; the third is the parent.
    fn ids(&self) -> Result<(TraceId, SpanId, Option<SpanId>), &'static str> {
        let trace_id = trace_id(self.trace_id).ok_or(INVALID_TRACE_ID)?;
        let span_id = span_id(self.span_id).ok_or(INVALID_SPAN_ID)?;
        if !self.parent_span_id.is_empty() && self.parent_span_id.len() != 8 {
            return Err(INVALID_PARENT_ID);
        }
        // A span that is its own parent is treated as a root span.
        let parent = self::span_id(self.parent_span_id).filter(|parent| *parent != span_id);
        Ok((trace_id, span_id, parent))
    }

    /// The validated start time, and the duration.
    fn times(
        &self,
        received_at: Timestamp,
        limits: &Limits,
    ) -> Result<(Timestamp, i64), &'static str> {
        let end = checked_time(self.end, 0, received_at, limits)?;
        let otherwise = if end == 0 { received_at } else { end };
        let start = checked_time(self.start, otherwise, received_at, limits)?;
        Ok((start, end.saturating_sub(start).max(0)))
    }
}

/// The id in these bytes, if valid.
pub(crate) fn trace_id(bytes: &[u8]) -> Option<TraceId> {
    bytes.try_into().ok().filter(|id| *id != [0; 16]).map(TraceId)
}

/// The id in these bytes, if valid.
pub(crate) fn span_id(bytes: &[u8]) -> Option<SpanId> {
    bytes.try_into().ok().filter(|id| *id != [0; 8]).map(SpanId)
}

impl<'l, 'a> Decoder<'l, 'a> {
    fn new(received_at: Timestamp, limits: &'l Limits, memory: &'l MemoryReservation) -> Self {
        Self {
            limits,
            received_at,
            renderer: Renderer::new(limits),
            rows: SpanBuilder::default(),
            rejections: Rejections::default(),
            services: Vec::new(),
            raw: RawSpan::default(),
            events: String::new(),
            links: String::new(),
            memory: DecodedMemory::new(limits, memory),
        }
    }

    fn finish(self) -> Result<Decoded, WireError> {
        self.memory.finish()?;
        let (accepted, truncated) = (self.rows.len(), self.renderer.lost());
        let batches = if accepted == 0 { vec![] } else { vec![Batch::Spans(self.rows.finish()?)] };
        let (rejected, message) = (self.rejections.count(), self.rejections.message("spans"));
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
                let resource_spans = field.message().within("resource_spans")?;
                self.resource_spans(resource_spans)?;
            }
        }
        Ok(())
    }

    fn resource_spans(&mut self, mut message: Message<'a>) -> Result<(), WireError> {
        let resource = Resource::read(message, &mut self.renderer, self.limits, |_, _| Ok(()))
            .within("resource_spans")?;
        let (service_name, before) = (resource.service_name, self.rows.len());
        let resource = self.rows.resource(&service_name, &resource.json);
        while let Some(field) = message.next().within("resource_spans")? {
            if field.number == 2 {
                let scope_spans = field.message().within("scope_spans").within("resource_spans")?;
                self.scope_spans(resource, scope_spans)?;
            }
        }
        Decoded::count(&mut self.services, &service_name, self.rows.len() - before);
        Ok(())
    }

    fn scope_spans(
        &mut self,
        resource: span::Resource,
        mut message: Message<'a>,
    ) -> Result<(), WireError> {
        const PATH: &str = "resource_spans.scope_spans";
        let scope = Scope::read(message, &mut self.renderer, self.limits).within(PATH)?;
        let scope = self.rows.scope(&scope.name, &scope.version, &scope.json);
        while let Some(field) = message.next().within(PATH)? {
            if field.number == 2 {
                let span = field.message().within("spans").within(PATH)?;
                let span_bytes = span.len();
                self.raw.read(span, self.limits).within("spans").within(PATH)?;
                self.span(resource, scope).within("spans").within(PATH)??;
                let texts = 2 * span_bytes + self.events.len() + self.links.len();
                self.memory.add(ROW_BYTES + texts);
            }
        }
        Ok(())
    }

    /// Validates the parsed span and appends it. The outer error is the sender's, the inner one
    /// internal.
    fn span(
        &mut self,
        resource: span::Resource,
        scope: span::Scope,
    ) -> Result<Result<(), WireError>, Fault> {
        let checked = self.memory.has_room().and_then(|()| self.raw.ids()).and_then(|ids| {
            self.raw.times(self.received_at, self.limits).map(|times| (ids, times))
        });
        let ((trace_id, span_id, parent_span_id), (start_time, duration_ns)) = match checked {
            Ok(checked) => checked,
            Err(reason) => {
                self.rejections.add(1, reason, &self.raw.name);
                return Ok(Ok(()));
            }
        };
        self.rejections.accepted_at(start_time);
        let raw = &self.raw;
        let dropped_events =
            push_events(&mut self.events, &mut self.renderer, raw, start_time, self.limits)?;
        let dropped_links = push_links(&mut self.links, &mut self.renderer, raw, self.limits)?;
        let attributes = self.rows.attributes();
        let mut dropped_attributes = raw.attributes.left_out;
        for pair in &raw.attributes.messages {
            let is_new = self.renderer.push_attribute(attributes, *pair).within("attributes")?;
            dropped_attributes += usize::from(!is_new);
        }
        self.renderer.note_left_out(dropped_attributes + raw.events.left_out + raw.links.left_out);
        let value_bytes_max = self.limits.value_bytes_max;
        let trace_state = self.renderer.text(&raw.trace_state, value_bytes_max);
        self.renderer.note_cut(span::column::TRACE_STATE);
        let name = self.renderer.name(&raw.name);
        self.renderer.note_cut(span::column::NAME);
        let status_message = self.renderer.text(&raw.status_message, value_bytes_max);
        self.renderer.note_cut(span::column::STATUS_MESSAGE);
        let row = Span {
            trace_id,
            span_id,
            parent_span_id,
            trace_state,
            flags: raw.flags,
            name,
            kind: Kind::from_number(raw.kind.into()),
            start_time,
            duration_ns,
            status_code: StatusCode::from_number(raw.status_code.into()),
            status_message,
            events: &self.events,
            links: &self.links,
            dropped_attributes_count: plus(raw.dropped_attributes_count, dropped_attributes),
            dropped_events_count: plus(raw.dropped_events_count, dropped_events),
            dropped_links_count: plus(raw.dropped_links_count, dropped_links),
        };
        if let Some(names) = self.renderer.take_cut_names() {
            self.rows.attributes().push(TRUNCATED, Value::Json(&names));
        }
        Ok(self.rows.append(resource, scope, &row).map_err(WireError::from))
    }
}

fn plus(count: u32, more: usize) -> u32 {
    count.saturating_add(u32::try_from(more).unwrap_or(u32::MAX))
}

/// Writes the column `events`. Returns the number of dropped events.
fn push_events(
    json: &mut String,
    renderer: &mut Renderer<'_>,
    raw: &RawSpan<'_>,
    span_start: Timestamp,
    limits: &Limits,
) -> Result<usize, Fault> {
    json.clear();
    for event in &raw.events.messages {
        json.push(if json.is_empty() { '[' } else { ',' });
        push_event(json, renderer, *event, span_start, limits).within("events")?;
    }
    if !json.is_empty() {
        json.push(']');
    }
    Ok(raw.events.left_out)
}

fn push_event(
    json: &mut String,
    renderer: &mut Renderer<'_>,
    mut event: Message<'_>,
    span_start: Timestamp,
    limits: &Limits,
) -> Result<(), Fault> {
    let (mut time, mut name, mut dropped) = (0, Cow::Borrowed(""), 0);
    let mut pairs = BoundedMessages::default();
    while let Some(field) = event.next()? {
        match field.number {
            1 => time = field.fixed64().within("time_unix_nano")?,
            2 => name = field.text().within("name")?,
            3 => pairs.push_attribute(field.message().within("attributes")?, limits.attributes_max),
            4 => dropped = field.uint32().within("dropped_attributes_count")?,
            _ => {}
        }
    }
    // An event without a valid time gets the start time of its span.
    let time = i64::try_from(time).ok().filter(|time| *time > 0).unwrap_or(span_start);
    json.push_str("{\"time_unix_nano\":");
    json::push_int(json, time);
    json.push_str(",\"name\":");
    json::push_text(json, renderer.name(&name));
    renderer.note_cut("event.name");
    json.push_str(",\"attributes\":");
    let left_out = renderer.push_object(json, &pairs).within("attributes")?;
    json.push_str(",\"dropped_attributes_count\":");
    json::push_int(json, i64::from(dropped.saturating_add(left_out)));
    json.push('}');
    Ok(())
}

/// Writes the column `links`. Returns the number of dropped links, including invalid ones.
fn push_links(
    json: &mut String,
    renderer: &mut Renderer<'_>,
    raw: &RawSpan<'_>,
    limits: &Limits,
) -> Result<usize, Fault> {
    json.clear();
    let mut kept = 0;
    for link in &raw.links.messages {
        kept += usize::from(push_link(json, renderer, *link, limits).within("links")?);
    }
    if !json.is_empty() {
        json.push(']');
    }
    Ok(raw.links.count() - kept)
}

fn push_link(
    json: &mut String,
    renderer: &mut Renderer<'_>,
    mut link: Message<'_>,
    limits: &Limits,
) -> Result<bool, Fault> {
    let (mut trace, mut span): (&[u8], &[u8]) = (&[], &[]);
    let (mut trace_state, mut dropped, mut flags) = (Cow::Borrowed(""), 0, 0);
    let mut pairs = BoundedMessages::default();
    while let Some(field) = link.next()? {
        match field.number {
            1 => trace = field.bytes().within("trace_id")?,
            2 => span = field.bytes().within("span_id")?,
            3 => trace_state = field.text().within("trace_state")?,
            4 => pairs.push_attribute(field.message().within("attributes")?, limits.attributes_max),
            5 => dropped = field.uint32().within("dropped_attributes_count")?,
            6 => flags = field.fixed32().within("flags")?,
            _ => {}
        }
    }
    let (Some(trace), Some(span)) = (trace_id(trace), span_id(span)) else { return Ok(false) };
    json.push_str(if json.is_empty() { "[{\"trace_id\":\"" } else { ",{\"trace_id\":\"" });
    json.push_str(&trace.to_string());
    json.push_str("\",\"span_id\":\"");
    json.push_str(&span.to_string());
    json.push_str("\",\"trace_state\":");
    json::push_text(json, renderer.name(&trace_state));
    renderer.note_cut("link.trace_state");
    json.push_str(",\"attributes\":");
    let left_out = renderer.push_object(json, &pairs).within("attributes")?;
    json.push_str(",\"dropped_attributes_count\":");
    json::push_int(json, i64::from(dropped.saturating_add(left_out)));
    json.push_str(",\"flags\":");
    json::push_int(json, i64::from(flags));
    json.push('}');
    Ok(true)
}
