//! The route with requests from browsers and other clients.

use std::sync::atomic::{AtomicU64, Ordering};

use axum::body::Body;
use http::Method;
use tower::ServiceExt;

use super::*;
use crate::scope::recorded::Recorded;

const VITAL: &str = "browser.web_vital";
const LCP: &str = r#"{"name":"LCP","value":1200,"page":"/tasks/42?token=secret"}"#;

/// The route with a manual clock.
struct Route {
    recorded: Recorded,
    router: Router,
    elapsed_ms: Arc<AtomicU64>,
}

impl Route {
    fn new(options: WebVitalsOptions) -> Self {
        let recorded = Recorded::new();
        let elapsed_ms = Arc::new(AtomicU64::new(0));
        let (start, clock) = (Instant::now(), Arc::clone(&elapsed_ms));
        let now = move || start + Duration::from_millis(clock.load(Ordering::Relaxed));
        let router = router_at(&recorded.telemetry, options, now);
        Self { recorded, router, elapsed_ms }
    }

    async fn send(&self, request: Request) -> Response {
        self.router.clone().oneshot(request).await.unwrap()
    }

    async fn status(&self, request: Request) -> u16 {
        self.send(request).await.status().as_u16()
    }
}

fn beacon(body: impl Into<Body>, headers: &[(&str, &str)]) -> Request {
    let mut request = Request::new(body.into());
    *request.method_mut() = Method::POST;
    *request.uri_mut() = PATH.parse().unwrap();
    request.headers_mut().insert(HOST, "app.example".parse().unwrap());
    request.headers_mut().insert(CONTENT_TYPE, "text/plain;charset=UTF-8".parse().unwrap());
    for (name, value) in headers {
        let name: http::HeaderName = name.parse().unwrap();
        request.headers_mut().insert(name, value.parse().unwrap());
    }
    request
}

fn from(mut request: Request, peer: &str) -> Request {
    let peer: std::net::IpAddr = peer.parse().unwrap();
    request.extensions_mut().insert(ConnectInfo(SocketAddr::from((peer, 4711))));
    request
}

#[tokio::test]
async fn o_08_a_beacon_needs_no_credentials_and_no_preflight() {
    let route = Route::new(WebVitalsOptions::new().allow_origin("https://app.example/"));
    // Same origin, an allowed origin, and no browser; as text, which needs no preflight.
    let senders: [&[(&str, &str)]; 4] = [
        &[("origin", "https://app.example"), ("sec-fetch-site", "same-origin")],
        &[("origin", "https://app.example"), ("host", "internal:8080")],
        &[("content-type", "application/json")],
        &[],
    ];
    for headers in senders {
        let response = route.send(beacon(LCP, headers)).await;
        assert_eq!(response.status(), 204, "{headers:?}");
        assert!(!response.headers().contains_key("access-control-allow-credentials"));
        assert!(!response.headers().contains_key("set-cookie"));
        assert!(to_bytes(response.into_body(), 10).await.unwrap().is_empty());
    }
    let labels = [("browser.web_vital.name", "LCP"), ("browser.page", "/tasks/:id")];
    assert_eq!(route.recorded.count(VITAL, &labels), 4.0);
    assert_eq!(route.recorded.sum(VITAL, &[]), 4800.0);
}

