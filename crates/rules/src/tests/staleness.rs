//! Staleness markers.

use super::*;

#[tokio::test]
async fn a_series_that_vanishes_ends_at_the_next_evaluation() {
    for (offset, minutes) in [("0s", 0), ("1m", 1)] {
        let server = Server::new(&["a{x=\"1\"} 1 1 stale", "a{x=\"2\"} 1x5"]);
        let group = group_of(&format!("  query_offset: {offset}\n"), &["{record: r, expr: a}"]);
        for minute in 0..4 {
            server.evaluate(&group, minute + minutes).await;
        }
        for (minute, count) in [(0, 2), (1, 2), (2, 1), (3, 1)] {
            assert_eq!(server.query("r", minute).len(), count, "{offset} {minute}");
        }
    }
}

#[tokio::test]
async fn the_series_of_an_alert_change_with_its_state() {
    let server = Server::new(&["a 1 1 1 0 0"]);
    let group = group_of("", &["{alert: A, expr: a > 0, for: 1m}"]);
    for minute in 0..5 {
        server.evaluate(&group, minute).await;
    }
    let state = |state| format!(r#"{{__name__="ALERTS", alertname="A", alertstate="{state}"}} 1"#);
    for (minute, alerts) in [
        (0, vec![state("pending")]),
        (1, vec![state("firing")]),
        (2, vec![state("firing")]),
        (3, vec![]),
        (4, vec![]),
    ] {
        assert_eq!(server.query("ALERTS", minute), alerts, "{minute}");
        let since = [r#"{__name__="ALERTS_FOR_STATE", alertname="A"} 0"#];
        let count = usize::from(minute < 3);
        assert_eq!(server.query("ALERTS_FOR_STATE", minute), since[..count]);
    }
}

#[tokio::test]
async fn a_rule_that_fails_leaves_its_series() {
    let server = Server::new(&["a 1x3", "b{x=\"1\"} _ 1 stale", "b{x=\"2\"} _ 1 stale"]);
    let group = group_of("", &["{record: r, expr: a unless on () (a + on () b)}"]);
    for minute in 0..2 {
        server.evaluate(&group, minute).await;
        assert_eq!(server.query("r", minute).len(), 1);
    }
    assert!(error(&group, 0).is_some());
}

#[tokio::test]
async fn a_marker_does_not_end_a_series_that_another_rule_has_taken_over() {
    let server = Server::new(&["a 1 0 0", "b 0 5 6"]);
    let rules = ["{record: r, expr: b > 0}", "{record: r, expr: a > 0}"];
    let group = group_of("", &rules);
    for minute in 0..3 {
        server.evaluate(&group, minute).await;
        assert_eq!(error(&group, 1), None);
    }
    assert_eq!(server.query("r", 1), [r#"{__name__="r"} 5"#]);
    assert_eq!(server.query("r", 2), [r#"{__name__="r"} 6"#]);
}
