//! Scrapes one target at its interval, until it is removed.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use foldhash::fast::RandomState;
use parking_lot::Mutex;
use signals::time::MILLISECOND;
use signals::{Batch, Labels, MemoryReservation, SeriesBatch, SeriesRef, Signal};
use store::metrics::SeriesAppended;
use store::{BatchAppended, Durability, StoreError, WriteRequest};
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior};

use super::Shared;
use super::job::{Job, Page};
use super::page::{PageCounts, PageReader, PageState, Read, mark_stale};
use super::report::{Report, ReportSeries};
use super::schedule::Schedule;
use super::status::{Health, LastScrape, TargetState};
use super::target::Target;
use http_client::without_password;

/// Larger pages are read on a blocking thread.
const INLINE_BYTES_MAX: usize = 256 << 10;

/// Whether and why a loop ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Ending {
    /// It goes on.
    #[default]
    Running,
    /// The target is gone: its series get stale markers.
    Removed,
    /// The process stops.
    Shutdown,
}

/// A target and everything that outlives one scrape.
pub(super) struct TargetLoop {
    target: Arc<Target>,
    shared: Arc<Shared>,
    status: TargetState,
    state: PageState,
    reports: ReportSeries,
    /// Why no target of the job is scraped; empty if they are.
    job_error: JobError,
    /// The settings that the series of `state` were relabelled with.
    job: Arc<Job>,
    memory: MemoryReservation,
}

/// Why no target of a job is scraped, shared by all of them; empty if they are.
pub(super) type JobError = Arc<Mutex<String>>;

/// Why a page was not read, and what was counted before.
type Refused = (String, PageCounts);

impl TargetLoop {
    pub(super) fn new(
        target: Arc<Target>,
        job: Arc<Job>,
        shared: Arc<Shared>,
        status: TargetState,
        job_error: JobError,
    ) -> Self {
        let reports = ReportSeries::new(&target.labels, job.has_extra_metrics);
        let memory = shared.series_memory.reservation();
        let state = PageState::default();
        Self { target, shared, status, state, reports, job_error, job, memory }
    }

