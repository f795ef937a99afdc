//! What is behind each port.

use std::sync::Arc;

use axum::Router;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::StatusCode;
use http::header::CONTENT_TYPE;
use query::Engine;
use serde_json::json;
use serve::{Guard, House as _, Ways};
use signals::time::MILLISECOND;

use crate::exposition;
use crate::house::House;

/// For the banner.
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

/// What a port answers with.
pub(super) fn router(
    key: &str,
    house: &Arc<House>,
    engine: &Engine,
    ways: &Ways,
    guard: &Guard,
) -> Router {
    let otlp = || receive::otlp::http::router(Arc::clone(&house.receiver));
    match key {
        "page" => ways.page(otlp()),
        "prometheus" => ways.prometheus(otlp()),
        "loki" => ways.loki(otlp()),
        "tempo" => ways.tempo(),
        "jaeger" => ways.jaeger(),
        // Not a way for browsers: HTTP/2 with a content type that pages cannot send.
        "otlp_grpc" => receive::otlp::grpc::router(Arc::clone(&house.receiver)),
        "otlp_http" => guard.protect(otlp().fallback(not_found)),
        "metrics" => guard.protect(own_metrics(house)),
        "otlp_exposition" => guard.protect(received_metrics(house, engine)),
        "health" => health(house),
        _ => Router::new().fallback(not_found),
    }
}

async fn not_found() -> Response {
    (StatusCode::NOT_FOUND, "404 page not found\n").into_response()
}

fn own_metrics(house: &Arc<House>) -> Router {
    let house = Arc::clone(house);
    let answer =
        move || async move { ([(CONTENT_TYPE, exposition::CONTENT_TYPE)], house.metrics()) };
    Router::new().route("/metrics", get(answer)).fallback(not_found)
}

fn received_metrics(house: &Arc<House>, engine: &Engine) -> Router {
    let (house, engine) = (Arc::clone(house), engine.clone());
    let answer = move || async move {
        match exposition::latest(&engine, house.clock.now().div_euclid(MILLISECOND)).await {
            Ok(text) => ([(CONTENT_TYPE, exposition::CONTENT_TYPE)], text).into_response(),
            Err(error) => (StatusCode::SERVICE_UNAVAILABLE, format!("{error}\n")).into_response(),
        }
    };
    Router::new().route("/metrics", get(answer)).fallback(not_found)
}

/// As the collector's `health_check` extension answers. Any name may ask: probes have their own.
fn health(house: &Arc<House>) -> Router {
    let house = Arc::clone(house);
    let answer = move || async move {
        if !house.is_ready() || house.store.status().fatal.is_some() {
            let body = json!({ "status": "Server not available", "uptime": "" });
            return (StatusCode::SERVICE_UNAVAILABLE, axum::Json(body)).into_response();
        }
        let seconds = house.uptime().as_secs_f64();
        let up_since = serve::to_rfc3339(house.started_at());
        let body = json!({ "status": "Server available", "upSince": up_since, "uptime": format!("{seconds:.3}s") });
        axum::Json(body).into_response()
    };
    Router::new().route("/", get(answer)).fallback(not_found)
}
