//! Alertmanager's own cases.

use serde_json::Value as Json;
use template::alertmanager::{Alert, Data, Expander, RouteLabels, Status, Templates};
use template::{Limits, Run, Time, Value};

use crate::{counted, difference, facts, labels, text, value};

const NOW_NS: i64 = 1_704_096_930_000_000_000;

fn alert(json: &Json) -> Alert {
    let status = match text(json, "Status") {
        "firing" => Status::Firing,
        _ => Status::Resolved,
    };
    Alert {
        status,
        labels: labels(&json["Labels"]),
        annotations: labels(&json["Annotations"]),
        starts_at: Time::zero(),
        ends_at: Time::zero(),
        generator_url: String::new(),
        fingerprint: text(json, "Fingerprint").to_owned(),
    }
}

fn data(json: &Json) -> Data {
    let alerts = json["Alerts"]["_items"].as_array().into_iter().flatten().map(alert).collect();
    let mut data = Data::new("", labels(&json["GroupLabels"]), alerts);
    data.common_labels = labels(&json["CommonLabels"]);
    data.route_labels = labels(&json["RouteLabels"]);
    data
}

fn input(json: &Json) -> (Value, RouteLabels) {
    let nothing = RouteLabels::default();
    if text(json, "_type") == "Data" {
        let data = data(json);
        let labels = RouteLabels { values: data.route_labels.clone(), are_rendered: false };
        return (data.to_value(), labels);
    }
    if let Some(nanos) = json["_time_ns"].as_i64() {
        return (Value::Time(Time::from_nanos(nanos)), nothing);
    }
    if let Some(nanos) = json["args"][0].as_i64() {
        return (Value::Time(Time::from_nanos(NOW_NS + nanos)), nothing);
    }
    (value(json), nothing)
}

#[test]
fn alertmanager_cases_expand_alike() {
    let Some(file) = facts("alertmanager/curated/templates.json") else { return };
    let mut corpus = counted("alertmanager");
    for case in file["expansion"].as_array().unwrap() {
        let (data, route_labels) = input(&case["data"]);
        let templates = Templates::default();
        let expander = Expander {
            templates: &templates,
            data: &data,
            route_labels: &route_labels,
            now_ns: NOW_NS,
            run: Run::default(),
        };
        let template = text(case, "in");
        let is_html = case["html"] == true;
        let found = if is_html { expander.html(template) } else { expander.text(template) };
        let expected = match case["expErr"].as_str() {
            Some(message) => Err(Some(message)),
            None if case["fail"] == true => Err(None),
            None => Ok(text(case, "exp")),
        };
        let why = difference(&found, &expected).map(|why| format!("{template}\n    {why}"));
        corpus.note(&case.to_string(), why);
    }
    corpus.finish();
}

#[test]
fn data_has_what_alerts_have_in_common() {
    let Some(file) = facts("alertmanager/derived/template__template_test.json") else { return };
    let table = file["tables"].as_array().unwrap().iter().find(|t| text(t, "test") == "TestData");
    let mut corpus = counted("alertmanager data");
    for case in table.unwrap()["cases"].as_array().unwrap() {
        let expected = &case["exp"];
        let alerts = expected["Alerts"]["_items"].as_array().into_iter().flatten().map(alert);
        let found =
            Data::new(text(case, "receiver"), labels(&case["groupLabels"]), alerts.collect());
        let is_same = found.receiver == text(expected, "Receiver")
            && found.status.name() == text(expected, "Status")
            && found.common_labels == labels(&expected["CommonLabels"])
            && found.common_annotations == labels(&expected["CommonAnnotations"]);
        corpus.note(&case.to_string(), (!is_same).then(|| format!("{found:?}")));
    }
    corpus.finish();
}

/// The templates that Alertmanager ships parse, and expand as text and as HTML.
#[test]
fn default_templates_expand() {
    let mut templates = Templates::default();
    let mut names = Vec::new();
    for file in ["default.tmpl", "email.tmpl"] {
        let Some(source) = conformance::corpus_text(&format!("alertmanager/templates/{file}"))
        else {
            return;
        };
        templates.parse("", &source, &Limits::default()).unwrap();
        names.extend(
            source
                .split("{{ define \"")
                .skip(1)
                .map(|part| part.split('"').next().unwrap().to_owned()),
        );
    }
    assert!(names.len() > 40, "{names:?}");
    let labels = [("alertname", "Down"), ("job", "<api>")];
    let labels = labels.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let alert = alert(
        &serde_json::json!({"Status": "firing", "Labels": {"alertname": "Down", "job": "<api>"}}),
    );
    let mut data = Data::new("team-X", labels, vec![alert]);
    data.external_url = "http://am.example:9093".to_owned();
    let value = data.to_value();
    let expander = Expander {
        templates: &templates,
        data: &value,
        route_labels: &RouteLabels::default(),
        now_ns: NOW_NS,
        run: Run::default(),
    };
    for name in &names {
        let is_list = name.starts_with("__text_alert_list")
            || name.contains(".instances")
            || name.starts_with("__teams");
        let dot = if is_list { ".Alerts" } else { "." };
        let call = format!("{{{{ template \"{name}\" {dot} }}}}");
        for output in [expander.text(&call), expander.html(&call)] {
            assert!(output.is_ok(), "{name}: {output:?}");
        }
    }
    let subject = expander.text("{{ template \"slack.default.title\" . }}").unwrap();
    assert_eq!(subject, "[FIRING:1] Down <api> ");
    let document = expander.html("{{ template \"email.default.html\" . }}").unwrap();
    assert!(document.contains("&lt;api&gt;") && !document.contains("<api>"));
    assert!(document.contains("http://am.example:9093/#/alerts?receiver=team-X"), "{document}");
}
