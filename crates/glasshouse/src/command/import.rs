//! `glasshouse import`: takes over the history of a system that Glasshouse replaces.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Error, bail};
use clap::{Args, Subcommand};
use receive::DeltaTotals;
use receive::remote_read::{ReadError, RemoteReader};
use signals::metric::{HistogramSample, Sample};
use signals::time::{DAY, MILLISECOND, SystemClock};
use signals::{Batch, Clock, SeriesBatch};
use store::files::DiskFiles;
use store::metrics::Reason;
use store::{BatchAppended, Dependencies, Store, StoreError, WriteRequest};
use tsdb::{Block, Folder, Report, TimeRange};
use wire::remote::read::ReadSeries;

use super::{ServeArguments, print};
use crate::run::memory::Budgets;
use crate::run::{self, DataFolderError, settings};
use crate::{log, process};

/// What to import.
#[derive(Debug, Subcommand)]
pub(crate) enum Import {
    /// A Prometheus server: its data folder, or a running one by remote read
    Prometheus(PrometheusArguments),
}

#[derive(Debug, Args)]
pub(crate) struct PrometheusArguments {
    /// The folder with the blocks and the folder `wal`, or a URL such as <http://prometheus:9090>
    source: String,
    /// How far back a URL is read; the default is how long metrics are kept
    #[arg(long, value_parser = adopt::prometheus::parse_duration)]
    since: Option<Duration>,
    /// Where it goes: the configuration of a server that does not run meanwhile
    #[command(flatten)]
    server: ServeArguments,
}

const DAY_MS: i64 = DAY / MILLISECOND;
/// Samples of a batch from a running server, not counting those of its last series.
const BATCH_SAMPLES: usize = 100_000;
/// Days of one block.
const DAYS_MAX: i64 = 10_000;
/// Pause before a batch is tried again for which there was no room.
const RETRY: Duration = Duration::from_millis(50);
/// Tries before it fails: ten minutes.
const TRIES_MAX: usize = 12_000;

/// Runs the import.
pub(crate) fn run(import: &Import) -> anyhow::Result<()> {
    let Import::Prometheus(arguments) = import;
    let config = arguments.server.configuration()?;
    log::start(&config.log)?;
    let since = arguments.since.unwrap_or(config.retention.metrics.0);
    let source = Source::open(&arguments.source, since)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let data = run::data_folder(&config)?;
        process::raise_open_files();
        let budgets = Budgets::new(&config.limits);
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let dependencies = Dependencies::local(Arc::new(DiskFiles::new(&data)), Arc::clone(&clock));
        let totals = Arc::new(DeltaTotals::new());
        let (store, report) = Store::open(settings::store(&config, &budgets), dependencies, totals)
            .await
            .map_err(|source| DataFolderError { folder: data.clone(), source })?;
        run::report_recovery(&report);
        store.spawn();
        let mut importer = Importer { store: store.clone(), clock, counts: Counts::default() };
        let imported = match &source {
            Source::Folder(folder) => importer.folder(folder).await,
            Source::Server(reader, since) => importer.server(reader, *since).await,
        };
        store.close().await.context("what was imported is in the log")?;
        imported?;
        importer.counts.summary()
    })
}

/// What is imported.
enum Source {
    Folder(Folder),
    /// A running server, and how far back it is read.
    Server(Box<RemoteReader>, Duration),
}

impl Source {
    fn open(source: &str, since: Duration) -> anyhow::Result<Self> {
        if source.starts_with("http://") || source.starts_with("https://") {
            let reader = RemoteReader::new(source).map_err(Error::msg)?;
            return Ok(Self::Server(Box::new(reader), since));
        }
        let folder = Folder::open(source.as_ref(), tsdb::Limits::default())
            .with_context(|| format!("cannot read {source}"))?;
        if folder.blocks().is_empty() && !folder.has_head() && folder.refused().is_empty() {
            bail!("{source} has neither blocks nor a write-ahead log");
        }
        Ok(Self::Folder(folder))
    }
}

