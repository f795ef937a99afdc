//! Inhibition, silences and time intervals.

use alertmanager::api::{AlertState, AlertsQuery};

use crate::world::{START, Settings as _, World, alert, one_webhook, seconds};

fn inhibiting(rules: &str) -> World {
    let route = "group_by: [], group_wait: 1s, group_interval: 1s, repeat_interval: 1s";
    World::new(&format!("{}inhibit_rules:\n{rules}", one_webhook(route)))
}

const JOB_DOWN: &str = "- {source_match: {alertname: JobDown}, target_match: {alertname: InstanceDown}, equal: [job, zone]}\n";

#[test]
fn an_alert_is_sent_again_when_the_one_that_inhibits_it_is_resolved() {
    let mut world = inhibiting(JOB_DOWN);
    let job = |name: &str, zone: &str| {
        alert(&[&format!("alertname={name}"), "job=j", &format!("zone={zone}")])
    };
    world.push(1.0, &[job("test1", "aa"), job("InstanceDown", "aa"), job("InstanceDown", "ab")]);
    world.push(2.2, &[job("JobDown", "aa")]);
    world.push(3.6, &[job("JobDown", "aa").from(2.2).to(3.6)]);
    world.until(4.5);
    let expected = [
        "2 default/webhook[0]: InstanceDown,j,aa@1 InstanceDown,j,ab@1 test1,j,aa@1",
        "3 default/webhook[0]: InstanceDown,j,ab@1 JobDown,j,aa@2.2 test1,j,aa@1",
        "4 default/webhook[0]: InstanceDown,j,aa@1 InstanceDown,j,ab@1 JobDown,j,aa@2.2-3.6 \
         test1,j,aa@1",
    ];
    assert_eq!(world.sent(), expected);
}

#[test]
fn alerts_that_are_resolved_together_are_sent_together() {
    let mut world = inhibiting(JOB_DOWN);
    let job = |name: &str| alert(&[&format!("alertname={name}"), "job=j", "zone=aa"]);
    world.push(1.0, &[job("InstanceDown"), job("JobDown")]);
    world.push(2.6, &[job("JobDown").from(1.0).to(2.6), job("InstanceDown").from(1.0).to(2.6)]);
    world.until(10.0);
    let expected = [
        "2 default/webhook[0]: JobDown,j,aa@1",
        "3 default/webhook[0]: InstanceDown,j,aa@1-2.6 JobDown,j,aa@1-2.6",
    ];
    assert_eq!(world.sent(), expected);
}

/// Which of the alerts are inhibited, by their position.
fn inhibited(rules: &str, alerts: &[&[&str]]) -> Vec<usize> {
    let mut world = inhibiting(rules);
    let posted: Vec<_> = alerts.iter().map(|labels| alert(labels)).collect();
    world.push(1.0, &posted);
    let listed = world.simulation.alertmanager().alerts(&AlertsQuery::default(), START).unwrap();
    let is_inhibited = |labels: &&[&str]| {
        let labels = alert(labels).labels.unwrap();
        let mut found = listed.iter().filter(|listed| listed.labels == labels);
        found.next().unwrap().status.state == AlertState::Suppressed
    };
    (0..alerts.len()).filter(|index| is_inhibited(&alerts[*index])).collect()
}

#[test]
fn inhibition_follows_the_rules_of_alertmanager() {
    let two_sided = "- {source_matchers: [s=1], target_matchers: [t=1], equal: [e]}\n";
    let twice = "- {source_match: {s1: '1'}, target_match: {t1: '1'}, equal: [e]}\n\
                 - {source_match: {s2: '1'}, target_match: {t2: '1'}, equal: [e]}\n";
    for (rules, alerts, expected) in [
        (two_sided, &[&["s=1", "e=1"][..], &["t=1", "e=1"], &["t=1", "e=2"]][..], &[1][..]),
        // An absent label equals an empty one.
        (two_sided, &[&["s=1"], &["t=1"], &["t=1", "e=2"]], &[1]),
        // An alert on both sides does not inhibit itself or another one on both sides.
        (two_sided, &[&["s=1", "t=1"]], &[]),
        (two_sided, &[&["s=1", "t=1"], &["s=1", "t=1", "x=2"]], &[]),
        // It inhibits those that are on the target side only, and a source inhibits it.
        (two_sided, &[&["s=1", "t=1"], &["t=1"]], &[1]),
        (two_sided, &[&["s=1", "t=1"], &["s=1"]], &[0]),
        (two_sided, &[&["s=1", "t=1"], &["s=1"], &["t=1"]], &[0, 2]),
        // Chains.
        (twice, &[&["s1=1"], &["t1=1", "s2=1"], &["t2=1"]], &[1, 2]),
        ("- {source_match: {a: '1'}, target_match: {b: '1'}}\n", &[&["a=1"], &["b=1"]], &[1]),
        ("-\n", &[&["a=1"]], &[]),
    ] {
        assert_eq!(inhibited(rules, alerts), expected, "{rules} {alerts:?}");
    }
}

