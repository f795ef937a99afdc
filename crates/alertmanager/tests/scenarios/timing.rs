//! When notifications are sent: the scenarios of Alertmanager's own acceptance tests, and more.

use std::time::Duration;

use alertmanager::{Limits, Outcome};
use notify::{Failure, Reason, Sent};

use crate::world::{Settings as _, World, alert, one_webhook};

const EVERY_SECOND: &str =
    "group_by: [alertname], group_wait: 1s, group_interval: 1s, repeat_interval: 1ms";

#[test]
fn alerts_that_overlap_are_merged() {
    for has_end in [false, true] {
        let mut world = World::new(&one_webhook(EVERY_SECOND));
        let test = |start: f64| {
            let alert = alert(&["alertname=test"]).from(start);
            if has_end { alert.to(start + 3.0) } else { alert }
        };
        world.push(1.0, &[test(1.1)]).push(1.2, &[test(1.0)]);
        world.push(2.1, &[test(2.0).annotated("v1")]);
        world.push(3.6, &[test(1.5).annotated("v2")]);
        let resolved = |start, end| alert(&["alertname=test"]).from(start).to(end);
        world.push(4.6, &[resolved(3.0, 4.5).annotated("v2")]);
        world.push(4.8, &[resolved(2.9, 4.8).annotated("v3")]);
        world.push(4.8, &[resolved(2.9, 4.1).annotated("v3")]);
        world.push(5.3, &[test(5.0)]);
        world.until(6.5);
        let expected = [
            "2 default/webhook[0]: test@1",
            "3 default/webhook[0]: test[v1]@1",
            "4 default/webhook[0]: test[v2]@1",
            "5 default/webhook[0]: test[v3]@1-4.8",
            // The group has ended, so that another one waits again.
            "6.3 default/webhook[0]: test@5",
        ];
        assert_eq!(world.sent(), expected, "with ends: {has_end}");
    }
}

#[test]
fn a_firing_alert_is_repeated_until_it_is_resolved() {
    let mut world = World::new(&one_webhook(EVERY_SECOND));
    let test = || alert(&["alertname=test"]).from(1.0);
    world.push(1.0, &[test()]).push(3.5, &[test().to(3.0)]).until(10.0);
    let expected = [
        "2 default/webhook[0]: test@1",
        "3 default/webhook[0]: test@1",
        "4 default/webhook[0]: test@1-3",
    ];
    assert_eq!(world.sent(), expected);
}

#[test]
fn a_group_repeats_at_the_next_flush_after_repeat_interval() {
    let route = "group_by: [alertname], group_wait: 1s, group_interval: 2s, repeat_interval: 3s";
    let mut world = World::new(&one_webhook(route));
    world.push(1.0, &[alert(&["alertname=test1"])]).until(9.9);
    assert_eq!(world.sent(), ["2 default/webhook[0]: test1@1", "6 default/webhook[0]: test1@1"]);
}

#[test]
fn alerts_of_a_group_are_sent_together() {
    let route = "group_by: [], group_wait: 1s, group_interval: 1s, repeat_interval: 4900ms";
    let mut world = World::new(&one_webhook(route));
    let test = |name: &str, start| alert(&[&format!("alertname={name}")]).from(start);
    world.push(1.1, &[test("test1", 1.05)]).push(1.7, &[test("test5", 1.0)]);
    world.push(3.3, &[test("test2", 1.5), test("test3", 1.5), test("test4", 1.6)]);
    world.until(9.5);
    let all = "test1@1.05 test2@1.5 test3@1.5 test4@1.6 test5@1";
    let expected = [
        "2.1 default/webhook[0]: test1@1.05 test5@1".to_owned(),
        format!("4.1 default/webhook[0]: {all}"),
        format!("9.1 default/webhook[0]: {all}"),
    ];
    assert_eq!(world.sent(), expected);
    let reasons: Vec<&str> = world.sent.iter().map(|sent| &*sent.notification.reason).collect();
    assert_eq!(reasons, ["first notification", "new alerts added", "repeat interval elapsed"]);
}

#[test]
fn alerts_without_an_end_are_resolved_after_resolve_timeout() {
    let route = "group_by: [alertname], group_wait: 1s, group_interval: 5s";
    let text = format!("global: {{resolve_timeout: 10s}}\n{}", one_webhook(route));
    let mut world = World::new(&text);
    let test = |label: &str| alert(&["alertname=test", &format!("lbl={label}")]);
    world.push(1.0, &[test("v1"), test("v2")]).until(20.0);
    let expected = [
        "2 default/webhook[0]: test,v1@1 test,v2@1",
        "12 default/webhook[0]: test,v1@1-11 test,v2@1-11",
    ];
    assert_eq!(world.sent(), expected);
    assert_eq!(world.sent[1].notification.reason, "all alerts resolved");
}

