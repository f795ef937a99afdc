//! The metric core: instruments, their series, and reading them.
//!
//! Recording takes no lock and does not allocate once a series exists. Names are those of
//! OpenTelemetry's conventions; the naming profile translates them on export. `record` defines the
//! metrics, `export` sends them.

mod cell;
mod exposition;
mod otlp;
mod profile;
mod table;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use parking_lot::Mutex;

use self::cell::Cell;
pub(crate) use self::cell::{Exemplar, Reading, now_ns};
pub(crate) use self::exposition::{Format, render};
pub(crate) use self::otlp::encode;
pub(crate) use self::profile::{Profile, SpanRules, apply};
use self::table::{Series, Table, bounded};

/// Labels that would create a series per person, session or number. Instruments ignore them.
const DENIED_LABELS: [&str; 10] = [
    "delta",
    "enduser.id",
    "request_id",
    "session.id",
    "session_id",
    "span_id",
    "trace_id",
    "user.id",
    "user_id",
    "url.full",
];

/// Maximum number of reported instrument errors.
const WARNINGS_MAX: usize = 1000;

/// The name and labels of an instrument.
///
/// Names and labels follow OpenTelemetry (`http.server.request.duration`), units are UCUM (`s`,
/// `By`, `{token}`). `N` is the number of labels.
#[derive(Debug, Clone, Copy)]
pub struct Definition<const N: usize> {
    /// Name, with dots.
    pub name: &'static str,
    /// UCUM unit; annotations in braces are omitted in Prometheus names.
    pub unit: &'static str,
    /// One sentence.
    pub description: &'static str,
    /// Label keys, in the order of the values.
    pub labels: [&'static str; N],
}

/// The type of an instrument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Counter,
    UpDown,
    Gauge,
    Histogram,
}

/// A metric and its series.
#[derive(Debug)]
struct Family {
    name: &'static str,
    unit: &'static str,
    description: &'static str,
    labels: Box<[&'static str]>,
    kind: Kind,
    is_float: bool,
    bounds: &'static [f64],
    /// Some label is denied: its values are dropped before the series is looked up.
    is_restricted: bool,
    table: Table,
}

impl Family {
    fn new_cell(&self) -> Cell {
        match (self.kind, self.is_float) {
            (Kind::Histogram, _) => Cell::histogram(self.bounds),
            (_, true) => Cell::float(),
            (_, false) => Cell::integer(),
        }
    }

    fn series<const N: usize>(&self, labels: [&str; N]) -> &Arc<Series> {
        let labels = if self.is_restricted { self.allowed(labels) } else { labels };
        self.table.find(&labels.map(bounded), || self.new_cell())
    }

    /// Label values, with denied ones replaced by the empty text.
    fn allowed<'a, const N: usize>(&self, mut labels: [&'a str; N]) -> [&'a str; N] {
        for (value, key) in labels.iter_mut().zip(&self.labels) {
            if DENIED_LABELS.contains(key) {
                *value = "";
            }
        }
        labels
    }

    fn is_same(&self, other: &Self) -> bool {
        self.kind == other.kind && self.labels == other.labels && self.is_float == other.is_float
    }

    fn metric(&self) -> Metric {
        let points = self.table.all().into_iter().map(|(series, is_overflow)| Point {
            labels: if is_overflow {
                vec![(Cow::Borrowed("otel.metric.overflow"), "true".to_owned())]
            } else {
                let pairs = self.labels.iter().zip(&series.labels);
                pairs
                    .filter(|(_, value)| !value.is_empty())
                    .map(|(key, value)| (Cow::Borrowed(*key), value.to_string()))
                    .collect()
            },
            start_ns: series.cell.start_ns(),
            reading: series.cell.read(),
            exemplars: series.cell.exemplars(),
        });
        Metric {
            name: Cow::Borrowed(self.name),
            unit: Cow::Borrowed(self.unit),
            description: Cow::Borrowed(self.description),
            kind: self.kind,
            points: points.collect(),
        }
    }
}

/// A metric at a point in time.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Metric {
    pub(crate) name: Cow<'static, str>,
    pub(crate) unit: Cow<'static, str>,
    pub(crate) description: Cow<'static, str>,
    pub(crate) kind: Kind,
    pub(crate) points: Vec<Point>,
}

/// A series at a point in time.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Point {
    pub(crate) labels: Vec<(Cow<'static, str>, String)>,
    /// Start time of the series, in nanoseconds since the Unix epoch.
    pub(crate) start_ns: u64,
    pub(crate) reading: Reading,
    /// Exemplars by bucket; may be shorter than the buckets.
    pub(crate) exemplars: Vec<Option<Exemplar>>,
}

