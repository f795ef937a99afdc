//! Sends one notification, with retries.
//!
//! Specification: `notify/retry_stage.go` of Alertmanager. A receiver that asks to wait is not asked
//! again before, which Alertmanager does not heed.

use std::sync::Arc;
use std::time::Duration;

use notify::{Failure, Reason, Sent};
use signals::Clock;

use super::timer::{Timer, within};
use super::{Notifier, Shared};
use crate::alertmanager::{Dispatch, Outcome};
use crate::metrics::Metrics;

/// The first pause between tries.
const PAUSE_MIN: Duration = Duration::from_millis(500);
/// By which factor pauses grow.
const PAUSE_GROWTH: f64 = 1.5;
/// The longest pause.
const PAUSE_MAX: Duration = Duration::from_secs(60);

/// Sends, and reports the outcome.
pub(super) async fn deliver(shared: Arc<Shared>, dispatch: Dispatch, notifier: Option<Notifier>) {
    let clock = Arc::clone(&shared.clock);
    let metrics = shared.change(|alertmanager, _| alertmanager.metrics().clone());
    let started = clock.monotonic();
    let (id, integration) = (dispatch.id, dispatch.integration.clone());
    let alerts = dispatch.notification.alerts.len();
    let timer = Arc::clone(&shared.timer);
    let delivery = Delivery { dispatch, notifier, metrics, clock: Arc::clone(&clock), timer };
    // A task of its own, so that an integration that panics fails like any other.
    let (result, attempts) = match tokio::spawn(delivery.send()).await {
        Ok(sent) => sent,
        Err(error) => (Err(failure(Reason::Other, &format!("the task has failed: {error}"))), 1),
    };
    let duration = clock.monotonic().saturating_sub(started);
    match &result {
        Ok(_) if attempts > 1 => {
            tracing::info!(%integration, attempts, alerts, "sent a notification");
        }
        Ok(_) => tracing::debug!(%integration, alerts, "sent a notification"),
        Err(failure) => {
            let error = &failure.message;
            tracing::error!(%integration, attempts, alerts, error, "did not send a notification");
        }
    }
    let mut state = shared.state.lock();
    let now = state.now(&*shared.clock);
    state.alertmanager.finished(id, Outcome { result, attempts, duration }, now);
    state.changes += 1;
    drop(state);
    shared.changed.notify_one();
}

struct Delivery {
    dispatch: Dispatch,
    notifier: Option<Notifier>,
    metrics: Metrics,
    clock: Arc<dyn Clock>,
    timer: Arc<dyn Timer>,
}

impl Delivery {
    /// Tries until it succeeds, fails for good or has no time left. Returns also the number of tries.
    async fn send(self) -> (Result<Sent, Failure>, u32) {
        let deadline = self.clock.monotonic().saturating_add(self.dispatch.timeout);
        let left = || deadline.saturating_sub(self.clock.monotonic());
        let Some(notifier) = &self.notifier else {
            return (Err(failure(Reason::Other, "the integration is not supported")), 0);
        };
        let (mut attempts, mut pause, mut last) = (0, PAUSE_MIN, None);
        loop {
            let attempt = self.attempt(notifier, &mut attempts);
            let Some(result) = within(&*self.timer, left(), attempt).await else {
                return (Err(last.unwrap_or_else(too_late)), attempts);
            };
            let failure = match result {
                Err(failure) if failure.is_retryable => failure,
                result => return (result, attempts),
            };
            let jitter = 0.5 + rand::random::<f64>();
            let wait = pause.mul_f64(jitter).max(failure.retry_after.unwrap_or_default());
            pause = pause.mul_f64(PAUSE_GROWTH).min(PAUSE_MAX);
            if last.as_ref().is_none_or(|last: &Failure| last.message != failure.message) {
                let (integration, error) = (&self.dispatch.integration, &failure.message);
                tracing::warn!(%integration, attempts, error, "a notification is tried again later");
            }
            self.timer.sleep(wait.min(left())).await;
            if left().is_zero() {
                return (Err(failure), attempts);
            }
            last = Some(failure);
        }
    }

    /// One try.
    async fn attempt(&self, notifier: &Notifier, attempts: &mut u32) -> Result<Sent, Failure> {
        // The semaphore is never closed.
        let _try = notifier.tries.acquire().await;
        *attempts += 1;
        let attempt = Attempt { delivery: self, started: self.clock.monotonic(), has_failed: true };
        let result = notifier.notify.notify(&self.dispatch.notification).await;
        attempt.end(result.is_err());
        result
    }
}

/// Counts a try, also one that is cancelled.
struct Attempt<'d> {
    delivery: &'d Delivery,
    started: Duration,
    has_failed: bool,
}

impl Attempt<'_> {
    fn end(mut self, has_failed: bool) {
        self.has_failed = has_failed;
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        let Delivery { dispatch, metrics, clock, .. } = self.delivery;
        let duration = clock.monotonic().saturating_sub(self.started);
        metrics.tried(dispatch.integration.name, duration, self.has_failed);
    }
}

fn too_late() -> Failure {
    failure(Reason::DeadlineExceeded, "the receiver did not answer in time")
}

fn failure(reason: Reason, message: &str) -> Failure {
    let (message, unsent) = (message.to_owned(), String::new());
    Failure { message, is_retryable: false, retry_after: None, reason, unsent }
}
