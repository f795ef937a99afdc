//! Replays over series in memory.

use std::path::Path;
use std::time::Duration;

use adopt::rules::Language;
use futures::FutureExt as _;
use futures::future::ready;
use promql::memory::{Memory, Value};
use promql::notation;
use signals::time::ManualClock;

use super::*;
use crate::in_memory::InMemory;
use crate::statistics::Statistics;

const MINUTE_MS: i64 = 60_000;

/// A history in memory.
struct Stored(Memory);

impl History for Stored {
    fn select(
        &self,
        matchers: Vec<Matcher>,
        _: i64,
        _: i64,
    ) -> BoxFuture<'_, Result<Vec<Box<dyn SeriesRead>>, String>> {
        ready(Ok(self.0.select(&matchers))).boxed()
    }

    fn log_range<'a>(
        &'a self,
        query: &'a str,
        start_ms: i64,
        end_ms: i64,
        step_ms: i64,
    ) -> BoxFuture<'a, Result<Vec<Series>, String>> {
        let times = (start_ms..=end_ms).step_by(usize::try_from(step_ms).unwrap());
        let points = times.map(|time_ms| (time_ms, (time_ms / 1000 % 600) as f64)).collect();
        let labels = signals::Labels::from_pairs([("query", query)]);
        ready(Ok(vec![Series { labels, points, histograms: Vec::new() }])).boxed()
    }

    fn is_cancelled(&self) -> bool {
        false
    }
}

/// Series with a value per minute.
fn load(memory: &mut Memory, series: &[&str]) {
    for line in series {
        let (labels, values) = notation::series(line).unwrap();
        for (minute, value) in values.enumerate() {
            if let notation::Value::Number(value) = value {
                let time_ms = minute as i64 * MINUTE_MS;
                memory.append(&labels, time_ms, Value::Number(value)).unwrap();
            }
        }
    }
}

fn history(series: &[&str]) -> Arc<dyn History> {
    let mut memory = Memory::new(10_000_000);
    load(&mut memory, series);
    Arc::new(Stored(memory))
}

fn groups(text: &str) -> Vec<Group> {
    groups_of(text, Language::PromQl)
}

