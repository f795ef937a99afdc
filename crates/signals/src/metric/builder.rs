//! Changing a label set label by label, without copying what stays.

use super::Labels;

/// A label set under construction: labels as they were, and changes to them.
///
/// Setting a label to the empty value removes it, as everywhere in Prometheus.
#[derive(Debug, Clone)]
pub struct LabelsBuilder {
    base: Labels,
    /// Labels that differ from the base, in no order; an empty value removes the label.
    changed: Vec<(String, String)>,
}

impl LabelsBuilder {
    /// Starts from these labels.
    #[must_use]
    pub fn new(base: Labels) -> Self {
        Self { base, changed: Vec::new() }
    }

    /// Starts again from other labels; keeps the allocations.
    pub fn reset(&mut self, base: Labels) {
        self.base = base;
        self.changed.clear();
    }

    /// The value of a label; the empty text if it is absent.
    #[must_use]
    pub fn get(&self, name: &str) -> &str {
        match self.change(name) {
            Some(value) => value,
            None => self.base.get(name).unwrap_or_default(),
        }
    }

    /// Sets a label, or removes it if the value is empty.
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        let value = value.into();
        match self.changed.iter_mut().find(|(changed, _)| changed == name) {
            Some(entry) => entry.1 = value,
            None => self.changed.push((name.to_owned(), value)),
        }
    }

    /// Removes a label.
    pub fn remove(&mut self, name: &str) {
        self.set(name, String::new());
    }

    /// The labels, in no order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let kept = self.base.iter().filter(|(name, _)| self.change(name).is_none());
        let changed = self.changed.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        kept.chain(changed.filter(|(_, value)| !value.is_empty()))
    }

    /// The finished labels. Without a change, those it started from.
    #[must_use]
    pub fn labels(&self) -> Labels {
        if self.changed.is_empty() {
            return self.base.clone();
        }
        Labels::from_pairs(self.iter())
    }

    fn change(&self, name: &str) -> Option<&str> {
        let found = self.changed.iter().find(|(changed, _)| changed == name);
        found.map(|(_, value)| value.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_hide_the_labels_below_them() {
        let mut builder = LabelsBuilder::new(Labels::from_pairs([("a", "1"), ("b", "2")]));
        builder.set("c", "3");
        builder.set("a", "");
        builder.set("b", "4");
        assert_eq!((builder.get("a"), builder.get("b"), builder.get("c")), ("", "4", "3"));
        assert_eq!(builder.labels(), Labels::from_pairs([("b", "4"), ("c", "3")]));
        builder.set("a", "1");
        assert_eq!(builder.labels(), Labels::from_pairs([("a", "1"), ("b", "4"), ("c", "3")]));
    }

    #[test]
    fn labels_without_a_change_are_not_copied() {
        let base = Labels::from_pairs([("a", "1")]);
        let builder = LabelsBuilder::new(base.clone());
        assert_eq!(builder.labels().as_bytes().as_ptr(), base.as_bytes().as_ptr());
    }
}
