//! Replays: what rules would have done over stored history, quickly.
//!
//! An expression is evaluated as a range query over many evaluations at once; then each evaluation
//! is applied as the server does. Rules see what rules before them recorded in the replay, in place
//! of what is stored. Where rules depend on each other in a circle, evaluations are made one by one.
//! Queries of templates see what was recorded so far.

mod dependencies;
mod environment;
mod episodes;
mod window;

use std::sync::Arc;

use futures::future::BoxFuture;
use promql::{Series, SeriesRead};
use signals::{Matcher, MemoryBudget};

use crate::schedule::slot;
use crate::{Alert, Definition, Environment, Group, Identity, Settings};
use dependencies::Cluster;
use environment::Replayed;
use episodes::Episodes;
use promql::PreparedQueries;

pub use episodes::Episode;

/// Evaluations that one range query covers.
const CHUNK_STEPS: i64 = 720;
/// Maximum number of evaluations of rules.
const EVALUATIONS_MAX: i64 = 20_000_000;

/// Stored telemetry.
pub trait History: Send + Sync {
    /// The series that satisfy all conditions and may have samples between `start_ms` and `end_ms`,
    /// both inclusive.
    fn select(
        &self,
        matchers: Vec<Matcher>,
        start_ms: i64,
        end_ms: i64,
    ) -> BoxFuture<'_, Result<Vec<Box<dyn SeriesRead>>, String>>;

    /// The result of a LogQL query at `start_ms, start_ms + step_ms, … <= end_ms`.
    fn log_range<'a>(
        &'a self,
        query: &'a str,
        start_ms: i64,
        end_ms: i64,
        step_ms: i64,
    ) -> BoxFuture<'a, Result<Vec<Series>, String>>;

    /// Whether nobody waits for the replay any more.
    fn is_cancelled(&self) -> bool;
}

/// What is replayed.
#[derive(Debug)]
pub struct Options {
    /// The first time, in milliseconds since 1970.
    pub from_ms: i64,
    /// The last time.
    pub to_ms: i64,
    /// What all evaluations have in common.
    pub settings: Settings,
    /// How queries are evaluated.
    pub queries: promql::Settings,
    /// How far queries look back for a sample, in milliseconds.
    pub lookback_ms: i64,
    /// The memory of queries and of what is recorded.
    pub memory: MemoryBudget,
}

/// What rules would have done.
#[derive(Debug, Clone, PartialEq)]
pub struct Replay {
    /// The rules of all groups, in order.
    pub rules: Vec<ReplayedRule>,
    /// The alerts that are sent to an Alertmanager, with the times of the evaluations, ascending.
    pub sent: Vec<(i64, Vec<Alert>)>,
}

/// What a rule would have done.
#[derive(Debug, Clone, PartialEq)]
pub struct ReplayedRule {
    /// Its group.
    pub group: Identity,
    /// The name of the series or of the alert.
    pub name: String,
    /// Whether it makes alerts; otherwise it records series.
    pub is_alerting: bool,
    /// The alerts, in the order in which they became active; none of a recording rule.
    pub episodes: Vec<Episode>,
    /// How many evaluations failed.
    pub failures: u64,
    /// Why the last of them failed.
    pub last_failure: Option<String>,
}

/// Replays groups. The evaluation takes the time of the caller's thread and must be called within a
/// Tokio runtime. It can be cancelled by dropping the future.
///
/// # Errors
/// That there are too many evaluations, samples or alerts, that memory is exhausted, or that the
/// replay is cancelled.
pub async fn replay(
    groups: Vec<Group>,
    options: Options,
    history: Arc<dyn History>,
) -> Result<Replay, String> {
    if groups.is_empty() {
        return Ok(Replay { rules: Vec::new(), sent: Vec::new() });
    }
    let prepared = Arc::new(PreparedQueries::default());
    let clusters = dependencies::clusters(&groups, &prepared);
    let rules: Vec<Vec<ReplayedRule>> = groups.iter().map(replayed_rules).collect();
    let environment = Arc::new(Replayed::new(&groups, &options, prepared, history));
    let mut run = Run {
        shared: Arc::clone(&environment) as Arc<dyn Environment>,
        environment,
        settings: Arc::new(options.settings),
        episodes: groups.iter().map(|group| vec![Episodes::default(); count(group)]).collect(),
        groups,
        rules,
    };
    run.check_size(options.from_ms, options.to_ms)?;
    let shortest_ms = run.groups.iter().map(|group| group.interval_ms).min().unwrap_or(1);
    let chunk_ms = shortest_ms.saturating_mul(CHUNK_STEPS);
    let mut start_ms = options.from_ms;
    while start_ms <= options.to_ms {
        let end_ms = start_ms.saturating_add(chunk_ms - 1).min(options.to_ms);
        for cluster in &clusters {
            run.cluster(cluster, start_ms, end_ms).await?;
            tokio::task::yield_now().await;
        }
        start_ms = end_ms.saturating_add(1);
    }
    Ok(run.finish())
}

