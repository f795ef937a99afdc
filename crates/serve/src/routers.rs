//! One router per port, and one with all APIs under prefixes.

use std::sync::Arc;

use ::alertmanager::Live;
use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::StatusCode;
use query::Engine;
use rules::Groups;
use signals::Clock;
use signals::time::MILLISECOND;
use tokio::runtime::Handle;
use tokio::task::JoinError;
use tokio_util::task::AbortOnDropHandle;
use tower_http::compression::CompressionLayer;

use crate::admin::Admin;
use crate::alerting::{self, ReceiverTests, Replays, RuleFiles};
use crate::dashboards::{self, Dashboards};
use crate::host_check::HostCheck;
use crate::redirect::{self, PagePort};
use crate::server_info::ServerInfo;
use crate::{alertmanager, jaeger, loki, page, prometheus, sql, tempo, warnings};

/// What the APIs serve.
pub struct Api {
    /// Answers queries.
    pub engine: Engine,
    /// The time of "now" in queries.
    pub clock: Arc<dyn Clock>,
    /// The running process.
    pub info: Arc<dyn ServerInfo>,
    /// `None` unless the admin API is enabled.
    pub admin: Option<Arc<dyn Admin>>,
    /// The page's dashboards.
    pub dashboards: Arc<dyn Dashboards>,
    /// The groups of rules.
    pub rules: Arc<Groups>,
    /// The Alertmanager.
    pub alertmanager: Live,
    /// Sends test messages.
    pub receiver_tests: Arc<dyn ReceiverTests>,
    /// The files of rules.
    pub rule_files: Arc<dyn RuleFiles>,
    /// Replays rules.
    pub replays: Arc<dyn Replays>,
}

impl Api {
    /// Milliseconds since 1970.
    pub(crate) fn now_ms(&self) -> i64 {
        self.clock.now().div_euclid(MILLISECOND)
    }
}

/// The routers of all APIs. Cheap to clone.
#[derive(Clone)]
pub struct ApiRouters {
    api: Arc<Api>,
    host_check: HostCheck,
    page: PagePort,
    threads: Handle,
}

impl ApiRouters {
    /// Handlers run on `threads`: encoding a large response must not block network I/O or the
    /// write-ahead log.
    pub fn new(api: Api, host_check: HostCheck, page: PagePort, threads: Handle) -> Self {
        Self { api: Arc::new(api), host_check, page, threads }
    }

    /// The router of the Prometheus port, including receivers.
    pub fn prometheus(&self, receivers: Router) -> Router {
        let router =
            Router::new().nest("/api/v1", prometheus::api()).merge(prometheus::root_routes());
        let paths = [
            "/", "/graph", "/query", "/targets", "/alerts", "/rules", "/status", "/config",
            "/flags",
        ];
        let router = router.with_state(Arc::clone(&self.api)).merge(receivers);
        self.finish(router.merge(redirect::router(self.page, &paths)).fallback(not_found))
    }

    /// The router of the Alertmanager port.
    pub fn alertmanager(&self) -> Router {
        let router =
            Router::new().nest("/api/v2", alertmanager::api()).merge(alertmanager::root_routes());
        let router = router.with_state(Arc::clone(&self.api));
        self.finish(router.merge(redirect::router(self.page, &["/"])).fallback(not_found))
    }

    /// The router of the Loki port, including receivers.
    pub fn loki(&self, receivers: Router) -> Router {
        let router = Router::new().nest("/loki/api/v1", loki::api()).merge(loki::root_routes());
        let router = router.with_state(Arc::clone(&self.api)).merge(receivers);
        self.finish(router.merge(redirect::router(self.page, &["/"])).fallback(not_found))
    }

    /// The router of the Tempo port.
    pub fn tempo(&self) -> Router {
        let router = Router::new().nest("/api", tempo::api()).merge(tempo::root_routes());
        let router = router.with_state(Arc::clone(&self.api));
        self.finish(router.merge(redirect::router(self.page, &["/"])).fallback(not_found))
    }

    /// The router of the Jaeger query port; also serves `/jaeger`, for clients with a base path.
    pub fn jaeger(&self) -> Router {
        let router = Router::new().nest("/api", jaeger::api()).nest("/jaeger/api", jaeger::api());
        let router = router.with_state(Arc::clone(&self.api));
        let paths = ["/", "/search", "/trace/{id}", "/dependencies", "/monitor"];
        self.finish(router.merge(redirect::router(self.page, &paths)).fallback(not_found))
    }

    /// The router of the page: receivers, and every API under its prefix. Loki's own paths begin
    /// with `/loki`, so both `/loki/api/v1` and `/loki/loki/api/v1` work.
    pub fn page(&self, receivers: Router) -> Router {
        let prometheus =
            Router::new().nest("/api/v1", prometheus::api()).merge(prometheus::root_routes());
        let loki = Router::new()
            .nest("/api/v1", loki::api())
            .nest("/loki/api/v1", loki::api())
            .merge(loki::root_routes());
        let alertmanager =
            Router::new().nest("/api/v2", alertmanager::api()).merge(alertmanager::root_routes());
        let router = Router::new()
            .nest("/prometheus", prometheus)
            .nest("/loki", loki)
            .nest("/tempo", Router::new().nest("/api", tempo::api()).merge(tempo::root_routes()))
            .nest("/jaeger/api", jaeger::api())
            .nest("/alertmanager", alertmanager)
            .route("/api/overview", get(overview))
            .route("/api/sql", sql::route())
            .merge(alerting::api())
            .merge(dashboards::api())
            .with_state(Arc::clone(&self.api))
            .merge(receivers)
            .merge(page::router());
        self.finish(router)
    }

    fn finish(&self, router: Router) -> Router {
        let router = router
            .layer(middleware::from_fn(warnings::gather))
            .layer(middleware::from_fn(share_deadline));
        let answered = middleware::from_fn_with_state(self.threads.clone(), on_threads);
        self.host_check.protect(router.layer(CompressionLayer::new()).layer(answered))
    }
}

/// Answers a request within one timeout, however many queries it takes.
async fn share_deadline(request: Request, next: Next) -> Response {
    query::deadline::share(next.run(request)).await
}

/// Runs a handler on the threads for responses. A client disconnect cancels it.
async fn on_threads(State(threads): State<Handle>, request: Request, next: Next) -> Response {
    let answer = AbortOnDropHandle::new(threads.spawn(next.run(request)));
    match answer.await.map_err(JoinError::try_into_panic) {
        Ok(response) => response,
        // Propagated to the common panic handler.
        Err(Ok(panic)) => std::panic::resume_unwind(panic),
        Err(Err(_stopping)) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

async fn overview(State(api): State<Arc<Api>>) -> Response {
    axum::Json(api.info.overview()).into_response()
}

async fn not_found() -> Response {
    (StatusCode::NOT_FOUND, "404 page not found\n").into_response()
}
