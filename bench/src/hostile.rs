//! Hostile queries in every language, while health, ingest and memory are monitored: the impact of
//! a query on others must be bounded, whatever it is.

mod data;
mod grammar;
mod query;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::ScopedJoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow};
use serde_json::{Value, json};

use crate::send::{self, Payload};
use crate::server::{self, PORT_OFFSET, Server, Settings};
use crate::{Options, logs, metrics, spans};
use query::{HostileQueries, HostileQuery};

/// Default `limits.memory` without a memory cgroup.
const MEMORY_MIB: u64 = 1024;
/// `query.timeout`.
const QUERY_TIMEOUT: Duration = Duration::from_secs(10);
/// Number of query threads.
const QUERY_THREADS: usize = 2;
const PROBE_INTERVAL: Duration = Duration::from_millis(50);
const INGEST_INTERVAL: Duration = Duration::from_millis(100);
const MEMORY_INTERVAL: Duration = Duration::from_millis(100);
/// First sequence number of ingest, distinct from those of the load.
const INGEST_FIRST: u64 = 100_000;
/// Maximum time for which the final count may be refused.
const COUNT_MAX: Duration = Duration::from_secs(60);
/// Time given to the last queries before SIGTERM.
const STOP_AFTER: Duration = Duration::from_secs(2);
/// Seconds for which a query may run, and hold memory, after its response.
const LINGER_S: f64 = 2.0;
/// Maximum characters of a query in the report.
const SHOWN_MAX: usize = 500;

// The acceptance criteria.
const HEALTH_P99_S: f64 = 0.1;
const INGEST_P99_S: f64 = 0.5;
const ANSWER_MAX: Duration = Duration::from_secs(QUERY_TIMEOUT.as_secs() + 3);
const STOP_MAX_S: f64 = 12.0;

/// An event with its start and end, in seconds of the run.
struct Timed<T> {
    begin_s: f64,
    end_s: f64,
    what: T,
}

impl<T> Timed<T> {
    fn seconds(&self) -> f64 {
        self.end_s - self.begin_s
    }

    fn overlaps<U>(&self, other: &Timed<U>) -> bool {
        self.begin_s <= other.end_s && other.begin_s <= self.end_s
    }

    /// Whether it overlapped the other event or ended shortly before.
    fn may_have_caused<U>(&self, other: &Timed<U>) -> bool {
        self.begin_s <= other.end_s && other.begin_s <= self.end_s + LINGER_S
    }
}

/// A query with its status, or the reason for having none.
type QueryResult = Timed<(HostileQuery, Result<u16, String>)>;

/// Observations of the server.
#[derive(Default)]
struct Seen {
    results: Vec<QueryResult>,
    /// Whether each probe got a 200.
    health: Vec<Timed<bool>>,
    ingest: Vec<Timed<Ingested>>,
    rss_bytes: Vec<Timed<u64>>,
}

/// The result of an OTLP request.
enum Ingested {
    Accepted(u64),
    /// Rejected as retryable.
    Retryable,
    /// Neither success nor a retryable error; may have been accepted.
    Unanswered(u64),
}

/// The clock of the run and its end.
struct Run {
    begin: Instant,
    is_dead: AtomicBool,
    is_over: AtomicBool,
}

impl Run {
    #[expect(clippy::disallowed_methods, reason = "times of answers are what is measured here")]
    fn new() -> Self {
        let (is_dead, is_over) = (AtomicBool::new(false), AtomicBool::new(false));
        Self { begin: Instant::now(), is_dead, is_over }
    }

    fn time<T>(&self, what: impl FnOnce() -> T) -> Timed<T> {
        let begin_s = self.begin.elapsed().as_secs_f64();
        let what = what();
        Timed { begin_s, end_s: self.begin.elapsed().as_secs_f64(), what }
    }

    /// Repeats an action at an interval until the end of the run.
    fn repeat<T>(&self, interval: Duration, mut each: impl FnMut(u64) -> T) -> Vec<Timed<T>> {
        let mut all = Vec::new();
        while !self.is_over.load(Ordering::Relaxed) {
            let timed = self.time(|| each(all.len() as u64));
            std::thread::sleep(interval.saturating_sub(Duration::from_secs_f64(timed.seconds())));
            all.push(timed);
        }
        all
    }
}