#[tokio::test]
async fn every_refusal_has_its_status_and_repeats_nothing() {
    let route = Route::new(WebVitalsOptions::new().allow_origin("https://app.example"));
    let long = format!(r#"{{"name":"LCP","value":1,"page":"/{}"}}"#, "x".repeat(BODY_BYTES_MAX));
    let wrong = r#"{"value":1,"page":"/canary"}"#;
    let unknown_length = Body::from_stream(futures::stream::iter(
        long.clone()
            .into_bytes()
            .chunks(1024)
            .map(|part| Ok::<_, std::io::Error>(part.to_vec()))
            .collect::<Vec<_>>(),
    ));
    let broken = Body::from_stream(futures::stream::iter([Err::<Vec<u8>, _>(
        std::io::Error::other("canary"),
    )]));
    let cases = [
        (beacon(wrong, &[]), 400),
        (beacon(LCP, &[("content-type", "text/html")]), 415),
        (beacon(LCP, &[("content-type", "")]), 415),
        (beacon(LCP, &[("content-encoding", "gzip")]), 415),
        (beacon(long.clone(), &[]), 413),
        (beacon(unknown_length, &[]), 413),
        (beacon("", &[("content-length", "99999999")]), 413),
        (beacon(broken, &[]), 400),
        (beacon(LCP, &[("origin", "null")]), 403),
        (
            beacon(LCP, &[("origin", "null"), ("host", "null"), ("sec-fetch-site", "same-origin")]),
            403,
        ),
        (beacon(LCP, &[("origin", "https://evil.example")]), 403),
        (beacon(LCP, &[("origin", "https://app.example.evil.example")]), 403),
        (beacon(LCP, &[("origin", "https://app.example:8443")]), 403),
    ];
    for (request, expected) in cases {
        let headers = format!("{:?}", request.headers());
        let response = route.send(request).await;
        assert_eq!(response.status(), expected, "{headers}");
        let body = to_bytes(response.into_body(), 100).await.unwrap();
        assert_eq!(body, StatusCode::from_u16(expected).unwrap().canonical_reason().unwrap());
    }
    assert_eq!(route.recorded.count(VITAL, &[]), 0.0);
    let mut request = beacon("", &[]);
    *request.method_mut() = Method::GET;
    assert_eq!(route.status(request).await, 405);
}

#[tokio::test]
async fn a_preflight_is_answered_for_listed_origins_only() {
    let options = WebVitalsOptions::new()
        .allow_origin("https://app.example")
        .allow_origin("*")
        .allow_origin("null")
        .allow_origin("app.example");
    let route = Route::new(options);
    for (origin, expected) in [
        ("https://app.example", 204),
        ("https://other.example", 403),
        ("null", 403),
        ("*", 403),
        ("app.example", 403),
    ] {
        let mut request = beacon("", &[("origin", origin), ("host", "collect.example")]);
        *request.method_mut() = Method::OPTIONS;
        let response = route.send(request).await;
        assert_eq!(response.status(), expected, "{origin}");
        let allowed = response.headers().get(ACCESS_CONTROL_ALLOW_ORIGIN);
        assert_eq!(allowed.map(|value| value == origin), (expected == 204).then_some(true));
        if expected == 204 {
            assert_eq!(response.headers()[ACCESS_CONTROL_ALLOW_METHODS], "POST");
            assert_eq!(response.headers()[VARY], "origin");
        }
    }
}

#[tokio::test]
async fn an_address_that_floods_is_held_back_and_others_are_not() {
    let route =
        Route::new(WebVitalsOptions::new().trust_proxy("10.0.0.0/8").trust_proxy("nonsense"));
    let mut statuses = Vec::new();
    for number in 0..40 {
        // An address from an untrusted proxy has no effect.
        let forwarded = format!("203.0.113.{number}");
        let request = from(beacon(LCP, &[("x-forwarded-for", &forwarded)]), "192.0.2.1");
        statuses.push(route.status(request).await);
    }
    assert_eq!(statuses.iter().filter(|status| **status == 204).count(), 30);
    let refused = route.send(from(beacon(LCP, &[]), "192.0.2.1")).await;
    assert_eq!(
        (refused.status().as_u16(), &refused.headers()[RETRY_AFTER]),
        (429, &HeaderValue::from_static("1"))
    );
    assert_eq!(route.status(from(beacon(LCP, &[]), "192.0.2.2")).await, 204);
    let behind_proxy = beacon(LCP, &[("x-forwarded-for", "203.0.113.9")]);
    assert_eq!(route.status(from(behind_proxy, "10.0.0.1")).await, 204);
    route.elapsed_ms.store(100, Ordering::Relaxed);
    assert_eq!(route.status(from(beacon(LCP, &[]), "192.0.2.1")).await, 204);
    assert_eq!(route.recorded.count(VITAL, &[]), 33.0);
}

#[tokio::test]
async fn without_addresses_only_the_limit_for_all_holds() {
    let route = Route::new(WebVitalsOptions::new());
    let mut admitted = 0;
    for _ in 0..1000 {
        admitted += u32::from(route.status(beacon(LCP, &[])).await == 204);
    }
    assert_eq!(admitted, 200);
}

#[tokio::test]
async fn nothing_personal_becomes_a_label() {
    let route = Route::new(WebVitalsOptions::new().lenient());
    let raw = r#"{"name":"LCP","value":1,"delta":7.25,"id":"v4-canary","label":"canary","navigationType":"canary",
        "timestamp":"canary","page":"https://canary@host/u/canary@example.com/4111111111111111?canary#canary"}"#;
    let request = beacon(raw, &[("user-agent", "canary"), ("cookie", "session=canary")]);
    assert_eq!(route.status(request).await, 204);
    let metrics = format!("{:?}", route.recorded.telemetry.collect());
    assert!(!metrics.contains("canary") && !metrics.contains("7.25"), "{metrics}");
    assert_eq!(route.recorded.values(VITAL, "browser.page"), ["/u/:id/:id".to_owned()].into());
}

#[tokio::test]
async fn a_value_is_not_tied_to_the_trace_of_its_request() {
    let route = Route::new(WebVitalsOptions::new());
    let span = tracing::info_span!("request");
    tracing::Instrument::instrument(route.status(beacon(LCP, &[])), span).await;
    let metrics = route.recorded.telemetry.collect();
    let vital = metrics.iter().find(|metric| metric.name == VITAL).unwrap();
    assert!(vital.points.iter().all(|point| point.exemplars.iter().all(Option::is_none)));
}

