//! The tree of the spans of one trace.

use std::collections::HashMap;

use signals::SpanId;
use signals::span::{Kind, SpanRows};

/// Parents and children by row. Loops, which faulty senders create, are broken where they close.
#[derive(Debug, Clone)]
pub(crate) struct TraceTree {
    parents: Vec<Option<usize>>,
    child_counts: Vec<usize>,
    /// Order of entering and leaving, from 1; 0 for spans that are not reachable from a root.
    nested: Vec<(i64, i64)>,
    /// The root with the earliest start.
    pub(crate) root: Option<usize>,
    /// First start and last end.
    pub(crate) start_time: i64,
    pub(crate) end_time: i64,
}

impl TraceTree {
    pub(crate) fn new(rows: &SpanRows<'_>) -> Self {
        let by_id = ById::new(rows);
        let mut tree = Self {
            parents: (0..rows.len()).map(|row| by_id.parent(rows, row)).collect(),
            child_counts: vec![0; rows.len()],
            nested: vec![(0, 0); rows.len()],
            root: (0..rows.len())
                .filter(|row| rows.parent_span_id(*row).is_none())
                .min_by_key(|row| rows.start_time(*row)),
            start_time: (0..rows.len()).map(|row| rows.start_time(row)).min().unwrap_or_default(),
            end_time: (0..rows.len()).map(|row| rows.end_time(row)).max().unwrap_or_default(),
        };
        let mut children = vec![Vec::new(); rows.len()];
        for (row, parent) in tree.parents.iter().enumerate() {
            if let Some(parent) = parent {
                if let Some(list) = children.get_mut(*parent) {
                    list.push(row);
                }
                if let Some(count) = tree.child_counts.get_mut(*parent) {
                    *count += 1;
                }
            }
        }
        tree.number(&children);
        tree
    }

    fn number(&mut self, children: &[Vec<usize>]) {
        let mut next = 1;
        let roots: Vec<usize> = (0..self.parents.len())
            .filter(|row| self.parents.get(*row).is_some_and(Option::is_none))
            .collect();
        for root in roots {
            let mut path: Vec<(usize, usize)> = vec![(root, 0)];
            self.enter(root, &mut next);
            while let Some((row, done)) = path.last_mut() {
                let child = children.get(*row).and_then(|list| list.get(*done)).copied();
                *done += 1;
                if let Some(child) = child {
                    self.enter(child, &mut next);
                    path.push((child, 0));
                } else {
                    if let Some(place) = self.nested.get_mut(*row) {
                        place.1 = next;
                    }
                    next += 1;
                    path.pop();
                }
            }
        }
    }

    fn enter(&mut self, row: usize, next: &mut i64) {
        if let Some(place) = self.nested.get_mut(row) {
            place.0 = *next;
        }
        *next += 1;
    }

    pub(crate) fn parent(&self, row: usize) -> Option<usize> {
        self.parents.get(row).copied().flatten()
    }

    pub(crate) fn child_count(&self, row: usize) -> usize {
        self.child_counts.get(row).copied().unwrap_or_default()
    }

    /// When the span is entered and left in a depth-first walk of the tree.
    pub(crate) fn nested(&self, row: usize) -> (i64, i64) {
        self.nested.get(row).copied().unwrap_or_default()
    }

    /// For each span, whether one of its ancestors is marked.
    pub(crate) fn below(&self, marked: &[bool]) -> Vec<bool> {
        let mut known: Vec<Option<bool>> = vec![None; self.parents.len()];
        for row in 0..self.parents.len() {
            let mut path = Vec::new();
            let mut at = row;
            let is_below = loop {
                if let Some(known) = known.get(at).copied().flatten() {
                    break known;
                }
                // A span that is still being evaluated counts as "no": this ends a loop.
                if let Some(slot) = known.get_mut(at) {
                    *slot = Some(false);
                }
                path.push(at);
                match self.parent(at) {
                    None => break false,
                    Some(parent) if marked.get(parent).copied().unwrap_or_default() => break true,
                    Some(parent) => at = parent,
                }
            };
            for at in path {
                if let Some(slot) = known.get_mut(at) {
                    *slot = Some(is_below);
                }
            }
        }
        known.into_iter().map(Option::unwrap_or_default).collect()
    }

    /// For each span, whether one of its descendants is marked.
    pub(crate) fn above(&self, marked: &[bool]) -> Vec<bool> {
        let mut above = vec![false; self.parents.len()];
        for row in
            (0..self.parents.len()).filter(|row| marked.get(*row).copied().unwrap_or_default())
        {
            let mut at = row;
            while let Some(parent) = self.parent(at) {
                match above.get_mut(parent) {
                    Some(flag) if !*flag => *flag = true,
                    _ => break,
                }
                at = parent;
            }
        }
        above
    }
}

/// Rows by span id. The client and server spans of one call may share an id.
struct ById {
    first: HashMap<SpanId, usize>,
    /// The next row of the same id.
    next: HashMap<usize, usize>,
}

impl ById {
    fn new(rows: &SpanRows<'_>) -> Self {
        let (mut first, mut next) = (HashMap::with_capacity(rows.len()), HashMap::new());
        for row in (0..rows.len()).rev() {
            if let Some(later) = first.insert(rows.span_id(row), row) {
                next.insert(row, later);
            }
        }
        Self { first, next }
    }

    /// The parent of a row. If two spans share the parent id, a server span belongs to the client
    /// span and any other span to the server span.
    fn parent(&self, rows: &SpanRows<'_>, row: usize) -> Option<usize> {
        let first = self.first.get(&rows.parent_span_id(row)?).copied();
        let shared = std::iter::successors(first, |row| self.next.get(row).copied());
        let others = || shared.clone().filter(|parent| *parent != row);
        let kind = if rows.kind(row) == Kind::Server { Kind::Client } else { Kind::Server };
        others().find(|parent| rows.kind(*parent) == kind).or_else(|| others().next())
    }
}
