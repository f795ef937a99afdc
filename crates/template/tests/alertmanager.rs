//! Alertmanager's functions and data against our own cases, whose answers are Go's.

#![allow(clippy::panic, reason = "a test fails by a panic")]

use std::collections::BTreeMap;
use std::path::Path;

use template::alertmanager::{Alert, Data, Expander, RouteLabels, Status, Templates};
use template::{Run, Time};

/// 2024-01-01 08:15:30.123456789 UTC
const START_NS: i64 = 1_704_096_930_123_456_789;
const HOUR_NS: i64 = 3_600_000_000_000;

fn labels(entries: &[(&str, &str)]) -> BTreeMap<String, String> {
    entries.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn data() -> Data {
    let firing = Alert {
        status: Status::Firing,
        labels: labels(&[("alertname", "Down"), ("job", "<api>"), ("severity", "page")]),
        annotations: labels(&[("summary", "It's \"down\" & out"), ("url", "http://x/?a=b&c")]),
        starts_at: Time::from_nanos(START_NS),
        ends_at: Time::zero(),
        generator_url: "http://prom/graph?g0.expr=up%3D%3D0&g0.tab=1".to_owned(),
        fingerprint: "abc".to_owned(),
    };
    let resolved = Alert {
        status: Status::Resolved,
        labels: labels(&[("alertname", "Slow"), ("job", "<api>")]),
        annotations: labels(&[]),
        ends_at: Time::from_nanos(START_NS + HOUR_NS),
        generator_url: String::new(),
        fingerprint: "def".to_owned(),
        ..firing.clone()
    };
    Data {
        notification_reason: "first notification".to_owned(),
        external_url: "http://am.example:9093".to_owned(),
        ..Data::new("team-X", labels(&[("job", "<api>")]), vec![firing, resolved])
    }
}

/// The output of a text with these labels of its route.
fn expand(text: &str, route_labels: &RouteLabels) -> String {
    let (templates, data) = (Templates::default(), data().to_value());
    let now_ns = START_NS + 90 * HOUR_NS;
    let run = Run::default();
    let expander = Expander { templates: &templates, data: &data, route_labels, now_ns, run };
    match expander.text(text) {
        Ok(output) => output.replace('\n', "\\n"),
        Err(error) => format!("! {error}"),
    }
}

#[test]
fn functions_return_what_they_do_in_go() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/alertmanager");
    let count = conformance::check_cases(&folder, |text| expand(text, &RouteLabels::default()));
    assert!(count >= 60, "{count} cases");
}

#[test]
fn a_document_without_actions_is_escaped_as_in_go() {
    let (templates, route_labels) = (Templates::default(), RouteLabels::default());
    let data = data().to_value();
    let run = Run::default();
    let expander = Expander {
        templates: &templates,
        data: &data,
        route_labels: &route_labels,
        now_ns: 0,
        run,
    };
    assert_eq!(expander.text("<code>x < y</code>").unwrap(), "<code>x < y</code>");
    assert_eq!(expander.html("<code>x < y</code>").unwrap(), "<code>x &lt; y</code>");
}

#[test]
fn the_clock_is_passed_in() {
    let route_labels = RouteLabels::default();
    let since = "{{ now.Format \"2006-01-02 15\" }} {{ since (index .Alerts 0).StartsAt }}";
    assert_eq!(expand(since, &route_labels), "2024-01-05 02 90h0m0s");
}

#[test]
fn rendered_route_labels_are_no_templates() {
    let text = "{{ routeLabels \"a\" }}";
    for (are_rendered, expected) in [(false, "FIRING"), (true, "{{ .Status | toUpper }}")] {
        let values = labels(&[("a", "{{ .Status | toUpper }}")]);
        assert_eq!(expand(text, &RouteLabels { values, are_rendered }), expected);
    }
}

#[test]
fn a_cycle_of_route_labels_is_an_error() {
    let values = labels(&[("a", "{{ routeLabels \"b\" }}"), ("b", "{{ routeLabels \"a\" }}")]);
    let route_labels = RouteLabels { values, are_rendered: false };
    let error = expand("{{ routeLabels \"a\" }}", &route_labels);
    assert!(error.ends_with("route label cycle detected: a -> b -> a"), "{error}");
}
