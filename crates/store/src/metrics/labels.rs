//! Label names and values, and their numbers of series, without building label sets.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use foldhash::fast::RandomState;
use signals::metric::NAME_LABEL;
use signals::{Matcher, MemoryReservation};

use crate::StoreError;

/// Approximate memory of a name or value beyond its text.
const ENTRY_BYTES: usize = 64;

/// The kind of a label query.
#[derive(Debug, Clone, Copy)]
pub(crate) enum LabelProjection<'a> {
    /// The names.
    Names,
    /// The values of one name.
    ValuesOf(&'a str),
    /// All pairs of name and value.
    Pairs,
}

/// A label query.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LabelQuery<'a> {
    pub(crate) projection: LabelProjection<'a>,
    /// If empty, the range only selects among whole sources: the head and each part.
    pub(crate) matchers: &'a [Matcher],
    pub(crate) start_ms: i64,
    pub(crate) end_ms: i64,
}

/// Pairs of name and value, with the number of series that have each. In a query for names the
/// values are empty.
#[derive(Debug, Default)]
pub(crate) struct LabelCounts {
    by_name: BTreeMap<String, HashMap<String, u64, RandomState>>,
    /// Bytes that are not charged to the memory budget yet.
    uncharged: usize,
}

impl LabelCounts {
    /// Adds to the number of series that have a pair.
    pub(crate) fn add(&mut self, name: &str, value: &str, series: u64) {
        if !self.by_name.contains_key(name) {
            self.uncharged += name.len() + ENTRY_BYTES;
            self.by_name.insert(name.to_owned(), HashMap::default());
        }
        let Some(values) = self.by_name.get_mut(name) else { return };
        if let Some(known) = values.get_mut(value) {
            *known += series;
            return;
        }
        self.uncharged += value.len() + ENTRY_BYTES;
        values.insert(value.to_owned(), series);
    }

    /// Charges what was added since the last call.
    ///
    /// # Errors
    /// [`StoreError::Memory`] when there is no room.
    pub(crate) fn charge(&mut self, memory: &MemoryReservation) -> Result<(), StoreError> {
        memory.try_grow(self.uncharged)?;
        self.uncharged = 0;
        Ok(())
    }

    /// Merges the counts of another source, which may hold the same series.
    pub(crate) fn merge(&mut self, other: Self) {
        for (name, values) in other.by_name {
            let known = self.by_name.entry(name).or_default();
            for (value, series) in values {
                let count = known.entry(value).or_default();
                *count = series.max(*count);
            }
        }
        self.uncharged += other.uncharged;
    }

    #[cfg(test)]
    pub(crate) fn is_empty(&self) -> bool {
        self.by_name.is_empty()
    }

    #[cfg(test)]
    pub(crate) fn visit(&self, mut visit: impl FnMut(&str, &str, u64)) {
        for (name, values) in &self.by_name {
            for (value, series) in values {
                visit(name, value, *series);
            }
        }
    }

    /// The names, sorted.
    pub(crate) fn into_names(self) -> Vec<String> {
        self.by_name.into_keys().collect()
    }

    /// The values of all names, sorted.
    pub(crate) fn into_values(self) -> Vec<String> {
        let values = self.by_name.into_values().flat_map(HashMap::into_keys);
        values.collect::<BTreeSet<String>>().into_iter().collect()
    }
}

/// Counts of series by metric, label and pair, to find what causes high cardinality.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cardinality {
    /// Series with a metric name. For each metric, the largest count of any source in the range,
    /// because parts may hold the same series.
    pub series: u64,
    /// Distinct pairs of name and value.
    pub label_pairs: u64,
    /// Metrics with the most series; all lists are in descending order.
    pub series_by_metric: Vec<(String, u64)>,
    /// Labels with the most values.
    pub values_by_label: Vec<(String, u64)>,
    /// Labels with the largest total size of names and values, in bytes.
    pub bytes_by_label: Vec<(String, u64)>,
    /// Pairs with the most series, as `name=value`.
    pub series_by_pair: Vec<(String, u64)>,
}

impl Cardinality {
    /// The `top` largest entries of each list.
    pub(crate) fn of(counts: &LabelCounts, top: usize) -> Self {
        let mut cardinality = Self::default();
        let (mut values_by_label, mut bytes_by_label) = (Vec::new(), Vec::new());
        let mut pairs: Vec<(u64, &str, &str)> = Vec::new();
        for (name, values) in &counts.by_name {
            let bytes: usize = values.keys().map(|value| name.len() + value.len()).sum();
            values_by_label.push((name.clone(), values.len() as u64));
            bytes_by_label.push((name.clone(), bytes as u64));
            cardinality.label_pairs += values.len() as u64;
            pairs.extend(
                values.iter().map(|(value, count)| (*count, name.as_str(), value.as_str())),
            );
        }
        let metrics = counts.by_name.get(NAME_LABEL).into_iter().flatten();
        let metrics: Vec<(String, u64)> =
            metrics.map(|(metric, series)| (metric.clone(), *series)).collect();
        cardinality.series = metrics.iter().map(|(_, series)| series).sum();
        cardinality.series_by_metric = greatest(metrics, top);
        cardinality.values_by_label = greatest(values_by_label, top);
        cardinality.bytes_by_label = greatest(bytes_by_label, top);
        let is_before = |a: &(u64, &str, &str), b: &(u64, &str, &str)| {
            b.0.cmp(&a.0).then_with(|| (a.1, a.2).cmp(&(b.1, b.2)))
        };
        if top < pairs.len() {
            pairs.select_nth_unstable_by(top, is_before);
            pairs.truncate(top);
        }
        pairs.sort_unstable_by(is_before);
        let pair = |(count, name, value): (u64, &str, &str)| (format!("{name}={value}"), count);
        cardinality.series_by_pair = pairs.into_iter().map(pair).collect();
        cardinality
    }
}

fn greatest(mut counts: Vec<(String, u64)>, top: usize) -> Vec<(String, u64)> {
    counts.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    counts.truncate(top);
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_several_sources_the_one_with_most_series_counts() {
        let mut head = LabelCounts::default();
        head.add(NAME_LABEL, "up", 3);
        head.add(NAME_LABEL, "up", 1);
        head.add("job", "a", 4);
        let mut part = LabelCounts::default();
        part.add(NAME_LABEL, "up", 2);
        part.add(NAME_LABEL, "down", 1);
        part.add("job", "long name", 3);
        head.merge(part);
        let text = |pairs: &[(&str, u64)]| -> Vec<(String, u64)> {
            pairs.iter().map(|(text, count)| ((*text).to_owned(), *count)).collect()
        };
        let expected = Cardinality {
            series: 5,
            label_pairs: 4,
            series_by_metric: text(&[("up", 4), ("down", 1)]),
            values_by_label: text(&[("__name__", 2), ("job", 2)]),
            bytes_by_label: text(&[("__name__", 22), ("job", 16)]),
            series_by_pair: text(&[("__name__=up", 4), ("job=a", 4), ("job=long name", 3)]),
        };
        assert_eq!(Cardinality::of(&head, 3), expected);
        assert_eq!(head.into_names(), ["__name__", "job"]);
    }
}
