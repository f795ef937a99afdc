//! PromQL and the labels of metrics, over the series of the store.

use std::collections::{BTreeSet, HashMap, HashSet};

use promql::{
    Answer, Options, Prepared, Query, STEPS_MAX, SeriesRead, Settings, Timings, Value,
    compare_labels, labels_size, matchers, parse_selector, plan,
};
use signals::metric::{Exemplar, Metadata, Samples};
use signals::{Labels, Matcher};
use store::Cardinality;
use tokio::time::Instant;

use crate::instruments::Language;
use crate::source::{ExemplarSeries, Selection};
use crate::{Counted, Engine, QueryError, running};

/// Series, and a range of time whose samples are read.
#[derive(Debug, Clone)]
pub struct SampleRange {
    /// Conditions that must all hold.
    pub matchers: Vec<Matcher>,
    /// First time, inclusive, in milliseconds since 1970.
    pub start_ms: i64,
    /// Last time, inclusive.
    pub end_ms: i64,
}

impl Engine {
    /// Evaluates a query at one instant.
    ///
    /// # Errors
    /// See [`QueryError`]; syntax errors are worded as in Prometheus.
    pub async fn promql_instant(
        &self,
        query: &str,
        time_ms: i64,
        options: &Options,
    ) -> Result<Counted<Answer>, QueryError> {
        self.ask(Prepared::parse(query)?.at(time_ms, options.lookback_ms), options).await
    }

    /// As [`Self::promql_instant`], with a query that is parsed already, on the thread of the caller.
    /// The thread must have called [`crate::lower_priority`], have a stack of
    /// [`crate::STACK_BYTES`], and must not serve anything else.
    ///
    /// # Errors
    /// As that.
    pub async fn promql_here(
        &self,
        query: &Prepared,
        time_ms: i64,
        options: &Options,
    ) -> Result<Counted<Answer>, QueryError> {
        let query = query.at(time_ms, options.lookback_ms);
        let query = evaluate(self.clone(), query, options.clone(), Instant::now());
        self.executor().run_here(Language::Promql, query).await
    }

    /// Evaluates a query at `start, start + step, … <= end`.
    ///
    /// # Errors
    /// As [`Self::promql_instant`]; more than 11,000 steps are refused.
    pub async fn promql_range(
        &self,
        query: &str,
        start_ms: i64,
        end_ms: i64,
        step_ms: i64,
        options: &Options,
    ) -> Result<Counted<Answer>, QueryError> {
        let wrong = if end_ms < start_ms {
            "end timestamp must not be before start time"
        } else if step_ms <= 0 {
            "zero or negative query resolution step widths are not accepted. Try a positive integer"
        } else if end_ms.saturating_sub(start_ms) / step_ms > STEPS_MAX {
            "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)"
        } else {
            let query = Prepared::parse(query)?;
            let query = query.in_range([start_ms, end_ms, step_ms], options.lookback_ms);
            return self.ask(query, options).await;
        };
        Err(QueryError::Invalid(wrong.to_owned()))
    }

    async fn ask(&self, query: Query, options: &Options) -> Result<Counted<Answer>, QueryError> {
        let query = evaluate(self.clone(), query, options.clone(), Instant::now());
        self.start(Language::Promql, query).await?.answer().await
    }

    /// The label sets of series that satisfy one of the selectors and may have samples in
    /// `start_ms..=end_ms`, sorted; a `limit` of 0 means no limit.
    ///
    /// # Errors
    /// See [`QueryError`].
    pub async fn series(
        &self,
        selectors: &[String],
        start_ms: i64,
        end_ms: i64,
        limit: usize,
    ) -> Result<Counted<Vec<Labels>>, QueryError> {
        let selectors = selectors.to_vec();
        self.within(Language::Promql, move |engine| async move {
            let memory = engine.limits.memory.reservation();
            let mut all = HashSet::new();
            for matchers in parsed(&selectors)? {
                let found =
                    engine.source.series(engine.selection(&matchers, start_ms, end_ms)).await?;
                memory.try_grow(found.iter().map(labels_size).sum())?;
                all.extend(found);
            }
            let mut all: Vec<Labels> = all.into_iter().collect();
            all.sort_by(compare_labels);
            all.truncate(if limit == 0 { usize::MAX } else { limit });
            Ok(Counted::new(all, memory))
        })
        .await
    }

