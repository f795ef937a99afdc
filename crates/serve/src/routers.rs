//! The APIs as routers: one for each port, and one that has them all under prefixes.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::StatusCode;
use query::Engine;
use signals::Clock;
use signals::time::MILLISECOND;
use tokio::runtime::Handle;
use tokio::task::JoinError;
use tokio_util::task::AbortOnDropHandle;
use tower_http::compression::CompressionLayer;

use crate::host_check::HostCheck;
use crate::redirect::{self, PagePort};
use crate::server_info::ServerInfo;
use crate::{jaeger, loki, page, prometheus, sql, tempo, warnings};

/// What every answer is made from.
pub(crate) struct Api {
    pub(crate) engine: Engine,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) info: Arc<dyn ServerInfo>,
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
    /// Routers whose answers are made on `threads`: a large answer must not block the threads of
    /// sockets and the log.
    pub fn new(
        engine: Engine,
        clock: Arc<dyn Clock>,
        info: Arc<dyn ServerInfo>,
        host_check: HostCheck,
        page: PagePort,
        threads: Handle,
    ) -> Self {
        Self { api: Arc::new(Api { engine, clock, info }), host_check, page, threads }
    }

    /// The port of Prometheus, with the paths of receivers.
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

    /// The port of Loki, with the paths of receivers.
    pub fn loki(&self, receivers: Router) -> Router {
        let router = Router::new().nest("/loki/api/v1", loki::api()).merge(loki::root_routes());
        let router = router.with_state(Arc::clone(&self.api)).merge(receivers);
        self.finish(router.merge(redirect::router(self.page, &["/"])).fallback(not_found))
    }

    /// The port of Tempo.
    pub fn tempo(&self) -> Router {
        let router = Router::new().nest("/api", tempo::api()).merge(tempo::root_routes());
        let router = router.with_state(Arc::clone(&self.api));
        self.finish(router.merge(redirect::router(self.page, &["/"])).fallback(not_found))
    }

    /// The port of Jaeger's query API; the API answers below `/jaeger` too, as behind a base path.
    pub fn jaeger(&self) -> Router {
        let router = Router::new().nest("/api", jaeger::api()).nest("/jaeger/api", jaeger::api());
        let router = router.with_state(Arc::clone(&self.api));
        let paths = ["/", "/search", "/trace/{id}", "/dependencies", "/monitor"];
        self.finish(router.merge(redirect::router(self.page, &paths)).fallback(not_found))
    }

    /// The page, with the paths of receivers, and every API under its prefix. Loki's own paths begin with `/loki` as well, so
    /// both `/loki/api/v1` and `/loki/loki/api/v1` answer.
    pub fn page(&self, receivers: Router) -> Router {
        let prometheus =
            Router::new().nest("/api/v1", prometheus::api()).merge(prometheus::root_routes());
        let loki = Router::new()
            .nest("/api/v1", loki::api())
            .nest("/loki/api/v1", loki::api())
            .merge(loki::root_routes());
        let router = Router::new()
            .nest("/prometheus", prometheus)
            .nest("/loki", loki)
            .nest("/tempo", Router::new().nest("/api", tempo::api()).merge(tempo::root_routes()))
            .nest("/jaeger/api", jaeger::api())
            .route("/api/overview", get(overview))
            .route("/api/sql", sql::route())
            .with_state(Arc::clone(&self.api))
            .merge(receivers)
            .merge(page::router());
        self.finish(router)
    }

    fn finish(&self, router: Router) -> Router {
        let router = router.layer(middleware::from_fn(warnings::gather));
        let answered = middleware::from_fn_with_state(self.threads.clone(), on_threads);
        self.host_check.protect(router.layer(CompressionLayer::new()).layer(answered))
    }
}

/// Makes an answer on other threads. A client that disconnects cancels it.
async fn on_threads(State(threads): State<Handle>, request: Request, next: Next) -> Response {
    let answer = AbortOnDropHandle::new(threads.spawn(next.run(request)));
    match answer.await.map_err(JoinError::try_into_panic) {
        Ok(response) => response,
        // It is caught where all panics of requests are.
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