/// The query of a seed.
pub(crate) fn show(seed: u64) -> Result<String> {
    Ok(HostileQueries::new()?.of_seed(seed)?.line)
}

/// The workload.
pub(crate) fn run(options: &Options) -> Result<Value> {
    let memory_mib = options.settings.memory_mib.unwrap_or_else(|| {
        options.settings.memory_group_mib.map_or(MEMORY_MIB, |group| group * 3 / 4)
    });
    let settings = Settings {
        memory_mib: Some(memory_mib),
        query_timeout: Some(QUERY_TIMEOUT),
        ..options.settings.clone()
    };
    let queries = HostileQueries::new()?;
    let server = Server::glasshouse(&settings)?;
    let loaded = server.explain(load(options.items))?;
    let seen = watch(&server, &queries, options)?;
    let is_alive = server.rss_bytes().is_ok();
    let mut ingested = loaded;
    let mut unanswered = 0;
    for request in &seen.ingest {
        match request.what {
            Ingested::Accepted(items) => ingested[0] += items,
            Ingested::Unanswered(items) => unanswered += items,
            Ingested::Retryable => {}
        }
    }
    let queryable = if is_alive { count() } else { Err(anyhow!("the server has died")) };
    let kills = server.kills();
    let stop_s = stop(server, &queries);

    let mut criteria = Criteria::new(&seen, memory_mib << 20);
    criteria.check(is_alive, "the server has died".to_owned());
    criteria.check(kills == 0, "the kernel has killed the server".to_owned());
    match &queryable {
        Ok(found) => {
            let is_equal = found[1..] == ingested[1..]
                && (ingested[0]..=ingested[0] + unanswered).contains(&found[0]);
            criteria.check(is_equal, format!("{ingested:?} accepted, {found:?} queryable"));
        }
        Err(error) => criteria.check(false, format!("count: {error:#}")),
    }
    match &stop_s {
        Ok(seconds) => criteria.check(*seconds < STOP_MAX_S, format!("stop: {seconds:.1} s")),
        Err(error) => criteria.check(false, format!("stop: {error:#}")),
    }
    let broken: Vec<Value> =
        seen.results.iter().filter_map(|result| criteria.missed_by(result)).collect();
    let ingest = |is: fn(&Ingested) -> bool| seen.ingest.iter().filter(|r| is(&r.what)).count();
    Ok(json!({
        "workload": "hostile",
        "seed": options.seed,
        "limits_memory_bytes": memory_mib << 20,
        "statuses": statuses(&seen.results),
        "slowest_query_s": seen.results.iter().map(Timed::seconds).fold(0.0, f64::max),
        "health_ms": times_ms(&seen.health, PROBE_INTERVAL),
        "otlp_ms": times_ms(&seen.ingest, INGEST_INTERVAL),
        "otlp_accepted": ingest(|request| matches!(request, Ingested::Accepted(_))),
        "otlp_retryable": ingest(|request| matches!(request, Ingested::Retryable)),
        "otlp_unanswered": ingest(|request| matches!(request, Ingested::Unanswered(_))),
        "rss_peak_bytes": seen.rss_bytes.iter().map(|sample| sample.what).max(),
        "accepted": ingested,
        "queryable": queryable.ok(),
        "killed_by_kernel": kills,
        "stop_s": stop_s.ok(),
        "missed": criteria.missed,
        "broken_by": broken,
    }))
}

/// Sends a third of the items of each signal and hostile data; returns the accepted counts.
fn load(items: u64) -> Result<[u64; 3]> {
    let third = items / 3;
    let send = |signal, payloads: &[Payload]| {
        send::all(&server::otlp(signal), payloads, third).map(|sent| sent.accepted)
    };
    let post = |signal, body: &[u8]| send::post(&send::agent(), &server::otlp(signal), body);
    let mut accepted = [
        send("spans", &spans::payloads())?,
        send("logs", &logs::payloads())?,
        send("metrics", &metrics::otlp())?,
    ];
    let (body, spans) = data::spans();
    accepted[0] += spans.saturating_sub(post("spans", &body)?.rejected);
    let (body, records) = data::logs();
    accepted[1] += records.saturating_sub(post("logs", &body)?.rejected);
    post("metrics", &data::metrics())?;
    Ok(accepted)
}

