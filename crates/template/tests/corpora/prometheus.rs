//! Prometheus' own cases.

use serde_json::Value as Json;
use template::prometheus::{Expander, Sample, SampleValue};
use template::{MissingKey, Run, Value};

use crate::{counted, difference, facts, labels, text, value};

const TIME_MS: i64 = 1_353_755_652_000;
const EXTERNAL_URL: &str = "http://testhost:9090/path/prefix";

/// The only histogram of the cases.
fn histogram() -> SampleValue {
    SampleValue::Histogram { count: 3.0, sum: 10.0, text: "{count:3, sum:10}".to_owned() }
}

fn sample(json: &Json) -> Sample {
    let value = match json["F"].as_f64() {
        Some(number) => SampleValue::Float(number),
        None => histogram(),
    };
    Sample { labels: labels(&json["Metric"]["_labels"]), value }
}

fn input(json: &Json) -> Value {
    if text(json, "_type") == "sample" {
        return Sample { labels: labels(&Json::Null), value: histogram() }.to_value();
    }
    value(json)
}

#[test]
fn prometheus_cases_expand_alike() {
    let Some(file) = facts("prometheus/curated/templates.json") else { return };
    let mut corpus = counted("prometheus");
    for case in file["cases"].as_array().unwrap() {
        let items = case["queryResult"]["_items"].as_array();
        let samples: Vec<Sample> = items.into_iter().flatten().map(sample).collect();
        let missing_key = match &case["options"] {
            Json::Null => MissingKey::Zero,
            Json::Array(_) => MissingKey::Error,
            _ => MissingKey::NoValue,
        };
        let expander = Expander {
            time_ms: TIME_MS,
            external_url: EXTERNAL_URL,
            query: &|_| Ok(samples.clone()),
            missing_key,
            run: Run::default(),
        };
        let (template, data) = (text(case, "text"), input(&case["input"]));
        let found = if case["html"] == true {
            expander.expand_html("test", template, &[], &data)
        } else {
            expander.expand("test", template, &data)
        };
        let expected = match (case["shouldFail"] == true, &case["output"]) {
            (true, _) => Err(Some(text(case, "errorMsg"))),
            (false, Json::String(output)) => Ok(output.as_str()),
            (false, _) => Ok("{count:3, sum:10}"),
        };
        let why = difference(&found, &expected).map(|why| format!("{template}\n    {why}"));
        corpus.note(&case.to_string(), why);
    }
    corpus.finish();
}
