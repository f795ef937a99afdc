//! The thread that writes the log: group commit, rotation, and what happens when writing fails.
//!
//! Requests are queued. The thread writes and syncs all waiting requests as one group, and passes
//! it to a second thread that makes it visible and responds. The next group gathers during the
//! sync, so group commit needs no timer. A group of which no request asks for a sync is synced within
//! a second, with what follows.
//!
//! A write to a full disk is undone (the file is truncated to its last whole record) and retried
//! with the next request. Any other failure ends writing permanently: after a failed sync the
//! contents of the disk are unknown, so the process has to stop and recover by replay.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use parking_lot::Mutex;
use signals::{Clock, Labels, MemoryReservation, SeriesRef};
use tokio::sync::{oneshot, watch};

use super::FOLDER;
use super::follower::Follower;
use super::followers::Followers;
use super::format::{Encoded, SEGMENT_HEADER, SegmentHeader, VERSION, WriterId, segment_name};
use super::list::{self, Listed};
use super::queue::{GROUP_BYTES, Item, Pending, Queue};
use super::record::Payload;
use super::segments::{OpenSegments, Segment};
use crate::StoreError;
use crate::append::Durability;
use crate::files::{self, FileWriter, Files};
use crate::instruments::Instruments;
use crate::metrics::SeriesSet;
use crate::state::Work;

/// How long a record is not synced at most.
const UNSYNCED_MAX: Duration = Duration::from_secs(1);
/// Size of the labels at which a record of definitions is closed.
const DEFINITIONS_BYTES: usize = 4 << 20;
/// Groups that may wait to be made visible.
const GROUPS_WAITING: usize = 4;

/// Makes durable records visible, in order of sequences, from one thread.
pub(crate) trait Apply: Send + Sync + 'static {
    /// Called once for each group of records; `last_sequence` is that of the last one.
    fn apply(&self, group: Vec<Work>, last_sequence: u64);
    /// Called after a group is acknowledged, for deferred work.
    fn after_group(&self);
    /// The labels of a series that a record refers to, for its definition in the log.
    fn labels(&self, series: SeriesRef) -> Option<Labels>;
}

/// Parameters to start the log.
pub(crate) struct Start {
    pub(crate) files: Arc<dyn Files>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) writer: WriterId,
    pub(crate) next_sequence: u64,
    /// The last sequence before which the replay found damage, or 0.
    pub(crate) damaged_until: u64,
    /// Segments that were replayed, oldest first.
    pub(crate) closed: Vec<Segment>,
    pub(crate) segment_bytes: u64,
    pub(crate) followed_bytes_max: u64,
    pub(crate) instruments: Instruments,
}

/// The write-ahead log, open for writing.
pub(crate) struct Log {
    shared: Arc<Shared>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

struct Shared {
    files: Arc<dyn Files>,
    queue: Queue,
    segments: Arc<OpenSegments>,
    fatal: watch::Sender<Option<String>>,
}

/// Requests that are written.
struct Group {
    requests: Vec<Pending>,
    last_sequence: u64,
}

impl Log {
    /// Creates the first segment and starts the threads.
    pub(crate) fn start(start: Start, apply: Arc<dyn Apply>) -> io::Result<Self> {
        let (files, clock) = (Arc::clone(&start.files), Arc::clone(&start.clock));
        let followers = Followers::load(Arc::clone(&files), clock, start.followed_bytes_max);
        let sequences = (start.next_sequence.saturating_sub(1), start.damaged_until);
        let (writer, closed) = (start.writer, start.closed);
        let segments = OpenSegments::new(files, writer, followers, closed, sequences);
        let segments = Arc::new(segments);
        let shared = Arc::new(Shared {
            files: Arc::clone(&start.files),
            queue: Queue::default(),
            segments,
            fatal: watch::Sender::new(None),
        });
        let mut writer = Writer {
            shared: Arc::clone(&shared),
            clock: start.clock,
            id: start.writer,
            segment_bytes: start.segment_bytes,
            instruments: start.instruments,
            next_sequence: start.next_sequence,
            active: None,
            buffer: Vec::new(),
            apply: Arc::clone(&apply),
            defined: SeriesSet::default(),
            unsynced: None,
        };
        let first = format!("{FOLDER}/{}", segment_name(start.next_sequence));
        // The new segment replaces an empty one of the previous process.
        shared.segments.lock().closed.retain(|segment| segment.path != first);
        match writer.rotate() {
            // On a full disk it starts once there is room; until then everything is readable.
            Err(error) if files::is_full(&error) => {
                tracing::warn!(%error, "no disk space to create a segment of the write-ahead log");
            }
            other => other?,
        }
        let (sender, receiver) = sync_channel(GROUPS_WAITING);
        let writing = std::thread::Builder::new()
            .name("write-ahead".into())
            .spawn(move || writer.run(&sender))?;
        let applying = std::thread::Builder::new().name("write-ahead-apply".into()).spawn({
            let shared = Arc::clone(&shared);
            move || shared.apply_all(&receiver, apply.as_ref())
        })?;
        Ok(Self { shared, threads: Mutex::new(vec![writing, applying]) })
    }

