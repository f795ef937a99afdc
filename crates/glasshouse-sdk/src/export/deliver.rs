//! Delivers an encoded batch to its backend: retries where useful, counts the result, and logs
//! errors at a limited rate.

use super::{
    otlp::rejections,
    settings::Signal,
    statistics::{ExportStatistics, SignalStatistics, add},
    stop::Stop,
    transport::{Outcome, Transport},
    warnings::{Fault, LoggedReasons, TARGET, printable},
};
use bytes::Bytes;
use std::{
    hash::{BuildHasher, RandomState},
    sync::Arc,
    time::Duration,
};
use tokio::time::Instant;

const LONGEST_RETRY: Duration = Duration::from_secs(30);
/// Attempts per batch during shutdown, and the delay between them.
const LAST_TRIES: u32 = 3;
const LAST_TRY_DELAY: Duration = Duration::from_millis(200);

/// The result of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Delivered {
    /// The backend accepted the batch or rejected it for good.
    Answered,
    /// The time ran out.
    Left,
}

enum Ended {
    Accepted(Bytes),
    Refused,
    GaveUp,
}

/// Delivers the batches of one signal to one backend.
pub(super) struct Deliverer {
    signal: Signal,
    transport: Transport,
    statistics: Arc<ExportStatistics>,
    stop: Stop,
    first_retry: Duration,
    logged: LoggedReasons,
    /// Whether an error was logged and no batch has been accepted since.
    failing: bool,
    random: RandomState,
}

impl Deliverer {
    pub(super) fn new(
        signal: Signal,
        transport: Transport,
        statistics: Arc<ExportStatistics>,
        stop: Stop,
        first_retry: Duration,
    ) -> Self {
        Self {
            signal,
            transport,
            statistics,
            stop,
            first_retry,
            logged: LoggedReasons::default(),
            failing: false,
            random: RandomState::new(),
        }
    }

    /// Delivers `body`, which holds `items`. Retries until the backend responds, until `until`, or
    /// until the shutdown deadline, after which the items count as dropped.
    pub(super) async fn deliver(
        &mut self,
        body: Bytes,
        items: u64,
        until: Option<Instant>,
    ) -> Delivered {
        let mut stop = self.stop.clone();
        let ended = tokio::select! {
            biased;
            ended = self.attempts(&body, until) => ended,
            () = stop.expired() => Ended::GaveUp,
        };
        match ended {
            Ended::Accepted(answer) => {
                let rejected = self.rejected(&answer, items);
                add(&self.counts().exported, items.saturating_sub(rejected));
                add(&self.counts().dropped_rejected, rejected);
                Delivered::Answered
            }
            Ended::Refused => {
                add(&self.counts().dropped_rejected, items);
                Delivered::Answered
            }
            Ended::GaveUp => {
                // Otherwise the next push of metrics, which contains at least as much, replaces it.
                if self.stop.deadline().is_some() {
                    add(&self.counts().dropped_shutdown, items);
                }
                Delivered::Left
            }
        }
    }

    /// Counts and logs a batch that could not be encoded.
    pub(super) fn not_encoded(&mut self, items: u64) {
        add(&self.counts().dropped_rejected, items);
        self.log_fault(&Fault::new("encode", "a batch could not be encoded"), "it is dropped");
    }

    fn counts(&self) -> &SignalStatistics {
        self.statistics.of(self.signal)
    }

    async fn attempts(&mut self, body: &Bytes, until: Option<Instant>) -> Ended {
        let mut delay = self.first_retry;
        let mut last_tries = 0;
        loop {
            if self.stop.deadline().is_some() {
                last_tries += 1;
            }
            match self.transport.send(body.clone()).await {
                Outcome::Accepted(answer) => {
                    self.recovered();
                    return Ended::Accepted(answer);
                }
                Outcome::Refused(fault) => {
                    add(&self.counts().failed_exports, 1);
                    self.log_fault(&fault, "the batch is dropped");
                    return Ended::Refused;
                }
                Outcome::Later { after, fault } => {
                    add(&self.counts().failed_exports, 1);
                    self.failing |= self.log_fault(&fault, "it is tried again");
                    let wait = after.map_or_else(
                        || jittered(delay, &self.random),
                        |after| after.max(self.first_retry),
                    );
                    delay = delay.mul_f64(1.5).min(LONGEST_RETRY);
                    if !self.pause(wait, after.is_some(), last_tries, until).await {
                        return Ended::GaveUp;
                    }
                }
            }
        }
    }

    /// Waits before the next attempt; false if there is none.
    async fn pause(
        &mut self,
        wait: Duration,
        asked_for: bool,
        last_tries: u32,
        until: Option<Instant>,
    ) -> bool {
        let now = Instant::now();
        let Some(next) = now.checked_add(wait) else { return false };
        if self.stop.deadline().is_none() {
            if until.is_some_and(|until| next >= until) {
                return false;
            }
            tokio::select! {
                () = tokio::time::sleep_until(next) => return true,
                _ = self.stop.ordered() => {}
            }
        }
        // During shutdown: a few quick attempts, but not before the time requested by the backend.
        let next = match (asked_for, last_tries) {
            (true, _) => next,
            (false, 0) => return true,
            (false, _) => Instant::now() + LAST_TRY_DELAY,
        };
        if last_tries >= LAST_TRIES || self.stop.deadline().is_none_or(|end| next >= end) {
            return false;
        }
        tokio::time::sleep_until(next).await;
        true
    }

    fn recovered(&mut self) {
        if std::mem::take(&mut self.failing) {
            tracing::info!(
                target: TARGET,
                signal = self.signal.as_str(),
                endpoint = self.transport.endpoint(),
                "the export works again"
            );
        }
    }

    fn rejected(&mut self, answer: &[u8], items: u64) -> u64 {
        if !self.transport.is_otlp() {
            return 0;
        }
        let Some((rejected, message)) = rejections(answer) else { return 0 };
        let rejected = rejected.min(items);
        if self.logged.is_new("partial success") {
            tracing::warn!(
                target: TARGET,
                signal = self.signal.as_str(),
                endpoint = self.transport.endpoint(),
                rejected,
                message = %printable(&message),
                "the backend took only a part of a batch, or warns of it"
            );
        }
        rejected
    }

    /// Logs an error, unless it was logged recently; returns whether it did.
    fn log_fault(&mut self, fault: &Fault, consequence: &str) -> bool {
        let is_new = self.logged.is_new(&fault.kind);
        if is_new {
            tracing::warn!(
                target: TARGET,
                signal = self.signal.as_str(),
                endpoint = self.transport.endpoint(),
                reason = %fault.detail,
                "an export failed; {consequence}"
            );
        }
        is_new
    }
}

/// `delay` with a random factor from 0.8 to 1.2, so that services do not retry in lockstep.
fn jittered(delay: Duration, random: &RandomState) -> Duration {
    // A hash of the time is random enough and needs no other crate.
    let random = random.hash_one(Instant::now()) % 401;
    delay.mul_f64((800 + random) as f64 / 1000.0).min(LONGEST_RETRY)
}
