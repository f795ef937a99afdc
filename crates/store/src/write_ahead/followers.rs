//! Who reads the log beside recovery, and up to where. See [`super::follower`].

use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use signals::Clock;

use crate::files::{self, Files};

const FOLDER: &str = "followers";
const EXTENSION: &str = ".json";
const BYTES_MAX: u64 = 4096;
/// Minimum time between two writes of a position: after a crash a follower reads again what it
/// confirmed in this time.
const STORE_INTERVAL: Duration = Duration::from_secs(5);

/// The stored form of a position.
#[derive(Serialize, Deserialize)]
struct Document {
    sequence: u64,
}

struct Position {
    /// The follower needs no record up to this sequence.
    confirmed: u64,
    stored: u64,
    stored_at: Option<Duration>,
}

/// Positions of all followers. They are known from the start, so that no segment is removed before
/// its follower has begun.
pub(super) struct Followers {
    files: Arc<dyn Files>,
    clock: Arc<dyn Clock>,
    /// Size of closed segments beyond which the oldest are removed, confirmed or not.
    pub(super) bytes_max: u64,
    positions: Mutex<HashMap<String, Position>>,
}

impl Followers {
    /// Reads the stored positions. One that cannot be read is as if it had not been stored.
    pub(super) fn load(files: Arc<dyn Files>, clock: Arc<dyn Clock>, bytes_max: u64) -> Self {
        let mut positions = HashMap::new();
        let entries = files.list(FOLDER).unwrap_or_else(|error| {
            tracing::error!(%error, "the positions of followers are lost");
            Vec::new()
        });
        for entry in entries {
            let Some(name) = entry.name.strip_suffix(EXTENSION) else { continue };
            let read = files::read_all(files.as_ref(), &path(name), BYTES_MAX);
            let document = read.and_then(|bytes| Ok(serde_json::from_slice::<Document>(&bytes)?));
            match document {
                Ok(Document { sequence }) => {
                    let position =
                        Position { confirmed: sequence, stored: sequence, stored_at: None };
                    positions.insert(name.to_owned(), position);
                }
                Err(error) => tracing::error!(%error, name, "the position of a follower is lost"),
            }
        }
        Self { files, clock, bytes_max, positions: Mutex::new(positions) }
    }

    /// The sequence up to which no follower needs any record.
    pub(super) fn confirmed(&self) -> u64 {
        let positions = self.positions.lock();
        positions.values().map(|position| position.confirmed).min().unwrap_or(u64::MAX)
    }

    /// The position of a follower; a new one begins at `sequence`.
    pub(super) fn position(&self, name: &str, sequence: u64) -> io::Result<u64> {
        if let Some(position) = self.positions.lock().get(name) {
            return Ok(position.confirmed);
        }
        self.write(name, sequence)?;
        let stored_at = Some(self.clock.monotonic());
        let position = Position { confirmed: sequence, stored: sequence, stored_at };
        self.positions.lock().insert(name.to_owned(), position);
        Ok(sequence)
    }

    /// Notes that a follower needs no record up to a sequence, and stores this from time to time.
    pub(super) fn confirm(&self, name: &str, sequence: u64) -> io::Result<()> {
        let now = self.clock.monotonic();
        let is_recent = |at: Duration| now.saturating_sub(at) < STORE_INTERVAL;
        {
            let mut positions = self.positions.lock();
            let Some(position) = positions.get_mut(name) else { return Ok(()) };
            position.confirmed = position.confirmed.max(sequence);
            if position.stored_at.is_some_and(is_recent) || position.stored == position.confirmed {
                return Ok(());
            }
            (position.stored, position.stored_at) = (position.confirmed, Some(now));
        }
        self.write(name, sequence)
    }

    /// Removes the followers that are not among `names`.
    pub(super) fn retain(&self, names: &[String]) -> io::Result<()> {
        let removed: Vec<String> = {
            let mut positions = self.positions.lock();
            let all = positions.keys().cloned();
            let removed: Vec<_> = all.filter(|name| !names.contains(name)).collect();
            positions.retain(|name, _| names.contains(name));
            removed
        };
        for name in &removed {
            match self.files.remove(&path(name)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        if removed.is_empty() { Ok(()) } else { self.files.sync_folder(FOLDER) }
    }

    fn write(&self, name: &str, sequence: u64) -> io::Result<()> {
        let bytes = serde_json::to_vec(&Document { sequence })?;
        self.files.create_folder(FOLDER)?;
        let path = path(name);
        files::replace(self.files.as_ref(), &path, &format!("{path}.new"), &bytes)
    }
}

fn path(name: &str) -> String {
    format!("{FOLDER}/{name}{EXTENSION}")
}