    /// Queues a record. The response is sent when it is visible and, if asked for, durable.
    pub(crate) fn append(
        &self,
        encoded: Encoded,
        work: Work,
        durability: Durability,
        permit: MemoryReservation,
    ) -> Result<oneshot::Receiver<Result<(), StoreError>>, StoreError> {
        let (answer, answered) = oneshot::channel();
        let pending = Pending { encoded, work, durability, permit, answer };
        self.shared.queue.push(Item::Append(pending))?;
        Ok(answered)
    }

    /// Closes the active segment, so that a flush can free it.
    pub(crate) async fn rotate(&self) -> Result<(), StoreError> {
        let (answer, answered) = oneshot::channel();
        self.shared.queue.push(Item::Rotate(answer))?;
        answered.await.map_err(|_| stopped())?
    }

    /// Removes segments whose records are all in parts and that no follower needs.
    pub(crate) fn release(&self, sequence: u64) -> io::Result<()> {
        self.shared.segments.release(sequence)
    }

    /// The first sequence of the active segment.
    pub(crate) fn active_first_sequence(&self) -> u64 {
        self.shared.segments.active_first_sequence()
    }

    /// Size of all segments, in bytes.
    pub(crate) fn bytes(&self) -> u64 {
        self.shared.segments.bytes()
    }

    /// A reader of metrics that continues where its last use ended; a new one begins now.
    pub(crate) fn follow(&self, name: &str) -> io::Result<Follower> {
        Follower::new(Arc::clone(&self.shared.segments), name)
    }

    /// Removes the positions of all followers that are not among `names`.
    pub(crate) fn retain_followers(&self, names: &[String]) -> io::Result<()> {
        self.shared.segments.followers.retain(names)
    }

    /// The reason of a permanent failure, once there is one.
    pub(crate) fn fatal(&self) -> watch::Receiver<Option<String>> {
        self.shared.fatal.subscribe()
    }

    /// Ends writing permanently if the file of the active segment was deleted: recovery would not
    /// find records written to it.
    pub(crate) fn check_segment_exists(&self) {
        if let Some(path) = self.shared.segments.missing()
            && self.shared.fatal.borrow().is_none()
        {
            self.fail(&format!("{path} is missing: the data folder was removed or moved"));
        }
    }

    /// Ends writing permanently.
    pub(crate) fn fail(&self, reason: &str) {
        self.shared.fail(reason);
    }

