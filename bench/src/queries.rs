//! Heavy queries in every language, many at a time.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use anyhow::Result;
use serde_json::{Value, json};

use crate::patch;
use crate::send;
use crate::server::PORT_OFFSET;

const SQL: [&str; 6] = [
    "SELECT service_name, name, count(*), approx_percentile_cont(duration_ns, 0.99) FROM spans GROUP BY 1, 2",
    "SELECT trace_id, count(*) AS spans, max(duration_ns) FROM spans GROUP BY trace_id ORDER BY 2 DESC LIMIT 10",
    "SELECT attributes['http.route'] AS route, count(*) FROM spans GROUP BY 1",
    "SELECT body, count(*) AS lines FROM logs GROUP BY body ORDER BY lines DESC LIMIT 10",
    "SELECT * FROM logs ORDER BY timestamp DESC LIMIT 10000",
    "SELECT name, avg(value) FROM metrics GROUP BY name",
];
const PROMQL: [&str; 2] = [
    r#"sum by (__name__) (rate({__name__=~".+"}[5m]))"#,
    r#"topk(10, quantile_over_time(0.9, {__name__=~".+"}[10m]))"#,
];
const LOGQL: [&str; 3] = [
    r#"{service_name=~".+"} |= "session""#,
    r#"sum by (service_name) (rate({service_name=~".+"} | json [1m]))"#,
    r#"quantile_over_time(0.99, {service_name=~".+"} | json | unwrap duration_ms [5m])"#,
];
const TRACEQL: [&str; 2] =
    ["{ status = error }", r#"{ resource.service.name = "gateway" } >> { duration > 1ms }"#];

/// Number of queries by outcome.
#[derive(Default)]
pub(crate) struct Outcomes {
    answered: AtomicU64,
    retryable: AtomicU64,
    refused: AtomicU64,
    failed: AtomicU64,
}

impl Outcomes {
    fn count(&self, result: &Result<u16>) {
        let counter = match result {
            Ok(200..=299) => &self.answered,
            Ok(429 | 503) => &self.retryable,
            Ok(400..=499) => &self.refused,
            _ => &self.failed,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn to_json(&self) -> Value {
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        json!({
            "answered": of(&self.answered),
            "retryable": of(&self.retryable),
            "refused": of(&self.refused),
            "failed": of(&self.failed),
        })
    }
}

/// Runs `count` queries concurrently.
pub(crate) fn burst(count: usize, outcomes: &Outcomes) {
    std::thread::scope(|scope| {
        for n in 0..count {
            scope.spawn(move || outcomes.count(&ask(n)));
        }
    });
}

/// Runs queries back to back on `threads` threads until stopped.
pub(crate) fn keep_asking(threads: usize, is_over: &AtomicBool, outcomes: &Outcomes) {
    std::thread::scope(|scope| {
        for thread in 0..threads {
            scope.spawn(move || {
                let mut n = thread;
                while !is_over.load(Ordering::Relaxed) {
                    outcomes.count(&ask(n));
                    n += threads;
                }
            });
        }
    });
}

/// Runs the `n`-th query and reads the whole response; returns its status.
fn ask(n: usize) -> Result<u16> {
    let all = SQL.len() + PROMQL.len() + LOGQL.len() + TRACEQL.len();
    let n = n % all;
    let base = format!("http://127.0.0.1:{}", 3000 + PORT_OFFSET);
    let agent = send::agent();
    let now_s = patch::start_ns() / 1_000_000_000;
    let (start_s, end_s) = (now_s - 6 * 3600, now_s + 3600);
    let get = |path: &str, query: &str| {
        agent
            .get(format!("{base}{path}"))
            .query("query", query)
            .query("q", query)
            .query("start", start_s.to_string())
            .query("end", end_s.to_string())
            .query("step", "15")
            .query("limit", "1000")
            .call()
    };
    let of = |queries: &[&'static str], before: usize| queries.get(n.wrapping_sub(before)).copied();
    let (promql, logql) = (SQL.len(), SQL.len() + PROMQL.len());
    let mut answer = if let Some(sql) = of(&SQL, 0) {
        let body = json!({ "query": sql }).to_string();
        let request = agent.post(format!("{base}/api/sql"));
        request.header("Content-Type", "application/json").send(body.as_bytes())?
    } else if let Some(query) = of(&PROMQL, promql) {
        get("/prometheus/api/v1/query_range", query)?
    } else if let Some(query) = of(&LOGQL, logql) {
        get("/loki/loki/api/v1/query_range", query)?
    } else {
        get("/tempo/api/search", of(&TRACEQL, logql + LOGQL.len()).unwrap_or_default())?
    };
    let status = answer.status().as_u16();
    std::io::copy(&mut answer.body_mut().as_reader(), &mut std::io::sink())?;
    Ok(status)
}
