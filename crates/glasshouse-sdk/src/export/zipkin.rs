//! Encodes spans as Zipkin v2 JSON, by OpenTelemetry's rules
//! (<https://opentelemetry.io/docs/specs/otel/trace/sdk_exporters/zipkin/>).

use super::value::{duration_microseconds, json, microseconds, text};
use bytes::Bytes;
use opentelemetry::{
    KeyValue, Value,
    trace::{Event, SpanId, SpanKind, Status},
};
use opentelemetry_sdk::{Resource, trace::SpanData};
use serde::Serialize;
use std::{borrow::Cow, collections::BTreeMap, net::IpAddr};

/// The reporting service, and the tags of all its spans.
pub(super) struct ZipkinService {
    name: String,
    tags: Vec<(String, String)>,
}

type Tags<'a> = BTreeMap<Cow<'a, str>, Cow<'a, str>>;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ZipkinSpan<'a> {
    trace_id: String,
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent_id: Option<String>,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    timestamp: u64,
    duration: u64,
    local_endpoint: ZipkinEndpoint<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    remote_endpoint: Option<ZipkinEndpoint<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    annotations: Vec<ZipkinAnnotation>,
    /// A map, because Zipkin rejects duplicate keys.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    tags: Tags<'a>,
}

#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct ZipkinEndpoint<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    service_name: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ipv4: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ipv6: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    port: Option<u16>,
}

#[derive(Serialize)]
struct ZipkinAnnotation {
    timestamp: u64,
    value: String,
}

impl ZipkinService {
    pub(super) fn new(resource: &Resource) -> Self {
        let mut service =
            Self { name: super::service_name(resource), tags: Vec::with_capacity(resource.len()) };
        for (key, value) in resource {
            if key.as_str() != "service.name" {
                service.tags.push((key.as_str().to_owned(), text(value).into_owned()));
            }
        }
        service
    }

    /// The body of one `POST` request: a list of spans. `None` if JSON cannot represent them.
    pub(super) fn encode(&self, spans: &[SpanData]) -> Option<Bytes> {
        let spans: Vec<_> = spans.iter().map(|span| self.span(span)).collect();
        serde_json::to_vec(&spans).ok().map(Bytes::from)
    }

    fn span<'a>(&'a self, span: &'a SpanData) -> ZipkinSpan<'a> {
        let parent = span.parent_span_id;
        ZipkinSpan {
            trace_id: span.span_context.trace_id().to_string(),
            id: span.span_context.span_id().to_string(),
            parent_id: (parent != SpanId::INVALID).then(|| parent.to_string()),
            name: &span.name,
            kind: kind(&span.span_kind),
            timestamp: microseconds(span.start_time),
            // Zipkin treats 0 as unknown.
            duration: duration_microseconds(span.start_time, span.end_time).max(1),
            local_endpoint: ZipkinEndpoint {
                service_name: Some(Cow::Borrowed(self.name.as_str())),
                ..ZipkinEndpoint::default()
            },
            remote_endpoint: remote_endpoint(span),
            annotations: span.events.iter().map(annotation).collect(),
            tags: self.tags(span),
        }
    }

