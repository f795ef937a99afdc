//! Replays: what rules and routes would have done over what is stored.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use alertmanager::{Configuration, IntegrationKey, Limits, SimulatedNotification, Simulation};
use futures::FutureExt as _;
use futures::future::BoxFuture;
use page_api::{
    NotifiedAlert, ReplayAnswer, ReplayRequest, ReplayedEpisode, ReplayedIntegration,
    ReplayedNotification, ReplayedRule, RuleFileText,
};
use query::promql::{Series, SeriesRead};
use query::{Engine, History, QueryError, SampleRange};
use receive::alertmanagers::Alertmanagers;
use rules::replay::{self, Options, Replay};
use rules::{Alert, Group, Settings};
use signals::time::{MILLISECOND, SECOND};
use signals::{Matcher, Timestamp};
use template::alertmanager::Status;

use super::Routing;
use super::environment::{outgoing, postable};
use super::rule_files::RuleFiles;

/// Episodes of one rule in an answer.
const EPISODES_MAX: usize = 1_000;
/// Messages in an answer.
const NOTIFICATIONS_MAX: usize = 2_000;
/// Alerts of one message in an answer.
const ALERTS_MAX: usize = 20;
/// How far queries look back for a sample, in milliseconds.
const LOOKBACK_MS: i64 = 300_000;

/// What is replayed if the request does not say it.
pub(crate) struct InUse {
    pub(crate) groups: Vec<Group>,
    pub(crate) routing: Routing,
    pub(crate) alertmanagers: Arc<Alertmanagers>,
    pub(crate) settings: Settings,
}

/// Replays rules, and sends their alerts through the routes of an Alertmanager whose clock is that of
/// the replay. Nothing is stored or sent. At the start no alert is active and nobody is notified.
///
/// # Errors
/// What is wrong with the request; and that of the queries.
pub(crate) async fn run(
    request: ReplayRequest,
    in_use: InUse,
    engine: &Engine,
) -> Result<ReplayAnswer, QueryError> {
    let [from_ms, to_ms] = [request.from_unix_ms, request.to_unix_ms];
    if from_ms < 0 || to_ms < from_ms || to_ms > i64::MAX / MILLISECOND {
        return Err(QueryError::Invalid("the range of a replay ends before it starts".to_owned()));
    }
    let InUse { groups, mut routing, alertmanagers, settings } = in_use;
    let groups = match &request.rules {
        Some(files) => parsed(files, request.interval_s).map_err(QueryError::Invalid)?,
        None => groups,
    };
    if let Some(text) = &request.alertmanager {
        routing = Routing::of_text(text).map_err(|e| QueryError::Invalid(e.to_string()))?;
    }
    let configuration = routing.configuration(&settings.external_url);
    let work = move |history: History| async move {
        let options = Options {
            from_ms,
            to_ms,
            settings,
            queries: history.promql(),
            lookback_ms: LOOKBACK_MS,
            memory: history.memory().clone(),
        };
        let history = Arc::new(Stored(history));
        let stored = Arc::clone(&history) as Arc<dyn replay::History>;
        let replayed = replay::replay(groups, options, stored).await;
        let mut replayed = replayed.map_err(QueryError::Execution)?;
        let sent = std::mem::take(&mut replayed.sent);
        let is_cancelled = || history.0.is_cancelled();
        let range = [from_ms, to_ms];
        let messages = messages(configuration, sent, range, &alertmanagers, is_cancelled)?;
        Ok(answer(replayed, messages, to_ms))
    };
    engine.with_history(work).await
}

/// The groups of files that are not stored.
fn parsed(files: &[RuleFileText], interval_s: Option<f64>) -> Result<Vec<Group>, String> {
    let interval = match interval_s {
        Some(seconds) if seconds >= 1.0 => {
            Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())?
        }
        Some(seconds) => return Err(format!("an interval of {seconds} s is less than a second")),
        None => Duration::from_secs(60),
    };
    let mut rules = RuleFiles::with_interval(interval);
    let mut names = HashSet::new();
    for RuleFileText { file, content } in files {
        if !names.insert(file) {
            return Err(format!("two files are named {file:?}"));
        }
        let path = Path::new(file);
        rules.add_text(path, content).map_err(|error| error.to_string())?;
    }
    Ok(rules.groups(true))
}

/// The history of the engine, as a replay reads it.
struct Stored(History);

impl replay::History for Stored {
    fn select(
        &self,
        matchers: Vec<Matcher>,
        start_ms: i64,
        end_ms: i64,
    ) -> BoxFuture<'_, Result<Vec<Box<dyn SeriesRead>>, String>> {
        async move {
            let range = SampleRange { matchers, start_ms, end_ms };
            self.0.select(&range).await.map_err(|error| error.to_string())
        }
        .boxed()
    }

    fn log_range<'a>(
        &'a self,
        query: &'a str,
        start_ms: i64,
        end_ms: i64,
        step_ms: i64,
    ) -> BoxFuture<'a, Result<Vec<Series>, String>> {
        let series = self.0.logql_range(query, start_ms, end_ms, step_ms);
        series.map(|series| series.map_err(|error| error.to_string())).boxed()
    }

    fn is_cancelled(&self) -> bool {
        self.0.is_cancelled()
    }
}

