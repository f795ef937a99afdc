//! The queue of one Alertmanager.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{HeaderMap, Method};
use http_client::{HttpClient, without_password};
use parking_lot::Mutex;
use serde::Serialize;
use signals::time::{MILLISECOND, to_rfc3339};
use tokio::sync::Notify;
use tokio_util::task::AbortOnDropHandle;
use url::Url;

use super::OutgoingAlert;

/// Alerts that wait for one Alertmanager, as in Prometheus.
const QUEUE_MAX: usize = 10_000;
/// Alerts of one request, as in Prometheus.
const BATCH_MAX: usize = 256;
/// Bytes of a response that are read.
const RESPONSE_BYTES_MAX: usize = 64 << 10;

/// What became of the alerts for one Alertmanager.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Alerts that were sent.
    pub sent: u64,
    /// Alerts that could not be sent.
    pub errors: u64,
    /// Alerts that were not sent: they could not be, or the queue was full.
    pub dropped: u64,
    /// Alerts that wait.
    pub queued: usize,
    /// Whether none waits or is being sent.
    pub is_idle: bool,
}

/// Sends alerts to one Alertmanager, in the order in which they come.
pub(super) struct SendLoop {
    shared: Arc<Shared>,
    _task: AbortOnDropHandle<()>,
}

#[derive(Default)]
struct Shared {
    queue: Mutex<VecDeque<Arc<OutgoingAlert>>>,
    has_work: Notify,
    is_sending: AtomicBool,
    sent: AtomicU64,
    errors: AtomicU64,
    dropped: AtomicU64,
}

/// The form of the API.
#[derive(Serialize)]
struct PostableAlert<'a> {
    labels: BTreeMap<&'a str, &'a str>,
    annotations: &'a BTreeMap<String, String>,
    #[serde(rename = "startsAt")]
    starts_at: String,
    #[serde(rename = "endsAt")]
    ends_at: String,
    #[serde(rename = "generatorURL")]
    generator_url: &'a str,
}

impl SendLoop {
    pub(super) fn start(client: HttpClient, url: Url, timeout: Duration) -> Self {
        let shared = Arc::new(Shared::default());
        let task = tokio::spawn(run(Arc::clone(&shared), client, url, timeout));
        Self { shared, _task: AbortOnDropHandle::new(task) }
    }

    /// Adds alerts. If there is no room, the oldest are dropped: a newer one says more.
    pub(super) fn add(&self, alerts: &[Arc<OutgoingAlert>]) {
        let mut queue = self.shared.queue.lock();
        queue.extend(alerts.iter().cloned());
        let excess = queue.len().saturating_sub(QUEUE_MAX);
        if excess > 0 {
            queue.drain(..excess);
            tracing::warn!(dropped = excess, "the queue of an Alertmanager is full");
            self.shared.dropped.fetch_add(excess as u64, Ordering::Relaxed);
        }
        drop(queue);
        self.shared.has_work.notify_one();
    }

    pub(super) fn counts(&self) -> Counts {
        let shared = &self.shared;
        let queued = shared.queue.lock().len();
        let is_sending = shared.is_sending.load(Ordering::SeqCst);
        Counts {
            sent: shared.sent.load(Ordering::Relaxed),
            errors: shared.errors.load(Ordering::Relaxed),
            dropped: shared.dropped.load(Ordering::Relaxed),
            queued,
            is_idle: queued == 0 && !is_sending,
        }
    }
}

impl Shared {
    /// The next alerts; marks them as being sent before they leave the queue.
    fn next(&self) -> Vec<Arc<OutgoingAlert>> {
        let mut queue = self.queue.lock();
        self.is_sending.store(!queue.is_empty(), Ordering::SeqCst);
        let count = queue.len().min(BATCH_MAX);
        queue.drain(..count).collect()
    }
}

async fn run(shared: Arc<Shared>, client: HttpClient, url: Url, timeout: Duration) {
    loop {
        let batch = shared.next();
        if batch.is_empty() {
            shared.has_work.notified().await;
            continue;
        }
        let count = batch.len() as u64;
        match send(&client, &url, &batch, timeout).await {
            Ok(()) => {
                shared.sent.fetch_add(count, Ordering::Relaxed);
            }
            Err(error) => {
                // They are sent again at the next evaluations of their rules.
                let url = without_password(&url);
                tracing::error!(alertmanager = url, alerts = count, error, "alerts were not sent");
                shared.errors.fetch_add(count, Ordering::Relaxed);
                shared.dropped.fetch_add(count, Ordering::Relaxed);
            }
        }
    }
}

async fn send(
    client: &HttpClient,
    url: &Url,
    batch: &[Arc<OutgoingAlert>],
    timeout: Duration,
) -> Result<(), String> {
    let alerts: Vec<_> = batch.iter().map(|alert| PostableAlert::from(alert.as_ref())).collect();
    let body = serde_json::to_vec(&alerts).map_err(|error| error.to_string())?;
    let json = HeaderValue::from_static("application/json");
    let headers = HeaderMap::from_iter([(CONTENT_TYPE, json)]);
    let sent = client.send(Method::POST, url, headers, Bytes::from(body), RESPONSE_BYTES_MAX);
    let sent = tokio::time::timeout(timeout, sent).await;
    let posted = sent.map_err(|_elapsed| "context deadline exceeded".to_owned())??;
    if posted.status.is_success() {
        return Ok(());
    }
    Err(format!("bad response status {}", posted.status))
}

impl<'a> From<&'a OutgoingAlert> for PostableAlert<'a> {
    fn from(alert: &'a OutgoingAlert) -> Self {
        let time = |unix_ms: i64| to_rfc3339(unix_ms.saturating_mul(MILLISECOND));
        Self {
            labels: alert.labels.iter().collect(),
            annotations: &alert.annotations,
            starts_at: time(alert.starts_at_ms),
            ends_at: time(alert.ends_at_ms),
            generator_url: &alert.generator_url,
        }
    }
}
