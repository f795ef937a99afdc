//! Our own templates: their output, by hand and against Alertmanager's.

use std::collections::BTreeMap;

use notify::default_templates;
use template::alertmanager::{Data, Expander, RouteLabels, Status, Templates};
use template::{Limits, Run};

use crate::support::{alert, labels};

const LIMITS: Limits = Limits { text_bytes: 1 << 20, steps: 1_000_000, output_bytes: 1 << 20 };

fn parsed(text: &str) -> Templates {
    let mut templates = Templates::default();
    templates.parse("", text, &LIMITS).unwrap();
    templates
}

fn output(templates: &Templates, name: &str, data: &Data, is_html: bool) -> String {
    let value = data.to_value();
    let route_labels = RouteLabels::default();
    let run = Run::default();
    let expander =
        Expander { templates, data: &value, route_labels: &route_labels, now_ns: 0, run };
    let argument = if name.starts_with("__text_alert_list") || name.ends_with(".instances") {
        ".Alerts"
    } else {
        "."
    };
    let text = format!("{{{{ template {name:?} {argument} }}}}");
    let output = if is_html { expander.html(&text) } else { expander.text(&text) };
    output.unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Groups that differ in what templates show.
fn groups() -> Vec<Data> {
    let group = |group_labels: &[(&str, &str)], alerts| Data {
        external_url: "http://am/x".to_owned(),
        ..Data::new("team x/&", labels(group_labels), alerts)
    };
    let down = |status, severity: &str| {
        let values = [("alertname", "Down"), ("job", "a b"), ("severity", severity)];
        alert(status, &values, &[("summary", "It's <down> & out"), ("url", "http://x")])
    };
    let (firing, resolved) = (Status::Firing, Status::Resolved);
    let bare = alert(firing, &[("a", "1")], &[]);
    vec![
        group(&[("alertname", "Down")], vec![down(firing, "critical")]),
        group(&[("alertname", "Down")], vec![down(resolved, "info")]),
        group(&[("alertname", "Down")], vec![down(firing, "info"), down(resolved, "critical")]),
        group(&[], vec![down(firing, "info"), down(firing, "warning"), bare.clone()]),
        group(&[("a", "1")], vec![bare]),
        group(&[], vec![down(resolved, "none"), down(resolved, "warning")]),
    ]
}

#[test]
fn texts_are_as_written_by_hand() {
    let templates = parsed(&default_templates());
    let groups = groups();
    let list = "Labels:\n - alertname = Down\n - job = a b\n - severity = critical\nAnnotations:\n \
                - summary = It's <down> & out\n - url = http://x\nSource: \
                http://prom/graph?a=1&b\n";
    let markdown = "\nLabels:\n  - alertname = Down\n  - job = a b\n  - severity = \
                    critical\n\nAnnotations:\n  - summary = It's <down> & out\n  - url = \
                    http://x\n\nSource: http://prom/graph?a=1&b\n\n";
    let subject = "[FIRING:1] Down (a b critical)";
    let url = "http://am/x/#/alerts?receiver=team+x%2F%26";
    for (name, index, expected) in [
        ("__subject", 0, subject.to_owned()),
        ("__subject", 1, "[RESOLVED] Down (a b info)".to_owned()),
        ("__subject", 3, "[FIRING:3]  ".to_owned()),
        ("__subject", 4, "[FIRING:1] 1 ".to_owned()),
        ("__alertmanagerURL", 0, url.to_owned()),
        ("__text_alert_list", 0, list.to_owned()),
        ("__text_alert_list_markdown", 0, markdown.to_owned()),
        ("slack.default.fallback", 0, format!("{subject} | {url}")),
        ("slack.default.color", 0, "danger".to_owned()),
        ("slack.default.color", 1, "good".to_owned()),
        ("telegram.default.message", 0, format!("\n\nAlerts Firing:\n{list}\n\n\n")),
        (
            "opsgenie.default.description",
            0,
            format!("It's <down> & out http://x\nAlerts Firing:\n{list}\n"),
        ),
        ("msteamsv2.default.text", 0, format!("\n\n# Alerts Firing:\n{markdown}\n\n\n")),
        ("jira.default.priority", 0, "High".to_owned()),
        ("jira.default.priority", 1, "Low".to_owned()),
        ("jira.default.priority", 2, "Low".to_owned()),
        ("jira.default.priority", 3, "Medium".to_owned()),
        ("jira.default.priority", 4, String::new()),
        ("jira.default.priority", 5, "Medium".to_owned()),
        ("email.default.subject", 0, subject.to_owned()),
    ] {
        assert_eq!(output(&templates, name, &groups[index], false), expected, "{name} of {index}");
    }
}

#[test]
fn texts_are_those_of_alertmanager() {
    let Some(theirs) = conformance::corpus_text("alertmanager/templates/default.tmpl") else {
        return;
    };
    let theirs = parsed(&theirs);
    let ours = parsed(&default_templates());
    let mut count = 0;
    for name in theirs.names().filter(|name| !name.is_empty()) {
        for (index, data) in groups().iter().enumerate() {
            for is_html in [false, true] {
                let expected = output(&theirs, name, data, is_html);
                let found = output(&ours, name, data, is_html);
                assert_eq!(found, expected, "{name} of {index}");
                count += 1;
            }
        }
    }
    assert!(count > 500, "{count}");
}

#[test]
fn a_mail_shows_all_that_is_known_and_no_markup_of_values() {
    let templates = parsed(&default_templates());
    let groups = groups();
    let html = output(&templates, "email.default.html", &groups[2], true);
    for part in [
        "<title>[FIRING:1] Down (a b)</title>",
        "2 alerts for alertname=Down</div>",
        "Firing (1)",
        "Resolved (1)",
        "It&#39;s &lt;down&gt; &amp; out",
        "<td style=\"padding:1px 0;overflow-wrap:anywhere\">critical</td>",
        "href=\"http://am/x/#/alerts?receiver=team&#43;x%2F%26\"",
        "href=\"http://prom/graph?a=1&amp;b\"",
        "Started 2026-12-01 09:50:00 UTC, ended 2026-12-01 09:59:00 UTC",
        "prefers-color-scheme: dark",
    ] {
        assert!(html.contains(part), "{part} is not in {html}");
    }
    for kept in ["<!DOCTYPE html>\n<html", "</html>"] {
        assert!(html.contains(kept), "{html}");
    }
    let resolved = output(&templates, "email.default.html", &groups[1], true);
    assert!(resolved.contains("1 alert for") && !resolved.contains("Firing ("), "{resolved}");
    assert!(resolved.contains("#1a7f37") && html.contains("#b42318"));
}

#[test]
fn a_hostile_value_stays_text_in_a_mail() {
    let templates = parsed(&default_templates());
    let hostile = "\"><script>alert(1)</script><img src=x onerror=alert(1)>";
    let mut data = groups().remove(0);
    for alert in &mut data.alerts {
        alert.labels.insert("job".to_owned(), hostile.to_owned());
        alert.annotations.insert(hostile.to_owned(), hostile.to_owned());
        alert.generator_url = "javascript:alert(1)".to_owned();
    }
    data.group_labels = BTreeMap::from([("job".to_owned(), hostile.to_owned())]);
    let html = output(&templates, "email.default.html", &data, true);
    for forbidden in ["<script", "<img", "href=\"javascript"] {
        assert!(!html.contains(forbidden), "{forbidden} is in {html}");
    }
}
