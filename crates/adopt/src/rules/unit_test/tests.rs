//! Reading of whole files.

use std::ffi::OsString;
use std::io;

use super::*;

/// A file in memory.
struct Memory<'a>(&'a str);

impl Files for Memory<'_> {
    fn read(&self, _: &Path) -> io::Result<Vec<u8>> {
        Ok(self.0.as_bytes().to_vec())
    }

    fn names(&self, _: &Path) -> io::Result<Vec<OsString>> {
        Ok(Vec::new())
    }

    fn exists(&self, _: &Path) -> bool {
        false
    }

    fn variable(&self, _: &str) -> Option<String> {
        None
    }
}

fn loaded(text: &str) -> Result<TestFile, String> {
    load(Path::new("d/t.yml"), &Memory(text)).map_err(|error| error.to_string())
}

#[test]
fn all_keys_are_read() {
    let file = loaded(
        "rule_files: [r/*.yml, /abs.yml]\nevaluation_interval: 30s\ngroup_eval_order: [b, a]\n\
         fuzzy_compare: true\ntests:\n- name: n\n  interval: 5m\n  external_labels: {a: b}\n  \
         external_url: http://x\n  start_timestamp: 1609459200.5\n  input_series:\n  - {series: 'a{}', \
         values: 0x10}\n  alert_rule_test:\n  - eval_time: 1h\n    alertname: A\n    exp_alerts:\n    - \
         {}\n    - {exp_labels: {x: y}, exp_annotations: {p: q}}\n  promql_expr_test:\n  - {expr: \
         a, eval_time: 0, exp_samples: [{value: 1}, {labels: a, value: .inf}, {histogram: '{{}}'}]}\n",
    )
    .unwrap();
    assert_eq!(file.rule_files, [Path::new("d/r/*.yml"), Path::new("/abs.yml")]);
    assert_eq!(file.evaluation_interval, Duration::from_secs(30));
    assert_eq!(
        (&file.group_eval_order[..], file.fuzzy_compare),
        (&["b".into(), "a".into()][..], true)
    );
    let test = &file.tests[0];
    assert_eq!((test.interval, test.start_ms), (Duration::from_secs(300), 1_609_459_200_500));
    assert_eq!((test.external_url.as_str(), test.external_labels["a"].as_str()), ("http://x", "b"));
    assert_eq!(test.input_series[0].values, "0x10");
    let alerts = &test.alert_rule_test[0];
    assert_eq!((alerts.eval_time, alerts.alertname.as_str()), (Duration::from_secs(3600), "A"));
    assert_eq!(alerts.exp_alerts[1].exp_annotations["p"], "q");
    let samples = &test.promql_expr_test[0].exp_samples;
    assert_eq!(samples.iter().map(|s| s.value).collect::<Vec<_>>(), [1.0, f64::INFINITY, 0.0]);
}

#[test]
fn the_interval_of_a_test_is_that_of_the_evaluation_by_default() {
    let file = loaded("evaluation_interval: 10s\ntests: [{}]\n").unwrap();
    assert_eq!(file.tests[0].interval, Duration::from_secs(10));
    let file = loaded("tests: [{start_timestamp: '2024-01-01T00:00:00Z'}]\n").unwrap();
    let (interval, start_ms) = (file.tests[0].interval, file.tests[0].start_ms);
    assert_eq!((interval, start_ms), (Duration::from_secs(60), 1_704_067_200_000));
    assert_eq!(loaded("").unwrap().tests, []);
}

#[test]
fn mistakes_are_errors_with_their_line() {
    for (text, error) in [
        ("tests:\n- input: []\n", "d/t.yml:2: field input not found in type main.testGroup"),
        ("test: []\n", "d/t.yml:1: field test not found in type main.unitTestFile"),
        (
            "tests:\n- promql_expr_test:\n  - {expr: a, exp_samples: [{values: 1}]}\n",
            "d/t.yml:3: field values not found in type main.sample",
        ),
        ("tests:\n- interval: 5\n", "d/t.yml:2: not a valid duration string: \"5\""),
        ("tests: 5\n", "d/t.yml:1: cannot unmarshal !!int `5` into list"),
        ("group_eval_order: [a, b, a]\n", "d/t.yml:1: group name repeated in evaluation order: a"),
        (
            "tests:\n- start_timestamp: soon\n",
            "d/t.yml:2: cannot parse \"soon\" to a valid timestamp",
        ),
    ] {
        assert_eq!(loaded(text).unwrap_err(), error, "{text}");
    }
}