#[tokio::test]
async fn who_opts_out_is_answered_and_not_counted() {
    for (options, expected) in
        [(WebVitalsOptions::new(), 2.0), (WebVitalsOptions::new().heed_opt_out(), 0.0)]
    {
        let route = Route::new(options);
        for header in ["dnt", "sec-gpc"] {
            assert_eq!(route.status(beacon(LCP, &[(header, "1")])).await, 204);
        }
        assert_eq!(route.recorded.count(VITAL, &[]), expected);
    }
}

#[tokio::test]
async fn ten_thousand_pages_are_bounded() {
    let route = Route::new(WebVitalsOptions::new());
    for batch in 0..200_u32 {
        route.elapsed_ms.fetch_add(1000, Ordering::Relaxed);
        let vital = |number: u32| {
            let word: String = [batch / 26, batch % 26, number / 26, number % 26]
                .iter()
                .map(|letter| char::from(b'a' + (letter % 26) as u8))
                .collect();
            format!(r#"{{"name":"LCP","value":1,"page":"/{word}"}}"#)
        };
        let body = format!("[{}]", (0..50).map(vital).collect::<Vec<_>>().join(","));
        assert_eq!(route.status(beacon(body, &[])).await, 204);
    }
    assert_eq!(route.recorded.values(VITAL, "browser.page").len(), 201);
    assert_eq!(route.recorded.count(VITAL, &[]), 10_000.0);
}

#[tokio::test]
async fn every_refused_beacon_is_counted_under_one_of_eight_reasons() {
    type Headers = &'static [(&'static str, &'static str)];
    const REFUSED: &str = "glasshouse.web_vitals.refused";
    let route = Route::new(WebVitalsOptions::new());
    let vital = r#"{"name":"LCP","value":1}"#;
    let long = format!(r#"{{"name":"LCP","value":1,"page":"/{}"}}"#, "x".repeat(BODY_BYTES_MAX));
    let thousand = format!("[{}]", vec![vital; 1000].join(","));
    let cases: [(&str, String, Headers); 17] = [
        ("", vital.into(), &[]),
        ("too_large", long, &[]),
        ("too_large", thousand, &[]),
        ("too_large", String::new(), &[("content-length", "99999999")]),
        ("malformed", "{".into(), &[]),
        ("malformed", "[]".into(), &[]),
        ("malformed", r#"{"value":1}"#.into(), &[]),
        ("malformed", r#"{"name":"LCP","value":"1"}"#.into(), &[]),
        ("malformed", r#"{"name":"LCP","value":1e999}"#.into(), &[]),
        ("unknown_field", r#"{"name":"LCP","value":1,"id":"v4"}"#.into(), &[]),
        (
            "unknown_field",
            r#"[{"name":"LCP","value":1},{"name":"CLS","value":1,"user":7}]"#.into(),
            &[],
        ),
        ("unknown_name", r#"{"name":"canary","value":1}"#.into(), &[]),
        ("out_of_range", r#"{"name":"LCP","value":1e308}"#.into(), &[]),
        ("out_of_range", r#"{"name":"LCP","value":-1}"#.into(), &[]),
        ("unsupported_type", vital.into(), &[("content-type", "text/html")]),
        ("forbidden_origin", vital.into(), &[("origin", "null")]),
        ("forbidden_origin", vital.into(), &[("origin", "https://evil.example")]),
    ];
    for (reason, body, headers) in cases {
        let before = route.recorded.count(REFUSED, &[("error.type", reason)]);
        let all = route.recorded.count(REFUSED, &[]);
        let status = route.status(beacon(body.clone(), headers)).await;
        let counted = route.recorded.count(REFUSED, &[("error.type", reason)]) - before;
        let one = if reason.is_empty() { 0.0 } else { 1.0 };
        let start: String = body.chars().take(80).collect();
        assert_eq!(counted, one, "{reason}: {start}");
        assert_eq!(route.recorded.count(REFUSED, &[]) - all, one, "{reason}: {start}");
        assert_eq!(status == 204, reason.is_empty(), "{start}");
    }
    // The browser sends a preflight, which is rejected, and then nothing.
    let mut request = beacon("", &[("origin", "https://evil.example")]);
    *request.method_mut() = Method::OPTIONS;
    assert_eq!(route.status(request).await, 403);
    assert_eq!(route.recorded.count(REFUSED, &[("error.type", "forbidden_origin")]), 3.0);
    for _ in 0..200 {
        route.status(beacon(vital, &[])).await;
    }
    assert!(route.recorded.count(REFUSED, &[("error.type", "rate_limited")]) > 0.0);
    assert!(route.recorded.values(REFUSED, "error.type").len() <= 8);
}

#[tokio::test]
async fn the_same_origin_is_known_over_http_2_which_has_no_host_header() {
    let route = Route::new(WebVitalsOptions::new());
    for (origin, expected) in [("https://app.example", 204), ("https://evil.example", 403)] {
        let mut request = beacon(LCP, &[("origin", origin)]);
        request.headers_mut().remove(HOST);
        *request.uri_mut() = format!("https://app.example{PATH}").parse().unwrap();
        assert_eq!(route.status(request).await, expected, "{origin}");
    }
}
