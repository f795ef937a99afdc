//! Exemplars for the demo's histograms.
//!
//! The OpenTelemetry Rust SDK does not collect exemplars yet. The demo remembers the latest
//! observation of each series and adds it to the data points on their way out, where the SDK
//! would have put it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use bytes::Bytes;
use opentelemetry::trace::TraceContextExt;
use opentelemetry::{Context, KeyValue};
use opentelemetry_http::hyper::HyperClient;
use opentelemetry_http::{HttpClient, HttpError, Request, Response};
use parking_lot::Mutex;
use serde_json::{Value, json};

/// Observations that are remembered at once.
const SERIES_MAX: usize = 1_000;

/// The latest observation of each series that was made inside a span.
#[derive(Debug, Clone, Default)]
pub(super) struct Exemplars {
    latest: Arc<Mutex<HashMap<Series, Value>>>,
}

/// Metric name and sorted attributes as text.
type Series = (String, Vec<(String, String)>);

impl Exemplars {
    /// Remembers `value` as observed in the span of `context`.
    pub(super) fn observe(
        &self,
        metric: &str,
        attributes: &[KeyValue],
        value: f64,
        context: &Context,
    ) {
        let span = context.span().span_context().clone();
        let now = opentelemetry::time::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let exemplar = json!({
            "timeUnixNano": now.as_nanos().to_string(),
            "asDouble": value,
            "traceId": span.trace_id().to_string(),
            "spanId": span.span_id().to_string(),
        });
        let mut labels: Vec<(String, String)> = attributes
            .iter()
            .map(|attribute| (attribute.key.to_string(), attribute.value.to_string()))
            .collect();
        labels.sort();
        let mut latest = self.latest.lock();
        if latest.len() < SERIES_MAX {
            latest.insert((metric.to_owned(), labels), exemplar);
        }
    }

    /// Adds what was observed to the histogram points of an OTLP/JSON metrics request.
    fn attach(&self, request: &mut Value) {
        let mut latest = self.latest.lock();
        for resource in each(request, "resourceMetrics") {
            for scope in each(resource, "scopeMetrics") {
                for metric in each(scope, "metrics") {
                    let name = metric["name"].as_str().unwrap_or_default().to_owned();
                    for point in each(&mut metric["histogram"], "dataPoints") {
                        let series = (name.clone(), attributes_of(point));
                        if let Some(exemplar) = latest.remove(&series) {
                            point["exemplars"] = json!([exemplar]);
                        }
                    }
                }
            }
        }
    }
}

fn each<'a>(parent: &'a mut Value, name: &str) -> impl Iterator<Item = &'a mut Value> {
    parent.get_mut(name).and_then(Value::as_array_mut).into_iter().flatten()
}

fn attributes_of(point: &Value) -> Vec<(String, String)> {
    let attributes = point["attributes"].as_array().map_or(&[][..], Vec::as_slice);
    let mut labels: Vec<(String, String)> = attributes
        .iter()
        .map(|attribute| {
            let value = attribute["value"].as_object().and_then(|value| value.values().next());
            let text = match value {
                Some(Value::String(text)) => text.clone(),
                Some(other) => other.to_string(),
                None => String::new(),
            };
            (attribute["key"].as_str().unwrap_or_default().to_owned(), text)
        })
        .collect();
    labels.sort();
    labels
}

/// The transport of the metric exporter: attaches exemplars, then sends.
#[derive(Debug)]
pub(super) struct ExemplarClient {
    exemplars: Exemplars,
    inner: Arc<HyperClient>,
    /// The SDK exports from a thread of its own, outside the runtime that sending needs.
    runtime: tokio::runtime::Handle,
}

impl ExemplarClient {
    /// A client on the current Tokio runtime.
    pub(super) fn new(exemplars: Exemplars) -> Self {
        Self {
            exemplars,
            inner: Arc::new(HyperClient::with_default_connector(Duration::from_secs(10), None)),
            runtime: tokio::runtime::Handle::current(),
        }
    }
}

#[async_trait::async_trait]
impl HttpClient for ExemplarClient {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let (parts, body) = request.into_parts();
        let mut metrics: Value = serde_json::from_slice(&body)?;
        self.exemplars.attach(&mut metrics);
        let request = Request::from_parts(parts, Bytes::from(serde_json::to_vec(&metrics)?));
        let inner = Arc::clone(&self.inner);
        self.runtime.spawn(async move { inner.send_bytes(request).await }).await?
    }
}
