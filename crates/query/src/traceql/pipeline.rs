//! Runs a query over the spans of one trace.

use std::collections::HashMap;

use lang::traceql::{
    Aggregate, BinaryOp, FieldExpr, Pipeline, Relation, RelationKind, ScalarExpr, ScalarFilter,
    SpansetExpr, SpansetOp, Stage, Static, UnaryOp,
};
use regex::Regex;

use super::{SpanTable, TraceTree, Value, for_each_field};
use crate::QueryError;

/// Spans of one trace that belong together.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct SpanSet {
    /// Rows of the trace, ascending.
    pub(crate) rows: Vec<usize>,
    /// The values that the set is grouped by.
    pub(crate) attributes: Vec<(String, Static)>,
}

/// A compiled query.
pub(crate) struct Program {
    pipeline: Pipeline,
    regexes: HashMap<String, Regex>,
    /// Attributes that answers show with each span: those of conditions and of `select`.
    pub(crate) shown: Vec<FieldExpr>,
}

impl Program {
    pub(crate) fn new(pipeline: Pipeline) -> Result<Self, QueryError> {
        let mut program = Self { pipeline, regexes: HashMap::new(), shown: Vec::new() };
        let mut fields = Vec::new();
        collect_pipeline(&program.pipeline, &mut fields);
        for (expr, is_selected) in fields {
            let mut patterns = Vec::new();
            collect_patterns(expr, &mut patterns);
            for pattern in patterns {
                if !program.regexes.contains_key(pattern) {
                    let regex = signals::matcher::anchored(pattern).map_err(|error| {
                        QueryError::Invalid(format!("invalid TraceQL query: {error}"))
                    })?;
                    program.regexes.insert(pattern.to_owned(), regex);
                }
            }
            let shown = &mut program.shown;
            for_each_field(expr, &mut |field| {
                let is_shown = is_selected || matches!(field, FieldExpr::Attribute(_));
                if is_shown && !shown.contains(field) {
                    shown.push(field.clone());
                }
            });
        }
        Ok(program)
    }

    /// A condition that some span of every matching trace satisfies; `None` when every trace may
    /// match. It only uses fields of single spans.
    pub(crate) fn necessary(&self) -> Option<FieldExpr> {
        match self.pipeline.stages.first() {
            Some(Stage::Spanset(spanset)) => necessary(spanset),
            _ => None,
        }
    }

    /// The span sets of a trace; none when it does not match.
    pub(crate) fn run(&self, table: &SpanTable<'_>, tree: &TraceTree) -> Vec<SpanSet> {
        let all = SpanSet { rows: (0..table.rows.len()).collect(), attributes: Vec::new() };
        EvalContext { program: self, table, tree: Some(tree) }.pipeline(&self.pipeline, vec![all])
    }

    /// Whether one span satisfies a condition, or may satisfy it because it depends on a large
    /// attribute of which only the start was read.
    pub(crate) fn may_hold(
        &self,
        condition: &FieldExpr,
        table: &SpanTable<'_>,
        row: usize,
    ) -> bool {
        let mut is_cut = false;
        self.holds(condition, table, row) || {
            for_each_field(condition, &mut |field| is_cut |= table.is_cut(row, field));
            is_cut
        }
    }

    /// Whether one span satisfies a condition, which must belong to this program.
    pub(crate) fn holds(&self, condition: &FieldExpr, table: &SpanTable<'_>, row: usize) -> bool {
        EvalContext { program: self, table, tree: None }.value(condition, row).is_true()
    }
}

fn collect_pipeline<'p>(pipeline: &'p Pipeline, fields: &mut Vec<(&'p FieldExpr, bool)>) {
    for stage in &pipeline.stages {
        match stage {
            Stage::Spanset(spanset) => collect_spanset(spanset, fields),
            Stage::Scalar(filter) => {
                collect_scalar(&filter.left, fields);
                collect_scalar(&filter.right, fields);
            }
            Stage::By(field) => fields.push((field, false)),
            Stage::Select(list) => fields.extend(list.iter().map(|field| (field, true))),
            Stage::Coalesce => {}
        }
    }
}

fn collect_spanset<'p>(spanset: &'p SpansetExpr, fields: &mut Vec<(&'p FieldExpr, bool)>) {
    match spanset {
        SpansetExpr::Filter(field) => fields.push((field, false)),
        SpansetExpr::Pipeline(pipeline) => collect_pipeline(pipeline, fields),
        SpansetExpr::Operation { left, right, .. } => {
            collect_spanset(left, fields);
            collect_spanset(right, fields);
        }
    }
}

