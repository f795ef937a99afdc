//! Groups that run by themselves.

use std::sync::atomic::{AtomicI64, Ordering};

use futures::future::BoxFuture;
use parking_lot::Mutex;
use signals::{Clock, Matcher, Timestamp};
use tokio::runtime::Handle;
use tokio::time::{Instant, sleep};

use super::*;
use crate::{Appended, Groups, LastSample};
use promql::Sample;

/// A clock that can be set.
#[derive(Debug)]
struct SetClock {
    start: Instant,
    set_ms: AtomicI64,
}

impl Clock for SetClock {
    fn now(&self) -> Timestamp {
        let elapsed = i64::try_from(self.start.elapsed().as_nanos()).unwrap();
        elapsed + self.set_ms.load(Ordering::SeqCst) * 1_000_000
    }

    fn monotonic(&self) -> Duration {
        self.start.elapsed()
    }
}

/// Notes what is asked and stored.
#[derive(Debug, Default)]
struct Noted {
    /// The times of queries.
    queries: Mutex<Vec<i64>>,
    stored: Mutex<Vec<Sample>>,
    restored: AtomicI64,
    delay_ms: AtomicI64,
}

impl Environment for Noted {
    fn query<'a>(
        &'a self,
        _: Language,
        query: &'a str,
        time_ms: i64,
    ) -> BoxFuture<'a, Result<Vec<Sample>, String>> {
        Box::pin(async move {
            assert!(query != PANIC, "as asked");
            self.queries.lock().push(time_ms);
            let delay = self.delay_ms.load(Ordering::SeqCst).unsigned_abs();
            sleep(Duration::from_millis(delay)).await;
            let labels = signals::Labels::from_pairs([("a", "b")]);
            Ok(vec![Sample { labels, timestamp_ms: time_ms, value: 1.0, histogram: None }])
        })
    }

    fn append(&self, samples: Vec<Sample>) -> BoxFuture<'_, Result<Appended, String>> {
        self.stored.lock().extend(samples);
        Box::pin(async { Ok(Appended::default()) })
    }

    fn last_samples(
        &self,
        _: Vec<Matcher>,
        _: i64,
        _: i64,
    ) -> BoxFuture<'_, Result<Vec<LastSample>, String>> {
        // How many evaluations there were.
        let count = self.queries.lock().len();
        self.restored.store(i64::try_from(count).unwrap(), Ordering::SeqCst);
        Box::pin(async { Ok(Vec::new()) })
    }

    fn send(&self, _: &str, _: Vec<Alert>) {}
}

const INTERVAL_MS: i64 = 40;
/// A query that panics.
const PANIC: &str = "panic";

struct Run {
    groups: Groups,
    noted: Arc<Noted>,
    clock: Arc<SetClock>,
}

impl Run {
    fn new() -> Self {
        let set_ms = AtomicI64::new(1_000_000_000);
        let clock = Arc::new(SetClock { start: Instant::now(), set_ms });
        let noted = Arc::new(Noted::default());
        let environment = Arc::clone(&noted) as Arc<dyn Environment>;
        let time = Arc::clone(&clock) as Arc<dyn Clock>;
        Self {
            groups: Groups::new(Settings::default(), environment, time, Handle::current()),
            noted,
            clock,
        }
    }

    async fn update(&self, rules: &[(&str, &str)], are_restored: bool) {
        let keys = format!("interval: {INTERVAL_MS}ms");
        let group =
            |(name, rule): &(&str, &str)| format!("- {{name: {name}, {keys}, rules: [{rule}]}}\n");
        let text = rules.iter().map(group).collect::<Vec<_>>().concat();
        let text = format!("groups:\n{text}");
        self.groups.update(Settings::default(), groups(&text, are_restored)).await;
    }

    /// Waits until there were so many more queries. Returns the times of all.
    async fn queries(&self, more: usize) -> Vec<i64> {
        let count = self.noted.queries.lock().len() + more;
        loop {
            let queries = self.noted.queries.lock().clone();
            if queries.len() >= count {
                return queries;
            }
            sleep(Duration::from_millis(1)).await;
        }
    }

    /// The series that have ended.
    fn stale(&self) -> Vec<String> {
        let stored = self.noted.stored.lock();
        let stale = stored.iter().filter(|sample| signals::metric::is_stale(sample.value));
        stale.map(|sample| format!("{:?}", sample.labels)).collect()
    }
}

const RECORD: &str = "{record: r, expr: a}";