/// What became of the samples.
#[derive(Debug, Default)]
struct Counts {
    stored: usize,
    /// Of these, at the time of one that was stored before, with the same or another value.
    repeated: usize,
    exemplars: usize,
    refused: BTreeMap<String, usize>,
    /// Series, chunks, records and blocks that cannot be read.
    damaged: u64,
}

struct Importer {
    store: Store,
    clock: Arc<dyn Clock>,
    counts: Counts,
}

impl Importer {
    async fn folder(&mut self, folder: &Folder) -> anyhow::Result<()> {
        for refused in folder.refused() {
            self.counts.damaged += 1;
            tracing::error!("{refused}");
        }
        for block in folder.blocks() {
            self.block(block).await?;
        }
        match folder.head(TimeRange::ALL) {
            Ok(Some(mut head)) => {
                for batch in &mut head {
                    self.append(batch).await?;
                }
                self.report("head", head.report())?;
            }
            Ok(None) => {}
            Err(error) => self.unreadable("the write-ahead log", &error),
        }
        self.store.flush().await?;
        Ok(())
    }

    /// Imports a block day by day: memory holds the series of one or two days.
    async fn block(&mut self, block: &Block) -> anyhow::Result<()> {
        let TimeRange { min_ms, max_ms } = block.range();
        let days = min_ms.div_euclid(DAY_MS)..=max_ms.div_euclid(DAY_MS);
        let count = days.end().saturating_sub(*days.start()).saturating_add(1);
        if count > DAYS_MAX {
            let reason = format!("its meta.json has {count} days; at most {DAYS_MAX}");
            self.unreadable(block.name(), &reason);
            return Ok(());
        }
        for (i, day) in (1..).zip(days) {
            let start_ms = day.saturating_mul(DAY_MS);
            let end_ms = start_ms.saturating_add(DAY_MS - 1);
            let range = TimeRange { min_ms: min_ms.max(start_ms), max_ms: max_ms.min(end_ms) };
            let mut batches = match block.batches(range) {
                Ok(batches) => batches,
                Err(error) => {
                    self.unreadable(block.name(), &error);
                    return Ok(());
                }
            };
            for batch in &mut batches {
                self.append(batch).await?;
            }
            self.report(&format!("{}, day {i} of {count}", block.name()), batches.report())?;
            self.store.flush().await?;
        }
        Ok(())
    }

    /// Imports what a running server has, day by day and metric by metric.
    async fn server(&mut self, reader: &RemoteReader, since: Duration) -> anyhow::Result<()> {
        let now_ms = self.clock.now() / MILLISECOND;
        let since_ms = i64::try_from(since.as_millis()).unwrap_or(i64::MAX);
        let first_ms = now_ms.saturating_sub(since_ms).max(0);
        let days = first_ms.div_euclid(DAY_MS)..=now_ms.div_euclid(DAY_MS);
        let count = days.end() - days.start() + 1;
        for (i, day) in (1..).zip(days) {
            let start_ms = first_ms.max(day * DAY_MS);
            let range = (start_ms, now_ms.min(day * DAY_MS + DAY_MS - 1));
            let before = self.counts.stored;
            let names = reader.metric_names(range.0, range.1).await?;
            for name in &names {
                self.metric(reader, name, range).await?;
            }
            let stored = self.counts.stored - before;
            if stored > 0 {
                let metrics = names.len();
                print(&format!("day {i} of {count}: {stored} samples of {metrics} metrics\n"))?;
            }
            self.store.flush().await?;
        }
        Ok(())
    }

