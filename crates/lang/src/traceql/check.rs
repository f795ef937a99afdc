//! Semantic checks of a syntactically correct TraceQL query.

use super::tree::{
    Attribute, BinaryOp, FieldExpr, Intrinsic, MetricsExpr, MetricsOp, Pipeline, Query, Root,
    ScalarExpr, ScalarFilter, Scope, SecondStage, SpansetExpr, Stage, Static, Type, UnaryOp,
};
use super::{ErrorKind, ParseError};

fn invalid<T>(message: impl Into<String>) -> Result<T, ParseError> {
    Err(ParseError { kind: ErrorKind::Invalid, message: message.into(), line: 0, column: 0 })
}

/// `what` is a noun: callers say that it is not supported.
fn unsupported<T>(what: impl Into<String>) -> Result<T, ParseError> {
    Err(ParseError { kind: ErrorKind::Unsupported, message: what.into(), line: 0, column: 0 })
}

pub(super) fn check(query: &Query) -> Result<(), ParseError> {
    match &query.root {
        Root::Spansets(pipeline) => check_pipeline(pipeline),
        Root::ScalarFilter(_) => unsupported("comparisons between pipelines"),
        Root::Metrics(metrics) => check_metrics(metrics, false),
    }
}

fn check_pipeline(pipeline: &Pipeline) -> Result<(), ParseError> {
    pipeline.stages.iter().try_for_each(|stage| match stage {
        Stage::Spanset(spanset) => check_spanset(spanset),
        Stage::Scalar(filter) => check_scalar_filter(filter),
        Stage::By(field) => {
            check_field(field)?;
            if references_span(field) {
                Ok(())
            } else {
                invalid(format!("grouping field expressions must reference the span: {field}"))
            }
        }
        Stage::Coalesce => Ok(()),
        Stage::Select(fields) => fields.iter().try_for_each(|field| check_field(field).map(drop)),
    })
}

fn check_spanset(spanset: &SpansetExpr) -> Result<(), ParseError> {
    match spanset {
        SpansetExpr::Filter(field) => match check_field(field)? {
            Type::Bool | Type::Unknown => Ok(()),
            _ => invalid(format!(
                "span filter field expressions must resolve to a boolean: {{ {field} }}"
            )),
        },
        SpansetExpr::Pipeline(pipeline) => check_pipeline(pipeline),
        SpansetExpr::Operation { left, right, .. } => {
            check_spanset(left)?;
            check_spanset(right)
        }
    }
}

fn check_scalar_filter(filter: &ScalarFilter) -> Result<(), ParseError> {
    check_scalar(&filter.left)?;
    check_scalar(&filter.right)?;
    match (&filter.left, &filter.right) {
        (ScalarExpr::Aggregate(..), ScalarExpr::Static(_)) => Ok(()),
        _ => unsupported("scalar filters other than an aggregate compared with a constant"),
    }
}

fn check_scalar(scalar: &ScalarExpr) -> Result<(), ParseError> {
    match scalar {
        ScalarExpr::Static(_) | ScalarExpr::Aggregate(_, None) => Ok(()),
        ScalarExpr::Aggregate(_, Some(field)) => {
            if !matches!(
                check_field(field)?,
                Type::Int | Type::Float | Type::Duration | Type::Unknown
            ) {
                return invalid(format!(
                    "aggregate field expressions must resolve to a number type: {field}"
                ));
            }
            if references_span(field) {
                Ok(())
            } else {
                invalid(format!("aggregate field expressions must reference the span: {field}"))
            }
        }
        ScalarExpr::Binary(_, left, right) => {
            check_scalar(left)?;
            check_scalar(right)
        }
        ScalarExpr::Pipeline(pipeline, number) => {
            check_pipeline(pipeline)?;
            check_scalar(number)
        }
    }
}

fn references_span(field: &FieldExpr) -> bool {
    match field {
        FieldExpr::Static(_) => false,
        FieldExpr::Attribute(_) | FieldExpr::Intrinsic(_) => true,
        FieldExpr::Unary(_, operand) => references_span(operand),
        FieldExpr::Binary(_, left, right) => references_span(left) || references_span(right),
    }
}

/// The type of a field expression, if its parts are compatible.
fn check_field(field: &FieldExpr) -> Result<Type, ParseError> {
    match field {
        FieldExpr::Static(value) => Ok(match value {
            Static::Nil => Type::Nil,
            Static::Int(_) => Type::Int,
            Static::Float(_) => Type::Float,
            Static::Text(_) => Type::Text,
            Static::Bool(_) => Type::Bool,
            Static::Duration(_) => Type::Duration,
            Static::Status(_) => Type::Status,
            Static::Kind(_) => Type::Kind,
        }),
        FieldExpr::Attribute(Attribute { of_parent: true, .. })
        | FieldExpr::Intrinsic(Intrinsic::Parent) => unsupported("parent"),
        FieldExpr::Attribute(_) => Ok(Type::Unknown),
        FieldExpr::Intrinsic(intrinsic) => Ok(intrinsic.value_type()),
        FieldExpr::Unary(op, operand) => {
            let operand_type = check_field(operand)?;
            let fits = match op {
                UnaryOp::Negate => is_number(operand_type) || operand_type == Type::Unknown,
                UnaryOp::Not => matches!(operand_type, Type::Bool | Type::Unknown),
            };
            if fits {
                Ok(operand_type)
            } else {
                invalid(format!("illegal operation for the given type: {field}"))
            }
        }
        FieldExpr::Binary(op, left, right) => check_binary(field, *op, left, right),
    }
}