    /// Scrapes until the end.
    pub(super) async fn run(
        mut self,
        jobs: watch::Receiver<Arc<Job>>,
        mut ending: watch::Receiver<Ending>,
    ) {
        let mut schedule = Schedule::new(&self.target, self.now_ms());
        let first = Instant::now() + schedule.offset();
        let mut ticks = tokio::time::interval_at(first, self.target.interval);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                _ = ending.wait_for(|ending| *ending != Ending::Running) => break,
            }
            let job = Arc::clone(&jobs.borrow());
            let scraped_at_ms = schedule.align(self.now_ms());
            self.scrape(job, scraped_at_ms).await;
        }
        if *ending.borrow() == Ending::Removed {
            self.end().await;
        }
    }

    fn now_ms(&self) -> i64 {
        self.shared.clock.now().div_euclid(MILLISECOND)
    }

    /// Fetches, reads and stores a page.
    async fn scrape(&mut self, job: Arc<Job>, scraped_at_ms: i64) {
        let mut of_other_settings = Vec::new();
        if !Arc::ptr_eq(&job, &self.job) {
            of_other_settings = self.state.take_all();
            if job.has_extra_metrics != self.job.has_extra_metrics {
                self.reports = ReportSeries::new(&self.target.labels, job.has_extra_metrics);
            }
            self.job = job;
        }
        let (started_at, began) = (self.shared.clock.now(), Instant::now());
        let fetched = self.fetch().await;
        let duration = began.elapsed();
        let read = match &fetched {
            Ok(page) => self.read(page, scraped_at_ms).await,
            Err(error) => Err((error.clone(), PageCounts::default())),
        };
        let report = self.report(&fetched, &read, duration);
        let (health, error) = match (read, &fetched) {
            (Ok(read), Ok(page)) => match self.store(read, page, &report, scraped_at_ms).await {
                Ok(refused) => (Health::Up, refused),
                Err(error) => {
                    self.state.roll_back();
                    (Health::Down, format!("the samples were not stored: {error}"))
                }
            },
            (read, fetched) => {
                let error = match (read, fetched) {
                    (Err((error, _)), _) => error,
                    (Ok(_), fetched) => fetched.as_ref().err().cloned().unwrap_or_default(),
                };
                if let Some(log) = &self.job.failure_log {
                    let (job, url) =
                        (&self.job.config.job_name, without_password(&self.target.url));
                    log.write(started_at, job, &url, &error).await;
                }
                of_other_settings.append(&mut self.state.take_all());
                let stored = self.store_failure(&report, scraped_at_ms).await;
                if let Err(store_error) = stored {
                    tracing::warn!(target = without_password(&self.target.url), %store_error, "the result of a scrape was not stored");
                }
                (Health::Down, error)
            }
        };
        self.mark_stale(of_other_settings, scraped_at_ms).await;
        self.memory.set(self.state.cache.bytes());
        *self.status.last.lock() = LastScrape {
            health,
            started_at: Some(started_at),
            duration,
            error,
            samples: report.counts.scraped,
            body_bytes: usize::try_from(report.body_bytes).unwrap_or_default(),
        };
    }

    async fn fetch(&self) -> Result<Page, String> {
        let job_error = self.job_error.lock().clone();
        if !job_error.is_empty() {
            return Err(job_error);
        }
        let timeout = self.target.timeout;
        match tokio::time::timeout(timeout, self.job.fetch(&self.target)).await {
            Ok(fetched) => fetched,
            Err(_elapsed) => Err(format!(
                "Get {:?}: context deadline exceeded (no answer within {timeout:?})",
                without_password(&self.target.url)
            )),
        }
    }

    fn report(
        &self,
        fetched: &Result<Page, String>,
        read: &Result<Read, Refused>,
        duration: Duration,
    ) -> Report {
        let body_bytes = fetched.as_ref().map_or(0, |page| page.body.len());
        Report {
            is_up: read.is_ok(),
            duration,
            counts: match read {
                Ok(read) => read.counts,
                Err((_, counts)) => *counts,
            },
            timeout: self.target.timeout,
            sample_limit: self.job.options.limits.samples,
            body_bytes: i64::try_from(body_bytes).unwrap_or(i64::MAX),
        }
    }

    /// Reads a page into a batch.
    async fn read(&mut self, page: &Page, scraped_at_ms: i64) -> Result<Read, Refused> {
        let reading = Reading {
            job: Arc::clone(&self.job),
            target: Arc::clone(&self.target),
            status: self.status.clone(),
            page: page.clone(),
            scraped_at_ms,
            series_max: self.series_max(),
        };
        if page.body.len() <= INLINE_BYTES_MAX {
            return reading.read(&mut self.state);
        }
        let _turn = self.shared.readers.acquire().await;
        let mut state = std::mem::take(&mut self.state);
        let read = tokio::task::spawn_blocking(move || {
            let read = reading.read(&mut state);
            (state, read)
        });
        let Ok((state, read)) = read.await else {
            return Err(("the process is stopping".to_owned(), PageCounts::default()));
        };
        self.state = state;
        read
    }

    /// Series that the target may have: no new ones when the memory for all targets is used up.
    fn series_max(&self) -> usize {
        let memory = &self.shared.series_memory;
        if memory.bytes_taken() < memory.bytes_max() {
            self.shared.series_per_target_max
        } else {
            self.state.cache.indexed().min(self.shared.series_per_target_max)
        }
    }

    /// Stores a page and learns the references of its series. Returns why samples were refused, or
    /// an empty text.
    async fn store(
        &mut self,
        mut read: Read,
        page: &Page,
        report: &Report,
        scraped_at_ms: i64,
    ) -> Result<String, StoreError> {
        let mut batch = std::mem::take(&mut read.batch);
        let (metadata, exemplars) = (batch.metadata.clone(), batch.exemplars.clone());
        self.reports.push(&mut batch, report, scraped_at_ms);
        let appended = match self.append(batch).await {
            // References end when their series had no sample for a whole flush interval.
            Err(StoreError::UnknownSeries) => {
                self.state.roll_back();
                self.state.cache.forget_references();
                self.reports.forget_references();
                let Ok(mut again) = self.read(page, scraped_at_ms).await else {
                    return Err(StoreError::UnknownSeries);
                };
                let mut batch = std::mem::take(&mut again.batch);
                // The first reading took them.
                (batch.metadata, batch.exemplars) = (metadata, exemplars);
                self.reports.push(&mut batch, report, scraped_at_ms);
                read = again;
                self.append(batch).await?
            }
            appended => appended?,
        };
        self.reports.learn(&appended.series);
        self.state.commit(&read, &appended.series);
        let (stored, job) = (appended.samples, self.job.config.job_name.clone());
        let refused_count = read.counts.refused + appended.refused.len();
        let services = [(job, stored)];
        let statistics = &self.shared.statistics;
        statistics.items(Signal::Metrics, stored as u64, refused_count as u64, &services);
        Ok(refused(&read, &appended))
    }

    /// Stores stale markers of all series, and that the target is down.
    async fn store_failure(
        &mut self,
        report: &Report,
        scraped_at_ms: i64,
    ) -> Result<(), StoreError> {
        let batch = |reports: &ReportSeries| {
            let mut batch = SeriesBatch::default();
            reports.push(&mut batch, report, scraped_at_ms);
            batch
        };
        let appended = match self.append(batch(&self.reports)).await {
            Err(StoreError::UnknownSeries) => {
                self.reports.forget_references();
                self.append(batch(&self.reports)).await?
            }
            appended => appended?,
        };
        self.reports.learn(&appended.series);
        Ok(())
    }

    /// Stores stale markers of series that are no longer on the page.
    async fn mark_stale(&self, series: Vec<SeriesRef>, timestamp_ms: i64) {
        if series.is_empty() {
            return;
        }
        let present: HashSet<SeriesRef, RandomState> = self.state.cache.stored().collect();
        let mut batch = SeriesBatch::default();
        for series in series.into_iter().filter(|series| !present.contains(series)) {
            mark_stale(&mut batch, series.into(), timestamp_ms);
        }
        self.append_markers(batch).await;
    }

    /// After the target was removed, marks all its series as stale unless it appears again.
    async fn end(mut self) {
        let stale_at_ms = self.now_ms();
        tokio::time::sleep(self.target.interval * 2 + self.target.interval / 10).await;
        if self.shared.is_scraped(&self.target.labels) {
            return;
        }
        let mut batch = SeriesBatch::default();
        for series in self.state.take_all() {
            mark_stale(&mut batch, series.into(), stale_at_ms);
        }
        self.reports.mark_stale(&mut batch, stale_at_ms);
        self.append_markers(batch).await;
    }

    async fn append_markers(&self, batch: SeriesBatch) {
        if batch.is_empty() {
            return;
        }
        if let Err(error) = self.append(batch).await {
            tracing::warn!(target = without_password(&self.target.url), %error, "stale markers were not stored");
        }
    }

    async fn append(&self, batch: SeriesBatch) -> Result<SeriesAppended, StoreError> {
        let request = WriteRequest {
            received_at: self.shared.clock.now(),
            batches: vec![Batch::Metrics(batch)],
            durability: Durability::WithinSecond,
            ..WriteRequest::default()
        };
        let appended = self.shared.store.append(request).await?;
        Ok(match appended.batches.into_iter().next() {
            Some(BatchAppended::Metrics(appended)) => appended,
            _ => SeriesAppended::default(),
        })
    }
}

