//! The ways out as routers: one for each port, and one that has them all under prefixes.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::StatusCode;
use query::Engine;
use signals::Clock;
use signals::time::MILLISECOND;
use tower_http::compression::CompressionLayer;

use crate::guard::Guard;
use crate::house::House;
use crate::redirect::{self, PagePort};
use crate::{page, prometheus, sql};

/// What every answer is made from.
pub(crate) struct Api {
    pub(crate) engine: Engine,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) house: Arc<dyn House>,
}

impl Api {
    /// Milliseconds since 1970.
    pub(crate) fn now_ms(&self) -> i64 {
        self.clock.now().div_euclid(MILLISECOND)
    }
}

/// All ways out. Cheap to clone.
#[derive(Clone)]
pub struct Ways {
    api: Arc<Api>,
    guard: Guard,
    page: PagePort,
}

impl Ways {
    /// Ways out of a house.
    pub fn new(
        engine: Engine,
        clock: Arc<dyn Clock>,
        house: Arc<dyn House>,
        guard: Guard,
        page: PagePort,
    ) -> Self {
        Self { api: Arc::new(Api { engine, clock, house }), guard, page }
    }

    /// The port of Prometheus; `otlp` answers below `/api/v1/otlp`.
    pub fn prometheus(&self, otlp: Router) -> Router {
        let router = Router::new().nest("/api/v1", prometheus::api()).merge(prometheus::beside());
        let paths = [
            "/", "/graph", "/query", "/targets", "/alerts", "/rules", "/status", "/config",
            "/flags",
        ];
        let router = router.with_state(Arc::clone(&self.api)).nest("/api/v1/otlp", otlp);
        self.finish(router.merge(redirect::router(self.page, &paths)).fallback(not_found))
    }

    /// The page, and every API under its prefix.
    pub fn page(&self, otlp: Router) -> Router {
        let prometheus =
            Router::new().nest("/api/v1", prometheus::api()).merge(prometheus::beside());
        let router = Router::new()
            .nest("/prometheus", prometheus)
            .route("/api/overview", get(overview))
            .route("/api/sql", sql::route())
            .with_state(Arc::clone(&self.api))
            .nest("/prometheus/api/v1/otlp", otlp.clone())
            .nest("/otlp", otlp)
            .merge(page::router());
        self.finish(router)
    }

    fn finish(&self, router: Router) -> Router {
        self.guard.protect(router.layer(CompressionLayer::new()))
    }
}

async fn overview(State(api): State<Arc<Api>>) -> Response {
    axum::Json(api.house.overview()).into_response()
}

async fn not_found() -> Response {
    (StatusCode::NOT_FOUND, "404 page not found\n").into_response()
}
