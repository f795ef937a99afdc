//! An alert and its states.

use std::collections::BTreeMap;

use signals::Labels;

/// The state of an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AlertState {
    /// The condition has ended.
    Inactive,
    /// The condition holds, and not yet for as long as the rule demands.
    Pending,
    /// The condition has held for long enough.
    Firing,
}

impl AlertState {
    /// The name in the label `alertstate` and in the API.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Inactive => "inactive",
            Self::Pending => "pending",
            Self::Firing => "firing",
        }
    }
}

/// An alert of a rule: one series of its condition. Times are in milliseconds since 1970.
#[derive(Debug, Clone, PartialEq)]
pub struct Alert {
    /// Its state.
    pub state: AlertState,
    /// Labels of the series and of the rule, with `alertname`.
    pub labels: Labels,
    /// The expanded annotations.
    pub annotations: BTreeMap<String, String>,
    /// The value of the series at the last evaluation that returned it.
    pub value: f64,
    /// When it became active, or as of when it counts as active after a restart.
    pub active_at_ms: i64,
    /// When it fired.
    pub fired_at_ms: Option<i64>,
    /// When it became inactive after it had fired.
    pub resolved_at_ms: Option<i64>,
    /// When it was last sent.
    pub last_sent_at_ms: Option<i64>,
    /// Until when a recipient treats it as firing if it is not sent again.
    pub valid_until_ms: Option<i64>,
    /// The first evaluation that did not return it while the rule keeps it firing.
    pub keep_firing_since_ms: Option<i64>,
}

impl Alert {
    /// Whether it is sent at `now_ms`: when it fires, when it is resolved, and again after
    /// `resend_ms`.
    pub(crate) fn is_due(&self, now_ms: i64, resend_ms: i64) -> bool {
        if self.state == AlertState::Pending {
            return false;
        }
        let Some(last) = self.last_sent_at_ms else { return true };
        self.resolved_at_ms.is_some_and(|resolved| resolved > last)
            || last.saturating_add(resend_ms) < now_ms
    }

    /// Moves all times back.
    pub(crate) fn move_back(&mut self, back_ms: i64) {
        let times = [
            Some(&mut self.active_at_ms),
            self.fired_at_ms.as_mut(),
            self.resolved_at_ms.as_mut(),
            self.last_sent_at_ms.as_mut(),
            self.valid_until_ms.as_mut(),
            self.keep_firing_since_ms.as_mut(),
        ];
        for time in times.into_iter().flatten() {
            *time = time.saturating_sub(back_ms);
        }
    }
}
