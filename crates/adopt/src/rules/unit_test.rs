//! Files of unit tests of rules, read as `promtool test rules` reads them.
//!
//! Specification: Prometheus' `docs/configuration/unit_testing_rules.md`.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::DateTime;

use crate::error::{Error, Read};
use crate::files::Files;
use crate::yaml::{Document, Fields, Node};

/// The default of `evaluation_interval`.
const EVALUATION_INTERVAL: Duration = Duration::from_secs(60);

/// A file of unit tests.
#[derive(Debug, Clone, PartialEq)]
pub struct TestFile {
    /// Patterns of the files of rules, relative to the folder of this file no more.
    pub rule_files: Vec<PathBuf>,
    /// How often the rules are evaluated.
    pub evaluation_interval: Duration,
    /// Names of groups in the order in which they are evaluated. Others are first.
    pub group_eval_order: Vec<String>,
    /// Whether values are equal that are neighbours as 64-bit floating-point numbers.
    pub fuzzy_compare: bool,
    /// The tests, in order.
    pub tests: Vec<TestGroup>,
}

/// Series, and what rules and queries make of them.
#[derive(Debug, Clone, PartialEq)]
pub struct TestGroup {
    /// The name; may be empty.
    pub name: String,
    /// The time between the values of a series.
    pub interval: Duration,
    /// The series.
    pub input_series: Vec<InputSeries>,
    /// What alerts are expected to fire.
    pub alert_rule_test: Vec<AlertTest>,
    /// What queries are expected to return.
    pub promql_expr_test: Vec<ExprTest>,
    /// Labels of the server, for templates.
    pub external_labels: BTreeMap<String, String>,
    /// The URL of the server, for templates.
    pub external_url: String,
    /// The time of the first value, in milliseconds since 1970.
    pub start_ms: i64,
    /// The line in the file, from 1.
    pub line: u32,
}

/// A series.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputSeries {
    /// Name and labels in PromQL's notation.
    pub series: String,
    /// Values in the notation of `promql::notation`.
    pub values: String,
}

/// The alerts of a name that fire at a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertTest {
    /// Time since the start.
    pub eval_time: Duration,
    /// The name of the rule; an empty one is a mistake of the test.
    pub alertname: String,
    /// The alerts.
    pub exp_alerts: Vec<ExpectedAlert>,
}

/// An alert that fires.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpectedAlert {
    /// Labels, without `alertname`.
    pub exp_labels: BTreeMap<String, String>,
    /// Expanded annotations.
    pub exp_annotations: BTreeMap<String, String>,
}

/// The result of a query at a time.
#[derive(Debug, Clone, PartialEq)]
pub struct ExprTest {
    /// The query.
    pub expr: String,
    /// Time since the start.
    pub eval_time: Duration,
    /// The samples, in any order.
    pub exp_samples: Vec<ExpectedSample>,
}

/// A sample of a result.
#[derive(Debug, Clone, PartialEq)]
pub struct ExpectedSample {
    /// Name and labels in PromQL's notation; none if it is empty.
    pub labels: String,
    /// The number.
    pub value: f64,
    /// A native histogram in the notation of `promql::notation`, in place of the number.
    pub histogram: String,
}

/// Reads a file of unit tests.
///
/// # Errors
/// If the file cannot be read or promtool would refuse it.
pub fn load(file: &Path, files: &dyn Files) -> Result<TestFile, Error> {
    let unreadable = |source| Error::Unreadable { file: file.to_owned(), source };
    let document = Document::parse(file, files.read(file).map_err(unreadable)?)?;
    let nothing = Node::nothing();
    let root = document.root.as_deref().unwrap_or(&nothing);
    test_file(&document, root).map_err(|fault| fault.of(file))
}

fn test_file(document: &Document, root: &Node) -> Read<TestFile> {
    let mut fields = Fields::new(document, root, "main.unitTestFile")?;
    let rule_files = fields.texts("rule_files")?;
    let evaluation_interval = fields.interval("evaluation_interval", EVALUATION_INTERVAL)?;
    let group_eval_order = fields.texts("group_eval_order")?;
    let tests = fields.elements("tests")?;
    let fuzzy_compare = fields.flag("fuzzy_compare", false)?;
    fields.finish()?;
    let mut known = HashSet::new();
    if let Some(name) = group_eval_order.iter().find(|name| !known.insert(name.as_str())) {
        let reason = format!("group name repeated in evaluation order: {name}");
        return Err(fields.fault("group_eval_order", reason));
    }
    let test = |node: &std::sync::Arc<Node>| test_group(document, node, evaluation_interval);
    Ok(TestFile {
        // An empty pattern matches nothing, and not the folder.
        rule_files: rule_files
            .iter()
            .map(|pattern| if pattern.is_empty() { PathBuf::new() } else { document.path(pattern) })
            .collect(),
        evaluation_interval,
        tests: tests.iter().map(test).collect::<Read<_>>()?,
        group_eval_order,
        fuzzy_compare,
    })
}

