//! Formats TraceQL trees as canonical text.

use std::fmt::{self, Display, Formatter, Write};

use super::tree::{
    Aggregate, Attribute, FieldExpr, MetricsAggregate, MetricsExpr, Pipeline, Query, Relation,
    RelationKind, Root, ScalarExpr, ScalarFilter, Scope, SecondStage, SpansetExpr, SpansetOp,
    Stage, Static, UnaryOp,
};

fn list<T: Display>(f: &mut Formatter<'_>, items: &[T], separator: &str) -> fmt::Result {
    for (i, item) in items.iter().enumerate() {
        if i > 0 {
            f.write_str(separator)?;
        }
        item.fmt(f)?;
    }
    Ok(())
}

impl Display for Query {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.root {
            Root::Spansets(pipeline) => pipeline.fmt(f)?,
            Root::ScalarFilter(filter) => filter.fmt(f)?,
            Root::Metrics(metrics) => metrics.fmt(f)?,
        }
        if self.hints.is_empty() {
            return Ok(());
        }
        f.write_str(" with(")?;
        for (i, (name, value)) in self.hints.iter().enumerate() {
            write!(f, "{}{name}={value}", if i > 0 { "," } else { "" })?;
        }
        f.write_char(')')
    }
}

impl Display for Pipeline {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        list(f, &self.stages, "|")
    }
}

impl Display for Stage {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Spanset(spanset) => spanset.fmt(f),
            Self::Scalar(filter) => filter.fmt(f),
            Self::By(field) => write!(f, "by({field})"),
            Self::Coalesce => f.write_str("coalesce()"),
            Self::Select(fields) => {
                f.write_str("select(")?;
                list(f, fields, ", ")?;
                f.write_char(')')
            }
        }
    }
}

impl Display for SpansetExpr {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Filter(field) => write!(f, "{{ {field} }}"),
            Self::Pipeline(pipeline) => pipeline.fmt(f),
            Self::Operation { op, left, right } => write!(f, "({left}) {op} ({right})"),
        }
    }
}

impl Display for SpansetOp {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self::Structural(relation, kind) = self else {
            return f.write_str(if *self == Self::And { "&&" } else { "||" });
        };
        f.write_str(match kind {
            RelationKind::Plain => "",
            RelationKind::Negated => "!",
            RelationKind::Union => "&",
        })?;
        f.write_str(match relation {
            Relation::Child => ">",
            Relation::Parent => "<",
            Relation::Descendant => ">>",
            Relation::Ancestor => "<<",
            Relation::Sibling => "~",
        })
    }
}

impl Display for ScalarFilter {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        wrapped(f, &self.left, matches!(self.left, ScalarExpr::Static(_)))?;
        write!(f, " {} ", self.op.name())?;
        wrapped(f, &self.right, matches!(self.right, ScalarExpr::Static(_)))
    }
}

fn wrapped(f: &mut Formatter<'_>, item: &impl Display, is_plain: bool) -> fmt::Result {
    if is_plain { item.fmt(f) } else { write!(f, "({item})") }
}

impl Display for ScalarExpr {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Static(value) => value.fmt(f),
            Self::Aggregate(aggregate, field) => {
                f.write_str(match aggregate {
                    Aggregate::Count => "count(",
                    Aggregate::Avg => "avg(",
                    Aggregate::Max => "max(",
                    Aggregate::Min => "min(",
                    Aggregate::Sum => "sum(",
                })?;
                field.iter().try_for_each(|field| field.fmt(f))?;
                f.write_char(')')
            }
            Self::Binary(op, left, right) => {
                wrapped(f, left, matches!(**left, Self::Static(_)))?;
                write!(f, " {} ", op.name())?;
                wrapped(f, right, matches!(**right, Self::Static(_)))
            }
            Self::Pipeline(pipeline, number) => write!(f, "{pipeline}|{number}"),
        }
    }
}

