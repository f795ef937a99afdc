//! Operators between two vectors: series are matched once, by labels; values are then combined
//! column by column.

use std::cell::LazyCell;
use std::collections::HashMap;

use lang::promql::{Binary, Cardinality, Matching, is_label_name, quote};
use signals::Labels;

use crate::Error;
use crate::binary::{Cell, Combined, FloatOperator, StepNotes, cell, changes_schema, combine};
use crate::evaluator::{Evaluator, Sink};
use crate::grid::{Grid, Row, is_absent, is_identity, present_steps};
use crate::merge::Merge;
use crate::signature::{Signatures, kept};

/// Series by the labels that must match.
struct Matches<'m> {
    signatures: Signatures<'m>,
    /// The number of each row.
    many: Vec<usize>,
    one: Vec<usize>,
    /// How many rows of the many side have a number.
    many_counts: Vec<usize>,
    /// Rows of the one side by number.
    ones: Vec<Vec<usize>>,
}

impl<'m> Matches<'m> {
    fn of(matching: &'m Matching, many: &[Row], one: &[Row]) -> Self {
        let mut signatures = Signatures::of(matching);
        let mut number = |row: &Row| signatures.number(&row.labels).0;
        let one: Vec<usize> = one.iter().map(&mut number).collect();
        let many: Vec<usize> = many.iter().map(&mut number).collect();
        let count = one.iter().chain(&many).max().map_or(0, |last| last + 1);
        let mut many_counts = vec![0; count];
        for number in &many {
            if let Some(count) = many_counts.get_mut(*number) {
                *count += 1;
            }
        }
        let mut ones = vec![Vec::new(); count];
        for (at, number) in one.iter().enumerate() {
            if let Some(rows) = ones.get_mut(*number) {
                rows.push(at);
            }
        }
        Self { signatures, many, one, many_counts, ones }
    }
}

/// Formats labels as `{a="b", c="d"}` for error messages.
pub(crate) fn shown(labels: &Labels) -> String {
    let shown_name = |name: &str| if is_label_name(name) { name.to_owned() } else { quote(name) };
    let pairs: Vec<String> = labels
        .iter()
        .map(|(name, value)| format!("{}={}", shown_name(name), quote(value)))
        .collect();
    format!("{{{}}}", pairs.join(", "))
}

