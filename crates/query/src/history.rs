//! Stored telemetry for work that makes many queries, such as a replay of rules.

use std::sync::Arc;

use promql::{Series, SeriesError, SeriesRead, Settings, StartTimes};
use signals::metric::Samples;
use signals::time::MILLISECOND;
use signals::{Labels, MemoryBudget, MemoryReservation};

use crate::instruments::Language;
use crate::logql::{Direction, Value};
use crate::source::Selection;
use crate::{Engine, QueryError, SampleRange, running};

/// What is stored, for one query that consists of many.
pub struct History {
    engine: Engine,
}

impl std::fmt::Debug for History {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("History").finish_non_exhaustive()
    }
}

impl Engine {
    /// Runs work that makes many queries as one query: it waits for its turn, has threads of its
    /// own, ends at [`crate::Limits::timeout`], and is cancelled when the returned future is dropped.
    ///
    /// # Errors
    /// See [`QueryError`], and those of `work`.
    pub async fn with_history<T, F>(&self, work: impl FnOnce(History) -> F) -> Result<T, QueryError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, QueryError>> + Send + 'static,
    {
        self.within(Language::Promql, |engine| work(History { engine })).await
    }
}

impl History {
    /// The series that satisfy all conditions and may have samples in the range.
    ///
    /// # Errors
    /// See [`QueryError`].
    pub async fn select(
        &self,
        range: &SampleRange,
    ) -> Result<Vec<Box<dyn SeriesRead>>, QueryError> {
        let SampleRange { matchers, start_ms, end_ms } = range;
        let memory = Arc::new(self.memory().reservation());
        let series_max = self.engine.limits.series_max;
        let selection = Selection { matchers, start_ms: *start_ms, end_ms: *end_ms, series_max };
        let found = self.engine.source.select(selection, &memory).await?;
        let charged = |series| -> Box<dyn SeriesRead> {
            Box::new(Charged { series, _memory: Arc::clone(&memory) })
        };
        Ok(found.into_iter().map(charged).collect())
    }

    /// The result of a metric query of LogQL at `start_ms, start_ms + step_ms, … <= end_ms`.
    ///
    /// # Errors
    /// See [`QueryError`].
    pub async fn logql_range(
        &self,
        query: &str,
        start_ms: i64,
        end_ms: i64,
        step_ms: i64,
    ) -> Result<Vec<Series>, QueryError> {
        let nanoseconds = |time_ms: i64| time_ms.saturating_mul(MILLISECOND);
        let range = [nanoseconds(start_ms), nanoseconds(end_ms)];
        let answer = self.engine.logs_in_range(query, range, step_ms, 0, Direction::Backward);
        let mut answer = answer.await?;
        match std::mem::replace(&mut answer.value, Value::Vector(Vec::new())) {
            Value::Matrix(series) => Ok(series),
            Value::Vector(_) | Value::Scalar { .. } | Value::Streams(_) => {
                Err(QueryError::Invalid("rule result is not a vector or scalar".to_owned()))
            }
        }
    }

    /// The memory of all queries.
    pub fn memory(&self) -> &MemoryBudget {
        &self.engine.limits.memory
    }

    /// How PromQL is evaluated.
    pub fn promql(&self) -> Settings {
        Settings { samples_max: self.engine.limits.samples_max, ..self.engine.promql.clone() }
    }

    /// Whether nobody waits for the answer any more. False outside of the work.
    pub fn is_cancelled(&self) -> bool {
        running::check().is_err()
    }
}

/// A series with the memory of all series that were selected with it.
#[derive(Debug)]
struct Charged {
    series: Box<dyn SeriesRead>,
    _memory: Arc<MemoryReservation>,
}

impl SeriesRead for Charged {
    fn labels(&self) -> &Labels {
        self.series.labels()
    }

    fn samples_max(&self) -> u64 {
        self.series.samples_max()
    }

    fn read(&self, start_ms: i64, end_ms: i64, samples: &mut Samples) -> Result<(), SeriesError> {
        self.series.read(start_ms, end_ms, samples)
    }

    fn read_with_starts(
        &self,
        start_ms: i64,
        end_ms: i64,
        samples: &mut Samples,
        starts: &mut StartTimes,
    ) -> Result<(), SeriesError> {
        self.series.read_with_starts(start_ms, end_ms, samples, starts)
    }
}
