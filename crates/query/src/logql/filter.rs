//! Compiled filters on lines and labels.

use std::borrow::Cow;

use lang::logql::{self, Comparison, LabelValue, LineMatch, LineOp, MatchOp, Pattern};
use memchr::memmem;
use regex::Regex;
use signals::Matcher;

use super::ip::IpRange;
use super::labels::LineLabels;
use crate::QueryError;

/// Compiles the parser's form of a label matcher.
pub(super) fn matcher(matcher: &logql::Matcher) -> Result<Matcher, QueryError> {
    let op = match matcher.op {
        MatchOp::Equal => signals::MatchOp::Equal,
        MatchOp::NotEqual => signals::MatchOp::NotEqual,
        MatchOp::Regex => signals::MatchOp::Regex,
        MatchOp::NotRegex => signals::MatchOp::NotRegex,
    };
    Matcher::new(matcher.name.clone(), op, matcher.value.clone()).map_err(QueryError::Invalid)
}

/// One alternative of a line filter.
enum Needle {
    Text(Box<memmem::Finder<'static>>),
    Regex(Regex),
    Pattern(Pattern),
    Ip(IpRange),
}

impl Needle {
    fn is_in(&self, line: &str) -> bool {
        match self {
            Self::Text(finder) => finder.find(line.as_bytes()).is_some(),
            Self::Regex(regex) => regex.is_match(line),
            Self::Pattern(pattern) => pattern.matches(line),
            Self::Ip(range) => range.is_in(line),
        }
    }
}

/// A line filter.
pub(super) struct LineFilter {
    needles: Vec<Needle>,
    is_negative: bool,
}

impl LineFilter {
    pub(super) fn new(filter: &logql::LineFilter) -> Result<Self, QueryError> {
        let is_negative =
            matches!(filter.op, LineOp::NotContains | LineOp::NotRegex | LineOp::NotPattern);
        let needle = |alternative: &LineMatch| match (alternative, filter.op) {
            (LineMatch::Ip(pattern), LineOp::Contains | LineOp::NotContains) => {
                IpRange::parse(pattern).map(Needle::Ip).map_err(QueryError::Invalid)
            }
            (LineMatch::Ip(_), _) => Err(QueryError::Invalid("ip: invalid operation".to_owned())),
            (LineMatch::Text(text), LineOp::Contains | LineOp::NotContains) => {
                Ok(Needle::Text(Box::new(memmem::Finder::new(text).into_owned())))
            }
            (LineMatch::Text(text), LineOp::Regex | LineOp::NotRegex) => {
                regex(text).map(Needle::Regex)
            }
            (LineMatch::Text(text), LineOp::Pattern | LineOp::NotPattern) => {
                Pattern::of_filter(text).map(Needle::Pattern).map_err(QueryError::Invalid)
            }
        };
        Ok(Self {
            needles: filter.alternatives.iter().map(needle).collect::<Result<_, _>>()?,
            is_negative,
        })
    }

    pub(super) fn keeps(&self, line: &str) -> bool {
        self.needles.iter().any(|needle| needle.is_in(line)) != self.is_negative
    }
}

/// Compiles an unanchored pattern.
pub(super) fn regex(text: &str) -> Result<Regex, QueryError> {
    regex::RegexBuilder::new(text)
        .size_limit(lang::pattern_memory_max(text))
        .build()
        .map_err(|error| QueryError::Invalid(format!("error parsing regexp: {error}")))
}

/// A label filter.
pub(super) enum LabelFilter {
    And(Box<LabelFilter>, Box<LabelFilter>),
    Or(Box<LabelFilter>, Box<LabelFilter>),
    Text(Matcher),
    Value { name: String, op: Comparison, value: LabelValue },
    Ip { name: String, is_negative: bool, range: IpRange },
}

impl LabelFilter {
    pub(super) fn new(filter: &logql::LabelFilter) -> Result<Self, QueryError> {
        Ok(match filter {
            logql::LabelFilter::And(left, right) => {
                Self::And(Box::new(Self::new(left)?), Box::new(Self::new(right)?))
            }
            logql::LabelFilter::Or(left, right) => {
                Self::Or(Box::new(Self::new(left)?), Box::new(Self::new(right)?))
            }
            logql::LabelFilter::Text(text) => Self::Text(matcher(text)?),
            logql::LabelFilter::Value { name, op, value } => {
                Self::Value { name: name.clone(), op: *op, value: *value }
            }
            logql::LabelFilter::Ip { name, negated, pattern } => Self::Ip {
                name: name.clone(),
                is_negative: *negated,
                range: IpRange::parse(pattern).map_err(QueryError::Invalid)?,
            },
        })
    }

