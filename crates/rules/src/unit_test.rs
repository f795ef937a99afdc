//! Unit tests of rules, run as `promtool test rules` runs them, with its messages.
//!
//! Specification: Prometheus' `docs/configuration/unit_testing_rules.md`.

mod alerts;
mod samples;
mod simulated;
mod text;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use adopt::Files;
use adopt::rules::unit_test::{TestFile, TestGroup};
use adopt::rules::{self, Language, RuleFile, RuleGroup};
use regex::Regex;

use crate::rule::milliseconds;
use crate::{Definition, Group, Identity};
use promql::PreparedQueries;
use simulated::Simulated;

/// Maximum number of evaluations of a test.
const EVALUATIONS_MAX: i64 = 1_000_000;

/// What the caller decides.
#[derive(Clone, Copy)]
pub struct Options<'a> {
    /// Only tests whose names match are run.
    pub run: Option<&'a Regex>,
    /// Whether keys of files of rules that Prometheus does not know are left out.
    pub ignores_unknown_keys: bool,
    /// How queries are evaluated. The step of subqueries is the interval of the evaluation.
    pub settings: &'a promql::Settings,
}

/// What became of the tests of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FileResult {
    /// Patterns of files of rules that match none.
    pub warnings: Vec<String>,
    /// The tests, in order.
    pub tests: Vec<TestResult>,
}

impl FileResult {
    /// What failed, as promtool prints it below `  FAILED:`.
    pub fn failures(&self) -> impl Iterator<Item = &str> {
        self.tests.iter().flat_map(|test| &test.failures).map(String::as_str)
    }
}

/// What became of a test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestResult {
    /// Its name, or `unnamed#` and its position.
    pub name: String,
    /// What failed, in promtool's words; nothing if the test succeeded.
    pub failures: Vec<String>,
}

/// Runs the tests of a file. Must be called within a Tokio runtime.
///
/// # Errors
/// Why no test was run: the file cannot be read, or promtool would refuse it.
pub async fn run(
    file: &Path,
    files: &(dyn Files + Sync),
    options: Options<'_>,
) -> Result<FileResult, String> {
    let loaded = rules::unit_test::load(file, files).map_err(|error| error.to_string())?;
    let mut result = FileResult::default();
    let mut rule_files = Vec::new();
    for pattern in &loaded.rule_files {
        let found = adopt::matching_files(pattern, files)?;
        if found.is_empty() {
            result.warnings.push(format!("no file match pattern {}", pattern.display()));
        }
        for rule_file in found {
            if !rule_files.contains(&rule_file) {
                rule_files.push(rule_file);
            }
        }
    }
    let rule_files = load_rules(&rule_files, files, options);
    let prepared = Arc::new(PreparedQueries::default());
    for (at, test) in loaded.tests.iter().enumerate() {
        if options.run.is_some_and(|run| !run.is_match(&test.name)) {
            continue;
        }
        let name = if test.name.is_empty() { format!("unnamed#{at}") } else { test.name.clone() };
        let failures = match &rule_files {
            Ok(rule_files) => {
                let groups = groups(rule_files, test, &loaded);
                run_test(test, groups, &loaded, options.settings, &prepared).await
            }
            Err(failures) => failures.clone(),
        };
        result.tests.push(TestResult { name, failures });
    }
    Ok(result)
}

/// Reads the files of rules.
///
/// # Errors
/// What is wrong with the first file that cannot be used.
fn load_rules(
    rule_files: &[PathBuf],
    files: &dyn Files,
    options: Options<'_>,
) -> Result<Vec<RuleFile>, Vec<String>> {
    let check =
        |text: &str| template::prometheus::check_alert("", text).map_err(|error| error.to_string());
    let options = rules::Options {
        ignores_unknown_keys: options.ignores_unknown_keys,
        check_template: &check,
        ..rules::Options::new(Language::PromQl)
    };
    let load = |file: &PathBuf| {
        rules::load(file, files, &options)
            .map_err(|errors| errors.iter().map(text::load_error).collect())
    };
    rule_files.iter().map(load).collect()
}

/// The groups of all files, in the order of their evaluation.
fn groups(rule_files: &[RuleFile], test: &TestGroup, file: &TestFile) -> Vec<Group> {
    let defaults = [test.interval, Duration::ZERO];
    let of_file = |rule_file: &RuleFile| {
        let group = |group: &RuleGroup| {
            let identity = Identity { file: rule_file.file.clone(), name: group.name.clone() };
            Group::new(identity, group, Language::PromQl, defaults, true)
        };
        rule_file.groups.iter().map(group).collect::<Vec<_>>()
    };
    let mut groups: Vec<Group> = rule_files.iter().flat_map(of_file).collect();
    let order = |name: &str| file.group_eval_order.iter().position(|group| group == name);
    groups.sort_by_key(|group| order(&group.identity.name).unwrap_or_default());
    groups
}

/// Runs one test. Returns what failed.
async fn run_test(
    test: &TestGroup,
    groups: Vec<Group>,
    file: &TestFile,
    settings: &promql::Settings,
    prepared: &Arc<PreparedQueries>,
) -> Vec<String> {
    if let Some(nameless) = test.alert_rule_test.iter().find(|test| test.alertname.is_empty()) {
        let at = text::duration(nameless.eval_time);
        let group = if test.name.is_empty() {
            String::new()
        } else {
            format!(" (in TestGroup {})", test.name)
        };
        return vec![format!(
            "an item under alert_rule_test misses required attribute alertname at eval_time {at}{group}"
        )];
    }
    let interval_ms = milliseconds(file.evaluation_interval).max(1);
    let settings = promql::Settings { subquery_step_ms: interval_ms, ..settings.clone() };
    let mut simulated = match Simulated::new(test, settings, prepared) {
        Ok(simulated) => simulated,
        Err(failure) => return vec![failure],
    };
    let end_ms = end_ms(test);
    if end_ms / interval_ms > EVALUATIONS_MAX {
        return vec![format!("more than {EVALUATIONS_MAX} evaluations")];
    }
    let mut checks = alerts::Checks::new(test);
    let mut failures = Vec::new();
    for since_ms in (0..=end_ms).step_by(usize::try_from(interval_ms).unwrap_or(usize::MAX)) {
        let time_ms = test.start_ms.saturating_add(since_ms);
        match simulated.load_until(time_ms) {
            Ok(()) => {
                let failed = simulated.evaluate(&groups, time_ms).await;
                if !failed.is_empty() {
                    failures.extend(failed);
                    return failures;
                }
            }
            Err(failure) => failures.push(failure),
        }
        failures.extend(checks.until(since_ms.saturating_add(interval_ms), &groups));
    }
    let queries = test.promql_expr_test.iter();
    failures.extend(queries.filter_map(|query| {
        let time_ms = test.start_ms.saturating_add(milliseconds(query.eval_time));
        samples::check(query, simulated.query(&query.expr, time_ms), file.fuzzy_compare)
    }));
    failures
}

/// The time of the last check since the start.
fn end_ms(test: &TestGroup) -> i64 {
    let alerts = test.alert_rule_test.iter().map(|test| test.eval_time);
    let queries = test.promql_expr_test.iter().map(|test| test.eval_time);
    milliseconds(alerts.chain(queries).max().unwrap_or_default())
}

/// The names of the alerting rules of groups with their states.
fn alerting(groups: &[Group]) -> impl Iterator<Item = crate::RuleState> + '_ {
    let rules = groups.iter().flat_map(|group| group.state().rules);
    rules.filter(|rule| matches!(rule.rule.definition, Definition::Alerting(_)))
}

#[cfg(test)]
mod tests;