fn count(group: &Group) -> usize {
    group.state.lock().rules.len()
}

fn replayed_rules(group: &Group) -> Vec<ReplayedRule> {
    let state = group.state.lock();
    let rule = |rule: &crate::RuleState| ReplayedRule {
        group: group.identity.clone(),
        name: rule.rule.name().to_owned(),
        is_alerting: matches!(rule.rule.definition, Definition::Alerting(_)),
        episodes: Vec::new(),
        failures: 0,
        last_failure: None,
    };
    state.rules.iter().map(rule).collect()
}

/// A replay that runs.
struct Run {
    groups: Vec<Group>,
    environment: Arc<Replayed>,
    shared: Arc<dyn Environment>,
    settings: Arc<Settings>,
    /// By group and rule.
    rules: Vec<Vec<ReplayedRule>>,
    episodes: Vec<Vec<Episodes>>,
}

impl Run {
    fn check_size(&self, from_ms: i64, to_ms: i64) -> Result<(), String> {
        let steps = |group: &Group| to_ms.saturating_sub(from_ms) / group.interval_ms.max(1);
        let evaluations = self.groups.iter().map(|group| {
            // Also a group without rules takes its time.
            let rules = i64::try_from(count(group)).unwrap_or(i64::MAX).max(1);
            steps(group).saturating_mul(rules)
        });
        if evaluations.fold(0, i64::saturating_add) > EVALUATIONS_MAX {
            return Err(format!("more than {EVALUATIONS_MAX} evaluations of rules"));
        }
        Ok(())
    }

    /// Evaluates groups that may depend on each other between two times, both inclusive.
    async fn cluster(
        &mut self,
        cluster: &Cluster,
        start_ms: i64,
        end_ms: i64,
    ) -> Result<(), String> {
        if !cluster.is_circular {
            for group in &cluster.groups {
                let times = self.times(*group, start_ms, end_ms);
                self.group(*group, &times).await?;
            }
            return Ok(());
        }
        let times = |group: &usize| {
            let times = self.times(*group, start_ms, end_ms).into_iter();
            times.map(|time_ms| (time_ms, *group)).collect::<Vec<_>>()
        };
        let mut times: Vec<(i64, usize)> = cluster.groups.iter().flat_map(times).collect();
        times.sort_unstable();
        for (time_ms, group) in times {
            self.group(group, &[time_ms]).await?;
        }
        Ok(())
    }

    /// The times of the evaluations of a group, which are those of a server.
    fn times(&self, group: usize, start_ms: i64, end_ms: i64) -> Vec<i64> {
        let Some(group) = self.groups.get(group) else { return Vec::new() };
        let interval_ms = group.interval_ms.max(1);
        let first = slot(&group.identity, interval_ms, start_ms.saturating_sub(1));
        let times = (1..).map(|step: i64| first.saturating_add(step.saturating_mul(interval_ms)));
        times.take_while(|time_ms| *time_ms <= end_ms).collect()
    }

    /// Evaluates the rules of a group one after the other, each at all times.
    async fn group(&mut self, at: usize, times: &[i64]) -> Result<(), String> {
        let Some(group) = self.groups.get(at) else { return Ok(()) };
        let rules: Vec<_> =
            group.state.lock().rules.iter().map(|rule| Arc::clone(&rule.rule)).collect();
        let slots = self.rules.get_mut(at).into_iter().flatten();
        let episodes = self.episodes.get_mut(at).into_iter().flatten();
        for (i, ((rule, replayed), episodes)) in rules.iter().zip(slots).zip(episodes).enumerate() {
            self.environment.prefetch(rule, group, times).await;
            for time_ms in times {
                let (settings, environment) = (&self.settings, &self.shared);
                let result = group.evaluate_rule(i, rule, *time_ms, settings, environment).await;
                if let Err(failure) | Ok((_, Some(failure))) = result {
                    replayed.failures += 1;
                    replayed.last_failure = Some(failure);
                }
                if let Definition::Alerting(_) = rule.definition
                    && let Some(state) = group.state.lock().rules.get(i)
                {
                    episodes.note(state.alerts.active.values(), *time_ms);
                }
                self.environment.check()?;
            }
        }
        Ok(())
    }

    fn finish(self) -> Replay {
        let mut rules: Vec<ReplayedRule> = self.rules.into_iter().flatten().collect();
        for (rule, episodes) in rules.iter_mut().zip(self.episodes.into_iter().flatten()) {
            rule.episodes = episodes.finish();
        }
        Replay { rules, sent: self.environment.take_sent() }
    }
}

#[cfg(test)]
mod tests;
