//! Restoring since when alerts are active, after a restart.
//!
//! The time is the value of the series `ALERTS_FOR_STATE`, whose last sample says when the server
//! stopped. Prometheus' `docs/configuration/alerting_rules.md` does not describe it; the option is
//! `--rules.alert.for-outage-tolerance`.

use std::collections::HashMap;
use std::sync::Arc;

use signals::metric::{NAME_LABEL, is_stale};
use signals::{Labels, MatchOp, Matcher};

use crate::alerting::{ALERTS_FOR_STATE, AlertingRule};
use crate::evaluate::Settings;
use crate::rule::milliseconds;
use crate::{Definition, Environment, Group};

impl Group {
    /// Restores the alerts of all rules. A rule whose time cannot be read starts anew.
    pub(crate) async fn restore(
        &self,
        now_ms: i64,
        settings: &Settings,
        environment: &Arc<dyn Environment>,
    ) {
        let rules: Vec<_> = {
            let state = self.state.lock();
            let rules = state.rules.iter().enumerate();
            let rules = rules.filter(|(_, rule)| !rule.alerts.is_restored);
            rules.map(|(i, rule)| (i, Arc::clone(&rule.rule))).collect()
        };
        for (i, rule) in &rules {
            let Definition::Alerting(alerting) = &rule.definition else { continue };
            let mut since = HashMap::new();
            // A shorter `for` ends sooner than the grace period.
            if alerting.hold_ms >= milliseconds(settings.grace_period) {
                let start_ms = now_ms.saturating_sub(milliseconds(settings.outage_tolerance));
                match environment.last_samples(matchers(alerting), start_ms, now_ms).await {
                    Ok(samples) => since.extend(samples.into_iter().map(|sample| {
                        let labels = sample.labels.without(|name| name == NAME_LABEL);
                        (labels, (sample.timestamp_ms, sample.value))
                    })),
                    Err(error) => {
                        tracing::error!(
                            group = %self.identity, alert = alerting.alert, error,
                            "the times of pending alerts were not restored"
                        );
                    }
                }
            }
            let mut state = self.state.lock();
            let Some(state) = state.rules.get_mut(*i) else { continue };
            for (labels, alert) in &mut state.alerts.active {
                if let Some(time_ms) = restored(&since, labels, alerting.hold_ms, now_ms, settings)
                {
                    alert.active_at_ms = time_ms;
                }
            }
            state.alerts.is_restored = true;
        }
    }
}

fn matchers(rule: &AlertingRule) -> Vec<Matcher> {
    let fixed = rule.fixed_labels().chain([(NAME_LABEL, ALERTS_FOR_STATE)]);
    // A matcher of equality is always valid.
    fixed.filter_map(|(name, value)| Matcher::new(name, MatchOp::Equal, value).ok()).collect()
}

/// As of when an alert counts as active, if it was active when the server stopped.
fn restored(
    since: &HashMap<Labels, (i64, f64)>,
    labels: &Labels,
    hold_ms: i64,
    now_ms: i64,
    settings: &Settings,
) -> Option<i64> {
    let (down_at_ms, value) = *since.get(labels)?;
    if is_stale(value) {
        return None;
    }
    // The value is in whole seconds.
    let active_at_ms = (value as i64).saturating_mul(1000);
    let spent_ms = down_at_ms.saturating_sub(active_at_ms);
    let left_ms = hold_ms.saturating_sub(spent_ms);
    let grace_ms = milliseconds(settings.grace_period);
    Some(if left_ms <= 0 {
        active_at_ms
    } else if left_ms < grace_ms {
        now_ms.saturating_add(grace_ms).saturating_sub(hold_ms)
    } else {
        active_at_ms.saturating_add(now_ms.saturating_sub(down_at_ms))
    })
}
