//! Scrapes of 100 targets with 1,000 series each, for each system.

use std::fmt::Write as _;
use std::io::{Read, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::Options;
use crate::patch::splitmix64;
use crate::server::{Server, System};

pub(crate) const TARGETS: u64 = 100;
pub(crate) const FAMILIES: u64 = 50;
pub(crate) const SERIES_PER_FAMILY: u64 = 20;
const SERIES: u64 = FAMILIES * SERIES_PER_FAMILY;
const INTERVAL: Duration = Duration::from_secs(10);
/// Different pages, which are served in turn.
const PAGES: u64 = 32;

/// Runs all systems; peers only if they are asked for.
pub(crate) fn run(options: &Options) -> Result<Value> {
    let targets = Targets::serve()?;
    let measure = |system: &System| of(*system, options, &targets).with_context(|| system.name());
    let results: Result<Vec<Value>> = options.systems().iter().map(measure).collect();
    Ok(json!({ "workload": "scrape", "systems": results? }))
}

fn of(system: System, options: &Options, targets: &Targets) -> Result<Value> {
    let server = Server::of(system, &options.settings, &targets.prometheus_yaml())?;
    // The first scrape of each target creates its series.
    std::thread::sleep(INTERVAL * 2);
    let (cpu_s, scrapes) = (server.cpu_s().unwrap_or_default(), targets.scrapes());
    std::thread::sleep(Duration::from_secs(options.seconds));
    let cpu_s = server.cpu_s().unwrap_or_default() - cpu_s;
    let samples = (targets.scrapes() - scrapes) * SERIES;
    let rss_bytes = server.rss_bytes()?;
    let stopped = server.stop()?;
    Ok(json!({
        "system": system.name(),
        "samples": samples,
        "cpu_s_per_million": cpu_s * 1e6 / samples as f64,
        "rss_bytes": rss_bytes,
        "rss_bytes_per_series": rss_bytes as f64 / (TARGETS * SERIES) as f64,
        "bytes_per_sample": stopped.bytes_at_rest as f64 / (targets.scrapes() * SERIES) as f64,
    }))
}

/// A server of pages on all loopback addresses.
pub(crate) struct Targets {
    pub(crate) port: u16,
    /// Pages served so far.
    served: Arc<AtomicU64>,
}

impl Targets {
    pub(crate) fn serve() -> Result<Self> {
        let listener = TcpListener::bind(("0.0.0.0", 0))?;
        let port = listener.local_addr()?.port();
        let served = Arc::new(AtomicU64::new(0));
        let pages: Arc<Vec<Vec<u8>>> = Arc::new((0..PAGES).map(page).collect());
        let counter = Arc::clone(&served);
        std::thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let (pages, served) = (Arc::clone(&pages), Arc::clone(&counter));
                std::thread::spawn(move || serve(connection, &pages, &served));
            }
        });
        Ok(Self { port, served })
    }

    fn scrapes(&self) -> u64 {
        self.served.load(Ordering::Relaxed)
    }

    pub(crate) fn prometheus_yaml(&self) -> String {
        let targets: Vec<String> =
            (1..=TARGETS).map(|i| format!("\"127.0.0.{i}:{}\"", self.port)).collect();
        format!(
            "global: {{scrape_interval: {}s}}\nscrape_configs:\n- job_name: bench\n  \
             static_configs: [{{targets: [{}]}}]\n",
            INTERVAL.as_secs(),
            targets.join(", ")
        )
    }
}

/// Answers requests until the connection ends.
fn serve(mut connection: TcpStream, pages: &[Vec<u8>], served: &AtomicU64) -> Option<()> {
    let mut request = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        while !request.ends_with(b"\r\n\r\n") {
            match connection.read(&mut buffer).ok()? {
                0 => return None,
                read => request.extend_from_slice(buffer.get(..read)?),
            }
        }
        request.clear();
        let n = served.fetch_add(1, Ordering::Relaxed);
        connection.write_all(pages.get((n / TARGETS % PAGES) as usize)?).ok()?;
    }
}

/// A whole response.
fn page(n: u64) -> Vec<u8> {
    let mut body = String::new();
    for family in 0..FAMILIES {
        _ = writeln!(body, "# HELP app_metric_{family}_total A metric.");
        _ = writeln!(body, "# TYPE app_metric_{family}_total counter");
        for series in 0..SERIES_PER_FAMILY {
            let rate = splitmix64(family << 8 | series) % 90;
            let value = (n + 1) * rate + series;
            _ = writeln!(
                body,
                "app_metric_{family}_total{{mode=\"m{series}\",cpu=\"{}\",device=\"eth{}\"}} {value}",
                series % 8,
                series % 3
            );
        }
    }
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    [head, body].concat().into_bytes()
}
