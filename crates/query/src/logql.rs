//! LogQL: log queries return lines, metric queries return numbers computed from lines.
//!
//! Answers have the structure of Loki's API without its encoding. Labels that Loki adds on ingest,
//! such as `detected_level`, are computed on read.

mod aggregate;
mod binary;
mod evaluate;
mod filter;
mod grid;
mod ip;
mod json;
mod labels;
mod level;
mod logfmt;
mod names;
mod over_time;
mod pipeline;
mod range;
mod read;
mod row;
mod streams;
mod template;
#[cfg(test)]
mod tests;
mod unpack;

use lang::logql::{Expr, MetricExpr};
use promql::{Sample, Series, labels_size, matrix_size, vector_size};
use signals::{Labels, MemoryReservation, Timestamp};
use store::TimeRange;

pub(crate) use self::filter::holds;
use self::grid::{Grid, Rows, Steps};
pub(crate) use self::labels::sanitized;
use self::read::Context;
use self::row::Extras;
pub(crate) use self::row::{object_labels, stream_labels};
use crate::instruments::Language;
use crate::{Counted, Engine, QueryError};

/// Maximum number of steps of one query, as in Loki and Prometheus.
pub const STEPS_MAX: usize = 11_000;

/// The order of lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Direction {
    /// Oldest first.
    Forward,
    /// Newest first.
    #[default]
    Backward,
}

/// The answer to a query.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The result.
    pub value: Value,
}

/// The result types.
#[derive(Debug, Clone)]
pub enum Value {
    /// Lines by stream, each stream in the requested order.
    Streams(Vec<Stream>),
    /// One number for each series.
    Vector(Vec<Sample>),
    /// Numbers over time for each series.
    Matrix(Vec<Series>),
    /// One number.
    Scalar {
        /// The evaluation time, in milliseconds.
        timestamp_ms: i64,
        /// The number.
        value: f64,
    },
}

impl Value {
    /// Size of the result and of its text, in bytes.
    fn size(&self) -> Result<usize, QueryError> {
        Ok(match self {
            Self::Streams(streams) => streams.iter().map(Stream::size).sum(),
            Self::Vector(samples) => vector_size(samples),
            Self::Matrix(series) => matrix_size(series)?,
            Self::Scalar { .. } => 0,
        })
    }
}

/// Lines with the same stream labels.
#[derive(Debug, Clone, PartialEq)]
pub struct Stream {
    /// The labels of the stream after the pipeline.
    pub labels: Labels,
    /// The lines.
    pub entries: Vec<Entry>,
}

impl Stream {
    /// Size of its lines and of their text, in bytes.
    fn size(&self) -> usize {
        let entry = |entry: &Entry| {
            let labels = labels_size(&entry.parsed) + labels_size(&entry.structured_metadata);
            labels + 2 * entry.line.len()
        };
        labels_size(&self.labels) + self.entries.iter().map(entry).sum::<usize>()
    }
}

/// A line.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The time of the line.
    pub timestamp: Timestamp,
    /// The text after the pipeline.
    pub line: String,
    /// Labels that were sent with the line.
    pub structured_metadata: Labels,
    /// Labels added by the pipeline, and its errors.
    pub parsed: Labels,
}

impl Engine {
    /// Evaluates a metric query at one time.
    ///
    /// # Errors
    /// [`QueryError::Invalid`] also for log queries, which need a range.
    pub async fn logql_instant(
        &self,
        query: &str,
        time_ns: Timestamp,
        limit: usize,
        direction: Direction,
    ) -> Result<Counted<Answer>, QueryError> {
        let _ = (limit, direction);
        let query = query.to_owned();
        self.within(Language::Logql, |engine| async move {
            match parse(&query)? {
                Expr::Log(_) => Err(QueryError::Invalid(
                    "log queries are not supported as an instant query type, please change your query to a range query type".to_owned(),
                )),
                Expr::Metric(expr) => {
                    let steps = Steps { start: time_ns, step_ns: 1, count: 1 };
                    let memory = engine.limits.memory.reservation();
                    let context = engine.logs(&Expr::Metric(expr.clone()), &memory)?;
                    let value = instant(evaluate::run(context, &expr, steps).await?, time_ns);
                    counted(value, memory)
                }
            }
        })
        .await
    }

    /// Runs a log query over `start <= t < end`, or evaluates a metric query from start to end,
    /// both inclusive, every `step_ms`.
    ///
    /// # Errors
    /// [`QueryError`] for queries that are invalid, too large or not supported.
    pub async fn logql_range(
        &self,
        query: &str,
        start_ns: Timestamp,
        end_ns: Timestamp,
        step_ms: i64,
        limit: usize,
        direction: Direction,
    ) -> Result<Counted<Answer>, QueryError> {
        let query = query.to_owned();
        self.within(Language::Logql, move |engine| async move {
            engine.logs_in_range(&query, [start_ns, end_ns], step_ms, limit, direction).await
        })
        .await
    }

