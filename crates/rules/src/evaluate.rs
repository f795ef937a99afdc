//! One evaluation of a group.

use std::any::Any;
use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use futures::executor::block_on;
use promql::Sample;
use signals::metric::STALE_NAN_BITS;
use signals::{Clock, Labels};

use crate::alerting::{AlertingRule, Candidate, Texts, sample_value};
use crate::environment::Appended;
use crate::rule::milliseconds;
use crate::statistics::Statistics;
use crate::{Definition, Environment, Group, Health, Rule};

/// What all evaluations have in common.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Labels of this server, for templates.
    pub external_labels: BTreeMap<String, String>,
    /// The URL under which users reach this server, for templates.
    pub external_url: String,
    /// After how long a firing alert is sent again.
    pub resend_delay: Duration,
    /// How long the server may have been away for the times of pending alerts to count on.
    pub outage_tolerance: Duration,
    /// A pending alert fires at the earliest so long after a restart.
    pub grace_period: Duration,
}

impl Default for Settings {
    /// Prometheus' defaults.
    fn default() -> Self {
        Self {
            external_labels: BTreeMap::new(),
            external_url: String::new(),
            resend_delay: Duration::from_secs(60),
            outage_tolerance: Duration::from_secs(3600),
            grace_period: Duration::from_secs(600),
        }
    }
}

/// The result of an expression, made into what the rule needs.
enum Outcome {
    Recorded(Vec<Sample>),
    Alerting(BTreeMap<Labels, Candidate>),
}

impl Group {
    /// Evaluates all rules at `time_ms`, and stores and sends what follows.
    pub async fn evaluate(
        &self,
        time_ms: i64,
        settings: &Arc<Settings>,
        environment: &Arc<dyn Environment>,
        clock: &dyn Clock,
        statistics: &Statistics,
    ) {
        self.begin(time_ms);
        let began = clock.monotonic();
        let began_at_ms = clock.now().div_euclid(signals::time::MILLISECOND);
        let rules: Vec<Arc<Rule>> =
            self.state.lock().rules.iter().map(|state| Arc::clone(&state.rule)).collect();
        let mut samples = 0;
        for (i, rule) in rules.iter().enumerate() {
            if self.stop.is_cancelled() {
                return;
            }
            let rule_began = clock.monotonic();
            let evaluation = self.evaluate_rule(i, rule, time_ms, settings, environment);
            let evaluated = AssertUnwindSafe(evaluation).catch_unwind().await;
            let evaluated = evaluated.unwrap_or_else(|panic| Err(panic_text(panic.as_ref())));
            let took = clock.monotonic().saturating_sub(rule_began);
            statistics.evaluated(&self.identity, took, evaluated.is_err());
            let mut state = self.state.lock();
            let Some(state) = state.rules.get_mut(i) else { continue };
            state.evaluated_at_ms = Some(began_at_ms);
            state.duration = took;
            match evaluated {
                Ok((count, refused)) => {
                    samples += count;
                    state.has_had_result |= count > 0;
                    state.health = if refused.is_some() { Health::Bad } else { Health::Good };
                    state.last_error = refused;
                }
                Err(error) => {
                    tracing::warn!(group = %self.identity, rule = rule.name(), error, "a rule failed");
                    state.health = Health::Bad;
                    state.last_error = Some(error);
                }
            }
        }
        self.mark_removed_rules_stale(time_ms, environment).await;
        let took = clock.monotonic().saturating_sub(began);
        let mut state = self.state.lock();
        state.evaluated_at_ms = Some(began_at_ms);
        state.duration = took;
        let rules: Duration = state.rules.iter().map(|rule| rule.duration).sum();
        drop(state);
        statistics.finished(&self.identity, began_at_ms, took, rules, samples);
    }

    /// Evaluates one rule. Returns the number of its series, and why a series was not stored.
    pub(crate) async fn evaluate_rule(
        &self,
        position: usize,
        rule: &Arc<Rule>,
        time_ms: i64,
        settings: &Arc<Settings>,
        environment: &Arc<dyn Environment>,
    ) -> Result<(usize, Option<String>), String> {
        let sample_time_ms = time_ms.saturating_sub(self.query_offset_ms);
        let result = environment.query(rule.language, &rule.expr, sample_time_ms).await?;
        let outcome = match &rule.definition {
            Definition::Recording(recording) => {
                Outcome::Recorded(recording.record(result, sample_time_ms, self.limit)?)
            }
            Definition::Alerting(alerting) => {
                let Some(texts) = self.texts(position) else { return Ok((0, None)) };
                let parts = (rule, alerting, texts);
                Outcome::Alerting(candidates(parts, result, time_ms, settings, environment).await?)
            }
        };
        let (series, due) = {
            let mut state = self.state.lock();
            let Some(state) = state.rules.get_mut(position) else { return Ok((0, None)) };
            match (outcome, &rule.definition) {
                (Outcome::Alerting(candidates), Definition::Alerting(alerting)) => {
                    let times = [time_ms, sample_time_ms];
                    let series = state.alerts.update(alerting, candidates, times, self.limit)?;
                    let resend_ms = milliseconds(settings.resend_delay);
                    let due = state.alerts.take_due(time_ms, resend_ms, self.interval_ms);
                    (series, due)
                }
                (Outcome::Recorded(series), _) => (series, Vec::new()),
                (Outcome::Alerting(_), Definition::Recording(_)) => (Vec::new(), Vec::new()),
            }
        };
        if !due.is_empty() {
            environment.send(&rule.expr, due);
        }
        let count = series.len();
        let refused = self.store(position, series, sample_time_ms, environment).await?;
        Ok((count, refused))
    }

