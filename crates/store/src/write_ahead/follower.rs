//! Reads the metrics of the log in order, as they become durable. The log is the queue of remote
//! write: see decision 0032.

use std::io;
use std::sync::Arc;

use signals::{Labels, SeriesBatch, SeriesRef};
use tokio::sync::watch;

use super::format::SEGMENT_HEADER;
use super::reader::{Found, SegmentReader};
use super::record::logged_metrics;
use super::segments::{OpenSegments, Readable};
use crate::StoreError;
use crate::files::FileReader;

/// What follows in the log.
#[derive(Debug)]
pub enum LoggedMetrics {
    /// A new segment: series are defined again before records refer to them.
    Segment,
    /// Labels of series that batches after this refer to.
    Series(Vec<(SeriesRef, Labels)>),
    /// Admitted samples, exemplars, start times and metadata; all series are references.
    Batch(SeriesBatch),
}

/// A stretch of the log.
#[derive(Debug, Default)]
pub struct LogRead {
    /// In the order of the log.
    pub records: Vec<LoggedMetrics>,
    /// The sequence of the last record; [`Confirmations::confirm`] takes it.
    pub sequence: u64,
    /// Samples in it.
    pub samples: usize,
    /// Size of the records without compression, in bytes.
    pub bytes: usize,
    /// Records that were removed before they were read, because the log was full, or that are
    /// damaged.
    pub lost_records: u64,
}

impl LogRead {
    /// Adds what a record holds of metrics; without the samples if they were sent before.
    fn add(&mut self, payload: &[u8], is_sent: bool) {
        self.bytes += payload.len();
        let Ok(records) = logged_metrics(payload) else {
            self.lost_records += 1;
            return;
        };
        for record in records {
            if let LoggedMetrics::Batch(batch) = &record {
                if is_sent {
                    continue;
                }
                self.samples += batch.samples.len() + batch.histograms.len();
            }
            self.records.push(record);
        }
    }
}

/// Reads the metrics of the log from where its last use ended. The log keeps what is not confirmed,
/// up to [`crate::Config::followed_bytes_max`].
pub struct Follower {
    segments: Arc<OpenSegments>,
    durable: watch::Receiver<u64>,
    name: String,
    /// The sequence of the last record that was read.
    sequence: u64,
    /// Records up to this sequence were sent before; only their definitions are read.
    confirmed: u64,
    current: Option<Current>,
}

/// An open segment.
struct Current {
    file: Box<dyn FileReader>,
    first_sequence: u64,
    offset: u64,
}

/// Tells the log what of it is no longer needed.
#[derive(Clone)]
pub struct Confirmations {
    segments: Arc<OpenSegments>,
    name: String,
}

impl Confirmations {
    /// The log needs no longer keep what was read up to a sequence. This is stored every few
    /// seconds: after a crash, the records in between are read again. Blocks the thread.
    ///
    /// # Errors
    /// [`StoreError::Io`]; the next call stores the position again.
    pub fn confirm(&self, sequence: u64) -> Result<(), StoreError> {
        Ok(self.segments.followers.confirm(&self.name, sequence)?)
    }
}

impl Follower {
    pub(super) fn new(segments: Arc<OpenSegments>, name: &str) -> io::Result<Self> {
        let durable = segments.durable();
        let last = *durable.borrow();
        // Greater only if the log was lost.
        let confirmed = segments.followers.position(name, last)?.min(last);
        let name = name.to_owned();
        Ok(Self { segments, durable, name, sequence: confirmed, confirmed, current: None })
    }

    /// Waits until there are records after those that were read; does not return once the log has
    /// ended.
    pub async fn wait(&mut self) {
        let sequence = self.sequence;
        if self.durable.wait_for(|durable| *durable > sequence).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Number of durable records that were not read yet.
    #[must_use]
    pub fn behind(&self) -> u64 {
        self.durable.borrow().saturating_sub(self.sequence)
    }

    /// Reads records until they hold so many samples, or up to the last durable one. Blocks the
    /// thread while it reads files.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub fn read(&mut self, samples_max: usize) -> Result<LogRead, StoreError> {
        let mut read = LogRead::default();
        while read.samples < samples_max && self.behind() > 0 {
            let Some(segment) = self.segments.after(self.sequence) else { break };
            if !self.open(&segment, &mut read)? {
                continue;
            }
            self.read_segment(&segment, samples_max, &mut read)?;
        }
        read.sequence = self.sequence;
        Ok(read)
    }

    /// Confirms what was read, independently of reading.
    #[must_use]
    pub fn confirmations(&self) -> Confirmations {
        Confirmations { segments: Arc::clone(&self.segments), name: self.name.clone() }
    }

    /// Opens a segment unless it is open. Returns false if it is gone.
    fn open(&mut self, segment: &Readable, read: &mut LogRead) -> io::Result<bool> {
        if self.current.as_ref().is_some_and(|it| it.first_sequence == segment.first_sequence) {
            return Ok(true);
        }
        let first_sequence = segment.first_sequence;
        let file = match self.segments.files.open(&segment.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                read.lost_records += segment.last_sequence.saturating_sub(self.sequence);
                self.sequence = self.sequence.max(segment.last_sequence);
                return Ok(false);
            }
            file => file?,
        };
        let missed = first_sequence.saturating_sub(self.sequence + 1);
        read.lost_records += missed;
        self.sequence += missed;
        read.records.push(LoggedMetrics::Segment);
        self.current = Some(Current { file, first_sequence, offset: SEGMENT_HEADER as u64 });
        Ok(true)
    }

    /// Reads records of the open segment.
    fn read_segment(
        &mut self,
        segment: &Readable,
        samples_max: usize,
        read: &mut LogRead,
    ) -> Result<(), StoreError> {
        let Some(current) = &mut self.current else { return Ok(()) };
        let (writer, first) = (self.segments.writer, current.first_sequence);
        let range = current.offset..segment.bytes;
        let mut reader = SegmentReader::within(current.file.as_ref(), writer, first, range);
        while read.samples < samples_max {
            match reader.next()? {
                Some(Found::Record { sequence, payload, .. }) => {
                    read.add(&payload, sequence <= self.confirmed);
                    self.sequence = self.sequence.max(sequence);
                }
                Some(Found::Damage { .. } | Found::Tail { .. }) => read.lost_records += 1,
                None => {
                    // Damage at the end hides the last sequence.
                    self.sequence = self.sequence.max(segment.last_sequence);
                    break;
                }
            }
        }
        current.offset = reader.offset();
        Ok(())
    }
}

impl std::fmt::Debug for Follower {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "follower {} at {}", self.name, self.sequence)
    }
}

impl std::fmt::Debug for Confirmations {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "confirmations of follower {}", self.name)
    }
}