    fn tags<'a>(&'a self, span: &'a SpanData) -> Tags<'a> {
        let mut tags: Tags<'a> = self
            .tags
            .iter()
            .map(|(key, value)| (Cow::Borrowed(key.as_str()), Cow::Borrowed(value.as_str())))
            .collect();
        for attribute in &span.attributes {
            tags.insert(Cow::Borrowed(attribute.key.as_str()), text(&attribute.value));
        }
        let scope = &span.instrumentation_scope;
        for attribute in scope.attributes() {
            tags.entry(Cow::Borrowed(attribute.key.as_str()))
                .or_insert_with(|| text(&attribute.value));
        }
        let mut set = |key: &'static str, value: Cow<'a, str>| {
            tags.insert(Cow::Borrowed(key), value);
        };
        if !scope.name().is_empty() {
            set("otel.scope.name", Cow::Borrowed(scope.name()));
            set("otel.library.name", Cow::Borrowed(scope.name()));
        }
        if let Some(version) = scope.version() {
            set("otel.scope.version", Cow::Borrowed(version));
            set("otel.library.version", Cow::Borrowed(version));
        }
        let counts = [
            ("otel.dropped_attributes_count", span.dropped_attributes_count),
            ("otel.dropped_events_count", span.events.dropped_count),
            ("otel.dropped_links_count", span.links.dropped_count),
        ];
        for (key, count) in counts {
            if count > 0 {
                set(key, Cow::Owned(count.to_string()));
            }
        }
        match &span.status {
            Status::Error { description } => {
                set("otel.status_code", Cow::Borrowed("ERROR"));
                set("error", Cow::Borrowed(description));
            }
            Status::Ok => set("otel.status_code", Cow::Borrowed("OK")),
            Status::Unset => {}
        }
        // Zipkin treats any span with a tag `error` as failed.
        if tags.get("error").is_some_and(|error| error == "false") {
            tags.remove("error");
        }
        tags
    }
}

fn kind(kind: &SpanKind) -> Option<&'static str> {
    match kind {
        SpanKind::Client => Some("CLIENT"),
        SpanKind::Server => Some("SERVER"),
        SpanKind::Producer => Some("PRODUCER"),
        SpanKind::Consumer => Some("CONSUMER"),
        SpanKind::Internal => None,
    }
}

/// `name`, or `"name": {"key": value}` if the event has attributes.
fn annotation(event: &Event) -> ZipkinAnnotation {
    let value = if event.attributes.is_empty() {
        event.name.to_string()
    } else {
        let attributes: serde_json::Map<String, serde_json::Value> = event
            .attributes
            .iter()
            .map(|attribute| (attribute.key.as_str().to_owned(), json(&attribute.value)))
            .collect();
        let name = serde_json::Value::from(event.name.as_ref());
        format!("{name}: {}", serde_json::Value::Object(attributes))
    };
    ZipkinAnnotation { timestamp: microseconds(event.timestamp), value }
}

/// The remote side of a call, chosen by OpenTelemetry's ranking; Zipkin's dependency graph uses it.
fn remote_endpoint(span: &SpanData) -> Option<ZipkinEndpoint<'_>> {
    const RANKING: [(&str, &str); 11] = [
        ("peer.service", ""),
        ("server.address", "server.port"),
        ("net.peer.name", "net.peer.port"),
        ("network.peer.address", "network.peer.port"),
        ("server.socket.domain", ""),
        ("server.socket.address", "server.socket.port"),
        ("net.sock.peer.name", ""),
        ("net.sock.peer.addr", "net.sock.peer.port"),
        ("peer.hostname", ""),
        ("peer.address", ""),
        ("db.name", ""),
    ];
    if !matches!(span.span_kind, SpanKind::Client | SpanKind::Producer) {
        return None;
    }
    let (name, port) = RANKING.iter().find_map(|(address, port)| {
        let name = text(find(&span.attributes, address)?);
        (!name.is_empty()).then_some((name, port))
    })?;
    let port = match find(&span.attributes, port) {
        Some(Value::I64(port)) => u16::try_from(*port).ok(),
        Some(Value::String(port)) => port.as_str().parse().ok(),
        _ => None,
    };
    let mut endpoint = ZipkinEndpoint { port, ..ZipkinEndpoint::default() };
    match name.parse::<IpAddr>() {
        Ok(IpAddr::V4(address)) => endpoint.ipv4 = Some(address.to_string()),
        Ok(IpAddr::V6(address)) => endpoint.ipv6 = Some(address.to_string()),
        Err(_) => endpoint.service_name = Some(name),
    }
    Some(endpoint)
}

fn find<'a>(attributes: &'a [KeyValue], key: &str) -> Option<&'a Value> {
    attributes.iter().find(|attribute| attribute.key.as_str() == key).map(|found| &found.value)
}
