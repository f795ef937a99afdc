//! Scraping of a target over HTTP into a store.

#![allow(clippy::unwrap_used, clippy::panic, reason = "the helpers of tests are tests too")]

use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use adopt::SystemFiles;
use axum::Router;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http::HeaderMap;
use http::header::AUTHORIZATION;
use parking_lot::Mutex;
use receive::Statistics;
use receive::scrape::{Health, ScrapeSettings, Scraper, TargetStatus};
use signals::metric::{NAME_LABEL, Samples, is_stale};
use signals::time::SystemClock;
use signals::{Clock, Labels, MatchOp, Matcher, MemoryBudget};
use store::{Config, Dependencies, NoTotals, Store};

/// A target whose answer can be changed.
#[derive(Clone, Default)]
struct Page(Arc<Mutex<Answer>>);

#[derive(Clone)]
struct Answer {
    status: u16,
    content_type: &'static str,
    body: String,
    delay: Duration,
}

impl Default for Answer {
    fn default() -> Self {
        let (content_type, delay) = ("text/plain; version=0.0.4", Duration::ZERO);
        Self { status: 200, content_type, body: String::new(), delay }
    }
}

struct Fixture {
    _folder: tempfile::TempDir,
    store: Store,
    scraper: Scraper,
    statistics: Arc<Statistics>,
    page: Page,
    address: String,
}

