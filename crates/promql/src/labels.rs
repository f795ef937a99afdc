//! `label_replace`, `label_join` and sorting by labels.

use std::cell::RefCell;
use std::cmp::Ordering;
use std::collections::HashMap;

use lang::promql::Call;
use regex::Regex;
use signals::metric::NAME_LABEL;

use crate::Error;
use crate::evaluator::{Evaluator, Sink, compare_labels, text_of};
use crate::grid::{Grid, Row};

thread_local! {
    /// Compiled patterns: rules evaluate the same queries again and again, and compiling a pattern
    /// takes longer than most of them.
    static PATTERNS: RefCell<HashMap<String, Regex>> = RefCell::default();
}

/// Maximum number of patterns that a thread keeps.
const PATTERNS_MAX: usize = 100;

/// A compiled pattern; `None` if it does not compile.
fn compiled(pattern: &str) -> Option<Regex> {
    PATTERNS.with_borrow_mut(|known| {
        if let Some(regex) = known.get(pattern) {
            return Some(regex.clone());
        }
        let regex = signals::matcher::anchored(pattern).ok()?;
        if known.len() >= PATTERNS_MAX {
            known.clear();
        }
        known.insert(pattern.to_owned(), regex.clone());
        Some(regex)
    })
}

impl Evaluator<'_> {
    pub(crate) fn label_replace(
        &self,
        call: &Call,
        grid: &Grid,
        sink: &mut Sink,
    ) -> Result<(), Error> {
        let [vector, destination, replacement, source, pattern] = call.arguments.as_slice() else {
            return Err(Error::Internal("label_replace with other arguments".into()));
        };
        let (destination, replacement) = (text_of(destination)?, text_of(replacement)?);
        let (source, pattern) = (text_of(source)?, text_of(pattern)?);
        let regex = compiled(&pattern).ok_or_else(|| {
            Error::Execution(format!("invalid regular expression in label_replace(): {pattern}"))
        })?;
        check_label_name(&destination, "label_replace")?;
        self.relabel(vector, grid, sink, &mut |row| {
            let value = row.labels.get(&source).unwrap_or_default();
            if let Some(captures) = regex.captures(value) {
                let mut expanded = String::new();
                captures.expand(&replacement, &mut expanded);
                set_label(row, &destination, &expanded);
            }
        })
    }

    pub(crate) fn label_join(
        &self,
        call: &Call,
        grid: &Grid,
        sink: &mut Sink,
    ) -> Result<(), Error> {
        let [vector, destination, separator, sources @ ..] = call.arguments.as_slice() else {
            return Err(Error::Internal("label_join with other arguments".into()));
        };
        let (destination, separator) = (text_of(destination)?, text_of(separator)?);
        let sources: Vec<String> = sources.iter().map(text_of).collect::<Result<_, _>>()?;
        for source in &sources {
            if !is_valid(source) {
                return Err(Error::Execution(format!(
                    "invalid source label name in label_join(): {source}"
                )));
            }
        }
        check_label_name(&destination, "label_join")?;
        self.relabel(vector, grid, sink, &mut |row| {
            let values: Vec<&str> =
                sources.iter().map(|source| row.labels.get(source).unwrap_or_default()).collect();
            let joined = values.join(&separator);
            set_label(row, &destination, &joined);
        })
    }

    fn relabel(
        &self,
        vector: &lang::promql::Expr,
        grid: &Grid,
        sink: &mut Sink,
        change: &mut dyn FnMut(&mut Row),
    ) -> Result<(), Error> {
        let mut merge = self.merge();
        self.rows(vector, grid, &mut |mut row| {
            change(&mut row);
            merge.add(row)
        })?;
        merge.finish(sink)
    }

    /// `sort_by_label` and `sort_by_label_desc`.
    pub(crate) fn sort_by_label(
        &self,
        call: &Call,
        is_descending: bool,
        grid: &Grid,
        sink: &mut Sink,
    ) -> Result<(), Error> {
        let [vector, names @ ..] = call.arguments.as_slice() else {
            return Err(Error::Internal("sort_by_label without a vector".into()));
        };
        let names: Vec<String> = names.iter().map(text_of).collect::<Result<_, _>>()?;
        let mut rows = self.collect(vector, grid)?;
        self.note_ineffective_sort(call, grid);
        rows.sort_by(|a, b| {
            let by_names = names.iter().fold(Ordering::Equal, |order, name| {
                order.then_with(|| {
                    let value = |row: &Row| row.labels.get(name).unwrap_or_default().to_owned();
                    natural_order(&value(a), &value(b))
                })
            });
            let order = by_names.then_with(|| compare_labels(&a.labels, &b.labels));
            if is_descending { order.reverse() } else { order }
        });
        rows.into_iter().try_for_each(sink)
    }

    /// `sort` and `sort_desc`.
    pub(crate) fn sort_by_value(
        &self,
        call: &Call,
        is_descending: bool,
        grid: &Grid,
        sink: &mut Sink,
    ) -> Result<(), Error> {
        let [vector] = call.arguments.as_slice() else {
            return Err(Error::Internal("sort without a vector".into()));
        };
        let mut rows = self.collect(vector, grid)?;
        self.note_ineffective_sort(call, grid);
        // Histograms have no order and are dropped.
        for row in &mut rows {
            row.histograms.clear();
        }
        rows.retain(Row::has_any);
        if grid.is_instant {
            rows.sort_by(|a, b| {
                let value = |row: &Row| row.values.first().copied().unwrap_or(f64::NAN);
                let (a, b) = (value(a), value(b));
                let order = a.partial_cmp(&b).unwrap_or(Ordering::Equal);
                a.is_nan().cmp(&b.is_nan()).then(if is_descending {
                    order.reverse()
                } else {
                    order
                })
            });
        }
        rows.into_iter().try_for_each(sink)
    }

    fn note_ineffective_sort(&self, call: &Call, grid: &Grid) {
        if !grid.is_instant {
            let message =
                "sort is ineffective for range queries since results are always ordered by labels";
            self.warn(call.span, message);
        }
    }
}