fn collect_scalar<'p>(scalar: &'p ScalarExpr, fields: &mut Vec<(&'p FieldExpr, bool)>) {
    match scalar {
        ScalarExpr::Static(_) | ScalarExpr::Aggregate(_, None) => {}
        ScalarExpr::Aggregate(_, Some(field)) => fields.push((field, false)),
        ScalarExpr::Binary(_, left, right) => {
            collect_scalar(left, fields);
            collect_scalar(right, fields);
        }
        ScalarExpr::Pipeline(pipeline, number) => {
            collect_pipeline(pipeline, fields);
            collect_scalar(number, fields);
        }
    }
}

fn collect_patterns<'p>(expr: &'p FieldExpr, patterns: &mut Vec<&'p str>) {
    match expr {
        FieldExpr::Unary(_, operand) => collect_patterns(operand, patterns),
        FieldExpr::Binary(op, left, right) => {
            if let (
                BinaryOp::Regex | BinaryOp::NotRegex,
                FieldExpr::Static(Static::Text(pattern)),
            ) = (op, right.as_ref())
            {
                patterns.push(pattern);
            }
            collect_patterns(left, patterns);
            collect_patterns(right, patterns);
        }
        _ => {}
    }
}

fn necessary(spanset: &SpansetExpr) -> Option<FieldExpr> {
    match spanset {
        SpansetExpr::Filter(field) => span_condition(field),
        SpansetExpr::Pipeline(pipeline) => match pipeline.stages.first() {
            Some(Stage::Spanset(spanset)) => necessary(spanset),
            _ => None,
        },
        SpansetExpr::Operation { op: SpansetOp::Or, left, right } => Some(FieldExpr::Binary(
            BinaryOp::Or,
            Box::new(necessary(left)?),
            Box::new(necessary(right)?),
        )),
        // "Not a child of any" holds without a left span.
        SpansetExpr::Operation {
            op: SpansetOp::Structural(_, RelationKind::Negated),
            right,
            ..
        } => necessary(right),
        SpansetExpr::Operation { left, right, .. } => necessary(left).or_else(|| necessary(right)),
    }
}

/// The part of a condition that single spans can decide, implied by the whole.
fn span_condition(field: &FieldExpr) -> Option<FieldExpr> {
    match field {
        FieldExpr::Binary(BinaryOp::And, left, right) => {
            match (span_condition(left), span_condition(right)) {
                (Some(left), Some(right)) => {
                    Some(FieldExpr::Binary(BinaryOp::And, Box::new(left), Box::new(right)))
                }
                (one, other) => one.or(other),
            }
        }
        FieldExpr::Binary(BinaryOp::Or, left, right) => Some(FieldExpr::Binary(
            BinaryOp::Or,
            Box::new(span_condition(left)?),
            Box::new(span_condition(right)?),
        )),
        FieldExpr::Static(Static::Bool(true)) => None,
        field => {
            let mut fields = super::Fields::default();
            fields.add(field);
            (!fields.needs_trace).then(|| field.clone())
        }
    }
}

struct EvalContext<'s, 'a> {
    program: &'s Program,
    table: &'s SpanTable<'a>,
    tree: Option<&'s TraceTree>,
}

