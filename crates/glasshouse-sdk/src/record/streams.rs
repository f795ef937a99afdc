//! Event streams to browsers, and what browsers report.

use std::time::Duration;

use super::{BYTES, LONG_SECONDS, seconds};
use crate::metrics::{Counter, Definition, Histogram, Registry, UpDownCounter};

/// Bounds for all vitals at once: layout shift is a small number, the others are milliseconds;
/// each vital's limits for good and poor are among them.
const VITALS: &[f64] = &[
    0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1.0, 10.0, 25.0, 50.0, 100.0, 200.0, 300.0, 500.0,
    800.0, 1200.0, 1800.0, 2500.0, 3000.0, 4000.0, 6000.0, 10_000.0, 30_000.0, 60_000.0,
];

/// Why an event stream ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CloseReason {
    /// All events were sent.
    Completed,
    /// The client went away.
    ClientDisconnect,
    /// An event could not be written.
    WriteError,
    /// The program stops.
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

/// What became of one event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SseOutcome {
    /// It was handed to the connection.
    Ok,
    /// The connection refused it.
    WriteError,
    /// It could not be made into text.
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

    /// A stream was opened. Each call must be followed by one of [`closed`](Self::closed).
    pub fn opened(&self, route: &str) {
        self.active.add([route], 1);
    }

    /// A stream was closed.
    pub fn closed(&self, route: &str, reason: CloseReason, duration: Duration) {
        self.active.add([route], -1);
        self.duration.record([route, reason.as_str()], seconds(duration));
    }

    /// An event of this type and size was sent, or could not be.
    pub fn event(&self, event_type: &str, outcome: SseOutcome, bytes: u64) {
        self.messages.add([event_type, outcome.as_str()], 1);
        self.size.record([event_type, outcome.as_str()], bytes as f64);
    }
}

/// Why a beacon of a browser was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BeaconRefusal {
    /// More bytes or more vitals than a beacon may have.
    TooLarge,
    /// It is no JSON, lacks a part or did not come in full.
    Malformed,
    /// It has a field that the contract does not know.
    UnknownField,
    /// It measures something that is not known.
    UnknownName,
    /// Its value cannot be true.
    OutOfRange,
    /// Its address, or all together, send too often.
    RateLimited,
    /// Its page is of an origin that may not send.
    ForbiddenOrigin,
    /// It is neither text nor JSON, or it is compressed.
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

    /// A beacon was refused for this reason.
    pub fn refused(&self, reason: BeaconRefusal) {
        self.refused.add([reason.as_str()], 1);
    }

    /// Records a vital such as `LCP` of a page that has been made canonical; `label` or empty.
    pub fn vital(&self, name: &str, label: &str, page: &str, value: f64) {
        self.vitals.record([name, label, page], value);
    }
}
