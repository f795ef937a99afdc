//! The life cycle of a server: bind, open, serve, and on a signal drain, flush and exit.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use anyhow::{Context, bail};
use axum::Router;
use prometheus_client::registry::Registry;
use query::Engine;
use receive::{DeltaTotals, Receiver};
use serve::{ApiRouters, HostCheck, PagePort, ServerInfo as _};
use signals::Clock;
use signals::time::SystemClock;
use store::files::DiskFiles;
use store::{Dependencies, RecoveryReport, Store, StoreError};
use tokio::runtime::{Handle, Runtime};
use tokio::signal::unix::{SignalKind, signal};

use crate::admin::Admin;
use crate::adopted::Adopted;
use crate::adopted_jobs::AdoptedJobs;
use crate::alerting::self_alerts;
use crate::app::App;
use crate::command::{ServeArguments, print};
use crate::config::Config;
use crate::config::ports::Port;
use crate::demo::{self, Demo};
use crate::listener::{self, Listener, Server};
use crate::{log, process};
use parts::Opened;

pub(crate) mod memory;
mod parts;
mod ports;
pub(crate) mod settings;

/// Maximum time for requests to finish during shutdown.
const DRAIN_MAX: Duration = Duration::from_secs(10);
/// The same after a fatal error of the store.
const FAILED_DRAIN_MAX: Duration = Duration::from_secs(2);
/// More threads only cost memory: the store and the queries have their own.
const WORKERS_MAX: usize = 8;
/// Threads for file access and decoding.
const BLOCKING_MAX: usize = 64;

/// The data folder cannot be opened.
#[derive(Debug, thiserror::Error)]
#[error("cannot open the data folder {}", .folder.display())]
pub(crate) struct DataFolderError {
    pub(crate) folder: PathBuf,
    pub(crate) source: StoreError,
}

/// Runs until a signal or a fatal error of the store.
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
    let answers = lower_runtime("answers", workers)?;
    let rules = lower_runtime("rules", workers)?;
    let handles = [answers.handle(), rules.handle()];
    let result = runtime.block_on(live(config, arguments, with_demo, handles));
    answers.shutdown_background();
    rules.shutdown_background();
    // Blocked threads must not delay the exit.
    runtime.shutdown_timeout(Duration::from_secs(1));
    result
}

/// Threads with the priority of queries.
fn lower_runtime(name: &str, workers: usize) -> anyhow::Result<Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(workers)
        .thread_name(name)
        .thread_stack_size(query::STACK_BYTES)
        .on_thread_start(query::lower_priority)
        .enable_all()
        .build()
        .context("cannot start threads")
}

async fn live(
    config: Config,
    arguments: &ServeArguments,
    with_demo: bool,
    [answers, rules]: [&Handle; 2],
) -> anyhow::Result<()> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let mut signals = Signals::new()?;
    let folder = data_folder(&config)?;
    let adopted = Adopted::read(&config, &folder)?;
    let listeners = listener::bind(&config, arguments.port_offset).await?;
    let connections = connections_max(config.limits.connections, process::raise_open_files());
    let server = Server::new(Arc::clone(&clock), connections, listeners.len());
    let (addresses, slots) = bind_placeholders(&server, listeners);

    warn_of_permissions(&folder, arguments);
    let budgets = memory::Budgets::new(&config.limits);
    let totals = Arc::new(DeltaTotals::new());
    let dependencies = Dependencies::local(Arc::new(DiskFiles::new(&folder)), Arc::clone(&clock));
    let opening =
        Store::open(settings::store(&config, &budgets), dependencies, Arc::clone(&totals) as _);
    let Some(store) = opened(opening, &folder, &mut signals).await? else { return Ok(()) };
    let mut fatal = store.fatal()?;
    store.spawn();

    let limits = settings::receive(&config, &budgets);
    let receiver = Arc::new(Receiver::new(store.clone(), totals, limits, Arc::clone(&clock)));
    let engine = settings::engine(&config, &budgets, &store, &clock);
    let opened = Opened {
        config: &config,
        budgets: &budgets,
        receiver: &receiver,
        engine: &engine,
        store: &store,
        data: &folder,
        addresses: &addresses,
        clock: &clock,
        rules,
    };
    let adopted_jobs = AdoptedJobs::start(opened.parts()?, adopted).await?;
    let histograms = histograms(&server, &receiver, &store, &engine, &adopted_jobs);
    let app = Arc::new(App {
        flags: flags(arguments),
        started_at: clock.now(),
        clock,
        addresses,
        server: server.clone(),
        receiver,
        store: store.clone(),
        is_open: AtomicBool::new(true),
        histograms,
        adopted_jobs,
        budgets,
        config,
    });
    install_routers(&app, &engine, answers, &slots);
    spawn_watches(&app, &engine);
    let demo = with_demo.then(|| demo::start(&app, arguments.port_offset)).transpose()?;
    print(&banner(&app, &folder, demo.as_ref()))?;
    let memory_bytes_max = app.budgets.ceiling.bytes_max();
    tracing::info!(data = %folder.display(), memory_bytes_max, "ready");
    let failure = tokio::select! {
        name = signals.next() => { tracing::info!(signal = name, "stopping"); None }
        reason = failed(&mut fatal) => { tracing::error!(reason, "the store failed"); Some(reason) }
    };
    tokio::spawn(exit_at_next(signals));
    if let Some(demo) = demo {
        demo.stop().await;
    }
    let drain_max = if failure.is_some() { FAILED_DRAIN_MAX } else { DRAIN_MAX };
    let closed = close(&app, &server, &store, drain_max).await;
    match failure {
        Some(reason) => bail!("the store failed: {reason}"),
        None => closed,
    }
}