fn test_group(document: &Document, node: &Node, interval: Duration) -> Read<TestGroup> {
    let mut fields = Fields::new(document, node, "main.testGroup")?;
    let series = fields.elements("input_series")?.iter();
    let alerts = fields.elements("alert_rule_test")?.iter();
    let queries = fields.elements("promql_expr_test")?.iter();
    let start = fields.take("start_timestamp");
    let group = TestGroup {
        name: fields.text_or_empty("name")?,
        interval: fields.interval("interval", interval)?,
        input_series: series.map(|node| input_series(document, node)).collect::<Read<_>>()?,
        alert_rule_test: alerts.map(|node| alert_test(document, node)).collect::<Read<_>>()?,
        promql_expr_test: queries.map(|node| expr_test(document, node)).collect::<Read<_>>()?,
        external_labels: fields.text_map("external_labels")?.into_iter().collect(),
        external_url: fields.text_or_empty("external_url")?,
        start_ms: start.map(timestamp_ms).transpose()?.unwrap_or_default(),
        line: node.line,
    };
    fields.finish()?;
    Ok(group)
}

fn input_series(document: &Document, node: &Node) -> Read<InputSeries> {
    let mut fields = Fields::new(document, node, "main.series")?;
    let (series, values) = (fields.text_or_empty("series")?, fields.text_or_empty("values")?);
    fields.finish()?;
    Ok(InputSeries { series, values })
}

fn alert_test(document: &Document, node: &Node) -> Read<AlertTest> {
    let mut fields = Fields::new(document, node, "main.alertTestCase")?;
    let alerts = fields.elements("exp_alerts")?.iter();
    let test = AlertTest {
        eval_time: fields.duration("eval_time")?.unwrap_or_default(),
        alertname: fields.text_or_empty("alertname")?,
        exp_alerts: alerts.map(|node| expected_alert(document, node)).collect::<Read<_>>()?,
    };
    fields.finish()?;
    Ok(test)
}

fn expected_alert(document: &Document, node: &Node) -> Read<ExpectedAlert> {
    let mut fields = Fields::new(document, node, "main.alert")?;
    let labels = fields.text_map("exp_labels")?;
    let annotations = fields.text_map("exp_annotations")?;
    fields.finish()?;
    Ok(ExpectedAlert {
        exp_labels: labels.into_iter().collect(),
        exp_annotations: annotations.into_iter().collect(),
    })
}

fn expr_test(document: &Document, node: &Node) -> Read<ExprTest> {
    let mut fields = Fields::new(document, node, "main.promqlTestCase")?;
    let samples = fields.elements("exp_samples")?.iter();
    let test = ExprTest {
        expr: fields.text_or_empty("expr")?,
        eval_time: fields.duration("eval_time")?.unwrap_or_default(),
        exp_samples: samples.map(|node| expected_sample(document, node)).collect::<Read<_>>()?,
    };
    fields.finish()?;
    Ok(test)
}

fn expected_sample(document: &Document, node: &Node) -> Read<ExpectedSample> {
    let mut fields = Fields::new(document, node, "main.sample")?;
    let sample = ExpectedSample {
        labels: fields.text_or_empty("labels")?,
        value: fields.float("value")?.unwrap_or_default(),
        histogram: fields.text_or_empty("histogram")?,
    };
    fields.finish()?;
    Ok(sample)
}

/// Reads seconds since 1970, or a time as RFC 3339.
fn timestamp_ms(node: &Node) -> Read<i64> {
    let text = node.text()?;
    let seconds = text.parse::<f64>().ok().filter(|seconds| seconds.is_finite());
    let written = || DateTime::parse_from_rfc3339(&text).ok().map(|time| time.timestamp_millis());
    seconds
        .map(|seconds| (seconds * 1000.0).round() as i64)
        .or_else(written)
        .ok_or_else(|| node.fault(format!("cannot parse {text:?} to a valid timestamp")))
}

#[cfg(test)]
mod tests;
