//! Load generator and measurements of resource use, largely independent of the machine's speed.
//!
//! Results are CPU seconds, bytes and counts; wall times are supplementary.

mod hostile;
mod logs;
mod memory_group;
mod metrics;
mod patch;
mod queries;
mod remote_write;
mod rules;
mod scrape;
mod send;
mod server;
mod spans;

use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::queries::Outcomes;
use crate::send::Payload;
use crate::server::{Server, Settings, System};

/// Workloads, in execution order.
const WORKLOADS: [&str; 9] =
    ["idle", "spans", "logs", "metrics", "remote-write", "scrape", "rules", "pressure", "hostile"];
/// Concurrent queries in `pressure`.
const BURST: usize = 50;

/// Command-line options.
struct Options {
    settings: Settings,
    items: u64,
    /// Systems that do the same work after Glasshouse.
    peers: Vec<System>,
    /// Delay between the load and the memory measurement.
    settle: Duration,
    /// Duration of the hostile queries, and their seed.
    seconds: u64,
    seed: u64,
    /// Runs only the hostile query of this seed.
    only: Option<u64>,
    /// Prints the hostile query of this seed and exits.
    show: Option<u64>,
    workloads: Vec<String>,
}

fn main() -> Result<()> {
    let options = options()?;
    if let Some(seed) = options.show {
        return print_line(&hostile::show(seed)?);
    }
    let mut missed = Vec::new();
    for workload in &options.workloads {
        let result = match workload.as_str() {
            "idle" => idle(&options)?,
            "spans" => ingest(&options, "spans", &spans::payloads())?,
            "logs" => ingest(&options, "logs", &logs::payloads())?,
            "metrics" => ingest(&options, "metrics", &metrics::otlp())?,
            "remote-write" => remote_write::run(&options)?,
            "scrape" => scrape::run(&options)?,
            "rules" => rules::run(&options)?,
            "pressure" => pressure(&options)?,
            "hostile" => hostile::run(&options)?,
            other => bail!("there is no workload {other:?}: {}", WORKLOADS.join(", ")),
        };
        print_line(&serde_json::to_string_pretty(&result)?)?;
        missed.extend(result["missed"].as_array().cloned().unwrap_or_default());
    }
    if !missed.is_empty() {
        bail!("{} marks were missed: {}", missed.len(), Value::from(missed));
    }
    Ok(())
}

fn print_line(text: &str) -> Result<()> {
    Ok(writeln!(std::io::stdout(), "{text}")?)
}

fn options() -> Result<Options> {
    let mut options = Options {
        settings: Settings::default(),
        items: 2_000_000,
        peers: Vec::new(),
        settle: Duration::from_secs(60),
        seconds: 60,
        seed: 1,
        only: None,
        show: None,
        workloads: Vec::new(),
    };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().with_context(|| format!("{argument} needs a value"));
        match argument.as_str() {
            "--binary" => options.settings.binary = value()?,
            "--items" => options.items = value()?.parse()?,
            "--peer" => options.peers.push(peer(&value()?)?),
            "--settle" => options.settle = Duration::from_secs(value()?.parse()?),
            "--memory" => options.settings.memory_mib = Some(value()?.parse()?),
            "--memory-group" => options.settings.memory_group_mib = Some(value()?.parse()?),
            "--seconds" => options.seconds = value()?.parse()?,
            "--seed" => options.seed = value()?.parse()?,
            "--only" => options.only = Some(value()?.parse()?),
            "--show" => options.show = Some(value()?.parse()?),
            workload => options.workloads.push(workload.to_owned()),
        }
    }
    if options.settings.binary.is_empty() && options.show.is_none() {
        bail!("--binary PATH of glasshouse is missing");
    }
    if options.workloads.is_empty() {
        options.workloads = WORKLOADS.map(str::to_owned).to_vec();
    }
    Ok(options)
}

fn peer(name: &str) -> Result<System> {
    let peers = [System::Prometheus, System::VictoriaMetrics];
    let names = peers.map(System::name).join(", ");
    let found = peers.into_iter().find(|system| system.name() == name);
    found.with_context(|| format!("there is no peer {name:?}: {names}"))
}

