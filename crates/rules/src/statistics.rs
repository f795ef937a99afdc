//! Own metrics, as Prometheus names them.

use std::fmt;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

use crate::Identity;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfGroup {
    rule_group: String,
}

type Seconds = Gauge<f64, AtomicU64>;

/// Counts of evaluations.
pub struct Statistics {
    evaluations: Family<OfGroup, Counter>,
    failures: Family<OfGroup, Counter>,
    evaluation_seconds: Histogram,
    iterations: Family<OfGroup, Counter>,
    missed: Family<OfGroup, Counter>,
    interval: Family<OfGroup, Seconds>,
    last_evaluation: Family<OfGroup, Seconds>,
    last_duration: Family<OfGroup, Seconds>,
    last_rule_duration: Family<OfGroup, Seconds>,
    rules: Family<OfGroup, Gauge>,
    samples: Family<OfGroup, Gauge>,
}

impl fmt::Debug for Statistics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Statistics").finish_non_exhaustive()
    }
}

impl Default for Statistics {
    fn default() -> Self {
        Self {
            evaluations: Family::default(),
            failures: Family::default(),
            evaluation_seconds: Histogram::new(exponential_buckets(0.000_1, 4.0, 10)),
            iterations: Family::default(),
            missed: Family::default(),
            interval: Family::default(),
            last_evaluation: Family::default(),
            last_duration: Family::default(),
            last_rule_duration: Family::default(),
            rules: Family::default(),
            samples: Family::default(),
        }
    }
}

impl Statistics {
    /// Registers all metrics.
    pub fn register(&self, registry: &mut Registry) {
        let registry = registry.sub_registry_with_prefix("prometheus");
        let mut family = |name, help, family: &Family<OfGroup, Counter>| {
            registry.register(name, help, family.clone());
        };
        family("rule_evaluations", "Evaluations of rules", &self.evaluations);
        family("rule_evaluation_failures", "Failed evaluations of rules", &self.failures);
        let scheduled = "Evaluations of groups that were due, missed ones included";
        family("rule_group_iterations", scheduled, &self.iterations);
        let missed = "Evaluations of groups that were missed because the one before was slow";
        family("rule_group_iterations_missed", missed, &self.missed);
        let mut seconds = |name, help, family: &Family<OfGroup, Seconds>| {
            registry.register(name, help, family.clone());
        };
        seconds("rule_group_interval_seconds", "Interval of the group", &self.interval);
        let last = "When the group was last evaluated";
        seconds("rule_group_last_evaluation_timestamp_seconds", last, &self.last_evaluation);
        let last = "How long the last evaluation of the group took";
        seconds("rule_group_last_duration_seconds", last, &self.last_duration);
        let last = "How long the rules of the last evaluation of the group took together";
        seconds("rule_group_last_rule_duration_sum_seconds", last, &self.last_rule_duration);
        registry.register("rule_group_rules", "Rules of the group", self.rules.clone());
        let samples = "Samples that the last evaluation of the group returned";
        registry.register("rule_group_last_evaluation_samples", samples, self.samples.clone());
        let help = "How long evaluations of rules took, in seconds";
        let seconds = self.evaluation_seconds.clone();
        registry.register("rule_evaluation_duration_histogram_seconds", help, seconds);
    }

    pub(crate) fn begin(&self, identity: &Identity, interval_ms: i64, rules: usize) {
        let group = of(identity);
        let counters = [&self.evaluations, &self.failures, &self.iterations, &self.missed];
        for counter in counters {
            drop(counter.get_or_create(&group));
        }
        self.interval.get_or_create(&group).set(interval_ms as f64 / 1000.0);
        self.rules.get_or_create(&group).set(i64::try_from(rules).unwrap_or(i64::MAX));
    }

    pub(crate) fn end(&self, identity: &Identity) {
        let group = of(identity);
        for family in [&self.evaluations, &self.failures, &self.iterations, &self.missed] {
            family.remove(&group);
        }
        let seconds =
            [&self.interval, &self.last_evaluation, &self.last_duration, &self.last_rule_duration];
        for family in seconds {
            family.remove(&group);
        }
        self.rules.remove(&group);
        self.samples.remove(&group);
    }

    pub(crate) fn iterated(&self, identity: &Identity, missed: u64) {
        let group = of(identity);
        self.iterations.get_or_create(&group).inc_by(missed + 1);
        self.missed.get_or_create(&group).inc_by(missed);
    }

    pub(crate) fn evaluated(&self, identity: &Identity, took: Duration, has_failed: bool) {
        let group = of(identity);
        self.evaluations.get_or_create(&group).inc();
        if has_failed {
            self.failures.get_or_create(&group).inc();
        }
        self.evaluation_seconds.observe(took.as_secs_f64());
    }

    pub(crate) fn finished(
        &self,
        identity: &Identity,
        at_ms: i64,
        took: Duration,
        rules: Duration,
        samples: usize,
    ) {
        let group = of(identity);
        self.last_evaluation.get_or_create(&group).set(at_ms as f64 / 1000.0);
        self.last_duration.get_or_create(&group).set(took.as_secs_f64());
        self.last_rule_duration.get_or_create(&group).set(rules.as_secs_f64());
        self.samples.get_or_create(&group).set(i64::try_from(samples).unwrap_or(i64::MAX));
    }
}

fn of(identity: &Identity) -> OfGroup {
    OfGroup { rule_group: identity.to_string() }
}
