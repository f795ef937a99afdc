//! What is global of a process: one start has it. Alone in its program, as it changes that.

use glasshouse_sdk::{Configuration, Exporter, LogFormat};
use opentelemetry::global;
use opentelemetry::trace::{Span as _, Tracer as _};

fn quiet() -> Configuration {
    glasshouse_sdk::configure()
        .tracing_exporter(Exporter::None)
        .metrics_push_enabled(false)
        .logs_export_enabled(false)
        .log_format(LogFormat::Off)
}

#[test]
fn a_second_global_start_says_so_and_leaves_the_first_as_it_is() {
    let (_first, first) = quiet().sample_rate(1.0).start();
    assert!(first.problems().is_empty(), "{:?}", first.problems());
    let (_second, second) = quiet().sample_rate(0.0).start();
    assert!(second.problems().iter().any(|problem| problem.contains("are not taken")));
    let span = global::tracer("test").start("work");
    assert!(span.span_context().is_sampled(), "the tracer is the one of the first start");
}
