//! The same samples by remote write, then the same queries, for each system.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::{Map, Value, json};

use crate::server::{Server, System};
use crate::{Options, metrics, send};

/// How often each query is asked.
const RUNS: u32 = 10;
/// Steps of a range query.
const STEPS: u64 = 50;

/// Name and query.
const QUERIES: [(&str, &str); 9] = [
    ("sum of rates", "sum by (job) (rate(node_family_00_total[5m]))"),
    ("average", "avg by (device) (node_family_01)"),
    ("quantile", "quantile by (device) (0.9, node_family_01)"),
    ("ratio", "sum(rate(node_family_00_total[5m])) / sum(rate(node_family_02_total[5m]))"),
    ("count by name", "count({__name__=~\"node_family_0[13].*\"})"),
    ("or", "avg(node_family_01 or node_family_03)"),
    ("top", "topk(5, rate(node_family_00_total[5m]))"),
    ("subquery", "max_over_time(sum(rate(node_family_00_total[5m]))[10m:1m])"),
    ("deviation", "stddev_over_time(node_family_01[10m] offset 2m)"),
];

/// Runs all systems; peers only if they are asked for.
pub(crate) fn run(options: &Options) -> Result<Value> {
    let measure = |system: &System| of(*system, options).with_context(|| system.name());
    let results: Result<Vec<Value>> = options.systems().iter().map(measure).collect();
    Ok(json!({ "workload": "remote-write", "systems": results? }))
}

fn of(system: System, options: &Options) -> Result<Value> {
    let server = Server::of(system, &options.settings, "scrape_configs: []\n")?;
    let sent = send::all(&system.remote_write(), &metrics::remote_write(), options.items)?;
    let cpu_s = server.cpu_s().unwrap_or_default();
    // What was received in a burst is flushed and merged.
    std::thread::sleep(options.settle);
    let rss_settled_bytes = server.rss_bytes()?;
    let settled_cpu_s = server.cpu_s().unwrap_or_default();
    let rounds = sent.accepted / metrics::SAMPLES_PER_ROUND;
    let (first_s, last_s) = metrics::times_s(rounds);
    let mut queries = Map::new();
    for (name, query) in QUERIES {
        let step_s = ((last_s - first_s) / STEPS).max(1);
        let query = form(&[
            ("query", query),
            ("start", &first_s.to_string()),
            ("end", &last_s.to_string()),
            ("step", &step_s.to_string()),
            ("nocache", "1"),
        ]);
        let url = format!("{}/query_range?{query}", system.api());
        queries.insert(name.to_owned(), ask(&server, &url)?);
    }
    let range = form(&[("start", &first_s.to_string()), ("end", &last_s.to_string())]);
    for (name, path) in [("label names", "labels"), ("label values", "label/device/values")] {
        let url = format!("{}/{path}?{range}", system.api());
        queries.insert(name.to_owned(), ask(&server, &url)?);
    }
    let stopped = server.stop()?;
    let accepted = sent.accepted as f64;
    Ok(json!({
        "system": system.name(),
        "accepted": sent.accepted,
        "cpu_s_per_million": cpu_s * 1e6 / accepted,
        "settled_cpu_s_per_million": settled_cpu_s * 1e6 / accepted,
        "rss_settled_bytes": rss_settled_bytes,
        "rss_peak_bytes": stopped.rss_peak_bytes,
        "bytes_per_sample": stopped.bytes_at_rest as f64 / accepted,
        "queries": queries,
    }))
}

fn form(pairs: &[(&str, &str)]) -> String {
    let escape = |text: &str| {
        text.bytes()
            .map(|byte| match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' => char::from(byte).to_string(),
                _ => format!("%{byte:02X}"),
            })
            .collect::<String>()
    };
    let pairs = pairs.iter().map(|(name, value)| format!("{name}={}", escape(value)));
    pairs.collect::<Vec<_>>().join("&")
}

/// Milliseconds of CPU and wall time of one answer, and the number of its series or texts.
#[expect(clippy::disallowed_methods, reason = "wall time is what is measured here")]
fn ask(server: &Server, url: &str) -> Result<Value> {
    let agent = send::agent();
    let mut lengths = Vec::new();
    let get = |lengths: &mut Vec<usize>| -> Result<()> {
        let mut answer = agent.get(url).call()?;
        let text = answer.body_mut().with_config().limit(1 << 30).read_to_string()?;
        ensure!(answer.status().is_success(), "{url}: {text}");
        let answer: Value = serde_json::from_str(&text)?;
        let data = answer["data"]["result"].as_array().or_else(|| answer["data"].as_array());
        lengths.push(data.map_or(0, Vec::len));
        Ok(())
    };
    // The first answer reads files that the others find in memory.
    get(&mut lengths)?;
    let (begin, cpu_s) = (Instant::now(), server.cpu_s().unwrap_or_default());
    for _ in 0..RUNS {
        get(&mut lengths)?;
    }
    let wall = begin.elapsed() / RUNS;
    std::thread::sleep(Duration::from_millis(20));
    let cpu_s = (server.cpu_s().unwrap_or_default() - cpu_s) / f64::from(RUNS);
    Ok(json!({
        "cpu_ms": cpu_s * 1e3,
        "wall_ms": wall.as_secs_f64() * 1e3,
        "results": lengths.first(),
    }))
}