fn is_number(value_type: Type) -> bool {
    matches!(value_type, Type::Int | Type::Float | Type::Duration)
}

fn check_binary(
    field: &FieldExpr,
    op: BinaryOp,
    left: &FieldExpr,
    right: &FieldExpr,
) -> Result<Type, ParseError> {
    let (a, b) = (check_field(left)?, check_field(right)?);
    let either = |wanted: Type| a == wanted || b == wanted;
    if either(Type::Nil) {
        return check_nil(field, op, left, right);
    }
    // `status = 2` and `kind = 3` use the numbers of the protocol.
    let is_enum_number = matches!(
        (a, b),
        (Type::Status | Type::Kind, Type::Int) | (Type::Int, Type::Status | Type::Kind)
    ) && matches!(op, BinaryOp::Equal | BinaryOp::NotEqual)
        && (matches!(left, FieldExpr::Intrinsic(_)) || matches!(right, FieldExpr::Intrinsic(_)));
    if is_enum_number {
        return Ok(Type::Bool);
    }
    if !(either(Type::Unknown) || a == b || (is_number(a) && is_number(b))) {
        return invalid(format!("binary operations must operate on the same type: {field}"));
    }
    let known = if a == Type::Unknown { b } else { a };
    let fits = match op {
        BinaryOp::Equal | BinaryOp::NotEqual => true,
        BinaryOp::And | BinaryOp::Or => matches!(known, Type::Bool | Type::Unknown),
        BinaryOp::Regex | BinaryOp::NotRegex => matches!(known, Type::Text | Type::Unknown),
        BinaryOp::Greater | BinaryOp::GreaterOrEqual | BinaryOp::Less | BinaryOp::LessOrEqual => {
            is_number(known) || matches!(known, Type::Text | Type::Unknown)
        }
        _ => is_number(known) || known == Type::Unknown,
    };
    if !fits {
        return invalid(format!("illegal operation for the given types: {field}"));
    }
    if let (BinaryOp::Regex | BinaryOp::NotRegex, FieldExpr::Static(Static::Text(pattern))) =
        (op, right)
        && regex::RegexBuilder::new(pattern)
            .size_limit(crate::pattern_memory_max(pattern))
            .build()
            .is_err()
    {
        return invalid(format!("invalid regex: {pattern:?}"));
    }
    Ok(match op {
        op if !op.is_arithmetic() => Type::Bool,
        _ if either(Type::Unknown) => Type::Unknown,
        _ if either(Type::Duration) => Type::Duration,
        _ if either(Type::Float) || matches!(op, BinaryOp::Div | BinaryOp::Pow) => Type::Float,
        _ => Type::Int,
    })
}

/// `nil` is comparable with attributes, but not with fields that every span has.
fn check_nil(
    field: &FieldExpr,
    op: BinaryOp,
    left: &FieldExpr,
    right: &FieldExpr,
) -> Result<Type, ParseError> {
    if !matches!(op, BinaryOp::Equal | BinaryOp::NotEqual) {
        return invalid(format!("illegal operation for the given types: {field}"));
    }
    let never_nil = |side: &FieldExpr| match side {
        FieldExpr::Intrinsic(_) => true,
        FieldExpr::Attribute(attribute) => {
            attribute.scope == Scope::Resource && attribute.name == "service.name"
        }
        _ => false,
    };
    if op == BinaryOp::Equal && (never_nil(left) || never_nil(right)) {
        return invalid(format!("{field}: this can never be nil"));
    }
    Ok(Type::Bool)
}

fn check_metrics(metrics: &MetricsExpr, is_operand: bool) -> Result<(), ParseError> {
    match metrics {
        MetricsExpr::Constant(_) => Ok(()),
        MetricsExpr::Math { left, right, second, .. } => {
            check_metrics(left, true)?;
            check_metrics(right, true)?;
            second.iter().try_for_each(check_second)
        }
        MetricsExpr::Pipeline { spans, aggregate, second } => {
            check_pipeline(spans)?;
            if aggregate.op == MetricsOp::Compare && (is_operand || !second.is_empty()) {
                return invalid(
                    "compare() can not be combined with second stage functions or math",
                );
            }
            for field in aggregate.field.iter().chain(&aggregate.by) {
                check_field(field)?;
            }
            if let Some((spanset, _)) = &aggregate.compare {
                check_spanset(spanset)?;
            }
            if let Some(quantile) =
                aggregate.quantiles.iter().find(|quantile| !(0.0..=1.0).contains(*quantile))
            {
                return invalid(format!("quantile must be between 0 and 1: {quantile}"));
            }
            second.iter().try_for_each(check_second)
        }
    }
}

fn check_second(stage: &SecondStage) -> Result<(), ParseError> {
    match stage {
        SecondStage::Topk(0) | SecondStage::Bottomk(0) => invalid("limit must be greater than 0"),
        _ => Ok(()),
    }
}
