//! Checks of the alerts that fire.

use std::collections::BTreeMap;
use std::time::Duration;

use adopt::rules::unit_test::{AlertTest, TestGroup};
use promql::compare_labels;
use promql::notation::labels_text;
use signals::Labels;

use super::{alerting, text};
use crate::rule::milliseconds;
use crate::{AlertState, Group};

/// Checks that are still to be made, by time.
pub(super) struct Checks<'a> {
    test: &'a TestGroup,
    left: BTreeMap<Duration, Vec<&'a AlertTest>>,
}

/// An alert in a comparison.
#[derive(Debug, PartialEq, Eq)]
struct Compared {
    labels: Labels,
    annotations: BTreeMap<String, String>,
}

impl<'a> Checks<'a> {
    pub(super) fn new(test: &'a TestGroup) -> Self {
        let mut left: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for alert in &test.alert_rule_test {
            left.entry(alert.eval_time).or_default().push(alert);
        }
        Self { test, left }
    }

    /// Makes the checks before a time since the start. Returns what failed.
    pub(super) fn until(&mut self, since_ms: i64, groups: &[Group]) -> Vec<String> {
        let mut failures = Vec::new();
        while let Some(entry) = self.left.first_entry()
            && milliseconds(*entry.key()) < since_ms
        {
            let checks = entry.remove();
            failures.extend(checks.iter().filter_map(|alert| check(self.test, alert, groups)));
        }
        failures
    }
}

fn check(test: &TestGroup, alert: &AlertTest, groups: &[Group]) -> Option<String> {
    let mut found = Vec::new();
    // Several rules may have the name.
    for rule in alerting(groups).filter(|rule| rule.rule.name() == alert.alertname) {
        let firing = rule.active_alerts().filter(|alert| alert.state == AlertState::Firing);
        found.extend(firing.map(|alert| Compared {
            labels: alert.labels.clone(),
            annotations: alert.annotations.clone(),
        }));
    }
    let name = [("alertname", alert.alertname.as_str())];
    let mut expected: Vec<Compared> = alert
        .exp_alerts
        .iter()
        .map(|expected| {
            let pairs = expected.exp_labels.iter().map(|(n, v)| (n.as_str(), v.as_str()));
            let labels = Labels::from_pairs(pairs.chain(name));
            Compared { labels, annotations: expected.exp_annotations.clone() }
        })
        .collect();
    for alerts in [&mut found, &mut expected] {
        alerts.sort_by(|a, b| {
            compare_labels(&a.labels, &b.labels).then_with(|| a.annotations.cmp(&b.annotations))
        });
    }
    if found == expected {
        return None;
    }
    let group =
        if test.name.is_empty() { String::new() } else { format!("    name: {},\n", test.name) };
    Some(format!(
        "{group}    alertname: {}, time: {}, \n        exp:{}, \n        got:{}",
        alert.alertname,
        text::duration(alert.eval_time),
        text::indented(&list(&expected), "            "),
        text::indented(&list(&found), "            "),
    ))
}

fn list(alerts: &[Compared]) -> String {
    if alerts.is_empty() {
        return "[]".to_owned();
    }
    let item = |(at, alert): (usize, &Compared)| {
        let annotations = alert.annotations.iter().map(|(n, v)| (n.as_str(), v.as_str()));
        let (labels, annotations) = (labels_text(alert.labels.iter()), labels_text(annotations));
        let text = format!("\nLabels:{labels}\nAnnotations:{annotations}");
        format!("\n{at}:{}", text::indented(&text, "  "))
    };
    let items: Vec<String> = alerts.iter().enumerate().map(item).collect();
    format!("[{}\n]", items.join(","))
}