    fn texts(&self, position: usize) -> Option<Arc<Texts>> {
        self.state.lock().rules.get(position).map(|rule| Arc::clone(&rule.texts))
    }

    /// Stores the series of a rule, and staleness markers of those that it no longer has.
    async fn store(
        &self,
        position: usize,
        mut samples: Vec<Sample>,
        time_ms: i64,
        environment: &Arc<dyn Environment>,
    ) -> Result<Option<String>, String> {
        let count = samples.len();
        let mut series: Vec<Labels> = samples.iter().map(|sample| sample.labels.clone()).collect();
        let mut sorted = series.clone();
        sorted.sort_unstable();
        {
            let state = self.state.lock();
            let previous = state.rules.get(position).map(|rule| rule.series.as_slice());
            let vanished = previous.unwrap_or_default().iter();
            let vanished = vanished.filter(|labels| sorted.binary_search(labels).is_err());
            samples.extend(vanished.map(|labels| stale(labels.clone(), time_ms)));
        }
        let appended = if samples.is_empty() {
            Appended::default()
        } else {
            environment.append(samples).await?
        };
        // Markers of series that another rule or target writes now are refused, rightly.
        let refused: Vec<usize> = appended.refused.into_iter().filter(|at| *at < count).collect();
        let stored = if refused.is_empty() {
            sorted
        } else {
            for at in refused.iter().rev() {
                series.remove(*at);
            }
            series.sort_unstable();
            series
        };
        if let Some(state) = self.state.lock().rules.get_mut(position) {
            state.series = stored;
        }
        Ok((!refused.is_empty()).then_some(appended.reason))
    }

    pub(crate) async fn mark_removed_rules_stale(
        &self,
        time_ms: i64,
        environment: &Arc<dyn Environment>,
    ) {
        let removed = std::mem::take(&mut self.state.lock().stale);
        if removed.is_empty() {
            return;
        }
        let time_ms = time_ms.saturating_sub(self.query_offset_ms);
        let markers = removed.iter().map(|labels| stale(labels.clone(), time_ms)).collect();
        if let Err(error) = environment.append(markers).await {
            tracing::warn!(group = %self.identity, error, "staleness markers were not stored");
            self.state.lock().stale.extend(removed);
        }
    }
}

/// The alerts of a result. Templates with queries are expanded on a blocking thread.
async fn candidates(
    (rule, alerting, texts): (&Arc<Rule>, &AlertingRule, Arc<Texts>),
    result: Vec<Sample>,
    time_ms: i64,
    settings: &Arc<Settings>,
    environment: &Arc<dyn Environment>,
) -> Result<BTreeMap<Labels, Candidate>, String> {
    if !alerting.has_queries() {
        let refuse = |_: &str| Err("queries are not expected here".to_owned());
        return alerting.candidates(&texts, &result, time_ms, settings, &refuse);
    }
    let (rule, settings) = (Arc::clone(rule), Arc::clone(settings));
    let environment = Arc::clone(environment);
    let expanded = tokio::task::spawn_blocking(move || {
        let Definition::Alerting(alerting) = &rule.definition else { return Ok(BTreeMap::new()) };
        let query = |query: &str| {
            let samples = block_on(environment.query(rule.language, query, time_ms))?;
            Ok(samples.iter().map(template_sample).collect())
        };
        alerting.candidates(&texts, &result, time_ms, &settings, &query)
    });
    expanded.await.map_err(|error| error.to_string())?
}

fn template_sample(sample: &Sample) -> template::prometheus::Sample {
    let labels = sample.labels.iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
    template::prometheus::Sample { labels: labels.collect(), value: sample_value(sample) }
}

fn stale(labels: Labels, timestamp_ms: i64) -> Sample {
    Sample { labels, timestamp_ms, value: f64::from_bits(STALE_NAN_BITS), histogram: None }
}

/// A panic ends the evaluation of one rule, not of its group.
fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("the evaluation panicked: {}", text.unwrap_or("no reason"))
}
