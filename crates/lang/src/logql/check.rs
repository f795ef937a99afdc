//! Semantic checks of a syntactically correct LogQL query.

use super::parser::join;
use super::tree::{
    BinaryOp, Expr, Grouping, LabelFilter, LabelValue, LogExpr, MatchOp, Matcher, Matching,
    MetricExpr, NameOrMatcher, RangeOp, RangeSelector, Stage, VectorOp,
};
use super::{ParseError, parser};

/// Whether a pattern compiles.
pub(super) fn pattern(text: &str) -> Result<regex::Regex, String> {
    let builder =
        regex::RegexBuilder::new(text).size_limit(crate::pattern_memory_max(text)).build();
    builder.map_err(|error| {
        let reason = error.to_string();
        let last = reason.lines().last().unwrap_or(&reason);
        format!("error parsing regexp: {}: `{text}`", last.trim_start_matches("error: "))
    })
}

fn anchored(text: &str) -> Result<regex::Regex, String> {
    pattern(text)?;
    pattern(&format!("^(?s:{text})$"))
}

pub(super) fn binary(
    op: BinaryOp,
    left: Expr,
    right: Expr,
    returns_bool: bool,
    matching: Option<Matching>,
) -> Result<MetricExpr, ParseError> {
    let name = op.name();
    let metric = |side: &str, expr: Expr| match expr {
        Expr::Metric(metric) => Ok(metric),
        Expr::Log(log) => {
            let kind = if log.stages.is_empty() { "MatchersExpr" } else { "PipelineExpr" };
            Err(ParseError::whole(format!(
                "unexpected type for {side} leg of binary operation ({name}): *syntax.{kind}"
            )))
        }
    };
    let left = metric("left", left)?;
    let right = metric("right", right)?;
    if op.is_set() {
        for (side, operand) in [("left", &left), ("right", &right)] {
            if let MetricExpr::Literal(value) = operand {
                return Err(ParseError::whole(format!(
                    "unexpected literal for {side} leg of logical/set binary operation ({name}): {value:.6}"
                )));
            }
        }
    }
    if let (MetricExpr::Literal(a), MetricExpr::Literal(b)) = (&left, &right) {
        return Ok(MetricExpr::Literal(fold(op, *a, *b)));
    }
    Ok(join(op, left, right, returns_bool, matching))
}

/// The result of an operator on two numbers; comparisons return 1 or 0. Division and modulo by zero
/// are NaN, as in Loki.
fn fold(op: BinaryOp, a: f64, b: f64) -> f64 {
    let truth = |holds: bool| if holds { 1.0 } else { 0.0 };
    match op {
        BinaryOp::Add => a + b,
        BinaryOp::Sub => a - b,
        BinaryOp::Mul => a * b,
        BinaryOp::Div => {
            if b == 0.0 {
                f64::NAN
            } else {
                a / b
            }
        }
        BinaryOp::Mod => {
            if b == 0.0 {
                f64::NAN
            } else {
                a % b
            }
        }
        BinaryOp::Pow => a.powf(b),
        BinaryOp::Equal => truth(a == b),
        BinaryOp::NotEqual => truth(a != b),
        BinaryOp::Greater => truth(a > b),
        BinaryOp::GreaterOrEqual => truth(a >= b),
        BinaryOp::Less => truth(a < b),
        BinaryOp::LessOrEqual => truth(a <= b),
        BinaryOp::And | BinaryOp::Or | BinaryOp::Unless => f64::NAN,
    }
}

pub(super) fn vector(
    op: VectorOp,
    parameter: Option<&str>,
    grouping: Option<&Grouping>,
) -> Result<Option<u32>, ParseError> {
    let name = op.name();
    let takes_parameter = matches!(op, VectorOp::Topk | VectorOp::Bottomk | VectorOp::ApproxTopk);
    if grouping.is_some()
        && matches!(op, VectorOp::Sort | VectorOp::SortDesc | VectorOp::ApproxTopk)
    {
        return Err(ParseError::whole(format!("grouping not allowed for {name} aggregation")));
    }
    match (takes_parameter, parameter) {
        (true, None) => Err(ParseError::whole(format!("parameter required for operation {name}"))),
        (false, Some(text)) => {
            Err(ParseError::whole(format!("unsupported parameter for operation {name}({text},")))
        }
        (false, None) => Ok(None),
        (true, Some(text)) => match text.parse::<u32>() {
            Err(_) => Err(ParseError::whole(format!("invalid parameter {name}({text},"))),
            Ok(0) => Err(ParseError::whole(format!(
                "invalid parameter (must be greater than 0) {name}({text},"
            ))),
            Ok(k) => Ok(Some(k)),
        },
    }
}

