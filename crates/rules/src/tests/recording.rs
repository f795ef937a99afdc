//! Recording rules.

use super::*;

#[tokio::test]
async fn a_recorded_series_has_the_labels_of_the_result_and_of_the_rule() {
    let series = ["a{x=\"1\",y=\"3\"} 1", "a{x=\"2\",y=\"4\"} 10", "h {{count:2 buckets:[2]}}"];
    // Keys of the group, the rule, and the series.
    for (keys, rule, recorded) in [
        (
            "",
            "{record: r, expr: sort(a)}",
            vec![r#"{__name__="r", x="1", y="3"} 1"#, r#"{__name__="r", x="2", y="4"} 10"#],
        ),
        (
            "",
            "{record: r, expr: a > 5, labels: {extra: foo, x: over, y: ''}}",
            vec![r#"{__name__="r", extra="foo", x="over"} 10"#],
        ),
        (
            "  labels: {extra: group, more: group, x: ''}\n",
            "{record: r, expr: a > 5, labels: {extra: rule}}",
            vec![r#"{__name__="r", extra="rule", more="group", y="4"} 10"#],
        ),
        ("", "{record: 'r:1', expr: '42'}", vec![r#"{__name__="r:1"} 42"#]),
        // Values of recording rules are no templates.
        (
            "",
            "{record: r, expr: '1', labels: {t: '{{1}}'}}",
            vec![r#"{__name__="r", t="{{1}}"} 1"#],
        ),
        ("", "{record: r, expr: h}", vec![r#"{__name__="r"} {count:2, sum:0, (0.5,1]:2}"#]),
        ("", "{record: r, expr: none}", vec![]),
    ] {
        let server = Server::new(&series);
        let group = group_of(keys, &[rule]);
        server.evaluate(&group, 0).await;
        assert_eq!(error(&group, 0), None);
        assert_eq!(server.query("{__name__=~\"r.*\"}", 0), recorded, "{rule}");
        assert_eq!(group.state().rules[0].has_had_result, !recorded.is_empty());
    }
}

#[tokio::test]
async fn two_equal_series_or_too_many_are_an_error_and_none_is_stored() {
    for (keys, rule, message) in [
        (
            "",
            "{record: r, expr: a, labels: {x: '1'}}",
            Some("vector contains metrics with the same labelset after applying rule labels"),
        ),
        ("  limit: 1\n", "{record: r, expr: a}", Some("exceeded limit of 1 with 2 series")),
        ("  limit: 2\n", "{record: r, expr: a}", None),
        ("  limit: 0\n", "{record: r, expr: a}", None),
    ] {
        let server = Server::new(&["a{x=\"1\"} 1", "a{x=\"2\"} 10"]);
        let group = group_of(keys, &[rule]);
        server.evaluate(&group, 0).await;
        assert_eq!(error(&group, 0).as_deref(), message, "{rule}");
        assert_eq!(server.query("r", 0).is_empty(), message.is_some());
    }
}

#[tokio::test]
async fn later_rules_see_what_earlier_ones_recorded_in_the_same_evaluation() {
    let server = Server::new(&["a 1 2"]);
    let rules = [
        "{record: first, expr: a * 10}",
        "{record: second, expr: first + 1}",
        "{alert: A, expr: second > 20}",
        "{record: third, expr: ALERTS_FOR_STATE}",
    ];
    let group = group_of("", &rules);
    server.evaluate(&group, 0).await;
    assert_eq!(server.query("second", 0), [r#"{__name__="second"} 11"#]);
    server.evaluate(&group, 1).await;
    assert_eq!(server.query("second", 1), [r#"{__name__="second"} 21"#]);
    assert_eq!(server.query("third", 1), [r#"{__name__="third", alertname="A"} 60"#]);
}

#[tokio::test]
async fn a_query_offset_moves_queries_and_samples_but_not_the_times_of_alerts() {
    let server = Server::new(&["a 5 6 7 8"]);
    let keys = "  query_offset: 1m\n";
    let rules = ["{record: r, expr: timestamp(a) + a}", "{alert: A, expr: a > 0, for: 1m}"];
    let group = group_of(keys, &rules);
    server.evaluate(&group, 2).await;
    let sent = server.evaluate(&group, 3).await;
    assert_eq!(server.query("timestamp(r)", 5), ["{} 120"]);
    assert_eq!(server.query("r", 2), [r#"{__name__="r"} 127"#]);
    assert_eq!(server.query("r", 1), [r#"{__name__="r"} 66"#]);
    assert_eq!((sent[0].active_at_ms, sent[0].value), (120_000, 7.0));
    let since = [r#"{__name__="ALERTS_FOR_STATE", alertname="A"} 120"#];
    assert_eq!(server.query("ALERTS_FOR_STATE", 1), since);
}

#[tokio::test]
async fn a_refused_sample_is_the_error_of_the_rule_and_the_others_are_stored() {
    let server = Server::new(&["a{x=\"1\"} 1", "a{x=\"2\"} 2", "r{x=\"1\"} 7"]);
    let group = group_of("", &["{record: r, expr: a}"]);
    server.evaluate(&group, 0).await;
    assert_eq!(error(&group, 0).as_deref(), Some("duplicate sample for timestamp"));
    assert_eq!(group.state().rules[0].health.name(), "err");
    assert_eq!(server.query("r", 0), [r#"{__name__="r", x="1"} 7"#, r#"{__name__="r", x="2"} 2"#]);
    // It is not a series of the rule, and gets no staleness marker from it.
    assert_eq!(group.state().rules[0].series.len(), 1);
}
