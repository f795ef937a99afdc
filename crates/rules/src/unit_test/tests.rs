//! Unit tests of rules in files in memory.

use std::ffi::OsString;
use std::io;

use super::*;

/// Files of rules and of tests.
struct Memory {
    rules: &'static str,
    tests: String,
}

impl Files for Memory {
    fn read(&self, file: &Path) -> io::Result<Vec<u8>> {
        let text = if file.ends_with("tests.yml") { self.tests.as_str() } else { self.rules };
        Ok(text.as_bytes().to_vec())
    }

    fn names(&self, _: &Path) -> io::Result<Vec<OsString>> {
        Ok(vec!["rules.yml".into()])
    }

    fn exists(&self, path: &Path) -> bool {
        path.ends_with("rules.yml")
    }

    fn variable(&self, _: &str) -> Option<String> {
        None
    }
}

async fn result(rules: &'static str, tests: &str) -> Result<FileResult, String> {
    let files = Memory { rules, tests: tests.to_owned() };
    let settings = promql::Settings::default();
    let options = Options { run: None, ignores_unknown_keys: false, settings: &settings };
    run(Path::new("d/tests.yml"), &files, options).await
}

async fn failures(rules: &'static str, tests: &str) -> Vec<String> {
    result(rules, tests).await.unwrap().failures().map(str::to_owned).collect()
}

const RULES: &str = "groups:\n- name: reads\n  rules:\n  - {record: last, expr: first + 1}\n- name: \
                     writes\n  rules:\n  - {record: first, expr: a * 2}\n  - {record: future, expr: \
                     a offset -1m}\n";

#[tokio::test]
async fn groups_are_evaluated_in_the_given_order() {
    for (order, at) in [("[writes, reads]", "0"), ("[reads, writes]", "1m")] {
        let tests = format!(
            "rule_files: ['*.yml']\ngroup_eval_order: {order}\ntests:\n- input_series: [{{series: a, \
             values: 1 1}}]\n  promql_expr_test: [{{expr: timestamp(last) / 60, eval_time: 1m, \
             exp_samples: [{{value: 1}}]}}, {{expr: 'min_over_time(timestamp(last)[5m:1m])', eval_time: \
             1m, exp_samples: [{{value: {}}}]}}]\n",
            if at == "0" { 0 } else { 60 }
        );
        assert_eq!(failures(RULES, &tests).await, [""; 0], "{order}");
    }
}

#[tokio::test]
async fn rules_do_not_see_samples_that_come_later() {
    let tests = "rule_files: [rules.yml]\ntests:\n- input_series: [{series: a, values: 1 2 3}]\n  \
                 promql_expr_test: [{expr: future, eval_time: 1m, exp_samples: [{labels: future, \
                 value: 2}]}]\n";
    assert_eq!(failures(RULES, tests).await, [""; 0]);
}

#[tokio::test]
async fn mistakes_of_tests_are_their_failures() {
    for (test, failure) in [
        (
            "name: n, alert_rule_test: [{eval_time: 1h}]",
            "an item under alert_rule_test misses required attribute alertname at eval_time 1h (in \
             TestGroup n)",
        ),
        (
            "input_series: [{series: a, values: 1x999999999999}]",
            "1:17: parse error: more than 10000000 values",
        ),
        ("promql_expr_test: [{expr: a, eval_time: 200y}]", "more than 1000000 evaluations"),
        (
            "promql_expr_test: [{expr: 'a[', eval_time: 1m}]",
            "    expr: \"a[\", time: 1m, err: 1:3: parse error: unexpected end of input in duration \
             expression",
        ),
        (
            "promql_expr_test: [{expr: '1', exp_samples: [{histogram: '1'}]}]",
            "    expr: \"1\", time: 0s, err: labels \"\": expected histogram, got 1",
        ),
        (
            "promql_expr_test: [{expr: vector(1), exp_samples: [{labels: 'a{', value: 1}]}]",
            "    expr: \"vector(1)\", time: 0s, err: labels \"a{\": 1:3: parse error: unexpected end of \
             input inside braces",
        ),
        (
            "promql_expr_test: [{expr: vector(NaN), exp_samples: [{value: .nan}]}]",
            "    expr: \"vector(NaN)\", time: 0s,\n        exp: {} NaN\n        got: {} NaN",
        ),
        (
            "input_series: [{series: h, values: '{{count:2 buckets:[2]}}'}], promql_expr_test: [{expr: h, \
             exp_samples: [{labels: h, histogram: '{{count:3}}'}]}]",
            "    expr: \"h\", time: 0s,\n        exp: {__name__=\"h\"} {{count:3}}\n        got: \
             {__name__=\"h\"} {{count:2 buckets:[2]}}",
        ),
    ] {
        let tests = format!("tests:\n- {{{test}}}\n");
        assert_eq!(failures(RULES, &tests).await, [failure], "{test}");
    }
}

#[tokio::test]
async fn patterns_that_match_nothing_are_warnings() {
    let result = result(RULES, "rule_files: [none.yml, r*.yml]\ntests: [{}, {name: n}]\n").await;
    let result = result.unwrap();
    assert_eq!(result.warnings, ["no file match pattern d/none.yml"]);
    let names: Vec<&str> = result.tests.iter().map(|test| test.name.as_str()).collect();
    assert_eq!(names, ["unnamed#0", "n"]);
}
