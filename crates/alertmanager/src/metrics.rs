//! The metrics of Alertmanager, under its names.

use std::fmt;
use std::time::Duration;

use adopt::alertmanager::Config;
use notify::Reason;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use signals::Timestamp;

use crate::alertmanager::Alertmanager;
use crate::group::Mark;
use crate::silence::SilenceState;

type Label = (&'static str, &'static str);
type Counters<const LABELS: usize> = Family<[Label; LABELS], Counter>;

/// Why alerts are left out of notifications.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Suppressed {
    Silence,
    Inhibition,
    MuteTimeInterval,
    ActiveTimeInterval,
}

impl Suppressed {
    const ALL: [Self; 4] =
        [Self::Silence, Self::Inhibition, Self::MuteTimeInterval, Self::ActiveTimeInterval];

    fn labels(self) -> [Label; 1] {
        let name = match self {
            Self::Silence => "silence",
            Self::Inhibition => "inhibition",
            Self::MuteTimeInterval => "mute_time_interval",
            Self::ActiveTimeInterval => "active_time_interval",
        };
        [("reason", name)]
    }
}

const REASONS: [Reason; 6] = [
    Reason::ClientError,
    Reason::ServerError,
    Reason::DeadlineExceeded,
    Reason::AuthError,
    Reason::RateLimited,
    Reason::Other,
];

/// Counters and histograms. Clones share their values.
#[derive(Debug, Clone)]
pub struct Metrics {
    received: Counters<2>,
    invalid: Counters<1>,
    limited: Counter,
    groups_limited: Counter,
    notifications: Counters<1>,
    failed: Counters<2>,
    requests: Counters<1>,
    requests_failed: Counters<1>,
    suppressed: Counters<1>,
    latency: Family<[Label; 1], Histogram, fn() -> Histogram>,
    log_queries: Counter,
    log_dropped: Counter,
    maintenance: Counter,
    maintenance_errors: Counter,
    log_snapshot_bytes: Gauge,
    silences_snapshot_bytes: Gauge,
    damaged_records: Counter,
    receivers: Gauge,
    integrations: Gauge,
    inhibition_rules: Gauge,
}

impl Default for Metrics {
    fn default() -> Self {
        let latency: fn() -> Histogram = || Histogram::new([1.0, 5.0, 10.0, 15.0, 20.0]);
        let metrics = Self {
            received: Family::default(),
            invalid: Family::default(),
            limited: Counter::default(),
            groups_limited: Counter::default(),
            notifications: Family::default(),
            failed: Family::default(),
            requests: Family::default(),
            requests_failed: Family::default(),
            suppressed: Family::default(),
            latency: Family::new_with_constructor(latency),
            log_queries: Counter::default(),
            log_dropped: Counter::default(),
            maintenance: Counter::default(),
            maintenance_errors: Counter::default(),
            log_snapshot_bytes: Gauge::default(),
            silences_snapshot_bytes: Gauge::default(),
            damaged_records: Counter::default(),
            receivers: Gauge::default(),
            integrations: Gauge::default(),
            inhibition_rules: Gauge::default(),
        };
        for is_firing in [true, false] {
            drop(metrics.received.get_or_create(&received_labels(is_firing)));
        }
        drop(metrics.invalid.get_or_create(&[VERSION]));
        for why in Suppressed::ALL {
            drop(metrics.suppressed.get_or_create(&why.labels()));
        }
        metrics
    }
}

const VERSION: Label = ("version", "v2");

fn received_labels(is_firing: bool) -> [Label; 2] {
    [("status", if is_firing { "firing" } else { "resolved" }), VERSION]
}

impl Metrics {
    /// Registers the metrics with the process's own.
    pub fn register(&self, registry: &mut Registry) {
        let registry = registry.sub_registry_with_prefix("alertmanager");
        let mut counter = |name: &str, help: &str, metric: &Counter| {
            registry.register(name, help, metric.clone());
        };
        counter("alerts_limited", "Alerts for which there was no room", &self.limited);
        let help = "Alerts for whose group there was no room";
        counter("dispatcher_aggregation_group_limit_reached", help, &self.groups_limited);
        counter("nflog_queries", "Queries of the notification log", &self.log_queries);
        let help = "Entries of the notification log that were dropped because there were too many";
        counter("nflog_dropped", help, &self.log_dropped);
        let help = "Snapshots of silences and notification log";
        counter("nflog_maintenance", help, &self.maintenance);
        counter("silences_maintenance", help, &self.maintenance);
        let help = "Snapshots and records that could not be written";
        counter("nflog_maintenance_errors", help, &self.maintenance_errors);
        counter("silences_maintenance_errors", help, &self.maintenance_errors);
        let help = "Records of silences and notification log that were damaged on disk";
        counter("damaged_records", help, &self.damaged_records);
        let mut gauge = |name: &str, help: &str, metric: &Gauge| {
            registry.register(name, help, metric.clone());
        };
        let help = "Size of the last snapshot";
        gauge("nflog_snapshot_size_bytes", help, &self.log_snapshot_bytes);
        gauge("silences_snapshot_size_bytes", help, &self.silences_snapshot_bytes);
        gauge("receivers", "Receivers that routes use", &self.receivers);
        gauge("integrations", "Integrations of these receivers", &self.integrations);
        gauge("inhibition_rules", "Inhibition rules", &self.inhibition_rules);
        registry.register("alerts_received", "Received alerts", self.received.clone());
        registry.register(
            "alerts_invalid",
            "Received alerts that were invalid",
            self.invalid.clone(),
        );
        let help = "Notifications that were tried to send";
        registry.register("notifications", help, self.notifications.clone());
        let help = "Notifications that could not be sent";
        registry.register("notifications_failed", help, self.failed.clone());
        let help = "Tries to send a notification";
        registry.register("notification_requests", help, self.requests.clone());
        let help = "Tries to send a notification that failed";
        registry.register("notification_requests_failed", help, self.requests_failed.clone());
        let help = "Alerts that were left out of notifications";
        registry.register("notifications_suppressed", help, self.suppressed.clone());
        let help = "Duration of tries to send a notification";
        registry.register("notification_latency_seconds", help, self.latency.clone());
    }

