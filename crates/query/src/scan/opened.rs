//! The files that a query is reading, so that a damaged one can be identified and quarantined.
//!
//! Errors while a file is decoded do not name the file. Each partition of a scan reads one file
//! after the other, so the damaged file is one of the last that the partitions opened: the store
//! verifies the checksums of those.

use std::collections::HashMap;
use std::fmt::{self, Debug, Formatter};
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::sync::{Arc, Mutex, PoisonError};

use datafusion::arrow::error::ArrowError;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::ParquetFileReaderFactory;
use datafusion::datasource::physical_plan::parquet::CachedParquetFileReaderFactory;
use datafusion::error::DataFusionError;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::parquet::arrow::async_reader::AsyncFileReader;
use datafusion::physical_plan::metrics::ExecutionPlanMetricsSet;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::StreamExt;
use object_store::path::Path;
use store::StoreError;

use crate::source::Source;

/// Files that a partition may be reading: one, while it opens the next.
const OPEN_AT_ONCE: usize = 2;

/// The files that one query opened last.
pub(crate) struct Opened {
    source: Arc<dyn Source>,
    files: Mutex<Files>,
}

#[derive(Default)]
struct Files {
    scans: usize,
    /// By scan and partition, the newest last.
    last: HashMap<(usize, usize), Vec<Path>>,
}

impl Opened {
    pub(crate) fn new(source: Arc<dyn Source>) -> Self {
        Self { source, files: Mutex::default() }
    }

    /// A factory of readers for one scan of the query.
    pub(crate) fn recording_factory(
        self: &Arc<Self>,
        readers: CachedParquetFileReaderFactory,
    ) -> Arc<dyn ParquetFileReaderFactory> {
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        files.scans += 1;
        Arc::new(RecordingReaderFactory { readers, opened: Arc::clone(self), scan: files.scans })
    }

    fn record(&self, scan: usize, partition: usize, path: Path) {
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        let last = files.last.entry((scan, partition)).or_default();
        if last.last() == Some(&path) {
            return;
        }
        if last.len() == OPEN_AT_ONCE {
            last.remove(0);
        }
        last.push(path);
    }

    /// Watches the rows of the query. When a read fails, the files are verified, and the error
    /// names the damaged one.
    pub(crate) fn watch(
        self: Arc<Self>,
        rows: SendableRecordBatchStream,
    ) -> SendableRecordBatchStream {
        let schema = rows.schema();
        // The Parquet reader panics on some damaged pages.
        let rows = StreamExt::catch_unwind(AssertUnwindSafe(rows)).then(move |next| {
            let opened = Arc::clone(&self);
            async move {
                match next {
                    Ok(Ok(batch)) => Ok(batch),
                    Ok(Err(error)) if !is_of_reading(&error) => Err(error),
                    Ok(Err(error)) => Err(opened.damage().await.unwrap_or(error)),
                    Err(panic) => match opened.damage().await {
                        Some(error) => Err(error),
                        None => resume_unwind(panic),
                    },
                }
            }
        });
        Box::pin(RecordBatchStreamAdapter::new(schema, rows))
    }

    /// The error of a damaged file, if there is one.
    async fn damage(&self) -> Option<DataFusionError> {
        let files: Vec<Path> = {
            let files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
            files.last.values().flatten().cloned().collect()
        };
        match self.source.verify(&files).await {
            Ok(aside) => {
                let first = aside.into_iter().next()?;
                let error = StoreError::Unreadable { path: first.source, reason: first.reason };
                Some(DataFusionError::External(Box::new(error)))
            }
            Err(error) => {
                tracing::warn!(%error, "files that a query could not read were not verified");
                None
            }
        }
    }
}

impl Debug for Opened {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("Opened")
    }
}

/// Whether an error may come from a damaged file.
fn is_of_reading(error: &DataFusionError) -> bool {
    match error.find_root() {
        DataFusionError::ParquetError(_)
        | DataFusionError::ObjectStore(_)
        | DataFusionError::IoError(_) => true,
        DataFusionError::ArrowError(error, _) => matches!(
            error.as_ref(),
            ArrowError::ParquetError(_) | ArrowError::ExternalError(_) | ArrowError::IoError(..)
        ),
        _ => false,
    }
}

#[derive(Debug)]
struct RecordingReaderFactory {
    readers: CachedParquetFileReaderFactory,
    opened: Arc<Opened>,
    scan: usize,
}

impl ParquetFileReaderFactory for RecordingReaderFactory {
    fn create_reader(
        &self,
        partition_index: usize,
        partitioned_file: PartitionedFile,
        metadata_size_hint: Option<usize>,
        metrics: &ExecutionPlanMetricsSet,
    ) -> Result<Box<dyn AsyncFileReader + Send>, DataFusionError> {
        let path = partitioned_file.object_meta.location.clone();
        self.opened.record(self.scan, partition_index, path);
        self.readers.create_reader(partition_index, partitioned_file, metadata_size_hint, metrics)
    }
}
