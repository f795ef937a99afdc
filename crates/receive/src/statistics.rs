//! Ingest statistics by protocol, signal and service: totals and one-minute rates.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use prometheus_client::registry::Registry;
use signals::{Clock, Signal, Timestamp};

mod instruments;
mod rate;

use instruments::Instruments;
use rate::Rate;

/// The protocol of a receiver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Protocol {
    /// OTLP over gRPC.
    OtlpGrpc,
    /// OTLP over HTTP.
    OtlpHttp,
    /// Remote write of Prometheus.
    RemoteWrite,
}

impl Protocol {
    /// All protocols, in listing order.
    pub const ALL: [Self; 3] = [Self::OtlpGrpc, Self::OtlpHttp, Self::RemoteWrite];

    /// The name used in configuration keys and own metrics.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::OtlpGrpc => "otlp_grpc",
            Self::OtlpHttp => "otlp_http",
            Self::RemoteWrite => "remote_write",
        }
    }
}

/// The last error of a protocol.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastError {
    /// The error message.
    pub message: String,
    /// Time of the error.
    pub at: Timestamp,
}

/// Counters of one protocol.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProtocolCounts {
    /// All requests, including failed ones.
    pub requests: u64,
    /// Requests rejected as a whole.
    pub errors: u64,
    /// Time of the last request.
    pub last_request: Option<Timestamp>,
    /// The last request that was rejected as a whole or in part.
    pub last_error: Option<LastError>,
}

/// Counters of one signal.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SignalCounts {
    /// Spans, log records or samples stored since start.
    pub accepted: u64,
    /// Spans, log records or data points rejected since start.
    pub rejected: u64,
    /// Values truncated, and attributes, events and links dropped, since start.
    pub truncated: u64,
    /// Items stored per second over the last minute.
    pub rate: f64,
    /// Time of the last item.
    pub last_received: Option<Timestamp>,
}

/// Rates of one service.
#[derive(Debug, Clone, PartialEq)]
pub struct ServiceCounts {
    /// `service.name`; `…` stands for all services beyond the limit.
    pub name: String,
    /// Items per second over the last minute, in the order of [`Signal::ALL`].
    pub rates: [f64; 3],
    /// Time of the last item.
    pub last_received: Timestamp,
}

/// All statistics at one point in time.
#[derive(Debug, Clone, PartialEq)]
pub struct Snapshot {
    /// By protocol.
    pub protocols: BTreeMap<Protocol, ProtocolCounts>,
    /// In the order of [`Signal::ALL`].
    pub signals: [SignalCounts; 3],
    /// By service, sorted by name.
    pub services: Vec<ServiceCounts>,
}

/// Stands for all services beyond the limit.
const OTHER_SERVICES: &str = "…";
/// Maximum length of a stored error message.
const MESSAGE_BYTES_MAX: usize = 500;

/// Ingest statistics.
#[derive(Debug)]
pub struct Statistics {
    clock: Arc<dyn Clock>,
    services_max: usize,
    state: Mutex<State>,
    instruments: Instruments,
}

#[derive(Debug, Default)]
struct State {
    protocols: BTreeMap<Protocol, ProtocolCounts>,
    signals: [SignalState; 3],
    services: HashMap<String, ServiceState>,
}

#[derive(Debug, Default)]
struct SignalState {
    accepted: u64,
    rejected: u64,
    truncated: u64,
    rate: Rate,
    last_received: Option<Timestamp>,
}

#[derive(Debug, Default)]
struct ServiceState {
    rates: [Rate; 3],
    last_received: Timestamp,
}

