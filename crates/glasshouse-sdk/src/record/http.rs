//! HTTP requests served by the program, and its database queries.

use std::time::Duration;

use super::{BYTES, REQUEST_SECONDS, SHORT_SECONDS, seconds};
use crate::metrics::{Counter, Definition, Histogram, Registry, UpDownCounter};

/// Threshold of slow queries (100 ms, as in the emulated stacks).
const SLOW_QUERY: Duration = Duration::from_millis(100);

/// A finished request and response, including their bodies.
#[derive(Debug, Clone, Copy)]
pub struct HttpExchange<'a> {
    /// One of the known methods, or `_OTHER`.
    pub method: &'a str,
    /// The route template, such as `/api/tasks/{id}`; never the raw path.
    pub route: &'a str,
    /// The response status; `None` if the client disconnected before.
    pub status: Option<u16>,
    /// The server's error, such as `panic` or `cancelled`, if any.
    pub error: Option<&'a str>,
    /// Time from the request header to the last byte of the response.
    pub duration: Duration,
    /// Bytes read from the request body.
    pub request_bytes: u64,
    /// Bytes sent of the response body.
    pub response_bytes: u64,
}

/// Recorder of served HTTP requests (HTTP conventions).
#[derive(Debug)]
pub struct HttpMetrics {
    active: UpDownCounter<1>,
    duration: Histogram<4>,
    request_size: Histogram<4>,
    response_size: Histogram<4>,
}

impl HttpMetrics {
    pub(super) fn new(registry: &Registry) -> Self {
        let measured = |name, unit, description, bounds| {
            let labels =
                ["http.request.method", "http.route", "http.response.status_code", "error.type"];
            registry.histogram(Definition { name, unit, description, labels }, bounds)
        };
        Self {
            active: registry.up_down(Definition {
                name: "http.server.active_requests",
                unit: "{request}",
                description: "Requests that are being answered",
                labels: ["http.request.method"],
            }),
            duration: measured(
                "http.server.request.duration",
                "s",
                "Time from a request to the last byte of its response",
                REQUEST_SECONDS,
            ),
            request_size: measured(
                "http.server.request.body.size",
                "By",
                "Bytes of request bodies",
                BYTES,
            ),
            response_size: measured(
                "http.server.response.body.size",
                "By",
                "Bytes of response bodies",
                BYTES,
            ),
        }
    }

    /// Records the start of a request. Must be followed by a call of [`finished`](Self::finished).
    pub fn started(&self, method: &str) {
        self.active.add([method], 1);
    }

    /// Records the end of an exchange.
    pub fn finished(&self, exchange: &HttpExchange<'_>) {
        self.active.add([exchange.method], -1);
        let mut digits = [0; 3];
        let status = exchange.status.map_or("", |status| three_digits(status, &mut digits));
        let error = exchange.error.unwrap_or_default();
        let labels = [exchange.method, exchange.route, status, error];
        self.duration.record(labels, seconds(exchange.duration));
        self.request_size.record(labels, exchange.request_bytes as f64);
        self.response_size.record(labels, exchange.response_bytes as f64);
    }
}

/// A status code as text, without an allocation.
fn three_digits(status: u16, digits: &mut [u8; 3]) -> &str {
    let status = status.clamp(100, 999);
    *digits = [status / 100, status / 10 % 10, status % 10].map(|digit| b'0' + digit as u8);
    std::str::from_utf8(digits).unwrap_or_default()
}

/// Recorder of database queries (database conventions).
#[derive(Debug)]
pub struct DatabaseMetrics {
    duration: Histogram<2>,
    slow: Counter<2>,
}

impl DatabaseMetrics {
    pub(super) fn new(registry: &Registry) -> Self {
        let labels = ["db.operation.name", "db.collection.name"];
        Self {
            duration: registry.histogram(
                Definition {
                    name: "db.client.operation.duration",
                    unit: "s",
                    description: "Duration of a database query",
                    labels,
                },
                SHORT_SECONDS,
            ),
            slow: registry.counter(Definition {
                name: "glasshouse.db.slow_queries",
                unit: "{query}",
                description: "Database queries that took longer than 100 ms",
                labels,
            }),
        }
    }

    /// Records a finished query: `operation` such as `findMany`, `collection` the table.
    pub fn query(&self, operation: &str, collection: &str, duration: Duration) {
        self.duration.record([operation, collection], seconds(duration));
        if duration > SLOW_QUERY {
            self.slow.add([operation, collection], 1);
            tracing::warn!(
                operation,
                collection,
                duration_ms = duration.as_secs_f64() * 1000.0,
                "Slow query detected"
            );
        }
    }
}
