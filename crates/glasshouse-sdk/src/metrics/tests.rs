//! Instruments and collections.

use super::*;

const CALLS: Definition<2> = Definition {
    name: "test.calls",
    unit: "{call}",
    description: "Calls of the test",
    labels: ["model", "outcome"],
};

#[test]
fn an_empty_label_value_leaves_the_label_out() {
    let registry = Registry::new(10);
    registry.counter(CALLS).add(["gpt-4o", ""], 2);
    let metrics = registry.collect();
    let point = &metrics[0].points[0];
    assert_eq!(point.labels, [(Cow::Borrowed("model"), "gpt-4o".to_owned())]);
    assert_eq!(point.reading, Reading::Integer(2));
}

#[test]
fn the_same_definition_is_the_same_metric_and_another_one_records_nothing() {
    let registry = Registry::new(10);
    registry.counter(CALLS).add(["a", "ok"], 1);
    registry.counter(CALLS).add(["a", "ok"], 1);
    registry.gauge(CALLS).set(["a", "ok"], 7.0);
    let metrics = registry.collect();
    assert_eq!(metrics.len(), 1);
    assert_eq!(metrics[0].points[0].reading, Reading::Integer(2));
    assert_eq!(registry.take_warnings().len(), 1);
}

#[test]
fn delta_session_and_user_never_become_labels() {
    let registry = Registry::new(10);
    let definition = Definition { labels: ["name", "delta"], name: "test.vital", ..CALLS };
    let counter = registry.counter(definition);
    for delta in 0..100 {
        counter.add(["LCP", &delta.to_string()], 1);
    }
    let metrics = registry.collect();
    assert_eq!(metrics[0].points.len(), 1, "one series whatever the delta");
    assert_eq!(metrics[0].points[0].label("delta"), None);
    assert!(registry.take_warnings()[0].contains("delta"));
}

#[test]
fn an_instrument_that_is_off_does_nothing() {
    let registry = Registry::off();
    registry.counter(CALLS).add(["a", "b"], 1);
    assert!(registry.collect().is_empty());
}

#[test]
fn a_counter_never_falls() {
    let registry = Registry::new(10);
    let cost = registry.float_counter(Definition { name: "test.cost", ..CALLS });
    for amount in [0.5, -3.0, f64::NAN, f64::INFINITY, 0.25] {
        cost.add(["a", "b"], amount);
    }
    assert_eq!(registry.collect()[0].points[0].reading, Reading::Float(0.75));
}

#[test]
fn what_is_not_finite_is_no_exemplar_either() {
    let registry = Registry::new(10);
    let definition = Definition { labels: [], name: "test.time", unit: "s", ..NO_LABELS };
    let histogram = registry.histogram(definition, &[1.0]);
    let context = crate::log::trace_context(&"a".repeat(32), &"b".repeat(16)).unwrap();
    let _attached = context.attach();
    histogram.record([], f64::NAN);
    histogram.record([], f64::INFINITY);
    assert_eq!(registry.collect()[0].points[0].exemplars.iter().flatten().count(), 0);
    histogram.record([], 0.5);
    assert_eq!(registry.collect()[0].points[0].exemplars.iter().flatten().count(), 1);
}

#[test]
fn a_counter_that_is_full_stays_full() {
    let registry = Registry::new(10);
    let counter = registry.counter(CALLS);
    counter.add(["a", ""], u64::MAX);
    counter.add(["a", ""], u64::MAX);
    assert_eq!(registry.collect()[0].points[0].reading, Reading::Integer(i64::MAX));
}

#[test]
fn a_wrong_definition_is_told_once_however_often_it_is_made() {
    let registry = Registry::new(10);
    let denied = Definition { labels: ["name", "user.id"], name: "test.denied", ..CALLS };
    for _ in 0..1000 {
        let _ = (registry.counter(CALLS), registry.gauge(CALLS), registry.counter(denied));
    }
    assert_eq!(registry.take_warnings().len(), 2);
    let _ = registry.gauge(CALLS);
    assert_eq!(registry.take_warnings(), Vec::<String>::new());
}

#[test]
fn bounds_that_do_not_rise_are_left_out_with_a_warning() {
    for (bounds, kept) in [
        (&[1.0, 2.0, f64::INFINITY][..], &[1.0, 2.0][..]),
        (&[1.0, 1.0, 3.0], &[1.0]),
        (&[f64::NAN, 1.0], &[]),
    ] {
        let registry = Registry::new(10);
        registry.histogram(NO_LABELS, bounds).record([], 5.0);
        let Reading::Histogram { bounds, counts, .. } =
            registry.collect()[0].points[0].reading.clone()
        else {
            panic!("a histogram")
        };
        assert_eq!((bounds.as_slice(), counts.len()), (kept, kept.len() + 1));
        assert_eq!(registry.take_warnings().len(), 1);
    }
}

#[test]
fn counters_that_are_read_have_a_start_too() {
    let registry = Registry::new(10);
    registry.produce(|| vec![Metric::made(NO_LABELS, Kind::Counter, [(Vec::new(), 1.0)])]);
    assert!(registry.collect()[0].points[0].start_ns > 0);
}

#[test]
fn a_clock_that_is_set_back_makes_no_series_that_starts_after_its_end() {
    let mut metric = Metric::made(NO_LABELS, Kind::Counter, [(Vec::new(), 1.0)]);
    metric.points[0].start_ns = u64::MAX;
    let encoded = format!("{:?}", encode(&[metric], &[]));
    assert!(!encoded.contains(&u64::MAX.to_string()), "{encoded}");
}

/// Counts while its thread exits, after the thread's current context is gone.
struct AtThreadEnd(Counter<2>);

impl Drop for AtThreadEnd {
    fn drop(&mut self) {
        self.0.add(["a", ""], 1);
    }
}

#[test]
fn a_measurement_at_the_end_of_a_thread_harms_nothing() {
    thread_local! {
        static KEPT: std::cell::RefCell<Option<AtThreadEnd>> =
            const { std::cell::RefCell::new(None) };
    }
    let registry = Registry::new(10);
    let counter = registry.counter(CALLS);
    std::thread::spawn(move || {
        KEPT.set(Some(AtThreadEnd(counter.clone())));
        counter.add(["a", ""], 1);
    })
    .join()
    .unwrap();
    assert_eq!(registry.collect()[0].points[0].reading, Reading::Integer(2));
}

const NO_LABELS: Definition<0> =
    Definition { name: "test.plain", unit: "", description: "Of the test", labels: [] };
