//! The router of each port.

use std::sync::Arc;

use axum::Router;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::StatusCode;
use http::header::CONTENT_TYPE;
use query::Engine;
use serde_json::json;
use serve::{ApiRouters, HostCheck, ServerInfo as _};
use signals::time::MILLISECOND;

use crate::app::App;
use crate::exposition;

/// Description of a port for the banner.
pub(super) fn description(key: &str) -> &'static str {
    match key {
        "page" => "the page, and every API under its prefix",
        "prometheus" => "Prometheus API",
        "loki" => "Loki API",
        "tempo" => "Tempo API",
        "jaeger" => "Jaeger query API",
        "otlp_grpc" => "OTLP over gRPC",
        "otlp_http" => "OTLP over HTTP",
        "metrics" => "own metrics",
        "otlp_exposition" => "received OTLP metrics, to be scraped",
        "health" => "health check",
        _ => "",
    }
}

/// The router of a port.
pub(super) fn router(
    key: &str,
    app: &Arc<App>,
    engine: &Engine,
    routers: &ApiRouters,
    host_check: &HostCheck,
) -> Router {
    let otlp = || receive::otlp::http::router(Arc::clone(&app.receiver));
    match key {
        "page" => routers.page(otlp()),
        "prometheus" => routers.prometheus(otlp()),
        "loki" => routers.loki(otlp()),
        "tempo" => routers.tempo(),
        "jaeger" => routers.jaeger(),
        // No host check: pages cannot send this content type over HTTP/2.
        "otlp_grpc" => receive::otlp::grpc::router(Arc::clone(&app.receiver)),
        "otlp_http" => host_check.protect(otlp().fallback(not_found)),
        "metrics" => host_check.protect(own_metrics(app)),
        "otlp_exposition" => host_check.protect(received_metrics(app, engine)),
        "health" => health(app),
        _ => Router::new().fallback(not_found),
    }
}

async fn not_found() -> Response {
    (StatusCode::NOT_FOUND, "404 page not found\n").into_response()
}

fn own_metrics(app: &Arc<App>) -> Router {
    let app = Arc::clone(app);
    let answer = move || async move { ([(CONTENT_TYPE, exposition::CONTENT_TYPE)], app.metrics()) };
    Router::new().route("/metrics", get(answer)).fallback(not_found)
}

fn received_metrics(app: &Arc<App>, engine: &Engine) -> Router {
    let (app, engine) = (Arc::clone(app), engine.clone());
    let answer = move || async move {
        match exposition::latest(&engine, app.clock.now().div_euclid(MILLISECOND)).await {
            Ok(text) => ([(CONTENT_TYPE, exposition::CONTENT_TYPE)], text).into_response(),
            Err(error) => (StatusCode::SERVICE_UNAVAILABLE, format!("{error}\n")).into_response(),
        }
    };
    Router::new().route("/metrics", get(answer)).fallback(not_found)
}

/// Answers as the Collector's `health_check` extension, for any host name: probes use their own.
fn health(app: &Arc<App>) -> Router {
    let app = Arc::clone(app);
    let answer = move || async move {
        if !app.is_ready() || app.store.status().fatal.is_some() {
            let body = json!({ "status": "Server not available", "uptime": "" });
            return (StatusCode::SERVICE_UNAVAILABLE, axum::Json(body)).into_response();
        }
        let seconds = app.uptime().as_secs_f64();
        let up_since = serve::to_rfc3339(app.started_at());
        let body = json!({ "status": "Server available", "upSince": up_since, "uptime": format!("{seconds:.3}s") });
        axum::Json(body).into_response()
    };
    Router::new().route("/", get(answer)).fallback(not_found)
}
