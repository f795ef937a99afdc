//! The heap with which Prometheus chooses series by value. It decides which of several equal values
//! are chosen, and in which order they are returned.

/// A series and its value.
pub(crate) type Entry = (f64, usize);

/// The best entries so far, the worst of them first.
#[derive(Debug, Default)]
pub(crate) struct Best {
    entries: Vec<Entry>,
    is_lowest: bool,
}

/// Up to this length, Go sorts by insertion.
const INSERTION_MAX: usize = 12;

impl Best {
    /// Empties the heap; `is_lowest` if the lowest values are the best.
    pub(crate) fn clear(&mut self, is_lowest: bool) {
        self.entries.clear();
        self.is_lowest = is_lowest;
    }

    /// Adds an entry, in the place of the worst one if there are `limit` and it is better.
    pub(crate) fn offer(&mut self, entry: Entry, limit: usize) {
        if self.entries.len() < limit {
            return self.push(entry);
        }
        if limit == 0 {
            return;
        }
        if let Some(worst) = self.entries.first_mut()
            && (is_worse(self.is_lowest, worst.0, entry.0)
                && (!worst.0.is_nan() || !entry.0.is_nan()))
        {
            *worst = entry;
            self.sink();
        }
    }

    /// Adds an entry.
    pub(crate) fn push(&mut self, entry: Entry) {
        self.entries.push(entry);
        let mut at = self.entries.len() - 1;
        while at > 0 {
            let parent = (at - 1) / 2;
            if !self.is_worse_at(at, parent) {
                break;
            }
            self.entries.swap(at, parent);
            at = parent;
        }
    }

    /// Moves the first entry to its place.
    fn sink(&mut self) {
        let mut at = 0;
        loop {
            let mut child = 2 * at + 1;
            if child >= self.entries.len() {
                return;
            }
            if child + 1 < self.entries.len() && self.is_worse_at(child + 1, child) {
                child += 1;
            }
            if !self.is_worse_at(child, at) {
                return;
            }
            self.entries.swap(at, child);
            at = child;
        }
    }

    /// The entries, in the order of the heap unless they are sorted.
    pub(crate) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Sorts the entries, best first; they are no heap any more.
    pub(crate) fn sort(&mut self) {
        let is_lowest = self.is_lowest;
        if self.entries.len() > INSERTION_MAX {
            self.entries.sort_by(|a, b| {
                let order = a.0.partial_cmp(&b.0).unwrap_or(std::cmp::Ordering::Equal);
                let order = if is_lowest { order } else { order.reverse() };
                a.0.is_nan().cmp(&b.0.is_nan()).then(order)
            });
            return;
        }
        for end in 1..self.entries.len() {
            let mut at = end;
            while at > 0 && self.is_worse_at(at - 1, at) {
                self.entries.swap(at - 1, at);
                at -= 1;
            }
        }
    }

    fn is_worse_at(&self, a: usize, b: usize) -> bool {
        match (self.entries.get(a), self.entries.get(b)) {
            (Some(a), Some(b)) => is_worse(self.is_lowest, a.0, b.0),
            _ => false,
        }
    }
}

/// Whether `a` is worse than `b`. NaN is worse than all, NaN included.
fn is_worse(is_lowest: bool, a: f64, b: f64) -> bool {
    a.is_nan() || if is_lowest { a > b } else { a < b }
}
