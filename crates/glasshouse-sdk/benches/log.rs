//! What a log line with five fields inside a span costs, beside `tracing-subscriber`'s own JSON in
//! the same run. Both below the same layer of OpenTelemetry, both to an output that takes
//! everything.
//!
//! `cargo bench -p glasshouse-sdk --bench log`. The mark: under 2 µs a line, with the record for
//! OTLP.

#![expect(clippy::expect_used, reason = "a measurement that cannot start must say so")]

use std::hint::black_box;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};

use criterion::{Criterion, criterion_group, criterion_main};
use glasshouse_sdk::{Guard, LogFormat, Telemetry, configure};
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::{Dispatch, Metadata, info, info_span};
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt as _;

fn line() {
    info!(
        method = black_box("POST"),
        endpoint = black_box("/v1/chat"),
        status_code = black_box(200_u16),
        duration_ms = black_box(125.5),
        is_cached = black_box(false),
        "Request processed"
    );
}

/// A receiver that takes everything.
fn receiver() -> io::Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let url = format!("http://{}", listener.local_addr()?);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || take(&stream));
        }
    });
    Ok(url)
}

fn take(stream: &TcpStream) -> io::Result<()> {
    let mut reader = BufReader::new(stream);
    loop {
        let mut length = 0;
        loop {
            let mut header = String::new();
            if reader.read_line(&mut header)? == 0 {
                return Ok(());
            }
            let header = header.trim().to_ascii_lowercase();
            if let Some(value) = header.strip_prefix("content-length:") {
                length = value.trim().parse().map_err(io::Error::other)?;
            }
            if header.is_empty() {
                break;
            }
        }
        io::copy(&mut reader.by_ref().take(length), &mut io::sink())?;
        (&mut &*stream).write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")?;
    }
}

fn ours(format: LogFormat, records_to: Option<&str>) -> (Telemetry, Guard) {
    configure()
        .global(false)
        .metrics_enabled(false)
        .tracing_exporter(glasshouse_sdk::Exporter::None)
        .otlp_endpoint(records_to.unwrap_or("http://127.0.0.1:1"))
        .logs_export_enabled(records_to.is_some())
        .log_format(format)
        .log_level("info")
        .log_output(io::sink())
        .start()
}

fn is_span(metadata: &Metadata<'_>) -> bool {
    metadata.is_span()
}

fn theirs() -> Dispatch {
    let spans = tracing_opentelemetry::layer()
        .with_tracer(SdkTracerProvider::builder().build().tracer("bench"))
        .with_filter(filter_fn(is_span));
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_writer(io::sink)
        .with_filter(tracing_subscriber::filter::LevelFilter::INFO);
    Dispatch::new(tracing_subscriber::registry().with(spans).with(lines))
}

fn measure(criterion: &mut Criterion, name: &str, dispatch: &Dispatch) {
    tracing::dispatcher::with_default(dispatch, || {
        let span = info_span!("request");
        let _entered = span.enter();
        criterion.bench_function(name, |bencher| bencher.iter(line));
    });
}

fn lines(criterion: &mut Criterion) {
    measure(criterion, "log/tracing-subscriber json", &theirs());
    let (telemetry, _guard) = ours(LogFormat::Json, None);
    measure(criterion, "log/json", &telemetry.dispatch());
    let (telemetry, _guard) = ours(LogFormat::Text, None);
    measure(criterion, "log/text", &telemetry.dispatch());
    let url = receiver().expect("a port on the loopback interface");
    let (telemetry, _guard) = ours(LogFormat::Json, Some(&url));
    measure(criterion, "log/json and record", &telemetry.dispatch());
    let (telemetry, _guard) = ours(LogFormat::Off, Some(&url));
    measure(criterion, "log/record", &telemetry.dispatch());
}

criterion_group!(benches, lines);
criterion_main!(benches);
