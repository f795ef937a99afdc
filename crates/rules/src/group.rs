//! A group of rules, which are evaluated one after the other at the same time.

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::Duration;

use adopt::rules::{Language, RuleGroup};
use parking_lot::Mutex;
use signals::Labels;
use tokio_util::sync::CancellationToken;

use crate::rule::milliseconds;
use crate::{Rule, RuleState};

/// What tells groups apart.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Identity {
    /// The file of the group.
    pub file: PathBuf,
    /// The name in the file.
    pub name: String,
}

impl std::fmt::Display for Identity {
    /// As the label `rule_group` of Prometheus' metrics.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{};{}", self.file.display(), self.name)
    }
}

/// A group. Its state is shared by the evaluation and the APIs.
#[derive(Debug)]
pub struct Group {
    /// File and name.
    pub identity: Identity,
    /// Time between evaluations.
    pub interval_ms: i64,
    /// How far back in time the rules look, and store their results.
    pub query_offset_ms: i64,
    /// How many series or alerts a rule may have; more are an error.
    pub limit: Option<u64>,
    pub(crate) state: Mutex<GroupState>,
    /// Its rules are not evaluated any more.
    pub(crate) stop: CancellationToken,
}

/// The state of a group.
#[derive(Debug, Clone)]
pub struct GroupState {
    /// The rules.
    pub rules: Vec<RuleState>,
    /// When the last evaluation began, in milliseconds since 1970.
    pub evaluated_at_ms: Option<i64>,
    /// How long the last evaluation took.
    pub duration: Duration,
    /// The time of the last evaluation, which it has in queries and samples.
    pub(crate) time_ms: Option<i64>,
    /// Series of rules that no longer exist: they get a staleness marker at the next evaluation.
    pub(crate) stale: Vec<Labels>,
}

impl Group {
    /// A group of a file. `interval` and `query_offset` apply if the group sets none. The states of
    /// alerts must be restored unless they `are_restored`.
    #[must_use]
    pub fn new(
        identity: Identity,
        group: &RuleGroup,
        language: Language,
        [interval, query_offset]: [Duration; 2],
        are_restored: bool,
    ) -> Self {
        let rules = group.rules.iter().map(|rule| Rule::new(rule, language));
        let rules = rules.map(|rule| RuleState::new(rule, are_restored)).collect();
        let state = GroupState {
            rules,
            evaluated_at_ms: None,
            duration: Duration::ZERO,
            time_ms: None,
            stale: Vec::new(),
        };
        Self {
            identity,
            interval_ms: milliseconds(group.interval.unwrap_or(interval)).max(1),
            query_offset_ms: milliseconds(group.query_offset.unwrap_or(query_offset)),
            limit: group.limit,
            state: Mutex::new(state),
            stop: CancellationToken::new(),
        }
    }

    /// A copy of the state.
    #[must_use]
    pub fn state(&self) -> GroupState {
        self.state.lock().clone()
    }

    /// Reads the state without a copy, while no evaluation changes it.
    pub fn read<T>(&self, read: impl FnOnce(&GroupState) -> T) -> T {
        read(&self.state.lock())
    }

    /// Whether another group would do the same.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        let is_same = self.identity == other.identity
            && self.interval_ms == other.interval_ms
            && self.query_offset_ms == other.query_offset_ms
            && self.limit == other.limit;
        // The locks are not held together: their order would have to be agreed on.
        let mut rules = Vec::new();
        rules.extend(self.state.lock().rules.iter().map(|rule| rule.rule.clone()));
        let others = other.state.lock();
        is_same && rules.iter().eq(others.rules.iter().map(|rule| &rule.rule))
    }

    /// Begins an evaluation at `time_ms`. If the clock was set back, the times of all alerts move
    /// with it, so that pending alerts fire and firing ones are sent again when they would have.
    pub(crate) fn begin(&self, time_ms: i64) {
        let mut state = self.state.lock();
        let Some(last_ms) = state.time_ms.replace(time_ms) else { return };
        if time_ms > last_ms {
            return;
        }
        let back_ms = last_ms.saturating_add(self.interval_ms).saturating_sub(time_ms);
        let alerts = state.rules.iter_mut().flat_map(|rule| rule.alerts.active.values_mut());
        alerts.for_each(|alert| alert.move_back(back_ms));
    }

    /// Takes over the states of rules with the same names and labels: the first from the first,
    /// the second from the second. Series of all other rules become stale.
    pub(crate) fn continue_from(&self, old: GroupState) {
        let mut by_name: HashMap<_, Vec<RuleState>> = HashMap::new();
        for rule in old.rules.into_iter().rev() {
            by_name.entry(key(&rule.rule)).or_default().push(rule);
        }
        let mut state = self.state.lock();
        state.evaluated_at_ms = old.evaluated_at_ms;
        state.duration = old.duration;
        state.time_ms = old.time_ms;
        for rule in &mut state.rules {
            let Some(old) = by_name.get_mut(&key(&rule.rule)).and_then(Vec::pop) else { continue };
            rule.series = old.series;
            rule.has_had_result = old.has_had_result;
            // A change soon after the start must not prevent the restoration.
            rule.alerts = old.alerts;
        }
        state.stale = old.stale;
        state.stale.extend(by_name.into_values().flatten().flat_map(|rule| rule.series));
    }
}

type Key = (bool, String, Vec<(String, String)>);

fn key(rule: &Rule) -> Key {
    let is_alerting = matches!(rule.definition, crate::Definition::Alerting(_));
    let labels = rule.labels().iter().map(|(name, value)| (name.clone(), value.clone()));
    (is_alerting, rule.name().to_owned(), labels.collect())
}