fn set_label(row: &mut Row, name: &str, value: &str) {
    row.labels = row.labels.with(name, value);
    if name == NAME_LABEL {
        row.drops_name = false;
    }
}

/// Whether a text is the name of a label; bytes that are not UTF-8 have been replaced.
fn is_valid(name: &str) -> bool {
    !name.is_empty() && !name.contains('\u{fffd}')
}

fn check_label_name(name: &str, function: &str) -> Result<(), Error> {
    if is_valid(name) {
        return Ok(());
    }
    Err(Error::Execution(format!("invalid destination label name in {function}(): {name}")))
}

/// An order in which runs of digits compare as numbers.
fn natural_order(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (a, b);
    loop {
        let (Some(first_a), Some(first_b)) = (a.chars().next(), b.chars().next()) else {
            return a.len().cmp(&b.len());
        };
        if first_a.is_ascii_digit() && first_b.is_ascii_digit() {
            let digits =
                |text: &str| text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
            let (number_a, rest_a) = a.split_at(digits(a));
            let (number_b, rest_b) = b.split_at(digits(b));
            let (plain_a, plain_b) =
                (number_a.trim_start_matches('0'), number_b.trim_start_matches('0'));
            let order = plain_a
                .len()
                .cmp(&plain_b.len())
                .then_with(|| plain_a.cmp(plain_b))
                .then_with(|| number_a.len().cmp(&number_b.len()));
            if order != Ordering::Equal {
                return order;
            }
            (a, b) = (rest_a, rest_b);
        } else {
            if first_a != first_b {
                return first_a.cmp(&first_b);
            }
            a = &a[first_a.len_utf8()..];
            b = &b[first_b.len_utf8()..];
        }
    }
}
