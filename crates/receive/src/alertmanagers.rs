//! Sends alerts to Alertmanagers: the section `alerting` of a `prometheus.yml`.
//!
//! Every Alertmanager gets all alerts. Each has a queue of its own, of which the oldest alerts are
//! dropped when it is full. Source: Prometheus' document "Configuration" and its package `notifier`.

mod endpoint;
mod send_loop;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use adopt::prometheus::{Alerting, AlertmanagerConfig};
use http_client::{HostAddresses, HttpClient};
use parking_lot::Mutex;
use signals::Labels;
use signals::metric::LabelsBuilder;
use signals::relabel::{self, Rule};
use tokio_util::task::AbortOnDropHandle;

use self::endpoint::Endpoint;
pub use self::send_loop::Counts;
use self::send_loop::SendLoop;
use crate::discovery::{self, TargetGroup};

/// An alert as Alertmanagers take it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutgoingAlert {
    /// What identifies it.
    pub labels: Labels,
    /// Texts about it.
    pub annotations: BTreeMap<String, String>,
    /// When it fired, in milliseconds since 1970.
    pub starts_at_ms: i64,
    /// When it ended, or until when it counts as firing.
    pub ends_at_ms: i64,
    /// Where it comes from.
    pub generator_url: String,
}

/// The Alertmanagers of a server.
pub struct Alertmanagers {
    addresses: Arc<HostAddresses>,
    state: Mutex<State>,
}

struct State {
    external_labels: Labels,
    rules: Vec<Rule>,
    groups: Vec<Group>,
}

impl State {
    fn labelled(&self, alerts: Vec<OutgoingAlert>) -> Vec<Arc<OutgoingAlert>> {
        let external: Vec<_> = self.external_labels.iter().collect();
        let labelled = alerts.into_iter().map(|mut alert| {
            let own = alert.labels.iter();
            alert.labels = Labels::from_pairs(external.iter().copied().chain(own));
            alert
        });
        labelled.filter_map(|alert| relabelled(&self.rules, Arc::new(alert))).collect()
    }
}

/// The Alertmanagers of one entry of `alertmanagers`.
struct Group {
    config: AlertmanagerConfig,
    found: Arc<Mutex<Found>>,
    _sync: AbortOnDropHandle<()>,
}

/// What discovery has found.
#[derive(Default)]
struct Found {
    active: BTreeMap<String, SendLoop>,
    dropped: Vec<String>,
}

/// The addresses of Alertmanagers, and what was sent to each.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct AlertmanagersStatus {
    /// Those that get alerts, by their URL.
    pub active: BTreeMap<String, Counts>,
    /// Those that relabelling drops.
    pub dropped: Vec<String>,
}

impl std::fmt::Debug for Alertmanagers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Alertmanagers").field("status", &self.status()).finish_non_exhaustive()
    }
}

impl Alertmanagers {
    /// No Alertmanagers yet. `addresses` are those of host names.
    #[must_use]
    pub fn new(addresses: HostAddresses) -> Self {
        let (rules, groups) = (Vec::new(), Vec::new());
        let state = State { external_labels: Labels::empty(), rules, groups };
        Self { addresses: Arc::new(addresses), state: Mutex::new(state) }
    }

    /// Uses a configuration from now on. Alertmanagers that are in both keep their queues.
    ///
    /// # Errors
    /// What is wrong with the settings of an HTTP client; everything stays as it was.
    pub fn apply(&self, alerting: Alerting, external_labels: Labels) -> Result<(), String> {
        let mut state = self.state.lock();
        let mut clients = Vec::new();
        for config in &alerting.alertmanagers {
            clients.push(HttpClient::new(&config.http, &self.addresses)?);
        }
        let mut old = std::mem::take(&mut state.groups);
        for (config, client) in alerting.alertmanagers.into_iter().zip(clients) {
            let known = old.iter().position(|group| group.config == config);
            let group = known.map(|at| old.swap_remove(at));
            let group = group.unwrap_or_else(|| Group::start(config, client, &self.addresses));
            state.groups.push(group);
        }
        state.rules = alerting.alert_relabel_configs;
        state.external_labels = external_labels;
        Ok(())
    }

