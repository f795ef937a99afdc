//! Which alerts go together, and to whom.

use alertmanager::api::AlertsQuery;
use alertmanager::{Limits, Receipt};

use crate::world::{START, Settings as _, World, alert, one_webhook};

const ROUTES: &str = "
route:
  group_by: [alertname]
  receiver: prod
  routes:
  - matchers: [env=testing]
    receiver: testing
    group_by: [alertname, service]
  - matchers: [env=prod]
    receiver: prod
    group_by: [alertname, service, cluster]
    continue: true
  - matchers: [kafka=yes]
    receiver: kafka
    group_by: [alertname, service, cluster]
receivers: [{name: kafka}, {name: prod}, {name: testing}]
";

#[test]
fn alerts_are_in_a_group_of_each_route_that_they_take() {
    let mut world = World::new(ROUTES);
    let prod = |cluster: &str, kafka: bool, instance: &str| {
        let mut labels = vec!["env=prod", "alertname=HighErrorRate", "service=api"];
        let (cluster, instance) = (format!("cluster={cluster}"), format!("instance={instance}"));
        labels.extend([&*cluster, &*instance]);
        labels.extend(kafka.then_some("kafka=yes"));
        alert(&labels)
    };
    let alerts = [
        alert(&["alertname=OtherAlert", "env=dev", "cluster=cc"]),
        alert(&["env=testing", "alertname=TestingAlert", "service=api", "instance=inst1"]),
        prod("aa", false, "inst1"),
        prod("aa", false, "inst2"),
        prod("bb", false, "inst1"),
        prod("cc", true, "inst3"),
    ];
    world.push(1.0, &alerts);
    let groups = world.simulation.alertmanager().groups(&AlertsQuery::default(), START).unwrap();
    let shown: Vec<String> = groups
        .iter()
        .map(|group| {
            let labels: Vec<&str> = group.labels.values().map(String::as_str).collect();
            let receivers: Vec<&str> =
                group.alerts[0].receivers.iter().map(|receiver| &*receiver.name).collect();
            let receiver = &group.receiver.name;
            let (alerts, receivers) = (group.alerts.len(), receivers.join(","));
            format!("{receiver} {} {alerts} {receivers}", labels.join(","))
        })
        .collect();
    let expected = [
        "prod OtherAlert 1 prod",
        "testing TestingAlert,api 1 testing",
        "prod HighErrorRate,aa,api 2 prod",
        "prod HighErrorRate,bb,api 1 prod",
        "kafka HighErrorRate,cc,api 1 kafka,prod",
        "prod HighErrorRate,cc,api 1 kafka,prod",
    ];
    assert_eq!(shown, expected);
    let route = world
        .simulation
        .alertmanager()
        .routes_for(&signals::Labels::from_pairs([("env", "prod"), ("kafka", "yes")]));
    let receivers: Vec<&str> = route.iter().map(|route| &*route.receiver).collect();
    assert_eq!(receivers, ["prod", "kafka"]);
}

