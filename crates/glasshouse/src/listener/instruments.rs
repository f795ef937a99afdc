//! HTTP request histograms for the process's own metrics.

use std::time::Duration;

use http::StatusCode;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

use crate::config::ports::Port;

type Labels = [(&'static str, &'static str); 2];

/// Time to the response header, by port and status class.
#[derive(Debug, Clone)]
pub(super) struct Instruments(Family<Labels, Histogram, fn() -> Histogram>);

impl Default for Instruments {
    fn default() -> Self {
        // From 0.5 ms to 32 s.
        Self(Family::new_with_constructor(|| Histogram::new(exponential_buckets(0.000_5, 2.0, 17))))
    }
}

impl Instruments {
    pub(super) fn answered(&self, port: Port, status: StatusCode, duration: Duration) {
        let class = match status.as_u16() {
            100..200 => "1xx",
            200..300 => "2xx",
            300..400 => "3xx",
            400..500 => "4xx",
            _ => "5xx",
        };
        let labels = [("port", port.key()), ("status", class)];
        self.0.get_or_create(&labels).observe(duration.as_secs_f64());
    }

    pub(super) fn register(&self, registry: &mut Registry) {
        let help = "HTTP and gRPC requests from their head to that of their answer";
        registry.register("glasshouse_http_request_duration_seconds", help, self.0.clone());
    }
}
