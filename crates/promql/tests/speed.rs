//! How long queries take on series in memory: `cargo test --release -p promql --test speed -- --ignored`.

#![allow(clippy::unwrap_used, reason = "the helpers of tests are tests too")]

use std::collections::HashMap;

use promql::{Answer, Prepared, Query, SeriesError, SeriesRead, Settings, Value, plan};
use signals::metric::Samples;
use signals::{Labels, Matcher, MemoryBudget};

/// Time between the samples of a series.
const INTERVAL_MS: i64 = 15_000;
const JOBS: usize = 10;

/// A counter, a sample every 15 seconds.
#[derive(Debug, Clone)]
struct Counter {
    labels: Labels,
    increase: f64,
    samples: usize,
}

impl SeriesRead for Counter {
    fn labels(&self) -> &Labels {
        &self.labels
    }

    fn samples_max(&self) -> u64 {
        self.samples as u64
    }

    fn read(&self, start_ms: i64, end_ms: i64, samples: &mut Samples) -> Result<(), SeriesError> {
        let first = start_ms.max(0).div_euclid(INTERVAL_MS);
        for at in first..=end_ms.div_euclid(INTERVAL_MS).min(self.samples as i64 - 1) {
            samples.timestamps.push(at * INTERVAL_MS);
            samples.values.push(at as f64 * self.increase);
        }
        Ok(())
    }
}

/// The series of `metrics`, each for `hosts`.
fn series(metrics: &[&str], hosts: usize, samples: usize) -> Vec<Counter> {
    let mut all = Vec::new();
    for name in metrics {
        for host in 0..hosts {
            let labels = Labels::from_pairs([
                ("__name__", (*name).to_owned()),
                ("host", format!("host-{host:04}")),
                ("instance", format!("10.0.{}.{}:9100", host / 256, host % 256)),
                ("job", format!("job-{}", host % JOBS)),
                ("region", format!("eu-{}", host % 3)),
                ("le", format!("{}", (host % JOBS) as f64)),
            ]);
            all.push(Counter { labels, increase: 1.0 + host as f64, samples });
        }
    }
    all
}

/// A query and the series that its selectors find.
struct Selected {
    query: Query,
    selected: HashMap<usize, Vec<Box<dyn SeriesRead>>>,
}

fn prepared(all: &[Counter], text: &str, steps: i64, step_ms: i64) -> Selected {
    let start_ms = 600_000;
    let end_ms = start_ms + (steps - 1) * step_ms;
    let query = Prepared::parse(text).unwrap().in_range([start_ms, end_ms, step_ms], 300_000);
    let is_selected = |labels: &Labels, matchers: &[Matcher]| {
        let value = |name: &str| labels.get(name).unwrap_or_default().to_owned();
        matchers.iter().all(|matcher| matcher.matches(&value(&matcher.name)))
    };
    let mut selected = HashMap::new();
    for selector in plan(&query).unwrap() {
        let found = all.iter().filter(|counter| is_selected(&counter.labels, &selector.matchers));
        let boxed: Vec<Box<dyn SeriesRead>> =
            found.map(|counter| Box::new(counter.clone()) as Box<dyn SeriesRead>).collect();
        selected.insert(selector.position, boxed);
    }
    Selected { query, selected }
}

impl Selected {
    fn answer(&self) -> Answer {
        let memory = MemoryBudget::new("queries", usize::MAX).reservation();
        let settings = Settings { samples_max: usize::MAX / 64, ..Settings::default() };
        self.query.answer(&settings, &self.selected, &memory, &|| false).unwrap()
    }
}

/// Queries with the metrics and hosts that they read, and their steps.
const CASES: &[(&str, &[&str], usize, i64)] = &[
    ("sum by (job) (rate(a_total[5m]))", &["a_total"], 500, 720),
    ("count({__name__=~\"cpu_.*\"})", &["cpu_a", "cpu_b", "cpu_c", "cpu_d", "cpu_e"], 1_000, 100),
    ("avg(cpu_a or cpu_b)", &["cpu_a", "cpu_b"], 2_500, 100),
    ("avg(cpu_a or on (host) cpu_b)", &["cpu_a", "cpu_b"], 2_500, 100),
    ("sum(cpu_a and cpu_b)", &["cpu_a", "cpu_b"], 2_500, 100),
    ("sum(cpu_a / cpu_b)", &["cpu_a", "cpu_b"], 2_500, 100),
    ("sum(cpu_a / on (host) group_left () cpu_b)", &["cpu_a", "cpu_b"], 2_500, 100),
    ("max_over_time(sum by (job) (rate(a_total[1m]))[30m:1m])", &["a_total"], 500, 100),
    ("sum(max_over_time(a[1h:1m]))", &["a"], 500, 100),
    ("quantile by (job) (0.9, a)", &["a"], 5_000, 100),
    ("topk(5, a)", &["a"], 5_000, 100),
    ("sum without (host, instance) (a)", &["a"], 5_000, 100),
    (
        "histogram_quantile(0.9, sum by (le, region) (rate(a_bucket[5m])))",
        &["a_bucket"],
        5_000,
        100,
    ),
    ("count_values by (job) (\"v\", a > bool 5000)", &["a"], 5_000, 100),
    ("max_over_time(a[5m])", &["a"], 500, 720),
    ("abs(a * 2 + 1)", &["a"], 5_000, 100),
];

/// Nanoseconds for which this thread has run, which other programs do not change. Linux counts them.
fn thread_ns() -> u64 {
    let counts = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    counts.split(' ').next().and_then(|count| count.parse().ok()).unwrap_or_default()
}

#[test]
#[ignore = "measures time"]
fn queries_take_this_long() {
    for (text, metrics, hosts, steps) in CASES {
        let all = series(metrics, *hosts, 4 * 60 * 8);
        let prepared = prepared(&all, text, *steps, 30_000);
        prepared.answer();
        let started = thread_ns();
        let mut runs = 0.0;
        // The count moves in steps of milliseconds.
        while thread_ns() - started < 400_000_000 {
            prepared.answer();
            runs += 1.0;
        }
        let mean = (thread_ns() - started) as f64 / runs;
        let values = all.len() as f64 * *steps as f64;
        conformance::say(&format!("{:8.1} ms {:7.1} ns {text}", mean / 1e6, mean / values));
    }
}

#[test]
fn measured_queries_have_answers() {
    for (text, metrics, _, _) in CASES {
        let answer = prepared(&series(metrics, 20, 200), text, 5, 30_000).answer();
        assert!(matches!(answer.value, Value::Matrix(rows) if !rows.is_empty()), "{text}");
    }
}