    /// [`Self::logql_range`] within a query.
    pub(crate) async fn logs_in_range(
        &self,
        query: &str,
        [start_ns, end_ns]: [Timestamp; 2],
        step_ms: i64,
        limit: usize,
        direction: Direction,
    ) -> Result<Counted<Answer>, QueryError> {
        let expr = parse(query)?;
        let memory = self.limits.memory.reservation();
        let context = self.logs(&expr, &memory)?;
        let value = match &expr {
            Expr::Log(_) if limit > self.limits.lines_max => {
                return Err(QueryError::Invalid(format!(
                    "max entries limit per query exceeded, limit > max_entries_limit_per_query ({limit} > {})",
                    self.limits.lines_max
                )));
            }
            Expr::Log(log) => {
                let range = TimeRange { start: start_ns, end: end_ns };
                Value::Streams(streams::run(context, log, range, limit, direction).await?)
            }
            Expr::Metric(metric) => {
                let steps = steps(start_ns, end_ns, step_ms)?;
                matrix(evaluate::run(context, metric, steps).await?, steps)
            }
        };
        counted(value, memory)
    }

    fn logs<'e>(
        &'e self,
        expr: &Expr,
        memory: &'e MemoryReservation,
    ) -> Result<Context<'e>, QueryError> {
        // The observed time is shown with a line, but would make each line a series of its own.
        let extras =
            Extras { detected_level: true, observed_timestamp: matches!(expr, Expr::Log(_)) };
        Ok(Context {
            session: self.session()?,
            limits: &self.limits,
            memory,
            now: self.clock.now(),
            extras,
        })
    }
}

/// An answer that keeps the memory of the query.
fn counted(value: Value, memory: MemoryReservation) -> Result<Counted<Answer>, QueryError> {
    memory.try_grow(value.size()?)?;
    Ok(Counted::new(Answer { value }, memory))
}

fn parse(query: &str) -> Result<Expr, QueryError> {
    lang::logql::parse(query).map_err(|error| QueryError::Invalid(error.to_string()))
}

/// The steps of a range query.
fn steps(start_ns: Timestamp, end_ns: Timestamp, step_ms: i64) -> Result<Steps, QueryError> {
    let step_ns = step_ms.saturating_mul(signals::time::MILLISECOND);
    if step_ns <= 0 {
        return Err(QueryError::Invalid("zero or negative query resolution step widths are not accepted. Try a positive integer".to_owned()));
    }
    if end_ns < start_ns {
        return Err(QueryError::Invalid(
            "end timestamp must not be before or equal to start time".to_owned(),
        ));
    }
    let count = (i128::from(end_ns) - i128::from(start_ns)) / i128::from(step_ns) + 1;
    match usize::try_from(count) {
        Ok(count) if count <= STEPS_MAX => Ok(Steps { start: start_ns, step_ns, count }),
        _ => Err(QueryError::Invalid(
            "exceeded maximum resolution of 11,000 points per time series. Try increasing the value of the step parameter".to_owned(),
        )),
    }
}

fn ordered(mut rows: Rows) -> Rows {
    if !rows.is_ordered {
        rows.rows.sort_by(|a, b| a.labels.iter().cmp(b.labels.iter()));
    }
    rows
}

fn instant(grid: Grid, time_ns: Timestamp) -> Value {
    let timestamp_ms = time_ns.div_euclid(signals::time::MILLISECOND);
    match grid {
        Grid::Scalar(value) => Value::Scalar { timestamp_ms, value },
        Grid::Rows(rows) => Value::Vector(
            ordered(rows)
                .rows
                .into_iter()
                .filter_map(|row| {
                    Some(Sample {
                        labels: row.labels,
                        timestamp_ms,
                        value: row.values.first().copied().flatten()?,
                        histogram: None,
                    })
                })
                .collect(),
        ),
    }
}

fn matrix(grid: Grid, steps: Steps) -> Value {
    let time_ms = |step: usize| steps.time(step).div_euclid(signals::time::MILLISECOND);
    let series = |labels: Labels, values: Vec<Option<f64>>| {
        let points = values
            .into_iter()
            .enumerate()
            .filter_map(|(step, value)| Some((time_ms(step), value?)))
            .collect();
        Series { labels, points, histograms: Vec::new() }
    };
    let all = match grid {
        Grid::Scalar(value) => vec![series(Labels::empty(), vec![Some(value); steps.count])],
        Grid::Rows(rows) => {
            ordered(rows).rows.into_iter().map(|row| series(row.labels, row.values)).collect()
        }
    };
    Value::Matrix(all)
}

/// Formats a query as Loki does.
///
/// # Errors
/// [`QueryError::Invalid`] when it is not a query.
pub fn format(query: &str) -> Result<String, QueryError> {
    Ok(parse(query)?.to_string())
}

/// Whether a text is a metric query, for callers that treat the two kinds differently.
///
/// # Errors
/// [`QueryError::Invalid`] when it is neither.
pub fn is_metric_query(query: &str) -> Result<bool, QueryError> {
    Ok(matches!(
        parse(query)?,
        Expr::Metric(
            MetricExpr::Binary(_)
                | MetricExpr::LabelReplace { .. }
                | MetricExpr::Literal(_)
                | MetricExpr::Range(_)
                | MetricExpr::Vector(_)
                | MetricExpr::VectorOf(_)
        )
    ))
}

/// The conditions of a log query that are pushed down to the store.
#[cfg(test)]
pub(crate) fn store_filters(query: &str) -> Vec<datafusion::logical_expr::Expr> {
    let Ok(Expr::Log(log)) = lang::logql::parse(query) else { return Vec::new() };
    let matchers = read::matchers(&log.selector).unwrap_or_default();
    read::filters(&log, &matchers)
}
