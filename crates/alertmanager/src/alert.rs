//! Alerts as they are kept: labels identify them, times say whether they are firing.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;

use signals::{Labels, Timestamp};
use template::Time;
use template::alertmanager::{Alert as Shown, Status};

/// The hash of an alert's labels, which identifies the alert: FNV-1a with 64 bits, as Prometheus
/// computes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fingerprint(u64);

const FNV_OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x0000_0100_0000_01b3;

impl Fingerprint {
    /// The fingerprint of these labels.
    #[must_use]
    pub fn of(labels: &Labels) -> Self {
        let mut hash = FNV_OFFSET;
        for (name, value) in labels.iter() {
            for text in [name, value] {
                for byte in text.bytes().chain([0xff]) {
                    hash = (hash ^ u64::from(byte)).wrapping_mul(FNV_PRIME);
                }
            }
        }
        Self(hash)
    }

    /// Restores a fingerprint from [`Self::to_u64`].
    #[must_use]
    pub fn from_u64(hash: u64) -> Self {
        Self(hash)
    }

    /// The hash.
    #[must_use]
    pub fn to_u64(self) -> u64 {
        self.0
    }
}

/// 16 hexadecimal digits.
impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// An alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    /// The labels, which identify it.
    pub labels: Labels,
    /// The hash of the labels.
    pub fingerprint: Fingerprint,
    /// Texts about it.
    pub annotations: BTreeMap<String, String>,
    /// Where it comes from.
    pub generator_url: String,
    /// When it started, in nanoseconds since 1970.
    pub starts_at: Timestamp,
    /// When it ended, or ends if nothing is heard of it, in nanoseconds since 1970.
    pub ends_at: Timestamp,
    /// When it was received last, in nanoseconds since 1970.
    pub updated_at: Timestamp,
    /// Whether the sender named no end, so that `resolve_timeout` determines it.
    pub is_timeout: bool,
}

impl Alert {
    /// Whether the alert has ended.
    #[must_use]
    pub fn is_resolved(&self, now: Timestamp) -> bool {
        self.ends_at <= now
    }

    /// The state of an alert that was received twice: `newer` after `self`.
    ///
    /// The labels are the same. The earlier start is kept; everything else is that of the newer
    /// alert, except for the end in the cases below. Specification: `Alert.Merge` of Alertmanager.
    #[must_use]
    pub(crate) fn merged(&self, newer: Self, now: Timestamp) -> Self {
        let starts_at = self.starts_at.min(newer.starts_at);
        let keeps_end = if newer.is_resolved(now) {
            // Of two ends that have passed the later one counts.
            self.is_resolved(now)
        } else {
            // An end that a sender has named outlasts an earlier one.
            !self.is_timeout
        };
        let is_later = self.ends_at > newer.ends_at;
        let ends_at = if keeps_end && is_later { self.ends_at } else { newer.ends_at };
        Self { starts_at, ends_at, ..newer }
    }

    /// Whether the times of two alerts with the same labels overlap, so that they are one.
    pub(crate) fn overlaps(&self, newer: &Self) -> bool {
        let is_within = |time: Timestamp| self.starts_at < time && time < self.ends_at;
        is_within(newer.ends_at) || is_within(newer.starts_at)
    }

    /// The bytes that it takes, roughly.
    pub(crate) fn size(&self) -> usize {
        const FIXED: usize = 256;
        let pair = |(name, value): (&String, &String)| name.len() + value.len() + 64;
        let annotations = self.annotations.iter().map(pair).sum::<usize>();
        FIXED + self.labels.as_bytes().len() + annotations + self.generator_url.len()
    }

    /// The alert as notifications show it. The end of a firing alert is not shown.
    pub(crate) fn shown(&self, now: Timestamp) -> Shown {
        let is_resolved = self.is_resolved(now);
        let texts = self.labels.iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
        Shown {
            status: if is_resolved { Status::Resolved } else { Status::Firing },
            labels: texts.collect(),
            annotations: self.annotations.clone(),
            starts_at: Time::from_nanos(self.starts_at),
            ends_at: if is_resolved { Time::from_nanos(self.ends_at) } else { Time::zero() },
            generator_url: self.generator_url.clone(),
            fingerprint: self.fingerprint.to_string(),
        }
    }
}