    /// Puts alerts into the queues, and returns them as an Alertmanager without rules of its own
    /// gets them: with external labels, after `alert_relabel_configs`.
    pub fn send(&self, alerts: Vec<OutgoingAlert>) -> Vec<Arc<OutgoingAlert>> {
        let state = self.state.lock();
        let alerts = state.labelled(alerts);
        for group in &state.groups {
            let rules = &group.config.alert_relabel_configs;
            let alerts: Vec<_> =
                alerts.iter().filter_map(|alert| relabelled(rules, Arc::clone(alert))).collect();
            for endpoint in group.found.lock().active.values() {
                endpoint.add(&alerts);
            }
        }
        alerts
    }

    /// What [`Self::send`] returns, without sending.
    pub fn labelled(&self, alerts: Vec<OutgoingAlert>) -> Vec<Arc<OutgoingAlert>> {
        self.state.lock().labelled(alerts)
    }

    /// All Alertmanagers.
    #[must_use]
    pub fn status(&self) -> AlertmanagersStatus {
        let mut status = AlertmanagersStatus::default();
        for group in &self.state.lock().groups {
            let found = group.found.lock();
            let active = found.active.iter().map(|(url, queue)| (url.clone(), queue.counts()));
            status.active.extend(active);
            status.dropped.extend(found.dropped.iter().cloned());
        }
        status
    }

    /// Waits until the queues are empty, but not longer than this.
    pub async fn drain(&self, within: Duration) {
        let is_empty = || self.status().active.values().all(|counts| counts.is_idle);
        let wait = async {
            while !is_empty() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        if tokio::time::timeout(within, wait).await.is_err() {
            tracing::warn!("some alerts were not sent to an Alertmanager before the end");
        }
    }
}

/// The alert with other labels; `None` if the rules drop it.
fn relabelled(rules: &[Rule], alert: Arc<OutgoingAlert>) -> Option<Arc<OutgoingAlert>> {
    if rules.is_empty() {
        return Some(alert);
    }
    let mut builder = LabelsBuilder::new(alert.labels.clone());
    relabel::apply(rules, &mut builder).then(|| {
        let labels = builder.labels();
        if labels == alert.labels {
            return alert;
        }
        Arc::new(OutgoingAlert { labels, ..OutgoingAlert::clone(&alert) })
    })
}

impl Group {
    fn start(
        config: AlertmanagerConfig,
        client: HttpClient,
        addresses: &Arc<HostAddresses>,
    ) -> Self {
        let found = Arc::new(Mutex::new(Found::default()));
        let sync = sync(config.clone(), client, Arc::clone(addresses), Arc::clone(&found));
        Self { config, found, _sync: AbortOnDropHandle::new(tokio::spawn(sync)) }
    }
}

/// Follows the discoveries of a group.
async fn sync(
    config: AlertmanagerConfig,
    client: HttpClient,
    addresses: Arc<HostAddresses>,
    found: Arc<Mutex<Found>>,
) {
    let started = discovery::start("alertmanagers", &config.discovery, &addresses);
    let mut updates = match started {
        Ok((updates, _)) => updates,
        Err(error) => {
            tracing::error!(error, "the discovery of Alertmanagers cannot start");
            return;
        }
    };
    let mut groups: HashMap<usize, Vec<TargetGroup>> = HashMap::new();
    while let Some(update) = updates.recv().await {
        groups.insert(update.discovery, update.groups);
        let targets = groups.values().flatten().flat_map(TargetGroup::targets);
        let mut found = found.lock();
        let mut before = std::mem::take(&mut found.active);
        found.dropped.clear();
        for target in targets {
            match Endpoint::discover(&target, &config) {
                Ok(Endpoint::Active(url)) => {
                    let known = before.remove(url.as_str());
                    found.active.entry(url.to_string()).or_insert_with(|| {
                        known
                            .unwrap_or_else(|| SendLoop::start(client.clone(), url, config.timeout))
                    });
                }
                Ok(Endpoint::Dropped(url)) => found.dropped.push(url),
                Err(error) => tracing::warn!(error, "an Alertmanager cannot be sent to"),
            }
        }
    }
}
