//! The existing segments of the log: which there are, what followers still have to read, and when
//! they are removed.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;

use parking_lot::{Mutex, MutexGuard};
use tokio::sync::watch;

use super::FOLDER;
use super::followers::Followers;
use super::format::WriterId;
use super::list::{self, Listed};
use crate::files::{self, Files};

/// A segment that is no longer written to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Segment {
    pub(crate) path: String,
    pub(crate) listed: Listed,
    /// The greatest sequence in it.
    pub(crate) last_sequence: u64,
    pub(crate) bytes: u64,
}

/// All segments.
#[derive(Default)]
pub(super) struct Segments {
    pub(super) closed: VecDeque<Segment>,
    /// The segment being written; `None` while the disk has no room for one.
    pub(super) active_path: Option<String>,
    pub(super) active_bytes: u64,
    pub(super) active: Option<Listed>,
}

impl Segments {
    /// The segments that should exist, oldest first, without those whose records end at `released`.
    pub(super) fn listed(&self, released: u64) -> Vec<Listed> {
        let kept = self.closed.iter().filter(|segment| segment.last_sequence > released);
        kept.map(|segment| segment.listed).chain(self.active).collect()
    }

    fn closed_bytes(&self) -> u64 {
        self.closed.iter().map(|segment| segment.bytes).sum()
    }

    /// The last sequence that has to be given up for the closed segments to have at most so many
    /// bytes.
    fn beyond(&self, bytes_max: u64) -> u64 {
        let mut bytes = self.closed_bytes();
        let mut released = 0;
        for segment in &self.closed {
            if bytes <= bytes_max {
                break;
            }
            bytes -= segment.bytes;
            released = segment.last_sequence;
        }
        released
    }
}

/// A segment, as far as it is durable.
pub(super) struct Readable {
    pub(super) path: String,
    pub(super) first_sequence: u64,
    /// The greatest sequence in it that is durable.
    pub(super) last_sequence: u64,
    pub(super) bytes: u64,
}

/// The segments of an open log, shared by its writer, flushes and followers.
pub(super) struct OpenSegments {
    pub(super) files: Arc<dyn Files>,
    pub(super) writer: WriterId,
    pub(super) followers: Followers,
    /// Records up to this sequence are not kept for followers: they have damage between them, which
    /// the next start would find again.
    damaged_until: u64,
    segments: Mutex<Segments>,
    /// Held while the list of segments is written.
    list: Mutex<()>,
    /// The sequence of the last durable record.
    durable: watch::Sender<u64>,
}

impl OpenSegments {
    pub(super) fn new(
        files: Arc<dyn Files>,
        writer: WriterId,
        followers: Followers,
        closed: Vec<Segment>,
        (last_sequence, damaged_until): (u64, u64),
    ) -> Self {
        Self {
            files,
            writer,
            followers,
            damaged_until,
            segments: Mutex::new(Segments { closed: closed.into(), ..Segments::default() }),
            list: Mutex::new(()),
            durable: watch::Sender::new(last_sequence),
        }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Segments> {
        self.segments.lock()
    }

    /// Excludes other changes of the list of segments.
    pub(super) fn lock_list(&self) -> MutexGuard<'_, ()> {
        self.list.lock()
    }

    /// Notes that the active segment is durable up to a length and a sequence.
    pub(super) fn written(&self, bytes: u64, last_sequence: u64) {
        self.segments.lock().active_bytes = bytes;
        self.durable.send_replace(last_sequence);
    }

    /// Follows the sequence of the last durable record.
    pub(super) fn durable(&self) -> watch::Receiver<u64> {
        self.durable.subscribe()
    }

    /// The segment that holds the first record after a sequence.
    pub(super) fn after(&self, sequence: u64) -> Option<Readable> {
        // Before the segments: their bytes include it.
        let durable = *self.durable.borrow();
        let segments = self.segments.lock();
        let closed = segments.closed.iter().find(|segment| segment.last_sequence > sequence);
        if let Some(segment) = closed {
            return Some(Readable {
                path: segment.path.clone(),
                first_sequence: segment.listed.first_sequence,
                last_sequence: segment.last_sequence,
                bytes: segment.bytes,
            });
        }
        Some(Readable {
            path: segments.active_path.clone()?,
            first_sequence: segments.active?.first_sequence,
            last_sequence: durable,
            bytes: segments.active_bytes,
        })
    }

    /// Removes segments whose records are all in parts and that no follower needs, oldest first,
    /// each durably before the next, so that a crash leaves no gap.
    pub(super) fn release(&self, sequence: u64) -> io::Result<()> {
        let files = self.files.as_ref();
        let _list = self.lock_list();
        let (sequence, is_due, kept) = {
            let segments = self.segments.lock();
            let unneeded = self.followers.confirmed().max(self.damaged_until);
            let sequence = sequence.min(unneeded.max(segments.beyond(self.followers.bytes_max)));
            let first = segments.closed.front();
            let is_due = first.is_some_and(|segment| segment.last_sequence <= sequence);
            (sequence, is_due, segments.listed(sequence))
        };
        if !is_due {
            return Ok(());
        }
        match list::write(files, &kept) {
            // Removing segments is what frees space.
            Err(error) if files::is_full(&error) => list::forget(files)?,
            written => written?,
        }
        loop {
            let first = self.segments.lock().closed.front().cloned();
            let Some(segment) = first.filter(|segment| segment.last_sequence <= sequence) else {
                return Ok(());
            };
            match files.remove(&segment.path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => files.sync_folder(FOLDER)?,
            }
            self.segments.lock().closed.pop_front();
        }
    }

    /// The first sequence of the active segment.
    pub(super) fn active_first_sequence(&self) -> u64 {
        self.segments.lock().active.map_or(0, |active| active.first_sequence)
    }

    /// Size of all segments, in bytes.
    pub(super) fn bytes(&self) -> u64 {
        let segments = self.segments.lock();
        segments.active_bytes + segments.closed_bytes()
    }

    /// The path of the active segment if its file was deleted.
    pub(super) fn missing(&self) -> Option<String> {
        // Under the lock, so that the segment is not closed and removed meanwhile.
        let segments = self.segments.lock();
        let is_gone = |path: &&String| {
            let found = self.files.stat(path);
            found.is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
        };
        segments.active_path.as_ref().filter(is_gone).cloned()
    }
}