#[test]
fn resolved_alerts_are_sent_only_to_integrations_that_want_them() {
    let mut world = World::new(
        "global: {resolve_timeout: 10s}\n\
         route: {receiver: default, group_by: [alertname], group_wait: 1s, group_interval: 5s}\n\
         receivers:\n- name: default\n  webhook_configs:\n  - {url: http://a}\n  - {url: http://b, \
         send_resolved: false}\n",
    );
    let test = |label: &str| alert(&["alertname=test", &format!("lbl={label}")]);
    world.push(1.0, &[test("v1"), test("v2")]);
    world.push(3.0, &[test("v1").from(1.0).to(4.0), test("v3")]);
    world.push(8.0, &[test("v3").from(3.0)]);
    world.until(12.5);
    let expected = [
        "2 default/webhook[0]: test,v1@1 test,v2@1",
        "2 default/webhook[1]: test,v1@1 test,v2@1",
        "7 default/webhook[0]: test,v1@1-4 test,v2@1 test,v3@3",
        "7 default/webhook[1]: test,v2@1 test,v3@3",
        "12 default/webhook[0]: test,v2@1-11 test,v3@3",
    ];
    assert_eq!(world.sent(), expected);
    // The log knows that they are resolved, so that they fire for the first time again.
    world.push(13.0, &[test("v1").from(12.6)]).until(17.5);
    let last = &world.sent[5..];
    assert!(last.iter().all(|sent| sent.notification.reason == "new alerts added"), "{last:?}");
    assert_eq!(last.len(), 2);
}

#[test]
fn nothing_is_sent_before_the_start_delay() {
    let route = "group_by: [], group_wait: 1s, group_interval: 6s, repeat_interval: 10m";
    let limits = Limits { start_delay: Duration::from_secs(5), ..Limits::default() };
    let mut world = World::with(&one_webhook(route), limits);
    world.push(1.0, &[alert(&["alertname=test1"]).from(-100.0)]);
    world.push(2.0, &[alert(&["alertname=test2"])]);
    world.until(5.0);
    world.simulation.reload(crate::world::configuration(&one_webhook(route)));
    world.push(6.0, &[alert(&["alertname=test3"]).from(-100.0)]);
    world.push(7.0, &[alert(&["alertname=test4"])]);
    world.until(11.5);
    let expected = [
        "5 default/webhook[0]: test1@-100 test2@2",
        "11 default/webhook[0]: test1@-100 test2@2 test3@-100 test4@7",
    ];
    assert_eq!(world.sent(), expected);
}

#[test]
fn a_reload_starts_the_intervals_again_and_repeats_nothing() {
    let route = "group_by: [], group_wait: 1s, group_interval: 6s, repeat_interval: 10m";
    let mut world = World::new(&one_webhook(route));
    world.push(1.0, &[alert(&["alertname=test1"])]).until(3.0);
    world.simulation.reload(crate::world::configuration(&one_webhook(route)));
    world.push(4.0, &[alert(&["alertname=test2"])]).until(9.5);
    let expected = ["2 default/webhook[0]: test1@1", "9 default/webhook[0]: test1@1 test2@4"];
    assert_eq!(world.sent(), expected);
}

#[test]
fn an_alert_that_has_fired_for_long_does_not_wait() {
    let mut world = World::new(&one_webhook("group_by: [alertname]"));
    world
        .push(100.0, &[alert(&["alertname=old"]).from(69.0), alert(&["alertname=new"]).from(70.0)]);
    world.until(200.0);
    let expected = ["100 default/webhook[0]: old@69", "130 default/webhook[0]: new@70"];
    assert_eq!(world.sent(), expected);
}

fn failing(message: &str) -> Failure {
    Failure {
        message: message.to_owned(),
        is_retryable: true,
        retry_after: None,
        reason: Reason::ServerError,
        unsent: String::new(),
    }
}

#[test]
fn what_was_not_sent_is_sent_at_the_next_flush_and_only_there() {
    let text = "route: {receiver: default, group_wait: 1s, group_interval: 10s}\n\
                receivers:\n- name: default\n  webhook_configs:\n  - {url: http://a}\n  - {url: \
                http://b}\n";
    let mut world = World::new(text);
    world.simulation = world.simulation.answering(|dispatch, now| {
        let fails = dispatch.integration.index == 1 && now < crate::world::at(15.0);
        let result = if fails { Err(failing("503")) } else { Ok(Sent::default()) };
        Outcome { result, attempts: 1, duration: Duration::from_secs(3) }
    });
    let test = || alert(&["alertname=test"]).from(1.0);
    world.push(1.0, &[test()]).push(5.0, &[test().to(4.0)]).until(60.0);
    let expected = [
        "2 default/webhook[0]: test@1",
        "2 default/webhook[1]: test@1",
        // The second one was never told that the alert was firing.
        "12 default/webhook[0]: test@1-4",
    ];
    assert_eq!(world.sent(), expected);
    let history: Vec<_> = world.simulation.alertmanager().history().iter().collect();
    assert_eq!(history.len(), 3);
    assert_eq!((history[0].at, history[0].alerts_total), (crate::world::at(15.0), 1));
    assert_eq!(history[1].error.as_deref(), Some("503"));
}

