//! Operators between two vectors: series are matched once, by labels; values are then combined
//! column by column.

use std::cell::LazyCell;
use std::collections::HashMap;

use lang::promql::{Binary, BinaryOp, Cardinality, Matching, is_label_name, quote};
use signals::Labels;
use signals::metric::NAME_LABEL;

use crate::Error;
use crate::binary::{Cell, Combined, StepNotes, cell, changes_schema, combine};
use crate::evaluator::{Evaluator, Merge, Sink};
use crate::grid::{Grid, Row, is_identity, present_steps};

/// The labels that must match.
fn signature(labels: &Labels, matching: &Matching) -> Labels {
    let is_named = |name: &str| matching.labels.iter().any(|named| named == name);
    if matching.is_on {
        labels.without(|name| !is_named(name))
    } else {
        labels.without(|name| name == NAME_LABEL || is_named(name))
    }
}

/// Rows by signature.
fn by_signature(rows: &[Row], matching: &Matching) -> HashMap<Labels, Vec<usize>> {
    let mut groups: HashMap<Labels, Vec<usize>> = HashMap::new();
    for (at, row) in rows.iter().enumerate() {
        groups.entry(signature(&row.labels, matching)).or_default().push(at);
    }
    groups
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
    /// `and`, `or` and `unless`.
    pub(crate) fn set_operator(
        &self,
        binary: &Binary,
        grid: &Grid,
        sink: &mut Sink,
    ) -> Result<(), Error> {
        let left = self.collect(&binary.left, grid)?;
        let right = self.collect(&binary.right, grid)?;
        let (kept, other) = match binary.op {
            BinaryOp::Or => (&left, &left),
            _ => (&left, &right),
        };
        // The steps at which each signature of the deciding side is present.
        let by_signature = by_signature(other, &binary.matching);
        self.hold(by_signature.len() * grid.steps)?;
        let presence: HashMap<Labels, Vec<bool>> = by_signature
            .into_iter()
            .map(|(signature, members)| {
                let is_any = |step| {
                    members.iter().any(|at| other.get(*at).is_some_and(|row| row.is_present(step)))
                };
                (signature, (0..grid.steps).map(is_any).collect())
            })
            .collect();
        let is_there = |row: &Row, step: usize| {
            presence
                .get(&signature(&row.labels, &binary.matching))
                .and_then(|steps| steps.get(step))
                .copied()
                .unwrap_or(false)
        };
        let mut merge = self.merge();
        if binary.op == BinaryOp::Or {
            for row in kept {
                merge.add(row.clone())?;
            }
            for mut row in right {
                let hidden: Vec<bool> = (0..grid.steps).map(|step| is_there(&row, step)).collect();
                row.retain_steps(|step| !hidden.get(step).copied().unwrap_or(false));
                merge.add(row)?;
            }
            return merge.finish(sink);
        }
        for row in kept {
            let mut row = row.clone();
            let wanted = binary.op == BinaryOp::And;
            let there: Vec<bool> = (0..grid.steps).map(|step| is_there(&row, step)).collect();
            row.retain_steps(|step| there.get(step).copied().unwrap_or(false) == wanted);
            merge.add(row)?;
        }
        merge.finish(sink)
    }

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
        let ones = by_signature(&one, matching);
        let manys = by_signature(&many, matching);
        self.refuse_duplicates(binary, grid, &many, &one, &ones)?;
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
        for member in &many {
            self.check()?;
            let signature = signature(&member.labels, matching);
            pairs.is_tracked = pairs.fill_many().is_some()
                || manys.get(&signature).is_some_and(|members| members.len() > 1);
            let partners: Vec<&Row> = ones
                .get(&signature)
                .map(|partners| partners.iter().filter_map(|at| one.get(*at)).collect())
                .unwrap_or_default();
            for partner in &partners {
                let sides = Sides { many: Side::Row(member), one: Side::Row(partner) };
                pairs.combine(&signature, &sides, |_| true)?;
            }
            if let Some(fill) = pairs.fill_one() {
                let sides = Sides { many: Side::Row(member), one: Side::Fill(fill) };
                let is_alone = |step| !partners.iter().any(|partner| partner.is_present(step));
                pairs.combine(&signature, &sides, is_alone)?;
            }
        }
        if let Some(fill) = pairs.fill_many() {
            pairs.is_tracked = true;
            for partner in &one {
                self.check()?;
                let signature = signature(&partner.labels, matching);
                let sides = Sides { many: Side::Fill(fill), one: Side::Row(partner) };
                let matched = pairs.matched_steps(&signature);
                let is_alone = |step| !is_set(&matched, step);
                pairs.combine(&signature, &sides, is_alone)?;
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
        ones: &HashMap<Labels, Vec<usize>>,
    ) -> Result<(), Error> {
        let matching = &binary.matching;
        let has_fill = matching.fill_left.is_some() || matching.fill_right.is_some();
        let has_many = LazyCell::new(|| present_steps(many, grid.steps));
        let mut found: Option<(usize, usize, usize, &Labels)> = None;
        for (signature, partners) in ones.iter().filter(|(_, partners)| partners.len() > 1) {
            self.check()?;
            for step in 0..found.map_or(grid.steps, |(step, ..)| step + 1) {
                let mut present = partners
                    .iter()
                    .filter(|at| one.get(**at).is_some_and(|row| row.is_present(step)));
                if let (Some(first), Some(second)) = (present.next(), present.next())
                    && (has_fill || is_set(&has_many, step))
                {
                    let place = (step, *second, *first, signature);
                    let is_earlier = |(step, second, ..): (usize, usize, usize, &Labels)| {
                        (place.0, place.1) < (step, second)
                    };
                    if found.is_none_or(is_earlier) {
                        found = Some(place);
                    }
                    break;
                }
            }
        }
        let Some((_, second, first, signature)) = found else { return Ok(()) };
        let is_swapped = matching.cardinality == Cardinality::OneToMany;
        let side = if is_swapped { "left" } else { "right" };
        let mut both =
            [first, second].map(|at| one.get(at).map(|row| shown(&row.labels)).unwrap_or_default());
        both.sort();
        Err(Error::Execution(format!(
            "found duplicate series for the match group {} on the {side} hand-side of the \
             operation: [{}];many-to-many matching not allowed: matching labels must be unique on \
             one side",
            shown(signature),
            both.join(", "),
        )))
    }
}

/// One operand: a series, or the value in place of a missing one.
#[derive(Clone, Copy)]
enum Side<'r> {
    Row(&'r Row),
    Fill(f64),
}

impl<'r> Side<'r> {
    fn cell(&self, step: usize) -> Option<Cell> {
        match self {
            Self::Row(row) => cell(row, step, !row.histograms.is_empty()),
            Self::Fill(value) => Some(Cell::Number(*value)),
        }
    }

    /// The labels; a value in place of a series has those that match.
    fn labels(&self, signature: &'r Labels) -> &'r Labels {
        match self {
            Self::Row(row) => &row.labels,
            Self::Fill(_) => signature,
        }
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

struct Pairs<'p, 'e> {
    evaluator: &'p Evaluator<'e>,
    binary: &'p Binary,
    grid: &'p Grid,
    is_swapped: bool,
    /// Whether the results of the current signature are recorded, as there may be several.
    is_tracked: bool,
    matched: HashMap<Labels, MatchedSteps>,
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
    fn matched_steps(&self, signature: &Labels) -> Vec<bool> {
        let mut matched = vec![false; self.grid.steps];
        for steps in self.matched.get(signature).into_iter().flat_map(HashMap::values) {
            matched.iter_mut().zip(steps).for_each(|(any, one)| *any |= one);
        }
        matched
    }

    /// Combines two series at the steps that have both, and for which `is_wanted`.
    fn combine(
        &mut self,
        signature: &Labels,
        sides: &Sides,
        is_wanted: impl Fn(usize) -> bool,
    ) -> Result<(), Error> {
        let (labels, drops_name) =
            self.result_labels(sides.many.labels(signature), sides.one.labels(signature));
        self.evaluator.check()?;
        let steps = self.grid.steps;
        let is_one_to_one = self.binary.matching.cardinality == Cardinality::OneToOne;
        let key = if is_one_to_one { Labels::empty() } else { labels.clone() };
        let mut untracked = Vec::new();
        let matched = if self.is_tracked {
            let by_labels = self.matched.entry(signature.clone()).or_default();
            if !by_labels.contains_key(&key) {
                self.evaluator.hold(steps + key.as_bytes().len())?;
            }
            by_labels.entry(key).or_insert_with(|| vec![false; steps])
        } else {
            &mut untracked
        };
        let mut row = Row::empty(labels, steps);
        row.drops_name = drops_name;
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
            if let Some(place) = matched.get_mut(step)
                && std::mem::replace(place, true)
            {
                let reason = if is_one_to_one {
                    "many-to-one matching must be explicit (group_left/group_right)"
                } else {
                    "grouping labels must ensure unique matches"
                };
                return Err(Error::Execution(format!("multiple matches for labels: {reason}")));
            }
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
        let mut labels = many.without(|name| {
            (drops_now && is_identity(name))
                || (is_one_to_one && (is_named(name) != matching.is_on))
        });
        for name in &matching.include {
            labels = labels.with(name, one.get(name).unwrap_or_default());
        }
        (labels, delays && *is_bool)
    }
}
