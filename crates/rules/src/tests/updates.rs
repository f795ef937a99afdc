//! A changed group takes over the states of rules that have the same name and labels.

use super::*;

#[tokio::test]
async fn rules_keep_their_states_by_name_and_labels() {
    let server = Server::new(&["a 1x9", "b 1x9"]);
    let old = group_of(
        "",
        &[
            "{alert: A, expr: a, for: 2m}",
            "{alert: A, expr: b, for: 2m}",
            "{alert: B, expr: a, for: 2m, labels: {x: '1'}}",
            "{alert: C, expr: a, for: 2m}",
            "{record: r, expr: a}",
        ],
    );
    server.evaluate(&old, 0).await;
    let new = group_of(
        "  interval: 30s\n",
        &[
            "{record: r, expr: b}",
            // A changed expression or annotation does not matter, a changed label does.
            "{alert: C, expr: a > 0, for: 2m, annotations: {x: y}}",
            "{alert: B, expr: a, for: 2m, labels: {x: '2'}}",
            // The first takes over from the first, the second from the second; the third is new.
            "{alert: A, expr: a, for: 2m}",
            "{alert: A, expr: b, for: 2m}",
            "{alert: A, expr: a + b, for: 2m}",
        ],
    );
    assert!(!old.is_same(&new));
    new.continue_from(old.state());
    server.evaluate(&new, 1).await;
    let since = |rule: usize| {
        let state = new.state();
        let alert = state.rules[rule].active_alerts().next().map(|alert| alert.active_at_ms);
        alert.map(|ms| ms / MINUTE_MS)
    };
    let found: Vec<_> = (0..6).map(since).collect();
    assert_eq!(found, [None, Some(0), Some(1), Some(0), Some(0), Some(1)]);
    // The series of the rule that is gone have ended.
    assert_eq!(
        server.query("ALERTS{alertname=\"B\"}", 1),
        [r#"{__name__="ALERTS", alertname="B", alertstate="pending", x="2"} 1"#]
    );
    assert_eq!(server.query("r", 1), [r#"{__name__="r"} 1"#]);
}

#[tokio::test]
async fn the_series_of_a_removed_rule_end_at_the_next_evaluation_of_the_group() {
    let server = Server::new(&["a 1x9"]);
    let old =
        group_of("", &["{record: r, expr: a}", "{record: s, expr: a}", "{alert: A, expr: a}"]);
    server.evaluate(&old, 0).await;
    let new = group_of("", &["{record: s, expr: a}"]);
    new.continue_from(old.state());
    assert_eq!(server.query("r", 1).len(), 1);
    server.evaluate(&new, 1).await;
    for (query, count) in [("r", 0), ("ALERTS", 0), ("ALERTS_FOR_STATE", 0), ("s", 1)] {
        assert_eq!(server.query(query, 1).len(), count, "{query}");
    }
}

#[tokio::test]
async fn groups_are_the_same_if_all_that_is_written_is() {
    let rule = "{alert: A, expr: a > 0, for: 1m}";
    let group = group_of("  limit: 0\n", &[rule]);
    for (keys, rules, is_same) in [
        ("  limit: 0\n", vec![rule], true),
        // As long as the default.
        ("  interval: 1m\n", vec![rule], true),
        ("  interval: 2m\n", vec![rule], false),
        ("  query_offset: 1m\n", vec![rule], false),
        ("  limit: 5\n", vec![rule], false),
        ("  limit: 0\n", vec![rule, rule], false),
        ("  limit: 0\n", vec!["{alert: A, expr: 'a>0', for: 60s}"], true),
        ("  limit: 0\n", vec!["{alert: A, expr: a > 0, for: 1m, annotations: {x: y}}"], false),
        // The new lines are shown.
        ("", vec![rule], false),
    ] {
        assert_eq!(group.is_same(&group_of(keys, &rules)), is_same, "{keys} {rules:?}");
    }
}
