//! Maps the configuration to the settings of each crate.

use std::sync::Arc;

use query::Engine;
use receive::scrape::ScrapeSettings;
use signals::Clock;
use store::Store;
use store::metrics::HeadLimits;

use super::memory::Budgets;
use crate::config::{Config, PromqlFeature};

/// Settings of the receivers.
pub(super) fn receive(config: &Config, budgets: &Budgets) -> receive::Limits {
    let body = size(config.limits.body.0);
    receive::Limits {
        body_wire_bytes_max: body.max(size(config.limits.grpc_message.0)),
        http_body_bytes_max: body,
        grpc_body_bytes_max: size(config.limits.grpc_message.0),
        memory: budgets.requests.clone(),
        known: budgets.known_series.clone(),
        decoders_max: std::thread::available_parallelism().map_or(2, std::num::NonZero::get),
        wire: wire::Limits {
            // So that several requests fit at the same time, including their bodies.
            decoded_bytes_max: budgets.requests.bytes_max() / 4,
            ..wire::Limits::default()
        },
        ..receive::Limits::default()
    }
}

/// Settings of the scraper.
pub(super) fn scrape(config: &Config, budgets: &Budgets) -> ScrapeSettings {
    ScrapeSettings {
        addresses: config.resolve.clone(),
        page_memory: budgets.requests.clone(),
        series_memory: budgets.scraped_series.clone(),
        // So that several pages fit at the same time.
        page_bytes_max: budgets.requests.bytes_max() / 4,
        series_per_target_max: config.limits.target_series,
        readers_max: std::thread::available_parallelism().map_or(2, std::num::NonZero::get),
    }
}

/// Settings of the store.
pub(crate) fn store(config: &Config, budgets: &Budgets) -> store::Config {
    store::Config {
        metrics_retention: config.retention.metrics.0,
        spans_retention: config.retention.spans.0,
        logs_retention: config.retention.logs.0,
        head_bytes_max: budgets.head_bytes,
        memory: budgets.store.clone(),
        metric_limits: HeadLimits {
            series_max: budgets.series_max.min(HeadLimits::default().series_max),
            ..HeadLimits::default()
        },
        ..store::Config::default()
    }
}

/// The query engine.
pub(super) fn engine(
    config: &Config,
    budgets: &Budgets,
    store: &Store,
    clock: &Arc<dyn Clock>,
) -> Engine {
    let limits = query::Limits {
        timeout: config.query.timeout.0,
        concurrency: config.query.concurrency,
        memory: budgets.queries.clone(),
        caches: budgets.query_caches.clone(),
        samples_max: config.query.samples,
        series_max: config.query.series,
        lines_max: config.query.lines,
        rows_max: config.query.rows,
    };
    let features = &config.query.promql_features;
    let promql = query::promql::Settings {
        delays_name_removal: features.contains(&PromqlFeature::DelayedNameRemoval),
        uses_start_times: features.contains(&PromqlFeature::UseStartTimestamps),
        ..query::promql::Settings::default()
    };
    Engine::new(store.clone(), Arc::clone(clock), limits).with_promql(promql)
}

/// A number of bytes as `usize`, saturating.
pub(super) fn size(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}
