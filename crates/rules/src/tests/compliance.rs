//! The groups of the compliance suite `alert_generator` with the outcomes that its specification
//! demands, in a simulated run.

use std::collections::BTreeMap;

use super::*;

const STEP_MS: i64 = 15_000;
const INTERVAL_MS: i64 = 30_000;

/// An alert that was sent: when, its name, state, time of firing and end, in seconds.
type Sent = (i64, String, char, i64, i64);

struct Outcome {
    /// The states at each evaluation, by the name of the rule.
    states: BTreeMap<String, String>,
    sent: Vec<Sent>,
    alerts: Vec<Alert>,
    server: Server,
}

/// Evaluates the group with this name for so many intervals.
async fn run(name: &str, series: &[&str], evaluations: i64) -> Option<Outcome> {
    let text = conformance::corpus_text("prometheus-compliance/alert_generator/rules.yaml")?;
    let group = groups(&text, true).into_iter().find(|group| group.identity.name == name).unwrap();
    assert_eq!(group.interval_ms, INTERVAL_MS);
    let server = Server::with_step(STEP_MS, series);
    let (mut states, mut sent, mut all) =
        (BTreeMap::<String, String>::new(), Vec::new(), Vec::new());
    for evaluation in 0..evaluations {
        let time_ms = evaluation * INTERVAL_MS;
        let alerts = server.evaluate_at(&group, time_ms).await;
        for rule in 0..group.state().rules.len() {
            assert_eq!(error(&group, rule), None);
            let name = group.state().rules[rule].rule.name().to_owned();
            states.entry(name).or_default().push_str(&letters(&group, rule));
        }
        for alert in &alerts {
            let end = alert.resolved_at_ms.or(alert.valid_until_ms).unwrap() / 1000;
            let name = alert.labels.get("alertname").unwrap().to_owned();
            let fired = alert.fired_at_ms.unwrap() / 1000;
            sent.push((time_ms / 1000, name, letter(alert), fired, end));
        }
        all.extend(alerts);
    }
    Some(Outcome { states, sent, alerts: all, server })
}

fn is_sent(sent: &[Sent], wanted: &[(i64, &str, char, i64, i64)]) {
    let sent = sent.iter();
    let found =
        sent.map(|(at, name, state, fired, end)| (*at, name.as_str(), *state, *fired, *end));
    let found: Vec<_> = found.collect();
    assert_eq!(found, wanted);
}

#[tokio::test]
async fn pending_and_firing_and_resolved() {
    const NAME: &str = "PendingAndFiringAndResolved_SimpleAlert";
    // Above the threshold from 60 s to 480 s.
    let series = "alert_generator_test_suite{alertname=\"PendingAndFiringAndResolved_SimpleAlert\",\
                  rulegroup=\"PendingAndFiringAndResolved\"} 5x3 15x27 5x80";
    let Some(outcome) = run("PendingAndFiringAndResolved", &[series], 20).await else { return };
    assert_eq!(outcome.states[NAME], "--PPPPPPPPPPPPFFRRRR");
    let until = |at: i64| at + 240;
    is_sent(
        &outcome.sent,
        &[
            (420, NAME, 'F', 420, until(420)),
            (480, NAME, 'R', 420, 480),
            (570, NAME, 'R', 420, 480),
        ],
    );
    let annotations: Vec<_> = outcome.alerts[0].annotations.values().map(String::as_str).collect();
    assert_eq!(annotations, ["SimpleAlert is firing", "The value is 15 15"]);
    assert_eq!(
        format!("{:?}", outcome.alerts[0].labels),
        format!("{{alertname={NAME:?}, foo=\"bar\", rulegroup=\"PendingAndFiringAndResolved\"}}")
    );
    // ALERTS has a sample at each evaluation of an active alert, with its state.
    let alerts = format!("count_over_time(ALERTS{{alertname={NAME:?}}}[20m])");
    let counts = outcome.server.query(&alerts, 9);
    let [firing, pending] = counts.as_slice() else { panic!("{counts:?}") };
    assert!(firing.contains("firing") && firing.ends_with(" 2"), "{firing}");
    assert!(pending.contains("pending") && pending.ends_with(" 12"), "{pending}");
    assert_eq!(outcome.server.query("ALERTS", 8), [""; 0]);
}

#[tokio::test]
async fn resolved_alerts_are_sent_for_15_minutes() {
    const NAME: &str = "ZeroFor_SmallFor_ZeroFor";
    let series = "alert_generator_test_suite{alertname=\"ZeroFor_SmallFor_ZeroFor\",\
                  rulegroup=\"ZeroFor_SmallFor\"} 15 15 5x100";
    let Some(outcome) = run("ZeroFor_SmallFor", &[series], 40).await else { return };
    let resolved: Vec<i64> =
        outcome.sent.iter().filter(|sent| sent.2 == 'R').map(|sent| sent.0).collect();
    assert_eq!(resolved, [30, 120, 210, 300, 390, 480, 570, 660, 750, 840, 930]);
    assert_eq!(outcome.states[NAME], format!("F{}{}", "R".repeat(31), "-".repeat(8)));
}