#[test]
fn an_alert_is_inhibited_while_any_source_fires() {
    let route = "group_by: [], group_wait: 1s, group_interval: 1s, repeat_interval: 1h";
    let rules = "- {source_match: {s: '1'}, target_match: {t: '1'}}\n";
    let text = format!("{}inhibit_rules:\n{rules}", one_webhook(route));
    let mut world = World::new(&text);
    let source = |instance: &str| alert(&["s=1", &format!("i={instance}")]);
    world.push(1.0, &[source("a").to(50.0), source("b").to(40.0), alert(&["t=1"]).to(90.0)]);
    // The one that would have ended last is resolved first.
    world.push(5.0, &[source("a").from(1.0).to(5.0)]);
    world.until(45.0);
    let with_target: Vec<f64> = world
        .sent
        .iter()
        .filter(|sent| sent.notification.alerts.iter().any(|alert| alert.labels.contains_key("t")))
        .map(|sent| seconds(sent.at))
        .collect();
    assert_eq!(with_target, [40.0]);
}

#[test]
fn a_silence_mutes_between_its_start_and_its_end() {
    let route = "group_by: [], group_wait: 1s, group_interval: 1s, repeat_interval: 1ms";
    let mut world = World::new(&one_webhook(route));
    let test = |name: &str| alert(&[&format!("alertname={name}")]).from(1.0);
    world.push(1.0, &[test("test1"), test("test2")]);
    world.silence(2.3, (2.5, 4.5), &["alertname=test1"]);
    world.until(5.5);
    let expected = [
        "2 default/webhook[0]: test1@1 test2@1",
        "3 default/webhook[0]: test2@1",
        "4 default/webhook[0]: test2@1",
        "5 default/webhook[0]: test1@1 test2@1",
    ];
    assert_eq!(world.sent(), expected);
}

#[test]
fn a_deleted_silence_mutes_nothing() {
    let route = "group_by: [], group_wait: 1s, group_interval: 1s, repeat_interval: 1ms";
    let mut world = World::new(&one_webhook(route));
    let test = |name: &str| alert(&[&format!("alertname={name}")]).from(1.0);
    world.push(1.0, &[test("test1"), test("test2")]);
    let id = world.silence(1.3, (1.5, 100.0), &["alertname=~.+"]);
    world.until(3.5);
    world.simulation.expire_silence(&id).unwrap();
    world.until(4.5);
    assert_eq!(world.sent(), ["4 default/webhook[0]: test1@1 test2@1"]);
}

#[test]
fn a_resolved_alert_that_is_silenced_is_forgotten() {
    let mut world = World::new(&one_webhook("group_wait: 1s, group_interval: 5s"));
    let test = || alert(&["alertname=a"]).from(1.0);
    world.push(1.0, &[test()]);
    world.silence(3.0, (3.0, 10.0), &["alertname=a"]);
    world.push(4.0, &[test().to(4.0)]).until(60.0);
    assert_eq!(world.sent(), ["2 default/webhook[0]: a@1"]);
}

#[test]
fn time_intervals_mute_and_activate_routes() {
    // The start is a Saturday, 13:20 UTC.
    let interval = |times: &str, location: &str| {
        format!("time_intervals: [{{name: i, time_intervals: [{{times: [{times}]{location}}}]}}]\n")
    };
    let quarter = "{start_time: '13:15', end_time: '13:30'}";
    let whole = "{start_time: '13:00', end_time: '24:00'}";
    let seoul = ", location: Asia/Seoul";
    let route = |key: &str| {
        format!(
            "route: {{receiver: default, routes: [{{{key}: [i], group_wait: 1m, group_interval: \
             1m}}]}}\nreceivers: [{{name: default, webhook_configs: [{{url: http://a}}]}}]\n"
        )
    };
    for (key, times, location, first) in [
        ("mute_time_intervals", quarter, "", Some(600.0)),
        ("active_time_intervals", quarter, "", Some(60.0)),
        // 22:20 in Seoul, until midnight.
        ("mute_time_intervals", whole, seoul, Some(6_000.0)),
        ("mute_time_intervals", whole, "", None),
        ("active_time_intervals", whole, seoul, Some(60.0)),
        ("active_time_intervals", "{start_time: '13:25', end_time: '13:30'}", "", Some(300.0)),
    ] {
        let mut world = World::new(&format!("{}{}", route(key), interval(times, location)));
        world.push(0.0, &[alert(&["a=b"]).from(0.0).to(90_000.0)]).until(20_000.0);
        let found = world.sent.first().map(|sent| seconds(sent.at));
        assert_eq!(found, first, "{key} {times} {location}");
    }
}