impl Statistics {
    /// Starts at zero, with separate rates for up to `services_max` services.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, services_max: usize) -> Self {
        Self { clock, services_max, state: Mutex::default(), instruments: Instruments::default() }
    }

    /// Counts a request on arrival.
    pub(crate) fn begin(&self, protocol: Protocol) -> InFlight<'_> {
        InFlight { statistics: self, protocol, began: self.clock.monotonic() }
    }

    /// Counts the decompressed body of a request.
    pub(crate) fn body(&self, signal: Signal, bytes: usize) {
        self.instruments.body(signal, bytes);
    }

    /// Registers the request histograms with the process's own metrics.
    pub fn register_metrics(&self, registry: &mut Registry) {
        self.instruments.register(registry);
    }

    fn request(&self, protocol: Protocol, is_error: bool, message: Option<&str>) {
        let now = self.clock.now();
        let mut state = self.state.lock();
        let counts = state.protocols.entry(protocol).or_default();
        counts.requests += 1;
        counts.errors += u64::from(is_error);
        counts.last_request = Some(now);
        if let Some(message) = message {
            let end = message.floor_char_boundary(MESSAGE_BYTES_MAX);
            counts.last_error = Some(LastError { message: message[..end].to_owned(), at: now });
        }
    }

    /// Counts the items of a stored request; `services` holds accepted items by service.
    pub(crate) fn items(
        &self,
        signal: Signal,
        accepted: u64,
        rejected: u64,
        services: &[(String, usize)],
    ) {
        let (now, second) = (self.clock.now(), self.clock.monotonic().as_secs());
        let i = index(signal);
        let mut state = self.state.lock();
        let state = &mut *state;
        let counts = &mut state.signals[i];
        counts.accepted += accepted;
        counts.rejected += rejected;
        counts.rate.add(second, accepted);
        counts.last_received = Some(now);
        for (name, items) in services {
            let is_known = state.services.contains_key(name);
            let name = if is_known || state.services.len() < self.services_max {
                name
            } else {
                OTHER_SERVICES
            };
            let service = match state.services.get_mut(name) {
                Some(service) => service,
                None => state.services.entry(name.to_owned()).or_default(),
            };
            service.rates[i].add(second, *items as u64);
            service.last_received = now;
        }
    }

    /// Counts truncations and drops in a stored request.
    pub(crate) fn truncated(&self, signal: Signal, count: u64) {
        if count > 0 {
            self.state.lock().signals[index(signal)].truncated += count;
        }
    }

    /// A snapshot of all statistics.
    pub fn snapshot(&self) -> Snapshot {
        let second = self.clock.monotonic().as_secs();
        let state = self.state.lock();
        let mut services: Vec<_> = state
            .services
            .iter()
            .map(|(name, service)| ServiceCounts {
                name: name.clone(),
                rates: service.rates.each_ref().map(|rate| rate.per_second(second)),
                last_received: service.last_received,
            })
            .collect();
        services.sort_by(|a, b| a.name.cmp(&b.name));
        Snapshot {
            protocols: Protocol::ALL
                .into_iter()
                .map(|protocol| {
                    (protocol, state.protocols.get(&protocol).cloned().unwrap_or_default())
                })
                .collect(),
            signals: state.signals.each_ref().map(|counts| SignalCounts {
                accepted: counts.accepted,
                rejected: counts.rejected,
                truncated: counts.truncated,
                rate: counts.rate.per_second(second),
                last_received: counts.last_received,
            }),
            services,
        }
    }
}

/// A request without a response so far.
#[derive(Debug)]
pub(crate) struct InFlight<'s> {
    statistics: &'s Statistics,
    protocol: Protocol,
    began: Duration,
}

impl InFlight<'_> {
    /// Records a stored request; `message` describes any partial rejection.
    pub(crate) fn stored(self, message: Option<&str>) {
        self.end(false, message);
    }

    /// Records a request rejected as a whole.
    pub(crate) fn rejected(self, message: &str) {
        self.end(true, Some(message));
    }

    fn end(self, is_error: bool, message: Option<&str>) {
        let duration = self.statistics.clock.monotonic().saturating_sub(self.began);
        self.statistics.instruments.request(self.protocol, duration);
        self.statistics.request(self.protocol, is_error, message);
    }
}

fn index(signal: Signal) -> usize {
    match signal {
        Signal::Spans => 0,
        Signal::Logs => 1,
        Signal::Metrics => 2,
    }
}

#[cfg(test)]
mod tests {
    use signals::time::ManualClock;

    use super::*;

    #[test]
    fn rates_cover_the_last_minute_and_services_are_bounded() {
        let clock = Arc::new(ManualClock::at(1_000));
        let statistics = Statistics::new(clock.clone(), 2);
        for name in ["a", "b", "c", "d"] {
            statistics.items(Signal::Spans, 60, 1, &[(name.to_owned(), 60)]);
        }
        clock.advance(Duration::from_secs(1));
        let snapshot = statistics.snapshot();
        assert_eq!(snapshot.signals[0].accepted, 240);
        assert_eq!(snapshot.signals[0].rejected, 4);
        let names: Vec<_> = snapshot.services.iter().map(|s| s.name.as_str()).collect();
        assert_eq!(names, ["a", "b", "…"]);
        clock.advance(Duration::from_secs(120));
        assert_eq!(statistics.snapshot().signals[0].rate, 0.0);
    }

    #[test]
    fn a_long_error_is_cut_between_characters() {
        let statistics = Statistics::new(Arc::new(ManualClock::at(7)), 2);
        statistics.begin(Protocol::OtlpHttp).rejected(&"ä".repeat(600));
        let counts = &statistics.snapshot().protocols[&Protocol::OtlpHttp];
        assert_eq!((counts.requests, counts.errors), (1, 1));
        assert!(counts.last_error.as_ref().unwrap().message.len() <= MESSAGE_BYTES_MAX);
    }
}
