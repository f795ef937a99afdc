//! Stored history with what the replay has recorded over it.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use adopt::rules::Language;
use futures::FutureExt as _;
use futures::future::{BoxFuture, ready};
use parking_lot::Mutex;
use promql::memory::Memory;
use promql::{Answer, PreparedQueries, Sample, SeriesError, SeriesRead, plan};
use signals::metric::Samples;
use signals::{Labels, Matcher, MemoryBudget, MemoryReservation};

use super::window::{Window, series};
use super::{History, Options};
use crate::alerting::{ALERTS, ALERTS_FOR_STATE};
use crate::environment::{Appended, Environment, LastSample};
use crate::in_memory::{self, vector};
use crate::{Alert, Definition, Group, Rule};

/// Maximum number of samples that are recorded.
const SAMPLES_MAX: usize = 20_000_000;
/// Memory of a sample that is recorded, in bytes.
const SAMPLE_BYTES: usize = size_of::<(i64, f64)>();
/// Maximum number of alerts that are sent.
const SENT_MAX: usize = 1_000_000;

/// The environment of a replay.
pub(super) struct Replayed {
    history: Arc<dyn History>,
    queries: promql::Settings,
    prepared: Arc<PreparedQueries>,
    from_ms: i64,
    lookback_ms: i64,
    /// Names of the series that the rules record, and of their alerts: from the start of the replay
    /// on, what is stored of them is not read.
    recorded: HashSet<String>,
    alerts: HashSet<String>,
    /// What was recorded, and the memory that it takes.
    memory: Mutex<Memory>,
    recorded_bytes: MemoryReservation,
    budget: MemoryBudget,
    window: Mutex<Window>,
    sent: Mutex<Sent>,
    /// Why a sample was not recorded.
    full: Mutex<Option<String>>,
}

/// The alerts that were sent, by time.
#[derive(Default)]
struct Sent {
    by_time: BTreeMap<i64, Vec<Alert>>,
    count: usize,
}

impl Replayed {
    pub(super) fn new(
        groups: &[Group],
        options: &Options,
        prepared: Arc<PreparedQueries>,
        history: Arc<dyn History>,
    ) -> Self {
        let (mut recorded, mut alerts) = (HashSet::new(), HashSet::new());
        for group in groups {
            for rule in &group.state.lock().rules {
                let names = match &rule.rule.definition {
                    Definition::Recording(_) => &mut recorded,
                    Definition::Alerting(_) => &mut alerts,
                };
                names.insert(rule.rule.name().to_owned());
            }
        }
        Self {
            history,
            queries: options.queries.clone(),
            prepared,
            from_ms: options.from_ms,
            lookback_ms: options.lookback_ms,
            recorded,
            alerts,
            memory: Mutex::new(Memory::new(SAMPLES_MAX)),
            recorded_bytes: options.memory.reservation(),
            budget: options.memory.clone(),
            window: Mutex::default(),
            sent: Mutex::default(),
            full: Mutex::default(),
        }
    }

    /// Fails if more samples were recorded or more alerts were sent than are kept, or if the replay
    /// is cancelled.
    pub(super) fn check(&self) -> Result<(), String> {
        if self.history.is_cancelled() {
            return Err("the replay is cancelled".to_owned());
        }
        if self.sent.lock().count > SENT_MAX {
            return Err(format!("more than {SENT_MAX} alerts are sent"));
        }
        self.full.lock().take().map_or(Ok(()), Err)
    }

    pub(super) fn take_sent(&self) -> Vec<(i64, Vec<Alert>)> {
        std::mem::take(&mut self.sent.lock().by_time).into_iter().collect()
    }

    /// Evaluates the expression of a rule for its evaluations at these times, which are an interval
    /// apart. Where that fails, fewer are evaluated at once, down to one.
    pub(super) async fn prefetch(&self, rule: &Rule, group: &Group, times: &[i64]) {
        let times: Vec<i64> =
            times.iter().map(|time_ms| time_ms.saturating_sub(group.query_offset_ms)).collect();
        let mut window = Window::new(&rule.expr);
        let mut open: Vec<&[i64]> =
            if is_same_in_ranges(rule) { vec![&times] } else { times.chunks(1).collect() };
        while let Some(times) = open.pop() {
            if let [time_ms] = times {
                let result = self.instant(rule.language, &rule.expr, *time_ms).await;
                window.insert(*time_ms, result);
                continue;
            }
            if let Ok(series) = self.range(rule, times, group.interval_ms).await {
                window.extend(times, series);
            } else {
                let (first, second) = times.split_at(times.len() / 2);
                open.extend([second, first]);
            }
        }
        *self.window.lock() = window;
    }

    async fn range(
        &self,
        rule: &Rule,
        times: &[i64],
        step_ms: i64,
    ) -> Result<Vec<promql::Series>, String> {
        let (Some(start_ms), Some(end_ms)) = (times.first(), times.last()) else {
            return Ok(Vec::new());
        };
        match rule.language {
            Language::LogQl => {
                self.history.log_range(&rule.expr, *start_ms, *end_ms, step_ms).await
            }
            Language::PromQl => {
                let range = [*start_ms, *end_ms, step_ms];
                series(self.answer(&rule.expr, range, true).await?.value)
            }
        }
    }

