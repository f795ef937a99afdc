//! The router of each port: the paths of its APIs and receivers.

use std::sync::Arc;

use axum::Router;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::StatusCode;
use http::header::CONTENT_TYPE;
use query::{Class, Engine};
use serde_json::json;
use serve::{AllowedOrigins, ApiRouters, HostCheck, ServerInfo as _};
use signals::time::MILLISECOND;

use crate::app::App;
use crate::config::ports::Port;
use crate::{exposition, own_metrics};

/// The router of a port.
pub(super) fn router(
    port: Port,
    app: &Arc<App>,
    engine: &Engine,
    routers: &ApiRouters,
    host_check: &HostCheck,
) -> Router {
    let otlp = || receive::otlp::http::router(Arc::clone(&app.receiver));
    let remote_write = || receive::remote_write::router(Arc::clone(&app.receiver));
    match port {
        Port::Page => routers.page(
            Router::new()
                .nest("/prometheus/api/v1/otlp", otlp())
                .nest("/prometheus/api/v1", remote_write())
                .nest("/loki/otlp", otlp())
                .nest("/otlp", otlp()),
        ),
        Port::Prometheus => routers
            .prometheus(Router::new().nest("/api/v1/otlp", otlp()).nest("/api/v1", remote_write())),
        Port::Alertmanager => routers.alertmanager(),
        Port::Loki => routers.loki(Router::new().nest("/otlp", otlp())),
        Port::Tempo => routers.tempo(),
        Port::Jaeger => routers.jaeger(),
        // No host check: browsers cannot send this content type over HTTP/2.
        Port::OtlpGrpc => receive::otlp::grpc::router(Arc::clone(&app.receiver)),
        Port::OtlpHttp => {
            let origins = AllowedOrigins::new(&app.config.cors.allowed_origins);
            let router = otlp().fallback(not_found).layer(origins.layer());
            host_check.allowing(&origins).protect(router)
        }
        Port::Metrics => host_check.protect(own_metrics(app)),
        Port::OtlpExposition => host_check.protect(received_metrics(app, engine)),
        Port::Health => health(app),
    }
}

async fn not_found() -> Response {
    (StatusCode::NOT_FOUND, "404 page not found\n").into_response()
}

fn own_metrics(app: &Arc<App>) -> Router {
    let app = Arc::clone(app);
    let content_type = (CONTENT_TYPE, own_metrics::CONTENT_TYPE);
    let answer = move || async move { ([content_type], app.metrics()) };
    Router::new().route("/metrics", get(answer)).fallback(not_found)
}

fn received_metrics(app: &Arc<App>, engine: &Engine) -> Router {
    let (app, engine) = (Arc::clone(app), engine.of_class(Class::Background));
    let answer = move || async move {
        let now_ms = app.clock.now().div_euclid(MILLISECOND);
        match exposition::latest(&engine, now_ms, &app.scrape_pools()).await {
            Ok(text) => ([(CONTENT_TYPE, exposition::CONTENT_TYPE)], text).into_response(),
            Err(error) => (StatusCode::SERVICE_UNAVAILABLE, format!("{error}\n")).into_response(),
        }
    };
    Router::new().route("/metrics", get(answer)).fallback(not_found)
}

/// Mimics the Collector's `health_check` extension; accepts any `Host`, because probes vary.
fn health(app: &Arc<App>) -> Router {
    let app = Arc::clone(app);
    let answer = move || async move {
        if !app.is_ready() || app.store.status().fatal.is_some() {
            let body = json!({ "status": "Server not available", "uptime": "" });
            return (StatusCode::SERVICE_UNAVAILABLE, axum::Json(body)).into_response();
        }
        let seconds = app.uptime().as_secs_f64();
        let up_since = signals::time::to_rfc3339(app.started_at());
        let body = json!({ "status": "Server available", "upSince": up_since, "uptime": format!("{seconds:.3}s") });
        axum::Json(body).into_response()
    };
    Router::new().route("/", get(answer)).fallback(not_found)
}