    /// Reads the samples of some ranges, series by series in the order of their labels. `reduce` gets
    /// the index of the range and a series with samples in it, at least one, and returns what is
    /// kept of it with its size in bytes. There is one list for each range.
    ///
    /// # Errors
    /// See [`QueryError`], and those of `reduce`.
    pub async fn read_samples<T: Send + 'static>(
        &self,
        ranges: Vec<SampleRange>,
        reduce: impl Fn(usize, &Labels, &Samples) -> Result<Option<(T, usize)>, QueryError>
        + Send
        + 'static,
    ) -> Result<Counted<Vec<Vec<T>>>, QueryError> {
        self.within(Language::Promql, move |engine| async move {
            let memory = engine.limits.memory.reservation();
            let mut results = Vec::with_capacity(ranges.len());
            for (i, SampleRange { matchers, start_ms, end_ms }) in ranges.iter().enumerate() {
                let encoded = engine.limits.memory.reservation();
                let selection = engine.selection(matchers, *start_ms, *end_ms);
                let mut kept = Vec::new();
                let mut samples = Samples::default();
                for series in engine.source.select(selection, &encoded).await? {
                    running::check()?;
                    samples.clear();
                    let read = engine.limits.memory.reservation();
                    let sample_bytes = size_of::<i64>() + size_of::<f64>();
                    let samples_max = usize::try_from(series.samples_max()).unwrap_or(usize::MAX);
                    read.try_grow(samples_max.saturating_mul(sample_bytes))?;
                    series.read(*start_ms, *end_ms, &mut samples).map_err(promql::Error::from)?;
                    if samples.timestamps.is_empty() && samples.histograms.is_empty() {
                        continue;
                    }
                    if let Some((item, bytes)) = reduce(i, series.labels(), &samples)? {
                        memory.try_grow(bytes.saturating_add(size_of::<T>()))?;
                        kept.push(item);
                    }
                }
                results.push(kept);
            }
            Ok(Counted::new(results, memory))
        })
        .await
    }

    /// Series counts of a range by metric, label and pair: the `top` largest of each.
    ///
    /// # Errors
    /// See [`QueryError`].
    pub async fn cardinality(
        &self,
        start_ms: i64,
        end_ms: i64,
        top: usize,
    ) -> Result<Cardinality, QueryError> {
        self.within(Language::Promql, move |engine| async move {
            let memory = engine.limits.memory.reservation();
            Ok(engine.source.cardinality(start_ms, end_ms, top, &memory).await?)
        })
        .await
    }

    /// The label names of those series (of all without a selector), sorted.
    ///
    /// # Errors
    /// See [`QueryError`].
    pub async fn label_names(
        &self,
        selectors: &[String],
        start_ms: i64,
        end_ms: i64,
        limit: usize,
    ) -> Result<Vec<String>, QueryError> {
        let selectors = selectors.to_vec();
        self.within(Language::Promql, move |engine| async move {
            let memory = engine.limits.memory.reservation();
            let mut names = BTreeSet::new();
            for matchers in parsed_or_all(&selectors)? {
                let selection = engine.selection(&matchers, start_ms, end_ms);
                names.extend(engine.source.label_names(selection, &memory).await?);
            }
            let limit = if limit == 0 { usize::MAX } else { limit };
            Ok(names.into_iter().take(limit).collect())
        })
        .await
    }

    /// The values of one label of those series, sorted.
    ///
    /// # Errors
    /// See [`QueryError`].
    pub async fn label_values(
        &self,
        name: &str,
        selectors: &[String],
        start_ms: i64,
        end_ms: i64,
        limit: usize,
    ) -> Result<Vec<String>, QueryError> {
        let (name, selectors) = (name.to_owned(), selectors.to_vec());
        self.within(Language::Promql, move |engine| async move {
            let memory = engine.limits.memory.reservation();
            let mut values = BTreeSet::new();
            for matchers in parsed_or_all(&selectors)? {
                let selection = engine.selection(&matchers, start_ms, end_ms);
                values.extend(engine.source.label_values(&name, selection, &memory).await?);
            }
            let limit = if limit == 0 { usize::MAX } else { limit };
            Ok(values.into_iter().take(limit).collect())
        })
        .await
    }

    fn selection<'m>(&self, matchers: &'m [Matcher], start_ms: i64, end_ms: i64) -> Selection<'m> {
        Selection { matchers, start_ms, end_ms, series_max: self.limits.series_max }
    }

    /// Type, help and unit of each metric family, sorted by name.
    ///
    /// # Errors
    /// [`QueryError::Store`].
    pub async fn metric_metadata(&self) -> Result<Vec<Metadata>, QueryError> {
        self.within(
            Language::Promql,
            move |engine| async move { Ok(engine.source.metadata().await?) },
        )
        .await
    }

    /// Exemplars of the series that the selectors of a query match.
    ///
    /// # Errors
    /// See [`QueryError`].
    pub async fn query_exemplars(
        &self,
        query: &str,
        start_ms: i64,
        end_ms: i64,
    ) -> Result<ExemplarSeries, QueryError> {
        let query = query.to_owned();
        self.within(Language::Promql, move |engine| async move {
            let expr = promql::parse(&query)?;
            let mut found: HashMap<Labels, Vec<Exemplar>> = HashMap::new();
            for selector in expr.selectors() {
                let conditions = matchers(&selector.matchers)?;
                let selection = engine.selection(&conditions, start_ms, end_ms);
                for (labels, exemplars) in engine.source.exemplars(selection).await? {
                    found.entry(labels).or_insert(exemplars);
                }
            }
            let mut found: ExemplarSeries = found.into_iter().collect();
            found.sort_by(|(a, _), (b, _)| compare_labels(a, b));
            Ok(found)
        })
        .await
    }
}

