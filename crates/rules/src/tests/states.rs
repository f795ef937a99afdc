//! The states of alerts, and when alerts are sent.

use super::*;

/// Evaluates a rule with the condition `a > 0` each minute. Returns its states and what is sent.
async fn run(rule: &str, values: &str) -> (String, String) {
    let server = Server::new(&[&format!("a {values}")]);
    let group = group_of("", &[&format!("{{alert: A, expr: a > 0, {rule}}}")]);
    let count = notation::values(values).unwrap().count();
    let (mut states, mut sent) = (String::new(), String::new());
    for minute in 0..count {
        let alerts = server.evaluate(&group, minute as i64).await;
        states += &letters(&group, 0);
        sent.push(alerts.first().map_or('-', letter));
    }
    (states, sent)
}

#[tokio::test]
async fn alerts_are_pending_then_fire_and_are_resolved() {
    // Rule, values of each minute, states, and what is sent. A firing alert is sent again more than
    // a minute later.
    for (rule, values, states, sent) in [
        ("", "1x5", "FFFFFF", "F-F-F-"),
        ("", "1 0x4", "FRRRRR", "FR-R-R"),
        ("for: 2m", "1x5", "PPFFFF", "--F-F-"),
        // Shorter than the interval: at the next evaluation.
        ("for: 15s", "1x2", "PFF", "-F-"),
        // A pending alert is forgotten.
        ("for: 2m", "1 1 0 1 1 1", "PP-PPF", "-----F"),
        // A resolved one becomes a new one.
        ("", "1 0 1 0", "FRFR", "FRFR"),
        ("for: 1m", "1 1 0 1 1", "PFRPF", "-FR-F"),
        // A resolved one is kept for 15 minutes.
        ("", "1 0x17", "FRRRRRRRRRRRRRRRR--", "FR-R-R-R-R-R-R-R---"),
        ("keep_firing_for: 2m", "1 0x4", "FFFRRR", "F-FR-R"),
        ("keep_firing_for: 2m", "1 0 1 0 0 0", "FFFFFR", "F-F-FR"),
        ("for: 1m, keep_firing_for: 1m", "75 85 70 70 0x3", "PFFFFRRR", "-F-F-R-R"),
        // A pending one is not kept.
        ("for: 1m, keep_firing_for: 1m", "1 0x1", "P--", "---"),
        // Without data an alert ends; a value is found for five minutes.
        ("", "1 _x6 ", "FFFFFRR", "F-F-FR-"),
        ("", "1 stale _", "FRR", "FR-"),
    ] {
        assert_eq!(
            run(rule, values).await,
            (states.to_owned(), sent.to_owned()),
            "{rule} {values}"
        );
    }
}

#[tokio::test]
async fn a_sent_alert_says_when_it_fired_and_until_when_it_is_valid() {
    let server = Server::new(&["a 1 1 2 3 0 0"]);
    let keys = "  interval: 90s\n";
    let rule = "{alert: A, expr: a > 0, for: 1m, annotations: {value: '{{$value}}'}}";
    let group = group_of(keys, &[rule]);
    let mut sent = Vec::new();
    for minute in 0..6 {
        sent.extend(server.evaluate(&group, minute).await);
    }
    let times = |alert: &Alert| {
        let times = [alert.fired_at_ms, alert.resolved_at_ms, alert.valid_until_ms];
        (alert.active_at_ms, times.map(|time| time.map(|ms| ms / 1000)), alert.value)
    };
    // Four intervals: two may fail.
    assert_eq!(
        sent.iter().map(times).collect::<Vec<_>>(),
        [
            (0, [Some(60), None, Some(60 + 360)], 1.0),
            (0, [Some(60), None, Some(180 + 360)], 3.0),
            (0, [Some(60), Some(240), Some(240 + 360)], 3.0),
        ]
    );
    let values: Vec<&str> = sent.iter().map(|alert| alert.annotations["value"].as_str()).collect();
    assert_eq!(values, ["1", "3", "3"]);
}