    /// Imports a range of a metric, in as many requests as it takes.
    async fn metric(
        &mut self,
        reader: &RemoteReader,
        name: &str,
        range: (i64, i64),
    ) -> anyhow::Result<()> {
        let mut ranges = vec![range];
        while let Some((start_ms, end_ms)) = ranges.pop() {
            match reader.read(name, start_ms, end_ms).await {
                Ok(series) => self.series(series).await?,
                Err(ReadError::TooLarge) if start_ms < end_ms => {
                    let middle_ms = start_ms + (end_ms - start_ms) / 2;
                    ranges.extend([(middle_ms + 1, end_ms), (start_ms, middle_ms)]);
                }
                Err(error) => return Err(error).with_context(|| format!("the metric {name}")),
            }
        }
        Ok(())
    }

    /// Stores series in batches of a bounded size.
    async fn series(&mut self, all: Vec<ReadSeries>) -> anyhow::Result<()> {
        let mut batch = SeriesBatch::default();
        for ReadSeries { labels, samples } in all {
            let series = u32::try_from(batch.series.len()).unwrap_or(u32::MAX);
            batch.series.push(labels.into());
            let floats = samples.timestamps.into_iter().zip(samples.values);
            batch.samples.extend(floats.map(|(timestamp_ms, value)| Sample {
                series,
                timestamp_ms,
                value,
            }));
            let histograms = samples.histograms.into_iter();
            batch.histograms.extend(histograms.map(|(timestamp_ms, histogram)| HistogramSample {
                series,
                timestamp_ms,
                histogram,
            }));
            if batch.samples.len() + batch.histograms.len() >= BATCH_SAMPLES {
                self.append(std::mem::take(&mut batch)).await?;
            }
        }
        if batch.is_empty() { Ok(()) } else { self.append(batch).await }
    }

    /// Counts what cannot be read; the rest is imported.
    fn unreadable(&mut self, what: &str, reason: &dyn Display) {
        self.counts.damaged += 1;
        tracing::error!("{what} is not imported: {reason}");
    }

    fn report(&mut self, what: &str, report: &Report) -> anyhow::Result<()> {
        self.counts.damaged += report.damaged();
        for damage in &report.damages {
            tracing::error!("{damage}");
        }
        print(&format!("{what}: {report}\n"))
    }

    /// Stores a batch; it waits for room.
    async fn append(&mut self, batch: SeriesBatch) -> anyhow::Result<()> {
        let mut tries = 0;
        loop {
            let batches = vec![Batch::Metrics(batch.clone())];
            let received_at = self.clock.now();
            let request = WriteRequest { received_at, batches, ..WriteRequest::default() };
            match self.store.append(request).await {
                Ok(appended) => {
                    self.counts.add(&appended.batches);
                    return Ok(());
                }
                // Room comes with the next flush, or when somebody frees some of the disk.
                Err(StoreError::Memory(_) | StoreError::Unavailable(_)) if tries < TRIES_MAX => {
                    tries += 1;
                    tokio::time::sleep(RETRY).await;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }
}

impl Counts {
    fn add(&mut self, appended: &[BatchAppended]) {
        for appended in appended {
            let BatchAppended::Metrics(metrics) = appended else { continue };
            self.stored += metrics.samples;
            self.repeated += metrics.duplicates;
            self.exemplars += metrics.exemplars;
            for refused in &metrics.refused {
                if refused.reason == Reason::Duplicate {
                    self.repeated += 1;
                    continue;
                }
                *self.refused.entry(refused.reason.to_string()).or_default() += 1;
            }
        }
    }

    /// The last lines of the output.
    fn summary(&self) -> anyhow::Result<()> {
        let Self { stored, repeated, exemplars, refused, damaged } = self;
        print(&format!(
            "{stored} samples and {exemplars} exemplars are stored; {repeated} samples came twice\n"
        ))?;
        for (reason, count) in refused {
            print(&format!("{count} are not stored: {reason}\n"))?;
        }
        if !refused.is_empty() || *damaged > 0 {
            bail!("not all is imported: the lines above say what is missing");
        }
        Ok(())
    }
}
