//! State of the running process, exposed through the page, the APIs and own metrics.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures::future::BoxFuture;
use page_api::{
    Hint, LastError, Overview, ReceiverOverview, ReceiverState, ReceiverTest, ReplayAnswer,
    ReplayRequest, RuleFileEntry, RuleFileList, RuleFileSave, ServiceOverview, SignalOverview,
    SignalOverviews,
};
use prometheus_client::registry::Registry;
use query::QueryError;
use receive::Receiver;
use receive::statistics::{Protocol, Snapshot};
use serve::{Reload, RuleFileFault, ScrapePool, TargetMetadata};
use signals::time::{MILLISECOND, SECOND};
use signals::{Clock, Labels, Signal, Timestamp};
use store::{Status, Store, TimeRange};

use crate::adopted_jobs::AdoptedJobs;
use crate::config::Config;
use crate::config::ports::Port;
use crate::listener::Server;
use crate::own_metrics::{self, Numbers};
use crate::process::Usage;
use crate::run::memory::Budgets;

/// An unbounded time range.
const EVERYTHING: TimeRange = TimeRange { start: i64::MIN, end: i64::MAX };

/// The running process: its components and configuration.
pub(crate) struct App {
    pub(crate) config: Config,
    pub(crate) budgets: Budgets,
    pub(crate) flags: BTreeMap<String, String>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) started_at: Timestamp,
    /// The bound address of each port.
    pub(crate) addresses: BTreeMap<Port, SocketAddr>,
    pub(crate) server: Server,
    pub(crate) receiver: Arc<Receiver>,
    pub(crate) store: Store,
    pub(crate) is_open: AtomicBool,
    /// Histograms registered by the crates.
    pub(crate) histograms: Registry,
    pub(crate) adopted_jobs: AdoptedJobs,
}

impl App {
    /// Time since start.
    pub(crate) fn uptime(&self) -> Duration {
        Duration::from_nanos(u64::try_from(self.clock.now() - self.started_at).unwrap_or_default())
    }

    fn signal(&self, signal: Signal, received: &Snapshot, status: &Status) -> SignalOverview {
        let (index, stored, retention) = match signal {
            Signal::Spans => (0, &status.spans, self.config.retention.spans),
            Signal::Logs => (1, &status.logs, self.config.retention.logs),
            Signal::Metrics => (2, &status.metrics, self.config.retention.metrics),
        };
        let counts = received.signals.get(index).cloned().unwrap_or_default();
        SignalOverview {
            items_total: counts.accepted,
            rate_per_s: counts.rate,
            rejected_total: counts.rejected,
            last_received_unix_ms: counts.last_received.map(milliseconds),
            head_rows: stored.head_rows,
            part_rows: stored.part_rows,
            part_bytes: stored.part_bytes,
            retention_s: retention.0.as_secs(),
            active_series: (signal == Signal::Metrics).then_some(status.active_series),
        }
    }

    fn receivers(&self, received: &Snapshot) -> Vec<ReceiverOverview> {
        let overview = |protocol: Protocol| {
            let counts = received.protocols.get(&protocol).cloned().unwrap_or_default();
            let port = match protocol {
                Protocol::OtlpGrpc => Port::OtlpGrpc,
                Protocol::OtlpHttp => Port::OtlpHttp,
                Protocol::RemoteWrite => Port::Prometheus,
            };
            let address = self.addresses.get(&port);
            ReceiverOverview {
                protocol: protocol.name().to_owned(),
                address: address.map(ToString::to_string).unwrap_or_default(),
                state: if address.is_some() {
                    ReceiverState::Listening
                } else {
                    ReceiverState::Off
                },
                requests_total: counts.requests,
                errors_total: counts.errors,
                last_request_unix_ms: counts.last_request.map(milliseconds),
                last_error: counts.last_error.map(|error| LastError {
                    message: error.message,
                    at_unix_ms: milliseconds(error.at),
                }),
            }
        };
        Protocol::ALL.into_iter().map(overview).collect()
    }