fn warn_of_permissions(folder: &Path, arguments: &ServeArguments) {
    for warning in process::permissions::warnings(folder, arguments.config.as_deref()) {
        tracing::warn!("{warning}");
    }
}

/// Starts what looks after the process until its end.
fn spawn_watches(app: &Arc<App>, engine: &Engine) {
    tokio::spawn(self_alerts::watch(app.adopted_jobs.watched(app.store.clone())));
    tokio::spawn(memory::watch(app.budgets.ceiling.clone(), engine.clone()));
    tokio::spawn(reload_at_hangup(Arc::clone(app)));
}

/// Waits until the data folder is open; `None` if a signal comes first.
async fn opened(
    opening: impl Future<Output = Result<(Store, RecoveryReport), StoreError>>,
    folder: &Path,
    signals: &mut Signals,
) -> anyhow::Result<Option<Store>> {
    tokio::select! {
        opened = opening => {
            let folder = || folder.to_owned();
            let opened = opened.map_err(|source| DataFolderError { folder: folder(), source });
            let (store, report) = opened?;
            report_recovery(&report);
            Ok(Some(store))
        }
        name = signals.next() => {
            tracing::info!(signal = name, "stopped before the data folder was open");
            Ok(None)
        }
    }
}

/// Reads the adopted files again at each SIGHUP.
async fn reload_at_hangup(app: Arc<App>) {
    let Ok(mut hangups) = signal(SignalKind::hangup()) else { return };
    while hangups.recv().await.is_some() {
        let app = Arc::clone(&app);
        // The result is logged.
        let _ = tokio::task::spawn_blocking(move || app.reload()).await;
    }
}

/// Exits at the next signal, without waiting for requests or flushes.
async fn exit_at_next(mut signals: Signals) {
    let name = signals.next().await;
    tracing::error!(
        signal = name,
        "ended before everything was closed; nothing acknowledged is lost"
    );
    std::process::exit(1);
}

/// The histograms that each part keeps of its work.
fn histograms(
    server: &Server,
    receiver: &Receiver,
    store: &Store,
    engine: &Engine,
    jobs: &AdoptedJobs,
) -> Registry {
    let mut registry = Registry::default();
    server.register_metrics(&mut registry);
    receiver.statistics().register_metrics(&mut registry);
    store.register_metrics(&mut registry);
    engine.register_metrics(&mut registry);
    jobs.rules().statistics().register(&mut registry);
    jobs.alertmanager().register_metrics(&mut registry);
    registry
}

/// The configured number of connections, limited so that a quarter of the file descriptors is left
/// for the store: without any left, no port could accept, not even the health check.
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

/// Serves every port with "starting" until its router is installed.
fn bind_placeholders(
    server: &Server,
    listeners: Vec<Listener>,
) -> (BTreeMap<Port, SocketAddr>, RouterSlots) {
    let mut addresses = BTreeMap::new();
    let mut slots = RouterSlots::new();
    for listener in listeners {
        let slot = Arc::new(OnceLock::new());
        addresses.insert(listener.port, listener.address);
        slots.insert(listener.port, Arc::clone(&slot));
        server.serve(listener, slot);
    }
    (addresses, slots)
}

/// The router of each port, once installed.
type RouterSlots = BTreeMap<Port, Arc<OnceLock<Router>>>;