#[test]
fn a_flush_waits_for_the_one_before() {
    let mut world = World::new(&one_webhook("group_wait: 1s, group_interval: 2s"));
    let timeouts = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let seen = std::sync::Arc::clone(&timeouts);
    world.simulation = world.simulation.answering(move |dispatch, _| {
        seen.lock().unwrap().push(dispatch.timeout);
        let duration = Duration::from_millis(5_500);
        Outcome { result: Ok(Sent::default()), attempts: 1, duration }
    });
    world.push(1.0, &[alert(&["alertname=a"])]);
    world.push(3.0, &[alert(&["alertname=b"])]);
    world.push(9.0, &[alert(&["alertname=c"])]);
    world.until(30.0);
    let expected = [
        "2 default/webhook[0]: a@1",
        // Due at 4, while the first one takes until 7.5.
        "7.5 default/webhook[0]: a@1 b@3",
        "13 default/webhook[0]: a@1 b@3 c@9",
    ];
    assert_eq!(world.sent(), expected);
    // Short intervals leave ten seconds.
    assert!(timeouts.lock().unwrap().iter().all(|timeout| *timeout == Duration::from_secs(10)));
}

#[test]
fn a_slow_receiver_holds_up_no_other_one_with_the_same_matchers() {
    // The groups of both routes have the same key.
    let mut world = World::new(
        "route:\n  receiver: fast\n  group_wait: 1s\n  group_interval: 2s\n  routes:\n  \
         - {matchers: [a=b], receiver: slow, continue: true}\n  \
         - {matchers: [a=b], receiver: fast}\n\
         receivers:\n- {name: slow, webhook_configs: [{url: http://a}]}\n\
         - {name: fast, webhook_configs: [{url: http://b}]}\n",
    );
    world.simulation = world.simulation.answering(|dispatch, _| {
        let seconds = if dispatch.integration.receiver == "slow" { 8 } else { 0 };
        let duration = Duration::from_secs(seconds);
        Outcome { result: Ok(Sent::default()), attempts: 1, duration }
    });
    world.push(1.0, &[alert(&["a=b", "n=1"])]).push(3.0, &[alert(&["a=b", "n=2"])]).until(20.0);
    let mut sent = world.sent();
    sent.sort();
    let expected = [
        "10 slow/webhook[0]: b,1@1 b,2@3",
        "2 fast/webhook[0]: b,1@1",
        "2 slow/webhook[0]: b,1@1",
        "4 fast/webhook[0]: b,1@1 b,2@3",
    ];
    assert_eq!(sent, expected);
}

#[test]
fn an_alert_that_fires_again_while_its_end_is_sent_stays() {
    let mut world = World::new(&one_webhook("group_wait: 1s, group_interval: 10s"));
    world.simulation = world.simulation.answering(|_, _| {
        let duration = Duration::from_secs(4);
        Outcome { result: Ok(Sent::default()), attempts: 1, duration }
    });
    let test = || alert(&["alertname=a"]);
    world.push(1.0, &[test().from(1.0)]).push(9.0, &[test().from(1.0).to(8.0)]);
    world.push(13.0, &[test().from(13.0)]).until(40.0);
    let expected = [
        "2 default/webhook[0]: a@1",
        "12 default/webhook[0]: a@1-8",
        "22 default/webhook[0]: a@13",
    ];
    assert_eq!(world.sent(), expected);
}

#[test]
fn the_state_of_an_integration_is_passed_on_until_the_group_is_new() {
    let mut world = World::new(&one_webhook("group_wait: 1s, group_interval: 10s"));
    world.simulation = world.simulation.answering(|dispatch, _| {
        let count = dispatch.notification.state.get("count").map_or(0, |c| c.parse().unwrap());
        let count: u32 = count;
        let state = [("count".to_owned(), (count + 1).to_string())].into();
        let sent = Sent { message: format!("message {count}"), state };
        Outcome { result: Ok(sent), attempts: 1, duration: Duration::ZERO }
    });
    let a = || alert(&["alertname=a"]);
    world.push(1.0, &[a().from(1.0)]).push(5.0, &[alert(&["alertname=b"]).from(5.0).to(9_000.0)]);
    world.push(14.0, &[a().from(1.0).to(14.0), alert(&["alertname=b"]).from(5.0).to(14.0)]);
    world.push(30.0, &[a().from(30.0)]).until(40.0);
    let history = world.simulation.alertmanager().history();
    let messages: Vec<&str> = history.iter().map(|entry| &*entry.message).collect();
    // The last one starts again, because all alerts had been resolved.
    assert_eq!(messages, ["message 0", "message 2", "message 1", "message 0"]);
}

#[test]
fn a_replay_says_what_would_be_sent() {
    let configuration = crate::world::configuration(&one_webhook(EVERY_SECOND));
    let start = crate::world::START;
    let simulation = alertmanager::Simulation::new(configuration, Limits::default(), start);
    let test = alert(&["alertname=test"]).from(1.0);
    let batches =
        [(crate::world::at(1.0), vec![test.clone()]), (crate::world::at(2.5), vec![test.to(2.4)])];
    let sent: Vec<String> = simulation
        .replay(batches, crate::world::at(60.0))
        .iter()
        .map(crate::world::shown)
        .collect();
    assert_eq!(sent, ["2 default/webhook[0]: test@1", "3 default/webhook[0]: test@1-2.4"]);
}
