//! The life of a server: bind, open, answer, and on a signal drain, close and end.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use anyhow::{Context, bail};
use axum::Router;
use query::Engine;
use receive::{DeltaTotals, Receiver};
use serve::{Guard, PagePort, Ways};
use signals::Clock;
use signals::time::SystemClock;
use store::files::DiskFiles;
use store::{RecoveryReport, Seams, Store};
use tokio::runtime::Handle;
use tokio::signal::unix::{SignalKind, signal};

use crate::command::{ServeArguments, print};
use crate::config::Config;
use crate::house::House;
use crate::listener::{self, Listener, Server};
use crate::{demo, log, process};

mod doors;
pub(crate) mod memory;
mod settings;

/// How long requests may take to finish once we stop.
const DRAIN_MAX: Duration = Duration::from_secs(10);
/// The same when nothing can be stored any more.
const FAILED_DRAIN_MAX: Duration = Duration::from_secs(2);
/// How long the demo may take to end and to send what it has: a little more than it promises.
const DEMO_STOP_MAX: Duration = Duration::from_secs(6);
/// More threads than this only cost memory: the store and the queries bring their own.
const WORKERS_MAX: usize = 8;
/// Threads for file access and decoding.
const BLOCKING_MAX: usize = 64;

/// Runs until a signal or a failure of the store.
pub(crate) fn server(arguments: &ServeArguments, with_demo: bool) -> anyhow::Result<()> {
    let config = arguments.configuration()?;
    log::start(&config.log)?;
    let workers = std::thread::available_parallelism()
        .map_or(2, std::num::NonZero::get)
        .clamp(2, WORKERS_MAX);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(workers)
        .max_blocking_threads(BLOCKING_MAX)
        .thread_name("glasshouse")
        .enable_all()
        .build()
        .context("cannot start threads")?;
    let answers = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(workers)
        .thread_name("answers")
        .on_thread_start(query::lower_priority)
        .enable_all()
        .build()
        .context("cannot start threads")?;
    let result = runtime.block_on(live(config, arguments, with_demo, answers.handle()));
    answers.shutdown_background();
    // Threads that are still busy with something hopeless do not hold up the end.
    runtime.shutdown_timeout(Duration::from_secs(1));
    result
}

async fn live(
    config: Config,
    arguments: &ServeArguments,
    with_demo: bool,
    answers: &Handle,
) -> anyhow::Result<()> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let mut signals = Signals::new()?;
    let listeners = listener::bind(&config, arguments.port_offset).await?;
    let connections = connections_max(config.limits.connections, process::raise_open_files());
    let server = Server::new(Arc::clone(&clock), connections, listeners.len());
    let (addresses, slots) = open_doors(&server, listeners);

    let folder = data_folder(&config)?;
    for complaint in process::permissions::complaints(&folder, arguments.config.as_deref()) {
        tracing::warn!("{complaint}");
    }
    let budgets = memory::Budgets::new(&config.limits);
    let totals = Arc::new(DeltaTotals::new());
    let seams = Seams::local(Arc::new(DiskFiles::new(&folder)), Arc::clone(&clock));
    let opening = Store::open(settings::store(&config, &budgets), seams, Arc::clone(&totals) as _);
    let (store, report) = tokio::select! {
        opened = opening => opened.with_context(|| format!("cannot open the data folder {}", folder.display()))?,
        name = signals.next() => {
            tracing::info!(signal = name, "stopped before the data folder was open");
            return Ok(());
        }
    };
    report_recovery(&report);
    let mut fatal = store.fatal()?;
    store.spawn();

    let receive_limits = settings::receive(&config, &budgets);
    let receiver = Receiver::new(store.clone(), totals, receive_limits, Arc::clone(&clock));
    let house = Arc::new(House {
        flags: flags(arguments),
        started_at: clock.now(),
        clock: Arc::clone(&clock),
        addresses,
        server: server.clone(),
        receiver: Arc::new(receiver),
        store: store.clone(),
        is_open: AtomicBool::new(true),
        budgets,
        config,
    });
    let query_limits = settings::query(&house.config, &house.budgets);
    let engine = Engine::new(store.clone(), clock, query_limits);
    furnish(&house, &engine, answers, &slots);
    tokio::spawn(memory::watch(house.budgets.ceiling.clone(), engine.clone()));
    let demo = start_demo(with_demo, &house, arguments.port_offset)?;
    print(&banner(&house, &folder, demo.as_ref()))?;
    let memory_bytes_max = house.budgets.ceiling.bytes_max();
    tracing::info!(data = %folder.display(), memory_bytes_max, "ready");

    let failure = tokio::select! {
        name = signals.next() => { tracing::info!(signal = name, "stopping"); None }
        reason = failed(&mut fatal) => { tracing::error!(reason, "the store failed"); Some(reason) }
    };
    tokio::spawn(async move {
        let name = signals.next().await;
        tracing::error!(
            signal = name,
            "ended before everything was closed; nothing acknowledged is lost"
        );
        std::process::exit(1);
    });
    stop_demo(demo).await;
    let drain_max = if failure.is_some() { FAILED_DRAIN_MAX } else { DRAIN_MAX };
    let closed = close(&house, &server, &store, drain_max).await;
    match failure {
        Some(reason) => bail!("the store failed: {reason}"),
        None => closed,
    }
}