/// Runs the queries while monitoring the server.
fn watch(server: &Server, queries: &HostileQueries, options: &Options) -> Result<Seen> {
    let (next, seconds) = (AtomicUsize::new(0), options.seconds as f64);
    let (agent, payloads) = (send::agent(), spans::payloads());
    let run = Run::new();
    std::thread::scope(|scope| {
        let send_all = || -> Result<Vec<QueryResult>> {
            let mut results = Vec::new();
            while run.begin.elapsed().as_secs_f64() < seconds
                && !run.is_dead.load(Ordering::Relaxed)
            {
                let n = next.fetch_add(1, Ordering::Relaxed);
                let query = match options.only {
                    Some(seed) => queries.of_seed(seed)?,
                    None => queries.nth(options.seed, n)?,
                };
                let timed = run.time(|| query.send(ANSWER_MAX + QUERY_TIMEOUT));
                let status = timed.what.map_err(|error| format!("{error:#}"));
                results.push(Timed {
                    begin_s: timed.begin_s,
                    end_s: timed.end_s,
                    what: (query, status),
                });
            }
            Ok(results)
        };
        let threads: Vec<_> = (0..QUERY_THREADS).map(|_| scope.spawn(send_all)).collect();
        let health = scope.spawn(|| run.repeat(PROBE_INTERVAL, |_| is_healthy()));
        let ingest = scope.spawn(|| {
            run.repeat(INGEST_INTERVAL, |n| {
                ingest(&agent, &payloads[n as usize % payloads.len()], INGEST_FIRST + n)
            })
        });
        let mut seen = Seen::default();
        while !threads.iter().all(ScopedJoinHandle::is_finished) {
            match server.rss_bytes() {
                Ok(bytes) => seen.rss_bytes.push(run.time(|| bytes)),
                Err(_) => run.is_dead.store(true, Ordering::Relaxed),
            }
            std::thread::sleep(MEMORY_INTERVAL);
        }
        run.is_over.store(true, Ordering::Relaxed);
        let panicked = || anyhow!("a thread panicked");
        for thread in threads {
            seen.results.extend(thread.join().map_err(|_| panicked())??);
        }
        seen.health = health.join().map_err(|_| panicked())?;
        seen.ingest = ingest.join().map_err(|_| panicked())?;
        Ok(seen)
    })
}

/// Probes on a new connection, like an orchestrator.
fn is_healthy() -> bool {
    let url = format!("http://127.0.0.1:{}/", 13_133 + PORT_OFFSET);
    let answer = send::agent_within(Duration::from_secs(5)).get(url).call();
    answer.is_ok_and(|answer| answer.status().is_success())
}

fn ingest(agent: &ureq::Agent, payload: &Payload, n: u64) -> Ingested {
    let mut body = payload.body.clone();
    (payload.renew)(&mut body, n);
    match send::post_once(agent, &server::otlp("spans"), &body) {
        Ok((200..=299, answer)) => {
            let rejected = send::rejected(&answer).unwrap_or_default();
            Ingested::Accepted(payload.items.saturating_sub(rejected))
        }
        Ok((429 | 503, _)) => Ingested::Retryable,
        _ => Ingested::Unanswered(payload.items),
    }
}

/// Counts all signals; may be refused for a while because of queries that are still ending.
fn count() -> Result<[u64; 3]> {
    let count_once = || -> Result<_> {
        Ok([server::count("spans")?, server::count("logs")?, server::count("metrics")?])
    };
    let pause = Duration::from_secs(1);
    for _ in 0..COUNT_MAX.as_secs() {
        if let Ok(counts) = count_once() {
            return Ok(counts);
        }
        std::thread::sleep(pause);
    }
    count_once().with_context(|| format!("refused for {COUNT_MAX:?}"))
}