impl<'s> EvalContext<'s, '_> {
    fn pipeline(&self, pipeline: &Pipeline, mut sets: Vec<SpanSet>) -> Vec<SpanSet> {
        for stage in &pipeline.stages {
            sets = match stage {
                Stage::Spanset(spanset) => {
                    let kept = |set: SpanSet| SpanSet {
                        rows: self.spanset(spanset, &set.rows),
                        attributes: set.attributes,
                    };
                    sets.into_iter().map(kept).filter(|set| !set.rows.is_empty()).collect()
                }
                Stage::Scalar(filter) => {
                    sets.into_iter().filter(|set| self.scalar_filter(filter, set)).collect()
                }
                Stage::By(field) => {
                    sets.into_iter().flat_map(|set| self.grouped(field, &set)).collect()
                }
                Stage::Coalesce => {
                    let mut rows: Vec<usize> = sets.into_iter().flat_map(|set| set.rows).collect();
                    rows.sort_unstable();
                    rows.dedup();
                    if rows.is_empty() {
                        Vec::new()
                    } else {
                        vec![SpanSet { rows, attributes: Vec::new() }]
                    }
                }
                Stage::Select(_) => sets,
            };
        }
        sets
    }

    fn grouped(&self, field: &FieldExpr, set: &SpanSet) -> Vec<SpanSet> {
        let mut groups: Vec<SpanSet> = Vec::new();
        let mut places: HashMap<String, usize> = HashMap::new();
        let name = format!("by({field})");
        for row in &set.rows {
            let Some(value) = self.value(field, *row).into_static() else { continue };
            let place = *places.entry(value.to_string()).or_insert_with(|| {
                let mut attributes = set.attributes.clone();
                attributes.push((name.clone(), value));
                groups.push(SpanSet { rows: Vec::new(), attributes });
                groups.len() - 1
            });
            if let Some(group) = groups.get_mut(place) {
                group.rows.push(*row);
            }
        }
        groups
    }

    /// The rows of a set that a spanset expression keeps.
    fn spanset(&self, spanset: &SpansetExpr, rows: &[usize]) -> Vec<usize> {
        match spanset {
            SpansetExpr::Filter(condition) => {
                rows.iter().copied().filter(|row| self.value(condition, *row).is_true()).collect()
            }
            SpansetExpr::Pipeline(pipeline) => {
                let set = SpanSet { rows: rows.to_vec(), attributes: Vec::new() };
                let mut kept: Vec<usize> = self
                    .pipeline(pipeline, vec![set])
                    .into_iter()
                    .flat_map(|set| set.rows)
                    .collect();
                kept.sort_unstable();
                kept.dedup();
                kept
            }
            SpansetExpr::Operation { op, left, right } => {
                let (left, right) = (self.spanset(left, rows), self.spanset(right, rows));
                match op {
                    SpansetOp::And if left.is_empty() || right.is_empty() => Vec::new(),
                    SpansetOp::And | SpansetOp::Or => union(left, right),
                    SpansetOp::Structural(relation, kind) => {
                        self.structural(*relation, *kind, &left, &right)
                    }
                }
            }
        }
    }

    fn structural(
        &self,
        relation: Relation,
        kind: RelationKind,
        left: &[usize],
        right: &[usize],
    ) -> Vec<usize> {
        let Some(tree) = self.tree else { return Vec::new() };
        let related = self.related(tree, relation, left, right);
        match kind {
            RelationKind::Plain => related,
            RelationKind::Negated => {
                right.iter().copied().filter(|row| related.binary_search(row).is_err()).collect()
            }
            RelationKind::Union => {
                let reverse = match relation {
                    Relation::Child => Relation::Parent,
                    Relation::Parent => Relation::Child,
                    Relation::Descendant => Relation::Ancestor,
                    Relation::Ancestor => Relation::Descendant,
                    Relation::Sibling => Relation::Sibling,
                };
                union(self.related(tree, reverse, right, left), related)
            }
        }
    }

    /// The right rows that have this relation to some left row.
    fn related(
        &self,
        tree: &TraceTree,
        relation: Relation,
        left: &[usize],
        right: &[usize],
    ) -> Vec<usize> {
        let count = self.table.rows.len();
        let mut marked = vec![false; count];
        for row in left {
            if let Some(flag) = marked.get_mut(*row) {
                *flag = true;
            }
        }
        let is_marked = |flags: &[bool], row: usize| flags.get(row).copied().unwrap_or_default();
        let keep: Box<dyn Fn(usize) -> bool> = match relation {
            Relation::Child => Box::new(move |row| {
                tree.parent(row).is_some_and(|parent| is_marked(&marked, parent))
            }),
            Relation::Parent => {
                let mut parents = vec![false; count];
                for row in left {
                    if let Some(flag) = tree.parent(*row).and_then(|parent| parents.get_mut(parent))
                    {
                        *flag = true;
                    }
                }
                Box::new(move |row| is_marked(&parents, row))
            }
            Relation::Descendant => {
                let below = tree.below(&marked);
                Box::new(move |row| is_marked(&below, row))
            }
            Relation::Ancestor => {
                let above = tree.above(&marked);
                Box::new(move |row| is_marked(&above, row))
            }
            Relation::Sibling => {
                let mut by_parent: HashMap<usize, Vec<usize>> = HashMap::new();
                for row in left {
                    if let Some(parent) = tree.parent(*row) {
                        by_parent.entry(parent).or_default().push(*row);
                    }
                }
                Box::new(move |row| {
                    let siblings = tree.parent(row).and_then(|parent| by_parent.get(&parent));
                    siblings.is_some_and(|list| list.len() > 1 || list.first() != Some(&row))
                })
            }
        };
        right.iter().copied().filter(|row| keep(*row)).collect()
    }

    fn scalar_filter(&self, filter: &ScalarFilter, set: &SpanSet) -> bool {
        let (left, right) = (self.scalar(&filter.left, set), self.scalar(&filter.right, set));
        match (left, right) {
            (Some(left), Some(right)) => {
                Value::Float(left).compare(filter.op, &Value::Float(right))
            }
            _ => false,
        }
    }

    fn scalar(&self, scalar: &ScalarExpr, set: &SpanSet) -> Option<f64> {
        match scalar {
            ScalarExpr::Static(value) => Value::of_static(value).number(),
            ScalarExpr::Aggregate(_, None) => Some(set.rows.len() as f64),
            ScalarExpr::Aggregate(aggregate, Some(field)) => {
                let mut numbers = Vec::with_capacity(set.rows.len());
                for row in &set.rows {
                    numbers.extend(self.value(field, *row).number());
                }
                let all = || numbers.iter().copied();
                match aggregate {
                    Aggregate::Count => Some(numbers.len() as f64),
                    _ if numbers.is_empty() => None,
                    Aggregate::Avg => Some(all().sum::<f64>() / numbers.len() as f64),
                    Aggregate::Sum => Some(all().sum()),
                    Aggregate::Max => all().reduce(f64::max),
                    Aggregate::Min => all().reduce(f64::min),
                }
            }
            ScalarExpr::Binary(op, left, right) => Value::Float(self.scalar(left, set)?)
                .arithmetic(*op, &Value::Float(self.scalar(right, set)?))
                .number(),
            ScalarExpr::Pipeline(..) => None,
        }
    }

    fn value<'v>(&'v self, expr: &'v FieldExpr, row: usize) -> Value<'v>
    where
        's: 'v,
    {
        match expr {
            FieldExpr::Static(value) => Value::of_static(value),
            FieldExpr::Attribute(_) | FieldExpr::Intrinsic(_) => {
                self.table.value(row, expr, self.tree)
            }
            FieldExpr::Unary(UnaryOp::Not, operand) => match self.value(operand, row) {
                Value::Bool(value) => Value::Bool(!value),
                _ => Value::Nil,
            },
            FieldExpr::Unary(UnaryOp::Negate, operand) => match self.value(operand, row) {
                Value::Int(value) => Value::Int(value.saturating_neg()),
                Value::Float(value) => Value::Float(-value),
                Value::Duration(ns) => Value::Duration(ns.saturating_neg()),
                _ => Value::Nil,
            },
            FieldExpr::Binary(op, left, right) => self.binary(*op, left, right, row),
        }
    }

    fn binary<'v>(
        &'v self,
        op: BinaryOp,
        left: &'v FieldExpr,
        right: &'v FieldExpr,
        row: usize,
    ) -> Value<'v>
    where
        's: 'v,
    {
        match op {
            BinaryOp::And => {
                return Value::Bool(
                    self.value(left, row).is_true() && self.value(right, row).is_true(),
                );
            }
            BinaryOp::Or => {
                return Value::Bool(
                    self.value(left, row).is_true() || self.value(right, row).is_true(),
                );
            }
            _ => {}
        }
        let a = self.value(left, row);
        if let BinaryOp::Regex | BinaryOp::NotRegex = op {
            let FieldExpr::Static(Static::Text(pattern)) = right else { return Value::Bool(false) };
            let regex = self.program.regexes.get(pattern);
            return Value::Bool(
                regex.is_some_and(|regex| a.matches(regex, op == BinaryOp::NotRegex)),
            );
        }
        let b = self.value(right, row);
        if op.is_arithmetic() {
            return a.arithmetic(op, &b);
        }
        // Only a literal `nil` tests whether a value exists.
        let is_nil = |expr: &FieldExpr| matches!(expr, FieldExpr::Static(Static::Nil));
        if is_nil(left) || is_nil(right) {
            return Value::Bool((a.is_nil() && b.is_nil()) == (op == BinaryOp::Equal));
        }
        Value::Bool(a.compare(op, &b) && !(a.is_nil() || b.is_nil()))
    }
}

fn union(mut left: Vec<usize>, right: Vec<usize>) -> Vec<usize> {
    left.extend(right);
    left.sort_unstable();
    left.dedup();
    left
}