    /// Accepts no more requests, writes the queued ones, and ends the threads.
    pub(crate) fn stop(&self) {
        self.shared.queue.stop();
        for thread in self.threads.lock().drain(..) {
            // A panic needs no report: dropping the senders has answered the requests.
            let _ = thread.join();
        }
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Shared {
    fn fail(&self, reason: &str) {
        tracing::error!(reason, "the write-ahead log failed: nothing is accepted until a restart");
        self.queue.close(format!("the write-ahead log failed: {reason}"));
        self.fatal.send_if_modified(|fatal| {
            let is_first = fatal.is_none();
            fatal.get_or_insert_with(|| reason.to_owned());
            is_first
        });
    }

    fn apply_all(&self, groups: &Receiver<Group>, apply: &dyn Apply) {
        for Group { requests, last_sequence } in groups {
            let mut work = Vec::with_capacity(requests.len());
            let mut answers = Vec::with_capacity(requests.len());
            for pending in requests {
                work.push(pending.work);
                answers.push((pending.permit, pending.answer));
            }
            let applied = catch_unwind(AssertUnwindSafe(|| apply.apply(work, last_sequence)));
            if applied.is_err() {
                self.fail("a record could not be made visible");
                return;
            }
            for (permit, answer) in answers {
                drop(permit);
                // The receiver is gone if the request was cancelled; its data is stored regardless.
                let _ = answer.send(Ok(()));
            }
            if catch_unwind(AssertUnwindSafe(|| apply.after_group())).is_err() {
                self.fail("the rows in memory could not be merged");
                return;
            }
        }
    }
}

fn stopped() -> StoreError {
    StoreError::Unavailable("the write-ahead log has stopped".into())
}

/// The state of the writing thread.
struct Writer {
    shared: Arc<Shared>,
    clock: Arc<dyn Clock>,
    id: WriterId,
    segment_bytes: u64,
    instruments: Instruments,
    next_sequence: u64,
    active: Option<Active>,
    buffer: Vec<u8>,
    apply: Arc<dyn Apply>,
    /// The series that the active segment defines.
    defined: SeriesSet,
    /// When the first record was written that is not synced, by the monotonic clock.
    unsynced: Option<Duration>,
}

struct Active {
    path: String,
    file: Box<dyn FileWriter>,
    listed: Listed,
    /// Length of the file up to the last whole record.
    length: u64,
    /// Bytes of these records that only define series.
    definition_bytes: u64,
}

enum Failure {
    /// The write was undone; the next request may succeed.
    Full(String),
    /// The log cannot be written any more.
    Fatal(String),
}

impl Writer {
    fn run(mut self, written: &SyncSender<Group>) {
        loop {
            let (group, then) = self.shared.queue.gather(self.until_sync());
            if !group.is_empty() && !self.commit(group, written) {
                break;
            }
            let is_due = self.until_sync().is_some_and(|until| until.is_zero());
            if (is_due || then.is_some())
                && let Err(Failure::Fatal(reason) | Failure::Full(reason)) = self.sync()
            {
                self.shared.fail(&reason);
                break;
            }
            match then {
                Some(Item::Rotate(answer)) => {
                    let rotated = self.rotate().map_err(|error| {
                        if !files::is_full(&error) {
                            self.shared.fail(&error.to_string());
                        }
                        StoreError::Io(error.to_string())
                    });
                    let _ = answer.send(rotated);
                }
                Some(Item::Stop) => break,
                Some(Item::Append(_)) | None => {}
            }
        }
        // Dropping the senders answers the requests that still wait.
        self.shared.queue.clear();
    }

    /// The time until the next sync; `None` if everything is synced.
    fn until_sync(&self) -> Option<Duration> {
        let waited = self.clock.monotonic().saturating_sub(self.unsynced?);
        Some(UNSYNCED_MAX.saturating_sub(waited))
    }

    /// Writes a group and passes it on. Returns whether the log continues.
    fn commit(&mut self, group: Vec<Pending>, written: &SyncSender<Group>) -> bool {
        if self.shared.fatal.borrow().is_some() {
            return false;
        }
        match self.write(&group) {
            Ok(()) => {
                let last_sequence = self.next_sequence - 1;
                written.send(Group { requests: group, last_sequence }).is_ok()
            }
            Err(failure) => {
                // Definitions in the records that were undone are undone, too.
                self.defined.clear();
                let (message, goes_on) = match failure {
                    Failure::Full(reason) => (format!("the disk is full: {reason}"), true),
                    Failure::Fatal(reason) => {
                        self.shared.fail(&reason);
                        (format!("the write-ahead log failed: {reason}"), false)
                    }
                };
                tracing::warn!(message, requests = group.len(), "requests were not stored");
                for pending in group {
                    let _ = pending.answer.send(Err(StoreError::Unavailable(message.clone())));
                }
                goes_on
            }
        }
    }

    fn write(&mut self, group: &[Pending]) -> Result<(), Failure> {
        // Definitions do not count: with many series they would fill every segment.
        let is_long = |active: &Active| {
            active.length.saturating_sub(active.definition_bytes) >= self.segment_bytes
        };
        if self.active.as_ref().is_none_or(is_long) {
            self.sync()?;
            if let Err(error) = self.rotate()
                && !(files::is_full(&error) && self.active.is_some())
            {
                // Without room for a new segment the old one may still have some.
                let reason = error.to_string();
                let full = files::is_full(&error);
                return Err(if full { Failure::Full(reason) } else { Failure::Fatal(reason) });
            }
        }
        self.buffer.clear();
        self.buffer.shrink_to(2 * GROUP_BYTES);
        let mut sequence = self.next_sequence;
        let mut definition_bytes = 0;
        for pending in group {
            let definitions = self.definitions(&pending.work);
            let definitions = definitions.map_err(|error| Failure::Fatal(error.to_string()))?;
            for definitions in definitions {
                definition_bytes += definitions.stored_bytes() as u64;
                definitions.write(self.id, sequence, &mut self.buffer);
                sequence += 1;
            }
            pending.encoded.write(self.id, sequence, &mut self.buffer);
            sequence += 1;
        }
        let Some(active) = &mut self.active else {
            return Err(Failure::Fatal("there is no segment".into()));
        };
        match active.file.write_at(&self.buffer, active.length) {
            Ok(()) => {}
            Err(error) if files::is_full(&error) => {
                let undone = active.file.truncate(active.length).and_then(|()| active.file.sync());
                return Err(match undone {
                    Ok(()) => Failure::Full(error.to_string()),
                    Err(undo) => Failure::Fatal(format!("{error}, and cutting it off: {undo}")),
                });
            }
            Err(error) => return Err(Failure::Fatal(format!("{}: {error}", active.path))),
        }
        self.instruments.log_written(self.buffer.len());
        active.length += self.buffer.len() as u64;
        active.definition_bytes += definition_bytes;
        self.next_sequence = sequence;
        self.unsynced.get_or_insert_with(|| self.clock.monotonic());
        if group.iter().any(|pending| pending.durability == Durability::BeforeResponse) {
            self.sync()?;
        }
        Ok(())
    }

    /// Makes durable what is written.
    fn sync(&mut self) -> Result<(), Failure> {
        if self.unsynced.is_none() {
            return Ok(());
        }
        let Some(active) = &mut self.active else { return Ok(()) };
        let began = self.clock.monotonic();
        if let Err(error) = active.file.sync() {
            return Err(Failure::Fatal(format!("{}: {error}", active.path)));
        }
        self.unsynced = None;
        self.instruments.log_synced(self.clock.monotonic().saturating_sub(began));
        self.shared.segments.written(active.length, self.next_sequence - 1);
        Ok(())
    }

    /// Records with the labels of the series that this segment does not define yet, so that it can
    /// be read without those before it.
    fn definitions(&mut self, work: &Work) -> Result<Vec<Encoded>, StoreError> {
        let mut records = Vec::new();
        let mut definitions = Vec::new();
        let mut bytes = 0;
        let mut close = |definitions: &mut Vec<_>| {
            let mut payload = Payload::default();
            payload.push_definitions(definitions);
            definitions.clear();
            records.push(Encoded::new(self.clock.now(), payload.into_bytes())?);
            Ok::<_, StoreError>(())
        };
        for series in &work.series {
            if !self.defined.insert(*series) {
                continue;
            }
            // Series of requests in flight are kept in memory.
            let Some(labels) = self.apply.labels(*series) else { continue };
            bytes += labels.as_bytes().len();
            definitions.push((*series, labels));
            if bytes >= DEFINITIONS_BYTES {
                close(&mut definitions)?;
                bytes = 0;
            }
        }
        if !definitions.is_empty() {
            close(&mut definitions)?;
        }
        Ok(records)
    }

    /// Switches to a new segment, whose name is durable before anything is written into it. All
    /// records of the active one are synced.
    fn rotate(&mut self) -> io::Result<()> {
        let is_empty = |active: &Active| active.length == SEGMENT_HEADER as u64;
        if self.active.as_ref().is_some_and(is_empty) {
            return Ok(());
        }
        let files = Arc::clone(&self.shared.files);
        let files = files.as_ref();
        let path = format!("{FOLDER}/{}", segment_name(self.next_sequence));
        let header = SegmentHeader {
            version: VERSION,
            writer: self.id,
            first_sequence: self.next_sequence,
            created: self.clock.now(),
        };
        let listed = Listed { first_sequence: self.next_sequence, created: header.created };
        // Replaces a failed attempt, or an empty segment of the previous process.
        files::replace(files, &path, &format!("{path}.new"), &header.encode())?;
        // Held until the segment is active, so that no release writes a list without it.
        let shared = Arc::clone(&self.shared);
        let _list = shared.segments.lock_list();
        let mut segments = shared.segments.lock().listed(0);
        segments.push(listed);
        list::write(files, &segments)?;
        let file = files.edit(&path)?;
        let length = SEGMENT_HEADER as u64;
        let active = Active { path, file, listed, length, definition_bytes: 0 };
        self.defined.clear();
        let mut segments = self.shared.segments.lock();
        segments.active_bytes = active.length;
        segments.active_path = Some(active.path.clone());
        segments.active = Some(listed);
        if let Some(closed) = self.active.replace(active) {
            segments.closed.push_back(Segment {
                path: closed.path,
                listed: closed.listed,
                last_sequence: self.next_sequence - 1,
                bytes: closed.length,
            });
        }
        Ok(())
    }
}
