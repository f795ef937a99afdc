//! From the configuration file to the settings of each room.

use crate::config::Config;

/// The ways in.
pub(super) fn receive(config: &Config) -> receive::Limits {
    let body = size(config.limits.body.0);
    receive::Limits {
        body_wire_bytes_max: body.max(size(config.limits.grpc_message.0)),
        http_body_bytes_max: body,
        grpc_body_bytes_max: size(config.limits.grpc_message.0),
        in_flight_bytes_max: size(config.limits.in_flight.0),
        decoders_max: std::thread::available_parallelism().map_or(2, std::num::NonZero::get),
        ..receive::Limits::default()
    }
}

/// Where telemetry rests.
pub(super) fn store(config: &Config) -> store::Config {
    store::Config {
        metrics_retention: config.retention.metrics.0,
        spans_retention: config.retention.spans.0,
        logs_retention: config.retention.logs.0,
        head_bytes_max: size(config.limits.head.0),
        ..store::Config::default()
    }
}

/// The ways to ask.
pub(super) fn query(config: &Config) -> query::Limits {
    query::Limits {
        timeout: config.query.timeout.0,
        concurrency: config.query.concurrency,
        memory_bytes: size(config.query.memory.0),
        samples_max: config.query.samples,
        series_max: config.query.series,
        lines_max: config.query.lines,
        rows_max: config.query.rows,
    }
}

fn size(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}