fn groups_of(text: &str, language: Language) -> Vec<Group> {
    let options = adopt::rules::Options::new(language);
    let folder = std::env::temp_dir().join(format!("rules-replay-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join(format!("{:x}.yml", text.len()));
    std::fs::write(&file, text).unwrap();
    let loaded = adopt::rules::load(&file, &adopt::SystemFiles, &options).unwrap();
    let group = |group: &adopt::rules::RuleGroup| {
        let identity = Identity { file: Path::new("r.yml").to_owned(), name: group.name.clone() };
        Group::new(identity, group, language, [Duration::from_secs(60), Duration::ZERO], true)
    };
    loaded.groups.iter().map(group).collect()
}

fn options(from: i64, to: i64) -> Options {
    Options {
        from_ms: from * MINUTE_MS,
        to_ms: to * MINUTE_MS,
        settings: Settings::default(),
        queries: promql::Settings::default(),
        lookback_ms: 300_000,
        memory: MemoryBudget::new("replay", usize::MAX),
    }
}

/// What a server sends that evaluates the groups at their times.
async fn server(groups: &[Group], series: &[&str], from: i64, to: i64) -> Vec<(i64, Vec<Alert>)> {
    let environment =
        Arc::new(InMemory::new(10_000_000, promql::Settings::default(), Arc::default()));
    load(&mut environment.memory.lock(), series);
    let shared = Arc::clone(&environment) as Arc<dyn Environment>;
    let (settings, statistics) = (Arc::new(Settings::default()), Statistics::default());
    let mut times: Vec<(i64, usize)> = Vec::new();
    for (at, group) in groups.iter().enumerate() {
        let mut time_ms = slot(&group.identity, group.interval_ms, from * MINUTE_MS - 1);
        while time_ms + group.interval_ms <= to * MINUTE_MS {
            time_ms += group.interval_ms;
            times.push((time_ms, at));
        }
    }
    times.sort_unstable();
    let mut sent = std::collections::BTreeMap::<i64, Vec<Alert>>::new();
    for (time_ms, at) in times {
        let clock = ManualClock::default();
        groups[at].evaluate(time_ms, &settings, &shared, &clock, &statistics).await;
        let alerts = std::mem::take(&mut *environment.sent.lock());
        if !alerts.is_empty() {
            sent.entry(time_ms).or_default().extend(alerts);
        }
    }
    sent.into_iter().collect()
}

const SERIES: &[&str] = &[
    "a{x=\"1\"} 0+1x100 50x100 0x100 7x900",
    "a{x=\"2\"} 5x20 _x50 stale _x5 1+2x90 3x900",
    "b 1x60 0x7 1x60 0x1 1x60 _x20 1x900",
    "many{y=\"1\"} _x30 1x3 stale _x50 1x800",
    "many{y=\"2\"} _x31 1x3 stale",
];

/// Rules that depend on each other in all ways.
const RULES: &str = "groups:
- name: later
  rules:
  - {alert: OnRecorded, expr: 'double > 40', for: 3m, annotations: {v: '{{$value}} {{$labels.x}}'}}
  - {alert: OnAlerts, expr: 'ALERTS{alertname=\"Down\",alertstate=\"firing\"} == 1', labels: {x: y}}
- name: first
  query_offset: 1m
  rules:
  - {record: double, expr: a * 2}
  - {record: average, expr: 'avg_over_time(double[10m])', labels: {k: v}}
- name: averages
  rules:
  - {record: twice, expr: 'avg_over_time(a[10m])'}
- name: after
  rules:
  - {alert: OnAverages, expr: 'twice > 20', for: 5m}
- name: down
  interval: 30s
  rules:
  - {alert: Down, expr: 'b == 0', keep_firing_for: 4m, labels: {s: '{{$labels.x}}c'}}
  - {alert: Query, expr: 'b == 0', annotations: {q: '{{with query \"a\"}}{{. | first | value}}{{end}}'}}
- name: circle
  rules:
  - {record: counter, expr: '(counter + 1) or vector(0)'}
  - {alert: Late, expr: 'counter > 20 and on () last > 5', for: 1m}
  - {record: last, expr: counter / 2}
- name: one
  rules:
  - {record: pong, expr: ping + 1}
- name: two
  rules:
  - {record: ping, expr: '(pong + 1) or on () vector(0)'}
  - {alert: Ping, expr: ping > 100}
- name: errors
  limit: 1
  rules:
  - {alert: Limit, expr: a > 10}
  - {alert: Matching, expr: 'b + on () many'}
  - {alert: End, expr: 'a @ end() > 60'}
  - {record: same, expr: a, labels: {x: ''}}
";

#[tokio::test]
async fn a_replay_sends_what_a_server_sends() {
    let expected = server(&groups(RULES), SERIES, 5, 900).await;
    let replay = replay(groups(RULES), options(5, 900), history(SERIES)).await.unwrap();
    let shown = |sent: &[(i64, Vec<Alert>)]| {
        let shown = sent.iter().flat_map(|(time_ms, alerts)| {
            alerts.iter().map(move |alert| format!("{time_ms} {alert:?}"))
        });
        let mut shown: Vec<String> = shown.collect();
        shown.sort();
        shown
    };
    let (expected, found) = (shown(&expected), shown(&replay.sent));
    assert!(expected.len() > 1000, "{}", expected.len());
    let missing: Vec<_> = expected.iter().filter(|alert| !found.contains(alert)).collect();
    let invented: Vec<_> = found.iter().filter(|alert| !expected.contains(alert)).collect();
    assert!(missing.is_empty() && invented.is_empty(), "{missing:#?} {invented:#?}");
    for name in [
        "OnRecorded",
        "OnAlerts",
        "OnAverages",
        "Down",
        "Query",
        "Late",
        "Ping",
        "Limit",
        "Matching",
        "End",
    ] {
        let rule = replay.rules.iter().find(|rule| rule.name == name).unwrap();
        assert!(!rule.episodes.is_empty(), "{name}");
        let fails = ["Limit", "Matching"].contains(&name);
        assert_eq!(rule.failures > 0, fails, "{name} {:?}", rule.last_failure);
    }
}

#[tokio::test]
async fn the_times_of_alerts_and_their_peaks_are_found() {
    let text = "groups:\n- name: g\n  rules:\n  - {alert: A, expr: a > 0, for: 2m}\n  - {record: r, expr: a}\n";
    let series = ["a 0x9 1 2 3 9 2 0x9 1 1 0x9 5x99"];
    let replay = replay(groups(text), options(0, 60), history(&series)).await.unwrap();
    assert_eq!(replay.rules.iter().map(|rule| rule.name.as_str()).collect::<Vec<_>>(), ["A", "r"]);
    let minute = |ms: i64| (ms as f64 / MINUTE_MS as f64).floor() as i64;
    let episodes = replay.rules[0].episodes.iter().map(|episode| {
        let ended = episode.ended_at_ms.map(minute);
        (minute(episode.active_at_ms), episode.fired_at_ms.map(minute), ended, episode.peak)
    });
    // The second ends before it fires, the third does not end.
    assert_eq!(
        episodes.collect::<Vec<_>>(),
        [(10, Some(12), Some(15), 9.0), (25, None, Some(27), 1.0), (37, Some(39), None, 5.0)]
    );
    let states: Vec<bool> =
        replay.sent.iter().map(|(_, alerts)| alerts[0].resolved_at_ms.is_some()).collect();
    assert_eq!(states[..3], [false, false, true]);
}

#[tokio::test]
async fn what_rules_recorded_replaces_what_is_stored_from_the_start_on() {
    let text = "groups:\n- name: g\n  rules:\n  - {record: r, expr: a}\n  - {alert: A, expr: 'sum_over_time(r[10m]) > 0'}\n";
    // Stored by other rules: a series that the replay does not make, and one that it does.
    let series = ["a 0x200", "r 1x15 9x185", "r{old=\"yes\"} 1x200"];
    let replay = replay(groups(text), options(20, 100), history(&series)).await.unwrap();
    let ended = replay.rules[1].episodes.iter().map(|episode| {
        let minutes = |ms: i64| ms / MINUTE_MS;
        (episode.labels.get("old").is_some(), minutes(episode.ended_at_ms.unwrap()), episode.peak)
    });
    // What was stored before is seen for the ten minutes of the range.
    let ended: Vec<(bool, i64, f64)> = ended.collect();
    assert_eq!(ended.iter().map(|e| e.0).collect::<Vec<_>>(), [false, true]);
    assert!(ended.iter().all(|e| (28..=30).contains(&e.1)), "{ended:?}");
    assert!(ended[0].2 > 9.0 && ended[1].2 < 10.0, "{ended:?}");
}

#[tokio::test]
async fn rules_of_loki_are_replayed() {
    let text = "groups:\n- name: g\n  rules:\n  - {alert: A, expr: 'sum(rate({a=\"b\"}[5m])) > 1', for: 5m}\n";
    let replay =
        replay(groups_of(text, Language::LogQl), options(0, 30), history(&[])).await.unwrap();
    assert_eq!((replay.rules[0].failures, replay.rules[0].episodes.len()), (0, 1));
}

#[tokio::test]
async fn a_replay_that_is_too_large_is_refused() {
    for (rules, minutes) in [("[{record: r, expr: a}]", 1000), ("[]", 1_000_000_000)] {
        let text = format!("groups: [{{name: g, interval: 1ms, rules: {rules}}}]\n");
        let error = replay(groups(&text), options(0, minutes), history(&[])).await.unwrap_err();
        assert_eq!(error, "more than 20000000 evaluations of rules");
    }
    let nothing = replay(Vec::new(), options(0, 1_000_000_000), history(&[])).await.unwrap();
    assert_eq!(nothing, Replay { rules: Vec::new(), sent: Vec::new() });
}

#[test]
fn groups_come_after_those_that_they_read() {
    let groups = groups(RULES);
    let clusters = dependencies::clusters(&groups, &PreparedQueries::default());
    let shown: Vec<(Vec<&str>, bool)> = clusters
        .iter()
        .map(|cluster| {
            let names = cluster.groups.iter().map(|at| groups[*at].identity.name.as_str());
            (names.collect(), cluster.is_circular)
        })
        .collect();
    assert_eq!(
        shown,
        [
            (vec!["averages"], false),
            (vec!["down"], false),
            (vec!["circle"], true),
            (vec!["errors"], false),
            (vec!["after"], false),
            (vec!["one", "two"], true),
            // Because of the offset of the second.
            (vec!["later", "first"], true),
        ]
    );
}

/// `cargo test --release -p rules replay -- --ignored`.
#[tokio::test]
#[ignore = "measures time"]
async fn a_week_takes_this_long() {
    let week = 7 * 24 * 60;
    let mut series = Vec::new();
    for host in 0..50 {
        series
            .push(format!("requests_total{{host=\"{host}\",code=\"200\"}} 0+{}x{week}", 60 + host));
        series
            .push(format!("requests_total{{host=\"{host}\",code=\"500\"}} 0+{}x{week}", host % 7));
        series.push(format!("up{{host=\"{host}\"}} 1x{} 0x20 1x{week}", 200 * host));
        series.push(format!("load{{host=\"{host}\"}} 0+0.001x{week}"));
    }
    let series: Vec<&str> = series.iter().map(String::as_str).collect();
    let mut rules = vec![
        "{record: 'host:requests:rate5m', expr: 'sum by (host) (rate(requests_total[5m]))'}".to_owned(),
        "{record: 'host:errors:rate5m', expr: 'sum by (host) (rate(requests_total{code=\"500\"}[5m]))'}".to_owned(),
        "{record: 'host:errors:ratio', expr: 'host:errors:rate5m / host:requests:rate5m'}".to_owned(),
        "{alert: Down, expr: up == 0, for: 5m, annotations: {s: '{{$labels.host}} is down', d: 'value {{$value}}'}}".to_owned(),
    ];
    for at in 0..20 {
        rules.push(format!(
            "{{alert: Rate{at}, expr: 'host:errors:ratio > 0.0{at} and load > {at}', for: 10m, labels: \
             {{severity: page}}, annotations: {{s: '{{{{$labels.host}}}} fails {{{{$value | \
             humanizePercentage}}}}'}}}}"
        ));
    }
    let text = format!("groups:\n- name: g\n  rules:\n  - {}\n", rules.join("\n  - "));
    let history = history(&series);
    let began = tokio::time::Instant::now();
    let replay = replay(groups(&text), options(0, week), history).await.unwrap();
    let sent: usize = replay.sent.iter().map(|(_, alerts)| alerts.len()).sum();
    let episodes: usize = replay.rules.iter().map(|rule| rule.episodes.len()).sum();
    let took = began.elapsed();
    conformance::say(&format!(
        "{} rules, a week: {took:?}, {episodes} alerts, sent {sent} times",
        replay.rules.len()
    ));
}
