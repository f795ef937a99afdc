//! Formats LogQL trees as canonical text, on one line.

use std::fmt::{self, Display, Formatter, Write};

use super::tree::{
    Comparison, Conversion, Expr, Extraction, Group, Grouping, LabelFilter, LabelFormat,
    LabelValue, LineFilter, LineMatch, LineOp, LogExpr, Many, MatchOp, Matcher, MetricExpr,
    NameOrMatcher, RangeAggregation, RangeSelector, Stage, VectorAggregation,
};
use crate::go_duration;

/// Text in double quotes with Go's escapes.
struct Quoted<'a>(&'a str);

impl Display for Quoted<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        for c in self.0.chars() {
            match c {
                '"' => f.write_str("\\\"")?,
                '\\' => f.write_str("\\\\")?,
                '\n' => f.write_str("\\n")?,
                '\r' => f.write_str("\\r")?,
                '\t' => f.write_str("\\t")?,
                c if c.is_control() && c.is_ascii() => write!(f, "\\x{:02x}", c as u32)?,
                c => f.write_char(c)?,
            }
        }
        f.write_char('"')
    }
}

fn list<T: Display>(
    f: &mut Formatter<'_>,
    items: impl IntoIterator<Item = T>,
    separator: &str,
) -> fmt::Result {
    for (i, item) in items.into_iter().enumerate() {
        if i > 0 {
            f.write_str(separator)?;
        }
        item.fmt(f)?;
    }
    Ok(())
}

impl Display for Expr {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Log(log) => log.fmt(f),
            Self::Metric(metric) => metric.fmt(f),
        }
    }
}

impl Display for MatchOp {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Regex => "=~",
            Self::NotRegex => "!~",
        })
    }
}

impl Display for Matcher {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}{}", self.name, self.op, Quoted(&self.value))
    }
}

impl Display for LogExpr {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("{")?;
        list(f, &self.selector, ", ")?;
        f.write_str("}")?;
        self.stages.iter().try_for_each(|stage| write!(f, " {stage}"))
    }
}

impl Display for Stage {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(filter) => filter.fmt(f),
            Self::Json(expressions) => {
                f.write_str("| json")?;
                extractions(f, expressions)
            }
            Self::Logfmt { strict, keep_empty, expressions } => {
                write!(
                    f,
                    "| logfmt{}{}",
                    if *strict { " --strict" } else { "" },
                    if *keep_empty { " --keep-empty" } else { "" }
                )?;
                extractions(f, expressions)
            }
            Self::Regexp(text) => write!(f, "| regexp {}", Quoted(text)),
            Self::Pattern(text) => write!(f, "| pattern {}", Quoted(text)),
            Self::Unpack => f.write_str("| unpack"),
            Self::Label(filter) => write!(f, "| {filter}"),
            Self::LineFormat(text) => write!(f, "| line_format {}", Quoted(text)),
            Self::LabelFormat(formats) => {
                f.write_str("| label_format ")?;
                list(f, formats, ",")
            }
            Self::Drop(names) => {
                f.write_str("| drop ")?;
                list(f, names, ",")
            }
            Self::Keep(names) => {
                f.write_str("| keep ")?;
                list(f, names, ",")
            }
            Self::Decolorize => f.write_str("| decolorize"),
        }
    }
}

fn extractions(f: &mut Formatter<'_>, expressions: &[Extraction]) -> fmt::Result {
    if expressions.is_empty() {
        return Ok(());
    }
    f.write_char(' ')?;
    list(f, expressions, ",")
}

impl Display for Extraction {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.label, Quoted(&self.expression))
    }
}

impl Display for LabelFormat {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rename { to, from } => write!(f, "{to}={from}"),
            Self::Template { to, template } => write!(f, "{to}={}", Quoted(template)),
        }
    }
}

impl Display for NameOrMatcher {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Matcher(matcher) => matcher.fmt(f),
        }
    }
}

impl Display for LineFilter {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (op, is_negative) = match self.op {
            LineOp::Contains => ("|=", false),
            LineOp::NotContains => ("!=", true),
            LineOp::Regex => ("|~", false),
            LineOp::NotRegex => ("!~", true),
            LineOp::Pattern => ("|>", false),
            LineOp::NotPattern => ("!>", true),
        };
        for (i, alternative) in self.alternatives.iter().enumerate() {
            match (i, is_negative) {
                (0, _) => write!(f, "{op} {alternative}")?,
                // "Not (a or b)" is formatted as "not a, not b".
                (_, true) => write!(f, " {op} {alternative}")?,
                (_, false) => write!(f, " or {alternative}")?,
            }
        }
        Ok(())
    }
}

