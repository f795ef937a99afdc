//! Request histograms for the process's own metrics.

use std::time::Duration;

use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;
use signals::Signal;

use super::Protocol;

type ByLabel = Family<[(&'static str, &'static str); 1], Histogram, fn() -> Histogram>;

/// Duration and size of requests.
#[derive(Debug)]
pub(super) struct Instruments {
    duration: ByLabel,
    body: ByLabel,
}

impl Default for Instruments {
    fn default() -> Self {
        // From 0.5 ms to 16 s.
        let durations = || Histogram::new(exponential_buckets(0.000_5, 2.0, 16));
        // From 256 bytes to 64 MiB.
        let sizes = || Histogram::new(exponential_buckets(256.0, 4.0, 10));
        Self {
            duration: Family::new_with_constructor(durations),
            body: Family::new_with_constructor(sizes),
        }
    }
}

impl Instruments {
    pub(super) fn request(&self, protocol: Protocol, duration: Duration) {
        let labels = [("protocol", protocol.name())];
        self.duration.get_or_create(&labels).observe(duration.as_secs_f64());
    }

    pub(super) fn body(&self, signal: Signal, bytes: usize) {
        self.body.get_or_create(&[("signal", signal.name())]).observe(bytes as f64);
    }

    pub(super) fn register(&self, registry: &mut Registry) {
        let receiver = registry.sub_registry_with_prefix("glasshouse_receiver");
        let help = "Requests from their head to their answer";
        receiver.register("request_duration_seconds", help, self.duration.clone());
        let help = "Decompressed bodies of requests";
        receiver.register("body_size_bytes", help, self.body.clone());
    }
}