/// What reading a page needs, to be moved to another thread.
struct Reading {
    job: Arc<Job>,
    target: Arc<Target>,
    status: TargetState,
    page: Page,
    scraped_at_ms: i64,
    series_max: usize,
}

impl Reading {
    fn read(&self, state: &mut PageState) -> Result<Read, Refused> {
        // Unwind safe: after a panic the state is discarded.
        let read = catch_unwind(AssertUnwindSafe(|| {
            let metadata = &mut self.status.metadata.lock();
            let (options, labels) = (&self.job.options, &self.target.labels);
            PageReader::new(
                options,
                labels,
                self.scraped_at_ms,
                self.series_max,
                &mut *state,
                metadata,
            )
            .read(&self.page.body, self.page.format)
        }));
        match read {
            Ok(Ok(read)) => Ok(read),
            Ok(Err((error, counts))) => {
                state.roll_back();
                Err((error.to_string(), counts))
            }
            Err(_panic) => {
                tracing::error!(
                    target = without_password(&self.target.url),
                    bytes = self.page.body.len(),
                    "reading a page panicked"
                );
                *state = PageState::default();
                let message = "the page cannot be read (an internal error)";
                Err((message.to_owned(), PageCounts::default()))
            }
        }
    }
}

/// Why samples of a page were not stored, with a metric as an example.
fn refused(read: &Read, appended: &SeriesAppended) -> String {
    let mut message = String::new();
    let mut say = |count: usize, reason: &str, metric: Option<&str>| {
        if count > 0 {
            let separator = if message.is_empty() { "" } else { "; " };
            let _ = write!(message, "{separator}{count} samples refused: {reason}");
            if let Some(metric) = metric {
                let _ = write!(message, ", for example of {metric}");
            }
        }
    };
    let counts = read.counts;
    let reason = "the target has as many series as it may have";
    say(counts.refused, reason, read.refused_metric.as_deref());
    say(counts.in_the_future, "their timestamps are more than 10 minutes ahead", None);
    if let Some(first) = appended.refused.first() {
        let is_refused =
            |index: &u32| appended.series.get(*index as usize).is_some_and(Option::is_none);
        let series = read.new_series.iter().find(|(_, index)| is_refused(index));
        let metric = series.map(|(labels, _): (&Labels, _)| labels.metric_name());
        say(appended.refused.len(), &first.reason.to_string(), metric);
    }
    message
}