    /// Likely reasons for missing data, derived from the current state.
    fn hints(&self, received: &Snapshot, status: &Status) -> Vec<Hint> {
        let mut hints = Vec::new();
        let mut say = |signal: Signal, message: String| {
            hints.push(Hint { signal: signal.name().to_owned(), message });
        };
        for (signal, counts) in Signal::ALL.into_iter().zip(&received.signals) {
            let name = signal.name();
            if counts.last_received.is_none() {
                let path = match signal {
                    Signal::Spans => "/v1/traces",
                    Signal::Logs => "/v1/logs",
                    Signal::Metrics => "/v1/metrics",
                };
                let http = self
                    .addresses
                    .get(&Port::OtlpHttp)
                    .map(|address| format!("http://{address}{path}"));
                let grpc =
                    self.addresses.get(&Port::OtlpGrpc).map(|address| format!("{address} (gRPC)"));
                let addresses: Vec<String> = http.into_iter().chain(grpc).collect();
                let addresses = if addresses.is_empty() {
                    "every OTLP port is off".to_owned()
                } else {
                    addresses.join(" or ")
                };
                say(
                    signal,
                    format!("No {name} have arrived since the start. Send OTLP to {addresses}."),
                );
            }
            if counts.rejected > 0 {
                say(
                    signal,
                    format!(
                        "{} {name} were rejected since the start; the receivers below show the reason.",
                        counts.rejected
                    ),
                );
            }
            if status.is_disk_low {
                say(
                    signal,
                    "The disk is nearly full: new data is refused until space is freed.".to_owned(),
                );
            }
            let lost = self.store.warnings(signal, EVERYTHING);
            if let Some(last) = lost.last() {
                say(signal, format!("{} pieces of {name} were lost; the last: {last}", lost.len()));
            }
            if let Some(reason) = &status.fatal {
                say(signal, format!("The write-ahead log failed: {reason}"));
            }
        }
        hints
    }
}

impl serve::ServerInfo for App {
    fn overview(&self) -> Overview {
        let received = self.receiver.statistics().snapshot();
        let status = self.store.status();
        let signal = |signal| self.signal(signal, &received, &status);
        let parts = status.spans.part_bytes + status.logs.part_bytes + status.metrics.part_bytes;
        Overview {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            now_unix_ms: milliseconds(self.clock.now()),
            uptime_s: self.uptime().as_secs(),
            data_dir_bytes: parts + status.log_bytes,
            signals: SignalOverviews {
                spans: signal(Signal::Spans),
                logs: signal(Signal::Logs),
                metrics: signal(Signal::Metrics),
            },
            receivers: self.receivers(&received),
            hints: self.hints(&received, &status),
            services: received
                .services
                .into_iter()
                .map(|service| {
                    let [spans_per_s, logs_per_s, samples_per_s] = service.rates;
                    ServiceOverview {
                        name: service.name,
                        spans_per_s,
                        logs_per_s,
                        samples_per_s,
                        last_received_unix_ms: Some(milliseconds(service.last_received)),
                    }
                })
                .collect(),
        }
    }

    fn metrics(&self) -> String {
        let numbers = Numbers {
            remote_write: self.adopted_jobs.remote_write_servers(),
            alertmanagers: self.adopted_jobs.alertmanagers().active,
            received: self.receiver.statistics().snapshot(),
            budgets: self.budgets.clone(),
            store: self.store.status(),
            connections: self.server.connections(),
            connections_refused: self.server.refused(),
            connections_timed_out: self.server.timed_out(),
            usage: Usage::read(),
            started_at_s: self.started_at as f64 / SECOND as f64,
        };
        own_metrics::expose(&self.histograms, numbers)
    }

    fn is_ready(&self) -> bool {
        self.is_open.load(Ordering::SeqCst)
    }

    fn configuration(&self) -> String {
        let adopted = self.adopted_jobs.prometheus_yaml();
        if adopted.is_empty() { self.config.to_yaml() } else { adopted }
    }

    fn external_labels(&self) -> Labels {
        self.adopted_jobs.external_labels()
    }

    fn scrape_pools(&self) -> Vec<ScrapePool> {
        self.adopted_jobs.pools()
    }

    fn target_metadata(&self) -> Vec<TargetMetadata> {
        self.adopted_jobs.metadata()
    }

    fn alertmanagers(&self) -> [Vec<String>; 2] {
        let status = self.adopted_jobs.alertmanagers();
        [status.active.into_keys().collect(), status.dropped]
    }

    fn last_reload(&self) -> Reload {
        self.adopted_jobs.last_reload()
    }

    fn reload(&self) -> Result<(), String> {
        self.adopted_jobs.reload(&self.config)
    }

    fn flags(&self) -> BTreeMap<String, String> {
        self.flags.clone()
    }

    fn started_at(&self) -> Timestamp {
        self.started_at
    }
}

impl serve::ReceiverTests for App {
    fn test(&self, receiver: String) -> BoxFuture<'_, Option<ReceiverTest>> {
        Box::pin(async move { self.adopted_jobs.test_receiver(&receiver).await })
    }
}

impl serve::Replays for App {
    fn replay(&self, request: ReplayRequest) -> BoxFuture<'_, Result<ReplayAnswer, QueryError>> {
        Box::pin(self.adopted_jobs.replay(request))
    }
}

impl serve::RuleFiles for App {
    fn list(&self) -> RuleFileList {
        self.adopted_jobs.rule_files()
    }

    fn save(&self, name: &str, save: &RuleFileSave) -> Result<RuleFileEntry, RuleFileFault> {
        self.adopted_jobs.save_rule_file(name, save, &self.config)
    }
}

fn milliseconds(timestamp: Timestamp) -> i64 {
    timestamp.div_euclid(MILLISECOND)
}
