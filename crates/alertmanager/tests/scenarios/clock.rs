//! Jumps of the clock: ALR-11.

use crate::world::{START, Settings as _, World, alert, at, one_webhook};

const ROUTE: &str =
    "group_by: [alertname], group_wait: 10s, group_interval: 1m, repeat_interval: 1h";
const YEAR: f64 = 365.0 * 86_400.0;

/// Alerts of two names, sent again every 30 seconds, as Prometheus does.
fn world() -> World {
    World::new(&one_webhook(ROUTE))
}

fn resend(world: &mut World, from: f64, to: f64, clock: f64) {
    let mut seconds = from;
    while seconds <= to {
        let alerts: Vec<_> = ["a", "b"]
            .iter()
            .map(|name| {
                let alert = alert(&[&format!("alertname={name}")]);
                // By the sender's clock; a start in the future would be invalid.
                alert.from(clock.min(0.0)).to(clock + seconds + 240.0)
            })
            .collect();
        world.push(clock + seconds, &alerts);
        seconds += 30.0;
    }
    world.until(clock + to);
}

#[test]
fn a_jump_forwards_does_not_repeat_and_resolve_everything() {
    let mut world = world();
    resend(&mut world, 0.0, 600.0, 0.0);
    assert_eq!(world.sent.len(), 2);
    world.simulation.jump_to(at(YEAR + 600.0));
    // Until alerts are sent again.
    world.until(YEAR + 625.0);
    resend(&mut world, 630.0, 1_200.0, YEAR);
    assert_eq!(world.sent.len(), 2, "{:?}", world.sent());
    // An hour after the first notification it is repeated, as without the jump.
    resend(&mut world, 1_230.0, 3_800.0, YEAR);
    let reasons: Vec<&str> = world.sent.iter().map(|sent| &*sent.notification.reason).collect();
    assert_eq!(reasons[2..], ["repeat interval elapsed", "repeat interval elapsed"]);
}

#[test]
fn a_jump_backwards_does_not_mute() {
    let mut world = world();
    resend(&mut world, 0.0, 600.0, 0.0);
    world.simulation.jump_to(at(600.0 - YEAR));
    resend(&mut world, 600.0, 3_800.0, -YEAR);
    assert_eq!(world.sent.len(), 4, "{:?}", world.sent());
    // A new group waits for 10 seconds.
    world.push(3_801.0 - YEAR, &[alert(&["alertname=c"])]);
    world.until(3_811.0 - YEAR);
    assert_eq!(world.sent.len(), 5);
    // Alerts that are not sent again are resolved after their four minutes.
    world.until(4_100.0 - YEAR);
    let last = &world.sent[5..];
    assert!(last.iter().all(|sent| sent.notification.reason == "all alerts resolved"));
    assert_eq!(last.len(), 2);
}

#[test]
fn a_silence_follows_the_wall_clock() {
    let mut world = world();
    world.silence(0.0, (0.0, 3_600.0), &["alertname=a"]);
    world.push(1.0, &[alert(&["alertname=a"]).from(1.0).to(9_000.0)]).until(100.0);
    assert!(world.sent.is_empty());
    world.simulation.jump_to(at(7_200.0));
    world.until(7_300.0);
    assert_eq!(world.sent.len(), 1);
}

#[test]
fn times_out_of_range_do_no_harm() {
    let mut world = world();
    world.push(0.0, &[alert(&["alertname=a"])]);
    for time in [i64::MAX, i64::MIN, 0, START, i64::MAX - 1] {
        world.simulation.jump_to(time);
        let far = time.saturating_add(1_000_000_000);
        world.simulation.advance_to(far);
        world.simulation.receive(vec![alert(&["alertname=a"])]);
    }
}