/// As many connections as are configured, and no more than leave a quarter of the files that the
/// process may open for the store: at the last one no port could accept, the health check neither.
fn connections_max(configured: usize, open_files_max: usize) -> usize {
    let connections = configured.min((open_files_max / 4 * 3).max(1));
    if connections < configured {
        tracing::warn!(
            configured,
            connections,
            open_files_max,
            "the process may open too few files for limits.connections: raise `ulimit -Hn`"
        );
    }
    connections
}

/// Starts answering "starting" on every port.
fn open_doors(
    server: &Server,
    listeners: Vec<Listener>,
) -> (BTreeMap<&'static str, SocketAddr>, Slots) {
    let mut addresses = BTreeMap::new();
    let mut slots = Slots::new();
    for listener in listeners {
        let slot = Arc::new(OnceLock::new());
        addresses.insert(listener.key, listener.address);
        slots.insert(listener.key, Arc::clone(&slot));
        server.serve(listener, slot);
    }
    (addresses, slots)
}

/// What each port will answer with.
type Slots = BTreeMap<&'static str, Arc<OnceLock<Router>>>;

/// Puts the routers behind the doors.
fn furnish(house: &Arc<House>, engine: &Engine, answers: &Handle, slots: &Slots) {
    let page = PagePort(house.addresses.get("page").map(SocketAddr::port));
    let guard = Guard::new(&house.config.hosts);
    let dwellers = Arc::clone(house) as Arc<dyn serve::House>;
    let clock = Arc::clone(&house.clock);
    let ways = Ways::new(engine.clone(), clock, dwellers, guard.clone(), page, answers.clone());
    // Who asks the health check may ask everything else right after: its door opens last.
    let (health, others): (Vec<_>, Vec<_>) = slots.iter().partition(|(key, _)| **key == "health");
    for (key, slot) in others.into_iter().chain(health) {
        let _ = slot.set(doors::router(key, house, engine, &ways, &guard));
    }
}

/// The example agent, when it is wanted.
fn start_demo(
    with_demo: bool,
    house: &House,
    port_offset: u16,
) -> anyhow::Result<Option<agent::Running>> {
    if !with_demo {
        return Ok(None);
    }
    let address = |key: &str| house.addresses.get(key).copied();
    let otlp = address("otlp_http").context("the demo needs ports.otlp_http")?;
    let surroundings = demo::Surroundings { otlp, page: address("page"), port_offset };
    demo::start(&surroundings).map(Some).context("cannot start the demo")
}

/// Ends the demo and has it send what it has.
async fn stop_demo(demo: Option<agent::Running>) {
    let Some(demo) = demo else { return };
    let stopped = tokio::task::spawn_blocking(move || demo.stop());
    if !matches!(tokio::time::timeout(DEMO_STOP_MAX, stopped).await, Ok(Ok(true))) {
        tracing::warn!("the demo did not end in time");
    }
}

/// Not ready, no new connections, requests finish, everything into parts.
async fn close(
    house: &House,
    server: &Server,
    store: &Store,
    drain_max: Duration,
) -> anyhow::Result<()> {
    house.is_open.store(false, Ordering::SeqCst);
    if !server.close(drain_max).await {
        tracing::warn!(
            "some requests did not finish in {} s and were cut off",
            drain_max.as_secs()
        );
    }
    house.receiver.close();
    store
        .close()
        .await
        .context("the store closed with an error; what was acknowledged is in its log")?;
    tracing::info!("closed");
    Ok(())
}