    /// The labels that it reads.
    pub(super) fn names(&self, names: &mut Vec<String>) {
        match self {
            Self::And(left, right) | Self::Or(left, right) => {
                left.names(names);
                right.names(names);
            }
            Self::Text(matcher) => names.push(matcher.name.clone()),
            Self::Value { name, .. } | Self::Ip { name, .. } => names.push(name.clone()),
        }
    }

    /// Whether the line is kept. A label that cannot be parsed as the filter's type marks the line
    /// with an error, and a line with an error passes all but text filters, as in Loki.
    pub(super) fn keeps(&self, labels: &mut LineLabels<'_>) -> bool {
        match self {
            Self::And(left, right) => left.keeps(labels) && right.keeps(labels),
            Self::Or(left, right) => left.keeps(labels) || right.keeps(labels),
            Self::Text(matcher) => matcher.matches(labels.get(&matcher.name).unwrap_or_default()),
            _ if labels.error().is_some() => true,
            Self::Ip { name, is_negative, range } => match labels.get(name) {
                Some(text) => range.matches(text) != *is_negative,
                None => false,
            },
            Self::Value { name, op, value } => {
                let Some(text) = labels.get(name) else { return false };
                match compare(text, *op, *value) {
                    Ok(keeps) => keeps,
                    Err(reason) => {
                        labels.set_error("LabelFilterErr", reason);
                        true
                    }
                }
            }
        }
    }
}

fn compare(text: &str, op: Comparison, value: LabelValue) -> Result<bool, String> {
    match value {
        LabelValue::Number(value) => {
            number(text).map(|number| holds(op, number.partial_cmp(&value)))
        }
        LabelValue::DurationNs(value) => duration(text).map(|ns| holds(op, Some(ns.cmp(&value)))),
        LabelValue::Bytes(value) => {
            logql::parse_bytes(text).map(|bytes| holds(op, Some(bytes.cmp(&value))))
        }
    }
}

/// Whether values in this order satisfy a comparison; NaN has no order.
pub(crate) fn holds(op: Comparison, order: Option<std::cmp::Ordering>) -> bool {
    use std::cmp::Ordering::{Equal, Greater, Less};
    match op {
        Comparison::Equal => order == Some(Equal),
        Comparison::NotEqual => order != Some(Equal),
        Comparison::Greater => order == Some(Greater),
        Comparison::GreaterOrEqual => matches!(order, Some(Greater | Equal)),
        Comparison::Less => order == Some(Less),
        Comparison::LessOrEqual => matches!(order, Some(Less | Equal)),
    }
}

/// Parses a number as Go does.
pub(super) fn number(text: &str) -> Result<f64, String> {
    text.parse().map_err(|_| format!("strconv.ParseFloat: parsing {text:?}: invalid syntax"))
}

/// Parses a duration as Go does, without days, into nanoseconds.
pub(super) fn duration(text: &str) -> Result<i64, String> {
    if let Some(unit) = ['d', 'w', 'y'].into_iter().find(|unit| text.contains(*unit)) {
        return Err(format!("time: unknown unit \"{unit}\" in duration {text:?}"));
    }
    logql::parse_duration(text).map_err(|reason| format!("time: {reason}"))
}

/// Removes terminal colours and other escape sequences from a line.
pub(super) fn decolorized(line: Cow<'_, str>) -> Cow<'_, str> {
    const ESCAPE: char = '\u{1b}';
    if !line.contains([ESCAPE, '\u{9b}']) {
        return line;
    }
    let mut clean = String::with_capacity(line.len());
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        let is_sequence = c == '\u{9b}' || c == ESCAPE && matches!(chars.peek(), Some('['));
        if !is_sequence {
            clean.push(c);
            continue;
        }
        if c == ESCAPE {
            chars.next();
        }
        // Parameters end with a letter.
        for c in chars.by_ref() {
            if c.is_ascii_alphabetic() || matches!(c, '@'..='~') {
                break;
            }
        }
    }
    Cow::Owned(clean)
}