impl Fixture {
    async fn new(settings: impl FnOnce(&mut ScrapeSettings)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let dependencies = Dependencies::disk(folder.path());
        let (store, _) =
            Store::open(Config::default(), dependencies, Arc::new(NoTotals)).await.unwrap();
        let page = Page::default();
        let router = Router::new()
            .route("/metrics", get(answer))
            .route("/protected", get(protected))
            .route("/token/{place}", post(token))
            .with_state(page.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        tokio::spawn(async move { axum::serve(listener, router).await });
        let mut with = ScrapeSettings {
            addresses: [("target.example".to_owned(), [127, 0, 0, 1].into())].into(),
            page_memory: MemoryBudget::new("pages", 16 << 20),
            series_memory: MemoryBudget::new("series", 16 << 20),
            page_bytes_max: 1 << 20,
            series_per_target_max: 1_000,
            readers_max: 1,
        };
        settings(&mut with);
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let statistics = Arc::new(Statistics::new(Arc::clone(&clock), 10));
        let scraper =
            Scraper::new(store.clone(), Arc::clone(&clock), Arc::clone(&statistics), with);
        Self { _folder: folder, store, scraper, statistics, page, address }
    }

    /// Scrapes the page with these settings of a job, in YAML.
    fn scrape(&self, settings: &str) {
        let text = format!(
            "scrape_configs:\n- job_name: j\n  scrape_interval: 100ms\n  scrape_timeout: 90ms\n  \
             static_configs: [{{targets: ['{}']}}]\n{settings}",
            self.address
        );
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        let config = adopt::prometheus::load(file.path(), &SystemFiles).unwrap();
        self.scraper.apply(config.scrape_configs).unwrap();
    }

    fn show(&self, body: impl Into<String>) {
        *self.page.0.lock() = Answer { body: body.into(), ..Answer::default() };
    }

    fn target(&self) -> Option<TargetStatus> {
        self.scraper.status().first()?.targets.first().cloned()
    }

    /// Waits until two scrapes that start after the call are like this.
    async fn wait(&self, is_so: impl Fn(&TargetStatus) -> bool) -> TargetStatus {
        let mut last = Some(SystemClock::new().now());
        let mut left = 2;
        for _ in 0..400 {
            let is_wanted = |target: &TargetStatus| target.last.started_at > last && is_so(target);
            if let Some(target) = self.target().filter(is_wanted) {
                left -= 1;
                if left == 0 {
                    return target;
                }
                last = target.last.started_at;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("{:?}", self.scraper.status());
    }

    async fn up(&self) -> TargetStatus {
        self.wait(|target| target.last.health == Health::Up).await
    }

    async fn down(&self) -> TargetStatus {
        self.wait(|target| target.last.health == Health::Down).await
    }

    /// All series of metrics whose names match, with their samples.
    async fn series(&self, names: &str) -> Vec<(Labels, Samples)> {
        let matcher = Matcher::new(NAME_LABEL, MatchOp::Regex, names).unwrap();
        let memory = MemoryBudget::new("test", 64 << 20).reservation();
        let selected =
            self.store.select(&[matcher], i64::MIN, i64::MAX, 10_000, &memory).await.unwrap();
        let read = |series: &store::SeriesChunks| {
            let mut samples = Samples::default();
            series.read(i64::MIN, i64::MAX, &mut samples).unwrap();
            (series.labels.clone(), samples)
        };
        selected.iter().map(read).collect()
    }

    /// The last value of the only series with this name.
    async fn last(&self, name: &str) -> f64 {
        let series = self.series(name).await;
        assert_eq!(series.len(), 1, "{name}: {series:?}");
        *series[0].1.values.last().unwrap()
    }
}

async fn answer(State(page): State<Page>) -> Response {
    let Answer { status, content_type, body, delay } = page.0.lock().clone();
    tokio::time::sleep(delay).await;
    let status = http::StatusCode::from_u16(status).unwrap();
    (status, [(http::header::CONTENT_TYPE, content_type)], body).into_response()
}

/// The page, for who has the token.
async fn protected(state: State<Page>, headers: HeaderMap) -> Response {
    let given = headers.get(AUTHORIZATION).map(|value| value.to_str().unwrap());
    if given == Some("Bearer t0ken") { answer(state).await } else { refused() }
}

/// A token endpoint that wants the secret in the header or in the body.
async fn token(Path(place): Path<String>, headers: HeaderMap, body: String) -> Response {
    let credentials = match place.as_str() {
        // `id:s%26cret`, as RFC 6749 has it.
        "header" => headers.get(AUTHORIZATION).is_some_and(|v| v == "Basic aWQ6cyUyNmNyZXQ="),
        _ => body.contains("&client_id=id&client_secret=s%26cret"),
    };
    let form = "grant_type=client_credentials&scope=a+b&audience=x%2Fy";
    if !credentials || !body.starts_with(form) {
        return refused();
    }
    let token = r#"{"access_token": "t0ken", "token_type": "bearer", "expires_in": "3600"}"#;
    token.into_response()
}

fn refused() -> Response {
    (http::StatusCode::UNAUTHORIZED, "s&cret is wrong").into_response()
}

fn labels(text: &[(&str, &str)], address: &str) -> Labels {
    let own = [("job", "j"), ("instance", address)];
    Labels::from_pairs(own.iter().chain(text).copied())
}

#[tokio::test]
async fn a_page_is_stored_with_the_labels_of_its_target() {
    let fixture = Fixture::new(|_| {}).await;
    fixture.show("# TYPE a counter\n# HELP a Requests.\na{job=\"own\",b=\"1\"} 3\n");
    fixture.scrape("");
    let target = fixture.up().await;
    let address = fixture.address.as_str();
    assert_eq!(target.labels, labels(&[], address));
    let stored = fixture.series("a").await;
    let expected = labels(&[("__name__", "a"), ("b", "1"), ("exported_job", "own")], address);
    assert_eq!(stored[0].0, expected);
    assert!(stored[0].1.values.len() >= 2 && stored[0].1.values.iter().all(|value| *value == 3.0));
    for (name, value) in [
        ("up", 1.0),
        ("scrape_samples_scraped", 1.0),
        ("scrape_samples_post_metric_relabeling", 1.0),
        ("scrape_series_added", 0.0),
    ] {
        assert_eq!(fixture.last(name).await, value, "{name}");
    }
    assert_eq!(target.metadata()[0].help, "Requests.");
    let received = fixture.statistics.snapshot();
    assert!(received.signals.iter().any(|signal| signal.accepted >= 12));
    assert_eq!(received.services[0].name, "j");
    let stored = fixture.store.metadata();
    assert_eq!(stored.iter().map(|family| family.metric.as_str()).collect::<Vec<_>>(), ["a"]);
}

#[tokio::test]
async fn a_target_is_scraped_with_a_token_of_oauth2() {
    let fixture = Fixture::new(|_| {}).await;
    fixture.show("a 1\n");
    let scrape = |place: &str, secret: &str| {
        fixture.scrape(&format!(
            "  metrics_path: /protected\n  oauth2: {{client_id: id, client_secret: {secret}, \
             scopes: [a, b], endpoint_params: {{audience: x/y}}, \
             token_url: 'http://{}/token/{place}'}}\n",
            fixture.address
        ));
    };
    for place in ["header", "body"] {
        scrape(place, "s&cret");
        fixture.up().await;
        scrape(place, "wrong");
        let error = fixture.down().await.last.error;
        assert!(
            error.contains("oauth2: cannot fetch token: server returned HTTP status 401"),
            "{error}"
        );
        assert!(!error.contains("cret"), "{error}");
    }
}

#[tokio::test]
async fn failed_scrapes_are_written_to_a_file() {
    let fixture = Fixture::new(|_| {}).await;
    let file = tempfile::NamedTempFile::new().unwrap();
    fixture.show("a{ 1\n");
    fixture.scrape(&format!("  scrape_failure_log_file: {}\n", file.path().display()));
    fixture.down().await;
    let written = std::fs::read_to_string(file.path()).unwrap();
    let line: serde_json::Value = serde_json::from_str(written.lines().next().unwrap()).unwrap();
    assert_eq!(line["target"], format!("http://{}/metrics", fixture.address));
    assert_eq!((&line["job_name"], &line["level"]), (&"j".into(), &"ERROR".into()));
    assert!(line["msg"].as_str().unwrap().contains("expected label name"), "{line}");
    assert!(line["time"].as_str().unwrap().ends_with('Z'), "{line}");
}

#[tokio::test]
async fn labels_of_the_page_win_where_they_are_honored_and_relabelling_drops() {
    let fixture = Fixture::new(|_| {}).await;
    fixture.show("a{job=\"batch\"} 1\nb 2\nc{x=\"1\"} 3\nc{x=\"2\"} 4\n");
    fixture.scrape(
        "  honor_labels: true\n  metric_relabel_configs:\n  - {source_labels: [__name__], regex: b, \
         action: drop}\n  - {regex: x, action: labeldrop}\n",
    );
    fixture.up().await;
    assert_eq!(fixture.series("a").await[0].0.get("job"), Some("batch"));
    assert!(fixture.series("b").await.is_empty());
    // Two series that relabelling makes equal: the first is stored.
    assert!(fixture.series("c").await[0].1.values.iter().all(|value| *value == 3.0));
    assert_eq!(fixture.last("scrape_samples_scraped").await, 4.0);
}

#[tokio::test]
async fn what_vanishes_and_what_fails_gets_stale_markers() {
    let fixture = Fixture::new(|_| {}).await;
    fixture.show("a_sum 1\na_count 1\nb 2 1000\n");
    fixture.scrape("");
    fixture.up().await;
    fixture.show("a_count 1\n");
    fixture.up().await;
    assert!(is_stale(fixture.last("a_sum").await));
    assert_eq!(fixture.last("a_count").await, 1.0);
    // A series with a timestamp of its own gets none.
    assert_eq!(fixture.last("b").await, 2.0);
    *fixture.page.0.lock() = Answer { status: 404, ..Answer::default() };
    let target = fixture.down().await;
    assert_eq!(target.last.error, "server returned HTTP status 404 Not Found");
    assert!(is_stale(fixture.last("a_count").await));
    assert_eq!(fixture.last("up").await, 0.0);
    fixture.show("a_count 2\n");
    fixture.up().await;
    assert_eq!(fixture.last("a_count").await, 2.0);
}

#[tokio::test]
async fn bad_pages_are_refused_as_a_whole_with_a_reason() {
    let text = |body: &str| Answer { body: body.to_owned(), ..Answer::default() };
    let open_metrics = |body: &str| Answer {
        content_type: "application/openmetrics-text; version=1.0.0",
        ..text(body)
    };
    let cases = [
        // E01, E03 and E05 of the collected faults: the reason names what is wrong.
        ("no line break at the end", text("a 1"), "", None),
        ("garbage", text("a 1\n<html>\n"), "", Some("expected a valid start token")),
        ("no end", open_metrics("a 1\n"), "", Some("# EOF")),
        ("an end in plain text", text("a 1\n# EOF\n"), "", None),
        ("no type", Answer { content_type: "image/png", ..text("a 1\n") }, "", Some("image/png")),
        (
            "too slow",
            Answer { delay: Duration::from_secs(1), ..text("a 1\n") },
            "",
            Some("deadline"),
        ),
        ("too large", text(&"# \n".repeat(1 << 19)), "", Some("body size limit exceeded")),
        ("too large for the job", text("a 1\nb 1\n"), "  body_size_limit: 4B\n", Some("body size")),
        ("too many", text("a 1\nb 1\n"), "  sample_limit: 1\n", Some("sample limit exceeded")),
        (
            "too many labels",
            text("a{b=\"1\"} 1\n"),
            "  label_limit: 3\n",
            Some("label_limit exceeded"),
        ),
        (
            "too long",
            text("a{b=\"12345678901234567890123\"} 1\n"),
            "  label_value_length_limit: 22\n",
            Some("label_value_length_limit exceeded"),
        ),
    ];
    for (what, answer, settings, expected) in cases {
        let fixture = Fixture::new(|_| {}).await;
        *fixture.page.0.lock() = answer;
        fixture.scrape(settings);
        if let Some(expected) = expected {
            let target = fixture.down().await;
            assert!(target.last.error.contains(expected), "{what}: {}", target.last.error);
            assert!(fixture.series("a").await.is_empty(), "{what}");
            assert_eq!(fixture.last("up").await, 0.0, "{what}");
        } else {
            // Never up without the sample.
            let target = fixture.wait(|target| target.last.health != Health::Unknown).await;
            let is_stored = !fixture.series("a").await.is_empty();
            assert_eq!(target.last.health == Health::Up, is_stored, "{what}");
        }
    }
}

#[tokio::test]
async fn an_explosion_of_series_ends_at_the_target_s_limit_and_known_series_go_on() {
    let fixture = Fixture::new(|settings| settings.series_per_target_max = 10).await;
    let page = |from: usize| {
        let series = (from..from + 20).map(|i| format!("a{{i=\"{i}\"}} 1\n"));
        format!("known 1\n{}", series.collect::<String>())
    };
    fixture.show(page(0));
    fixture.scrape("");
    let target = fixture.up().await;
    assert!(target.last.error.contains("11 samples refused"), "{}", target.last.error);
    assert!(target.last.error.contains("for example of a"), "{}", target.last.error);
    assert_eq!(fixture.series("a").await.len(), 9);
    fixture.show(page(100));
    fixture.up().await;
    assert!(!is_stale(fixture.last("known").await));
}

#[tokio::test]
async fn a_target_keeps_its_series_when_its_job_changes_and_loses_them_when_it_is_removed() {
    let fixture = Fixture::new(|_| {}).await;
    fixture.show("a 1\nb 1\n");
    fixture.scrape("");
    fixture.up().await;
    fixture.scrape(
        "  metric_relabel_configs: [{source_labels: [__name__], regex: b, action: drop}]\n",
    );
    fixture.up().await;
    assert!(is_stale(fixture.last("b").await));
    assert!(fixture.series("a").await[0].1.values.iter().all(|value| !is_stale(*value)));
    fixture.scraper.apply(Vec::new()).unwrap();
    for _ in 0..100 {
        tokio::time::sleep(Duration::from_millis(50)).await;
        if is_stale(fixture.last("a").await) {
            assert!(is_stale(fixture.last("up").await));
            return;
        }
    }
    panic!("no stale marker");
}

#[tokio::test]
async fn a_password_in_a_url_is_not_in_a_message() {
    let fixture = Fixture::new(|_| {}).await;
    fixture.scrape(
        "  relabel_configs: [{target_label: __address__, replacement: 'user:hidden@127.0.0.1:1'}]\n",
    );
    let target = fixture.down().await;
    assert!(target.last.error.contains("user:xxxxx@127.0.0.1:1"), "{}", target.last.error);
}

#[tokio::test]
async fn names_without_an_address_are_resolved_by_the_map() {
    let fixture = Fixture::new(|_| {}).await;
    fixture.show("a 1\n");
    let port = fixture.address.rsplit(':').next().unwrap();
    fixture.scrape(&format!(
        "  relabel_configs: [{{target_label: __address__, replacement: 'target.example:{port}'}}]\n"
    ));
    let target = fixture.up().await;
    assert_eq!(target.url, format!("http://target.example:{port}/metrics"));
}