/// Stops the server during known queries; returns the seconds taken.
fn stop(server: Server, queries: &HostileQueries) -> Result<f64> {
    std::thread::scope(|scope| {
        for query in queries.known().iter().take(QUERY_THREADS) {
            scope.spawn(|| query.send(ANSWER_MAX));
        }
        std::thread::sleep(STOP_AFTER);
        Ok(server.stop()?.wall_s)
    })
}

/// Missed criteria, and the attribution to queries.
struct Criteria<'a> {
    missed: Vec<String>,
    /// Times during which a criterion was not met, with its name.
    bad: Vec<Timed<&'static str>>,
    seen: &'a Seen,
}

impl<'a> Criteria<'a> {
    fn new(seen: &'a Seen, memory_bytes: u64) -> Self {
        let mut criteria = Self { missed: Vec::new(), bad: Vec::new(), seen };
        criteria.check_p99("health", &seen.health, PROBE_INTERVAL, HEALTH_P99_S);
        criteria.check_p99("OTLP", &seen.ingest, INGEST_INTERVAL, INGEST_P99_S);
        let failed = seen.health.iter().filter(|probe| !probe.what).count();
        criteria.check(failed == 0, format!("{failed} health probes were not answered with 200"));
        criteria.bad.extend(during("health not 200", &seen.health, |probe| !probe.what));
        let is_unanswered = |request: &Timed<_>| matches!(request.what, Ingested::Unanswered(_));
        let failed = seen.ingest.iter().filter(|request| is_unanswered(request)).count();
        criteria.check(failed == 0, format!("{failed} OTLP requests were not answered"));
        criteria.bad.extend(during("OTLP not answered", &seen.ingest, is_unanswered));
        let over: Vec<_> =
            during("memory", &seen.rss_bytes, |sample| sample.what >= memory_bytes).collect();
        criteria.check(over.is_empty(), format!("memory over its limit in {} samples", over.len()));
        criteria.bad.extend(over);
        let bad = seen.results.iter().filter(|result| response_defect(result).is_some()).count();
        criteria
            .check(bad == 0, format!("{bad} queries were answered late, with 5xx or not at all"));
        criteria
    }

    fn check(&mut self, is_met: bool, missed: String) {
        if !is_met {
            self.missed.push(missed);
        }
    }

    fn check_p99<T>(
        &mut self,
        name: &'static str,
        all: &[Timed<T>],
        interval: Duration,
        p99_s: f64,
    ) {
        let p99 = send::quantile(&sorted(all, interval), 0.99);
        self.check(p99 < p99_s, format!("{name}: p99 {:.0} ms", p99 * 1e3));
        if p99 >= p99_s {
            self.bad.extend(during(name, all, |timed| timed.seconds() >= p99_s));
        }
    }

    /// A query with the criteria missed by it or during it.
    fn missed_by(&self, result: &QueryResult) -> Option<Value> {
        let (query, status) = &result.what;
        let mut marks: Vec<String> = response_defect(result).into_iter().collect();
        let mut during: BTreeMap<&str, usize> = BTreeMap::new();
        for bad in self.bad.iter().filter(|bad| result.may_have_caused(bad)) {
            *during.entry(bad.what).or_default() += 1;
        }
        marks.extend(during.iter().map(|(mark, count)| format!("{mark} ({count} times)")));
        let last = self.seen.rss_bytes.last();
        if marks.is_empty() {
            return None;
        }
        let ended = match status {
            Ok(status) => status.to_string(),
            Err(error) => error.clone(),
        };
        Some(json!({
            "language": query.language,
            "seed": query.seed,
            "query": query.line.chars().take(SHOWN_MAX).collect::<String>(),
            "ended": ended,
            "begin_s": result.begin_s,
            "seconds": result.seconds(),
            "was_running_at_the_end": last.is_none_or(|last| result.overlaps(last)),
            "marks": marks,
        }))
    }
}

/// A defect of the response itself.
fn response_defect(result: &QueryResult) -> Option<String> {
    match &result.what.1 {
        Err(error) => Some(format!("not answered: {error}")),
        // 501 marks language features that the engine does not implement.
        Ok(status @ (500 | 502 | 505..)) => Some(format!("status {status}")),
        Ok(_) if result.seconds() > ANSWER_MAX.as_secs_f64() => {
            Some(format!("answered after {:.1} s", result.seconds()))
        }
        Ok(_) => None,
    }
}

