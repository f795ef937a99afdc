//! `glasshouse test`: unit tests of rules, and the receivers that an alert reaches.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use adopt::SystemFiles;
use adopt::alertmanager::load;
use adopt::matcher::Matchers;
use anyhow::Context as _;
use clap::{Args, Subcommand};
use regex::Regex;
use rules::unit_test::{self, Options};
use signals::{Labels, MatchOp};

use super::print;

#[derive(Debug, Subcommand)]
pub(crate) enum Test {
    /// Run unit tests of rules, in promtool's files
    Rules(RuleTests),
    /// Show the receivers that an alert with some labels reaches
    Routes {
        /// The alertmanager.yml
        file: PathBuf,
        /// Labels of the alert, such as severity=critical
        #[arg(required = true, value_name = "NAME=VALUE")]
        labels: Vec<String>,
    },
}

#[derive(Debug, Args)]
pub(crate) struct RuleTests {
    /// Files of tests
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Run only tests whose names match a regular expression
    #[arg(long, value_name = "REGEX")]
    run: Option<Regex>,
    /// Ignore keys of files of rules that Prometheus does not know
    #[arg(long)]
    ignore_unknown_fields: bool,
}

/// Runs the tests.
pub(crate) fn run(test: &Test) -> anyhow::Result<()> {
    match test {
        Test::Rules(tests) => rules(tests),
        Test::Routes { file, labels } => routes(file, labels),
    }
}

fn rules(tests: &RuleTests) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    let settings = query::promql::Settings::default();
    let options = Options {
        run: tests.run.as_ref(),
        ignores_unknown_keys: tests.ignore_unknown_fields,
        settings: &settings,
    };
    let mut failed = 0;
    for file in &tests.files {
        let result = runtime.block_on(unit_test::run(file, &SystemFiles, options));
        let mut report = format!("{}\n", file.display());
        let failures: Vec<String> = match &result {
            Ok(result) => {
                for warning in &result.warnings {
                    writeln!(report, "  WARNING: {warning}")?;
                }
                result.failures().map(str::to_owned).collect()
            }
            Err(error) => vec![error.clone()],
        };
        if failures.is_empty() {
            report.push_str("  SUCCESS\n\n");
        } else {
            failed += 1;
            writeln!(report, "  FAILED:\n{}\n", failures.join("\n\n"))?;
        }
        print(&report)?;
    }
    anyhow::ensure!(failed == 0, "the tests of {failed} of {} files failed", tests.files.len());
    Ok(())
}

fn routes(file: &Path, labels: &[String]) -> anyhow::Result<()> {
    let config = load(file, &SystemFiles)?;
    let parsed = Matchers::parse(&format!("{{{}}}", labels.join(",")))
        .map_err(|error| anyhow::anyhow!("{}: {error}", labels.join(" ")))?;
    let is_label = |op| op == MatchOp::Equal;
    anyhow::ensure!(
        parsed.matchers.iter().all(|matcher| is_label(matcher.op())),
        "labels of an alert are NAME=VALUE"
    );
    let pairs = parsed.matchers.iter().map(|matcher| (matcher.name(), matcher.value()));
    let reached = config.route.matching(&Labels::from_pairs(pairs));
    let mut report = String::new();
    for route in reached {
        writeln!(report, "{}\t{}:{}\t{}", route.receiver, file.display(), route.line, route.key())
            .context("the report cannot be written")?;
    }
    print(&report)
}
