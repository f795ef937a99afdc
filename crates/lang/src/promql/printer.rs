//! Formats an expression as canonical text on one line, as Prometheus does.

use std::fmt;

use super::ast::{
    Aggregate, At, Binary, Cardinality, DurationExpr, DurationOp, Expr, Matcher, Matching, Number,
    Selector, Subquery,
};
use super::duration::format_duration;
use super::string_literal::{format_float, is_label_name, quote};

/// The name of a label, quoted if necessary.
pub(crate) fn label_name(name: &str) -> String {
    if is_label_name(name) { name.to_owned() } else { quote(name) }
}

impl fmt::Display for Matcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}{}", label_name(&self.name), self.op.sign(), quote(&self.value))
    }
}

fn join<T: fmt::Display>(items: impl IntoIterator<Item = T>, separator: &str) -> String {
    let mut out = String::new();
    for (at, item) in items.into_iter().enumerate() {
        if at > 0 {
            out.push_str(separator);
        }
        out.push_str(&item.to_string());
    }
    out
}

pub(crate) fn labels(names: &[String]) -> String {
    join(names.iter().map(|name| label_name(name)), ", ")
}

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Text(text) => f.write_str(&quote(&text.value)),
            Self::Selector(selector) => selector.fmt(f),
            Self::Subquery(subquery) => {
                write!(f, "{}{}", subquery.expr, subquery.suffix())
            }
            Self::Call(call) => {
                write!(f, "{}({})", call.function.name, join(&call.arguments, ", "))
            }
            Self::Aggregate(aggregate) => {
                write!(f, "{}(", aggregate.head())?;
                if let Some(parameter) = &aggregate.parameter {
                    write!(f, "{parameter}, ")?;
                }
                write!(f, "{})", aggregate.expr)
            }
            Self::Binary(binary) => {
                write!(f, "{} {} {}", binary.left, binary.operator(), binary.right)
            }
            Self::Unary(unary) => {
                write!(f, "{}{}", if unary.is_negative { "-" } else { "+" }, unary.expr)
            }
            Self::Paren(paren) => write!(f, "({})", paren.expr),
        }
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_duration {
            f.write_str(&format_duration((self.value * 1000.0).round() as i64))
        } else {
            f.write_str(&format_float(self.value))
        }
    }
}

impl Aggregate {
    /// `sum by (a, b) ` without the arguments.
    pub(crate) fn head(&self) -> String {
        let name = self.op.name();
        if self.is_without {
            format!("{name} without ({}) ", labels(&self.grouping))
        } else if self.grouping.is_empty() {
            name.to_owned()
        } else {
            format!("{name} by ({}) ", labels(&self.grouping))
        }
    }
}

impl Binary {
    /// Operator, `bool` and matching.
    pub(crate) fn operator(&self) -> String {
        let sign = self.op.sign();
        let bool_word = if self.is_bool { " bool" } else { "" };
        format!("{sign}{bool_word}{}", self.matching)
    }
}

impl fmt::Display for Matching {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let group = match self.cardinality {
            Cardinality::ManyToOne => Some("group_left"),
            Cardinality::OneToMany => Some("group_right"),
            Cardinality::OneToOne | Cardinality::ManyToMany => None,
        };
        if self.is_on || !self.labels.is_empty() || group.is_some() {
            let word = if self.is_on { "on" } else { "ignoring" };
            write!(f, " {word} ({})", labels(&self.labels))?;
        }
        if let Some(group) = group {
            write!(f, " {group} ({})", labels(&self.include))?;
        }
        match (self.fill_left, self.fill_right) {
            (Some(left), Some(right)) if left == right => {
                write!(f, " fill ({})", format_float(left))
            }
            (left, right) => {
                for (word, value) in [("fill_left", left), ("fill_right", right)] {
                    if let Some(value) = value {
                        write!(f, " {word} ({})", format_float(value))?;
                    }
                }
                Ok(())
            }
        }
    }
}

fn modifiers(at: Option<At>, offset: Option<&DurationExpr>) -> String {
    let mut out = match at {
        None => String::new(),
        Some(At::Start) => " @ start()".into(),
        Some(At::End) => " @ end()".into(),
        Some(At::Time(milliseconds)) => format!(" @ {:.3}", milliseconds as f64 / 1000.0),
    };
    if let Some(offset) = offset.filter(|offset| offset.literal() != Some(0.0)) {
        out.push_str(" offset ");
        out.push_str(&Outer(offset).to_string());
    }
    out
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut matchers = Vec::with_capacity(self.matchers.len());
        let shown =
            self.matchers.len() - usize::from(self.name.is_some() && !self.matchers.is_empty());
        matchers.extend(self.matchers.iter().take(shown).map(ToString::to_string));
        matchers.sort_unstable();
        f.write_str(self.name.as_deref().unwrap_or_default())?;
        if !matchers.is_empty() {
            write!(f, "{{{}}}", matchers.join(","))?;
        }
        if let Some(range) = &self.range {
            write!(f, "[{}]", Outer(range))?;
        }
        if let Some(extension) = self.extension {
            write!(f, " {}", extension.name())?;
        }
        f.write_str(&modifiers(self.at, self.offset.as_ref()))
    }
}

impl Subquery {
    /// The suffix of the expression.
    pub(crate) fn suffix(&self) -> String {
        let step = self.step.as_ref().map(|step| Outer(step).to_string()).unwrap_or_default();
        let modifiers = modifiers(self.at, self.offset.as_ref());
        format!("[{}:{step}]{modifiers}", Outer(&self.range))
    }
}

/// A stand-alone duration, where plain numbers are seconds and formatted as durations.
struct Outer<'a>(&'a DurationExpr);

impl fmt::Display for Outer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.literal() {
            Some(seconds) => f.write_str(&format_duration((seconds * 1000.0).round() as i64)),
            None => self.0.fmt(f),
        }
    }
}

impl fmt::Display for DurationExpr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Step(_) => f.write_str("step()"),
            Self::Range(_) => f.write_str("range()"),
            // A plus sign is redundant.
            Self::Unary { is_negative, expr, .. } => {
                write!(f, "{}{expr}", if *is_negative { "-" } else { "" })
            }
            Self::Binary { op: DurationOp::MinOf, left, right, .. } => {
                write!(f, "min_of({left}, {right})")
            }
            Self::Binary { op: DurationOp::MaxOf, left, right, .. } => {
                write!(f, "max_of({left}, {right})")
            }
            Self::Binary { op, left, right, .. } => {
                let sign = match op {
                    DurationOp::Add => "+",
                    DurationOp::Sub => "-",
                    DurationOp::Mul => "*",
                    DurationOp::Div => "/",
                    DurationOp::Mod => "%",
                    _ => "^",
                };
                write!(f, "{left} {sign} {right}")
            }
            Self::Paren(expr, _) => write!(f, "({expr})"),
        }
    }
}