    pub(crate) fn received(&self, is_firing: bool) {
        self.received.get_or_create(&received_labels(is_firing)).inc();
    }

    pub(crate) fn invalid(&self) {
        self.invalid.get_or_create(&[VERSION]).inc();
    }

    pub(crate) fn limited(&self) {
        self.limited.inc();
    }

    pub(crate) fn group_limited(&self) {
        self.groups_limited.inc();
    }

    pub(crate) fn notification(&self, integration: &'static str) {
        self.notifications.get_or_create(&[("integration", integration)]).inc();
    }

    pub(crate) fn failed(&self, integration: &'static str, reason: Reason) {
        let labels = [("integration", integration), ("reason", reason.name())];
        self.failed.get_or_create(&labels).inc();
    }

    pub(crate) fn tried(&self, integration: &'static str, duration: Duration, has_failed: bool) {
        let labels = [("integration", integration)];
        self.requests.get_or_create(&labels).inc();
        self.requests_failed.get_or_create(&labels).inc_by(u64::from(has_failed));
        self.latency.get_or_create(&labels).observe(duration.as_secs_f64());
    }

    pub(crate) fn suppressed(&self, why: Suppressed, alerts: usize) {
        self.suppressed.get_or_create(&why.labels()).inc_by(alerts as u64);
    }

    pub(crate) fn log_queried(&self) {
        self.log_queries.inc();
    }

    pub(crate) fn log_dropped(&self, entries: usize) {
        self.log_dropped.inc_by(entries as u64);
    }

    pub(crate) fn saved_snapshot(&self, silences_bytes: usize, log_bytes: usize) {
        self.maintenance.inc();
        self.silences_snapshot_bytes.set(silences_bytes as i64);
        self.log_snapshot_bytes.set(log_bytes as i64);
    }

    pub(crate) fn not_saved(&self) {
        self.maintenance_errors.inc();
    }

    pub(crate) fn damaged(&self, records: usize) {
        self.damaged_records.inc_by(records as u64);
    }

    /// Notes the sizes of a configuration, and starts its counters at zero.
    pub(crate) fn configured(&self, config: &Config) {
        let routes = config.route.all();
        let is_used = |name: &str| routes.iter().any(|route| route.receiver == name);
        let used: Vec<_> =
            config.receivers.iter().filter(|receiver| is_used(&receiver.name)).collect();
        let integrations = used.iter().flat_map(|receiver| &receiver.integrations);
        for integration in integrations.clone() {
            let label = ("integration", integration.name);
            for family in [&self.notifications, &self.requests, &self.requests_failed] {
                drop(family.get_or_create(&[label]));
            }
            drop(self.latency.get_or_create(&[label]));
            for reason in REASONS {
                drop(self.failed.get_or_create(&[label, ("reason", reason.name())]));
            }
        }
        self.receivers.set(used.len() as i64);
        self.integrations.set(integrations.count() as i64);
        self.inhibition_rules.set(config.inhibit_rules.len() as i64);
    }
}

/// Numbers of what is kept, counted when the metrics are read.
pub(crate) struct Counts {
    /// Firing alerts by state: unprocessed, active, suppressed.
    alerts: [(&'static str, u64); 3],
    silences: [(&'static str, u64); 3],
    groups: u64,
}

impl Counts {
    pub(crate) fn of(alertmanager: &Alertmanager, now: Timestamp) -> Self {
        let mut marks = std::collections::HashMap::new();
        let members = alertmanager.groups.iter().flat_map(|group| group.members.values());
        for member in members.filter(|member| !member.alert.is_resolved(now)) {
            let mark = marks.entry(member.alert.fingerprint).or_insert(member.mark);
            *mark = member.mark.max(*mark);
        }
        let marked = |mark: Mark| marks.values().filter(|found| **found == mark).count() as u64;
        let silences = |state: SilenceState| {
            let silences = alertmanager.silences.iter();
            silences.filter(|silence| silence.record.state(now) == state).count() as u64
        };
        Self {
            alerts: [
                ("active", marked(Mark::Active)),
                ("suppressed", marked(Mark::Suppressed)),
                ("unprocessed", marked(Mark::Unprocessed)),
            ],
            silences: SilenceState::ALL.map(|state| (state.name(), silences(state))),
            groups: alertmanager.groups.len() as u64,
        }
    }

    pub(crate) fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let states = [
            ("alertmanager_alerts", "Firing alerts by state", &self.alerts),
            ("alertmanager_silences", "Silences by state", &self.silences),
        ];
        for (name, help, counts) in states {
            let mut family = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
            for (state, count) in counts {
                let labels = [("state", *state)];
                ConstGauge::new(*count as i64).encode(family.encode_family(&labels)?)?;
            }
        }
        let (name, help) = ("alertmanager_dispatcher_aggregation_groups", "Groups of alerts");
        let groups = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
        ConstGauge::new(self.groups as i64).encode(groups)
    }
}
