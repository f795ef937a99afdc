//! All silences: setting, expiring, removing and finding them.
//!
//! Specification: `silence/silence.go` of Alertmanager.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use signals::{Labels, Timestamp};

use crate::limits::Limits;
use crate::silence::{Silence, SilenceRecord, SilenceState};
use crate::time::after;

/// Why a silence is not set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SilenceError {
    /// There is no silence with this id.
    #[error("silence not found")]
    NotFound,
    /// The silence is invalid or exceeds a limit.
    #[error("{0}")]
    Invalid(String),
}

/// The silences in the order in which they were created.
#[derive(Debug, Default)]
pub(crate) struct Silences {
    by_number: BTreeMap<u64, Arc<Silence>>,
    numbers: HashMap<String, u64>,
    created: u64,
}

/// A silence that is set.
pub(crate) struct Set {
    pub(crate) id: String,
    /// What has changed and is to be stored.
    pub(crate) changed: Vec<SilenceRecord>,
}

impl Silences {
    /// Creates a silence, or changes the one whose id the record has. A change that would alter the
    /// past ends the silence and creates another one with the id `new_id`.
    pub(crate) fn set(
        &mut self,
        mut record: SilenceRecord,
        new_id: String,
        limits: &Limits,
        now: Timestamp,
    ) -> Result<Set, SilenceError> {
        let invalid = SilenceError::Invalid;
        if record.starts_at == i64::MIN {
            record.starts_at = now;
        }
        record.updated_at = now;
        let mut silence =
            Silence::new(record).map_err(|reason| invalid(format!("invalid silence: {reason}")))?;
        let previous = match self.get(&silence.record.id) {
            None if !silence.record.id.is_empty() => return Err(SilenceError::NotFound),
            previous => previous.map(Arc::clone),
        };
        let mut changed = Vec::new();
        match previous {
            Some(previous) if previous.record.can_become(&silence.record, now) => {
                check_size(&silence.record, limits)?;
            }
            previous => {
                let count = self.by_number.len();
                if count >= limits.silences {
                    let limit = limits.silences;
                    let reason = "exceeded maximum number of silences";
                    return Err(invalid(format!("{reason}: {count} (limit: {limit})")));
                }
                silence.record.id = new_id;
                silence.record.starts_at = silence.record.starts_at.max(now);
                check_size(&silence.record, limits)?;
                changed.extend(previous.and_then(|previous| self.expired(&previous, now)));
            }
        }
        let id = silence.record.id.clone();
        changed.push(silence.record.clone());
        self.put(silence);
        Ok(Set { id, changed })
    }

    /// Ends a silence at once. Returns what has changed.
    pub(crate) fn expire(
        &mut self,
        id: &str,
        now: Timestamp,
    ) -> Result<Option<SilenceRecord>, SilenceError> {
        let silence = self.get(id).map(Arc::clone).ok_or(SilenceError::NotFound)?;
        Ok(self.expired(&silence, now))
    }

    fn expired(&mut self, silence: &Silence, now: Timestamp) -> Option<SilenceRecord> {
        if silence.record.state(now) == SilenceState::Expired {
            return None;
        }
        let mut record = silence.record.clone();
        record.expire(now);
        self.put(silence.with_record(record.clone()));
        Some(record)
    }

    /// Adds a silence of an earlier run. A record replaces an earlier one with its id.
    ///
    /// # Errors
    /// A message if it is invalid.
    pub(crate) fn restore(
        &mut self,
        record: SilenceRecord,
        limits: &Limits,
        now: Timestamp,
    ) -> Result<(), String> {
        if after(record.ends_at, limits.retention) > now {
            self.put(Silence::new(record)?);
        }
        Ok(())
    }

    fn put(&mut self, silence: Silence) {
        let created = &mut self.created;
        let number = self.numbers.entry(silence.record.id.clone()).or_insert_with(|| {
            *created += 1;
            *created
        });
        self.by_number.insert(*number, Arc::new(silence));
    }

    /// Removes silences whose retention has passed.
    pub(crate) fn remove_old(&mut self, limits: &Limits, now: Timestamp) {
        self.by_number.retain(|_, silence| after(silence.record.ends_at, limits.retention) > now);
        let kept = &self.by_number;
        self.numbers.retain(|_, number| kept.contains_key(number));
    }

    pub(crate) fn get(&self, id: &str) -> Option<&Arc<Silence>> {
        self.by_number.get(self.numbers.get(id)?)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Arc<Silence>> {
        self.by_number.values()
    }

    /// The silences that are active now.
    pub(crate) fn active(&self, now: Timestamp) -> ActiveSilences {
        let is_active = |silence: &&Arc<Silence>| silence.record.state(now) == SilenceState::Active;
        ActiveSilences(self.iter().filter(is_active).map(Arc::clone).collect())
    }
}

/// The silences that are active at some time.
pub(crate) struct ActiveSilences(Vec<Arc<Silence>>);

impl ActiveSilences {
    /// Whether an alert with these labels is muted.
    pub(crate) fn mutes(&self, labels: &Labels) -> bool {
        self.0.iter().any(|silence| silence.matches(labels))
    }

    /// The ids of those that mute an alert with these labels, the oldest first.
    pub(crate) fn muting(&self, labels: &Labels) -> Vec<String> {
        let muting = self.0.iter().filter(|silence| silence.matches(labels));
        muting.map(|silence| silence.record.id.clone()).collect()
    }
}

fn check_size(record: &SilenceRecord, limits: &Limits) -> Result<(), SilenceError> {
    let size = serde_json::to_vec(record).map_or(usize::MAX, |json| json.len());
    let limit = limits.silence_bytes;
    if size <= limit {
        return Ok(());
    }
    let reason = "silence exceeded maximum size";
    Err(SilenceError::Invalid(format!("{reason}: {size} bytes (limit: {limit} bytes)")))
}

#[cfg(test)]
mod tests;
