//! Which groups read what others record.

use std::collections::BTreeMap;

use signals::Matcher;
use signals::metric::NAME_LABEL;

use crate::alerting::{ALERTS, ALERTS_FOR_STATE};
use crate::{Definition, Group, Rule};
use adopt::rules::Language;
use promql::PreparedQueries;

/// Groups that are evaluated together.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Cluster {
    /// Positions of the groups.
    pub(super) groups: Vec<usize>,
    /// Whether a rule reads what itself or a later one records, or will record.
    pub(super) is_circular: bool,
}

/// What is known of the series of a rule.
struct Written {
    names: Vec<String>,
    /// Labels that are the same in all series; an empty value is an absent label.
    fixed: BTreeMap<String, String>,
}

impl Written {
    fn of(rule: &Rule) -> Self {
        match &rule.definition {
            Definition::Recording(recording) => {
                Self { names: vec![recording.record.clone()], fixed: recording.labels.clone() }
            }
            Definition::Alerting(alerting) => Self {
                names: vec![ALERTS.to_owned(), ALERTS_FOR_STATE.to_owned()],
                fixed: alerting
                    .fixed_labels()
                    .map(|(name, value)| (name.to_owned(), value.to_owned()))
                    .collect(),
            },
        }
    }

    /// Whether a series may satisfy all conditions.
    fn may_match(&self, matchers: &[Matcher]) -> bool {
        matchers.iter().all(|matcher| {
            if matcher.name == NAME_LABEL {
                return self.names.iter().any(|name| matcher.matches(name));
            }
            self.fixed.get(&matcher.name).is_none_or(|value| matcher.matches(value))
        })
    }
}

/// A rule with what it writes, and the conditions of the series that it reads.
struct Node {
    written: Written,
    reads: Vec<Vec<Matcher>>,
}

impl Node {
    fn of(rule: &Rule, prepared: &PreparedQueries) -> Self {
        let parsed = match rule.language {
            Language::PromQl => prepared.get(&rule.expr).ok(),
            Language::LogQl => None,
        };
        let mut reads: Vec<Vec<Matcher>> = Vec::new();
        if let Some(Ok(conditions)) = parsed.as_ref().map(promql::Prepared::conditions) {
            reads.extend(conditions.selectors().map(<[Matcher]>::to_vec));
            // Its metric is not among the selectors.
            if rule.expr.contains("info(") {
                reads.push(Vec::new());
            }
        }
        Self { written: Written::of(rule), reads }
    }

    fn reads(&self, other: &Self) -> bool {
        self.reads.iter().any(|matchers| other.written.may_match(matchers))
    }
}

/// The groups in an order in which each comes after those that it reads.
pub(super) fn clusters(groups: &[Group], prepared: &PreparedQueries) -> Vec<Cluster> {
    let offsets: Vec<i64> = groups.iter().map(|group| group.query_offset_ms).collect();
    let nodes = |group: &Group| {
        let state = group.state.lock();
        state.rules.iter().map(|rule| Node::of(&rule.rule, prepared)).collect::<Vec<_>>()
    };
    let groups: Vec<Vec<Node>> = groups.iter().map(nodes).collect();
    let reads =
        |a: &[Node], b: &[Node]| a.iter().any(|rule| b.iter().any(|other| rule.reads(other)));
    // For each group, those that read it directly, and then all that depend on it.
    let mut readers: Vec<Vec<usize>> = vec![Vec::new(); groups.len()];
    for (at, group) in groups.iter().enumerate() {
        for (other, rules) in groups.iter().enumerate().filter(|(other, _)| *other != at) {
            if !reads(rules, group) {
                continue;
            }
            // With an offset, samples of the past are recorded later than others could read them.
            let is_late = offsets.get(at) > offsets.get(other);
            for (from, to) in [(at, other), (other, at)].into_iter().take(1 + usize::from(is_late))
            {
                readers.get_mut(from).into_iter().for_each(|readers| readers.push(to));
            }
        }
    }
    let dependents: Vec<Vec<bool>> = (0..groups.len()).map(|at| reached(at, &readers)).collect();
    let depends =
        |on: usize, at: usize| dependents.get(on).and_then(|all| all.get(at)).is_some_and(|is| *is);
    let mut order: Vec<usize> = (0..groups.len()).collect();
    // A group depends on more than those on which it depends do.
    order.sort_by_key(|at| (0..groups.len()).filter(|on| depends(*on, *at)).count());
    let mut clusters: Vec<Cluster> = Vec::new();
    for at in order {
        let is_joined = |cluster: &&mut Cluster| {
            cluster.groups.first().is_some_and(|first| depends(*first, at) && depends(at, *first))
        };
        if let Some(cluster) = clusters.iter_mut().find(is_joined) {
            cluster.groups.push(at);
            cluster.is_circular = true;
            continue;
        }
        let rules = groups.get(at).map(Vec::as_slice).unwrap_or_default();
        let mut pairs = rules.iter().enumerate();
        let is_circular =
            pairs.any(|(i, rule)| rules.iter().skip(i).any(|later| rule.reads(later)));
        clusters.push(Cluster { groups: vec![at], is_circular });
    }
    clusters
}

/// The groups that can be reached from one.
fn reached(from: usize, readers: &[Vec<usize>]) -> Vec<bool> {
    let mut is_reached = vec![false; readers.len()];
    let mut open = vec![from];
    while let Some(at) = open.pop() {
        for next in readers.get(at).into_iter().flatten() {
            if let Some(is_known) = is_reached.get_mut(*next)
                && !std::mem::replace(is_known, true)
            {
                open.push(*next);
            }
        }
    }
    is_reached
}
