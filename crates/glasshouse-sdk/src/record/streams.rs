//! Event streams to browsers, and Web Vitals reported by browsers.

use std::time::Duration;

use super::{BYTES, LONG_SECONDS, seconds};
use crate::metrics::{Counter, Definition, Histogram, Registry, UpDownCounter};

/// Bucket bounds for all vitals: layout shift is a small number, the others are milliseconds; the
/// bounds include each vital's thresholds for good and poor.
const VITALS: &[f64] = &[
    0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1.0, 10.0, 25.0, 50.0, 100.0, 200.0, 300.0, 500.0,
    800.0, 1200.0, 1800.0, 2500.0, 3000.0, 4000.0, 6000.0, 10_000.0, 30_000.0, 60_000.0,
];

/// The reason for the end of an event stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CloseReason {
    /// All events were sent.
    Completed,
    /// The client disconnected.
    ClientDisconnect,
    /// An event could not be written.
    WriteError,
    /// The program is shutting down.
    ServerShutdown,
    /// The source of the events failed.
    Error,
}

impl CloseReason {
    /// `completed`, `client_disconnect`, `write_error`, `server_shutdown` or `error`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::ClientDisconnect => "client_disconnect",
            Self::WriteError => "write_error",
            Self::ServerShutdown => "server_shutdown",
            Self::Error => "error",
        }
    }
}

/// The outcome of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SseOutcome {
    /// Written to the connection.
    Ok,
    /// Writing to the connection failed.
    WriteError,
    /// Serialisation failed.
    SerializationError,
}

impl SseOutcome {
    /// `ok`, `write_error` or `serialization_error`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::WriteError => "write_error",
            Self::SerializationError => "serialization_error",
        }
    }
}

/// Recorder of event streams.
#[derive(Debug)]
pub struct SseMetrics {
    active: UpDownCounter<1>,
    duration: Histogram<2>,
    messages: Counter<2>,
    size: Histogram<2>,
}

impl SseMetrics {
    pub(super) fn new(registry: &Registry) -> Self {
        let labels = ["glasshouse.sse.event_type", "glasshouse.sse.status"];
        Self {
            active: registry.up_down(Definition {
                name: "glasshouse.sse.connections.active",
                unit: "{connection}",
                description: "Event streams that are open",
                labels: ["http.route"],
            }),
            duration: registry.histogram(
                Definition {
                    name: "glasshouse.sse.connection.duration",
                    unit: "s",
                    description: "How long an event stream was open",
                    labels: ["http.route", "glasshouse.sse.close_reason"],
                },
                LONG_SECONDS,
            ),
            messages: registry.counter(Definition {
                name: "glasshouse.sse.messages",
                unit: "{message}",
                description: "Events sent: handshake, history and live",
                labels,
            }),
            size: registry.histogram(
                Definition {
                    name: "glasshouse.sse.message.size",
                    unit: "By",
                    description: "Bytes of an event",
                    labels,
                },
                BYTES,
            ),
        }
    }

    /// Records the start of a stream. Must be followed by a call of [`closed`](Self::closed).
    pub fn opened(&self, route: &str) {
        self.active.add([route], 1);
    }

    /// Records the end of a stream.
    pub fn closed(&self, route: &str, reason: CloseReason, duration: Duration) {
        self.active.add([route], -1);
        self.duration.record([route, reason.as_str()], seconds(duration));
    }

    /// Records an event of this type and size and its outcome.
    pub fn event(&self, event_type: &str, outcome: SseOutcome, bytes: u64) {
        self.messages.add([event_type, outcome.as_str()], 1);
        self.size.record([event_type, outcome.as_str()], bytes as f64);
    }
}

/// The reason for rejecting a browser's beacon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BeaconRefusal {
    /// Too many bytes or vitals.
    TooLarge,
    /// Not JSON, incomplete, or without a required field.
    Malformed,
    /// An unknown field.
    UnknownField,
    /// An unknown vital.
    UnknownName,
    /// An implausible value.
    OutOfRange,
    /// The rate limit of its address, or of all addresses.
    RateLimited,
    /// The page's origin is not allowed.
    ForbiddenOrigin,
    /// Neither text nor JSON, or compressed.
    UnsupportedType,
}

impl BeaconRefusal {
    /// `too_large`, `malformed`, `unknown_field`, `unknown_name`, `out_of_range`, `rate_limited`,
    /// `forbidden_origin` or `unsupported_type`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TooLarge => "too_large",
            Self::Malformed => "malformed",
            Self::UnknownField => "unknown_field",
            Self::UnknownName => "unknown_name",
            Self::OutOfRange => "out_of_range",
            Self::RateLimited => "rate_limited",
            Self::ForbiddenOrigin => "forbidden_origin",
            Self::UnsupportedType => "unsupported_type",
        }
    }
}

/// Recorder of Web Vitals.
#[derive(Debug)]
pub struct WebVitalMetrics {
    vitals: Histogram<3>,
    refused: Counter<1>,
}

impl WebVitalMetrics {
    pub(super) fn new(registry: &Registry) -> Self {
        let definition = Definition {
            name: "browser.web_vital",
            unit: "",
            description: "Web Vitals that browsers report: milliseconds, and a score for CLS",
            labels: ["browser.web_vital.name", "browser.web_vital.label", "browser.page"],
        };
        let refused = Definition {
            name: "glasshouse.web_vitals.refused",
            unit: "{beacon}",
            description: "Beacons of browsers that were refused, and nothing of them kept",
            labels: ["error.type"],
        };
        Self { vitals: registry.histogram(definition, VITALS), refused: registry.counter(refused) }
    }

    /// Records a rejected beacon.
    pub fn refused(&self, reason: BeaconRefusal) {
        self.refused.add([reason.as_str()], 1);
    }

    /// Records a vital such as `LCP` of a canonical page; `label` may be empty.
    pub fn vital(&self, name: &str, label: &str, page: &str, value: f64) {
        self.vitals.record([name, label, page], value);
    }
}