impl Display for FieldExpr {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let is_plain = |field: &Self| {
            matches!(field, Self::Static(_) | Self::Attribute(_) | Self::Intrinsic(_))
        };
        match self {
            Self::Static(value) => value.fmt(f),
            Self::Attribute(attribute) => attribute.fmt(f),
            Self::Intrinsic(intrinsic) => f.write_str(intrinsic.name()),
            Self::Unary(op, operand) => {
                f.write_str(if *op == UnaryOp::Negate { "-" } else { "!" })?;
                wrapped(f, operand, is_plain(operand))
            }
            Self::Binary(op, left, right) => {
                wrapped(f, left, is_plain(left))?;
                write!(f, " {} ", op.name())?;
                wrapped(f, right, is_plain(right))
            }
        }
    }
}

impl Display for Scope {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Any => "",
            Self::Resource => "resource",
            Self::Span => "span",
            Self::Event => "event",
            Self::Link => "link",
            Self::Instrumentation => "instrumentation",
        })
    }
}

impl Display for Attribute {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let parent = match (self.of_parent, self.scope) {
            (true, Scope::Any) => "parent",
            (true, _) => "parent.",
            (false, _) => "",
        };
        write!(f, "{parent}{}.", self.scope)?;
        let is_plain = self.name.chars().all(|c| {
            !c.is_whitespace()
                && !matches!(
                    c,
                    '"' | '\\'
                        | '{'
                        | '}'
                        | '('
                        | ')'
                        | '='
                        | '~'
                        | '!'
                        | '<'
                        | '>'
                        | '&'
                        | '|'
                        | '^'
                        | ','
                )
        }) && !self.name.starts_with(|c: char| c.is_ascii_digit());
        if is_plain {
            return f.write_str(&self.name);
        }
        f.write_char('"')?;
        for c in self.name.chars() {
            match c {
                '"' | '\\' => write!(f, "\\{c}")?,
                c => f.write_char(c)?,
            }
        }
        f.write_char('"')
    }
}

/// Smaller numbers fit in an integer.
const INTEGERS_END: f64 = 9_223_372_036_854_775_808.0;

impl Display for Static {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nil => f.write_str("nil"),
            // The digits alone would be out of range without the sign.
            Self::Int(i64::MIN) => f.write_str("minInt"),
            Self::Int(value) => value.fmt(f),
            // Their digits alone would be an integer out of range.
            Self::Float(value) if value.abs() >= INTEGERS_END => write!(f, "{value:e}"),
            Self::Float(value) => value.fmt(f),
            Self::Text(text) if text.contains('`') => {
                write!(f, "\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
            }
            Self::Text(text) => write!(f, "`{text}`"),
            Self::Bool(value) => value.fmt(f),
            Self::Duration(ns) => crate::go_duration(f, *ns),
            Self::Status(status) => f.write_str(status.name()),
            Self::Kind(kind) => f.write_str(kind.name()),
        }
    }
}

impl Display for MetricsExpr {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let second = match self {
            Self::Constant(value) => return value.fmt(f),
            Self::Pipeline { spans, aggregate, second } => {
                write!(f, "{spans} | {aggregate}")?;
                second
            }
            Self::Math { op, left, right, second } => {
                wrapped(f, left, matches!(**left, Self::Constant(_)))?;
                write!(f, " {} ", op.name())?;
                wrapped(f, right, matches!(**right, Self::Constant(_)))?;
                second
            }
        };
        second.iter().try_for_each(|stage| match stage {
            SecondStage::Topk(count) => write!(f, " | topk({count})"),
            SecondStage::Bottomk(count) => write!(f, " | bottomk({count})"),
            SecondStage::Filter(op, value) => write!(f, " {} {value}", op.name()),
        })
    }
}

impl Display for MetricsAggregate {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}(", self.op.name())?;
        self.field.iter().try_for_each(|field| field.fmt(f))?;
        self.quantiles.iter().try_for_each(|quantile| write!(f, ",{quantile:.5}"))?;
        if let Some((spanset, numbers)) = &self.compare {
            spanset.fmt(f)?;
            numbers.iter().try_for_each(|number| write!(f, ", {number}"))?;
        }
        f.write_char(')')?;
        if self.by.is_empty() {
            return Ok(());
        }
        f.write_str("by(")?;
        list(f, &self.by, ",")?;
        f.write_char(')')
    }
}