#[tokio::test]
async fn pending_and_resolved_and_always_inactive() {
    let series = [
        "alert_generator_test_suite{alertname=\"PendingAndResolved_AlwaysInactive_PendingAlert\",\
         rulegroup=\"PendingAndResolved_AlwaysInactive\"} 5 5 15x9 5x20",
        "alert_generator_test_suite{alertname=\"PendingAndResolved_AlwaysInactive_InactiveAlert\",\
         rulegroup=\"PendingAndResolved_AlwaysInactive\"} 5x30",
    ];
    let Some(outcome) = run("PendingAndResolved_AlwaysInactive", &series, 9).await else { return };
    let states: Vec<&str> = outcome.states.values().map(String::as_str).collect();
    assert_eq!(states, ["---------", "-PPPPP---"]);
    assert_eq!(outcome.sent, []);
}

#[tokio::test]
async fn zero_for_and_small_for() {
    const ZERO: &str = "ZeroFor_SmallFor_ZeroFor";
    const SMALL: &str = "ZeroFor_SmallFor_SmallFor";
    let series = [
        "alert_generator_test_suite{alertname=\"ZeroFor_SmallFor_ZeroFor\",\
         rulegroup=\"ZeroFor_SmallFor\"} 5 5 15x9",
        "alert_generator_test_suite{alertname=\"ZeroFor_SmallFor_SmallFor\",\
         rulegroup=\"ZeroFor_SmallFor\"} 5 5 15x9",
        "alert_generator_test_suite{rulegroup=\"ZeroFor_SmallFor\",for=\"template\",id=\"2\"} 6x9",
        "alert_generator_test_suite{rulegroup=\"ZeroFor_SmallFor\",for=\"template\",id=\"1\"} 5x9",
    ];
    let Some(outcome) = run("ZeroFor_SmallFor", &series, 5).await else { return };
    assert_eq!((&*outcome.states[ZERO], &*outcome.states[SMALL]), ("-FFFF", "-PFFF"));
    is_sent(
        &outcome.sent,
        &[(30, ZERO, 'F', 30, 270), (60, SMALL, 'F', 60, 300), (120, ZERO, 'F', 30, 360)],
    );
    let texts = |alert: &Alert| alert.annotations.values().cloned().collect::<Vec<_>>();
    assert_eq!(
        texts(&outcome.alerts[0]),
        [
            "This should immediately fire",
            "Args are: foo bar 99. first_id:1,1:5,2:6,",
            "1.049M 1Mi 2m 15s 95.9% 2022-01-25 12:36:43 +0000 UTC",
        ]
    );
    assert_eq!(
        texts(&outcome.alerts[1]),
        [
            "This should fire after an interval",
            "This Part IS TESTING the strings. ::1 127.0.0.1. 7815. replaced text. .",
        ]
    );
}

#[tokio::test]
async fn new_alerts_and_the_order_of_rules() {
    const FIRST: &str = "NewAlerts_OrderCheck_Rule1";
    const SECOND: &str = "NewAlerts_OrderCheck_Rule2";
    let series = [
        "alert_generator_test_suite{alertname=\"NewAlerts_OrderCheck_Rule1\",\
         rulegroup=\"NewAlerts_OrderCheck\",variant=\"one\"} 15x40",
        "alert_generator_test_suite{alertname=\"NewAlerts_OrderCheck_Rule1\",\
         rulegroup=\"NewAlerts_OrderCheck\",variant=\"two\"} 5x7 15x40",
    ];
    let Some(outcome) = run("NewAlerts_OrderCheck", &series, 12).await else { return };
    // The second variant is new after two minutes; the second rule fires in the very evaluation in
    // which both alerts of the first fire.
    assert_eq!(outcome.states[FIRST], "PPPPPPPPFPFPFPFPFFFF");
    assert_eq!(outcome.states[SECOND], "----------FF");
    is_sent(
        &outcome.sent,
        &[
            (180, FIRST, 'F', 180, 420),
            (270, FIRST, 'F', 180, 510),
            (300, FIRST, 'F', 300, 540),
            (300, SECOND, 'F', 300, 540),
        ],
    );
    let last = outcome.alerts.last().unwrap();
    assert_eq!(
        last.annotations["description"],
        "Based on ALERTS. Old alertname was NewAlerts_OrderCheck_Rule1. foo was bar."
    );
    assert_eq!(
        format!("{:?}", last.labels),
        "{alertname=\"NewAlerts_OrderCheck_Rule2\", alertstate=\"firing\", ba_dum=\"tss\", foo=\"baz\", \
         rulegroup=\"NewAlerts_OrderCheck\"}"
    );
}