/// The reason for which the store gave up, when it does.
async fn failed(fatal: &mut tokio::sync::watch::Receiver<Option<String>>) -> String {
    match fatal.wait_for(Option::is_some).await {
        Ok(reason) => reason.clone().unwrap_or_default(),
        // The sender lives as long as the store, which we hold.
        Err(_) => std::future::pending().await,
    }
}

/// The signals that ask us to stop.
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

impl Signals {
    fn new() -> anyhow::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    /// The name of the next one.
    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.interrupt.recv() => "SIGINT",
            _ = self.terminate.recv() => "SIGTERM",
        }
    }
}

/// The configured folder, or the place for a program's data on this system, or here.
pub(crate) fn data_folder(config: &Config) -> anyhow::Result<PathBuf> {
    if let Some(folder) = &config.data {
        return Ok(folder.clone());
    }
    let variable =
        |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let home = |tail: &str| variable("HOME").map(|home| home.join(tail));
    let folder = if cfg!(target_os = "macos") {
        home("Library/Application Support/Glasshouse")
    } else {
        variable("XDG_DATA_HOME")
            .map(|data| data.join("glasshouse"))
            .or_else(|| home(".local/share/glasshouse"))
    };
    folder.map_or_else(|| Ok(std::env::current_dir()?.join("glasshouse-data")), Ok)
}

fn report_recovery(report: &RecoveryReport) {
    if report.records > 0 || report.torn_tail_bytes > 0 {
        let (records, bytes, torn) = (report.records, report.bytes, report.torn_tail_bytes);
        tracing::info!(records, bytes, torn_tail_bytes = torn, "read the write-ahead log again");
    }
    for gap in &report.gaps {
        tracing::error!(?gap, "records are missing from the write-ahead log");
    }
    for segment in &report.missing_segments {
        tracing::error!(segment, "a segment of the write-ahead log is gone: its rows are lost");
    }
    for part in &report.missing_parts {
        tracing::error!(part, "a part is missing or cut off: its rows are not in answers");
    }
    for piece in &report.quarantined {
        tracing::error!(?piece, "damaged bytes were put aside");
    }
}

/// What was given on the command line, for those who ask over the API.
fn flags(arguments: &ServeArguments) -> BTreeMap<String, String> {
    let shown = |path: &Option<PathBuf>| {
        path.as_deref().map(|path: &Path| path.display().to_string()).unwrap_or_default()
    };
    BTreeMap::from([
        ("config".to_owned(), shown(&arguments.config)),
        ("data".to_owned(), shown(&arguments.data)),
        (
            "listen".to_owned(),
            arguments.listen.map(|listen| listen.to_string()).unwrap_or_default(),
        ),
        ("log".to_owned(), arguments.log.clone().unwrap_or_default()),
        ("port-offset".to_owned(), arguments.port_offset.to_string()),
        ("query.lookback-delta".to_owned(), "5m".to_owned()),
    ])
}

/// What a person sees first.
fn banner(house: &House, folder: &Path, demo: Option<&agent::Running>) -> String {
    let mut text = format!("Glasshouse {}\n", env!("CARGO_PKG_VERSION"));
    for (key, _) in house.config.ports.list() {
        let what = doors::description(key);
        let _ = match house.addresses.get(key) {
            Some(address) if key == "otlp_grpc" => {
                writeln!(text, "  {key:<16} {address:<28} {what}")
            }
            Some(address) => {
                writeln!(text, "  {key:<16} {:<28} {what}", format!("http://{address}"))
            }
            None => writeln!(text, "  {key:<16} {:<28} {what}", "off"),
        };
    }
    let _ = writeln!(text, "  data             {}", folder.display());
    if let Some(demo) = demo {
        let page = format!("http://{}", demo.page());
        let _ = writeln!(
            text,
            "  demo             {page:<28} an AI agent that sends its telemetry here"
        );
        if let Some(metrics) = demo.metrics() {
            let metrics = format!("http://{metrics}/metrics");
            let _ =
                writeln!(text, "                   {metrics:<28} the same metrics, to be scraped");
        }
    }
    text.push_str("  no authentication: only this machine can connect\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_files_for_the_store() {
        for (configured, open_files_max, expected) in [
            (1024, usize::MAX, 1024),
            (1024, 20_000, 1024),
            (1024, 1024, 768),
            (10, 1024, 10),
            (10, 3, 1),
        ] {
            assert_eq!(connections_max(configured, open_files_max), expected);
        }
    }
}