#[test]
fn keys_of_groups_are_those_of_alertmanager() {
    let text = "
route:
  receiver: a
  routes:
  - matchers: ['team=\"a\\\"b\"', env=~\"p.*\"]
    group_by: [alertname, \"Σ\"]
    routes:
    - matchers: [deep=yes]
      group_by: ['...']
receivers: [{name: a, webhook_configs: [{url: http://a}]}]
";
    let mut world = World::new(text);
    world.push(
        1.0,
        &[
            alert(&["x=y"]),
            alert(&["team=a\"b", "env=prod", "alertname=new\nline", "Σ=🙂", "other=z"]),
            alert(&["team=a\"b", "env=prod", "deep=yes"]),
        ],
    );
    world.until(60.0);
    let keys: Vec<&str> = world.sent.iter().map(|sent| &*sent.notification.group_key).collect();
    let expected = [
        "{}:{}",
        r#"{}/{env=~"p.*",team="a\"b"}:{alertname="new\nline", Σ="🙂"}"#,
        r#"{}/{env=~"p.*",team="a\"b"}/{deep="yes"}:{deep="yes", env="prod", team="a\"b"}"#,
    ];
    assert_eq!(keys, expected);
}

#[test]
fn an_alert_over_two_routes_of_which_one_is_muted_is_sent_once_and_is_active() {
    // Case A09.
    let text = "
route:
  receiver: a
  group_wait: 1s
  routes:
  - {matchers: [x=y], receiver: a, continue: true, mute_time_intervals: [always]}
  - {matchers: [x=y], receiver: b}
receivers:
- {name: a, webhook_configs: [{url: http://a}]}
- {name: b, webhook_configs: [{url: http://b}]}
time_intervals: [{name: always, time_intervals: [{years: ['1970:2100']}]}]
";
    let mut world = World::new(text);
    world.push(1.0, &[alert(&["x=y"])]).until(10.0);
    assert_eq!(world.sent(), ["2 b/webhook[0]: y@1"]);
    let alertmanager = world.simulation.alertmanager();
    let now = world.simulation.now();
    let alerts = alertmanager.alerts(&AlertsQuery::default(), now).unwrap();
    assert_eq!(serde_json::to_value(&alerts[0].status).unwrap()["state"], "active");
    let groups = alertmanager.groups(&AlertsQuery::default(), now).unwrap();
    let muted: Vec<_> = groups.iter().map(|group| &group.alerts[0].status.muted_by).collect();
    assert_eq!(muted, [&vec!["always".to_owned()], &vec![]]);
    let unmuted = AlertsQuery { muted: false, ..AlertsQuery::default() };
    let groups = alertmanager.groups(&unmuted, now).unwrap();
    assert_eq!(groups.len(), 1);
    assert_eq!(groups[0].receiver.name, "b");
}

#[test]
fn labels_of_a_route_are_expanded_with_the_alerts_of_the_group() {
    let text = "
route:
  receiver: a
  labels:
    team: '{{ .CommonLabels.team }}'
    channel: '#{{ routeLabels \"team\" }}-{{ len .Alerts }}'
    broken: '{{ routeLabels \"broken\" }}'
receivers: [{name: a}]
";
    let mut world = World::new(text);
    world.push(1.0, &[alert(&["team=x", "a=1"]), alert(&["team=x", "a=2"])]);
    let now = world.simulation.now();
    let groups = world.simulation.alertmanager().groups(&AlertsQuery::default(), now).unwrap();
    let labels = serde_json::to_value(&groups[0].route_labels).unwrap();
    assert_eq!(labels, serde_json::json!({"team": "x", "channel": "#x-2"}));
}

#[test]
fn alerts_and_groups_beyond_the_limits_are_dropped_and_the_known_ones_are_kept() {
    let limits = Limits { alerts: 2, groups: 1, ..Limits::default() };
    let route = "group_by: [alertname], group_wait: 1s, group_interval: 10s";
    let mut world = World::with(&one_webhook(route), limits);
    let alerts = |names: &[&str]| {
        names.iter().map(|name| alert(&[&format!("alertname={name}")])).collect::<Vec<_>>()
    };
    world.until(1.0);
    let receipt = world.simulation.receive(alerts(&["a", "b", "c"]));
    assert_eq!(receipt, Receipt { errors: Vec::new(), dropped: 1 });
    assert_eq!(world.simulation.receive(alerts(&["b", "a"])).dropped, 0);
    world.until(5.0);
    assert_eq!(world.sent(), ["2 default/webhook[0]: a@1"]);
    // Resolved alerts make room.
    let resolved: Vec<_> = alerts(&["a", "b"]).into_iter().map(|a| a.from(1.0).to(4.0)).collect();
    world.push(5.0, &resolved).push(6.0, &alerts(&["c"])).until(13.0);
    world.push(13.0, &alerts(&["d"])).until(20.0);
    assert_eq!(world.sent()[1..], ["12 default/webhook[0]: a@1-4", "14 default/webhook[0]: d@13"]);
}

#[test]
fn invalid_alerts_are_named_and_the_others_kept() {
    let mut world = World::new(&one_webhook("group_wait: 1s"));
    let alerts = vec![
        alert(&["alertname="]),
        alert(&["alertname=a"]),
        alert(&["alertname=b"]).from(5.0).to(4.0),
    ];
    let receipt = world.simulation.receive(alerts);
    let expected = ["at least one label pair required", "start time must be before end time"];
    assert_eq!(receipt.errors, expected);
    world.until(5.0);
    assert_eq!(world.sent(), ["1 default/webhook[0]: a@0"]);
}

#[test]
fn a_reload_takes_alerts_to_their_new_routes() {
    let mut world = World::new(&one_webhook("group_wait: 1s"));
    world.push(1.0, &[alert(&["team=x"]), alert(&["team=y"]).from(0.0).to(1.0)]).until(3.0);
    let text = "
route:
  receiver: default
  group_wait: 1s
  routes: [{matchers: [team=~x|y], receiver: new}]
receivers:
- {name: default, webhook_configs: [{url: http://a}]}
- {name: new, webhook_configs: [{url: http://a}]}
";
    world.simulation.reload(crate::world::configuration(text));
    world.until(100.0);
    let expected = [
        // The order is that of labels.
        "2 default/webhook[0]: x@1 y@0-1",
        "3 new/webhook[0]: x@1",
    ];
    assert_eq!(world.sent(), expected);
}