#[tokio::test]
async fn an_enlarged_for_makes_a_firing_alert_pending_again() {
    let server = Server::new(&["a 1x20"]);
    let group = group_of("", &["{alert: A, expr: a > 0, for: 1m, keep_firing_for: 9m}"]);
    for minute in 0..3 {
        server.evaluate(&group, minute).await;
    }
    assert_eq!(letters(&group, 0), "F");
    let longer = group_of("", &["{alert: A, expr: a > 0, for: 5m, keep_firing_for: 9m}"]);
    longer.continue_from(group.state());
    let mut states = String::new();
    let mut sent = Vec::new();
    for minute in 3..7 {
        sent.extend(server.evaluate(&longer, minute).await);
        states += &letters(&longer, 0);
        let state = longer.state();
        let alert = state.rules[0].active_alerts().next().unwrap();
        if alert.state == AlertState::Pending {
            let times = [alert.fired_at_ms, alert.last_sent_at_ms, alert.keep_firing_since_ms];
            assert_eq!(times, [None; 3]);
        }
    }
    assert_eq!(states, "PPFF");
    assert_eq!(sent.iter().map(|a| a.fired_at_ms).collect::<Vec<_>>(), [Some(300_000)]);
}

#[tokio::test]
async fn alerts_have_the_labels_of_series_rule_and_name() {
    let expanded = "{alert: A, expr: a > 0, labels: {severity: \"{{'c'}}ritical\", b: '', \
                    instance: over, alertname: x, n: '{{$labels.b}}{{$labels.none}}'}}";
    let expanded = &expanded.replace("'c'", "`c`");
    for (rule, labels) in [
        ("{alert: A, expr: a > 0}", r#"{alertname="A", b="c", instance="i"}"#),
        // An empty label is removed; the name of the alert comes last.
        (expanded, r#"{alertname="A", instance="over", n="c", severity="critical"}"#),
        (
            "{alert: A, expr: a > 0, labels: {x: '{{.Foo}}'}}",
            "{alertname=\"A\", b=\"c\", instance=\"i\", x=\"<error expanding template: error executing \
             template __alert_A: template: __alert_A:1:114: executing \\\"__alert_A\\\" at <.Foo>: can't \
             evaluate field Foo in type struct { Labels map[string]string; ExternalLabels \
             map[string]string; ExternalURL string; Value interface {} }>\"}",
        ),
        (
            "{alert: A, expr: a > 0, labels: {x: '{{with query \"b\"}}{{. | first | value}}{{end}}'}}",
            r#"{alertname="A", b="c", instance="i", x="7"}"#,
        ),
        ("{alert: A, expr: sum(a) > 0}", r#"{alertname="A"}"#),
        ("{alert: A, expr: '1'}", r#"{alertname="A"}"#),
    ] {
        let server = Server::new(&["a{b=\"c\",instance=\"i\"} 1", "b 7"]);
        let group = group_of("", &[rule]);
        server.evaluate(&group, 0).await;
        assert_eq!(error(&group, 0), None, "{rule}");
        let state = group.state();
        let found: Vec<String> =
            state.rules[0].active_alerts().map(|alert| format!("{:?}", alert.labels)).collect();
        assert_eq!(found, [labels], "{rule}");
    }
}

#[tokio::test]
async fn external_labels_and_the_url_are_data_of_templates() {
    let mut server = Server::new(&["a 1"]);
    server.settings = Arc::new(Settings {
        external_labels: [("region".to_owned(), "eu".to_owned())].into(),
        external_url: "http://p.example/x".to_owned(),
        ..Settings::default()
    });
    let text = "{{$externalLabels.region}} {{.ExternalURL}} {{$value}} {{printf \"%.1f\" .Value}}";
    let group =
        group_of("", &[&format!("{{alert: A, expr: a > 0, annotations: {{t: '{text}'}}}}")]);
    let sent = server.evaluate(&group, 0).await;
    assert_eq!(sent[0].annotations["t"], "eu http://p.example/x 1 1.0");
}

#[tokio::test]
async fn a_histogram_is_the_value_of_a_template() {
    let server = Server::new(&["a {{count:2 sum:3 buckets:[2]}}"]);
    let group = group_of("", &["{alert: A, expr: a, annotations: {t: '{{$value}}'}}"]);
    let sent = server.evaluate(&group, 0).await;
    assert_eq!(sent[0].annotations["t"], "{count:2, sum:3, (0.5,1]:2}");
}

#[tokio::test]
async fn alerts_with_the_same_labels_are_an_error_and_change_nothing() {
    let server = Server::new(&["a{b=\"1\"} 1 1 1 1", "a{b=\"2\"} 0 0 1 0"]);
    let group = group_of("", &["{alert: A, expr: a > 0, labels: {b: ''}}"]);
    let mut states = String::new();
    for minute in 0..4 {
        let sent = server.evaluate(&group, minute).await;
        states += &letters(&group, 0);
        let message = "vector contains metrics with the same labelset after applying alert labels";
        assert_eq!(error(&group, 0), (minute == 2).then(|| message.to_owned()));
        assert!(minute != 2 || sent.is_empty());
    }
    assert_eq!(states, "FFFF");
}

#[tokio::test]
async fn more_alerts_than_the_limit_are_an_error_and_all_are_forgotten() {
    for (limit, message, states) in [
        ("0", None, "FF"),
        ("-1", None, "FF"),
        ("2", None, "FF"),
        ("1", Some("exceeded limit of 1 with 2 alerts"), "-"),
    ] {
        let server = Server::new(&["a{b=\"1\"} 1", "a{b=\"2\"} 1"]);
        let group = group_of(&format!("  limit: {limit}\n"), &["{alert: A, expr: a > 0}"]);
        let sent = server.evaluate(&group, 0).await;
        assert_eq!(error(&group, 0).as_deref(), message, "{limit}");
        assert_eq!(letters(&group, 0), states);
        assert_eq!(sent.is_empty(), message.is_some());
    }
}

#[tokio::test]
async fn a_query_that_fails_leaves_the_alerts_as_they_are() {
    let server = Server::new(&["a 1 1 1", "b{x=\"1\"} _ 1 stale", "b{x=\"2\"} _ 1 stale"]);
    let group = group_of("", &["{alert: A, expr: a unless on () (a + on () b)}"]);
    let mut states = String::new();
    for minute in 0..3 {
        server.evaluate(&group, minute).await;
        states += &letters(&group, 0);
        assert_eq!(error(&group, 0).is_some(), minute == 1, "{:?}", error(&group, 0));
        let health = group.state().rules[0].health.name();
        assert_eq!(health, if minute == 1 { "err" } else { "ok" });
    }
    assert_eq!(states, "FFF");
    let text = "at the end of a range";
    let group = group_of("", &["{alert: A, expr: 'a[5m]'}", "{record: r, expr: '\"text\"'}"]);
    server.evaluate(&group, 0).await;
    for rule in 0..2 {
        let message = Some("rule result is not a vector or scalar".to_owned());
        assert_eq!(error(&group, rule), message, "{text}");
    }
}

#[tokio::test]
async fn the_state_of_a_rule_is_the_highest_of_its_alerts() {
    let server = Server::new(&["a{b=\"1\"} 1 1 0", "a{b=\"2\"} 0 1 1"]);
    let group = group_of("", &["{alert: A, expr: a > 0, for: 1m}"]);
    assert_eq!(group.state().rules[0].state(), None);
    let states = [AlertState::Pending, AlertState::Firing, AlertState::Firing];
    for (minute, state) in states.into_iter().enumerate() {
        server.evaluate(&group, minute as i64).await;
        assert_eq!(group.state().rules[0].state(), Some(state), "{minute}");
    }
    // The resolved one is kept, and not active.
    let state = group.state();
    assert_eq!((letters(&group, 0).as_str(), state.rules[0].active_alerts().count()), ("RF", 1));
}
