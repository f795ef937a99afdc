//! The notification log: what each integration was told last about each group.
//!
//! Specification: `nflog/` of Alertmanager.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use signals::Timestamp;

use crate::alert::Fingerprint;
use crate::limits::Limits;
use crate::time::after;

/// One integration of a receiver.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct IntegrationKey {
    /// The receiver's name.
    pub receiver: String,
    /// The kind, such as `webhook`.
    pub name: &'static str,
    /// The position among those of the same kind, from 0.
    pub index: usize,
}

/// `receiver/webhook[0]`, as Alertmanager's logs show it.
impl std::fmt::Display for IntegrationKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}[{}]", self.receiver, self.name, self.index)
    }
}

/// The last notification of an integration about a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Entry {
    /// The group's key and the integration: [`key`].
    pub(crate) key: String,
    /// When it was sent.
    pub(crate) at: Timestamp,
    /// When the entry is forgotten.
    pub(crate) expires_at: Timestamp,
    /// The alerts that were firing, sorted.
    #[serde(with = "fingerprints")]
    pub(crate) firing: Vec<Fingerprint>,
    /// The alerts that were resolved, sorted.
    #[serde(with = "fingerprints")]
    pub(crate) resolved: Vec<Fingerprint>,
    /// What the integration keeps for its next notification of the group.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) state: BTreeMap<String, String>,
}

/// The key of an entry.
pub(crate) fn key(group_key: &str, integration: &IntegrationKey) -> String {
    let IntegrationKey { receiver, name, index } = integration;
    format!("{group_key}:{receiver}/{name}/{index}")
}

/// The entries by key, bounded.
#[derive(Debug, Default)]
pub(crate) struct NotificationLog {
    entries: HashMap<String, Arc<Entry>>,
    by_time: BTreeSet<(Timestamp, String)>,
}

impl NotificationLog {
    pub(crate) fn get(&self, key: &str) -> Option<&Arc<Entry>> {
        self.entries.get(key)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Arc<Entry>> {
        self.entries.values()
    }

    /// When an entry of now is forgotten: an entry is of no use after the next repetition.
    pub(crate) fn expiry(now: Timestamp, repeat: Duration, limits: &Limits) -> Timestamp {
        after(now, limits.retention.min(repeat.saturating_mul(2)))
    }

    /// Adds an entry, or replaces that with its key. Returns how many were dropped for it.
    pub(crate) fn put(&mut self, entry: Arc<Entry>, limits: &Limits) -> usize {
        let key = entry.key.clone();
        self.by_time.insert((entry.at, key.clone()));
        if let Some(replaced) = self.entries.insert(key, entry).map(|old| (old.at, old.key.clone()))
            && self.entries.get(&replaced.1).is_some_and(|new| new.at != replaced.0)
        {
            self.by_time.remove(&replaced);
        }
        let mut dropped = 0;
        while self.entries.len() > limits.log_entries {
            let Some((_, key)) = self.by_time.pop_first() else { break };
            self.entries.remove(&key);
            dropped += 1;
        }
        dropped
    }

    /// Adds an entry of an earlier run, unless it has expired. A time in the future is that of a
    /// clock that has been set back since; it must not delay a repetition.
    pub(crate) fn restore(&mut self, mut entry: Entry, limits: &Limits, now: Timestamp) {
        if entry.at > now {
            let kept = entry.expires_at.saturating_sub(entry.at);
            (entry.at, entry.expires_at) = (now, now.saturating_add(kept));
        }
        if entry.expires_at <= now {
            return;
        }
        entry.firing.sort_unstable();
        entry.resolved.sort_unstable();
        self.put(Arc::new(entry), limits);
    }

    /// Removes entries that have expired.
    pub(crate) fn remove_expired(&mut self, now: Timestamp) {
        self.entries.retain(|_, entry| entry.expires_at > now);
        let entries = &self.entries;
        self.by_time.retain(|(_, key)| entries.contains_key(key));
    }

    /// Moves all times, because the clock has jumped.
    pub(crate) fn clock_jumped(&mut self, by: i64) {
        for entry in self.entries.values_mut() {
            let entry = Arc::make_mut(entry);
            entry.at = entry.at.saturating_add(by);
            entry.expires_at = entry.expires_at.saturating_add(by);
        }
        self.by_time = self.entries.values().map(|entry| (entry.at, entry.key.clone())).collect();
    }
}

/// Fingerprints as numbers.
mod fingerprints {
    use serde::{Deserialize as _, Deserializer, Serializer};

    use super::Fingerprint;

    pub(super) fn serialize<S: Serializer>(
        ids: &[Fingerprint],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(ids.iter().map(|id| id.to_u64()))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<Fingerprint>, D::Error> {
        let ids = Vec::<u64>::deserialize(deserializer)?;
        Ok(ids.into_iter().map(Fingerprint::from_u64).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(key: &str, at: Timestamp, expires_at: Timestamp) -> Entry {
        let (key, state) = (key.to_owned(), BTreeMap::new());
        Entry { key, at, expires_at, firing: Vec::new(), resolved: Vec::new(), state }
    }

    #[test]
    fn entries_expire() {
        let mut log = NotificationLog::default();
        for (key, expires_at) in [("a", 10), ("b", 11), ("c", 12)] {
            log.put(Arc::new(entry(key, 1, expires_at)), &Limits::default());
        }
        log.remove_expired(11);
        let left: Vec<&str> = log.iter().map(|entry| &*entry.key).collect();
        assert_eq!(left, ["c"]);
    }

    #[test]
    fn an_entry_is_kept_for_two_repetitions_and_at_most_the_retention() {
        let limits = Limits { retention: Duration::from_nanos(100), ..Limits::default() };
        for (repeat, expiry) in [(10, 27), (49, 105), (60, 107), (u64::MAX, 107)] {
            let repeat = Duration::from_nanos(repeat);
            assert_eq!(NotificationLog::expiry(7, repeat, &limits), expiry);
        }
    }

    #[test]
    fn the_oldest_entries_are_dropped_beyond_the_limit() {
        let limits = Limits { log_entries: 2, ..Limits::default() };
        let mut log = NotificationLog::default();
        let mut put = |key, at| log.put(Arc::new(entry(key, at, 100)), &limits);
        assert_eq!((put("a", 1), put("b", 2), put("a", 3), put("c", 3)), (0, 0, 0, 1));
        assert!(log.get("b").is_none() && log.get("a").is_some() && log.get("c").is_some());
    }

    #[test]
    fn an_entry_of_the_future_is_one_of_now() {
        let mut log = NotificationLog::default();
        log.restore(entry("a", 1_000, 1_500), &Limits::default(), 100);
        assert_eq!(log.get("a").map(|entry| (entry.at, entry.expires_at)), Some((100, 600)));
    }
}