impl Metric {
    /// A metric from a producer; points are `(labels, value)`.
    pub(crate) fn made(
        definition: Definition<0>,
        kind: Kind,
        points: impl IntoIterator<Item = (Vec<(Cow<'static, str>, String)>, f64)>,
    ) -> Self {
        let points = points.into_iter().map(|(labels, value)| Point {
            labels,
            start_ns: 0,
            reading: Reading::Float(value),
            exemplars: Vec::new(),
        });
        Self {
            name: Cow::Borrowed(definition.name),
            unit: Cow::Borrowed(definition.unit),
            description: Cow::Borrowed(definition.description),
            kind,
            points: points.collect(),
        }
    }
}

impl Point {
    /// The value of a label; `None` if the series does not have it.
    pub(crate) fn label(&self, key: &str) -> Option<&str> {
        self.labels.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str())
    }
}

/// Produces observable metrics, such as the memory of the process.
type Producer = Box<dyn Fn() -> Vec<Metric> + Send + Sync>;

/// All metrics of a program.
#[derive(Clone)]
pub(crate) struct Registry(Option<Arc<Families>>);

struct Families {
    all: Mutex<Vec<Arc<Family>>>,
    producers: Mutex<Vec<Producer>>,
    series_limit: usize,
    warnings: Mutex<Warnings>,
    /// Time when the first metric was created, in nanoseconds since the Unix epoch.
    start_ns: u64,
}

/// Instrument errors. Each is reported once, even if a program creates the same invalid instrument
/// for every request.
#[derive(Default)]
struct Warnings {
    fresh: Vec<String>,
    /// Metric and error.
    warned: BTreeSet<(&'static str, Fault)>,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fault {
    Denied,
    Twice,
    Bounds,
}

impl Warnings {
    fn warn(&mut self, metric: &'static str, fault: Fault, message: impl FnOnce() -> String) {
        if self.warned.len() < WARNINGS_MAX && self.warned.insert((metric, fault)) {
            self.fresh.push(message());
        }
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Registry").field("is_on", &self.0.is_some()).finish()
    }
}

impl Registry {
    /// A registry with at most `series_limit` series per metric.
    pub(crate) fn new(series_limit: usize) -> Self {
        Self(Some(Arc::new(Families {
            all: Mutex::new(Vec::new()),
            producers: Mutex::new(Vec::new()),
            series_limit,
            warnings: Mutex::default(),
            start_ns: now_ns(),
        })))
    }

    /// A registry whose instruments have no effect.
    pub(crate) fn off() -> Self {
        Self(None)
    }

    /// An integer counter.
    pub(crate) fn counter<const N: usize>(&self, definition: Definition<N>) -> Counter<N> {
        Counter(self.family(definition, Kind::Counter, false, &[]))
    }

    /// A floating-point counter, such as seconds or dollars.
    pub(crate) fn float_counter<const N: usize>(
        &self,
        definition: Definition<N>,
    ) -> FloatCounter<N> {
        FloatCounter(self.family(definition, Kind::Counter, true, &[]))
    }

    /// An up-down counter.
    pub(crate) fn up_down<const N: usize>(&self, definition: Definition<N>) -> UpDownCounter<N> {
        UpDownCounter(self.family(definition, Kind::UpDown, false, &[]))
    }

    /// A gauge.
    pub(crate) fn gauge<const N: usize>(&self, definition: Definition<N>) -> Gauge<N> {
        Gauge(self.family(definition, Kind::Gauge, true, &[]))
    }

    /// A histogram with these upper bounds, in ascending order.
    pub(crate) fn histogram<const N: usize>(
        &self,
        definition: Definition<N>,
        bounds: &'static [f64],
    ) -> Histogram<N> {
        Histogram(self.family(definition, Kind::Histogram, true, bounds))
    }

    /// Adds a producer of metrics, called on every collection.
    pub(crate) fn produce(&self, producer: impl Fn() -> Vec<Metric> + Send + Sync + 'static) {
        if let Some(families) = &self.0 {
            families.producers.lock().push(Box::new(producer));
        }
    }

    /// Reads all metrics, under their canonical names and without metrics that have no series.
    pub(crate) fn collect(&self) -> Vec<Metric> {
        let Some(inner) = &self.0 else { return Vec::new() };
        let families = inner.all.lock().clone();
        let mut metrics: Vec<Metric> = families.iter().map(|family| family.metric()).collect();
        let mut produced: Vec<Metric> =
            inner.producers.lock().iter().flat_map(|producer| producer()).collect();
        for point in produced.iter_mut().flat_map(|metric| &mut metric.points) {
            if point.start_ns == 0 {
                point.start_ns = inner.start_ns;
            }
        }
        metrics.append(&mut produced);
        metrics.retain(|metric| !metric.points.is_empty());
        metrics
    }

    /// Instrument errors since the last call, one sentence each.
    pub(crate) fn take_warnings(&self) -> Vec<String> {
        self.0
            .as_ref()
            .map(|inner| std::mem::take(&mut inner.warnings.lock().fresh))
            .unwrap_or_default()
    }

