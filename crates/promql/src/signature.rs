//! What label sets match and group by, as bytes: found without building other label sets.

use std::collections::HashMap;

use lang::promql::Matching;
use signals::Labels;
use signals::metric::NAME_LABEL;

/// Appends the labels for which `is_kept`, in the encoding of [`Labels::as_bytes`].
fn push_kept(labels: &Labels, mut is_kept: impl FnMut(&str) -> bool, bytes: &mut Vec<u8>) {
    for (name, value) in labels.iter().filter(|(name, _)| is_kept(name)) {
        for text in [name, value] {
            let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
            bytes.extend_from_slice(&length.to_le_bytes());
            bytes.extend_from_slice(text.as_bytes());
        }
    }
}

/// The labels for which `is_kept`.
pub(crate) fn kept(labels: &Labels, is_kept: impl Fn(&str) -> bool) -> Labels {
    if labels.iter().all(|(name, _)| is_kept(name)) {
        return labels.clone();
    }
    let mut bytes = Vec::with_capacity(labels.as_bytes().len());
    push_kept(labels, &is_kept, &mut bytes);
    // They are in order, as they were before.
    Labels::from_bytes(&bytes).unwrap_or_else(|| labels.without(|name| !is_kept(name)))
}

/// Labels of which series have the same number if these labels are equal.
#[derive(Debug)]
enum Kept<'n> {
    /// Those with these names.
    Named(&'n [String]),
    /// Those without these names, and not the metric's name.
    Others(&'n [String]),
}

impl Kept<'_> {
    fn has(&self, name: &str) -> bool {
        let is_in = |names: &[String]| names.iter().any(|named| named == name);
        match self {
            Self::Named(names) => is_in(names),
            Self::Others(names) => name != NAME_LABEL && !is_in(names),
        }
    }
}

/// Numbers series by some of their labels, in order of first occurrence.
#[derive(Debug)]
pub(crate) struct Signatures<'n> {
    kept: Kept<'n>,
    numbers: HashMap<Vec<u8>, usize>,
    bytes: Vec<u8>,
}

impl<'n> Signatures<'n> {
    /// By the labels of `names`, or by all others except the metric's name.
    pub(crate) fn new(names: &'n [String], is_named: bool) -> Self {
        let kept = if is_named { Kept::Named(names) } else { Kept::Others(names) };
        Self { kept, numbers: HashMap::new(), bytes: Vec::new() }
    }

    /// By the labels that must match.
    pub(crate) fn of(matching: &'n Matching) -> Self {
        Self::new(&matching.labels, matching.is_on)
    }

    /// The labels that count.
    pub(crate) fn labels(&self, labels: &Labels) -> Labels {
        kept(labels, |name| self.kept.has(name))
    }

    /// The number of a series, and whether it is a new one.
    pub(crate) fn number(&mut self, labels: &Labels) -> (usize, bool) {
        if let Some(number) = self.find(labels) {
            return (number, false);
        }
        let next = self.numbers.len();
        self.numbers.insert(self.bytes.clone(), next);
        (next, true)
    }

    /// The number of a series, if another one has it.
    pub(crate) fn find(&mut self, labels: &Labels) -> Option<usize> {
        self.bytes.clear();
        let kept = &self.kept;
        if !matches!(kept, Kept::Named([])) {
            push_kept(labels, |name| kept.has(name), &mut self.bytes);
        }
        self.numbers.get(self.bytes.as_slice()).copied()
    }
}
