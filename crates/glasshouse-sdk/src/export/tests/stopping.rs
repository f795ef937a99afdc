//! Startup with failing parts, and shutdown within the budget.

use super::{
    backend::{Answer, Backend, unused_address},
    *,
};

#[test]
fn stopping_keeps_its_budget_when_the_backend_hangs() {
    let backend = Backend::start(vec![Answer::Never]);
    let export = spans_to(&backend.url(), |settings| {
        settings.metrics = Some((http(backend.url()), Duration::from_secs(3600)));
    });
    end(&export, 0..1000);
    backend.next();
    let begun = Instant::now();
    assert!(!export.shutdown(Duration::from_millis(300)));
    let first = begun.elapsed();
    assert!(first < Duration::from_millis(900), "{first:?}");
    let [exported, dropped, rejected, left, _] = span_counts(&export);
    assert_eq!([exported, dropped + rejected, left], [0, 0, 1000]);
    assert_eq!(counts(&export.statistics().metrics), [0, 0, 0, 1, 0]);
    // Further calls return the same result immediately.
    assert!(!export.shutdown(Duration::from_secs(60)));
    assert!(begun.elapsed() < Duration::from_secs(5));
}

#[test]
fn stopping_does_not_wait_long_for_a_backend_that_is_down() {
    let export = spans_to(&format!("http://{}", unused_address()), |settings| {
        settings.limits.first_retry = Duration::from_secs(30);
    });
    end(&export, 0..1000);
    let begun = Instant::now();
    assert!(!export.shutdown(Duration::from_secs(60)));
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    assert_eq!(span_counts(&export)[3], 1000);
}

#[test]
fn stopping_tries_again_at_once_when_a_retry_was_far_off() {
    let backend = Backend::start(vec![Answer::status(503), Answer::status(200)]);
    let export = spans_to(&backend.url(), |settings| {
        settings.limits.first_retry = Duration::from_secs(3600);
    });
    end(&export, 1..2);
    backend.next();
    assert!(export.shutdown(PATIENCE));
    assert_eq!(span_counts(&export), [1, 0, 0, 0, 1]);
}

#[test]
fn stopping_does_not_break_a_pause_that_the_backend_asked_for() {
    let busy = Answer::Now(503, vec![("retry-after", "300")], Vec::new());
    let backend = Backend::start(vec![busy, Answer::status(200)]);
    let export = spans_to(&backend.url(), |_| ());
    end(&export, 1..2);
    backend.next();
    let begun = Instant::now();
    assert!(!export.shutdown(PATIENCE));
    assert!(begun.elapsed() < Duration::from_secs(5));
    assert_eq!(span_counts(&export), [0, 0, 0, 1, 1]);
    assert!(!backend.has_more());
}

#[test]
fn stopping_works_on_threads_of_async_runtimes() {
    for threads in [1, 2] {
        let backend = Backend::start(vec![Answer::status(200)]);
        let runtime = if threads == 1 {
            tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
        } else {
            tokio::runtime::Runtime::new().unwrap()
        };
        runtime.block_on(async {
            let export = spans_to(&backend.url(), |_| ());
            end(&export, 1..4);
            assert!(export.shutdown(PATIENCE));
            assert_eq!(span_counts(&export)[0], 3);
        });
    }
}

#[test]
fn an_export_that_is_only_dropped_still_sends_what_it_has() {
    let backend = Backend::start(vec![Answer::status(200)]);
    let export = spans_to(&backend.url(), |settings| settings.limits.batch_delay = PATIENCE);
    end(&export, 1..4);
    drop(export);
    assert_eq!(backend.next().spans().len(), 3);
}

#[test]
fn what_cannot_be_started_is_one_warning_and_shows_no_secret() {
    let mut settings = settings();
    settings.spans = Some(SpanTarget::Zipkin { url: "ftp://me:hidden@zipkin.test/x".to_owned() });
    settings.logs = Some(http("not an address with hidden".to_owned()));
    let mut metrics = http("http://127.0.0.1:1/v1/metrics".to_owned());
    metrics.headers = vec![("bad header".to_owned(), Secret("hidden".to_owned()))];
    assert!(!format!("{metrics:?}").contains("hidden"));
    settings.metrics = Some((metrics, Duration::from_secs(3600)));
    let (export, warnings) = Export::start(settings, Arc::new(Metrics::default()));
    assert_eq!(
        warnings,
        [
            "spans are not exported: the endpoint `ftp://zipkin.test/x` has to begin with http:// \
             or https://",
            "logs are not exported: the endpoint is no address; it should look like \
             `http://localhost:4318`",
            "the header `bad header` for metrics is left out: it is no valid HTTP header",
        ]
    );
    assert!(export.span_processor().is_none());
    assert!(export.log_queue().is_none());
    assert!(!export.shutdown(Duration::from_secs(5)), "nobody listens to the metrics");
}

#[test]
fn without_anything_to_export_there_is_no_thread_and_stopping_is_immediate() {
    let export = start(settings());
    assert!(export.shutdown(Duration::ZERO));
}

#[cfg(not(feature = "tls"))]
#[test]
fn https_without_its_feature_is_a_warning_that_names_it() {
    let mut settings = settings();
    let target = http("https://u:p@collector.test/v1/traces".to_owned());
    settings.spans = Some(SpanTarget::Otlp(target));
    let (export, warnings) = Export::start(settings, Arc::new(Metrics::default()));
    assert_eq!(
        warnings,
        ["spans are not exported: `https://collector.test/v1/traces` needs the feature `tls` of \
          glasshouse-sdk"]
    );
    assert!(export.span_processor().is_none());
}

#[cfg(feature = "tls")]
#[test]
fn https_to_a_server_without_it_fails_without_harm() {
    let backend = Backend::start(vec![Answer::status(200)]);
    let export = spans_to(&backend.url().replace("http://", "https://"), |_| ());
    end(&export, 1..2);
    assert!(!export.shutdown(PATIENCE));
    let [exported, _, _, left, failed] = span_counts(&export);
    assert_eq!([exported, left], [0, 1]);
    assert!(failed > 0);
}

#[cfg(not(feature = "grpc"))]
#[test]
fn grpc_without_its_feature_is_a_warning_that_names_it() {
    let mut settings = settings();
    let target = http("http://localhost:4317".to_owned());
    settings.logs = Some(OtlpTarget { protocol: Protocol::Grpc, ..target });
    let (export, warnings) = Export::start(settings, Arc::new(Metrics::default()));
    assert_eq!(warnings.len(), 1);
    assert!(warnings[0].contains("the feature `grpc`"), "{warnings:?}");
    assert!(export.log_queue().is_none());
}