    fn family<const N: usize>(
        &self,
        definition: Definition<N>,
        kind: Kind,
        is_float: bool,
        bounds: &'static [f64],
    ) -> Option<Arc<Family>> {
        let inner = self.0.as_ref()?;
        let rising = rising(bounds);
        if rising.len() < bounds.len() {
            inner.warnings.lock().warn(definition.name, Fault::Bounds, || {
                format!(
                    "the bounds of metric {} have to be finite and to rise; those from the {}. on \
                     are left out",
                    definition.name,
                    rising.len() + 1
                )
            });
        }
        let family = Family {
            name: definition.name,
            unit: definition.unit,
            description: definition.description,
            labels: Box::from(definition.labels),
            kind,
            is_float,
            bounds: rising,
            is_restricted: definition.labels.iter().any(|label| DENIED_LABELS.contains(label)),
            table: Table::new(inner.series_limit),
        };
        for denied in definition.labels.iter().filter(|label| DENIED_LABELS.contains(label)) {
            inner.warnings.lock().warn(definition.name, Fault::Denied, || {
                format!(
                    "metric {} has the label {denied}, which would make a series for each value; \
                     it is left out: put it on spans and logs",
                    definition.name
                )
            });
        }
        let mut families = inner.all.lock();
        if let Some(known) = families.iter().find(|known| known.name == family.name) {
            if known.is_same(&family) {
                return Some(Arc::clone(known));
            }
            inner.warnings.lock().warn(definition.name, Fault::Twice, || {
                format!(
                    "metric {} is defined twice with other labels or as another kind; \
                     the second one records nothing",
                    definition.name
                )
            });
            return None;
        }
        let family = Arc::new(family);
        families.push(Arc::clone(&family));
        Some(family)
    }
}

/// The bounds up to the first that is not finite or not ascending.
fn rising(bounds: &'static [f64]) -> &'static [f64] {
    let mut before = f64::NEG_INFINITY;
    let kept = bounds.iter().take_while(|&&bound| {
        let rises = bound.is_finite() && bound > before;
        before = bound;
        rises
    });
    bounds.get(..kept.count()).unwrap_or_default()
}

/// An integer counter: calls, tokens, errors.
#[derive(Debug, Clone)]
pub struct Counter<const N: usize>(Option<Arc<Family>>);

impl<const N: usize> Counter<N> {
    /// Adds to the series with these label values, given in the order of the definition. An empty
    /// value omits the label.
    pub fn add(&self, labels: [&str; N], amount: u64) {
        if let Some(family) = &self.0 {
            let cell = &family.series(labels).cell;
            cell.add_integer(i64::try_from(amount).unwrap_or(i64::MAX));
            cell.record_exemplar(amount as f64);
        }
    }
}

/// A floating-point counter: seconds, dollars.
#[derive(Debug, Clone)]
pub struct FloatCounter<const N: usize>(Option<Arc<Family>>);

impl<const N: usize> FloatCounter<N> {
    /// Adds to the series with these label values. Negative and non-finite amounts are ignored:
    /// counters are monotonic.
    pub fn add(&self, labels: [&str; N], amount: f64) {
        if let Some(family) = &self.0
            && amount.is_finite()
            && amount >= 0.0
        {
            let cell = &family.series(labels).cell;
            cell.add_float(amount);
            cell.record_exemplar(amount);
        }
    }
}

/// An up-down counter: open connections, running tasks.
#[derive(Debug, Clone)]
pub struct UpDownCounter<const N: usize>(Option<Arc<Family>>);

impl<const N: usize> UpDownCounter<N> {
    /// Adds an amount, which may be negative, to the series with these label values.
    pub fn add(&self, labels: [&str; N], amount: i64) {
        if let Some(family) = &self.0 {
            family.series(labels).cell.add_integer(amount);
        }
    }
}

/// A gauge: a depth, a score, a temperature.
#[derive(Debug, Clone)]
pub struct Gauge<const N: usize>(Option<Arc<Family>>);

impl<const N: usize> Gauge<N> {
    /// Sets the series with these label values. Non-finite values are ignored.
    pub fn set(&self, labels: [&str; N], value: f64) {
        if let Some(family) = &self.0
            && value.is_finite()
        {
            family.series(labels).cell.set(value);
        }
    }
}

/// A histogram: durations, sizes.
#[derive(Debug, Clone)]
pub struct Histogram<const N: usize>(Option<Arc<Family>>);

impl<const N: usize> Histogram<N> {
    /// Records a measurement in the series with these label values. Non-finite values are ignored.
    pub fn record(&self, labels: [&str; N], measured: f64) {
        if let Some(family) = &self.0 {
            let cell = &family.series(labels).cell;
            cell.observe(measured);
            cell.record_exemplar(measured);
        }
    }
}

#[cfg(test)]
mod tests;