/// Installs the router of each port.
fn install_routers(app: &Arc<App>, engine: &Engine, answers: &Handle, slots: &RouterSlots) {
    let page = PagePort(app.addresses.get(&Port::Page).map(SocketAddr::port));
    let host_check = HostCheck::new(&app.config.hosts);
    let admin = app.config.admin_api.then(|| {
        let admin = Admin::new(app.store.clone(), Arc::clone(&app.clock));
        Arc::new(admin) as Arc<dyn serve::Admin>
    });
    let api = serve::Api {
        engine: engine.clone(),
        clock: Arc::clone(&app.clock),
        info: Arc::clone(app) as Arc<dyn serve::ServerInfo>,
        admin,
        dashboards: app.adopted_jobs.dashboards(),
        rules: Arc::clone(app.adopted_jobs.rules()),
        alertmanager: app.adopted_jobs.alertmanager().clone(),
        receiver_tests: Arc::clone(app) as Arc<dyn serve::ReceiverTests>,
        rule_files: Arc::clone(app) as Arc<dyn serve::RuleFiles>,
        replays: Arc::clone(app) as Arc<dyn serve::Replays>,
    };
    let routers = ApiRouters::new(api, host_check.clone(), page, answers.clone());
    // The health router is installed last: a healthy answer means that every other port serves.
    let (health, others): (Vec<_>, Vec<_>) =
        slots.iter().partition(|(port, _)| **port == Port::Health);
    for (port, slot) in others.into_iter().chain(health) {
        let _ = slot.set(ports::router(*port, app, engine, &routers, &host_check));
    }
}

/// Reports not ready, accepts no new connections, finishes requests and flushes everything to parts.
async fn close(
    app: &App,
    server: &Server,
    store: &Store,
    drain_max: Duration,
) -> anyhow::Result<()> {
    app.is_open.store(false, Ordering::SeqCst);
    app.adopted_jobs.close().await;
    if !server.close(drain_max).await {
        tracing::warn!(
            "some requests did not finish in {} s and were cut off",
            drain_max.as_secs()
        );
    }
    app.receiver.close();
    store
        .close()
        .await
        .context("the store closed with an error; what was acknowledged is in its log")?;
    tracing::info!("closed");
    Ok(())
}

/// Waits for a fatal error of the store and returns its message.
async fn failed(fatal: &mut tokio::sync::watch::Receiver<Option<String>>) -> String {
    match fatal.wait_for(Option::is_some).await {
        Ok(reason) => reason.clone().unwrap_or_default(),
        // The sender lives as long as the store, which is still in scope.
        Err(_) => std::future::pending().await,
    }
}

/// The signals that stop the process.
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

    /// Waits for the next signal and returns its name.
    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.interrupt.recv() => "SIGINT",
            _ = self.terminate.recv() => "SIGTERM",
        }
    }
}

/// The configured folder, or the platform's data directory, or the working directory.
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

pub(crate) fn report_recovery(report: &RecoveryReport) {
    if report.records > 0 || report.torn_tail_bytes > 0 {
        let (records, bytes, torn) = (report.records, report.bytes, report.torn_tail_bytes);
        tracing::info!(records, bytes, torn_tail_bytes = torn, "replayed the write-ahead log");
    }
    for gap in &report.gaps {
        tracing::error!(?gap, "records are missing from the write-ahead log");
    }
    for segment in &report.missing_segments {
        tracing::error!(segment, "a segment of the write-ahead log is missing: its rows are lost");
    }
    for part in &report.missing_parts {
        tracing::error!(part, "a part is missing or truncated: its rows are excluded from answers");
    }
    for piece in &report.quarantined {
        tracing::error!(?piece, "damaged bytes were quarantined");
    }
}

/// The command-line flags, for the status API.
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

/// The startup message.
fn banner(app: &App, folder: &Path, demo: Option<&Demo>) -> String {
    let mut text = format!("Glasshouse {}\n", env!("CARGO_PKG_VERSION"));
    for port in Port::ALL {
        let address = match app.addresses.get(&port) {
            Some(address) if port == Port::OtlpGrpc => address.to_string(),
            Some(address) => format!("http://{address}"),
            None => "off".to_owned(),
        };
        let _ = writeln!(text, "  {:<16} {address:<28} {}", port.key(), port.description());
    }
    let _ = writeln!(text, "  data             {}", folder.display());
    let demo = demo.map(Demo::addresses).unwrap_or_default();
    for (name, (address, what)) in ["demo", ""].into_iter().zip(demo) {
        let _ = writeln!(text, "  {name:<16} {address:<28} {what}");
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