/// The order in which notifications show alerts: by `job`, then `instance`, then all labels.
/// Specification: `AlertSlice.Less` of Alertmanager.
pub(crate) fn by_labels(a: &Labels, b: &Labels) -> Ordering {
    for name in ["job", "instance"] {
        let order = match (a.get(name), b.get(name)) {
            (Some(a), Some(b)) => a.cmp(b),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => Ordering::Equal,
        };
        if order.is_ne() {
            return order;
        }
    }
    by_all_labels(a, b)
}

/// The order of label sets: by their number, then by the first label in which they differ. A set
/// that lacks a label comes first. Specification: `LabelSet.Before` of Prometheus.
pub(crate) fn by_all_labels(a: &Labels, b: &Labels) -> Ordering {
    let by_number = a.len().cmp(&b.len());
    let mut pairs = a.iter().zip(b.iter());
    by_number.then_with(|| {
        let differing = pairs.find(|(a, b)| a != b);
        // The set whose next name is later lacks the other's name.
        differing.map_or(Ordering::Equal, |((a_name, a), (b_name, b))| {
            b_name.cmp(a_name).then_with(|| a.cmp(b))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(pairs: &[(&str, &str)]) -> Labels {
        Labels::from_pairs(pairs.iter().copied())
    }

    #[test]
    fn fingerprints_are_those_of_prometheus() {
        // Of Alertmanager's own tests.
        for (pairs, fingerprint) in [
            (&[][..], "cbf29ce484222325"),
            (&[("severity", "critical"), ("alertname", "alert1")], "0223b772b51c29e1"),
            (&[("severity", "warning"), ("job", "foo")], "9266ef3da838ad95"),
            (&[("severity", "critical"), ("job", "foo")], "3b15fd163d36582e"),
        ] {
            assert_eq!(Fingerprint::of(&labels(pairs)).to_string(), fingerprint);
        }
    }

    #[test]
    fn alerts_are_in_the_order_of_alertmanager() {
        let ordered = [
            labels(&[("alertname", "a"), ("job", "j1")]),
            labels(&[("alertname", "a"), ("instance", "i1"), ("job", "j2")]),
            labels(&[("alertname", "b"), ("instance", "i1"), ("job", "j2")]),
            labels(&[("alertname", "a"), ("instance", "i2"), ("job", "j2")]),
            labels(&[("alertname", "a"), ("job", "j2")]),
            labels(&[("x", "1")]),
            labels(&[("x", "2")]),
            // It lacks `a`.
            labels(&[("b", "1"), ("c", "1")]),
            labels(&[("a", "1"), ("c", "1")]),
        ];
        for pair in ordered.windows(2) {
            assert_eq!(by_labels(&pair[0], &pair[1]), Ordering::Less, "{pair:?}");
            assert_eq!(by_labels(&pair[1], &pair[0]), Ordering::Greater, "{pair:?}");
            assert_eq!(by_labels(&pair[0], &pair[0]), Ordering::Equal);
        }
    }

    #[test]
    fn an_alert_that_is_received_again_is_merged() {
        const NOW: Timestamp = 100;
        let alert = |starts_at, ends_at, is_timeout| Alert {
            labels: labels(&[("a", "b")]),
            fingerprint: Fingerprint(0),
            annotations: BTreeMap::new(),
            generator_url: String::new(),
            starts_at,
            ends_at,
            updated_at: 0,
            is_timeout,
        };
        // Start, end and whether it is a timeout, of the older, the newer and the result.
        for (older, newer, result) in [
            ((10, 110, true), (20, 120, true), (10, 120, true)),
            ((20, 110, true), (10, 120, true), (10, 120, true)),
            // A timeout does not outlast what is newer.
            ((10, 200, true), (10, 120, true), (10, 120, true)),
            ((10, 200, true), (10, 120, false), (10, 120, false)),
            // An explicit end does.
            ((10, 200, false), (10, 120, true), (10, 200, true)),
            ((10, 200, false), (10, 120, false), (10, 200, false)),
            // Ends of a resolved alert: the later one.
            ((10, 90, false), (10, 80, false), (10, 90, false)),
            ((10, 80, false), (10, 90, false), (10, 90, false)),
            // A resolved alert ends what was firing.
            ((10, 200, false), (20, 90, false), (10, 90, false)),
            ((10, 200, true), (20, 90, false), (10, 90, false)),
            // It fires again.
            ((10, 90, false), (20, 200, false), (10, 200, false)),
        ] {
            let build = |(start, end, is_timeout)| alert(start, end, is_timeout);
            assert_eq!(
                build(older).merged(build(newer), NOW),
                build(result),
                "{older:?} {newer:?}"
            );
        }
    }
}
