//! Labels and annotations of alerts against our own cases.

#![allow(clippy::panic, reason = "a test fails by a panic")]

use std::collections::BTreeMap;
use std::path::Path;

use template::prometheus::{Expander, Sample, SampleValue, alert_data, check_alert};
use template::{MissingKey, Run};

fn labels(entries: &[(&str, &str)]) -> BTreeMap<String, String> {
    entries.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn sample(instance: &str, value: SampleValue) -> Sample {
    Sample { labels: labels(&[("__name__", "up"), ("instance", instance)]), value }
}

fn query(text: &str) -> Result<Vec<Sample>, String> {
    match text {
        "up" => Ok(vec![
            sample("b:2", SampleValue::Float(0.0)),
            sample("a:1", SampleValue::Float(1234.5)),
        ]),
        "histogram" => {
            let text = "{count:3, sum:10}".to_owned();
            let value = SampleValue::Histogram { count: 3.0, sum: 10.0, text };
            Ok(vec![sample("c:3", value)])
        }
        "none" => Ok(Vec::new()),
        _ => Err(format!("no such query: {text}")),
    }
}

fn expand(text: &str) -> Result<String, template::Error> {
    let expander = Expander {
        time_ms: 1_704_096_930_500,
        external_url: "http://host:9090/prom",
        query: &query,
        missing_key: MissingKey::Zero,
        run: Run::default(),
    };
    let data = alert_data(
        &labels(&[("alertname", "Down"), ("instance", "host:9100")]),
        &labels(&[("cluster", "eu")]),
        "http://host:9090/prom",
        &SampleValue::Float(12.5),
    );
    expander.expand_alert("Down", text, &data)
}

#[test]
fn labels_and_annotations_expand() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/prometheus");
    let count = conformance::check_cases(&folder, |text| match expand(text) {
        Ok(output) => output.replace('\n', "\\n"),
        Err(error) => format!("! {error}"),
    });
    assert!(count >= 35, "{count} cases");
}

#[test]
fn a_check_finds_what_does_not_parse() {
    assert_eq!(check_alert("Down", "{{ $labels.instance }} {{ query \"x\" | first }}"), Ok(()));
    let error = check_alert("Down", "{{ $lables }}").err().map(|error| error.to_string());
    let message = "template: __alert_Down:1: undefined variable \"$lables\"";
    assert_eq!(error.as_deref(), Some(message));
}

#[test]
fn a_document_uses_templates_of_libraries() {
    let expander = Expander {
        time_ms: 0,
        external_url: "",
        query: &query,
        missing_key: MissingKey::Zero,
        run: Run::default(),
    };
    let text = "{{ template \"head\" . }}{{ range query \"up\" }}<a href=\"/{{ .Labels.instance }}\">\
                {{ .Value }}</a>{{ end }}{{ tmpl \"foot\" \"<\" }}";
    let libraries = [
        ("a.lib", "{{ define \"head\" }}<h1>{{ end }}"),
        ("b.lib", "{{ define \"foot\" }}<b>{{ . }}</b>{{ end }}"),
    ];
    let output = expander.expand_html("page", text, &libraries, &template::Value::Nil);
    let expected = "<h1><a href=\"/b:2\">0</a><a href=\"/a:1\">1234.5</a><b>&lt;</b>";
    assert_eq!(output.as_deref(), Ok(expected));
}