impl Evaluator<'_> {
    /// Arithmetic and comparison between vectors.
    pub(crate) fn match_vectors(
        &self,
        binary: &Binary,
        grid: &Grid,
        sink: &mut Sink,
    ) -> Result<(), Error> {
        let matching = &binary.matching;
        let left = self.collect(&binary.left, grid)?;
        let right = self.collect(&binary.right, grid)?;
        // The many side first; one-to-one treats the left as the many side.
        let is_swapped = matching.cardinality == Cardinality::OneToMany;
        let (many, one) = if is_swapped { (right, left) } else { (left, right) };
        let matches = Matches::of(matching, &many, &one);
        self.hold((many.len() + one.len()) * 2 * size_of::<usize>())?;
        self.refuse_duplicates(binary, grid, &many, &one, &matches)?;
        let mut pairs = Pairs {
            evaluator: self,
            binary,
            grid,
            is_swapped,
            is_tracked: true,
            matched: HashMap::new(),
            notes: StepNotes::default(),
            merge: self.merge(),
        };
        for (member, number) in many.iter().zip(&matches.many) {
            self.check()?;
            pairs.is_tracked = pairs.fill_many().is_some()
                || matches.many_counts.get(*number).is_some_and(|count| *count > 1);
            let partners = matches.ones.get(*number).map(Vec::as_slice).unwrap_or_default();
            let partners = || partners.iter().filter_map(|at| one.get(*at));
            for partner in partners() {
                let sides = Sides { many: Side::Row(member), one: Side::Row(partner) };
                pairs.combine(*number, &sides, |_| true)?;
            }
            if let Some(fill) = pairs.fill_one() {
                let labels = matches.signatures.labels(&member.labels);
                let sides = Sides { many: Side::Row(member), one: Side::Fill(fill, &labels) };
                let is_alone = |step| !partners().any(|partner| partner.is_present(step));
                pairs.combine(*number, &sides, is_alone)?;
            }
        }
        if let Some(fill) = pairs.fill_many() {
            pairs.is_tracked = true;
            for (partner, number) in one.iter().zip(&matches.one) {
                self.check()?;
                let labels = matches.signatures.labels(&partner.labels);
                let sides = Sides { many: Side::Fill(fill, &labels), one: Side::Row(partner) };
                let matched = pairs.matched_steps(*number);
                let is_alone = |step| !is_set(&matched, step);
                pairs.combine(*number, &sides, is_alone)?;
            }
        }
        self.note_steps(binary, &pairs.notes);
        pairs.merge.finish(sink)
    }

    /// Two series of the one side may share a signature only if no step has values of both. Of
    /// several such pairs, the error names that of the first step.
    fn refuse_duplicates(
        &self,
        binary: &Binary,
        grid: &Grid,
        many: &[Row],
        one: &[Row],
        matches: &Matches,
    ) -> Result<(), Error> {
        let matching = &binary.matching;
        let has_fill = matching.fill_left.is_some() || matching.fill_right.is_some();
        let has_many = LazyCell::new(|| present_steps(many, grid.steps));
        let mut found: Option<(usize, usize, usize)> = None;
        for partners in matches.ones.iter().filter(|partners| partners.len() > 1) {
            self.check()?;
            for step in 0..found.map_or(grid.steps, |(step, ..)| step + 1) {
                let mut present = partners
                    .iter()
                    .filter(|at| one.get(**at).is_some_and(|row| row.is_present(step)));
                if let (Some(first), Some(second)) = (present.next(), present.next())
                    && (has_fill || is_set(&has_many, step))
                {
                    let place = (step, *second, *first);
                    let is_earlier = |(step, second, _): (usize, usize, usize)| {
                        (place.0, place.1) < (step, second)
                    };
                    if found.is_none_or(is_earlier) {
                        found = Some(place);
                    }
                    break;
                }
            }
        }
        let Some((_, second, first)) = found else { return Ok(()) };
        let signature = one.get(first).map(|row| matches.signatures.labels(&row.labels));
        let is_swapped = matching.cardinality == Cardinality::OneToMany;
        let side = if is_swapped { "left" } else { "right" };
        let mut both =
            [first, second].map(|at| one.get(at).map(|row| shown(&row.labels)).unwrap_or_default());
        both.sort();
        Err(Error::Execution(format!(
            "found duplicate series for the match group {} on the {side} hand-side of the \
             operation: [{}];many-to-many matching not allowed: matching labels must be unique on \
             one side",
            signature.as_ref().map(shown).unwrap_or_default(),
            both.join(", "),
        )))
    }
}

/// One operand: a series, or the value in place of a missing one.
#[derive(Clone, Copy)]
enum Side<'r> {
    Row(&'r Row),
    Fill(f64, &'r Labels),
}

impl<'r> Side<'r> {
    fn cell(&self, step: usize) -> Option<Cell> {
        match self {
            Self::Row(row) => cell(row, step, !row.histograms.is_empty()),
            Self::Fill(value, _) => Some(Cell::Number(*value)),
        }
    }

    /// The labels; a value in place of a series has those that match.
    fn labels(&self) -> &'r Labels {
        match self {
            Self::Row(row) => &row.labels,
            Self::Fill(_, labels) => labels,
        }
    }

    /// The value at a step, of a side without histograms.
    fn number(&self, step: usize) -> Option<f64> {
        match self {
            Self::Row(row) => row.values.get(step).copied().filter(|value| !is_absent(*value)),
            Self::Fill(value, _) => Some(*value),
        }
    }

    fn has_histograms(&self) -> bool {
        matches!(self, Self::Row(row) if !row.histograms.is_empty())
    }
}

#[derive(Clone, Copy)]
struct Sides<'r> {
    many: Side<'r>,
    one: Side<'r>,
}

/// The steps at which a signature has a result, or that a comparison has removed, by the labels of
/// the result; one-to-one matching ignores these labels.
type MatchedSteps = HashMap<Labels, Vec<bool>>;

fn is_set(steps: &[bool], step: usize) -> bool {
    steps.get(step).copied().unwrap_or(false)
}

/// Records that a step has a result, which may happen once.
fn match_once(matched: &mut [bool], step: usize, is_one_to_one: bool) -> Result<(), Error> {
    let Some(place) = matched.get_mut(step) else { return Ok(()) };
    if !std::mem::replace(place, true) {
        return Ok(());
    }
    let reason = if is_one_to_one {
        "many-to-one matching must be explicit (group_left/group_right)"
    } else {
        "grouping labels must ensure unique matches"
    };
    Err(Error::Execution(format!("multiple matches for labels: {reason}")))
}