impl Options {
    /// Glasshouse and its peers.
    fn systems(&self) -> Vec<System> {
        std::iter::once(System::Glasshouse).chain(self.peers.iter().copied()).collect()
    }
}

/// Measures the time to the first accepted request, and idle memory.
fn idle(options: &Options) -> Result<Value> {
    let server = Server::glasshouse(&options.settings)?;
    let mut payload = spans::payloads().remove(0);
    let ready_s = server.first_accepted(&mut payload)?;
    std::thread::sleep(Duration::from_secs(5));
    let rss_bytes = server.rss_bytes()?;
    server.stop()?;
    Ok(json!({ "workload": "idle", "first_accepted_s": ready_s, "rss_bytes": rss_bytes }))
}

/// Sends a signal as fast as it is accepted, then queries all of it.
fn ingest(options: &Options, signal: &'static str, payloads: &[Payload]) -> Result<Value> {
    let server = Server::glasshouse(&options.settings)?;
    let sent = server.explain(send::all(&server::otlp(signal), payloads, options.items))?;
    let queryable = server::count(signal)?;
    std::thread::sleep(options.settle);
    let rss_settled_bytes = server.rss_bytes()?;
    let stopped = server.stop()?;
    let accepted = sent.accepted;
    let cpu_s = stopped.cpu_s;
    Ok(json!({
        "workload": signal,
        "accepted": accepted,
        "queryable": queryable,
        "wire_bytes_per_item": sent.bytes as f64 / accepted as f64,
        "items_per_wall_s": (accepted as f64 / sent.wall_s).round(),
        "answer_ms_p50": sent.quantile_ms(0.5),
        "answer_ms_p99": sent.quantile_ms(0.99),
        "retried_requests": sent.retried,
        "server_cpu_s": cpu_s,
        "cpu_s_per_million": cpu_s * 1e6 / accepted as f64,
        "items_per_cpu_s": (accepted as f64 / cpu_s).round(),
        "rss_peak_bytes": stopped.rss_peak_bytes,
        "rss_settled_bytes": rss_settled_bytes,
        "bytes_at_rest": stopped.bytes_at_rest,
        "bytes_per_item": stopped.bytes_at_rest as f64 / accepted as f64,
    }))
}

/// All signals and heavy queries concurrently, then a burst of queries: does the server survive,
/// and how much memory does it need?
fn pressure(options: &Options) -> Result<Value> {
    let server = Server::glasshouse(&options.settings)?;
    let (during, burst) = (Outcomes::default(), Outcomes::default());
    let is_over = AtomicBool::new(false);
    let workloads =
        [("spans", spans::payloads()), ("logs", logs::payloads()), ("metrics", metrics::otlp())];
    let items = options.items / workloads.len() as u64;
    let sent: Result<Vec<send::Sent>> = std::thread::scope(|scope| {
        scope.spawn(|| queries::keep_asking(4, &is_over, &during));
        let senders: Vec<_> = workloads
            .iter()
            .map(|(signal, payloads)| {
                scope.spawn(move || send::all(&server::otlp(signal), payloads, items))
            })
            .collect();
        let joined = senders
            .into_iter()
            .map(|sender| sender.join().map_err(|_| anyhow::anyhow!("a sender panicked"))?);
        let sent = joined.collect();
        is_over.store(true, Ordering::Relaxed);
        sent
    });
    let sent = server.explain(sent)?;
    queries::burst(BURST, &burst);
    std::thread::sleep(options.settle);
    let rss_settled_bytes = server.rss_bytes()?;
    let queryable: Result<Vec<u64>> =
        workloads.iter().map(|(signal, _)| server::count(signal)).collect();
    let stopped = server.stop()?;
    Ok(json!({
        "workload": "pressure",
        "accepted": sent.iter().map(|sent| sent.accepted).collect::<Vec<_>>(),
        "queryable": queryable?,
        "retried_requests": sent.iter().map(|sent| sent.retried).sum::<u64>(),
        "queries_during_load": during.to_json(),
        "queries_at_once": burst.to_json(),
        "server_cpu_s": stopped.cpu_s,
        "rss_peak_bytes": stopped.rss_peak_bytes,
        "rss_settled_bytes": rss_settled_bytes,
    }))
}
