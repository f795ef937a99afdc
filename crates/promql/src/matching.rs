//! Operators between two vectors: series are matched once, by labels; values are then combined
//! column by column.

use std::collections::HashMap;

use lang::promql::{Binary, BinaryOp, Cardinality, Matching};
use signals::Labels;
use signals::metric::NAME_LABEL;

use crate::Error;
use crate::binary::{Cell, cell, changes_meaning};
use crate::evaluator::{Evaluator, Merge, Sink};
use crate::grid::{Grid, Row, is_identity};

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
fn shown(labels: &Labels) -> String {
    let pairs: Vec<String> = labels
        .iter()
        .map(|(name, value)| format!("{name}={}", lang::promql::quote(value)))
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
        if matching.fill_left.is_some() || matching.fill_right.is_some() {
            return Err(Error::Unsupported("fill modifiers".into()));
        }
        let left = self.collect(&binary.left, grid)?;
        let right = self.collect(&binary.right, grid)?;
        // The many side first; one-to-one treats the left as the many side.
        let is_swapped = matching.cardinality == Cardinality::OneToMany;
        let (many, one) = if is_swapped { (&right, &left) } else { (&left, &right) };
        let pairs = Pairs { evaluator: self, binary, many, one, is_swapped, steps: grid.steps };
        let ones = by_signature(one, matching);
        let manys = by_signature(many, matching);
        let mut merge = self.merge();
        let mut order: Vec<(&Labels, &Vec<usize>)> = manys.iter().collect();
        order.sort_by_key(|(_, members)| members.first().copied());
        for (signature, members) in order {
            if let Some(partners) = ones.get(signature) {
                pairs.group(signature, members, partners, &mut merge)?;
            }
        }
        let mut rows = merge.into_rows();
        // The result has the order of the many side.
        rows.retain(Row::has_any);
        rows.into_iter().try_for_each(sink)
    }
}

struct Pairs<'p, 'e> {
    evaluator: &'p Evaluator<'e>,
    binary: &'p Binary,
    many: &'p [Row],
    one: &'p [Row],
    is_swapped: bool,
    steps: usize,
}

impl Pairs<'_, '_> {
    /// Combines the rows of one signature.
    fn group(
        &self,
        signature: &Labels,
        members: &[usize],
        partners: &[usize],
        merge: &mut Merge<'_>,
    ) -> Result<(), Error> {
        if partners.len() > 1 {
            self.refuse_duplicates(signature, partners)?;
        }
        let is_one_to_one = self.binary.matching.cardinality == Cardinality::OneToOne;
        let mut is_taken =
            if is_one_to_one && members.len() > 1 { vec![false; self.steps] } else { Vec::new() };
        for member in members.iter().filter_map(|at| self.many.get(*at)) {
            for partner in partners.iter().filter_map(|at| self.one.get(*at)) {
                let row = self.combine(member, partner, &mut is_taken)?;
                merge.add(row).map_err(|_| {
                    let message =
                        "multiple matches for labels: grouping labels must ensure unique matches";
                    Error::Execution(message.into())
                })?;
            }
        }
        Ok(())
    }

    /// Two series of the one side may share a signature only if no step has values of both.
    fn refuse_duplicates(&self, signature: &Labels, partners: &[usize]) -> Result<(), Error> {
        for step in 0..self.steps {
            let mut present = partners
                .iter()
                .filter_map(|at| self.one.get(*at))
                .filter(|row| row.is_present(step));
            if let (Some(first), Some(second)) = (present.next(), present.next()) {
                let side = if self.is_swapped { "left" } else { "right" };
                return Err(Error::Execution(format!(
                    "found duplicate series for the match group {} on the {side} hand-side of the \
                     operation: [{}, {}];many-to-many matching not allowed: matching labels must \
                     be unique on one side",
                    shown(signature),
                    shown(&second.labels),
                    shown(&first.labels),
                )));
            }
        }
        Ok(())
    }

    fn combine(&self, member: &Row, partner: &Row, is_taken: &mut [bool]) -> Result<Row, Error> {
        let (labels, drops_name) = self.result_labels(member, partner);
        let mut row = Row::empty(labels, self.steps);
        row.drops_name = drops_name;
        let has_histograms = !member.histograms.is_empty() || !partner.histograms.is_empty();
        for step in 0..self.steps {
            let (a, b) = (cell(member, step, has_histograms), cell(partner, step, has_histograms));
            let (Some(a), Some(b)) = (a, b) else { continue };
            if let Some(taken) = is_taken.get_mut(step)
                && std::mem::replace(taken, true)
            {
                let message = "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)";
                return Err(Error::Execution(message.into()));
            }
            let (left, right) = if self.is_swapped { (b, a) } else { (a, b) };
            match self.evaluator.binary_cells(self.binary, left, right) {
                None => {}
                Some(Cell::Number(value)) => {
                    if let Some(place) = row.values.get_mut(step) {
                        *place = value;
                    }
                }
                Some(Cell::Histogram(histogram)) => row.histograms.push((step as u32, histogram)),
            }
        }
        Ok(row)
    }

    fn result_labels(&self, member: &Row, partner: &Row) -> (Labels, bool) {
        let matching = &self.binary.matching;
        let changes_meaning = changes_meaning(self.binary);
        let delays = self.evaluator.settings.delays_name_removal;
        let drops_now = changes_meaning && !delays;
        let is_named = |name: &str| matching.labels.iter().any(|named| named == name);
        let is_one_to_one = matching.cardinality == Cardinality::OneToOne;
        let mut labels = member.labels.without(|name| {
            (drops_now && is_identity(name))
                || (is_one_to_one && (is_named(name) != matching.is_on))
        });
        for name in &matching.include {
            labels = labels.with(name, partner.labels.get(name).unwrap_or_default());
        }
        let drops_name = delays && (changes_meaning || member.drops_name);
        (labels, drops_name)
    }
}
