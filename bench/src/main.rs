//! Load generator and measurements: what the server costs, not how fast this machine is.
//!
//! Figures are CPU seconds, bytes and counts; a wall time appears only beside them.

mod logs;
mod metrics;
mod patch;
mod send;
mod server;
mod spans;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::send::Payload;
use crate::server::Server;

/// Workloads in the order in which they run.
const WORKLOADS: [&str; 4] = ["idle", "spans", "logs", "metrics"];

/// What was asked for on the command line.
struct Options {
    binary: String,
    items: u64,
    peer: Option<String>,
    workloads: Vec<String>,
}

fn main() -> Result<()> {
    let options = options()?;
    for workload in &options.workloads {
        let result = match workload.as_str() {
            "idle" => idle(&options)?,
            "spans" => ingest(&options, "spans", &spans::payloads())?,
            "logs" => ingest(&options, "logs", &logs::payloads())?,
            "metrics" => measure_metrics(&options)?,
            other => bail!("there is no workload {other:?}: {}", WORKLOADS.join(", ")),
        };
        print(&result)?;
    }
    Ok(())
}

#[expect(clippy::print_stdout, reason = "the results are this program's output")]
fn print(result: &Value) -> Result<()> {
    println!("{}", serde_json::to_string_pretty(result)?);
    Ok(())
}

fn options() -> Result<Options> {
    let mut options =
        Options { binary: String::new(), items: 2_000_000, peer: None, workloads: Vec::new() };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().with_context(|| format!("{argument} needs a value"));
        match argument.as_str() {
            "--binary" => options.binary = value()?,
            "--items" => options.items = value()?.parse()?,
            "--peer" => options.peer = Some(value()?),
            workload => options.workloads.push(workload.to_owned()),
        }
    }
    if options.binary.is_empty() {
        bail!("--binary PATH of glasshouse is missing");
    }
    if options.workloads.is_empty() {
        options.workloads = WORKLOADS.map(str::to_owned).to_vec();
    }
    Ok(options)
}

/// Time to the first accepted request, and memory at rest.
fn idle(options: &Options) -> Result<Value> {
    let server = Server::glasshouse(&options.binary)?;
    let mut payload = spans::payloads().remove(0);
    let ready_s = server.first_accepted(&mut payload)?;
    std::thread::sleep(std::time::Duration::from_secs(5));
    let rss_bytes = server.rss_bytes()?;
    server.stop()?;
    Ok(json!({ "workload": "idle", "first_accepted_s": ready_s, "rss_bytes": rss_bytes }))
}

/// Sends a signal as fast as it is accepted, then asks for all of it.
fn ingest(options: &Options, signal: &'static str, payloads: &[Payload]) -> Result<Value> {
    let server = Server::glasshouse(&options.binary)?;
    let sent = send::all(&server::otlp(signal), payloads, options.items)?;
    let queryable = server::count(signal)?;
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
        "bytes_at_rest": stopped.bytes_at_rest,
        "bytes_per_item": stopped.bytes_at_rest as f64 / accepted as f64,
    }))
}

/// Samples into Glasshouse and, when asked, the same into a peer.
fn measure_metrics(options: &Options) -> Result<Value> {
    let mut result = ingest(options, "metrics", &metrics::otlp())?;
    let Some(peer) = &options.peer else { return Ok(result) };
    if peer != "prometheus" {
        bail!("there is no peer {peer:?}: prometheus");
    }
    let server = Server::prometheus()?;
    let sent = send::all(&server::remote_write(), &metrics::remote_write(), options.items)?;
    let stopped = server.stop()?;
    let ours = result["cpu_s_per_million"].as_f64().unwrap_or(f64::NAN);
    let theirs = stopped.cpu_s * 1e6 / sent.accepted as f64;
    result["peer"] = json!({
        "name": peer,
        "accepted": sent.accepted,
        "cpu_s_per_million": theirs,
        "rss_peak_bytes": stopped.rss_peak_bytes,
        "bytes_per_item": stopped.bytes_at_rest as f64 / sent.accepted as f64,
        "cpu_ratio_peer_to_us": theirs / ours,
    });
    Ok(result)
}