pub(super) fn range(
    op: RangeOp,
    parameter: Option<&str>,
    selector: &RangeSelector,
    grouping: Option<&Grouping>,
) -> Result<Option<f64>, ParseError> {
    use RangeOp::{
        Absent, Avg, Bytes, BytesRate, Count, First, Last, Max, Min, Quantile, Rate, Stddev, Stdvar,
    };
    let name = op.name();
    let value = match (op == Quantile, parameter) {
        (true, None) => {
            return Err(ParseError::whole(format!("parameter required for operation {name}")));
        }
        (false, Some(text)) => {
            return Err(ParseError::whole(format!(
                "parameter {text} not supported for operation {name}"
            )));
        }
        (_, Some(text)) => Some(parser::parse_number(text).map_err(|reason| {
            ParseError::whole(format!("invalid parameter for operation {name}: {reason}"))
        })?),
        (_, None) => None,
    };
    if grouping.is_some()
        && !matches!(op, Avg | Stddev | Stdvar | Quantile | Max | Min | First | Last)
    {
        return Err(ParseError::whole(format!("grouping not allowed for {name} aggregation")));
    }
    if selector.unwrap.is_some() {
        if matches!(op, Count | Bytes | BytesRate) {
            return Err(ParseError::whole(format!("invalid aggregation {name} with unwrap")));
        }
    } else if !matches!(op, Count | Rate | Bytes | BytesRate | Absent) {
        return Err(ParseError::whole(format!("invalid aggregation {name} without unwrap")));
    }
    Ok(value)
}

/// Checks selectors and patterns everywhere in the tree; those of line filters are left to the
/// engine, as in Loki.
pub(super) fn check(expr: &Expr) -> Result<(), ParseError> {
    match expr {
        Expr::Log(log) => check_log(log),
        Expr::Metric(metric) => check_metric(metric),
    }
}

fn check_metric(metric: &MetricExpr) -> Result<(), ParseError> {
    match metric {
        MetricExpr::Range(aggregation) => {
            check_log(&aggregation.selector.log)?;
            aggregation
                .selector
                .unwrap
                .iter()
                .flat_map(|unwrap| &unwrap.filters)
                .try_for_each(check_filter)
        }
        MetricExpr::Vector(aggregation) => check_metric(&aggregation.operand),
        MetricExpr::Binary(binary) => {
            check_metric(&binary.left)?;
            check_metric(&binary.right)
        }
        MetricExpr::LabelReplace { operand, .. } => check_metric(operand),
        MetricExpr::Literal(_) | MetricExpr::VectorOf(_) => Ok(()),
    }
}

pub(super) fn check_patterns(selector: &[Matcher]) -> Result<(), ParseError> {
    selector.iter().try_for_each(|matcher| check_matcher(matcher).map(drop))
}

/// Checks the pattern of a matcher; returns whether it excludes the empty text.
fn check_matcher(matcher: &Matcher) -> Result<bool, ParseError> {
    match matcher.op {
        MatchOp::Equal => Ok(!matcher.value.is_empty()),
        MatchOp::NotEqual => Ok(false),
        MatchOp::Regex => {
            anchored(&matcher.value).map(|regex| !regex.is_match("")).map_err(ParseError::whole)
        }
        MatchOp::NotRegex => anchored(&matcher.value).map(|_| false).map_err(ParseError::whole),
    }
}

fn check_log(log: &LogExpr) -> Result<(), ParseError> {
    let mut is_selective = false;
    for matcher in &log.selector {
        is_selective |= check_matcher(matcher)?;
    }
    if !is_selective {
        return Err(ParseError::whole(
            "queries require at least one regexp or equality matcher that does not have an empty-compatible value. For instance, app=~\".*\" does not meet this requirement, but app=~\".+\" will",
        ));
    }
    log.stages.iter().try_for_each(|stage| match stage {
        Stage::Label(filter) => check_filter(filter),
        Stage::Regexp(text) => check_regexp(text),
        Stage::Drop(list) | Stage::Keep(list) => list.iter().try_for_each(|item| match item {
            NameOrMatcher::Matcher(matcher) => check_matcher(matcher).map(drop),
            NameOrMatcher::Name(_) => Ok(()),
        }),
        _ => Ok(()),
    })
}

fn check_regexp(text: &str) -> Result<(), ParseError> {
    let regex = pattern(text).map_err(ParseError::whole)?;
    if regex.capture_names().flatten().next().is_none() {
        return Err(ParseError::whole("at least one named capture must be supplied"));
    }
    Ok(())
}

fn check_filter(filter: &LabelFilter) -> Result<(), ParseError> {
    match filter {
        LabelFilter::And(left, right) | LabelFilter::Or(left, right) => {
            check_filter(left)?;
            check_filter(right)
        }
        LabelFilter::Text(matcher) => check_matcher(matcher).map(drop),
        LabelFilter::Value {
            value: LabelValue::Number(_) | LabelValue::DurationNs(_) | LabelValue::Bytes(_),
            ..
        }
        | LabelFilter::Ip { .. } => Ok(()),
    }
}
