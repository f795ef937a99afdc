//! Telemetry as a small web shop sends it, from a seed: for measuring sizes.

use arrow::array::RecordBatch;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use signals::attributes::ValueType;
use signals::log::LogBuilder;
use signals::span::{Kind, Span, SpanBuilder};
use signals::{SpanId, TraceId};

use super::harness::NOON;

const SERVICES: [&str; 8] =
    ["frontend", "cart", "checkout", "payment", "catalogue", "search", "users", "email"];
const ROUTES: [&str; 12] = [
    "/",
    "/cart",
    "/cart/{id}",
    "/checkout",
    "/api/v1/products",
    "/api/v1/products/{id}",
    "/api/v1/search",
    "/api/v1/users/{id}",
    "/login",
    "/logout",
    "/pay",
    "/health",
];
const AGENTS: [&str; 4] = [
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/126.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15",
    "python-requests/2.32.3",
    "okhttp/4.12.0",
];
const TEXT: ValueType = ValueType::String;
const INT: ValueType = ValueType::Int;

/// Traces of 20 spans with 10 attributes each, 435 bytes of OTLP a span, in the order in which
/// services send them.
pub(crate) fn spans(count: usize, seed: u64) -> RecordBatch {
    let mut random = StdRng::seed_from_u64(seed);
    let mut builder = SpanBuilder::default();
    let mut rows: Vec<(usize, usize)> = Vec::new();
    let traces: Vec<(u128, i64)> = (0..count / 20)
        .map(|trace| {
            (random.random(), NOON + trace as i64 * 40_000_000 + random.random_range(0..40_000_000))
        })
        .collect();
    for trace in 0..traces.len() {
        rows.extend((0..20).map(|span| (trace, span)));
    }
    // Services send on their own, some seconds apart: neighbours are not of one trace.
    for window in rows.chunks_mut(4_000) {
        for index in (1..window.len()).rev() {
            window.swap(index, random.random_range(0..=index));
        }
    }
    for (trace, span) in rows {
        let (trace_id, start) = traces[trace];
        let mut own = StdRng::seed_from_u64(trace_id as u64 ^ span as u64);
        let service = SERVICES[(span * 7 + trace) % 8];
        let host = format!("{service}-7d9f8b6c5-{}", own.random_range(0..4));
        let attributes = format!(
            "{{\"host.name\":\"{host}\",\"service.name\":\"{service}\",\"service.version\":\"1.4.2\",\"telemetry.sdk.language\":\"go\"}}"
        );
        let resource = builder.resource(service, &attributes);
        let scope = builder.scope("go.opentelemetry.io/contrib/net/http", "0.53.0", "");
        let route = ROUTES[own.random_range(0..ROUTES.len())];
        let id = own.random_range(0..100_000);
        let status = if own.random_ratio(1, 50) { "500" } else { "200" };
        let attributes = builder.attributes();
        attributes.push_text(
            "http.request.method",
            if own.random_ratio(1, 4) { "POST" } else { "GET" },
            TEXT,
        );
        attributes.push_text("http.route", route, TEXT);
        attributes.push_text("url.path", &route.replace("{id}", &id.to_string()), TEXT);
        attributes.push_text("http.response.status_code", status, INT);
        attributes.push_text("server.address", &format!("{service}.shop.svc.cluster.local"), TEXT);
        attributes.push_text("server.port", "8080", INT);
        attributes.push_text("network.protocol.version", "1.1", TEXT);
        attributes.push_text("user_agent.original", AGENTS[trace % 4], TEXT);
        attributes.push_text("enduser.id", &(trace % 5_000).to_string(), INT);
        attributes.push_text("thread.id", &own.random_range(1..64).to_string(), INT);
        let span_id = |span: usize| {
            let id: u64 = StdRng::seed_from_u64(trace_id as u64 ^ (span as u64) << 32).random();
            SpanId((id | 1).to_be_bytes())
        };
        let offset = span as i64 * 3_000_000 + own.random_range(0..2_000_000);
        let mut row = Span::new(TraceId(trace_id.to_be_bytes()), span_id(span), start + offset);
        row.parent_span_id = (span > 0).then(|| span_id(span / 3));
        row.name = route;
        row.kind = if span % 2 == 0 { Kind::Server } else { Kind::Client };
        row.duration_ns = 2_000_000 + (own.random::<f64>().powi(4) * 2e8) as i64;
        row.flags = 257;
        builder.append(resource, scope, &row).unwrap();
    }
    builder.finish().unwrap()
}

/// Four lines a request, about 300 bytes of OTLP each: six streams, half of them with trace ids.
pub(crate) fn logs(count: usize, seed: u64) -> RecordBatch {
    let mut random = StdRng::seed_from_u64(seed);
    let mut builder = LogBuilder::default();
    for request in 0..count / 4 {
        let service = SERVICES[request % 3];
        let level = ["INFO", "ERROR"][usize::from(random.random_ratio(1, 20))];
        let stream = format!("{{level=\"{level}\", service_name=\"{service}\"}}");
        let attributes = format!(
            "{{\"host.name\":\"{service}-7d9f8b6c5-x2x4z\",\"service.name\":\"{service}\",\"service.version\":\"1.4.2\"}}"
        );
        let resource = builder.resource(service, &stream, &attributes);
        let scope = builder.scope("app", "", "");
        let (trace_id, span_id): (u128, u64) = (random.random(), random.random());
        let mut time = NOON + request as i64 * 1_000_000 + random.random_range(0..1_000_000);
        for line in 0..4 {
            time += random.random_range(50_000..900_000);
            let user = random.random_range(0..5_000);
            let milliseconds = random.random_range(0..900);
            let body = match line {
                0 => format!(
                    "request started method=GET path={} user={user} remote=10.2.{}.{}",
                    ROUTES[request % 12],
                    request % 8,
                    request % 200
                ),
                1 => format!(
                    "cache miss for key=cart:{user}:items, loading from database shard {}",
                    user % 16
                ),
                2 => format!(
                    "query finished in {milliseconds} ms rows={} statement=\"SELECT id, name, price FROM items WHERE cart_id = $1\"",
                    milliseconds % 40
                ),
                _ => format!(
                    "request finished status=200 bytes={} duration={milliseconds}ms",
                    1_000 + user
                ),
            };
            let builder_attributes = builder.attributes();
            builder_attributes.push_text(
                "code.function",
                ["handle", "load", "query", "finish"][line],
                TEXT,
            );
            builder_attributes.push_text("code.lineno", ["120", "88", "301", "164"][line], INT);
            builder_attributes.push_text("enduser.id", &user.to_string(), INT);
            builder_attributes.push_text(
                "thread.name",
                ["worker-1", "worker-2", "worker-3"][request % 3],
                TEXT,
            );
            let mut record = signals::log::Record::new(time, &body);
            record.observed_timestamp = time + 120_000;
            record.severity_number = if level == "INFO" { 9 } else { 17 };
            record.severity_text = level;
            if request % 2 == 0 {
                record.trace_id = Some(TraceId(trace_id.to_be_bytes()));
                record.span_id = Some(SpanId(span_id.to_be_bytes()));
            }
            builder.append(resource, scope, &record).unwrap();
        }
    }
    builder.finish().unwrap()
}
