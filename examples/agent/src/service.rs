//! A service: its thread, port and telemetry.

use std::fmt;
use std::future::Future;
use std::net::{SocketAddr, TcpListener};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::{Duration, Instant};

use anyhow::Context;
use axum::Router;
use axum::serve::ListenerExt;
use glasshouse_sdk::{Configuration, Telemetry};
use tokio::runtime::Builder;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::clock;

/// Timeout of open requests during shutdown.
const DRAIN_MAX: Duration = Duration::from_millis(800);

/// A running service.
pub(crate) struct Service {
    pub(crate) name: &'static str,
    pub(crate) address: SocketAddr,
    pub(crate) metrics: Option<SocketAddr>,
    pub(crate) problems: Vec<String>,
    ended: Receiver<()>,
}

/// The context in which a service builds its router.
#[derive(Debug, Clone)]
pub(crate) struct Surroundings {
    pub(crate) telemetry: Telemetry,
    /// Cancelled on shutdown: streams end and tasks are aborted.
    pub(crate) stop: CancellationToken,
    /// Background work to complete before the shutdown.
    pub(crate) work: TaskTracker,
}

impl Service {
    /// Starts a service with telemetry of its own: it applies to the service's thread only and
    /// leaves the process's defaults unchanged.
    pub(crate) fn start<F>(
        name: &'static str,
        configuration: Configuration,
        address: SocketAddr,
        stop: &CancellationToken,
        build: impl FnOnce(Surroundings) -> F + Send + 'static,
    ) -> anyhow::Result<Self>
    where
        F: Future<Output = Router>,
    {
        let listener =
            TcpListener::bind(address).with_context(|| format!("cannot listen on {address}"))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let (telemetry, guard) = configuration.service_name(name).global(false).start();
        let (metrics, problems) = (guard.metrics_address(), guard.problems().to_vec());
        let (end, ended) = sync_channel(1);
        let stop = stop.clone();
        std::thread::Builder::new().name(name.to_owned()).spawn(move || {
            let dispatch = telemetry.dispatch();
            tracing::dispatcher::with_default(&dispatch, || {
                let work = TaskTracker::new();
                let surroundings = Surroundings { telemetry, stop, work };
                let served = runtime.block_on(serve(listener, surroundings, build));
                if let Err(error) = served {
                    tracing::error!(%error, "the service ended");
                }
                // Drops open requests here, while the telemetry that counts them still exists.
                drop(runtime);
            });
            guard.shutdown();
            drop(end);
        })?;
        Ok(Self { name, address, metrics, problems, ended })
    }

    /// Waits for the service to end; returns whether it did in time.
    pub(crate) fn join(&mut self, deadline: Instant) -> bool {
        let left = deadline.saturating_duration_since(clock::now());
        // Nothing is ever sent: the channel closes when the thread ends.
        !matches!(self.ended.recv_timeout(left), Err(RecvTimeoutError::Timeout))
    }
}

impl fmt::Debug for Service {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Service")
            .field("name", &self.name)
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

async fn serve<F>(
    listener: TcpListener,
    surroundings: Surroundings,
    build: impl FnOnce(Surroundings) -> F,
) -> std::io::Result<()>
where
    F: Future<Output = Router>,
{
    let Surroundings { stop, work, .. } = surroundings.clone();
    let listener = tokio::net::TcpListener::from_std(listener)?.tap_io(|stream| {
        // Events are small and must be sent immediately.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a connection waits to fill packets");
        }
    });
    let router = build(surroundings).await;
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let server =
        axum::serve(listener, service).with_graceful_shutdown(stop.clone().cancelled_owned());
    let too_late = async {
        stop.cancelled().await;
        work.close();
        tokio::time::sleep(DRAIN_MAX).await;
    };
    tokio::select! {
        result = async { let result = server.await; work.wait().await; result } => result,
        () = too_late => Ok(()),
    }
}