fn during<T>(
    name: &'static str,
    all: &[Timed<T>],
    is_bad: impl Fn(&Timed<T>) -> bool,
) -> impl Iterator<Item = Timed<&'static str>> {
    all.iter().filter(move |timed| is_bad(timed)).map(move |timed| Timed {
        begin_s: timed.begin_s,
        end_s: timed.end_s,
        what: name,
    })
}

/// Durations in ascending order, corrected for coordinated omission: an operation longer than the
/// interval also counts for those it delayed.
fn sorted<T>(all: &[Timed<T>], interval: Duration) -> Vec<f64> {
    let mut seconds: Vec<f64> = Vec::new();
    for timed in all {
        let held_up = (timed.seconds() / interval.as_secs_f64()) as u32;
        seconds.extend((0..=held_up).map(|n| timed.seconds() - (interval * n).as_secs_f64()));
    }
    seconds.sort_by(f64::total_cmp);
    seconds
}

fn times_ms<T>(all: &[Timed<T>], interval: Duration) -> Value {
    let seconds = sorted(all, interval);
    let at = |quantile| send::quantile(&seconds, quantile) * 1e3;
    json!({ "count": all.len(), "p50": at(0.5), "p99": at(0.99), "max": at(1.0) })
}

/// Number of queries by language and status.
fn statuses(results: &[QueryResult]) -> Value {
    let mut counts: BTreeMap<&str, BTreeMap<String, u64>> = BTreeMap::new();
    for result in results {
        let (query, status) = &result.what;
        let status = status.as_ref().map_or("none".to_owned(), u16::to_string);
        *counts.entry(query.language).or_default().entry(status).or_default() += 1;
    }
    json!(counts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result(seconds: f64, status: Result<u16, String>) -> QueryResult {
        let query =
            HostileQuery { language: "sql", seed: Some(1), line: "/api/sql?query= x".into() };
        Timed { begin_s: 1.0, end_s: 1.0 + seconds, what: (query, status) }
    }

    #[test]
    fn answers_are_wrong_when_late_failed_or_absent() {
        for (seconds, status, is_wrong) in [
            (1.0, Ok(200), false),
            (12.9, Ok(504), false),
            (1.0, Ok(422), false),
            (1.0, Ok(501), false),
            (1.0, Ok(500), true),
            (13.1, Ok(200), true),
            (1.0, Err("closed".to_owned()), true),
        ] {
            let result = result(seconds, status);
            assert_eq!(response_defect(&result).is_some(), is_wrong, "{:?}", result.what.1);
        }
    }

    #[test]
    fn a_stall_counts_by_its_length() {
        let timed = |seconds| Timed { begin_s: 0.0, end_s: seconds, what: () };
        let seconds = sorted(&[timed(0.5), timed(0.0)], Duration::from_millis(200));
        let rounded: Vec<_> = seconds.iter().map(|s| (s * 10.0).round() as u32).collect();
        assert_eq!(rounded, [0, 1, 3, 5]);
    }

    #[test]
    fn what_ran_when_a_mark_was_missed_or_shortly_before_is_named() {
        let mut seen = Seen { results: vec![result(1.0, Ok(200))], ..Seen::default() };
        seen.health = vec![Timed { begin_s: 1.5, end_s: 1.9, what: true }];
        seen.ingest = vec![Timed { begin_s: 0.0, end_s: 0.4, what: Ingested::Retryable }];
        let sample = |at_s| Timed { begin_s: at_s, end_s: at_s, what: 2 };
        seen.rss_bytes = vec![sample(0.5), sample(3.0), sample(5.0)];
        let criteria = Criteria::new(&seen, 1);
        assert_eq!(criteria.missed, ["health: p99 400 ms", "memory over its limit in 3 samples"]);
        let broken = criteria.missed_by(&seen.results[0]).unwrap();
        assert_eq!(broken["marks"], json!(["health (1 times)", "memory (1 times)"]));
        let criteria = Criteria::new(&seen, 3);
        assert_eq!(criteria.missed.len(), 1);
    }
}