struct Pairs<'p, 'e> {
    evaluator: &'p Evaluator<'e>,
    binary: &'p Binary,
    grid: &'p Grid,
    is_swapped: bool,
    /// Whether the results of the current signature are recorded, as there may be several.
    is_tracked: bool,
    /// By the number of the signature.
    matched: HashMap<usize, MatchedSteps>,
    notes: StepNotes,
    merge: Merge<'p>,
}

impl Pairs<'_, '_> {
    // Prometheus swaps the operands of `group_right`, but not their fill values: there,
    // `fill_right` is the value for the one side on the left.
    fn fill_one(&self) -> Option<f64> {
        self.binary.matching.fill_right
    }

    fn fill_many(&self) -> Option<f64> {
        self.binary.matching.fill_left
    }

    /// The steps at which a signature has any result.
    fn matched_steps(&self, signature: usize) -> Vec<bool> {
        let mut matched = vec![false; self.grid.steps];
        for steps in self.matched.get(&signature).into_iter().flat_map(HashMap::values) {
            matched.iter_mut().zip(steps).for_each(|(any, one)| *any |= one);
        }
        matched
    }

    /// Combines two series at the steps that have both, and for which `is_wanted`.
    fn combine(
        &mut self,
        signature: usize,
        sides: &Sides,
        is_wanted: impl Fn(usize) -> bool,
    ) -> Result<(), Error> {
        let (labels, drops_name) = self.result_labels(sides.many.labels(), sides.one.labels());
        self.evaluator.check()?;
        let steps = self.grid.steps;
        let is_one_to_one = self.binary.matching.cardinality == Cardinality::OneToOne;
        let mut untracked = Vec::new();
        let matched = if self.is_tracked {
            let key = if is_one_to_one { Labels::empty() } else { labels.clone() };
            let by_labels = self.matched.entry(signature).or_default();
            if !by_labels.contains_key(&key) {
                self.evaluator.hold(steps + key.as_bytes().len())?;
            }
            by_labels.entry(key).or_insert_with(|| vec![false; steps])
        } else {
            &mut untracked
        };
        let mut row = Row::empty(labels, steps);
        row.drops_name = drops_name;
        let are_numbers = !sides.many.has_histograms() && !sides.one.has_histograms();
        if are_numbers && let Some(operator) = FloatOperator::of(self.binary) {
            for (step, place) in row.values.iter_mut().enumerate() {
                let (Some(a), Some(b)) = (sides.many.number(step), sides.one.number(step)) else {
                    continue;
                };
                if is_wanted(step) {
                    let (left, right) = if self.is_swapped { (b, a) } else { (a, b) };
                    *place = operator.apply(left, right);
                    match_once(matched, step, is_one_to_one)?;
                }
            }
            return self.merge.add(row);
        }
        for step in (0..steps).filter(|step| is_wanted(*step)) {
            let (Some(a), Some(b)) = (sides.many.cell(step), sides.one.cell(step)) else {
                continue;
            };
            let (left, right) = if self.is_swapped { (b, a) } else { (a, b) };
            let (combined, note) = combine(self.binary, left, right);
            if let Some(note) = note {
                self.notes.set(self.evaluator, self.grid, step, note)?;
            }
            if matches!(combined, Combined::Refused) {
                continue;
            }
            match_once(matched, step, is_one_to_one)?;
            combined.store(&mut row, step);
        }
        self.merge.add(row)
    }

    fn result_labels(&self, many: &Labels, one: &Labels) -> (Labels, bool) {
        let Binary { op, is_bool, matching, .. } = self.binary;
        let delays = self.evaluator.settings.delays_name_removal;
        // Only the removal by `bool` is delayed.
        let drops_now = changes_schema(*op) || (*is_bool && !delays);
        let is_named = |name: &str| matching.labels.iter().any(|named| named == name);
        let is_one_to_one = matching.cardinality == Cardinality::OneToOne;
        let mut labels = kept(many, |name| {
            let is_matched = !is_one_to_one || is_named(name) == matching.is_on;
            is_matched && !(drops_now && is_identity(name))
        });
        for name in &matching.include {
            labels = labels.with(name, one.get(name).unwrap_or_default());
        }
        (labels, delays && *is_bool)
    }
}