#[tokio::test]
async fn a_group_is_evaluated_at_its_times_and_misses_some_when_it_is_slow() {
    let run = Run::new();
    run.update(&[("g", RECORD)], true).await;
    run.queries(3).await;
    run.noted.delay_ms.store(3 * INTERVAL_MS, Ordering::SeqCst);
    run.queries(2).await;
    run.noted.delay_ms.store(0, Ordering::SeqCst);
    let times = run.queries(2).await;
    let first = times[0];
    assert!(times.iter().all(|time| (time - first) % INTERVAL_MS == 0), "{times:?}");
    assert!(times.windows(2).all(|pair| pair[0] < pair[1]), "{times:?}");
    assert!(times.windows(2).any(|pair| pair[1] - pair[0] >= 3 * INTERVAL_MS), "{times:?}");
    run.groups.stop().await;
    let stopped = run.noted.queries.lock().len();
    sleep(Duration::from_millis(100)).await;
    assert_eq!(run.noted.queries.lock().len(), stopped);
    // An update after the stop starts nothing.
    run.update(&[("h", RECORD)], true).await;
    assert_eq!(run.groups.groups().len(), 1);
}

#[tokio::test]
async fn evaluations_follow_a_clock_that_is_set() {
    let run = Run::new();
    run.update(&[("g", RECORD)], true).await;
    run.queries(2).await;
    for set_ms in [1_003_600_000, 996_400_000] {
        run.clock.set_ms.store(set_ms, Ordering::SeqCst);
        // One may have been under way.
        let times = run.queries(4).await;
        let last = *times.last().unwrap();
        assert!((set_ms..set_ms + 60_000).contains(&last), "{set_ms}: {times:?}");
    }
}

#[tokio::test]
async fn alerts_are_restored_after_the_second_evaluation() {
    let run = Run::new();
    run.update(&[("g", "{alert: A, expr: a, for: 15m}")], false).await;
    let restored = || run.noted.restored.load(Ordering::SeqCst);
    while restored() == 0 {
        sleep(Duration::from_millis(1)).await;
    }
    assert_eq!(restored(), 2);
    let before = run.noted.stored.lock().len();
    run.queries(2).await;
    assert_eq!((before, run.noted.stored.lock().is_empty()), (0, false));
    // Others are not.
    run.noted.restored.store(0, Ordering::SeqCst);
    run.update(&[("h", "{alert: A, expr: a, for: 15m}")], true).await;
    run.queries(4).await;
    assert_eq!(restored(), 0);
}

#[tokio::test]
async fn an_update_keeps_what_is_the_same_and_ends_the_series_of_what_is_gone() {
    let run = Run::new();
    run.update(&[("same", RECORD), ("gone", "{record: s, expr: a}"), ("changed", RECORD)], true)
        .await;
    run.queries(9).await;
    let before = run.groups.groups();
    let names: Vec<&str> = before.iter().map(|group| group.identity.name.as_str()).collect();
    assert_eq!(names, ["changed", "gone", "same"]);
    let changed = ("changed", "{record: r, expr: b}");
    run.update(&[("same", RECORD), changed, ("new", RECORD)], true).await;
    let after = run.groups.groups();
    let is_known = |group: &Arc<Group>| before.iter().any(|other| Arc::ptr_eq(group, other));
    let known: Vec<bool> = after.iter().map(is_known).collect();
    assert_eq!(known, [false, false, true]);
    assert!(after[0].state().rules[0].has_had_result);
    // Two intervals later, in case another group has taken them over.
    assert_eq!(run.stale(), [""; 0]);
    run.queries(12).await;
    assert_eq!(run.stale(), [r#"{__name__="s", a="b"}"#]);
}

#[tokio::test]
async fn stopping_waits_for_no_more_than_the_rule_that_is_evaluated() {
    let run = Run::new();
    let rules = [RECORD; 9].join(", ");
    let text = format!("groups:\n- {{name: g, interval: 40ms, rules: [{rules}]}}\n");
    run.noted.delay_ms.store(100, Ordering::SeqCst);
    run.groups.update(Settings::default(), groups(&text, true)).await;
    run.queries(1).await;
    run.groups.stop().await;
    assert!(run.noted.queries.lock().len() < 9);
}

#[tokio::test]
async fn a_panic_ends_one_evaluation_of_one_rule() {
    let run = Run::new();
    run.update(&[("g", &format!("{{record: p, expr: {PANIC}}}, {RECORD}"))], true).await;
    run.queries(3).await;
    let rules = run.groups.groups()[0].state().rules;
    let errors: Vec<Option<&str>> = rules.iter().map(|rule| rule.last_error.as_deref()).collect();
    assert_eq!(errors, [Some("the evaluation panicked: as asked"), None]);
}
