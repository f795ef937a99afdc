//! Restoration of the times since when alerts are active.

use super::*;

/// A server whose group was evaluated at minutes, and a group of the server started after it.
async fn restarted(rule: &str, series: &[&str], minutes: &[i64]) -> (Server, Group) {
    let mut server = Server::new(series);
    server.settings = Arc::new(Settings {
        outage_tolerance: Duration::from_secs(30 * 60),
        grace_period: Duration::from_secs(10 * 60),
        ..Settings::default()
    });
    let before = group_of("", &[rule]);
    for minute in minutes {
        server.evaluate(&before, *minute).await;
    }
    let text = format!("groups:\n- name: g\n  rules:\n  - {rule}\n");
    (server, groups(&text, false).remove(0))
}

#[tokio::test]
async fn pending_alerts_go_on_after_an_outage() {
    let five =
        "a{instance=\"0\"} 75 _x4 85 _x4 50 _x4 0 _x4 0 _x4 25 _x4 0 _x4 0 _x4 40 _x4 0 _x4 120";
    let stale = "a{instance=\"0\"} 75 _x4 85 _x4 120 _x14 25";
    let rule = "{alert: A, expr: a < 100, for: 25m}";
    // The rule, the series, the minutes before the stop, the minute of the start, and the minute
    // since when the alert is active then.
    for (case, rule, series, before, start, since) in [
        ("shifted by the outage", rule, five, &[0, 5][..], 15, Some(10)),
        ("away for longer than is tolerated", rule, five, &[0, 5], 40, Some(40)),
        ("not active any more", rule, five, &[0, 5], 50, None),
        ("fires after the grace period", rule, five, &[0, 5, 10, 15, 20], 25, Some(10)),
        ("had fired", rule, five, &[0, 5, 10, 15, 20, 25], 30, Some(0)),
        ("was inactive when the server stopped", rule, stale, &[0, 5, 10], 25, Some(25)),
        (
            "has a `for` below the grace period",
            "{alert: A, expr: a < 100, for: 9m}",
            five,
            &[0, 5],
            15,
            Some(15),
        ),
        (
            "has a label that is a template",
            "{alert: A, expr: a < 100, for: 25m, labels: {i: 'n{{.Labels.instance}}', e: '{{``}}'}}",
            five,
            &[0, 5],
            15,
            Some(10),
        ),
    ] {
        let (server, group) = restarted(rule, &[series], before).await;
        server.evaluate(&group, start).await;
        assert!(
            server.query("ALERTS", start).is_empty() || before.contains(&(start - 5)),
            "{case}"
        );
        group.restore(start * MINUTE_MS, &server.settings, &server.shared).await;
        let state = group.state();
        assert!(state.rules[0].alerts.is_restored, "{case}");
        let found = state.rules[0].active_alerts().next().map(|alert| alert.active_at_ms);
        assert_eq!(found.map(|ms| ms / MINUTE_MS), since, "{case}");
    }
}

#[tokio::test]
async fn series_are_stored_only_after_the_restoration() {
    let rule = "{alert: A, expr: a, for: 15m}";
    let (server, group) = restarted(rule, &["a 1x40"], &[0, 1, 2]).await;
    server.evaluate(&group, 12).await;
    server.evaluate(&group, 13).await;
    assert!(server.query("ALERTS", 13).is_empty());
    group.restore(13 * MINUTE_MS, &server.settings, &server.shared).await;
    server.evaluate(&group, 14).await;
    // Active since minute 0, and away for eleven minutes.
    let since = [r#"{__name__="ALERTS_FOR_STATE", alertname="A"} 660"#];
    assert_eq!(server.query("ALERTS_FOR_STATE", 14), since);
}

#[tokio::test]
async fn a_change_before_the_restoration_does_not_prevent_it() {
    let rule = "{alert: A, expr: a, for: 15m}";
    let (server, group) = restarted(rule, &["a 1x40"], &[0, 1, 2]).await;
    server.evaluate(&group, 12).await;
    let changed = group_of("", &[rule, "{alert: B, expr: a}"]);
    changed.continue_from(group.state());
    server.evaluate(&changed, 13).await;
    changed.restore(13 * MINUTE_MS, &server.settings, &server.shared).await;
    let state = changed.state();
    let since = state.rules.iter().map(|r| r.active_alerts().next().unwrap().active_at_ms);
    assert_eq!(since.collect::<Vec<_>>(), [11 * MINUTE_MS, 13 * MINUTE_MS]);
}