    async fn instant(
        &self,
        language: Language,
        text: &str,
        time_ms: i64,
    ) -> Result<Vec<Sample>, String> {
        match language {
            Language::PromQl => {
                vector(self.answer(text, [time_ms, time_ms, 0], false).await?.value)
            }
            Language::LogQl => {
                let series = self.history.log_range(text, time_ms, time_ms, 1).await?;
                let mut window = Window::new(text);
                window.extend(&[time_ms], series);
                window.take(text, time_ms).unwrap_or_else(|| Ok(Vec::new()))
            }
        }
    }

    async fn answer(&self, text: &str, range: [i64; 3], is_range: bool) -> Result<Answer, String> {
        let prepared = self.prepared.get(text).map_err(|error| error.to_string())?;
        let query = prepared.in_range(range, self.lookback_ms);
        let query = promql::Query { is_range, ..query };
        let plans = plan(&query).map_err(|error| error.to_string())?;
        let mut selected = HashMap::new();
        for plan in plans {
            let series = self.select(plan.matchers, plan.start_ms, plan.end_ms).await?;
            selected.insert(plan.position, series);
        }
        let is_cancelled = || self.history.is_cancelled();
        let memory = self.budget.reservation();
        let answer = query.answer(&self.queries, &selected, &memory, &is_cancelled);
        answer.map_err(|error| error.to_string())
    }

    /// The series of the history with those of the replay.
    async fn select(
        &self,
        matchers: Vec<Matcher>,
        start_ms: i64,
        end_ms: i64,
    ) -> Result<Vec<Box<dyn SeriesRead>>, String> {
        let recorded = self.memory.lock().select(&matchers);
        let stored = self.history.select(matchers, start_ms, end_ms).await?;
        let mut recorded: BTreeMap<Labels, Box<dyn SeriesRead>> =
            recorded.into_iter().map(|series| (series.labels().clone(), series)).collect();
        let mut all: Vec<Box<dyn SeriesRead>> = Vec::with_capacity(stored.len() + recorded.len());
        for stored in stored {
            if !self.is_recorded(stored.labels()) {
                all.push(stored);
                continue;
            }
            let recorded = recorded.remove(stored.labels());
            all.push(Box::new(Replaced { stored, recorded, from_ms: self.from_ms }));
        }
        all.extend(recorded.into_values());
        Ok(all)
    }

    /// Whether the replay records the series.
    fn is_recorded(&self, labels: &Labels) -> bool {
        let name = labels.metric_name();
        if [ALERTS, ALERTS_FOR_STATE].contains(&name) {
            return labels.get("alertname").is_some_and(|alert| self.alerts.contains(alert));
        }
        self.recorded.contains(name)
    }
}

/// Whether a range query has the results of instant queries: not if something in the expression
/// depends on the range.
fn is_same_in_ranges(rule: &Rule) -> bool {
    !["start()", "end()", "range()", "step()"].iter().any(|text| rule.expr.contains(text))
}

/// A stored series before the replay, and what the replay has recorded of it.
#[derive(Debug)]
struct Replaced {
    stored: Box<dyn SeriesRead>,
    recorded: Option<Box<dyn SeriesRead>>,
    from_ms: i64,
}

impl SeriesRead for Replaced {
    fn labels(&self) -> &Labels {
        self.stored.labels()
    }

    fn samples_max(&self) -> u64 {
        let recorded = self.recorded.as_ref().map_or(0, |series| series.samples_max());
        self.stored.samples_max().saturating_add(recorded)
    }

    fn read(&self, start_ms: i64, end_ms: i64, samples: &mut Samples) -> Result<(), SeriesError> {
        let before_ms = self.from_ms.saturating_sub(1);
        if start_ms <= before_ms {
            self.stored.read(start_ms, end_ms.min(before_ms), samples)?;
        }
        if let Some(recorded) = &self.recorded {
            let mut later = Samples::default();
            recorded.read(start_ms, end_ms, &mut later)?;
            samples.timestamps.append(&mut later.timestamps);
            samples.values.append(&mut later.values);
            samples.histograms.append(&mut later.histograms);
        }
        Ok(())
    }
}

impl Environment for Replayed {
    fn query<'a>(
        &'a self,
        language: Language,
        query: &'a str,
        time_ms: i64,
    ) -> BoxFuture<'a, Result<Vec<Sample>, String>> {
        if let Some(result) = self.window.lock().take(query, time_ms) {
            return ready(result).boxed();
        }
        self.instant(language, query, time_ms).boxed()
    }

    fn append(&self, samples: Vec<Sample>) -> BoxFuture<'_, Result<Appended, String>> {
        let grown = self.recorded_bytes.try_grow(samples.len().saturating_mul(SAMPLE_BYTES));
        let appended = grown
            .map_err(|exhausted| exhausted.to_string())
            .and_then(|()| in_memory::append(&mut self.memory.lock(), samples));
        if let Err(full) = &appended {
            *self.full.lock() = Some(full.clone());
        }
        ready(appended).boxed()
    }

    fn last_samples(
        &self,
        _: Vec<Matcher>,
        _: i64,
        _: i64,
    ) -> BoxFuture<'_, Result<Vec<LastSample>, String>> {
        ready(Ok(Vec::new())).boxed()
    }

    fn send(&self, _expr: &str, alerts: Vec<Alert>) {
        let Some(time_ms) = alerts.first().and_then(|alert| alert.last_sent_at_ms) else { return };
        let mut sent = self.sent.lock();
        sent.count += alerts.len();
        sent.by_time.entry(time_ms).or_default().extend(alerts);
    }
}
