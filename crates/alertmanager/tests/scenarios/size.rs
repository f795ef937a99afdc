//! Many alerts at once: ALR-04.

use alertmanager::api::AlertsQuery;

use crate::world::{Settings as _, World, alert, one_webhook};

const ALERTS: usize = 10_000;
/// In seconds of the processor. Loose, because machines differ and tests are not optimised.
const AT_MOST: f64 = 90.0;

/// The time that the process has used processors, in seconds; zero where that is unknown.
fn processor() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    let ticks = fields.skip(11).take(2).filter_map(|field| field.parse::<u32>().ok());
    f64::from(ticks.sum::<u32>()) / 100.0
}

/// The memory that the process has in use, in MiB; zero where that is unknown.
fn memory() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse::<usize>().unwrap_or(0) / 1024
}

fn many(what: &str, group_by: &str, notifications: usize) {
    let (started, before) = (processor(), memory());
    let route = format!("{group_by}, group_wait: 1s, group_interval: 10s, repeat_interval: 1h");
    let rules = "inhibit_rules: [{source_matchers: [severity=critical], target_matchers: \
                 [severity=warning], equal: [cluster]}]\n";
    let mut world = World::new(&format!("{}{rules}", one_webhook(&route)));
    for silence in 0..100 {
        let matcher = format!("instance=~other-{silence}.*");
        world.silence(0.0, (0.0, 3_600.0), &["alertname=Flapping", &matcher]);
    }
    let alerts: Vec<_> = (0..ALERTS)
        .map(|i| {
            let (instance, cluster) = (format!("instance=host-{i}"), format!("cluster=c{}", i % 7));
            let severity = if i % 2 == 0 { "severity=warning" } else { "severity=info" };
            let labels = ["alertname=Flapping", "job=node", &instance, &cluster, severity];
            alert(&labels).from(1.0).annotated("Something is wrong on this instance")
        })
        .collect();
    // They are sent again, and flap.
    world.push(1.0, &alerts).push(5.0, &alerts);
    let resolved: Vec<_> = alerts.iter().map(|alert| alert.clone().to(6.0)).collect();
    world.push(7.0, &resolved).push(20.0, &alerts).until(25.0);
    let now = world.simulation.now();
    let listed =
        world.simulation.alertmanager().alerts(&AlertsQuery::default(), now).unwrap().len();
    let grouped = world.simulation.alertmanager().groups(&AlertsQuery::default(), now).unwrap();
    let members: usize = grouped.iter().map(|group| group.alerts.len()).sum();
    assert_eq!((listed, members), (ALERTS, ALERTS));
    assert_eq!(world.sent.len(), notifications);
    let (used, after) = (processor() - started, memory());
    conformance::say(&format!(
        "{ALERTS} alerts in {what}: {used} s of processors, {after} MiB, {before} MiB before"
    ));
    assert!(used < AT_MOST, "{used} s");
}

#[test]
fn many_alerts_in_one_group_are_fast() {
    many("one group", "group_by: []", 3);
}

#[test]
fn many_alerts_in_many_groups_are_fast() {
    many("many groups", "group_by: ['...']", 3 * ALERTS);
}
