//! Drives an Alertmanager through time at once: from event to event, without waiting.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use notify::{Notification, Sent};
use signals::Timestamp;

use crate::alertmanager::{Alertmanager, Configuration, Dispatch, DispatchId, Outcome, Receipt};
use crate::api::{ApiError, PostableAlert, PostableSilence};
use crate::limits::Limits;
use crate::notification_log::IntegrationKey;
use crate::silences::SilenceError;
use crate::time::after;

/// A notification that would have been sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SimulatedNotification {
    /// When the first try starts, in nanoseconds since 1970.
    pub at: Timestamp,
    /// The receiver and the integration.
    pub integration: IntegrationKey,
    /// What would be sent.
    pub notification: Notification,
    /// Why it was not sent; `None` if it was.
    pub error: Option<String>,
}

/// What receivers answer.
type Answer = Box<dyn FnMut(&Dispatch, Timestamp) -> Outcome + Send>;

/// An Alertmanager with a clock that is moved by hand. Everything is sent at once, unless
/// [`Self::answering`] says otherwise.
pub struct Simulation {
    alertmanager: Alertmanager,
    now: Timestamp,
    answer: Answer,
    /// Outcomes by the time at which they are known.
    outcomes: BTreeMap<(Timestamp, DispatchId), Outcome>,
    silences: u64,
}

impl fmt::Debug for Simulation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Simulation").field("now", &self.now).finish_non_exhaustive()
    }
}

impl Simulation {
    /// A simulation that starts at `now`.
    #[must_use]
    pub fn new(configuration: Configuration, limits: Limits, now: Timestamp) -> Self {
        let sent = |_: &Dispatch, _: Timestamp| Outcome {
            result: Ok(Sent::default()),
            attempts: 1,
            duration: Duration::ZERO,
        };
        Self {
            alertmanager: Alertmanager::new(configuration, limits, now),
            now,
            answer: Box::new(sent),
            outcomes: BTreeMap::new(),
            silences: 0,
        }
    }

    /// Lets receivers answer as `answer` says, which gets each notification and its time.
    #[must_use]
    pub fn answering(
        mut self,
        answer: impl FnMut(&Dispatch, Timestamp) -> Outcome + Send + 'static,
    ) -> Self {
        self.answer = Box::new(answer);
        self
    }

    /// What would be sent for these alerts, each with the time at which it arrives, until `until`.
    /// The times ascend.
    #[must_use]
    pub fn replay(
        mut self,
        alerts: impl IntoIterator<Item = (Timestamp, Vec<PostableAlert>)>,
        until: Timestamp,
    ) -> Vec<SimulatedNotification> {
        let mut sent = Vec::new();
        for (at, alerts) in alerts {
            sent.extend(self.advance_to(at));
            self.receive(alerts);
        }
        sent.extend(self.advance_to(until));
        sent
    }

    /// The state.
    pub fn alertmanager(&self) -> &Alertmanager {
        &self.alertmanager
    }

    /// The time, in nanoseconds since 1970.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// As [`Alertmanager::receive`].
    pub fn receive(&mut self, alerts: Vec<PostableAlert>) -> Receipt {
        self.alertmanager.receive(alerts, self.now)
    }

    /// As [`Alertmanager::set_silence`].
    ///
    /// # Errors
    /// As that.
    pub fn set_silence(&mut self, silence: PostableSilence) -> Result<String, ApiError> {
        self.silences += 1;
        let new_id = format!("00000000-0000-4000-8000-{:012}", self.silences);
        self.alertmanager.set_silence(silence, new_id, self.now)
    }

    /// As [`Alertmanager::expire_silence`].
    ///
    /// # Errors
    /// As that.
    pub fn expire_silence(&mut self, id: &str) -> Result<(), SilenceError> {
        self.alertmanager.expire_silence(id, self.now)
    }

    /// As [`Alertmanager::reload`].
    pub fn reload(&mut self, configuration: Configuration) {
        self.alertmanager.reload(configuration, self.now);
    }

    /// Sets the wall clock, as an administrator or a time daemon would.
    pub fn jump_to(&mut self, now: Timestamp) {
        let by = now.saturating_sub(self.now);
        self.alertmanager.clock_jumped(by, now);
        let outcomes = std::mem::take(&mut self.outcomes).into_iter();
        let moved = outcomes.map(|((at, id), outcome)| ((at.saturating_add(by), id), outcome));
        self.outcomes = moved.collect();
        self.now = now;
    }

    /// Moves the clock forwards, and returns what is sent meanwhile.
    pub fn advance_to(&mut self, until: Timestamp) -> Vec<SimulatedNotification> {
        let mut sent = Vec::new();
        loop {
            let outcome = self.outcomes.first_key_value().map(|((at, _), _)| *at);
            let wakeup = self.alertmanager.next_wakeup();
            let next = outcome.map_or(wakeup, |outcome| outcome.min(wakeup));
            if next > until || next == i64::MAX {
                break;
            }
            self.now = self.now.max(next);
            if outcome == Some(next)
                && let Some(((_, id), outcome)) = self.outcomes.pop_first()
            {
                self.alertmanager.finished(id, outcome, self.now);
                continue;
            }
            for dispatch in self.alertmanager.advance(self.now) {
                let outcome = (self.answer)(&dispatch, self.now);
                let known_at = after(self.now, outcome.duration);
                sent.push(SimulatedNotification {
                    at: self.now,
                    integration: dispatch.integration,
                    notification: dispatch.notification,
                    error: outcome.result.as_ref().err().map(|failure| failure.message.clone()),
                });
                self.outcomes.insert((known_at, dispatch.id), outcome);
            }
        }
        self.now = self.now.max(until);
        sent
    }
}