/// The messages that an Alertmanager would have sent.
#[derive(Default)]
struct Messages {
    by_integration: BTreeMap<IntegrationKey, usize>,
    /// The first of them.
    shown: Vec<ReplayedNotification>,
    total: usize,
}

impl Messages {
    fn add(&mut self, sent: Vec<SimulatedNotification>) {
        for notification in sent {
            self.total += 1;
            if self.shown.len() < NOTIFICATIONS_MAX {
                self.shown.push(replayed_notification(&notification));
            }
            *self.by_integration.entry(notification.integration).or_default() += 1;
        }
    }
}

/// What an Alertmanager would have sent. However much that is, it ends with the query.
fn messages(
    configuration: Configuration,
    sent: Vec<(i64, Vec<Alert>)>,
    [from_ms, to_ms]: [i64; 2],
    alertmanagers: &Alertmanagers,
    is_cancelled: impl Fn() -> bool,
) -> Result<Messages, QueryError> {
    let nanoseconds = |time_ms: i64| time_ms.saturating_mul(MILLISECOND);
    let mut simulation = Simulation::new(configuration, Limits::default(), nanoseconds(from_ms));
    let mut messages = Messages::default();
    let mut advance = |simulation: &mut Simulation, until: Timestamp| {
        while simulation.now() < until {
            if is_cancelled() {
                return Err(QueryError::Internal("the replay is cancelled".to_owned()));
            }
            let next = simulation.now().saturating_add(SECOND).min(until);
            messages.add(simulation.advance_to(next));
        }
        Ok(())
    };
    for (time_ms, alerts) in sent {
        advance(&mut simulation, nanoseconds(time_ms))?;
        let alerts = alerts.into_iter().map(|alert| outgoing(alert, String::new()));
        let labelled = alertmanagers.labelled(alerts.collect());
        simulation.receive(labelled.iter().map(|alert| postable(alert)).collect());
    }
    advance(&mut simulation, nanoseconds(to_ms))?;
    Ok(messages)
}

fn answer(replayed: Replay, messages: Messages, to_ms: i64) -> ReplayAnswer {
    let integration = |(key, messages): (IntegrationKey, usize)| ReplayedIntegration {
        receiver: key.receiver,
        integration: key.name.to_owned(),
        index: key.index,
        messages,
    };
    ReplayAnswer {
        rules: replayed.rules.into_iter().map(|rule| replayed_rule(rule, to_ms)).collect(),
        integrations: messages.by_integration.into_iter().map(integration).collect(),
        notifications: messages.shown,
        notifications_total: messages.total,
    }
}

fn replayed_rule(rule: replay::ReplayedRule, to_ms: i64) -> ReplayedRule {
    let fired = rule.episodes.iter().filter_map(|episode| {
        Some(episode.ended_at_ms.unwrap_or(to_ms).saturating_sub(episode.fired_at_ms?))
    });
    let episode = |episode: &replay::Episode| ReplayedEpisode {
        labels: pairs(&episode.labels),
        annotations: episode.annotations.clone(),
        active_unix_ms: episode.active_at_ms,
        fired_unix_ms: episode.fired_at_ms,
        ended_unix_ms: episode.ended_at_ms,
        peak: query::promql::format_float(episode.peak),
    };
    ReplayedRule {
        file: rule.group.file.display().to_string(),
        group: rule.group.name,
        name: rule.name,
        is_alerting: rule.is_alerting,
        active_total: rule.episodes.len(),
        fired_total: fired.clone().count(),
        firing_s: fired.fold(0, i64::saturating_add) as f64 / 1e3,
        episodes: rule.episodes.iter().take(EPISODES_MAX).map(episode).collect(),
        failures: rule.failures,
        last_failure: rule.last_failure,
    }
}

fn replayed_notification(sent: &SimulatedNotification) -> ReplayedNotification {
    let alerts = sent.notification.alerts.iter().take(ALERTS_MAX).map(|alert| NotifiedAlert {
        labels: alert.labels.clone(),
        is_firing: alert.status == Status::Firing,
    });
    ReplayedNotification {
        at_unix_ms: sent.at.div_euclid(MILLISECOND),
        receiver: sent.integration.receiver.clone(),
        integration: sent.integration.name.to_owned(),
        index: sent.integration.index,
        reason: sent.notification.reason.clone(),
        group_labels: sent.notification.group_labels.clone(),
        alerts: alerts.collect(),
        alerts_total: sent.notification.alerts.len(),
    }
}

fn pairs(labels: &signals::Labels) -> BTreeMap<String, String> {
    labels.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}