/// Evaluates a query, within one.
async fn evaluate(
    engine: Engine,
    query: Query,
    options: Options,
    asked_at: Instant,
) -> Result<Counted<Answer>, QueryError> {
    let started_at = Instant::now();
    let memory = engine.limits.memory.reservation();
    let mut selected: HashMap<usize, Vec<Box<dyn SeriesRead>>> = HashMap::new();
    for selector in plan(&query)? {
        let selection = engine.selection(&selector.matchers, selector.start_ms, selector.end_ms);
        selected.insert(selector.position, engine.source.select(selection, &memory).await?);
    }
    let Options { limit, counts_samples, .. } = options;
    let samples_max = engine.limits.samples_max;
    let settings = Settings { samples_max, counts_samples, ..engine.promql.clone() };
    let prepared_at = Instant::now();
    let is_cancelled = || running::check().is_err();
    let mut answer = query.answer(&settings, &selected, &memory, &is_cancelled)?;
    answer.timings = Timings {
        queue: started_at - asked_at,
        preparation: prepared_at - started_at,
        evaluation: prepared_at.elapsed(),
    };
    truncate(&mut answer, limit);
    memory.try_grow(answer.value.size()?)?;
    Ok(Counted::new(answer, memory))
}

/// The matchers of each selector.
fn parsed(selectors: &[String]) -> Result<Vec<Vec<Matcher>>, QueryError> {
    selectors.iter().map(|selector| Ok(parse_selector(selector)?)).collect()
}

/// As [`parsed`]; without selectors, one that matches everything.
fn parsed_or_all(selectors: &[String]) -> Result<Vec<Vec<Matcher>>, QueryError> {
    if selectors.is_empty() { Ok(vec![Vec::new()]) } else { parsed(selectors) }
}

/// Truncates an answer to `limit` series and adds a warning.
fn truncate(answer: &mut Answer, limit: usize) {
    let length = match &answer.value {
        Value::Vector(samples) => samples.len(),
        Value::Matrix(series) => series.len(),
        Value::Scalar { .. } | Value::Text { .. } => 0,
    };
    if limit == 0 || length <= limit {
        return;
    }
    match &mut answer.value {
        Value::Vector(samples) => samples.truncate(limit),
        Value::Matrix(series) => series.truncate(limit),
        Value::Scalar { .. } | Value::Text { .. } => {}
    }
    answer.warnings.push("results truncated due to limit".into());
}