impl Display for LineMatch {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => Quoted(text).fmt(f),
            Self::Ip(pattern) => write!(f, "ip({})", Quoted(pattern)),
        }
    }
}

impl Display for LabelFilter {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::And(left, right) => write!(f, "( {left} , {right} )"),
            Self::Or(left, right) => write!(f, "( {left} or {right} )"),
            Self::Text(matcher) => matcher.fmt(f),
            Self::Value { name, op, value } => write!(f, "{name}{op}{value}"),
            Self::Ip { name, negated, pattern } => {
                write!(f, "{name}{}ip({})", if *negated { "!=" } else { "=" }, Quoted(pattern))
            }
        }
    }
}

impl Display for Comparison {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
        })
    }
}

impl Display for LabelValue {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(value) => value.fmt(f),
            Self::DurationNs(ns) => go_duration(f, *ns),
            Self::Bytes(bytes) => write!(f, "{bytes}B"),
        }
    }
}

/// Formatted as in Prometheus if no part is less than a millisecond, else as in Go.
fn range(f: &mut Formatter<'_>, ns: i64) -> fmt::Result {
    if ns % 1_000_000 == 0 {
        f.write_str(&crate::promql::format_duration(ns / 1_000_000))
    } else {
        go_duration(f, ns)
    }
}

impl Display for Grouping {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(if self.kind == Group::By { "by (" } else { "without (" })?;
        list(f, &self.labels, ",")?;
        f.write_char(')')
    }
}

impl Display for RangeSelector {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.log.fmt(f)?;
        if let Some(unwrap) = &self.unwrap {
            match unwrap.conversion {
                Conversion::None => write!(f, " | unwrap {}", unwrap.label)?,
                Conversion::Bytes => write!(f, " | unwrap bytes({})", unwrap.label)?,
                Conversion::Duration => write!(f, " | unwrap duration({})", unwrap.label)?,
            }
            unwrap.filters.iter().try_for_each(|filter| write!(f, " | {filter}"))?;
        }
        f.write_char('[')?;
        range(f, self.range_ns)?;
        f.write_char(']')?;
        if self.offset_ns != 0 {
            f.write_str(" offset ")?;
            go_duration(f, self.offset_ns)?;
        }
        Ok(())
    }
}

impl Display for MetricExpr {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Range(aggregation) => aggregation.fmt(f),
            Self::Vector(aggregation) => aggregation.fmt(f),
            Self::Literal(value) => value.fmt(f),
            Self::VectorOf(value) => write!(f, "vector({value:.6})"),
            Self::LabelReplace { operand, destination, replacement, source, regex } => {
                write!(
                    f,
                    "label_replace({operand},{},{},{},{})",
                    Quoted(destination),
                    Quoted(replacement),
                    Quoted(source),
                    Quoted(regex)
                )
            }
            Self::Binary(binary) => {
                write!(f, "({} {}", binary.left, binary.op.name())?;
                if binary.returns_bool {
                    f.write_str(" bool")?;
                }
                if let Some(matching) = &binary.matching {
                    write!(f, " {} (", if matching.on { "on" } else { "ignoring" })?;
                    list(f, &matching.labels, ",")?;
                    f.write_char(')')?;
                    if let Some(many) = &matching.many {
                        let (name, labels) = match many {
                            Many::Left(labels) => ("group_left", labels),
                            Many::Right(labels) => ("group_right", labels),
                        };
                        write!(f, " {name} (")?;
                        list(f, labels, ",")?;
                        f.write_char(')')?;
                    }
                }
                write!(f, " {})", binary.right)
            }
        }
    }
}

impl Display for RangeAggregation {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}(", self.op.name())?;
        if let Some(parameter) = self.parameter {
            write!(f, "{parameter},")?;
        }
        write!(f, "{})", self.selector)?;
        self.grouping.iter().try_for_each(|grouping| write!(f, " {grouping}"))
    }
}

impl Display for VectorAggregation {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(self.op.name())?;
        self.grouping.iter().try_for_each(|grouping| write!(f, " {grouping} "))?;
        f.write_char('(')?;
        if let Some(parameter) = self.parameter {
            write!(f, "{parameter},")?;
        }
        write!(f, "{})", self.operand)
    }
}
